"""An executor with processes of its own: one that crashes, hangs or is killed costs no other job.

It has the interface of ``concurrent.futures``. Its processes have none of the caller's threads, locks
and handlers, need no ``if __name__ == "__main__"``, and start where ``multiprocessing`` starts none, as
in a worker of Celery. Each process has its own pipes, so the job of a process that dies is known. That job
alone is tried again, by itself. The kernel ends all processes when the caller's process ends.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transcode.counted import counted
from transcode.jobs.job_limits import JobLimits, JobLost
from transcode.jobs.process import alone_in_here, fork, start
from transcode.jobs.worker import LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcode.jobs.process import Process

__all__ = ["Isolated", "JobLost"]

#: How many times a job is tried whose process crashes. The first crash may have been another job's fault.
_TRIES_CRASHED = 2
#: How many times a job is tried whose process was ended from outside, or for want of memory.
_TRIES_KILLED = 3
_CRASHES = frozenset((signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE))

#: Number of processes in a row that ended before they were ready, after which no process is started.
_MOST_STILLBORN = 5
#: Seconds in which a process has to become ready. A tenth of a second is usual; a busy machine takes longer.
_MAX_START = 120.0
#: Seconds between two checks that processes are alive, should their pipes not tell.
_LOOK = 1.0

_NO_LIMITS = JobLimits(max_cpu_seconds=None, max_seconds=None, max_memory=None)

#: Octets that one read takes, and the size that a pipe is set to.
_PIPE = 1 << 20


@dataclass(eq=False)
class _Task:
    """A job: the octets that are sent, and the future that was given."""

    payload: bytes
    future: Future[Any] = field(default_factory=Future)
    tries: int = 0


class Isolated(Executor):
    """An executor of processes that do one job at a time each, and may be killed.

    A job whose process dies is tried again while no other job runs. Where that fails, its future raises
    JobLost. Functions, arguments and results are pickled.

    Args:
        workers: the largest number of processes.
        limits: what each job may take.
        max_jobs: jobs after which a process is replaced by a new one; None: any number.
        max_idle_seconds: seconds without a job after which all processes are ended; the next job starts one.
            None: no limit.
        may_fork: whether a process may be a fork of the caller's, as is quicker. What the caller has open is
            then open in it too.
    """

    def __init__(
        self,
        workers: int,
        *,
        limits: JobLimits = _NO_LIMITS,
        max_jobs: int | None = None,
        max_idle_seconds: float | None = None,
        may_fork: bool = True,
    ) -> None:
        self._size = max(1, workers)
        self._limits = limits
        self._max_jobs = max_jobs
        self._max_idle_seconds = max_idle_seconds
        self._lock = threading.Lock()
        #: Jobs that no process has begun, and jobs whose process died.
        self._waiting: deque[_Task] = deque()
        self._suspects: deque[_Task] = deque()
        self._children: list[_Child] = []
        self._stillborn = 0
        self._start_after = self._looked = 0.0
        self._busy_at = time.monotonic()
        self._is_closed = self._is_killed = False
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        # A forked process is at work a tenth of a second sooner. Later a thread runs here: no more forks.
        with contextlib.suppress(OSError):
            while may_fork and len(self._children) < self._size and alone_in_here():
                self._admit(_Child(self._limits, fork))
        self._thread = threading.Thread(target=self._serve, name="transcode-jobs", daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether no further jobs are taken."""
        return self._is_closed

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a function called in a process.

        Raises:
            RuntimeError: the executor was shut down.
            Exception: an error of pickling.
        """
        task = _Task(pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL))
        with self._lock:
            if self._is_closed:
                raise RuntimeError("no jobs are taken after a shutdown")
            self._waiting.append(task)
            self._notify()
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no further jobs, and end the processes when the jobs taken are done."""
        with self._lock:
            self._is_closed = True
            for task in self._waiting if cancel_futures else ():
                task.future.cancel()
            self._notify()
        if wait:
            self._thread.join()

    def kill(self) -> None:
        """End all processes at once, whatever they do; unfinished jobs are cancelled."""
        self._is_killed = True
        self.shutdown()

    def _notify(self) -> None:
        # A full pipe wakes the thread too, and a closed one has no reader.
        with contextlib.suppress(OSError):
            os.write(self._wake, b"\0")

    def _serve(self) -> None:
        """Manage the processes, in one thread, which no signal handler interrupts."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        failure: BaseException = CancelledError()
        try:
            while True:
                self._start()
                self._hand_out()
                # Asked last: cancelled jobs are dropped while jobs are handed out.
                if self._is_over():
                    break
                for key, _ in self._selector.select(self._patience()):
                    self._attend(key.data)
                self._look()
        except BaseException as error:  # noqa: BLE001  (whoever waits for a result must be told)
            failure = error
        finally:
            self._end(failure)

    def _is_over(self) -> bool:
        if self._is_killed:
            return True
        with self._lock:
            return self._is_closed and not (self._waiting or self._suspects or any(self._busy()))

    def _busy(self) -> Iterator[_Child]:
        return (child for child in self._children if child.task is not None)

    def _start(self) -> None:
        """Start one process, where there are jobs for more."""
        jobs = len(self._waiting) + bool(self._suspects) + sum(1 for _ in self._busy())
        if len(self._children) >= min(self._size, jobs) or time.monotonic() < self._start_after:
            return
        try:
            child = _Child(self._limits, start)
        except (OSError, RuntimeError) as error:
            # The processes there are must do; where there is none, the start is tried again for a while.
            if self._children:
                self._size = len(self._children)
            else:
                self._count_stillborn(str(error))
            return
        self._admit(child)
        self._notify()

    def _admit(self, child: _Child) -> None:
        self._children.append(child)
        self._selector.register(child.results, selectors.EVENT_READ, child)

    def _count_stillborn(self, reason: str) -> None:
        self._stillborn += 1
        self._start_after = time.monotonic() + 0.1 * self._stillborn
        if self._stillborn < _MOST_STILLBORN or self._children:
            return
        self._stillborn = 0
        with self._lock:
            tasks = [*self._suspects, *self._waiting]
            self._suspects.clear()
            self._waiting.clear()
        for task in tasks:
            _fail(task.future, ChildProcessError(f"no process could be started for the job: {reason}"))

    def _hand_out(self) -> None:
        """Give jobs to idle processes. A job that a process died of waits until all processes are idle."""
        idle = [child for child in self._children if child.is_ready and child.task is None]
        busy = any(self._busy())
        if any(child.task.tries for child in self._busy() if child.task is not None):
            return
        while idle and self._waiting:
            task = self._waiting.popleft()
            if task.future.set_running_or_notify_cancel():
                self._give(idle.pop(), task)
                busy = True
        if idle and not busy and self._suspects:
            self._give(idle.pop(), self._suspects.popleft())

    def _give(self, child: _Child, task: _Task) -> None:
        seconds = self._limits.max_seconds
        child.give(task, None if seconds is None else time.monotonic() + seconds)
        self._feed(child)

    def _feed(self, child: _Child) -> None:
        """Write as much of a job as the pipe takes, and the rest when the pipe takes more."""
        child.feed()
        wanted = selectors.EVENT_WRITE if child.outgoing else 0
        current = self._selector.get_map().get(child.jobs)
        if wanted and current is None:
            self._selector.register(child.jobs, wanted, child)
        elif not wanted and current is not None:
            self._selector.unregister(child.jobs)

    def _patience(self) -> float | None:
        """Seconds to wait for an event; None: for ever."""
        now = time.monotonic()
        times = [child.deadline - now for child in self._children if child.deadline is not None]
        if self._waiting and not self._children:
            times.append(self._start_after - now)
        if times or any(self._busy()):
            return max(0.0, min([*times, _LOOK]))
        if self._max_idle_seconds is not None and self._children:
            return max(0.0, self._busy_at + self._max_idle_seconds - now)
        return None

    def _attend(self, child: _Child | None) -> None:
        if child is None:
            with contextlib.suppress(OSError):
                os.read(self._woken, _PIPE)
            return
        if child not in self._children:
            return
        if child.outgoing:
            self._feed(child)
        for answer in child.answers():
            self._take(child, answer)
        # A process that has done its number of jobs is closed already.
        if child.is_closed and child in self._children:
            self._bury(child)

    def _take(self, child: _Child, answer: bytes) -> None:
        """Fulfil a job's future from an answer, or note that a process is ready."""
        task, child.task, child.deadline = child.task, None, None
        if task is None:
            child.is_ready = True
            self._stillborn = 0
            return
        try:
            is_done, value = pickle.loads(answer)  # noqa: S301  (from a process started here)
        except BaseException as error:  # noqa: BLE001  (a result that can't be read fails its job alone)
            is_done, value = False, error
        if is_done:
            task.future.set_result(value)
        else:
            task.future.set_exception(value)
        if self._max_jobs is not None and child.jobs_done >= self._max_jobs:
            self._remove(child)

    def _look(self) -> None:
        """End processes that take too long, and find dead ones whose pipes did not tell."""
        now = time.monotonic()
        is_time = now >= self._looked + _LOOK
        if is_time:
            self._looked = now
        for child in list(self._children):
            if child.deadline is not None and child.deadline < now:
                child.is_overdue = True
                self._bury(child)
            elif is_time and child.process.poll() is not None:
                # What the process wrote before it died counts.
                self._attend(child)
                if child in self._children:
                    self._bury(child)
        if self._waiting or self._suspects or any(self._busy()):
            self._busy_at = now
        elif self._max_idle_seconds is not None and now >= self._busy_at + self._max_idle_seconds:
            for child in list(self._children):
                self._remove(child)

    def _remove(self, child: _Child) -> int:
        """Close a process that is dead or to die; gives its exit status as end() does."""
        self._children.remove(child)
        for end in (child.results, child.jobs):
            with contextlib.suppress(KeyError):
                self._selector.unregister(end)
        return child.end()

    def _bury(self, child: _Child) -> None:
        """Close a dead process, and try its job again or fail it."""
        status = self._remove(child)
        if not child.is_ready:
            self._count_stillborn(_died(status))
        task = child.task
        if task is None:
            return
        task.tries += 1
        reason, tries = _died(status), _TRIES_CRASHED if -status in _CRASHES or status > 0 else _TRIES_KILLED
        if child.is_overdue:
            reason, tries = f"took longer than {counted(self._limits.max_seconds or 0, 'second')}", 0
        elif status == -signal.SIGPROF:
            longest = counted(self._limits.max_cpu_seconds or 0, "second")
            reason, tries = f"took longer than {longest} of processor time", 0
        if task.tries < tries:
            self._suspects.append(task)
        else:
            task.future.set_exception(JobLost(reason))

    def _end(self, failure: BaseException) -> None:
        """End processes first, then fail the open futures, and close the pipe that wakes this thread last."""
        with self._lock:
            self._is_closed = True
            tasks = [*self._suspects, *self._waiting]
            tasks += [child.task for child in self._children if child.task is not None]
        for child in self._children:
            child.process.kill()
        for child in self._children:
            child.end()
        for task in tasks:
            _fail(task.future, failure)
        self._selector.close()
        with self._lock:
            os.close(self._woken)
            os.close(self._wake)


