"""Who may see the pages: secrets, sessions, and a limit for those who guess."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Guesses", "Session", "Sessions"]

#: Seconds of a session, from its begin and from its last use.
_LONGEST, _LONGEST_IDLE = 12 * 3600.0, 3600.0
#: Sessions and addresses that are remembered.
_MOST_SESSIONS, _MOST_ADDRESSES = 100, 10_000
#: Wrong secrets at once of one address, and of all; and the seconds until another one is allowed.
_BURST, _BURST_OF_ALL = 5, 30
_WAIT, _WAIT_OF_ALL = 30.0, 2.0


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


class Guesses:
    """Counts wrong secrets. An address may give a few at once, and then one every half minute.

    Args:
        clock: gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: When each address will have given no wrong secret, as if each one took its wait.
        self._until: Recent[str, float] = Recent(_MOST_ADDRESSES)
        self._until_of_all = 0.0
        self._lock = threading.Lock()

    def take(self, address: str) -> float:
        """Count a secret before it is verified, for many come at once; or return the seconds to wait."""
        now = self._clock()
        with self._lock:
            wait = self._wait(address, now)
            if not wait:
                self._until[address] = max(self._until.get(address, now), now) + _WAIT
                self._until_of_all = max(self._until_of_all, now) + _WAIT_OF_ALL
        return wait

    def forgive(self, address: str) -> None:
        """Count the secrets of an address no longer: it gave the right one."""
        with self._lock:
            self._until.pop(address, None)
            self._until_of_all = max(self._until_of_all - _WAIT_OF_ALL, 0.0)

    def _wait(self, address: str, now: float) -> float:
        own = self._until.get(address, now) - now - (_BURST - 1) * _WAIT
        of_all = self._until_of_all - now - (_BURST_OF_ALL - 1) * _WAIT_OF_ALL
        return max(own, of_all, 0.0)
