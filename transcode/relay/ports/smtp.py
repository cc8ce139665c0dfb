"""SMTP in: aiosmtpd with a DATA step that takes a mail in large pieces, and with bounds for strangers.

aiosmtpd reads a mail line by line, which costs 27 ms of processor time for 1.4 MB, and refuses lines of more
than 998 octets, as some centres write SMIL. Here a mail is what stands before the first CR LF . CR LF. A line
feed alone ends neither a line nor a mail, so no second mail can hide in one (SMTP smuggling).
"""

from __future__ import annotations

import asyncio
import binascii
import contextlib
import logging
import re
import threading
from base64 import b64decode
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, AnyStr, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, syntax

from transcode.relay import metrics

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Coroutine, Iterator

    from transcode.relay.ports.gate import Gate
    from transcode.relay.ports.in_flight import InFlight

__all__ = ["Bounds", "Smtp", "counted", "serving"]

_LOG = logging.getLogger(__name__)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_END = b"\r\n.\r\n"
#: What no line of an answer has.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
#: Failed logins of one connection.
_MOST_LOGINS = 3
#: Commands of each kind on one connection.
_MOST_COMMANDS = 10_000
_BUSY = b"421 4.7.0 too many connections\r\n"
#: Seconds that a stop waits for mails that are being kept.
_GRACE = 10.0

TOO_LARGE = "552 5.3.4 the mail is too large"
NO_ROOM = "452 4.3.1 too many messages at once"
#: Code and enhanced code of what is answered to mails, senders and recipients (RFC 3463).
_answered = metrics.answers_of(
    "mm4 mail",
    (
        *("250 2.0.0", "451 4.3.0", "451 4.7.0", "452 4.3.1", "452 4.5.3", "530 5.7.0", "550 5.1.1"),
        *("550 5.7.1", "552 5.3.4", "554 5.3.4", "554 5.6.0", "554 5.7.1"),
    ),
)


def counted(answer: str) -> str:
    """Count an answer, and return it."""
    _answered(" ".join(answer.split(" ", 2)[:2]))
    return answer


class Bounds(NamedTuple):
    """What a connection may do.

    Attributes:
        mail_bytes: the largest mail, in octets.
        mail_seconds: the longest time that one mail may take to arrive.
        idle_seconds: how long a connection may be silent.
    """

    mail_bytes: int
    mail_seconds: float
    idle_seconds: float


