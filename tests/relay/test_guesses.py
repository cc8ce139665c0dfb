"""How many wrong tokens a caller may ask for."""

from __future__ import annotations

from transcode.relay.ports.guesses import Guesses


def test_a_minute_empties_the_bucket() -> None:
    """Three guesses are allowed at once, then one every twenty seconds."""
    guesses = Guesses(3)
    for _ in range(3):
        assert not guesses.is_over("a", 100.0)
        guesses.note("a", 100.0)
    assert guesses.is_over("a", 100.0)
    assert guesses.is_over("a", 119.0)
    assert not guesses.is_over("a", 120.0)
    guesses.note("a", 120.0)
    assert guesses.is_over("a", 121.0)
    assert not guesses.is_over("a", 1000.0)


def test_one_caller_costs_no_other_anything() -> None:
    """Each has a bucket of its own, and there is a bound to how many are remembered."""
    guesses = Guesses(1)
    guesses.note("a", 0.0)
    assert guesses.is_over("a", 0.0)
    assert not guesses.is_over("b", 0.0)
    for number in range(10_000):
        guesses.note(str(number), 0.0)
    assert not guesses.is_over("a", 0.0)
    assert guesses.is_over("9999", 0.0)
