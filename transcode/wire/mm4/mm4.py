"""Writer and reader of MM4, the Internet mails between MMSCs (3GPP TS 23.140, 8.4).

``X-Mms-`` headers carry the control information, mail headers the addresses and the subject, a MIME body the
content. Values in Python are those of MM1: bool for Yes and No, ("absolute" or "relative", seconds) for
times, (count, value) for headers with a count. Dates are seconds since 1970.

The writer adds no header, not even Date. It refuses a message that breaks a rule of the standard, unless
``strict=False``. It writes Bcc; Message.send removes Bcc first.

The reader accepts the deviations of MMSCs and mail gateways: numbers instead of words (MM1 octets less 0x80),
words of MM1, other names of headers, ids with and without quotes, and mails without most headers. A
multipart within the body is replaced by its parts. The message's oddities state the deviations.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import MessageError, PduError
from transcode.model import HeaderValue, MessageFields, MessageType
from transcode.wire import mime_writer, values
from transcode.wire.mime_document import Document
from transcode.wire.mime_entity import Entity, decoded_text
from transcode.wire.mm4.aliases import ADDRESS_ALIASES, HEADER_ALIASES, TYPE_ALIASES, VERSION_HEADER
from transcode.wire.mm4.headers import (
    BY_NAME,
    HEADERS,
    LONGEST_SPAN,
    MailHeader,
    read_counted,
    read_quoted,
    split_addresses,
    write_quoted,
)
from transcode.wire.parts import PART_FIELDS, data_sizes, is_token, sound_parameters
from transcode.wire.recognition import ENVELOPE_LINE, begin
from transcode.wire.rules import is_multipart
from transcode.wire.texts import encode_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from transcode.wire.oddities import Odd

__all__ = [
    "BY_NAME",
    "HEADERS",
    "LONGEST_SPAN",
    "MAIL_TYPES",
    "VERSION",
    "MailHeader",
    "MailType",
    "from_bytes",
    "length",
    "to_bytes",
    "violations",
]

#: The version of 3GPP TS 23.140 (Release 6) that written mails state.
VERSION = "6.16.0"


class MailType(NamedTuple):
    """The requirements of one type of mail.

    Attributes:
        name: the type in the standard's spelling.
        required: the required headers, besides version and type.
        body: whether the mail must have a body.
    """

    name: str
    required: tuple[str, ...]
    body: bool = False


# The table

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

_NO_LETTER = re.compile("[^a-z0-9]")
_TYPES = {_NO_LETTER.sub("", mail_type.name.lower()): name for name, mail_type in MAIL_TYPES.items()}
_TYPE = "X-Mms-Message-Type"
_TRANSACTION_ID = "X-Mms-Transaction-ID"
_FIELDS = {
    name.lower() for name in ("From", "To", "Cc", "Bcc", "Subject", VERSION_HEADER, _TYPE, _TRANSACTION_ID)
}
#: Headers that are repeated for each earlier sender, with a count.
_REPEATED = {header.name.lower() for header in HEADERS if header.counted}
_RESERVED = {*_FIELDS, *PART_FIELDS, "mime-version"}
_THREE_NUMBERS = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}")
_DATE_LINE = len(b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n")


def violations(message: MessageFields) -> Iterator[str]:
    """Yield one sentence for each rule of MM4 that a mail of the message breaks."""
    mail_type = MAIL_TYPES[message.message_type]
    found = values.folded(message.headers)
    there = {
        *found,
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
        yield f"{VERSION_HEADER} is {message.version!r}, not a version such as {VERSION}"
    names = [name.lower() for name, _ in message.headers]
    for name in dict.fromkeys(names):
        header = BY_NAME.get(name)
        if header is not None and names.count(name) > 1 and name not in _REPEATED:
            yield f"{header.name} occurs {names.count(name)} times"
        if header is not None and header.words and found[name] not in header.words:
            yield f"{header.name} is {found[name]!r}, not one of {', '.join(header.words)}"


# Writing


def to_bytes(message: MessageFields, *, strict: bool = True) -> bytes:
    """Return the message as a mail whose lines end with CR LF.

    Args:
        message: a message of one of the types in MAIL_TYPES.
        strict: True refuses a message with violations.

    Raises:
        MessageError: a value can't be sent, or the message has violations; the error names the field.
    """
    head, frames, tail = _frames(message)
    fault = next(violations(message), None) if strict else None
    if fault is not None:
        raise MessageError(f"{MAIL_TYPES[message.message_type].name}: {fault}")
    pieces = [head]
    for frame, part in zip(frames, message.parts, strict=True):
        pieces += (frame, mime_writer.to_base64(part.data))
    return b"".join([*pieces, tail])


def length(message: MessageFields, sizes: Sequence[int] | None = None) -> int:
    """Return the length of to_bytes in octets, including a Date, without encoding the media.

    Args:
        message: the message to write.
        sizes: the size of each part's data, in octets; None: the sizes of the parts.

    Raises:
        MessageError: a value can't be sent.
        ValueError: the number of sizes differs from the number of parts.
    """
    head, frames, tail = _frames(message)
    sizes = data_sizes(message, sizes)
    dated = any(name.lower() == "date" for name, _ in message.headers)
    data = sum(map(mime_writer.encoded_length, sizes))
    return len(head) + sum(map(len, frames)) + data + len(tail) + (0 if dated else _DATE_LINE)


def _frames(message: MessageFields) -> tuple[bytes, list[bytes], bytes]:
    """Return the headers, the octets in front of each part's data, and the end of the body."""
    if message.message_type not in MAIL_TYPES:
        raise MessageError(f"message_type: {message.message_type!r} is not one of {', '.join(MAIL_TYPES)}")
    multipart = message.content_type is not None and is_multipart(message.content_type)
    if multipart and not str(message.content_type).lower().startswith("multipart/"):
        raise MessageError(f"content_type: {message.content_type} is a type of MM1; mails have multipart/...")
    content, frames, tail = mime_writer.content_headers(
        message.content_type, message.parameters, message.parts, multipart=multipart
    )
    return _head(message) + content + b"\r\n", frames, tail


