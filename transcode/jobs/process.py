"""Two ways to have a process that works on jobs: forked where that is safe, and started afresh anywhere."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from transcode.jobs import worker

if TYPE_CHECKING:
    from typing import NoReturn

#: What a process is started with: its parent, two descriptors, a limit, and where modules are found.
_CODE = """\
import sys
sys.path[:] = sys.argv[5:]
from transcode.jobs.worker import main
main(*map(int, sys.argv[1:4]), float(sys.argv[4]))
"""

#: The threads of this process, as the system counts them.
_THREADS = Path("/proc/self/task")


class Process(Protocol):
    """A child, as ``subprocess`` shows one."""

    def poll(self) -> int | None:
        """Its status, if it has ended: below 0 the signal that ended it."""

    def wait(self, timeout: float | None = None) -> int:
        """The same when it has ended, or TimeoutExpired."""

    def kill(self) -> None:
        """End it."""


def start(jobs: int, results: int, max_cpu_seconds: float) -> Process:
    """Start a process afresh, with the interpreter and the modules of this one.

    Args:
        jobs, results: descriptors that it reads from and writes to.
        max_cpu_seconds: as for the worker.

    Raises:
        OSError: the system can't.
        RuntimeError: there is no interpreter that could be started.
    """
    numbers = (str(os.getpid()), str(jobs), str(results), repr(max_cpu_seconds))
    # What it takes of its environment, and how it decodes names, is as here.
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return subprocess.Popen(  # noqa: S603  (our own interpreter)
        [_python(), *flags, "-c", _CODE, *numbers, *(path for path in sys.path if isinstance(path, str))],
        stdin=subprocess.DEVNULL,
        pass_fds=(jobs, results),
    )


def _python() -> str:
    """The interpreter; where Python is a guest of another program, not that one."""
    if getattr(sys, "frozen", False):
        raise RuntimeError("a frozen program has no Python to start; give an executor")
    beside = Path(sys.exec_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    for path in (Path(sys.executable or ""), beside, beside.with_name("python3")):
        if ("python" in path.name or "pypy" in path.name) and os.access(path, os.X_OK):
            return str(path)
    raise RuntimeError("no Python was found that could be started; give an executor")


def alone_in_here() -> bool:
    """Whether this process has one thread, libraries' own counted: locks of others stay shut in a fork."""
    try:
        return len(list(_THREADS.iterdir())) == 1
    except OSError:
        return False


def fork(jobs: int, results: int, max_cpu_seconds: float) -> Process:
    """Fork a process. It forgets the handlers of this one, and never returns into its code.

    Args:
        jobs, results: descriptors that it reads from and writes to.
        max_cpu_seconds: as for the worker.

    Raises:
        OSError: the system can't.
    """
    parent = os.getpid()
    # No handler of the parent's may run in the child: signals wait until it has none.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        number = os.fork()
        if number == 0:
            _be_child(parent, jobs, results, max_cpu_seconds)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _Forked(number)


def _be_child(parent: int, jobs: int, results: int, max_cpu_seconds: float) -> NoReturn:
    try:
        # What the parent would clean up is not cleaned up here.
        gc.freeze()
        signal.set_wakeup_fd(-1)
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        worker.main(parent, jobs, results, max_cpu_seconds)
    finally:
        os._exit(0)


class _Forked:
    """A child that was forked."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            try:
                number, status = os.waitpid(self._number, os.WNOHANG)
            except ChildProcessError:
                # Somebody else has asked for it.
                self._status = 0
            else:
                self._status = os.waitstatus_to_exitcode(status) if number else None
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("fork", timeout or 0)
            time.sleep(0.001)
        return status

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self._number, signal.SIGKILL)
