"""The search gets a function and numbers; pictures do not occur."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.fit.search import largest


def exponential(scale: float, growth: float) -> Callable[[float], int]:
    return lambda setting: int(scale * growth**setting)


@given(
    limit=st.integers(1, 10**7),
    scale=st.floats(1, 10**6),
    growth=st.floats(1.01, 4),
    low=st.floats(-5, 0),
    width=st.floats(0.5, 10),
)
@settings(deadline=None)
def test_never_over_the_limit(limit: int, scale: float, growth: float, low: float, width: float) -> None:
    """The result was measured, and is within the limit."""
    measure, sizes = exponential(scale, growth), {}

    def recorded(setting: float) -> int:
        sizes[setting] = measure(setting)
        return sizes[setting]

    found = largest(recorded, limit, low, low + width)
    if found.setting is None:
        assert found.size == measure(low) > limit
    else:
        assert sizes[found.setting] == found.size <= limit


@given(limit=st.integers(20_000, 10**6), growth=st.floats(1.5, 4))
@settings(deadline=None)
def test_most_of_the_limit_is_used(limit: int, growth: float) -> None:
    """Where the range reaches across the limit, 99 % of it is used, in few trials."""
    trials = []

    def measure(setting: float) -> int:
        trials.append(setting)
        return int(10_000 * growth**setting)

    found = largest(measure, limit, 0, 12)
    assert found.setting is not None
    assert found.size >= 0.99 * limit or found.setting == 12
    assert len(trials) <= 8


@pytest.mark.parametrize(
    ("size", "setting", "end", "most"), [(10, 5, 5, 4), (1000, None, 0, 6)], ids=["ceiling", "floor"]
)
def test_an_end_of_the_range_is_reached_soon(size: int, setting: int | None, end: int, most: int) -> None:
    """Few trials show that everything or nothing fits; the last one is the ceiling or the floor."""
    trials = []

    def measure(setting: float) -> int:
        trials.append(setting)
        return size

    found = largest(measure, 100, 0, 5)
    assert (found.setting, found.size, trials[-1]) == (setting, size, end)
    assert len(trials) <= most


def test_steps_in_size_end_the_search() -> None:
    """A size that jumps across the limit leaves the last setting below the jump."""
    found = largest(lambda setting: 50 if setting < 2.5 else 500, 100, 0, 5, precision=0.01)
    assert found.setting is not None
    assert 2.49 <= found.setting < 2.5
    assert found.size == 50


def test_sizes_that_do_not_grow_still_fit() -> None:
    """A function that is not monotone gives something that fits."""
    found = largest(lambda setting: 90 + 30 * (int(setting * 10) % 2), 100, 0, 5.1)
    assert found.setting is not None
    assert found.size <= 100
