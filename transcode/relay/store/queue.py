"""The queue is the table: leases of deliveries and reports that are due, by the writer's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.store.rows import Report, find_envelope, numbered

if TYPE_CHECKING:
    from transcode.relay.model import Delivery, Envelope, Route
    from transcode.relay.store.connection import Connection

__all__ = ["take", "take_more", "take_report"]


def take(
    connection: Connection, route: Route | None, peer: str, now: float, lease: float
) -> tuple[Delivery, Envelope] | None:
    """Lease the delivery whose attempt is due first and that did not expire."""
    found = connection.execute(
        "UPDATE delivery SET lease_until=? WHERE id=(SELECT id FROM delivery"
        " WHERE route=? AND peer=? AND due<=? AND due_event IS NULL AND expires_at>?"
        f" AND (lease_until IS NULL OR lease_until<=?) ORDER BY due LIMIT 1{connection.skip_locked})"
        " RETURNING id",
        (now + lease, route or "", peer, now, now, now),
    ).fetchone()
    if found is None:
        return None
    delivery = numbered(connection, found[0])
    return delivery, find_envelope(connection, delivery.message)


def take_more(connection: Connection, first: Delivery, most: int, now: float, lease: float) -> list[Delivery]:
    """Lease further deliveries of a message behind the same next hop."""
    found = connection.execute(
        "UPDATE delivery SET lease_until=? WHERE id IN (SELECT id FROM delivery"
        " WHERE message=? AND route=? AND peer=? AND due<=? AND due_event IS NULL AND expires_at>?"
        f" AND (lease_until IS NULL OR lease_until<=?) ORDER BY due LIMIT ?{connection.skip_locked})"
        " RETURNING id",
        (now + lease, first.message, first.route or "", first.peer, now, now, now, most),
    ).fetchall()
    return [numbered(connection, number) for (number,) in sorted(found)]


def take_report(connection: Connection, peer: str, now: float, lease: float) -> Report | None:
    """Lease the report that is due first to where its message came from."""
    row = connection.execute(
        "UPDATE report SET lease_until=? WHERE id=(SELECT id FROM report WHERE peer=? AND due<=?"
        f" AND (lease_until IS NULL OR lease_until<=?) ORDER BY due LIMIT 1{connection.skip_locked})"
        " RETURNING id, kind, status, made_at, attempts, delivery",
        (now + lease, peer, now, now),
    ).fetchone()
    if row is None:
        return None
    report, kind, status, made_at, attempts, number = row
    delivery = numbered(connection, number)
    return Report(
        report, kind, status, made_at, attempts, delivery, find_envelope(connection, delivery.message)
    )
