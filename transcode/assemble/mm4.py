"""MM4 (3GPP TS 23.140, 8.4): messages between MMS centres as Internet mail, written and read.

Control is in ``X-Mms-`` headers, addresses and subject in those of mail, the
content in a MIME body. Values in Python are those of assemble.headers: bool for
yes and no, ("absolute" or "relative", seconds) for times, (count, value) where
something is counted; dates are seconds since 1970.

The writer adds nothing, Date included, and refuses what breaks the standard's
rules unless ``strict=False``. Bcc is written like the others; transcode's own
sending leaves it out.

The reader takes what centres and their mail gateways write: numbers in place of
words (those of MM1 less 0x80), words of MM1, other spellings of names, ids with
and without quotes, mail by gateways that lacks most headers. Multiparts within
the body give way to their parts. What was odd stands in the message's quirks.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple

from transcode.assemble import mime, times, values
from transcode.assemble.forms import ENVELOPE_LINE, begin
from transcode.assemble.parts import PART_FIELDS, data_sizes
from transcode.assemble.rules import is_multipart
from transcode.assemble.texts import encode_words
from transcode.errors import MessageError, PduError
from transcode.model import HeaderValue, Message, MessageType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = [
    "BY_NAME",
    "HEADERS",
    "MAIL_TYPES",
    "VERSION",
    "Header",
    "MailType",
    "faults",
    "from_bytes",
    "length",
    "to_bytes",
]

#: The last edition of 3GPP TS 23.140 that was in use, Release 6.
VERSION = "6.16.0"


class Header(NamedTuple):
    """A row of the table.

    Attributes:
        name: as TS 23.140 spells it.
        write: gives the text of a value; raises ValueError for one that can't be sent.
        read: gives the value of a text; raises ValueError for one that makes no sense.
        mm1: the header of MM1 that says the same, or None.
        words: those that the value may be, or nothing; in MM1 a word's place is its number less 0x80.
    """

    name: str
    write: Callable[[HeaderValue], str]
    read: Callable[[str, mime.Odd], HeaderValue]
    mm1: str | None = None
    words: tuple[str, ...] = ()


class MailType(NamedTuple):
    """What a mail of some type consists of.

    Attributes:
        name: in the standard's spelling.
        required: headers that it must have besides version and type.
        body: whether it must have one.
    """

    name: str
    required: tuple[str, ...]
    body: bool = False


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
#: The last second that a date of four-digit years can tell.
_LAST_SECOND = 253_402_300_799

_NUMBER = re.compile(r"[0-9]{1,15}")
_NAMED_TIME = re.compile(r"(absolute|relative)\s*:\s*(.*)", re.IGNORECASE)
_COUNTED = re.compile(r"([0-9]{1,9})\s*,\s*(.*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_QUOTABLE = re.compile(r"[ -~]{0,400}")


def _write_text(value: HeaderValue) -> str:
    return mime.written_text(values.text(value))


def _read_text(text: str, _odd: mime.Odd) -> str:
    return mime.decoded_text(text)


def _write_quoted(value: HeaderValue) -> str:
    text = values.text(value)
    if not _QUOTABLE.fullmatch(text):
        return mime.written_text(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _read_quoted(text: str, _odd: mime.Odd) -> str:
    found = _QUOTED.fullmatch(text)
    return mime.decoded_text(text) if found is None else re.sub(r"\\(.)", r"\1", found[1])


def _write_number(value: HeaderValue) -> str:
    return str(values.number(value, digits=15))


def _read_number(text: str, _odd: mime.Odd) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError("no whole number")
    return int(text)


def _write_yes_no(value: HeaderValue) -> str:
    return _YES_NO[not values.flag(value)]


def _read_yes_no(text: str, odd: mime.Odd) -> bool:
    folded = text.lower()
    if folded not in ("yes", "no"):
        if folded not in ("0", "1", "true", "false"):
            raise ValueError("neither Yes nor No")
        odd(f"{text!r} stands for Yes or No")
    return folded in ("yes", "0", "true")


def _write_date(value: HeaderValue) -> str:
    seconds = values.number(value, digits=15)
    if seconds > _LAST_SECOND:
        raise ValueError(f"{seconds} is behind the year 9999")
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def _read_date(text: str, odd: mime.Odd) -> int:
    if _NUMBER.fullmatch(text):
        odd(f"a date in seconds: {text}")
        return int(text)
    seconds = times.date_time(text, odd)
    if seconds is None:
        return times.mail_date(text, odd)
    odd(f"a date as in XML: {text!r}")
    if seconds < 0:
        raise ValueError("before 1970")
    return seconds


def _write_time(value: HeaderValue) -> str:
    if not isinstance(value, tuple) or len(value) != 2 or value[0] not in ("absolute", "relative"):
        raise ValueError(f"{value!r} is no pair of absolute or relative and seconds")
    if value[0] == "absolute":
        return _write_date(value[1])
    if values.number(value[1], digits=15) >= _A_DATE:
        raise ValueError(f"{value[1]} seconds from now would be taken for a date")
    return _write_number(value[1])


def _read_time(text: str, odd: mime.Odd) -> HeaderValue:
    named = _NAMED_TIME.fullmatch(text)
    if named is not None:
        odd(f"a time is called {named[1]}")
        text = named[2]
    span = times.duration(text, odd)
    if span is not None:
        odd(f"a span of time as in XML: {text!r}")
        return "relative", span
    if not _NUMBER.fullmatch(text):
        return "absolute", _read_date(text, odd)
    seconds = int(text)
    if named is not None:
        return named[1].lower(), seconds
    if seconds < _A_DATE:
        return "relative", seconds
    odd(f"{text} is taken for a time since 1970")
    return "absolute", seconds


def _write_counted(value: HeaderValue, write_rest: Callable[[HeaderValue], str]) -> str:
    if not isinstance(value, tuple) or len(value) != 2:
        raise ValueError(f"{value!r} is no pair of a count and a value")
    return f"{values.number(value[0], digits=15)}, {write_rest(value[1])}"


def _split_counted(text: str) -> tuple[int, str]:
    found = _COUNTED.fullmatch(text)
    if found is None:
        raise ValueError("no count and value")
    return int(found[1]), found[2]


def _words(name: str, words: tuple[str, ...], mm1: str | None) -> Header:
    """A header whose value is a word; others than those are kept, and rules tell of them."""
    spelled = {word.lower(): word for word in words}

    def read(text: str, odd: mime.Odd) -> str:
        if _NUMBER.fullmatch(text) and int(text) < len(words):
            odd(f"{name} is the number {text}, taken for {words[int(text)]}")
            return words[int(text)]
        return spelled.get(text.lower(), mime.decoded_text(text))

    return Header(name, _write_text, read, mm1, words)


def _flag(name: str, mm1: str | None = None) -> Header:
    return Header(name, _write_yes_no, _read_yes_no, mm1)


def _string(name: str, mm1: str | None = None) -> Header:
    return Header(name, _write_text, _read_text, mm1)


# The table

#: All headers that have no field of a message.
HEADERS = (
    Header("Date", _write_date, _read_date, "Date"),
    Header("X-Mms-Message-ID", _write_quoted, _read_quoted, "Message-ID"),
    _words("X-Mms-Message-Class", _CLASSES, "X-Mms-Message-Class"),
    Header("X-Mms-Expiry", _write_time, _read_time, "X-Mms-Expiry"),
    Header("X-Mms-Delivery-Time", _write_time, _read_time, "X-Mms-Delivery-Time"),
    _flag("X-Mms-Delivery-Report", "X-Mms-Delivery-Report"),
    _flag("X-Mms-Originator-R/S-Delivery-Report"),
    _flag("X-Mms-Read-Reply", "X-Mms-Read-Report"),
    _words("X-Mms-Priority", _PRIORITIES, "X-Mms-Priority"),
    _words("X-Mms-Sender-Visibility", _VISIBILITIES, "X-Mms-Sender-Visibility"),
    Header("X-Mms-Message-Size", _write_number, _read_number),
    Header("X-Mms-Forward-Counter", _write_number, _read_number),
    Header(
        "X-Mms-Previously-sent-by",
        lambda value: _write_counted(value, _write_text),
        lambda text, odd: (_split_counted(text)[0], _read_text(_split_counted(text)[1], odd)),
        "X-Mms-Previously-Sent-By",
    ),
    Header(
        "X-Mms-Previously-sent-date-and-time",
        lambda value: _write_counted(value, _write_date),
        lambda text, odd: (_split_counted(text)[0], _read_date(_split_counted(text)[1], odd)),
        "X-Mms-Previously-Sent-Date",
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

_ID = ("X-Mms-Transaction-ID", "X-Mms-Message-ID")
_ANSWER = (*_ID, "X-Mms-Request-Status-Code")
_REPORT = (*_ID, "From", "To", "Date")

MAIL_TYPES: dict[MessageType, MailType] = {
    "mm4-forward-req": MailType("MM4_forward.REQ", (*_ID, "From", "Date"), body=True),
    "mm4-forward-res": MailType("MM4_forward.RES", _ANSWER),
    "mm4-delivery-report-req": MailType("MM4_delivery_report.REQ", (*_REPORT, "X-Mms-MM-Status-Code")),
    "mm4-delivery-report-res": MailType("MM4_delivery_report.RES", _ANSWER),
    "mm4-read-reply-report-req": MailType("MM4_read_reply_report.REQ", (*_REPORT, "X-Mms-Read-Status")),
    "mm4-read-reply-report-res": MailType("MM4_read_reply_report.RES", _ANSWER),
}

_TYPES = {mail_type.name.lower(): name for name, mail_type in MAIL_TYPES.items()}
#: What gateways to Internet mail call a message, by MM1's words and numbers.
_MM1_TYPES = {"0", "4", "m-send-req", "m-send.req", "m-retrieve-conf", "m-retrieve.conf"}

_VERSION = "X-Mms-3GPP-MMS-Version"
_TYPE = "X-Mms-Message-Type"
_TRANSACTION_ID = "X-Mms-Transaction-ID"
_FIELDS = {name.lower() for name in ("From", "To", "Cc", "Bcc", "Subject", _VERSION, _TYPE, _TRANSACTION_ID)}
#: Names from MM1 that some use.
_ALIASES = {"x-mms-mms-version": _VERSION, "x-mms-read-report": "X-Mms-Read-Reply"}
#: Headers that stand once for each earlier sender, with a count.
_REPEATED = {"x-mms-previously-sent-by", "x-mms-previously-sent-date-and-time"}
_RESERVED = {*_FIELDS, *PART_FIELDS, "mime-version"}
_THREE_NUMBERS = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}")
_DATE_LINE = len(b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n")


def faults(message: Message) -> Iterator[str]:
    """What a mail of this message would break, one sentence a rule."""
    mail_type = MAIL_TYPES[message.message_type]
    values = {name.lower(): value for name, value in message.headers}
    there = {
        *values,
        *(["from"] if message.sender else []),
        *(["to"] if message.to else []),
        *([_TRANSACTION_ID.lower()] if message.transaction_id else []),
    }
    yield from (f"{name} is missing" for name in mail_type.required if name.lower() not in there)
    is_forward = message.message_type == "mm4-forward-req"
    if is_forward and not (message.to or message.cc or message.bcc):
        yield "a recipient is missing"
    if mail_type.body and message.content_type is None:
        yield "Content-Type is missing"
    if not _THREE_NUMBERS.fullmatch(message.version):
        yield f"{_VERSION} is {message.version!r}, and no version such as {VERSION}"
    names = [name.lower() for name, _ in message.headers]
    for name in dict.fromkeys(names):
        header = BY_NAME.get(name)
        if header is not None and names.count(name) > 1 and name not in _REPEATED:
            yield f"{header.name} stands {names.count(name)} times"
        if header is not None and header.words and values[name] not in header.words:
            yield f"{header.name} is {values[name]!r}, none of {', '.join(header.words)}"


# Writing


def to_bytes(message: Message, *, strict: bool = True) -> bytes:
    """The message as a mail, its lines ended by CR LF.

    Args:
        message: of one of the types in MAIL_TYPES.
        strict: refuse what breaks one of the rules that faults knows.

    Raises:
        MessageError: something in it can't be sent; the error names the field.
    """
    head, frames, tail = _frames(message)
    fault = next(faults(message), None) if strict else None
    if fault is not None:
        raise MessageError(f"{MAIL_TYPES[message.message_type].name}: {fault}")
    pieces = [head]
    for frame, part in zip(frames, message.parts, strict=True):
        pieces += (frame, mime.to_base64(part.data))
    return b"".join([*pieces, tail])


def length(message: Message, sizes: Sequence[int] | None = None) -> int:
    """How many octets to_bytes gives once the message has a Date, without the media being there.

    Args:
        message: what would be written.
        sizes: how long each part's data will be, in octets; None: as they are.

    Raises:
        MessageError: something in it can't be sent.
        ValueError: there are not as many sizes as parts.
    """
    head, frames, tail = _frames(message)
    sizes = data_sizes(message, sizes)
    dated = any(name.lower() == "date" for name, _ in message.headers)
    data = sum(map(mime.encoded_length, sizes))
    return len(head) + sum(map(len, frames)) + data + len(tail) + (0 if dated else _DATE_LINE)


def _frames(message: Message) -> tuple[bytes, list[bytes], bytes]:
    """The headers, what stands in front of each part's data, and what ends the body."""
    if message.message_type not in MAIL_TYPES:
        raise MessageError(f"message_type: {message.message_type!r} is none of {', '.join(MAIL_TYPES)}")
    multipart = message.content_type is not None and is_multipart(message.content_type)
    if multipart and not str(message.content_type).lower().startswith("multipart/"):
        raise MessageError(f"content_type: {message.content_type} is of MM1; in mail it is multipart/...")
    content, frames, tail = mime.content_headers(
        message.content_type, message.parameters, message.parts, multipart=multipart
    )
    return _head(message) + content + b"\r\n", frames, tail


