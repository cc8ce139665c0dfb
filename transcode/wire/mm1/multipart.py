"""Reads the parts of a PDU's body (WAP-230-WSP, 8.5) and their headers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.counted import counted
from transcode.errors import PduError
from transcode.model import Part
from transcode.wire.mm1 import content_types
from transcode.wire.mm1.cursor import MOST_TOLD
from transcode.wire.mm1.wsp_numbers import DISPOSITIONS, PART_HEADERS
from transcode.wire.parts import (
    ID_MARKS,
    MOST_NESTED,
    MOST_PARTS,
    TOO_DEEP,
    as_presentation,
    is_token,
    sound_parameters,
    typed,
    untransferred,
    unwrapped,
    unwrapping,
)
from transcode.wire.rules import is_multipart
from transcode.wire.texts import parameters_of_text

if TYPE_CHECKING:
    from transcode.wire.mm1.cursor import Cursor

__all__ = ["ContentType", "Multipart"]

#: A content type and its parameters.
ContentType = tuple[str, list[tuple[str, str]]]


class Multipart:
    """Reads a body and its nested multiparts.

    Attributes:
        seen: the number of parts read, those of nested multiparts included.
    """

    def __init__(self) -> None:
        self.seen = 0

    def read(self, cursor: Cursor, depth: int = 0) -> list[Part]:
        """Return the parts up to the cursor's end. The parts of a nested multipart take its place."""
        count = cursor.uintvar()
        parts: list[Part] = []
        for number in range(count):
            if not cursor.left:
                cursor.odd(f"{counted(count, 'part is', 'parts are')} declared, but the body has {number:,}")
                break
            self.seen += 1
            if self.seen > MOST_PARTS:
                raise cursor.wrong(f"more than {MOST_PARTS:,} parts")
            parts += self._entry(cursor, depth)
        if cursor.left:
            parts += self._uncounted(cursor, depth)
        return parts

    def _uncounted(self, cursor: Cursor, depth: int) -> list[Part]:
        """Return the parts behind the declared ones if they fill the body to its end; else skip its rest."""
        start, noted = cursor.at, len(cursor.oddities)
        parts: list[Part] = []
        whole = False
        with suppress(PduError):
            while cursor.left and len(cursor.oddities) == noted and self.seen < MOST_PARTS:
                self.seen += 1
                parts += self._entry(cursor, depth)
            whole = not cursor.left and len(cursor.oddities) == noted
        if not whole:
            del cursor.oddities[noted:]
            # Parts that were tried stay counted: a hostile body could repeat the trial endlessly otherwise.
            cursor.at, parts = start, []
            cursor.odd(f"{cursor.left:,} octets behind the last part are skipped")
            cursor.at = cursor.end
        else:
            cursor.odd(f"the body has {counted(len(parts), 'part')} more than are declared")
        return parts

    def _entry(self, cursor: Cursor, depth: int) -> list[Part]:
        """Return a part; for a nested multipart its parts."""
        head_length, data_length = cursor.uintvar(), cursor.uintvar()
        head, body = cursor.within(head_length), cursor.within(data_length)
        start = body.at
        part = _described(head, body)
        # Data that are not a view had a transfer encoding. A boundary marks a multipart in the form of mail.
        binary = isinstance(part.data, memoryview) and "boundary" not in dict(part.parameters)
        if is_multipart(part.content_type) and binary and depth >= MOST_NESTED:
            body.odd(TOO_DEEP)
        elif is_multipart(part.content_type) and binary:
            body.at = start
            try:
                parts = self.read(body, depth + 1)
                body.odd(unwrapping(part.content_type, len(parts)))
                return unwrapped(part, parts)
            except PduError as error:
                body.odd(f"a part declared as {part.content_type!r} is not a multipart: {error.reason}")
        return [part]


