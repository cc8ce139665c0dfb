"""Allocate a budget of bytes to media: each medium reaches a floor, then bytes go where they gain most.

The rate curve of a medium gives its SSIMULACRA2 score at rising sizes; its slopes fall. Distortion is 100
minus the score. The common score is the highest score that all media can reach together within the budget.
The floor is slightly below the common score. Above the floor the allocation minimises the sum of a power of
the distortions, so a point that a poor slide gains counts more than a point that a good slide loses. The
allocation is optimal where the slopes of all curves are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from transcode.fit.rate_points import RatePoint, upper_hull
from transcode.model.tuning import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DECENT_SCORE", "TUNING", "Tuning", "allocate", "modelled", "score_of", "size_of"]

#: Bisection steps for the common score: 200 points / 2**12 = 0.05 points.
_HALVINGS = 12

#: Largest full need, as a fraction of an equal share, that a medium gets without reduction, because a
#: reduction would save few bytes. Chosen.
_SMALL = 0.1

#: SSIMULACRA2 score that each slide must be able to reach for several slides to stay in one message, if
#: more messages are allowed. SSIMULACRA2's author calls 30 low quality, 50 medium and 70 high.
DECENT_SCORE = 50.0

#: Model curves of recordings and clips: pairs of a bit rate in bit/s and points. Chosen, because no measure
#: has a common scale for sound, clips and pictures. The lowest point of sound is the highest mode of AMR-NB;
#: the lowest point of clips is enough for small video. Both get at least the bit rate of their lowest point
#: if there is room.
_SOUND = ((12_200, 30.0), (16_000, 55.0), (24_000, 75.0), (32_000, 84.0), (48_000, 91.0), (128_000, 97.0))
_CLIP = ((40_000, 20.0), (80_000, 40.0), (140_000, 52.0), (260_000, 65.0), (500_000, 76.0), (1_500_000, 90.0))

#: Model curve of animations: pairs of a size as a fraction of the source's size, and points. Chosen.
_ANIMATION = ((1 / 32, 0.0), (1 / 8, 40.0), (1 / 4, 60.0), (1 / 2, 78.0), (1.0, 96.0))

_SHARE = Tool("bench/tune_share.py", "share")


@dataclass(frozen=True, slots=True)
class Tuning:
    """The weight of poor media against good media. Distortion is 100 minus the score in points.

    Both numbers were tuned on mixes of two thirds of 18 photos. There the worst slide gained 1 to 4 points
    over a division in proportion to first encodings. On mixes of the other photos the worst slide lost up
    to 1 point. The mean score hardly changed.
    """

    floor: float = _SHARE.tuned(
        1.18,
        "Largest distortion of a medium, as a ratio to the distortion at the common score, as long as the"
        " budget allows.",
        unit="ratio of points",
    )
    emphasis: float = _SHARE.tuned(
        2.0,
        "Exponent of the distortion in the sum that the allocation minimises.",
        unit="power",
    )


TUNING = Tuning()


def modelled(kind: str, source_bytes: int, seconds: float, *, passes: bool) -> tuple[RatePoint, ...]:
    """The model curve of a medium whose curve can't be measured without encoding.

    Args:
        kind: the major content type; "image" is an animation.
        source_bytes: the size of the source in bytes.
        seconds: the duration to encode, in seconds.
        passes: whether the source may pass unchanged, so that the curve ends at its size.
    """
    model, unit = {
        "audio": (_SOUND, seconds / 8),
        "video": (_CLIP, seconds / 8),
        "image": (_ANIMATION, float(source_bytes)),
    }[kind]
    found = [RatePoint(max(1, round(rate * unit)), score) for rate, score in model]
    if passes:
        below = [point for point in found if point.size < source_bytes]
        found = [*below, RatePoint(source_bytes, 100.0)]
    return upper_hull(found)


def allocate(curves: Sequence[Sequence[RatePoint]], budget: int, *, tuning: Tuning = TUNING) -> list[int]:
    """The share of each medium in bytes; the shares sum to the budget.

    Args:
        curves: the rate curve of each medium, with at least one point. Sizes and scores rise, slopes fall.
        budget: the bytes of all media together.
        tuning: the numbers of the allocation.

    Returns:
        Shares in the order of the curves. If the budget is below the sum of the first sizes, the shares are
        in proportion to the first sizes. Bytes beyond the sum of the last sizes are divided evenly.
    """
    small = _SMALL * budget / len(curves)
    curves = [curve[-1:] if curve[-1].size <= small else curve for curve in curves]
    shares = [curve[0].size for curve in curves]
    if sum(shares) > budget:
        whole = sum(shares)
        return _rounded_up([budget * share // whole for share in shares], budget)
    left = budget - sum(shares)
    floor = 100.0 - tuning.floor * (100.0 - _alike(curves, budget))
    for _, index, wanted in sorted(
        (_rank(first, second, floor, tuning.emphasis), index, second.size - first.size)
        for index, curve in enumerate(curves)
        for first, second in pairwise(_with_point(curve, floor))
    ):
        given = min(wanted, left)
        shares[index] += given
        left -= given
    return _rounded_up([share + left // len(shares) for share in shares], budget)


def _rounded_up(shares: list[int], budget: int) -> list[int]:
    """The shares with the remainder of a division added: one byte to each of the first shares."""
    rest = budget - sum(shares)
    return [share + (index < rest) for index, share in enumerate(shares)]


def _alike(curves: Sequence[Sequence[RatePoint]], budget: int) -> float:
    """The common score: the highest score that fits the budget if all media have it.

    A medium that can't reach the score counts with its largest useful size.
    """
    low, high = -100.0, 100.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if sum(size_of(curve, middle) for curve in curves) <= budget:
            low = middle
        else:
            high = middle
    return low


def _with_point(curve: Sequence[RatePoint], score: float) -> list[RatePoint]:
    """The curve with an additional point at a score, if the curve passes the score."""
    if not curve[0].score < score < curve[-1].score:
        return list(curve)
    point = RatePoint(size_of(curve, score), score)
    below = [each for each in curve if each.score < score and each.size < point.size]
    return [*below, point, *(each for each in curve if each.score > score and each.size > point.size)]


def _rank(first: RatePoint, second: RatePoint, floor: float, emphasis: float) -> tuple[int, float]:
    """The sort key of a curve segment: below the floor by score, then by falling gain per byte."""
    if second.score <= floor:
        return 0, second.score
    gained = (100.0 - first.score) ** emphasis - (100.0 - second.score) ** emphasis
    return 1, -gained / (second.size - first.size)


def score_of(curve: Sequence[RatePoint], size: int) -> float:
    """The expected score at a size in bytes, by linear interpolation."""
    if size <= curve[0].size:
        return curve[0].score
    for first, second in pairwise(curve):
        if size < second.size:
            share = (size - first.size) / (second.size - first.size)
            return first.score + share * (second.score - first.score)
    return curve[-1].score


def size_of(curve: Sequence[RatePoint], score: float) -> int:
    """The smallest size in bytes at which a score is expected; the last size if it is never reached."""
    if score <= curve[0].score:
        return curve[0].size
    for first, second in pairwise(curve):
        if score < second.score:
            share = (score - first.score) / (second.score - first.score)
            return first.size + round(share * (second.size - first.size))
    return curve[-1].size
