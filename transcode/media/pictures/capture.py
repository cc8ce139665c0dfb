"""The capture time of a picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image as Pillow

from transcode.errors import SourceError
from transcode.media.pictures import exif, heif_header, jpeg
from transcode.media.pictures.strip import png_exif

if TYPE_CHECKING:
    from datetime import datetime

    from transcode.media.source.inputs import Input

__all__ = ["capture_time"]


def capture_time(content: Input) -> datetime | None:
    """Return DateTimeOriginal of EXIF, without a time zone; None if it is missing or can't be read."""
    kind, data = content.content_type, content.data
    stored: bytes | None = None
    try:
        if kind == "image/jpeg":
            stored = jpeg.read_header(data, name=content.name).exif
        elif kind in ("image/heic", "image/avif"):
            stored = heif_header.read_header(data, name=content.name).exif
        elif kind == "image/png":
            stored = png_exif(data)
        elif kind == "image/tiff":
            # A TIFF file has the structure of EXIF.
            stored = bytes(data)
        elif kind == "image/webp":
            with Pillow.open(io.BytesIO(data), formats=("WEBP",)) as image:
                stored = image.info.get("exif")
    except (SourceError, OSError, ValueError, Pillow.DecompressionBombError):
        return None
    return None if stored is None else exif.captured(stored)
