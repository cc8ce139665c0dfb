"""The values that the rooms pass to each other: frozen dataclasses of plain data.

Widths and heights are in pixels, sizes in bytes, times in seconds. No value depends on a codec, a
carrier or a wire format.
"""

from transcode.model.limits import (
    DEFAULT_CODECS as DEFAULT_CODECS,
    DEFAULT_FORMATS as DEFAULT_FORMATS,
    H264_PROFILES as H264_PROFILES,
    MAX_CLIP_SECONDS as MAX_CLIP_SECONDS,
    MAX_PIXELS as MAX_PIXELS,
    ClipInfo as ClipInfo,
    FitOptions as FitOptions,
    FitProgress as FitProgress,
    Limits as Limits,
    Note as Note,
    ProgressCallback as ProgressCallback,
    Rendition as Rendition,
    Report as Report,
    ReportCallback as ReportCallback,
    Source as Source,
    Trial as Trial,
)
from transcode.model.message import (
    Form as Form,
    HeaderValue as HeaderValue,
    MessageClass as MessageClass,
    MessageFields as MessageFields,
    MessageType as MessageType,
    Part as Part,
    Priority as Priority,
    SendOptions as SendOptions,
    Slide as Slide,
    SlideParts as SlideParts,
    SomeMessage as SomeMessage,
)
from transcode.model.words import (
    ComposeWords as ComposeWords,
    FitWords as FitWords,
    MessageWords as MessageWords,
    RowWords as RowWords,
)
