"""A number of places that jobs take and leave, in the order in which they came."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future

__all__ = ["Room"]


class Room:
    """Places, of which each who comes takes some. Who comes first is let in first; who takes none, at once.

    Args:
        places: how many there are. Who asks for more gets all of them.
    """

    def __init__(self, places: int) -> None:
        self._places = self._free = places
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, Future[None]]] = deque()

    def enter(self, count: int, seconds: float | None) -> bool:
        """Take places; waits at most some seconds, and gives whether it has them.

        Args:
            count: how many.
            seconds: None: as long as it takes.
        """
        taken = self._ask(count)
        is_in = False
        try:
            taken.result(seconds)
            is_in = True
        except TimeoutError:
            pass
        finally:
            if not is_in:
                self._give_up(count, taken)
        return is_in

    async def enter_async(self, count: int, seconds: float | None) -> bool:
        """Take places as enter() does, while other tasks of the event loop go on."""
        taken = self._ask(count)
        if taken.done():
            return True
        is_in = False
        try:
            # Other than wait_for(), it leaves the future alone: who was let in meanwhile must leave again.
            await asyncio.wait([asyncio.wrap_future(taken)], timeout=seconds)
            is_in = taken.done()
        finally:
            if not is_in:
                self._give_up(count, taken)
        return is_in

    def leave(self, count: int) -> None:
        """Give places back."""
        entered: list[Future[None]] = []
        with self._lock:
            self._free += min(count, self._places)
            while self._waiting and self._waiting[0][0] <= self._free:
                wanted, taken = self._waiting.popleft()
                # Who was cancelled has left already.
                if taken.set_running_or_notify_cancel():
                    self._free -= wanted
                    entered.append(taken)
        for taken in entered:
            taken.set_result(None)

    def _ask(self, count: int) -> Future[None]:
        wanted = min(count, self._places)
        taken: Future[None] = Future()
        with self._lock:
            if not wanted or (not self._waiting and wanted <= self._free):
                self._free -= wanted
                taken.set_result(None)
            else:
                self._waiting.append((wanted, taken))
        return taken

    def _give_up(self, count: int, taken: Future[None]) -> None:
        with self._lock:
            # One that is let in at this moment can't be cancelled.
            if taken.cancel():
                self._waiting = deque(entry for entry in self._waiting if entry[1] is not taken)
                count = 0
        # Others behind it may have room now.
        self.leave(count)