def _described(head: Cursor, body: Cursor) -> Part:
    """Return a part with the content type and headers of its head, as far as the head can be read."""
    size = body.left
    start, noted = head.at, len(head.oddities)
    (content_type, parameters), headers = _part_head(head, own=False)
    if noted < len(head.oddities) < MOST_TOLD:
        # A length may be wrong. The reading that ignores lengths is used if it gives no more oddities.
        told, end = head.oddities[noted:], head.at
        del head.oddities[noted:]
        head.at = start
        other = _part_head(head, own=True)
        if other[1].lengths and len(head.oddities) - noted <= len(told):
            (content_type, parameters), headers = other
        else:
            head.oddities[noted:] = told
            head.at = end
    if not content_type:
        return as_presentation(Part("application/octet-stream", body.take(size)), head.odd)
    if headers.length not in (None, str(size)):
        head.odd(f"Content-Length is {headers.length!r}, but the part has {size:,} octets")
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


def _part_head(head: Cursor, *, own: bool) -> tuple[ContentType, _PartHeaders]:
    """Return the content type of a part, empty where it has none, and the other headers that can be read.

    Args:
        head: a cursor over the headers.
        own: whether to ignore the lengths of a content type and a disposition, whose ends can be found
            without the lengths.
    """
    headers = _PartHeaders(own=own)
    start, noted = head.at, len(head.oddities)
    try:
        read = content_types.own_content_type if own else content_types.content_type
        content_type, parameters = read(head)
    except PduError as error:
        head.odd(f"a part has no valid content type: {error.reason}")
        return ("", []), headers
    headers.lengths = own and start < head.at and len(head.oddities) > noted
    sound = sound_parameters(parameters, head.odd)
    try:
        while head.left:
            headers.read(head)
    except PduError as error:
        head.odd(f"the rest of a part's headers can't be read: {error.reason}")
    return (content_type, sound), headers


class _PartHeaders:
    """Collects the headers of a part.

    Attributes:
        lengths: whether a length was wrong.
        fields: headers that are fields of Part, by the field's name.
        others: names and values of the other headers, in order.
        length: the value of Content-Length; None where the part has none.
        transfer_encoding: the transfer encoding in lower case.
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
            raise head.wrong(f"0x{first:02X} can't begin a header")
        if first < 0x80 and not is_token(name):
            head.odd(f"{name!r} is not a header name, left out: {head.text_string()!r}")
            return
        if first >= 0x80 and name.startswith("0x"):
            head.odd(f"part header {name} is not known; its value is read as {head.any_value()!r}")
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
                head.odd(f"a second Content-Type is left out: {content_types.content_type(head)[0]!r}")
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
                head.odd("a Content-Disposition has no length")
            inner = head.within(1 if first >= 0x80 else head.value_length()) if not self._own else head
            end = head.value_length() + head.at if self._own and first < 0x80 else 0
            if 0x20 <= inner.peek() < 0x80:
                disposition = inner.token_text().lower()
            else:
                # An unknown disposition counts as attachment (RFC 2183, 2.8).
                disposition = DISPOSITIONS.get(inner.octet(), "attachment")
            parameters = content_types.own_parameters(inner) if self._own else content_types.parameters(inner)
            if end and end != head.at:
                self.lengths = True
                head.told_length(end, "a disposition")
        if not is_token(disposition):
            # An unknown disposition counts as attachment (RFC 2183, 2.8).
            head.odd(f"{disposition!r} is not a disposition, read as attachment")
            disposition = "attachment"
        self._keep("disposition", disposition, head)
        for name, value in parameters:
            if name == "filename":
                self._keep("filename", value, head)
            else:
                head.odd(f"a parameter of Content-Disposition is left out: {name}={value!r}")

    def _keep(self, field: str, value: str, head: Cursor) -> None:
        if field in self.fields:
            head.odd(f"a second {field.replace('_', ' ')} is left out: {value!r}")
        else:
            self.fields[field] = value


def _numeric(head: Cursor) -> str:
    """Return a number as text, or the text in its place."""
    return head.text_string() if 0x20 <= head.peek() < 0x80 else str(head.integer())
