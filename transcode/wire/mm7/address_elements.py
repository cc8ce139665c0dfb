"""Writes and reads addresses as MM7 elements.

Addresses in wire form are those of MM1 (OMA-TS-MMS_ENC-V1_3, 8). ``+15555550100/TYPE=PLMN`` is a Number
element, ``someone@example.org`` an RFC2822Address, ``12345`` a ShortCode.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.wire.addresses import with_type
from transcode.wire.mm7.xml_text import BLANKS, escaped, local_name, token_of

if TYPE_CHECKING:
    from xml.etree import ElementTree

    from transcode.wire.oddities import Odd

__all__ = ["bare_address", "read_address", "typed", "untyped_short_code", "write_address"]

_PLMN = "/TYPE=PLMN"
#: A phone number that is too long for a short code.
_WHOLE_NUMBER = re.compile(r"\+[0-9]{3,20}|[0-9]{9,20}")
#: A short code with three to eight digits. Numbers with a country code are longer.
_SHORT_CODE = re.compile(r"([0-9]{3,8})/TYPE=PLMN", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,20}")
_ADDRESSES = {name.lower(): name for name in ("Number", "RFC2822Address", "ShortCode")}


def write_address(address: str, attributes: str = "") -> str:
    """Return an address as an XML element.

    Raises:
        ValueError: MM7 has no element for the address.
    """
    if address != address.strip(BLANKS) or not address:
        raise ValueError(f"{address!r} is not an address")
    if address.upper().endswith(_PLMN):
        name, text = "Number", address[: -len(_PLMN)]
    elif "@" in address:
        name, text = "RFC2822Address", address
    elif "/TYPE=" in address.upper():
        raise ValueError(f"{address!r}: MM7 has only phone numbers, mailboxes and short codes")
    else:
        name, text = "Number" if address.startswith("+") else "ShortCode", address
    return f"<{name}{attributes}>{escaped(text)}</{name}>"


def bare_address(text: str, odd: Odd) -> str:
    """Return an address in wire form from text that is not in an address element."""
    odd(f"an address is not in an element: {text!r}")
    return text + _PLMN if _WHOLE_NUMBER.fullmatch(text) else text


def read_address(element: ElementTree.Element, odd: Odd) -> str | None:
    """Return the address of a Number, RFC2822Address or ShortCode in wire form; None for other elements."""
    name, text = local_name(element.tag), token_of(element, odd)
    name = _ADDRESSES.get(name.lower(), name)
    if name not in _ADDRESSES.values():
        odd(f"an address in the element {name} is left out: {text!r}")
        return None
    if not text:
        odd(f"an empty {name} is left out")
        return None
    if name == "Number" and "/TYPE=" not in text.upper():
        # Some peers write blanks, brackets or ``tel:``.
        number = with_type(text).removesuffix(_PLMN)
        if number != text:
            odd(f"the number {text!r} is read as {number}")
        return number + _PLMN
    if name == "Number":
        odd(f"the number {text!r} has a /TYPE=")
    elif ("@" in text) != (name == "RFC2822Address") or text.upper().endswith(_PLMN):
        odd(f"the address {text!r} is in the element {name}")
    return text


def untyped_short_code(address: str) -> str:
    """Return a short code without ``/TYPE=PLMN``, which phones append; other addresses unchanged."""
    short = _SHORT_CODE.fullmatch(address)
    return short[1] if short else address


def typed(address: str) -> str:
    """Return an address of only digits with ``/TYPE=PLMN``, as phones write it; others unchanged."""
    return address + _PLMN if _DIGITS.fullmatch(address) else address
