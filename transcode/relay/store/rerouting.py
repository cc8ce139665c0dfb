"""Deliveries whose next hop the configuration names no longer: they find another one, or end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.model import Event, Route
from transcode.relay.store.occurrences import Occurrence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from transcode.relay.store.connection import Connection

__all__ = ["rerouted"]

#: Seconds for which an attempt may be overdue: a process that knows another configuration may be starting.
_PATIENCE = 600.0


def rerouted(
    connection: Connection, known: Collection[tuple[Route, str]], now: float, most: int
) -> list[Occurrence]:
    """Return what happens to deliveries that nobody takes.

    A next hop of before may have a message of which its server took a mail. It is sent to nobody else.

    Args:
        connection: the writer's.
        known: kind and name of the next hops that there are.
        now: the time.
        most: the most deliveries.
    """
    found: list[Occurrence] = []
    for route, peer in _waited_for(connection):
        if (route, peer) in known:
            continue
        rows = connection.execute(
            "SELECT id, mails FROM delivery WHERE route=? AND peer=? AND due<=? AND due_event IS NULL"
            f" AND (lease_until IS NULL OR lease_until<=?) LIMIT ?{connection.skip_locked}",
            (route, peer, now - _PATIENCE, now, most - len(found)),
        ).fetchall()
        detail = f"{route} {peer} is configured no longer"
        found += [
            Occurrence(number, Event.ANSWER_GIVEN_UP if mails else Event.HOP_GONE, detail)
            for number, mails in rows
        ]
    return found


def _waited_for(connection: Connection) -> Iterator[tuple[Route, str]]:
    """Yield each next hop that deliveries wait for; the index is asked once for each of them."""
    hop = ("", "")
    while True:
        row = connection.execute(
            "SELECT route, peer FROM delivery WHERE (route, peer)>(?, ?)"
            " AND due IS NOT NULL AND due_event IS NULL ORDER BY route, peer LIMIT 1",
            hop,
        ).fetchone()
        if row is None:
            return
        hop = row
        # Those without a route have workers of their own.
        if row[0]:
            yield Route(row[0]), row[1]
