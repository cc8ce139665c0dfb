"""How recipients get their next hops: resolvers that are slow or down, blocked senders, quotas."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.routed import accepted
from transcode.errors import TransportError
from transcode.relay.config import Config, Local, Policy
from transcode.relay.hops import Hop
from transcode.relay.judging import Judge
from transcode.relay.model import RESOLVER, Delivery, Event, Route, State, Subscriber
from transcode.relay.resolving import Resolving
from transcode.relay.route import Router
from transcode.relay.routing import Routing
from transcode.relay.store import SqliteStore, limits

CONFIG = Config(
    local=(Local(("+1555",), "us-tmobile", ("310260",)),),
    policy=Policy(quota_bytes=2500),
    resolver=Resolving(keep_seconds=100),
)
B = Hop(Route.PEER, "b", codes=("26201",))
ROUTER = Router((*CONFIG.hops, B), ("+",))


class Known:
    """A resolver that knows what it is told.

    Attributes:
        numbers: what it knows.
        asked: the numbers that it was asked for.
        is_down, refuses: whether it answers nothing, or that it does not answer.
    """

    longest = 2.0

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}
        self.asked: list[str] = []
        self.is_down = self.refuses = False

    def resolve(self, number: str) -> str:
        self.asked.append(number)
        if self.is_down or self.refuses:
            raise TransportError("hlr", "no answer", temporary=self.is_down)
        return self.numbers.get(number, "")

    def close(self) -> None:
        pass


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def routed(
    store: SqliteStore,
    resolver: Known | None,
    clock: Clock,
    router: Router = ROUTER,
) -> Routing:
    """The work of a centre with B and a resolver."""
    return Routing(CONFIG, store, Judge(CONFIG, store, router, resolver, clock), resolver, clock)


@pytest.fixture
def routing(store: SqliteStore, known: Known, clock: Clock) -> Routing:
    return routed(store, known, clock)


def now(store: SqliteStore, delivery: Delivery) -> Delivery:
    found = store.delivery(number=delivery.id)
    assert found is not None
    return found


def test_what_a_prefix_serves_needs_no_resolver(store: SqliteStore, routing: Routing, known: Known) -> None:
    one, two = accepted(store, to=("+15550001", "+4930"))
    assert routing.route()
    assert (now(store, one).route, now(store, one).state) == (Route.LOCAL, State.PENDING)
    assert now(store, two).state is State.REFUSED
    assert not routing.route()
    assert not routing.resolve()
    assert known.asked == []


def test_a_resolver_says_where_a_number_is(store: SqliteStore, routing: Routing, known: Known) -> None:
    """Here, at another centre, nowhere that is known, nowhere at all; and it is asked once for each."""
    known.numbers = {"+12120001": "310260", "+4915110001": "26201", "+33140000000": "20801"}
    rows = accepted(store, to=(*known.numbers, "+34910000000"))
    assert routing.route()
    assert {now(store, row).peer for row in rows} == {RESOLVER}
    while routing.resolve():
        pass
    found = [(row.state, row.route, row.peer) for row in (now(store, row) for row in rows)]
    assert found == [
        (State.PENDING, Route.LOCAL, ""),
        (State.PENDING, Route.PEER, "b"),
        (State.REFUSED, None, ""),
        (State.REFUSED, None, ""),
    ]
    assert store.trail(rows[1].id)[-1].detail == "26201"
    again = accepted(store, 1, to=(*known.numbers, "+34910000000"))
    assert routing.route()
    assert [now(store, row).state for row in again] == [row[0] for row in found]
    assert len(known.asked) == 4


def test_answers_are_kept_for_a_time(
    store: SqliteStore, routing: Routing, known: Known, clock: Clock
) -> None:
    known.numbers = {"+4915110001": "26201"}
    for number in range(3):
        clock.now = BEGIN + number * 60
        accepted(store, number, to=("+4915110001",), received_at=clock.now)
        assert routing.route()
        routing.resolve()
    assert len(known.asked) == 2


def test_a_resolver_that_is_down_loses_nothing(
    store: SqliteStore, routing: Routing, known: Known, clock: Clock
) -> None:
    """The message waits, others go on, and after five failures it is asked once a minute."""
    known.is_down = True
    rows = [accepted(store, number, to=(f"+491511000{number}",))[0] for number in range(8)]
    known.numbers = dict.fromkeys((row.recipient for row in rows), "26201")
    while routing.route():
        pass
    while routing.resolve():
        pass
    assert len(known.asked) == 5
    (here,) = accepted(store, 99, to=("+15550001",))
    assert routing.route()
    assert now(store, here).route is Route.LOCAL
    assert store.trail(rows[0].id)[-1].event == Event.UNRESOLVED
    assert "no answer" in store.trail(rows[0].id)[-1].detail
    clock.now += 61
    assert routing.resolve()
    assert not routing.resolve()
    assert len(known.asked) == 6
    known.is_down = False
    clock.now += 3600
    while routing.resolve():
        pass
    assert {now(store, row).route for row in rows} == {Route.PEER}


def test_a_resolver_that_refuses_is_there(store: SqliteStore, routing: Routing, known: Known) -> None:
    """It is asked for others, however many numbers it refuses, and what waits is tried again."""
    known.refuses = True
    rows = accepted(store, to=tuple(f"+491511000{number}" for number in range(8)))
    assert routing.route()
    while routing.resolve():
        pass
    assert len(known.asked) == 8
    assert limits.failing(store) == []
    assert [(now(store, row).state, now(store, row).attempts) for row in rows] == [(State.ACCEPTED, 1)] * 8


def test_what_is_known_says_nothing_of_the_resolver(
    store: SqliteStore, routing: Routing, known: Known, clock: Clock
) -> None:
    """It is down, and an answer of before routes a number: it is still down."""
    limits.keep_answer(store, "+4915110000", "26201", until=BEGIN + 1e6).result()
    known.is_down = True
    rows = accepted(store, to=("+4915110000", "+4915110001"))
    taken = [store.take(None, "", now=BEGIN, lease=1).result() for _ in rows]
    limits.hand_over(store, [one[0] for one in taken if one]).result()
    for _ in rows:
        assert routing.resolve()
    assert known.asked == ["+4915110001"]
    assert [one.failures for one in limits.failing(store)] == [1]


def test_a_slow_resolver_delays_nobody_else(store: SqliteStore, known: Known, clock: Clock) -> None:
    """While it thinks, others are routed."""
    begun, go = threading.Event(), threading.Event()

    class Slow(Known):
        def resolve(self, number: str) -> str:
            begun.set()
            assert go.wait(60)
            return "26201"

    routing = routed(store, Slow(), clock)
    (slow,) = accepted(store, 1, to=("+4915110001",))
    assert routing.route()
    thread = threading.Thread(target=routing.resolve)
    thread.start()
    assert begun.wait(60)
    (here,) = accepted(store, 2, to=("+15550001",))
    assert routing.route()
    assert now(store, here).route is Route.LOCAL
    go.set()
    thread.join()
    assert now(store, slow).route is Route.PEER


def test_a_subscriber_needs_no_resolver(store: SqliteStore, routing: Routing, known: Known) -> None:
    store.subscribe(Subscriber("+4915110001", "us-att")).result()
    (one,) = accepted(store, to=("+4915110001",))
    assert routing.route()
    assert now(store, one).route is Route.LOCAL
    assert known.asked == []


def test_what_was_left_to_a_resolver_that_is_gone(store: SqliteStore, routing: Routing, clock: Clock) -> None:
    (one,) = accepted(store, to=("+4915110001",))
    assert routing.route()
    without = routed(store, None, clock, Router((*CONFIG.hops, replace(B, is_default=True))))
    assert without.lines == 1
    assert without.resolve()
    assert (now(store, one).route, now(store, one).peer) == (Route.PEER, "b")


def test_a_campaign_is_routed_in_steps(store: SqliteStore, routing: Routing) -> None:
    """A person's message is routed between two of them."""
    accepted(store, 1, to=tuple(f"+1555{n:04}" for n in range(250)), lane="shop")
    assert routing.route()
    assert store.counts()[State.PENDING] == 100
    (one,) = accepted(store, 2, to=("+15559999",))
    assert routing.route()
    assert now(store, one).state is State.PENDING
    while routing.route():
        pass
    assert store.counts()[State.PENDING] == 251


