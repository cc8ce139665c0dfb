"""How many processors this process may use, and how many threads one call may have of them.

Threads are of use in a few places only: for tiles of a HEIC, frames of a clip, lines of an interlaced one.
These lie a dozen calls below ``fit`` and ``compose``, and nothing between has a use for the number. So it
is no argument of all those functions but a variable of the context (``contextvars``): a public function sets
it for its own duration, and whoever starts threads asks for it. Two calls in two threads, or in two
tasks of asyncio, do not see each other's. What FFmpeg would start of itself, a thread a processor for each
filter and each conversion, is told one thread where it is made.
"""

from __future__ import annotations

import math
import os
import re
import sys
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from transcode.errors import LimitsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextvars import Token
    from types import TracebackType

__all__ = ["ThreadLimit", "available", "threads"]

#: The most threads that the call may have; None: one a processor.
_LIMIT: ContextVar[int | None] = ContextVar("transcode_threads", default=None)

_ROOT = Path("/")

#: An octet in octal digits, as blanks are written in the table of mounts.
_ESCAPED = re.compile(r"\\([0-7]{3})")
#: A number of microseconds. The kernel's have 64 bits.
_NUMBER = re.compile(r"[0-9]{1,20}")


class ThreadLimit:
    """A context manager within which threads() says no more than this.

    Args:
        threads: the most threads; None: as many as outside, which is one a processor unless a call further
            out has a limit.

    Raises:
        LimitsError: the number is no whole one of at least 1.
    """

    __slots__ = ("_before", "_threads")

    def __init__(self, threads: int | None) -> None:
        is_number = isinstance(threads, int) and not isinstance(threads, bool)
        if threads is not None and not (is_number and threads >= 1):
            raise LimitsError(f"threads must be a whole number of at least 1, not {threads!r}")
        self._threads = threads
        self._before: Token[int | None] | None = None

    def __enter__(self) -> None:
        self._before = _LIMIT.set(self._threads or _LIMIT.get())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            _LIMIT.reset(self._before)


def threads(most: int) -> int:
    """How many threads may be at work for this call.

    Args:
        most: how many are of use.
    """
    return min(_LIMIT.get() or available(), most)


def available(root: Path = _ROOT) -> int:
    """Processors that this process may use: those it may run on, and no more than its groups have time for.

    A container with time for one and a half processors has two: a thread and the half of another.

    Args:
        root: what the paths of Linux's files begin with.
    """
    return max(1, min([_allowed(), *map(math.ceil, _quotas(root))]))


def _allowed() -> int:
    """Processors that this process may run on."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """Processors' worth of time that control groups leave: of this process's, and of those around it.

    Sources: cgroups(7), proc_pid_mountinfo(5), the kernel's admin-guide/cgroup-v2.rst (``cpu.max``) and
    scheduler/sched-bwc.rst (``cpu.cfs_quota_us``). There may be groups of both versions.
    """
    try:
        groups = os.fsdecode((root / "proc/self/cgroup").read_bytes())
        mounts = os.fsdecode((root / "proc/self/mountinfo").read_bytes())
    except OSError:
        return
    own: dict[str, str] = {}
    for line in groups.splitlines():
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        own |= dict.fromkeys(controllers.split(","), path)
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        where, what = before.split(" "), after.split(" ")
        if len(where) < 5 or len(what) < 3:
            continue
        # Version 2 is one hierarchy of all controllers, version 1 has one for each, or for a few.
        controller, read = ("", _quota_2) if what[0] == "cgroup2" else ("cpu", _quota_1)
        if controller in own and (what[0] == "cgroup2" or "cpu" in what[2].split(",")):
            top = root / _unescaped(where[4]).lstrip("/")
            for folder in _folders(top, _unescaped(where[3]), own[controller]):
                quota = read(folder)
                if quota is not None:
                    yield quota


def _folders(top: Path, shown: str, group: str) -> list[Path]:
    """The folders of a group and those around it, down from where they are mounted.

    Args:
        top: where they are mounted.
        shown: the group that is to be seen there.
        group: the path of the process's.
    """
    try:
        inside = PurePosixPath(group).relative_to(shown).parts
    except ValueError:
        inside = ()
    if ".." in inside:
        # It is told from another place than what is mounted: what is there is all that is known.
        inside = ()
    return [top.joinpath(*inside[:depth]) for depth in range(len(inside) + 1)]


def _quota_2(folder: Path) -> float | None:
    """What ``cpu.max`` says: microseconds in each period of so many, or ``max`` for no limit."""
    try:
        quota, period = (folder / "cpu.max").read_text("ascii").split()
    except (OSError, ValueError):
        return None
    return _share(quota, period)


def _quota_1(folder: Path) -> float | None:
    """The same of version 1, in two files; -1 for no limit."""
    try:
        quota = (folder / "cpu.cfs_quota_us").read_text("ascii")
        period = (folder / "cpu.cfs_period_us").read_text("ascii")
    except (OSError, ValueError):
        return None
    return _share(quota.strip(), period.strip())


def _share(quota: str, period: str) -> float | None:
    if not (_NUMBER.fullmatch(quota) and _NUMBER.fullmatch(period) and int(quota) and int(period)):
        return None
    return int(quota) / int(period)


def _unescaped(path: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), path)
