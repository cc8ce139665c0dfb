"""How many connections a door has at once: of one address, of all, and of those that it knows.

Who fills his own room, or many strangers theirs, keeps nobody else out: gateways, proxies and known peers
have rooms of their own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay import metrics
from transcode.relay.networks import is_in, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.networks import Network

__all__ = ["Gate"]


class _Room(NamedTuple):
    networks: Sequence[Network]
    most_each: int


class Gate:
    """Counts connections, in one event loop.

    Args:
        door: the name of the door, for metrics: ``"http"``, ``"mm4"`` or ``"admin"``.
        most: the most connections at once of strangers; of known peers; and of proxies.
        most_each: the most of one address at once, unless it is a proxy's.
        known: the addresses of peers that have a room of their own.
        proxies: the addresses behind which many are.
    """

    def __init__(
        self,
        door: str,
        most: int,
        most_each: int,
        known: Sequence[Network] = (),
        proxies: Sequence[Network] = (),
    ) -> None:
        self._door = door
        self._most = most
        self._rooms = {"proxies": _Room(proxies, most), "known": _Room(known, most_each)}
        self._strangers = _Room((), most_each)
        self._open: Counter[tuple[str, str]] = Counter()
        self._in_room: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count a connection, and return whether there was room for it; otherwise it is not counted."""
        name, room = self._room(address)
        one = (name, one_of(address))
        if self._in_room[name] < self._most and self._open[one] < room.most_each:
            self._in_room[name] += 1
            self._open[one] += 1
            return True
        if not self._open[one]:
            del self._open[one]
        metrics.turned_away(self._door)
        return False

    def leave(self, address: str) -> None:
        """Count a connection no longer."""
        name, _ = self._room(address)
        one = (name, one_of(address))
        self._in_room[name] -= 1
        self._open[one] -= 1
        if not self._open[one]:
            del self._open[one]

    def _room(self, address: str) -> tuple[str, _Room]:
        for name, room in self._rooms.items():
            if is_in(address, room.networks):
                return name, room
        return "strangers", self._strangers
