"""Files are there whole or not at all, and never where something is that is still wanted."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from transcode.errors import OutputError, OverwriteError
from transcode.jobs import files
from transcode.jobs.files import Outputs, require_empty, streamed

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["unnamed", "named"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Files that have no name until they are whole, and systems that know none such."""
    with mock.patch.object(files, "_OPEN", files._OPEN if request.param == "unnamed" else "/nowhere"):
        yield


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_new_and_replaced(way: None, tmp_path: Path) -> None:
    """Folders are made, an older file is replaced, and nothing else is left."""
    path = tmp_path / "a" / "b" / "c.mms"
    for octets in (b"first", b"second" * 100_000, b""):
        Outputs().write({path: octets})
        assert path.read_bytes() == octets
    assert names(tmp_path) == ["a/b/c.mms"]


@pytest.mark.parametrize("call", ["fsync", "write", "replace"])
def test_whole_or_not_there(way: None, tmp_path: Path, call: str) -> None:
    """A write that fails leaves neither the file nor a temporary one, and an older file stays."""
    path = tmp_path / "b.mms"
    Outputs().write({path: b"first"})
    where = Path if call == "replace" else os
    full = mock.patch.object(where, call, side_effect=OSError(errno.ENOSPC, "No space left on device"))
    with full, pytest.raises(OutputError, match=r"[bc]\.mms: no space left"):
        Outputs().write({tmp_path / "c.mms": b"new", path: b"second"})
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["b.mms"]


def test_interrupted(way: None, tmp_path: Path) -> None:
    """Ctrl-C while the disk is waited for leaves nothing."""
    interrupt = mock.patch.object(os, "fsync", side_effect=KeyboardInterrupt)
    with interrupt, pytest.raises(KeyboardInterrupt):
        Outputs().write({tmp_path / "a": b"a", tmp_path / "b": b"b"})
    assert names(tmp_path) == []


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_what_was_there_comes_back(way: None, tmp_path: Path, links: bool, error: BaseException) -> None:
    """Where a later file of the set fails, those before it are as they were, also without second names."""
    first, second, new = (tmp_path / name for name in ("a", "b", "0"))
    Outputs().write({first: b"old", second: b"old too"})
    link, replace = os.link, Path.replace

    def linking(source: str | Path, *args: Any, **options: Any) -> None:
        if not links and source in (first, second):
            raise OSError(errno.EPERM, "Operation not permitted")
        link(source, *args, **options)

    def replacing(path: Path, target: Path) -> Path:
        if target == second:
            raise error
        return replace(path, target)

    with (
        mock.patch.object(os, "link", linking),
        mock.patch.object(Path, "replace", replacing),
        pytest.raises((OutputError, KeyboardInterrupt)),
    ):
        Outputs().write({new: b"n", first: b"new", second: b"new too"})
    assert (first.read_bytes(), second.read_bytes()) == (b"old", b"old too")
    assert names(tmp_path) == ["a", "b"]
    Outputs().write({new: b"n", first: b"new", second: b"new too"})
    assert (first.read_bytes(), second.read_bytes()) == (b"new", b"new too")
    assert names(tmp_path) == ["0", "a", "b"]


def test_interrupted_as_it_is_replaced(way: None, tmp_path: Path) -> None:
    """After the system has done it, and before that is noted: what was there comes back all the same."""
    path, replace = tmp_path / "a", Path.replace
    Outputs().write({path: b"old"})
    interrupts = [KeyboardInterrupt()]

    def replacing(self: Path, target: Path) -> Path:
        replace(self, target)
        if interrupts:
            raise interrupts.pop()
        return target

    with mock.patch.object(Path, "replace", replacing), pytest.raises(KeyboardInterrupt):
        Outputs().write({path: b"new"})
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


_DIES_REPLACING = """
import os, signal, sys
from pathlib import Path
from transcode.jobs.files import Outputs
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Outputs().write({Path(sys.argv[1]): b"new"})
"""


