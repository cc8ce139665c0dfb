"""A few of the random kills that ``python -m tests.kills`` does by the hundred."""

from __future__ import annotations

from tests import kills


def test_kills() -> None:
    """Nothing hangs, nothing innocent is lost, nobody is left over, nothing is torn."""
    tally = kills.main(3, 11)
    assert sum(tally.runs.values()) == 3
    # How long a parent took is for the figures, and not for a machine that does much else.
    assert tally.faults == tally.late, tally
