"""Octets in files that are named by their SHA-256."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest

from transcode.errors import OutputError
from transcode.jobs.files import sync_folder
from transcode.relay.store import FolderBlobs
from transcode.relay.store import blobs as module


def test_put_and_get(blobs: FolderBlobs, tmp_path: Path) -> None:
    name = blobs.put(memoryview(b"octets"))
    assert name == hashlib.sha256(b"octets").hexdigest()
    assert blobs.path(name) == tmp_path / "blobs" / name[:2] / name[2:4] / name
    assert blobs.get(name) == b"octets"
    assert blobs.put(b"") == hashlib.sha256(b"").hexdigest()


def test_the_same_octets_are_kept_once(blobs: FolderBlobs) -> None:
    """A file that is there is left alone."""
    name = blobs.put(b"octets")
    before = blobs.path(name).stat()
    assert blobs.put(b"octets") == name
    assert blobs.path(name).stat() == before


def aged(blobs: FolderBlobs, octets: bytes, at: float) -> str:
    """Octets that were put at a time."""
    name = blobs.put(octets)
    os.utime(blobs.path(name), (at, at))
    return name


def test_old_octets(blobs: FolderBlobs) -> None:
    """Old octets are found by the first octet of their names and by when they were put last."""
    assert blobs.old(0, 1e10) == []
    name = aged(blobs, b"octets", 1000.0)
    shelf = int(name[:2], 16)
    blobs.path(name).with_name(".part").touch()
    assert blobs.old(shelf, 1000.5) == [name]
    assert blobs.old(shelf, 999.5) == []
    assert blobs.old((shelf + 1) % 256, 1e10) == []


def test_octets_that_are_put_again_are_new(blobs: FolderBlobs) -> None:
    """Who puts them is about to write a row that names them."""
    name = aged(blobs, b"octets", 1000.0)
    before = blobs.path(name).stat().st_ino
    assert blobs.put(b"octets") == name
    assert blobs.old(int(name[:2], 16), time.time() - 7200) == []
    assert blobs.path(name).stat().st_ino == before


def test_delete(blobs: FolderBlobs) -> None:
    name = blobs.put(b"octets")
    blobs.delete(name)
    blobs.delete(name)
    with pytest.raises(FileNotFoundError):
        blobs.get(name)
    assert blobs.put(b"octets") == name
    assert blobs.get(name) == b"octets"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_no_other_names(blobs: FolderBlobs, name: str) -> None:
    """A name from outside leads nowhere else."""
    for call in (blobs.get, blobs.delete, blobs.path):
        with pytest.raises(ValueError, match="SHA-256"):
            call(name)


def synced(blobs: FolderBlobs, octets: bytes) -> list[Path]:
    """The folders that are synced for the names in them while octets are put."""
    with mock.patch.object(module, "sync_folder", wraps=sync_folder) as sync:
        blobs.put(octets)
    return [call.args[0] for call in sync.call_args_list]


def test_folders_are_on_the_disk(blobs: FolderBlobs, tmp_path: Path) -> None:
    """Each folder above a file is synced into the one above it, once."""
    name = hashlib.sha256(b"octets").hexdigest()
    root = tmp_path / "blobs"
    assert synced(blobs, b"octets") == [tmp_path, root, root / name[:2]]
    assert synced(blobs, b"octets") == []


def test_what_another_process_wrote_is_synced(blobs: FolderBlobs, tmp_path: Path) -> None:
    """A file is there before its folder is synced, so who finds one syncs the folder."""
    name = blobs.put(b"octets")
    other = FolderBlobs(tmp_path / "blobs")
    assert synced(other, b"octets")[-1] == blobs.path(name).parent
    assert synced(other, b"octets") == []
    other.delete(name)
    blobs.delete(name)
    blobs.put(b"octets")
    assert synced(other, b"octets") == [blobs.path(name).parent]


def test_many_at_once(blobs: FolderBlobs) -> None:
    """Threads that put the same and other octets write whole files, and leave nothing else."""
    words = [b"%d" % (number % 10) * 50_000 for number in range(80)]
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(blobs.put, words))
    for name, octets in zip(names, words, strict=True):
        assert blobs.get(name) == octets
    folder = blobs.path(names[0]).parents[2]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 10


@pytest.mark.parametrize("call", ["fsync", "write", "open"])
def test_full_disk(blobs: FolderBlobs, call: str) -> None:
    """Octets that can't be written are named, and nothing is left under their name."""
    full = mock.patch.object(os, call, side_effect=OSError(errno.ENOSPC, "No space left on device"))
    with full, pytest.raises(OutputError, match=r"[0-9a-f]{64}: no space left on device"):
        blobs.put(b"octets")
    name = hashlib.sha256(b"octets").hexdigest()
    assert not blobs.path(name).exists()
    assert blobs.put(b"octets") == name
    assert blobs.get(name) == b"octets"


def test_known_names_are_few(tmp_path: Path) -> None:
    """The names that are known to be on the disk do not grow for ever."""
    with mock.patch.object(module, "_MOST_KNOWN", 2):
        blobs = FolderBlobs(tmp_path / "blobs")
    for number in range(5):
        blobs.put(b"%d" % number)
    assert len(blobs._known) == 2


def test_octets_are_put_again(blobs: FolderBlobs, tmp_path: Path) -> None:
    """They are put again where a sweep deleted them meanwhile; else they are not even hashed."""
    name = blobs.put(b"octets")
    with mock.patch.object(hashlib, "sha256") as hashed:
        blobs.put_again(name, b"octets")
        assert not hashed.called
    blobs.delete(name)
    blobs.put_again(name, b"octets")
    assert blobs.get(name) == b"octets"
    blobs.path(name).unlink()
    blobs.put_again(name, b"octets")
    assert blobs.get(name) == b"octets"
    assert synced(FolderBlobs(tmp_path / "blobs"), b"octets")
