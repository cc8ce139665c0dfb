"""Values of the Wireless Session Protocol (WAP-230-WSP, 8.4), written and read.

Every value has a function that writes it and a method of Cursor, of the same
name, that reads it::

    uintvar           1 to 5 octets of 7 bits, the most significant first
    value_length      how many octets follow: 0 to 30, or 1F and a uintvar
    short_integer     0 to 127 with bit 7 set
    long_integer      a count of octets, then as many, big endian
    integer           a short integer if it can be, else a long one
    text_string       octets and 00; 7F in front if the first is 7F or more
    quoted_string     22, then a text string; there is no closing quote
    encoded_string    a text string, or value length, charset and text string
    token_text        a name, and 00
    address           an encoded string without control characters
    charset           an integer, the MIBEnum of IANA; else a name
    content_type      a type alone, or value length, type and parameters

The writers give the fewest octets that say it, and raise ValueError for what
can't be said. The readers take what real messages hold, look at every length
before they use it, and note what was odd.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from transcode.assemble.wsp_numbers import CHARSETS, CONTENT_TYPES, PARAMETERS
from transcode.errors import PduError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "Cursor",
    "address",
    "charset",
    "content_type",
    "decode_text",
    "decode_words",
    "descriptor_parameter",
    "encoded_string",
    "integer",
    "long_integer",
    "parameter",
    "parameters_of_text",
    "quoted_string",
    "short_integer",
    "text_string",
    "token_text",
    "uintvar",
    "value_length",
]


_TYPE_NUMBERS = {name: number for number, name in CONTENT_TYPES.items() if number < 0x80}
_CHARSET_NUMBERS = {name: number for number, name in CHARSETS.items()}

#: Parameters whose value is a text. Their writer's numbers are those of encoding
#: versions 1.1 and 1.2: the newer numbers were met in none of 97 real messages,
#: so old phones are not known to read them.
_TEXT_NUMBERS = {"name": 0x85, "filename": 0x86, "start": 0x8A, "start-info": 0x8B}
_TEXT_PARAMETERS = {*_TEXT_NUMBERS, "comment", "domain", "path"}

#: Charsets whose characters may hold a zero octet, so that none ends a text.
_WIDE = {"iso-10646-ucs-2", "utf-16", "utf-16be", "utf-16le", "utf-32"}
_BYTE_ORDER_MARKS = (b"\xfe\xff", b"\xff\xfe")

_LARGEST = 0xFFFFFFFF
_LENGTH_QUOTE = 0x1F
_TEXT_QUOTE = 0x7F
_UTF_8 = b"\xea"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LINE_END = re.compile(r"[\x00\r\n]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MEDIA_TYPE = re.compile(r"[!#-+.-:<-~-]+")
_MIB = re.compile(r"mib-([0-9]{1,10})")
_WORD = r"=\?([!->@-~]+)\?([BbQq])\?([ ->@-~]*)\?="
_WORDS = re.compile(rf"{_WORD}(?:\s+(?={_WORD}))?")
_TEXT_PARAMETER = re.compile(r';\s*([^=;\s]+)\s*=\s*("[^"]*"|[^;]*)')

#: How many quirks are told, and how much of each: hostile octets could fill the memory.
_MOST_QUIRKS = 100
_LONGEST_QUIRK = 200


# Writers


def uintvar(value: int) -> bytes:
    """A number of at most 32 bits in 1 to 5 octets."""
    if not 0 <= value <= _LARGEST:
        raise ValueError(f"{value:,} does not fit into 32 bits")
    if value < 0x80:
        return bytes((value,))
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | value & 0x7F)
    return bytes(reversed(octets))


def value_length(length: int) -> bytes:
    """How many octets of a value follow."""
    return bytes((length,)) if 0 <= length < _LENGTH_QUOTE else bytes((_LENGTH_QUOTE,)) + uintvar(length)


def short_integer(value: int) -> bytes:
    """0 to 127 in one octet."""
    if not 0 <= value < 0x80:
        raise ValueError(f"{value} is no number from 0 to 127")
    return bytes((0x80 | value,))


def long_integer(value: int) -> bytes:
    """A number of up to 30 octets."""
    size = max(1, (value.bit_length() + 7) // 8)
    if value < 0 or size > 30:
        raise ValueError("is no whole number from 0 to 2^240 - 1")
    return bytes((size,)) + value.to_bytes(size, "big")


def integer(value: int) -> bytes:
    """A short integer if the number is below 128, else a long one."""
    return short_integer(value) if 0 <= value < 0x80 else long_integer(value)


def text_string(text: str) -> bytes:
    """Text in UTF-8 (which is US-ASCII for nearly all), without control characters."""
    _refuse(_CONTROL, text)
    return _terminated(text)


def quoted_string(text: str) -> bytes:
    """A quote, and text without control characters."""
    _refuse(_CONTROL, text)
    return b'"' + text.encode() + b"\0"


def token_text(text: str) -> bytes:
    """A name of one or more token characters (RFC 9110, 5.6.2)."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no token")
    return text.encode("ascii") + b"\0"


