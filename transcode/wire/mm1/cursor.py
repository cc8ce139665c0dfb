"""Reads values of the Wireless Session Protocol: those that wsp writes, and invalid ones of other writers.

The readers accept the values of real messages, check every length before they use it, and report oddities.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.errors import PduError
from transcode.wire.mm1.wsp_numbers import (
    CHARSETS,
    LARGEST,
    LENGTH_QUOTE,
    TEXT_QUOTE,
)
from transcode.wire.texts import decode_name, decode_text, decode_words
from transcode.wire.wide import UTF_16_MARKS

if TYPE_CHECKING:
    from typing import Any

    from transcode.kernels.fields import Scanner

__all__ = ["MOST_TOLD", "Cursor"]


#: Charsets whose characters may have a zero octet, so that a zero octet does not end a text.
_WIDE = {"iso-10646-ucs-2", "utf-16", "utf-16be", "utf-16le", "utf-32"}
#: Characters that a text can't have, and those that an encoded string can't have. wsp refuses to write them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_LINE_END = re.compile(r"[\x00\r\n]+")
#: Octets that are control characters in ISO 8859.
_CONTROLS = range(0x80, 0xA0)

#: Headers in a row after which octets count as headers; and octets that a search for headers, or for the end
#: of a text, covers at most.
_ENOUGH_HEADERS = 8
_LONGEST_LOOK = 4096
#: Octets of MMS headers (OMA-TS-MMS_ENC-V1_3, 7), and the octet of the Content-Type, the last header.
_HEADER_NUMBERS = range(0x81, 0xC0)
_CONTENT_TYPE_HEADER = 0x84

#: Oddities of a PDU that are kept at most, and characters of each: a hostile PDU could fill the memory.
MOST_TOLD = 100
_LONGEST_ODDITY = 200


class Cursor:
    """A place in a PDU with an end.

    Each method that reads a value moves the cursor behind the value. A method raises PduError before it would
    read behind the end.

    Attributes:
        at: the place, in octets from the start of the PDU.
        end: the place of the first octet that may not be read.
        oddities: the oddities, in a list that all cursors of a PDU share.
    """

    # A value whose length is too small may be read beyond its end, up to _reach.
    __slots__ = ("_bounded", "_reach", "_view", "at", "end", "oddities")

    def __init__(self, pdu: bytes | bytearray | memoryview) -> None:
        self._view = memoryview(pdu)
        if type(pdu) is not bytes:
            self._view = self._view.cast("B").toreadonly()
        self._bounded = False
        self.at = 0
        self.end = self._reach = len(self._view)
        self.oddities: list[str] = []

    @property
    def left(self) -> int:
        """The number of octets up to the end."""
        return self.end - self.at

    def odd(self, what: str) -> None:
        """Add an oddity, with the place."""
        if len(self.oddities) < MOST_TOLD:
            self.oddities.append(f"{what[:_LONGEST_ODDITY]} (at octet {self.at})")
        elif len(self.oddities) == MOST_TOLD:
            self.oddities.append("there are further oddities, which are not listed")

    def wrong(self, reason: str) -> PduError:
        """Return an error that names the place."""
        return PduError(reason, offset=self.at)

    def peek(self) -> int:
        """Return the next octet without moving."""
        if self.at >= self.end:
            raise self.wrong("the octets end within a value")
        return self._view[self.at]

    def look(self, ahead: int) -> int:
        """Return the octet at a distance of ahead octets from the next one; it must lie before the end."""
        return self._view[self.at + ahead]

    def octet(self) -> int:
        value = self.peek()
        self.at += 1
        return value

    def take(self, length: int) -> memoryview:
        """Return the next length octets as a view, and move behind them."""
        self._check(length)
        self.at += length
        return self._view[self.at - length : self.at]

    def within(self, length: int) -> Cursor:
        """Return a cursor over the next length octets, and move this cursor behind them."""
        self._check(length)
        inner = Cursor.__new__(Cursor)
        inner._view = self._view
        inner._bounded = True
        inner.at = self.at
        inner.end = inner._reach = self.at = self.at + length
        inner.oddities = self.oddities
        return inner

    def value(self, *, ends_itself: bool = False) -> Cursor:
        """Read a value length and return a cursor over the value; close() moves this cursor behind the value.

        Some writers send wrong lengths, and other readers ignore the length of a text or an integer, because
        its end can be found without it. So such a value may be longer than its length says. A value whose
        length exceeds the octets that are left extends to the last octet.

        Args:
            ends_itself: whether the value needs no final zero, as an integer.
        """
        length = self.value_length()
        if length > self.left and (ends_itself or self._zero() >= 0):
            self.odd(f"a length of {length:,} octets, but only {self.left:,} octets are left")
            length = self.left
        inner = self.within(length)
        inner._reach = self._reach
        return inner

    def close(self, inner: Cursor, what: str) -> None:
        """Move behind a value that was read, even if its length is wrong.

        If octets of the value are left that can be read as headers, they are headers and the length is too
        large. Other octets that are left are skipped.

        Args:
            inner: the cursor that value() returned.
            what: the value's name in an oddity.
        """
        if inner.at > self.at:
            self.at = inner.at
            self.end = max(self.end, self.at)
        elif inner.left and inner._headers_follow():
            inner.odd(f"a length that is {inner.left:,} octets too large for {what}")
            self.at = inner.at
        elif inner.left:
            inner.odd(f"{inner.left:,} octets behind {what} are skipped")

    def skip(self) -> None:
        """Move behind a value of any kind, by the rules for its first octet (WAP-230-WSP, 8.4.1.2)."""
        first = self.octet()
        if 0 < first <= LENGTH_QUOTE:
            self.take(self.uintvar() if first == LENGTH_QUOTE else first)
        elif 0x20 <= first < 0x80:
            zero = self._zero()
            if zero < 0:
                raise self.wrong("a text has no end")
            self.at = zero + 1

    def scan(self, scanner: Scanner, seen: int) -> tuple[int, int, list[tuple[str, Any]]]:
        """Scan headers and move behind them. Return the result of kernels.fields without the place."""
        self.at, seen, twice, found = scanner.scan(self._view, self.at, self.end, seen)
        return seen, twice, found

    def uintvar(self) -> int:
        value = 0
        for _ in range(5):
            octet = self.octet()
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                if value > LARGEST:
                    break
                return value
        raise self.wrong("a number of more than 32 bits in place of a length")

    def value_length(self) -> int:
        first = self.octet()
        if first > LENGTH_QUOTE:
            self.at -= 1
            raise self.wrong(f"0x{first:02X} in place of a value length")
        return self.uintvar() if first == LENGTH_QUOTE else first

    def short_integer(self) -> int:
        value = self.octet()
        if value < 0x80:
            self.at -= 1
            raise self.wrong(f"0x{value:02X} in place of a short integer")
        return value & 0x7F

    def long_integer(self) -> int:
        size = self.octet()
        if size >= LENGTH_QUOTE:
            self.at -= 1
            raise self.wrong(f"0x{size:02X} in place of the length of an integer")
        if not size:
            self.odd("an integer has no octets, read as 0")
        return int.from_bytes(self.take(size), "big")

    def integer(self) -> int:
        return self.short_integer() if self.peek() >= 0x80 else self.long_integer()

    def text_octets(self) -> bytes:
        """Return the octets of a text string, without the quote and the final zero."""
        start = self.at
        zero = self._zero()
        if zero < 0:
            zero = self._end_beyond()
        self.at = min(zero + 1, self.end)
        if zero > start and self._view[start] == TEXT_QUOTE:
            start += 1
        return bytes(self._view[start:zero])

    def text_string(self) -> str:
        return self._seen(self._decoded(self.text_octets(), None), _CONTROL)

    def quoted_string(self) -> str:
        """Return the text of a quoted string, or of a text string in its place."""
        return self.text_string().removeprefix('"')

    token_text = text_string

    def name(self) -> str:
        """Return the text of a quoted string or a text string, with encoded words decoded."""
        return decode_name(self.quoted_string())

    def uri(self) -> str:
        """Return a reference, with encoded words decoded (RFC 2557, 4.4.1)."""
        return decode_name(self.text_string())

    def encoded_string(self) -> str:
        return self._seen(self._encoded_string(), _LINE_END)

    def address(self) -> str:
        return self._seen(self._encoded_string(), _CONTROL)

    def _encoded_string(self) -> str:
        first = self.peek()
        if first == 0 or first > LENGTH_QUOTE:
            name = self._unlengthed_charset() if first >= 0x80 else None
            return _without_mark(decode_words(self._decoded(self.text_octets(), name)))
        inner = self.value()
        if not inner.left:
            return ""
        name = inner._text_charset()
        octets = inner._wide_octets() if name in _WIDE else inner.text_octets()
        self.close(inner, "a text")
        return _without_mark(inner._decoded(octets, name))

    def charset(self) -> str:
        """Return the IANA name of a charset in lower case; ``"mib-N"`` for a number N without a name."""
        first = self.peek()
        if first >= 0x80:
            number = self.short_integer()
        elif self._is_bare_charset(first):
            self.odd(f"the charset {CHARSETS[first]} without the high bit of its octet")
            number = self.octet()
        elif first >= 0x20:
            return self.text_string().lower()
        else:
            number = self.long_integer()
        return CHARSETS.get(number, f"mib-{number}")

    def told_length(self, end: int, what: str) -> None:
        """Report a length that led to another place than the cursor's."""
        if end != self.at:
            direction = "large" if end > self.at else "small"
            self.odd(f"a length that is {abs(end - self.at):,} octets too {direction} for {what}")

    def any_value(self) -> str:
        """Return a value of unknown kind as text: an integer, a text, or octets in hexadecimal."""
        first = self.peek()
        if first >= 0x80:
            return str(self.short_integer())
        if 0 < first <= LENGTH_QUOTE:
            return self.take(self.value_length()).hex()
        return self.quoted_string()

    def _check(self, length: int) -> None:
        if length <= self.end - self.at:
            return
        if length > self._reach - self.at:
            raise self.wrong(f"{length:,} octets are declared, but only {self.end - self.at:,} are left")
        self._extend(self.at + length)

    def _extend(self, end: int) -> None:
        """Extend a value beyond its length, to a given end."""
        self.odd(f"a length that is {end - self.end:,} octets too small")
        self.end = end

    def _end_beyond(self) -> int:
        """Return the end of a text without a zero within its length.

        The end is the next zero behind the length, if no headers follow; else the end of the length.
        """
        if not self._bounded:
            raise self.wrong("a text has no end")
        beyond = Cursor.__new__(Cursor)
        beyond._view, beyond._bounded, beyond.oddities = self._view, True, self.oddities
        beyond.at, beyond._reach = self.end, self._reach
        beyond.end = min(self._reach, self.end + _LONGEST_LOOK)
        known = len(self.oddities) > MOST_TOLD or beyond._headers_follow()
        zero = -1 if known else beyond._zero()
        if zero < 0:
            self.odd("a text has no final zero")
            return self.end
        self._extend(zero + 1)
        return zero

    def _headers_follow(self, ahead: int = 0) -> bool:
        """Whether the octets can be read as MMS headers: _ENOUGH_HEADERS in a row, or all to the last octet.

        A PDU with more than MOST_TOLD oddities is not searched: the searches would take too long.
        """
        if len(self.oddities) > MOST_TOLD:
            return False
        look = Cursor.__new__(Cursor)
        look._view, look._bounded, look.oddities = self._view, True, []
        look.at = self.at + ahead
        look.end = min(self._reach, look.at + _LONGEST_LOOK)
        look._reach = look.end
        try:
            for _ in range(_ENOUGH_HEADERS):
                if look.at == self._reach:
                    break
                number = look.octet()
                if number == _CONTENT_TYPE_HEADER:
                    break
                if number not in _HEADER_NUMBERS:
                    return False
                look.skip()
        except PduError:
            return False
        return True

    def _is_bare_charset(self, first: int) -> bool:
        """Whether an octet in place of a length or of a name is a charset without its high bit."""
        if first not in CHARSETS or not first:
            return False
        if first > LENGTH_QUOTE:
            # A name would have further letters.
            return self.left == 1 or self.look(1) >= 0x80
        octets = bytes(self._view[self.at + 1 : self.at + 1 + first])
        return len(octets) < first or int.from_bytes(octets, "big") not in CHARSETS

    def _text_charset(self) -> str | None:
        """Return the charset in front of a text; None where the text has no charset."""
        first = self.peek()
        if not 0x20 <= first < 0x80:
            return self.charset()
        from transcode.wire.mm1.bare_charsets import Verdict, verdict

        rest = bytes(self._view[self.at + 1 : self.end]).partition(b"\0")[0]
        found = verdict(first, rest)
        if found is Verdict.LETTER and first in CHARSETS and self._sent_before(first):
            found = Verdict.CHARSET
        if found is Verdict.LETTER:
            other = f"; or {chr(first)!r} is {CHARSETS[first]}" if first in CHARSETS else ""
            self.odd(f"a text has a length and no charset{other}")
            return None
        doubt = "" if found is Verdict.CHARSET else f"; or {chr(first)!r} is a letter of the text"
        self.odd(f"the charset {CHARSETS[first]} without the high bit of its octet{doubt}")
        return CHARSETS[self.octet()]

    def _sent_before(self, octet: int) -> bool:
        """Whether the PDU has a phone number with the same octet as its charset, which then is a charset."""
        from transcode.wire.mm1.bare_charsets import sent_before

        return len(self.oddities) <= MOST_TOLD and sent_before(octet, bytes(self._view[:_LONGEST_LOOK]))

    def _unlengthed_charset(self) -> str | None:
        """Return the charset in front of a text without a length; None where the first octet is text."""
        first = self.peek()
        name = CHARSETS.get(first & 0x7F) if first > 0x80 else None
        zero = self._zero() if name else -1
        if name is None or zero < 0 or not _complaint(bytes(self._view[self.at : zero])):
            return None
        from transcode.wire.mm1.bare_charsets import Verdict, verdict

        rest = bytes(self._view[self.at + 1 : zero])
        is_utf_8 = name == "utf-8" and not rest.isascii() and not _complaint(rest)
        is_sure = is_utf_8 or first in _CONTROLS or verdict(first & 0x7F, rest) is Verdict.CHARSET
        if not is_sure and not rest[:1].isupper():
            return None
        self.odd(f"a text has the charset {name} and no length")
        self.octet()
        return name

    def _zero(self) -> int:
        """Return the place of the next zero octet; -1 if there is none."""
        at, step = self.at, 64
        while at < self.end:
            found = bytes(self._view[at : min(at + step, self.end)]).find(0)
            if found >= 0:
                return at + found
            at += step
            step *= 2
        return -1

    def _seen(self, text: str, unseen: re.Pattern[str]) -> str:
        """Return a text with blanks in place of the unseen characters."""
        found = unseen.search(text)
        if found is None:
            return text
        self.odd(f"a text has the character {found[0]!r}, replaced by a blank")
        return unseen.sub(" ", text)

    def _decoded(self, octets: bytes, name: str | None) -> str:
        text, complaint = decode_text(octets, name)
        if complaint:
            self.odd(complaint)
        return text

    def _wide_octets(self) -> bytes:
        """Return the octets of a wide text, without the quote and one or two final zeros."""
        octets = bytes(self.take(self._wide_length()))
        if octets[:1] == b"\x7f" and (len(octets) % 2 == 0 or octets[1:3] in UTF_16_MARKS):
            octets = octets[1:]
        if len(octets) % 2:
            return octets[:-1]
        return octets.removesuffix(b"\0\0")

    def _wide_length(self) -> int:
        """Return the size of a wide text in octets: up to two zeros that headers follow, else all octets."""
        octets = bytes(self._view[self.at : self.end])
        for first in (0, 1) if octets[:1] == b"\x7f" else (0,):
            pairs = octets[first : first + (len(octets) - first) // 2 * 2]
            zeros = pairs.find(b"\0\0")
            while zeros % 2 and zeros >= 0:
                zeros = pairs.find(b"\0\0", zeros + 1)
            end = first + zeros + 2
            if zeros >= 0 and end < len(octets) and self._headers_follow(end):
                return end
        return len(octets)


def _complaint(octets: bytes) -> str:
    """Return the reason why octets are not UTF-8; an empty text where they are."""
    try:
        octets.decode()
    except UnicodeDecodeError as error:
        return error.reason
    return ""


def _without_mark(text: str) -> str:
    return text.removeprefix("\ufeff")
