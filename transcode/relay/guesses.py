"""How many wrong secrets or tokens each caller may try.

Each caller has a bucket: so many at once, then one in a time. There is no bucket of all callers together:
strangers who come from many addresses would lock out whom the door is for.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Guesses"]

_LOG = logging.getLogger(__name__)

#: Callers that are remembered.
_MOST_CALLERS = 10_000


class Guesses:
    """Counts what each caller tries. For any thread.

    Args:
        burst: how many a caller may try at once.
        wait: the seconds until another one is allowed.
        of: what they try to guess, for the log.
        clock: gives seconds that only grow.
    """

    def __init__(self, burst: int, wait: float, of: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._wait = wait
        self._of = of
        self._clock = clock
        #: When each caller will have tried nothing, as if each try took its wait.
        self._until: Recent[str, float] = Recent(_MOST_CALLERS)
        self._lock = threading.Lock()

    def wait(self, caller: str) -> float:
        """Return the seconds until a caller may try again; 0.0: it may."""
        with self._lock:
            return self._left(caller, self._clock())

    def take(self, caller: str) -> float:
        """Count a try before its outcome is known, for many come at once; or return the seconds to wait.

        Args:
            caller: a number, or what ``networks.one_of`` says of an address.
        """
        now = self._clock()
        with self._lock:
            left = self._left(caller, now)
            if left:
                return left
            until = max(self._until.get(caller, now), now) + self._wait
            self._until[caller] = until
        if until - now > (self._burst - 1) * self._wait:
            _LOG.warning("a caller tries too many %s", self._of)
        return 0.0

    def forgive(self, caller: str) -> None:
        """Count the tries of a caller no longer: one was right."""
        with self._lock:
            self._until.pop(caller, None)

    def _left(self, caller: str, now: float) -> float:
        return max(0.0, self._until.get(caller, now) - now - (self._burst - 1) * self._wait)
