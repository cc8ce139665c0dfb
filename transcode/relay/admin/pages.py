"""Pages for operators: who waits and why, one recipient's trail, requeue and cancel. They need no script."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlencode

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from transcode._version import __version__
from transcode.relay.admin.access import Session, Sessions
from transcode.relay.guesses import Guesses
from transcode.relay.model import Event
from transcode.relay.networks import one_of
from transcode.relay.patience import Unanswered
from transcode.relay.secrets import SecretsBusy, Verifier
from transcode.relay.store.keys import keys
from transcode.relay.store.operations import failing, of_number, towards

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request

    from transcode.relay.admin.health import Health
    from transcode.relay.admin_listener import Admin
    from transcode.relay.gauges import Gauges
    from transcode.relay.model import Delivery
    from transcode.relay.numbers import Numbers
    from transcode.relay.patience import Parts
    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Desk", "pages"]

_Returned = TypeVar("_Returned")

_COOKIE = "transcode_operator"
#: The most octets of a form, and seconds until it is there.
_LARGEST_FORM, _LONGEST_FORM = 4096, 10.0
#: Wrong secrets of an address at once, and the seconds until another one is allowed.
_BURST, _WAIT = 5, 30.0
#: Secrets that wait for their verification. Each takes about 30 ms, one after the other.
_MOST_WAITING = 16
#: Deliveries of one page.
_MOST = 100
_ACTIONS = {"requeue": Event.REQUEUE, "cancel": Event.CANCEL}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages need.

    Attributes:
        name: the name of the centre.
        admin: the configuration of the listener.
        numbers: the form of numbers.
        store: the rows.
        pseudonyms: words of numbers, by which old rows are found.
        gauges: counts of what is open.
        health: whether the centre does its work.
        parts: asks the database, for a time.
        sessions, guesses, verifier: who may see the pages.
    """

    name: str
    admin: Admin
    numbers: Numbers
    store: SqlStore
    pseudonyms: Pseudonyms
    gauges: Gauges
    health: Health
    parts: Parts
    sessions: Sessions = field(default_factory=Sessions)
    guesses: Guesses = field(default_factory=lambda: Guesses(_BURST, _WAIT, "secrets of operators"))
    verifier: Verifier = field(default_factory=lambda: Verifier(at_once=1))


def pages(desk: Desk) -> list[Route]:
    """Return the routes of the pages."""
    shown = _Pages(desk)
    return [
        Route("/", shown.guarded(shown.overview)),
        Route("/waiting", shown.guarded(shown.waiting)),
        Route("/trail", shown.guarded(shown.trail)),
        Route("/keys", shown.guarded(shown.keys)),
        Route("/change", shown.guarded(shown.change), methods=["POST"]),
        Route("/leave", shown.guarded(shown.leave), methods=["POST"]),
        Route("/enter", shown.form),
        Route("/enter", shown.enter, methods=["POST"]),
        Route("/style.css", shown.style),
    ]


