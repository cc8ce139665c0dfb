"""Budgets: nothing over, nothing left, floors first, then equal slopes."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.fit.rate_points import RatePoint, upper_hull
from transcode.message.allocation import Tuning, allocate, modelled, score_of, size_of

CURVES = st.lists(
    st.lists(
        st.builds(RatePoint, st.integers(1, 100_000), st.floats(-100, 100)), min_size=1, max_size=12
    ).map(upper_hull),
    min_size=1,
    max_size=8,
)


def hard(scale: float) -> tuple[RatePoint, ...]:
    """A picture that needs ``scale`` times the bytes of another picture for the same score."""
    return upper_hull(RatePoint(round(scale * 500 * 2**n), 100 - 200 * 0.68**n) for n in range(9))


@given(CURVES, st.integers(0, 500_000))
def test_exactly_the_budget(curves: list[tuple[RatePoint, ...]], budget: int) -> None:
    """Whatever the curves, the shares sum to the budget, none is negative, and the same comes out again."""
    shares = allocate(curves, budget)
    assert sum(shares) == budget
    assert min(shares) >= 0
    assert allocate(curves, budget) == shares


def alike(curves: list[tuple[RatePoint, ...]], budget: int) -> float:
    """The score that all could have, within half a point."""
    halves = range(-199, 201)
    fitting = bisect_right(halves, budget, key=lambda half: sum(size_of(curve, half / 2) for curve in curves))
    return fitting / 2 - 100


@given(CURVES, st.integers(0, 500_000))
def test_no_byte_would_be_better_elsewhere(curves: list[tuple[RatePoint, ...]], budget: int) -> None:
    """Above what all could have alike, last bytes bought no less than the next would buy elsewhere."""
    if sum(curve[0].size for curve in curves) > budget:
        return
    shares = allocate(curves, budget)
    level = alike(curves, budget) + 1

    def worth(curve: tuple[RatePoint, ...], size: int) -> float | None:
        """What a byte buys in the piece that goes on from this size, where that lies above all of it."""
        for a, b in pairwise(curve):
            if a.size <= size < b.size and a.score > level:
                return float((100 - a.score) ** 2 - (100 - b.score) ** 2) / (b.size - a.size)
        return None

    for curve, size in zip(curves, shares, strict=True):
        for other, its in zip(curves, shares, strict=True):
            last, following = worth(curve, size - 2), worth(other, its + 2)
            if curve is not other and last is not None and following is not None:
                assert last >= following * (1 - 1e-9)


@given(CURVES, st.integers(0, 500_000))
def test_none_is_much_poorer_than_all_could_be(curves: list[tuple[RatePoint, ...]], budget: int) -> None:
    """Bytes go to the poorest first, until they lack little more than if all looked alike."""
    if sum(curve[0].size for curve in curves) > budget:
        return
    level = alike(curves, budget)
    for curve, size in zip(curves, allocate(curves, budget), strict=True):
        score = score_of(curve, size)
        assert 100 - score <= max(1.2 * (100 - level) + 1, 100 - curve[-1].score)


def test_the_harder_gets_more_and_the_worst_gains() -> None:
    """A picture that needs more gets more than its half, and less than in proportion to its needs."""
    for budget in (60_000, 120_000, 240_000):
        difficult, easy = allocate([hard(4.0), hard(1.0)], budget)
        assert budget / 2 < difficult < budget * 0.85
        assert score_of(hard(4.0), difficult) > score_of(hard(4.0), budget // 2)
        assert score_of(hard(1.0), easy) > score_of(hard(4.0), difficult)


def test_the_small_get_what_they_need() -> None:
    """A picture that is hardly to be seen in the budget is not made poorer for another's sake."""
    tiny = (RatePoint(600, 0.0), RatePoint(700, 100.0))
    assert allocate([hard(8.0), tiny], 20_000) == [19_300, 700]


def test_what_nobody_needs_is_divided() -> None:
    """Beyond the last points all get alike, since estimates may be too low."""
    curves = [(RatePoint(10, 0.0), RatePoint(100, 90.0)), (RatePoint(20, 50.0),)]
    assert allocate(curves, 321) == [201, 120]


@given(CURVES.map(lambda curves: curves[0]), st.integers(0, 120_000), st.floats(-100, 100))
def test_readings(curve: tuple[RatePoint, ...], size: int, score: float) -> None:
    """Scores rise with sizes and sizes with scores; one undoes the other."""
    assert score_of(curve, size) <= score_of(curve, size + 100)
    assert size_of(curve, score) <= size_of(curve, score + 1)
    if curve[0].score <= score <= curve[-1].score:
        assert abs(size_of(curve, score_of(curve, size_of(curve, score))) - size_of(curve, score)) <= 1


def test_models() -> None:
    """A recording has no use for more than it has where it may pass; longer ones need more."""
    whole = modelled("audio", 20_000, 10.0, passes=True)
    assert whole[-1] == RatePoint(20_000, 100.0)
    assert modelled("audio", 20_000, 10.0, passes=False)[-1].size == 160_000
    assert size_of(modelled("video", 1, 20.0, passes=False), 50.0) == pytest.approx(
        2 * size_of(modelled("video", 1, 10.0, passes=False), 50.0), abs=2
    )
    for kind in ("audio", "video", "image"):
        points = modelled(kind, 50_000, 5.0, passes=True)
        assert all(a.size < b.size and a.score < b.score for a, b in pairwise(points))


def test_emphasis_helps_the_poor() -> None:
    """The higher the power of what lacks, the more the picture that looks worse gets."""
    curves = [hard(4.0), hard(1.0)]
    mild, strict = (
        allocate(curves, 20_000, tuning=Tuning(floor=9.0, emphasis=power)) for power in (1.0, 4.0)
    )
    assert strict[0] > mild[0]
