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
import threading
from base64 import b64decode
from collections import Counter
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, syntax

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Coroutine, Iterator

    from transcode.relay.ports.in_flight import InFlight

__all__ = ["Bounds", "Gate", "Smtp", "serving"]

_LOG = logging.getLogger(__name__)

_END = b"\r\n.\r\n"
#: More than a StreamReader ever holds, so that one read empties it.
_ALL = 1 << 24
#: Failed logins of one connection.
_MOST_LOGINS = 3
#: Commands of each kind on one connection.
_MOST_COMMANDS = 10_000
_BUSY = b"421 4.7.0 too many connections\r\n"
#: Seconds that a stop waits for mails that are being kept.
_GRACE = 10.0

TOO_LARGE = "552 5.3.4 the mail is too large"
NO_ROOM = "452 4.3.1 too many messages at once"


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


class Gate:
    """Counts connections, in one event loop.

    Args:
        most: the most at once.
        most_each: the most of one address at once.
    """

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count a connection, and return whether there was room for it; otherwise it is not counted."""
        has_room = self._open.total() < self._most and self._open[address] < self._most_each
        if has_room:
            self._open[address] += 1
        return has_room

    def leave(self, address: str) -> None:
        """Count a connection no longer."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


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
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        taken = _Taken(self._in_flight)
        try:
            mail = await self._mail(taken)
            if isinstance(mail, bytes):
                self.envelope.content = self.envelope.original_content = mail
                status = str(await self._call_handler_hook("DATA"))
            else:
                status = mail
        finally:
            taken.release()
        self.envelope = self._create_envelope()
        self._reset_timeout()
        await self.push(status)

    async def _mail(self, taken: _Taken) -> bytes | str:
        """Return a mail, or after its end why it is not taken."""
        bounds = self._bounds
        refusal = ""
        # The end of the command's own line, so that a mail without lines ends too.
        octets = bytearray(b"\r\n")
        end_at = self.loop.time() + bounds.mail_seconds
        while True:
            self._reset_timeout(max(0.001, min(bounds.idle_seconds, end_at - self.loop.time())))
            piece = await self._reader.read(_ALL)
            if not piece:
                raise ConnectionResetError("the connection ended within a mail")
            begin = max(0, len(octets) + 1 - len(_END))
            octets += piece
            end = octets.find(_END, begin)
            if end >= 0:
                break
            if not refusal and len(octets) > bounds.mail_bytes:
                refusal = TOO_LARGE
            elif not refusal and not taken.take(len(piece)):
                refusal = NO_ROOM
            if refusal:
                taken.release()
                del octets[: 1 - len(_END)]
        # The read above emptied the reader, so this is what comes next.
        self._reader.feed_data(bytes(octets[end + len(_END) :]))
        if not refusal and end > bounds.mail_bytes:
            refusal = TOO_LARGE
        elif not refusal and not taken.take(len(piece)):
            refusal = NO_ROOM
        # The dots that the other server put in front of lines with one (RFC 5321, 4.5.2).
        return refusal or bytes(octets[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]


class _Taken:
    """Octets of one mail that count as in flight."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._octets = 0

    def take(self, octets: int) -> bool:
        has_room = self._in_flight.take(octets)
        self._octets += octets * has_room
        return has_room

    def release(self) -> None:
        self._in_flight.release(self._octets)
        self._octets = 0


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
