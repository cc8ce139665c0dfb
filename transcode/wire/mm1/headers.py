"""The table of MMS headers (OMA-TS-MMS_ENC-V1_3, assigned numbers): one row a header, for both directions.

A row says how a header is called, which octet stands for it, and of what type
its value is; the type holds a writer and a reader. Values in Python::

    text, encoded text, address   str
    word                          str from the row's list; an int of 128 to 255
                                  is an octet that the list does not have
    yes or no                     bool
    number, date                  int; a date in seconds since 1970
    time                          ("absolute" or "relative", int), in seconds
    version                       str such as "1.2"; "1" when the minor one is left out
    counted, flagged              (int or str, value)
    location, status of what was  (int, value), or the value alone where no count is in front
    deleted
    content type, description     (text, name, value, name, value ...), the pairs being parameters
    attribute                     the name of a header
    opaque                        the octets of a value as hexadecimal text
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from transcode.kernels import fields
from transcode.model import HeaderValue, MessageType
from transcode.wire import values
from transcode.wire.mm1 import wsp
from transcode.wire.mm1.cursor import Cursor
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.parts import is_token

__all__ = [
    "BY_NAME",
    "BY_NUMBER",
    "CONTENT_TYPE",
    "HEADERS",
    "Header",
    "ValueType",
    "by_name",
    "by_number",
    "needed_version",
]


_Write = Callable[[HeaderValue | None], bytes]
_ReadSingle = Callable[[Cursor], str | int]


class ValueType(NamedTuple):
    """How the values of a header are written and read.

    Attributes:
        write: gives the octets of a value; raises ValueError for one that can't be sent.
        read: gives the value of the octets at a cursor.
        kind: as what kernels.fields scans it: the same value, where it stands as the standard has it.
        words: what the octets of this kind stand for.
    """

    write: _Write
    read: Callable[[Cursor], HeaderValue | None]
    kind: int = fields.UNKNOWN
    words: Mapping[int, HeaderValue] = MappingProxyType({})


class Header(NamedTuple):
    """A row of the table.

    Attributes:
        name: in OMA spelling.
        number: the octet on the wire.
        value: the type of the value.
        since: the MMS version that brought it in.
    """

    name: str
    number: int
    value: ValueType
    since: str

    @property
    def bit(self) -> int:
        """Stands for the header where a number tells of several which there are."""
        return 1 << (self.number - fields.FIRST)


def _of_length(*octets: bytes) -> bytes:
    value = b"".join(octets)
    return wsp.value_length(len(value)) + value


_TEXT = ValueType(lambda value: wsp.text_string(values.text(value)), Cursor.text_string, fields.TEXT)
_ENCODED = ValueType(
    lambda value: wsp.encoded_string(values.text(value)), Cursor.encoded_string, fields.ENCODED
)
_ADDRESS = ValueType(lambda value: wsp.address(values.text(value)), Cursor.address, fields.ENCODED)
_LONG = ValueType(lambda value: wsp.long_integer(values.number(value)), Cursor.integer, fields.NUMBER)
_INTEGER = ValueType(lambda value: wsp.integer(values.number(value)), Cursor.integer, fields.NUMBER)


#: How flags are spelled out.
_WORDS_OF_FLAGS: Mapping[HeaderValue, str] = {True: "yes", False: "no"}


def _word(words: Mapping[int, HeaderValue], *, others: bool = False, kept: bool = False) -> ValueType:
    """One octet that stands for a word; with others, also a word spelled out.

    What others spell out is kept if it is a word of the list, or with kept.
    """
    numbers = {value: number for number, value in words.items()}
    spelled = {_WORDS_OF_FLAGS.get(value, str(value).lower()): value for value in words.values()}

    def write(value: HeaderValue | None) -> bytes:
        if isinstance(value, tuple) or value is None:
            raise ValueError(f"{value!r} is no word")
        number = numbers.get(value)
        if number is None and isinstance(value, int) and 0x80 <= value <= 0xFF:
            number = value
        if number is not None:
            return bytes((number,))
        if others:
            return wsp.token_text(values.text(value))
        raise ValueError(f"{value!r} is none of {', '.join(map(str, numbers))}")

    def read(cursor: Cursor) -> HeaderValue | None:
        first = cursor.peek()
        if first >= 0x80:
            if first not in words:
                cursor.odd(f"0x{first:02X} stands for no word that is known")
            return words.get(cursor.octet(), first)
        if first < 0x20:
            raise cursor.wrong(f"0x{first:02X} where a word is due")
        if not others:
            cursor.odd("a word is spelled out")
        text = cursor.token_text()
        word = spelled.get(text.lower())
        if word is not None or kept or (others and is_token(text)):
            return text if word is None else word
        cursor.odd(f"{text!r} is no word that is known")
        return None

    return ValueType(write, read, fields.WORD, words)


def _prefixed(
    words: dict[int, str], write_rest: _Write, read_rest: _ReadSingle, kind: int = fields.UNKNOWN
) -> ValueType:
    """Value length, an octet that stands for a word, a value."""
    numbers = {word: number for number, word in words.items()}

    def write(pair: HeaderValue | None) -> bytes:
        word, rest = values.pair(pair)
        number = numbers.get(values.text(word))
        if number is None:
            raise ValueError(f"{word!r} is none of {', '.join(numbers)}")
        return _of_length(bytes((number,)), write_rest(rest))

    def read(cursor: Cursor) -> HeaderValue:
        inner = cursor.value(ends_itself=kind == fields.PAIR)
        word = words.get(inner.peek())
        if word is None and kind == fields.PAIR and "absolute" in numbers and 3 < inner.left < 9:
            # A date without a token is what a date is elsewhere: a length, and so many octets.
            cursor.odd("a time has no token, and is taken for a date")
            return "absolute", int.from_bytes(inner.take(inner.left), "big")
        if word is None:
            raise inner.wrong(f"0x{inner.peek():02X} is none of {', '.join(numbers)}")
        inner.octet()
        found = read_rest(inner)
        cursor.close(inner, "a value")
        return word, found

    return ValueType(write, read, kind, words)


def _counted(write_rest: _Write, read_rest: _ReadSingle) -> ValueType:
    """Value length, a count, a value."""

    def write(pair: HeaderValue | None) -> bytes:
        count, rest = values.pair(pair)
        return _of_length(wsp.integer(values.number(count)), write_rest(rest))

    def read(cursor: Cursor) -> HeaderValue:
        inner = cursor.value()
        count, found = inner.integer(), read_rest(inner)
        cursor.close(inner, "a value")
        return count, found

    return ValueType(write, read)


def _of_one(value: ValueType) -> ValueType:
    """A value that is about one of several messages: a count is in front; others forget it."""

    def write(found: HeaderValue | None) -> bytes:
        if not isinstance(found, tuple):
            return value.write(found)
        count, rest = values.pair(found)
        return _of_length(wsp.integer(values.number(count)), value.write(rest))

    def read(cursor: Cursor) -> HeaderValue | None:
        if not 0 < cursor.peek() < 0x20:
            return value.read(cursor)
        inner = cursor.value()
        count, found = inner.integer(), value.read(inner)
        cursor.close(inner, "a value")
        if found is None or isinstance(found, tuple):
            raise inner.wrong("a value of several where one is due")
        return count, found

    return ValueType(write, read)


_VERSION_TEXT = re.compile(r"([0-7])(?:\.([0-9]{1,2}))?")
_MAJOR_ONLY = 15
_VERSIONS: dict[int, HeaderValue] = {
    0x80 | major << 4 | minor: str(major) if minor == _MAJOR_ONLY else f"{major}.{minor}"
    for major in range(8)
    for minor in range(16)
}


def _write_version(value: HeaderValue | None) -> bytes:
    found = _VERSION_TEXT.fullmatch(values.text(value))
    minor = int(found[2]) if found and found[2] else _MAJOR_ONLY
    if found is None or minor > _MAJOR_ONLY or (found[2] and minor == _MAJOR_ONLY):
        raise ValueError(f"{value!r} is no version such as 1.2")
    return wsp.short_integer(int(found[1]) << 4 | minor)


def _read_version(cursor: Cursor) -> HeaderValue | None:
    if 0x20 <= cursor.peek() < 0x80:
        text = cursor.text_string().strip()
        if _VERSION_TEXT.fullmatch(text):
            return text
        cursor.odd(f"{text!r} is no version")
        return None
    return _VERSIONS[cursor.short_integer() | 0x80]


_ADDRESS_PRESENT = 0x80
_INSERT_ADDRESS = 0x81


def _write_from(value: HeaderValue | None) -> bytes:
    if value is None:
        return _of_length(bytes((_INSERT_ADDRESS,)))
    return _of_length(bytes((_ADDRESS_PRESENT,)), wsp.address(values.text(value)))


def _read_from(cursor: Cursor) -> HeaderValue | None:
    first = cursor.peek()
    if 0x20 <= first < 0x80:
        cursor.odd("From has neither a length nor a token")
        return cursor.address()
    if first >= 0x80:
        cursor.odd("From has no length")
        return _tokened(cursor)
    inner = cursor.value()
    found = _tokened(inner)
    cursor.close(inner, "the address in From")
    return found


def _tokened(cursor: Cursor) -> str | None:
    first = cursor.peek()
    if first == _INSERT_ADDRESS:
        cursor.octet()
        return None
    if first == _ADDRESS_PRESENT:
        cursor.octet()
    else:
        cursor.odd("From has no token")
    return cursor.address()


_VERSION = ValueType(_write_version, _read_version, fields.WORD, _VERSIONS)
_FROM = ValueType(_write_from, _read_from, fields.SENDER)
_TIME = _prefixed({0x80: "absolute", 0x81: "relative"}, _LONG.write, Cursor.integer, fields.PAIR)
_YES_NO = _word({0x80: True, 0x81: False})
_FLAGS = _prefixed({0x80: "add", 0x81: "remove", 0x82: "filter"}, _ENCODED.write, Cursor.encoded_string)
_AMOUNT = _prefixed({0x80: "messages", 0x81: "octets"}, _INTEGER.write, Cursor.integer, fields.PAIR)


def _flat(text: str, parameters: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return (text, *(value for pair in parameters for value in pair))


def _texts(value: HeaderValue | None) -> tuple[str, list[tuple[str, str]]]:
    """The text and the parameters of a flat tuple."""
    texts = [values.text(entry) for entry in value] if isinstance(value, tuple) else []
    if len(texts) % 2 == 0:
        raise ValueError(f"{value!r} is no text with pairs of name and value")
    return texts[0], list(zip(texts[1::2], texts[2::2], strict=True))


def _write_content_type(value: HeaderValue | None) -> bytes:
    return wsp.content_type(*_texts(value))


def _read_content_type(cursor: Cursor) -> HeaderValue:
    return _flat(*cursor.content_type())


def _write_description(value: HeaderValue | None) -> bytes:
    text, parameters = _texts(value)
    return _of_length(wsp.text_string(text), *(wsp.descriptor_parameter(*pair) for pair in parameters))


def _read_description(cursor: Cursor) -> HeaderValue:
    inner = cursor.within(cursor.value_length())
    return _flat(inner.text_string(), inner.descriptor_parameters())


def _write_opaque(value: HeaderValue | None) -> bytes:
    return _of_length(bytes.fromhex(values.text(value)))


def _read_opaque(cursor: Cursor) -> HeaderValue:
    return cursor.take(cursor.value_length()).hex()


def _write_attribute(value: HeaderValue | None) -> bytes:
    """A header by its number; a name that is none of the table's as text."""
    name = values.text(value)
    header = BY_NAME.get(name.lower())
    return wsp.token_text(name) if header is None else bytes((header.number,))


