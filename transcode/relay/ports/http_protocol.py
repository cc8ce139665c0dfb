"""uvicorn's protocol with bounds for headers, and with the answer to: does the peer have every octet?"""

from __future__ import annotations

import asyncio
import fcntl
import re
import struct
import termios
from socket import SO_ERROR, SOL_SOCKET
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import socket

    from transcode.relay.ports.gate import Gate

__all__ = ["DRAINED", "Protocol"]

#: The extension of an ASGI scope that waits until the peer has everything that was written.
DRAINED = "transcode.drained"

#: The most octets, seconds and lines of a request's headers. Phones and gateways send 1 to 4 KB in 10 to 40
#: lines.
_MAX_HEADER_BYTES = 65_536
_MAX_HEADER_SECONDS = 30.0
_MAX_HEADERS = 500
#: The most requests that wait for the answer to an earlier one. One of 20 octets costs 3 KB here, and a read
#: may have thousands.
_MAX_PIPELINED = 32
#: What a connection gets that is one too many.
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 30\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n\r\ntoo many connections\n"
)
#: The most octets of one read of asyncio.
_MAX_READ = 262_144
_SERVER = re.compile(rb"\A(https?://[^/?#]+)(\?.*)?\Z", re.IGNORECASE)
#: Seconds after which what the peer's system took is looked at.
_MAX_SILENCE = 60.0
#: Seconds between two looks: the first, and the longest.
_LOOK, _LONGEST_LOOK = 0.002, 0.25


class _TooMuch(Exception):
    """What a client sends is more than is held. The parser takes it for a fault of the request."""


class Protocol(HttpToolsProtocol):
    """One connection. The server makes them, with the further arguments of HttpToolsProtocol.

    Args:
        gate: counts connections.
        least_rate: the octets a second that the peer's system must take of an answer, or the transfer counts
            as broken: who took an octet a minute would keep the connection for weeks.
    """

    def __init__(self, gate: Gate, least_rate: float, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._gate = gate
        self._least_rate = least_rate
        self._address = ""
        #: Octets since the last that were a body's: of headers, of trailers, or of chunks' ends.
        self._unread_bytes = 0
        self._in_headers = False
        self._deadline: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        #: What the peer's system had not confirmed when the peer ended its side; None: it did not end.
        self._unconfirmed_at_end: int | None = None
        self._is_lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline of the first headers, or turn a connection away that is one too many."""
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._gate.enter(self._address):
            transport.write(_BUSY)
            transport.set_protocol(asyncio.Protocol())
            transport.close()
            return
        super().connection_made(transport)
        self._begin_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self._is_lost = True
        self._gate.leave(self._address)
        self._end_headers()
        self._end_look()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuse headers and trailers that are too long."""
        self._unread_bytes += len(data)
        # A read that ends the headers may hold the beginning of the body.
        if self._unread_bytes > _MAX_HEADER_BYTES + _MAX_READ:
            self.transport.abort()
            return
        super().data_received(data)
        if self.transport.is_closing():
            # Of a peer that reads nothing, what was answered would keep the connection for ever.
            self._start_deadline()

    def on_message_begin(self) -> None:
        """Add the extension."""
        if len(self.pipeline) >= _MAX_PIPELINED:
            raise _TooMuch
        super().on_message_begin()
        extensions: dict[str, Any] = {DRAINED: self._drained}
        self.scope["extensions"] = extensions
        self._begin_headers()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, and no trailer: one behind the body could name a sender (RFC 9110, 6.5.1)."""
        if not self._in_headers:
            return
        if len(self.headers) >= _MAX_HEADERS:
            raise _TooMuch
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Count what is no body anew."""
        self._unread_bytes = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Stop the deadline."""
        self._end_headers()
        # The address of the server alone, as a proxy may write it, is that of its root.
        self.url = _SERVER.sub(rb"\1/\2", self.url)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Start the deadline of the next headers: uvicorn's ends with any octet, also of a body left over."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self._start_deadline()

    def pause_writing(self) -> None:
        """Begin to look whether the peer's system takes anything."""
        super().pause_writing()
        self._look_after(self._unconfirmed())

    def resume_writing(self) -> None:
        """Look no longer."""
        self._end_look()
        super().resume_writing()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Note what the peer had confirmed; keep the connection while a whole request has no answer yet.

        A peer may end its side once it has sent its request (RFC 9112, 9.6), and still reads.
        """
        cycle = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete or self.scope["scheme"] == "https":
            self._unconfirmed_at_end = self._unconfirmed()
            return False
        cycle.keep_alive = False
        return True

    def _begin_headers(self) -> None:
        if not self._in_headers:
            self._in_headers = True
            self._unread_bytes = 0
            self._start_deadline()

    def _start_deadline(self) -> None:
        if self._deadline is None and not self._is_lost:
            self._deadline = self.loop.call_later(
                _MAX_HEADER_SECONDS, self._end_deadline, self._unconfirmed()
            )

    def _end_deadline(self, before: int) -> None:
        self._deadline = None
        is_answering = not self._in_headers and self.transport.get_write_buffer_size() > 0
        if is_answering and not self._is_too_slow(before, self._unconfirmed(), _MAX_HEADER_SECONDS):
            # The end of the last answer is on its way.
            self._start_deadline()
        else:
            self.transport.abort()

    def _end_headers(self) -> None:
        self._in_headers = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _look_after(self, before: int) -> None:
        self._look = self.loop.call_later(_MAX_SILENCE, self._looked, before)

    def _looked(self, before: int) -> None:
        unconfirmed = self._unconfirmed()
        if self._is_too_slow(before, unconfirmed, _MAX_SILENCE):
            self.transport.abort()
        else:
            self._look_after(unconfirmed)

    def _end_look(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _unconfirmed(self) -> int:
        """Return the octets that the peer's system has not confirmed."""
        waiting: int = self.transport.get_write_buffer_size()
        line: socket.socket | None = self.transport.get_extra_info("socket")
        if line is None:
            return waiting
        try:
            told = fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        except OSError:
            return waiting
        return waiting + int(struct.unpack("i", told)[0])

    def _is_reset(self) -> bool:
        """Return whether the peer's system refuses octets. Nobody reads from a peer that ended its side."""
        line: socket.socket | None = self.transport.get_extra_info("socket")
        return line is not None and line.getsockopt(SOL_SOCKET, SO_ERROR) != 0

    async def _drained(self) -> bool:
        """Wait for the peer's system; return whether it confirmed every octet."""
        look, since, before = _LOOK, self.loop.time(), self._unconfirmed()
        while True:
            if self._unconfirmed_at_end is not None:
                return self._unconfirmed_at_end == 0
            if self._is_lost or self.transport.is_closing() or self._is_reset():
                return False
            unconfirmed = self._unconfirmed()
            if unconfirmed == 0:
                return True
            if self.loop.time() - since > _MAX_SILENCE:
                if self._is_too_slow(before, unconfirmed, _MAX_SILENCE):
                    self.transport.abort()
                    return False
                before, since = unconfirmed, self.loop.time()
            await asyncio.sleep(look)
            look = min(2 * look, _LONGEST_LOOK)

    def _is_too_slow(self, before: int, unconfirmed: int, seconds: float) -> bool:
        """Whether too little was taken in some seconds: nothing, at any rate. The last ones have as long."""
        return unconfirmed > max(0, before - max(1, round(self._least_rate * seconds)))
