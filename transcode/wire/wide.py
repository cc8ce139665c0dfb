"""Converts mail and SOAP in UTF-16 or UTF-32 to UTF-8, and lines that end with a carriage return to CRLF."""

from __future__ import annotations

import re

__all__ = ["UTF_16_MARKS", "place_in_wide", "plain"]

#: The byte order marks of UTF-16.
UTF_16_MARKS = (b"\xfe\xff", b"\xff\xfe")

#: Byte order marks and their charsets, marks of four octets first.
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
#: The beginning of a text in UTF-16 without a byte order mark. No PDU begins so.
_UNMARKED = (
    (re.compile(rb"(?:[\t\n\r -~]\0){16}"), "utf-16-le"),
    (re.compile(rb"(?:\0[\t\n\r -~]){16}"), "utf-16-be"),
)
#: XML in UTF-16 behind a byte order mark, which the XML parser reads itself.
_XML = re.compile(rb"\xff\xfe(?:[\t\n\r ]\0)*<\0(?!\0)|\xfe\xff(?:\0[\t\n\r ])*\0<")


def plain(octets: bytes) -> tuple[bytes, str]:
    """Return the octets as UTF-8 with CRLF line ends, and a name of the former encoding, empty if unchanged.

    XML in UTF-16 behind a byte order mark stays unchanged.
    """
    name, mark = _wide(octets)
    if name:
        cut = len(octets) - len(octets) % (4 if "32" in name else 2)
        return octets[mark:cut].decode(name, "replace").encode(), name
    if b"\n" not in octets and b"\r" in octets and b"\0" not in octets:
        return octets.replace(b"\r", b"\r\n"), "lines that end with a carriage return"
    return octets, ""


def place_in_wide(octets: bytes, at: int, name: str) -> int:
    """Return the place in the original octets, for a place in the result of plain().

    Args:
        octets: the octets that plain() returned.
        at: the place in them, in octets.
        name: the encoding that plain() returned.
    """
    if not name.startswith("utf-"):
        return at - octets[:at].count(b"\n")
    text = octets[:at].decode("utf-8", "ignore")
    return len(text.encode(name, "replace")) + (4 if "32" in name else 2)


def _wide(octets: bytes) -> tuple[str, int]:
    """Return the wide charset of a text, empty where it has none, and the length of its byte order mark."""
    for mark, name in _MARKS:
        if octets.startswith(mark):
            return ("", 0) if _XML.match(octets) else (name, len(mark))
    for beginning, name in _UNMARKED:
        if beginning.match(octets):
            return name, 0
    return "", 0
