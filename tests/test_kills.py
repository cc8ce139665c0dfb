"""A few of the random kills that ``python -m tests.kills`` does in large numbers."""

from __future__ import annotations

from tests import kills


def test_kills() -> None:
    """No run hangs, no file of a living worker is lost, no process is left, and no message is incomplete."""
    # The limit of five seconds is too short for a busy machine.
    tally = kills.main(3, 11, left=kills.HUNG)
    assert sum(count for kind, count in tally.done.items() if kind != "kills") == 3
    assert tally.faults == 0, tally