def _read_attribute(cursor: Cursor) -> HeaderValue:
    if cursor.peek() < 0x80:
        text = cursor.text_string()
        known = BY_NAME.get(text.lower())
        if known is not None:
            cursor.odd(f"the attribute {known.name} is spelled out")
        return text if known is None else known.name
    number = cursor.octet()
    header = BY_NUMBER.get(number)
    if header is None:
        raise cursor.wrong(f"0x{number:02X} stands for no header")
    return header.name


_CONTENT_TYPE = ValueType(_write_content_type, _read_content_type)
_DESCRIPTION = ValueType(_write_description, _read_description)
_OPAQUE = ValueType(_write_opaque, _read_opaque)
_ATTRIBUTE = ValueType(_write_attribute, _read_attribute)

_MESSAGE_TYPES: dict[int, MessageType] = {
    0x80: "m-send-req",
    0x81: "m-send-conf",
    0x82: "m-notification-ind",
    0x83: "m-notifyresp-ind",
    0x84: "m-retrieve-conf",
    0x85: "m-acknowledge-ind",
    0x86: "m-delivery-ind",
    0x87: "m-read-rec-ind",
    0x88: "m-read-orig-ind",
    0x89: "m-forward-req",
    0x8A: "m-forward-conf",
    0x8B: "m-mbox-store-req",
    0x8C: "m-mbox-store-conf",
    0x8D: "m-mbox-view-req",
    0x8E: "m-mbox-view-conf",
    0x8F: "m-mbox-upload-req",
    0x90: "m-mbox-upload-conf",
    0x91: "m-mbox-delete-req",
    0x92: "m-mbox-delete-conf",
    0x93: "m-mbox-descr",
    0x94: "m-delete-req",
    0x95: "m-delete-conf",
    0x96: "m-cancel-req",
    0x97: "m-cancel-conf",
}

