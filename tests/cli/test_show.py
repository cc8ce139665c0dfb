"""Answers on stdout, remarks on stderr."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import run


def test_a_line_stays_whole(picture: Path, tmp_path: Path) -> None:
    """A result of more than 160 characters is one line: programs read lines."""
    out = tmp_path / ("n" * 200 + ".jpg")
    done = run("fit", picture, "-o", out, "--max-bytes", "20000", "--box", "400x300")
    assert done.stdout.splitlines()[0].startswith(f"{out}: image/jpeg, 400 x 300, ")
