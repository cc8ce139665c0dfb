"""Which files of a folder are whole: others may still be on their way into it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import signal
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Arrivals", "is_temporary", "is_written"]

#: Endings that browsers, downloaders and copying programs give to files that are not whole yet.
_UNFINISHED = (
    *(".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart", ".aria2"),
    *(".tmp", ".temp", ".!ut", ".!qb", ".bc!"),
)
#: Names of files in work: hidden ones, as of rsync and Syncthing, and those of editors and offices.
_IN_WORK = re.compile(r"\.|~\$|~syncthing~|.*~$", re.DOTALL)

_NANO = 1_000_000_000


def is_temporary(name: str) -> bool:
    """Whether a name is one that programs give to a file until it is whole."""
    return _IN_WORK.match(name) is not None or name.casefold().endswith(_UNFINISHED)


def is_written(path: Path) -> bool:
    """Whether somebody has a file open to write it. False also where the system does not say."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # A lease is granted when nobody writes. Who wants to write now waits until it is given back. The
        # signal by which the system asks for it would end the process: it is another one, which does nothing.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    except AttributeError:
        return False
    finally:
        os.close(descriptor)
    return False


def _status(path: Path) -> os.stat_result | None:
    """What is at a path; of a link to nothing the link. None: it is gone, or can't be looked at."""
    for look in (path.stat, path.lstat):
        with contextlib.suppress(OSError, ValueError):
            return look()
    return None


class _Seen(NamedTuple):
    """How a file was, and when it was first seen so, in seconds of a clock that never goes back."""

    state: tuple[int, int, int, int]
    since: float


class Arrivals:
    """Files that are not whole yet.

    A file is whole when its size and its times have stood for a while, and nobody has it open to write it. A
    file that is empty, or that has a part of itself beside it (``a.jpg.part``), is not.

    Args:
        settle: the seconds for which a file must stand.
        clock: the seconds of a clock that never goes back.
        wall: nanoseconds since 1970.
        is_written: whether somebody writes a file.
    """

    def __init__(
        self,
        settle: float,
        clock: Callable[[], float],
        wall: Callable[[], int],
        is_written: Callable[[Path], bool] = is_written,
    ) -> None:
        self._settle = settle
        self._clock, self._wall = clock, wall
        self._is_written = is_written
        self._waiting: dict[Path, _Seen] = {}

    def begin(self) -> None:
        """Begin a look at all files: those that are gone are forgotten after it."""
        self._before, self._waiting = self._waiting, {}

    @property
    def is_waiting(self) -> bool:
        """Whether a file of the last look is not whole."""
        return bool(self._waiting)

    def is_whole(self, path: Path) -> bool:
        """Whether a file is whole; one that is not is remembered."""
        if is_temporary(path.name):
            return False
        found = _status(path)
        if found is None:
            # Whoever reads it says why.
            return True
        state = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        now = self._clock()
        seen = self._before.get(path)
        if seen is None or seen.state != state:
            seen = _Seen(state, now)
        if self._has_stood(found, seen, now) and (
            not stat.S_ISREG(found.st_mode) or (found.st_size and not self._is_partial(path))
        ):
            return True
        self._waiting[path] = seen
        return False

    def _has_stood(self, found: os.stat_result, seen: _Seen, now: float) -> bool:
        # The time of change is the system's: no copying program sets it back. That of a server with another
        # clock may lie ahead.
        age = self._wall() - found.st_ctime_ns
        return age >= self._settle * _NANO or now - seen.since >= self._settle

    def _is_partial(self, path: Path) -> bool:
        with contextlib.suppress(OSError, ValueError):
            if any(path.with_name(path.name + ending).exists() for ending in _UNFINISHED):
                return True
        return self._is_written(path)
