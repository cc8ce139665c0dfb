"""MMS PDUs (OMA-TS-MMS_ENC-V1_3): a message as octets, and back.

The writer says what the message says, in the fewest octets, and refuses what
could be taken for something else and what breaks the standard's rules: a PDU
without a header that its type demands, or with one that is newer than its
version. What was read from others can be written with ``strict=False``, which
keeps to the form only. Nothing is added, with one exception: where the sender of
a PDU that clients send is None, From asks the network to insert the address. The
limit, the reports and the quirks of a message are not on the wire.

The reader takes what real messages hold. It copies no part data: those are
views into the PDU. Some things it changes, always for the reader's sake:

- base64 and quoted-printable in a part are undone, and the header that announces
  them is dropped. So is a Content-Length.
- A multipart within the body gives way to its parts. The first of them takes its
  names over, if it has none itself.
- A body that is no multipart, as in the refusal of a retrieval, is one part.
- Encoded words in a subject are decoded, and byte order marks dropped.
- The frame of a WAP Push (WAP-230-WSP, 8.2.4.1) around a notification is taken off.

Whatever else was odd stands in the message's quirks.
"""

from __future__ import annotations

import reprlib
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ParamSpec, cast

from transcode.errors import MessageError, PduError
from transcode.model import Message, Part
from transcode.wire.mm1 import wsp
from transcode.wire.mm1.cursor import MOST_TOLD, Cursor
from transcode.wire.mm1.headers import (
    BY_NAME,
    BY_NUMBER,
    CONTENT_TYPE,
    by_name,
    by_number,
)
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.mm1.scanners import COUNTED, USUAL
from transcode.wire.mm1.wsp_numbers import PART_HEADERS
from transcode.wire.parts import (
    ID_MARKS,
    MOST_NESTED,
    MOST_PARTS,
    PART_FIELDS,
    TOO_DEEP,
    as_presentation,
    data_sizes,
    is_token,
    sound_parameters,
    typed,
    untransferred,
    unwrapped,
)
from transcode.wire.rules import is_multipart, unbroken, violations
from transcode.wire.texts import parameters_of_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from transcode.model import HeaderValue, MessageType
    from transcode.wire.mm1.headers import Header

__all__ = ["from_bytes", "length", "overhead", "to_bytes"]

#: A content type and its parameters.
_Type = tuple[str, list[tuple[str, str]]]

_Values = ParamSpec("_Values")

#: Headers that have a field of the message.
_FIELDS = {
    "X-Mms-Message-Type",
    "X-Mms-Transaction-Id",
    "X-Mms-MMS-Version",
    "From",
    "To",
    "Cc",
    "Bcc",
    "Subject",
}
_FIELD_NAMES = {"content-type", *(name.lower() for name in _FIELDS)}
_RECIPIENTS = ("To", "Cc", "Bcc")
_PDU_CONTENT_TYPE = "application/vnd.wap.mms-message"
_MESSAGE_TYPE = BY_NAME["x-mms-message-type"].number

_CONTENT_LOCATION = b"\x8e"
_CONTENT_ID = b"\xc0"
_CONTENT_DISPOSITION = b"\xae"
_DISPOSITIONS = {0x80: "form-data", 0x81: "attachment", 0x82: "inline"}
_DISPOSITION_NUMBERS = {name: number for number, name in _DISPOSITIONS.items()}


# Writing


def to_bytes(message: Message, *, strict: bool = True) -> bytes:
    """The message as a PDU.

    Args:
        message: what is written.
        strict: refuse a PDU that breaks one of the rules that rules.violations knows.

    Raises:
        MessageError: something in it can't be sent; the error names the field.
    """
    if strict and not message.version:
        raise MessageError("X-Mms-MMS-Version: '' is no version such as 1.2")
    first, *frames = _frames(message, data_sizes(message, None))
    fault = next(violations(message), None) if strict else None
    if fault is not None:
        raise MessageError(f"{PDU_TYPES[message.message_type].name}: {fault}")
    pieces: list[bytes | memoryview] = [first]
    for frame, part in zip(frames, message.parts, strict=True):
        pieces += (frame, part.data)
    return b"".join(pieces)


