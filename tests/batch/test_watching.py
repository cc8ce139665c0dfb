"""A folder that is watched, with real files, events and kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.batch.judge import PROFILE
from tests.made.pictures import photo, save
from transcode.batch import Converted, watch, watching
from transcode.batch.convert import Made, convert
from transcode.errors import JobError

PICTURE = save(photo(60, 40))


class Watched:
    """A watched folder, in a thread of its own.

    Attributes:
        told: the results, as they come.
    """

    def __init__(self, source: Path, target: Path, **more: Any) -> None:
        self.told: list[Converted] = []
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._results = watch(source, target, PROFILE, settle=0.1, cancel=self._stop, jobs=1, **more)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for result in self._results:
            with self._news:
                self.told.append(result)
                self._news.notify_all()

    def wait(self, count: int) -> list[str]:
        """Wait until so many results are told; gives the names of their sources, in order of names."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.told) >= count, 60), self.told
            return sorted(Path(one.source).name for one in self.told)

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    return path


@pytest.fixture
def watched(root: Path, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """Starts to watch the folder."""
    running: list[Watched] = []

    def start(**more: Any) -> Watched:
        running.append(Watched(root, tmp_path / "out", **more))
        return running[-1]

    yield start
    for one in running:
        one.end()


def test_what_arrives_is_converted(root: Path, tmp_path: Path, watched: Callable[..., Watched]) -> None:
    """What was there is first; then new files, files under new names, folders moved in, and changed files."""
    (root / "first.jpg").write_bytes(PICTURE)
    (root / "bad.jpg").write_bytes(b"\xff\xd8 no picture")
    one = watched()
    assert one.wait(2) == ["bad.jpg", "first.jpg"]
    assert {Path(each.source).name for each in one.told if each.error} == {"bad.jpg"}
    # A download gets its name when it is whole.
    part = root / "second.jpg.part"
    part.write_bytes(PICTURE[:100])
    moved = tmp_path / "trip"
    (moved / "deep").mkdir(parents=True)
    (moved / "deep" / "third.jpg").write_bytes(PICTURE)
    moved.rename(root / "trip")
    assert one.wait(3)[-1] == "third.jpg"
    with part.open("ab") as file:
        file.write(PICTURE[100:])
    part.rename(root / "second.jpg")
    assert one.wait(4) == ["bad.jpg", "first.jpg", "second.jpg", "third.jpg"]
    (root / "trip" / "deep" / "fourth.jpg").write_bytes(PICTURE)
    # A file that failed is tried again when it has changed, and only then.
    (root / "bad.jpg").write_bytes(PICTURE)
    assert one.wait(6) == ["bad.jpg", "bad.jpg", "first.jpg", "fourth.jpg", "second.jpg", "third.jpg"]
    made = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.mms"))
    assert made == [
        *("bad.jpg.mms", "first.jpg.mms", "second.jpg.mms"),
        *("trip/deep/fourth.jpg.mms", "trip/deep/third.jpg.mms"),
    ]


def test_a_slow_writer_is_waited_for(root: Path, watched: Callable[..., Watched]) -> None:
    """A file that stands longer than it must is not read while somebody has it open; without events too."""
    one = watched(poll=0.2)
    (root / "probe.jpg").write_bytes(PICTURE)
    with (root / "slow.jpg").open("wb") as file:
        file.write(PICTURE[:200])
        file.flush()
        # Looked at twice by then.
        assert one.wait(1) == ["probe.jpg"]
        (root / "probe2.jpg").write_bytes(PICTURE)
        assert one.wait(2) == ["probe.jpg", "probe2.jpg"]
        file.write(PICTURE[200:])
    assert one.wait(3) == ["probe.jpg", "probe2.jpg", "slow.jpg"]
    assert [each.error for each in one.told] == [None] * 3


def test_setbacks_are_not_tried_for_ever(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails without a fault of the file is tried three times more, then when it has changed."""
    (root / "a.jpg").write_bytes(PICTURE)
    monkeypatch.setattr(watching, "_AGAIN", (0.0, 0.0, 0.0))
    monkeypatch.setattr(watching, "_LOOK", 0.2)
    fails = True

    def run(jobs: list[Any], *_: Any, **__: Any) -> Generator[Converted]:
        for job in jobs:
            made: Made = convert(job, threads=1)
            (one,) = made.outputs
            if fails:
                yield transcode.batch.convert.failed(job, job.outputs[0], JobError(job.source, "busy"), 0.0)
            else:
                yield one.result

    monkeypatch.setattr("transcode.batch.directory.run", run)
    stop = threading.Event()
    results = watch(root, tmp_path / "out", PROFILE, settle=0.0, poll=0.1, cancel=stop)
    assert [next(results).error_type for _ in range(4)] == ["JobError"] * 4
    found: list[Converted] = []
    thread = threading.Thread(target=lambda: found.extend(results))
    thread.start()
    time.sleep(0.5)
    assert found == []
    fails = False
    (root / "a.jpg").write_bytes(save(photo(60, 41)))
    while not found:
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert found[0].error is None


def test_killed_and_started_again(root: Path, tmp_path: Path) -> None:
    """A second start makes what the first did not, and nothing twice; SIGTERM ends it in order."""
    for number in range(3):
        (root / f"{number}.jpg").write_bytes(PICTURE)
        os.utime(root / f"{number}.jpg", ns=(10**18, 10**18))
    command = [sys.executable, "-m", "transcode", "watch", str(root), str(tmp_path / "out")]
    command += ["--carrier", "us-att", "--settle", "0.1", "--jobs", "1", "--json"]
    told = []
    for stop in (signal.SIGKILL, signal.SIGTERM):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            if stop == signal.SIGTERM:
                (root / "new.jpg").write_bytes(PICTURE)
            told.append(json.loads(process.stdout.readline()))
            while stop == signal.SIGTERM and Path(told[-1]["source"]).name != "new.jpg":
                told.append(json.loads(process.stdout.readline()))
            process.send_signal(stop)
            process.communicate(timeout=60)
        assert process.returncode == (-stop if stop == signal.SIGKILL else 0)
    names = [Path(one["source"]).name for one in told]
    assert names[-1] == "new.jpg"
    made = sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".mms")
    assert made == ["0.jpg.mms", "1.jpg.mms", "2.jpg.mms", "new.jpg.mms"]
    assert not [path for path in (tmp_path / "out").iterdir() if path.suffix == ".part"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    for poll in (None, 1.0):
        with pytest.raises(transcode.SourceError, match="gone"):
            watch(tmp_path / "gone", tmp_path / "out", PROFILE, poll=poll)


@pytest.mark.parametrize("name", ["settle", "poll"])
def test_times_that_are_none(root: Path, tmp_path: Path, name: str) -> None:
    given: dict[str, Any] = {name: -1.0}
    with pytest.raises(transcode.LimitsError, match=f"{name} must be a number of seconds, not -1"):
        watch(root, tmp_path / "out", PROFILE, **given)
