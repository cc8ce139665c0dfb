"""Sessions of operators."""

from __future__ import annotations

from transcode.relay.admin.access import Sessions


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
