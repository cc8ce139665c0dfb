"""Parts and their headers: constants and functions that the readers and writers of all forms share."""

from __future__ import annotations

import binascii
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.counted import counted
from transcode.model import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from transcode.model import MessageFields

__all__ = [
    "ID_MARKS",
    "MOST_NESTED",
    "MOST_PARTS",
    "PART_FIELDS",
    "TOO_DEEP",
    "as_presentation",
    "data_sizes",
    "is_token",
    "portable",
    "sound_charset",
    "sound_parameters",
    "typed",
    "untransferred",
    "unwrapped",
    "unwrapping",
]

#: Characters around a Content-ID, which some writers omit or double.
ID_MARKS = '<>" '

#: Parts that a message has at most. A hostile message could declare 2^32 - 1.
MOST_PARTS = 1000
#: Levels to which multiparts may nest. Each level takes one pass over its octets; a deeper one stays a part.
MOST_NESTED = 4
TOO_DEEP = f"multiparts nest more than {MOST_NESTED} deep; the innermost stays one part"

#: Headers, in lower case, that are fields of a part or that describe the encoding of its data.
PART_FIELDS = {
    "content-disposition",
    "content-id",
    "content-length",
    "content-location",
    "content-transfer-encoding",
    "content-type",
}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: A content type in lower case.
MEDIA_TYPE = re.compile(r"[!#$&^_.+0-9a-z-]+/[!#$&^_.+0-9a-z*-]+")
_UNKNOWN = "application/octet-stream"
_SMIL = "application/smil"
_SMIL_NAME = re.compile(r"\bsmil\b|\.smi\Z", re.IGNORECASE)
#: The beginning of SMIL: an XML declaration, comments and a document type may precede the root element.
_SMIL_DATA = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,300}-->\s*){0,3}"
    rb"(?:<!DOCTYPE[^>]{0,300}>\s*)?<(?:[A-Za-z]{1,20}:)?smil[\s/>]",
    re.IGNORECASE,
)

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def is_token(name: str) -> bool:
    """Whether a name is a token, as names of headers, parameters and dispositions are (RFC 9110, 5.6.2)."""
    return _TOKEN.fullmatch(name) is not None


def sound_parameters(
    parameters: Iterable[tuple[str, str]], odd: Callable[[str], None], *, mail: bool = False
) -> list[tuple[str, str]]:
    """Return the parameters whose names are tokens, and whose charset is one.

    Args:
        parameters: the parameters of a content type.
        odd: called with each parameter that is left out.
        mail: also leave out parameters whose names MIME forbids, and the boundary, which the writer sets.
    """
    found = []
    for name, value in parameters:
        if not is_token(name) or (mail and (set("*'%") & set(name) or name.lower() == "boundary")):
            odd(f"a parameter of a content type is left out: {name}={value!r}")
        elif name.lower() != "charset":
            found.append((name, value))
        elif charset := sound_charset(value, odd):
            found.append((name, charset))
    return found


def sound_charset(name: str | None, odd: Callable[[str], None]) -> str | None:
    """Return the name of a charset; of several names the first; None where that is not a token."""
    if name is None or is_token(name):
        return name
    first = re.split("[,; ]", name.strip(' ,;"'))[0].strip('"')
    found = first if is_token(first) else None
    odd(f"the charset {name!r} is not a name: {'left out' if found is None else f'read as {found}'}")
    return found


def portable(part: Part, odd: Callable[[str], None]) -> Part:
    """Return the part with a content type, charset and parameters that MIME allows; odd gets each change."""
    kind = part.content_type
    if not MEDIA_TYPE.fullmatch(kind.lower()):
        odd(f"a part is declared as {kind!r}, which is not a content type, and is sent as {_UNKNOWN}")
        kind = _UNKNOWN
    return replace(
        part,
        content_type=kind,
        charset=sound_charset(part.charset, odd),
        parameters=tuple(sound_parameters(part.parameters, odd, mail=True)),
    )


def data_sizes(message: MessageFields, sizes: Sequence[int] | None) -> Sequence[int]:
    """Return the size of each part's data, in octets: the given sizes, or those of the data if sizes is None.

    Raises:
        ValueError: the number of sizes is not the number of parts.
    """
    if sizes is None:
        return [len(part.data) for part in message.parts]
    if len(sizes) != len(message.parts):
        raise ValueError(f"{len(sizes)} sizes are given for {len(message.parts)} parts")
    return sizes


def typed(content_type: str, parameters: Iterable[tuple[str, str]], data: bytes | memoryview) -> Part:
    """Return a part of a content type; its first name and first charset become fields of the part."""
    fields: dict[str, str] = {}
    others = []
    for name, value in parameters:
        if name in ("name", "charset") and name not in fields:
            fields[name] = value
        else:
            others.append((name, value))
    return Part(
        content_type,
        data,
        name=fields.get("name"),
        charset=fields.get("charset"),
        parameters=tuple(others),
    )


def as_presentation(part: Part, odd: Callable[[str], None]) -> Part:
    """Return the part, with the content type of SMIL if its data are SMIL and it is declared otherwise.

    Some writers send a wrong number, or declare XML. A part of type text/plain stays text unless its name is
    one of SMIL.
    """
    kind = part.content_type
    if kind.startswith(_SMIL) or not _SMIL_DATA.match(part.data):
        return part
    names = (part.content_id, part.content_location, part.name, part.filename)
    if kind == "text/plain" and not any(name and _SMIL_NAME.search(name) for name in names):
        return part
    odd(f"a part is declared as {kind!r} and is {_SMIL}")
    return replace(part, content_type=_SMIL)


def unwrapped(wrapper: Part, parts: Sequence[Part]) -> list[Part]:
    """Return the parts of a multipart; the first takes the names of the multipart where it has none."""
    if not parts:
        return []
    first = parts[0]
    named = replace(
        first,
        content_id=wrapper.content_id if first.content_id is None else first.content_id,
        content_location=wrapper.content_location
        if first.content_location is None
        else first.content_location,
        name=wrapper.name if first.name is None else first.name,
    )
    return [named, *parts[1:]]


def unwrapping(content_type: str, count: int) -> str:
    """Return the oddity of a multipart within a multipart."""
    return f"a part is {content_type!r}; its {counted(count, 'part takes', 'parts take')} its place"


def untransferred(data: memoryview, encoding: str, odd: Callable[[str], None]) -> bytes | memoryview:
    """Return the data of a part with the transfer encoding decoded (RFC 2045, 6).

    Args:
        data: the octets in the message.
        encoding: the transfer encoding in lower case; empty where none is stated.
        odd: called with each oddity.
    """
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding == "base64":
        # Python's decoder skips characters outside base64: it would spoil data that are not base64.
        characters = bytes(data).translate(None, b"\r\n\t ").rstrip(b"=")
        if not characters.translate(None, _BASE64):
            return _from_base64(characters, odd)
        odd("a part is declared as base64 and is not")
    elif encoding not in ("binary", "8bit", "7bit", ""):
        odd(f"a part's transfer encoding {encoding!r} is not known")
    return data


def _from_base64(characters: bytes, odd: Callable[[str], None]) -> bytes:
    """Decode base64 that has no blanks and no padding; a single surplus character is dropped."""
    loose = len(characters) % 4
    if loose == 1:
        odd("base64 ends within an octet")
        return binascii.a2b_base64(characters[:-1])
    return binascii.a2b_base64(characters + b"=" * (-loose % 4))
