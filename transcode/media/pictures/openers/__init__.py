"""Openers of still pictures, one module each; PICTURE_FORMATS maps formats to openers."""

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
    """The interface of a module of this package."""

    def open_still(self, content: Input, kind: str, *, many: bool, max_pixels: int) -> Still:
        """Read the header of a picture; its pixels are decoded on the first request for a size.

        Args:
            content: the source.
            kind: content type of the source; its row in PICTURE_FORMATS names this opener.
            many: whether several sizes will be requested; decoded pixels are then kept.
            max_pixels: pixels of a picture that is decoded at full size, at most.

        Raises:
            UnsupportedError: the kind of picture can't be decoded.
            CapError: more than max_pixels pixels, or decoding would take too much memory.
            SourceError: the header is broken.
        """


def open_still(content: Input, *, many: bool = False, max_pixels: int = MAX_PIXELS) -> Still:
    """Read the header of a picture.

    Args:
        content: the source.
        many: whether several sizes will be requested; decoded pixels are then kept.
        max_pixels: pixels of a picture that is decoded at full size, at most. A picture that is
            reduced during decoding may have four times as many.

    Raises:
        UnsupportedError: the source is not a picture, or the kind of picture can't be decoded.
        CapError: more pixels than allowed, or decoding would take too much memory.
        SourceError: the header is broken.
    """
    kind = content.content_type
    row = PICTURE_FORMATS.get(kind or "")
    if kind is None or row is None:
        words = unread.described(content.data) or f"{probe.describe(kind)}, not a picture"
        raise UnsupportedError(content.name, words)
    # FFmpeg, Pillow and the kernels take long to import, so each opener is imported on first use.
    opener = cast(Opener, import_module(f"{__name__}.{row.opener}"))
    return opener.open_still(content, kind, many=many, max_pixels=max_pixels)
