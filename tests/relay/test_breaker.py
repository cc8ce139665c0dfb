"""When a next hop that fails is left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transcode.relay.breaker import HEALTHY, Health, after, granted, is_open

MOST, PAUSE = 5, 60.0


def failed(health: Health, now: float) -> Health:
    return after(health, now, failed=True, most=MOST, pause=PAUSE)


def opened(now: float = 100.0) -> Health:
    health = HEALTHY
    for _ in range(MOST):
        health = failed(health, now)
    return health


def test_five_failures_open_it() -> None:
    health = HEALTHY
    for count in range(1, MOST + 1):
        assert granted(health, 100.0, PAUSE) == health
        health = failed(health, 100.0)
        assert is_open(health) == (count == MOST)
    assert granted(health, 159.9, PAUSE) is None


def test_a_success_between_them_begins_anew() -> None:
    health = HEALTHY
    for _ in range(MOST - 1):
        health = failed(health, 100.0)
    health = after(health, 100.0, failed=False, most=MOST, pause=PAUSE)
    assert health == HEALTHY
    assert not is_open(failed(health, 100.0))


def test_one_probe_a_minute() -> None:
    """Of several who ask, one gets it; after a probe that failed the next one follows a minute later."""
    probing = granted(opened(), 160.0, PAUSE)
    assert probing is not None
    assert granted(probing, 160.0, PAUSE) is None
    assert granted(probing, 219.9, PAUSE) is None
    # It took half a minute to fail.
    health = failed(probing, 190.0)
    assert granted(health, 219.9, PAUSE) is None
    assert granted(health, 220.0, PAUSE) is not None


def test_a_probe_whose_worker_died() -> None:
    probing = granted(opened(), 160.0, PAUSE)
    assert probing is not None
    assert granted(probing, 220.0, PAUSE) is not None


def test_a_probe_that_succeeds_closes_it() -> None:
    probing = granted(opened(), 160.0, PAUSE)
    assert probing is not None
    assert after(probing, 161.0, failed=False, most=MOST, pause=PAUSE) == HEALTHY


def test_failures_of_attempts_that_began_before() -> None:
    """They move no probe into the future."""
    health = opened(100.0)
    for late in (101.0, 130.0, 159.0):
        health = failed(health, late)
    assert granted(health, 160.0, PAUSE) is not None


def test_without_a_breaker() -> None:
    health = HEALTHY
    for _ in range(100):
        health = after(health, 100.0, failed=True, most=0, pause=PAUSE)
        assert granted(health, 100.0, PAUSE) is not None


@given(st.lists(st.tuples(st.floats(0.1, 100), st.booleans()), max_size=60))
def test_never_stuck_and_never_hammered(steps: list[tuple[float, bool]]) -> None:
    """Whoever waits for the pause gets an attempt; while it is open, attempts are a pause apart."""
    now, health, probed = 1000.0, HEALTHY, 0.0
    for wait, fails in steps:
        now += wait
        before = health
        allowed = granted(health, now, PAUSE)
        if allowed is None:
            later = granted(health, now + PAUSE, PAUSE)
            assert later is not None
            continue
        if is_open(before):
            assert now - probed >= PAUSE
        probed = now
        health = after(allowed, now, failed=fails, most=MOST, pause=PAUSE)
