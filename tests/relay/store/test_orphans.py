"""Octets that no row names."""

from __future__ import annotations

import os
from unittest import mock

from tests.relay.made import BEGIN, END, envelope
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import Event
from transcode.relay.store import FolderBlobs, orphans
from transcode.relay.store.changes import Replacement, replace_content
from transcode.relay.store.orphans import give_up_orphans
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers


def put(blobs: FolderBlobs, octets: bytes, at: float = BEGIN - 1) -> str:
    """Octets that were put at a time."""
    name = blobs.put(octets)
    os.utime(blobs.path(name), (at, at))
    return name


def found(store: SqlStore, blobs: FolderBlobs, until: float = BEGIN) -> int:
    """Look at all shelves; how many octets no row names."""
    return sum(give_up_orphans(store, blobs, shelf=shelf, until=until) for shelf in range(256))


def test_what_no_row_names(store: SqlStore, blobs: FolderBlobs) -> None:
    """Octets of a message, and of what was made of one, stay; so do those that were put just now."""
    message, adapted, old, new, young, *lost = (put(blobs, b"%d" % number) for number in range(12))
    (one,) = accepted(store, 1, blob=message)
    store.keep_adapted(one.message, "phone", adapted).result()
    (two,) = accepted(store, 2, blob=old)
    driven(store, two, Event.PUSH_ACCEPTED, Event.FETCH_BEGUN)
    change = Replacement(old, new, 1, read_report=False, deliver_at=None)
    store.write(lambda connection: replace_content(connection, two.message, change, BEGIN, Timers())).result()
    os.utime(blobs.path(young))
    with mock.patch.object(orphans, "_TOGETHER", 1):
        assert found(store, blobs) == len(lost) == 7
    # They are given up already.
    assert found(store, blobs) == 0
    while store.sweep(blobs).result():
        pass
    assert found(store, blobs) == 0
    assert [blobs.exists(name) for name in (message, adapted, old, young)] == [True] * 4
    assert not any(map(blobs.exists, lost))


def test_octets_of_messages_that_were_given_up(store: SqlStore, blobs: FolderBlobs) -> None:
    """A copy that was restored may have them, and no sweep to come."""
    name = put(blobs, b"octets")
    (one,) = accepted(store, blob=name)
    store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    store.retire(now=END).result()
    store.sweep(blobs).result()
    assert put(blobs, b"octets") == name
    assert found(store, blobs) == 1


def test_a_submission_that_is_under_way(store: SqlStore, blobs: FolderBlobs) -> None:
    """The same octets are accepted after they were given up, and before the sweep."""
    name = put(blobs, b"octets")
    assert found(store, blobs) == 1
    store.accept(envelope(1, blob=name), ["+1"]).result()
    assert store.sweep(blobs).result() == 0
    assert blobs.exists(name)