_RESPONSE_STATUS = {
    0x80: "Ok",
    0x81: "Error-unspecified",
    0x82: "Error-service-denied",
    0x83: "Error-message-format-corrupt",
    0x84: "Error-sending-address-unresolved",
    0x85: "Error-message-not-found",
    0x86: "Error-network-problem",
    0x87: "Error-content-not-accepted",
    0x88: "Error-unsupported-message",
    0xC0: "Error-transient-failure",
    0xC1: "Error-transient-sending-address-unresolved",
    0xC2: "Error-transient-message-not-found",
    0xC3: "Error-transient-network-problem",
    0xC4: "Error-transient-partial-success",
    0xE0: "Error-permanent-failure",
    0xE1: "Error-permanent-service-denied",
    0xE2: "Error-permanent-message-format-corrupt",
    0xE3: "Error-permanent-sending-address-unresolved",
    0xE4: "Error-permanent-message-not-found",
    0xE5: "Error-permanent-content-not-accepted",
    0xE6: "Error-permanent-reply-charging-limitations-not-met",
    0xE7: "Error-permanent-reply-charging-request-not-accepted",
    0xE8: "Error-permanent-reply-charging-forwarding-denied",
    0xE9: "Error-permanent-reply-charging-not-supported",
    0xEA: "Error-permanent-address-hiding-not-supported",
    0xEB: "Error-permanent-lack-of-prepaid",
}