def length(message: Message, sizes: Sequence[int] | None = None) -> int:
    """How many octets to_bytes gives, without the media being there.

    Args:
        message: what would be written.
        sizes: how long each part's data will be, in octets; None: as they are.

    Raises:
        MessageError: something in it can't be sent.
        ValueError: there are not as many sizes as parts.
    """
    sizes = data_sizes(message, sizes)
    return sum(map(len, _frames(message, sizes))) + sum(sizes)


def overhead(message: Message, sizes: Sequence[int] | None = None) -> int:
    """How many octets of the PDU are not data of parts; arguments as in length.

    A part's frame tells how long its data are, so the overhead grows with them.
    """
    return sum(map(len, _frames(message, data_sizes(message, sizes))))


def _frames(message: Message, sizes: Sequence[int]) -> list[bytes]:
    """What stands in front of the first part's frame, and the frame of each part."""
    pdu_type = PDU_TYPES.get(message.message_type)
    if pdu_type is None:
        raise MessageError(f"message_type: {message.message_type!r} is none of {', '.join(PDU_TYPES)}")
    head = _head(message)
    if message.content_type is None:
        if message.parts:
            raise MessageError("content_type: there are parts, so there must be a content type")
        return [head]
    if not pdu_type.body:
        raise MessageError(f"content_type: must be None, for {pdu_type.name} has no body")
    if not is_multipart(message.content_type):
        return [head + _sole_body_type(message), b""]
    body_type = _written("content_type", wsp.content_type, message.content_type, message.parameters)
    count = wsp.uintvar(len(message.parts))
    frames = [_frame(f"parts[{i}]", message.parts[i], size) for i, size in enumerate(sizes)]
    return [head + bytes((CONTENT_TYPE,)) + body_type + count, *frames]


def _head(message: Message) -> bytes:
    """The headers in front of the Content-Type, in the order that the standard asks for."""
    known = by_name(message.message_type)
    lines = [_line("X-Mms-Message-Type", message.message_type, known)]
    if message.transaction_id is not None:
        lines.append(_line("X-Mms-Transaction-Id", message.transaction_id, known))
    if message.version:
        lines.append(_line("X-Mms-MMS-Version", message.version, known))
    if message.sender is not None or PDU_TYPES[message.message_type].by_client:
        lines.append(_line("From", message.sender, known))
    lines += [_line("To", address, known) for address in message.to]
    lines += [_line("Cc", address, known) for address in message.cc]
    lines += [_line("Bcc", address, known) for address in message.bcc]
    if message.subject is not None:
        lines.append(_line("Subject", message.subject, known))
    for name, value in message.headers:
        if name.lower() in _FIELD_NAMES:
            raise MessageError(f"headers: {name} has a field of its own")
        lines.append(_line(name, value, known))
    return b"".join(lines)


def _line(name: str, value: HeaderValue | None, known: Mapping[str, Header]) -> bytes:
    header = known.get(name.lower())
    if header is not None:
        return bytes((header.number,)) + _written(header.name, header.value.write, value)
    if not isinstance(value, str):
        raise MessageError(f"header {name!r}: is not of MMS, so its value must be text")
    label = f"header {name!r}"
    return _written(label, wsp.token_text, name) + _written(label, wsp.text_string, value)


def _sole_body_type(message: Message) -> bytes:
    """The Content-Type of a body that is no multipart, and so has no part headers."""
    if len(message.parts) != 1:
        raise MessageError(f"parts: {message.content_type} is no multipart, so there must be one part")
    part = message.parts[0]
    bare = replace(part, content_id=None, content_location=None, disposition=None, filename=None, headers=())
    if part != bare:
        raise MessageError("parts[0]: has headers, which only parts of a multipart can have")
    if message.parameters or part.content_type != message.content_type:
        raise MessageError("content_type: must be that of the part, which also has the parameters")
    return bytes((CONTENT_TYPE,)) + _part_type("parts[0]", part)


