"""PNG files made in code, with what they say of their colours."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A chunk: its kind and its octets.
Chunk = tuple[bytes, bytes]

#: White, red, green and blue, in the order of cHRM.
SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
P3 = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
ADOBE = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk with its length and its checksum."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def cicp(primaries: int, transfer: int, *, full: bool = True) -> Chunk:
    """Code points of H.273."""
    return b"cICP", bytes([primaries, transfer, 0, full])


def gama(exponent: float) -> Chunk:
    """The exponent that made samples of light."""
    return b"gAMA", round(100_000 * exponent).to_bytes(4, "big")


def chrm(*numbers: float) -> Chunk:
    """Chromaticities of white, red, green and blue."""
    return b"cHRM", b"".join(round(100_000 * number).to_bytes(4, "big") for number in numbers)


def iccp(icc: bytes) -> Chunk:
    """A profile."""
    return b"iCCP", b"p\0\0" + zlib.compress(icc)


def png(pixels: NDArray[Any] | Sequence[NDArray[Any]], *chunks: Chunk) -> bytes:
    """A PNG of these pixels, or an animation of these frames, with chunks before the pixels."""
    frames = [pixels] if isinstance(pixels, np.ndarray) else list(pixels)
    first, *others = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    if others:
        first.save(file, "PNG", save_all=True, append_images=others, duration=200, loop=0)
    else:
        first.save(file, "PNG")
    plain = file.getvalue()
    # Behind the signature and IHDR.
    return plain[:33] + b"".join(chunk(*one) for one in chunks) + plain[33:]
