"""Addresses, from what people write to the wire form (OMA MMS Encapsulation, 8 "Addressing")."""

from __future__ import annotations

import ipaddress
import re

from transcode.errors import MessageError

__all__ = ["plain", "wire"]

#: What people put into phone numbers for the eye, and phones around those that are copied.
_ORNAMENT = str.maketrans(
    dict.fromkeys(
        " -.()/\u00a0\u2007\u202f\u2010\u2011\u2012\u2013\u2212\u200b\u200e\u200f\u2060\ufeff"
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
)
#: The digit that is dialled within a country only, behind that country's number.
_TRUNK = re.compile(r"(\+[0-9]{1,3}[ .-]?)\(0\)")
#: Numbers have at most 15 digits (ITU-T E.164); some more leave room for service codes.
_NUMBER = re.compile(r"\+?[0-9*#]{1,20}")
_MAILBOX = re.compile(r"[!-9=?A-~]{1,64}@[A-Za-z0-9.\[\]-]{1,255}")
#: A short code of letters, or of letters and digits (OMA MMS Encapsulation, 8).
_NAME = re.compile(r"(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,20}")
#: A name has no more digits, or half as many letters: else it is a number with letters typed for digits.
#: Chosen.
_MOST_DIGITS = 6
_TYPED = re.compile(r"[!-~]{1,256}/TYPE=[A-Za-z0-9]{1,20}")


def wire(address: str, *, sender: bool = False) -> str:
    """An address in wire form.

    A phone number or a numeric short code gets ``/TYPE=PLMN``, an IP address
    ``/TYPE=IPv4`` or ``/TYPE=IPv6``; a mailbox, a short code of letters and digits, and an address
    that has a type already, stay as they are. Blanks, hyphens, dots and brackets in a number are
    dropped.

    Args:
        address: what people write.
        sender: whether it is one. As a recipient many digits with a letter or two would rather be a typing
            error.

    Raises:
        MessageError: it is none of these.
    """
    if not isinstance(address, str):
        raise MessageError(f"an address must be text, not {address!r}")
    text = address.strip()
    if _TYPED.fullmatch(text) or _MAILBOX.fullmatch(text):
        return text
    try:
        # A zone means nothing to another machine.
        found = ipaddress.ip_address(text if "%" not in text else "")
    except ValueError:
        pass
    else:
        shown = found.exploded if found.version == 6 else str(found)
        return f"{shown}/TYPE=IPv{found.version}"
    number = _TRUNK.sub(r"\1", text).translate(_ORNAMENT)
    if _NUMBER.fullmatch(number):
        return f"{number}/TYPE=PLMN"
    if _NAME.fullmatch(text) and (sender or not _is_mistyped(text)):
        return text
    raise MessageError(f"{address!r} is no phone number, short code, e-mail address or IP address")


def _is_mistyped(name: str) -> bool:
    digits = sum(letter.isdigit() for letter in name)
    return digits > max(_MOST_DIGITS, 2 * (len(name) - digits))


def plain(address: str) -> str:
    """A wire address without its type, for people to read."""
    return re.sub(r"/TYPE=[A-Za-z0-9]+\Z", "", address, flags=re.IGNORECASE)
