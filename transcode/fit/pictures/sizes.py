"""Estimates of a picture's score at several sizes under one byte limit, without encoding all of it.

Tiles from all over the picture are encoded at each size with their share of the bytes, enlarged to the
original size, and scored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.fit.pictures.jpeg import HEADER_BYTES, estimate, search
from transcode.fit.pictures.tiles import rgb, tiled
from transcode.media.pictures import drawing
from transcode.media.pictures.still import Reduced
from transcode.media.samples.coefficients import Coefficients
from transcode.media.samples.score import LEAST, ssimulacra2

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Sizes"]

#: Width and height of a tile in MCUs of 4:2:0, and tiles in a row: together 384 pixels, which take 4 ms.
#: Chosen: smaller tiles have more edges than the picture; more tiles hardly improve the choice.
_TILE = 8
_ACROSS = 3


class Sizes:
    """A picture that can be scored at several sizes.

    Args:
        planes: the picture at its largest size: luma, then no chroma or two planes of chroma in 4:2:0.
    """

    def __init__(self, planes: Sequence[NDArray[np.uint8]]) -> None:
        self._tiles = Reduced(tiled(planes, _TILE, _ACROSS))
        self._seen = rgb(self._tiles.planes)
        self._share = self._tiles.planes[0].size / planes[0].size

    def score(self, scale: float, max_bytes: int) -> float | None:
        """Return the estimated SSIMULACRA2 of the picture, enlarged to its largest size.

        Args:
            scale: ratio of width and height to those of the largest size, at most 1.
            max_bytes: limit in bytes of the whole picture.

        Returns:
            The score; None: not even the lowest quality fits, or the picture is too small to be scored.
        """
        height, width = self._seen.shape[:2]
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        if min(width, height) < LEAST:
            return None
        planes = self._tiles.planes if scale == 1 else self._tiles.smaller(*size).planes
        limit = HEADER_BYTES + round(max(max_bytes - HEADER_BYTES, 0) * self._share)
        choice = search(estimate(Coefficients.of(planes, *size), limit, enlarged=scale < 1))
        if choice.quality is None:
            return None
        return ssimulacra2(self._seen, drawing.resize(drawing.decode(choice.encode()), width, height))