def _frame(field: str, part: Part, size: int) -> bytes:
    """What stands in front of a part's data: both lengths, content type, headers."""
    pieces = [_part_type(field, part)]
    if part.content_id is not None:
        if part.content_id != part.content_id.strip(ID_MARKS):
            raise MessageError(f"{field}.content_id: must stand without brackets, quotes and blanks")
        pieces += (
            _CONTENT_ID,
            _written(f"{field}.content_id", wsp.quoted_string, f"<{part.content_id}>"),
        )
    if part.content_location is not None:
        pieces += (
            _CONTENT_LOCATION,
            _written(f"{field}.content_location", wsp.uri, part.content_location),
        )
    if part.disposition is not None:
        pieces += (_CONTENT_DISPOSITION, _disposition(field, part.disposition, part.filename))
    elif part.filename is not None:
        raise MessageError(f"{field}.filename: belongs to a disposition, and there is none")
    for name, value in part.headers:
        if name.lower() in PART_FIELDS:
            raise MessageError(f"{field}.headers: {name} is not for the caller to write")
        pieces += (
            _written(f"{field}.headers", wsp.token_text, name),
            _written(f"{field}.headers", wsp.text_string, value),
        )
    head = b"".join(pieces)
    return wsp.uintvar(len(head)) + _written(f"{field}.data", wsp.uintvar, size) + head


def _part_type(field: str, part: Part) -> bytes:
    parameters = list(part.parameters)
    if part.charset is not None:
        parameters.insert(0, ("charset", part.charset))
    if part.name is not None:
        parameters.insert(0, ("name", part.name))
    return _written(f"{field}: content type", wsp.content_type, part.content_type, parameters)


def _disposition(field: str, disposition: str, filename: str | None) -> bytes:
    number = _DISPOSITION_NUMBERS.get(disposition.lower())
    if number is None:
        value = _written(f"{field}.disposition", wsp.token_text, disposition.lower())
    else:
        value = bytes((number,))
    if filename is not None:
        value += _written(f"{field}.filename", wsp.parameter, "filename", filename)
    return wsp.value_length(len(value)) + value


def _written(
    field: str, write: Callable[_Values, bytes], *args: _Values.args, **named: _Values.kwargs
) -> bytes:
    """What write gives; its complaints name the field."""
    try:
        return write(*args, **named)
    except ValueError as error:
        raise MessageError(f"{field}: {error}") from error


# Reading


def from_bytes(pdu: bytes | bytearray | memoryview) -> Message:
    """Read a PDU of one of the types in pdu_types.PDU_TYPES.

    The data of parts are views into the argument, so keep it unchanged as long
    as the message is in use.

    Raises:
        PduError: the octets are no PDU of these types, or lengths in it contradict
            each other.
    """
    cursor = Cursor(pdu)
    _push(cursor)
    headers = _Headers()
    content = headers.read(cursor)
    fields, recipients = headers.fields, headers.recipients
    message_type: MessageType = fields["X-Mms-Message-Type"]
    pdu_type = PDU_TYPES[message_type]
    content_type: str | None = None
    parameters: list[tuple[str, str]] = []
    parts: list[Part] = []
    if content is not None and not pdu_type.body:
        cursor.odd(f"a Content-Type, though {pdu_type.name} has no body")
    elif content is not None:
        (content_type, parameters), parts = _content(cursor, content, headers)
        if not is_multipart(content_type):
            # They are the part's.
            parameters = []
    if "From" in pdu_type.required and "From" not in fields and pdu_type.by_client:
        cursor.odd("From is missing")
    # In the order of the fields: names would take a third of the time again.
    message = Message(
        message_type,
        fields.get("X-Mms-Transaction-Id"),
        fields.get("X-Mms-MMS-Version") or "",
        fields.get("From"),
        tuple(recipients["To"]),
        tuple(recipients["Cc"]),
        tuple(recipients["Bcc"]),
        fields.get("Subject"),
        tuple(headers.others),
        content_type,
        tuple(parameters),
        tuple(parts),
        quirks=tuple(cursor.quirks),
    )
    if unbroken(message, headers.seen, headers.twice):
        return message
    for fault in violations(message):
        cursor.odd(fault)
    return replace(message, quirks=tuple(cursor.quirks))


