"""What operators ask of a store."""

from __future__ import annotations

from unittest import mock

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import accepted, driven
from transcode.relay.hops import Hop
from transcode.relay.model import Event, Route, State
from transcode.relay.store import SqliteStore, limits, operations
from transcode.relay.store.operations import events, expire, waiting
from transcode.relay.store.rows import Verdict


def test_who_waits_and_why(store: SqliteStore) -> None:
    """Deliveries are counted by next hop; what waits for somebody else's answer waits for no attempt."""
    assert waiting(store) == []
    first, second, third = accepted(store, to=("+1", "+2", "+3"))
    driven(store, first, Event.PUSH_ACCEPTED)
    driven(store, second, at=BEGIN + 5)
    peer = Verdict(Event.ROUTED, Route.PEER, "north")
    store.apply(third.id, Event.ROUTED, at=BEGIN, verdict=peer).result()
    after = store.apply(third.id, Event.ATTEMPT_FAILED, at=BEGIN + 1, detail="451 later").result()
    limits.note(store, Route.PEER, "north", failed=True, at=BEGIN + 1).result()
    accepted(store, 1)
    found = {(hop.route, hop.peer): hop for hop in waiting(store)}
    assert found[None, ""][2:] == (1, 0, BEGIN, "", 0, 0)
    assert found[Route.LOCAL, ""][2:] == (1, 0, BEGIN + 5, "", 0, 0)
    assert found[Route.PEER, "north"][2:] == (1, 1, after.due, "451 later", 1, 0)
    assert len(found) == 3


def test_next_hops_that_nothing_waits_for(store: SqliteStore) -> None:
    """Those that are known, once each, and those that are only probed."""
    known = [Hop(Route.PEER, "south"), Hop(Route.LOCAL), Hop(Route.LOCAL, network="us-att")]
    assert [hop[:5] for hop in waiting(store, known)] == [
        (Route.LOCAL, "", 0, 0, None),
        (Route.PEER, "south", 0, 0, None),
    ]
    peer = Verdict(Event.ROUTED, Route.PEER, "north")
    for one in accepted(store, to=tuple("123456")):
        store.apply(one.id, Event.ROUTED, at=BEGIN, verdict=peer).result()
        store.apply(one.id, Event.ATTEMPT_FAILED, at=BEGIN, detail="421").result()
        limits.note(store, Route.PEER, "north", failed=True, at=BEGIN).result()
    store.ring(now=END).result()
    (hop,) = waiting(store)
    assert hop[:6] == (Route.PEER, "north", 0, 0, None, "")
    assert hop.failures >= 5
    assert hop.probe_at > BEGIN


def test_what_has_expired_ends(store: SqliteStore) -> None:
    """It ends at any timer, but not while a worker has it, and not what a phone holds."""
    one, held, taken, fetched, long = accepted(store, to=("+1", "+2", "+3", "+4", "+5"))
    driven(store, one, Event.PUSH_ACCEPTED)
    assert store.deliveries(recipient="+1")[0].due_event is Event.REMIND
    driven(store, fetched, Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.FETCH_DONE)
    driven(store, taken)
    store.take(Route.LOCAL, "", now=END - 1, lease=10).result()
    store.apply(held.id, Event.CANCEL, at=BEGIN).result()
    assert list(expire(store, now=END - 1)) == []
    ended = list(expire(store, now=END, detail="by the operator"))
    assert {(each.recipient, each.state) for each in ended} == {("+1", State.EXPIRED), ("+5", State.EXPIRED)}
    assert store.trail(long.id)[-1].detail == "by the operator"
    assert list(expire(store, now=END)) == []
    assert [each.recipient for each in expire(store, now=END + 10)] == ["+3"]


def test_all_that_happened(store: SqliteStore) -> None:
    """Events come in the order of their writing, from a time until before another, over several looks."""
    one, two = accepted(store, to=("+1", "+2"), peer="north", peer_message_id="<a@north>", size=7)
    driven(store, one, Event.PUSH_ACCEPTED, at=BEGIN + 1)
    store.apply(two.id, Event.CANCEL, at=BEGIN + 2).result()
    with mock.patch.object(operations, "_ROWS", 2):
        found = list(events(store))
    assert [(each.recipient, each.event) for each in found] == [
        ("+1", "accepted"),
        ("+2", "accepted"),
        ("+1", Event.ROUTED),
        ("+1", Event.PUSH_ACCEPTED),
        ("+2", Event.CANCEL),
    ]
    assert found[3] == (
        BEGIN + 1,
        one.message,
        "+1",
        "+15555550100",
        "notification accepted by the SMSC",
        "pending",
        "notified",
        "local",
        "",
        "mm1",
        "north",
        "<a@north>",
        7,
        BEGIN,
    )
    assert [each.at for each in events(store, since=BEGIN + 1, until=BEGIN + 2)] == [BEGIN + 1] * 2
    assert list(events(store, since=BEGIN + 3)) == []