_RETRIEVE_STATUS = {
    0x80: "Ok",
    0xC0: "Error-transient-failure",
    0xC1: "Error-transient-message-not-found",
    0xC2: "Error-transient-network-problem",
    0xE0: "Error-permanent-failure",
    0xE1: "Error-permanent-service-denied",
    0xE2: "Error-permanent-message-not-found",
    0xE3: "Error-permanent-content-unsupported",
}

_STATUS = {
    0x80: "Expired",
    0x81: "Retrieved",
    0x82: "Rejected",
    0x83: "Deferred",
    0x84: "Unrecognised",
    0x85: "Indeterminate",
    0x86: "Forwarded",
    0x87: "Unreachable",
}

_STORE_STATUS = {
    0x80: "Success",
    0xC0: "Error-transient-failure",
    0xC1: "Error-transient-network-problem",
    0xE0: "Error-permanent-failure",
    0xE1: "Error-permanent-service-denied",
    0xE2: "Error-permanent-message-format-corrupt",
    0xE3: "Error-permanent-message-not-found",
    0xE4: "Error-permanent-mmbox-full",
}

_MESSAGE_CLASS = {0x80: "Personal", 0x81: "Advertisement", 0x82: "Informational", 0x83: "Auto"}
_PRIORITY = {0x80: "Low", 0x81: "Normal", 0x82: "High"}
_VISIBILITY = {0x80: "Hide", 0x81: "Show"}
_READ_STATUS = {0x80: "Read", 0x81: "Deleted without being read"}
_REPLY_CHARGING = {
    0x80: "Requested",
    0x81: "Requested text only",
    0x82: "Accepted",
    0x83: "Accepted text only",
}
_MM_STATE = {0x80: "Draft", 0x81: "Sent", 0x82: "New", 0x83: "Retrieved", 0x84: "Forwarded"}
_CONTENT_CLASS: dict[int, HeaderValue] = dict(enumerate(values.CONTENT_CLASSES, 0x80))
_CANCEL_STATUS = {0x80: "Cancel request successfully received", 0x81: "Cancel request corrupted"}

