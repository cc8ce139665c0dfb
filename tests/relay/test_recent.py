"""A dictionary that forgets what was set longest ago."""

from __future__ import annotations

from transcode.relay.recent import Recent


def test_the_oldest_is_forgotten_first() -> None:
    recent: Recent[str, int] = Recent(2)
    for number, key in enumerate("abc"):
        recent[key] = number
    assert list(recent.items()) == [("b", 1), ("c", 2)]


def test_what_is_set_again_is_the_newest() -> None:
    """Another value for a known key forgets nothing, and the key outlives the one behind it."""
    recent: Recent[str, int] = Recent(2)
    recent["a"] = 0
    recent["b"] = 1
    recent["a"] = 2
    assert list(recent.items()) == [("b", 1), ("a", 2)]
    recent["c"] = 3
    assert list(recent.items()) == [("a", 2), ("c", 3)]


def test_there_is_room_again_for_what_was_taken_out() -> None:
    recent: Recent[str, int] = Recent(1)
    recent["a"] = 0
    assert recent.pop("a") == 0
    recent["b"] = 1
    assert list(recent) == ["b"]
