"""Sockets with one deadline and one cap on octets for a whole exchange with a peer.

A socket's own timeout holds for a single call: a peer that sends an octet now and then never
exceeds it. Here every call gets the seconds left of the whole exchange, the look-up of the
name included. Octets received are counted, in any protocol above.
"""

from __future__ import annotations

import io
import ipaddress
import re
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from transcode.counted import counted

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "NO_TIMEOUT",
    "BoundedSocket",
    "Exchange",
    "Flood",
    "NotPublic",
    "connect",
    "is_address",
    "is_public",
    "is_timeout",
]

#: Octets that are sent or received by one call.
_PIECE = 65_536

#: The one range of IPv6 that the public network uses (RFC 4291, 2.4; IANA's registry of IPv6 addresses).
_UNICAST_6 = ipaddress.IPv6Network("2000::/3")

#: Addresses of IPv6 that hold one of IPv4, which is where the packets end (RFC 6052, 2.1).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

#: Special ranges that older versions of the ipaddress module take for public (IANA's registries): those of
#: protocols, where a cloud tells machines their secrets; relays of 6to4, which are no more; documentation.
#: And the one public address at which another cloud does the same.
_SPECIAL_4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
_SPECIAL_6 = ipaddress.IPv6Network("3fff::/20")

#: What the standard library takes out of addresses, or sends as it is.
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f]")

#: The longest timeout, in seconds, and the error text of a wrong timeout.
_LONGEST = 86_400.0
NO_TIMEOUT = "timeout must be a number of seconds above 0 and up to a day"


def is_timeout(seconds: object) -> bool:
    """Whether a timeout is a number of seconds that sockets take."""
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds <= _LONGEST


def is_address(url: str) -> bool:
    """Whether a text is an http or https address with a host, and with a valid port, if any."""
    if _NOT_IN_ADDRESSES.search(url):
        return False
    try:
        parts = urlsplit(url)
        # Read, because urlsplit checks the port only then.
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


class Flood(OSError):
    """A peer sends more octets than the exchange may have."""


class NotPublic(OSError):
    """A name leads to an address of this machine or of a network that is not the public one."""


class Exchange:
    """The bounds of one exchange with a peer.

    Args:
        seconds: seconds from now to the end.
        octets: the largest number of octets received.
    """

    def __init__(self, seconds: float, octets: int) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._octets = octets
        self._room = octets

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._end

    def left(self) -> float:
        """The seconds left, more than 0.

        Raises:
            TimeoutError: no time is left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def late(self) -> TimeoutError:
        """The error of an exchange without time left."""
        return TimeoutError(f"timed out: not done within {counted(self.seconds, 'second')}")

    def count(self, octets: int) -> None:
        """Count received octets.

        Raises:
            Flood: the exchange has more octets than it may have.
        """
        self._room -= octets
        if self._room < 0:
            raise Flood(f"more than {self._octets:,} octets came")


class BoundedSocket:
    """A connected socket within the bounds of an exchange, with the methods that http.client and smtplib use.

    Args:
        raw: the socket, plain or of TLS.
        exchange: its bounds; another one may take its place when the next exchange begins.
    """

    def __init__(self, raw: socket.socket, exchange: Exchange) -> None:
        self.raw = raw
        self.exchange = exchange
        self._is_closed = False
        self._files = 0

    def recv(self, size: int) -> bytes:
        """The next octets; none at the end.

        Raises:
            OSError: as sockets do, TimeoutError when the time has run out, Flood.
        """
        buffer = bytearray(min(size, _PIECE))
        return bytes(buffer[: self.recv_into(memoryview(buffer))])

    def recv_into(self, buffer: memoryview) -> int:
        """The same into a buffer; their number."""
        self.raw.settimeout(self.exchange.left())
        try:
            count = self.raw.recv_into(buffer)
        except TimeoutError:
            raise self.exchange.late() from None
        self.exchange.count(count)
        return count

    def sendall(self, data: bytes | bytearray | memoryview) -> None:
        """Send octets.

        Raises:
            OSError: as sockets do, TimeoutError when the time has run out.
        """
        view = memoryview(data).cast("B")
        while view:
            self.raw.settimeout(self.exchange.left())
            try:
                view = view[self.raw.send(view[:_PIECE]) :]
            except TimeoutError:
                raise self.exchange.late() from None

    def makefile(self, mode: str) -> io.BufferedReader:
        """The received octets as a file; ``"rb"`` is the one mode."""
        assert mode == "rb"  # noqa: S101  (the libraries that call it ask for no other)
        self._files += 1
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Close the socket, after its last file."""
        self._is_closed = True
        if not self._files:
            self.raw.close()

    def release(self) -> None:
        """Note that a file was closed."""
        self._files -= 1
        if self._is_closed:
            self.close()


class _Incoming(io.RawIOBase):
    """The octets that a bounded socket receives, as a file."""

    def __init__(self, bounded: BoundedSocket) -> None:
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bounded.recv_into(memoryview(buffer))

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._bounded.release()


def connect(host: str, port: int, exchange: Exchange, *, only_public: bool = False) -> BoundedSocket:
    """Connect to the first address of a host that takes a connection.

    The name is looked up once, so the addresses checked are the addresses connected to.

    Args:
        host: a name or an address.
        port: of TCP.
        exchange: the bounds, which the look-up and all attempts share.
        only_public: refuse addresses that is_public does not take.

    Raises:
        NotPublic: the name leads to such an address.
        OSError: there is no such host, or nobody answers; TimeoutError in the exchange's time.
    """
    found = _addresses(host, port, exchange)
    if only_public:
        for *_, place in found:
            if not is_public(str(place[0])):
                raise NotPublic(f"{host} is at {place[0]}, which is no public address")
    problem = OSError(f"{host} has no address")
    for family, kind, protocol, _, place in found:
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(exchange.left())
            raw.connect(place)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raw.close()
            if exchange.is_over:
                raise exchange.late() from error
            problem = error
        except BaseException:
            raw.close()
            raise
        else:
            return BoundedSocket(raw, exchange)
    raise problem


def _addresses(host: str, port: int, exchange: Exchange) -> list[Any]:
    """The addresses of a host, as getaddrinfo gives them.

    A look-up can't be interrupted; it runs in a thread, which is abandoned when it takes too long.
    """
    import queue
    import threading

    answers: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def look_up(flags: int) -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # A numeric address needs neither a name server nor a thread.
    look_up(socket.AI_NUMERICHOST)
    found = answers.get()
    if isinstance(found, socket.gaierror):
        threading.Thread(target=look_up, args=(0,), daemon=True).start()
        try:
            found = answers.get(timeout=exchange.left())
        except queue.Empty:
            raise exchange.late() from None
    if isinstance(found, UnicodeError):
        raise OSError(f"{host!r} is no name of a host") from found
    if isinstance(found, Exception):
        raise found
    return found


def is_public(address: str) -> bool:
    """Whether an IP address is public, and so is the IPv4 address within it, if any.

    Not public are addresses of the machine itself, of private and shared networks, link-local, multicast,
    reserved and documentation addresses (IANA's registries of special-purpose addresses).
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        is_special = any(found in network for network in _SPECIAL_4)
        return found.is_global and not found.is_multicast and not is_special
    if found in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
    if inner is not None:
        return is_public(str(inner))
    return found in _UNICAST_6 and found.is_global and found not in _SPECIAL_6
