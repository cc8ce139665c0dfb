"""Requests to addresses that strangers name, each within the bounds of one exchange (RFC 9110).

Proxies of the environment are not used, as a proxy would choose the address.
"""

from __future__ import annotations

import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

from transcode.counted import counted
from transcode.errors import address_without_password, without_password
from transcode.net import Flood, NotPublic, connect, is_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transcode.net import Exchange

__all__ = ["Answer", "NotFetched", "NotPublic", "fetch", "request"]

#: The HTTP statuses of redirects, and the largest number that is followed.
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


class NotFetched(Exception):
    """An address gave no document; the text says why.

    Attributes:
        is_large: it sends more octets than it may.
        is_late: it was not done in time.
    """

    def __init__(self, reason: str, *, is_large: bool = False, is_late: bool = False) -> None:
        super().__init__(reason)
        self.is_large = is_large
        self.is_late = is_late


class Answer(NamedTuple):
    """An answer to a request.

    Attributes:
        status, reason: those of HTTP.
        location: where a redirect leads, or ``""``.
        octets: the body of a GET that succeeded, up to the most that was asked for.
    """

    status: int
    reason: str
    location: str
    octets: bytes


def fetch(
    url: str, exchange: Exchange, *, most: int, only_public: bool, headers: Mapping[str, str] | None = None
) -> bytes:
    """The document at an http or https address.

    Five redirects are followed at most, to http and https only.

    Args:
        url: the address.
        exchange: the bounds, which redirects share.
        most: the octets that are read; a document that has more is cut.
        only_public: refuse hosts with an address of this machine, of a private network, of the link and the
            like, whatever a name or a redirect leads to.
        headers: what is sent.

    Raises:
        NotFetched: no whole answer in time, an error, an address that is not public, or more octets than the
            exchange may have.
    """
    at = url
    for _ in range(_MOST_REDIRECTS + 1):
        if not is_address(at):
            raise NotFetched(f"{'is' if at == url else 'leads to what is'} no http or https address")
        try:
            answer = request("GET", at, exchange, most=most, only_public=only_public, headers=headers)
            if not answer.location and answer.status != 200:
                raise HTTPException(f"HTTP status {answer.status} {answer.reason}")
        except NotPublic as error:
            raise NotFetched(f"is not fetched: {error}") from error
        except (OSError, ValueError, HTTPException) as error:
            late = f"no whole answer within {counted(exchange.seconds, 'second')}"
            reason = late if exchange.is_over else str(error) or type(error).__name__
            raise NotFetched(
                f"can't be fetched: {without_password(reason)}",
                is_large=isinstance(error, Flood),
                is_late=exchange.is_over,
            ) from error
        if not answer.location:
            return answer.octets
        try:
            at = urljoin(at, answer.location)
        except ValueError as error:
            lead = address_without_password(answer.location)
            raise NotFetched(f"can't be fetched: leads to {lead!r}, which is no address") from error
    raise NotFetched(f"can't be fetched: more than {_MOST_REDIRECTS} redirects")


def request(
    method: str,
    url: str,
    exchange: Exchange,
    *,
    most: int,
    only_public: bool,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make one request, and return its answer. Redirects are not followed.

    Args:
        method: that of HTTP.
        url: an http or https address.
        exchange: the bounds.
        most, only_public: as for fetch.
        body, headers: what is sent.

    Raises:
        NotPublic: the host has an address that is not public.
        OSError: nobody answers in the exchange's bounds.
        HTTPException: the answer is no HTTP, or ends early.
    """
    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    host = parts.hostname or ""
    kind = HTTPSConnection if secure else HTTPConnection
    session = kind(host, parts.port)
    bounded = connect(host, session.port, exchange, only_public=only_public)
    try:
        if secure:
            bounded.raw.settimeout(exchange.left())
            bounded.raw = ssl.create_default_context().wrap_socket(bounded.raw, server_hostname=host)
        session.sock = bounded
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        session.request(method, target, body, {**(headers or {}), "Connection": "close"})
        with session.getresponse() as answer:
            while 100 < answer.status < 200:
                # The answer itself is yet to come (RFC 9110, 15.2); without headers it is read from here on.
                vars(answer).update(headers=None, msg=None)
                answer.begin()
            if answer.status in _REDIRECTS and (location := answer.getheader("Location")):
                return Answer(answer.status, answer.reason, location, b"")
            is_whole = answer.status == 200 and method == "GET"
            octets = answer.read(most) if is_whole else b""
            if answer.length and len(octets) < most and is_whole:
                raise HTTPException(f"the document ends {answer.length:,} octets early")
            return Answer(answer.status, answer.reason, "", octets)
    finally:
        bounded.close()
