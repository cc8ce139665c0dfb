"""Jobs of somebody else's worker, each done in a child of it that may be killed.

A function that dies or hangs in a worker of an executor takes the worker with it, and other jobs with the
worker. Here a child dies. All threads of a process share its children, at most one a processor; idle children
end after half a minute.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar, cast

from transcode.jobs import processors
from transcode.jobs.isolated import Isolated
from transcode.jobs.process import can_start

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.jobs.job_limits import JobLimits

__all__ = ["in_child"]

_T = TypeVar("_T")

#: Seconds after which idle children are ended.
_MAX_IDLE = 30.0
#: Jobs after which a child is replaced: what decoders keep does not add up.
_MAX_JOBS = 200

#: The children by process and limits: what a fork inherits is its parent's, and never touched.
_pools: dict[tuple[int, JobLimits], Isolated] = {}
_lock = threading.Lock()


def in_child(function: Callable[[], _T], limits: JobLimits) -> _T:
    """Call a function in a child of this process.

    Where no Python can be started, as in a frozen program, it is called in this process.

    Args:
        function: is pickled, as is its result.
        limits: what the call may take.

    Raises:
        JobLost: the function ended its process, or took more than it may.
        ChildProcessError: the system starts no child.
        BaseException: what the function raised.
    """
    if not can_start():
        return function()
    return cast("_T", _pool(limits).submit(function).result())


def _pool(limits: JobLimits) -> Isolated:
    key = (os.getpid(), limits)
    with _lock:
        found = _pools.get(key)
        if found is None or found.is_closed:
            found = _pools[key] = Isolated(
                processors.available(),
                limits=limits,
                max_jobs=_MAX_JOBS,
                max_idle_seconds=_MAX_IDLE,
                may_fork=False,
            )
        return found


def _renew_lock() -> None:
    # A thread that is not in the fork may have held it.
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)