class Smtp(SMTP):
    """One connection of a mail server.

    Args:
        handler: the hooks of aiosmtpd: MAIL, RCPT, DATA and so on.
        bounds: what the connection may do.
        gate: counts connections.
        in_flight: counts octets, at every door.
        hostname: the name of this server.
        tls: the context for STARTTLS, or None.
        require_tls: whether mails need it.
        login: returns who logged in with name and password, or None; it is called in another thread. None:
            nobody can log in.
    """

    def __init__(
        self,
        handler: object,
        bounds: Bounds,
        gate: Gate,
        in_flight: InFlight,
        *,
        hostname: str,
        tls: ssl.SSLContext | None = None,
        require_tls: bool = False,
        login: Callable[[str, bytes], str | None] | None = None,
    ) -> None:
        super().__init__(
            handler,
            data_size_limit=bounds.mail_bytes,
            hostname=hostname,
            ident="MMS",
            tls_context=tls,
            require_starttls=require_tls,
            timeout=bounds.idle_seconds,
            command_call_limit=_MOST_COMMANDS,
            auth_exclude_mechanism=() if login else ("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._bounds = bounds
        self._gate = gate
        self._in_flight = in_flight
        self._login = login
        self._failed_logins = 0
        self._incoming: _Incoming | None = None
        self._address: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or turn a connection away that is one too many."""
        if self._address is None:
            address = str((transport.get_extra_info("peername") or ("",))[0])
            if not self._gate.enter(address):
                assert isinstance(transport, asyncio.Transport)  # noqa: S101  (the loop makes no other)
                transport.write(_BUSY)
                transport.set_protocol(asyncio.Protocol())
                transport.close()
                return
            self._address = address
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave."""
        if self._address is not None:
            self._gate.leave(self._address)
            self._address = None
        super().connection_lost(error)

    def _timeout_cb(self) -> None:
        # To close would wait for ever for who reads no answers.
        assert isinstance(self.transport, asyncio.Transport)  # noqa: S101  (who is lost has no timer)
        self.transport.abort()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # No address has a control character (RFC 5321, 4.1.2), and not every database takes one.
        return (None, None) if _CONTROL.search(arg) else super()._getaddr(arg)

    async def push(self, status: AnyStr) -> None:
        """Answer in one line, whatever of a command the answer repeats."""
        await super().push(_CONTROLS.sub("?", status) if isinstance(status, str) else status)

    # Logins

    async def auth_PLAIN(self, _: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """Log in (RFC 4616)."""
        said = await self._said(args, "")
        found = said.split(b"\0") if said is not None else []
        if said is not None and len(found) != 3:
            await self.push("501 5.5.2 the answer has no name and password")
            return AuthResult(success=False)
        return await self._logged_in(found[1], found[2]) if found else AuthResult(success=False)

    async def auth_LOGIN(self, _: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """Log in, as servers did before there was a standard."""
        name = await self._said(args, self.AuthLoginUsernameChallenge)
        secret = None if name is None else await self._said([], self.AuthLoginPasswordChallenge)
        if name is None or secret is None:
            return AuthResult(success=False)
        return await self._logged_in(name, secret)

    async def _said(self, args: list[str], challenge: str) -> bytes | None:
        """Return the answer to a challenge, which may come with the command; None: it was refused."""
        if len(args) < 2:
            told = await self.challenge_auth(challenge)
            return told if isinstance(told, bytes) else None
        try:
            return b64decode(args[1], validate=True)
        except (binascii.Error, ValueError):
            await self.push("501 5.5.2 the answer is no base64")
            return None

    async def _logged_in(self, name: bytes, secret: bytes) -> AuthResult:
        assert self._login is not None  # noqa: S101  (without it AUTH is not offered)
        who = await asyncio.to_thread(self._login, name.decode("utf-8", "replace"), secret)
        if who is not None:
            return AuthResult(success=True, auth_data=LoginPassword(who.encode(), b""))
        self._failed_logins += 1
        if self._failed_logins < _MOST_LOGINS:
            return AuthResult(success=False, handled=False)
        await self.push("421 4.7.0 too many logins failed")
        assert self.transport is not None  # noqa: S101  (push wrote to it)
        self.transport.close()
        return AuthResult(success=False)

    # Mails

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Take a mail, and answer when the handler has it."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 RCPT comes first")
            return
        if arg:
            await self.push("501 5.5.4 DATA has no arguments")
            return
        mail = self._incoming = _Incoming(self._bounds.mail_bytes, self._in_flight, self.loop.create_future())
        end_at = self.loop.time() + self._bounds.mail_seconds
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            # What came before it, from a client that did not wait.
            early = bytes(self._reader._buffer)  # type: ignore[attr-defined]
            if early:
                await self._reader.readexactly(len(early))
                self.data_received(early)
            await self._arrived(mail, end_at)
            status = mail.refusal
            if not status:
                self.envelope.content = self.envelope.original_content = mail.octets()
                status = str(await self._call_handler_hook("DATA"))
        finally:
            self._incoming = None
            mail.release()
        self.envelope = self._create_envelope()
        self._reset_timeout()
        await self.push(counted(status))

    def data_received(self, data: bytes) -> None:
        """Take octets. Those of a mail pass the reader of commands by: it stops the line for each piece."""
        if self._incoming is None or self._incoming.arrived.done():
            super().data_received(data)
            return
        rest = self._incoming.take(data)
        if rest:
            super().data_received(rest)

    async def _arrived(self, mail: _Incoming, end_at: float) -> None:
        """Wait for the end of a mail; the connection ends when it takes too long, or nothing comes."""
        # A look now and then costs less than a timer for each piece.
        look = min(1.0, self._bounds.idle_seconds / 4)
        seen, since = -1, self.loop.time()
        while not mail.arrived.done():
            await asyncio.wait([mail.arrived], timeout=look)
            now = self.loop.time()
            if mail.count != seen:
                seen, since = mail.count, now
            left = min(since + self._bounds.idle_seconds, end_at) - now
            self._reset_timeout(max(0.001, left))


class _Incoming:
    """A mail that arrives.

    Args:
        most: the most octets.
        in_flight: the counter of all doors.
        arrived: done when the mail has ended.
    """

    def __init__(self, most: int, in_flight: InFlight, arrived: asyncio.Future[None]) -> None:
        self.arrived = arrived
        self.refusal = ""
        self.count = 0
        self._most = most
        self._in_flight = in_flight
        self._taken = 0
        # The end of the command's own line, so that a mail without lines ends too.
        self._octets = bytearray(b"\r\n")

    def take(self, piece: bytes) -> bytes:
        """Take octets, and return those behind the end of the mail."""
        self.count += len(piece)
        begin = max(0, len(self._octets) + 1 - len(_END))
        self._octets += piece
        end = self._octets.find(_END, begin)
        size = end if end >= 0 else len(self._octets)
        if not self.refusal and size > self._most:
            self.refusal = TOO_LARGE
        elif not self.refusal and not self._in_flight.take(len(piece)):
            self.refusal = NO_ROOM
        elif not self.refusal:
            self._taken += len(piece)
        rest = b""
        if end >= 0:
            rest = bytes(self._octets[end + len(_END) :])
            del self._octets[end + 2 :]
            self.arrived.set_result(None)
        if self.refusal:
            # It is read to its end all the same (RFC 5321, 4.2.5), but not kept.
            self.release()
            del self._octets[: 1 - len(_END)]
        return rest

    def octets(self) -> bytes:
        """Return the mail, without the dots that the other server put in front of lines with one."""
        return bytes(self._octets).replace(b"\r\n.", b"\r\n")[2:]

    def release(self) -> None:
        """Count its octets as in flight no longer."""
        self._in_flight.release(self._taken)
        self._taken = 0


@contextlib.contextmanager
def serving(line: socket.socket, protocol: Callable[[], asyncio.BaseProtocol]) -> Iterator[None]:
    """Serve a bound socket for the time of a ``with`` block, in a thread.

    Args:
        line: the socket.
        protocol: makes the protocol of a connection, in the thread's event loop.
    """
    loop = asyncio.new_event_loop()
    over = asyncio.Event()
    ready: Future[None] = Future()

    async def serve() -> None:
        try:
            server = await loop.create_server(protocol, sock=line)
        except BaseException as error:
            ready.set_exception(error)
            raise
        ready.set_result(None)
        await over.wait()
        server.close()
        # What is being kept is kept all the same; who got no answer sends again.
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting, timeout=_GRACE)

    thread = threading.Thread(target=_run, args=(loop, serve()), name="transcode-smtp", daemon=True)
    thread.start()
    try:
        ready.result()
        yield
    finally:
        if loop.is_running():
            loop.call_soon_threadsafe(over.set)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, None]) -> None:
    try:
        with contextlib.suppress(OSError):
            # The one who waits for the start has the error.
            loop.run_until_complete(main)
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