def _head(message: MessageFields) -> bytes:
    """Return the headers of the mail without those of the body."""
    lines = []
    if message.sender is not None:
        lines.append(_line("From", _addresses((message.sender,))))
    lines += [
        _line(name, _addresses(addresses))
        for name, addresses in (("To", message.to), ("Cc", message.cc), ("Bcc", message.bcc))
        if addresses
    ]
    if message.subject is not None:
        lines.append(_line("Subject", lambda: mime_writer.written_text(message.subject or "")))
    lines.append(_line(VERSION_HEADER, lambda: mime_writer.written_text(message.version)))
    lines.append(_line(_TYPE, lambda: MAIL_TYPES[message.message_type].name))
    if message.transaction_id is not None:
        lines.append(_line(_TRANSACTION_ID, lambda: write_quoted(message.transaction_id or "")))
    lines += [_header(name, value) for name, value in message.headers]
    return b"".join(lines)


def _header(name: str, value: HeaderValue) -> bytes:
    folded = name.lower()
    if folded in _RESERVED:
        raise MessageError(f"headers: {name} is a field of the message, or the writer makes it")
    if folded in HEADER_ALIASES:
        raise MessageError(f"headers: the MM4 name of {name} is {HEADER_ALIASES[folded]}")
    header = BY_NAME.get(folded)
    if header is None:
        return _line(name, lambda: mime_writer.written_text(values.text(value)))
    return _line(header.name, lambda: header.write(value))


def _line(name: str, write: Callable[[], str]) -> bytes:
    try:
        return mime_writer.header_line(name, write())
    except ValueError as error:
        raise MessageError(f"{name}: {error}") from error


def _addresses(addresses: Iterable[str]) -> Callable[[], str]:
    return lambda: ",\r\n ".join([_address(address) for address in addresses])


def _address(address: str) -> str:
    """Write an address; as encoded words if a reader can't separate it from the next address of a list."""
    text = mime_writer.written_text(address)
    if not address:
        raise ValueError("an address is empty")
    listed = text.replace("\r\n", "") + ", x"
    return text if split_addresses(listed) == [address, "x"] else encode_words(address, "\r\n ")


# Reading


