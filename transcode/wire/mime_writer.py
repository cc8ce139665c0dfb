"""Headers of internet messages (RFC 5322) and MIME bodies (RFC 2045 to 2047, 2231), written.

Whatever is written can be told in advance to the octet: every part is base64, and
the boundary is always the same. No line of base64 can be taken for it, and none of
a header, which begins with a name or a blank.
"""

from __future__ import annotations

import base64
import re
from email.utils import encode_rfc2231
from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.message.location import uri
from transcode.wire.parts import ID_MARKS, MEDIA_TYPE, PART_FIELDS
from transcode.wire.texts import NAMES, encode_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.model import Part

__all__ = [
    "MIME_VERSION",
    "content_headers",
    "encoded_length",
    "header_line",
    "parameters",
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
#: RFC 2045, 6.7, rule 5 of quoted-printable and the base64 alphabet make "=_" safe.
_BOUNDARY = "=_transcode"
_FORBIDDEN = re.compile(r"[\x00\r\n]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?|")
_PLAIN_PARAMETER = re.compile(r"[ !#-\[\]-~]*")


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
