"""Whose octets are in a folder: nobody deletes another store's, nor starts without his own."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.routed import accepted
from transcode.errors import ConfigError, OutputError
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.retention import DAY, Retention
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.store.backup import back_up, restore
from transcode.relay.store.ownership import Ownership
from transcode.relay.store.tidying import Tidier
from transcode.relay.timers import Timers

HOUR = 3600.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a store."""
    return tmp_path / "store"


@pytest.fixture
def file(folder: Path) -> Iterator[SqliteStore]:
    with contextlib.closing(SqliteStore(folder / "relay.sqlite")) as made:
        yield made


@pytest.fixture
def blobs(folder: Path) -> FolderBlobs:
    return FolderBlobs(folder / "blobs")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SqliteStore]:
    """Another store."""
    with contextlib.closing(SqliteStore(tmp_path / "other" / "relay.sqlite")) as made:
        yield made


def owner(blobs: FolderBlobs) -> Path:
    return Path(blobs.place, "owner")


def copied(source: Path, target: Path) -> SqliteStore:
    """A store with a copy of a database."""
    target.parent.mkdir(parents=True)
    with (
        contextlib.closing(sqlite3.connect(source)) as read,
        contextlib.closing(sqlite3.connect(target)) as to,
    ):
        read.backup(to)
    return SqliteStore(target)


def test_of_two_stores_the_second_one_does_not_start(
    file: SqliteStore, other: SqliteStore, blobs: FolderBlobs
) -> None:
    """It is told what to do, and the first one goes on."""
    for _ in range(2):
        Ownership(file, blobs).claim()
    name = owner(blobs).read_text().partition("\n")[0]
    with pytest.raises(ConfigError, match=f"another store, {name}; .* write the line [0-9a-f]+ into"):
        Ownership(other, blobs).claim()
    assert Ownership(file, blobs).is_proven(BEGIN)
    assert not Ownership(other, blobs).is_proven(BEGIN)


def test_an_empty_database_beside_octets(other: SqliteStore, blobs: FolderBlobs) -> None:
    """They may be all that is left of a store; who says that they are his is believed."""
    blobs.put(b"octets")
    with pytest.raises(ConfigError, match="the database is new") as caught:
        Ownership(other, blobs).claim()
    owner(blobs).write_text(str(caught.value).partition("the line ")[2].partition(" ")[0])
    Ownership(other, blobs).claim()
    assert Ownership(other, blobs).is_proven(BEGIN)


def test_a_disk_that_is_missing(file: SqliteStore, blobs: FolderBlobs, tmp_path: Path) -> None:
    """A centre would say of each of its messages that its octets are gone, and end it."""
    Ownership(file, blobs).claim()
    accepted(file, blob=blobs.put(b"octets"))
    with pytest.raises(ConfigError, match="is a disk missing"):
        Ownership(file, FolderBlobs(tmp_path / "empty")).claim()
    assert not (tmp_path / "empty").exists()


def test_a_store_without_messages_may_move(file: SqliteStore, blobs: FolderBlobs, tmp_path: Path) -> None:
    Ownership(file, blobs).claim()
    Ownership(file, FolderBlobs(tmp_path / "empty")).claim()
    assert Ownership(file, FolderBlobs(tmp_path / "empty")).is_proven(BEGIN)


def test_a_store_of_before(file: SqliteStore, blobs: FolderBlobs) -> None:
    """One that has messages and no name yet is given one."""
    accepted(file, blob=blobs.put(b"octets"))
    Ownership(file, blobs).claim()
    assert Ownership(file, blobs).is_proven(BEGIN)


