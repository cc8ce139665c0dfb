"""How a picture looks at one size and another for the same bytes, before it is coded at either.

Tiles from all over it are coded at each size, at their share of the bytes, enlarged to what
they were, and scored.
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

#: Tiles are squares of so many MCUs in 4:2:0 a side, and so many stand side by side: 384 pixels, which take
#: 4 ms. Chosen: smaller ones have more edges than the picture; with more of them the choice is hardly better.
_TILE = 8
_ACROSS = 3


class Sizes:
    """A picture, ready to be scored at one size after another.

    Args:
        planes: of the picture at its largest: luma, then none or two of chroma in 4:2:0.
    """

    def __init__(self, planes: Sequence[NDArray[np.uint8]]) -> None:
        self._tiles = Reduced(tiled(planes, _TILE, _ACROSS))
        self._seen = rgb(self._tiles.planes)
        self._share = self._tiles.planes[0].size / planes[0].size

    def score(self, scale: float, max_bytes: int) -> float | None:
        """About how the picture looks, by SSIMULACRA2, enlarged to its largest size.

        Args:
            scale: of its width and height, 1 at most.
            max_bytes: of the whole picture.

        Returns:
            Points; None when so few bytes do not do, or the picture is too small to be scored.
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