def test_recipients_are_routed_together(store: SqliteStore, routing: Routing) -> None:
    """A hundred of one message in a step; each has a verdict of its own."""
    accepted(
        store, to=tuple(f"+1555{number:04}" if number % 2 else f"12{number:04}" for number in range(150))
    )
    states = []
    while routing.route():
        found = store.counts()
        states.append((found[State.ACCEPTED], found[State.PENDING], found[State.REFUSED]))
    assert states == [(50, 50, 50), (0, 75, 75)]


def test_messages_are_routed_one_after_the_other(store: SqliteStore, routing: Routing) -> None:
    """A step is of one message."""
    accepted(store, 1, to=("+15550001", "+15550002"))
    accepted(store, 2, to=("+15550003",))
    assert [routing.route() for _ in range(3)] == [True, True, False]
    assert store.counts()[State.PENDING] == 3


def test_a_blocked_sender(store: SqliteStore, routing: Routing) -> None:
    """The sender is told that the message was rejected; others get it; nobody looks at other centres."""
    limits.block(store, "+15550001", "+1555555*").result()
    one, two = accepted(store, to=("+15550001", "+15550002"))
    assert routing.route()
    assert now(store, one).state is State.REFUSED
    assert store.trail(one.id)[-1].detail == "the recipient blocks the sender"
    assert now(store, two).route is Route.LOCAL
    report = store.take_report("", now=BEGIN, lease=1).result()
    assert report is not None
    assert report.status == "Rejected"


def test_a_quota(store: SqliteStore, routing: Routing) -> None:
    """It holds for what waits for a recipient; the message that is too much is refused, not those before."""
    rows = [accepted(store, number, to=("+15550001",))[0] for number in range(4)]
    while routing.route():
        pass
    assert [now(store, row).state for row in rows] == [State.PENDING] * 2 + [State.REFUSED] * 2
    assert "2500 octets" in store.trail(rows[2].id)[-1].detail
    store.apply(rows[0].id, Event.CANCEL, at=BEGIN).result()
    (late,) = accepted(store, 9, to=("+15550001",))
    assert routing.route()
    assert now(store, late).state is State.PENDING


def test_a_later_delivery_is_held(store: SqliteStore, routing: Routing) -> None:
    (one,) = accepted(store, to=("+15550001",), deliver_at=BEGIN + 60)
    assert routing.route()
    assert now(store, one).state is State.WAITING
