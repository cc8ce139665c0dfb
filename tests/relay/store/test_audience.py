"""What operators and estimates ask of the recipients of campaigns."""

from __future__ import annotations

from tests.relay.made import BEGIN
from tests.relay.store.test_campaigns import filled, released
from transcode.relay.store import audience, campaigns, recipients
from transcode.relay.store.audience import Alike
from transcode.relay.store.campaigns import Action
from transcode.relay.store.recipients import Row, Sorted
from transcode.relay.store.sqlite import SqlStore


def test_who_waits(store: SqlStore) -> None:
    """By next hop, network and zone; of numbers without a zone some, in equal steps; by status in all."""
    rows = [Row(f"+{number}", zone="Asia/Tokyo" if number > 6 else "") for number in range(1, 9)]
    name = filled(store, *rows, Row("x", reason="invalid"))
    found = [Sorted(number, "local", "us-att") for number in (1, 2, 3, 7)]
    found += [Sorted(4, "peer north", "north"), Sorted(5, reason="blocked")]
    store.write(lambda one: recipients.sort(one, name, found, BEGIN)).result()
    campaigns.set_state(store, name, Action.START, BEGIN)
    assert released(store, name, 1) == 1
    assert audience.alike(store, name) == [
        Alike("", "", "", 1),
        Alike("", "", "Asia/Tokyo", 1),
        Alike("local", "us-att", "", 2),
        Alike("local", "us-att", "Asia/Tokyo", 1),
        Alike("peer north", "north", "", 1),
    ]
    every = {
        ("local", "us-att", "+2"),
        ("local", "us-att", "+3"),
        ("peer north", "north", "+4"),
        ("", "", "+6"),
    }
    assert set(audience.numbers(store, name, each=1)) == every
    assert set(audience.numbers(store, name, each=3)) == {("local", "us-att", "+3"), ("", "", "+6")}
    assert audience.totals(store, [name, "nobody"]) == {
        name: {"queued": 6, "sending": 1, "failed": 2},
        "nobody": {},
    }
    assert audience.totals(store, []) == {}
    assert audience.alike(store, "nobody") == []
