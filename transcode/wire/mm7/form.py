"""MM7 as a row of the registry of forms."""

from __future__ import annotations

from transcode.wire.form import WireForm
from transcode.wire.mm7 import mm7
from transcode.wire.mm7.mm7_convert import as_submission

__all__ = ["MM7"]

MM7 = WireForm(
    "mm7",
    read=mm7.from_bytes,
    converted=as_submission,
    write=lambda message, strict: mm7.to_http(as_submission(message), strict=strict).body,
    length=lambda message, sizes: mm7.length(as_submission(message), sizes),
)
