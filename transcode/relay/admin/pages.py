"""Pages for operators: who waits and why, one recipient's trail, requeue and cancel. They need no script."""

from __future__ import annotations

import time
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from transcode.relay.admin.campaigns import Campaigns
from transcode.relay.admin.entrance import Entrance
from transcode.relay.admin.frame import Frame
from transcode.relay.admin.links import Links
from transcode.relay.model import Event
from transcode.relay.store.keys import keys
from transcode.relay.store.operations import failing, of_number, towards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from transcode.relay.admin.access import Session
    from transcode.relay.admin.frame import Desk
    from transcode.relay.model import Delivery

__all__ = ["pages"]

#: Deliveries of one page.
_MOST = 100
_ACTIONS = {"requeue": Event.REQUEUE, "cancel": Event.CANCEL}


def pages(desk: Desk) -> list[Route]:
    """Return the routes of the pages."""
    frame = Frame(desk)
    style = resources.files(__package__).joinpath("style.css").read_text("utf-8")

    async def styled(_request: Request) -> Response:
        return PlainTextResponse(style, media_type="text/css")

    parts = (_Deliveries(frame), Campaigns(frame), Links(frame), Entrance(frame))
    return [*(route for part in parts for route in part.routes()), Route("/style.css", styled)]


class _Deliveries:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        guarded = self._frame.guarded
        return [
            Route("/", guarded(self._overview)),
            Route("/waiting", guarded(self._waiting)),
            Route("/trail", guarded(self._trail)),
            Route("/keys", guarded(self._keys)),
            Route("/change", guarded(self._change), methods=["POST"]),
        ]

    async def _overview(self, _request: Request, session: Session) -> Response:
        """Show what is open, and what fails."""

        def look() -> dict[str, Any]:
            desk = self._desk
            failed = failing(desk.store, most=_MOST)
            return {
                "open": desk.gauges.snapshot(),
                "failed": self._rows(failed),
            }

        checks = await run_in_threadpool(self._desk.health.checks)
        found = await self._frame.asked("overview", look)
        return self._frame.page("overview.html", guard=session.guard, back="/", checks=checks, **found)

    async def _waiting(self, request: Request, session: Session) -> Response:
        """Show the deliveries that wait for an attempt towards one next hop."""
        route, peer = request.query_params.get("route", ""), request.query_params.get("peer", "")

        def look() -> list[dict[str, Any]]:
            return self._rows(towards(self._desk.store, route, peer, most=_MOST))

        rows = await self._frame.asked("waiting", look)
        back = f"/waiting?{urlencode({'route': route, 'peer': peer})}"
        return self._frame.page(
            "waiting.html", guard=session.guard, back=back, route=route, peer=peer, rows=rows, most=_MOST
        )

    async def _trail(self, request: Request, session: Session) -> Response:
        """Show what happened to each message of a number, or to a message."""
        number = request.query_params.get("number", "").strip()

        def look() -> list[dict[str, Any]]:
            desk = self._desk
            meant = desk.numbers.normal(number)
            return self._rows(of_number(desk.store, desk.pseudonyms, meant, most=_MOST) if number else [])

        rows = await self._frame.asked("trail", look)
        back = f"/trail?{urlencode({'number': number})}"
        return self._frame.page(
            "trail.html", guard=session.guard, back=back, number=number, rows=rows, most=_MOST
        )

    async def _keys(self, _request: Request, session: Session) -> Response:
        """Show the keys of the API."""
        found = await run_in_threadpool(keys, self._desk.store)
        return self._frame.page("keys.html", guard=session.guard, back="/keys", keys=found)

    async def _change(self, request: Request, session: Session) -> Response:
        """Requeue or cancel one delivery, and go back."""
        form = await self._frame.form(request, session)
        if form is None:
            return self._frame.stale()
        event, number = _ACTIONS.get(form.get("action", "")), form.get("delivery", "")
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

        wrong = await self._frame.asked("change", write)
        if wrong:
            return PlainTextResponse(f"{wrong}\n", 409)
        return self._frame.back(form)

    def _rows(self, deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
        return [{"delivery": one, "trail": self._desk.store.trail(one.id)} for one in deliveries]
