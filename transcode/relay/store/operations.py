"""What operators ask of a store: who waits, what has expired, and all that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.model import Event, Route, State
from transcode.relay.states import TABLE
from transcode.relay.store import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from transcode.relay.hops import Hop
    from transcode.relay.model import Delivery
    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.store.sqlite import SqlStore

__all__ = [
    "Happened",
    "Waiting",
    "events",
    "expire",
    "failing",
    "of_number",
    "open_reports",
    "open_states",
    "towards",
    "waiting",
]

#: Rows of one look: whoever writes waits for none of it, and the log of the database does not grow meanwhile.
_ROWS = 5_000
#: Changes that are waited for together.
_TOGETHER = 500


class Waiting(NamedTuple):
    """A next hop, and what waits for an attempt towards it.

    Attributes:
        route: its kind; None: a route is looked for.
        peer: its name; ``""`` for phones of this centre.
        waiting: deliveries whose next step is an attempt.
        failed: those of them whose last attempt failed.
        oldest: when the attempt is due that is due first; None: nothing waits.
        reason: why an attempt failed that is tried again.
        failures: attempts in a row that failed, whosever they were.
        probe_at: when the next attempt is allowed, where the hop is only probed after failures in a row;
            else 0.
    """

    route: Route | None
    peer: str
    waiting: int
    failed: int
    oldest: float | None
    reason: str
    failures: int
    probe_at: float


class Happened(NamedTuple):
    """One event of a delivery, with its message. Times are seconds since 1970.

    Attributes:
        at: when it happened.
        message, recipient, sender: the message.
        event, before, after: what happened, and the states.
        route, peer: the next hop, as it is now.
        form: the wire form of the submission.
        origin, origin_message: the centre or provider that the message came from, and its own Message-ID.
        octets: the size of the submission.
        received_at: when the message was accepted.
    """

    at: float
    message: str
    recipient: str
    sender: str
    event: str
    before: str
    after: str
    route: str
    peer: str
    form: str
    origin: str
    origin_message: str
    octets: int
    received_at: float


def waiting(store: SqlStore, known: Iterable[Hop] = ()) -> list[Waiting]:
    """Return the next hops that deliveries wait for or that fail, and those that are known, by name."""
    found = store.select(
        "SELECT route, peer, count(*), count(*) FILTER (WHERE attempts>0), min(due) FROM delivery"
        " WHERE due IS NOT NULL AND due_event IS NULL GROUP BY route, peer"
    )
    counts = {(route, peer): (count, failed, oldest) for route, peer, count, failed, oldest in found}
    health = {(one.route or "", one.peer): (one.failures, one.probe_at) for one in limits.failing(store)}
    names = {*counts, *health, *((str(hop.route), hop.peer) for hop in known)}
    hops = []
    for route, peer in sorted(names):
        count, failed, oldest = counts.get((route, peer), (0, 0, None))
        reason = _reason(store, route, peer, failed)
        kind = Route(route) if route else None
        hops.append(Waiting(kind, peer, count, failed, oldest, reason, *health.get((route, peer), (0, 0.0))))
    return hops


def _reason(store: SqlStore, route: str, peer: str, failed: int) -> str:
    if not failed:
        return ""
    found = store.select(
        "SELECT detail FROM event WHERE delivery=(SELECT id FROM delivery WHERE route=? AND peer=?"
        " AND due IS NOT NULL AND due_event IS NULL AND attempts>0 ORDER BY due LIMIT 1)"
        " AND event IN (?, ?, ?) ORDER BY id DESC LIMIT 1",
        (route, peer, Event.ATTEMPT_FAILED, Event.PEER_BUSY, Event.UNRESOLVED),
    )
    return str(found[0][0]) if found else ""


def towards(store: SqlStore, route: str, peer: str, *, most: int) -> list[Delivery]:
    """Return the deliveries that wait for an attempt towards a next hop, the one that is due first first."""
    return _deliveries(
        store,
        "SELECT id FROM delivery WHERE route=? AND peer=? AND due IS NOT NULL AND due_event IS NULL"
        " ORDER BY due LIMIT ?",
        (route, peer, most),
    )


def failing(store: SqlStore, *, most: int) -> list[Delivery]:
    """Return deliveries whose last attempt failed and that are tried again; most failures come first."""
    return _deliveries(
        store,
        "SELECT id FROM delivery WHERE due IS NOT NULL AND due_event IS NULL AND attempts>0"
        " ORDER BY attempts DESC, due LIMIT ?",
        (most,),
    )


def of_number(store: SqlStore, pseudonyms: Pseudonyms, number: str, *, most: int = 1000) -> list[Delivery]:
    """Return the deliveries to a number, also under its word, or those of a Message-ID; newest first."""
    word = pseudonyms.word(number)
    found = store.deliveries(recipient=number, most=most)
    if word != number:
        found += store.deliveries(recipient=word, most=most)
    return found or store.deliveries(number, most=most)


def _deliveries(store: SqlStore, statement: str, values: Sequence[str | int]) -> list[Delivery]:
    found = (store.delivery(number=number) for (number,) in store.select(statement, values))
    return [delivery for delivery in found if delivery is not None]


def open_states(store: SqlStore) -> dict[State, int]:
    """Return how many deliveries that did not end are in each state."""
    found = store.select("SELECT state, count(*) FROM delivery WHERE due IS NOT NULL GROUP BY state")
    return {State(state): count for state, count in found}


def open_reports(store: SqlStore) -> tuple[int, float | None]:
    """Return how many reports are due or tried again, and when the first one is due."""
    ((count, first),) = store.select("SELECT count(*), min(due) FROM report WHERE due IS NOT NULL")
    return count, first


def expire(store: SqlStore, *, now: float, detail: str = "") -> Iterator[Delivery]:
    """End deliveries whose time is over, also where another timer would come first; yield them afterwards.

    An attempt that is under way is left alone: its worker may succeed.

    Args:
        store: the store.
        now: the time.
        detail: why, for the trail.
    """
    states = [state for state in State if TABLE[state, Event.EXPIRE].to is not None]
    found = store.select(
        "SELECT id FROM delivery WHERE due IS NOT NULL AND expires_at<=?"
        f" AND state IN ({', '.join('?' * len(states))}) AND (lease_until IS NULL OR lease_until<=?)",
        (now, *states, now),
    )
    for start in range(0, len(found), _TOGETHER):
        told = [
            store.apply(number, Event.EXPIRE, at=now, detail=detail)
            for (number,) in found[start : start + _TOGETHER]
        ]
        for one in told:
            yield one.result()


def events(store: SqlStore, *, since: float = 0.0, until: float = float("inf")) -> Iterator[Happened]:
    """Yield what happened from one time until before another, in the order in which it was written."""
    first, last = store.select("SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM event")[0]
    for start in range(first, last + 1, _ROWS):
        yield from map(
            Happened._make,
            store.select(
                "SELECT event.at, message.id, recipient, sender, event, before, after, route, delivery.peer,"
                " form, message.peer, peer_message_id, size, received_at"
                " FROM event JOIN delivery ON delivery.id=event.delivery"
                " JOIN message ON message.id=delivery.message"
                " WHERE event.id>=? AND event.id<? AND event.id<=? AND event.at>=? AND event.at<?"
                " ORDER BY event.id",
                (start, start + _ROWS, last, since, until),
            ),
        )
