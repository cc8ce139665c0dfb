"""Writes values of the Wireless Session Protocol (WAP-230-WSP, 8.4).

Each kind of value has a function here that writes it, and a method of Cursor, of the same name, that reads
it. The module content_types reads content types and parameters::

    uintvar           1 to 5 octets of 7 bits, the most significant first
    value_length      how many octets follow: 0 to 30, or 1F and a uintvar
    short_integer     0 to 127 with bit 7 set
    long_integer      a number of octets, then these octets, big endian
    integer           a short integer up to 127, else a long integer
    text_string       octets and 00; 7F in front if the first is 7F or more
    uri               a text string, percent-encoded
    quoted_string     22, then a text string; there is no closing quote
    encoded_string    a text string, or value length, charset and text string
    token_text        a name, and 00
    address           an encoded string without control characters
    charset           an integer, the MIBEnum of IANA; else a name
    content_type      a type alone, or value length, type and parameters

The writers return the fewest octets, and raise ValueError for a value that can't be written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.message import location
from transcode.wire.mm1.wsp_numbers import (
    CHARSETS,
    CONTENT_TYPES,
    DESCRIPTOR_TYPE,
    LARGEST,
    LENGTH_QUOTE,
    TEXT_QUOTE,
)
from transcode.wire.texts import NAMES, encode_words

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "address",
    "charset",
    "content_type",
    "descriptor_parameter",
    "encoded_string",
    "integer",
    "long_integer",
    "parameter",
    "quoted_string",
    "short_integer",
    "text_string",
    "token_text",
    "uintvar",
    "uri",
    "value_length",
]


_TYPE_NUMBERS = {name: number for number, name in CONTENT_TYPES.items() if number < 0x80}
_CHARSET_NUMBERS = {name: number for number, name in CHARSETS.items()}

#: Octets of parameters whose value is a text. The writer uses the octets of encoding versions 1.1 and 1.2:
#: none of 97 real messages has the newer octets, so it is not known whether old phones read them.
_TEXT_NUMBERS = {"name": 0x85, "filename": 0x86, "start": 0x8A, "start-info": 0x8B}

_UTF_8 = b"\xea"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LINE_END = re.compile(r"[\x00\r\n]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MEDIA_TYPE = re.compile(r"[!#-+.-:<-~-]+")
_MIB = re.compile(r"mib-([0-9]{1,10})")


# Writers


def uintvar(value: int) -> bytes:
    """Write a number of at most 32 bits in 1 to 5 octets."""
    if not 0 <= value <= LARGEST:
        raise ValueError(f"{value:,} does not fit into 32 bits")
    if value < 0x80:
        return bytes((value,))
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | value & 0x7F)
    return bytes(reversed(octets))


def value_length(length: int) -> bytes:
    """Write the number of octets of a value that follows."""
    return bytes((length,)) if 0 <= length < LENGTH_QUOTE else bytes((LENGTH_QUOTE,)) + uintvar(length)


def short_integer(value: int) -> bytes:
    """Write a number from 0 to 127 in one octet."""
    if not 0 <= value < 0x80:
        raise ValueError(f"{value} is not a number from 0 to 127")
    return bytes((0x80 | value,))


def long_integer(value: int) -> bytes:
    """Write a number of up to 30 octets."""
    size = max(1, (value.bit_length() + 7) // 8)
    if value < 0 or size > 30:
        raise ValueError("is not a whole number from 0 to 2^240 - 1")
    return bytes((size,)) + value.to_bytes(size, "big")


def integer(value: int) -> bytes:
    """Write a number below 128 as a short integer, another one as a long integer."""
    return short_integer(value) if 0 <= value < 0x80 else long_integer(value)


def text_string(text: str) -> bytes:
    """Write a text without control characters in UTF-8."""
    _refuse(_CONTROL, text)
    return _terminated(text)


def uri(text: str) -> bytes:
    """Write a reference without zeros and line ends as a text string, percent-encoded as a URI (RFC 2557)."""
    _refuse(_LINE_END, text)
    return _terminated(location.uri(text))


def quoted_string(text: str) -> bytes:
    """Write a quote, and a text without control characters."""
    _refuse(_CONTROL, text)
    return b'"' + text.encode() + b"\0"


def token_text(text: str) -> bytes:
    """Write a name of one or more token characters (RFC 9110, 5.6.2)."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a token")
    return text.encode("ascii") + b"\0"


