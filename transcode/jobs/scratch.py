"""Folders for the temporary files of processes that may be killed, which then remove nothing themselves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

__all__ = ["Scratch"]

_PREFIX = "transcode-job-"

#: How many folders are made until one can be locked.
_TRIES = 3

#: Where the folders of dead programs were looked for already, by this process.
_looked_through: set[tuple[int, str]] = set()


class Scratch:
    """A folder of one process. Who made it removes it, when the process is dead.

    The maker holds a lock on it (flock), which the system releases when the maker dies. The next maker
    removes folders that no lock protects.

    Attributes:
        path: the folder; empty where the system has no place for temporary files, or none that can be locked.
    """

    def __init__(self) -> None:
        self.path = ""
        self._lock: int | None = None
        # A program that may write nowhere works, as long as no clip needs a file.
        with contextlib.suppress(OSError):
            parent = tempfile.gettempdir()
            if (os.getpid(), parent) not in _looked_through:
                _looked_through.add((os.getpid(), parent))
                _remove_strays(Path(parent))
            for _ in range(_TRIES):
                self.path = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
                self._lock = _locked(self.path)
                if self._lock is not None:
                    break
                # Who removes folders of the dead saw it before it was locked, or nobody can lock here.
                self.close()

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        if self.path:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path = ""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _locked(path: str) -> int | None:
    """A descriptor of a folder with a lock; None where somebody has the lock, or the folder is gone."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        return None
    return folder


def _remove_strays(parent: Path) -> None:
    for path in parent.glob(f"{_PREFIX}*"):
        lock = _locked(str(path))
        if lock is not None:
            if os.fstat(lock).st_uid == os.getuid():
                shutil.rmtree(path, ignore_errors=True)
            os.close(lock)