class _Pages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._turn = asyncio.Lock()
        self._verifying = 0
        self._style = resources.files(__package__).joinpath("style.css").read_text("utf-8")
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader(__package__),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["clock"] = _clock

    def guarded(
        self, page: Callable[[Request, Session], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return a page for operators alone; anybody else is asked for the secret."""

        async def answer(request: Request) -> Response:
            refused = self._refused(request)
            if refused is not None:
                return refused
            session = self._desk.sessions.find(request.cookies.get(_COOKIE, ""))
            if session is None:
                return RedirectResponse("/enter", 303)
            try:
                return await page(request, session)
            except Unanswered:
                return await self._silent()

        return answer

    async def _asked(self, part: str, call: Callable[[], _Returned]) -> _Returned:
        return await run_in_threadpool(self._desk.parts.ask, part, call)

    async def _silent(self) -> Response:
        """Say which parts do not answer, in the place of a page that needs them."""
        checks = await run_in_threadpool(self._desk.health.checks)
        lines = "".join(f"{name}: {wrong}\n" for name, wrong in checks.items() if wrong)
        return PlainTextResponse(f"the page can't be made now\n{lines}", 503)

    async def style(self, _request: Request) -> Response:
        """Give the style of all pages."""
        return PlainTextResponse(self._style, media_type="text/css")

    async def form(self, request: Request) -> Response:
        """Ask for the secret."""
        return self._refused(request) or self._page("enter.html", said="")

    async def enter(self, request: Request) -> Response:
        """Verify a secret, and begin a session."""
        refused = self._refused(request)
        if refused is not None:
            return refused
        secret = (await _form(request)).get("secret", "")
        address = one_of(request.client.host if request.client else "")
        wait = self._desk.guesses.take(address)
        if wait:
            return self._later(wait)
        try:
            is_right = await self._is_right(secret)
        except SecretsBusy:
            return self._later(1.0)
        if not is_right:
            return self._page("enter.html", 403, said="That is not the secret.")
        self._desk.guesses.forgive(address)
        entered = RedirectResponse("/", 303)
        entered.set_cookie(
            _COOKIE,
            self._desk.sessions.begin(),
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._desk.admin.https,
        )
        return entered

    async def _is_right(self, secret: str) -> bool:
        """Verify a secret, one after the other.

        Strangers who guess from any number of addresses lock no operator out: an address that guessed little
        has its turn, in half a second where all places before it are taken, and a session needs none. What
        bounds them together is the cost of a verification: one thread tries about 30 secrets a second, which
        finds none that ``transcode relay secret`` made.

        Raises:
            SecretsBusy: too many others wait.
        """
        stored = self._desk.admin.secret
        known = self._desk.verifier.known(stored, secret)
        if known is not None:
            return known
        if self._verifying >= _MOST_WAITING:
            raise SecretsBusy("too many secrets are being verified")
        self._verifying += 1
        try:
            async with self._turn:
                return await run_in_threadpool(self._desk.verifier.verify, stored, secret)
        finally:
            self._verifying -= 1

    async def leave(self, request: Request, session: Session) -> Response:
        """End a session."""
        if not _is_guarded(await _form(request), session):
            return self._stale()
        self._desk.sessions.end(request.cookies[_COOKIE])
        left = RedirectResponse("/enter", 303)
        left.delete_cookie(_COOKIE, path="/")
        return left

    async def overview(self, _request: Request, session: Session) -> Response:
        """Show what is open, and what fails."""

        def look() -> dict[str, Any]:
            desk = self._desk
            failed = failing(desk.store, most=_MOST)
            return {
                "open": desk.gauges.snapshot(),
                "failed": self._rows(failed),
            }

        checks = await run_in_threadpool(self._desk.health.checks)
        found = await self._asked("overview", look)
        return self._page("overview.html", guard=session.guard, back="/", checks=checks, **found)

    async def waiting(self, request: Request, session: Session) -> Response:
        """Show the deliveries that wait for an attempt towards one next hop."""
        route, peer = request.query_params.get("route", ""), request.query_params.get("peer", "")

        def look() -> list[dict[str, Any]]:
            return self._rows(towards(self._desk.store, route, peer, most=_MOST))

        rows = await self._asked("waiting", look)
        back = f"/waiting?{urlencode({'route': route, 'peer': peer})}"
        return self._page(
            "waiting.html", guard=session.guard, back=back, route=route, peer=peer, rows=rows, most=_MOST
        )

    async def trail(self, request: Request, session: Session) -> Response:
        """Show what happened to each message of a number, or to a message."""
        number = request.query_params.get("number", "").strip()

        def look() -> list[dict[str, Any]]:
            desk = self._desk
            meant = desk.numbers.normal(number)
            return self._rows(of_number(desk.store, desk.pseudonyms, meant, most=_MOST) if number else [])

        rows = await self._asked("trail", look)
        back = f"/trail?{urlencode({'number': number})}"
        return self._page("trail.html", guard=session.guard, back=back, number=number, rows=rows, most=_MOST)

    async def keys(self, _request: Request, session: Session) -> Response:
        """Show the keys of the API."""
        found = await run_in_threadpool(keys, self._desk.store)
        return self._page("keys.html", guard=session.guard, back="/keys", keys=found)

    async def change(self, request: Request, session: Session) -> Response:
        """Requeue or cancel one delivery, and go back."""
        form = await _form(request)
        event, number = _ACTIONS.get(form.get("action", "")), form.get("delivery", "")
        if not _is_guarded(form, session):
            return self._stale()
        if event is None or not number.isdecimal() or len(number) > 18:
            return PlainTextResponse("there is no such change\n", 400)

        def write() -> str:
            try:
                self._desk.store.apply(
                    int(number), event, at=time.time(), detail="by the operator, on the page"
                ).result()
            except LookupError as error:
                return str(error)
            return ""

        wrong = await self._asked("change", write)
        if wrong:
            return PlainTextResponse(f"{wrong}\n", 409)
        back = form.get("back", "/")
        # A path of this site: //elsewhere.example would be another one.
        is_own = back.startswith("/") and not back.startswith(("//", "/\\"))
        return RedirectResponse(back if is_own else "/", 303)

    def _rows(self, deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
        return [{"delivery": one, "trail": self._desk.store.trail(one.id)} for one in deliveries]

    def _refused(self, request: Request) -> Response | None:
        """Return why a request gets no page, whoever makes it; None: it may."""
        if not self._desk.admin.secret:
            return PlainTextResponse("the configuration has no admin.secret: transcode relay secret\n", 403)
        host = request.url.hostname or ""
        if host not in ("localhost", *self._desk.admin.hosts) and not _is_address(host):
            # A name that somebody else made lead here: his page would be of the same site as this one.
            return PlainTextResponse("the configuration does not name this host in admin.hosts\n", 403)
        if request.method == "POST" and not _is_same_site(request):
            return PlainTextResponse("forms are taken from pages of this site\n", 403)
        return None

    def _later(self, wait: float) -> Response:
        said = f"Too many secrets. Wait {int(wait) + 1} seconds."
        answer = self._page("enter.html", 429, said=said)
        answer.headers["Retry-After"] = str(int(wait) + 1)
        return answer

    def _stale(self) -> Response:
        return PlainTextResponse("the form is of another session: load its page anew\n", 403)

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        desk = self._desk
        made = self._templates.get_template(template).render(
            name=desk.name, version=__version__, now=time.time(), **values
        )
        return HTMLResponse(made, status)


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form; of one that is too large, too slow or cut short, none."""
    octets = b""
    try:
        async with asyncio.timeout(_LONGEST_FORM):
            async for piece in request.stream():
                octets += piece
                if len(octets) > _LARGEST_FORM:
                    return {}
    except (TimeoutError, ClientDisconnect):
        return {}
    fields = parse_qs(octets.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    return {name: values[0] for name, values in fields.items()}


def _is_guarded(form: dict[str, str], session: Session) -> bool:
    return hmac.compare_digest(form.get("guard", "").encode(), session.guard.encode())


def _is_same_site(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    return site in ("same-origin", "none") and origin in (None, f"http://{host}", f"https://{host}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
