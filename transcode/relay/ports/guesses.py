"""Addresses of messages that somebody makes up: how many each may ask for.

A token has 128 random bits, so no guess finds a message. The limit bounds what guessing costs, and shows it
in the log. All phones come from the gateway's address: what one of them does must not lock out the others.
"""

from __future__ import annotations

import logging

from transcode.relay.recent import Recent

__all__ = ["Guesses"]

_LOG = logging.getLogger(__name__)

_MINUTE = 60.0


class Guesses:
    """Counts wrong tokens of each caller, in a bucket that a minute empties. Not for several threads.

    Args:
        most: how many a caller may ask for in a minute.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        #: How full the buckets of the last callers were who guessed, and when.
        self._buckets: Recent[str, tuple[float, float]] = Recent(10_000)

    def is_over(self, caller: str, now: float) -> bool:
        """Return whether a caller asked for more than it may.

        Args:
            caller: a number, or an address.
            now: seconds of a clock that never goes back.
        """
        return caller in self._buckets and self._level(caller, now) > self._most - 1

    def note(self, caller: str, now: float) -> None:
        """Note a wrong token."""
        level = self._level(caller, now) + 1
        if level > self._most - 1:
            _LOG.warning("a caller asks for messages that there are not")
        self._buckets[caller] = (min(level, float(self._most)), now)

    def _level(self, caller: str, now: float) -> float:
        level, at = self._buckets.get(caller, (0.0, now))
        return max(0.0, level - (now - at) * self._most / _MINUTE)
