"""Octets that are given up and deleted, and those that another message needs."""

from __future__ import annotations

from unittest import mock

import pytest

from tests.relay.made import BEGIN, envelope
from tests.relay.store.postgres import TAKEN
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import Event, Told
from transcode.relay.store import FolderBlobs, retention
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers

KEEP = Timers().keep


def ended(store: SqlStore, number: int, blob: str) -> str:
    """A message with these octets that ended at BEGIN."""
    (one,) = accepted(store, number, blob=blob)
    store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    return one.message


def files(blobs: FolderBlobs) -> list[str]:
    return sorted(path.name for path in blobs.path("0" * 64).parents[2].rglob("*") if path.is_file())


def test_octets_go_after_their_time(store: SqlStore, blobs: FolderBlobs) -> None:
    """Octets stay for a day after the end; rows and trail stay for good."""
    name = blobs.put(b"octets")
    message = ended(store, 1, name)
    assert store.retire(now=BEGIN + KEEP - 1).result() == 0
    assert store.sweep(blobs).result() == 0
    assert store.retire(now=BEGIN + KEEP).result() == 1
    assert blobs.get(name) == b"octets"
    assert store.sweep(blobs).result() == 1
    assert files(blobs) == []
    assert store.retire(now=BEGIN + 1e9).result() == 0
    assert store.sweep(blobs).result() == 0
    assert store.envelope(message).blob == name
    assert len(store.trail(store.deliveries(message)[0].id)) == 2


def test_octets_of_two_messages(store: SqlStore, blobs: FolderBlobs) -> None:
    """The same picture from two senders stays until both ended."""
    name = blobs.put(b"octets")
    ended(store, 1, name)
    (other,) = accepted(store, 2, blob=name)
    store.retire(now=BEGIN + KEEP).result()
    assert store.sweep(blobs).result() == 0
    assert blobs.get(name) == b"octets"
    store.apply(other.id, Event.CANCEL, at=BEGIN).result()
    store.retire(now=BEGIN + KEEP).result()
    assert store.sweep(blobs).result() == 1


def test_adapted_octets(store: SqlStore, blobs: FolderBlobs) -> None:
    """What was adapted goes with its message, also an earlier form of it; shared octets stay."""
    original, small, shared, earlier = map(blobs.put, (b"original", b"small", b"shared", b"earlier"))
    message = ended(store, 1, original)
    accepted(store, 2, blob=shared)
    store.keep_adapted(message, "old", earlier).result()
    store.keep_adapted(message, "old", small).result()
    store.keep_adapted(message, "new", shared).result()
    assert store.adapted(message, "old") == small
    assert store.sweep(blobs).result() == 1
    assert files(blobs) == sorted((original, small, shared))
    store.retire(now=BEGIN + KEEP).result()
    assert store.adapted(message, "old") is None
    assert store.sweep(blobs).result() == 2
    assert files(blobs) == [shared]


def test_adapted_again(store: SqlStore, blobs: FolderBlobs) -> None:
    """The same octets again are no garbage."""
    name = blobs.put(b"small")
    message = ended(store, 1, blobs.put(b"original"))
    store.keep_adapted(message, "p", name).result()
    store.keep_adapted(message, "p", name).result()
    assert store.sweep(blobs).result() == 0
    assert blobs.get(name) == b"small"


def test_adapted_after_the_message_was_given_up(store: SqlStore, blobs: FolderBlobs) -> None:
    """An adaptation that ends late leaves nothing behind."""
    message = ended(store, 1, blobs.put(b"original"))
    store.retire(now=BEGIN + KEEP).result()
    assert not store.keep_adapted(message, "p", blobs.put(b"small")).result()
    assert store.adapted(message, "p") is None
    assert store.sweep(blobs).result() == 2
    assert files(blobs) == []


def test_adapted_to_no_message(store: SqlStore) -> None:
    with pytest.raises(TAKEN, match=r"(?i)foreign key"):
        store.keep_adapted("m", "p", "b").result()


