"""UAProf documents that are fetched in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from transcode.errors import ProfileError
from transcode.profile import FolderStore
from transcode.relay.config import Devices
from transcode.relay.documents import Documents

URL = "http://phones.example/a.xml"
DOCUMENT = b"<r><Vendor>Maker</Vendor><MmsMaxMessageSize>50000</MmsMaxMessageSize></r>"


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


def documents(
    folder: Path, clock: _Clock, get: Callable[[str], bytes], settings: Devices | None = None
) -> Documents:
    return Documents(folder, settings or Devices(failed_seconds=60.0), clock, get)


def fetched(kept: Documents, url: str = URL) -> bool:
    """Whether a document was fetched now."""
    fetching = kept.fetch(url)
    if fetching is None:
        return False
    fetching.result(timeout=60)
    return kept.has(url)


def test_what_was_fetched_is_kept(tmp_path: Path, clock: _Clock) -> None:
    """Nobody is asked again, after a restart neither."""
    kept = documents(tmp_path, clock, lambda _: DOCUMENT)
    assert fetched(kept)
    assert kept.fetch(URL) is None
    kept.close()
    again = documents(tmp_path, clock, lambda _: pytest.fail("it is there"))
    assert again.has(URL)
    assert again.fetch(URL) is None
    again.close()


@pytest.mark.parametrize(
    "answer",
    [
        ProfileError(URL, "can't be fetched"),
        ValueError("an error that nobody thought of"),
        b"<html>not found",
        b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><r>&b;</r>',
        b" " * 300_000,
    ],
    ids=["no answer", "an error", "no document", "an XML bomb", "too large"],
)
def test_what_fails_is_not_asked_for_a_time(tmp_path: Path, clock: _Clock, answer: bytes | Exception) -> None:
    """Nothing is kept of it; after the time it is tried again."""
    answers = [answer, DOCUMENT]

    def get(_: str) -> bytes:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    kept = documents(tmp_path, clock, get)
    assert not fetched(kept)
    assert kept.fetch(URL) is None
    assert list(FolderStore(tmp_path)) == []
    clock.now += 61
    assert fetched(kept)
    kept.close()


def test_many_ask_for_one(tmp_path: Path, clock: _Clock) -> None:
    """A document is fetched once, however many phones name it meanwhile."""
    may_go = threading.Event()
    asked: list[str] = []

    def get(url: str) -> bytes:
        asked.append(url)
        assert may_go.wait(60)
        return DOCUMENT

    kept = documents(tmp_path, clock, get)
    first, second = kept.fetch(URL), kept.fetch(URL)
    assert first is second
    may_go.set()
    assert first is not None
    first.result(timeout=60)
    assert asked == [URL]
    kept.close()


def test_there_is_a_bound(tmp_path: Path, clock: _Clock) -> None:
    """Kept documents, waiting documents and the length of an address have a bound."""
    kept = documents(tmp_path / "one", clock, lambda _: DOCUMENT, Devices(max_documents=1))
    assert fetched(kept)
    assert kept.fetch(f"{URL}?2") is None
    kept.close()
    may_go = threading.Event()
    waiting = documents(tmp_path / "many", clock, lambda _: DOCUMENT if may_go.wait(60) else b"")
    fetching = [waiting.fetch(f"{URL}?{number}") for number in range(100)]
    assert fetching[-1] is None
    may_go.set()
    for one in filter(None, fetching):
        one.result(timeout=60)
    assert not fetched(waiting, f"{URL}?{'a' * 250}")
    waiting.close()


def test_nothing_is_fetched_where_it_is_forbidden(tmp_path: Path, clock: _Clock) -> None:
    """What somebody put there counts all the same."""
    kept = documents(tmp_path, clock, lambda _: pytest.fail("it is forbidden"), Devices(fetch=False))
    FolderStore(tmp_path)[URL] = DOCUMENT
    assert kept.has(URL)
    assert kept.fetch(f"{URL}?2") is None
    kept.close()
