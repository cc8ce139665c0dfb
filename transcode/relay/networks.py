"""Addresses of those who connect: the networks that they are in, and who counts as one."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, TypeAlias

from transcode.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Network", "check_networks", "is_in", "networks", "one_of"]

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
#: The network of one customer in IPv6 (RFC 6177): who has it can come from each address in it.
_ONE = 64


def networks(texts: Iterable[str]) -> list[Network]:
    """Return the networks of a configuration."""
    return list(map(ipaddress.ip_network, texts))


def is_in(host: str, among: Iterable[Network]) -> bool:
    """Return whether an address is in one of the networks; what is no address is in none."""
    address = _address(host)
    return address is not None and any(address in network for network in among)


def one_of(host: str) -> str:
    """Return who counts as one: an address of IPv4, a network of 64 bits of IPv6, or what is no address."""
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _ONE), strict=False))
    return host if address is None else str(address)


def check_networks(texts: Sequence[str], source: str, key: str) -> None:
    """Check a list of addresses and networks.

    Raises:
        ConfigError: one is none; the error names file and key.
    """
    for place, text in enumerate(texts):
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            raise ConfigError(source, str(error), key=f"{key}[{place}]") from error


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    # A socket for both families shows IPv4 as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address
