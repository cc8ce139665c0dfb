"""Campaigns for operators: states, progress, failures, estimates, and what each carrier's phones get."""

from __future__ import annotations

import contextlib
import json
import re
import time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from transcode.relay import own_text
from transcode.relay.admin import charts
from transcode.relay.admin.preview import preview
from transcode.relay.estimate.reckoning import Estimate, estimate
from transcode.relay.model import SAME, Own
from transcode.relay.pacing import plan_of
from transcode.relay.statuses import Status
from transcode.relay.store import audience, campaigns, recipients
from transcode.relay.store.campaigns import Action, Campaign, CampaignState, WrongState
from transcode.relay.store.progress import QUEUED, REASONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from starlette.requests import Request

    from transcode.relay.admin.access import Session
    from transcode.relay.admin.frame import Frame

__all__ = ["Campaigns"]

_Looked = TypeVar("_Looked")

#: Campaigns and recipients of one page.
_MOST = 100
#: What an operator does to a campaign; to start one is its owner's business.
_ACTIONS = {action.value: action for action in (Action.PAUSE, Action.RESUME, Action.CANCEL)}
#: Which of them its state allows.
_ALLOWED = {
    CampaignState.DRAFT: (Action.CANCEL,),
    CampaignState.RUNNING: (Action.PAUSE, Action.CANCEL),
    CampaignState.PAUSED: (Action.RESUME, Action.CANCEL),
}
_STATUSES = (QUEUED, *map(str, Status))
_NAME = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[0-9]{1,18}")
#: The part of the patience that an estimate waits for versions.
_PART = 0.25
#: The page of an estimate has the pages of versions in it.
_WITH_FRAMES = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self';"
    " frame-ancestors 'none'"
)


