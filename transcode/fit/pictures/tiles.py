"""Samples of a large picture: tiles from all over it, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.media.pictures import drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["rgb", "tiled"]

#: Width and height of an MCU in 4:2:0, in samples.
_MCU = 16


def tiled(planes: Sequence[NDArray[np.uint8]], tile: int, across: int) -> tuple[NDArray[np.uint8], ...]:
    """Return a picture of evenly spread tiles, side by side; a small picture is returned unchanged.

    Args:
        planes: the picture: luma, then no chroma or two planes of chroma in 4:2:0.
        tile: width and height of a tile in MCUs.
        across: largest number of tiles in a row, and of rows.
    """
    high, wide = (side // _MCU for side in planes[0].shape)
    if high * wide <= (across * tile) ** 2:
        return tuple(planes)
    rows = min(across, -(-high // tile))
    top, left = _places(high, tile, rows), _places(wide, tile, across**2 // rows)
    return tuple(
        plane[_samples(top, size)[:, None], _samples(left, size)]
        for plane, size in zip(planes, (_MCU, _MCU // 2, _MCU // 2), strict=False)
    )


def rgb(planes: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Convert luma, alone or with chroma in 4:2:0, to RGB: rows x columns x 3."""
    luma, *chroma = planes
    height, width = luma.shape
    whole = (plane.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width] for plane in chroma)
    return drawing.rgb((luma, *whole))


def _places(length: int, tile: int, tiles: int) -> list[int]:
    """Return the indices of the MCUs, of ``length`` in a row, that evenly spread tiles cover."""
    size = min(tile, length)
    tiles = min(tiles, length // size)
    firsts = [((2 * number + 1) * length - tiles * size) // (2 * tiles) for number in range(tiles)]
    return [first + offset for first in firsts for offset in range(size)]


def _samples(mcus: Sequence[int], size: int) -> NDArray[np.intp]:
    """Return the indices of the samples of these MCUs, each ``size`` samples long."""
    return (np.array(mcus)[:, None] * size + np.arange(size)).ravel()
