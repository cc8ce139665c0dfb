"""Addresses of messages that somebody makes up: how many each may ask for.

A token has 128 random bits, so no guess finds a message. The limit bounds what guessing costs, and shows it
in the log. All phones come from the gateway's address: what one of them does must not lock out the others.
"""

from __future__ import annotations

import logging
from collections import OrderedDict

__all__ = ["Guesses"]

_LOG = logging.getLogger(__name__)

_MINUTE = 60.0
#: How many callers are remembered; the one who guessed longest ago is forgotten first.
_MOST = 10_000


class Guesses:
    """Counts wrong tokens of each caller, in a bucket that a minute empties. Not for several threads.

    Args:
        most: how many a caller may ask for in a minute.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        #: How full each bucket was, and when.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

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
        self._buckets.move_to_end(caller)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)

    def _level(self, caller: str, now: float) -> float:
        level, at = self._buckets.get(caller, (0.0, now))
        return max(0.0, level - (now - at) * self._most / _MINUTE)
