"""The sessions of operators whose browser gave the secret of the pages."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Session", "Sessions"]

#: Seconds of a session, from its begin and from its last use.
_LONGEST, _LONGEST_IDLE = 12 * 3600.0, 3600.0
#: Sessions that are remembered.
_MOST_SESSIONS = 100


@dataclass(slots=True)
class Session:
    """A browser whose operator gave the secret.

    Attributes:
        guard: what each form that changes something has to repeat.
        begun, used: when it began and was used last, on the monotonic clock.
    """

    guard: str
    begun: float
    used: float


class Sessions:
    """The sessions of this process; none outlives it.

    Args:
        clock: gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all: Recent[str, Session] = Recent(_MOST_SESSIONS)
        self._lock = threading.Lock()

    def begin(self) -> str:
        """Begin a session, and return its name, which is as secret as the secret."""
        name, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._all[name] = Session(secrets.token_urlsafe(32), now, now)
        return name

    def find(self, name: str) -> Session | None:
        """Return the session of a name, if it is not over."""
        now = self._clock()
        with self._lock:
            found = self._all.get(name)
            if found is None:
                return None
            if now - found.begun > _LONGEST or now - found.used > _LONGEST_IDLE:
                del self._all[name]
                return None
            found.used = now
        return found

    def end(self, name: str) -> None:
        """End a session."""
        with self._lock:
            self._all.pop(name, None)
