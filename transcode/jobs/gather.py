"""Jobs done by any executor, which is trusted with nothing: it may refuse, raise, break, or fall silent."""

from __future__ import annotations

import signal
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import partial
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from transcode.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterable

__all__ = ["attempt", "gather"]

_P = ParamSpec("_P")


class _Named(Protocol):
    @property
    def source(self) -> str:
        """What the job is done with."""


_Job = TypeVar("_Job", bound=_Named)

#: Seconds between two looks at whether no more is wanted.
_TICK = 0.2


def gather(
    executor: Executor,
    function: Callable[[_Job], object],
    work: Iterable[_Job],
    *,
    window: int,
    is_cancelled: Callable[[], bool],
    patience: float | None,
) -> Generator[list[tuple[_Job, object]]]:
    """Have an executor do jobs, and yield with those that are done what it gave or raised.

    Args:
        executor: is not shut down.
        function: what is done with each job.
        work: the jobs.
        window: how many are handed out at once.
        is_cancelled: ends this when it says so.
        patience: seconds without any result after which the executor is given up; None: no limit.
    """
    waiting = deque(work)
    running: dict[Future[Any], _Job] = {}
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
                yield [(running.pop(future), attempt(_outcome, future)) for future in ordered]
                heard = time.monotonic()
            elif patience is not None and time.monotonic() > heard + patience:
                silent = f"the executor gave nothing back for {patience:,.0f} seconds"
                yield [(job, JobError(job.source, silent)) for job in (*running.values(), *waiting)]
                return
    finally:
        for future in running:
            attempt(future.cancel)


def attempt(ask: Callable[_P, object], *args: _P.args, **named: _P.kwargs) -> object:
    """What comes of asking code that is not ours, or what it raises, a SystemExit of its own included.

    What ends the caller's program is raised: an interrupt, and what a handler of signals raises meanwhile.
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
    """Whether an error came out of a handler of signals, which interrupts whatever is being done."""
    codes = {_code(signal.getsignal(number)) for number in signal.valid_signals()}
    return any(frame.f_code in codes for frame, _ in walk_tb(error.__traceback__))


def _code(handler: Any) -> object:
    """The code that a handler of signals runs; None for one that is no Python."""
    while isinstance(handler, partial):
        handler = handler.func
    # An object that is no function has the code of its __call__.
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
        return JobError(job.source, "the executor gave no future of its own for it")
    # Raises for one that can't be waited for, before others are waited for with it.
    wait([future], 0)
    return future


def _done(running: Iterable[Future[Any]]) -> set[Future[Any]]:
    """The futures that are done, once there is one or a moment has passed."""
    done: set[Future[Any]] = set()
    failure = attempt(lambda: done.update(wait(running, _TICK, FIRST_COMPLETED).done))
    if failure is not None:
        # One breaks the waiting for all. It is as done as it will ever be.
        done.update(future for future in running if isinstance(attempt(wait, [future], 0), BaseException))
    # One that was cancelled before any worker took it up tells nobody who waits, as those of an
    # executor that is shut down with cancel_futures.
    done.update(future for future in running if attempt(Future.cancelled, future) is True)
    return done


def _outcome(future: Future[Any]) -> object:
    """What a future holds, or the error in it: an interrupt in there is none of ours."""
    error = future.exception()
    return future.result() if error is None else error
