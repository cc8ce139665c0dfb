"""Deliveries of a store, brought into a state."""

from __future__ import annotations

from typing import Any

from tests.relay.made import BEGIN, envelope
from transcode.relay.model import ENDED, Delivery, Event, Route
from transcode.relay.store import SqliteStore
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore

LOCAL = Verdict(Event.ROUTED, Route.LOCAL)


def accepted(
    store: SqlStore, number: int = 0, to: tuple[str, ...] = ("+1",), **values: Any
) -> list[Delivery]:
    """Accept a message and return its deliveries, in the order of its recipients."""
    made = store.accept(envelope(number, **values), to).result()
    return store.deliveries(made.id)[::-1]


def driven(
    store: SqlStore, delivery: Delivery, *events: Event, at: float = BEGIN, verdict: Verdict = LOCAL
) -> Delivery:
    """Route a delivery, to a phone of this centre if nothing else is said, and let events happen."""
    delivery = store.apply(delivery.id, Event.ROUTED, at=at, verdict=verdict).result()
    for event in events:
        delivery = store.apply(delivery.id, event, at=at).result()
    return delivery


def inconsistent(store: SqlStore) -> list[str]:
    """What the rows of a store say against each other."""
    ended = ", ".join(f"'{one}'" for one in sorted(ENDED))
    checks = {
        "open counts": "SELECT id FROM message WHERE open <> (SELECT count(*) FROM delivery"
        f" WHERE message = message.id AND state NOT IN ({ended}))",
        "ends": "SELECT id FROM message WHERE (open = 0) <> (ended_at IS NOT NULL)",
        "empty messages": "SELECT id FROM message WHERE id NOT IN (SELECT message FROM delivery)",
        "lost deliveries": "SELECT id FROM delivery WHERE message NOT IN (SELECT id FROM message)",
        "due times of ends": f"SELECT id FROM delivery WHERE (due IS NULL) <> (state IN ({ended}))",
        "leases of what is not due": "SELECT id FROM delivery WHERE lease_until IS NOT NULL"
        " AND state NOT IN ('accepted', 'pending')",
        "trails that do not begin": "SELECT id FROM delivery WHERE 'accepted' <> coalesce("
        "(SELECT event FROM event WHERE delivery = delivery.id ORDER BY id LIMIT 1), '')",
        "trails that break": "SELECT delivery FROM (SELECT delivery, before,"
        " lag(after) OVER (PARTITION BY delivery ORDER BY id) AS last FROM event) AS walked"
        " WHERE last <> before",
        "trails that end elsewhere": "SELECT id FROM delivery WHERE state <>"
        " (SELECT after FROM event WHERE delivery = delivery.id ORDER BY id DESC LIMIT 1)",
    }
    found = {name: store.select(statement) for name, statement in checks.items()}
    if isinstance(store, SqliteStore):
        found["integrity"] = [one for one in store.select("PRAGMA integrity_check") if one != ("ok",)]
    return [f"{name}: {rows}" for name, rows in found.items() if rows]
