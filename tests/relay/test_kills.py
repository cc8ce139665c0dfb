"""A message centre that is killed under load loses nothing, and gives nothing twice."""

from __future__ import annotations

from tests.relay import campaign_kills, kills


def test_kills() -> None:
    """Of six kills each message that was acknowledged is retrieved in the end."""
    tally = kills.main(6, 3)
    assert tally.done["kills of http,mm4,worker"] > 0
    assert tally.done["accepted"] > 6
    assert tally.faults == 0, tally


def test_kills_of_several_processes_and_their_database() -> None:
    """Doors, one of two workers, and the server of the rows: what was acknowledged outlives them all."""
    tally = kills.main(3, 7, store="postgres", processes="three")
    for killed in ("http", "worker", "the database"):
        assert tally.done[f"kills of {killed}"] > 0, tally
    assert tally.done["accepted"] > 6
    assert tally.faults == 0, tally


def test_a_campaign_that_is_killed() -> None:
    """Of four kills each recipient hears of the message, at one address, and nobody is left out."""
    tally = campaign_kills.main(4, 1)
    assert tally.done["heard"] == 300
    assert tally.faults == 0, tally
