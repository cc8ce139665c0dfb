"""The number of processors that the process may use, and the number of threads that one call may have.

Few functions start threads: for tiles of a HEIC, halves of a picture, frames of a clip, and lines of an
interlaced clip. They are a dozen calls below ``fit`` and ``compose``, and no function between needs the
number. So the number is a context variable (``contextvars``), not an argument: a public function sets it for
its duration, and the functions that start threads read it. Two calls in two threads, or in two asyncio
tasks, do not share it. FFmpeg would start a thread for each processor in each filter and conversion; these
get one thread.
"""

from __future__ import annotations

import math
import os
import re
import sys
import threading
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from transcode.errors import LimitsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Token
    from types import TracebackType

__all__ = ["ThreadLimit", "available", "both", "threads"]

#: The most threads of the call; None: one for each processor, and 0: likewise, within a call that may keep
#: their number.
_LIMIT: ContextVar[int | None] = ContextVar("transcode_threads", default=None)

_ROOT = Path("/")

#: An octet in octal digits. The table of mounts writes blanks in this form.
_ESCAPED = re.compile(r"\\([0-7]{3})")
#: A number of microseconds. The numbers of the kernel have 64 bits.
_NUMBER = re.compile(r"[0-9]{1,20}")


class ThreadLimit:
    """A context manager that limits the result of threads().

    Args:
        threads: the most threads; None: the limit of the outer context, by default one for each processor.

    Raises:
        LimitsError: the number is not a whole number of at least 1.
    """

    __slots__ = ("_before", "_threads")

    def __init__(self, threads: int | None) -> None:
        is_number = isinstance(threads, int) and not isinstance(threads, bool)
        if threads is not None and not (is_number and threads >= 1):
            raise LimitsError(f"threads must be a whole number of at least 1, not {threads!r}")
        self._threads = threads
        self._before: Token[int | None] | None = None

    def __enter__(self) -> None:
        self._before = _LIMIT.set(self._threads or _LIMIT.get() or 0)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            _LIMIT.reset(self._before)


def threads(most: int) -> int:
    """Return the number of threads that the call may use.

    Args:
        most: the largest useful number of threads.
    """
    limit = _LIMIT.get()
    if not limit:
        counted = available()
        if limit is not None:
            _LIMIT.set(counted)
        limit = counted
    return min(limit, most)


def both(one: Callable[[], object], other: Callable[[], object]) -> None:
    """Call two functions at the same time, the other one on a thread of its own where one can be had.

    They return once both have ended. An error of either is raised, that of the first if both have one.
    """
    errors: list[BaseException] = []

    def run() -> None:
        try:
            other()
        except BaseException as error:  # noqa: BLE001  (raised below, on the thread of the caller)
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # The process may have no further thread.
        one()
        other()
        return
    try:
        one()
    finally:
        thread.join()
    if errors:
        raise errors[0]


def available(root: Path = _ROOT) -> int:
    """Return the number of processors that the process may use, by its affinity and the quotas of its groups.

    A quota of one and a half processors counts as two processors.

    Args:
        root: the folder in which the files of Linux are, such as ``proc/self/cgroup``.
    """
    return max(1, min([_allowed(), *map(math.ceil, _quotas(root))]))


def _allowed() -> int:
    """Return the number of processors that the process may run on."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """Yield the quotas, in processors, of the control group of the process and of all groups around it.

    Groups of both versions may exist. Sources: cgroups(7), proc_pid_mountinfo(5), the kernel's
    admin-guide/cgroup-v2.rst (``cpu.max``) and scheduler/sched-bwc.rst (``cpu.cfs_quota_us``).
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
        # Version 2 has one hierarchy for all controllers; version 1 has one for each or for a few.
        controller, read = ("", _quota_2) if what[0] == "cgroup2" else ("cpu", _quota_1)
        if controller in own and (what[0] == "cgroup2" or "cpu" in what[2].split(",")):
            top = root / _unescaped(where[4]).lstrip("/")
            for folder in _folders(top, _unescaped(where[3]), own[controller]):
                quota = read(folder)
                if quota is not None:
                    yield quota


def _folders(top: Path, shown: str, group: str) -> list[Path]:
    """Return the folders of a group and of all groups around it, the outermost first.

    Args:
        top: the mount point.
        shown: the path of the group that is mounted there.
        group: the path of the group of the process.
    """
    try:
        inside = PurePosixPath(group).relative_to(shown).parts
    except ValueError:
        inside = ()
    if ".." in inside:
        # The path is relative to a group outside the mount: only the mounted group is known.
        inside = ()
    return [top.joinpath(*inside[:depth]) for depth in range(len(inside) + 1)]


def _quota_2(folder: Path) -> float | None:
    """Return the quota of ``cpu.max``, which has the microseconds of quota and period; ``max``: no limit."""
    try:
        quota, period = (folder / "cpu.max").read_text("ascii").split()
    except (OSError, ValueError):
        return None
    return _share(quota, period)


def _quota_1(folder: Path) -> float | None:
    """Return the quota of version 1, which has two files; -1: no limit."""
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
