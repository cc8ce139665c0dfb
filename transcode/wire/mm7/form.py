"""The registry entry of the wire form MM7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.wire.form import WireForm
from transcode.wire.mm7 import mm7, mm7_convert
from transcode.wire.mm7.schema import SCHEMAS

if TYPE_CHECKING:
    from transcode.model import MessageType
    from transcode.wire.submission import Kind

__all__ = ["MM7"]

#: The message types that can be converted, in both directions.
_KINDS: dict[MessageType, Kind] = {
    "mm7-submit-req": "message",
    "mm7-deliver-req": "message",
    "mm7-delivery-report-req": "delivery report",
    "mm7-read-reply-req": "read report",
}

MM7 = WireForm(
    "mm7",
    message_types=tuple(SCHEMAS),
    read=lambda data, content_type: mm7.from_bytes(data, content_type=content_type or None),
    write=lambda message, strict: mm7.to_http(message, strict=strict).body,
    length=mm7.length,
    gives=_KINDS,
    takes=_KINDS,
    to_submission=mm7_convert.to_submission,
    from_submission=mm7_convert.from_submission,
    carries={
        "m-send-req": "mm7-submit-req",
        "m-delivery-ind": "mm7-delivery-report-req",
        "m-read-rec-ind": "mm7-read-reply-req",
        "m-read-orig-ind": "mm7-read-reply-req",
    },
    submitted="mm7-submit-req",
    received="mm7-deliver-req",
    delivery_report="mm7-delivery-report-req",
    read_report="mm7-read-reply-req",
)
