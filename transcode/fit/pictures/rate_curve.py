"""What more bytes buy: a picture's quality against its size, without encoding it.

Tiles from all over the picture are put together; what they take at a few qualities is counted, and
at one of these they are decoded and scored. How the others look beside that is known from photos
that were scored whole. Between and below these qualities the score follows a power of the size.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from transcode.fit.pictures.jpeg import HEADER_BYTES, HIGHEST_QUALITY, encode_at
from transcode.fit.pictures.tiles import rgb, tiled
from transcode.fit.rate_points import RatePoint, upper_hull
from transcode.media.pictures import drawing
from transcode.media.samples.coefficients import Coefficients
from transcode.media.samples.score import LEAST, ssimulacra2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["rate_curve"]

#: What a photo lacks to 100 points of SSIMULACRA2 at a quality in 4:2:0, where its tiles lack _USUAL_LACK
#: at _SCORED; and the power of theirs that it follows. From eighteen photos in boxes of 640 x 480,
#: 1440 x 1080 and 2592 x 1944 (bench/tune_share.py), before the tables were balanced. With
#: those of now it says 44.9, 18.3 and 8.1, which divides mixes no better.
_LACKS = {60.0: (48.5, 1.0), 90.0: (19.4, 0.85), HIGHEST_QUALITY: (9.0, 1.0)}
_SCORED = 60.0
_USUAL_LACK = 40.0

#: The least that tiles are taken to lack: a flat picture lacks nothing.
_LEAST_LACK = 1.0

#: Below the lowest quality, what lacks to 100 points grows by this power as bytes become fewer, at
#: the size that fit() chooses.
_POWER = 0.6

#: The lowest score that is told; a picture is past recognition there.
_LOWEST_SCORE = -100.0

#: Tiles are squares of so many MCUs in 4:2:0 a side, and so many stand side by side: 256 pixels, the fewest
#: at which SSIMULACRA2 looks at all its scales.
_TILE = 2
_ACROSS = 8

#: From one point to the next there are so many times as many bytes.
_STEP = math.sqrt(2)


def rate_curve(planes: Sequence[NDArray[np.uint8]]) -> tuple[RatePoint, ...]:
    """What a picture's quality is expected to be at rising sizes, up to the finest that is made of it.

    Each point costs more bytes a point of score than the one before: a budget that several pictures
    share is spent best where their curves have equal slopes.

    Args:
        planes: of the picture: luma, then none or two of chroma in 4:2:0.
    """
    tiles = tiled(planes, _TILE, _ACROSS)
    height, width = tiles[0].shape
    share = tiles[0].size / planes[0].size
    sizes = []
    lack = _USUAL_LACK
    for quality, choice in zip(_LACKS, encode_at(Coefficients.of(tiles, width, height), _LACKS), strict=True):
        sizes.append(max((choice.size - HEADER_BYTES) / share, 1))
        if quality == _SCORED and min(width, height) >= LEAST:
            lack = max(100 - ssimulacra2(rgb(tiles), drawing.decode(choice.encode())), _LEAST_LACK)
    known = [
        (math.log(size), math.log(usual * (lack / _USUAL_LACK) ** power))
        for size, (usual, power) in zip(sizes, _LACKS.values(), strict=True)
    ]
    return upper_hull(
        RatePoint(HEADER_BYTES + round(math.exp(x)), 100 - math.exp(y)) for x, y in _filled(known)
    )


def _filled(known: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Logarithms of bytes and of lacking score: those known, what is between them, and what is below."""
    (lowest, lacks), *_ = known
    step = math.log(_STEP)
    while (lacks := lacks + _POWER * step) < math.log(100 - _LOWEST_SCORE):
        lowest -= step
        yield lowest, lacks
    for (x0, y0), (x1, y1) in pairwise(known):
        pieces = max(1, math.ceil((x1 - x0) / step))
        for piece in range(pieces):
            yield x0 + (x1 - x0) * piece / pieces, y0 + (y1 - y0) * piece / pieces
    yield known[-1]
