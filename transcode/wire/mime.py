"""Internet messages (RFC 5322) and MIME bodies (RFC 2045 to 2047, 2231), written and read within bounds.

Headers are parsed by the standard library's email package. It gets no body: how
many parts there are, how deep they nest and how long their headers are is checked
here, in one pass over the octets a level.

Whatever is written can be told in advance to the octet: every part is base64, and
the boundary is always the same. No line of base64 can be taken for it, and none of
a header, which begins with a name or a blank.
"""

from __future__ import annotations

import base64
import re
from contextlib import contextmanager
from dataclasses import replace
from email.parser import BytesHeaderParser
from email.utils import encode_rfc2231
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from transcode.errors import MessageError, PduError
from transcode.message.location import uri
from transcode.wire.header_lines import mended
from transcode.wire.parts import (
    ID_MARKS,
    MEDIA_TYPE,
    MOST_NESTED,
    MOST_PARTS,
    PART_FIELDS,
    TOO_DEEP,
    as_presentation,
    is_token,
    portable,
    typed,
    untransferred,
    unwrapped,
)
from transcode.wire.texts import (
    NAMES,
    decode_name,
    decode_text,
    decode_words,
    encode_words,
    parameters_of_text,
)
from transcode.wire.wide import place_in_wide, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from transcode.model import Part

__all__ = [
    "MIME_VERSION",
    "Document",
    "Entity",
    "Odd",
    "content_headers",
    "decoded_text",
    "encoded_length",
    "header_line",
    "parameters",
    "split_type",
    "to_base64",
    "written_text",
]

#: The header that makes a message one of MIME (RFC 2045, 4).
MIME_VERSION = b"MIME-Version: 1.0\r\n"

#: RFC 5322, 2.1.1: a line has at most 998 octets.
_LONGEST_LINE = 998
#: Where a text is rather folded, as encoded words, than written as it is.
_LONGEST_TEXT = 200
#: Likewise of a URI: encoded words in it are for those who read mail by the book.
_LONGEST_URI = _LONGEST_PARAMETER = 900
_PIECES = re.compile(r"(?:%[0-9A-F]{2}|[^%]){1,300}")
#: Octets in a line of base64 (RFC 2045, 6.8).
_LINE = 57

#: The longest block of headers of a message and of a part, in octets, and the most lines in
#: one. Mail systems stop at the same order of size.
_LONGEST_HEAD = 64 * 1024
_LONGEST_PART_HEAD = 16 * 1024
_MOST_HEADERS = 1000
#: The longest single header that is looked into, in characters.
_LONGEST_HEADER = 32 * 1024

_MOST_ODDITIES = 100
_LONGEST_ODDITY = 200

#: RFC 2045, 6.7, rule 5 of quoted-printable and the base64 alphabet make "=_" safe.
_BOUNDARY = "=_transcode"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?|")
_PLAIN_PARAMETER = re.compile(r"[ !#-\[\]-~]*")
_COMMENT = re.compile(r"\([^()]*\)")
_EXTENDED_NAME = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")
_FORBIDDEN = re.compile(r"[\x00\r\n]")
_FOLD = re.compile(r"\r?\n[ \t]*|\r[ \t]+")
_LINE_END = re.compile(rb"[ \t]*(?:\r*\n|\Z)")
_BLANK_LINE = re.compile(rb"\A\r*\n|\n\r*\n")


# Writing


def written_text(text: str) -> str:
    """A header's text: as it is where that can be read back, else as encoded words.

    Raises:
        ValueError: it holds a line end or a zero.
    """
    if _FORBIDDEN.search(text):
        raise ValueError("line ends and zeros can't be sent")
    if len(text) <= _LONGEST_TEXT and _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    return encode_words(text, "\r\n ")


def written_uri(text: str) -> str:
    """A reference as a URI; as encoded words where no line holds it (RFC 2557, 4.4).

    Raises:
        ValueError: it holds a line end or a zero.
    """
    if _FORBIDDEN.search(text):
        raise ValueError("line ends and zeros can't be sent")
    found = uri(text)
    return found if len(found) <= _LONGEST_URI else encode_words(found, "\r\n ")


def header_line(name: str, value: str) -> bytes:
    """One header with its line end; the value may be folded already.

    Raises:
        ValueError: the name is none, a line is too long, or the value breaks out of the header.
    """
    if not _TOKEN.fullmatch(name.replace("/", "")):
        raise ValueError(f"{name!r} is no name of a header")
    line = f"{name}: {value}"
    for number, piece in enumerate(line.split("\r\n")):
        if _FORBIDDEN.search(piece) or (number and not piece.startswith((" ", "\t"))):
            raise ValueError("line ends and zeros can't be sent")
        if len(piece) > _LONGEST_LINE:
            raise ValueError(f"a line of {len(piece):,} characters; {_LONGEST_LINE} are allowed")
    return line.encode("ascii") + b"\r\n"


