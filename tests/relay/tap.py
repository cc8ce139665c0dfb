"""A wire between phones and a centre that keeps every octet that passed, both ways."""

from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Self
from urllib.parse import urlsplit

#: What passed on one connection: from the phone or not, and the octets.
Passed = list[tuple[bool, bytes]]


class Tap:
    """Takes connections in the place of a centre while a ``with`` block lasts.

    Args:
        centre: the address of the centre.

    Attributes:
        connections: what passed, by connection.
        url: where phones connect to.
    """

    def __init__(self, centre: str) -> None:
        self.connections: list[Passed] = []
        self._centre = urlsplit(centre)
        self._line = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._line.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # close alone wakes nobody who accepts.
        self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()
        self._thread.join()

    def _serve(self) -> None:
        with ThreadPoolExecutor(max_workers=32) as pool:
            while True:
                try:
                    phone, _ = self._line.accept()
                except OSError:
                    return
                passed: Passed = []
                self.connections.append(passed)
                pool.submit(self._connection, phone, passed)

    def _connection(self, phone: socket.socket, passed: Passed) -> None:
        with phone, socket.create_connection((self._centre.hostname, self._centre.port)) as centre:
            back = threading.Thread(target=_pump, args=(centre, phone, False, passed))
            back.start()
            _pump(phone, centre, True, passed)
            back.join()


def _pump(source: socket.socket, target: socket.socket, is_phone: bool, passed: Passed) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            passed.append((is_phone, piece))
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
