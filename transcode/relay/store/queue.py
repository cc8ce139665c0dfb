"""The queue is the table: deliveries that are due, and their leases, by the writer's connection."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from transcode.relay.breaker import is_open
from transcode.relay.model import CAMPAIGN_LANE, Event
from transcode.relay.store.limits import may_try, probe
from transcode.relay.store.occurrences import Occurrence
from transcode.relay.store.rows import DELIVERY, delivery, find_envelope
from transcode.relay.store.sleepers import kept_quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.relay.model import Delivery, Envelope, Route
    from transcode.relay.store.connection import Connection

__all__ = ["FREE", "WAITS", "Turns", "overdue", "take", "take_more"]

_COLUMNS = ", ".join(DELIVERY)
#: From when a row may be taken, as the index has it.
FREE = "CASE WHEN lease_until>due THEN lease_until ELSE due END"
#: Where an attempt is next.
WAITS = "due IS NOT NULL AND due_event IS NULL"
#: Number of takes of which one looks at campaigns first, so that they end where people never pause, too.
_PEOPLE = 4
#: The most lanes that one take looks into. The next one goes on behind them.
_LANES = 32


class Turns:
    """Whose turn it is at each next hop: people's, or that of which campaign. The writer alone has it."""

    def __init__(self) -> None:
        self._takes: dict[tuple[str, str], int] = {}
        self._last: dict[tuple[str, str], str] = {}

    def lanes(self, connection: Connection, route: str, peer: str) -> Iterator[str]:
        """Yield the lanes of a next hop that may have something, in the order in which to look."""
        hop = (route, peer)
        self._takes[hop] = takes = (self._takes.get(hop, 0) + 1) % _PEOPLE
        if takes:
            yield ""
        yield from self._campaigns(connection, hop)
        if not takes:
            yield ""

    def _campaigns(self, connection: Connection, hop: tuple[str, str]) -> Iterator[str]:
        """Yield the lanes of campaigns once, beginning behind the one that was served last."""
        first = lane = self._last.get(hop, "")
        is_round = not first
        for _ in range(_LANES):
            found = connection.execute(
                f"SELECT lane FROM delivery WHERE route=? AND peer=? AND lane>? AND {WAITS}"
                " ORDER BY lane LIMIT 1",
                (*hop, lane),
            ).fetchone()
            if found is None and is_round:
                return
            lane = "" if found is None else found[0]
            is_round = is_round or found is None
            if found is None:
                continue
            if first and is_round and lane > first:
                return
            # Also of one that is held, or the next take would look no further than this one.
            self._last[hop] = lane
            if not _is_held(connection, lane):
                yield lane


def _is_held(connection: Connection, lane: str) -> bool:
    """Return whether nothing of a lane is to be sent: its campaign was paused."""
    if not lane.startswith(CAMPAIGN_LANE):
        return False
    return connection.execute("SELECT 1 FROM held WHERE lane=?", (lane,)).fetchone() is not None


def take(
    connection: Connection, turns: Turns, route: Route | None, peer: str, now: float, lease: float
) -> tuple[Delivery, Envelope] | None:
    """Lease the delivery whose turn it is."""
    health = may_try(connection, route or "", peer, now)
    if health is None:
        return None
    first = (
        f"SELECT id FROM delivery WHERE route=? AND peer=? AND lane=? AND {WAITS} AND {FREE}<=?"
        f" AND expires_at>? ORDER BY {FREE} LIMIT 1{connection.skip_locked}"
    )
    for lane in turns.lanes(connection, route or "", peer):
        which = (route or "", peer, lane, now, now)
        if is_open(health):
            # Who has something to send asks for the probe; without it nothing is leased.
            if connection.execute(first, which).fetchone() is None:
                continue
            if not probe(connection, route or "", peer, health, now):
                return None
        found = connection.execute(
            f"UPDATE delivery SET lease_until=? WHERE id=({first}) RETURNING {_COLUMNS}",
            (now + lease, *which),
        ).fetchone()
        if found is None:
            continue
        taken = delivery(found)
        return taken, find_envelope(connection, taken.message, taken.blob)
    return None


def take_more(connection: Connection, first: Delivery, most: int, now: float, lease: float) -> list[Delivery]:
    """Lease further deliveries of a message behind the same next hop, of the same mail if one was sent."""
    found = connection.execute(
        "UPDATE delivery SET lease_until=? WHERE id IN (SELECT id FROM delivery"
        f" WHERE message=? AND route=? AND peer=? AND {WAITS} AND {FREE}<=? AND expires_at>?"
        f" AND transaction_id=? ORDER BY {FREE} LIMIT ?{connection.skip_locked}) RETURNING {_COLUMNS}",
        (now + lease, first.message, first.route or "", first.peer, now, now, first.transaction_id, most),
    ).fetchall()
    return sorted(map(delivery, found), key=attrgetter("id"))


def overdue(connection: Connection, now: float, most: int) -> list[Occurrence]:
    """Return the events of timers that ran out.

    A delivery expires also where an attempt is due and no worker takes it.
    """
    over: list[tuple[int, str, str]] = connection.execute(
        "SELECT id, due_event, lane FROM delivery WHERE due<=? AND due_event IS NOT NULL"
        f" ORDER BY due LIMIT ?{connection.skip_locked}",
        (now, most),
    ).fetchall()
    over += connection.execute(
        f"SELECT id, '{Event.EXPIRE}', lane FROM delivery WHERE expires_at<=? AND due_event IS NULL"
        " AND due IS NOT NULL AND (lease_until IS NULL OR lease_until<=?)"
        f" LIMIT ?{connection.skip_locked}",
        (now, now, most - len(over)),
    ).fetchall()
    return kept_quiet(
        connection, [(Occurrence(number, Event(event)), lane) for number, event, lane in over], now
    )
