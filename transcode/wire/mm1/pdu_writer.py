"""Writes messages as MMS PDUs (OMA-TS-MMS_ENC-V1_3).

The writer uses the fewest octets. It refuses values that a reader could misread, and PDUs that break a rule
of the standard: PDUs without a header that their type requires, or with a header that their MMS version does
not have. With ``strict=False`` it checks the values only, so that messages of other writers can be written
again. The writer adds nothing, with one exception: where a client sends the PDU and the sender is None, From
asks the network to insert the address. The limit, the reports and the oddities of a message are not written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ParamSpec

from transcode.errors import MessageError
from transcode.wire.mm1 import wsp
from transcode.wire.mm1.headers import CONTENT_TYPE, by_name
from transcode.wire.mm1.pdu_types import FIELD_NAMES, PDU_TYPES
from transcode.wire.mm1.wsp_numbers import DISPOSITIONS
from transcode.wire.parts import ID_MARKS, PART_FIELDS, data_sizes
from transcode.wire.rules import is_multipart, violations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.model import HeaderValue, MessageFields, Part
    from transcode.wire.mm1.headers import Header

__all__ = ["length", "overhead", "to_bytes"]

_Values = ParamSpec("_Values")

_CONTENT_LOCATION = b"\x8e"
_CONTENT_ID = b"\xc0"
_CONTENT_DISPOSITION = b"\xae"
_DISPOSITION_NUMBERS = {name: number for number, name in DISPOSITIONS.items()}


def to_bytes(message: MessageFields, *, strict: bool = True) -> bytes:
    """Return the message as a PDU.

    Args:
        message: the message to write.
        strict: refuse a PDU that breaks a rule (rules.violations).

    Raises:
        MessageError: a value can't be sent, or a rule is broken; the error names the field.
    """
    if strict and not message.version:
        raise MessageError("X-Mms-MMS-Version: '' is not a version such as 1.2")
    first, *frames = _frames(message, data_sizes(message, None))
    fault = next(violations(message), None) if strict else None
    if fault is not None:
        raise MessageError(f"{PDU_TYPES[message.message_type].name}: {fault}")
    pieces: list[bytes | memoryview] = [first]
    for frame, part in zip(frames, message.parts, strict=True):
        pieces += (frame, part.data)
    return b"".join(pieces)


def length(message: MessageFields, sizes: Sequence[int] | None = None) -> int:
    """Return the size of the result of to_bytes, in octets. The data of the parts are not needed.

    The sizes, and the error about a wrong number of sizes, are those of transcode.wire.parts.data_sizes().

    Raises:
        MessageError: a value can't be sent.
    """
    sizes = data_sizes(message, sizes)
    return sum(map(len, _frames(message, sizes))) + sum(sizes)


def overhead(message: MessageFields, sizes: Sequence[int] | None = None) -> int:
    """Return the octets of the PDU that are not data of parts; arguments as for length.

    The frame of a part holds the size of its data, so the overhead depends on the sizes.
    """
    return sum(map(len, _frames(message, data_sizes(message, sizes))))


def _frames(message: MessageFields, sizes: Sequence[int]) -> list[bytes]:
    """Return the octets in front of the first part's frame, followed by the frame of each part."""
    pdu_type = PDU_TYPES.get(message.message_type)
    if pdu_type is None:
        raise MessageError(f"message_type: {message.message_type!r} is not one of {', '.join(PDU_TYPES)}")
    head = _head(message)
    if message.content_type is None:
        if message.parts:
            raise MessageError("content_type: is None, but there are parts")
        return [head]
    if not pdu_type.body:
        raise MessageError(f"content_type: must be None, because {pdu_type.name} has no body")
    if not is_multipart(message.content_type):
        return [head + _sole_body_type(message), b""]
    body_type = _written("content_type", wsp.content_type, message.content_type, message.parameters)
    count = _written("parts", wsp.uintvar, len(message.parts))
    frames = [_frame(f"parts[{i}]", message.parts[i], size) for i, size in enumerate(sizes)]
    return [head + bytes((CONTENT_TYPE,)) + body_type + count, *frames]


def _head(message: MessageFields) -> bytes:
    """Return the headers in front of the Content-Type, in the order that the standard requires."""
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
        if name.lower() in FIELD_NAMES:
            raise MessageError(f"headers: {name} is a field of the message")
        lines.append(_line(name, value, known))
    return b"".join(lines)


def _line(name: str, value: HeaderValue | None, known: Mapping[str, Header]) -> bytes:
    header = known.get(name.lower())
    if header is not None:
        return bytes((header.number,)) + _written(header.name, header.value.write, value)
    if not isinstance(value, str):
        raise MessageError(f"header {name!r}: is not an MMS header, so its value must be text")
    label = f"header {name!r}"
    return _written(label, wsp.token_text, name) + _written(label, wsp.text_string, value)


def _sole_body_type(message: MessageFields) -> bytes:
    """Return the Content-Type of a body that is not a multipart, and so has no headers of parts."""
    if len(message.parts) != 1:
        raise MessageError(f"parts: {message.content_type} is not a multipart, so there must be one part")
    part = message.parts[0]
    bare = replace(part, content_id=None, content_location=None, disposition=None, filename=None, headers=())
    if part != bare:
        raise MessageError("parts[0]: has headers, which only a part of a multipart can have")
    if message.parameters or part.content_type != message.content_type:
        raise MessageError("content_type: must equal that of the part, and the part has the parameters")
    return bytes((CONTENT_TYPE,)) + _part_type("parts[0]", part)


def _frame(field: str, part: Part, size: int) -> bytes:
    """Return the octets in front of a part's data: both lengths, content type, headers."""
    pieces = [_part_type(field, part)]
    if part.content_id is not None:
        if part.content_id != part.content_id.strip(ID_MARKS):
            raise MessageError(f"{field}.content_id: must have no brackets, quotes or blanks around it")
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
        raise MessageError(f"{field}.filename: needs a disposition, but disposition is None")
    for name, value in part.headers:
        if name.lower() in PART_FIELDS:
            raise MessageError(f"{field}.headers: the writer sets {name}")
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
    """Return the result of write; its ValueError becomes a MessageError that names the field."""
    try:
        return write(*args, **named)
    except ValueError as error:
        raise MessageError(f"{field}: {error}") from error
