"""What happens to deliveries, in rows: each by the table of states, and many in a few statements."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from transcode.relay import states, timers
from transcode.relay.model import API_PEER, ENDED, Changed, Delivery, Event, Route, State
from transcode.relay.states import Change
from transcode.relay.store import bulk, notices, progress, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.store.connection import Connection
    from transcode.relay.store.rows import Verdict

__all__ = ["ROUTING", "Occurrence", "write_occurrences"]

#: Events that give a delivery its route.
ROUTING = (Event.ROUTED, Event.HELD)
_JUDGED = (*ROUTING, Event.UNROUTABLE)
#: The types of columns, by the types of values.
_SQL = {"int": "BIGINT", "bool": "BIGINT", "float": "DOUBLE PRECISION"}
_TYPES = {one.name: _SQL.get(str(one.type).partition(" ")[0], "TEXT") for one in fields(Delivery)}


class Occurrence(NamedTuple):
    """Something that happened to a delivery.

    Attributes:
        delivery: the number of the row.
        event: what happened.
        detail: what was said, for the trail.
        verdict: the router's word; it counts with events of routing.
        report_allowed: False: the recipient forbids delivery reports, from now on.
        taken: the delivery as who says so took it; None: nobody has to have it.
        deliver_at: from when it may be attempted; it counts with QUIET.
    """

    delivery: int
    event: Event
    detail: str = ""
    verdict: Verdict | None = None
    report_allowed: bool = True
    taken: Delivery | None = None
    deliver_at: float | None = None


def write_occurrences(
    connection: Connection, happened: Sequence[Occurrence], at: float, seconds: timers.Timers
) -> list[Changed | None]:
    """Let things happen to deliveries, in order: states, trails, reports and the next times due.

    Args:
        connection: the database, in a transaction.
        happened: what happened.
        at: when.
        seconds: the seconds of each timer.

    Returns:
        What each changed; None where there is no such delivery.

    Raises:
        LookupError: a delivery is requeued whose octets are kept no longer.
    """
    first = rows.with_numbers(connection, (one.delivery for one in happened), lock=True)
    last = dict(first)
    changes: list[Changed | None] = []
    reports: list[tuple[Delivery, Change]] = []
    for one in happened:
        before = last.get(one.delivery)
        if before is None:
            changes.append(None)
            continue
        detail = one.detail
        if _is_late(before, one):
            change = Change(before.state, moved=False)
            detail = f"too late{': ' * bool(detail)}{detail}"
        else:
            change = states.change(
                before.state, one.event, may_link=before.may_link, is_linking=before.route is Route.LINK
            )
        after = last[before.id] = _after(connection, before, change, one, at, seconds)
        reports.append((after, change))
        changes.append(Changed(before, after, one.event, detail))
    told = [change for change in changes if change is not None]
    _write_deliveries(connection, first, last)
    bulk.insert(
        connection,
        "event",
        ("delivery", "at", "before", "after", "event", "detail"),
        [
            (one.after.id, at, one.before.state, one.after.state, one.event, _writable(one.detail))
            for one in told
        ],
    )
    _write_reports(connection, reports, at)
    _write_ends(connection, told, at)
    notices.write(connection, told, at)
    progress.write(connection, told, at)
    return changes


def _is_late(before: Delivery, happened: Occurrence) -> bool:
    """Return whether who says what happened has the delivery no longer, so that it changes nothing.

    Another worker has it, or had it, or other news moved it. A success counts all the same, where the
    delivery still is on the way of which it was.
    """
    taken = happened.taken
    if taken is None or before.lease_until == taken.lease_until:
        return False
    is_same_way = (before.route, before.peer) == (taken.route, taken.peer)
    return happened.event not in states.COUNTS_LATE or not is_same_way


def _writable(text: str) -> str:
    """Return a text that a database can have: one without halves of characters, such as a peer may say."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _after(
    connection: Connection,
    before: Delivery,
    change: Change,
    happened: Occurrence,
    at: float,
    seconds: timers.Timers,
) -> Delivery:
    after, event = before, happened.event
    if before.report_allowed and not happened.report_allowed:
        after = rows.changed(after, report_allowed=False)
    if event is Event.QUIET and not _is_late(before, happened):
        after = rows.changed(after, deliver_at=happened.deliver_at, lease_until=None)
    if change.moved:
        after = rows.moved(after, event, change, at, happened.verdict if event in _JUDGED else None)
        if event is Event.REQUEUE:
            after = _lively(connection, after, at, seconds)
    due, due_event = timers.due(after, seconds) or (None, None)
    return rows.changed(after, due=due, due_event=due_event)


def _lively(connection: Connection, delivery: Delivery, at: float, seconds: timers.Timers) -> Delivery:
    """Return a requeued delivery that does not expire at once."""
    (kept,) = connection.execute(
        f"SELECT kept FROM message WHERE id=?{connection.for_update}", (delivery.message,)
    ).fetchone()
    if not kept:
        raise LookupError(f"the octets of message {delivery.message} are kept no longer")
    if delivery.expires_at > at:
        return delivery
    return rows.changed(delivery, expires_at=at + seconds.expiry)


def _write_deliveries(connection: Connection, first: dict[int, Delivery], last: dict[int, Delivery]) -> None:
    """Write the columns that changed: a column that is named costs its indexes, also where it stays."""
    alike: defaultdict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for number, after in last.items():
        names = rows.differences(first[number], after)
        if names:
            alike[names].append([number, *rows.stored(after, names)])
    for names, values in alike.items():
        bulk.update(connection, "delivery", {name: _TYPES[name] for name in ("id", *names)}, values)


def _write_reports(connection: Connection, changes: Sequence[tuple[Delivery, Change]], at: float) -> None:
    """Write the reports of changes, if the senders asked for them and the recipients allow them."""
    telling = [
        (after, change)
        for after, change in changes
        if change.report is not None or change.unread or (change.moved and change.state is State.READ)
    ]
    if not telling:
        return
    names = list({after.message for after, _ in telling})
    asked = connection.execute(
        f"SELECT id, delivery_report, read_report, peer FROM message WHERE id IN ({bulk.marks(names)})", names
    ).fetchall()
    messages = {name: rest for name, *rest in asked}
    for after, change in telling:
        delivery_report, read_report, peer = messages[after.message]
        if peer.startswith(API_PEER):
            # No door leads to an account of the API: its webhooks are told.
            continue
        told: list[tuple[str, str]] = []
        if change.report is not None and delivery_report and after.report_allowed:
            told.append(("delivery", change.report))
        if change.moved and change.state is State.READ and read_report:
            told.append(("read", "Read"))
        if change.unread and read_report:
            told.append(("read", "Deleted without being read"))
        for kind, status in told:
            connection.execute(
                "INSERT INTO report (delivery, kind, status, peer, made_at, due) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (after.id, kind, status, peer, at, at),
            )


def _write_ends(connection: Connection, changes: Sequence[Changed], at: float) -> None:
    """Count the recipients of messages that did not end."""
    counts: Counter[str] = Counter()
    for one in changes:
        counts[one.after.message] += (one.before.state in ENDED) - (one.after.state in ENDED)
    # In one order, so that two transactions do not wait for each other.
    for message, change in sorted(counts.items()):
        if change:
            connection.execute(
                "UPDATE message SET open=open+?, ended_at=CASE WHEN open+?=0 THEN ? END WHERE id=?",
                (change, change, at, message),
            )
