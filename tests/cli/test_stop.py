"""Signals: the command stops, says what is done, and leaves neither processes nor parts of files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

import transcode
from tests import faults
from tests.cli.command import run
from tests.made.pictures import photo, save
from tests.process import started
from transcode import read
from transcode.cli import stop, watch
from transcode.counted import counted

COMMAND = [sys.executable, "-m", "transcode"]


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Signals are not ignored, also where these tests are run by nohup or in a shell's background."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Enough pictures that none of these tests sees the last."""
    root = tmp_path / "in"
    root.mkdir()
    first = root / "000.jpg"
    first.write_bytes(save(photo(1600, 1200), quality=97))
    for number in range(1, 400):
        (root / f"{number:03}.jpg").hardlink_to(first)
    return root


def children(parent: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_batch_that_is_stopped(folder: Path, tmp_path: Path, number: signal.Signals) -> None:
    """One line on stderr that counts as the results do, the shell's code for the signal, whole files."""
    out = tmp_path / "out"
    command = [*COMMAND, "batch", str(folder), str(out), "--carrier", "us-att", "--json"]
    with started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        first = done.stdout.readline()
        workers = children(done.pid)
        done.send_signal(number)
        results = [json.loads(line) for line in [first, *done.stdout]]
        said = done.stderr.read()
    assert done.returncode == 128 + number, said
    made = len(results)
    line = f"stopped by {number.name}: {made} of 400 files done, {counted(made, 'message')} made, 0 failed"
    assert said.splitlines() == [f"transcode: {line}"]
    assert sorted(result["output"] for result in results) == sorted(map(str, out.glob("*.mms")))
    for path in out.glob("*.mms"):
        assert read(path.read_bytes()).parts
    assert not [worker for worker in workers if Path(f"/proc/{worker}/exe").exists()]


def test_nobody_reads_what_a_batch_says(folder: Path, tmp_path: Path) -> None:
    """It waits for a pipe that is full, and ends all the same, with its processes."""
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(theirs, b" " * 512):
            pass
    os.set_blocking(theirs, True)
    out = tmp_path / "out"
    command = [*COMMAND, "batch", str(folder), str(out), "--carrier", "us-att", "--json"]
    with started(command, stdout=theirs, stderr=theirs) as done:
        faults.until(lambda: list(out.glob("*.mms")) or done.poll() is not None, "a message, or the end")
        assert done.poll() is None
        done.send_signal(signal.SIGTERM)
        assert done.wait() == 128 + signal.SIGTERM
    os.close(ours)
    os.close(theirs)


def test_ignored_signals_stay_ignored(folder: Path, tmp_path: Path) -> None:
    """A hang-up signal that the caller ignores, as nohup does, ends nothing."""
    for path in sorted(folder.iterdir())[2:]:
        path.unlink()
    code = "import os, signal, sys; signal.signal(1, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    command = [*COMMAND, "batch", str(folder), str(tmp_path / "out"), "--carrier", "us-att", "--json"]
    with started([sys.executable, "-c", code, *command], stdout=subprocess.PIPE) as done:
        assert done.stdout is not None
        done.stdout.readline()
        done.send_signal(signal.SIGHUP)
        assert done.stdout.read().count(b"\n") == 1
    assert done.returncode == 0


@pytest.mark.parametrize("words", [["transcode.cli.app"], ["transcode.cli.batch", "batch", "--help"]])
def test_stopped_while_it_is_loaded(words: list[str]) -> None:
    """Loading takes longer than --help: who stops the command then gets the code, and no trace."""
    early = (
        "import os, signal, sys\n"
        "from transcode.cli import main\n"
        "class Early:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == module: os.kill(os.getpid(), signal.SIGINT)\n"
        "module = sys.argv.pop(1)\n"
        "sys.meta_path.insert(0, Early())\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", early, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch(folder: Path, tmp_path: Path, number: int) -> None:
    """A watch ends so, and nothing failed."""

    def stopped(*_: object, cancel: transcode.batch.Cancel, **__: object) -> Iterator[None]:
        os.kill(os.getpid(), number)
        assert cancel.is_set()
        yield from ()

    with mock.patch.object(watch, "watch_folder", stopped), mock.patch.object(stop, "_end_later") as later:
        assert run("watch", folder, tmp_path / "out", "--carrier", "us-att").returncode == 0
    assert later.call_args.args == (number,)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_other_commands(folder: Path, tmp_path: Path, number: int, code: int) -> None:
    """Other commands end with the shell's exit code, and write nothing."""

    def fits(*_: object, **__: object) -> None:
        os.kill(os.getpid(), number)

    with mock.patch.object(transcode, "fit", fits), mock.patch.object(stop, "_end_later") as later:
        done = run("fit", folder / "000.jpg", "-o", tmp_path / "out.jpg", "--max-bytes", "20000")
    assert (done.returncode, (tmp_path / "out.jpg").exists()) == (code, False)
    assert later.call_args.args == (number,)
