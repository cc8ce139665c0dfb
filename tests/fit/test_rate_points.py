"""Curves: the points that are worth having are those that no mixture of others reaches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transcode.fit.rate_points import RatePoint, upper_hull


def assert_concave(points: tuple[RatePoint, ...]) -> None:
    """Sizes and scores rise, slopes fall."""
    assert all(a.size < b.size and a.score < b.score for a, b in pairwise(points))
    slopes = [(b.score - a.score) / (b.size - a.size) for a, b in pairwise(points)]
    assert all(first > second for first, second in pairwise(slopes))


@given(st.lists(st.builds(RatePoint, st.integers(1, 50), st.integers(-30, 100).map(float)), max_size=20))
def test_hull(candidates: list[RatePoint]) -> None:
    """Those points remain that no mixture of others reaches, and they are concave."""
    kept = upper_hull(candidates)
    assert_concave(kept)
    assert set(kept) <= set(candidates)
    for size, score in candidates:
        reachable = np.interp(size, [each.size for each in kept], [each.score for each in kept])
        assert score <= reachable + 1e-9
