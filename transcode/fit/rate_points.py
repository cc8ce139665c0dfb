"""Points of rate-distortion curves, and their upper convex hull."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RatePoint", "upper_hull"]


class RatePoint(NamedTuple):
    """A point of a rate-distortion curve.

    Attributes:
        size: size in bytes.
        score: expected SSIMULACRA2 at the size of the box; 100 means identical pictures.
    """

    size: int
    score: float


def upper_hull(candidates: Iterable[RatePoint]) -> tuple[RatePoint, ...]:
    """Return the points of the upper convex hull: sizes and scores rise, slopes fall."""
    hull: list[RatePoint] = []
    for point in sorted(candidates, key=lambda each: (each.size, -each.score)):
        if hull and point.score <= hull[-1].score:
            continue
        if hull and point.size == hull[-1].size:
            continue
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) <= _slope(hull[-1], point):
            hull.pop()
        hull.append(point)
    return tuple(hull)


def _slope(first: RatePoint, second: RatePoint) -> float:
    return (second.score - first.score) / (second.size - first.size)
