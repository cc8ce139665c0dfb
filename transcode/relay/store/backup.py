"""A copy of a store, made while the message centre runs, and a store made of a copy.

The database is copied first, as of one moment, then the octets that its rows name. Octets never change, and
none are deleted while they are copied, so the copy has all that its rows need. A copy that is made again into
the same folder takes only the octets that are new.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import OutputError, SourceError
from transcode.jobs.files import reason, sync_folder
from transcode.relay.store.blobs import FolderBlobs, locked
from transcode.relay.store.ownership import owner_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BLOBS", "DATABASE", "Copied", "back_up", "restore"]

#: The names of database and octets in the folder of a store, and of a copy.
DATABASE, BLOBS = "relay.sqlite", "blobs"
#: What SQLite has beside a database.
_ENDS = ("-wal", "-shm", "-journal")
_BESIDE = tuple(f"{DATABASE}{end}" for end in _ENDS)
#: The new database of a copy that is being made.
_PART = f".{DATABASE}.part"
_NAMED = "SELECT blob FROM message WHERE kept=1 UNION SELECT blob FROM adapted ORDER BY blob"


class Copied(NamedTuple):
    """What was copied.

    Attributes:
        messages: the messages in the copy.
        files: the octets that its rows name, in files.
        new: how many of these were not in the folder before.
        damaged: the names of octets that are missing, or are others than their name says.
    """

    messages: int
    files: int
    new: int
    damaged: tuple[str, ...]


def back_up(store: Path, folder: Path) -> Copied:
    """Copy a store, of which a centre may run, to a folder. An older copy is replaced by a whole one.

    Args:
        store: the folder of the store.
        folder: the folder of the copy; it is made where it is missing.

    Raises:
        OutputError: the folder is neither empty nor a copy, lies in the store, or can't be written.
        SourceError: there is no database, or one that can't be read.
    """
    source, target = store.resolve(), folder.resolve()
    if source == target or source in target.parents or target in source.parents:
        raise OutputError(str(folder), "a copy does not lie in the store, nor the store in a copy")
    if not (folder / DATABASE).exists():
        _require_empty(folder)
    return _copied(store, folder)


def restore(folder: Path, store: Path) -> Copied:
    """Make a store of a copy. No centre may run on it meanwhile.

    Args:
        folder: the copy.
        store: the folder of the store; it is empty or not there.

    Raises:
        OutputError: the store's folder is not empty, or can't be written.
        SourceError: the copy has no database, or one that is damaged.
    """
    if (store / DATABASE).exists():
        raise OutputError(str(store), "has a store, which is not written over")
    _require_empty(store)
    return _copied(folder, store)


def _copied(source: Path, target: Path) -> Copied:
    if not (source / DATABASE).exists():
        raise SourceError(str(source), "has no store, nor a copy of one")
    part = target / _PART
    with contextlib.ExitStack() as locks:
        try:
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not locks.enter_context(locked(target)):
                raise OutputError(str(target), "another process copies into this folder")
            locks.enter_context(FolderBlobs(source / BLOBS).held())
            messages, names, owner = _database(source / DATABASE, part)
            new, damaged = _octets(FolderBlobs(source / BLOBS), FolderBlobs(target / BLOBS), names)
            for path in sorted(source.iterdir()):
                if path.name not in (DATABASE, BLOBS, *_BESIDE):
                    _other(path, target / path.name)
            # Of who looked into the older copy; SQLite would take them for changes of the new one.
            for name in _BESIDE:
                (target / name).unlink(missing_ok=True)
            # The last step: a folder without a database is neither a store nor a copy.
            part.replace(target / DATABASE)
            sync_folder(target)
            if owner:
                FolderBlobs(target / BLOBS).write_owner(owner)
            kept = set(names)
            for path in (target / BLOBS).glob("??/??/*"):
                if path.name not in kept:
                    path.unlink()
        except (OutputError, SourceError):
            raise
        except OSError as error:
            raise OutputError(str(error.filename or target), reason(error)) from error
    return Copied(messages, len(names), new, damaged)


def _require_empty(folder: Path) -> None:
    """Refuse a folder of somebody else. What a copy left that was broken off is none."""
    if (folder / _PART).exists() or not folder.exists():
        return
    try:
        # The root of a file system has the one entry.
        is_empty = {path.name for path in folder.iterdir()} <= {"lost+found"}
    except OSError as error:
        raise OutputError(str(folder), reason(error)) from error
    if not is_empty:
        raise OutputError(str(folder), "is neither empty nor a copy of a store")


def _database(source: Path, target: Path) -> tuple[int, list[str], str]:
    """Copy a database as it is at one moment.

    Returns:
        The number of its messages, the octets that its rows name, and what is to stand beside them.
    """
    for path in (target, *(target.with_name(f"{target.name}{end}") for end in _ENDS)):
        path.unlink(missing_ok=True)
    try:
        with (
            contextlib.closing(sqlite3.connect(source, timeout=30)) as read,
            contextlib.closing(sqlite3.connect(target)) as written,
        ):
            # In one step: smaller ones begin anew whenever somebody writes. Nobody waits for it: in WAL,
            # who reads keeps nobody from writing.
            read.backup(written, pages=-1)
            # One file, without the two beside it.
            written.execute("PRAGMA journal_mode=DELETE")
            if written.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
                raise SourceError(str(source), "the database is damaged")
            (messages,) = written.execute("SELECT count(*) FROM message").fetchone()
            names = [name for (name,) in written.execute(_NAMED)]
            owner = owner_of(written)
    except sqlite3.Error as error:
        raise SourceError(str(source), str(error)) from error
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return messages, names, owner


def _octets(source: FolderBlobs, target: FolderBlobs, names: list[str]) -> tuple[int, tuple[str, ...]]:
    """Copy octets; return how many were new, and the names of those that are damaged."""
    new, damaged = 0, []
    for name in names:
        if target.path(name).exists():
            continue
        try:
            octets = source.get(name)
        except FileNotFoundError:
            damaged.append(name)
            continue
        if hashlib.sha256(octets).hexdigest() == name:
            target.put(octets)
            new += 1
        else:
            damaged.append(name)
    return new, tuple(damaged)


def _other(source: Path, target: Path) -> None:
    """Copy what else lies in a store: documents of phones, and keys. Hidden files are being written."""
    if source.name.startswith("."):
        return
    if source.is_dir():
        target.mkdir(exist_ok=True)
        for path in sorted(source.iterdir()):
            _other(path, target / path.name)
        sync_folder(target)
        return
    part = target.with_name(f".{target.name}.part")
    # With its rights: a key is the owner's alone.
    shutil.copy2(source, part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