#: The header that ends the others: behind its value the body begins.
CONTENT_TYPE = 0x84

#: All headers. Which version brought which in is how Wireshark's table groups them
#: up to 0xB3; the rest came with 1.3.
HEADERS = (
    Header("Bcc", 0x81, _ADDRESS, "1.0"),
    Header("Cc", 0x82, _ADDRESS, "1.0"),
    Header("X-Mms-Content-Location", 0x83, _TEXT, "1.0"),
    Header("Content-Type", CONTENT_TYPE, _CONTENT_TYPE, "1.0"),
    Header("Date", 0x85, _LONG, "1.0"),
    Header("X-Mms-Delivery-Report", 0x86, _YES_NO, "1.0"),
    Header("X-Mms-Delivery-Time", 0x87, _TIME, "1.0"),
    Header("X-Mms-Expiry", 0x88, _TIME, "1.0"),
    Header("From", 0x89, _FROM, "1.0"),
    Header("X-Mms-Message-Class", 0x8A, _word(_MESSAGE_CLASS, others=True), "1.0"),
    Header("Message-ID", 0x8B, _TEXT, "1.0"),
    Header("X-Mms-Message-Type", 0x8C, _word(_MESSAGE_TYPES, kept=True), "1.0"),
    Header("X-Mms-MMS-Version", 0x8D, _VERSION, "1.0"),
    Header("X-Mms-Message-Size", 0x8E, _LONG, "1.0"),
    Header("X-Mms-Priority", 0x8F, _word(_PRIORITY), "1.0"),
    Header("X-Mms-Read-Report", 0x90, _YES_NO, "1.0"),
    Header("X-Mms-Report-Allowed", 0x91, _YES_NO, "1.0"),
    Header("X-Mms-Response-Status", 0x92, _word(_RESPONSE_STATUS), "1.0"),
    Header("X-Mms-Response-Text", 0x93, _ENCODED, "1.0"),
    Header("X-Mms-Sender-Visibility", 0x94, _word(_VISIBILITY), "1.0"),
    Header("X-Mms-Status", 0x95, _word(_STATUS), "1.0"),
    Header("Subject", 0x96, _ENCODED, "1.0"),
    Header("To", 0x97, _ADDRESS, "1.0"),
    Header("X-Mms-Transaction-Id", 0x98, _TEXT, "1.0"),
    Header("X-Mms-Retrieve-Status", 0x99, _word(_RETRIEVE_STATUS), "1.1"),
    Header("X-Mms-Retrieve-Text", 0x9A, _ENCODED, "1.1"),
    Header("X-Mms-Read-Status", 0x9B, _word(_READ_STATUS), "1.1"),
    Header("X-Mms-Reply-Charging", 0x9C, _word(_REPLY_CHARGING), "1.1"),
    Header("X-Mms-Reply-Charging-Deadline", 0x9D, _TIME, "1.1"),
    Header("X-Mms-Reply-Charging-ID", 0x9E, _TEXT, "1.1"),
    Header("X-Mms-Reply-Charging-Size", 0x9F, _LONG, "1.1"),
    Header("X-Mms-Previously-Sent-By", 0xA0, _counted(_ADDRESS.write, Cursor.address), "1.1"),
    Header("X-Mms-Previously-Sent-Date", 0xA1, _counted(_LONG.write, Cursor.integer), "1.1"),
    Header("X-Mms-Store", 0xA2, _YES_NO, "1.2"),
    Header("X-Mms-MM-State", 0xA3, _word(_MM_STATE), "1.2"),
    Header("X-Mms-MM-Flags", 0xA4, _FLAGS, "1.2"),
    Header("X-Mms-Store-Status", 0xA5, _word(_STORE_STATUS), "1.2"),
    Header("X-Mms-Store-Status-Text", 0xA6, _ENCODED, "1.2"),
    Header("X-Mms-Stored", 0xA7, _YES_NO, "1.2"),
    Header("X-Mms-Attributes", 0xA8, _ATTRIBUTE, "1.2"),
    Header("X-Mms-Totals", 0xA9, _YES_NO, "1.2"),
    Header("X-Mms-Mbox-Totals", 0xAA, _AMOUNT, "1.2"),
    Header("X-Mms-Quotas", 0xAB, _YES_NO, "1.2"),
    Header("X-Mms-Mbox-Quotas", 0xAC, _AMOUNT, "1.2"),
    Header("X-Mms-Message-Count", 0xAD, _INTEGER, "1.2"),
    Header("Content", 0xAE, _OPAQUE, "1.2"),
    Header("X-Mms-Start", 0xAF, _INTEGER, "1.2"),
    Header("Additional-headers", 0xB0, _OPAQUE, "1.2"),
    Header("X-Mms-Distribution-Indicator", 0xB1, _YES_NO, "1.2"),
    Header("X-Mms-Element-Descriptor", 0xB2, _DESCRIPTION, "1.2"),
    Header("X-Mms-Limit", 0xB3, _INTEGER, "1.2"),
    Header("X-Mms-Recommended-Retrieval-Mode", 0xB4, _word({0x80: "Manual"}), "1.3"),
    Header("X-Mms-Recommended-Retrieval-Mode-Text", 0xB5, _ENCODED, "1.3"),
    Header("X-Mms-Status-Text", 0xB6, _ENCODED, "1.3"),
    Header("X-Mms-Applic-ID", 0xB7, _TEXT, "1.3"),
    Header("X-Mms-Reply-Applic-ID", 0xB8, _TEXT, "1.3"),
    Header("X-Mms-Aux-Applic-Info", 0xB9, _TEXT, "1.3"),
    Header("X-Mms-Content-Class", 0xBA, _word(_CONTENT_CLASS), "1.3"),
    Header("X-Mms-DRM-Content", 0xBB, _YES_NO, "1.3"),
    Header("X-Mms-Adaptation-Allowed", 0xBC, _YES_NO, "1.3"),
    Header("X-Mms-Replace-ID", 0xBD, _TEXT, "1.3"),
    Header("X-Mms-Cancel-ID", 0xBE, _TEXT, "1.3"),
    Header("X-Mms-Cancel-Status", 0xBF, _word(_CANCEL_STATUS), "1.3"),
)

