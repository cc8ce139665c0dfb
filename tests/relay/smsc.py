"""An SMSC for tests, on plain sockets: it keeps what it takes, and misbehaves on request (SMPP 3.4)."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

__all__ = ["Account", "ShortMessage", "Smsc"]

BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT_SM, DELIVER_SM = 1, 2, 4, 5
UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 6, 9, 0x15
RESPONSE = 0x80000000
WRONG_PASSWORD = 0x0E


class ShortMessage(NamedTuple):
    """A submit_sm.

    Attributes:
        source, destination: type and plan of the number, and the number.
        esm_class, data_coding, registered_delivery: the fields of these names.
        octets: the user data.
        validity_period: the field of this name.
    """

    source: tuple[int, int, bytes]
    destination: tuple[int, int, bytes]
    esm_class: int
    data_coding: int
    registered_delivery: int
    octets: bytes
    validity_period: bytes = b""


class Account(NamedTuple):
    """What a bind names."""

    system_id: bytes
    password: bytes
    system_type: bytes


class Smsc:
    """An SMSC that takes any number of binds.

    Args:
        password: the one that it asks for.
        tls: its certificate; None: it speaks without TLS.

    Attributes:
        statuses: what it answers to the next submissions; afterwards it takes all.
        silent: commands that it does not answer.
        ends_at: the command that it ends the connection at.
        garbage: what it sends in the place of answers to submissions.
        binds: the accounts, in order.
        pdus: all that came, whole.
    """

    def __init__(self, password: bytes = b"secret", tls: ssl.SSLContext | None = None) -> None:
        self._password = password
        self._tls = tls
        self.statuses: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.silent: frozenset[int] = frozenset()
        self.ends_at: int | None = None
        self.garbage: bytes | None = None
        self.binds: queue.SimpleQueue[Account] = queue.SimpleQueue()
        self.pdus: list[bytes] = []
        self.most_waiting = 0
        self._taken: dict[bytes, queue.SimpleQueue[ShortMessage]] = {}
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self._number = 0

    def taken(self, number: str) -> queue.SimpleQueue[ShortMessage]:
        """The short messages to a number, without +."""
        return self._taken.setdefault(number.encode(), queue.SimpleQueue())

    @contextmanager
    def running(self, port: int = 0) -> Iterator[int]:
        """Serve; gives the port."""
        with socket.create_server(("127.0.0.1", port)) as listening:
            thread = threading.Thread(target=self._accept, args=(listening,))
            thread.start()
            try:
                yield listening.getsockname()[1]
            finally:
                # Closing a socket does not wake a thread that is in accept().
                listening.shutdown(socket.SHUT_RDWR)
                thread.join()
                self.kill()

    def kill(self) -> None:
        """End all connections, without a word."""
        with self._lock:
            for line in self._lines:
                with contextlib.suppress(OSError):
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    line.shutdown(socket.SHUT_RDWR)
                line.close()
            self._lines.clear()

    def deliver(self, text: bytes, *, esm_class: int, data_coding: int = 0, parameters: bytes = b"") -> None:
        """Send a deliver_sm over the newest bind."""
        body = (
            b"\0\1\x0115550002\0\0\0\0"
            + bytes((esm_class,))
            + b"\0\0\0\0\0\0"
            + bytes((data_coding,))
            + b"\0"
        )
        body += bytes((len(text),)) + text + parameters
        self._lines[-1].sendall(pdu(DELIVER_SM, 0, 77, body))

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                self._lines.append(line)
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), self._secured(line) as line:
            while True:
                size = _exactly(line, 4)
                octets = size + _exactly(line, int.from_bytes(size, "big") - 4)
                command, _, sequence = struct.unpack(">III", octets[4:16])
                is_answered = command not in self.silent and not command & RESPONSE
                self.pdus.append(octets)
                if command == self.ends_at:
                    return
                if is_answered:
                    line.sendall(self._answer(command, sequence, octets[16:]))

    def _secured(self, line: socket.socket) -> socket.socket:
        return line if self._tls is None else self._tls.wrap_socket(line, server_side=True)

    def _answer(self, command: int, sequence: int, body: bytes) -> bytes:
        status, said = 0, b""
        if command in (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER):
            account = Account(*body.split(b"\0")[:3])
            self.binds.put(account)
            status = 0 if account.password == self._password else WRONG_PASSWORD
            said = b"smsc\0" if not status else b""
        elif command == SUBMIT_SM:
            if self.garbage is not None:
                return self.garbage
            with contextlib.suppress(queue.Empty):
                status = self.statuses.get_nowait()
            if not status:
                message = _submitted(body)
                self.taken(message.destination[2].decode()).put(message)
                self._number += 1
                said = b"%d\0" % self._number
        return pdu(command | RESPONSE, status, sequence, said)


def pdu(command: int, status: int, sequence: int, body: bytes) -> bytes:
    """A PDU."""
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def _exactly(line: socket.socket, size: int) -> bytes:
    octets = b""
    while len(octets) < size:
        piece = line.recv(size - len(octets))
        if not piece:
            raise EOFError
        octets += piece
    return octets


def _submitted(body: bytes) -> ShortMessage:
    _service, rest = body.split(b"\0", 1)
    source, rest = _address(rest)
    destination, rest = _address(rest)
    esm_class, _protocol, _priority = rest[:3]
    _schedule, validity, rest = rest[3:].split(b"\0", 2)
    registered_delivery, _replace, data_coding, _default, size = rest[:5]
    assert len(rest) == 5 + size, "octets behind the short message"
    return ShortMessage(source, destination, esm_class, data_coding, registered_delivery, rest[5:], validity)


def _address(octets: bytes) -> tuple[tuple[int, int, bytes], bytes]:
    number, rest = octets[2:].split(b"\0", 1)
    return (octets[0], octets[1], number), rest