_PUSHES = (0x05, 0x06)
#: How far behind its content type a push has its PDU at the most, in octets.
_LONGEST_PUSH = 1000
#: The types of PDUs and the numbers of headers.
_TYPES = range(0x80, 0x80 + len(PDU_TYPES))
_NUMBERS = range(0x81, 0xC0)


def _push(cursor: Cursor) -> None:
    """Move behind the frame of a WAP Push, if the octets begin with one.

    It is a transaction number, the type (Push or confirmed Push), the length of the
    headers and these, the content type of the rest first.
    """
    if cursor.end < 3 or cursor.look(1) not in _PUSHES:
        return
    start = cursor.at
    try:
        cursor.take(2)
        end = cursor.uintvar() + cursor.at
        head = cursor.within(cursor.left)
        content_type, _ = head.content_type()
    except PduError:
        content_type = ""
    cursor.at = start
    if content_type != _PDU_CONTENT_TYPE:
        return
    if not head.at <= end < cursor.end or not _is_pdu(cursor, end):
        # Some count their headers wrongly; a PDU begins with its type.
        ahead = range(head.at, min(cursor.end, head.at + _LONGEST_PUSH))
        end = next((at for at in ahead if _is_pdu(cursor, at)), min(end, cursor.end))
    cursor.at = end
    cursor.odd(f"the frame of a WAP Push, {end - start} octets, stood in front")


def _is_pdu(cursor: Cursor, at: int) -> bool:
    """Whether the octets from some place on begin as a PDU does: with a type that is known, and a header."""
    octets = [cursor.look(place - cursor.at) for place in range(at, min(at + 3, cursor.end))]
    return len(octets) == 3 and octets[0] == _MESSAGE_TYPE and octets[1] in _TYPES and octets[2] in _NUMBERS


class _Headers:
    """The headers of a PDU as they are read: those with fields, and the others.

    Attributes:
        fields: values by the names of headers that are fields of a message.
        recipients: likewise, of headers that may stand several times.
        others: names and values, in order.
        seen, twice: the bits of headers that are there, and that are there several times.
        content_at: where the value of the Content-Type begins.
    """

    __slots__ = ("_by_number", "_scanner", "content_at", "fields", "others", "recipients", "seen", "twice")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.recipients: dict[str, list[Any]] = {"To": [], "Cc": [], "Bcc": []}
        self.others: list[tuple[str, HeaderValue]] = []
        self.seen = self.twice = self.content_at = 0
        self._by_number: Mapping[int, Header] = BY_NUMBER
        self._scanner = USUAL

    @property
    def refused(self) -> bool:
        """Whether this is the answer to a retrieval, or to a view of a mailbox, that failed."""
        found = dict(self.others)
        names = ("X-Mms-Retrieve-Status", "X-Mms-Response-Status")
        return any(found.get(name, "Ok") != "Ok" for name in names)

    def read(self, cursor: Cursor) -> tuple[str, list[tuple[str, str]]] | None:
        """Read headers up to the Content-Type, and that; None if there is none.

        Raises:
            PduError: also if the type of the PDU is missing, or not handled.
        """
        content = None
        if cursor.left and cursor.peek() != _MESSAGE_TYPE:
            cursor.odd("X-Mms-Message-Type is not the first header")
        while content is None:
            self._scan(cursor)
            if cursor.at == cursor.end:
                break
            first = cursor.peek()
            if cursor.left == 1:
                cursor.odd(f"a single octet 0x{first:02X} behind the last header")
                break
            if first == CONTENT_TYPE:
                cursor.octet()
                self.content_at = cursor.at
                content = _type_of_body(cursor)
            elif first >= 0x80:
                self._read_numbered(cursor)
            else:
                self._read_named(cursor)
        if "X-Mms-Message-Type" not in self.fields:
            raise PduError("no MMS PDU: X-Mms-Message-Type is missing", offset=0)
        return content

    def _scan(self, cursor: Cursor) -> None:
        """Read headers up to the first whose value does not stand there as the standard has it."""
        self.seen, twice, found = cursor.scan(self._scanner, self.seen)
        self.twice |= twice
        for header in found:
            name = header[0]
            if name not in _FIELDS:
                self.others.append(header)
            elif name in self.recipients:
                self.recipients[name].append(header[1])
            else:
                self.fields[name] = header[1]

    def _read_numbered(self, cursor: Cursor) -> None:
        start = cursor.at
        number = cursor.octet()
        header = self._by_number.get(number)
        if header is None:
            cursor.odd(f"header 0x{number:02X} is not known; its value is taken to be {cursor.any_value()!r}")
            return
        value = header.value.read(cursor)
        if number == _MESSAGE_TYPE:
            if value not in PDU_TYPES:
                raise PduError(f"a PDU of type {_shown(value)}, which is not handled", offset=start)
            if header.name not in self.fields:
                self._by_number = by_number(value)
                self._scanner = COUNTED if PDU_TYPES[value].counted else USUAL
        if value is None and header.name not in _FIELDS:
            cursor.odd(f"{header.name}, left out")
            return
        self.twice |= self.seen & header.bit
        self.seen |= header.bit
        self._keep(header.name, value, cursor)

    def _read_named(self, cursor: Cursor) -> None:
        """Read a header whose name is spelled out: one that is not of MMS, as a rule."""
        if not 0x20 < cursor.peek() < 0x7F:
            raise cursor.wrong(f"no header begins with 0x{cursor.peek():02X}")
        name = cursor.token_text()
        header = BY_NAME.get(name.lower())
        if header is None and not is_token(name):
            cursor.odd(f"{name!r} is no name of a header, and is left out: {cursor.text_string()!r}")
        elif header is None and name.lower() not in _FIELD_NAMES:
            self._keep(name, cursor.text_string(), cursor)
        else:
            cursor.odd(f"{name!r} is spelled out, and left out: {cursor.text_string()!r}")

    def _keep(self, name: str, value: HeaderValue | None, cursor: Cursor) -> None:
        if name in self.recipients:
            self.recipients[name].append(value)
        elif name not in _FIELDS:
            self.others.append((name, cast("HeaderValue", value)))
        elif name in self.fields:
            cursor.odd(f"a second {name}, left out: {value!r}")
        else:
            self.fields[name] = value


