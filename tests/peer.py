"""A peer on loopback that speaks as badly as a test wants: slowly, too much, or never."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

__all__ = ["Talk", "drip", "flood", "peer"]

#: What a peer does with a connection; it ends early once the event is set.
Talk = Callable[[socket.socket, threading.Event], None]


@contextlib.contextmanager
def peer(talk: Talk) -> Iterator[int]:
    """The port of a server that talks so on each connection, one after the other."""
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
            # Who closes a socket does not wake the thread that accepts on it.
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def drip(text: bytes, *, before: bytes = b"") -> Talk:
    """Send some octets at once, then others one by one for as long as it takes, each within a timeout."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(before)
        while True:
            for octet in text:
                connection.sendall(bytes([octet]))
                if over.wait(0.02):
                    return

    return talk


def flood(text: bytes, *, before: bytes = b"") -> Talk:
    """Send some octets and then others without end, as fast as they are taken."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(before)
        many = text * (1 + 65_536 // len(text))
        while not over.is_set():
            connection.sendall(many)

    return talk
