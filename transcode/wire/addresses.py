"""Addresses of one interface as another has them: numbers with and without a type, a domain or a name."""

from __future__ import annotations

import re

__all__ = ["with_type", "without_name"]

#: An address with the domain of a gateway behind it.
_ROUTED = re.compile(r"(?:[^<>]*<)?([^<>@]+/TYPE=[A-Za-z0-9]+)@[^<>]*>?", re.IGNORECASE)
#: A number with its type behind a name.
_NAMED = re.compile(r"[^<>]*<([^<>@]+/TYPE=[A-Za-z0-9]+)(?:@[^<>]*)?>", re.IGNORECASE)
#: A number, or a short code of digits: alone, in quotes or in brackets, behind a name or a scheme, in groups.
_NUMBER = re.compile(
    r"(?:[^<>@]*<|\")?\s*(?:tel:\s*)?(\+?[0-9*#](?:[ ().-]*[0-9*#]){0,19})\s*[>\"]?", re.IGNORECASE
)
#: The digit that is dialled within a country only, behind that country's number.
_TRUNK = re.compile(r"(\+[0-9]{1,3}[ .-]?)\(0\)")
_GROUPS = str.maketrans("", "", " ().-")


def with_type(address: str) -> str:
    """An address without the gateway that it came through; a bare number with its type."""
    found = _ROUTED.fullmatch(address)
    if found is not None:
        return found[1]
    number = _NUMBER.fullmatch(address)
    if number is None:
        return address
    digits = _TRUNK.sub(r"\1", number[1]).translate(_GROUPS)
    return f"{digits}/TYPE=PLMN"


def without_name(address: str) -> str:
    """A number that stands behind a name, with its type alone; any other address as with_type gives it."""
    found = _NAMED.fullmatch(address)
    return with_type(address) if found is None else found[1]