def _shown(value: HeaderValue | None) -> str:
    return f"0x{value:02X}" if isinstance(value, int) else reprlib.repr(value)


def _type_of_body(cursor: Cursor) -> _Type:
    start = cursor.at
    try:
        return cursor.content_type()
    except PduError:
        cursor.at = start
        return cursor.own_content_type()


def _content(cursor: Cursor, content: _Type, headers: _Headers) -> tuple[_Type, list[Part]]:
    """The content type and the parts behind it; where they fit badly, those of a type that ends by itself."""
    start, noted = cursor.at, len(cursor.quirks)

    def read(content: _Type) -> tuple[_Type, list[Part]]:
        sound = content[0], sound_parameters(content[1], cursor.odd)
        return sound, _body(cursor, *sound, refused=headers.refused)

    failure: PduError | None = None
    found: tuple[_Type, list[Part]] | None = None
    try:
        found = read(content)
    except PduError as error:
        failure = error
    if found is not None and len(cursor.quirks) == noted:
        return found
    told, end = cursor.quirks[noted:], cursor.at
    del cursor.quirks[noted:]
    cursor.at = headers.content_at
    with suppress(PduError):
        own = cursor.own_content_type()
        other = read(own) if cursor.at != start else None
        if other is not None and (found is None or len(cursor.quirks) - noted <= len(told)):
            return other
    cursor.quirks[noted:] = told
    cursor.at = end
    if found is None:
        raise failure or cursor.wrong("no body")
    return found


def _body(
    cursor: Cursor, content_type: str, parameters: list[tuple[str, str]], *, refused: bool
) -> list[Part]:
    if not is_multipart(content_type):
        return [typed(content_type, sound_parameters(parameters, cursor.odd), cursor.take(cursor.left))]
    if not cursor.left:
        cursor.odd("no body behind the Content-Type")
        return []
    start = cursor.at
    try:
        return _Multipart().read(cursor)
    except PduError as error:
        if not refused:
            raise
        cursor.at = start
        cursor.odd(f"the body of a refusal is no multipart: {error.reason}")
        return [Part("application/octet-stream", cursor.take(cursor.left))]


