"""The value types of MM7 elements that are headers of a message: each has a writer and a reader.

Values in Python::

    text                      str
    token                     str without blanks around it
    word                      str, one of a list
    boolean                   bool
    number                    int
    date                      int, in seconds since 1970
    time                      ("absolute" or "relative", int), in seconds
    list                      a tuple of numbers or texts
    attributes                (name, text, name, text ...)
    address                   str in wire form
    counted                   (int, value)
    key and value             (str, str)
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from transcode.wire import times, values
from transcode.wire.mm7.address_elements import read_address, write_address
from transcode.wire.mm7.xml_text import BLANKS, TRUE_FALSE, attribute, escaped, local_name, text_of, token_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree import ElementTree

    from transcode.model import HeaderValue
    from transcode.wire.oddities import Odd

__all__ = [
    "ADDRESS",
    "BOOL",
    "DATE",
    "EXTRA",
    "INTEGER",
    "TEXT",
    "TIME",
    "TOKEN",
    "ValueType",
    "attributes",
    "counted",
    "list_of",
    "word",
]

_DAY = 86_400
#: The smallest number of seconds (in 2001) that is read as a time since 1970; smaller numbers are durations.
_A_DATE = 1_000_000_000
_NUMBER = re.compile(r"[0-9]{1,18}")


class ValueType(NamedTuple):
    """The writer and the reader of an element's values.

    Attributes:
        write: returns the XML attributes, each with a blank in front, and the XML content; raises ValueError
            for a value that can't be sent.
        read: returns the value of an element and reports oddities.
    """

    write: Callable[[HeaderValue], tuple[str, str]]
    read: Callable[[ElementTree.Element, Odd], HeaderValue]


def _write_token(value: HeaderValue) -> tuple[str, str]:
    text = values.text(value)
    if text != text.strip(BLANKS):
        raise ValueError(f"{text!r} has blanks around it")
    return "", escaped(text)


def _write_bool(value: HeaderValue) -> tuple[str, str]:
    return "", "true" if values.flag(value) else "false"


def _read_bool(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    text = token_of(element, odd)
    found = TRUE_FALSE.get(text.lower())
    if found is None:
        odd(f"{local_name(element.tag)} is {text!r}, not true or false")
        return text
    return found


def _read_number(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    text = token_of(element, odd)
    if _NUMBER.fullmatch(text):
        return int(text)
    odd(f"{local_name(element.tag)} is {text!r}, not a number")
    return text


def _moment(text: str, odd: Odd) -> int | None:
    """Return a dateTime, a number of seconds or a date of mail in seconds since 1970; None for other text."""
    found = times.date_time(text, odd)
    number = times.number(text, odd) if found is None else None
    if number is not None:
        odd(f"a time is a number: {text}")
        return number[0]
    if found is None and ":" in text:
        with suppress(ValueError, TypeError, OverflowError):
            found = times.mail_date(text, odd)
            odd(f"a time has the format of mail: {text!r}")
    return found


def _date_time(seconds: object) -> str:
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise ValueError(f"{seconds!r} is not a whole number of seconds")
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"{seconds:,} seconds since 1970 are outside the years 1 to 9999") from error


def _read_date(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    text = token_of(element, odd)
    found = _moment(text, odd)
    if found is None:
        odd(f"{local_name(element.tag)} is {text!r}, not a time")
    return text if found is None else found


def _write_time(value: HeaderValue) -> tuple[str, str]:
    kind, seconds = values.pair(value)
    if kind == "absolute":
        return "", _date_time(seconds)
    if kind != "relative":
        raise ValueError(f"{kind!r} is neither 'absolute' nor 'relative'")
    days, rest = divmod(values.number(seconds, digits=18), _DAY)
    return "", f"P{days}D" + (f"T{rest}S" if rest else "")


def _read_time(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    text = token_of(element, odd)
    span = times.duration(text, odd)
    if span is not None:
        return "relative", span
    seconds = _moment(text, odd)
    if seconds is None:
        odd(f"{local_name(element.tag)} is {text!r}, not a time")
        return text
    return ("relative" if text.isdecimal() and seconds < _A_DATE else "absolute"), seconds


def word(*words: str) -> ValueType:
    """Return the type of an element whose value is one of the words."""
    by_lower = {word.lower(): word for word in words}

    def write(value: HeaderValue) -> tuple[str, str]:
        if value not in words:
            raise ValueError(f"{value!r} is not one of {', '.join(words)}")
        return "", str(value)

    def read(element: ElementTree.Element, odd: Odd) -> HeaderValue:
        text = token_of(element, odd)
        word = by_lower.get(text.lower())
        if word != text:
            odd(f"{local_name(element.tag)} is {text!r}, not one of {', '.join(words)}")
        return text if word is None else word

    return ValueType(write, read)


def attributes(*names: str) -> ValueType:
    """Return the type of an element with the given attributes and no content."""

    def write(value: HeaderValue) -> tuple[str, str]:
        texts = [values.text(entry) for entry in value] if isinstance(value, tuple) else [""]
        if len(texts) % 2 or not set(texts[::2]) <= set(names):
            raise ValueError(
                f"{value!r} is not a tuple of names and texts in turn; names: {', '.join(names)}"
            )
        pairs = dict(zip(texts[::2], texts[1::2], strict=True))
        return "".join(attribute(name, text) for name, text in pairs.items()), ""

    def read(element: ElementTree.Element, odd: Odd) -> HeaderValue:
        # Some peers write child elements instead of attributes.
        given = {local_name(child.tag): token_of(child, odd) for child in element}
        given |= {local_name(name): text for name, text in element.items()}
        for name in given.keys() - set(names):
            odd(f"the attribute {name} of {local_name(element.tag)} is left out: {given[name]!r}")
        return tuple(entry for name in names if name in given for entry in (name, given[name]))

    return ValueType(write, read)


def list_of(name: str, of: ValueType) -> ValueType:
    """Return the type of an element whose children have one name; its value is a tuple."""

    def write(value: HeaderValue) -> tuple[str, str]:
        if not isinstance(value, tuple) or not value:
            raise ValueError(f"{value!r} is not a tuple of one or more values")
        return "", "".join(f"<{name}>{of.write(entry)[1]}</{name}>" for entry in value)

    def read(element: ElementTree.Element, odd: Odd) -> HeaderValue:
        found = [of.read(child, odd) for child in element if local_name(child.tag) == name]
        return tuple(entry for entry in found if not isinstance(entry, tuple))

    return ValueType(write, read)


def _write_address(value: HeaderValue) -> tuple[str, str]:
    return "", write_address(values.text(value))


def _read_address(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    found = [address for child in element if (address := read_address(child, odd)) is not None]
    return found[0] if found else ""


def counted(name: str, of: ValueType) -> ValueType:
    """Return the type of an entry in a list of earlier senders; its attribute is the sequence number."""

    def write(value: HeaderValue) -> tuple[str, str]:
        sequence, rest = values.pair(value)
        mark, inner = attribute("sequence", str(values.number(sequence, digits=18))), of.write(rest)[1]
        return "", f"<{name}{mark}>{inner}</{name}>"

    def read(element: ElementTree.Element, odd: Odd) -> HeaderValue:
        rest = of.read(element, odd)
        number = next((text for key, text in element.items() if local_name(key) == "sequence"), "")
        if not _NUMBER.fullmatch(number):
            odd(f"{name} has no valid attribute sequence")
        return int(number) if _NUMBER.fullmatch(number) else 0, "" if isinstance(rest, tuple) else rest

    return ValueType(write, read)


def _write_extra(value: HeaderValue) -> tuple[str, str]:
    key, text = values.pair(value)
    inner = f"<key>{escaped(values.text(key))}</key><value>{escaped(values.text(text))}</value>"
    return "", f"<element>{inner}</element>"


def _read_extra(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    found = {local_name(child.tag): text_of(child, odd) for child in element}
    return found.get("key", ""), found.get("value", "")


TEXT = ValueType(lambda value: ("", escaped(values.text(value))), text_of)
TOKEN = ValueType(_write_token, token_of)
BOOL = ValueType(_write_bool, _read_bool)
INTEGER = ValueType(lambda value: ("", str(values.number(value, digits=18))), _read_number)
DATE = ValueType(lambda value: ("", _date_time(value)), _read_date)
TIME = ValueType(_write_time, _read_time)
ADDRESS = ValueType(_write_address, _read_address)
#: A pair of key and value, an entry of MessageExtraData.
EXTRA = ValueType(_write_extra, _read_extra)
