"""The workers of a Dask cluster as an executor, for batches on many machines."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import time
from concurrent.futures import CancelledError, Executor
from concurrent.futures import wait as futures_wait
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from transcode.counted import counted
from transcode.errors import JobError, MissingPackage

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import TracebackType

__all__ = ["Cluster"]

#: Jobs that each worker has at once: one in work, and enough that it never waits for the next.
_WINDOW = 4

#: Seconds between two questions for the number of workers.
_ASK = 1.0


class Cluster(Executor):
    """The workers of a Dask scheduler: an executor for convert_directory, on many machines.

    Each worker has one thread, a nanny, the same version of this package, and the folders of source and
    target at the same paths: it reads the sources and writes the outputs itself, each decoded in a child that
    may be killed. Only what became of them crosses the network, and this process alone writes the manifest.
    Close it, or use it as a context manager; neither scheduler nor workers are shut down.

    Args:
        address: of the scheduler, such as ``tcp://10.0.0.1:8786``.
        timeout: seconds within which the scheduler must answer, in the beginning and after a lost connection,
            and for which all workers may be away.

    Raises:
        MissingPackage: the extra ``cluster`` is not installed.
        JobError: no scheduler answers.
    """

    #: Whether the workers write the outputs themselves.
    workers_write = True

    def __init__(self, address: str, *, timeout: float = 60.0) -> None:
        try:
            import distributed
        except ImportError as error:
            raise MissingPackage("distributed", "a Dask cluster", extra="cluster") from error
        self._address = address
        self._timeout = timeout
        try:
            self._client = distributed.Client(address, timeout=timeout, set_as_default=False)
        except Exception as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise JobError(address, f"no Dask scheduler answers: {said}") from error
        self._loop = self._client.loop.asyncio_loop
        self._sent: WeakSet[Future[Any]] = WeakSet()
        self._workers = 0
        #: When somebody looked, when the scheduler was asked, when it answered, and when it had a worker.
        self._looked = self._asked = self._heard = self._seen = time.monotonic()
        self._answer: Future[int] | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a function called in a worker. Function, arguments and result are pickled.

        Raises:
            Exception: an error of pickling, or the connection is closed.
        """
        # Octets: Dask would look for its own keys in what it is given. Pure, equal jobs would run once, and a
        # job that is sent again would have the old error.
        task = self._client.submit(_call, pickle.dumps((fn, args, kwargs)), pure=False)
        # Dask's own executor drops a future whose result can't be fetched, and it is never done. Here Dask
        # forgets the task of a future that is cancelled, as nothing holds it any more.
        future = asyncio.run_coroutine_threadsafe(_fetched(task), self._loop)
        self._sent.add(future)
        return future

    def room(self) -> int:
        """Return the number of jobs that the workers may have now; 0: none is there, or no connection."""
        self._look()
        return self._workers * _WINDOW

    def gone(self) -> str:
        """Return why no job will be done any more, or an empty text."""
        self._look()
        if self._client.status in ("closing", "closed"):
            return f"the scheduler {self._address} is gone"
        if time.monotonic() < self._seen + self._timeout:
            return ""
        if self._client.status != "running":
            return f"the scheduler {self._address} is gone"
        what = "has no worker" if self._heard > self._seen else "gives no answer"
        return f"the scheduler {self._address} {what} for {counted(self._timeout, 'second')}"

    def _look(self) -> None:
        """Ask for the number of workers once a second, and take the answer when it is there."""
        now = time.monotonic()
        if now > self._looked + self._timeout:
            # Nobody has asked meanwhile.
            self._heard = self._seen = now
        self._looked = now
        if self._client.status != "running":
            self._workers, self._answer = 0, None
            # What was on its way when the connection broke may never be told.
            for future in list(self._sent):
                future.cancel()
            return
        if self._answer is None and (now > self._asked + _ASK or not self._workers):
            self._asked = now
            self._answer = asyncio.run_coroutine_threadsafe(_workers(self._client), self._loop)
        if self._answer is not None and self._answer.done():
            # An error: the connection is lost, and the client says so soon.
            self._workers = 0
            if not self._answer.cancelled() and self._answer.exception() is None:
                self._workers, self._heard = self._answer.result(), now
            self._answer = None
            if self._workers:
                self._seen = now

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the connection; what was submitted is done before, unless it is cancelled or lost."""
        while wait and not cancel_futures and futures_wait(self._sent, _ASK).not_done and not self.gone():
            pass
        for future in list(self._sent):
            future.cancel()
        # A scheduler that gives no answer is not waited for.
        with contextlib.suppress(TimeoutError):
            self._client.close(timeout=self._timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(wait=error is None)


async def _fetched(task: Any) -> Any:
    """The result of a task of Dask, or its error; CancelledError of futures where it is to be sent again."""
    from distributed.comm import CommClosedError

    try:
        return await task
    except CommClosedError as error:
        raise CancelledError(str(error)) from error


async def _workers(client: Any) -> int:
    return len(await client.scheduler.ncores())


def _call(job: bytes) -> Any:
    function, arguments, named = pickle.loads(job)  # noqa: S301  (from the client of the cluster)
    return function(*arguments, **named)
