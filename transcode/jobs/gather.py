"""Jobs done by any executor. An executor may refuse, raise, break or fall silent: no job is lost by that."""

from __future__ import annotations

import signal
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import partial
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from transcode.counted import counted
from transcode.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterable

__all__ = ["attempt", "gather"]

_P = ParamSpec("_P")


class _Named(Protocol):
    @property
    def source(self) -> str:
        """The name of the job's source."""


_Job = TypeVar("_Job", bound=_Named)

#: Seconds between two checks for a cancellation.
_TICK = 0.2


def gather(
    executor: Executor,
    function: Callable[[_Job], object],
    work: Iterable[_Job],
    *,
    window: int,
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
        patience: seconds without a result, after which the executor is given up; None: no limit.
        sends_again: whether a job whose future raises is sent once more, behind the others: its worker may
            have died of something else.
    """
    waiting = deque(work)
    running: dict[Future[Any], _Job] = {}
    sent_again: set[int] = set()
    heard = time.monotonic()
    try:
        while (waiting or running) and not is_cancelled():
            while waiting and len(running) < window:
                job = waiting.popleft()
                given = attempt(_submit, executor, function, job, running)
                if not isinstance(given, Future):
                    yield [(job, given)]
                    break
                running[given] = job
            if not running:
                continue
            done = _done(running)
            if done:
                ordered = sorted(done, key=lambda future: running[future].source)
                group: list[tuple[_Job, object]] = []
                for future in ordered:
                    job, outcome = running.pop(future), attempt(_outcome, future)
                    if sends_again and isinstance(outcome, BaseException) and id(job) not in sent_again:
                        sent_again.add(id(job))
                        waiting.append(job)
                    else:
                        group.append((job, outcome))
                if group:
                    yield group
                heard = time.monotonic()
            elif patience is not None and time.monotonic() > heard + patience:
                silent = f"the executor gave no result for {counted(patience, 'second')}"
                yield [(job, JobError(job.source, silent)) for job in (*running.values(), *waiting)]
                return
    finally:
        for future in running:
            attempt(future.cancel)


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
