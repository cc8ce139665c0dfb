"""The engine of a service: fit() and compose() in warm processes, as futures and for asyncio."""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import threading
import weakref
from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from transcode.engine.job import Job
from transcode.engine.requests import asked, make, must_be_read, sources_of, warm_up
from transcode.engine.room import Room
from transcode.engine.telling import Telling, metrics_of
from transcode.errors import JobError, LimitsError, QueueFull
from transcode.jobs import processors
from transcode.jobs.isolated import Isolated
from transcode.jobs.job_limits import JobLimits
from transcode.jobs.processors import ThreadLimit
from transcode.media.source.inputs import MAX_SOURCE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self, Unpack

    from prometheus_client import CollectorRegistry

    from transcode.engine.requests import Request
    from transcode.messages.message import Message
    from transcode.model import ComposeWords, FitWords, Limits, Rendition, Slide, Source
    from transcode.profile import Profile

__all__ = ["Engine"]

_T = TypeVar("_T")
_Made = TypeVar("_Made")

#: Jobs of map() for each worker that are given out before their turn.
_AHEAD = 2

#: Seconds that are no limit: longer than locks can wait for.
_ENDLESS = 1e9


class Engine:
    """A pool of warm processes for a service, which makes renditions and messages.

    The bytes are those of fit() and compose(). A file that kills, hangs or fills its process costs its own
    job, whose future raises SourceError; one whose process died is tried again first. A job can have a
    deadline, and can be cancelled while it is done; its process ends, and another takes its place. The
    processes end with the program, in whatever way it ends::

        with transcode.Engine(workers=4) as engine:
            future = engine.submit("photo.jpg", transcode.find_profile("us-att"), to=["+15555550100"])
            message = future.result()

        async with transcode.Engine() as engine:
            rendition = await engine.fit(upload, limits, deadline=20)

    All methods may be called by any thread. In a fork of the program an engine begins anew, without the jobs
    of its parent. Processes are started with the first job, or by warm().

    Records of the logger ``transcode.engine`` have fields: of each job its number, action, outcome, seconds
    and bytes; of each process what happened to it. No record names a file or a person.

    Args:
        workers: number of processes; None: one for each processor that this process may use.
        threads: the most threads in each; None: the processors divided among the workers.
        limits: what one job may take of processor time, time, memory and output; None: JobLimits(). Its
            ``confine`` is not asked.
        queue: the most jobs that wait, beyond those that are being done.
        queue_bytes: the most bytes of sources that all jobs have together. A source that has more itself is
            taken while no other has any. Files that are named by their paths count nothing.
        max_jobs: jobs after which a process is replaced by another one, which is ready by then; None: never.
        confine: whether processes may open no sockets, start no programs, and write no files but temporary
            ones (Landlock and seccomp of Linux). None: as far as the system can; True: an error where it
            can't.
        metrics: counters of Prometheus: a registry, or True for that of the process. Engines may share one.

    Raises:
        LimitsError: an argument is out of its range, or ``confine`` asks for what the system can't do.
        MissingPackage: metrics need prometheus-client.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        threads: int | None = None,
        limits: JobLimits | None = None,
        queue: int = 64,
        queue_bytes: int = 2 * MAX_SOURCE_BYTES,
        max_jobs: int | None = 200,
        confine: bool | None = None,
        metrics: CollectorRegistry | bool = False,
    ) -> None:
        for name, value, least in (
            ("workers", workers, 1),
            ("queue", queue, 0),
            ("queue_bytes", queue_bytes, 1),
            ("max_jobs", max_jobs, 1),
        ):
            if value is not None and (type(value) is not int or value < least):
                raise LimitsError(f"{name} must be a whole number of at least {least}, not {value!r}")
        limits = JobLimits() if limits is None else limits
        if not isinstance(limits, JobLimits):
            raise LimitsError(f"limits must be JobLimits, of each job, not {type(limits).__name__}")
        limits = replace(limits, confine=confine)
        ThreadLimit(threads)
        there = processors.available()
        self._workers = workers or there
        self._threads = threads or max(1, there // self._workers)
        self._telling = Telling(metrics_of(metrics))
        self._numbers = itertools.count(1)
        self._terms: dict[str, Any] = {
            "limits": limits,
            "max_jobs": max_jobs,
            "watch": self._telling.worker,
        }
        self._sizes = (self._workers + queue, queue_bytes)
        self._is_closed = False
        self._renew()
        _engines.add(self)

    def _renew(self) -> None:
        """Begin without jobs and processes."""
        self._lock = threading.Lock()
        self._pool: Isolated | None = None
        self._jobs, self._octets = map(Room, self._sizes)

    @property
    def is_closed(self) -> bool:
        """Whether no further jobs are taken."""
        return self._is_closed

    def warm(self) -> None:
        """Start the processes, without waiting for them."""
        self._started()

    def _started(self) -> Isolated:
        with self._lock:
            if self._is_closed:
                raise JobError("engine", "it is closed, and takes no jobs")
            if self._pool is None:
                pool = Isolated(
                    self._workers,
                    may_fork=False,
                    stays_ready=True,
                    warm_up=warm_up,
                    retries_alone=False,
                    **self._terms,
                )
                # An engine that nobody holds any more has no jobs: they would hold it.
                weakref.finalize(self, pool.kill)
                self._pool = pool
            return self._pool

    @overload
    def submit(
        self,
        source: Source,
        limits: Limits,
        *,
        deadline: float | None = None,
        wait: float | None = None,
        **words: Unpack[FitWords],
    ) -> Future[Rendition]: ...

    @overload
    def submit(
        self,
        source: Source | Slide | Iterable[Source | Slide],
        limits: Profile,
        *,
        deadline: float | None = None,
        wait: float | None = None,
        **words: Unpack[ComposeWords],
    ) -> Future[Message]: ...

    def submit(
        self,
        source: Any,
        limits: Limits | Profile,
        *,
        deadline: float | None = None,
        wait: float | None = None,
        **words: Any,
    ) -> Future[Any]:
        """Have a rendition made (``Limits``) or a message composed (``Profile``).

        Args:
            source: as for fit() or compose(). File objects are read before the call returns; an error of
                that is the future's.
            limits: Limits for a rendition, a Profile for a message.
            deadline: seconds within which the job is to be done, its wait included. Then it is stopped, and
                its future raises JobTimeout. None: the limits of the engine alone hold.
            wait: the most seconds to wait for room in the queue; 0: none. None: as long as it takes, or
                until the deadline. A callback of a future never waits: nobody would make room.
            words: further arguments of fit() or compose(), without threads and callbacks.

        Returns:
            A future. Its cancel() stops the job, whether it waits or is being done.

        Raises:
            QueueFull: there was no room in time.
            LimitsError, MessageError, TypeError: an argument is something else.
            JobError: the engine is closed.
        """
        job, asked_for = self._given(source, limits, deadline, wait)
        if self._started().is_manager:
            wait = 0
        if not self._jobs.enter(1, _shorter(wait, job)):
            return self._refused(job)
        try:
            request = self._read(job, asked_for, words)
            is_in = request is None or self._octets.enter(request.octets, _shorter(wait, job))
        except BaseException:
            self._jobs.leave(1)
            raise
        if not is_in:
            self._jobs.leave(1)
            return self._refused(job)
        self._begin(job, request)
        return job

    def map(
        self,
        sources: Iterable[Any],
        limits: Limits | Profile,
        *,
        deadline: float | None = None,
        return_errors: bool = False,
        **words: Any,
    ) -> Iterator[Any]:
        """Give the renditions or messages of sources, one each, in their order.

        Two jobs a worker are begun before their turn, so there may be any number of sources. Further jobs are
        cancelled when the iterator is closed or no longer held.

        Args:
            sources: sources of fit(), or of a message each.
            limits, deadline, words: as for submit().
            return_errors: whether an error of a job is given in its place. False: it is raised, and the
                iterator can be asked for the next one.

        Raises:
            As submit(), and what the jobs raise.
        """
        submit = cast("Any", self.submit)
        given = (submit(source, limits, deadline=deadline, **words) for source in sources)
        return _Mapped(given, self._workers * _AHEAD, return_errors=return_errors)

    async def fit(
        self,
        source: Source,
        limits: Limits,
        *,
        deadline: float | None = None,
        wait: float | None = None,
        **words: Unpack[FitWords],
    ) -> Rendition:
        """Return the rendition of a source, while other tasks of the event loop go on.

        A file object is read in a thread. When the task is cancelled, the job is stopped.

        Args:
            source, limits, words: as for fit(), without threads and callbacks.
            deadline, wait: as for submit().

        Raises:
            JobTimeout: the job was not done within the deadline.
            QueueFull, JobError: as submit().
            SourceError, BudgetError, LimitsError: as fit().
        """
        return cast("Rendition", await self._make(source, limits, deadline, wait, dict(words)))

    async def compose(
        self,
        sources: Source | Slide | Iterable[Source | Slide],
        profile: Profile,
        *,
        deadline: float | None = None,
        wait: float | None = None,
        **words: Unpack[ComposeWords],
    ) -> Message:
        """Return the message of sources, while other tasks of the event loop go on.

        Args:
            sources, profile, words: as for compose(), without threads.
            deadline, wait: as for submit().

        Raises:
            JobTimeout, QueueFull, JobError: as fit().
            MmsUnavailable, MessageError, SourceError, NotTakenError, BudgetError: as compose().
        """
        return cast("Message", await self._make(sources, profile, deadline, wait, dict(words)))

    async def _make(
        self, source: Any, limits: Any, deadline: float | None, wait: float | None, words: dict[str, Any]
    ) -> object:
        job, asked_for = self._given(source, limits, deadline, wait)
        if not await self._jobs.enter_async(1, _shorter(wait, job)):
            return await asyncio.wrap_future(self._refused(job))
        try:
            if must_be_read(asked_for[1], words):
                request = await asyncio.to_thread(self._read, job, asked_for, words)
            else:
                request = self._read(job, asked_for, words)
            is_in = request is None or await self._octets.enter_async(request.octets, _shorter(wait, job))
        except BaseException:
            self._jobs.leave(1)
            raise
        if not is_in:
            self._jobs.leave(1)
            return await asyncio.wrap_future(self._refused(job))
        self._begin(job, request)
        return await asyncio.wrap_future(job)

    def _given(
        self, source: Any, limits: Any, deadline: float | None, wait: float | None
    ) -> tuple[Job, tuple[Any, Any, Any]]:
        for name, seconds in (("deadline", deadline), ("wait", wait)):
            if seconds is not None and not (
                isinstance(seconds, int | float)
                and not isinstance(seconds, bool)
                and (seconds > 0 or (name == "wait" and seconds == 0))
                and seconds < _ENDLESS
            ):
                raise LimitsError(f"{name} must be a number of seconds or None, not {seconds!r}")
        action, sources = sources_of(source, limits)
        self._started()
        job = Job(next(self._numbers), action, deadline)
        if isinstance(source, str | os.PathLike):
            job.name = str(source)
        return job, (action, sources, limits)

    def _read(self, job: Job, asked_for: tuple[Any, Any, Any], words: dict[str, Any]) -> Request | None:
        """What is sent to a process; None where a source can't be read, which the job's future tells."""
        try:
            request = asked(*asked_for, words, self._threads)
        except (TypeError, LimitsError):
            raise
        except Exception as error:  # noqa: BLE001  (that of the job)
            job.finish(error=error)
            return None
        job.name, job.octets = request.name, request.octets
        return request

    def _refused(self, job: Job) -> Job:
        """The job for which there was no room until its deadline.

        Raises:
            QueueFull: the deadline has not come yet.
        """
        refused = None
        if job.left() != 0:
            refused = QueueFull(job.name, "the queue of the engine is full")
        job.finish(error=refused or job.late())
        self._telling.job(job.done_so())
        if refused is not None:
            raise refused
        return job

    def _begin(self, job: Job, request: Request | None) -> None:
        """Give a job, which has its places, to the processes."""
        self._telling.waiting(1)
        # A future keeps its callbacks: they must hold neither it nor the bytes of its source.
        job.add_done_callback(partial(self._settle, self._jobs, self._octets))
        if request is None:
            return
        try:
            payload = pickle.dumps((make, (request,), {}), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001  (pickling runs code of the caller's objects)
            job.finish(error=TypeError(f"an argument can't be sent to a process: {error}"))
            return
        try:
            self._started().begin(job, payload, job.deadline)
        except RuntimeError:
            job.finish(error=JobError(job.name, "the engine was closed before the job was begun"))

    def _settle(self, jobs: Room, octets: Room, done: Future[Any]) -> None:
        job = cast("Job", done)
        jobs.leave(1)
        octets.leave(job.octets)
        self._telling.waiting(-1)
        self._telling.job(job.done_so())

    def close(self, *, cancel: bool = False) -> None:
        """Take no further jobs, and wait until those that were taken are done; then end the processes.

        Args:
            cancel: whether unfinished jobs are cancelled instead.
        """
        with self._lock:
            self._is_closed = True
            pool = self._pool
        if pool is None:
            return
        if cancel:
            pool.kill()
        else:
            pool.shutdown()

    def __enter__(self) -> Self:
        self.warm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(cancel=error is not None)

    async def __aenter__(self) -> Self:
        self.warm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close, cancel=error is not None)


class _Mapped(Generic[_Made]):
    """The results of jobs in their order."""

    def __init__(self, given: Iterator[Future[_Made]], ahead: int, *, return_errors: bool) -> None:
        self._given = given
        self._ahead = ahead
        self._return_errors = return_errors
        self._begun: deque[Future[_Made]] = deque()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Made | Exception:
        while len(self._begun) < self._ahead and (future := next(self._given, None)) is not None:
            self._begun.append(future)
        if not self._begun:
            raise StopIteration
        future = self._begun.popleft()
        try:
            return future.result()
        except Exception as error:
            if self._return_errors:
                return error
            raise
        except BaseException:
            future.cancel()
            self.close()
            raise

    def close(self) -> None:
        """Cancel the jobs whose results were not asked for."""
        for future in self._begun:
            future.cancel()
        self._begun.clear()

    def __del__(self) -> None:
        self.close()


def _shorter(wait: float | None, job: Job) -> float | None:
    """Seconds for which a job may wait for room."""
    times = [seconds for seconds in (wait, job.left()) if seconds is not None]
    return min(times, default=None)


#: The engines of the process.
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def _begin_anew() -> None:
    for engine in list(_engines):
        engine._renew()


os.register_at_fork(after_in_child=_begin_anew)
