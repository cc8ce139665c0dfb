"""Headers as people write them, such as ``X-Mms-Priority: high``, with the values of MM1."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.model.moments import moment_of, time_of
from transcode.wire.mm1 import header_values
from transcode.wire.mm1.headers import BY_NAME
from transcode.wire.values import fits

if TYPE_CHECKING:
    from transcode.model import HeaderValue


def header_of(name: str, text: str) -> tuple[str, HeaderValue | None]:
    """Return a header with the value that a text says; None as the value for an empty text.

    Words, yes and no are read in any case, times as in time_of; Date is a time that may be past. Headers that
    MM1 does not have keep their text.

    Raises:
        MessageError: the header of MM1 can't have this value.
    """
    header = BY_NAME.get(name.lower())
    if not text:
        return name, None
    if header is None:
        return name, text
    value: HeaderValue = text
    words = {_spelled(word): word for word in header.value.words.values()}
    if header.value is header_values.TIME:
        value = _time(header.name, text)
    elif header.name == "Date" and not (text.isascii() and text.isdigit()):
        value = int(moment_of("Date", text, "2030-01-31T18:00").timestamp())
    elif text.lower() in words:
        value = words[text.lower()]
    elif text.isascii() and text.isdigit() and not fits(header.value.write, text):
        value = int(text)
    if not fits(header.value.write, value):
        allowed = f"; it has one of {', '.join(words)}" if words else ""
        raise MessageError(f"{header.name} can't be {text!r}{allowed}")
    return header.name, value


def _spelled(word: HeaderValue) -> str:
    if isinstance(word, bool):
        return "yes" if word else "no"
    return str(word).lower()


def _time(name: str, text: str) -> HeaderValue:
    """A span or a time as the value of a header."""
    found = time_of(name, text)
    if isinstance(found, datetime):
        return "absolute", int(found.timestamp())
    return "relative", int(found or 0)
