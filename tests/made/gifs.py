"""GIF files written octet by octet: images with any position, disposal, colour table and interlacing."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

__all__ = ["codes", "image", "mixed", "screen"]


def screen(width: int, height: int, table: bytes = b"", background: int = 0) -> bytes:
    """The header of a file, with a global table of 2**n colours or without a table."""
    bits = (len(table) // 3).bit_length() - 1
    flags = 0xF0 | (bits - 1) if table else 0x70
    return struct.pack("<6sHHBBB", b"GIF89a", width, height, flags, background, 0) + table


def codes(indices: Sequence[int], bits: int) -> bytes:
    """Pixels as LZW codes of one length: a clear code precedes each growth of the code length."""
    clear = 1 << bits
    words: list[int] = []
    for count, index in enumerate(indices):
        words += [clear, index] if count % (clear - 2) == 0 else [index]
    whole = sum(word << (bits + 1) * place for place, word in enumerate([*words, clear + 1]))
    octets = whole.to_bytes(-(-(len(words) + 1) * (bits + 1) // 8), "little")
    blocks = (octets[at : at + 255] for at in range(0, len(octets), 255))
    return bytes([bits]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def image(
    indices: Sequence[int],
    place: tuple[int, int, int, int],
    bits: int,
    *,
    disposal: int = 0,
    clear: int | None = None,
    delay: int = 5,
    table: bytes = b"",
    interlaced: bool = False,
) -> bytes:
    """A graphic control extension and an image at ``place``: left, top, width and height in pixels."""
    control = struct.pack(
        "<BBBBHBB", 0x21, 0xF9, 4, disposal << 2 | (clear is not None), delay, clear or 0, 0
    )
    flags = (0x80 | (bits - 1) if table else 0) | (0x40 if interlaced else 0)
    return control + struct.pack("<BHHHHB", 0x2C, *place, flags) + table + codes(indices, bits)


def mixed(seed: int) -> tuple[bytes, int, int]:
    """A GIF of random images of all kinds, and its width and height in pixels."""
    rng = random.Random(seed)
    width, height = rng.randint(4, 12), rng.randint(4, 12)
    bits = rng.choice((2, 3, 8))
    count = 1 << bits
    table = rng.randbytes(3 * count) if rng.random() < 0.85 else b""
    octets = screen(width, height, table, rng.randrange(count))
    for _ in range(rng.randint(2, 6)):
        wide, high = (
            (width, height) if rng.random() < 0.4 else (rng.randint(1, width), rng.randint(1, height))
        )
        place = (rng.randint(0, width - wide), rng.randint(0, height - high), wide, high)
        clear = rng.randrange(count) if rng.random() < 0.6 else None
        pixels = [
            rng.randrange(count) if clear is None or rng.random() < 0.7 else clear for _ in range(wide * high)
        ]
        octets += image(
            pixels,
            place,
            bits,
            disposal=rng.choice((0, 1, 2, 2, 3, 3)),
            clear=clear,
            table=rng.randbytes(3 * count) if not table or rng.random() < 0.3 else b"",
            interlaced=rng.random() < 0.2,
        )
    return octets + b"\x3b", width, height
