"""An executor with processes of its own: one that crashes, hangs or is killed costs no other job.

It has the interface of ``concurrent.futures``, and its jobs can be cancelled while they are done. Its
processes have none of the caller's threads, locks and handlers, need no ``if __name__ == "__main__"``, and
start where ``multiprocessing`` starts none, as in a worker of Celery. Each process has its own pipes, so the
job of a process that dies is known. That job alone is tried again, by itself. The kernel ends all processes
when the caller's process ends.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import threading
import time
from collections import deque
from concurrent.futures import CancelledError, Executor
from typing import TYPE_CHECKING, Any

from transcode.counted import counted
from transcode.jobs.child import PIPE, Child, JobFuture, Task, died
from transcode.jobs.job_limits import JobLate, JobLimits, JobLost
from transcode.jobs.process import alone_in_here, fork, start
from transcode.jobs.worker import TOLD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

__all__ = ["Isolated", "JobLost"]

#: How many times a job is tried whose process crashes. The first crash may have been another job's fault.
_TRIES_CRASHED = 2
#: How many times a job is tried whose process was ended from outside, or for want of memory.
_TRIES_KILLED = 3
_CRASHES = frozenset((signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE))

#: Number of processes in a row that ended before they were ready, after which no process is started.
_MOST_STILLBORN = 5
#: Seconds between two checks that processes are alive, should their pipes not tell.
_LOOK = 1.0

_NO_LIMITS = JobLimits(max_cpu_seconds=None, max_seconds=None, max_memory=None)


class Isolated(Executor):
    """An executor of processes that do one job at a time each, and may be killed.

    A job whose process dies is tried again. Where that fails, its future raises JobLost. Functions, arguments
    and results are pickled. In a fork of the caller's process the executor takes no jobs and ends nothing.

    Args:
        workers: the largest number of processes.
        limits: what each job may take.
        max_jobs: jobs after which a process is replaced by a new one; None: any number.
        max_idle_seconds: seconds without a job after which all processes are ended; the next job starts one.
            None: no limit.
        may_fork: whether a process may be a fork of the caller's, as is quicker. What the caller has open is
            then open in it too, so a confined process never is one.
        stays_ready: whether all processes are started at once, and replaced before they are needed.
        warm_up: called in each process before its first job.
        retries_alone: whether a job whose process died waits until no other job is done: where there was not
            enough memory, it may be enough for it alone. False: nobody waits for it.
        watch: called with what happens to a process (``"started"``, ``"replaced"``, ``"ended"``), its number,
            and the reason; by the thread that manages the processes.
        heard: called with what jobs tell of themselves, and what it is about (``telling``), in a thread of
            this executor. It must not raise.
    """

    def __init__(
        self,
        workers: int,
        *,
        limits: JobLimits = _NO_LIMITS,
        max_jobs: int | None = None,
        max_idle_seconds: float | None = None,
        may_fork: bool = True,
        stays_ready: bool = False,
        warm_up: Callable[[], object] | None = None,
        retries_alone: bool = True,
        watch: Callable[[str, int, str], object] | None = None,
        heard: Callable[[str, object], object] | None = None,
    ) -> None:
        self._heard = heard
        self._size = max(1, workers)
        self._limits = limits
        self._max_jobs = max_jobs
        self._max_idle_seconds = max_idle_seconds
        self._stays_ready, self._retries_alone = stays_ready, retries_alone
        self._first = b"" if warm_up is None else pickle.dumps((warm_up, (), {}), pickle.HIGHEST_PROTOCOL)
        self._watch = watch
        self._owner = os.getpid()
        # A callback of a future may call in here again.
        self._lock = threading.RLock()
        #: Jobs that no process has begun, and jobs whose process died.
        self._waiting: deque[Task] = deque()
        self._suspects: deque[Task] = deque()
        self._children: list[Child] = []
        self._count = self._stillborn = 0
        self._start_after = self._looked = 0.0
        self._busy_at = time.monotonic()
        self._is_closed = self._is_killed = self._has_cancelled = self._is_failing = False
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        # A forked process is at work a tenth of a second sooner. Later a thread runs here: no more forks.
        with contextlib.suppress(OSError):
            may_fork &= limits.confine is False
            while may_fork and len(self._children) < self._size and alone_in_here():
                self._admit(self._child(forked=True))
        self._thread = threading.Thread(target=self._serve, name="transcode-jobs", daemon=True)
        self._thread.start()

    @property
    def is_manager(self) -> bool:
        """Whether the thread that asks manages the processes and runs callbacks: it must not wait."""
        return threading.current_thread() is self._thread

    @property
    def is_closed(self) -> bool:
        """Whether no further jobs are taken."""
        return self._is_closed or os.getpid() != self._owner

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a function called in a process.

        Raises:
            RuntimeError: the executor was shut down.
            Exception: an error of pickling.
        """
        future = JobFuture()
        self.begin(future, pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL))
        return future

    def begin(self, future: JobFuture, payload: bytes, deadline: float | None = None) -> None:
        """Have a job done for a future.

        Args:
            future: gets the result; JobLate where the deadline passed.
            payload: a function, its arguments and its named arguments, pickled.
            deadline: seconds of the monotonic clock by which the job is to be done; None: any time.

        Raises:
            RuntimeError: the executor was shut down.
        """
        task = Task(payload, future, deadline)
        with self._lock:
            if self.is_closed:
                raise RuntimeError("no jobs are taken after a shutdown, nor in a fork of the process")
            self._count += 1
            task.number = self._count
            self._waiting.append(task)
            self._notify()
        future.add_done_callback(self._done)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no further jobs, and end the processes when the jobs taken are done."""
        if os.getpid() != self._owner:
            return
        with self._lock:
            self._is_closed = True
            for task in [*self._waiting] if cancel_futures else ():
                task.future.cancel()
            self._notify()
        if wait and not self.is_manager:
            self._thread.join()

    def kill(self, *, wait: bool = True) -> None:
        """End all processes at once, whatever they do; unfinished jobs are cancelled."""
        self._is_killed = True
        self.shutdown(wait)

    def _done(self, future: Future[Any]) -> None:
        if future.cancelled():
            self._has_cancelled = True
            self._notify()

    def _notify(self) -> None:
        # A full pipe wakes the thread too, and a closed one has no reader.
        with self._lock, contextlib.suppress(OSError):
            if os.getpid() == self._owner:
                os.write(self._wake, b"\0")

    def _serve(self) -> None:
        """Manage the processes, in one thread, which no signal handler interrupts."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        failure: BaseException = CancelledError()
        try:
            while True:
                self._drop_cancelled()
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

    def _busy(self) -> Iterator[Child]:
        return (child for child in self._children if child.task is not None)

    def _drop_cancelled(self) -> None:
        """Forget jobs that were cancelled, and end the processes that do them."""
        if not self._has_cancelled:
            return
        self._has_cancelled = False
        with self._lock:
            dropped = [task for task in (*self._waiting, *self._suspects) if task.future.cancelled()]
            for task in dropped:
                (self._waiting if task in self._waiting else self._suspects).remove(task)
        for child in [child for child in self._busy() if child.task and child.task.future.cancelled()]:
            dropped += [child.task] if child.task else []
            child.task = None
            self._remove(child, "its job was cancelled")
        for task in dropped:
            task.future.finish()

    def _lacks(self) -> bool:
        """Whether a process is to be started."""
        jobs = len(self._waiting) + bool(self._suspects) + sum(1 for _ in self._busy())
        wanted = self._size
        if not self._stays_ready or self._is_closed or self._is_failing:
            wanted = min(wanted, jobs)
        return sum(not child.is_retiring for child in self._children) < wanted

    def _start(self) -> None:
        """Start one process, where there are jobs for more."""
        if not self._lacks() or time.monotonic() < self._start_after:
            return
        try:
            child = self._child(forked=False)
        except (OSError, RuntimeError) as error:
            # The processes there are must do for a while; where there is none, the start is tried again soon.
            if self._children:
                self._start_after = time.monotonic() + _LOOK
            else:
                self._count_stillborn(str(error))
            return
        self._admit(child)
        self._notify()

    def _child(self, *, forked: bool) -> Child:
        begin = fork if forked else start
        return Child(begin, self._limits, first=self._first)

    def _admit(self, child: Child) -> None:
        self._children.append(child)
        self._selector.register(child.results, selectors.EVENT_READ, child)
        self._feed(child)
        self._tell("started", child)

    def _tell(self, event: str, child: Child, reason: str = "") -> None:
        if self._watch is not None:
            # Whoever watches must not end what is watched.
            with contextlib.suppress(Exception):
                self._watch(event, child.process.pid, reason)

    def _count_stillborn(self, reason: str) -> None:
        self._is_failing = True
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
            task.future.finish(error=ChildProcessError(f"no process could be started for the job: {reason}"))

    def _hand_out(self) -> None:
        """Give jobs to idle processes.

        A job that a process died of comes first. If it is to be tried alone, it waits until all processes are
        idle, and jobs that were submitted after that death wait for it.
        """
        if self._retries_alone and any(child.task and child.task.tries for child in self._busy()):
            return
        idle = [child for child in self._children if child.is_idle]
        while idle and self._suspects and not self._retries_alone:
            self._give(idle, self._suspects.popleft())
        turn = self._suspects[0].turn if self._suspects and self._retries_alone else self._count
        while idle and self._waiting and self._waiting[0].number <= turn:
            self._give(idle, self._waiting.popleft())
        if idle and self._suspects and not any(self._busy()):
            self._give(idle, self._suspects.popleft())

    def _give(self, idle: list[Child], task: Task) -> None:
        """Give a job to one of some processes, unless it was cancelled."""
        if task.future.cancelled():
            task.future.finish()
            return
        seconds = self._limits.max_seconds
        times = [task.deadline, None if seconds is None else time.monotonic() + seconds]
        child = idle.pop()
        child.give(task, min((one for one in times if one is not None), default=None))
        self._feed(child)

    def _feed(self, child: Child) -> None:
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
        with self._lock:
            waiting = (*self._waiting, *self._suspects)
        times += [task.deadline - now for task in waiting if task.deadline is not None]
        if self._lacks():
            times.append(self._start_after - now)
        if times or any(self._busy()):
            return max(0.0, min([*times, _LOOK]))
        if self._max_idle_seconds is not None and self._children:
            return max(0.0, self._busy_at + self._max_idle_seconds - now)
        return None

    def _attend(self, child: Child | None) -> None:
        if child is None:
            with contextlib.suppress(OSError):
                os.read(self._woken, PIPE)
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

    def _take(self, child: Child, answer: bytes) -> None:
        """Fulfil a job's future from an answer, or note that a process is ready, or what a job tells."""
        if answer.startswith(TOLD):
            if self._heard is not None and child.task is not None:
                self._heard(*pickle.loads(answer[len(TOLD) :]))  # noqa: S301  (from a process started here)
            return
        try:
            is_done, value = pickle.loads(answer) if answer else (True, None)  # noqa: S301  (from a child)
        except BaseException as error:  # noqa: BLE001  (a result that can't be read fails its job alone)
            is_done, value = False, error
        if not child.is_ready:
            self._greet(child, None if is_done else value)
            return
        task, child.task, child.deadline = child.task, None, None
        if task is None:
            return
        if self._max_jobs is not None and child.jobs_done >= self._max_jobs:
            child.is_retiring = self._stays_ready
            child.is_last |= not self._stays_ready
        if child.is_last:
            self._remove(child, "it has done its number of jobs")
        if is_done:
            task.future.finish(value)
        else:
            task.future.finish(error=value)

    def _greet(self, child: Child, error: BaseException | None) -> None:
        """Note that a process says something before its first job."""
        if error is not None:
            self._remove(child, f"it could not be prepared: {error!r}")
            self._count_stillborn(f"it could not be prepared: {error!r}")
            return
        child.awaited -= 1
        if not child.is_ready:
            return
        child.deadline = None
        self._stillborn, self._is_failing = 0, False
        older = next((one for one in self._children if one.is_retiring and not one.is_last), None)
        if older is not None:
            older.is_last = True
            if older.task is None:
                self._remove(older, "it has done its number of jobs")

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
        with self._lock:
            late = [
                task for task in (*self._waiting, *self._suspects) if task.deadline and task.deadline < now
            ]
            for task in late:
                (self._waiting if task in self._waiting else self._suspects).remove(task)
        for task in late:
            task.future.finish(error=JobLate())
        if self._waiting or self._suspects or any(self._busy()):
            self._busy_at = now
        elif self._max_idle_seconds is not None and now >= self._busy_at + self._max_idle_seconds:
            for child in list(self._children):
                self._remove(child, "there was nothing to do")

    def _remove(self, child: Child, reason: str = "") -> int:
        """Close a process that is dead or to die; gives its exit status as end() does."""
        self._children.remove(child)
        for end in (child.results, child.jobs):
            with contextlib.suppress(KeyError):
                self._selector.unregister(end)
        status = child.end()
        self._tell("replaced" if child.is_last else "ended", child, reason or died(status))
        return status

    def _bury(self, child: Child) -> None:
        """Close a dead process, and try its job again or fail it."""
        status = self._remove(child)
        if not child.is_ready:
            self._count_stillborn(died(status))
        task = child.task
        if task is None:
            return
        task.tries += 1
        error, tries = (
            JobLost(died(status)),
            _TRIES_CRASHED if -status in _CRASHES or status > 0 else _TRIES_KILLED,
        )
        if child.is_overdue:
            seconds = counted(self._limits.max_seconds or 0, "second")
            error, tries = JobLost(f"took longer than {seconds}", "max_seconds"), 0
            if task.deadline is not None and task.deadline < time.monotonic():
                error = JobLate()
        elif status == -signal.SIGPROF:
            longest = counted(self._limits.max_cpu_seconds or 0, "second")
            said = f"took longer than {longest} of processor time"
            error, tries = JobLost(said, "max_cpu_seconds"), 0
        if task.tries < tries:
            task.turn = self._count
            self._suspects.append(task)
        else:
            task.future.finish(error=error)

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
            self._tell("ended", child, "the pool was closed")
        for task in tasks:
            task.future.finish(error=failure)
        self._selector.close()
        with self._lock:
            os.close(self._woken)
            os.close(self._wake)
            # Numbers of descriptors are used again.
            self._wake = -1