class _Child:
    """A process as its parent sees it.

    Attributes:
        process: the child.
        jobs, results: descriptors to write to and to read from, neither of which blocks.
        task: the job in work, or None.
        jobs_done: number of jobs that it was given.
        outgoing: octets of the job that the pipe had no room for.
        deadline: seconds of the monotonic clock by which the process is to be ready, or done; None: no limit.
        is_ready: whether the process has said that it is ready.
        is_closed: whether its pipe of results has ended.
        is_overdue: whether it was given up.
    """

    def __init__(self, limits: JobLimits, begin: Callable[[int, int, JobLimits], Process]) -> None:
        self.task: _Task | None = None
        self.jobs_done = 0
        self.outgoing = memoryview(b"")
        self._incoming = bytearray()
        self.deadline: float | None = time.monotonic() + _MAX_START
        self.is_ready = self.is_closed = self.is_overdue = False
        theirs_jobs, self.jobs = os.pipe()
        self.results, theirs_results = os.pipe()
        try:
            self.process = begin(theirs_jobs, theirs_results, limits)
        except BaseException:
            os.close(self.jobs)
            os.close(self.results)
            raise
        finally:
            os.close(theirs_jobs)
            os.close(theirs_results)
        for end in (self.jobs, self.results):
            os.set_blocking(end, False)
            with contextlib.suppress(OSError, ImportError, AttributeError):
                import fcntl

                fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, _PIPE)

    def give(self, task: _Task, deadline: float | None) -> None:
        self.task, self.deadline = task, deadline
        self.jobs_done += 1
        self.outgoing = memoryview(len(task.payload).to_bytes(LENGTH) + task.payload)

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
            while piece := os.read(self.results, _PIPE):
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
        with contextlib.suppress(subprocess.TimeoutExpired):
            # A process that hangs in the kernel can't be ended.
            return self.process.wait(10)
        return -signal.SIGKILL


def _died(status: int) -> str:
    if status >= 0:
        return f"died (exit status {status})"
    try:
        return f"died ({signal.Signals(-status).name})"
    except ValueError:
        return f"died (signal {-status})"


def _fail(future: Future[Any], error: BaseException) -> None:
    """Put an error into a future, unless it is done or cancelled."""
    if future.running() or future.set_running_or_notify_cancel():
        future.set_exception(error)
