"""Many events at once do what each alone does."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.routed import LOCAL, accepted, inconsistent
from transcode.relay.model import Delivery, Event, State
from transcode.relay.store.occurrences import ROUTING, Occurrence
from transcode.relay.store.sqlite import SqlStore

#: Events of every kind: of routing, outcomes, phones, timers, operators.
EVENTS = (
    Event.ROUTED,
    Event.UNROUTABLE,
    Event.PUSH_ACCEPTED,
    Event.ATTEMPT_FAILED,
    Event.ATTEMPT_REFUSED,
    Event.FETCH_BEGUN,
    Event.FETCH_DONE,
    Event.ACKNOWLEDGED,
    Event.PHONE_DEFERRED,
    Event.READ_REPORTED,
    Event.REMIND,
    Event.EXPIRE,
    Event.CANCEL,
    Event.REQUEUE,
)


def rows(store: SqlStore, message: str) -> list[Delivery]:
    """What a message's deliveries are, but for what names them."""
    return [
        replace(one, id=0, message="", notification_id="", token="")
        for one in reversed(store.deliveries(message))
    ]


def test_together_as_alone(store: SqlStore) -> None:
    """Rows, trails, reports and counts are the same, whatever happened, and however often to one delivery."""
    to = tuple(f"+{number}" for number in range(9))
    alone, together = accepted(store, 1, to=to), accepted(store, 2, to=to)
    rng = random.Random(1)
    for step in range(6):
        at = BEGIN + step
        chosen = [
            (rng.randrange(9), rng.choice(EVENTS), rng.random() < 0.9, f"{step}.{number}")
            for number in range(20)
        ]
        for place, event, allowed, detail in chosen:
            verdict = LOCAL if event in ROUTING else None
            store.apply(
                alone[place].id, event, at=at, detail=detail, verdict=verdict, report_allowed=allowed
            ).result()
        happened = [
            Occurrence(together[place].id, event, detail, LOCAL if event in ROUTING else None, allowed)
            for place, event, allowed, detail in chosen
        ]
        store.apply_all(happened, at=at).result()
        assert rows(store, alone[0].message) == rows(store, together[0].message)
    for one, other in zip(alone, together, strict=True):
        assert store.trail(one.id) == store.trail(other.id)
    told = [
        store.select(
            "SELECT recipient, kind, status, made_at FROM report JOIN delivery ON delivery.id=delivery"
            " WHERE message=? ORDER BY report.id",
            (message,),
        )
        for message in (alone[0].message, together[0].message)
    ]
    assert sorted(told[0]) == sorted(told[1]) != []
    assert {one.state for one in store.deliveries()} - {State.ACCEPTED}
    assert inconsistent(store) == []


def test_a_delivery_that_is_not_there(store: SqlStore) -> None:
    """The others have their outcomes, or their phones would be told again."""
    one, two = accepted(store, to=("+1", "+2"))
    happened = [Occurrence(number, Event.CANCEL) for number in (one.id, 99, two.id)]
    found = store.apply_all(happened, at=BEGIN).result()
    assert [after and after.state for after in found] == [State.CANCELLED, None, State.CANCELLED]
    assert store.apply_all([], at=BEGIN).result() == []
    assert inconsistent(store) == []


@pytest.mark.parametrize("event", ROUTING)
def test_routes_are_named(store: SqlStore, event: Event) -> None:
    """Nobody would take a delivery that is due on no route."""
    with pytest.raises(ValueError, match="verdict"):
        store.apply_all([Occurrence(1, Event.CANCEL), Occurrence(1, event)], at=BEGIN)


def test_an_outcome_ends_the_lease(store: SqlStore) -> None:
    """Other news leave the worker its delivery."""
    one, two = accepted(store, to=("+1", "+2"))
    taken = store.take(None, "", now=BEGIN, lease=10).result()
    assert taken is not None
    assert len(store.take_more(taken[0], 9, now=BEGIN, lease=10).result()) == 1
    store.apply_all(
        [Occurrence(one.id, Event.ROUTED, verdict=LOCAL), Occurrence(two.id, Event.PUSH_ACCEPTED)], at=BEGIN
    ).result()
    leases = store.select("SELECT lease_until FROM delivery ORDER BY id")
    assert leases == [(None,), (BEGIN + 10,)]


@pytest.mark.parametrize("detail", ["\ud800 half a character", "\0 nothing", "é"])
def test_what_a_peer_says_stops_nothing(store: SqlStore, detail: str) -> None:
    """A text that no database has is written as far as it can be."""
    one, two = accepted(store, to=("+1", "+2"))
    store.apply_all(
        [Occurrence(one.id, Event.CANCEL, detail), Occurrence(two.id, Event.CANCEL)], at=BEGIN
    ).result()
    assert [after.state for after in store.deliveries()] == [State.CANCELLED] * 2
    assert store.trail(one.id)[-1].detail.lstrip("?\ufffd\0") == detail.lstrip("\ud800\0")
