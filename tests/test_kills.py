"""A few of the random kills that ``python -m tests.kills`` does by the hundred."""

from __future__ import annotations

from tests import kills


def test_kills() -> None:
    """Nothing hangs, nothing innocent is lost, nobody is left over, nothing is torn."""
    # The five seconds are for the figures, and not for a machine that does much else.
    tally = kills.main(3, 11, left=kills.HUNG)
    assert sum(tally.runs.values()) == 3
    assert tally.faults == 0, tally
