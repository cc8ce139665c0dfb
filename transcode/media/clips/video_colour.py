"""Converts the colours of clips for receivers: to BT.709, or to BT.601 for codecs that can't signal colours.

High dynamic range (PQ and HLG) is tone-mapped to BT.709, and wide gamuts are converted to its primaries. One
three-dimensional look-up table does both, after the frames are scaled down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import colour as kernel
from transcode.media.samples import transfer
from transcode.media.samples.cicp import LUMA_WEIGHTS, UNSPECIFIED, luma_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.samples.cicp import Signal

__all__ = ["FrameConversion", "Table", "conversion"]

#: Code points (H.273, tables 2 to 4).
_BT709, _BT601, _YCGCO, _BT2020 = 1, 6, 8, 9

#: Primaries and transfer that go with each matrix (H.273, tables 2 to 4). The transfer of BT.601 is that of
#: BT.709.
_USUAL = {1: (1, 1), 4: (6, 6), 5: (5, 6), 6: (6, 6), 7: (7, 7)}

#: Longer and shorter side of the largest frame, in pixels, that players show as BT.601 if the clip signals no
#: colours. They show larger frames as BT.709 (Android, ``ColorUtils::setDefaultCodecColorAspectsIfNeeded``).
_STANDARD_DEFINITION = (720, 576)

#: Primaries with a visibly wider gamut than BT.709: BT.2020 and Display P3 (ITU-T H.273, table 2).
_WIDE = (9, 12)

#: The gamma of a display of standard dynamic range (ITU-R BT.1886).
_DISPLAY_GAMMA = 2.4

#: Number of nodes along each axis of the table.
_NODES = 33


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A three-dimensional look-up table of Y, Cb and Cr.

    Attributes:
        nodes: the results at all combinations of places; the index of the third sample varies fastest.
        places: the sample values of the nodes along each axis.
    """

    nodes: NDArray[np.uint8]
    places: NDArray[np.uint8]

    def apply(self, planes: Sequence[NDArray[np.uint8]]) -> None:
        """Convert three planes of one size, in place."""
        kernel.look_up(planes, self.nodes, self.places, planes)


@dataclass(frozen=True, slots=True)
class FrameConversion:
    """The conversion from a clip's colours to those of the result.

    Attributes:
        table: the look-up table; None: only the range is changed from full to narrow, if needed.
        names: primaries, transfer and matrix to signal in the result (ITU-T H.273); 2: not signalled.
        is_toned: whether high dynamic range is tone-mapped.
    """

    table: Table | None
    names: tuple[int, int, int]
    is_toned: bool = False


def _is_high_definition(width: int, height: int) -> bool:
    """Whether players assume BT.709 for frames of this size that signal no colours."""
    long, short = _STANDARD_DEFINITION
    return max(width, height) > long or min(width, height) > short


def conversion(signal: Signal, size: tuple[int, int], *, named: bool) -> FrameConversion:
    """Return the conversion of a clip's colours.

    What the source does not signal is assumed from the size of its frames, and the result signals what was
    assumed: from another frame size, players would assume something else. Between 720 x 576 and 1280 x 720
    they differ among themselves.

    Args:
        signal: the colours of the source; its range must be known.
        size: width and height of a stored frame, in pixels.
        named: whether the result can signal its colours. H.263 and MPEG-4 for old devices can't, and players
            show them as BT.601.
    """
    large = _is_high_definition(*size)
    weights = luma_weights(signal) or LUMA_WEIGHTS[_BT709 if large else _BT601]
    toned = signal.transfer in (transfer.PQ, transfer.HLG)
    gamut = _gamut(signal, has_wide=toned or weights == LUMA_WEIGHTS[_BT2020])
    target = _BT709 if named else _BT601
    if gamut or signal.matrix == _YCGCO:
        coded = None if signal.matrix == _YCGCO else weights
        table = _table(coded, signal.transfer if toned else 0, gamut, bool(signal.full), target)
        return FrameConversion(table, (1, 1, 1) if named else (2, 2, 2), is_toned=toned)
    if not named:
        same = weights == LUMA_WEIGHTS[_BT601]
        moved = None if same else _table(weights, 0, 0, bool(signal.full), target)
        return FrameConversion(moved, (2, 2, 2))
    matrix = signal.matrix if signal.matrix in LUMA_WEIGHTS else _BT709 if large else _BT601
    primaries, curve = _USUAL[matrix]
    return FrameConversion(
        None,
        (
            primaries if signal.primaries == UNSPECIFIED else signal.primaries,
            curve if signal.transfer == UNSPECIFIED else signal.transfer,
            matrix,
        ),
    )


def _gamut(signal: Signal, *, has_wide: bool) -> int:
    """Return the primaries that are converted to those of BT.709; 0: none, the result signals the source's.

    Args:
        signal: the colours of the source.
        has_wide: whether its transfer or its matrix is of wide gamut: its primaries are those of BT.2020,
            unless it signals others.
    """
    if has_wide:
        return signal.primaries if signal.primaries in transfer.CHROMATICITIES else _BT2020
    return signal.primaries if signal.primaries in _WIDE else 0


@lru_cache(maxsize=8)
def _table(weights: tuple[float, float] | None, curve: int, primaries: int, full: bool, target: int) -> Table:
    """Return the table from luma weights, curve (PQ, HLG or 0) and primaries (or 0) to BT.709 or BT.601.

    Args:
        weights: of red and blue in luma; None: the samples are YCgCo.
        curve, primaries, full, target: code points, and whether samples use the full range.
    """
    places = np.rint(np.linspace(0, 255, _NODES)).astype(np.uint8)
    codes = places.astype(np.float64)
    luma = codes / 255 if full else (codes - 16) / 219
    chroma = (codes - 128) / (255 if full else 224)
    y, cb, cr = np.meshgrid(luma, chroma, chroma, indexing="ij")
    if weights is None:
        rgb = np.stack([y - cb + cr, y + cb, y - cb - cr], axis=-1)
    else:
        red, blue = weights
        r, b = y + 2 * (1 - red) * cr, y + 2 * (1 - blue) * cb
        rgb = np.stack([r, (y - red * r - blue * b) / (1 - red - blue), b], axis=-1)
    if primaries:
        samples = np.clip(rgb, 0, 1)
        light = transfer.toned(samples, curve) if curve else samples**_DISPLAY_GAMMA
        moved = light @ transfer.to_bt709(transfer.CHROMATICITIES[primaries]).T
        rgb = np.clip(moved, 0, 1) ** (1 / _DISPLAY_GAMMA)
    red, blue = LUMA_WEIGHTS[target]
    y = rgb @ np.array([red, 1 - red - blue, blue])
    cb, cr = (rgb[..., 2] - y) / (2 * (1 - blue)), (rgb[..., 0] - y) / (2 * (1 - red))
    made = np.stack([16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr], axis=-1)
    # The narrow range has values below black and above white, which decoders accept.
    nodes = np.clip(np.rint(made), 1, 254).astype(np.uint8)
    return Table(np.ascontiguousarray(nodes.reshape(-1, 3)), places)
