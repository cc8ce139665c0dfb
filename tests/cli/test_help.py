"""``-h``: as wide as the terminal, options in groups, exit codes."""

from __future__ import annotations

import re

import pytest

from tests.cli.command import COMMANDS, run
from transcode.cli.command import EXIT_CODES


@pytest.mark.parametrize("command", [(), ("profiles",), *COMMANDS], ids=" ".join)
def test_short_and_long(command: tuple[str, ...]) -> None:
    """Both names of the option say the same, with the exit codes at the end."""
    short, long = (run(*command, option) for option in ("-h", "--help"))
    assert (short.returncode, short.stdout) == (0, long.stdout)
    said = " ".join(short.stdout.split())
    assert said.endswith(f"{int(EXIT_CODES[-1][0])} {EXIT_CODES[-1][1]}.")
    assert "3 the limit can't be met" in said


@pytest.mark.parametrize("columns", [60, 200])
def test_as_wide_as_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is longer than the terminal, and the longest uses it."""
    monkeypatch.setenv("COLUMNS", str(columns))
    longest = max(map(len, run("message", "-h").stdout.splitlines()))
    assert columns - 15 < longest <= columns


def test_options_are_in_groups() -> None:
    """The receiver's together, those of all commands last, and each once."""
    said = run("fit", "-h").stdout
    titles = re.findall(r"^([A-Z].*):$", said, re.MULTILINE)
    assert titles == [
        "Arguments",
        "Options",
        "Receiver",
        "Clips and recordings",
        "Files",
        "What is made",
        "General",
    ]
    receiver = said[said.index("\nReceiver:") : said.index("\nClips and recordings:")]
    assert all(f"  --{name} " in receiver for name in ("carrier", "provider", "device", "bearer", "size"))
    options = re.findall(r"^  (-[^\s]+)", said, re.MULTILINE)
    assert len(options) == len(set(options))
    assert options[-1] == "-h,"


def test_choices_are_words() -> None:
    """What an option takes is shown by name."""
    said = run("message", "-h").stdout
    assert "--as mm1|mm4|mm7|media" in said
    assert "--priority low|normal|high" in said