def encoded_string(text: str) -> bytes:
    """Text without zeros and line ends: plain if it is US-ASCII, else in UTF-8.

    What a reader would take for something else than plain text, such as an
    encoded word of RFC 2047, gets a charset too.
    """
    _refuse(_LINE_END, text)
    plain = not text or " " <= text[0] < "\x7f"
    if plain and text.isascii() and "=?" not in text:
        return text.encode("ascii") + b"\0"
    value = _UTF_8 + _terminated(text)
    return value_length(len(value)) + value


def address(text: str) -> bytes:
    """An encoded string without any control characters."""
    _refuse(_CONTROL, text)
    return encoded_string(text)


def charset(name: str) -> bytes:
    """A charset by its IANA name; ``"mib-N"`` stands for a number without a name here."""
    folded = name.lower()
    number = _CHARSET_NUMBERS.get(folded)
    if number is None and (unnamed := _MIB.fullmatch(folded)):
        number = int(unnamed[1])
    return token_text(folded) if number is None else integer(number)


def content_type(media_type: str, parameters: Iterable[tuple[str, str]] = ()) -> bytes:
    """A content type with its parameters, in the given order."""
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
        raise ValueError(f"{name!r} is no content type")
    return folded.encode("ascii") + b"\0"


def parameter(name: str, value: str) -> bytes:
    """A parameter of a content type or a disposition, by number if one is known to be read."""
    folded = name.lower()
    if folded == "charset":
        return b"\x81" + charset(value)
    if folded == "type":
        number = _TYPE_NUMBERS.get(value.lower())
        return b"\x89" + (_text_value(value) if number is None else short_integer(number))
    number = _TEXT_NUMBERS.get(folded)
    return (token_text(folded) if number is None else bytes((number,))) + _text_value(value)


#: The one parameter of an element descriptor that has a number (OMA-TS-MMS_ENC-V1_3).
_DESCRIPTOR_TYPE = 0x02


def descriptor_parameter(name: str, value: str) -> bytes:
    """A parameter of an element descriptor; of the numbers only that of the type is used there."""
    if name.lower() != "type":
        return token_text(name.lower()) + _text_value(value)
    number = _TYPE_NUMBERS.get(value.lower())
    written = _text_value(value) if number is None else short_integer(number)
    return short_integer(_DESCRIPTOR_TYPE) + written


def _text_value(text: str) -> bytes:
    # A reader takes a first quote for the mark of a quoted string.
    return quoted_string(text) if text.startswith('"') else text_string(text)


def _terminated(text: str) -> bytes:
    octets = text.encode()
    if octets and octets[0] >= _TEXT_QUOTE:
        return b"\x7f" + octets + b"\0"
    return octets + b"\0"


