"""A small picture that stands for a large one: tiles from all over it, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.media.pictures import drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["rgb", "tiled"]

#: Samples of an MCU in 4:2:0, each way.
_MCU = 16


def tiled(planes: Sequence[NDArray[np.uint8]], tile: int, across: int) -> tuple[NDArray[np.uint8], ...]:
    """Tiles from all over a picture, side by side as a picture of their own; a small one as it is.

    Args:
        planes: of the picture: luma, then none or two of chroma in 4:2:0.
        tile: MCUs that a tile has each way.
        across: tiles that stand side by side, and rows of them, where the picture has so many.
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
    """Luma alone, or with chroma in 4:2:0, as rows x columns x 3."""
    luma, *chroma = planes
    height, width = luma.shape
    whole = (plane.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width] for plane in chroma)
    return drawing.rgb((luma, *whole))


def _places(length: int, tile: int, tiles: int) -> list[int]:
    """The MCUs, of so many in a row, that evenly spread tiles take."""
    size = min(tile, length)
    tiles = min(tiles, length // size)
    firsts = [((2 * number + 1) * length - tiles * size) // (2 * tiles) for number in range(tiles)]
    return [first + offset for first in firsts for offset in range(size)]


def _samples(mcus: Sequence[int], size: int) -> NDArray[np.intp]:
    """The samples of these MCUs, of so many samples each."""
    return (np.array(mcus)[:, None] * size + np.arange(size)).ravel()