class _Multipart:
    """Reads a body and the multiparts within it, and counts the parts of all."""

    def __init__(self) -> None:
        self.seen = 0

    def read(self, cursor: Cursor, depth: int = 0) -> list[Part]:
        """The parts that fill the rest, in order, those of multiparts among them in their place."""
        count = cursor.uintvar()
        parts: list[Part] = []
        for number in range(count):
            if not cursor.left:
                cursor.odd(f"{count:,} parts are declared, and {number:,} are there")
                break
            self.seen += 1
            if self.seen > MOST_PARTS:
                raise cursor.wrong(f"more than {MOST_PARTS:,} parts")
            parts += self._entry(cursor, depth)
        if cursor.left:
            parts += self._uncounted(cursor, depth)
        return parts

    def _uncounted(self, cursor: Cursor, depth: int) -> list[Part]:
        """The parts behind the last that is counted, if they fill the rest; else that is left out."""
        start, noted = cursor.at, len(cursor.quirks)
        parts: list[Part] = []
        whole = False
        with suppress(PduError):
            while cursor.left and len(cursor.quirks) == noted and self.seen < MOST_PARTS:
                self.seen += 1
                parts += self._entry(cursor, depth)
            whole = not cursor.left and len(cursor.quirks) == noted
        if not whole:
            del cursor.quirks[noted:]
            # What was looked at stays counted: else a hostile body would have it done again and again.
            cursor.at, parts = start, []
            cursor.odd(f"{cursor.left:,} octets behind the last part")
            cursor.at = cursor.end
        else:
            cursor.odd(f"{len(parts)} parts more than are declared")
        return parts

    def _entry(self, cursor: Cursor, depth: int) -> list[Part]:
        """A part; or several, where the part is a multipart itself."""
        head_length, data_length = cursor.uintvar(), cursor.uintvar()
        head, body = cursor.within(head_length), cursor.within(data_length)
        start = body.at
        part = _described(head, body)
        # Data that are no view had a transfer encoding; a boundary means that they
        # are a multipart as in mail.
        binary = isinstance(part.data, memoryview) and "boundary" not in dict(part.parameters)
        if is_multipart(part.content_type) and binary and depth >= MOST_NESTED:
            body.odd(TOO_DEEP)
        elif is_multipart(part.content_type) and binary:
            body.at = start
            try:
                parts = self.read(body, depth + 1)
                body.odd(f"a part is {part.content_type!r}; its {len(parts)} parts stand in its place")
                return unwrapped(part, parts)
            except PduError as error:
                body.odd(f"a part is called {part.content_type!r} and is none: {error.reason}")
        return [part]


def _described(head: Cursor, body: Cursor) -> Part:
    """A part as its head describes it, as far as that can be read."""
    size = body.left
    start, noted = head.at, len(head.quirks)
    (content_type, parameters), headers = _part_head(head, own=False)
    if noted < len(head.quirks) < MOST_TOLD:
        # A length in it may be wrong: what ends by itself is rather believed if it fits as well.
        told, end = head.quirks[noted:], head.at
        del head.quirks[noted:]
        head.at = start
        other = _part_head(head, own=True)
        if other[1].lengths and len(head.quirks) - noted <= len(told):
            (content_type, parameters), headers = other
        else:
            head.quirks[noted:] = told
            head.at = end
    if not content_type:
        return as_presentation(Part("application/octet-stream", body.take(size)), head.odd)
    if headers.length not in (None, str(size)):
        head.odd(f"Content-Length is {headers.length!r}, and there are {size:,} octets")
    data = body.take(size)
    part = replace(
        typed(content_type, parameters, untransferred(data, headers.transfer_encoding, body.odd)),
        content_id=headers.fields.get("content_id"),
        content_location=headers.fields.get("content_location"),
        disposition=headers.fields.get("disposition"),
        filename=headers.fields.get("filename"),
        headers=tuple(headers.others),
    )
    return as_presentation(part, head.odd)


