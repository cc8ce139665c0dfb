"""Resolvers of other machines: services of number portability and HLRs, asked over HTTP, and ENUM."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from transcode.errors import ConfigError, MissingPackage, TransportError, is_temporary_status
from transcode.net import Exchange
from transcode.relay.hops import is_network_code
from transcode.relay.resolver import ResolverFile
from transcode.transport.http_client import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.nameserver

    from transcode.relay.resolver import Resolver
    from transcode.relay.resolving import Resolving

__all__ = ["EnumResolver", "HttpResolver", "made_resolver"]

#: The largest answer. It is a line of text or a small JSON object.
_MOST_OCTETS = 16_384
#: Statuses that say that nothing is known of a number, and that will stay so.
_UNKNOWN = (404, 410)
_OK = 200
_CLIENT_FAULTS = range(400, 500)
#: The replacement of a NAPTR record of the service E2U+mms:mailto (RFC 4355; RFC 3402, 3.2).
_MAILTO = re.compile(r"(.).*\1mailto:[^@]*@([A-Za-z0-9.-]{1,253})\1i?", re.DOTALL)
#: A record may have several services (RFC 6116, 3.4.3).
_SERVICE = re.compile(r"E2U(?:\+[a-z0-9:-]+)*?\+mms:mailto(?:\+[a-z0-9:-]+)*|mms:mailto\+E2U", re.IGNORECASE)


def made_resolver(told: Resolving) -> Resolver | None:
    """Return the resolver of a configuration, or None.

    Raises:
        ConfigError: the file is wrong, or an address of a name server.
        MissingPackage: dnspython is not installed.
    """
    if told.url:
        return HttpResolver(told.url, told.authorization, told.seconds)
    if told.enum:
        try:
            return EnumResolver(told.enum, told.servers, told.seconds)
        except ValueError as error:
            raise ConfigError(told.enum, str(error), key="resolver") from error
    return ResolverFile(told.file) if told.is_there else None


class HttpResolver:
    """A service that is asked by GET.

    It answers 200 with the MCC-MNC or a domain as text, or with a JSON object that has ``mccmnc``, or
    ``mcc`` and ``mnc``, or ``domain``; an empty answer, 404 and 410 mean that it knows nothing of the number.
    Other statuses from 400 on that are not temporary refuse an answer for this number.

    Args:
        url: the address; ``{number}`` stands for the digits of the number.
        authorization: the value of the header Authorization, or ``""``.
        seconds: the longest time of a whole answer.
    """

    def __init__(self, url: str, authorization: str = "", seconds: float = 2.0) -> None:
        self.longest = seconds
        self._url = url
        headers = {"Accept-Encoding": "identity"}
        if authorization:
            headers["Authorization"] = authorization
        self._client = Client(headers=headers)

    def resolve(self, number: str) -> str:
        """Ask the service."""
        url = self._url.replace("{number}", number.removeprefix("+"))
        where = self._url.partition("?")[0]
        exchange = Exchange(self.longest, _MOST_OCTETS)
        try:
            status, body = self._client.get(url, exchange)
        except Exception as error:
            late = f"no whole answer within {self.longest:g} seconds"
            reason = late if exchange.is_over else str(error) or type(error).__name__
            raise TransportError(where, reason, temporary=True) from error
        if status in _UNKNOWN:
            return ""
        if status != _OK:
            is_refusal = status in _CLIENT_FAULTS and not is_temporary_status(status)
            raise TransportError(where, f"HTTP {status}", temporary=not is_refusal)
        try:
            return _said(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise TransportError(where, f"an answer that says nothing: {error}", temporary=True) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _said(text: str) -> str:
    """Return the code or the domain of an answer.

    Raises:
        ValueError: it has neither.
    """
    text = text.strip()
    if text.startswith("{"):
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError(text[:100])
        found = values.get("mccmnc") or values.get("domain") or _joined(values) or ""
        text = str(found)
    code = text.replace("-", "").replace(" ", "")
    if is_network_code(code) or not text:
        return code
    if re.fullmatch(r"[A-Za-z0-9.-]{1,253}", text) and "." in text:
        return text.lower()
    raise ValueError(text[:100])


def _joined(values: dict[str, object]) -> str:
    country, network = values.get("mcc"), values.get("mnc")
    if country is None or network is None:
        return ""
    # A number in JSON has no zeros in front, and no network has fewer digits than two.
    return f"{country}{str(network).zfill(2)}"


class EnumResolver:
    """ENUM: NAPTR records of the service E2U+mms:mailto say at which domain a number is (RFC 6116, RFC 4355).

    Of the record's replacement the domain alone counts; its regular expression is never evaluated.

    Args:
        zone: where the numbers hang, such as ``"e164.arpa"``, or that of a carrier.
        servers: the addresses of name servers, with ``#`` and the port where it is not 53; none: those of
            the system.
        seconds: the longest time of a whole answer.

    Raises:
        MissingPackage: dnspython is not installed.
        ValueError: an address or the zone is none.
    """

    def __init__(self, zone: str, servers: Sequence[str] = (), seconds: float = 2.0) -> None:
        try:
            import dns.exception
            import dns.name
            import dns.resolver
        except ImportError as error:
            raise MissingPackage("dnspython", "ENUM", extra="relay") from error
        self.longest = seconds
        try:
            self._zone = dns.name.from_text(zone)
            self._resolver = dns.resolver.Resolver(configure=not servers)
            if servers:
                self._resolver.nameservers = [_nameserver(one) for one in servers]
        except dns.exception.DNSException as error:
            raise ValueError(str(error)) from error

    def resolve(self, number: str) -> str:
        """Ask the name servers."""
        import dns.exception
        import dns.name
        import dns.resolver

        digits = number.removeprefix("+")
        name = dns.name.Name(digit.encode() for digit in reversed(digits)).concatenate(self._zone)
        try:
            found = self._resolver.resolve(name, "NAPTR", lifetime=self.longest, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return ""
        except (dns.exception.DNSException, OSError) as error:
            reason = str(error) or type(error).__name__
            raise TransportError(str(self._zone), reason, temporary=not _is_refusal(error)) from error
        records = sorted(found.rrset or (), key=lambda one: (one.order, one.preference))
        for record in records:
            rule = _MAILTO.fullmatch(record.regexp.decode("ascii", "replace"))
            if (
                record.flags.lower() == b"u"
                and _SERVICE.fullmatch(record.service.decode("ascii", "replace"))
                and rule
            ):
                return rule[2].lower()
        return ""

    def close(self) -> None:
        """Do nothing: each question has a socket of its own."""


def _is_refusal(error: Exception) -> bool:
    """Return whether name servers answered that they do not answer."""
    import dns.rcode
    import dns.resolver

    if not isinstance(error, dns.resolver.NoNameservers):
        return False
    answers = [response for *_, response in error.kwargs["errors"] if response is not None]
    return bool(answers) and all(answer.rcode() == dns.rcode.REFUSED for answer in answers)


def _nameserver(text: str) -> dns.nameserver.Nameserver:
    import dns.nameserver

    address, _, port = text.partition("#")
    return dns.nameserver.Do53Nameserver(address, int(port or 53))
