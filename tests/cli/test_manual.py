"""The manual page: of the present commands, and without a mistake in its markup."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.cli.command import COMMANDS, run
from transcode.cli.manual import page

STORED = Path(__file__).parents[2] / "man" / "transcode.1"


def test_the_stored_page_is_the_present_one() -> None:
    """``make man`` writes it anew after a change of options."""
    assert STORED.read_text("utf-8") == page()


def test_every_option_is_there() -> None:
    """What the help lists stands in the page, hyphens escaped."""
    text = page()
    for command in COMMANDS:
        assert rf".SS transcode {' '.join(command)}" in text
        for word in run(*command, "-h").stdout.split():
            if word.startswith("--") and word.strip("-,.;"):
                assert word.strip(",.;").replace("-", r"\-") in text, word


def test_the_markup_is_right() -> None:
    """groff has nothing to say; where there is none, no line is a request that man(7) lacks."""
    known = {".TH", ".SH", ".SS", ".B", ".PP", ".TP"}
    assert {line.split()[0] for line in page().splitlines() if line.startswith(".")} <= known
    groff = shutil.which("groff")
    if groff is not None:
        command = [groff, "-man", "-Tascii", "-ww", "-z"]
        done = subprocess.run(command, input=page(), capture_output=True, text=True, check=True)
        assert done.stderr == ""
