"""Events of deliveries: state, trail, report and next time are written together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import LOCAL, accepted, driven, inconsistent
from transcode.relay.model import Delivery, Event, Route, State
from transcode.relay.store.occurrences import Occurrence
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers


def taken_twice(store: SqlStore, verdict: Verdict = LOCAL) -> tuple[Delivery, Delivery]:
    """A delivery as two workers took it, the second one when the lease of the first one was over."""
    (one,) = accepted(store)
    driven(store, one, verdict=verdict)
    found = [store.take(verdict.route, verdict.peer, now=BEGIN + at, lease=60).result() for at in (0, 60)]
    first, second = (one[0] for one in found if one is not None)
    return first, second


def said(store: SqlStore, by: Delivery, event: Event, at: float, detail: str = "why") -> Delivery:
    """The delivery after what a worker said of its attempt."""
    (after,) = store.apply_all([Occurrence(by.id, event, detail, taken=by)], at=BEGIN + at).result()
    assert after is not None
    return after


@pytest.mark.parametrize("event", [Event.ATTEMPT_FAILED, Event.ATTEMPT_REFUSED])
def test_a_failure_that_is_told_too_late(store: SqlStore, event: Event) -> None:
    """Another worker is at it: nobody takes the delivery from it, and it alone says what became of it."""
    slow, other = taken_twice(store)
    assert said(store, slow, event, 70) == other
    assert store.take(Route.LOCAL, "", now=BEGIN + 110, lease=60).result() is None
    assert said(store, other, Event.PUSH_ACCEPTED, 112).state is State.NOTIFIED
    assert said(store, slow, event, 113).state is State.NOTIFIED
    assert [(line.event, line.detail) for line in store.trail(slow.id)[2:]] == [
        (event, "too late: why"),
        (Event.PUSH_ACCEPTED, "why"),
        (event, "too late: why"),
    ]


def test_a_success_that_is_told_too_late(store: SqlStore) -> None:
    """The phone was notified: what the other worker says of its own attempt changes nothing any more."""
    slow, other = taken_twice(store)
    assert said(store, slow, Event.PUSH_ACCEPTED, 70).state is State.NOTIFIED
    after = said(store, other, Event.ATTEMPT_FAILED, 71)
    assert (after.state, after.attempts, after.due_event) == (State.NOTIFIED, 0, Event.REMIND)
    assert said(store, other, Event.PUSH_ACCEPTED, 72).changed_at == BEGIN + 70
    assert inconsistent(store) == []


def test_a_success_behind_a_failure(store: SqlStore) -> None:
    """The next attempt would be a second message."""
    slow, other = taken_twice(store)
    assert said(store, other, Event.ATTEMPT_FAILED, 70).attempts == 1
    assert said(store, slow, Event.PUSH_ACCEPTED, 71).state is State.NOTIFIED


def test_a_success_of_another_way(store: SqlStore) -> None:
    """A link is to be sent in the place of the message by then."""
    verdict = Verdict(Event.ROUTED, Route.PEER, "b", may_link=True)
    slow, other = taken_twice(store, verdict)
    assert said(store, other, Event.ATTEMPT_REFUSED, 70).route is Route.LINK
    after = said(store, slow, Event.MAIL_ACCEPTED, 71)
    assert (after.state, after.route) == (State.PENDING, Route.LINK)
    assert store.take(Route.LINK, "", now=BEGIN + 71, lease=60).result() is not None


def test_an_outcome_behind_a_lease_that_nobody_took_over(store: SqlStore) -> None:
    """It counts: the attempt took longer than was thought."""
    (one,) = accepted(store)
    driven(store, one)
    taken = store.take(Route.LOCAL, "", now=BEGIN, lease=60).result()
    assert taken is not None
    assert said(store, taken[0], Event.ATTEMPT_FAILED, 1000).attempts == 1


def test_trail(store: SqlStore, tmp_path: Path) -> None:
    """Each event is a line with its states, in order; one that changed nothing is one too."""
    (one,) = accepted(store)
    store.apply(one.id, Event.ROUTED, at=BEGIN + 1, verdict=LOCAL, detail="local").result()
    store.apply(one.id, Event.PUSH_ACCEPTED, at=BEGIN + 2, detail="id 7").result()
    store.apply(one.id, Event.PUSH_ACCEPTED, at=BEGIN + 3).result()
    found = [
        (line.at - BEGIN, line.before, line.after, line.event, line.detail) for line in store.trail(one.id)
    ]
    assert found == [
        (0, "accepted", "accepted", "accepted", ""),
        (1, "accepted", "pending", Event.ROUTED, "local"),
        (2, "pending", "notified", Event.PUSH_ACCEPTED, "id 7"),
        (3, "notified", "notified", Event.PUSH_ACCEPTED, ""),
    ]
    after = store.delivery(number=one.id)
    assert after is not None
    assert (after.changed_at, after.first_notified_at, after.route) == (BEGIN + 2, BEGIN + 2, Route.LOCAL)
    assert (after.due, after.due_event) == (BEGIN + 2 + 900, Event.REMIND)
    assert inconsistent(store) == []


def test_no_delivery(store: SqlStore) -> None:
    with pytest.raises(LookupError, match="no delivery 5"):
        store.apply(5, Event.CANCEL, at=BEGIN).result()


@pytest.mark.parametrize("event", [Event.ROUTED, Event.HELD])
def test_route_is_named(store: SqlStore, event: Event) -> None:
    """Nobody would take a delivery that is due on no route."""
    with pytest.raises(ValueError, match="verdict"):
        store.apply(1, event, at=BEGIN)


def test_held_keeps_its_route(store: SqlStore) -> None:
    """What waits for its delivery time has its route when the time comes."""
    (one,) = accepted(store, deliver_at=BEGIN + 50)
    verdict = Verdict(Event.HELD, Route.PEER, "b", may_link=True)
    held = store.apply(one.id, Event.HELD, at=BEGIN, verdict=verdict).result()
    assert (held.state, held.due, held.due_event) == (State.WAITING, BEGIN + 50, Event.DELIVERY_TIME)
    assert store.take(None, "", now=BEGIN + 50, lease=9).result() is None
    assert store.ring(now=BEGIN + 50).result() == 1
    taken = store.take(Route.PEER, "b", now=BEGIN + 50, lease=9).result()
    assert taken is not None
    assert (taken[0].state, taken[0].may_link) == (State.PENDING, True)


def test_refused_has_no_route(store: SqlStore) -> None:
    (one,) = accepted(store)
    verdict = Verdict(Event.UNROUTABLE, detail="nobody")
    refused = store.apply(one.id, verdict.event, at=BEGIN, verdict=verdict).result()
    assert (refused.state, refused.route, refused.due) == (State.REFUSED, None, None)


def test_link_route(store: SqlStore) -> None:
    """The link takes the delivery from its peer, and a repeated answer of the peer changes nothing."""
    (one,) = accepted(store)
    verdict = Verdict(Event.ROUTED, Route.PEER, "b", may_link=True)
    store.apply(one.id, Event.ROUTED, at=BEGIN, verdict=verdict).result()
    linked = store.apply(one.id, Event.PEER_REFUSED, at=BEGIN).result()
    assert (linked.state, linked.route, linked.peer, linked.due) == (State.PENDING, Route.LINK, "", BEGIN)
    assert store.apply(one.id, Event.PEER_REFUSED, at=BEGIN + 1).result() == linked
    assert store.take_report("", now=BEGIN + 1, lease=9).result() is None


def test_open_recipients(store: SqlStore, tmp_path: Path) -> None:
    """A message ends with its last recipient, and is open again when one is requeued."""
    first, second = accepted(store, to=("+1", "+2"))
    store.apply(first.id, Event.CANCEL, at=BEGIN + 1).result()
    assert store.retire(now=BEGIN + 1e6).result() == 0
    store.apply(second.id, Event.CANCEL, at=BEGIN + 2).result()
    store.apply(first.id, Event.REQUEUE, at=BEGIN + 3).result()
    assert store.retire(now=BEGIN + 1e6).result() == 0
    store.apply(first.id, Event.CANCEL, at=BEGIN + 4).result()
    assert inconsistent(store) == []
    assert store.retire(now=BEGIN + 4 + Timers().keep).result() == 1


def test_requeued_lives(store: SqlStore) -> None:
    """What expired and is requeued gets a new time, else it would expire at once."""
    (one,) = accepted(store)
    store.apply(one.id, Event.EXPIRE, at=END).result()
    again = store.apply(one.id, Event.REQUEUE, at=END + 5).result()
    assert (again.state, again.expires_at) == (State.ACCEPTED, END + 5 + Timers().expiry)
    assert (again.due, again.due_event) == (END + 5, None)
    assert store.ring(now=END + 5).result() == 0
    (other,) = accepted(store, 2)
    store.apply(other.id, Event.CANCEL, at=BEGIN).result()
    assert store.apply(other.id, Event.REQUEUE, at=BEGIN).result().expires_at == END


def test_requeued_without_octets(store: SqlStore) -> None:
    """Nothing is requeued whose octets are gone."""
    (one,) = accepted(store)
    store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    assert store.retire(now=BEGIN + Timers().keep).result() == 1
    with pytest.raises(LookupError, match="kept no longer"):
        store.apply(one.id, Event.REQUEUE, at=BEGIN + 1e6).result()
    after = store.delivery(number=one.id)
    assert after is not None
    assert after.state is State.CANCELLED
    assert len(store.trail(one.id)) == 2


def test_no_timer_rings_twice(store: SqlStore) -> None:
    """A phone that breaks off while a link is on its way is notified again; no timer of links rings on."""
    (one,) = accepted(store)
    verdict = Verdict(Event.ROUTED, Route.LOCAL, may_link=True)
    store.apply(one.id, Event.ROUTED, at=BEGIN, verdict=verdict).result()
    for event in (Event.PUSH_ACCEPTED, Event.LINK_DUE, Event.FETCH_BEGUN, Event.FETCH_BROKEN):
        after = store.apply(one.id, event, at=BEGIN + 1e5).result()
    assert (after.state, after.route, after.due_event) == (State.NOTIFIED, Route.LINK, Event.REMIND)
    assert store.ring(now=BEGIN + 1e5).result() == 0


def test_deferred_twice(store: SqlStore) -> None:
    """Who deferred is reminded once. After that the message expires, where no link is allowed."""
    (one,) = accepted(store)
    driven(store, one, Event.PUSH_ACCEPTED, Event.PHONE_DEFERRED, Event.REMIND, Event.PUSH_ACCEPTED)
    after = store.apply(one.id, Event.PHONE_DEFERRED, at=BEGIN).result()
    assert (after.state, after.due, after.due_event) == (State.DEFERRED, END, Event.EXPIRE)


def test_deferred_after_reminders(store: SqlStore) -> None:
    """Who deferred is reminded after a day, also who was notified several times before."""
    (one,) = accepted(store)
    driven(store, one, Event.PUSH_ACCEPTED, *(Event.REMIND, Event.PUSH_ACCEPTED) * 2)
    after = store.apply(one.id, Event.PHONE_DEFERRED, at=BEGIN).result()
    assert (after.due, after.due_event) == (BEGIN + Timers().remind_deferred, Event.REMIND)
