"""One module for each way to open still pictures; which format is whose stands in the table of formats."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from transcode.errors import UnsupportedError
from transcode.media.source import probe, unread
from transcode.media.source.picture_formats import PICTURE_FORMATS
from transcode.model import MAX_PIXELS

if TYPE_CHECKING:
    from transcode.media.pictures.still import Still
    from transcode.media.source.inputs import Input

__all__ = ["Opener", "open_still"]


class Opener(Protocol):
    """What a module of this package offers."""

    def open_still(self, content: Input, kind: str, *, many: bool, max_pixels: int) -> Still:
        """Read a picture's header; its pixels are decoded when a size of it is asked for.

        Args:
            content: the source.
            kind: its content type: one of those whose row names this opener.
            many: whether several sizes will be asked for: then what was decoded is kept.
            max_pixels: the most pixels of a picture that is decoded whole.

        Raises:
            UnsupportedError: a picture of a kind that is not decoded.
            CapError: more pixels than that, or decoding them would take too much memory.
            SourceError: the header is broken.
        """


def open_still(content: Input, *, many: bool = False, max_pixels: int = MAX_PIXELS) -> Still:
    """Read a picture's header.

    Args:
        content: the source.
        many: whether several sizes will be asked for: then what was decoded is kept.
        max_pixels: the most pixels of a picture that is decoded whole; one that is reduced while
            it is decoded may have four times as many.

    Raises:
        UnsupportedError: it is no picture, or one of a kind that is not read.
        CapError: more pixels than that, or decoding them would take too much memory.
        SourceError: the header is broken.
    """
    kind = content.content_type
    row = PICTURE_FORMATS.get(kind or "")
    if kind is None or row is None:
        words = unread.described(content.data) or f"{probe.describe(kind)}, not a picture"
        raise UnsupportedError(content.name, words)
    # FFmpeg, Pillow and the kernels take long to load: each is, for the formats that need it.
    opener = cast(Opener, import_module(f"{__name__}.{row.opener}"))
    return opener.open_still(content, kind, many=many, max_pixels=max_pixels)
