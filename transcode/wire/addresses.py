"""Converts addresses between interfaces: phone numbers with and without a type, domain or display name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.model import SomeMessage

__all__ = ["with_addresses", "with_type", "without_name"]

#: A number with its type, followed by the domain of a gateway.
_ROUTED = re.compile(r"(?:[^<>]*<)?([^<>@]+/TYPE=[A-Za-z0-9]+)@[^<>]*>?", re.IGNORECASE)
#: A display name, followed by a number with its type.
_NAMED = re.compile(r"[^<>]*<([^<>@]+/TYPE=[A-Za-z0-9]+)(?:@[^<>]*)?>", re.IGNORECASE)
#: A number or a short code of digits. It may stand alone, in quotes or in brackets, and follow a display name
#: or the scheme tel. Its digits may be in groups.
_NUMBER = re.compile(
    r"(?:[^<>@]*<|\")?\s*(?:tel:\s*)?(\+?[0-9*#](?:[ ().-]*[0-9*#]){0,19})\s*[>\"]?", re.IGNORECASE
)
#: A country code, followed by the trunk prefix 0, which is dialled only within the country.
_TRUNK = re.compile(r"(\+[0-9]{1,3}[ .-]?)\(0\)")
_GROUPS = str.maketrans("", "", " ().-")


def with_addresses(message: SomeMessage, convert: Callable[[str], str]) -> SomeMessage:
    """Return the message with each address converted: the sender and all recipients."""
    return replace(
        message,
        sender=None if message.sender is None else convert(message.sender),
        to=tuple(map(convert, message.to)),
        cc=tuple(map(convert, message.cc)),
        bcc=tuple(map(convert, message.bcc)),
    )


def with_type(address: str) -> str:
    """Return an address without the gateway's domain. A number without a type gets the type PLMN."""
    found = _ROUTED.fullmatch(address)
    if found is not None:
        return found[1]
    number = _NUMBER.fullmatch(address)
    if number is None:
        return address
    digits = _TRUNK.sub(r"\1", number[1]).translate(_GROUPS)
    return f"{digits}/TYPE=PLMN"


def without_name(address: str) -> str:
    """Return the typed number that follows a display name; for any other address the result of with_type."""
    found = _NAMED.fullmatch(address)
    return with_type(address) if found is None else found[1]