def from_bytes(data: bytes | bytearray | memoryview) -> MessageFields:
    """Read a mail of one of the types in MAIL_TYPES, or a message that a gateway converted to a mail.

    Raises:
        PduError: the octets are no mail with MMS headers, or a mail of another type, or they have too many
            parts or headers.
    """
    document = Document(data)
    with document.placing():
        return _read(document)


def _read(document: Document) -> MessageFields:
    start, end = begin(document.octets), len(document.octets)
    if start:
        document.odd("a byte order mark or blank lines precede the mail")
    while envelope := ENVELOPE_LINE.match(document.octets, start):
        start = envelope.end()
        document.odd("the line of a mailbox file precedes the mail")
    fields, body = document.headers(start, end)
    if not any(name.lower().startswith("x-mms-") for name, _ in fields):
        raise PduError("not an MM4 mail: no header begins with X-Mms-", offset=start)
    content = [(name, value) for name, value in fields if name.lower() in PART_FIELDS]
    entity = Entity(content, document.odd)
    headers = _Headers(document.odd)
    for name, value in fields:
        if name.lower() not in (*PART_FIELDS, "mime-version"):
            headers.read(name, value)
    message = headers.message(_message_type(headers.type, document.odd))
    message = _with_body(message, document, entity, body)
    for fault in violations(message):
        document.odd(fault)
    return replace(message, oddities=tuple(document.odd.oddities))


def _message_type(text: str | None, odd: Odd) -> MessageType:
    if not text:
        odd(f"{_TYPE} is missing; the mail is read as MM4_forward.REQ")
        return "mm4-forward-req"
    letters = _NO_LETTER.sub("", text.lower())
    found = _TYPES.get(letters) or TYPE_ALIASES.get(letters)
    if found is None:
        raise PduError(f"mails of type {text[:60]!r} are not supported", offset=0)
    if text.lower() != MAIL_TYPES[found].name.lower():
        odd(f"{_TYPE} is {text!r}, read as {MAIL_TYPES[found].name}")
    return found


def _with_body(message: MessageFields, document: Document, entity: Entity, body: int) -> MessageFields:
    end = len(document.octets)
    if not entity.content_type and not document.octets[body:end].strip():
        return replace(message, content_type=None)
    if is_multipart(entity.content_type) and not entity.content_type.startswith("multipart/"):
        document.odd(f"the content type of a mail is {entity.content_type}, a type of MM1")
        entity.content_type = "multipart/" + entity.content_type.rpartition(".")[2]
    parts = tuple(document.body(entity, body, end))
    kind = entity.content_type
    own: tuple[tuple[str, str], ...] = ()
    if is_multipart(kind):
        pairs = [(name, value) for name, value in entity.parameters if name != "boundary"]
        own = tuple(sound_parameters(pairs, document.odd, mail=True))
    else:
        kind = parts[0].content_type
    return replace(message, content_type=kind, parameters=own, parts=parts)


