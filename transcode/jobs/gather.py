"""Jobs done by any executor. An executor may refuse, raise, break or fall silent: no job is lost by that."""

from __future__ import annotations

import signal
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from functools import partial
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

from transcode.counted import counted
from transcode.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterable

__all__ = ["Capacity", "attempt", "gather"]

_P = ParamSpec("_P")


class _Named(Protocol):
    @property
    def source(self) -> str:
        """The name of the job's source."""


class Capacity(Protocol):
    """How many jobs an executor may have now, where that changes: its workers come and go."""

    def room(self) -> int:
        """Return the largest number of jobs that it may have at once; 0: none at present."""

    def gone(self) -> str:
        """Return why no job of it will ever be done, in words; empty where jobs are done."""


_Job = TypeVar("_Job", bound=_Named)

#: Seconds between two checks for a cancellation.
_TICK = 0.2

#: Seconds between two looks for jobs that are silent.
_LOOK = 1.0

#: How many times a job is sent whose future raises; and one that is cancelled by an executor whose workers
#: come and go, as it lost its connection.
_TRIES, _TRIES_CANCELLED = 2, 5


def gather(
    executor: Executor,
    function: Callable[[_Job], object],
    work: Iterable[_Job],
    *,
    window: int | Capacity,
    is_cancelled: Callable[[], bool],
    patience: float | None,
    sends_again: bool = False,
) -> Generator[list[tuple[_Job, object]]]:
    """Have an executor do jobs; yields each finished job with its result or its error.

    Args:
        executor: does the jobs; it is not shut down.
        function: called with each job.
        work: the jobs.
        window: the largest number of jobs that the executor has at once.
        is_cancelled: asked again and again; True ends the work.
        patience: seconds after which a job without a result is given up, once a job that was sent later is
            done; and seconds without any result, after which the executor is given up. None: no limit.
        sends_again: whether a job that fails or is given up is sent once more, behind the others: its worker
            may have died of something else.
    """
    waiting, sent, tries = deque(work), _Sent[_Job](patience), dict[int, int]()
    most = (_TRIES, _TRIES if isinstance(window, int) else _TRIES_CANCELLED) if sends_again else (1, 1)
    try:
        while (waiting or sent.futures) and not is_cancelled():
            if reason := sent.given_up(most[0]) or ("" if isinstance(window, int) else window.gone()):
                yield [(job, JobError(job.source, reason)) for job in (*sent.drop(), *waiting)]
                return
            room = window if isinstance(window, int) else window.room()
            while waiting and len(sent.futures) < room:
                job = waiting.popleft()
                given = attempt(_submit, executor, function, job, sent.futures)
                if not isinstance(given, Future):
                    yield [(job, given)]
                    break
                sent.add(given, job)
            if not sent.futures:
                if waiting and not room:
                    # Workers may come.
                    time.sleep(_TICK)
                continue
            group: list[tuple[_Job, object]] = []
            for job, outcome in (*sent.done(), *sent.silent()):
                tries[id(job)] = tries.get(id(job), 0) + 1
                if isinstance(outcome, BaseException) and tries[id(job)] < most[_was_cancelled(outcome)]:
                    waiting.append(job)
                else:
                    group.append((job, outcome))
            if group:
                yield group
    finally:
        sent.drop()


def _was_cancelled(outcome: BaseException) -> bool:
    return isinstance(outcome, CancelledError)


