"""The colour space of a PNG by chunks other than iCCP (PNG, third edition, 4.3 and 11.3.2)."""

from __future__ import annotations

import struct
import zlib

from transcode.media.samples.transfer import (
    BT2020,
    CHROMATICITIES,
    HLG,
    PQ,
    Chromaticities,
    Said,
    Space,
    is_known,
    to_bt709,
)

__all__ = ["png_colours"]

#: Colour chunks and their lengths in octets; the length of iCCP varies.
_LENGTHS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}

#: gAMA and cHRM are stored in units of 1/100,000.
_UNIT = 100_000

#: Smallest and largest exponent that a gAMA may give; other values are ignored as mistakes.
_GAMMAS = (0.1, 10.0)

#: Chunks that are read, at most. Colour chunks come before IDAT.
_MOST = 1000


def png_colours(data: bytes | memoryview) -> Said:
    """Return the colour space by the chunks before IDAT: cICP, else iCCP, else sRGB, else gAMA and cHRM."""
    chunks = _chunks(memoryview(data))
    if b"cICP" in chunks:
        primaries, transfer, _, full = chunks[b"cICP"]
        # PQ and HLG without known primaries have those of BT.2020.
        if is_known(transfer) and (primaries in CHROMATICITIES or transfer in (PQ, HLG)):
            named = primaries if primaries in CHROMATICITIES else BT2020
            return Said(Space.named(named, transfer, full=full != 0), outranks=True)
    if b"iCCP" in chunks or b"sRGB" in chunks or not {b"gAMA", b"cHRM"} & chunks.keys():
        return Said()
    chromaticities, broken = CHROMATICITIES[1], False
    if b"cHRM" in chunks:
        found = _chromaticities(chunks[b"cHRM"])
        chromaticities, broken = (found, False) if found is not None else (chromaticities, True)
    exponent = int.from_bytes(chunks.get(b"gAMA", b""), "big") / _UNIT
    gamma = 1 / exponent if exponent and _GAMMAS[0] <= 1 / exponent <= _GAMMAS[1] else 0.0
    return Said(Space(chromaticities, gamma=gamma).or_none(), broken=broken)


def _chunks(view: memoryview) -> dict[bytes, bytes]:
    """Return the first complete chunk of each colour chunk type before IDAT."""
    found: dict[bytes, bytes] = {}
    at = 8
    for _ in range(_MOST):
        length, kind = int.from_bytes(view[at : at + 4], "big"), bytes(view[at + 4 : at + 8])
        end = at + 12 + length
        if end > len(view) or kind in (b"IDAT", b"IEND"):
            break
        if kind == b"iCCP":
            found.setdefault(kind, b"")
        elif _LENGTHS.get(kind) == length:
            check = int.from_bytes(view[end - 4 : end], "big")
            if zlib.crc32(view[at + 4 : end - 4]) == check:
                found.setdefault(kind, bytes(view[at + 8 : end - 4]))
        at = end
    return found


def _chromaticities(body: bytes) -> Chromaticities | None:
    """Return the chromaticities of red, green, blue and white; None if they define no colour space."""
    white_x, white_y, *others = (value / _UNIT for value in struct.unpack(">8I", body))
    red_x, red_y, green_x, green_y, blue_x, blue_y = others
    made = ((red_x, red_y), (green_x, green_y), (blue_x, blue_y), (white_x, white_y))
    try:
        to_bt709(made)
    except ValueError:
        return None
    return made
