"""The values that the rooms pass to each other: frozen dataclasses of plain data.

Widths and heights are in pixels, sizes in bytes, times in seconds. No value depends on a codec, a
carrier or a wire format.
"""

from transcode.model.limits import (
    DEFAULT_CODECS,
    DEFAULT_FORMATS,
    H264_PROFILES,
    MAX_CLIP_SECONDS,
    MAX_PIXELS,
    ClipInfo,
    FitOptions,
    FitProgress,
    Limits,
    Note,
    ProgressCallback,
    Rendition,
    Report,
    ReportCallback,
    Source,
    Trial,
)
from transcode.model.message import (
    Form,
    HeaderValue,
    MessageClass,
    MessageFields,
    MessageType,
    Part,
    Priority,
    SendOptions,
    Slide,
    SlideParts,
    SomeMessage,
)

__all__ = [
    "DEFAULT_CODECS",
    "DEFAULT_FORMATS",
    "H264_PROFILES",
    "MAX_CLIP_SECONDS",
    "MAX_PIXELS",
    "ClipInfo",
    "FitOptions",
    "FitProgress",
    "Form",
    "HeaderValue",
    "Limits",
    "MessageClass",
    "MessageFields",
    "MessageType",
    "Note",
    "Part",
    "Priority",
    "ProgressCallback",
    "Rendition",
    "Report",
    "ReportCallback",
    "SendOptions",
    "Slide",
    "SlideParts",
    "SomeMessage",
    "Source",
    "Trial",
]