def _head(message: Message) -> bytes:
    """The headers in front of those of the body."""
    lines = []
    if message.sender is not None:
        lines.append(_line("From", _addresses((message.sender,))))
    lines += [
        _line(name, _addresses(addresses))
        for name, addresses in (("To", message.to), ("Cc", message.cc), ("Bcc", message.bcc))
        if addresses
    ]
    if message.subject is not None:
        lines.append(_line("Subject", lambda: mime.written_text(message.subject or "")))
    lines.append(_line(_VERSION, lambda: mime.written_text(message.version)))
    lines.append(_line(_TYPE, lambda: MAIL_TYPES[message.message_type].name))
    if message.transaction_id is not None:
        lines.append(_line(_TRANSACTION_ID, lambda: _write_quoted(message.transaction_id or "")))
    lines += [_header(name, value) for name, value in message.headers]
    return b"".join(lines)


def _header(name: str, value: HeaderValue) -> bytes:
    folded = name.lower()
    if folded in _RESERVED:
        raise MessageError(f"headers: {name} has a field of its own, or is not for the caller to write")
    if folded in _ALIASES:
        raise MessageError(f"headers: in MM4 {name} is called {_ALIASES[folded]}")
    header = BY_NAME.get(folded)
    if header is None:
        return _line(name, lambda: _write_text(value))
    return _line(header.name, lambda: header.write(value))