def parameters(pairs: Iterable[tuple[str, str]]) -> str:
    """Parameters behind the value of a header, each on a line of its own.

    Raises:
        ValueError: a name is none, or a value holds a line end or a zero.
    """
    written = []
    for name, value in pairs:
        if not _TOKEN.fullmatch(name) or set("*'%") & set(name):
            raise ValueError(f"{name!r} is no name of a parameter")
        if _FORBIDDEN.search(value):
            raise ValueError("line ends and zeros can't be sent")
        plain = _PLAIN_PARAMETER.fullmatch(value) and value == value.strip()
        # In a name readers look for encoded words.
        if plain and len(value) <= _LONGEST_PARAMETER and not (name.lower() in NAMES and "=?" in value):
            written.append(f';\r\n {name.lower()}="{value}"')
        else:
            written += _encoded_parameter(name.lower(), encode_rfc2231(value, "utf-8", ""))
    return "".join(written)


def _encoded_parameter(name: str, value: str) -> list[str]:
    """A parameter that is percent-encoded; a long one in numbered pieces (RFC 2231, 3), each on its line."""
    if len(value) <= _LONGEST_PARAMETER:
        return [f";\r\n {name}*={value}"]
    pieces = _PIECES.findall(value)
    return [f";\r\n {name}*{number}*={piece}" for number, piece in enumerate(pieces)]


def to_base64(data: bytes | memoryview) -> bytes:
    """Data in lines of base64, each with its line end."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def encoded_length(size: int) -> int:
    """How many octets to_base64 makes of so many."""
    return -(-size // 3) * 4 + -(-size // _LINE) * 2


def content_headers(
    content_type: str | None, pairs: Sequence[tuple[str, str]], parts: Sequence[Part], *, multipart: bool
) -> tuple[bytes, list[bytes], bytes]:
    """What stands around the parts' data: the headers, what is in front of each part, what ends the body.

    Args:
        content_type: of the body; None: there is no body.
        pairs: the parameters of that type.
        parts: the parts; one, which has the same type, where it is no multipart.
        multipart: whether it is one.

    Raises:
        MessageError: something in it can't be sent; the error names the field.
    """
    if content_type is None:
        if parts:
            raise MessageError("content_type: there are parts, so there must be a content type")
        return b"", [], b""
    if not multipart:
        if len(parts) != 1:
            raise MessageError(f"parts: {content_type} is no multipart, so there must be one part")
        if pairs or parts[0].content_type != content_type:
            raise MessageError("content_type: must be that of the part, which also has the parameters")
        if parts[0].headers:
            raise MessageError("parts[0].headers: only parts of a multipart can have others")
        return MIME_VERSION + _part_head("parts[0]", parts[0]), [b""], b""
    if any(name.lower() == "boundary" for name, _ in pairs):
        raise MessageError("parameters: the boundary is not for the caller to write")
    kind = _content_type("content_type", content_type, [*pairs, ("boundary", _BOUNDARY)])
    opening = b"--" + _BOUNDARY.encode() + b"\r\n"
    heads = [opening + _part_head(f"parts[{i}]", part) + b"\r\n" for i, part in enumerate(parts)]
    return MIME_VERSION + kind, heads, b"--" + _BOUNDARY.encode() + b"--\r\n"


def _content_type(field: str, content_type: str, pairs: Iterable[tuple[str, str]]) -> bytes:
    folded = content_type.lower()
    if not MEDIA_TYPE.fullmatch(folded):
        raise MessageError(f"{field}: {content_type!r} is no content type")
    try:
        return header_line("Content-Type", folded + parameters(pairs))
    except ValueError as error:
        raise MessageError(f"{field}: {error}") from error


def _part_head(field: str, part: Part) -> bytes:
    """The headers of a part."""
    pairs = list(part.parameters)
    if part.charset is not None:
        pairs.insert(0, ("charset", part.charset.lower()))
    if part.name is not None:
        pairs.insert(0, ("name", part.name))
    lines = [_content_type(f"{field}: content type", part.content_type, pairs)]
    if part.content_id is not None and part.content_id != part.content_id.strip(ID_MARKS):
        raise MessageError(f"{field}.content_id: must stand without brackets, quotes and blanks")
    if part.disposition is None and part.filename is not None:
        raise MessageError(f"{field}.filename: belongs to a disposition, and there is none")
    try:
        lines.append(header_line("Content-Transfer-Encoding", "base64"))
        if part.content_id is not None:
            lines.append(header_line("Content-ID", written_text(f"<{part.content_id}>")))
        if part.content_location is not None:
            lines.append(header_line("Content-Location", written_uri(part.content_location)))
        if part.disposition is not None:
            lines.append(header_line("Content-Disposition", _disposition(part)))
        for name, value in part.headers:
            if name.lower() in PART_FIELDS:
                raise ValueError(f"{name} is not for the caller to write")
            lines.append(header_line(name, written_text(value)))
    except ValueError as error:
        raise MessageError(f"{field}: {error}") from error
    return b"".join(lines)


def _disposition(part: Part) -> str:
    kind = (part.disposition or "").lower()
    if not _TOKEN.fullmatch(kind):
        raise ValueError(f"{part.disposition!r} is no disposition")
    return kind + parameters([] if part.filename is None else [("filename", part.filename)])


# Reading


def decoded_text(value: str) -> str:
    """A header's text without encoded words, and on one line whatever they hold."""
    return _FORBIDDEN.sub(" ", decode_words(value))


