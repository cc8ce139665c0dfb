"""Parts as their headers describe them: what readers and writers of all forms share."""

from __future__ import annotations

import binascii
import re
from dataclasses import replace
from typing import TYPE_CHECKING

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
]

#: What stands around a Content-ID, and at times is forgotten or doubled.
ID_MARKS = '<>" '

#: More parts than any message has; a hostile one could declare 2^32 - 1.
MOST_PARTS = 1000
#: How deep multiparts may nest. A level takes a pass over all that is in it; a deeper one stays a part.
MOST_NESTED = 4
TOO_DEEP = f"multiparts nest more than {MOST_NESTED} deep; the innermost stays one part"

#: Headers of a part that have a field of it, or that tell how its data are written.
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
#: How SMIL begins: the declaration, comments and the document type of XML may be in front.
_SMIL_DATA = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,300}-->\s*){0,3}"
    rb"(?:<!DOCTYPE[^>]{0,300}>\s*)?<(?:[A-Za-z]{1,20}:)?smil[\s/>]",
    re.IGNORECASE,
)

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def is_token(name: str) -> bool:
    """Whether a header, a parameter or a disposition can be called so (RFC 9110, 5.6.2)."""
    return _TOKEN.fullmatch(name) is not None


def sound_parameters(
    parameters: Iterable[tuple[str, str]], odd: Callable[[str], None], *, mail: bool = False
) -> list[tuple[str, str]]:
    """Parameters without those whose names, or charsets, are none: no message can have them.

    Args:
        parameters: of a content type.
        odd: told what was left out.
        mail: also without those that mail has not, and the boundary, which is its writer's.
    """
    found = []
    for name, value in parameters:
        if not is_token(name) or (mail and (set("*'%") & set(name) or name.lower() == "boundary")):
            odd(f"a parameter of a content type, left out: {name}={value!r}")
        elif name.lower() != "charset":
            found.append((name, value))
        elif charset := sound_charset(value, odd):
            found.append((name, charset))
    return found


def sound_charset(name: str | None, odd: Callable[[str], None]) -> str | None:
    """A charset's name, or its first where several stand there; None where that is none."""
    if name is None or is_token(name):
        return name
    first = re.split("[,; ]", name.strip(' ,;"'))[0].strip('"')
    found = first if is_token(first) else None
    odd(f"the charset {name!r} is no name: {'left out' if found is None else f'taken for {found}'}")
    return found


def portable(part: Part, odd: Callable[[str], None]) -> Part:
    """The part as mail can have it; odd is told what mail has not."""
    kind = part.content_type
    if not MEDIA_TYPE.fullmatch(kind.lower()):
        odd(f"a part is called {kind!r}, which is no content type, and leaves as {_UNKNOWN}")
        kind = _UNKNOWN
    return replace(
        part,
        content_type=kind,
        charset=sound_charset(part.charset, odd),
        parameters=tuple(sound_parameters(part.parameters, odd, mail=True)),
    )


def data_sizes(message: MessageFields, sizes: Sequence[int] | None) -> Sequence[int]:
    """How long the data of each part are, in octets: as they are, or as they will be.

    Raises:
        ValueError: there are not as many sizes as parts.
    """
    if sizes is None:
        return [len(part.data) for part in message.parts]
    if len(sizes) != len(message.parts):
        raise ValueError(f"{len(sizes)} sizes for {len(message.parts)} parts")
    return sizes


def typed(content_type: str, parameters: Iterable[tuple[str, str]], data: bytes | memoryview) -> Part:
    """A part of this type; the first name and charset have fields of their own."""
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
    """The part, as SMIL where its data are that and it is called something else: by a wrong number, or XML.

    A plain text stays one unless its name says what it is.
    """
    kind = part.content_type
    if kind.startswith(_SMIL) or not _SMIL_DATA.match(part.data):
        return part
    names = (part.content_id, part.content_location, part.name, part.filename)
    if kind == "text/plain" and not any(name and _SMIL_NAME.search(name) for name in names):
        return part
    odd(f"a part is called {kind!r} and is {_SMIL}")
    return replace(part, content_type=_SMIL)


def unwrapped(wrapper: Part, parts: Sequence[Part]) -> list[Part]:
    """The parts of a multipart, the first with the wrapper's names where it has none."""
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


def untransferred(data: memoryview, encoding: str, odd: Callable[[str], None]) -> bytes | memoryview:
    """The data of a part without its transfer encoding (RFC 2045, 6).

    Args:
        data: as they stand in the message.
        encoding: in lower case; empty when none is named.
        odd: told what was odd.
    """
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding == "base64":
        # Python's decoder skips what it does not know, and so would spoil data that
        # the header speaks of wrongly.
        characters = bytes(data).translate(None, b"\r\n\t ").rstrip(b"=")
        if not characters.translate(None, _BASE64):
            return _from_base64(characters, odd)
        odd("a part is called base64 and is not")
    elif encoding not in ("binary", "8bit", "7bit", ""):
        odd(f"a part's transfer encoding {encoding!r} is not known")
    return data


def _from_base64(characters: bytes, odd: Callable[[str], None]) -> bytes:
    """The octets of base64 without blanks and final padding; of a character too many nothing comes."""
    loose = len(characters) % 4
    if loose == 1:
        odd("base64 ends within an octet")
        return binascii.a2b_base64(characters[:-1])
    return binascii.a2b_base64(characters + b"=" * (-loose % 4))
