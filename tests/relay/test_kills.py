"""A message centre that is killed under load loses nothing, and gives nothing twice."""

from __future__ import annotations

from tests.relay import campaign_kills, kills


def test_kills() -> None:
    """Of six kills each message that was acknowledged is retrieved in the end."""
    tally = kills.main(6, 3)
    assert tally.done["kills of the process"] > 0
    assert tally.done["accepted"] > 6
    assert tally.faults == 0, tally


def test_a_campaign_that_is_killed() -> None:
    """Of four kills each recipient hears of the message, at one address, and nobody is left out."""
    tally = campaign_kills.main(4, 1)
    assert tally.done["heard"] == 300
    assert tally.faults == 0, tally