class Campaigns:
    """Shows campaigns, pauses, resumes and cancels them.

    Args:
        frame: how pages look.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk
        self._store = frame.desk.store

    def routes(self) -> list[Route]:
        """Return the routes."""
        guarded = self._frame.guarded
        return [
            Route("/campaigns", guarded(self._list)),
            Route("/campaigns/{name}", guarded(self._one)),
            Route("/campaigns/{name}/estimate", guarded(self._estimate)),
            Route("/campaigns/{name}/recipients", guarded(self._recipients)),
            Route("/campaigns/{name}/preview", guarded(self._preview)),
            Route("/campaign", guarded(self._change), methods=["POST"]),
        ]

    async def _list(self, _request: Request, session: Session) -> Response:
        """Show the newest campaigns."""

        def look() -> list[tuple[Campaign, int, list[charts.Part]]]:
            found = campaigns.campaigns(self._store, most=_MOST)
            counts = audience.totals(self._store, [one.id for one in found])
            return [(one, sum(counts[one.id].values()), charts.bar(counts[one.id])) for one in found]

        rows = await self._frame.asked("campaigns", look)
        return self._frame.page("campaigns.html", guard=session.guard, rows=rows, most=_MOST)

    async def _one(self, request: Request, session: Session) -> Response:
        """Show a campaign."""

        def look(campaign: Campaign) -> tuple[list[campaigns.Count], charts.Times | None]:
            found = campaigns.moments(self._store, campaign.id, charts.STEPS, charts.MOST_STEPS)
            return campaigns.counts(self._store, campaign.id), charts.over_time(*found)

        found = await self._found(request, look)
        if found is None:
            return self._missing()
        campaign, (counts, times) = found
        statuses: dict[str, int] = {}
        for one in counts:
            statuses[one.status] = statuses.get(one.status, 0) + one.recipients
        return self._frame.page(
            "campaign.html",
            guard=session.guard,
            back=f"/campaigns/{campaign.id}",
            campaign=campaign,
            plan=plan_of(campaign.plan),
            actions=[str(action) for action in _ALLOWED.get(CampaignState(campaign.state), ())],
            total=sum(statuses.values()),
            parts=charts.bar(statuses),
            statuses=[(status, statuses[status]) for status in _STATUSES if statuses.get(status)],
            times=times,
            carriers=charts.by_carrier(counts),
            failures=charts.by_reason(counts),
            words=REASONS,
        )

    async def _estimate(self, request: Request, session: Session) -> Response:
        """Show what a campaign takes, or what is left of it, with what each carrier's phones get."""
        seconds = self._desk.parts.seconds * _PART

        def look(campaign: Campaign) -> Estimate:
            return estimate(self._store, self._desk.versions, campaign, now=time.time(), seconds=seconds)

        found = await self._found(request, look)
        if found is None:
            return self._missing()
        campaign, reckoned = found
        shown = self._frame.page(
            "estimate.html",
            guard=session.guard,
            campaign=campaign,
            estimate=reckoned,
            words={**REASONS, "quiet": "it is always quiet where the number may be"},
            is_making=any(one.size is None for one in reckoned.carriers),
            address=lambda one: (
                f"/campaigns/{campaign.id}/preview?" + urlencode({"hop": one.route, "carrier": one.carrier})
            ),
        )
        shown.headers["Content-Security-Policy"] = _WITH_FRAMES
        return shown

    async def _recipients(self, request: Request, session: Session) -> Response:
        """Show recipients of a campaign by status: those that failed are its dead letters."""
        status, after = request.query_params.get("status", ""), request.query_params.get("after", "0")
        if (status and status not in _STATUSES) or not _NUMBER.fullmatch(after):
            return PlainTextResponse("there is no such list\n", 404)

        def look(campaign: Campaign) -> list[recipients.Recipient]:
            return recipients.listed(
                self._store, campaign.id, status=status, after=int(after), most=_MOST + 1
            )

        found = await self._found(request, look)
        if found is None:
            return self._missing()
        campaign, rows = found
        more = ""
        if len(rows) > _MOST:
            more = f"?{urlencode({'status': status, 'after': rows[_MOST - 1].number})}"
        return self._frame.page(
            "recipients.html",
            guard=session.guard,
            campaign=campaign,
            chosen=status,
            statuses=_STATUSES,
            rows=rows[:_MOST],
            words=REASONS,
            more=more,
        )

    async def _preview(self, request: Request, _session: Session) -> Response:
        """Show what phones of a carrier get."""
        hop, carrier = (request.query_params.get(name, "") for name in ("hop", "carrier"))
        versions = self._desk.versions

        def begin(campaign: Campaign) -> tuple[Future[str], Own]:
            made = versions.begin(self._store.envelope(campaign.id), hop, carrier)
            return made, self._own(campaign)

        found = await self._found(request, begin)
        if found is None:
            return self._missing()
        made, own = found[1]
        return await preview(versions, made, versions.limit(hop, carrier), own)

    def _own(self, campaign: Campaign) -> Own:
        """Return the text and the subject of the first recipient who has them."""
        templates = [
            one if own_text.has_fields(one) else None for one in (campaign.template, campaign.subject)
        ]
        if templates == [None, None]:
            return SAME
        for one in recipients.listed(self._store, campaign.id, most=_MOST):
            if one.reason not in ("invalid", "duplicate"):
                with contextlib.suppress(own_text.MissingField):
                    fields = json.loads(one.fields)
                    return Own(*(own and own_text.filled(own, fields) for own in templates))
        return Own(*templates)

    async def _change(self, request: Request, session: Session) -> Response:
        """Pause, resume or cancel a campaign, and go back."""
        form = await self._frame.form(request, session)
        if form is None:
            return self._frame.stale()
        action, name = _ACTIONS.get(form.get("action", "")), form.get("campaign", "")
        if action is None or not _NAME.fullmatch(name):
            return PlainTextResponse("there is no such change\n", 400)

        def write() -> str:
            try:
                campaigns.set_state(self._store, name, action, time.time())
            except (LookupError, WrongState) as error:
                return str(error)
            return ""

        wrong = await self._frame.asked("change", write)
        return PlainTextResponse(f"{wrong}\n", 409) if wrong else self._frame.back(form)

    async def _found(
        self, request: Request, look: Callable[[Campaign], _Looked]
    ) -> tuple[Campaign, _Looked] | None:
        """Return the campaign of an address, and what is looked up for it; None: there is none."""
        name = request.path_params["name"]

        def find() -> tuple[Campaign, _Looked] | None:
            campaign = campaigns.campaign(self._store, name) if _NAME.fullmatch(name) else None
            if campaign is None or campaign.state == CampaignState.LOADING:
                return None
            return campaign, look(campaign)

        return await self._frame.asked("campaigns", find)

    def _missing(self) -> Response:
        return PlainTextResponse("there is no such campaign\n", 404)
