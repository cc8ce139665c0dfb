"""Campaigns of the store as the API shows them, and plans as it takes them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from transcode.relay import pacing
from transcode.relay.api import schema
from transcode.relay.api.problems import ApiError
from transcode.relay.statuses import CampaignStatus, RecipientStatus
from transcode.relay.store import campaigns
from transcode.relay.store.campaigns import CampaignState
from transcode.relay.zones import Quiet, minutes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.relay.store import SqlStore
    from transcode.relay.store.campaigns import Campaign, Count
    from transcode.relay.store.recipients import Recipient

__all__ = ["campaign", "change", "plan", "plan_text", "progress", "recipient"]

#: The statuses of recipients who get nothing.
_WITHOUT = ("failed", "undelivered", "canceled")


def plan(pace: schema.Pace, most: float) -> pacing.Plan:
    """Return the plan that a pace is.

    Args:
        pace: the pace.
        most: the most recipients a second.

    Raises:
        ApiError: a value can't be.
    """
    if pace.per_second > most:
        raise ApiError.of_field("invalid", "pace.per_second", f"must be at most {most:g}", most)
    made = _plan(pace)
    try:
        pacing.check_plan(made)
    except ValueError as error:
        name, _, detail = str(error).partition(": ")
        field = "quiet_hours" + name.removeprefix("quiet") if name.startswith("quiet") else name
        raise ApiError.of_field("invalid", f"pace.{field}".replace(".zone", ".time_zone"), detail) from error
    return made


def plan_text(pace: schema.Pace) -> str:
    """Return a pace as the store keeps it."""
    return pacing.plan_text(_plan(pace))


def _plan(pace: schema.Pace) -> pacing.Plan:
    quiet = pace.quiet_hours
    return pacing.Plan(
        per_second=pace.per_second,
        per_route=pace.per_route,
        per_carrier=pace.per_carrier,
        warm_up=tuple(pacing.Step(one.recipients, one.per_second) for one in pace.warm_up),
        quiet=None if quiet is None else Quiet(minutes(quiet.begin), minutes(quiet.end), quiet.time_zone),
    )


def _pace(kept: pacing.Plan) -> schema.Pace:
    quiet = kept.quiet
    return schema.Pace(
        per_second=kept.per_second,
        per_route=dict(kept.per_route),
        per_carrier=dict(kept.per_carrier),
        warm_up=[schema.WarmUp(recipients=one.recipients, per_second=one.per_second) for one in kept.warm_up],
        quiet_hours=None
        if quiet is None
        else schema.QuietHours(begin=_clock(quiet.begin), end=_clock(quiet.end), time_zone=quiet.zone),
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def campaign(store: SqlStore, kept: Campaign) -> schema.Campaign:
    """Return a campaign."""
    return schema.Campaign(
        id=kept.id,
        status=_status(kept),
        sender=kept.sender,
        subject=kept.subject,
        text=kept.template,
        client_reference=kept.reference,
        pace=_pace(pacing.plan_of(kept.plan)),
        created_at=_time(kept.made_at),
        start_at=None if kept.start_at is None else _time(kept.start_at),
        expires_at=None if kept.expires_at is None else _time(kept.expires_at),
        started_at=None if kept.started_at is None else _time(kept.started_at),
        ended_at=None if kept.ended_at is None else _time(kept.ended_at),
        size=kept.size,
        media=msgspec.json.decode(kept.media, type=list[schema.Medium]),
        progress=progress(kept.total, campaigns.counts(store, kept.id)),
    )


def change(store: SqlStore, kept: Campaign) -> schema.CampaignChange:
    """Return what a webhook is told of a campaign that ended."""
    return schema.CampaignChange(
        campaign_id=kept.id,
        status=_status(kept),
        client_reference=kept.reference,
        progress=progress(kept.total, campaigns.counts(store, kept.id)),
    )


def progress(total: int, counts: Iterable[Count]) -> schema.Progress:
    """Return how far a campaign is."""
    by_status: dict[str, int] = {}
    by_carrier: dict[str, dict[str, int]] = {}
    failures: dict[str, int] = {}
    for status, carrier, reason, count in counts:
        by_status[status] = by_status.get(status, 0) + count
        of_carrier = by_carrier.setdefault(carrier, {})
        of_carrier[status] = of_carrier.get(status, 0) + count
        if status in _WITHOUT:
            failures[reason] = failures.get(reason, 0) + count
    return schema.Progress(total=total, by_status=by_status, by_carrier=by_carrier, failures=failures)


def recipient(kept: Recipient) -> schema.CampaignRecipient:
    """Return a recipient of a campaign."""
    return schema.CampaignRecipient(
        row=kept.number,
        to=kept.address,
        fields=msgspec.json.decode(kept.fields, type=dict[str, str]),
        status=RecipientStatus(kept.status),
        reason=kept.reason,
        detail=kept.detail,
        carrier=kept.carrier,
        updated_at=_time(kept.changed_at),
    )


def _status(kept: Campaign) -> CampaignStatus:
    is_ahead = kept.start_at is not None and kept.start_at > time.time() and not kept.released
    if kept.state == CampaignState.RUNNING and is_ahead:
        return CampaignStatus.SCHEDULED
    return CampaignStatus(kept.state)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
