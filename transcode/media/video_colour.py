"""Colours of clips as receivers show them: BT.709, or BT.601 where a codec can't say which.

High dynamic range (PQ and HLG) is brought to the range of BT.709, wide gamuts to its primaries,
at the small size, by one table with the three samples of a pixel for its axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import colour as kernel
from transcode.media.cicp import LUMA_WEIGHTS, UNSPECIFIED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.cicp import Signal

__all__ = ["Conversion", "Table", "conversion"]

_PQ, _HLG = 16, 18
_BT709, _BT601 = 1, 6

#: Sides of the largest picture, either way up, that players take for BT.601 where no colours are named;
#: larger ones they take for BT.709 (Android, ``ColorUtils::setDefaultCodecColorAspectsIfNeeded``).
_STANDARD_DEFINITION = (720, 576)

#: Linear light from wide primaries to those of BT.709: from BT.2020 (ITU-R BT.2407-0, 2.1), and
#: from P3 with the white of D65 (SMPTE EG 432-1).
_TO_BT709 = {
    9: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    12: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}

#: Candela a square metre: the peak that is assumed of high dynamic range, that of a reference
#: display (ITU-R BT.2100, table 3), and what white is there (ITU-R BT.2408, 2.1).
_PEAK = 1000.0
_WHITE = 203.0

#: The exponent of a display of standard range (ITU-R BT.1886), and the system gamma of HLG at the
#: peak above (ITU-R BT.2100, table 5).
_DISPLAY_GAMMA = 2.4
_SYSTEM_GAMMA = 1.2

#: Nodes of the table along each axis.
_NODES = 33


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What becomes of a pixel's three samples.

    Attributes:
        nodes: results at all combinations of the places, that of the third sample moving fastest.
        places: samples at which nodes stand.
    """

    nodes: NDArray[np.uint8]
    places: NDArray[np.uint8]

    def apply(self, planes: Sequence[NDArray[np.uint8]]) -> None:
        """Convert three planes of one size, in place."""
        kernel.look_up(planes, self.nodes, self.places, planes)


@dataclass(frozen=True, slots=True)
class Conversion:
    """From a clip's colours to those that are written.

    Attributes:
        table: what to do; None: nothing but to narrow the range.
        names: primaries, transfer and matrix of the result, as in ITU-T H.273; 2: not named.
        is_toned: whether a high dynamic range is reduced.
        is_assumed: whether players take the source for BT.709 by its size alone.
    """

    table: Table | None
    names: tuple[int, int, int]
    is_toned: bool = False
    is_assumed: bool = False

    def written(self, width: int, height: int) -> tuple[int, int, int]:
        """What to name in a result of so many pixels, so that players show it as they show the source.

        What the source leaves open stays open, so that each takes both for the same, unless the
        result is so small that it would be taken for another than the source.
        """
        if self.is_assumed and not _is_high_definition(width, height):
            return (1, 1, 1)
        return self.names


def _is_high_definition(width: int, height: int) -> bool:
    """Whether pictures of so many pixels have the colours of BT.709 where none are named."""
    long, short = _STANDARD_DEFINITION
    return max(width, height) > long or min(width, height) > short


def conversion(signal: Signal, size: tuple[int, int], *, named: bool) -> Conversion:
    """What must be done to a clip's colours.

    Args:
        signal: what its samples mean; the range is told.
        size: width and height of a stored frame, in pixels.
        named: whether what is written can name its colours; H.263 and MPEG-4 for old devices
            can't, and are taken for BT.601.
    """
    large = _is_high_definition(*size)
    matrix = signal.matrix if signal.matrix in LUMA_WEIGHTS else _BT709 if large else _BT601
    toned = signal.transfer in (_PQ, _HLG)
    wide = signal.primaries in _TO_BT709 or LUMA_WEIGHTS[matrix] == LUMA_WEIGHTS[9]
    primaries = signal.primaries if signal.primaries in _TO_BT709 else 9
    target = _BT709 if named else _BT601
    if toned or wide:
        table = _table(matrix, signal.transfer if toned else 0, primaries, bool(signal.full), target)
        return Conversion(table, (1, 1, 1) if named else (2, 2, 2), is_toned=toned)
    if not named:
        same = LUMA_WEIGHTS[matrix] == LUMA_WEIGHTS[_BT601]
        moved = None if same else _table(matrix, 0, 0, bool(signal.full), target)
        return Conversion(moved, (2, 2, 2))
    if signal.matrix not in LUMA_WEIGHTS:
        return Conversion(None, (signal.primaries, signal.transfer, UNSPECIFIED), is_assumed=large)
    return Conversion(None, (signal.primaries, signal.transfer, signal.matrix))


