"""Sessions, and the limit for those who guess."""

from __future__ import annotations

from transcode.relay.admin.access import Guesses, Sessions


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_session_ends() -> None:
    """An hour after its last use, twelve after its begin, and when it is ended."""
    clock = Clock()
    sessions = Sessions(clock)
    name = sessions.begin()
    first = sessions.find(name)
    assert first is not None
    assert sessions.find(sessions.begin()) is not first
    for _ in range(12):
        clock.now += 3590
        assert sessions.find(name) is first
    clock.now += 3590
    assert sessions.find(name) is None
    idle, ended = sessions.begin(), sessions.begin()
    sessions.end(ended)
    sessions.end(ended)
    assert sessions.find(ended) is None
    clock.now += 3601
    assert sessions.find(idle) is None
    assert sessions.find("") is None


def test_many_sessions_take_no_more_room() -> None:
    """The oldest one goes."""
    sessions = Sessions()
    names = [sessions.begin() for _ in range(101)]
    assert sessions.find(names[0]) is None
    assert sessions.find(names[1]) is not None


def test_an_address_guesses_slowly() -> None:
    """Five at once, then one in half a minute; another address is not concerned."""
    clock = Clock()
    guesses = Guesses(clock)
    assert [guesses.take("a") for _ in range(5)] == [0] * 5
    assert guesses.take("a") == 30
    assert guesses.take("b") == 0
    clock.now += 29
    assert guesses.take("a") == 1
    clock.now += 1
    assert guesses.take("a") == 0
    assert guesses.take("a") == 30
    guesses.forgive("a")
    assert guesses.take("a") == 0


def test_many_addresses_guess_slowly_together() -> None:
    """Thirty at once, then one in two seconds; and they take no more room than ten thousand."""
    clock = Clock()
    guesses = Guesses(clock)
    assert sum(guesses.take(f"{number}") == 0 for number in range(100)) == 30
    assert guesses.take("new") == 2
    for number in range(10_100):
        clock.now += 2
        assert guesses.take(f"{number}") == 0
    assert len(guesses._until) <= 10_000
