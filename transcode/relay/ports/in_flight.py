"""Octets of messages that are being read, at all doors together."""

from __future__ import annotations

import threading

__all__ = ["InFlight"]


class InFlight:
    """Counts the octets of all requests that are being read, at every door. Its methods block nobody.

    Args:
        most: the most octets at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._octets = 0
        self._lock = threading.Lock()

    @property
    def octets(self) -> int:
        """The octets that are counted."""
        return self._octets

    def take(self, octets: int) -> bool:
        """Count octets, and return whether there was room for them; otherwise they are not counted."""
        with self._lock:
            has_room = self._octets + octets <= self._most
            self._octets += octets * has_room
        return has_room

    def release(self, octets: int) -> None:
        """Count octets no longer."""
        with self._lock:
            self._octets -= octets
