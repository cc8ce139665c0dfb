"""Pictures of any of Pillow's modes, and what memory each takes, as those few that are reduced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.errors import UnsupportedError
from transcode.media.pictures import tiff
from transcode.media.source.picture_formats import PICTURE_FORMATS

if TYPE_CHECKING:
    from transcode.media.samples.transfer import Said

__all__ = ["flattened", "memory", "plain"]

#: Bytes a pixel that a picture of each mode takes until it is small, with the
#: copies that palettes and 16-bit samples need. Others: 8. And what clear pixels of those add.
_MODE_BYTES = {"1": 2, "L": 1, "P": 5, "RGB": 4, "CMYK": 4, "I;16": 7, "I": 10}
_CLEAR_BYTES = 4

#: Bytes that two copies of a picture take for each row besides its pixels: pointers and padding.
_ROW_BYTES = 24


def memory(image: Pillow.Image, kind: str, said: Said) -> int:
    """Bytes that a picture takes until it is small.

    Args:
        image: opened by Pillow, not loaded yet.
        kind: its content type.
        said: what it says of its colours besides a profile.
    """
    pixel = _MODE_BYTES.get(image.mode, 8) + PICTURE_FORMATS[kind].kept_bytes
    pixel += _CLEAR_BYTES if "transparency" in image.info else 0
    pixel += _CLEAR_BYTES if said.space is not None else 0
    return (pixel * image.width + _ROW_BYTES) * image.height


def flattened(image: Pillow.Image) -> Pillow.Image:
    """A picture with alpha over white, without it; some rows at a time, for the sake of memory."""
    paper = Pillow.new(image.mode[:-1], image.size, "white")
    for top in range(0, image.height, 256):
        rows = image.crop((0, top, image.width, min(top + 256, image.height)))
        paper.paste(rows.convert(paper.mode), (0, top), rows.getchannel("A"))
    return paper


def plain(image: Pillow.Image, name: str) -> Pillow.Image:
    """A decoded picture of any mode as L, LA, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode.startswith("I"):
        return _eight_bits(image, name)
    if mode == "F":
        raise UnsupportedError(name, "floating-point samples")
    if mode == "CMYK":
        wanted = mode
    elif mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        wanted = "LA" if mode in ("LA", "La") else "RGBA"
    else:
        wanted = "L" if mode in ("1", "L") else "RGB"
    # Converting a picture to its own mode would copy it.
    return image if mode == wanted else image.convert(wanted)


def _eight_bits(image: Pillow.Image, name: str) -> Pillow.Image:
    """Gray of up to 16 bits, which Pillow would clip and not scale to eight."""
    samples = np.asarray(image)
    if int(samples.min(initial=0)) < 0:
        raise UnsupportedError(name, "samples with a sign")
    if int(samples.max(initial=0)) > 0xFFFF:
        raise UnsupportedError(name, "samples of more than 16 bits")
    # Of a TIFF Pillow gives twelve bits as they are, and does not turn those whose zero is white.
    tags = getattr(image, "tag_v2", {})
    scaled = (samples >> (4 if tags.get(tiff.BITS) == (12,) else 8)).astype(np.uint8)
    gray = Pillow.fromarray(255 - scaled if tags.get(tiff.PHOTOMETRIC) == 0 else scaled)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        opaque = Pillow.fromarray(np.where(samples == clear, 0, 255).astype(np.uint8))
        return Pillow.merge("LA", (gray, opaque))
    return gray
