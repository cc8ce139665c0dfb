"""Reads MMS PDUs (OMA-TS-MMS_ENC-V1_3) as messages.

The reader accepts the PDUs of real messages. It copies no data of parts: these are views into the PDU. It
makes the following changes:

- It decodes base64 and quoted-printable in a part, and drops the Content-Transfer-Encoding and the
  Content-Length.
- The parts of a nested multipart take its place. The first part takes the names of the multipart, if the part
  has no names.
- A body that is not a multipart, as in the refusal of a retrieval, becomes one part.
- It decodes encoded words in a subject, and drops byte order marks.
- It removes the frame of a WAP Push (WAP-230-WSP, 8.2.4.1) around a notification.

The oddities of the message list all other deviations.
"""

from __future__ import annotations

import reprlib
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from transcode.errors import PduError
from transcode.model import MessageFields, Part
from transcode.wire.mm1 import content_types
from transcode.wire.mm1.cursor import Cursor
from transcode.wire.mm1.headers import BY_NAME, BY_NUMBER, CONTENT_TYPE, by_number
from transcode.wire.mm1.multipart import Multipart
from transcode.wire.mm1.pdu_types import FIELD_NAMES, FIELDS, PDU_TYPES
from transcode.wire.mm1.scanners import COUNTED, SCANNED, USUAL
from transcode.wire.parts import is_token, sound_parameters, typed
from transcode.wire.rules import is_multipart, unbroken, violations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from transcode.model import HeaderValue, MessageType
    from transcode.wire.mm1.headers import Header
    from transcode.wire.mm1.multipart import ContentType

__all__ = ["from_bytes"]

_PDU_CONTENT_TYPE = "application/vnd.wap.mms-message"
_MESSAGE_TYPE = BY_NAME["x-mms-message-type"].number


