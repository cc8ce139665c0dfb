"""The value types of MMS headers (OMA-TS-MMS_ENC-V1_3, 7.3), each with its writer and its reader.

Values in Python::

    text, encoded text, address   str
    word                          str of the header's list; an int from 128 to 255
                                  is an octet that the list does not have
    yes or no                     bool
    number, date                  int; a date in seconds since 1970
    time                          ("absolute" or "relative", int), in seconds
    version                       str such as "1.2"; "1" without a minor version
    counted, flagged              (int or str, value)
    location and status in        (int, value); the value alone where the count is missing
    answers to deletions
    content type, description     (text, name, value, name, value ...): the pairs are parameters
    attribute                     the name of a header
    opaque                        the octets of a value as hexadecimal text
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from transcode.kernels import fields
from transcode.model import HeaderValue
from transcode.wire import values
from transcode.wire.mm1 import content_types, wsp
from transcode.wire.mm1.cursor import Cursor
from transcode.wire.parts import is_token

__all__ = [
    "ADDRESS",
    "AMOUNT",
    "CONTENT_TYPE_VALUE",
    "DESCRIPTION",
    "ENCODED",
    "FLAGS",
    "FROM",
    "INTEGER",
    "LONG",
    "OPAQUE",
    "TEXT",
    "TIME",
    "VERSION",
    "YES_NO",
    "ValueType",
    "counted",
    "of_one",
    "word",
]

_Write = Callable[[HeaderValue | None], bytes]
_ReadSingle = Callable[[Cursor], str | int]


class ValueType(NamedTuple):
    """The writer and the reader of a type of header value.

    Attributes:
        write: returns the octets of a value; raises ValueError for a value that can't be sent.
        read: returns the value of the octets at a cursor; None if invalid, or if From has no address.
        kind: the kind of value for kernels.fields, which scans values that follow the standard as read does.
        words: the words by their octets.
    """

    write: _Write
    read: Callable[[Cursor], HeaderValue | None]
    kind: int = fields.UNKNOWN
    words: Mapping[int, HeaderValue] = MappingProxyType({})


def _of_length(*octets: bytes) -> bytes:
    value = b"".join(octets)
    return wsp.value_length(len(value)) + value


TEXT = ValueType(lambda value: wsp.text_string(values.text(value)), Cursor.text_string, fields.TEXT)
ENCODED = ValueType(
    lambda value: wsp.encoded_string(values.text(value)), Cursor.encoded_string, fields.ENCODED
)
ADDRESS = ValueType(lambda value: wsp.address(values.text(value)), Cursor.address, fields.ENCODED)
LONG = ValueType(lambda value: wsp.long_integer(values.number(value)), Cursor.integer, fields.NUMBER)
INTEGER = ValueType(lambda value: wsp.integer(values.number(value)), Cursor.integer, fields.NUMBER)
#: The text forms of flags.
_WORDS_OF_FLAGS: Mapping[HeaderValue, str] = {True: "yes", False: "no"}


def word(words: Mapping[int, HeaderValue], *, others: bool = False, kept: bool = False) -> ValueType:
    """Return the type of a word that one octet stands for.

    Args:
        words: the words by their octets.
        others: whether the header may also have a token in place of the octet. The reader then accepts tokens
            that are not in the list.
        kept: whether the reader keeps any text in place of the octet.
    """
    numbers = {value: number for number, value in words.items()}
    spelled = {_WORDS_OF_FLAGS.get(value, str(value).lower()): value for value in words.values()}

    def write(value: HeaderValue | None) -> bytes:
        if isinstance(value, tuple) or value is None:
            raise ValueError(f"{value!r} is not a word")
        number = numbers.get(value)
        if number is None and isinstance(value, int) and 0x80 <= value <= 0xFF:
            number = value
        if number is not None:
            return bytes((number,))
        if others:
            return wsp.token_text(values.text(value))
        raise ValueError(f"{value!r} is not one of {', '.join(map(str, numbers))}")

    def read(cursor: Cursor) -> HeaderValue | None:
        first = cursor.peek()
        if first >= 0x80:
            if first not in words:
                cursor.odd(f"0x{first:02X} is not the octet of a known word")
            return words.get(cursor.octet(), first)
        if first < 0x20:
            raise cursor.wrong(f"0x{first:02X} in place of a word")
        if not others:
            cursor.odd("a word is in text form, not an octet")
        text = cursor.token_text()
        word = spelled.get(text.lower())
        if word is not None or kept or (others and is_token(text)):
            return text if word is None else word
        cursor.odd(f"{text!r} is not a known word")
        return None

    return ValueType(write, read, fields.WORD, words)


def _prefixed(
    words: dict[int, str], write_rest: _Write, read_rest: _ReadSingle, kind: int = fields.UNKNOWN
) -> ValueType:
    """Return the type of a pair: value length, the octet of a word, a value."""
    numbers = {word: number for number, word in words.items()}

    def write(pair: HeaderValue | None) -> bytes:
        word, rest = values.pair(pair)
        number = numbers.get(values.text(word))
        if number is None:
            raise ValueError(f"{word!r} is not one of {', '.join(numbers)}")
        return _of_length(bytes((number,)), write_rest(rest))

    def read(cursor: Cursor) -> HeaderValue:
        inner = cursor.value(ends_itself=kind == fields.PAIR)
        word = words.get(inner.peek())
        if word is None and kind == fields.PAIR and "absolute" in numbers and 3 < inner.left < 9:
            # Without the token the value has the form of a date in other headers: a length, and its octets.
            cursor.odd("a time has no token, and is read as a date")
            return "absolute", int.from_bytes(inner.take(inner.left), "big")
        if word is None:
            raise inner.wrong(f"0x{inner.peek():02X} is not one of {', '.join(numbers)}")
        inner.octet()
        found = read_rest(inner)
        cursor.close(inner, "a value")
        return word, found

    return ValueType(write, read, kind, words)


def counted(write_rest: _Write, read_rest: _ReadSingle) -> ValueType:
    """Return the type of a pair: value length, a count, a value."""

    def write(pair: HeaderValue | None) -> bytes:
        count, rest = values.pair(pair)
        return _of_length(wsp.integer(values.number(count)), write_rest(rest))

    def read(cursor: Cursor) -> HeaderValue:
        inner = cursor.value()
        count, found = inner.integer(), read_rest(inner)
        cursor.close(inner, "a value")
        return count, found

    return ValueType(write, read)


def of_one(value: ValueType) -> ValueType:
    """Return the type of a value about one of several messages: a count precedes it; some writers omit it."""

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
            raise inner.wrong("a value of several items in place of one item")
        return count, found

    return ValueType(write, read)


_VERSION_TEXT = re.compile(r"([0-7])(?:\.([0-9]{1,2}))?")
#: The minor number of a version that has none (WAP-230-WSP, 8.4.2.3), and all versions by their octets.
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
        raise ValueError(f"{value!r} is not a version such as 1.2")
    return wsp.short_integer(int(found[1]) << 4 | minor)


def _read_version(cursor: Cursor) -> HeaderValue | None:
    if 0x20 <= cursor.peek() < 0x80:
        text = cursor.text_string().strip()
        if _VERSION_TEXT.fullmatch(text):
            return text
        cursor.odd(f"{text!r} is not a version")
        return None
    return _VERSIONS[cursor.short_integer() | 0x80]


#: Address-present-token and Insert-address-token of From: the sender follows, or the MMS centre inserts it.
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


VERSION = ValueType(_write_version, _read_version, fields.WORD, _VERSIONS)
FROM = ValueType(_write_from, _read_from, fields.SENDER)
TIME = _prefixed({0x80: "absolute", 0x81: "relative"}, LONG.write, Cursor.integer, fields.PAIR)
YES_NO = word({0x80: True, 0x81: False})
FLAGS = _prefixed({0x80: "add", 0x81: "remove", 0x82: "filter"}, ENCODED.write, Cursor.encoded_string)
AMOUNT = _prefixed({0x80: "messages", 0x81: "octets"}, INTEGER.write, Cursor.integer, fields.PAIR)


def _flat(text: str, parameters: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return (text, *(value for pair in parameters for value in pair))


def _texts(value: HeaderValue | None) -> tuple[str, list[tuple[str, str]]]:
    """Return the text and the parameters of a flat tuple."""
    texts = [values.text(entry) for entry in value] if isinstance(value, tuple) else []
    if len(texts) % 2 == 0:
        raise ValueError(f"{value!r} is not a text followed by pairs of name and value")
    return texts[0], list(zip(texts[1::2], texts[2::2], strict=True))


def _write_content_type(value: HeaderValue | None) -> bytes:
    return wsp.content_type(*_texts(value))


def _read_content_type(cursor: Cursor) -> HeaderValue:
    return _flat(*content_types.content_type(cursor))


def _write_description(value: HeaderValue | None) -> bytes:
    text, parameters = _texts(value)
    return _of_length(wsp.text_string(text), *(wsp.descriptor_parameter(*pair) for pair in parameters))


def _read_description(cursor: Cursor) -> HeaderValue:
    inner = cursor.within(cursor.value_length())
    return _flat(inner.text_string(), content_types.descriptor_parameters(inner))


def _write_opaque(value: HeaderValue | None) -> bytes:
    return _of_length(bytes.fromhex(values.text(value)))


def _read_opaque(cursor: Cursor) -> HeaderValue:
    return cursor.take(cursor.value_length()).hex()


CONTENT_TYPE_VALUE = ValueType(_write_content_type, _read_content_type)
DESCRIPTION = ValueType(_write_description, _read_description)
OPAQUE = ValueType(_write_opaque, _read_opaque)
