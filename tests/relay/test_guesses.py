"""How many secrets and tokens a caller may try."""

from __future__ import annotations

import logging

import pytest

from tests.relay.admin.test_access import Clock
from transcode.relay.guesses import Guesses


def test_a_caller_guesses_slowly() -> None:
    """Five at once, then one in half a minute; another caller is not concerned."""
    clock = Clock()
    guesses = Guesses(5, 30, "secrets", clock)
    assert [guesses.take("a") for _ in range(5)] == [0] * 5
    assert guesses.take("a") == guesses.wait("a") == 30
    assert guesses.take("b") == 0
    clock.now += 29
    assert guesses.take("a") == 1
    clock.now += 1
    assert guesses.wait("a") == 0
    assert guesses.take("a") == 0
    assert guesses.take("a") == 30
    guesses.forgive("a")
    assert guesses.take("a") == 0
    clock.now += 1000
    assert guesses.wait("a") == 0


def test_many_callers_lock_nobody_out() -> None:
    """However many guess, one more may; and they take no more room than ten thousand."""
    guesses = Guesses(1, 30, "secrets", Clock())
    assert not any(guesses.take(f"{number}") for number in range(10_100))
    assert len(guesses._until) == 10_000
    assert guesses.take("10099") == 30


def test_who_guesses_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    """A line in the log when a caller has used up what it may, and not for each try after."""
    guesses = Guesses(3, 20, "tokens", Clock())
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            guesses.take("a")
    assert [record.getMessage() for record in caplog.records] == ["a caller tries too many tokens"]
