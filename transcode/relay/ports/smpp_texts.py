"""Reads the texts of phones in a deliver_sm (SMPP 3.4, 4.6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.texts import Text
from transcode.wire.sms_text import default_text

if TYPE_CHECKING:
    import smpp34

    from transcode.relay.numbers import Numbers

__all__ = ["text_of"]

#: esm_class (5.2.12): a user data header stands before the text.
_WITH_HEADER = 0x40
#: The optional parameter that has what is too long for short_message (5.3.2.32).
_PAYLOAD = 0x0424
#: data_coding (5.2.19): ASCII, Latin-1 and UCS-2.
_ASCII = 0x01
_CODINGS = {_ASCII: "ascii", 0x03: "latin-1", 0x08: "utf-16be"}
#: What a text in ASCII has. The default alphabet has letters where ASCII has control characters, and
#: the npm package smpp 0.5.1 names its texts in the default alphabet ASCII.
_READABLE = frozenset((*b"\t\n\r", *range(0x20, 0x7F)))
#: The default alphabet: without, and with, a class of message.
_DEFAULT_CODINGS = (0x00, *range(0x10, 0x14), *range(0xF0, 0xF4))
#: The type of a number that has its country code (5.2.5).
_INTERNATIONAL = 1


def text_of(event: smpp34.DeliverSmEvent, numbers: Numbers) -> Text:
    """Return the short message of a phone; of data for a program it has no text.

    Args:
        event: what the SMSC delivers.
        numbers: the form of numbers.
    """
    octets = bytes(event.short_message)
    if not octets:
        octets = next((bytes(one.value) for one in event.tlvs if one.tag == _PAYLOAD), b"")
    if event.esm_class & _WITH_HEADER and octets:
        octets = octets[1 + octets[0] :]
    text = ""
    if event.data_coding in _DEFAULT_CODINGS or (
        event.data_coding == _ASCII and not _READABLE.issuperset(octets)
    ):
        text = default_text(octets)
    elif event.data_coding in _CODINGS:
        text = octets.decode(_CODINGS[event.data_coding], "replace")
    sender = _number(event.source_addr, event.source_addr_ton, numbers)
    return Text(sender, _number(event.destination_addr, event.dest_addr_ton, numbers), text)


def _number(address: str, kind: int, numbers: Numbers) -> str:
    plus = "+" if kind == _INTERNATIONAL and address.isdecimal() else ""
    return numbers.normal(plus + address, msisdn=True)
