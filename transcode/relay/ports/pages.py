"""Pages over HTTP, for browsers of anybody who has their address.

What is a view? The sender is told that the message arrived, and that may not be said because a messenger
made a preview of the link, or a scanner of the network looked at it. Such programs ask for the page, and
some for its first picture, and not all say who they are. So neither counts. Counted is what only a
browser does in front of somebody: the page's script says that the page is visible, for a second; a
browser without scripts asks for the picture that is there for it alone; or something is saved. Where the
request is of a program that names itself, or is made ahead, it counts none of these. A program that runs
scripts under the name of a browser is counted: nobody could tell it from a person.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from transcode.errors import TranscodeError
from transcode.jobs.isolated import JobLost
from transcode.media.source import probe
from transcode.preview.downloads import file_name
from transcode.relay import metrics
from transcode.relay.forms import form_of
from transcode.relay.guesses import Guesses
from transcode.relay.languages import accepted
from transcode.relay.languages.texts import of_number
from transcode.relay.model import Event, State
from transcode.relay.networks import one_of
from transcode.relay.page.agents import is_agent, is_ahead
from transcode.relay.page.archive import archive
from transcode.relay.page.view import REASONS, Opened
from transcode.relay.ports.octets import wanted
from transcode.relay.states import TABLE
from transcode.relay.store import pages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

    from starlette.requests import Request

    from transcode.model import Part
    from transcode.relay.abuse import Desk
    from transcode.relay.centre import Centre
    from transcode.relay.config import Policy
    from transcode.relay.linking import Pages
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.page.parts import Found
    from transcode.relay.page.shelf import Shelf
    from transcode.relay.page.view import Renderer
    from transcode.relay.store import SqlStore
    from transcode.relay.store.pages import Page

__all__ = ["Door"]

_LOG = logging.getLogger(__name__)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_PART = re.compile(r"([1-9][0-9]{0,3})(?:-(small|best))?")
_MINUTE = 60.0
_LATER = {"Retry-After": "60"}
#: The largest form, in octets.
_LARGEST_FORM = 2_000
#: The smallest picture: one transparent point, as a GIF.
_POINT = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00"
    b"\x01\x00\x01\x00\x00\x02\x01D\x00;"
)
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: A part that is opened by itself runs nothing, whatever it is.
_ALONE = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


class _Asked(NamedTuple):
    """A page that is there, and what it shows."""

    page: Page
    delivery: Delivery
    envelope: Envelope


class _Refused(Exception):
    """A request that gets no page; the response says why."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Door:
    """Answers requests for pages.

    Args:
        policy: says how long browsers wait.
        config: the table of pages.
        renderer: makes the pages.
        shelf: what they are made of.
        store: the rows.
        centre: the rules.
        desk: hears of abuse.
    """

    def __init__(
        self,
        policy: Policy,
        config: Pages,
        renderer: Renderer,
        shelf: Shelf,
        store: SqlStore,
        centre: Centre,
        desk: Desk,
    ) -> None:
        self._config = config
        self._page_seconds = policy.wait_seconds
        self._medium_seconds = policy.adapt_seconds
        self._renderer, self._shelf = renderer, shelf
        self._store, self._centre, self._desk = store, centre, desk
        self._guesses = Guesses(config.wrong_tokens, _MINUTE / config.wrong_tokens, "pages")

    def routes(self) -> list[Route]:
        """Return the routes of the pages."""
        below = "/p/{token}"
        return [
            # Browsers ask for it beside every page.
            Route("/favicon.ico", self.nothing),
            Route(below, self.answering(self.page)),
            Route(f"{below}/all.zip", self.answering(self.archive)),
            Route(f"{below}/seen.gif", self.answering(self.point)),
            Route(f"{below}/seen", self.answering(self.seen), methods=["POST"]),
            Route(f"{below}/delete", self.answering(self.delete), methods=["POST"]),
            Route(f"{below}/report", self.answering(self.report), methods=["POST"]),
            Route(f"{below}/{{part}}", self.answering(self.part)),
        ]

    def answering(
        self, answer: Callable[[Request, _Asked], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers requests for pages that are there; all others are refused in one way."""

        async def answered(request: Request) -> Response:
            try:
                response = await answer(request, await self._asked(request))
            except _Refused as refused:
                response = refused.response
            except (JobLost, TimeoutError, OSError):
                # A busy machine, or a full one. The reason names files, or nothing that a reader knows.
                _LOG.info("a page can't be given now", exc_info=True)
                response = self._later(request)
            except Exception:  # noqa: BLE001  # the database says in its own way that it has no room
                _LOG.exception("a page can't be given")
                response = self._later(request)
            for name, value in {"Content-Security-Policy": self._renderer.policy, **_HEADERS}.items():
                response.headers.setdefault(name, value)
            return response

        return answered

    async def _asked(self, request: Request) -> _Asked:
        """Return the page that a request is for.

        Raises:
            _Refused: there is none, or none any more.
        """
        token = request.path_params["token"]
        page = await run_in_threadpool(pages.find, self._store, token) if _TOKEN.fullmatch(token) else None
        if page is None:
            # Whom a proxy of the operator's names, if there is one. Phones of a network share addresses, so
            # who guesses keeps nobody there from a page that there is.
            if self._guesses.take(one_of(request.client.host if request.client else "")):
                raise self._refused(request, 429, "Too many tries", "Try again in a minute.", _LATER)
            whole = "Is the address whole, as it was in the short message?"
            raise self._refused(request, 404, "There is no such page", whole)
        delivery, envelope = await run_in_threadpool(self._rows, page)
        gone = _gone(page, delivery, time.time())
        if not gone and not await run_in_threadpool(self._shelf.has, envelope):
            gone = "Its time is over."
        if gone:
            raise self._refused(request, 410, "This page is not there any more", gone, delivery=delivery)
        return _Asked(page, delivery, envelope)

    def _rows(self, page: Page) -> tuple[Delivery, Envelope]:
        delivery = self._store.delivery(number=page.delivery)
        if delivery is None:
            raise LookupError(f"there is no delivery {page.delivery}")
        return delivery, self._store.envelope(delivery.message, blob=delivery.blob)

    # What is asked for

    async def page(self, request: Request, asked: _Asked) -> Response:
        """Show a message."""
        found = await self._found(request, asked)
        message = await run_in_threadpool(self._shelf.message, asked.envelope, asked.delivery.own)
        opened = Opened(asked.page.token, asked.envelope, message, found, _ends_at(asked))
        spoken = self._spoken(request, asked.delivery)
        made = await run_in_threadpool(self._renderer.page, opened, spoken, now=time.time())
        # A name can have half of a surrogate pair, which no encoding has.
        return HTMLResponse(made.encode("utf-8", "replace"), headers={"Vary": "Accept-Language"})

    async def part(self, request: Request, asked: _Asked) -> Response:
        """Give a part, or what was made of it."""
        named = _PART.fullmatch(request.path_params["part"])
        found = await self._found(request, asked)
        number = int(named[1]) if named else 0
        if not 1 <= number <= len(found) or found[number - 1].kind == "locked":
            return PlainTextResponse("there is no such part\n", 404)
        one, made = found[number - 1], named[2] if named else None
        message = await run_in_threadpool(self._shelf.message, asked.envelope, asked.delivery.own)
        part = message.parts[number - 1]
        if made is None:
            tag, (octets, kind) = f"{asked.envelope.blob[:16]}-{number}", _as_it_is(part, one)
        else:
            try:
                tag, octets, kind = await self._made(request, asked, number, made, one)
            except TranscodeError:
                return PlainTextResponse("this part can't be shown\n", 404)
        headers = {"Accept-Ranges": "bytes", "Content-Security-Policy": _ALONE, "ETag": f'"{tag}"'}
        is_saved = "save" in request.query_params
        if is_saved:
            await self._view(request, asked)
        if is_saved or (made is None and not one.plays):
            headers["Content-Disposition"] = _saved_as(part, octets if made else None)
        return _ranged(request, octets, kind, headers)

    async def archive(self, request: Request, asked: _Asked) -> Response:
        """Give all parts in one file."""
        found = await self._found(request, asked)
        message = await run_in_threadpool(self._shelf.message, asked.envelope, asked.delivery.own)
        chosen = [
            part
            for part, one in zip(message.parts, found, strict=True)
            if one.kind not in ("slides", "locked")
        ]
        octets = await run_in_threadpool(archive, chosen)
        await self._view(request, asked)
        name = f"message-{time.strftime('%Y-%m-%d', time.gmtime(asked.envelope.received_at))}.zip"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": _ALONE,
            "Accept-Ranges": "bytes",
            "ETag": f'"{asked.envelope.blob[:16]}-all"',
        }
        return _ranged(request, octets, "application/zip", headers)

    async def nothing(self, _request: Request) -> Response:
        """Say that pages have no sign of their own."""
        return Response(status_code=204, headers=_HEADERS)

    async def point(self, request: Request, asked: _Asked) -> Response:
        """Note that a browser without scripts shows the page."""
        await self._view(request, asked)
        return Response(_POINT, media_type="image/gif")

    async def seen(self, request: Request, asked: _Asked) -> Response:
        """Note that somebody sees the page."""
        await self._view(request, asked)
        return Response(status_code=204)

    async def delete(self, _request: Request, asked: _Asked) -> Response:
        """Delete a page for its recipient."""

        def write() -> None:
            if pages.delete(self._store, asked.page.token, at=time.time()).result():
                self._centre.happened(asked.delivery, Event.DELETED, "on the page")

        await run_in_threadpool(write)
        return RedirectResponse(self._renderer.address(asked.page.token), 303)

    async def report(self, request: Request, asked: _Asked) -> Response:
        """Take a report of abuse."""
        given = (await form_of(request, _LARGEST_FORM)).get("reason", "")
        reason = given if given in REASONS else "other"

        def write() -> None:
            now = time.time()
            if pages.report(self._store, asked.page, at=now, reason=reason).result():
                metrics.abuse_reported()
                self._desk.tell(asked.delivery, asked.envelope, reason, at=now)

        await run_in_threadpool(write)
        spoken = self._spoken(request, asked.delivery)
        thanks = "Thank you. {operator} was told."
        return HTMLResponse(self._renderer.notice(spoken, "Reported", thanks, back=asked.page.token))

    async def _view(self, request: Request, asked: _Asked) -> None:
        """Count a view, unless a program asks."""
        agent = request.headers.get("user-agent", "")
        is_nobody = is_ahead(request.headers) or is_agent(agent, self._config.previews)
        if request.method == "HEAD" or is_nobody:
            return

        def write() -> None:
            # First, so that a process that dies in between leaves a view uncounted and not untold.
            if TABLE[asked.delivery.state, Event.VIEWED].to is not None:
                self._centre.happened(asked.delivery, Event.VIEWED, agent[:200])
            if pages.view(self._store, asked.page.token, at=time.time()).result():
                metrics.page_viewed()

        await run_in_threadpool(write)

    # What it takes

    async def _found(self, request: Request, asked: _Asked) -> list[Found]:
        begin = partial(self._shelf.survey, asked.envelope)
        name = await self._waited(request, begin, self._page_seconds)
        return await run_in_threadpool(self._shelf.found, name)

    async def _made(
        self, request: Request, asked: _Asked, number: int, made: str, one: Found
    ) -> tuple[str, bytes, str]:
        """Return the name, the octets and the type of what is made of a part."""
        begin = partial(self._shelf.small, asked.envelope, number)
        if made == "best":
            begin = partial(self._shelf.best, asked.envelope, number, one.kind)
        name = await self._waited(request, begin, self._medium_seconds)
        octets = await run_in_threadpool(self._shelf.octets, name)
        return name[:16], octets, probe.content_type(octets) or "application/octet-stream"

    async def _waited(self, request: Request, begin: Callable[[], Future[str]], seconds: float) -> str:
        """Wait for what is made. It is made on after the wait, for the next try.

        Raises:
            _Refused: the page ended meanwhile.
        """
        making = await run_in_threadpool(begin)
        if making.done():
            return making.result()
        name = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(making)), seconds)
        await self._asked(request)
        return name

    def _spoken(self, request: Request, delivery: Delivery | None = None) -> str:
        usual = self._config.language
        if delivery is not None:
            usual = of_number(delivery.recipient, usual)
        return accepted(request.headers.get("accept-language", "")[:1000], usual)

    def _refused(
        self,
        request: Request,
        status: int,
        title: str,
        text: str,
        headers: dict[str, str] | None = None,
        delivery: Delivery | None = None,
    ) -> _Refused:
        made = self._renderer.notice(self._spoken(request, delivery), title, text)
        return _Refused(HTMLResponse(made, status, headers))

    def _later(self, request: Request) -> Response:
        title, text = "This page can't be shown now", "Try again in a minute."
        return self._refused(request, 503, title, text, _LATER).response


def _gone(page: Page, delivery: Delivery, now: float) -> str:
    """Return why a page is not there any more, or ``""``."""
    if page.deleted_at is not None or delivery.state is State.REJECTED:
        return "It was deleted."
    if page.revoked_at is not None or delivery.state in (State.CANCELLED, State.REFUSED):
        return "The message was taken back."
    if page.expires_at <= now or delivery.state is State.EXPIRED:
        return "Its time is over."
    return ""


def _ends_at(asked: _Asked) -> float:
    """Return until when a page is there: one that nobody viewed ends with its message."""
    page, delivery = asked.page, asked.delivery
    return min(page.expires_at, delivery.expires_at) if delivery.due is not None else page.expires_at


def _as_it_is(part: Part, one: Found) -> tuple[bytes, str]:
    """Return the octets of a part and their type; texts are in UTF-8, whatever they came in."""
    if one.type.startswith("text/"):
        return part.text.encode("utf-8", "replace"), one.type
    return bytes(part.data), one.type


def _saved_as(part: Part, made: bytes | None) -> str:
    """Return the header by which a browser saves a part, or what was made of it, under its name."""
    name = file_name(part)
    if made is not None:
        kind = (probe.content_type(made) or "").rpartition("/")[2]
        name = f"{name.rpartition('.')[0]}.{ {'jpeg': 'jpg', 'mpeg': 'mp3'}.get(kind, kind) }"
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _ranged(request: Request, octets: bytes, kind: str, headers: dict[str, str]) -> Response:
    """Return octets, or the part of them that is asked for (RFC 9110, 14)."""
    asked = wanted(request, headers["ETag"], len(octets))
    if asked is None:
        return Response(octets, 200, headers, kind)
    if asked.first > asked.last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(octets)}"})
    headers["Content-Range"] = f"bytes {asked.first}-{asked.last}/{len(octets)}"
    return Response(octets[asked.first : asked.last + 1], 206, headers, kind)