def _part_head(head: Cursor, *, own: bool) -> tuple[_Type, _PartHeaders]:
    """The content type of a part, empty where there is none, and the other headers that can be read.

    Args:
        head: all of them.
        own: believe no length of a content type or a disposition, but where they end by themselves.
    """
    headers = _PartHeaders(own=own)
    start, noted = head.at, len(head.quirks)
    try:
        content_type, parameters = head.own_content_type() if own else head.content_type()
    except PduError as error:
        head.odd(f"a part without a content type: {error.reason}")
        return ("", []), headers
    headers.lengths = own and start < head.at and len(head.quirks) > noted
    sound = sound_parameters(parameters, head.odd)
    try:
        while head.left:
            headers.read(head)
    except PduError as error:
        head.odd(f"the other headers of a part can't be read: {error.reason}")
    return (content_type, sound), headers


class _PartHeaders:
    """The headers of a part as they are read: those with fields, and the others.

    Attributes:
        lengths: whether a length was wrong.
    """

    def __init__(self, *, own: bool) -> None:
        self.lengths = False
        self._own = own
        self.fields: dict[str, str] = {}
        self.others: list[tuple[str, str]] = []
        self.length: str | None = None
        self.transfer_encoding = "binary"

    def read(self, head: Cursor) -> None:
        """Read one header."""
        first = head.peek()
        if 0x20 < first < 0x7F:
            name = head.token_text()
        elif first >= 0x80:
            head.octet()
            name = PART_HEADERS.get(first & 0x7F, f"0x{first:02X}")
        else:
            raise head.wrong(f"no header begins with 0x{first:02X}")
        if first < 0x80 and not is_token(name):
            head.odd(f"{name!r} is no name of a header, and is left out: {head.text_string()!r}")
            return
        if first >= 0x80 and name.startswith("0x"):
            head.odd(f"part header {name} is not known; its value is taken to be {head.any_value()!r}")
            return
        match name.lower():
            case "content-id":
                self._keep("content_id", head.quoted_string().strip(ID_MARKS), head)
            case "content-location":
                self._keep("content_location", head.uri(), head)
            case "content-disposition":
                self._read_disposition(head)
            case "content-transfer-encoding":
                self.transfer_encoding = head.text_string().strip().lower()
            case "content-length":
                self.length = _numeric(head)
            case "content-type":
                head.odd(f"a second Content-Type, left out: {head.content_type()[0]!r}")
            case "accept-charset":
                self.others.append((name, head.charset()))
            case "date" | "expires" | "last-modified":
                self.others.append((name, _numeric(head)))
            case _:
                self.others.append((name, head.any_value() if first >= 0x80 else head.text_string()))

    def _read_disposition(self, head: Cursor) -> None:
        first = head.peek()
        if 0x20 <= first < 0x80:
            text = head.text_string()
            disposition, parameters = text.partition(";")[0].strip().lower(), parameters_of_text(text)
        else:
            if first >= 0x80:
                head.odd("a Content-Disposition without a length")
            inner = head.within(1 if first >= 0x80 else head.value_length()) if not self._own else head
            end = head.value_length() + head.at if self._own and first < 0x80 else 0
            if 0x20 <= inner.peek() < 0x80:
                disposition = inner.token_text().lower()
            else:
                # What is not known counts as an attachment (RFC 2183, 2.8).
                disposition = _DISPOSITIONS.get(inner.octet(), "attachment")
            parameters = inner.own_parameters() if self._own else inner.parameters()
            if end and end != head.at:
                self.lengths = True
                head.told_length(end, "a disposition")
        if not is_token(disposition):
            # What is not known counts as an attachment (RFC 2183, 2.8).
            head.odd(f"{disposition!r} is no disposition, taken for an attachment")
            disposition = "attachment"
        self._keep("disposition", disposition, head)
        for name, value in parameters:
            if name == "filename":
                self._keep("filename", value, head)
            else:
                head.odd(f"a parameter of Content-Disposition, left out: {name}={value!r}")

    def _keep(self, field: str, value: str, head: Cursor) -> None:
        if field in self.fields:
            head.odd(f"a second {field.replace('_', ' ')}, left out: {value!r}")
        else:
            self.fields[field] = value


def _numeric(head: Cursor) -> str:
    """A number, or the text that stands in its place."""
    return head.text_string() if 0x20 <= head.peek() < 0x80 else str(head.integer())
