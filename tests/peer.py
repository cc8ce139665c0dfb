"""A misbehaving peer on loopback: it sends slowly, too much, or nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

__all__ = ["Talk", "drip", "flood", "peer"]

#: Handles a connection; it ends early once the event is set.
Talk = Callable[[socket.socket, threading.Event], None]


@contextlib.contextmanager
def peer(talk: Talk) -> Iterator[int]:
    """The port of a server that handles connections one after the other with ``talk``."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    talk(connection, over)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            # Closing a socket does not wake a thread that is in accept().
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def drip(text: bytes, *, before: bytes = b"") -> Talk:
    """Send ``before`` at once, then repeat ``text`` octet by octet, each octet within a timeout."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(before)
        while True:
            for octet in text:
                connection.sendall(bytes([octet]))
                if over.wait(0.02):
                    return

    return talk


def flood(text: bytes, *, before: bytes = b"") -> Talk:
    """Send ``before``, then repeat ``text`` without end, as fast as the connection takes it."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(before)
        many = text * (1 + 65_536 // len(text))
        while not over.is_set():
            connection.sendall(many)

    return talk
