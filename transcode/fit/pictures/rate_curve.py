"""What more bytes buy: a picture's quality against its size, without encoding it.

Tiles from all over the picture are put together; what they take at a few qualities is counted, and
at one of these they are decoded and scored. How the others look beside that is known from photos
that were scored whole. Between and below these qualities the score follows a power of the size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from transcode.fit.pictures.jpeg import HEADER_BYTES, HIGHEST_QUALITY, encode_at
from transcode.fit.pictures.tiles import rgb, tiled
from transcode.fit.rate_points import RatePoint, upper_hull
from transcode.media.pictures import drawing
from transcode.media.samples.coefficients import Coefficients
from transcode.media.samples.score import LEAST, ssimulacra2
from transcode.model.tuning import Tool, tuned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ACROSS",
    "SCORED",
    "TILE",
    "TUNING",
    "USUAL_DISTORTION",
    "Tuning",
    "curve",
    "rate_curve",
    "tile_figures",
]

#: The quality at which tiles are scored.
SCORED = 60.0

_SHARE = Tool("bench/tune_share.py", "share")


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is known of photos that were scored whole. Distortion is what SSIMULACRA2 lacks to 100 points."""

    distortions: tuple[tuple[float, float, float], ...] = tuned(
        ((SCORED, 48.5, 1.0), (90.0, 19.4, 0.85), (HIGHEST_QUALITY, 9.0, 1.0)),
        "Qualities in 4:2:0, the distortion of a photo there, where that of its tiles is the usual one, and"
        " the power of theirs that it follows. From eighteen photos in boxes of 640 x 480, 1440 x 1080 and"
        " 2592 x 1944. With the tables of now they would be 44.9, 18.3 and 8.1 with powers of 0.92, 0.74 and"
        " 1.05, which gains a tenth of a point in the mean of held-out photos and loses up to 0.9 on the"
        " worst slide.",
        unit="quality, points, power",
        by=_SHARE,
    )
    power: float = tuned(
        0.6,
        "Below the lowest quality distortion grows by this power as bytes become fewer, at the size that"
        " fit() chooses.",
        unit="power",
        by=_SHARE,
    )


TUNING = Tuning()

#: The distortion of tiles that the numbers above go with, in points. It is a unit: any would do.
USUAL_DISTORTION = 40.0

#: The least distortion that tiles are taken to have, in points: a flat picture has none. Chosen.
_LEAST_DISTORTION = 1.0

#: The lowest score that is told, in points; a picture is past recognition there. Chosen.
_LOWEST_SCORE = -100.0

#: Tiles are squares of so many MCUs in 4:2:0 a side, and so many stand side by side: 256 pixels, the fewest
#: at which SSIMULACRA2 looks at all its scales.
TILE = 2
ACROSS = 8

#: From one point to the next there are so many times as many bytes: chosen, a point each half an octave.
_STEP = math.sqrt(2)


def rate_curve(planes: Sequence[NDArray[np.uint8]], *, tuning: Tuning = TUNING) -> tuple[RatePoint, ...]:
    """What a picture's quality is expected to be at rising sizes, up to the finest that is made of it.

    Each point costs more bytes a point of score than the one before: a budget that several pictures
    share is spent best where their curves have equal slopes.

    Args:
        planes: of the picture: luma, then none or two of chroma in 4:2:0.
        tuning: the measured constants.
    """
    sizes, distortion = tile_figures(planes, tuning=tuning)
    return curve(sizes, distortion, tuning=tuning)


def tile_figures(
    planes: Sequence[NDArray[np.uint8]], *, tuning: Tuning = TUNING
) -> tuple[list[float], float]:
    """What tiles of a picture tell: its bytes at each of the qualities of the tuning, and their distortion.

    Args:
        planes, tuning: as for rate_curve().
    """
    tiles = tiled(planes, TILE, ACROSS)
    height, width = tiles[0].shape
    share = tiles[0].size / planes[0].size
    sizes: list[float] = []
    distortion = USUAL_DISTORTION
    qualities = [quality for quality, _, _ in tuning.distortions]
    choices = encode_at(Coefficients.of(tiles, width, height), qualities)
    for quality, choice in zip(qualities, choices, strict=True):
        sizes.append(max((choice.size - HEADER_BYTES) / share, 1))
        if quality == SCORED and min(width, height) >= LEAST:
            score = ssimulacra2(rgb(tiles), drawing.decode(choice.encode()))
            distortion = max(100 - score, _LEAST_DISTORTION)
    return sizes, distortion


def curve(sizes: Sequence[float], distortion: float, *, tuning: Tuning = TUNING) -> tuple[RatePoint, ...]:
    """The curve of a picture of which this is known, as rate_curve() gives it.

    Args:
        sizes: at each of the qualities of the tuning, in bytes without headers.
        distortion: of its tiles at SCORED, in points.
        tuning: the measured constants.
    """
    known = [
        (math.log(size), math.log(usual * (distortion / USUAL_DISTORTION) ** power))
        for size, (_, usual, power) in zip(sizes, tuning.distortions, strict=True)
    ]
    return upper_hull(
        RatePoint(HEADER_BYTES + round(math.exp(x)), 100 - math.exp(y))
        for x, y in _filled(known, tuning.power)
    )


def _filled(known: list[tuple[float, float]], power: float) -> Iterator[tuple[float, float]]:
    """Logarithms of bytes and of distortion: those known, what is between them, and what is below."""
    (lowest, distortion), *_ = known
    step = math.log(_STEP)
    while (distortion := distortion + power * step) < math.log(100 - _LOWEST_SCORE):
        lowest -= step
        yield lowest, distortion
    for (x0, y0), (x1, y1) in pairwise(known):
        pieces = max(1, math.ceil((x1 - x0) / step))
        for piece in range(pieces):
            yield x0 + (x1 - x0) * piece / pieces, y0 + (y1 - y0) * piece / pieces
    yield known[-1]
