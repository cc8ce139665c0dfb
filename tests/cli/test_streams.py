"""Stdout and stderr that are full, closed or read by nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "transcode"]
WAYS = [
    ("profiles", "cricket"),
    ("profiles", "cricket", "--json"),
    ("fit", "--help"),
    ("--version",),
    ("--print-config",),
    ("inspect", "--json-schema"),
]


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
def test_nobody_reads_on(words: tuple[str, ...]) -> None:
    """A closed pipe, as of ``| head``, gives no trace and no error, and the exit code of SIGPIPE."""
    ours, theirs = os.pipe()
    os.close(ours)
    with subprocess.Popen([*COMMAND, *words], stdout=theirs, stderr=subprocess.PIPE) as done:
        os.close(theirs)
        assert done.stderr is not None
        said = done.stderr.read()
    assert (done.returncode, said) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
def test_a_full_disk_is_told(words: tuple[str, ...]) -> None:
    """An answer that can't be written is an error of one line."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "transcode: stdout: No space left on device\n")


def test_an_error_is_told_on_a_full_disk(tmp_path: Path) -> None:
    """Stderr has it before stdout fails."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "inspect", tmp_path / "none.mms", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines), lines[-1]) == (1, 2, "transcode: stdout: No space left on device")
    assert "none.mms" in lines[0]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_closed_streams(unbuffered: str) -> None:
    """A closed stdout is an error, and gets no output file's octets; a closed stderr costs its words only."""
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    shell = f'"{sys.executable}" -m transcode profiles cricket'
    done = subprocess.run(
        f"{shell} >&- <&-", shell=True, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "transcode: stdout: Bad file descriptor\n")
    done = subprocess.run(
        f"{shell} 2>&-", shell=True, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "us-cricket" in done.stdout
    line = f"{shell}x 2>/dev/full"
    assert subprocess.run(line, shell=True, env=environment, check=False).returncode == 1
