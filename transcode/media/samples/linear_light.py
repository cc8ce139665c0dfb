"""Reduction of pictures in linear light with an area filter."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import linear_light

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reducer"]


class Reducer:
    """Reduces pictures: each pixel becomes the mean light of the area that it covers.

    The filter does not ring, and flat areas keep their exact colour. Rows that are equal to those of the
    previous picture are not computed again.

    Args:
        width, height: size of the result in pixels, at most that of the pictures.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._before: NDArray[np.uint8] | None = None
        self._made = np.empty((height, width, 4), np.uint8)

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Reduce a picture.

        Args:
            pixels: rows x columns x 4, contiguous: red, green and blue in sRGB, and a fourth sample that
                is averaged without conversion. The array must not change afterwards. All pictures of a
                reducer have one size.
        """
        rows, columns = pixels.shape[:2]
        width, height = self._size
        across = _windows(columns, width)
        starts, weights = _windows(rows, height)
        first, last = 0, height
        if self._before is not None:
            changed = np.flatnonzero(
                (pixels.view(np.uint32) != self._before.view(np.uint32)).any(axis=(1, 2))
            )
            if not changed.size:
                return self._made
            first = int(np.searchsorted(starts + weights.shape[1], changed[0], side="right"))
            last = int(np.searchsorted(starts, changed[-1], side="right"))
        out = self._made.copy()
        scratch = np.empty(linear_light.scratch_length(columns, width, weights.shape[1]), np.float32)
        linear_light.reduce(
            pixels,
            across,
            (starts[first:last], weights[first:last]),
            *_tables(),
            scratch,
            out[first:last],
        )
        self._before, self._made = pixels, out
        return out


@lru_cache(maxsize=8)
def _windows(size: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return for each pixel of the result the first source sample, and the weights of its samples."""
    scale = size / count
    edges = np.arange(count + 1) * scale
    edges[-1] = size
    taps = min(size, int(np.ceil(scale)) + 1)
    starts = np.minimum(np.floor(edges[:-1]).astype(np.int32), size - taps)
    samples = starts[:, None] + np.arange(taps)
    covered = np.minimum(samples + 1, edges[1:, None]) - np.maximum(samples, edges[:-1, None])
    weights = np.maximum(covered, 0.0)
    return starts, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@cache
def _tables() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the tables from sRGB levels to linear light and back (IEC 61966-2-1)."""
    level = np.arange(256) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    value = np.arange(linear_light.LEVELS) / (linear_light.LEVELS - 1)
    encoded = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
    return linear.astype(np.float32), np.rint(255 * encoded).astype(np.uint8)
