"""Recipients of campaigns become deliveries: in one transaction with what a plan's pace remembers.

Whoever dies before its end has released nobody, and after it everybody. Two that release at the same moment
have read the same pace, and only the first one's counts.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay import timers
from transcode.relay.model import Changed, Delivery, Event, State
from transcode.relay.statuses import STATUSES
from transcode.relay.store import bulk, limits, notices, progress, queue, rows
from transcode.relay.store.campaigns import Campaign, CampaignState, lane
from transcode.relay.store.recipients import Recipient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.relay.buckets import Charge
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.rows import Verdict
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Released", "Waiting", "backlog", "due_campaigns", "postponed", "release", "underway", "waiting"]

_COLUMNS = ", ".join(Recipient._fields)
#: What begins a trail.
_BEGIN = "accepted"
#: The statuses of recipients that are in this centre's hands.
_HERE = (
    progress.QUEUED,
    *map(str, (STATUSES[State.ACCEPTED], STATUSES[State.WAITING], STATUSES[State.PENDING])),
)


class Released(NamedTuple):
    """A recipient who is to become a delivery.

    Attributes:
        number: its row.
        address: its address.
        carrier: its network, as it is counted.
        text: its own text; None: it has none.
        verdict: its route.
        subject: its own subject, likewise.
    """

    number: int
    address: str
    carrier: str
    text: str | None
    verdict: Verdict
    subject: str | None = None


class Waiting(NamedTuple):
    """Recipients that are alike and wait.

    Attributes:
        hop, carrier: their next hop and their network.
        recipients: those that may go now, at most as many as were asked for.
        due: when the first one that may not go now may; None: there is none, or it was not looked for.
    """

    hop: str
    carrier: str
    recipients: list[Recipient]
    due: float | None


def due_campaigns(store: SqlStore, now: float) -> list[str]:
    """Return the campaigns that are to be worked on, the one that waits the longest first."""
    found = store.select(
        "SELECT id FROM campaign WHERE due<=? AND (state IN (?, ?) OR state=? AND expires_at<=?)"
        " ORDER BY due LIMIT 100",
        (now, CampaignState.RUNNING, CampaignState.CANCELING, CampaignState.PAUSED, now),
    )
    return [name for (name,) in found]


def waiting(store: SqlStore, name: str, *, now: float, most: int) -> list[Waiting]:
    """Return who waits for a release, by next hop and network.

    Args:
        store: the store.
        name: the campaign.
        now: the time.
        most: the most recipients of each.
    """
    found: list[Waiting] = []
    where, last = "hop>''", tuple[str, ...]()
    while True:
        kind = store.select(
            f"SELECT hop, carrier FROM campaign_recipient WHERE campaign=? AND status='queued' AND {where}"
            " ORDER BY hop, carrier LIMIT 1",
            (name, *last),
        )
        if not kind:
            return found
        where, last = "(hop, carrier)>(?, ?)", kind[0]
        of_kind = store.select(
            f"SELECT {_COLUMNS} FROM campaign_recipient WHERE campaign=? AND status='queued' AND hop=?"
            " AND carrier=? ORDER BY due, number LIMIT ?",
            (name, *last, most),
        )
        all_of_kind = [Recipient._make(row) for row in of_kind]
        ready = [one for one in all_of_kind if one.due <= now]
        later = all_of_kind[len(ready)].due if len(ready) < len(all_of_kind) else None
        found.append(Waiting(last[0], last[1], ready, later))


def backlog(store: SqlStore, hop: str, lane_name: str, *, now: float, most: int) -> int:
    """Return how many deliveries of a lane are due for an attempt towards a next hop, at most so many.

    Args:
        store: the store.
        hop: kind and name of the next hop, with a blank between them.
        lane_name: the lane.
        now: the time.
        most: the most that are counted.
    """
    route, _, peer = hop.partition(" ")
    found = store.select(
        "SELECT count(*) FROM (SELECT 1 FROM delivery WHERE route=? AND peer=? AND lane=?"
        f" AND {queue.WAITS} AND {queue.FREE}<=? LIMIT ?) AS due",
        (route, peer, lane_name, now, most),
    )
    return int(found[0][0])


def underway(store: SqlStore, name: str) -> dict[str, int]:
    """Return how many recipients are in this centre's hands, queued or not handed over, by status."""
    found = store.select(
        f"SELECT status, sum(count) FROM campaign_count WHERE campaign=? AND status IN ({bulk.marks(_HERE)})"
        " GROUP BY status",
        (name, *_HERE),
    )
    return {status: int(count) for status, count in found if count}


