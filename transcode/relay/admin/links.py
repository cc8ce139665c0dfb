"""The page of links for operators: how many are open, viewed, reported and taken down, and a take-down."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from transcode.relay.admin.preview import preview
from transcode.relay.estimate.versions import LINK
from transcode.relay.store import pages

if TYPE_CHECKING:
    from starlette.requests import Request

    from transcode.relay.admin.access import Session
    from transcode.relay.admin.frame import Frame
    from transcode.relay.model import Envelope, Own

__all__ = ["Links"]

#: Pages of one list.
_MOST = 100
_DETAIL = "taken down by the operator, on the page"
_BEFORE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ([0-9]{1,18})")
#: Seconds for which counts are told again: counting looks at every page.
_FRESH = 10.0
_NUMBER = re.compile(r"[0-9]{1,18}")


class _Tab(NamedTuple):
    """A list that can be shown: its name, its address, and how many pages are in it."""

    name: str
    address: str
    pages: int


class Links:
    """Shows the links that were sent, and takes their pages down.

    Args:
        frame: how pages look.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._store = frame.desk.store
        self._counted: tuple[float, pages.Counts] | None = None

    def routes(self) -> list[Route]:
        """Return the routes."""
        guarded = self._frame.guarded
        return [
            Route("/links", guarded(self._list)),
            Route("/links/{number}", guarded(self._look)),
            Route("/takedown", guarded(self._take_down), methods=["POST"]),
        ]

    async def _list(self, request: Request, session: Session) -> Response:
        """Show one list of links."""
        name = request.query_params.get("show", "open")
        if name not in pages.LISTS:
            return PlainTextResponse("there is no such list\n", 404)
        found = _BEFORE.fullmatch(request.query_params.get("before", ""))
        before = (float(found[1]), int(found[2])) if found else None

        def look() -> tuple[pages.Counts, list[pages.Listed]]:
            now = time.time()
            rows = pages.listed(self._store, name, now=now, before=before, most=_MOST + 1)
            return self._counts(now), rows

        counts, rows = await self._frame.asked("links", look)
        shown = rows[:_MOST]
        here = f"/links?{urlencode(dict(request.query_params))}"
        return self._frame.page(
            "links.html",
            guard=session.guard,
            back=here,
            show=name,
            tabs=_tabs(counts),
            views=counts.views,
            rows=shown,
            older=_older(name, shown[-1].page) if len(rows) > _MOST else "",
        )

    async def _look(self, request: Request, _session: Session) -> Response:
        """Show a message of which abuse was reported; all others are nobody's business."""
        number = request.path_params["number"]

        def find() -> tuple[Envelope, Own] | None:
            page = pages.of_delivery(self._store, int(number)) if _NUMBER.fullmatch(number) else None
            delivery = None if page is None else self._store.delivery(number=page.delivery)
            if page is None or delivery is None or page.reported_at is None:
                return None
            return self._store.envelope(delivery.message, blob=delivery.blob), delivery.own

        found = await self._frame.asked("links", find)
        if found is None:
            return PlainTextResponse("there is no such page of which abuse was reported\n", 404)
        versions = self._frame.desk.versions
        envelope, own = found
        return await preview(versions, versions.begin(envelope, LINK, ""), None, own)

    async def _take_down(self, request: Request, session: Session) -> Response:
        """Take down one page, or all of its message, and go back."""
        form = await self._frame.form(request, session)
        if form is None:
            return self._frame.stale()
        number, what = form.get("delivery", ""), form.get("what", "")
        if not _NUMBER.fullmatch(number) or what not in ("page", "message"):
            return PlainTextResponse("there is no such change\n", 400)

        def write() -> bool:
            page, delivery = (
                pages.of_delivery(self._store, int(number)),
                self._store.delivery(number=int(number)),
            )
            if page is None or delivery is None:
                return False
            meant = {"token": page.token} if what == "page" else {"message": delivery.message}
            pages.take_down(self._store, at=time.time(), detail=_DETAIL, **meant)
            self._counted = None
            return True

        if not await self._frame.asked("change", write):
            return PlainTextResponse("there is no such page\n", 409)
        return self._frame.back(form)

    def _counts(self, now: float) -> pages.Counts:
        """Return how many pages there are, or were some seconds ago."""
        counted = self._counted
        if counted is None or not 0 <= now - counted[0] < _FRESH:
            counted = self._counted = (now, pages.counts(self._store, now=now))
        return counted[1]


def _tabs(counts: pages.Counts) -> list[_Tab]:
    numbers = {
        "open": counts.open,
        "viewed": counts.viewed,
        "reported": counts.reported,
        "taken down": counts.revoked,
        "deleted": counts.deleted,
    }
    return [_Tab(name, f"/links?{urlencode({'show': name})}", count) for name, count in numbers.items()]


def _older(name: str, last: pages.Page) -> str:
    """Return the address of what follows a page in a list."""
    at = getattr(last, pages.LISTS[name][0])
    return f"/links?{urlencode({'show': name, 'before': f'{at:.9f} {last.delivery}'})}"
