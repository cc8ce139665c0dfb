"""Asks parts of a centre that may never answer, and waits for no longer than who asks wants to."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Parts", "Unanswered"]

_Returned = TypeVar("_Returned")


class Unanswered(Exception):
    """A part gave no answer in time."""


class Parts:
    """Asks each part in a thread of its own, one question after the other.

    A database whose connection stalls, or a folder on a machine that is gone, keeps one thread for itself.
    What is asked of it meanwhile is forgotten when its time is over.

    Args:
        seconds: the longest time of an answer.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._threads: dict[str, _Thread] = {}
        self._lock = threading.Lock()

    def ask(self, part: str, call: Callable[[], _Returned]) -> _Returned:
        """Return what a call returns, made in the thread of a part.

        Raises:
            Unanswered: it took too long.
        """
        return self._answer(part, self._begin(part, call), time.monotonic() + self.seconds)

    def ask_all(self, calls: Mapping[str, Callable[[], _Returned]]) -> dict[str, _Returned | Exception]:
        """Make a call in the thread of each part; return what each returned, or why it did not."""
        end = time.monotonic() + self.seconds
        begun = {part: self._begin(part, call) for part, call in calls.items()}
        found: dict[str, _Returned | Exception] = {}
        for part, future in begun.items():
            try:
                found[part] = self._answer(part, future, end)
            except Exception as error:  # noqa: BLE001  # whatever is wrong is the answer
                found[part] = error
        return found

    def close(self) -> None:
        """End the threads; one that has no answer yet ends with the process."""
        with self._lock:
            threads, self._threads = self._threads, {}
        for thread in threads.values():
            thread.calls.put(None)
        for thread in threads.values():
            thread.join(self.seconds)

    def _begin(self, part: str, call: Callable[[], _Returned]) -> Future[_Returned]:
        future: Future[_Returned] = Future()
        with self._lock:
            thread = self._threads.get(part)
            if thread is None:
                thread = self._threads[part] = _Thread(part)
                thread.start()
            thread.calls.put((future, call))
        return future

    def _answer(self, part: str, future: Future[_Returned], end: float) -> _Returned:
        try:
            return future.result(max(0.0, end - time.monotonic()))
        except TimeoutError:
            if future.done():
                raise
            future.cancel()
            raise Unanswered(f"{part}: no answer within {self.seconds:g} seconds") from None


class _Thread(threading.Thread):
    def __init__(self, part: str) -> None:
        super().__init__(name=f"transcode-admin-{part}", daemon=True)
        self.calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()

    def run(self) -> None:
        while (found := self.calls.get()) is not None:
            future, call = found
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except Exception as error:  # noqa: BLE001  # who asked has it
                future.set_exception(error)
