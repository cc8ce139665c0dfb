"""What more bytes buy: a picture's quality against its size, without encoding it.

Sizes at a few qualities are counted, on a share of the picture's rows; how good a quality looks is
known from photos that were scored. Between and below them quality follows a power of the size.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from transcode.fit.curve import Point, concave
from transcode.fit.jpeg import HEADER_BYTES, HIGHEST_QUALITY, sizes
from transcode.media.coefficients import Coefficients

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["points"]

# The numbers below come from eleven camera photos in boxes of 640 x 480, 1440 x 1080 and 2592 x 1944, with
# 0.005 to 0.2 bytes a pixel, at the size that fit() chooses (bench/tune_size.py).

#: Points of SSIMULACRA2 that photos have on the average at a quality in 4:2:0.
_SCORES = {60.0: 55.0, 90.0: 82.0, HIGHEST_QUALITY: 96.0}

#: Below the lowest of these, what lacks to 100 points grows by this power as bytes become fewer.
_POWER = 0.56

#: The lowest score that is told; a picture is past recognition there.
_LOWEST_SCORE = -100.0

#: One of so many rows of MCUs is looked at, but not fewer than five; and the rows of an MCU in 4:2:0.
_EVERY = 12
_FEWEST_ROWS = 5
_MCU = 16

#: From one point to the next there are so many times as many bytes.
_STEP = math.sqrt(2)


def points(planes: Sequence[NDArray[np.uint8]]) -> tuple[Point, ...]:
    """What a picture's quality is expected to be at rising sizes, up to the finest that is made of it.

    Each point costs more bytes a point of score than the one before: a budget that several pictures
    share is spent best where their curves have equal slopes.

    Args:
        planes: of the picture: luma, then none or two of chroma in 4:2:0.
    """
    sample, share = _sample(planes)
    known = [
        (math.log(max((size - HEADER_BYTES) / share, 1)), math.log(100 - score))
        for size, score in zip(sizes(sample, _SCORES), _SCORES.values(), strict=True)
    ]
    return concave(Point(HEADER_BYTES + round(math.exp(x)), 100 - math.exp(y)) for x, y in _filled(known))


def _sample(planes: Sequence[NDArray[np.uint8]]) -> tuple[Coefficients, float]:
    """Some of a picture's rows of MCUs, evenly spread, as a picture; and which share of it they are."""
    luma, *chroma = planes
    height, width = luma.shape
    whole = height // _MCU
    every = max(1, min(_EVERY, whole // _FEWEST_ROWS))
    if every > 1:
        taken = range(every // 2, whole, every)
        luma, *chroma = (
            np.concatenate([plane[row * size : (row + 1) * size] for row in taken])
            for plane, size in zip(planes, (_MCU, _MCU // 2, _MCU // 2), strict=False)
        )
    rows = luma.shape[0]
    return Coefficients.of((luma, *chroma), width, rows), rows / height


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
