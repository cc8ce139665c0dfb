"""The layout of packed 4:2:0 frames: rows of luma, then those of both chroma planes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]

__all__ = ["packed_rows", "planes", "unfilled"]


def packed_rows(height: int) -> int:
    """Return the rows of a packed 4:2:0 frame of even height: luma, then both chroma planes."""
    return height * 3 // 2


def planes(packed: NDArray[np.uint8], width: int, height: int) -> Planes:
    """Return views of the three planes of a packed 4:2:0 frame with even width and height."""
    flat = packed.reshape(-1)
    luma = width * height
    quarter = luma // 4
    shape = (height // 2, width // 2)
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + quarter].reshape(shape),
        flat[luma + quarter :].reshape(shape),
    )


def unfilled(width: int, height: int) -> tuple[NDArray[np.uint8], Planes]:
    """Return a packed 4:2:0 frame with even width and height, and views of its planes, to be filled."""
    packed = np.empty((packed_rows(height), width), np.uint8)
    return packed, planes(packed, width, height)
