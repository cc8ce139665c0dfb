"""When a file that arrives is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from transcode.batch.arrivals import Arrivals, is_temporary, is_written


class Time:
    """Both clocks, which move when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0
        #: Of the system, in nanoseconds, beside the time of the last change of a file.
        self.wall = 0

    def look(self, arrivals: Arrivals, path: Path, *, after: float) -> bool:
        """Look some seconds after the last look, and after the file's last change."""
        self.now += after
        self.wall = path.stat().st_ctime_ns + int(after * 1e9)
        arrivals.begin()
        return arrivals.is_whole(path)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def arrivals(time: Time) -> Arrivals:
    return Arrivals(2.0, lambda: time.now, lambda: time.wall, is_written=lambda _: False)


def test_a_file_must_stand(tmp_path: Path, time: Time, arrivals: Arrivals) -> None:
    """It is whole when neither size nor times have changed for a while; each change begins it anew."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    assert not time.look(arrivals, path, after=0.1)
    assert not time.look(arrivals, path, after=1.9)
    path.write_bytes(b"12")
    os.utime(path, ns=(0, 0))
    assert not time.look(arrivals, path, after=1.9)
    assert arrivals.is_waiting
    assert time.look(arrivals, path, after=2.0)
    assert not arrivals.is_waiting


def test_a_file_of_yesterday_is_whole_at_once(tmp_path: Path, time: Time, arrivals: Arrivals) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    assert time.look(arrivals, path, after=86_400)


def test_a_server_whose_clock_is_ahead(tmp_path: Path, time: Time, arrivals: Arrivals) -> None:
    """Its files are whole when nothing has been seen to change."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    for now, whole in ((0.0, False), (1.9, False), (2.0, True)):
        time.now, time.wall = now, 0
        arrivals.begin()
        assert arrivals.is_whole(path) is whole


def test_an_empty_file_is_not_whole(tmp_path: Path, time: Time, arrivals: Arrivals) -> None:
    """Firefox makes one under the final name, and writes beside it."""
    path = tmp_path / "a.jpg"
    path.touch()
    assert not time.look(arrivals, path, after=100)
    path.write_bytes(b"1")
    part = tmp_path / "a.jpg.part"
    part.write_bytes(b"1")
    assert not time.look(arrivals, path, after=100)
    part.unlink()
    assert time.look(arrivals, path, after=100)


def test_what_is_no_file_is_left_to_the_reader(tmp_path: Path, time: Time, arrivals: Arrivals) -> None:
    """A link to nothing and a pipe stand like a file, so that they are told of once; what is gone not."""
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("link.jpg", "pipe.jpg"):
        arrivals.begin()
        time.wall = (tmp_path / name).lstat().st_ctime_ns
        assert not arrivals.is_whole(tmp_path / name)
        time.wall += 2_000_000_000
        assert arrivals.is_whole(tmp_path / name)
    assert arrivals.is_whole(tmp_path / "gone.jpg")


def test_who_writes_is_seen(tmp_path: Path, time: Time) -> None:
    """A file that another process has open to write is not whole, however long it stands."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    arrivals = Arrivals(2.0, lambda: time.now, lambda: time.wall)
    program = "import sys; file = open(sys.argv[1], 'ab'); print(flush=True); input()"
    command = [sys.executable, "-S", "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert is_written(path)
        assert not time.look(arrivals, path, after=1000)
        writer.communicate(b"\n")
    with path.open("rb"):
        assert not is_written(path)
        assert time.look(arrivals, path, after=1000)
    assert not is_written(tmp_path / "gone.jpg")


@pytest.mark.parametrize(
    "name",
    [
        *("a.jpg.part", "Unconfirmed 12.crdownload", "a.jpg.filepart", "a.PARTIAL", "a.mp4.aria2", "a.tmp"),
        *(
            ".a.jpg.Xy12Zq",
            ".syncthing.a.jpg.tmp",
            "~syncthing~a.jpg.tmp",
            "~$a.docx",
            "a.jpg~",
            ".a.jpg.swp",
        ),
    ],
)
def test_names_of_files_in_work(name: str) -> None:
    assert is_temporary(name)


@pytest.mark.parametrize("name", ["a.jpg", "part", "a part.jpg", "tmp.mp4", "~a.jpg", "a.jpg.download.png"])
def test_names_of_whole_files(name: str) -> None:
    assert not is_temporary(name)
