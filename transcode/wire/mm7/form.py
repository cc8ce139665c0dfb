"""The registry entry of the wire form MM7."""

from __future__ import annotations

from transcode.wire.form import WireForm
from transcode.wire.mm7 import mm7, mm7_convert
from transcode.wire.mm7.schema import SCHEMAS

__all__ = ["MM7"]

MM7 = WireForm(
    "mm7",
    message_types=tuple(SCHEMAS),
    read=lambda data, content_type: mm7.from_bytes(data, content_type=content_type or None),
    write=lambda message, strict: mm7.to_http(message, strict=strict).body,
    length=mm7.length,
    to_submission=mm7_convert.to_submission,
    from_submission=mm7_convert.from_submission,
    submitted="mm7-submit-req",
    received="mm7-deliver-req",
    delivery_report="mm7-delivery-report-req",
    read_report="mm7-read-reply-req",
    carries={
        "m-send-req": "mm7-submit-req",
        "m-delivery-ind": "mm7-delivery-report-req",
        "m-read-rec-ind": "mm7-read-reply-req",
        "m-read-orig-ind": "mm7-read-reply-req",
    },
)
