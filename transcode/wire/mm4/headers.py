"""The table of MM4 headers (3GPP TS 23.140, 8.4) that are no fields of a message, for writer and reader.

A row has a header's name, the functions that write and read its value, and the MM1 header of the same
meaning. The reading functions accept deviations of known peers and report them as oddities.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple

from transcode.wire import mime_writer, times, values
from transcode.wire.mime_entity import decoded_text
from transcode.wire.mm4.aliases import WORD_ALIASES
from transcode.wire.submission import STATUS_EXTENSION
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
        name: the header's name as TS 23.140 spells it.
        write: returns the text of a value; raises ValueError for a value that can't be sent.
        read: returns the value of a text; raises ValueError for a text without a valid value.
        mm1: the MM1 header of the same meaning, or None. STATUS_EXTENSION, which MM1 lacks, has its own name,
            as in submissions.
        words: the words that the value may be; () allows any value. The index of a word is its MM1 octet less
            0x80.
        counted: True for a header that is repeated for each earlier sender, with a count in front of its
            value. read_counted reads the header.
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

#: The smallest number of seconds (in 2001) that is read as a time since 1970; smaller numbers are durations.
_A_DATE = 1_000_000_000
LONGEST_SPAN = _A_DATE - 1
#: The last second of the year 9999, since 1970: mail dates have years of four digits.
_LAST_SECOND = 253_402_300_799

_NUMBER = re.compile(r"[0-9]{1,15}")
_NAMED_TIME = re.compile(r"(absolute|relative)(?:\s*[:;,=]\s*|\s+)(.*)", re.IGNORECASE)
#: A time with "absolute" or "relative" after it.
_TIME_NAMED = re.compile(r"\A([^;,]{1,60}|[^;]{1,60})\s*[;,]\s*(absolute|relative)\Z", re.IGNORECASE)
#: A count and a value, as the standard separates them (8.4.5.2).
_COUNTED = re.compile(r"([0-9]{1,9})\s*[,;]\s*(.*)")
#: A count and a value with other separators.
_LOOSELY_COUNTED = re.compile(r"(?:([0-9]{1,3})\s*(?:[=.]|:\s)\s*|\(([0-9]{1,3})\)\s*|([0-9]{1,3})\s+)(\S.*)")
_COUNT = re.compile(r"[0-9]{1,3}")
#: The start of an address after a count and a blank. A group of fewer than five digits may belong to a number
#: that the supposed count begins.
_ADDRESS_START = re.compile(r"[+<\"A-Za-z]|[0-9]{5}")
_DATE_START = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)|[0-9]{4}[/-]", re.IGNORECASE)
_WITH_UNIT = re.compile(
    r"([0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.0+)?\s*(?:octets|bytes|byte|b)?", re.IGNORECASE
)
#: A group of addresses: its name, a colon, the addresses and a semicolon. Not a URI, not an IPv6 address.
_GROUP = re.compile(
    r"(?:\A|(?<=,))\s*(?!(?:tel|sms|mailto|sips?):)(?:\"[^\"]{0,200}\"|[A-Za-z][^\"<>@:;,/]{0,200}):(?!:)([^;:]*);",
    re.IGNORECASE,
)
#: An address: a mailbox, with or without a display name, or a phone number.
_ADDRESS = re.compile(
    r"[^;@]*[^;@\s]@[^;@]+|[^;@]+/TYPE=[A-Za-z0-9]+\s*|\s*\+?[0-9][0-9 ().-]*", re.IGNORECASE
)
_MARKS = " \"'"
#: Marks that some peers write around a time.
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
        raise ValueError("not a whole number")
    odd(f"{text!r} is read as a number")
    return int(found[1].replace(",", ""))


def _write_yes_no(value: HeaderValue) -> str:
    return _YES_NO[not values.flag(value)]


#: Texts that are read as Yes and No. The digits are the MM1 octets less 0x80.
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
        raise ValueError("not Yes or No")
    if text.lower() not in ("yes", "no"):
        odd(f"{text!r} is read as Yes or No")
    return _FLAGS[folded]


def _write_date(value: HeaderValue) -> str:
    seconds = values.number(value, digits=15)
    if seconds > _LAST_SECOND:
        raise ValueError(f"{seconds} seconds since 1970 are after the year 9999")
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def _read_date(text: str, odd: Odd) -> int:
    text = text.strip(_AROUND)
    seconds = times.date_time(text, odd)
    if seconds is not None:
        odd(f"a date has the format of XML: {text!r}")
    else:
        number = times.number(text, odd)
        if number is None:
            return times.mail_date(text, odd)
        odd(f"a date is a number of seconds: {text}")
        seconds = number[0]
    if not 0 <= seconds <= _LAST_SECOND:
        raise ValueError("before 1970 or after the year 9999")
    return seconds


def _write_time(value: HeaderValue) -> str:
    if not isinstance(value, tuple) or len(value) != 2 or value[0] not in ("absolute", "relative"):
        raise ValueError(f"{value!r} is not a pair of 'absolute' or 'relative' and seconds")
    if value[0] == "absolute":
        return _write_date(value[1])
    if values.number(value[1], digits=15) >= _A_DATE:
        raise ValueError(f"readers take {value[1]} seconds from now for a date")
    return _write_number(value[1])


def _read_time(text: str, odd: Odd) -> HeaderValue:
    text = text.strip(_AROUND)
    text = _TIME_NAMED.sub(r"\2 \1", text)
    named = _NAMED_TIME.fullmatch(text)
    if named is not None:
        odd(f"a time has the word {named[1]}")
        text = named[2]
    span = times.duration(text, odd)
    if span is not None:
        odd(f"a duration has the format of XML or words: {text!r}")
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
        odd(f"{text} is read as seconds since 1970")
    return "absolute", seconds


def _within_span(seconds: int, odd: Odd) -> int:
    """Return a duration of at most LONGEST_SPAN, in seconds."""
    if seconds > LONGEST_SPAN:
        odd(f"a duration of {seconds:,} seconds is shortened to {LONGEST_SPAN:,}")
    return min(seconds, LONGEST_SPAN)


def _write_counted_date(value: HeaderValue) -> str:
    count, seconds = values.pair(value)
    return f"{values.number(count, digits=15)}, {_write_date(seconds)}"


def _write_counted_address(value: HeaderValue) -> str:
    """Write a count and an address. Encoded words protect an address that would be read as several."""
    first, second = values.pair(value)
    count, address = values.number(first, digits=15), values.text(second)
    written = f"{count}, {mime_writer.written_text(address)}"
    if list(_counted_addresses(written.replace("\r\n", ""))) == [(count, address)]:
        return written
    return f"{count}, " + encode_words(address, "\r\n ")


def _letters(text: str) -> str:
    """Return a word's letters and digits in lower case, with "s" for "z" (British and American spelling)."""
    return re.sub(r"[^a-z0-9]", "", text.lower()).replace("z", "s")