@lru_cache(maxsize=8)
def _table(matrix: int, transfer: int, primaries: int, full: bool, target: int) -> Table:
    """The table from a matrix, transfer and primaries (0: those of the target) to BT.709 or BT.601."""
    places = np.rint(np.linspace(0, 255, _NODES)).astype(np.uint8)
    codes = places.astype(np.float64)
    luma = codes / 255 if full else (codes - 16) / 219
    chroma = (codes - 128) / (255 if full else 224)
    y, cb, cr = np.meshgrid(luma, chroma, chroma, indexing="ij")
    red, blue = LUMA_WEIGHTS[matrix]
    r, b = y + 2 * (1 - red) * cr, y + 2 * (1 - blue) * cb
    rgb = np.stack([r, (y - red * r - blue * b) / (1 - red - blue), b], axis=-1)
    if primaries:
        light = np.einsum("ij,...j", np.array(_TO_BT709[primaries]), _light(np.clip(rgb, 0, 1), transfer))
        rgb = np.clip(light, 0, 1) ** (1 / _DISPLAY_GAMMA)
    red, blue = LUMA_WEIGHTS[target]
    y = rgb @ np.array([red, 1 - red - blue, blue])
    cb, cr = (rgb[..., 2] - y) / (2 * (1 - blue)), (rgb[..., 0] - y) / (2 * (1 - red))
    made = np.stack([16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr], axis=-1)
    # Below black and above white there is room in the narrow range, and decoders expect it.
    nodes = np.clip(np.rint(made), 1, 254).astype(np.uint8)
    return Table(np.ascontiguousarray(nodes.reshape(-1, 3)), places)


def _light(rgb: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Linear light in units of white, of which the highest is 1."""
    if transfer == _PQ:
        light = _from_pq(rgb) / _WHITE
    elif transfer == _HLG:
        # ITU-R BT.2100, table 5: inverse OETF, then the OOTF.
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(rgb <= 0.5, rgb**2 / 3, (np.exp((rgb - c) / a) + b) / 12)
        luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
        light = scene * (luminance ** (_SYSTEM_GAMMA - 1))[..., None] * _PEAK / _WHITE
    else:
        standard: NDArray[np.float64] = rgb**_DISPLAY_GAMMA
        return standard
    highest = light.max(axis=-1, keepdims=True)
    toned: NDArray[np.float64] = light * _toned(highest) / np.maximum(highest, 1e-9)
    return toned


def _toned(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light up to the peak, in units of white, brought below 1 (ITU-R BT.2390-10, 5.4.1)."""
    whole = _to_pq(np.array(_PEAK))
    found = np.clip(_to_pq(light * _WHITE) / whole, 0, 1)
    most = float(_to_pq(np.array(_WHITE)) / whole)
    knee = 1.5 * most - 0.5
    t = (found - knee) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    )
    return _from_pq(np.where(found < knee, found, spline) * whole) / _WHITE


def _from_pq(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Candela a square metre of a sample of PQ (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = _PQ_NUMBERS
    power = code ** (1 / m2)
    light: NDArray[np.float64] = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return light


def _to_pq(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sample of PQ for candela a square metre."""
    m1, m2, c1, c2, c3 = _PQ_NUMBERS
    power = (light / 10_000) ** m1
    code: NDArray[np.float64] = ((c1 + c2 * power) / (1 + c3 * power)) ** m2
    return code


_PQ_NUMBERS = (0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875)
