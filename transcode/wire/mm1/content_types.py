"""Reads content types and parameters of the Wireless Session Protocol (WAP-230-WSP, 8.4.2.24, 8.4.2.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.wire.mm1.cursor import Cursor
from transcode.wire.mm1.wsp_numbers import CONTENT_TYPES, DESCRIPTOR_TYPE, LENGTH_QUOTE, PARAMETERS
from transcode.wire.texts import NAMES, parameters_of_text

if TYPE_CHECKING:
    from collections.abc import Callable, Container

__all__ = ["content_type", "descriptor_parameters", "own_content_type", "own_parameters", "parameters"]

#: Octets of parameters that parts have: charset, type, name, filename, start and start-info. No header that
#: parts usually have begins with one of these octets.
_SURE_PARAMETERS = frozenset((0x81, 0x83, 0x85, 0x86, 0x89, 0x8A, 0x97, 0x98, 0x99, 0x9A))

_TEXT_PARAMETERS = ("start", "start-info", "comment", "domain", "path")

#: A content type in text form (WAP-230-WSP, 8.4.2.24).
_MEDIA_TYPE = re.compile(r"[!#-+.-:<-~-]+")


def content_type(cursor: Cursor) -> tuple[str, list[tuple[str, str]]]:
    """Return type and subtype in lower case, and the parameters in order with names in lower case."""
    first = cursor.peek()
    if first > LENGTH_QUOTE:
        return _media_type(cursor)
    inner = cursor.within(cursor.value_length())
    media_type, spelled = _media_type(inner)
    return media_type, spelled + parameters(inner)


def own_content_type(cursor: Cursor) -> tuple[str, list[tuple[str, str]]]:
    """Read as content_type does, but ignore the length: the value ends where no known parameter follows."""
    if cursor.peek() > LENGTH_QUOTE:
        return _media_type(cursor)
    end = cursor.value_length() + cursor.at
    media_type, found = _media_type(cursor)
    found += own_parameters(cursor)
    cursor.told_length(end, "the content type")
    return media_type, found


def own_parameters(cursor: Cursor) -> list[tuple[str, str]]:
    """Return the parameters that follow, up to the first octet that is not in _SURE_PARAMETERS."""
    return parameters(cursor, _SURE_PARAMETERS)


def parameters(cursor: Cursor, only: Container[int] | None = None) -> list[tuple[str, str]]:
    """Return the parameters up to the end of the cursor, or up to the first octet that is not in ``only``."""
    found = []
    while cursor.left and (only is None or cursor.peek() in only):
        parameter = _parameter(cursor)
        if parameter is not None:
            found.append(parameter)
    return found


def descriptor_parameters(cursor: Cursor) -> list[tuple[str, str]]:
    """Return the parameters of an element descriptor, up to the end of the cursor."""
    found = []
    while cursor.left:
        if 0x20 <= cursor.peek() < 0x80:
            name = cursor.text_string().lower()
        else:
            number = cursor.integer()
            name = "type" if number == DESCRIPTOR_TYPE else f"0x{number:02x}"
        found.append((name, _parameter_value(cursor, name)))
    return found


def _media_type(cursor: Cursor) -> tuple[str, list[tuple[str, str]]]:
    first = cursor.peek()
    if first <= LENGTH_QUOTE or first >= 0x80:
        return _known_type(cursor, cursor.integer()), []
    text = cursor.text_string()
    media_type, semicolon, _ = text.partition(";")
    if semicolon:
        cursor.odd("a content type has its parameters in text form")
    media_type = media_type.strip().lower()
    if not _MEDIA_TYPE.fullmatch(media_type):
        cursor.odd(f"{media_type!r} is not a content type, read as application/octet-stream")
        media_type = "application/octet-stream"
    return media_type, parameters_of_text(text)


def _known_type(cursor: Cursor, number: int) -> str:
    found = CONTENT_TYPES.get(number)
    if found is None:
        cursor.odd(f"content type 0x{number:02X} is not known, read as application/octet-stream")
        return "application/octet-stream"
    return found


def _parameter(cursor: Cursor) -> tuple[str, str] | None:
    first = cursor.peek()
    if 0x20 <= first < 0x80:
        name = cursor.text_string().lower()
        return name, _parameter_value(cursor, name)
    number = cursor.integer()
    known = PARAMETERS.get(number)
    if known == "q":
        return known, str(cursor.uintvar())
    if known is None:
        cursor.odd(f"parameter 0x{number:02X} is not known; its value is {cursor.any_value()!r}")
        return None
    return known, _parameter_value(cursor, known)


def _parameter_value(cursor: Cursor, name: str) -> str:
    if not cursor.left:
        cursor.odd(f"the parameter {name!r} has no value")
        return ""
    read = _PARAMETER_READERS.get(name)
    if read is not None:
        return read(cursor)
    first = cursor.peek()
    if first >= 0x80 or 0 < first <= LENGTH_QUOTE:
        return str(cursor.integer())
    return cursor.quoted_string()


def _type_value(cursor: Cursor) -> str:
    first = cursor.peek()
    if first >= 0x80 or 0 < first <= LENGTH_QUOTE:
        return _known_type(cursor, cursor.integer())
    return cursor.quoted_string()


_PARAMETER_READERS: dict[str, Callable[[Cursor], str]] = {
    "charset": Cursor.charset,
    "type": _type_value,
    # Without a reader for texts, an unquoted text in UTF-8 would be read as a short integer.
    **dict.fromkeys(_TEXT_PARAMETERS, Cursor.quoted_string),
    **dict.fromkeys(NAMES, Cursor.name),
}