def test_an_older_copy_of_the_database(
    file: SqliteStore, blobs: FolderBlobs, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It has the same name, and has not heard of the messages since: it deletes nothing."""
    Ownership(file, blobs).claim()
    assert Ownership(file, blobs).is_proven(BEGIN)
    with contextlib.closing(copied(folder / "relay.sqlite", tmp_path / "copy" / "relay.sqlite")) as copy:
        name = blobs.put(b"octets")
        accepted(file, blob=name)
        os.utime(blobs.path(name), (BEGIN, BEGIN))
        for hours in range(1, 30):
            assert Ownership(file, blobs).is_proven(BEGIN + hours * HOUR)
        Ownership(copy, blobs).claim()
        caplog.clear()
        for _ in range(2 * 256):
            tidier(copy, blobs).step(BEGIN + 2 * DAY)
        assert blobs.exists(name)
        assert "an older copy; if none has any more, take the second line out" in caplog.text
        owner(blobs).write_text(owner(blobs).read_text().partition("\n")[0])
        assert Ownership(copy, blobs).is_proven(BEGIN + 2 * DAY)


def tidier(store: SqliteStore, blobs: FolderBlobs) -> Tidier:
    return Tidier(store, blobs, Retention(), Pseudonyms(bytes(32)), Timers())


def test_a_doubt_is_said_once(
    other: SqliteStore, file: SqliteStore, blobs: FolderBlobs, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of another store is deleted, however long nobody looks; all else is done."""
    Ownership(file, blobs).claim()
    name = blobs.put(b"octets")
    os.utime(blobs.path(name), (BEGIN, BEGIN))
    strange = tidier(other, blobs)
    for minute in range(300):
        strange.step(BEGIN + 2 * DAY + 60 * minute)
    assert blobs.exists(name)
    assert [record.getMessage().partition(": ")[2][:24] for record in caplog.records] == [
        "no octets are deleted: t"
    ]


@pytest.mark.parametrize("is_written", [False, True])
def test_a_mark_whose_writer_was_killed(file: SqliteStore, blobs: FolderBlobs, is_written: bool) -> None:
    """Before it stood beside the octets, or behind: the next one goes on."""
    Ownership(file, blobs).claim()
    assert Ownership(file, blobs).is_proven(BEGIN)
    write = blobs.write_owner

    def killed(text: str) -> None:
        if is_written:
            write(text)
        raise OutputError("owner", "killed")

    with mock.patch.object(blobs, "write_owner", killed):
        assert not Ownership(file, blobs).is_proven(BEGIN + HOUR)
    before = owner(blobs).read_text()
    assert Ownership(file, blobs).is_proven(BEGIN + HOUR + 601)
    assert (owner(blobs).read_text() == before) is is_written
    assert Ownership(file, blobs).is_proven(BEGIN + 3 * HOUR)


def test_two_machines_at_once(file: SqliteStore, blobs: FolderBlobs) -> None:
    """One of them writes a mark while the other one is about to."""
    Ownership(file, blobs).claim()
    first, second = Ownership(file, blobs), Ownership(file, blobs)
    write = blobs.write_owner

    def meanwhile(text: str) -> None:
        with mock.patch.object(blobs, "write_owner", write):
            assert second.is_proven(BEGIN)
        write(text)

    with mock.patch.object(blobs, "write_owner", meanwhile):
        assert first.is_proven(BEGIN)
    for one in (first, second):
        assert one.is_proven(BEGIN + 1)
        assert one.is_proven(BEGIN + HOUR)


def test_a_copy_and_a_store_of_it(
    file: SqliteStore, blobs: FolderBlobs, folder: Path, tmp_path: Path
) -> None:
    """The octets of each belong to its database, also those of a copy that is made again."""
    Ownership(file, blobs).claim()
    accepted(file, blob=blobs.put(b"octets"))
    for hours in range(2):
        assert Ownership(file, blobs).is_proven(BEGIN + hours * HOUR)
        back_up(folder, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "again")
    with contextlib.closing(SqliteStore(tmp_path / "again" / "relay.sqlite")) as again:
        own = FolderBlobs(tmp_path / "again" / "blobs")
        Ownership(again, own).claim()
        assert Ownership(again, own).is_proven(BEGIN + 2 * HOUR)
    assert Ownership(file, blobs).is_proven(BEGIN + 2 * HOUR)


def test_a_place_that_does_not_answer(
    file: SqliteStore, blobs: FolderBlobs, caplog: pytest.LogCaptureFixture
) -> None:
    """The centre starts, and deletes nothing."""
    Ownership(file, blobs).claim()
    with mock.patch.object(FolderBlobs, "read_owner", side_effect=OSError("no answer")):
        Ownership(file, blobs).claim()
        assert not Ownership(file, blobs).is_proven(BEGIN)
    assert caplog.text.count("no answer") == 2
