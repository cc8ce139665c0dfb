"""MM1 as a row of the registry of forms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.wire.form import WireForm
from transcode.wire.mm1 import pdu_reader, pdu_writer

if TYPE_CHECKING:
    from transcode.model import MessageFields

__all__ = ["MM1"]

#: Below it the first octet of a PDU is none of a header by its number.
_TEXT = 0x80


def _read(data: bytes | bytearray | memoryview) -> MessageFields:
    if not data or data[0] >= _TEXT:
        return pdu_reader.from_bytes(data)
    # It begins as no PDU should: something may stand in front of it.
    from transcode.wire.frames import unframed

    octets, oddities = unframed(data if isinstance(data, bytes) else memoryview(data).cast("B").toreadonly())
    found = pdu_reader.from_bytes(octets)
    return replace(found, oddities=(*oddities, *found.oddities)) if oddities else found


MM1 = WireForm(
    "mm1",
    read=_read,
    converted=lambda message: message,
    write=lambda message, strict: pdu_writer.to_bytes(message, strict=strict),
    length=pdu_writer.length,
)
