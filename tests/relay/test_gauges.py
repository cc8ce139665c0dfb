"""What is open, as Prometheus asks for it."""

from __future__ import annotations

from pathlib import Path

from tests.relay.made import BEGIN
from tests.relay.phone import PATIENCE
from tests.relay.store.routed import accepted, driven
from transcode.relay.gauges import Gauges
from transcode.relay.hops import Hop
from transcode.relay.model import Event, Route
from transcode.relay.patience import Parts
from transcode.relay.store import SqliteStore
from transcode.relay.store.rows import Verdict

PARTS = Parts(PATIENCE)


def told(gauges: Gauges) -> dict[str, dict[tuple[str, ...], float]]:
    return {
        metric.name.removeprefix("transcode_relay_"): {
            tuple(sample.labels.values()): sample.value for sample in metric.samples
        }
        for metric in gauges.collect()
    }


def test_what_is_open(tmp_path: Path) -> None:
    """Open deliveries count by state, next hop and age; ended deliveries are counted as events alone."""
    store = SqliteStore(tmp_path / "relay.db")
    one, two, three = accepted(store, to=("+1", "+2", "+3"))
    driven(store, one, Event.PUSH_ACCEPTED)
    peer = Verdict(Event.ROUTED, Route.PEER, "north")
    store.apply(two.id, Event.ROUTED, at=BEGIN + 10, verdict=peer).result()
    store.apply(three.id, Event.CANCEL, at=BEGIN).result()
    accepted(store, 1)
    found = told(Gauges(store, tmp_path, lambda: 7, lambda: BEGIN + 40, parts=PARTS))
    states = {state: count for (state,), count in found["deliveries"].items() if count}
    assert states == {"notified": 1, "pending": 1, "accepted": 1}
    assert ("expired",) not in found["deliveries"]
    assert found["waiting"] == {("none", ""): 1, ("peer", "north"): 1}
    assert found["oldest_due_seconds"] == {("none", ""): 40, ("peer", "north"): 30}
    assert found["waiting_failed"] == {("none", ""): 0, ("peer", "north"): 0}
    assert found["only_probed"] == {("none", ""): 0, ("peer", "north"): 0}
    assert found["bytes_in_flight"] == {(): 7}
    assert found["reports_due"] == {(): 0}
    store.close()


def test_counting_is_done_every_ten_seconds(tmp_path: Path) -> None:
    """Whoever asks more often gets what was counted before."""
    store = SqliteStore(tmp_path / "relay.db")
    now = [BEGIN]
    gauges = Gauges(store, tmp_path, lambda: 0, lambda: now[0], parts=PARTS)
    assert gauges.snapshot().hops == []
    assert [
        hop.peer
        for hop in Gauges(store, tmp_path, int, known=[Hop(Route.PEER, "a")], parts=PARTS).snapshot().hops
    ] == ["a"]
    accepted(store)
    now[0] += 9
    assert gauges.snapshot().hops == []
    now[0] += 1
    assert len(gauges.snapshot().hops) == 1
    store.close()


def test_many_next_hops_share_a_line(tmp_path: Path) -> None:
    """The hundred largest have their own."""
    store = SqliteStore(tmp_path / "relay.db")
    for number, delivery in enumerate(accepted(store, to=tuple(f"+{number}" for number in range(105)))):
        peer = Verdict(Event.ROUTED, Route.PEER, f"peer {number}")
        store.apply(delivery.id, Event.ROUTED, at=BEGIN, verdict=peer).result()
    found = told(Gauges(store, tmp_path, lambda: 0, lambda: BEGIN, parts=PARTS))
    assert len(found["waiting"]) == 101
    assert found["waiting"]["peer", "other"] == 5
    assert sum(found["waiting"].values()) == 105
    store.close()