def _refuse(forbidden: re.Pattern[str], text: str) -> None:
    if found := forbidden.search(text):
        raise ValueError(f"the character {found[0]!r} at {found.start()} is not allowed here")


# Readers


class Cursor:
    """A place in a PDU, and how far it may go.

    Every method that reads moves on behind what it read, and raises PduError
    before it would read behind the end.

    Attributes:
        at: the place, in octets from the start of the PDU.
        end: the first octet that is out of reach.
        quirks: what was odd; shared by all cursors of a PDU.
    """

    __slots__ = ("_bounded", "_view", "at", "end", "quirks")

    def __init__(self, pdu: bytes | bytearray | memoryview) -> None:
        self._view = memoryview(pdu).cast("B").toreadonly()
        self._bounded = False
        self.at = 0
        self.end = len(self._view)
        self.quirks: list[str] = []

    @property
    def left(self) -> int:
        """How many octets are in reach."""
        return self.end - self.at

    def odd(self, what: str) -> None:
        """Note something odd, with the place."""
        if len(self.quirks) < _MOST_QUIRKS:
            self.quirks.append(f"{what[:_LONGEST_QUIRK]} (at octet {self.at})")
        elif len(self.quirks) == _MOST_QUIRKS:
            self.quirks.append("more was odd than is told here")

    def wrong(self, reason: str) -> PduError:
        """An error that names this place."""
        return PduError(reason, offset=self.at)

    def peek(self) -> int:
        """The next octet, which stays unread."""
        if self.at >= self.end:
            raise self.wrong("the octets end within a value")
        return self._view[self.at]

    def look(self, ahead: int) -> int:
        """The octet so many behind the next one, which must be in reach."""
        return self._view[self.at + ahead]

    def octet(self) -> int:
        value = self.peek()
        self.at += 1
        return value

    def take(self, length: int) -> memoryview:
        """So many octets, not copied."""
        self._check(length)
        self.at += length
        return self._view[self.at - length : self.at]

    def within(self, length: int) -> Cursor:
        """A cursor over the next octets only; this one moves behind them."""
        self._check(length)
        inner = Cursor.__new__(Cursor)
        inner._view = self._view
        inner._bounded = True
        inner.at = self.at
        inner.end = self.at = self.at + length
        inner.quirks = self.quirks
        return inner

    def uintvar(self) -> int:
        value = 0
        for _ in range(5):
            octet = self.octet()
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                if value > _LARGEST:
                    break
                return value
        raise self.wrong("a number of more than 32 bits where a length is due")

    def value_length(self) -> int:
        first = self.octet()
        if first > _LENGTH_QUOTE:
            self.at -= 1
            raise self.wrong(f"0x{first:02X} where a value length is due")
        return self.uintvar() if first == _LENGTH_QUOTE else first

    def short_integer(self) -> int:
        value = self.octet()
        if value < 0x80:
            self.at -= 1
            raise self.wrong(f"0x{value:02X} where a short integer is due")
        return value & 0x7F

    def long_integer(self) -> int:
        size = self.octet()
        if size >= _LENGTH_QUOTE:
            self.at -= 1
            raise self.wrong(f"0x{size:02X} where the length of an integer is due")
        if not size:
            self.odd("an integer of no octets, taken for 0")
        return int.from_bytes(self.take(size), "big")

    def integer(self) -> int:
        return self.short_integer() if self.peek() >= 0x80 else self.long_integer()

    def text_octets(self) -> bytes:
        """The octets of a text string, without quote and final zero."""
        start = self.at
        zero = self._zero()
        if zero < 0:
            if not self._bounded:
                raise self.wrong("a text has no end")
            self.odd("a text has no final zero")
            zero = self.end
        self.at = min(zero + 1, self.end)
        if zero > start and self._view[start] == _TEXT_QUOTE:
            start += 1
        return bytes(self._view[start:zero])

    def text_string(self) -> str:
        return self._decoded(self.text_octets(), None)

    def quoted_string(self) -> str:
        """The text of a quoted string, or of a text string that stands in its place."""
        return self.text_string().removeprefix('"')

    token_text = text_string

    def encoded_string(self) -> str:
        first = self.peek()
        if first == 0 or first > _LENGTH_QUOTE:
            return _without_mark(decode_words(self.text_string()))
        inner = self.within(self.value_length())
        if not inner.left:
            return ""
        named = not 0x20 <= inner.peek() < 0x80
        if not named:
            inner.odd("a length and no charset before a text")
        name = inner.charset() if named else None
        octets = inner._wide_octets() if name in _WIDE else inner.text_octets()
        if inner.left:
            inner.odd(f"{inner.left:,} octets behind a text")
        return _without_mark(inner._decoded(octets, name))

    address = encoded_string

    def charset(self) -> str:
        """A charset's IANA name in lower case; ``"mib-N"`` if the number has none here."""
        first = self.peek()
        if first < 0x20 or first >= 0x80:
            number = self.integer()
            return CHARSETS.get(number, f"mib-{number}")
        return self.text_string().lower()

    def content_type(self) -> tuple[str, list[tuple[str, str]]]:
        """Type and subtype in lower case, and the parameters in order, names in lower case."""
        first = self.peek()
        if first > _LENGTH_QUOTE:
            return self._media_type()
        inner = self.within(self.value_length())
        media_type, parameters = inner._media_type()
        return media_type, parameters + inner.parameters()

    def parameters(self) -> list[tuple[str, str]]:
        """The parameters that fill the rest."""
        found = []
        while self.left:
            parameter = self._parameter()
            if parameter is not None:
                found.append(parameter)
        return found

    def descriptor_parameters(self) -> list[tuple[str, str]]:
        """The parameters of an element descriptor that fill the rest."""
        found = []
        while self.left:
            if 0x20 <= self.peek() < 0x80:
                name = self.text_string().lower()
            else:
                number = self.integer()
                name = "type" if number == _DESCRIPTOR_TYPE else f"0x{number:02x}"
            found.append((name, self._parameter_value(name)))
        return found

    def any_value(self) -> str:
        """A value of unknown kind, as its first octet tells: integer, text, or octets in hexadecimal."""
        first = self.peek()
        if first >= 0x80:
            return str(self.short_integer())
        if 0 < first <= _LENGTH_QUOTE:
            return self.take(self.value_length()).hex()
        return self.quoted_string()

    def _check(self, length: int) -> None:
        if length > self.end - self.at:
            raise self.wrong(f"{length:,} octets are declared and {self.end - self.at:,} are left")

    def _zero(self) -> int:
        """Where the next zero octet is; -1 if there is none."""
        at, step = self.at, 64
        while at < self.end:
            found = bytes(self._view[at : min(at + step, self.end)]).find(0)
            if found >= 0:
                return at + found
            at += step
            step *= 2
        return -1

    def _decoded(self, octets: bytes, name: str | None) -> str:
        text, complaint = decode_text(octets, name)
        if complaint:
            self.odd(complaint)
        return text

    def _wide_octets(self) -> bytes:
        """The rest, without the quote and the one or two final zeros of a wide text."""
        octets = bytes(self.take(self.left))
        if octets[:1] == b"\x7f" and (len(octets) % 2 == 0 or octets[1:3] in _BYTE_ORDER_MARKS):
            octets = octets[1:]
        if len(octets) % 2:
            return octets[:-1]
        return octets.removesuffix(b"\0\0")

    def _media_type(self) -> tuple[str, list[tuple[str, str]]]:
        first = self.peek()
        if first <= _LENGTH_QUOTE or first >= 0x80:
            return self._known_type(self.integer()), []
        text = self.text_string()
        media_type, semicolon, _ = text.partition(";")
        if semicolon:
            self.odd("the parameters of a content type are spelled out")
        return media_type.strip().lower(), parameters_of_text(text)

    def _known_type(self, number: int) -> str:
        found = CONTENT_TYPES.get(number)
        if found is None:
            self.odd(f"content type number 0x{number:02X} has no name")
            return "application/octet-stream"
        return found

    def _parameter(self) -> tuple[str, str] | None:
        first = self.peek()
        if 0x20 <= first < 0x80:
            name = self.text_string().lower()
            return name, self._parameter_value(name)
        number = self.integer()
        known = PARAMETERS.get(number)
        if known == "q":
            return known, str(self.uintvar())
        if known is None:
            self.odd(f"parameter number 0x{number:02X} has no name; its value is {self.any_value()!r}")
            return None
        return known, self._parameter_value(known)

    def _parameter_value(self, name: str) -> str:
        if not self.left:
            self.odd(f"the parameter {name!r} has no value")
            return ""
        read = _PARAMETER_READERS.get(name)
        if read is not None:
            return read(self)
        first = self.peek()
        if first >= 0x80 or 0 < first <= _LENGTH_QUOTE:
            return str(self.integer())
        return self.quoted_string()

    def _type_value(self) -> str:
        first = self.peek()
        if first >= 0x80 or 0 < first <= _LENGTH_QUOTE:
            return self._known_type(self.integer())
        return self.quoted_string()


