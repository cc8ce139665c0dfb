"""Adaptations that several ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.relay.made import envelope
from tests.relay.store.routed import accepted
from transcode.jobs.isolated import JobLost
from transcode.relay import adaptation
from transcode.relay.adaptation import Adapter, Target
from transcode.relay.config import Policy
from transcode.relay.store import FolderBlobs
from transcode.relay.store.sqlite import SqliteStore

PHONE = Target("us-tmobile")


class _Processes:
    """Stands for processes: the test ends each job."""

    def __init__(self, *_: object, **__: object) -> None:
        self.jobs: list[Future[bytes]] = []

    def submit(self, *_: object) -> Future[bytes]:
        self.jobs.append(Future())
        return self.jobs[-1]

    def kill(self) -> None:
        pass


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[_Processes]:
    """The processes for phones that wait, and those for phones that have not asked yet."""
    found: list[_Processes] = []

    def make(*_: object, **__: object) -> _Processes:
        found.append(_Processes())
        return found[-1]

    monkeypatch.setattr(adaptation, "Isolated", make)
    return found


@pytest.fixture
def begin(tmp_path: Path, made: list[_Processes]) -> Iterator[Callable[..., Future[str]]]:
    """Begins to adapt one message."""
    store, blobs = SqliteStore(tmp_path / "relay.db"), FolderBlobs(tmp_path / "blobs")
    one = envelope(blob=blobs.put(b"original"))
    accepted(store, blob=one.blob)
    adapter = Adapter(store, blobs, tmp_path, Policy(), is_awaited=False)

    def call(**words: Any) -> Future[str]:
        return adapter.begin(one, PHONE, **words)

    yield call
    adapter.close()
    store.close()


def test_all_wait_for_one(begin: Callable[..., Future[str]], made: list[_Processes]) -> None:
    """Phones that ask meanwhile, and whoever adapts ahead; afterwards it is there."""
    first = begin()
    assert begin() is first
    assert begin(ahead=True) is first
    (job,) = made[0].jobs
    job.set_result(b"small")
    name = first.result(0)
    assert begin().result(0) == begin(ahead=True).result(0) == name
    assert len(made) == len(made[0].jobs) == 1


def test_a_phone_that_asks_is_not_held_up(begin: Callable[..., Future[str]], made: list[_Processes]) -> None:
    """What is made ahead lets others go before, perhaps for long: the phone gets what is there first."""
    waiting = begin(ahead=True)
    assert begin() is waiting
    assert begin() is waiting
    awaited, ahead = (one.jobs for one in made)
    assert (len(awaited), len(ahead)) == (1, 1)
    awaited[0].set_result(b"small")
    name = waiting.result(0)
    ahead[0].set_exception(JobLost("took too long"))
    assert waiting.result(0) == begin().result(0) == name


def test_the_one_that_fails_costs_the_other_nothing(
    begin: Callable[..., Future[str]], made: list[_Processes]
) -> None:
    """Only where both fail the phone hears of it, and the next one begins anew."""
    waiting = begin(ahead=True)
    begin()
    awaited, ahead = (one.jobs for one in made)
    ahead[0].set_exception(JobLost("took too long"))
    assert not waiting.done()
    awaited[0].set_exception(JobLost("died"))
    assert str(waiting.exception(0)) == "died"
    again = begin()
    assert not again.done()
    awaited[1].set_result(b"small")
    assert again.result(0)


def test_a_process_that_does_not_start(
    begin: Callable[..., Future[str]], made: list[_Processes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phone hears of it, and the next one begins anew."""
    processes = made[0]
    with monkeypatch.context() as patched:
        patched.setattr(processes, "submit", mock.Mock(side_effect=OSError("no memory")))
        assert str(begin().exception(0)) == "no memory"
    again = begin()
    processes.jobs[0].set_result(b"small")
    assert again.result(0)