BY_NUMBER = {header.number: header for header in HEADERS}
BY_NAME = {header.name.lower(): header for header in HEADERS}

#: The headers that have a count in front in the answers to deletions (7.3.10, 7.3.49, 7.3.50).
_COUNTED = {
    header.name.lower(): header._replace(value=_of_one(header.value))
    for header in HEADERS
    if header.name in ("X-Mms-Content-Location", "X-Mms-Response-Status", "X-Mms-Response-Text")
}
_COUNTED_BY_NAME = BY_NAME | _COUNTED
_COUNTED_BY_NUMBER = BY_NUMBER | {header.number: header for header in _COUNTED.values()}


def by_name(message_type: MessageType) -> Mapping[str, Header]:
    """The headers as a PDU of this type has them, by their names in lower case."""
    return _COUNTED_BY_NAME if PDU_TYPES[message_type].counted else BY_NAME


def by_number(message_type: MessageType) -> Mapping[int, Header]:
    """Likewise, by their octets."""
    return _COUNTED_BY_NUMBER if PDU_TYPES[message_type].counted else BY_NUMBER


#: The version that is written unless a header asks for a later one: phones know it since 2005.
_USUAL_VERSION = "1.2"


def needed_version(headers: Iterable[tuple[str, HeaderValue]]) -> str:
    """The version of a message that may have these headers, 1.2 at least."""
    known = [BY_NAME[name.lower()].since for name, _ in headers if name.lower() in BY_NAME]
    return max([_USUAL_VERSION, *known])
