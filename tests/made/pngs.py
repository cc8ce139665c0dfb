"""Generated PNG files with colour chunks."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The type and the octets of a chunk.
Chunk = tuple[bytes, bytes]

#: Chromaticities x, y of white, red, green and blue, in the order of cHRM.
SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
P3 = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
ADOBE = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)


def chunk(kind: bytes, body: bytes) -> bytes:
    """An encoded chunk with its length and its checksum."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def cicp(primaries: int, transfer: int, *, full: bool = True) -> Chunk:
    """The chunk cICP with code points of H.273."""
    return b"cICP", bytes([primaries, transfer, 0, full])


def gama(exponent: float) -> Chunk:
    """The chunk gAMA: the exponent that converts light to samples."""
    return b"gAMA", round(100_000 * exponent).to_bytes(4, "big")


def chrm(*numbers: float) -> Chunk:
    """The chunk cHRM: chromaticities x, y of white, red, green and blue."""
    return b"cHRM", b"".join(round(100_000 * number).to_bytes(4, "big") for number in numbers)


def iccp(icc: bytes) -> Chunk:
    """The chunk iCCP with an ICC profile."""
    return b"iCCP", b"p\0\0" + zlib.compress(icc)


def png(pixels: NDArray[Any] | Sequence[NDArray[Any]], *chunks: Chunk) -> bytes:
    """A PNG of pixels, or an animation of frames, with additional chunks after IHDR."""
    frames = [pixels] if isinstance(pixels, np.ndarray) else list(pixels)
    first, *others = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    if others:
        first.save(file, "PNG", save_all=True, append_images=others, duration=200, loop=0)
    else:
        first.save(file, "PNG")
    plain = file.getvalue()
    # The signature and IHDR have 33 octets.
    return plain[:33] + b"".join(chunk(*one) for one in chunks) + plain[33:]
