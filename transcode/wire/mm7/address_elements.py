"""Addresses as elements of MM7.

An address in wire form is that of MM1 (OMA-TS-MMS_ENC-V1_3, 8): ``+15555550100/TYPE=PLMN``
is a Number here, ``someone@example.org`` an RFC2822Address, and ``12345`` a ShortCode.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.wire.addresses import with_type
from transcode.wire.mm7.xml_text import BLANKS, escaped, local_name, token_of

if TYPE_CHECKING:
    from xml.etree import ElementTree

    from transcode.wire.oddities import Odd

__all__ = ["bare_address", "read_address", "write_address"]

_PLMN = "/TYPE=PLMN"
#: A phone number that is no short code.
_WHOLE_NUMBER = re.compile(r"\+[0-9]{3,20}|[0-9]{9,20}")
_ADDRESSES = {name.lower(): name for name in ("Number", "RFC2822Address", "ShortCode")}


def write_address(address: str, attributes: str = "") -> str:
    """An address as an element.

    Raises:
        ValueError: MM7 has none of its kind.
    """
    if address != address.strip(BLANKS) or not address:
        raise ValueError(f"{address!r} is no address")
    if address.upper().endswith(_PLMN):
        name, text = "Number", address[: -len(_PLMN)]
    elif "@" in address:
        name, text = "RFC2822Address", address
    elif "/TYPE=" in address.upper():
        raise ValueError(f"{address!r}: MM7 has phone numbers, mailboxes and short codes only")
    else:
        name, text = "Number" if address.startswith("+") else "ShortCode", address
    return f"<{name}{attributes}>{escaped(text)}</{name}>"


def bare_address(text: str, odd: Odd) -> str:
    """An address that stands where an element with one is due, in wire form."""
    odd(f"an address without an element: {text!r}")
    return text + _PLMN if _WHOLE_NUMBER.fullmatch(text) else text


def read_address(element: ElementTree.Element, odd: Odd) -> str | None:
    """The address of a Number, RFC2822Address or ShortCode in wire form; None for anything else."""
    name, text = local_name(element.tag), token_of(element, odd)
    name = _ADDRESSES.get(name.lower(), name)
    if name not in _ADDRESSES.values():
        odd(f"an address is a {name}, left out: {text!r}")
        return None
    if not text:
        odd(f"an empty {name}, left out")
        return None
    if name == "Number" and "/TYPE=" not in text.upper():
        # As people write it, with blanks, brackets or ``tel:``.
        number = with_type(text).removesuffix(_PLMN)
        if number != text:
            odd(f"the number {text!r} is taken for {number}")
        return number + _PLMN
    if name == "Number":
        odd(f"the number {text!r} has a type")
    elif ("@" in text) != (name == "RFC2822Address") or text.upper().endswith(_PLMN):
        odd(f"{text!r} is called {name}")
    return text
