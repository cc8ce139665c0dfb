"""Deliveries whose next hop is configured no longer."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from tests.relay.made import BEGIN
from tests.relay.store.routed import LOCAL, accepted, driven, inconsistent
from transcode.relay.model import Delivery, Event, Route, State
from transcode.relay.store.rerouting import rerouted
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore

B, SHOP = Verdict(Event.ROUTED, Route.PEER, "b"), Verdict(Event.ROUTED, Route.VASP, "shop")
LATER = BEGIN + 700


def gone(store: SqlStore, *known: tuple[Route, str], now: float = LATER, most: int = 9) -> int:
    """Look for what waits for next hops that are none of these."""
    here: Collection[tuple[Route, str]] = {(Route.LOCAL, ""), *known}
    return store.happen(partial(rerouted, known=here, now=now, most=most), at=now).result()


def fresh(store: SqlStore, before: Delivery) -> Delivery:
    found = store.delivery(number=before.id)
    assert found is not None
    return found


def test_they_find_another_route(store: SqlStore) -> None:
    """Those of a peer and of a provider; others stay, and each is begun anew once."""
    one, two, three, four = accepted(store, to=("+1", "+2", "+3", "+4"))
    for each, verdict in ((one, B), (two, SHOP), (three, LOCAL), (four, B)):
        driven(store, each, verdict=verdict)
    store.apply(one.id, Event.ATTEMPT_FAILED, at=BEGIN).result()
    assert gone(store, (Route.PEER, "b"), (Route.VASP, "shop")) == 0
    assert gone(store, (Route.PEER, "b")) == 1
    assert gone(store, most=1) == 1
    assert gone(store) == 1
    assert gone(store) == 0
    for each in (one, two, four):
        found = fresh(store, each)
        assert (found.state, found.route, found.peer, found.attempts) == (State.ACCEPTED, None, "", 0)
    assert store.trail(two.id)[-1].detail == "vasp shop is configured no longer"
    assert fresh(store, three).state is State.PENDING
    taken = store.take(None, "", now=LATER, lease=9).result()
    assert taken is not None
    assert inconsistent(store) == []


def test_they_wait_for_a_process_that_starts(store: SqlStore) -> None:
    """For ten minutes nobody is sure; what a worker has is its own; who needs a route has workers."""
    one, two = accepted(store, to=("+1", "+2"))
    driven(store, one, verdict=B)
    assert gone(store, now=BEGIN + 599) == 0
    assert store.take(Route.PEER, "b", now=BEGIN + 600, lease=500).result() is not None
    assert gone(store, now=BEGIN + 1099) == 0
    assert gone(store, now=BEGIN + 1100) == 1
    assert len(store.trail(two.id)) == 1


def test_what_the_old_one_may_have_is_sent_to_nobody_else(store: SqlStore) -> None:
    """Its server took a mail, and no answer came. The sender is told that nobody knows, in the end."""
    (one,) = accepted(store)
    driven(store, one, Event.MAIL_ACCEPTED, Event.ANSWER_OVERDUE, verdict=B)
    assert gone(store) == 1
    found = fresh(store, one)
    assert (found.state, found.peer, found.due_event) == (State.AT_PEER, "b", Event.NO_NEWS)
    assert store.trail(one.id)[-1].detail == "peer b is configured no longer"
    assert gone(store) == 0