class _Sent(Generic[_Job]):
    """The jobs that an executor has.

    Args:
        patience: as for gather.

    Attributes:
        futures: the jobs by their futures, in the order in which they were sent.
    """

    def __init__(self, patience: float | None) -> None:
        self.futures: dict[Future[Any], _Job] = {}
        self._patience = patience
        self._numbers: dict[Future[Any], int] = {}
        self._count = 0
        #: The number of the latest job that is done: the executor has begun all that were sent before it.
        self._latest = 0
        #: Seconds of the monotonic clock at which a job was seen to have begun.
        self._begun: dict[Future[Any], float] = {}
        self._heard = self._looked = time.monotonic()
        #: How many times in a row nothing was heard for the patience.
        self._silences = 0

    def add(self, future: Future[Any], job: _Job) -> None:
        if not self.futures:
            self._heard = time.monotonic()
        self._count += 1
        self.futures[future], self._numbers[future] = job, self._count

    def done(self) -> list[tuple[_Job, object]]:
        """Return the jobs that are done, at once or after at most one tick, with their outcomes."""
        done = sorted(_done(self.futures), key=lambda future: self.futures[future].source)
        if done:
            self._heard, self._silences = time.monotonic(), 0
            self._latest = max(self._latest, *(self._numbers[future] for future in done))
        return [(self._pop(future), attempt(_outcome, future)) for future in done]

    def silent(self) -> list[tuple[_Job, object]]:
        """Return the jobs that are given up, with an error."""
        now = time.monotonic()
        if self._patience is None or now < self._looked + min(_LOOK, self._patience / 4):
            return []
        self._looked = now
        for future, number in self._numbers.items():
            if number >= self._latest:
                break
            self._begun.setdefault(future, now)
        if now > self._heard + self._patience:
            self._heard = now
            self._silences += 1
            late = list(self.futures)
        else:
            late = [future for future, begun in self._begun.items() if now > begun + self._patience]
        for future in late:
            attempt(future.cancel)
        return [(job, JobError(job.source, self._said())) for job in map(self._pop, late)]

    def given_up(self, most: int) -> str:
        """Return why the executor itself is given up, in words, or an empty text."""
        return self._said() if self._silences >= most else ""

    def _said(self) -> str:
        return f"the executor gave no result for {counted(self._patience or 0, 'second')}"

    def _pop(self, future: Future[Any]) -> _Job:
        del self._numbers[future]
        self._begun.pop(future, None)
        return self.futures.pop(future)

    def drop(self) -> list[_Job]:
        """Give all jobs up, and return them."""
        for future in self.futures:
            attempt(future.cancel)
        return [self._pop(future) for future in list(self.futures)]


def attempt(ask: Callable[_P, object], *args: _P.args, **named: _P.kwargs) -> object:
    """Call foreign code; gives its result, or the error that it raises, its own SystemExit included.

    An interrupt is raised, and so is an error of a signal handler: both are to end the caller's program.
    """
    try:
        return ask(*args, **named)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and _is_of_a_handler(error):
            raise
        return error


def _is_of_a_handler(error: BaseException) -> bool:
    """Whether an error came out of a signal handler, which interrupts any code."""
    codes = {_code(signal.getsignal(number)) for number in signal.valid_signals()}
    return any(frame.f_code in codes for frame, _ in walk_tb(error.__traceback__))


def _code(handler: Any) -> object:
    """The code object of a signal handler; None for a handler that is no Python."""
    while isinstance(handler, partial):
        handler = handler.func
    # A callable object has the code of its __call__.
    return getattr(handler, "__code__", None) or getattr(
        getattr(handler, "__call__", None),  # noqa: B004
        "__code__",
        None,
    )


def _submit(
    executor: Executor, function: Callable[[_Job], object], job: _Job, running: Container[Future[Any]]
) -> object:
    future = executor.submit(function, job)
    if not isinstance(future, Future) or future in running:
        return JobError(job.source, "the executor gave no future of its own for the job")
    # Raises for a future that can't be waited for, before other futures are waited for with it.
    wait([future], 0)
    return future


def _done(running: Iterable[Future[Any]]) -> set[Future[Any]]:
    """The futures that are done, at once or after at most one tick."""
    done: set[Future[Any]] = set()
    failure = attempt(lambda: done.update(wait(running, _TICK, FIRST_COMPLETED).done))
    if failure is not None:
        # One broken future breaks the wait for all. It will never be more done than now.
        done.update(future for future in running if isinstance(attempt(wait, [future], 0), BaseException))
    # A future that was cancelled before a worker took it, as by shutdown(cancel_futures=True), wakes nobody
    # who waits.
    done.update(future for future in running if attempt(Future.cancelled, future) is True)
    return done


def _outcome(future: Future[Any]) -> object:
    """A future's result or error. An interrupt in a future is the worker's, not this process's."""
    error = future.exception()
    return future.result() if error is None else error
