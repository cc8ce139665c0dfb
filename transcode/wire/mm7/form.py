"""The registry entry of the wire form MM7."""

from __future__ import annotations

from transcode.wire.form import WireForm
from transcode.wire.mm7 import mm7, mm7_convert
from transcode.wire.mm7.schema import SCHEMAS

__all__ = ["MM7"]

MM7 = WireForm(
    "mm7",
    message_types=tuple(SCHEMAS),
    conversion=mm7_convert,
    read=lambda data, content_type: mm7.from_bytes(data, content_type=content_type or None),
    write=lambda message, strict: mm7.to_http(message, strict=strict).body,
    length=mm7.length,
    submitted="mm7-submit-req",
    received="mm7-deliver-req",
    delivery_report="mm7-delivery-report-req",
    read_report="mm7-read-reply-req",
    carries=("m-send-req", "m-delivery-ind", "m-read-rec-ind", "m-read-orig-ind"),
)
