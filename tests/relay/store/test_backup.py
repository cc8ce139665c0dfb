"""Copies of a store, made while it is written, and stores made of them."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import driven, inconsistent
from transcode.errors import OutputError, SourceError
from transcode.relay.model import Event, State
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.store.backup import DATABASE, back_up, restore
from transcode.relay.timers import Timers

LATE = BEGIN + Timers().keep + 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a store."""
    return tmp_path / "store"


def opened(folder: Path) -> tuple[SqliteStore, FolderBlobs]:
    return SqliteStore(folder / DATABASE), FolderBlobs(folder / "blobs")


def keep(store: SqliteStore, blobs: FolderBlobs, number: int) -> str:
    """Accept a message with octets of its own, and return their name."""
    octets = b"%d " % number * 100
    name = blobs.put(octets)
    store.accept(envelope(number, blob=name), ["+1"]).result()
    blobs.put(octets)
    return name


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "blobs").rglob("*") if path.is_file()}


def test_a_store_made_of_a_copy_has_all(folder: Path, tmp_path: Path) -> None:
    """Rows, octets, trail, keys and documents of phones; and it goes on as a store."""
    store, blobs = opened(folder)
    name = keep(store, blobs, 1)
    blobs.put(b"of nobody")
    (folder / "profiles").mkdir()
    (folder / "profiles" / "phone.xml").write_text("<a/>")
    (folder / "a.key").write_bytes(b"secret")
    (folder / "a.key").chmod(0o600)
    copied = back_up(folder, tmp_path / "copy")
    assert copied == (1, 1, 1, ())
    store.close()
    (tmp_path / "again").mkdir()
    assert restore(tmp_path / "copy", tmp_path / "again") == (1, 1, 1, ())
    again, octets = opened(tmp_path / "again")
    (one,) = again.deliveries()
    assert octets.get(name) == b"1 " * 100
    assert names(tmp_path / "again") == {name}
    assert driven(again, one, Event.PUSH_ACCEPTED).state is State.NOTIFIED
    again.close()
    assert (tmp_path / "again" / "profiles" / "phone.xml").read_text() == "<a/>"
    assert (tmp_path / "again" / "a.key").stat().st_mode & 0o777 == 0o600
    with contextlib.closing(SqliteStore(tmp_path / "again" / DATABASE)) as checked:
        assert inconsistent(checked) == []
    assert [path.name for path in (tmp_path / "again").iterdir() if path.name.startswith(".")] == []


def test_a_copy_that_is_made_again_takes_what_is_new(folder: Path, tmp_path: Path) -> None:
    """Octets that are there are not copied again, and those that no row names any more go."""
    store, blobs = opened(folder)
    first = keep(store, blobs, 1)
    assert back_up(folder, tmp_path / "copy").new == 1
    # Somebody looked into the copy, and left what SQLite has beside a database.
    (tmp_path / "copy" / f"{DATABASE}-wal").write_bytes(b"stale")
    second = keep(store, blobs, 2)
    store.apply(store.deliveries()[1].id, Event.CANCEL, at=BEGIN).result()
    assert back_up(folder, tmp_path / "copy") == (2, 2, 1, ())
    store.retire(now=LATE).result()
    assert back_up(folder, tmp_path / "copy") == (2, 1, 0, ())
    assert names(tmp_path / "copy") == {second} != {first}
    assert not (tmp_path / "copy" / f"{DATABASE}-wal").exists()
    store.close()


def test_no_octets_are_deleted_while_they_are_copied(folder: Path) -> None:
    """What the rows of the copy name stays until the copy has it."""
    store, blobs = opened(folder)
    name = keep(store, blobs, 1)
    store.apply(1, Event.CANCEL, at=BEGIN).result()
    with blobs.held():
        store.retire(now=LATE).result()
        assert store.sweep(blobs).result() == 0
        assert blobs.path(name).exists()
    assert store.sweep(blobs).result() == 1
    assert store.sweep(FolderBlobs(folder / "nowhere")).result() == 0
    store.close()