class _Headers:
    """Collects the headers of a mail: the values of message fields, and the other headers."""

    def __init__(self, odd: Odd) -> None:
        self.fields: dict[str, str] = {}
        self.addresses: dict[str, list[str]] = {name: [] for name in ("from", "to", "cc", "bcc")}
        self.others: list[tuple[str, HeaderValue]] = []
        self._odd = odd
        # The counts of entries of others, by the entry's id().
        self._counts_of: dict[int, int | None] = {}
        # The rank of each header's value: 0 for an empty value, 1 for the value of an alias, 2 for others.
        self._ranks: dict[str, int] = {}

    @property
    def type(self) -> str | None:
        return self.fields.get(_TYPE.lower())

    def read(self, name: str, text: str) -> None:
        """Add one header."""
        if name.lower().startswith(("x_mms", "x-mms")):
            name = name.replace("_", "-")
        alias = HEADER_ALIASES.get(name.lower())
        folded = (alias or name).lower()
        header = BY_NAME.get(folded)
        if folded in self.addresses:
            self.addresses[folded] += split_addresses(text)
        elif header is None and not is_token(name):
            self._odd(f"{name!r} is not a valid header name and is left out: {text!r}")
        elif header is None and folded not in _FIELDS:
            self.others.append((name, decoded_text(text)))
        elif header is not None and header.counted:
            self._read_counted(header, text)
        elif self._counts(name, folded, alias, text):
            self._read_once(header, folded, alias, text)

    def _counts(self, name: str, folded: str, alias: str | None, text: str) -> bool:
        """Whether a header is used: the first, unless a later one has a higher rank (see _ranks)."""
        rank = 0 if not text.strip(' "') else 2 if alias is None else 1
        before = self._ranks.get(folded)
        if before is None and alias is not None:
            self._odd(f"{name} is read as {alias}")
        if before is not None and rank <= before:
            self._odd(f"a second {name} is left out: {text!r}")
            return False
        if before == 0:
            self._odd(f"a second {name} is used, because the first is empty or invalid")
        if before is not None:
            self.others = [header for header in self.others if header[0].lower() != folded]
        self._ranks[folded] = rank
        return True

    def _read_once(self, header: MailHeader | None, folded: str, alias: str | None, text: str) -> None:
        if header is not None:
            try:
                self.others.append((header.name, header.read(text, self._odd)))
            except (ValueError, OverflowError) as error:
                self._ranks[folded] = 0
                self._odd(f"{header.name}, left out: {text!r}: {error}")
            return
        is_id = folded == _TRANSACTION_ID.lower()
        self.fields[folded] = read_quoted(text, self._odd) if is_id else decoded_text(text)
        if alias == VERSION_HEADER and text.isdecimal() and len(text) < 4:
            # The number is the MM1 octet of the version: major in the high four bits, minor in the low four.
            self.fields[folded] = f"{int(text) >> 4}.{int(text) & 15}"

    def _read_counted(self, header: MailHeader, text: str) -> None:
        """Add a header about one or several earlier senders."""
        try:
            for count, value in read_counted(header, text, self._odd):
                entry = (header.name, value)
                self._counts_of[id(entry)] = count
                self.others.append(entry)
        except (ValueError, OverflowError) as error:
            self._odd(f"{header.name}, left out: {text!r}: {error}")

    def _number_senders(self) -> None:
        """Give each entry without a count the lowest count that is free in headers of the same name."""
        taken: dict[str, set[int | None]] = {}
        lowest: dict[str, int] = {}
        for entry in self.others:
            taken.setdefault(entry[0], set()).add(self._counts_of.get(id(entry)))
        for place, entry in enumerate(self.others):
            name, value = entry
            if id(entry) not in self._counts_of or isinstance(value, tuple):
                continue
            count = self._counts_of[id(entry)]
            if count is None:
                count = lowest.get(name, 1)
                while count in taken[name]:
                    count += 1
                lowest[name] = count + 1
                self._odd(f"{name} has no count and gets the count {count}: {value!r}")
            self.others[place] = (name, (count, value))

    def _find_addresses(self) -> None:
        """Use the addresses of ADDRESS_ALIASES for From, To and Cc that are missing."""
        used: dict[str, str] = {}
        kept: list[tuple[str, HeaderValue]] = []
        for name, text in self.others:
            field = ADDRESS_ALIASES.get(name.lower())
            if field is not None and (not self.addresses[field] or used.get(field) == name.lower()):
                self._odd(f"{name} is read as {field.capitalize()}")
                used[field] = name.lower()
                self.addresses[field] += split_addresses(str(text))
            else:
                kept.append((name, text))
        self.others = kept

    def message(self, message_type: MessageType) -> MessageFields:
        """Return the message without its body."""
        self._number_senders()
        self._find_addresses()
        senders = self.addresses["from"]
        if len(senders) > 1:
            self._odd(f"From has {len(senders)} addresses; the first is used")
        return MessageFields(
            message_type=message_type,
            transaction_id=self.fields.get(_TRANSACTION_ID.lower()),
            version=self.fields.get(VERSION_HEADER.lower(), ""),
            sender=senders[0] if senders else None,
            to=tuple(self.addresses["to"]),
            cc=tuple(self.addresses["cc"]),
            bcc=tuple(self.addresses["bcc"]),
            subject=self.fields.get("subject"),
            headers=tuple(self.others),
        )
