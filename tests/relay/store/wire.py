"""A wire to a PostgreSQL server that is cut at a COMMIT."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from typing import Self

__all__ = ["Wire"]

#: The file of a server's socket.
_SOCKET = ".s.PGSQL.5432"


class Wire:
    """Takes connections in the place of a server while a ``with`` block lasts.

    Args:
        url: the address of the server, which listens in a folder.

    Attributes:
        url: the address of this end.
        commits: the COMMITs that came.
        is_down: whether new connections are closed at once.
    """

    def __init__(self, url: str) -> None:
        found = re.search("host=([^&]*)", url)
        assert found
        self._server = f"{found[1]}/{_SOCKET}"
        self._line = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(found[0], f"host=127.0.0.1&port={self._line.getsockname()[1]}")
        self.commits = 0
        self.is_down = False
        self._next = ""
        self._was_cut = self._is_last = False
        self._threads: list[threading.Thread] = []

    def cut_once(self, when: str, *, is_down: bool = False) -> None:
        """Cut the wire at the next COMMIT, if it was not cut before.

        Args:
            when: ``"before"`` the server hears of it, or ``"after"`` its answer, which nobody hears.
            is_down: whether nobody connects anew afterwards.
        """
        if not self._was_cut:
            self._was_cut, self._next, self._is_last = True, when, is_down

    def __enter__(self) -> Self:
        self._begin(self._serve)
        return self

    def __exit__(self, *_: object) -> None:
        self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()
        while self._threads:
            self._threads.pop().join()

    def _begin(self, run: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=run, args=arguments)
        self._threads.append(thread)
        thread.start()
        return thread

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._line.accept()
                self._begin(self._connection, client)

    def _connection(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            if self.is_down:
                return
            server.connect(self._server)
            mute = threading.Event()
            back = self._begin(_pump, server, client, lambda _: not mute.is_set())
            _pump(client, server, lambda piece: self._passes(piece, mute))
            back.join()

    def _passes(self, piece: bytes, mute: threading.Event) -> bool:
        """Return whether the server hears a piece; set the event where nobody hears its answer."""
        if b"COMMIT" not in piece:
            return True
        self.commits += 1
        when, self._next = self._next, ""
        if not when:
            return True
        self.is_down = self._is_last
        if when == "after":
            mute.set()
        return when == "after"


def _pump(source: socket.socket, target: socket.socket, passes: Callable[[bytes], bool]) -> None:
    with contextlib.suppress(OSError):
        while (piece := source.recv(65_536)) and passes(piece):
            target.sendall(piece)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
