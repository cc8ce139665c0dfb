"""The entry of MM1 in the registry of forms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.wire.form import WireForm
from transcode.wire.mm1 import mm1_convert, pdu_reader, pdu_writer
from transcode.wire.mm1.pdu_types import PDU_TYPES

if TYPE_CHECKING:
    from transcode.model import MessageFields

__all__ = ["MM1"]

#: The least octet that numbers a header. A PDU begins with such an octet; a smaller one is a header as text.
_FIRST_NUMBER = 0x80


def _read(data: bytes | bytearray | memoryview, _content_type: str = "") -> MessageFields:
    if not data or data[0] >= _FIRST_NUMBER:
        return pdu_reader.from_bytes(data)
    # The first octet is not that of a PDU: transport framing may precede the PDU.
    from transcode.wire.frames import unframed

    octets, oddities = unframed(data if isinstance(data, bytes) else memoryview(data).cast("B").toreadonly())
    found = pdu_reader.from_bytes(octets)
    return replace(found, oddities=(*oddities, *found.oddities)) if oddities else found


MM1 = WireForm(
    "mm1",
    message_types=tuple(PDU_TYPES),
    conversion=mm1_convert,
    read=_read,
    write=lambda message, strict: pdu_writer.to_bytes(message, strict=strict),
    length=pdu_writer.length,
    submitted="m-send-req",
    received="m-retrieve-conf",
    delivery_report="m-delivery-ind",
    read_report="m-read-orig-ind",
    only_gives={"m-read-rec-ind": "read report"},
    only_takes={"m-notification-ind": "message"},
)
