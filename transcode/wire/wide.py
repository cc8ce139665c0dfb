"""Mails and SOAP in UTF-16 and UTF-32, or with another line end than mail has."""

from __future__ import annotations

import re

__all__ = ["UTF_16_MARKS", "place_in_wide", "plain"]

#: The byte order marks of UTF-16.
UTF_16_MARKS = (b"\xfe\xff", b"\xff\xfe")

#: Byte order marks, those of four octets first.
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
#: How such a text begins that has no mark: no PDU does.
_UNMARKED = (
    (re.compile(rb"(?:[\t\n\r -~]\0){16}"), "utf-16-le"),
    (re.compile(rb"(?:\0[\t\n\r -~]){16}"), "utf-16-be"),
)
#: XML behind a mark, which says itself what it is written in: its parser knows UTF-16.
_XML = re.compile(rb"\xff\xfe(?:[\t\n\r ]\0)*<\0(?!\0)|\xfe\xff(?:\0[\t\n\r ])*\0<")


def plain(octets: bytes) -> tuple[bytes, str]:
    """The octets as UTF-8 with the line ends of mail, and what they were written in where that was another.

    XML in UTF-16 behind a mark stays as it is.
    """
    name, mark = _wide(octets)
    if name:
        cut = len(octets) - len(octets) % (4 if "32" in name else 2)
        return octets[mark:cut].decode(name, "replace").encode(), name
    if b"\n" not in octets and b"\r" in octets and b"\0" not in octets:
        return octets.replace(b"\r", b"\r\n"), "lines that a carriage return ends"
    return octets, ""


def place_in_wide(octets: bytes, at: int, name: str) -> int:
    """Where a place in what plain() gave was before, in octets; name is what plain() called it."""
    if not name.startswith("utf-"):
        return at - octets[:at].count(b"\n")
    text = octets[:at].decode("utf-8", "ignore")
    return len(text.encode(name, "replace")) + (4 if "32" in name else 2)


def _wide(octets: bytes) -> tuple[str, int]:
    """The wide charset of a text and the length of its mark; no name where it is none."""
    for mark, name in _MARKS:
        if octets.startswith(mark):
            return ("", 0) if _XML.match(octets) else (name, len(mark))
    for beginning, name in _UNMARKED:
        if beginning.match(octets):
            return name, 0
    return "", 0
