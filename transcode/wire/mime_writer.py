"""Writes the headers of internet messages (RFC 5322) and MIME bodies (RFC 2045 to 2047, 2231).

The size of a message is known in advance to the octet: every part is base64, and the boundary is constant.
No line of base64 and no line of a header can begin like the boundary.
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

#: The header that every MIME message has (RFC 2045, 4).
MIME_VERSION = b"MIME-Version: 1.0\r\n"
#: Largest length of a line, in octets without the line end (RFC 5322, 2.1.1).
_LONGEST_LINE = 998
#: Characters of a header's text that one line has at most; a longer text is folded as encoded words.
_LONGEST_TEXT = 200
#: Characters that a URI or a parameter has on one line at most. The limit of a URI is higher than that of a
#: text because not all readers decode encoded words in a URI.
_LONGEST_URI = _LONGEST_PARAMETER = 900
_PIECES = re.compile(r"(?:%[0-9A-F]{2}|[^%]){1,300}")
#: Octets of data in a line of base64 of 76 characters (RFC 2045, 6.8).
_LINE = 57
#: "=_" is safe in a boundary: neither quoted-printable nor base64 can produce it (RFC 2045, 6.7, rule 5).
_BOUNDARY = "=_transcode"
_FORBIDDEN = re.compile(r"[\x00\r\n]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?|")
_PLAIN_PARAMETER = re.compile(r"[ !#-\[\]-~]*")


def written_text(text: str) -> str:
    """Return the text of a header: unchanged if it is short and plain US-ASCII, else as encoded words.

    Raises:
        ValueError: the text holds a line end or a zero.
    """
    if _FORBIDDEN.search(text):
        raise ValueError("line ends and zeros can't be sent")
    if len(text) <= _LONGEST_TEXT and _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    return encode_words(text, "\r\n ")


def written_uri(text: str) -> str:
    """Return a reference as a URI; as encoded words if it is too long for a line (RFC 2557, 4.4).

    Raises:
        ValueError: the reference holds a line end or a zero.
    """
    if _FORBIDDEN.search(text):
        raise ValueError("line ends and zeros can't be sent")
    found = uri(text)
    return found if len(found) <= _LONGEST_URI else encode_words(found, "\r\n ")


def header_line(name: str, value: str) -> bytes:
    """Return one header with its line end; the value may be folded already.

    Raises:
        ValueError: the name is invalid, a line is too long, or the value would end the header.
    """
    if not _TOKEN.fullmatch(name.replace("/", "")):
        raise ValueError(f"{name!r} is not a header name")
    line = f"{name}: {value}"
    for number, piece in enumerate(line.split("\r\n")):
        if _FORBIDDEN.search(piece) or (number and not piece.startswith((" ", "\t"))):
            raise ValueError("line ends and zeros can't be sent")
        if len(piece) > _LONGEST_LINE:
            raise ValueError(f"a line has {len(piece):,} characters; the limit is {_LONGEST_LINE}")
    return line.encode("ascii") + b"\r\n"


def parameters(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the parameters that follow the value of a header, each on its own line.

    Raises:
        ValueError: a name is invalid, or a value holds a line end or a zero.
    """
    written = []
    for name, value in pairs:
        if not _TOKEN.fullmatch(name) or set("*'%") & set(name):
            raise ValueError(f"{name!r} is not a parameter name")
        if _FORBIDDEN.search(value):
            raise ValueError("line ends and zeros can't be sent")
        plain = _PLAIN_PARAMETER.fullmatch(value) and value == value.strip()
        # Readers decode encoded words in a file name, so a name with "=?" is percent-encoded.
        if plain and len(value) <= _LONGEST_PARAMETER and not (name.lower() in NAMES and "=?" in value):
            written.append(f';\r\n {name.lower()}="{value}"')
        else:
            written += _encoded_parameter(name.lower(), encode_rfc2231(value, "utf-8", ""))
    return "".join(written)


