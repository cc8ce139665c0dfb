"""Next hops, and whom each of them serves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.relay.model import Route

__all__ = ["Hop", "clash", "is_network_code"]

#: A country of three digits and a network of two or three (ITU-T E.212).
_CODE = re.compile(r"[0-9]{5,6}")


@dataclass(frozen=True, slots=True)
class Hop:
    """A next hop, and whom it serves.

    Attributes:
        route: its kind.
        peer: its name; ``""`` for the phones of this centre.
        network: the profile of a network of this centre.
        numbers: whole numbers and short codes.
        prefixes: beginnings of numbers; ``""`` is every number.
        codes: MCC-MNCs of networks, of 5 or 6 digits.
        domains: domains of mail-like addresses; ``*.example.org`` is each domain below ``example.org``.
        is_default: whether it takes what no other hop serves.
        may_relay: whether messages that come from it may go to another centre or provider.
    """

    route: Route
    peer: str = ""
    network: str = ""
    numbers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    is_default: bool = False
    may_relay: bool = False

    @property
    def served(self) -> set[tuple[str, str]]:
        """What nobody else may serve: kind and value."""
        return {
            *(("number", one) for one in self.numbers),
            *(("prefix", one) for one in self.prefixes),
            *(("MCC-MNC", one) for one in self.codes),
            *(("domain", one.lower()) for one in self.domains),
            *((("default", ""),) if self.is_default else ()),
        }


def clash(hops: Iterable[Hop]) -> tuple[str, str] | None:
    """Return what two hops serve, its kind and value, or None: a message to it would go either way."""
    seen: set[tuple[str, str]] = set()
    for hop in hops:
        both = seen & hop.served
        if both:
            return min(both)
        seen |= hop.served
    return None


def is_network_code(text: str) -> bool:
    """Return whether a text is an MCC-MNC, such as ``"310260"``."""
    return _CODE.fullmatch(text) is not None
