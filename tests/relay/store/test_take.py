"""Who takes a delivery whose attempt is due, and timers that ring."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest import mock

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import LOCAL, accepted, driven, inconsistent
from transcode.relay.model import Event, Route, State
from transcode.relay.store import SqliteStore, queue
from transcode.relay.store.connection import Connection
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers


def taken(
    store: SqlStore, route: Route | None = Route.LOCAL, peer: str = "", now: float = BEGIN
) -> int | None:
    """The number of the delivery that is taken for ten seconds."""
    found = store.take(route, peer, now=now, lease=10).result()
    return None if found is None else found[0].id


def test_what_needs_a_route_is_taken_first(store: SqlStore) -> None:
    (one,) = accepted(store)
    assert taken(store) is None
    found = store.take(None, "", now=BEGIN, lease=10).result()
    assert found == (replace(one, lease_until=BEGIN + 10), store.envelope(one.message))
    driven(store, one)
    assert taken(store, None, now=BEGIN + 100) is None
    assert taken(store) == one.id


def test_two_takers(store: SqlStore) -> None:
    """However many ask at once, each delivery goes to one."""
    numbers = [driven(store, one).id for one in accepted(store, to=tuple(f"+{n}" for n in range(40)))]
    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(lambda _: taken(store), range(60)) if one is not None]
    assert sorted(found) == numbers


def test_lease(store: SqlStore) -> None:
    """A lease that ended is taken again; an outcome ends it before."""
    (one,) = accepted(store)
    driven(store, one)
    assert taken(store) == one.id
    assert taken(store, now=BEGIN + 9.9) is None
    assert taken(store, now=BEGIN + 10) == one.id
    failed = store.apply(one.id, Event.ATTEMPT_FAILED, at=BEGIN + 11).result()
    assert failed.due is not None
    assert BEGIN + 19 <= failed.due <= BEGIN + 23
    assert taken(store, now=failed.due - 0.01) is None
    assert taken(store, now=failed.due) == one.id


def test_others_of_one_message_are_taken_together(store: SqlStore) -> None:
    """One attempt serves recipients of one message behind one next hop, and nobody twice."""
    peer = Verdict(Event.ROUTED, Route.PEER, "b")
    four = [driven(store, one, verdict=peer).id for one in accepted(store, to=("+1", "+2", "+3", "+4"))]
    accepted(store, number=1)
    driven(store, accepted(store, number=2, to=("+5",))[0], verdict=peer)
    first, _ = store.take(Route.PEER, "b", now=BEGIN, lease=10).result() or (None, None)
    assert first is not None
    others = store.take_more(first, 2, now=BEGIN, lease=10).result()
    assert [first.id, *(one.id for one in others)] == four[:3]
    assert [one.id for one in store.take_more(first, 9, now=BEGIN, lease=10).result()] == four[3:]
    assert store.take_more(first, 9, now=BEGIN, lease=10).result() == []
    assert [one.id for one in store.take_more(first, 1, now=BEGIN + 10, lease=9).result()] == four[:1]


def test_other_news_leave_the_lease(store: SqlStore) -> None:
    """News that change nothing do not give the delivery to a second worker, who would send it twice."""
    (one,) = accepted(store)
    driven(store, one)
    assert taken(store) == one.id
    for event in (Event.ROUTED, Event.FETCH_OVERDUE, Event.REMIND, Event.LINK_DUE):
        store.apply(one.id, event, at=BEGIN + 1, verdict=LOCAL).result()
    assert taken(store, now=BEGIN + 1) is None


def test_order(store: SqlStore) -> None:
    """Who is due first is taken first, whatever came first."""
    rows = [accepted(store, number, received_at=BEGIN - number)[0] for number in range(5)]
    for number, one in enumerate(rows):
        driven(store, one, at=BEGIN - number)
    assert [taken(store) for _ in range(6)] == [*(one.id for one in rows[::-1]), None]


def test_peers(store: SqlStore) -> None:
    """Each next hop has an order of its own."""
    first, second, third = accepted(store, to=("+1", "+2", "+3"))
    store.apply(first.id, Event.ROUTED, at=BEGIN, verdict=Verdict(Event.ROUTED, Route.PEER, "b")).result()
    store.apply(second.id, Event.ROUTED, at=BEGIN, verdict=Verdict(Event.ROUTED, Route.PEER, "c")).result()
    store.apply(third.id, Event.ROUTED, at=BEGIN, verdict=Verdict(Event.ROUTED, Route.VASP, "b")).result()
    assert taken(store, Route.PEER, "c") == second.id
    assert taken(store, Route.PEER, "c") is None
    assert taken(store, Route.PEER, "") is None
    assert taken(store, Route.VASP, "b") == third.id
    assert taken(store, Route.PEER, "b") == first.id


def test_not_yet_due(store: SqlStore) -> None:
    (one,) = accepted(store)
    driven(store, one)
    assert taken(store, now=BEGIN - 0.01) is None


def test_ring(store: SqlStore, tmp_path: Path) -> None:
    """Timers that ran out change their deliveries, and leave the others."""
    first, second = accepted(store, to=("+1", "+2"))
    driven(store, first, Event.PUSH_ACCEPTED)
    driven(store, second, Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.FETCH_DONE)
    assert store.ring(now=BEGIN + 899).result() == 0
    assert store.ring(now=BEGIN + 900).result() == 1
    assert taken(store, now=BEGIN + 900) == first.id
    assert store.ring(now=BEGIN + 3600).result() == 1
    after = store.delivery(number=second.id)
    assert after is not None
    assert after.state is State.RETRIEVED
    assert [line.event for line in store.trail(second.id)][-1] == Event.CONFIRM
    assert inconsistent(store) == []


def test_ring_in_parts(store: SqlStore) -> None:
    for one in accepted(store, to=tuple(f"+{n}" for n in range(5))):
        driven(store, one, Event.PUSH_ACCEPTED)
    assert [store.ring(now=BEGIN + 900, most=2).result() for _ in range(4)] == [2, 2, 1, 0]


def test_what_nobody_takes_expires(store: SqlStore) -> None:
    """A delivery whose peer has no worker any more expires, and the sender is told."""
    (one,) = accepted(store)
    gone = Verdict(Event.ROUTED, Route.PEER, "gone")
    store.apply(one.id, Event.ROUTED, at=BEGIN, verdict=gone).result()
    assert store.ring(now=END - 1).result() == 0
    assert taken(store, Route.PEER, "gone", now=END) is None
    assert store.ring(now=END).result() == 1
    report = store.take_report("", now=END, lease=9).result()
    assert report is not None
    assert report.status == "Expired"


def test_an_attempt_in_progress_may_end(store: SqlStore) -> None:
    """What a worker holds at the expiry expires when its lease ends without an outcome."""
    (one,) = accepted(store)
    driven(store, one)
    assert taken(store, now=END - 5) == one.id
    assert store.ring(now=END + 4).result() == 0
    assert store.ring(now=END + 5).result() == 1


def test_expired_and_unrouted(store: SqlStore) -> None:
    accepted(store)
    assert store.ring(now=END, most=1).result() == 1
    assert store.counts()[State.EXPIRED] == 1


def test_seconds_are_the_configured_ones(tmp_path: Path) -> None:
    made = SqliteStore(tmp_path / "other.db", Timers(remind=(3.0,)))
    try:
        (one,) = accepted(made)
        assert driven(made, one, Event.PUSH_ACCEPTED).due == BEGIN + 3
    finally:
        made.close()


def test_leases_do_not_wait_for_the_disk(store: SqlStore) -> None:
    """A power cut ends the power of who has them, too. What is written with something else waits."""
    asked = {"sqlite": "PRAGMA synchronous", "postgres": "SHOW synchronous_commit"}
    (kind,) = (name for name in asked if name in type(store).__name__.lower())
    found: list[object] = []
    go = threading.Event()

    def look(connection: Connection) -> None:
        found.append(connection.execute(asked[kind]).fetchone()[0])

    def wait(connection: Connection) -> None:
        assert go.wait(60)

    accepted(store, to=("+1", "+2"))
    with mock.patch.object(queue, "take", side_effect=lambda connection, **_: look(connection)):
        store.take(None, "", now=BEGIN, lease=1).result()
        store.write(look).result()
        store.take(None, "", now=BEGIN, lease=1).result()
        held = store.write(wait)
        together = store.take(None, "", now=BEGIN, lease=1), store.write(look)
        go.set()
        for one in (held, *together):
            one.result()
    light, synced = {"sqlite": (1, 2), "postgres": ("off", "on")}[kind]
    assert found == [light, synced, light, synced, synced]