def test_copies_under_load(folder: Path, tmp_path: Path) -> None:
    """While two threads accept, end and delete messages, each copy has all octets that its rows name,
    and every message that was accepted before it began."""
    store, blobs = opened(folder)
    is_over, accepted, numbers = threading.Event(), [0], itertools.count(1)

    def work() -> None:
        while not is_over.is_set():
            number = next(numbers)
            keep(store, blobs, number)
            if number % 2:
                (one,) = store.deliveries(envelope(number).id)
                store.apply(one.id, Event.CANCEL, at=BEGIN).result()
                store.retire(now=LATE).result()
                store.sweep(blobs).result()
            else:
                accepted.append(number)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        while len(accepted) < 5:
            is_over.wait(0.01)
        for place in range(3):
            before = accepted[1:]
            copied = back_up(folder, tmp_path / "copy")
            assert copied.damaged == ()
            again = tmp_path / f"again {place}"
            assert restore(tmp_path / "copy", again).damaged == ()
            copy, octets = opened(again)
            assert inconsistent(copy) == []
            for number in before:
                assert octets.get(copy.envelope(envelope(number).id).blob) == b"%d " % number * 100
            copy.close()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
        store.close()


def test_damaged_octets_are_named(folder: Path, tmp_path: Path) -> None:
    """Those that are gone, and those that are others than their name says; the rest is copied."""
    store, blobs = opened(folder)
    gone, other, whole = (keep(store, blobs, number) for number in range(3))
    store.close()
    blobs.path(gone).unlink()
    blobs.path(other).write_bytes(b"rot")
    copied = back_up(folder, tmp_path / "copy")
    assert copied == (3, 3, 1, tuple(sorted((gone, other))))
    assert names(tmp_path / "copy") == {whole}


def test_nothing_of_somebody_else_is_written_over(folder: Path, tmp_path: Path) -> None:
    """A folder with other files, a store, and a folder that another process copies into are refused."""
    store, blobs = opened(folder)
    keep(store, blobs, 1)
    store.close()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("mine")
    with pytest.raises(OutputError, match="neither empty nor a copy"):
        back_up(folder, tmp_path / "other")
    for inside in (folder, folder / "copy", tmp_path):
        with pytest.raises(OutputError, match="does not lie in the store"):
            back_up(folder, inside)
    back_up(folder, tmp_path / "copy")
    with pytest.raises(OutputError, match="has a store"):
        restore(tmp_path / "copy", folder)
    with pytest.raises(OutputError, match="neither empty"):
        restore(tmp_path / "copy", tmp_path / "other")
    descriptor = os.open(tmp_path / "copy", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="another process"):
        back_up(folder, tmp_path / "copy")
    os.close(descriptor)
    with pytest.raises(SourceError, match="has no store"):
        restore(tmp_path / "nowhere", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_copy_that_was_broken_off_is_begun_anew(folder: Path, tmp_path: Path) -> None:
    """The older copy is whole meanwhile; what was broken off is no copy."""
    store, blobs = opened(folder)
    keep(store, blobs, 1)
    store.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / f".{DATABASE}.part").write_bytes(b"half a database")
    (copy / "blobs").mkdir()
    with pytest.raises(SourceError):
        restore(copy, tmp_path / "again")
    assert back_up(folder, copy).new == 1
    assert not (copy / f".{DATABASE}.part").exists()


def test_a_damaged_database_is_no_copy(folder: Path, tmp_path: Path) -> None:
    """The store that would be made of it is not there."""
    store, blobs = opened(folder)
    keep(store, blobs, 1)
    store.close()
    back_up(folder, tmp_path / "copy")
    path = tmp_path / "copy" / DATABASE
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(SourceError):
        restore(tmp_path / "copy", tmp_path / "again")
    assert not (tmp_path / "again" / DATABASE).exists()
    with pytest.raises(sqlite3.Error):
        SqliteStore(path)
