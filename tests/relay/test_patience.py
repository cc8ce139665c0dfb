"""Parts that give no answer, and who asks them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.relay.phone import PATIENCE
from transcode.relay.patience import Parts, Unanswered


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What a stuck part waits for."""
    event = threading.Event()
    yield event
    event.set()


def test_a_silent_part_keeps_one_thread(released: threading.Event) -> None:
    """It is named; what was asked of it meanwhile is never done, and other parts answer."""
    done: list[int] = []

    def noted(number: int) -> Callable[[], None]:
        return lambda: done.append(number)

    with closing(Parts(0.05)) as parts:
        with pytest.raises(Unanswered, match=r"^database: no answer within 0\.05 seconds$"):
            parts.ask("database", released.wait)
        for number in range(3):
            with pytest.raises(Unanswered):
                parts.ask("database", noted(number))
        names = [one.name for one in threading.enumerate() if one.name.startswith("transcode-admin")]
        assert names.count("transcode-admin-database") == 1
        parts.seconds = PATIENCE
        assert parts.ask("disk", lambda: 7) == 7
        released.set()
        parts.ask("database", noted(9))
    assert done == [9]


def test_all_parts_are_asked_at_once(released: threading.Event) -> None:
    """The time is that of one; each has its own outcome."""
    meeting = threading.Barrier(2)

    def fails() -> str:
        raise OSError("gone")

    with closing(Parts(PATIENCE)) as parts:
        met = parts.ask_all({"a": lambda: meeting.wait(PATIENCE), "b": lambda: meeting.wait(PATIENCE)})
        assert sorted(map(str, met.values())) == ["0", "1"]
        parts.seconds = 0.2
        found = parts.ask_all({"silent": lambda: str(released.wait()), "wrong": fails, "right": lambda: ""})
        assert [str(one) for one in found.values()] == [
            "silent: no answer within 0.2 seconds",
            "gone",
            "",
        ]


def test_errors_are_those_of_the_part() -> None:
    """Its own TimeoutError too, which is an answer."""

    def late() -> None:
        raise TimeoutError("connect: timed out")

    with closing(Parts(PATIENCE)) as parts:
        with pytest.raises(TimeoutError, match="connect"):
            parts.ask("database", late)
        with pytest.raises(ZeroDivisionError):
            parts.ask("database", lambda: 1 // 0)
