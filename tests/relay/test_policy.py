"""Who may send what, how much and how fast."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import transcode
from transcode.messages.message import Message
from transcode.relay.policy import Rate, Terms, judged, matches, spent
from transcode.relay.refusals import Reason

TERMS = Terms(
    1000,
    3,
    10,
    blocked_senders=("+1900*", "spam@example.org"),
    refused_types=("application/x-*", "text/html"),
)


def message(*types: str) -> Message:
    parts = tuple(transcode.Part(one, b"x") for one in types)
    return Message("m-send-req", "t", content_type="application/vnd.wap.multipart.mixed", parts=parts)


def reason(
    size: int = 10,
    sender: str = "+15550001",
    recipients: tuple[str, ...] = ("+15550002",),
    forwards: int = 0,
    types: tuple[str, ...] = ("image/jpeg", "text/plain"),
) -> Reason | None:
    found = judged(message(*types), size, sender, recipients, forwards, TERMS)
    return None if found is None else found.reason


def test_what_is_taken() -> None:
    assert reason() is None
    assert reason(size=1000, recipients=("a", "b", "c"), forwards=10) is None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"sender": ""}, Reason.DENIED),
        ({"sender": "+19005550001"}, Reason.DENIED),
        ({"sender": "Spam@Example.org"}, Reason.DENIED),
        ({"recipients": ()}, Reason.CORRUPT),
        ({"recipients": ("+1", "")}, Reason.CORRUPT),
        ({"types": ()}, Reason.CORRUPT),
        ({"size": 1001}, Reason.CONTENT),
        ({"recipients": ("a", "b", "c", "d")}, Reason.DENIED),
        ({"forwards": 11}, Reason.DENIED),
        ({"types": ("image/jpeg", "Application/X-Msdownload")}, Reason.CONTENT),
        ({"types": ("text/html;charset=utf-8",)}, Reason.CONTENT),
    ],
)
def test_what_is_refused(values: dict[str, object], found: Reason) -> None:
    assert reason(**values) is found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("+15550001", "+15550001", True),
        ("+15550001", "+1555000", False),
        ("+15550001", "+1555*", True),
        ("+15550001", "*", True),
        ("", "*", True),
        ("", "", True),
        ("a@b", "*@B", True),
        ("a@b.c", "*@*.c", True),
        ("a@b.d", "*@*.c", False),
        # Only the star is a sign.
        ("abc", "a?c", False),
        ("a?c", "a?c", True),
        ("b", "[abc]", False),
        ("[abc]", "[abc]", True),
        ("a+b", "a+b", True),
        ("aab", "a+b", False),
    ],
)
def test_patterns(text: str, pattern: str, found: bool) -> None:
    assert matches(text, ["no", pattern]) is found


def test_a_pattern_of_many_stars_ends() -> None:
    assert not matches("a" * 5000, ["*a" * 30 + "b"])


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