_PARAMETER_READERS: dict[str, Callable[[Cursor], str]] = {
    "charset": Cursor.charset,
    "type": Cursor._type_value,
    # Unquoted UTF-8 would else be taken for a short integer.
    **dict.fromkeys(_TEXT_PARAMETERS, Cursor.quoted_string),
}


def parameters_of_text(text: str) -> list[tuple[str, str]]:
    """The parameters of a header value that is spelled out as in mail, names in lower case."""
    found = []
    for name, value in _TEXT_PARAMETER.findall(text):
        folded, bare = name.lower(), value.strip().strip('"')
        found.append((folded, bare.lower() if folded == "charset" else bare))
    return found


def _without_mark(text: str) -> str:
    return text.removeprefix("\ufeff")


def decode_text(octets: bytes, name: str | None) -> tuple[str, str]:
    """The text of octets, and what is wrong with them, or nothing.

    Args:
        octets: the text as it stands.
        name: the charset that is stated, or None: then it should be US-ASCII.
    """
    if name in (None, "us-ascii", "*"):
        name = "utf-8"
    try:
        return octets.decode(_codec(name, octets)), ""
    except LookupError:
        return octets.decode("iso-8859-1"), f"the charset {name!r} is not known; read as iso-8859-1"
    except UnicodeDecodeError as error:
        if name != "utf-8" or error.reason == "unexpected end of data":
            return octets.decode(_codec(name, octets), "replace"), f"a text is no whole {name}"
        return octets.decode("iso-8859-1"), "a text is no UTF-8; read as iso-8859-1"


def _codec(name: str, octets: bytes) -> str:
    """Python's name of a charset.

    Raises:
        LookupError: it is none of those in the table. Python knows more, among
            them some that take quadratic time.
    """
    if name in ("utf-16", "iso-10646-ucs-2"):
        # Big endian unless a mark says otherwise (RFC 2781, 4.3).
        return "utf-16" if octets[:2] in _BYTE_ORDER_MARKS else "utf-16-be"
    if name not in _CHARSET_NUMBERS:
        raise LookupError(name)
    return name


def decode_words(text: str) -> str:
    """A text without its encoded words (RFC 2047); a broken one stays as it is."""
    return _WORDS.sub(_word, text) if "=?" in text else text


def _word(found: re.Match[str]) -> str:
    name, encoding, content = found.group(1, 2, 3)
    try:
        octets = content.encode("ascii")
        octets = binascii.a2b_base64(octets) if encoding in "Bb" else binascii.a2b_qp(octets, header=True)
        return octets.decode(_codec(name.lower(), octets), "replace")
    except (LookupError, ValueError):
        return found[0]