def test_killed_as_an_older_file_is_replaced(tmp_path: Path) -> None:
    """It is as it was; what is hidden beside it, and nothing else, the next removes who writes there."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    others = [".mine.part", ".0123456789abcdef.part", ".0123456789abcdef.1-2-3.part.jpg"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".0123456789abcdef.1-2-3.part").mkdir()
    command = [sys.executable, "-c", _DIES_REPLACING, str(path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode < 0
    assert path.read_bytes() == b"old"
    assert len(names(tmp_path)) > 1 + len(others)
    Outputs().write({tmp_path / "b": b"b"})
    assert names(tmp_path) == sorted(["a", "b", *others])


@pytest.mark.parametrize("kind", [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_hidden_names_of_those_who_live(tmp_path: Path, kind: int) -> None:
    """Stay while somebody is at work in the folder, and he is not waited for."""
    part = tmp_path / ".0123456789abcdef.1-2-3.part"
    part.write_bytes(b"")
    with contextlib.closing(Held(tmp_path, kind)):
        outputs = Outputs()
        for octets in (b"a", b"b"):
            outputs.write({tmp_path / octets.decode(): octets})
        assert part.exists()
    outputs.write({tmp_path / "c": b"c"})
    assert part.exists()
    Outputs().write({tmp_path / "d": b"d"})
    assert names(tmp_path) == ["a", "b", "c", "d"]


class Held:
    """A folder that somebody has a lock on."""

    def __init__(self, folder: Path, kind: int) -> None:
        self.descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(self.descriptor, kind)

    def close(self) -> None:
        os.close(self.descriptor)


def test_a_folder_is_held_while_its_names_are_hidden(way: None, tmp_path: Path) -> None:
    """One that is yet to be made, too; and no longer."""
    found: list[bool] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        try:
            Held(tmp_path / "new", fcntl.LOCK_EX | fcntl.LOCK_NB).close()
        except BlockingIOError:
            found.append(True)
        real(descriptor)

    with mock.patch.object(os, "fsync", fsync):
        Outputs().write({tmp_path / "new" / "a": b"a"})
    assert found == [True, True]
    Held(tmp_path / "new", fcntl.LOCK_EX | fcntl.LOCK_NB).close()


_DIES = """
import os, signal, sys
from pathlib import Path
from transcode.jobs.files import Outputs
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
Outputs().write({Path(sys.argv[1]): b"whole"})
"""


def test_killed(tmp_path: Path) -> None:
    """A process that is killed while it waits for the disk leaves nothing, not even under a hidden name."""
    done = subprocess.run([sys.executable, "-c", _DIES, str(tmp_path / "a")], cwd=ROOT, check=False)
    assert done.returncode < 0
    assert names(tmp_path) == []


def test_sets(way: None, tmp_path: Path) -> None:
    """Each set is there whole or not at all, and one that fails costs no other."""
    (tmp_path / "in the way").mkdir()
    (tmp_path / "file").write_bytes(b"")
    outputs = Outputs()
    errors = outputs.write_sets(
        [
            {tmp_path / "a1": b"1", tmp_path / "a2": b"2"},
            {tmp_path / "b1": b"1", tmp_path / "b2": b"2", tmp_path / "in the way": b"3"},
            {},
            {tmp_path / "file" / "c": b"1"},
            {tmp_path / "d\0": b"1"},
            {tmp_path / "e": b"1"},
        ]
    )
    assert [None if error is None else error.reason for error in errors] == [
        None,
        "is a directory",
        None,
        f"{tmp_path / 'file'} is not a directory",
        "its name has a null byte",
        None,
    ]
    assert names(tmp_path) == ["a1", "a2", "e", "file"]


def test_more_than_may_be_open(tmp_path: Path) -> None:
    """Sets of many files, and many sets, are written without holding a descriptor for each."""
    many = {tmp_path / f"{number}": b"%d" % number for number in range(200)}
    more: list[dict[Path, bytes]] = [{tmp_path / f"{number}": b"x"} for number in range(200, 400)]
    assert Outputs().write_sets([many, *more]) == [None] * 201
    assert len(names(tmp_path)) == 400


def test_long_names_and_the_file_mode(way: None, tmp_path: Path) -> None:
    """A name as long as the system allows is written, with the mode that the umask leaves."""
    path = tmp_path / ("\u68ee" * 83 + ".mms")
    before = os.umask(0o027)
    try:
        for _ in range(2):
            Outputs().write({path: b"a"})
            assert path.stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


def test_what_is_read_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input is recognised by any name: relative, through a symbolic link either way, by a hard link."""
    source = tmp_path / "source.jpg"
    source.write_bytes(b"precious")
    (tmp_path / "soft").symlink_to(source)
    (tmp_path / "hard").hardlink_to(source)
    (tmp_path / "folder").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    ways = ("source.jpg", "./source.jpg", "soft", "hard", "folder/source.jpg", f"../{tmp_path.name}/soft")
    for read in ("source.jpg", "soft", "hard", "folder/soft"):
        for name in ways:
            outputs = Outputs([read, "missing"])
            with pytest.raises(OverwriteError, match="the output is what is read"):
                outputs.refuse(Path("new"), Path(name))
            with pytest.raises(OverwriteError, match="the output is what is read"):
                outputs.write({Path("new"): b"1", Path(name): b"2"})
    assert source.read_bytes() == b"precious"
    assert not Path("new").exists()


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    """What was written is not written over by the same command: two names can be one file."""
    outputs = Outputs()
    with pytest.raises(OverwriteError, match="two outputs would be one file"):
        outputs.refuse(tmp_path / "a", tmp_path / "b" / ".." / "a")
    outputs.write({tmp_path / "a": b"first"})
    (tmp_path / "A").hardlink_to(tmp_path / "a")
    with pytest.raises(OverwriteError, match="written just now"):
        outputs.write({tmp_path / "A": b"second"})
    assert (tmp_path / "a").read_bytes() == b"first"
    Outputs().write({tmp_path / "a": b"third"})


