"""Two ways to start a process for jobs: a fork, where that is safe, or an interpreter of its own."""

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

    from transcode.jobs.worker import Terms

#: The program of a process. Arguments: the fields of Terms, and the folders of modules.
_CODE = """\
import sys
sys.path[:] = sys.argv[9:]
from transcode.jobs.worker import Terms, main
main(Terms.of(sys.argv[1:9]))
"""

#: The threads of the current process, as the system counts them.
_THREADS = Path("/proc/self/task")


class Process(Protocol):
    """A child, as ``subprocess`` shows one."""

    @property
    def pid(self) -> int:
        """The number of the process."""

    def poll(self) -> int | None:
        """The exit status of a process that has ended; below 0 the signal that ended it."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and give the status; raises TimeoutExpired."""

    def kill(self) -> None:
        """End the process."""


def start(terms: Terms) -> Process:
    """Start a process with the interpreter and the modules of the current one.

    Args:
        terms: what the process is told.

    Raises:
        OSError: the system refuses.
        RuntimeError: there is no interpreter that could be started.
    """
    # The child reads its environment and decodes names as the current process does.
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return subprocess.Popen(  # noqa: S603  (the current interpreter)
        [
            *(_python(), *flags, "-c", _CODE, *map(str, terms)),
            *(path for path in sys.path if isinstance(path, str)),
        ],
        stdin=subprocess.DEVNULL,
        pass_fds=(terms.jobs, terms.results),
    )


def can_start() -> bool:
    """Whether there is an interpreter that start() could start."""
    try:
        _python()
    except RuntimeError:
        return False
    return True


def _python() -> str:
    """The path of the interpreter; where another program embeds Python, not that program's."""
    if getattr(sys, "frozen", False):
        raise RuntimeError("a frozen program has no Python to start; give an executor")
    beside = Path(sys.exec_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    for path in (Path(sys.executable or ""), beside, beside.with_name("python3")):
        if ("python" in path.name or "pypy" in path.name) and os.access(path, os.X_OK):
            return str(path)
    raise RuntimeError("no Python was found that could be started; give an executor")


def alone_in_here() -> bool:
    """Whether the process has one thread, those of libraries counted: in a fork others' locks stay shut."""
    try:
        return len(list(_THREADS.iterdir())) == 1
    except OSError:
        return False


def fork(terms: Terms) -> Process:
    """Fork a process. It drops the parent's signal handlers, and never returns into the parent's code.

    Args:
        terms: as for start().

    Raises:
        OSError: the system refuses.
    """
    # No handler of the parent may run in the child: signals are blocked until the child has none.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        number = os.fork()
        if number == 0:
            _be_child(terms)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _Forked(number)


def _be_child(terms: Terms) -> NoReturn:
    try:
        # Objects of the parent are not finalized in the child.
        gc.freeze()
        signal.set_wakeup_fd(-1)
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        worker.main(terms)
    finally:
        os._exit(0)


class _Forked:
    """A forked child."""

    def __init__(self, number: int) -> None:
        self.pid = number
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            try:
                number, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                # Other code has taken the status already.
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
            os.kill(self.pid, signal.SIGKILL)