def encoded_string(text: str) -> bytes:
    """Write a text without zeros and line ends: plain if the text is US-ASCII, else with the charset UTF-8.

    A text that a reader could misread, such as an encoded word (RFC 2047), also gets a charset.
    """
    _refuse(_LINE_END, text)
    plain = not text or " " <= text[0] < "\x7f"
    if plain and text.isascii() and "=?" not in text:
        return text.encode("ascii") + b"\0"
    value = _UTF_8 + _terminated(text)
    return value_length(len(value)) + value


def address(text: str) -> bytes:
    """Write an encoded string without control characters."""
    _refuse(_CONTROL, text)
    return encoded_string(text)


def charset(name: str) -> bytes:
    """Write a charset, given by its IANA name; ``"mib-N"`` is the number N of a charset without a name."""
    folded = name.lower()
    number = _CHARSET_NUMBERS.get(folded)
    if number is None and (unnamed := _MIB.fullmatch(folded)):
        number = int(unnamed[1])
    return token_text(folded) if number is None else integer(number)


def content_type(media_type: str, parameters: Iterable[tuple[str, str]] = ()) -> bytes:
    """Write a content type with its parameters, in the given order."""
    value = _media_type(media_type)
    tail = b"".join([parameter(name, text) for name, text in parameters])
    if not tail:
        return value
    return value_length(len(value) + len(tail)) + value + tail


def _media_type(name: str) -> bytes:
    folded = name.lower()
    number = _TYPE_NUMBERS.get(folded)
    if number is not None:
        return short_integer(number)
    if not _MEDIA_TYPE.fullmatch(folded):
        raise ValueError(f"{name!r} is not a content type")
    return folded.encode("ascii") + b"\0"


def parameter(name: str, value: str) -> bytes:
    """Write a parameter of a content type or a disposition, by number if readers are known to read it."""
    folded = name.lower()
    if folded == "charset":
        return b"\x81" + charset(value)
    if folded == "type":
        number = _TYPE_NUMBERS.get(value.lower())
        return b"\x89" + (_text_value(value) if number is None else short_integer(number))
    number = _TEXT_NUMBERS.get(folded)
    head = token_text(folded) if number is None else bytes((number,))
    if folded in NAMES and ("=?" in value or not value.isascii()):
        # Some MMS centres drop all headers of a part behind an octet beyond US-ASCII.
        _refuse(_CONTROL, value)
        return head + text_string(encode_words(value))
    return head + _text_value(value)


def descriptor_parameter(name: str, value: str) -> bytes:
    """Write a parameter of an element descriptor; of the parameters there, only the type has a number."""
    if name.lower() != "type":
        return token_text(name.lower()) + _text_value(value)
    number = _TYPE_NUMBERS.get(value.lower())
    written = _text_value(value) if number is None else short_integer(number)
    return short_integer(DESCRIPTOR_TYPE) + written


def _text_value(text: str) -> bytes:
    # A reader takes a leading quote for the mark of a quoted string.
    return quoted_string(text) if text.startswith('"') else text_string(text)


def _terminated(text: str) -> bytes:
    octets = text.encode()
    if octets and octets[0] >= TEXT_QUOTE:
        return b"\x7f" + octets + b"\0"
    return octets + b"\0"


def _refuse(forbidden: re.Pattern[str], text: str) -> None:
    if found := forbidden.search(text):
        raise ValueError(f"the character {found[0]!r} at index {found.start()} is not allowed")
