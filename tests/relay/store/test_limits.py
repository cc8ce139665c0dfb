"""Buckets, next hops that fail, blocked senders and quotas, in rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import accepted, driven, inconsistent
from transcode.relay.breaker import Health
from transcode.relay.buckets import Charge, Rate
from transcode.relay.model import RESOLVER, Delivery, Event, Route, State
from transcode.relay.store import limits, queue
from transcode.relay.store.connection import Connection
from transcode.relay.store.limits import Failing
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqliteStore, SqlStore

RATE = Rate(60, 3)
PEER = Verdict(Event.ROUTED, Route.PEER, "b")


def send(store: SqlStore, number: int, *charges: Charge, now: float = BEGIN) -> float:
    """Submit a message, and return the seconds to wait."""
    return store.accept(envelope(number, received_at=now), ["+1"], charges=charges).result().wait


def cost(name: str, tokens: int = 1, rate: Rate = RATE) -> Charge:
    return Charge(name, rate, tokens)


def test_a_burst_and_then_one_a_second(store: SqlStore) -> None:
    assert [send(store, number, cost("a")) for number in range(5)] == [0, 0, 0, 1, 1]
    assert len(store.deliveries()) == 3
    assert send(store, 5, cost("a"), now=BEGIN + 1) == 0
    assert send(store, 6, cost("a"), now=BEGIN + 1) == 1
    assert send(store, 7, cost("b"), now=BEGIN + 1) == 0


def test_the_same_submission_again_costs_nothing(store: SqlStore) -> None:
    for _ in range(9):
        assert send(store, 1, cost("a")) == 0
    assert [send(store, number, cost("a")) for number in (2, 3, 4)] == [0, 0, 1]


def test_what_is_refused_costs_nothing(store: SqlStore) -> None:
    """Of two buckets, none is used where one is empty."""
    assert send(store, 1, cost("sender", 3), cost("peer")) == 0
    for number in range(2, 9):
        assert send(store, number, cost("peer"), cost("sender")) == 1
    assert [send(store, number, cost("peer")) for number in range(9, 12)] == [0, 0, 1]


def test_many_at_once(store: SqlStore) -> None:
    """No update is lost."""
    charge = cost("a", rate=Rate(1, 20))
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda number: send(store, number, charge), range(60)))
    assert waits.count(0) == 20
    assert len(store.deliveries()) == 20


def test_buckets_outlive_the_process(tmp_path: Path) -> None:
    for wait in (0, 0, 0, 1):
        store = SqliteStore(tmp_path / "relay.db")
        try:
            assert send(store, wait + len(store.deliveries()), cost("a")) == wait
        finally:
            store.close()


def test_full_buckets_are_forgotten(store: SqlStore) -> None:
    send(store, 1, cost("a"))
    send(store, 2, cost("b", 3))
    assert limits.forget(store, now=BEGIN + 0.5).result() == 0
    assert limits.forget(store, now=BEGIN + 2).result() == 1
    assert send(store, 3, cost("b", 3), now=BEGIN + 2) == 0
    assert limits.forget(store, now=BEGIN + 99, most=1).result() == 1
    assert limits.forget(store, now=BEGIN + 99).result() == 0


def routed(store: SqlStore, number: int, verdict: Verdict = PEER) -> int:
    (one,) = accepted(store, number)
    return driven(store, one, verdict=verdict).id


def fails(store: SqlStore, times: int = 5, route: Route | None = Route.PEER, peer: str = "b") -> None:
    """Attempts that fail at BEGIN."""
    for _ in range(times):
        limits.note(store, route, peer, failed=True, at=BEGIN).result()


def answers(store: SqlStore, at: float, route: Route | None = Route.PEER, peer: str = "b") -> None:
    limits.note(store, route, peer, failed=False, at=at).result()


def takes(store: SqlStore, now: float, route: Route | None = Route.PEER, peer: str = "b") -> bool:
    return store.take(route, peer, now=now, lease=1).result() is not None


def test_a_hop_that_fails_is_left_alone(store: SqlStore) -> None:
    """After five failures it is probed once a minute, by one worker."""
    for number in range(8):
        routed(store, number)
    for _ in range(5):
        assert takes(store, BEGIN)
        fails(store, 1)
    assert limits.failing(store) == [Failing(Route.PEER, "b", 5, BEGIN + 60)]
    assert not takes(store, BEGIN + 59)
    assert [takes(store, BEGIN + 60) for _ in range(3)] == [True, False, False]
    assert takes(store, BEGIN + 120)
    answers(store, BEGIN + 121)
    assert limits.failing(store) == []
    assert [takes(store, BEGIN + 121) for _ in range(2)] == [True, True]


@contextlib.contextmanager
def meanwhile(statement: str) -> Iterator[None]:
    """Another process changes the hops after somebody has asked for a probe."""

    def asked(connection: Connection, route: str, peer: str, now: float) -> Health | None:
        health = may_try(connection, route, peer, now)
        connection.execute(statement)
        return health

    may_try = limits.may_try
    with mock.patch.object(queue, "may_try", asked):
        yield


def test_a_hop_that_answers_while_somebody_asks_for_a_probe(store: SqlStore) -> None:
    """It is tried as usual from then on: who asked has the delivery, and others have theirs."""
    for number in range(2):
        routed(store, number)
    fails(store)
    with meanwhile("DELETE FROM hop"):
        assert takes(store, BEGIN + 60)
    assert takes(store, BEGIN + 60)


def test_a_probe_that_another_worker_has(store: SqlStore) -> None:
    """Nothing is leased without it."""
    number = routed(store, 1)
    fails(store)
    with meanwhile("UPDATE hop SET probe_at=probe_at+60"):
        assert not takes(store, BEGIN + 60)
    assert store.select("SELECT lease_until FROM delivery WHERE id=?", (number,)) == [(None,)]


def test_others_are_not_concerned(store: SqlStore) -> None:
    others = [Verdict(Event.ROUTED, Route.PEER, "c"), Verdict(Event.ROUTED, Route.VASP, "b"), PEER]
    for number, verdict in enumerate(others):
        routed(store, number, verdict)
    routed(store, 9)
    fails(store)
    assert not takes(store, BEGIN)
    assert takes(store, BEGIN, peer="c")
    assert takes(store, BEGIN, Route.VASP)


def test_one_that_answers_is_there(store: SqlStore) -> None:
    """Failures count anew then. What becomes of a recipient later counts for nothing."""
    number = routed(store, 1)
    fails(store, 4)
    store.apply(number, Event.PEER_BUSY, at=BEGIN).result()
    assert [one.failures for one in limits.failing(store)] == [4]
    answers(store, BEGIN)
    assert limits.failing(store) == []
    fails(store, 1)
    assert [one.failures for one in limits.failing(store)] == [1]


def test_phones_have_no_breaker(store: SqlStore) -> None:
    """One wrong number would keep all others from their notifications."""
    local = Verdict(Event.ROUTED, Route.LOCAL)
    routed(store, 1, local)
    fails(store, 9, Route.LOCAL, "")
    assert limits.failing(store) == []
    assert takes(store, BEGIN, Route.LOCAL, "")


def test_reports_to_a_hop_that_fails_wait(store: SqlStore) -> None:
    for number in range(2):
        (one,) = accepted(store, number, peer="b")
        driven(store, one, Event.PUSH_ACCEPTED, Event.ACKNOWLEDGED)
    assert store.take_report("b", now=BEGIN, lease=1).result() is not None
    fails(store)
    assert store.take_report("b", now=BEGIN + 30, lease=1).result() is None
    assert store.take_report("b", now=BEGIN + 60, lease=1).result() is not None


def test_reports_do_not_wait_for_a_probe_that_nobody_makes(store: SqlStore) -> None:
    """Nothing is left to send to a hop that failed: nobody will ever say that it is there again."""
    (one,) = accepted(store, 1, peer="b")
    driven(store, one, Event.PUSH_ACCEPTED, Event.ACKNOWLEDGED)
    number = routed(store, 9)
    fails(store)
    store.apply(number, Event.CANCEL, at=BEGIN).result()
    assert not takes(store, BEGIN + 60)
    assert store.take_report("b", now=BEGIN + 60, lease=1).result() is not None


def handed_over(store: SqlStore) -> Delivery:
    """A delivery whose route the resolver is to find."""
    accepted(store)
    taken = store.take(None, "", now=BEGIN, lease=1).result()
    assert taken is not None
    limits.hand_over(store, taken[:1]).result()
    return taken[0]


def test_a_resolver_that_does_not_answer(store: SqlStore) -> None:
    """The delivery waits, is tried again, and is routed by the first answer."""
    one = handed_over(store)
    assert not takes(store, BEGIN, None, "")
    assert takes(store, BEGIN, None, RESOLVER)
    after = store.apply(one.id, Event.UNRESOLVED, at=BEGIN, detail="no answer").result()
    assert (after.state, after.attempts, after.peer) == (State.ACCEPTED, 1, RESOLVER)
    assert not takes(store, BEGIN + 1, None, RESOLVER)
    assert takes(store, BEGIN + 20, None, RESOLVER)
    done = store.apply(one.id, Event.ROUTED, at=BEGIN + 20, verdict=PEER).result()
    assert (done.state, done.attempts, done.route, done.peer) == (State.PENDING, 0, Route.PEER, "b")
    assert inconsistent(store) == []


def test_a_resolver_has_a_breaker(store: SqlStore) -> None:
    handed_over(store)
    fails(store, 5, None, RESOLVER)
    assert limits.failing(store) == [Failing(None, RESOLVER, 5, BEGIN + 60)]
    assert not takes(store, BEGIN + 59, None, RESOLVER)
    assert takes(store, BEGIN + 60, None, RESOLVER)
    answers(store, BEGIN + 60, None, RESOLVER)
    assert limits.failing(store) == []


def test_what_was_routed_meanwhile_is_not_handed_over(store: SqlStore) -> None:
    accepted(store)
    taken = store.take(None, "", now=BEGIN, lease=1).result()
    assert taken is not None
    one = driven(store, taken[0])
    limits.hand_over(store, taken[:1]).result()
    after = store.delivery(number=one.id)
    assert after is not None
    assert (after.route, after.peer) == (Route.LOCAL, "")


def test_answers_are_kept(store: SqlStore) -> None:
    """An answer is kept until its time is over, also that a resolver knows nothing of a number."""
    limits.keep_answer(store, "+1", "310260", until=BEGIN + 10).result()
    limits.keep_answer(store, "+2", "", until=BEGIN + 10).result()
    assert limits.answer(store, "+1", now=BEGIN) == "310260"
    assert limits.answer(store, "+2", now=BEGIN) == ""
    assert limits.answer(store, "+3", now=BEGIN) is None
    assert limits.answer(store, "+1", now=BEGIN + 10) is None
    limits.keep_answer(store, "+1", "26201", until=BEGIN + 20).result()
    assert limits.answer(store, "+1", now=BEGIN + 10) == "26201"
    assert limits.forget(store, now=BEGIN + 15).result() == 1


def test_blocked_senders(store: SqlStore) -> None:
    limits.block(store, "+1", "+1900*").result()
    limits.block(store, "+1", "+15550009").result()
    limits.block(store, "+1", "+15550009").result()
    assert limits.blocked(store, "+1") == ["+15550009", "+1900*"]
    assert limits.blocked(store, "+2") == []
    assert limits.unblock(store, "+1", "+15550009").result()
    assert not limits.unblock(store, "+1", "+15550009").result()
    assert limits.blocked(store, "+1") == ["+1900*"]


def test_stored_octets(store: SqlStore) -> None:
    """Those of earlier messages that did not end."""
    rows = [accepted(store, number, size=10**number)[0] for number in range(4)]
    accepted(store, 9, to=("+2",), size=50_000)
    assert limits.stored_before(store, rows) == {rows[1].id: 1, rows[2].id: 11, rows[3].id: 111}
    store.apply(rows[1].id, Event.CANCEL, at=BEGIN).result()
    assert limits.stored_before(store, rows) == {rows[1].id: 1, rows[2].id: 1, rows[3].id: 101}
