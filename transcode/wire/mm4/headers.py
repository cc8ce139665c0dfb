"""The headers of MM4 (3GPP TS 23.140, 8.4) without a field of a message: one row each, both ways.

A row says how a header is called, how its value is written and read, and which header of MM1 says the same.
Readers take what peers write in other ways, and tell what was odd.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple

from transcode.wire import mime_writer, times, values
from transcode.wire.mime_entity import decoded_text
from transcode.wire.texts import encode_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcode.model import HeaderValue
    from transcode.wire.oddities import Odd

__all__ = [
    "BY_NAME",
    "HEADERS",
    "LONGEST_SPAN",
    "MailHeader",
    "read_counted",
    "read_quoted",
    "split_addresses",
    "write_quoted",
]


class MailHeader(NamedTuple):
    """A row of the table.

    Attributes:
        name: as TS 23.140 spells it.
        write: gives the text of a value; raises ValueError for one that can't be sent.
        read: gives the value of a text; raises ValueError for one that makes no sense.
        mm1: the header of MM1 that says the same, or None.
        words: those that the value may be, or nothing; in MM1 a word's place is its number less 0x80.
        counted: whether it stands once for each earlier sender, with a count in front: read_counted reads it.
    """

    name: str
    write: Callable[[HeaderValue], str]
    read: Callable[[str, Odd], HeaderValue]
    mm1: str | None = None
    words: tuple[str, ...] = ()
    counted: bool = False


# Values

_YES_NO = ("Yes", "No")
_CLASSES = ("Personal", "Advertisement", "Informational", "Auto")
_PRIORITIES = ("Low", "Normal", "High")
_VISIBILITIES = ("Hide", "Show")
_READ = ("Read", "Deleted without being read")
_STATUS = (
    "Expired",
    "Retrieved",
    "Rejected",
    "Deferred",
    "Unrecognised",
    "Indeterminate",
    "Forwarded",
    "Unreachable",
)
_REQUEST_STATUS = (
    "Ok",
    "Error-unspecified",
    "Error-service-denied",
    "Error-message-format-corrupt",
    "Error-sending-address-unresolved",
    "Error-message-not-found",
    "Error-network-problem",
    "Error-content-not-accepted",
    "Error-unsupported-message",
)

#: A number of seconds from here on (2001) is a time since 1970, and no duration.
_A_DATE = 1_000_000_000
LONGEST_SPAN = _A_DATE - 1
#: The last second that a date of four-digit years can tell.
_LAST_SECOND = 253_402_300_799

_NUMBER = re.compile(r"[0-9]{1,15}")
_NAMED_TIME = re.compile(r"(absolute|relative)(?:\s*[:;,=]\s*|\s+)(.*)", re.IGNORECASE)
#: Likewise, the name behind the time.
_TIME_NAMED = re.compile(r"\A([^;,]{1,60}|[^;]{1,60})\s*[;,]\s*(absolute|relative)\Z", re.IGNORECASE)
#: A count and what is behind it, as the standard has it (8.4.5.2).
_COUNTED = re.compile(r"([0-9]{1,9})\s*[,;]\s*(.*)")
#: As others part the two.
_LOOSELY_COUNTED = re.compile(r"(?:([0-9]{1,3})\s*(?:[=.]|:\s)\s*|\(([0-9]{1,3})\)\s*|([0-9]{1,3})\s+)(\S.*)")
_COUNT = re.compile(r"[0-9]{1,3}")
#: What an address begins with behind a count and a blank: with groups of a number it begins itself.
_ADDRESS_START = re.compile(r"[+<\"A-Za-z]|[0-9]{5}")
_DATE_START = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)|[0-9]{4}[/-]", re.IGNORECASE)
_WITH_UNIT = re.compile(
    r"([0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.0+)?\s*(?:octets|bytes|byte|b)?", re.IGNORECASE
)
#: Addresses under a name, with a semicolon behind the last; no URI, and no address of IPv6.
_GROUP = re.compile(
    r"(?:\A|(?<=,))\s*(?!(?:tel|sms|mailto|sips?):)(?:\"[^\"]{0,200}\"|[A-Za-z][^\"<>@:;,/]{0,200}):(?!:)([^;:]*);",
    re.IGNORECASE,
)
#: What is surely an address: a mailbox, with a name or without, or a number.
_ADDRESS = re.compile(
    r"[^;@]*[^;@\s]@[^;@]+|[^;@]+/TYPE=[A-Za-z0-9]+\s*|\s*\+?[0-9][0-9 ().-]*", re.IGNORECASE
)
_MARKS = " \"'"
#: Around a time that others put into quotes or brackets.
_AROUND = _MARKS + "<>"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_QUOTABLE = re.compile(r"[ -~]{0,400}")


def _write_text(value: HeaderValue) -> str:
    return mime_writer.written_text(values.text(value))


def _read_text(text: str, _odd: Odd) -> str:
    return decoded_text(text)


def write_quoted(value: HeaderValue) -> str:
    text = values.text(value)
    if not _QUOTABLE.fullmatch(text):
        return mime_writer.written_text(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read_quoted(text: str, _odd: Odd) -> str:
    found = _QUOTED.fullmatch(text)
    return decoded_text(text) if found is None else re.sub(r"\\(.)", r"\1", found[1])


def _write_number(value: HeaderValue) -> str:
    return str(values.number(value, digits=15))


def _read_number(text: str, odd: Odd) -> int:
    if _NUMBER.fullmatch(text):
        return int(text)
    found = _WITH_UNIT.fullmatch(text.strip(_MARKS))
    if found is None:
        raise ValueError("no whole number")
    odd(f"{text!r} stands for a number")
    return int(found[1].replace(",", ""))


def _write_yes_no(value: HeaderValue) -> str:
    return _YES_NO[not values.flag(value)]


#: Words for Yes and No; the numbers are those of MM1 less 0x80.
_FLAGS = {"yes": True, "y": True, "true": True, "on": True, "0": True} | {
    "no": False,
    "n": False,
    "false": False,
    "off": False,
    "1": False,
}


def _read_yes_no(text: str, odd: Odd) -> bool:
    folded = text.strip(_MARKS).lower()
    if folded not in _FLAGS:
        raise ValueError("neither Yes nor No")
    if text.lower() not in ("yes", "no"):
        odd(f"{text!r} stands for Yes or No")
    return _FLAGS[folded]


def _write_date(value: HeaderValue) -> str:
    seconds = values.number(value, digits=15)
    if seconds > _LAST_SECOND:
        raise ValueError(f"{seconds} is behind the year 9999")
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def _read_date(text: str, odd: Odd) -> int:
    text = text.strip(_AROUND)
    seconds = times.date_time(text, odd)
    if seconds is not None:
        odd(f"a date as in XML: {text!r}")
    else:
        number = times.number(text, odd)
        if number is None:
            return times.mail_date(text, odd)
        odd(f"a date in seconds: {text}")
        seconds = number[0]
    if not 0 <= seconds <= _LAST_SECOND:
        raise ValueError("before 1970, or behind the year 9999")
    return seconds


def _write_time(value: HeaderValue) -> str:
    if not isinstance(value, tuple) or len(value) != 2 or value[0] not in ("absolute", "relative"):
        raise ValueError(f"{value!r} is no pair of absolute or relative and seconds")
    if value[0] == "absolute":
        return _write_date(value[1])
    if values.number(value[1], digits=15) >= _A_DATE:
        raise ValueError(f"{value[1]} seconds from now would be taken for a date")
    return _write_number(value[1])


def _read_time(text: str, odd: Odd) -> HeaderValue:
    text = text.strip(_AROUND)
    text = _TIME_NAMED.sub(r"\2 \1", text)
    named = _NAMED_TIME.fullmatch(text)
    if named is not None:
        odd(f"a time is called {named[1]}")
        text = named[2]
    span = times.duration(text, odd)
    if span is not None:
        odd(f"a span of time that is spelled out: {text!r}")
        return "relative", _within_span(span, odd)
    number = None if times.date_time(text, lambda _: None) is not None else times.number(text, odd)
    if number is None:
        return "absolute", _read_date(text, odd)
    seconds, is_date = number
    if named is not None and named[1].lower() == "relative":
        return "relative", _within_span(seconds, odd)
    if named is None and seconds < _A_DATE and not is_date:
        return "relative", seconds
    if named is None:
        odd(f"{text} is taken for a time since 1970")
    return "absolute", seconds


def _within_span(seconds: int, odd: Odd) -> int:
    """A span that can be written as one."""
    if seconds > LONGEST_SPAN:
        odd(f"a span of {seconds:,} seconds, shortened to {LONGEST_SPAN:,}")
    return min(seconds, LONGEST_SPAN)


def _write_counted_date(value: HeaderValue) -> str:
    count, seconds = values.pair(value)
    return f"{values.number(count, digits=15)}, {_write_date(seconds)}"


def _write_counted_address(value: HeaderValue) -> str:
    """A count and an address, as encoded words where it would be taken for several."""
    first, second = values.pair(value)
    count, address = values.number(first, digits=15), values.text(second)
    written = f"{count}, {mime_writer.written_text(address)}"
    if list(_counted_addresses(written.replace("\r\n", ""))) == [(count, address)]:
        return written
    return f"{count}, " + encode_words(address, "\r\n ")


def _letters(text: str) -> str:
    """A word without case, marks and what British and American spelling differ in."""
    return re.sub(r"[^a-z0-9]", "", text.lower()).replace("z", "s")


#: Words that others have for those of the standard.
_OTHER_WORDS = {"deleted": "Deleted without being read", "medium": "Normal", "info": "Informational"}


def _words(name: str, words: tuple[str, ...], mm1: str | None) -> MailHeader:
    """A header whose value is a word; others than those are kept, and rules tell of them."""
    spelled = {_letters(word): word for word in words}
    spelled |= {other: word for other, word in _OTHER_WORDS.items() if word in words and other not in spelled}

    def read(text: str, odd: Odd) -> str:
        if _NUMBER.fullmatch(text) and int(text) < len(words):
            odd(f"{name} is the number {text}, taken for {words[int(text)]}")
            return words[int(text)]
        word = spelled.get(_letters(text))
        if word is None:
            if not text.strip(_MARKS):
                raise ValueError("empty")
            return decoded_text(text)
        if word.lower() != text.lower():
            odd(f"{name} is {text!r}, taken for {word}")
        return word

    return MailHeader(name, _write_text, read, mm1, words)


def _flag(name: str, mm1: str | None = None) -> MailHeader:
    return MailHeader(name, _write_yes_no, _read_yes_no, mm1)


def _string(name: str, mm1: str | None = None) -> MailHeader:
    return MailHeader(name, _write_text, _read_text, mm1)


# The table

#: All headers that have no field of a message.
HEADERS = (
    MailHeader("Date", _write_date, _read_date, "Date"),
    MailHeader("X-Mms-Message-ID", write_quoted, read_quoted, "Message-ID"),
    _words("X-Mms-Message-Class", _CLASSES, "X-Mms-Message-Class"),
    MailHeader("X-Mms-Expiry", _write_time, _read_time, "X-Mms-Expiry"),
    MailHeader("X-Mms-Delivery-Time", _write_time, _read_time, "X-Mms-Delivery-Time"),
    _flag("X-Mms-Delivery-Report", "X-Mms-Delivery-Report"),
    _flag("X-Mms-Originator-R/S-Delivery-Report"),
    _flag("X-Mms-Read-Reply", "X-Mms-Read-Report"),
    _words("X-Mms-Priority", _PRIORITIES, "X-Mms-Priority"),
    _words("X-Mms-Sender-Visibility", _VISIBILITIES, "X-Mms-Sender-Visibility"),
    MailHeader("X-Mms-Message-Size", _write_number, _read_number),
    MailHeader("X-Mms-Forward-Counter", _write_number, _read_number),
    MailHeader(
        "X-Mms-Previously-sent-by",
        _write_counted_address,
        _read_text,
        "X-Mms-Previously-Sent-By",
        counted=True,
    ),
    MailHeader(
        "X-Mms-Previously-sent-date-and-time",
        _write_counted_date,
        _read_date,
        "X-Mms-Previously-Sent-Date",
        counted=True,
    ),
    _flag("X-Mms-Ack-Request"),
    _string("X-Mms-Originator-System"),
    _words("X-Mms-Request-Status-Code", _REQUEST_STATUS, "X-Mms-Response-Status"),
    _string("X-Mms-Request-Recipients"),
    _words("X-Mms-MM-Status-Code", _STATUS, "X-Mms-Status"),
    _string("X-Mms-MM-Status-Extension"),
    _string("X-Mms-Status-Text", "X-Mms-Status-Text"),
    _words("X-Mms-Read-Status", _READ, "X-Mms-Read-Status"),
    _flag("X-Mms-Forward-To-Originator-UA"),
    _flag("X-Mms-Adaptation-Allowed", "X-Mms-Adaptation-Allowed"),
    _words("X-Mms-Content-Class", values.CONTENT_CLASSES, "X-Mms-Content-Class"),
    _flag("X-Mms-Drm-Content", "X-Mms-DRM-Content"),
    _string("X-Mms-Applic-ID", "X-Mms-Applic-ID"),
    _string("X-Mms-Reply-Applic-ID", "X-Mms-Reply-Applic-ID"),
    _string("X-Mms-Aux-Applic-Info", "X-Mms-Aux-Applic-Info"),
    _string("Message-ID"),
    _string("Sender"),
)

BY_NAME = {header.name.lower(): header for header in HEADERS}


def read_counted(header: MailHeader, text: str, odd: Odd) -> Iterator[tuple[int | None, str | int]]:
    """The counts and values of a header about earlier senders; where a count is missing, None.

    Raises:
        ValueError: there is no value, or one that makes no sense.
    """
    if header.read is not _read_text:
        count, rest = _counted_date(text)
        yield count, _read_date(rest, odd)
        return
    found = list(_counted_addresses(text))
    if not found:
        raise ValueError("no address")
    yield from found


def _counted_date(text: str) -> tuple[int | None, str]:
    found = _COUNTED.fullmatch(text)
    if found is not None:
        return int(found[1]), found[2]
    loose = _LOOSELY_COUNTED.fullmatch(text)
    if loose is not None and _DATE_START.match(loose[4]):
        return int(loose[1] or loose[2] or loose[3]), loose[4]
    return None, text


def _counted_addresses(text: str) -> Iterator[tuple[int | None, str]]:
    """The addresses of a list, in which counts stand as entries of their own or in front."""
    items = [piece for item in _split(text) for piece in item.split(";", 1) if piece.strip()]
    count: int | None = None
    name = ""
    for number, raw in enumerate(items):
        item = raw.strip()
        following = items[number + 1].strip() if number + 1 < len(items) else ""
        loose = _LOOSELY_COUNTED.fullmatch(item)
        is_first = number == 0 and item.isdecimal() and len(item) < 10 and following
        if is_first or _COUNT.fullmatch(item):
            count = int(item)
        elif following and not _COUNT.fullmatch(following) and not re.search("[0-9@]", item):
            # A name with a comma that nobody put into quotes.
            name += f"{item}, "
        else:
            if loose is not None and _ADDRESS_START.match(loose[4]):
                count, item = int(loose[1] or loose[2] or loose[3]), loose[4]
            yield count, _bare_address(name + item)
            count, name = None, ""
    if count is not None and "," in text:
        yield count, ""


def split_addresses(text: str) -> list[str]:
    """The addresses of a list; a comma in quotes or angle brackets parts nothing.

    Of a group (RFC 5322, 3.4) its members are taken. Some part addresses by semicolons.
    """
    items: list[str] = []
    for item in _split(_GROUP.sub(r",\1,", text) if ";" in text else text):
        parted = [piece for piece in item.split(";") if piece.strip()]
        items += parted if all(map(_ADDRESS.fullmatch, parted)) else [item]
    return [found for found in map(_bare_address, items) if found]


def _split(text: str) -> list[str]:
    """The entries of a list as they stand."""
    items: list[str] = []
    item: list[str] = []
    quoted = angled = False
    # A quote that nothing closes is one of a name.
    is_even = text.count('"') % 2 == 0
    for letter in text:
        if letter == '"' and is_even:
            quoted = not quoted
        elif letter in "<>" and not quoted:
            angled = letter == "<"
        if letter == "," and not quoted and not angled:
            items.append("".join(item))
            item = []
        else:
            item.append(letter)
    items.append("".join(item))
    return items


def _bare_address(item: str) -> str:
    """An address without the brackets around all of it."""
    text = item.strip()
    if text.startswith("<") and text.find(">") == len(text) - 1:
        text = text[1:-1].strip()
    return decoded_text(text)
