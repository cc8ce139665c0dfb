"""Times of pictures: how far apart they are, how long each is shown, when each is decoded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transcode.media.source.rates import rated
from transcode.media.source.timing import busy, lasting, period, stamped

TIMES = st.lists(st.floats(0, 4000, allow_subnormal=True), max_size=60)


@given(TIMES)
@example([0.0, 0.02, 0.06, 0.08, 0.12])
@example([0.0, 1e-320, 2e-320])
@example([0.0, 0.0004, 5.0])
def test_the_period_is_finite(times: list[float]) -> None:
    """The period is about one of the distances, or 0 where there is none, whatever the times are."""
    found = period(times)
    assert math.isfinite(found)
    assert found >= 0
    distinct = sorted(set(times))
    gaps = [later - earlier for earlier, later in itertools.pairwise(distinct)]
    seen = [gap for gap in gaps if gap >= 0.0005]
    assert (found > 0) == bool(seen)
    if seen:
        assert min(abs(gap - found) for gap in seen) <= 0.0015


@pytest.mark.parametrize("first", [0, 1])
def test_two_clusters(first: int) -> None:
    """With as many long as short distances the short one is usual: no picture is too many."""
    times = [0.0]
    for number in range(20):
        times.append(times[-1] + (0.04 if number % 2 == first else 0.1))
    assert period(times) == pytest.approx(0.04)


def test_times_in_milliseconds() -> None:
    """Their mean is the period, none of them."""
    assert period([round(n / 30, 3) for n in range(300)]) == pytest.approx(1 / 30, abs=1e-5)


def test_a_picture_is_shown_until_the_next() -> None:
    """A picture lasts until the next one, in any order; equal times last until the next other time."""
    assert lasting([0, 3, 1, 2], 7) == [1, 4, 1, 1]
    assert lasting([0, 2, 2], 3) == [2, 1, 1]
    assert busy([0.0, 0.5, 1.0, 9.0], 9.5) == pytest.approx(2.5)
    assert busy([2.0], 2.0) == 0


@st.composite
def orders(draw: st.DrawFn) -> list[int]:
    """Times of pictures in an order of decoding, each no further from its place than a decoder allows."""
    gaps = draw(st.lists(st.integers(1, 5000), min_size=1, max_size=40))
    times = [sum(gaps[:place]) for place in range(len(gaps))]
    keys = [place - draw(st.integers(0, 3)) * 1.5 for place in range(len(times))]
    return [time for _, time in sorted(zip(keys, times, strict=True))]


def steady(times: list[int]) -> list[int]:
    """Times of decoding as far before each place in time for all."""
    ordered = sorted(times)
    late = max(due - time for due, time in zip(ordered, times, strict=True))
    return [due - late for due in ordered]


def encoded(times: list[int]) -> list[int]:
    """Decoding times of x264: display times, delayed by the number of reordered pictures."""
    ordered = sorted(times)
    depth = max(place - ordered.index(time) for place, time in enumerate(times))
    return [time - ordered[depth] + ordered[0] for time in ordered[:depth]] + ordered[: len(times) - depth]


@given(orders(), st.integers(1, 5000), st.sampled_from([None, steady, encoded]))
@example([0, 6160, 6080, 6040, 7160], 40, encoded)
def test_what_a_muxer_is_told(
    times: list[int], last: int, told: Callable[[list[int]], list[int]] | None
) -> None:
    """Times of decoding grow and are none too late; the media are as long as what is shown."""
    end = max(times) + last
    stamps = stamped(times, end, 1000, None if told is None else told(times))
    decoded = stamps.decoded
    if told is steady:
        assert decoded == steady(times)
    assert all(later > earlier for earlier, later in itertools.pairwise(decoded))
    assert all(due <= time for due, time in zip(decoded, times, strict=True))
    assert decoded[-1] + stamps.durations[-1] - decoded[0] >= end - min(times)
    ends = [time + length for time, length in zip(times, stamps.durations, strict=True)]
    assert max(ends) == end
    assert all(length > 0 for length in stamps.durations)


def test_times_of_decoding_that_can_not_be() -> None:
    """Missing, not growing, later than what is shown: they are made anew."""
    times = [0, 2, 1, 3]
    right = stamped(times, 4, 1000)
    assert right.decoded == [-1, 0, 1, 2]
    for told in ([-1, None, 1, 2], [-1, 0, 0, 2], [-1, 0, 2, 3], [-1, 0, 1]):
        assert stamped(times, 4, 1000, told) == right


def test_what_stands_is_not_decoded_long_before() -> None:
    """A step from picture to picture that is as long as the longest would put sound seconds away."""
    times = [0, 9000, 20, 40, 9020]
    stamps = stamped(times, 9040, 1000)
    assert stamps.decoded[0] >= -501


def test_what_is_short_has_no_rate() -> None:
    """A picture or a sample in a container has no bits a second that say anything."""
    assert rated(1000, 1.0) == ", 8.0 kbit/s"
    assert rated(1000, 0.1, 25.0) == ", 25 frames/s, 80.0 kbit/s"
    assert rated(1000, 0.01, 100.0) == ""
    assert rated(1000, 1 / 44_100) == ""
