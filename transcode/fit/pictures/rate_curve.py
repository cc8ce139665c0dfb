"""Rate curve of a picture: its expected score by file size, without encoding the picture.

Tiles from all over the picture are joined, and their sizes at a few qualities are counted. At one of these
qualities the tiles are decoded and scored. Photos that were scored whole relate that score to the other
qualities. Between and below these qualities the distortion follows a power of the size.
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
from transcode.model.tuning import Tool

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

#: Quality at which tiles are scored.
SCORED = 60.0

_SHARE = Tool("bench/tune_share.py", "share")


@dataclass(frozen=True, slots=True)
class Tuning:
    """Constants from photos that were scored whole. Distortion is 100 less the SSIMULACRA2 score."""

    distortions: tuple[tuple[float, float, float], ...] = _SHARE.tuned(
        ((SCORED, 48.5, 1.0), (90.0, 19.4, 0.85), (HIGHEST_QUALITY, 9.0, 1.0)),
        "Qualities in 4:2:0; the distortion of a photo at each quality, when the distortion of its tiles is"
        " USUAL_DISTORTION; and the exponent of the distortion of tiles. From eighteen photos in boxes of 640"
        " x 480, 1440 x 1080 and 2592 x 1944. With the present quantisation tables the distortions are 44.9,"
        " 18.3 and 8.1 and the exponents 0.92, 0.74 and 1.05. Those values gain 0.1 points in the mean of"
        " held-out photos and lose up to 0.9 points on the worst slide.",
        unit="quality, points, power",
    )
    power: float = _SHARE.tuned(
        0.6,
        "Exponent of the growth of distortion as bytes fall below those of the lowest quality, at the"
        " picture size that fit() chooses.",
        unit="power",
    )


TUNING = Tuning()

#: Distortion of tiles, in points, that Tuning.distortions refers to. It is a unit; any value would do.
USUAL_DISTORTION = 40.0

#: Lower bound of the distortion of tiles, in points: a flat picture has no distortion. Chosen.
_LEAST_DISTORTION = 1.0

#: Lowest score of a curve, in points; a picture is unrecognisable there. Chosen.
_LOWEST_SCORE = -100.0

#: Width and height of a tile in MCUs of 4:2:0, and tiles in a row: together 256 pixels, the smallest size at
#: which SSIMULACRA2 uses all its scales.
TILE = 2
ACROSS = 8

#: Ratio of the sizes of two consecutive points. Chosen: two points for each doubling of the size.
_STEP = math.sqrt(2)


def rate_curve(planes: Sequence[NDArray[np.uint8]], *, tuning: Tuning = TUNING) -> tuple[RatePoint, ...]:
    """Return a picture's expected score at rising sizes, up to the highest quality.

    The bytes for each point of score rise from point to point. A budget that several pictures share is best
    divided where their curves have equal slopes.

    Args:
        planes: the picture: luma, then no chroma or two planes of chroma in 4:2:0.
        tuning: the measured constants.
    """
    sizes, distortion = tile_figures(planes, tuning=tuning)
    return curve(sizes, distortion, tuning=tuning)


def tile_figures(
    planes: Sequence[NDArray[np.uint8]], *, tuning: Tuning = TUNING
) -> tuple[list[float], float]:
    """Return the picture's estimated bytes at each quality of the tuning, and the distortion of its tiles.

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
    """Return the curve for the results of tile_figures().

    Args:
        sizes: size in bytes without headers at each quality of the tuning.
        distortion: distortion of the tiles at quality SCORED, in points.
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
    """Yield logarithms of bytes and of distortion: extrapolated, known and interpolated points."""
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