def _line(name: str, write: Callable[[], str]) -> bytes:
    try:
        return mime.header_line(name, write())
    except ValueError as error:
        raise MessageError(f"{name}: {error}") from error


def _addresses(addresses: Iterable[str]) -> Callable[[], str]:
    return lambda: ",\r\n ".join([_address(address) for address in addresses])


def _address(address: str) -> str:
    """An address as it is where it can be told from the next one, else as encoded words."""
    text = mime.written_text(address)
    if not address:
        raise ValueError("an address is empty")
    listed = text.replace("\r\n", "") + ", x"
    return text if _split_addresses(listed) == [address, "x"] else encode_words(address, "\r\n ")


# Reading


def from_bytes(data: bytes | bytearray | memoryview) -> Message:
    """Read a mail of one of the types in MAIL_TYPES, or what a gateway made of a message.

    Raises:
        PduError: it is no mail, none of MMS, or of a type that is not handled; or there are more
            parts or headers in it than a message has.
    """
    document = mime.Document(data)
    with document.placing():
        return _read(document)


def _read(document: mime.Document) -> Message:
    start, end = begin(document.octets), len(document.octets)
    if start:
        document.odd("a byte order mark or blank lines stood in front")
    while envelope := ENVELOPE_LINE.match(document.octets, start):
        start = envelope.end()
        document.odd("the line of a mailbox file stood in front")
    fields, body = document.headers(start, end)
    if not any(name.lower().startswith("x-mms-") for name, _ in fields):
        raise PduError("no MM4 mail: none of its headers begins with X-Mms-", offset=start)
    content = [(name, value) for name, value in fields if name.lower() in PART_FIELDS]
    entity = mime.Entity(content, document.odd)
    headers = _Headers(document.odd)
    for name, value in fields:
        if name.lower() not in (*PART_FIELDS, "mime-version"):
            headers.read(name, value)
    message = headers.message(_message_type(headers.type, document.odd))
    message = _with_body(message, document, entity, body)
    for fault in faults(message):
        document.odd(fault)
    return replace(message, quirks=tuple(document.odd.quirks))


