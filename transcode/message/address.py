"""Convert addresses between user input and the wire form (OMA MMS Encapsulation, 8 "Addressing")."""

from __future__ import annotations

import ipaddress
import re

from transcode.errors import MessageError

__all__ = ["plain", "wire"]

#: Separators and invisible characters in phone numbers that people write or phones copy.
_ORNAMENT = str.maketrans(
    dict.fromkeys(
        " -.()/\u00a0\u2007\u202f\u2010\u2011\u2012\u2013\u2212\u200b\u200e\u200f\u2060\ufeff"
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
)
#: The trunk prefix "(0)" after a country code; it is dialled only within the country.
_TRUNK = re.compile(r"(\+[0-9]{1,3}[ .-]?)\(0\)")
#: Phone numbers have at most 15 digits (ITU-T E.164); 20 leave room for service codes.
_NUMBER = re.compile(r"\+?[0-9*#]{1,20}")
_MAILBOX = re.compile(r"[!-9=?A-~]{1,64}@[A-Za-z0-9.\[\]-]{1,255}")
#: An alphanumeric short code (OMA MMS Encapsulation, 8).
_NAME = re.compile(r"(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,20}")
#: Most digits of an alphanumeric short code, unless it has at most twice as many digits as letters. Otherwise
#: it is treated as a mistyped phone number. Chosen.
_MOST_DIGITS = 6
_TYPED = re.compile(r"[!-~]{1,256}/TYPE=[A-Za-z0-9]{1,20}")


def wire(address: str, *, sender: bool = False) -> str:
    """Return an address in wire form.

    A phone number or a numeric short code gets ``/TYPE=PLMN``. An IP address gets ``/TYPE=IPv4`` or
    ``/TYPE=IPv6``. An e-mail address, an alphanumeric short code and an address with a type are unchanged.
    Spaces, hyphens, dots, slashes and parentheses in a phone number are removed.

    Args:
        address: the address as the user wrote it.
        sender: whether the address is the sender's. A recipient with many digits and few letters is
            refused as a mistyped phone number.

    Raises:
        MessageError: the address has none of these forms.
    """
    if not isinstance(address, str):
        raise MessageError(f"an address must be text, not {address!r}")
    text = address.strip()
    if _TYPED.fullmatch(text) or _MAILBOX.fullmatch(text):
        return text
    try:
        # An IPv6 zone is valid only on the local machine.
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
    raise MessageError(f"{address!r} is not a phone number, short code, e-mail address or IP address")


def _is_mistyped(name: str) -> bool:
    digits = sum(letter.isdigit() for letter in name)
    return digits > max(_MOST_DIGITS, 2 * (len(name) - digits))


def plain(address: str) -> str:
    """Return a wire address without its ``/TYPE=`` suffix, for display."""
    return re.sub(r"/TYPE=[A-Za-z0-9]+\Z", "", address, flags=re.IGNORECASE)
