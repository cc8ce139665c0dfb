"""The table of MMS headers (OMA-TS-MMS_ENC-V1_3, assigned numbers), which readers and writers share.

A row has the name of a header, its octet, the type of its value (header_values), and an MMS version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.kernels import fields
from transcode.wire import values
from transcode.wire.mm1 import wsp
from transcode.wire.mm1.cursor import Cursor
from transcode.wire.mm1.header_values import (
    ADDRESS,
    AMOUNT,
    CONTENT_TYPE_VALUE,
    DESCRIPTION,
    ENCODED,
    FLAGS,
    FROM,
    INTEGER,
    LONG,
    OPAQUE,
    TEXT,
    TIME,
    VERSION,
    YES_NO,
    ValueType,
    counted,
    of_one,
    word,
)
from transcode.wire.mm1.header_words import (
    CANCEL_STATUS,
    CONTENT_CLASS,
    MESSAGE_CLASS,
    MESSAGE_TYPES,
    MM_STATE,
    PRIORITY,
    READ_STATUS,
    REPLY_CHARGING,
    RESPONSE_STATUS,
    RETRIEVE_STATUS,
    STATUS,
    STORE_STATUS,
    VISIBILITY,
)
from transcode.wire.mm1.pdu_types import PDU_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transcode.model import HeaderValue, MessageType

__all__ = [
    "BY_NAME",
    "BY_NUMBER",
    "CONTENT_TYPE",
    "HEADERS",
    "Header",
    "by_name",
    "by_number",
    "needed_version",
]


class Header(NamedTuple):
    """A row of the table.

    Attributes:
        name: the name in OMA spelling.
        number: the octet in a PDU.
        value: the type of the value.
        since: the MMS version that introduced the header.
    """

    name: str
    number: int
    value: ValueType
    since: str

    @property
    def bit(self) -> int:
        """The bit of the header in a bit mask of headers."""
        return 1 << (self.number - fields.FIRST)


def _write_attribute(value: HeaderValue | None) -> bytes:
    """Write the name of a header as its octet; a name that is not in the table as text."""
    name = values.text(value)
    header = BY_NAME.get(name.lower())
    return wsp.token_text(name) if header is None else bytes((header.number,))


def _read_attribute(cursor: Cursor) -> HeaderValue:
    if cursor.peek() < 0x80:
        text = cursor.text_string()
        known = BY_NAME.get(text.lower())
        if known is not None:
            cursor.odd(f"the attribute {known.name} is in text form, not an octet")
        return text if known is None else known.name
    number = cursor.octet()
    header = BY_NUMBER.get(number)
    if header is None:
        raise cursor.wrong(f"0x{number:02X} is not the octet of a known header")
    return header.name


_ATTRIBUTE = ValueType(_write_attribute, _read_attribute)


#: The octet of the last header: the body begins behind its value.
CONTENT_TYPE = 0x84

#: All headers. The versions up to 0xB3 are those by which Wireshark's table groups the headers; version 1.3
#: introduced the others.
HEADERS = (
    Header("Bcc", 0x81, ADDRESS, "1.0"),
    Header("Cc", 0x82, ADDRESS, "1.0"),
    Header("X-Mms-Content-Location", 0x83, TEXT, "1.0"),
    Header("Content-Type", CONTENT_TYPE, CONTENT_TYPE_VALUE, "1.0"),
    Header("Date", 0x85, LONG, "1.0"),
    Header("X-Mms-Delivery-Report", 0x86, YES_NO, "1.0"),
    Header("X-Mms-Delivery-Time", 0x87, TIME, "1.0"),
    Header("X-Mms-Expiry", 0x88, TIME, "1.0"),
    Header("From", 0x89, FROM, "1.0"),
    Header("X-Mms-Message-Class", 0x8A, word(MESSAGE_CLASS, others=True), "1.0"),
    Header("Message-ID", 0x8B, TEXT, "1.0"),
    Header("X-Mms-Message-Type", 0x8C, word(MESSAGE_TYPES, kept=True), "1.0"),
    Header("X-Mms-MMS-Version", 0x8D, VERSION, "1.0"),
    Header("X-Mms-Message-Size", 0x8E, LONG, "1.0"),
    Header("X-Mms-Priority", 0x8F, word(PRIORITY), "1.0"),
    Header("X-Mms-Read-Report", 0x90, YES_NO, "1.0"),
    Header("X-Mms-Report-Allowed", 0x91, YES_NO, "1.0"),
    Header("X-Mms-Response-Status", 0x92, word(RESPONSE_STATUS), "1.0"),
    Header("X-Mms-Response-Text", 0x93, ENCODED, "1.0"),
    Header("X-Mms-Sender-Visibility", 0x94, word(VISIBILITY), "1.0"),
    Header("X-Mms-Status", 0x95, word(STATUS), "1.0"),
    Header("Subject", 0x96, ENCODED, "1.0"),
    Header("To", 0x97, ADDRESS, "1.0"),
    Header("X-Mms-Transaction-Id", 0x98, TEXT, "1.0"),
    Header("X-Mms-Retrieve-Status", 0x99, word(RETRIEVE_STATUS), "1.1"),
    Header("X-Mms-Retrieve-Text", 0x9A, ENCODED, "1.1"),
    Header("X-Mms-Read-Status", 0x9B, word(READ_STATUS), "1.1"),
    Header("X-Mms-Reply-Charging", 0x9C, word(REPLY_CHARGING), "1.1"),
    Header("X-Mms-Reply-Charging-Deadline", 0x9D, TIME, "1.1"),
    Header("X-Mms-Reply-Charging-ID", 0x9E, TEXT, "1.1"),
    Header("X-Mms-Reply-Charging-Size", 0x9F, LONG, "1.1"),
    Header("X-Mms-Previously-Sent-By", 0xA0, counted(ADDRESS.write, Cursor.address), "1.1"),
    Header("X-Mms-Previously-Sent-Date", 0xA1, counted(LONG.write, Cursor.integer), "1.1"),
    Header("X-Mms-Store", 0xA2, YES_NO, "1.2"),
    Header("X-Mms-MM-State", 0xA3, word(MM_STATE), "1.2"),
    Header("X-Mms-MM-Flags", 0xA4, FLAGS, "1.2"),
    Header("X-Mms-Store-Status", 0xA5, word(STORE_STATUS), "1.2"),
    Header("X-Mms-Store-Status-Text", 0xA6, ENCODED, "1.2"),
    Header("X-Mms-Stored", 0xA7, YES_NO, "1.2"),
    Header("X-Mms-Attributes", 0xA8, _ATTRIBUTE, "1.2"),
    Header("X-Mms-Totals", 0xA9, YES_NO, "1.2"),
    Header("X-Mms-Mbox-Totals", 0xAA, AMOUNT, "1.2"),
    Header("X-Mms-Quotas", 0xAB, YES_NO, "1.2"),
    Header("X-Mms-Mbox-Quotas", 0xAC, AMOUNT, "1.2"),
    Header("X-Mms-Message-Count", 0xAD, INTEGER, "1.2"),
    Header("Content", 0xAE, OPAQUE, "1.2"),
    Header("X-Mms-Start", 0xAF, INTEGER, "1.2"),
    Header("Additional-headers", 0xB0, OPAQUE, "1.2"),
    Header("X-Mms-Distribution-Indicator", 0xB1, YES_NO, "1.2"),
    Header("X-Mms-Element-Descriptor", 0xB2, DESCRIPTION, "1.2"),
    Header("X-Mms-Limit", 0xB3, INTEGER, "1.2"),
    Header("X-Mms-Recommended-Retrieval-Mode", 0xB4, word({0x80: "Manual"}), "1.3"),
    Header("X-Mms-Recommended-Retrieval-Mode-Text", 0xB5, ENCODED, "1.3"),
    Header("X-Mms-Status-Text", 0xB6, ENCODED, "1.3"),
    Header("X-Mms-Applic-ID", 0xB7, TEXT, "1.3"),
    Header("X-Mms-Reply-Applic-ID", 0xB8, TEXT, "1.3"),
    Header("X-Mms-Aux-Applic-Info", 0xB9, TEXT, "1.3"),
    Header("X-Mms-Content-Class", 0xBA, word(CONTENT_CLASS), "1.3"),
    Header("X-Mms-DRM-Content", 0xBB, YES_NO, "1.3"),
    Header("X-Mms-Adaptation-Allowed", 0xBC, YES_NO, "1.3"),
    Header("X-Mms-Replace-ID", 0xBD, TEXT, "1.3"),
    Header("X-Mms-Cancel-ID", 0xBE, TEXT, "1.3"),
    Header("X-Mms-Cancel-Status", 0xBF, word(CANCEL_STATUS), "1.3"),
)

BY_NUMBER = {header.number: header for header in HEADERS}
BY_NAME = {header.name.lower(): header for header in HEADERS}

#: Headers whose value has a count in front in answers to deletions (7.3.10, 7.3.49, 7.3.50).
_COUNTED = {
    header.name.lower(): header._replace(value=of_one(header.value))
    for header in HEADERS
    if header.name in ("X-Mms-Content-Location", "X-Mms-Response-Status", "X-Mms-Response-Text")
}
_COUNTED_BY_NAME = BY_NAME | _COUNTED
_COUNTED_BY_NUMBER = BY_NUMBER | {header.number: header for header in _COUNTED.values()}


def by_name(message_type: MessageType) -> Mapping[str, Header]:
    """Return the headers of PDUs of a type by their names in lower case."""
    return _COUNTED_BY_NAME if PDU_TYPES[message_type].counted else BY_NAME


def by_number(message_type: MessageType) -> Mapping[int, Header]:
    """Return the headers of PDUs of a type by their octets."""
    return _COUNTED_BY_NUMBER if PDU_TYPES[message_type].counted else BY_NUMBER


#: The version of a message unless a header needs a later one. Phones have supported it since 2005.
_USUAL_VERSION = "1.2"


def needed_version(headers: Iterable[tuple[str, HeaderValue]]) -> str:
    """Return the least MMS version, from 1.2 on, that has all these headers."""
    known = [BY_NAME[name.lower()].since for name, _ in headers if name.lower() in BY_NAME]
    return max([_USUAL_VERSION, *known])