def _message_type(text: str | None, odd: mime.Odd) -> MessageType:
    if text is None:
        odd(f"{_TYPE} is missing, taken for MM4_forward.REQ")
        return "mm4-forward-req"
    found = _TYPES.get(text.lower())
    if found is not None:
        return found
    if text.lower() not in _MM1_TYPES:
        raise PduError(f"a mail of type {text[:60]!r}, which is not handled", offset=0)
    odd(f"{_TYPE} is {text!r}, taken for MM4_forward.REQ")
    return "mm4-forward-req"


def _with_body(message: Message, document: mime.Document, entity: mime.Entity, body: int) -> Message:
    end = len(document.octets)
    if not entity.content_type and not document.octets[body:end].strip():
        return replace(message, content_type=None)
    if is_multipart(entity.content_type) and not entity.content_type.startswith("multipart/"):
        document.odd(f"{entity.content_type} in a mail")
        entity.content_type = "multipart/" + entity.content_type.rpartition(".")[2]
    parts = tuple(document.body(entity, body, end))
    kind = entity.content_type or "text/plain"
    pairs = [(name, value) for name, value in entity.parameters if name != "boundary"]
    own = tuple(pairs) if is_multipart(kind) else ()
    return replace(message, content_type=kind, parameters=own, parts=parts)