def split_type(value: str) -> tuple[str, list[tuple[str, str]]]:
    """The value of a header such as Content-Type, in lower case and without comments, and its parameters."""
    kind, mark, rest = value.partition(";")
    kind = _COMMENT.sub("", kind)
    pairs = parameters_of_text(mark + rest)
    if any("*" in name for name, _ in pairs):
        pairs = _extended(pairs)
    return kind.strip().lower(), pairs


def _extended(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Parameters of which some are numbered or have a charset (RFC 2231), as plain ones."""
    texts: list[tuple[str, str]] = []
    places: dict[str, int] = {}
    pieces: dict[int, dict[int, tuple[str, bool]]] = {}
    for name, value in pairs:
        found = _EXTENDED_NAME.fullmatch(name)
        if found is None or name == found[1]:
            texts.append((name, value))
            continue
        number = int(found[2] or 0)
        if found[1] not in places or number in pieces[places[found[1]]]:
            places[found[1]] = len(texts)
            pieces[len(texts)] = {}
            texts.append((found[1], ""))
        pieces[places[found[1]]][number] = (value, bool(found[3]))
    for place, numbered in pieces.items():
        texts[place] = (texts[place][0], _assembled(numbered))
    return texts


def _assembled(pieces: Mapping[int, tuple[str, bool]]) -> str:
    """The value of the numbered pieces of a parameter; the first names the charset of all."""
    charset, octets = None, bytearray()
    for number, (text, is_encoded) in sorted(pieces.items()):
        rest = text
        if is_encoded and number == 0 and text.count("'") >= 2:
            charset, _, rest = text.split("'", 2)
        octets += unquote_to_bytes(rest) if is_encoded else rest.encode("utf-8", "replace")
    return _FORBIDDEN.sub(" ", decode_text(bytes(octets), charset and charset.lower())[0])


class Entity:
    """What the headers of a message or a part say of its body.

    Attributes:
        content_type: in lower case; empty when it is not said.
        parameters: of that type.
        encoding: the transfer encoding, in lower case.
        content_id, content_location, disposition, filename: as in Part.
        others: the other headers, in order.
    """

    def __init__(self, headers: Iterable[tuple[str, str]], odd: Odd) -> None:
        self.content_type = ""
        self.parameters: list[tuple[str, str]] = []
        self.encoding = ""
        self.content_id: str | None = None
        self.content_location: str | None = None
        self.disposition: str | None = None
        self.filename: str | None = None
        self.others: list[tuple[str, str]] = []
        seen = set()
        for name, value in headers:
            folded = name.lower()
            if folded in PART_FIELDS and folded in seen:
                odd(f"a second {name}, left out: {value!r}")
                continue
            if not is_token(name):
                odd(f"{name!r} is no name of a header, and is left out: {value!r}")
                continue
            seen.add(folded)
            self._take(name, value, odd)

    def _take(self, name: str, value: str, odd: Odd) -> None:
        match name.lower():
            case "content-type":
                self.content_type, self.parameters = split_type(value)
                if self.content_type.startswith("multipart/") and not MEDIA_TYPE.fullmatch(self.content_type):
                    # A subtype that is not known counts as mixed (RFC 2046, 5.1.7).
                    odd(f"{self.content_type!r} is no content type, taken for multipart/mixed")
                    self.content_type = "multipart/mixed"
            case "content-transfer-encoding":
                self.encoding = value.partition(";")[0].strip().lower()
            case "content-id":
                self.content_id = decoded_text(value).strip(ID_MARKS)
            case "content-location":
                # Some put a URI into quotes, which are none of it.
                self.content_location = decode_name(value).strip(' "')
            case "content-disposition":
                kind, pairs = split_type(value)
                self.filename = dict(pairs).get("filename")
                if not is_token(kind):
                    # What is not known counts as an attachment (RFC 2183, 2.8).
                    odd(f"{kind!r} is no disposition, taken for an attachment")
                    kind = "attachment"
                self.disposition = kind
            case "content-length":
                pass
            case _:
                self.others.append((name, decoded_text(value)))

    @property
    def boundary(self) -> str | None:
        """What stands between the parts; None where it is no multipart."""
        if not self.content_type.startswith("multipart/"):
            return None
        return dict(self.parameters).get("boundary") or None

    def part(self, data: bytes | memoryview) -> Part:
        """The part that it describes."""
        return replace(
            typed(self.content_type or "text/plain", self.parameters, data),
            content_id=self.content_id,
            content_location=self.content_location,
            disposition=self.disposition,
            filename=self.filename,
            headers=tuple(self.others),
        )


class Odd:
    """Keeps what was odd, within bounds.

    Attributes:
        oddities: one sentence each.
    """

    def __init__(self) -> None:
        self.oddities: list[str] = []

    def __call__(self, what: str) -> None:
        if len(self.oddities) < _MOST_ODDITIES:
            self.oddities.append(what[:_LONGEST_ODDITY])
        elif len(self.oddities) == _MOST_ODDITIES:
            self.oddities.append("more was odd than is told here")


class Document:
    """Octets that are headers and a body.

    Attributes:
        octets: all of them; of text in UTF-16 as UTF-8.
        odd: told what is odd in them.
    """

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.odd = Odd()
        self.octets, self._was = plain(bytes(data))
        if self._was:
            self.odd(f"the whole is written in {self._was}")
        self._view = memoryview(self.octets)
        self._parts = 0

    @property
    def is_recoded(self) -> bool:
        """Whether the octets came in UTF-16 or UTF-32."""
        return self._was.startswith("utf-")

    def again(self, octets: bytes) -> Document:
        """A document of other octets that tells what is odd to the same."""
        other = Document(octets)
        other.odd = self.odd
        return other

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Errors within name the place in the octets as they came."""
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
        """The headers that begin at an octet, unfolded, and where the body behind them begins.

        Raises:
            PduError: they are too long, or too many.
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
            self.odd(f"{name} has {len(text):,} characters, and is cut")
            text = text[:_LONGEST_HEADER]
        if not text.isascii():
            self.odd(f"{name} has octets beyond US-ASCII")
            text, _ = decode_text(text.encode("ascii", "surrogateescape"), None)
        if "=?" in text and "\ufffd" in decode_words(text):
            self.odd(f"{name} has an encoded word that is no whole text")
        return text

    def body(self, entity: Entity, start: int, end: int) -> list[Part]:
        """The parts of a body, those of multiparts within it in their place.

        Raises:
            PduError: there are too many parts, or a part's headers are too long.
        """
        boundary = entity.boundary
        if boundary is None or entity.encoding in ("base64", "quoted-printable"):
            if entity.content_type.startswith("multipart/"):
                self.odd(f"{entity.content_type} without a boundary, or encoded: it is one part")
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
        """A part; or several, where the part is a multipart itself."""
        headers, body = self.headers(start, end, _LONGEST_PART_HEAD, part=True)
        entity = Entity(headers, self.odd)
        boundary = entity.boundary
        plain = entity.encoding not in ("base64", "quoted-printable")
        if boundary is not None and plain and depth >= MOST_NESTED:
            self.odd(TOO_DEEP)
        elif boundary is not None and plain:
            parts = self._multipart(boundary, body, end, depth + 1)
            self.odd(f"a part is {entity.content_type!r}; its {len(parts)} parts stand in its place")
            return unwrapped(entity.part(b""), parts)
        return [as_presentation(self._part(entity, body, end), self.odd)]

    def _part(self, entity: Entity, start: int, end: int) -> Part:
        """The part whose data stand there."""
        data = untransferred(self._view[start:end], entity.encoding, self.odd)
        part = portable(entity.part(data), self.odd)
        if self.is_recoded and isinstance(data, memoryview) and not bytes(data).isascii():
            self.odd(f"a part is written in {self._was} with the whole, whatever charset it states")
            return replace(part, charset="utf-8")
        return part

    def sections(self, boundary: str, start: int, end: int) -> list[tuple[int, int]]:
        """Where the parts between the boundaries begin and end, in octets."""
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
                        self.odd("there is text behind the last boundary")
                    return found
                opened = line_end.end()
            at = octets.find(marker, behind, end)
        self.odd("the last boundary is missing")
        if opened >= 0:
            found.append((opened, end))
        return found


def _without_line_end(octets: bytes, at: int) -> int:
    """Where the line before this place ends, without what ends it."""
    if at > 0 and octets[at - 1 : at] == b"\n":
        at -= 1
        if octets[at - 1 : at] == b"\r":
            at -= 1
    return at
