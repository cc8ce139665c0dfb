"""Conversion of Pillow modes to the few modes that are processed, and the memory that decoding takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.errors import UnsupportedError
from transcode.media.pictures import tiff
from transcode.media.source.picture_formats import PICTURE_FORMATS
from transcode.media.source.unread import SAVE_PICTURE

if TYPE_CHECKING:
    from transcode.media.samples.transfer import Said

__all__ = ["flattened", "memory", "plain"]

#: Bytes per pixel that a picture of each mode takes until it is reduced, including the copies that palettes
#: and 16-bit samples need; 8 for other modes. _CLEAR_BYTES is added for transparency.
_MODE_BYTES = {"1": 2, "L": 1, "P": 5, "RGB": 4, "CMYK": 4, "I;16": 7, "I": 10}
_CLEAR_BYTES = 4

#: Bytes per row that two copies of a picture take besides pixels: pointers and padding.
_ROW_BYTES = 24


def memory(image: Pillow.Image, kind: str, said: Said) -> int:
    """Return the bytes of memory that a picture takes until it is reduced.

    Args:
        image: picture opened by Pillow, not loaded yet.
        kind: content type of the picture.
        said: colour space that the file declares outside of an ICC profile.
    """
    pixel = _MODE_BYTES.get(image.mode, 8) + PICTURE_FORMATS[kind].kept_bytes
    pixel += _CLEAR_BYTES if "transparency" in image.info else 0
    pixel += _CLEAR_BYTES if said.space is not None else 0
    return (pixel * image.width + _ROW_BYTES) * image.height


def flattened(image: Pillow.Image) -> Pillow.Image:
    """Flatten a picture with alpha onto white; 256 rows at a time, to save memory."""
    paper = Pillow.new(image.mode[:-1], image.size, "white")
    for top in range(0, image.height, 256):
        rows = image.crop((0, top, image.width, min(top + 256, image.height)))
        paper.paste(rows.convert(paper.mode), (0, top), rows.getchannel("A"))
    return paper


def plain(image: Pillow.Image, name: str) -> Pillow.Image:
    """Convert a decoded picture of any mode to L, LA, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode.startswith("I"):
        return _eight_bits(image, name)
    if mode == "F":
        raise UnsupportedError(name, f"floating-point samples; {SAVE_PICTURE}")
    if mode == "CMYK":
        wanted = mode
    elif mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        wanted = "LA" if mode in ("LA", "La") else "RGBA"
    else:
        wanted = "L" if mode in ("1", "L") else "RGB"
    # Pillow's convert() copies a picture even if the mode stays the same.
    return image if mode == wanted else image.convert(wanted)


def _eight_bits(image: Pillow.Image, name: str) -> Pillow.Image:
    """Scale gray samples of up to 16 bits to 8 bits; Pillow would clip them."""
    samples = np.asarray(image)
    if int(samples.min(initial=0)) < 0:
        raise UnsupportedError(name, f"negative samples; {SAVE_PICTURE}")
    if int(samples.max(initial=0)) > 0xFFFF:
        raise UnsupportedError(name, f"samples of more than 16 bits; {SAVE_PICTURE}")
    # Pillow does not scale the 12-bit samples of a TIFF, nor invert samples whose zero is white.
    tags = getattr(image, "tag_v2", {})
    scaled = (samples >> (4 if tags.get(tiff.BITS) == (12,) else 8)).astype(np.uint8)
    gray = Pillow.fromarray(255 - scaled if tags.get(tiff.PHOTOMETRIC) == 0 else scaled)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        opaque = Pillow.fromarray(np.where(samples == clear, 0, 255).astype(np.uint8))
        return Pillow.merge("LA", (gray, opaque))
    return gray