def from_bytes(pdu: bytes | bytearray | memoryview) -> MessageFields:
    """Read a PDU of one of the types in pdu_types.PDU_TYPES.

    The data of parts are views into the argument. Do not change the argument while the message is in use.

    Raises:
        PduError: the octets are not a PDU of these types, or lengths in the PDU contradict each other.
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
        cursor.odd(f"the PDU has a Content-Type, but {pdu_type.name} has no body")
    elif content is not None:
        (content_type, parameters), parts = _content(cursor, content, headers)
        if not is_multipart(content_type):
            # The part has the parameters.
            parameters = []
    if "From" in pdu_type.required and "From" not in fields and pdu_type.by_client:
        cursor.odd("From is missing")
    # The arguments have the order of the fields: keyword arguments would take a third more time.
    message = MessageFields(
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
        oddities=tuple(cursor.oddities),
    )
    if unbroken(message, headers.seen, headers.twice):
        return message
    for fault in violations(message):
        cursor.odd(fault)
    return replace(message, oddities=tuple(cursor.oddities))


#: The PDU types ConfirmedPush and Push (WAP-230-WSP, table 34).
_PUSHES = (0x05, 0x06)
#: Octets between the content type of a push and its PDU at most.
_LONGEST_PUSH = 1000
#: The octets of PDU types.
_TYPES = range(0x80, 0x80 + len(PDU_TYPES))


def _push(cursor: Cursor) -> None:
    """Move behind the frame of a WAP Push, if the octets begin with a frame.

    A frame has a transaction number, a type (Push or ConfirmedPush), the length of the headers, and the
    headers, of which the first is the content type of the rest.
    """
    if cursor.end < 3 or cursor.look(1) not in _PUSHES:
        return
    start = cursor.at
    try:
        cursor.take(2)
        end = cursor.uintvar() + cursor.at
        head = cursor.within(cursor.left)
        content_type, _ = content_types.content_type(head)
    except PduError:
        content_type = ""
    cursor.at = start
    if content_type != _PDU_CONTENT_TYPE:
        return
    if not head.at <= end < cursor.end or not _is_pdu(cursor, end):
        # Some writers send a wrong length of the headers. A PDU begins with its type.
        ahead = range(head.at, min(cursor.end, head.at + _LONGEST_PUSH))
        end = next((at for at in ahead if _is_pdu(cursor, at)), min(end, cursor.end))
    cursor.at = end
    cursor.odd(f"a WAP Push frame of {end - start} octets precedes the message")


def _is_pdu(cursor: Cursor, at: int) -> bool:
    """Whether the octets at a place are the beginning of a PDU: a known type, and the octet of a header."""
    octets = [cursor.look(place - cursor.at) for place in range(at, min(at + 3, cursor.end))]
    return len(octets) == 3 and octets[0] == _MESSAGE_TYPE and octets[1] in _TYPES and octets[2] in BY_NUMBER


class _Headers:
    """Collects the headers of a PDU.

    Attributes:
        fields: values of headers that are fields of a message, by the header's name.
        recipients: lists of the values of To, Cc and Bcc, by the header's name.
        others: names and values of the other headers, in order.
        seen, twice: bits (Header.bit) of the headers that the PDU has, and has several times.
        content_at: the place of the value of the Content-Type, in octets.
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
        """Whether the PDU answers a retrieval, or a view of a mailbox, that failed."""
        found = dict(self.others)
        names = ("X-Mms-Retrieve-Status", "X-Mms-Response-Status")
        return any(found.get(name, "Ok") != "Ok" for name in names)

    def read(self, cursor: Cursor) -> tuple[str, list[tuple[str, str]]] | None:
        """Read the headers. Return the Content-Type, which is the last header; None where the PDU has none.

        Raises:
            PduError: a header can't be read, or the type of the PDU is missing or not supported.
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
                cursor.odd(f"a single octet 0x{first:02X} follows the last header")
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
            raise PduError("not an MMS PDU: X-Mms-Message-Type is missing", offset=0)
        return content

    def _scan(self, cursor: Cursor) -> None:
        """Read headers up to the first whose value does not follow the standard."""
        seen, twice, found = cursor.scan(self._scanner, self.seen & SCANNED)
        self.seen |= seen
        self.twice |= twice
        for header in found:
            name = header[0]
            if name not in FIELDS:
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
            cursor.odd(f"header 0x{number:02X} is not known; its value is read as {cursor.any_value()!r}")
            return
        value = header.value.read(cursor)
        if number == _MESSAGE_TYPE:
            if value not in PDU_TYPES:
                raise PduError(f"the PDU has type {_shown(value)}, which is not supported", offset=start)
            if header.name not in self.fields:
                self._by_number = by_number(value)
                self._scanner = COUNTED if PDU_TYPES[value].counted else USUAL
        if value is None and header.name not in FIELDS:
            cursor.odd(f"{header.name} has an invalid value, left out")
            return
        self.twice |= self.seen & header.bit
        self.seen |= header.bit
        self._keep(header.name, value, cursor)

    def _read_named(self, cursor: Cursor) -> None:
        """Read a header whose name is text. As a rule, MMS does not define the header."""
        if not 0x20 < cursor.peek() < 0x7F:
            raise cursor.wrong(f"0x{cursor.peek():02X} can't begin a header")
        name = cursor.token_text()
        header = BY_NAME.get(name.lower())
        if header is None and not is_token(name):
            cursor.odd(f"{name!r} is not a header name, left out: {cursor.text_string()!r}")
        elif header is None and name.lower() not in FIELD_NAMES:
            self._keep(name, cursor.text_string(), cursor)
        else:
            cursor.odd(f"the name {name!r} is in text form, not an octet, left out: {cursor.text_string()!r}")

    def _keep(self, name: str, value: HeaderValue | None, cursor: Cursor) -> None:
        if name in self.recipients:
            self.recipients[name].append(value)
        elif name not in FIELDS:
            self.others.append((name, cast("HeaderValue", value)))
        elif name in self.fields:
            cursor.odd(f"a second {name} is left out: {value!r}")
        else:
            self.fields[name] = value


def _shown(value: HeaderValue | None) -> str:
    return f"0x{value:02X}" if isinstance(value, int) else reprlib.repr(value)


def _type_of_body(cursor: Cursor) -> ContentType:
    start = cursor.at
    try:
        return content_types.content_type(cursor)
    except PduError:
        cursor.at = start
        return content_types.own_content_type(cursor)


def _content(cursor: Cursor, content: ContentType, headers: _Headers) -> tuple[ContentType, list[Part]]:
    """Return the content type and the parts behind it.

    If they give an error or an oddity, the length of the content type may be wrong. Then the reading that
    ignores this length is used, if it gives no more oddities.
    """
    start, noted = cursor.at, len(cursor.oddities)

    def read(content: ContentType) -> tuple[ContentType, list[Part]]:
        sound = content[0], sound_parameters(content[1], cursor.odd)
        return sound, _body(cursor, *sound, refused=headers.refused)

    failure: PduError | None = None
    found: tuple[ContentType, list[Part]] | None = None
    try:
        found = read(content)
    except PduError as error:
        failure = error
    if found is not None and len(cursor.oddities) == noted:
        return found
    told, end = cursor.oddities[noted:], cursor.at
    del cursor.oddities[noted:]
    cursor.at = headers.content_at
    with suppress(PduError):
        own = content_types.own_content_type(cursor)
        other = read(own) if cursor.at != start else None
        if other is not None and (found is None or len(cursor.oddities) - noted <= len(told)):
            return other
    cursor.oddities[noted:] = told
    cursor.at = end
    if found is None:
        raise failure or cursor.wrong("the body can't be read")
    return found


def _body(
    cursor: Cursor, content_type: str, parameters: list[tuple[str, str]], *, refused: bool
) -> list[Part]:
    if not is_multipart(content_type):
        return [typed(content_type, sound_parameters(parameters, cursor.odd), cursor.take(cursor.left))]
    if not cursor.left:
        cursor.odd("no body follows the Content-Type")
        return []
    start = cursor.at
    try:
        return Multipart().read(cursor)
    except PduError as error:
        if not refused:
            raise
        cursor.at = start
        cursor.odd(f"the body of a refusal is not a multipart: {error.reason}")
        return [Part("application/octet-stream", cursor.take(cursor.left))]
