"""A message whose sender replaces its content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import LOCAL, accepted, driven
from tests.relay.store.test_retention import files
from transcode.relay.model import Delivery, Event, State
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.store.backup import DATABASE, back_up
from transcode.relay.store.changes import CHANGEABLE, Replacement, replace_content
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers

FETCHED = (Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.FETCH_DONE)


def replaced(store: SqlStore, delivery: Delivery, new: Replacement) -> list[str] | None:
    return store.write(
        lambda connection: replace_content(connection, delivery.message, new, BEGIN + 1, Timers())
    ).result()


def test_states_in_which_nobody_has_it() -> None:
    """Those in which it can be cancelled: no state of a fetch, of another centre, or of an end."""
    assert set(CHANGEABLE) == {
        State.ACCEPTED,
        State.WAITING,
        State.PENDING,
        State.NOTIFIED,
        State.DEFERRED,
        State.LINKED,
    }


def test_who_fetched_keeps_the_old(store: SqlStore, blobs: FolderBlobs) -> None:
    """New octets for the others; the old ones stay while somebody has them, and go with the message."""
    old, new = blobs.put(b"old"), blobs.put(b"new")
    fetched, fetching, pending = accepted(store, to=("+1", "+2", "+3"), blob=old, delivery_report=False)
    driven(store, fetched, *FETCHED)
    driven(store, fetching, *FETCHED[:2])
    assert replaced(store, pending, Replacement(old, new, 3, True, None)) == ["+1", "+2"]
    found = {one.recipient: one.blob for one in store.deliveries(pending.message)}
    assert found == {"+1": old, "+2": old, "+3": ""}
    envelope = store.envelope(pending.message)
    assert (envelope.blob, envelope.size, envelope.read_report) == (new, 3, True)
    assert store.envelope(pending.message, blob=old) == replace(envelope, blob=old)
    assert [one.event for one in store.trail(pending.id)][-1] == "content replaced"
    assert [one.event for one in store.trail(fetched.id)][-1] == FETCHED[-1]
    assert store.sweep(blobs).result() == 0
    for one in (fetched, fetching, pending):
        for event in (Event.FETCH_DONE, Event.ACKNOWLEDGED):
            store.apply(one.id, event, at=BEGIN).result()
    store.retire(now=BEGIN + Timers().keep).result()
    assert store.sweep(blobs).result() == 2
    assert files(blobs) == []


def test_nobody_fetched(store: SqlStore, blobs: FolderBlobs) -> None:
    """Nobody has the old octets, so they go at once."""
    old, new = blobs.put(b"old"), blobs.put(b"new")
    (one,) = accepted(store, blob=old)
    assert replaced(store, one, Replacement(old, new, 3, True, None)) == []
    assert store.sweep(blobs).result() == 1
    assert files(blobs) == [new]


def test_everybody_fetched(store: SqlStore, blobs: FolderBlobs) -> None:
    """There is nothing to replace: the message stays as it is, and the new octets go."""
    old, new = blobs.put(b"old"), blobs.put(b"new")
    (one,) = accepted(store, blob=old)
    driven(store, one, *FETCHED)
    assert replaced(store, one, Replacement(old, new, 3, True, None)) == ["+1"]
    assert store.envelope(one.message).blob == old
    assert store.deliveries()[0].blob == ""
    store.sweep(blobs).result()
    assert files(blobs) == [old]


def test_again_and_between(store: SqlStore) -> None:
    """The same replacement again changes nothing; one of other octets than those that are there is none."""
    (one,) = accepted(store, blob="a" * 64)
    first, other = (
        Replacement("a" * 64, "b" * 64, 3, True, None),
        Replacement("a" * 64, "c" * 64, 3, True, None),
    )
    assert replaced(store, one, first) == []
    trail = store.trail(one.id)
    assert replaced(store, one, first) == []
    assert store.trail(one.id) == trail
    assert replaced(store, one, other) is None
    assert store.envelope(one.message).blob == "b" * 64


def test_a_transfer_that_broke_takes_the_newest(store: SqlStore) -> None:
    """It is offered again with the octets that it began with; a second replacement is for it too."""
    one, _ = accepted(store, to=("+1", "+2"), blob="a" * 64)
    driven(store, one, *FETCHED[:2])
    assert replaced(store, one, Replacement("a" * 64, "b" * 64, 3, True, None)) == ["+1"]
    store.apply(one.id, Event.FETCH_BROKEN, at=BEGIN).result()
    assert store.delivery(number=one.id) is not None
    assert replaced(store, one, Replacement("b" * 64, "c" * 64, 3, True, None)) == []
    found = store.delivery(number=one.id)
    assert found is not None
    assert found.blob == ""


@pytest.mark.parametrize("state", [Event.ROUTED, Event.HELD])
def test_the_time_of_delivery(store: SqlStore, state: Event) -> None:
    """Who waits gets the new time; of whom the phone was told, nothing changes."""
    (one,) = accepted(store, deliver_at=BEGIN + 100, blob="a" * 64)
    if state is Event.HELD:
        store.apply(one.id, state, at=BEGIN, verdict=LOCAL).result()
    else:
        driven(store, one, Event.PUSH_ACCEPTED)
    replaced(store, one, Replacement("a" * 64, "b" * 64, 3, False, BEGIN + 500))
    found = store.delivery(number=one.id)
    assert found is not None
    if state is Event.HELD:
        assert (found.deliver_at, found.due, found.due_event) == (
            BEGIN + 500,
            BEGIN + 500,
            Event.DELIVERY_TIME,
        )
    else:
        assert (found.deliver_at, found.due_event) == (BEGIN + 100, Event.REMIND)
    assert store.envelope(one.message).deliver_at == BEGIN + 500
    assert found.expires_at == END


def test_what_is_kept_no_longer(store: SqlStore) -> None:
    (one,) = accepted(store, blob="a" * 64)
    store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    store.retire(now=BEGIN + Timers().keep).result()
    with pytest.raises(LookupError, match="kept no longer"):
        replaced(store, one, Replacement("a" * 64, "b" * 64, 3, True, None))


def test_a_copy_has_the_old_octets_too(tmp_path: Path) -> None:
    """A copy of the store has all that any recipient may fetch."""
    folder = tmp_path / "store"
    store, blobs = SqliteStore(folder / DATABASE), FolderBlobs(folder / "blobs")
    old, new = blobs.put(b"old"), blobs.put(b"new")
    fetched, _ = accepted(store, to=("+1", "+2"), blob=old)
    driven(store, fetched, *FETCHED)
    replaced(store, fetched, Replacement(old, new, 3, True, None))
    assert back_up(folder, tmp_path / "copy").files == 2
    store.close()
