"""What phones said of themselves, and what they were given."""

from __future__ import annotations

from tests.relay.store.routed import accepted
from transcode.relay.device import Device
from transcode.relay.store.devices import Seen, give, given, keep_device, seen_device
from transcode.relay.store.sqlite import SqlStore


def test_the_last_word_counts(store: SqlStore) -> None:
    assert seen_device(store, "+1") is None
    first = Device("http://a.example/1.xml", ("<a/>", "\xe4"), "phone/1")
    keep_device(store, "+1", first, 5.0).result()
    assert seen_device(store, "+1") == Seen(first, 5.0)
    keep_device(store, "+1", Device(agent="phone/2"), 6.0).result()
    assert seen_device(store, "+1") == Seen(Device(agent="phone/2"), 6.0)
    assert seen_device(store, "+2") is None


def test_what_a_phone_was_given(store: SqlStore) -> None:
    (one,) = accepted(store)
    assert given(store, one.id) == ""
    give(store, one.id, "a").result()
    give(store, one.id, "b").result()
    assert given(store, one.id) == "b"
