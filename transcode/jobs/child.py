"""A process of jobs as its parent sees it, and the futures of its jobs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transcode.jobs.scratch import Scratch
from transcode.jobs.worker import LENGTH, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcode.jobs.job_limits import JobLimits
    from transcode.jobs.process import Process

__all__ = ["Child", "JobFuture", "Task", "died"]

#: Seconds in which a process has to become ready. A tenth of a second is usual; a busy machine takes longer.
_MAX_START = 120.0

#: Octets that one read takes, and the size that a pipe is set to.
PIPE = 1 << 20


class JobFuture(Future[Any]):
    """The future of a job that can be cancelled at any time: the process that does it is ended.

    Attributes:
        begun: seconds of the monotonic clock at which a process was given the job, the last time; None: none.
        process: the number of that process.
    """

    def __init__(self) -> None:
        super().__init__()
        self.begun: float | None = None
        self.process: int | None = None

    def running(self) -> bool:
        """Whether a process does the job. It can be cancelled all the same."""
        return self.begun is not None and not self.done()

    def finish(self, value: object = None, error: BaseException | None = None) -> None:
        """Set the result or the error; of a job that was cancelled, tell those who wait. Called once."""
        if not self.set_running_or_notify_cancel():
            return
        if error is None:
            self.set_result(value)
        else:
            self.set_exception(error)


@dataclass(eq=False)
class Task:
    """A job.

    Attributes:
        payload: the octets that are sent.
        future: what was given for it.
        deadline: seconds of the monotonic clock by which it is to be done, its wait included; None: any time.
        tries: how many processes died of it.
        number: how many jobs were submitted before it.
        turn: the job waits, once a process died of it, for those with a smaller number.
    """

    payload: bytes
    future: JobFuture
    deadline: float | None = None
    tries: int = 0
    number: int = 0
    turn: int = 0


class Child:
    """A process as its parent sees it.

    Args:
        begin: starts it.
        limits: what each job may take.
        first: a job that it does before it is ready, as octets; empty: none.

    Raises:
        OSError, RuntimeError: there is no process.

    Attributes:
        process: the child.
        jobs, results: descriptors to write to and to read from, neither of which blocks.
        task: the job in work, or None.
        jobs_done: number of jobs that it was given.
        outgoing: octets of the job that the pipe had no room for.
        deadline: seconds of the monotonic clock by which the process is to be ready, or done; None: no limit.
        awaited: number of answers until it is ready.
        is_closed: whether its pipe of results has ended.
        is_overdue: whether it was given up.
        is_retiring: whether it is to be replaced by one that is being started.
        is_last: whether it is replaced, and ends with its job.
    """

    def __init__(self, begin: Callable[[Terms], Process], limits: JobLimits, *, first: bytes) -> None:
        self.task: Task | None = None
        self.jobs_done = 0
        self.outgoing = memoryview(_frame(first) if first else b"")
        self._incoming = bytearray()
        self.deadline: float | None = time.monotonic() + _MAX_START
        self.awaited = 2 if first else 1
        self.is_closed = self.is_overdue = self.is_retiring = self.is_last = False
        self._scratch = Scratch()
        theirs_jobs, self.jobs = os.pipe()
        self.results, theirs_results = os.pipe()
        terms = Terms(
            os.getpid(),
            theirs_jobs,
            theirs_results,
            limits.max_cpu_seconds or 0,
            limits.max_memory or 0,
            limits.max_output or 0,
            {False: 0, None: 1, True: 2}[limits.confine],
            self._scratch.path,
        )
        try:
            self.process = begin(terms)
        except BaseException:
            os.close(self.jobs)
            os.close(self.results)
            self._scratch.close()
            raise
        finally:
            os.close(theirs_jobs)
            os.close(theirs_results)
        for end in (self.jobs, self.results):
            os.set_blocking(end, False)
            with contextlib.suppress(OSError, ImportError, AttributeError):
                import fcntl

                fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE)

    @property
    def is_ready(self) -> bool:
        """Whether the process has said that it is ready."""
        return self.awaited == 0

    @property
    def is_idle(self) -> bool:
        """Whether it can be given a job."""
        return self.is_ready and self.task is None and not self.is_last

    def give(self, task: Task, deadline: float | None) -> None:
        self.task, self.deadline = task, deadline
        self.jobs_done += 1
        self.outgoing = memoryview(_frame(task.payload))
        task.future.begun, task.future.process = time.monotonic(), self.process.pid

    def feed(self) -> None:
        """Write as many octets as the pipe takes."""
        try:
            while self.outgoing:
                self.outgoing = self.outgoing[os.write(self.jobs, self.outgoing) :]
        except BlockingIOError:
            pass
        except OSError:
            # The process is dead; the other pipe tells.
            self.outgoing = memoryview(b"")

    def answers(self) -> Iterator[bytes]:
        """The complete answers that have come in since the last call."""
        try:
            while piece := os.read(self.results, PIPE):
                self._incoming += piece
            self.is_closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_closed = True
        while len(self._incoming) >= LENGTH:
            end = LENGTH + int.from_bytes(self._incoming[:LENGTH])
            if len(self._incoming) < end:
                return
            with memoryview(self._incoming) as whole:
                answer = bytes(whole[LENGTH:end])
            del self._incoming[:end]
            yield answer

    def end(self) -> int:
        """Kill the process, if it is alive. Gives its exit status, or below 0 the signal that it died of."""
        os.close(self.jobs)
        os.close(self.results)
        # A process that is dying already keeps its status.
        self.process.kill()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            # A process that hangs in the kernel can't be ended.
            return -signal.SIGKILL
        finally:
            self._scratch.close()


def _frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(LENGTH) + payload


def died(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"died (exit status {status})"
    try:
        return f"died ({signal.Signals(-status).name})"
    except ValueError:
        return f"died (signal {-status})"