def _encoded_parameter(name: str, value: str) -> list[str]:
    """Return a percent-encoded parameter; a long one in numbered pieces (RFC 2231, 3), each on its line."""
    if len(value) <= _LONGEST_PARAMETER:
        return [f";\r\n {name}*={value}"]
    pieces = _PIECES.findall(value)
    return [f";\r\n {name}*{number}*={piece}" for number, piece in enumerate(pieces)]


def to_base64(data: bytes | memoryview) -> bytes:
    """Return data as lines of base64, each with its line end."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def encoded_length(size: int) -> int:
    """Return the size of the result of to_base64, in octets, for data of a size in octets."""
    return -(-size // 3) * 4 + -(-size // _LINE) * 2


def content_headers(
    content_type: str | None, pairs: Sequence[tuple[str, str]], parts: Sequence[Part], *, multipart: bool
) -> tuple[bytes, list[bytes], bytes]:
    """Return the octets around the parts' data: headers, the octets before each part, the end of the body.

    Args:
        content_type: the content type of the body; None where there is no body.
        pairs: the parameters of the content type.
        parts: the parts; a body that is not a multipart has one part, of the same content type.
        multipart: whether the body is a multipart.

    Raises:
        MessageError: a value can't be sent; the error names its field.
    """
    if content_type is None:
        if parts:
            raise MessageError("content_type: is None, but there are parts")
        return b"", [], b""
    if not multipart:
        if len(parts) != 1:
            raise MessageError(f"parts: {content_type} is not a multipart, so there must be one part")
        if pairs or parts[0].content_type != content_type:
            raise MessageError("content_type: must equal that of the part, and the part has the parameters")
        if parts[0].headers:
            raise MessageError("parts[0].headers: only a part of a multipart can have further headers")
        return MIME_VERSION + _part_head("parts[0]", parts[0]), [b""], b""
    if any(name.lower() == "boundary" for name, _ in pairs):
        raise MessageError("parameters: the writer sets the boundary")
    kind = _content_type("content_type", content_type, [*pairs, ("boundary", _BOUNDARY)])
    opening = b"--" + _BOUNDARY.encode() + b"\r\n"
    heads = [opening + _part_head(f"parts[{i}]", part) + b"\r\n" for i, part in enumerate(parts)]
    return MIME_VERSION + kind, heads, b"--" + _BOUNDARY.encode() + b"--\r\n"


def _content_type(field: str, content_type: str, pairs: Iterable[tuple[str, str]]) -> bytes:
    folded = content_type.lower()
    if not MEDIA_TYPE.fullmatch(folded):
        raise MessageError(f"{field}: {content_type!r} is not a content type")
    try:
        return header_line("Content-Type", folded + parameters(pairs))
    except ValueError as error:
        raise MessageError(f"{field}: {error}") from error


def _part_head(field: str, part: Part) -> bytes:
    """Return the headers of a part."""
    pairs = list(part.parameters)
    if part.charset is not None:
        pairs.insert(0, ("charset", part.charset.lower()))
    if part.name is not None:
        pairs.insert(0, ("name", part.name))
    lines = [_content_type(f"{field}: content type", part.content_type, pairs)]
    if part.content_id is not None and part.content_id != part.content_id.strip(ID_MARKS):
        raise MessageError(f"{field}.content_id: must have no brackets, quotes or blanks around it")
    if part.disposition is None and part.filename is not None:
        raise MessageError(f"{field}.filename: needs a disposition, but disposition is None")
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
                raise ValueError(f"the writer sets {name}")
            lines.append(header_line(name, written_text(value)))
    except ValueError as error:
        raise MessageError(f"{field}: {error}") from error
    return b"".join(lines)


def _disposition(part: Part) -> str:
    kind = (part.disposition or "").lower()
    if not _TOKEN.fullmatch(kind):
        raise ValueError(f"{part.disposition!r} is not a disposition")
    return kind + parameters([] if part.filename is None else [("filename", part.filename)])
