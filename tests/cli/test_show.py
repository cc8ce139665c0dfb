"""Answers on stdout, remarks on stderr."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import run


def test_a_line_stays_whole(picture: Path, tmp_path: Path) -> None:
    """A result of more than 160 characters is one line: programs read lines."""
    out = tmp_path / ("n" * 200 + ".jpg")
    done = run("fit", picture, "-o", out, "--max-bytes", "20000", "--box", "400x300")
    assert done.stdout.splitlines()[0].startswith(f"{out}: image/jpeg, 400 x 300, ")


@pytest.mark.parametrize("words", [("profiles",), ("profiles", "--json")])
def test_nobody_reads_on(words: tuple[str, ...]) -> None:
    """A closed pipe, as of ``| head``, gives no trace and no error, and the exit code of SIGPIPE."""
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "transcode", *words]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE) as done:
        os.close(theirs)
        assert done.stderr is not None
        said = done.stderr.read()
    assert (done.returncode, said) == (128 + signal.SIGPIPE, b"")


def test_a_full_disk_is_told() -> None:
    """An answer that can't be written is an error of one line."""
    command = [sys.executable, "-m", "transcode", "profiles", "cricket"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "No space left on device" in done.stderr