def _words(name: str, words: tuple[str, ...], mm1: str | None) -> MailHeader:
    """Return the row of a header whose value is one of the words.

    The reader keeps another word; violations reports it.
    """
    spelled = {_letters(word): word for word in words}
    spelled |= {other: word for other, word in WORD_ALIASES.items() if word in words and other not in spelled}

    def read(text: str, odd: Odd) -> str:
        if _NUMBER.fullmatch(text) and int(text) < len(words):
            odd(f"{name} is the number {text}, read as {words[int(text)]}")
            return words[int(text)]
        word = spelled.get(_letters(text))
        if word is None:
            if not text.strip(_MARKS):
                raise ValueError("empty")
            return decoded_text(text)
        if word.lower() != text.lower():
            odd(f"{name} is {text!r}, read as {word}")
        return word

    return MailHeader(name, _write_text, read, mm1, words)


def _flag(name: str, mm1: str | None = None) -> MailHeader:
    return MailHeader(name, _write_yes_no, _read_yes_no, mm1)


def _string(name: str, mm1: str | None = None) -> MailHeader:
    return MailHeader(name, _write_text, _read_text, mm1)


# The table

#: All MM4 headers that are no fields of a message.
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
    _string(STATUS_EXTENSION, STATUS_EXTENSION),
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
    """Yield the pairs of count and value of a header about earlier senders. A missing count is None.

    Raises:
        ValueError: the text has no value, or an invalid value.
    """
    if header.read is not _read_text:
        count, rest = _counted_date(text)
        yield count, _read_date(rest, odd)
        return
    found = list(_counted_addresses(text))
    if not found:
        raise ValueError("there is no address")
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
    """Yield count and address for a list in which a count is an entry of its own or precedes an address."""
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
            # A display name with a comma and without quotes.
            name += f"{item}, "
        else:
            if loose is not None and _ADDRESS_START.match(loose[4]):
                count, item = int(loose[1] or loose[2] or loose[3]), loose[4]
            yield count, _bare_address(name + item)
            count, name = None, ""
    if count is not None and "," in text:
        yield count, ""


def split_addresses(text: str) -> list[str]:
    """Return the addresses of a list. Commas in quotes or angle brackets do not separate addresses.

    A group (RFC 5322, 3.4) is replaced by its members. Semicolons between addresses separate them too, as
    some peers write.
    """
    items: list[str] = []
    for item in _split(_GROUP.sub(r",\1,", text) if ";" in text else text):
        parted = [piece for piece in item.split(";") if piece.strip()]
        items += parted if all(map(_ADDRESS.fullmatch, parted)) else [item]
    return [found for found in map(_bare_address, items) if found]


def _split(text: str) -> list[str]:
    """Return the unchanged entries of a comma-separated list."""
    items: list[str] = []
    item: list[str] = []
    quoted = angled = False
    # An odd number of quotation marks: one is part of a name.
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
    """Return the decoded address without angle brackets around the whole entry."""
    text = item.strip()
    if text.startswith("<") and text.find(">") == len(text) - 1:
        text = text[1:-1].strip()
    return decoded_text(text)
