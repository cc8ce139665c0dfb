"""Reads internet messages (RFC 5322) and MIME bodies (RFC 2045, 2046), with limits.

The email package of the standard library parses the headers, and gets no body. This module splits the body
in one pass over the octets a level, and limits the number of parts, the nesting and the size of the headers.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from transcode.errors import PduError
from transcode.wire.header_lines import mended
from transcode.wire.mime_entity import Entity
from transcode.wire.oddities import Oddities
from transcode.wire.parts import (
    MOST_NESTED,
    MOST_PARTS,
    TOO_DEEP,
    as_presentation,
    portable,
    untransferred,
    unwrapped,
    unwrapping,
)
from transcode.wire.texts import decode_text, decode_words
from transcode.wire.wide import place_in_wide, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.model import Part

__all__ = ["Document"]

#: Largest size of the headers of a message and of a part, in octets, and largest number of lines in one block
#: of headers. Mail systems have limits of the same order.
_LONGEST_HEAD = 64 * 1024
_LONGEST_PART_HEAD = 16 * 1024
_MOST_HEADERS = 1000
#: Characters of a header's value that are read; a longer value is cut.
_LONGEST_HEADER = 32 * 1024
_FOLD = re.compile(r"\r?\n[ \t]*|\r[ \t]+")
_LINE_END = re.compile(rb"[ \t]*(?:\r*\n|\Z)")
_BLANK_LINE = re.compile(rb"\A\r*\n|\n\r*\n")


class Document:
    """The octets of a message: headers and a body.

    Attributes:
        octets: all octets; a text in UTF-16 or UTF-32 is converted to UTF-8.
        odd: collects the oddities.
    """

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.odd = Oddities()
        self.octets, self._was = plain(bytes(data))
        if self._was:
            self.odd(f"the message is written in {self._was}")
        self._view = memoryview(self.octets)
        self._parts = 0

    @property
    def is_recoded(self) -> bool:
        """Whether the octets came in UTF-16 or UTF-32."""
        return self._was.startswith("utf-")

    def again(self, octets: bytes) -> Document:
        """Return a document of other octets that adds its oddities to those of this document."""
        other = Document(octets)
        other.odd = self.odd
        return other

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Make errors within the block name the place in the octets before any conversion."""
        try:
            yield
        except PduError as error:
            if not self._was:
                raise
            place = place_in_wide(self.octets, error.offset, self._was)
            raise PduError(error.reason, offset=place) from error

    def headers(
        self, start: int, end: int, longest: int = _LONGEST_HEAD, *, part: bool = False
    ) -> tuple[list[tuple[str, str]], int]:
        """Return the headers that begin at an octet, unfolded, and the place of the body behind them.

        Args:
            start, end: places in the octets.
            longest: the largest size of the headers, in octets.
            part: whether the headers are those of a part.

        Raises:
            PduError: the headers are too long or too many.
        """
        reach = min(end, start + longest)
        blank = _BLANK_LINE.search(self.octets[start:reach])
        if blank is None and reach < end:
            raise PduError(f"headers of more than {longest:,} octets", offset=start)
        stop = end if blank is None else start + blank.end()
        block = self.octets[start:stop]
        if block.count(b"\n") + block.count(b"\r") > 2 * _MOST_HEADERS:
            raise PduError(f"headers of more than {_MOST_HEADERS:,} lines", offset=start)
        lines, used = mended(block, self.odd, loose=blank is None, part=part)
        parsed = BytesHeaderParser().parsebytes(lines)
        return [(name, self._value(name, raw)) for name, raw in parsed.raw_items()], start + used

    def _value(self, name: str, raw: str) -> str:
        text = _FOLD.sub(" ", str(raw)).strip()
        if len(text) > _LONGEST_HEADER:
            self.odd(f"{name} has {len(text):,} characters and is cut")
            text = text[:_LONGEST_HEADER]
        if not text.isascii():
            self.odd(f"{name} has octets beyond US-ASCII")
            text, _ = decode_text(text.encode("ascii", "surrogateescape"), None)
        if "=?" in text and "\ufffd" in decode_words(text):
            self.odd(f"{name} has an encoded word with octets that are invalid in its charset")
        return text

    def body(self, entity: Entity, start: int, end: int) -> list[Part]:
        """Return the parts of a body. The parts of a nested multipart take its place.

        Raises:
            PduError: there are too many parts, or a part's headers are too long.
        """
        boundary = entity.boundary
        if boundary is None or entity.encoding in ("base64", "quoted-printable"):
            if entity.content_type.startswith("multipart/"):
                self.odd(f"{entity.content_type} has no boundary or is encoded, and is read as one part")
            return [self._part(entity, start, end)]
        return self._multipart(boundary, start, end, 0)

    def _multipart(self, boundary: str, start: int, end: int, depth: int) -> list[Part]:
        parts: list[Part] = []
        for first, last in self.sections(boundary, start, end):
            self._parts += 1
            if self._parts > MOST_PARTS:
                raise PduError(f"more than {MOST_PARTS:,} parts", offset=first)
            parts += self._entry(first, last, depth)
        return parts

    def _entry(self, start: int, end: int, depth: int) -> list[Part]:
        """Return a part; for a nested multipart its parts."""
        headers, body = self.headers(start, end, _LONGEST_PART_HEAD, part=True)
        entity = Entity(headers, self.odd)
        boundary = entity.boundary
        plain = entity.encoding not in ("base64", "quoted-printable")
        if boundary is not None and plain and depth >= MOST_NESTED:
            self.odd(TOO_DEEP)
        elif boundary is not None and plain:
            parts = self._multipart(boundary, body, end, depth + 1)
            self.odd(unwrapping(entity.content_type, len(parts)))
            return unwrapped(entity.part(b""), parts)
        return [as_presentation(self._part(entity, body, end), self.odd)]

    def _part(self, entity: Entity, start: int, end: int) -> Part:
        """Return the part whose data are between two places."""
        data = untransferred(self._view[start:end], entity.encoding, self.odd)
        part = portable(entity.part(data), self.odd)
        if self.is_recoded and isinstance(data, memoryview) and not bytes(data).isascii():
            self.odd(f"a part is written in {self._was} as the whole message is, whatever charset it states")
            return replace(part, charset="utf-8")
        return part

    def sections(self, boundary: str, start: int, end: int) -> list[tuple[int, int]]:
        """Return the places where the parts between the boundaries begin and end, in octets."""
        octets, marker = self.octets, b"--" + boundary.encode("utf-8", "surrogateescape")
        found: list[tuple[int, int]] = []
        opened = -1
        at = octets.find(marker, start, end)
        while at >= 0:
            behind = at + len(marker)
            closing = octets[behind : behind + 2] == b"--"
            line_end = _LINE_END.match(octets, behind + 2 * closing, end)
            if line_end is not None and (at == start or octets[at - 1 : at] == b"\n"):
                if opened >= 0:
                    found.append((opened, max(opened, _without_line_end(octets, at))))
                if closing:
                    if octets[line_end.end() : end].strip():
                        self.odd("text follows the last boundary")
                    return found
                opened = line_end.end()
            at = octets.find(marker, behind, end)
        self.odd("the last boundary is missing")
        if opened >= 0:
            found.append((opened, end))
        return found


def _without_line_end(octets: bytes, at: int) -> int:
    """Return the end of the line before a place, without its line break."""
    if at > 0 and octets[at - 1 : at] == b"\n":
        at -= 1
        if octets[at - 1 : at] == b"\r":
            at -= 1
    return at
