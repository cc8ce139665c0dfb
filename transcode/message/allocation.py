"""How media share a budget of bytes: each gets its floor, then bytes go where the next one buys most.

A medium's curve says what it looks like at rising sizes, in points of SSIMULACRA2, with falling slopes.
The floor is a little below the score that all would have if they looked alike. Above it,
what lacks to 100 points counts by a power of it, so that a point that a poor slide gains counts more than
one that a fine slide loses. Where the slopes of all curves are equal, no byte would be
better spent elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from transcode.fit.rate_points import RatePoint, upper_hull
from transcode.model.tuning import Tool, tuned

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DECENT_SCORE", "TUNING", "Tuning", "allocate", "modelled", "score_of", "size_of"]

_SHARE = Tool("bench/tune_share.py", "share")


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a division weighs poor media against fine ones. Distortion is what a score lacks to 100 points.

    Both were found by mixes of two thirds of eighteen photos, where the worst slide gained 1 to 4 points over
    a division in proportion to first encodings; on the others it lost up to one, at much the same mean.
    """

    floor: float = tuned(
        1.18,
        "As long as there are bytes, no medium has more than this many times the distortion that all would"
        " have if they looked alike.",
        unit="ratio of points",
        by=_SHARE,
    )
    emphasis: float = tuned(2.0, "The power by which distortion counts.", unit="power", by=_SHARE)


TUNING = Tuning()

#: The score that all could have is found by so many halvings of 200 points: to a twentieth of one.
_HALVINGS = 12

#: A medium that needs no more than this part of an equal share gets all that it needs. Chosen: there is next
#: to nothing to gain from it.
_SMALL = 0.1

#: What a slide must reach at least, in points, for several slides to stay in one message, if there may be
#: more. SSIMULACRA2's author calls 30 low quality, 50 medium, 70 high.
DECENT_SCORE = 50.0

#: What recordings and clips are taken to be worth beside pictures, as points at bits a second. Chosen, since
#: nothing measures them on one scale. Sound begins at AMR-NB's best mode, clips at what shows a small moving
#: picture: less is asked of neither as long as there is room.
_SOUND = ((12_200, 30.0), (16_000, 55.0), (24_000, 75.0), (32_000, 84.0), (48_000, 91.0), (128_000, 97.0))
_CLIP = ((40_000, 20.0), (80_000, 40.0), (140_000, 52.0), (260_000, 65.0), (500_000, 76.0), (1_500_000, 90.0))

#: The same for animations, at bits for each bit of their source. Chosen as well.
_ANIMATION = ((1 / 32, 0.0), (1 / 8, 40.0), (1 / 4, 60.0), (1 / 2, 78.0), (1.0, 96.0))


def modelled(kind: str, source_bytes: int, seconds: float, *, passes: bool) -> tuple[RatePoint, ...]:
    """The curve of a medium of which nothing is known without making it.

    Args:
        kind: its major content type; "image" is an animation.
        source_bytes: the size of the source.
        seconds: how much of it is wanted.
        passes: whether the source might leave as it is, so that no more than its bytes is of use.
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
    """Bytes for each medium, in all exactly the budget.

    Args:
        curves: of each medium, one point at least: sizes and scores rise, slopes fall.
        budget: in bytes.
        tuning: the numbers that it goes by.

    Returns:
        Shares in the order of the curves. Below the sum of the first points they are in proportion to
        those; what is beyond the last ones is allocate evenly.
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
    """The first ones get the bytes that a division left."""
    rest = budget - sum(shares)
    return [share + (index < rest) for index, share in enumerate(shares)]


def _alike(curves: Sequence[Sequence[RatePoint]], budget: int) -> float:
    """The score that all could have, those that never reach it aside."""
    low, high = -100.0, 100.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if sum(size_of(curve, middle) for curve in curves) <= budget:
            low = middle
        else:
            high = middle
    return low


def _with_point(curve: Sequence[RatePoint], score: float) -> list[RatePoint]:
    """The curve with a point at a score, where it passes it."""
    if not curve[0].score < score < curve[-1].score:
        return list(curve)
    point = RatePoint(size_of(curve, score), score)
    below = [each for each in curve if each.score < score and each.size < point.size]
    return [*below, point, *(each for each in curve if each.score > score and each.size > point.size)]


def _rank(first: RatePoint, second: RatePoint, floor: float, emphasis: float) -> tuple[int, float]:
    """What is bought earlier: what lies below the floor, the lowest first; then by what a byte buys."""
    if second.score <= floor:
        return 0, second.score
    gained = (100.0 - first.score) ** emphasis - (100.0 - second.score) ** emphasis
    return 1, -gained / (second.size - first.size)


def score_of(curve: Sequence[RatePoint], size: int) -> float:
    """What is expected of so many bytes."""
    if size <= curve[0].size:
        return curve[0].score
    for first, second in pairwise(curve):
        if size < second.size:
            share = (size - first.size) / (second.size - first.size)
            return first.score + share * (second.score - first.score)
    return curve[-1].score


def size_of(curve: Sequence[RatePoint], score: float) -> int:
    """The bytes from which on so much is expected; all that the medium has use for where it never is."""
    if score <= curve[0].score:
        return curve[0].size
    for first, second in pairwise(curve):
        if score < second.score:
            share = (score - first.score) / (second.score - first.score)
            return first.size + round(share * (second.size - first.size))
    return curve[-1].size
