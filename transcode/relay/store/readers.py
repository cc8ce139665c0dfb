"""Connections to read with: those that are free are used again, and there are never more than some."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcode.relay.store.connection import Connection

__all__ = ["Readers"]

#: The most connections. A server of PostgreSQL has a hundred for all of its processes, if nobody says more.
_MOST = 16


class Readers:
    """Lends connections to threads that read.

    Args:
        connect: makes a connection.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._room = threading.Semaphore(_MOST)
        self._lock = threading.Lock()
        self._free: list[Connection] = []
        self._lent: list[Connection] = []
        self._is_closed = False

    @contextlib.contextmanager
    def one(self) -> Iterator[Connection]:
        """Lend a connection for the time of a ``with`` block."""
        with self._room:
            connection = self._taken()
            try:
                yield connection
            finally:
                with self._lock:
                    self._lent.remove(connection)
                    is_over = self._is_closed
                    if not is_over:
                        self._free.append(connection)
                if is_over:
                    connection.close()

    def _taken(self) -> Connection:
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the store is closed")
            # The one that was used last: its statements are prepared.
            connection = self._free.pop() if self._free else None
        connection = connection or self._connect()
        with self._lock:
            self._lent.append(connection)
        return connection

    def break_off(self) -> None:
        """Have who reads get an error, and lend no more."""
        with self._lock:
            self._is_closed = True
            for connection in (*self._lent, *self._free):
                connection.break_off()

    def close(self) -> None:
        """Close the connections; one that is lent is closed when it is given back."""
        with self._lock:
            self._is_closed = True
            free, self._free = self._free, []
        for connection in free:
            connection.close()