def test_no_pipe_is_waited_for_where_none_is_meant(tmp_path: Path) -> None:
    """A pipe that nobody reads costs its own file, and is still there."""
    os.mkfifo(tmp_path / "a")
    outputs = Outputs(has_streams=False)
    errors = outputs.write_sets([{tmp_path / "a": b"x"}, {tmp_path / "b": b"y"}, {Path("/dev/null"): b"z"}])
    assert [str(one).rpartition(": ")[2] for one in errors] == [
        "not a regular file",
        "None",
        "not a regular file",
    ]
    assert (tmp_path / "a").is_fifo()
    assert outputs.has_written(tmp_path / "b")
    (tmp_path / "c").write_bytes(b"of another process")
    (tmp_path / "c").rename(tmp_path / "b")
    assert not outputs.has_written(tmp_path / "b")
    assert not outputs.has_written(tmp_path / "c")


def test_pipes_and_devices(tmp_path: Path) -> None:
    """Pipes and devices take the octets and stay pipes and devices."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    Outputs().write({pipe: b"octets", Path("/dev/null"): b"octets"})
    reader.join()
    assert heard == [b"octets"]
    assert (pipe.is_fifo(), Path("/dev/null").is_char_device()) == (True, True)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_folders_that_can_not_be_synced(tmp_path: Path, number: int) -> None:
    """Some systems sync files alone; a disk that fails is an error, and nothing is left."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(number, "refused")
        real(descriptor)

    with mock.patch.object(os, "fsync", fsync):
        (error,) = Outputs().write_sets([{tmp_path / "a": b"a"}])
    assert (error is None, names(tmp_path)) == ((True, ["a"]) if number == errno.EINVAL else (False, []))


def test_empty_folders(tmp_path: Path) -> None:
    """One that is missing or empty will do; a hidden file fills one, and a file is none."""
    require_empty(tmp_path / "missing")
    require_empty(tmp_path)
    (tmp_path / ".hidden").write_bytes(b"")
    with pytest.raises(OverwriteError, match="not empty"):
        require_empty(tmp_path)
    with pytest.raises(OutputError, match="not a directory"):
        require_empty(tmp_path / ".hidden")


def test_pieces(tmp_path: Path) -> None:
    """A file that is written in pieces has its name when it is whole; an error leaves the older one."""
    path = tmp_path / "a" / "table.csv"
    with streamed(path) as file:
        file.write(b"one ")
        file.write(b"two")
        assert not path.exists()
    assert path.read_bytes() == b"one two"

    def fail() -> None:
        with streamed(path) as file:
            file.write(b"three")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == b"one two"
    assert names(tmp_path) == ["a/table.csv"]
    with pytest.raises(OutputError, match="not a directory"), streamed(path / "below"):
        pass
    with Path("/dev/null").open("wb"), streamed(Path("/dev/null")) as file:
        file.write(b"away")
