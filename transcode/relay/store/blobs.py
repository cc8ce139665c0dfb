"""Octets that are named by their SHA-256: what a centre needs of them, and files that have them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from transcode.errors import OutputError
from transcode.jobs.files import Outputs, reason, sync_folder
from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["OWNER", "Blobs", "FolderBlobs", "checked", "is_name", "locked"]

#: The name of the file, or the object, that says beside the octets whose they are.
OWNER = "owner"
_NAME = re.compile(r"[0-9a-f]{64}")
#: How many names are known to be on the disk: those of a moment ago, which are put again.
_MOST_KNOWN = 4096
#: The seconds for which a file that is put again keeps its time.
_FRESH = 3600.0


class Blobs(Protocol):
    """Where a centre keeps octets. Methods are called by several threads at once, and block.

    Attributes:
        place: where that is, for people.
    """

    place: str

    def put(self, data: bytes | memoryview) -> str:
        """Keep octets and return their name. What is returned is durable; the same octets are kept once.

        Raises:
            OutputError: they can't be written.
        """

    def put_again(self, name: str, data: bytes) -> None:
        """Keep octets that put has named, if they were deleted before a row named them.

        Args:
            name: what put returned for them.
            data: the octets.

        Raises:
            OutputError: they can't be written.
        """

    def get(self, name: str) -> bytes:
        """Return the octets.

        Raises:
            FileNotFoundError: there are none of this name.
            OSError: they can't be read.
        """

    def exists(self, name: str) -> bool:
        """Return whether there are octets of a name.

        Raises:
            OSError: nobody can say.
        """

    def source(self, name: str) -> Path | bytes:
        """Return what a child process is given to read: a path, or the octets where they are no file.

        Raises:
            FileNotFoundError: there are none of this name.
            OSError: they can't be read.
        """

    def old(self, shelf: int, until: float) -> list[str]:
        """Return names of octets that nobody put since a time.

        Args:
            shelf: the first octet of the names, from 0 to 255.
            until: the time, in seconds since 1970. Octets that were put again in the hour behind it may be
                among them.

        Raises:
            OSError: they can't be read.
        """

    def has_any(self) -> bool:
        """Return whether there are any octets; False also where nobody may ask for their names."""

    def read_owner(self) -> str:
        """Return what write_owner wrote last, or ``""``.

        Raises:
            OSError: it can't be read.
        """

    def write_owner(self, text: str) -> None:
        """Write whose the octets are beside them.

        Raises:
            OutputError: it can't be written.
        """

    def deleting(self) -> AbstractContextManager[bool]:
        """Return a context that has whether octets may be deleted in it: nobody copies them."""

    def delete(self, name: str) -> None:
        """Remove the octets, if they are there.

        Raises:
            OSError: they can't be removed.
        """


class FolderBlobs:
    """A folder of octets, in files. What ``put`` returned is durable; the same octets are kept once.

    Args:
        folder: the folder; it is made where it is missing.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self.place = str(self._folder)
        #: Shared by all calls, so that each folder is looked through once for what a dead process left.
        self._looked_through: set[Path] = set()
        #: Folders whose own names are on the disk.
        self._made: set[Path] = set()
        self._known: Recent[str, None] = Recent(_MOST_KNOWN)
        self._lock = threading.Lock()

    def put(self, data: bytes | memoryview) -> str:
        """Keep octets and return their name, when the disk has both file and folder.

        Raises:
            OutputError: the file can't be written.
        """
        octets = bytes(data)
        name = hashlib.sha256(octets).hexdigest()
        path = self.path(name)
        try:
            self._make(path.parent)
            # A file is there whole or not at all. Another call may have named it just now, and not synced
            # its folder yet.
            if not _is_fresh(path):
                Outputs(looked_through=self._looked_through).write({path: octets})
            elif name not in self._known:
                sync_folder(path.parent)
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(str(path), reason(error)) from error
        with self._lock:
            self._known[name] = None
        return name

    def put_again(self, name: str, data: bytes) -> None:
        """Keep octets that put has named, if they were deleted before a row named them.

        Raises:
            OutputError: the file can't be written.
        """
        # Not hashed again: that takes a millisecond for a photo.
        if name not in self._known or not self.path(name).exists():
            self.put(data)

    def _make(self, folder: Path) -> None:
        """Make a folder, and have the disk keep its name and those of the folders above."""
        for one in (self._folder, folder.parent, folder):
            if one not in self._made:
                one.mkdir(parents=True, exist_ok=True)
                sync_folder(one.parent)
                self._made.add(one)

    def get(self, name: str) -> bytes:
        """Return the octets.

        Raises:
            FileNotFoundError: there are none of this name.
        """
        return self.path(name).read_bytes()

    def exists(self, name: str) -> bool:
        """Return whether there are octets of a name."""
        return self.path(name).exists()

    def source(self, name: str) -> Path | bytes:
        """Return what a child process is given to read: the path, or the octets where they are no file."""
        return self.path(name)

    def old(self, shelf: int, until: float) -> list[str]:
        """Return names of octets that nobody put since a time."""
        found = []
        for path in (self._folder / f"{shelf:02x}").glob("??/*"):
            # Somebody may delete it at the same moment.
            with contextlib.suppress(FileNotFoundError):
                if is_name(path.name) and path.stat().st_mtime < until:
                    found.append(path.name)
        return found

    def has_any(self) -> bool:
        """Return whether there are any octets."""
        return any(is_name(path.name) for path in self._folder.glob("??/??/*"))

    def read_owner(self) -> str:
        """Return what write_owner wrote last, or ``""``."""
        try:
            return (self._folder / OWNER).read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def write_owner(self, text: str) -> None:
        """Write whose the octets are beside them, as a whole or not at all.

        Raises:
            OutputError: the file can't be written.
        """
        path = self._folder / OWNER
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            Outputs(looked_through=self._looked_through).write({path: text.encode()})
        except OSError as error:
            raise OutputError(str(path), reason(error)) from error

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep all octets for the time of a ``with`` block, whichever process would delete some."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with locked(self._folder, shared=True, wait=True):
            yield

    @contextlib.contextmanager
    def deleting(self) -> Iterator[bool]:
        """Yield whether octets may be deleted now: nobody holds them."""
        if not self._folder.exists():
            yield True
            return
        with locked(self._folder) as is_free:
            yield is_free

    def delete(self, name: str) -> None:
        """Remove the octets, if they are there."""
        with self._lock:
            self._known.pop(name, None)
        with contextlib.suppress(FileNotFoundError):
            self.path(name).unlink()

    def path(self, name: str) -> Path:
        """Return the path of octets, whether they are there or not.

        Raises:
            ValueError: the name is not 64 hexadecimal digits.
        """
        checked(name)
        return self._folder / name[:2] / name[2:4] / name


def _is_fresh(path: Path) -> bool:
    """Return whether a file is there; it is then as one that was written within the hour."""
    try:
        if path.stat().st_mtime < time.time() - _FRESH:
            os.utime(path)
    except FileNotFoundError:
        return False
    return True


def is_name(text: str) -> bool:
    """Return whether a text is a name of octets: 64 hexadecimal digits."""
    return _NAME.fullmatch(text) is not None


def checked(name: str) -> str:
    """Return the name of octets.

    Raises:
        ValueError: it is not 64 hexadecimal digits.
    """
    if not is_name(name):
        raise ValueError(f"{name!r} is not a SHA-256 in hexadecimal")
    return name


@contextlib.contextmanager
def locked(folder: Path, *, shared: bool = False, wait: bool = False) -> Iterator[bool]:
    """Lock a folder; yield whether that was possible. The system releases the lock of a process that dies."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
            has = True
        except BlockingIOError:
            has = False
        yield has
    finally:
        os.close(descriptor)
