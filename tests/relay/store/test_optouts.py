"""Numbers that want no links."""

from __future__ import annotations

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import Event, Route, State
from transcode.relay.store import optouts
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers

MAY = Verdict(Event.ROUTED, Route.LOCAL, may_link=True, link_after=60.0)


def out(store: SqlStore, number: str) -> bool:
    return optouts.opt_out(store, number, at=BEGIN, word="stop", seconds=Timers()).result()


def test_said_once_and_taken_back(store: SqlStore) -> None:
    assert [out(store, "+1"), out(store, "+1")] == [True, False]
    assert optouts.out_of(store, ["+1", "+2"]) == {"+1"}
    assert [optouts.forgive(store, "+1").result() for _ in range(2)] == [True, False]
    assert not optouts.out_of(store, ["+1"])


def test_what_waits_waits_on(store: SqlStore) -> None:
    """A message that its phone was notified of becomes no link; it expires in its time."""
    mine, others = accepted(store, to=("+1", "+2"))
    for one in (mine, others):
        driven(store, one, Event.PUSH_ACCEPTED, verdict=MAY)
    out(store, "+1")
    assert store.ring(now=BEGIN + 60).result() == 1
    found = {one.recipient: one for one in store.deliveries()}
    assert found["+2"].route is Route.LINK
    assert (found["+1"].route, found["+1"].may_link) == (Route.LOCAL, False)
    while store.ring(now=END).result():
        pass
    assert store.delivery(number=mine.id).state is State.EXPIRED  # type: ignore[union-attr]