class _Headers:
    """The headers of a mail as they are read: those with fields, and the others."""

    def __init__(self, odd: mime.Odd) -> None:
        self.fields: dict[str, str] = {}
        self.addresses: dict[str, list[str]] = {name: [] for name in ("from", "to", "cc", "bcc")}
        self.others: list[tuple[str, HeaderValue]] = []
        self._odd = odd
        self._seen: set[str] = set()
        self._by_alias: set[str] = set()

    @property
    def type(self) -> str | None:
        return self.fields.get(_TYPE.lower())

    def read(self, name: str, text: str) -> None:
        """Take one header."""
        alias = _ALIASES.get(name.lower())
        folded = (alias or name).lower()
        if alias is not None and folded not in self._seen:
            self._odd(f"{name} stands for {alias}")
            self._by_alias.add(folded)
        if folded in self.addresses:
            self.addresses[folded] += _split_addresses(text)
            return
        header = BY_NAME.get(folded)
        if header is None and folded not in _FIELDS:
            self.others.append((name, mime.decoded_text(text)))
        elif folded in self._seen and folded not in _REPEATED and not self._give_way(folded, alias):
            self._odd(f"a second {name}, left out: {text!r}")
        elif header is not None:
            self._seen.add(folded)
            self._read_known(header, text)
        else:
            self._seen.add(folded)
            is_id = folded == _TRANSACTION_ID.lower()
            self.fields[folded] = (_read_quoted if is_id else _read_text)(text, self._odd)
            if alias == _VERSION and text.isdecimal() and len(text) < 4:
                # The octet of MM1 as a number.
                self.fields[folded] = f"{int(text) >> 4}.{int(text) & 15}"

    def _give_way(self, folded: str, alias: str | None) -> bool:
        """Drop what an alias said of a header that comes under its own name."""
        if alias is not None or folded not in self._by_alias:
            return False
        self._by_alias.remove(folded)
        self.others = [(name, value) for name, value in self.others if name.lower() != folded]
        return True

    def _read_known(self, header: Header, text: str) -> None:
        try:
            self.others.append((header.name, header.read(text, self._odd)))
        except (ValueError, OverflowError) as error:
            self._odd(f"{header.name}, left out: {text!r}: {error}")

    def message(self, message_type: MessageType) -> Message:
        """The message without its body."""
        senders = self.addresses["from"]
        if len(senders) > 1:
            self._odd(f"From has {len(senders)} addresses; the first is taken")
        return Message(
            message_type=message_type,
            transaction_id=self.fields.get(_TRANSACTION_ID.lower()),
            version=self.fields.get(_VERSION.lower(), ""),
            sender=senders[0] if senders else None,
            to=tuple(self.addresses["to"]),
            cc=tuple(self.addresses["cc"]),
            bcc=tuple(self.addresses["bcc"]),
            subject=self.fields.get("subject"),
            headers=tuple(self.others),
        )


def _split_addresses(text: str) -> list[str]:
    """The addresses of a list; a comma in quotes or angle brackets parts nothing."""
    items: list[str] = []
    item: list[str] = []
    quoted = angled = False
    for letter in text:
        if letter == '"':
            quoted = not quoted
        elif letter in "<>" and not quoted:
            angled = letter == "<"
        if letter == "," and not quoted and not angled:
            items.append("".join(item))
            item = []
        else:
            item.append(letter)
    items.append("".join(item))
    return [found for found in map(_bare_address, items) if found]


def _bare_address(item: str) -> str:
    """An address without the brackets around all of it."""
    text = item.strip()
    if text.startswith("<") and text.find(">") == len(text) - 1:
        text = text[1:-1].strip()
    return mime.decoded_text(text)