def test_a_sweep_between_put_and_accept(store: SqlStore, blobs: FolderBlobs) -> None:
    """Who accepts puts the octets again when the row is there, so a sweep in between costs nothing."""
    name = blobs.put(b"octets")
    ended(store, 1, name)
    store.retire(now=BEGIN + KEEP).result()
    assert blobs.put(b"octets") == name
    assert store.sweep(blobs).result() == 1
    store.accept(envelope(2, blob=name), ["+1"]).result()
    assert files(blobs) == []
    blobs.put(b"octets")
    assert store.sweep(blobs).result() == 0
    assert blobs.get(name) == b"octets"


def test_a_sweep_after_accept(store: SqlStore, blobs: FolderBlobs) -> None:
    """Octets of a message that was accepted meanwhile are not deleted."""
    name = blobs.put(b"octets")
    ended(store, 1, name)
    store.retire(now=BEGIN + KEEP).result()
    store.accept(envelope(2, blob=name), ["+1"]).result()
    assert store.sweep(blobs).result() == 0
    assert blobs.get(name) == b"octets"


def test_a_report_that_is_due(store: SqlStore, blobs: FolderBlobs) -> None:
    """A report is made of the message, so the octets stay until it was told or given up."""
    name = blobs.put(b"octets")
    (delivery,) = accepted(store, blob=name, delivery_report=True)
    driven(store, delivery, Event.PUSH_ACCEPTED, Event.ACKNOWLEDGED)
    late = BEGIN + KEEP
    assert store.retire(now=late).result() == 0
    report = store.take_report("", now=BEGIN, lease=1.0).result()
    assert report is not None
    store.reported(report, Told.TAKEN, at=BEGIN).result()
    assert store.retire(now=late).result() == 1


def test_in_parts(store: SqlStore, blobs: FolderBlobs) -> None:
    for number in range(5):
        ended(store, number, blobs.put(b"%d" % number))
    assert [store.retire(now=BEGIN + KEEP, most=2).result() for _ in range(4)] == [2, 2, 1, 0]
    assert [store.sweep(blobs, most=2).result() for _ in range(4)] == [2, 2, 1, 0]
    assert files(blobs) == []


def test_octets_that_are_gone(store: SqlStore, blobs: FolderBlobs) -> None:
    """A file that somebody removed is no error."""
    ended(store, 1, "a" * 64)
    store.retire(now=BEGIN + KEEP).result()
    assert store.sweep(blobs).result() == 1


def test_octets_that_can_not_be_deleted(
    store: SqlStore, blobs: FolderBlobs, caplog: pytest.LogCaptureFixture
) -> None:
    """They keep no others from being deleted, and are tried again."""
    names = sorted(map(blobs.put, (b"1", b"2", b"3")))
    for number, name in enumerate(names):
        ended(store, number, name)
    store.retire(now=BEGIN + KEEP).result()
    delete = blobs.delete

    def stubborn(name: str) -> None:
        if name == names[1]:
            raise PermissionError("not this one")
        delete(name)

    with mock.patch.object(blobs, "delete", stubborn):
        assert store.sweep(blobs).result() == 2
        assert store.sweep(blobs).result() == 0
    assert files(blobs) == names[1:2]
    assert "not this one" in caplog.text
    assert store.sweep(blobs).result() == 1
    assert files(blobs) == []


def test_a_place_that_deletes_slowly(
    store: SqlStore, blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody writes meanwhile, so a sweep ends before all are deleted, and goes on later."""
    for number in range(3):
        ended(store, number, blobs.put(b"%d" % number))
    store.retire(now=BEGIN + KEEP).result()
    monkeypatch.setattr(retention, "_LONGEST", -1.0)
    assert [store.sweep(blobs).result() for _ in range(4)] == [1, 1, 1, 0]
