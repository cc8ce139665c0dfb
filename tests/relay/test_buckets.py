"""Token buckets: how fast somebody may send."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transcode.relay.buckets import Rate, spent


class Reference:
    """A bucket of tokens as textbooks have it."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.tokens, self.at = rate, rate.burst, 0.0

    def spend(self, cost: int, now: float) -> bool:
        self.tokens = min(self.rate.burst, self.tokens + (now - self.at) * self.rate.per_minute / 60)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= cost
        return True


@given(
    st.sampled_from([30, 60, 240]),
    st.integers(1, 30),
    # In quarters of a second, so that both sums are exact.
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), max_size=50),
)
def test_buckets(per_minute: int, burst: int, steps: list[tuple[int, int]]) -> None:
    """One number does what tokens and a time do."""
    rate = Rate(per_minute, burst)
    reference, full_at, now = Reference(rate), 0.0, 0.0
    for quarters, cost in steps:
        now += quarters / 4
        before = full_at
        full_at, wait = spent(full_at, rate, cost, now)
        assert (wait == 0) == reference.spend(cost, now)
        if wait:
            assert spent(before, rate, cost, now + wait)[1] == 0
            assert spent(before, rate, cost, now + wait - 0.125)[1] > 0


def test_no_limit() -> None:
    full_at = 5.0
    for _ in range(1000):
        full_at, wait = spent(full_at, Rate(0, 1), 100, 10.0)
        assert (full_at, wait) == (5.0, 0.0)


def test_a_debt_is_paid() -> None:
    """A message to many may come at once, and the next one waits for it."""
    rate = Rate(60, 10)
    full_at, wait = spent(0.0, rate, 100, 1000.0)
    assert wait == 0
    assert spent(full_at, rate, 1, 1000.0) == (full_at, 91.0)


def test_a_clock_that_goes_back() -> None:
    """It locks nobody out for longer than a day, and a bucket that was used a second ago not at all."""
    rate = Rate(60, 10)
    full_at, _ = spent(0.0, rate, 1, 5000.0)
    assert spent(full_at, rate, 1, 4999.0)[1] == 0
    year = 365 * 86_400.0
    _, wait = spent(spent(0.0, rate, 1, 2 * year)[0], rate, 1, year)
    assert 0 < wait <= 86_401