def postponed(connection: Connection, name: str, due: float, state: str = "") -> None:
    """Write when a campaign is worked on next.

    Args:
        connection: the database, in a transaction.
        name: the campaign.
        due: the time.
        state: the state that it must have, so that what was done to it meanwhile is not put off; ``""``: one
            in which it is worked on.
    """
    states = (state,) if state else (CampaignState.RUNNING, CampaignState.CANCELING)
    connection.execute(
        f"UPDATE campaign SET due=? WHERE id=? AND due IS NOT NULL AND state IN ({bulk.marks(states)})",
        (due, name, *states),
    )


def release(
    connection: Connection,
    campaign: Campaign,
    chosen: Sequence[Released],
    *,
    paid: str,
    charges: Sequence[Charge],
    at: float,
    due: float,
    seconds: timers.Timers,
    note: Callable[[Changed], None],
) -> int:
    """Make deliveries of recipients, and return how many: all, or none.

    There are none where the pace changed meanwhile, or a bucket is empty.

    Args:
        connection: the database, in a transaction.
        campaign: the campaign as it was read.
        chosen: who is released.
        paid: what the pace remembers afterwards; another text than that of the campaign.
        charges: what they cost.
        at: the time.
        due: when the campaign is worked on next.
        seconds: the seconds of each timer.
        note: is told of each change.
    """
    if limits.charge(connection, charges, at) is not None:
        return 0
    row = connection.execute(
        "UPDATE campaign SET paid=?, released=released+?, due=? WHERE id=? AND paid=? AND state=?"
        " RETURNING id",
        (paid, len(chosen), due, campaign.id, campaign.paid, CampaignState.RUNNING),
    ).fetchone()
    if row is None:
        return 0
    made = _inserted(connection, campaign, chosen, at, seconds)
    changes = []
    for one, delivery in zip(chosen, made, strict=True):
        before = replace(delivery, state=State.ACCEPTED, route=None, peer="")
        note(Changed(before, before, _BEGIN, ""))
        changes.append(Changed(before, delivery, Event.ROUTED, one.verdict.detail))
        note(changes[-1])
    _write_events(connection, changes, at)
    connection.execute("UPDATE message SET open=open+?, ended_at=NULL WHERE id=?", (len(made), campaign.id))
    notices.write(connection, changes, at)
    status = str(STATUSES[State.PENDING])
    connection.executemany(
        "UPDATE campaign_recipient SET status=?, delivery=?, changed_at=? WHERE campaign=? AND number=?",
        [
            (status, delivery.id, at, campaign.id, one.number)
            for one, delivery in zip(chosen, made, strict=True)
        ],
    )
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for one in chosen:
        counted[campaign.id, progress.QUEUED, one.carrier, ""] -= 1
        counted[campaign.id, status, one.carrier, ""] += 1
    progress.count(connection, counted)
    return len(made)


def _inserted(
    connection: Connection,
    campaign: Campaign,
    chosen: Sequence[Released],
    at: float,
    seconds: timers.Timers,
) -> list[Delivery]:
    """Write the deliveries, routed already, and return them in order."""
    until = at + campaign.validity
    made = []
    for one in chosen:
        delivery = Delivery(
            id=0,
            message=campaign.id,
            recipient=one.address,
            state=State.PENDING,
            route=one.verdict.route,
            peer=one.verdict.peer,
            # 64 random bits name, 128 guard.
            notification_id=secrets.token_hex(8),
            token=secrets.token_urlsafe(16),
            changed_at=at,
            expires_at=until if campaign.expires_at is None else min(until, campaign.expires_at),
            may_link=one.verdict.may_link,
            link_after=one.verdict.link_after,
            lane=lane(campaign.id),
            text=one.text,
            subject=one.subject,
        )
        due, event = timers.due(delivery, seconds) or (None, None)
        made.append(rows.changed(delivery, due=due, due_event=event))
    return rows.insert_deliveries(connection, made)


def _write_events(connection: Connection, changes: Sequence[Changed], at: float) -> None:
    lines = []
    for before, after, event, detail in changes:
        lines.append((after.id, at, before.state, before.state, _BEGIN, ""))
        lines.append((after.id, at, before.state, after.state, event, detail))
    bulk.insert(connection, "event", ("delivery", "at", "before", "after", "event", "detail"), lines)
