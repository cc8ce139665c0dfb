"""The command as a whole: exit codes, one line an error, and what is left of a failure."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import transcode
from tests.cli.command import run
from transcode.cli.app import program
from transcode.cli.named import COMMANDS


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["message", "PICTURE", "-o", "x", "--to", "1"], 2, "--carrier world fits any network"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "9000", "--bearer", "gprs"], 2, "--bearer goes with"),
        (
            ["fit", "PICTURE", "-o", "x", "--carrier", "us-att", "--bearer", "3g"],
            2,
            "did you mean edge, gprs",
        ),
        (["fit", "PICTURE", "-o", "x", "--provider", "twilo"], 2, "did you mean twilio"),
        (["fit", "PICTURE", "-o", "x", "--device", "PICTURE"], 2, "no well-formed XML"),
        (["profiles", "show", "us-verizn"], 2, "us-verizon"),
        (["fit", "missing.jpg", "-o", "x", "--max-bytes", "9"], 1, "missing.jpg: no such file"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "99"], 3, "does not fit into 99 bytes"),
        (["fit", "PICTURE", "-o", "x"], 2, "give either --carrier"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "0"], 2, "max_bytes"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "9000", "--box", "big"], 2, "--box must look like"),
        (["fit", "PICTURE", "-o", "x", "--carrier", "us-verizn"], 2, "us-verizon"),
        (["message", "PICTURE", "-o", "x", "--carrier", "us-att", "--to", "no body"], 2, "'no body'"),
        (["message", "PICTURE", "-o", "x", "--carrier", "us-att"], 2, "--to"),
        (["message", "-o", "x", "--carrier", "us-att", "--to", "+15555550100"], 2, "nothing"),
        (["inspect", "PICTURE"], 1, "photo.jpg: image/jpeg, not a message"),
        (["inspect", "TOML"], 1, "misspelt.toml: not a message, or a broken one"),
        (["fit", "PICTURE", "-o", "x", "--carrier", "TOML"], 2, "did you mean max_message_bytes"),
        (["fit", "PICTURE", "-o", "x", "--carrier", ""], 2, "'': no profile"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "100k"], 2, "'100k' is no whole number of bytes"),
        (["profiles", "show"], 2, "name a profile"),
        (["slideshow", "PICTURE"], 2, "slideshow --help tells more"),
        (["fit", "PICTURE", "--colour"], 2, "--colour"),
        (["fit", "PICTURE", "-o", "x", "--max-bytes", "9000", "--box", "9" * 5000 + "x5"], 2, "--box must"),
        (["fit", "PICTURE", "-o", "/dev/null/x", "--max-bytes", "9000"], 1, "/dev/null is not a directory"),
        (["fit", "no\n\x1b[31mpe", "-o", "x", "--max-bytes", "9"], 1, "pe: no such file"),
    ],
)
def test_errors(picture: Path, tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    """Each kind of error has its exit code; the words name what is wrong, without a trace."""
    misspelt = tmp_path / "misspelt.toml"
    misspelt.write_text("[profile]\nmax_message_byte = 30000\n")
    files = {"PICTURE": str(picture), "TOML": str(misspelt)}
    done = run(*[files.get(word, word) for word in arguments])
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


NO_PICTURES = '[profile]\nmax_message_bytes = 30000\nformats = ["audio/amr"]\n'
TINY = "[profile]\nmax_message_bytes = 480\n"
OFF = "[profile]\nmax_message_bytes = 30000\nmms_enabled = false\n"


@pytest.mark.parametrize("profile", [NO_PICTURES, TINY, OFF], ids=["no-pictures", "tiny", "off"])
@pytest.mark.parametrize(
    "command",
    [
        ["fit", "PICTURE", "-o", "OUT"],
        ["message", "PICTURE", "-o", "OUT", "--to", "+15555550100"],
        ["slideshow", "PICTURE", "PICTURE", "-o", "OUT", "--to", "+15555550100"],
        ["slideshow", "PICTURE", "-o", "OUT", "--as", "clip"],
        ["batch", "FOLDER", "OUT", "--jobs", "1"],
    ],
    ids=lambda command: " ".join(command[:1] + command[-2:-1]),
)
def test_what_cannot_fit_is_3_everywhere(
    picture: Path, tmp_path: Path, command: list[str], profile: str
) -> None:
    """A limit that can't be met, a network without pictures, and one without MMS; nothing is written."""
    own = tmp_path / "own.toml"
    own.write_text(profile)
    folder = tmp_path / "in"
    folder.mkdir()
    picture = picture.rename(folder / picture.name)
    files = {"PICTURE": str(picture), "FOLDER": str(folder), "OUT": str(tmp_path / "out")}
    words = [files.get(word, word) for word in command]
    if words[0] == "fit" and profile == TINY:
        words += ["--max-bytes", "99"]
    else:
        words += ["--carrier", str(own)]
    done = run(*words)
    assert done.returncode == 3, done.stderr
    assert not [path for path in tmp_path.rglob("out*") if path.is_file()]


def test_nothing_asked_is_help() -> None:
    """Without a command, the list of commands is printed."""
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "slideshow" in done.stderr


def test_errors_as_json(picture: Path) -> None:
    """The object has the numbers of the error."""
    done = run("fit", picture, "-o", "x", "--max-bytes", "99", "--json")
    found = json.loads(done.stdout)
    assert (found["error_type"], found["limit"]) == ("BudgetError", 99)
    assert found["smallest"] > 99


def test_version() -> None:
    """--version is the library's."""
    assert run("--version").stdout.split() == ["transcode", transcode.__version__]


def test_help_in_a_process_of_its_own() -> None:
    """``python -m transcode`` is the command; its help names the commands and loads nothing heavy."""
    command = [sys.executable, "-X", "importtime", "-m", "transcode", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in ("fit", "message", "slideshow", "preview", "batch", "inspect", "profiles", "doctor"):
        assert re.search(rf"^  {name} +[A-Z]", done.stdout, re.MULTILINE)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "transcode.cli.app" in loaded
    heavy = {"av", "numpy", "PIL", "pydantic", "rich.console", "transcode.profile", "transcode.cli.fit"}
    assert not loaded & heavy


def test_the_list_of_commands_has_their_help() -> None:
    """The list is made before a command is imported; it says the first paragraph of what the command says."""
    for name, command in program().commands.items():
        assert command.name == name
        assert COMMANDS[name].summary == " ".join(command.help.split("\n\n")[0].split())


@pytest.mark.parametrize("typed", ["TRANSCODE_MAX_BYTES", "TRANSCODE_FIT_MAX_BYTES"])
def test_variables_are_read_by_a_command_that_was_called_without(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    """Whether there are variables is asked at each call."""
    assert run("fit", picture, "-o", tmp_path / "a.jpg").returncode == 2
    monkeypatch.setenv(typed, "100000")
    assert run("fit", picture, "-o", tmp_path / "a.jpg").returncode == 0
    monkeypatch.delenv(typed)
    assert run("fit", picture, "-o", tmp_path / "b.jpg").returncode == 2


def test_nothing_is_left_of_a_failure(picture: Path, tmp_path: Path) -> None:
    """A failure leaves no output and no temporary file."""
    before = set(tmp_path.iterdir())
    assert run("fit", picture, "-o", tmp_path / "out.jpg", "--max-bytes", "99").returncode == 3
    assert set(tmp_path.iterdir()) == before


def test_debug_shows_the_trace(picture: Path) -> None:
    """--debug shows where an error came from, and changes no exit code."""
    done = run("fit", "missing.jpg", "-o", "x", "--max-bytes", "9", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    done = run("fit", picture, "-o", "x", "--max-bytes", "99", "--debug")
    assert done.returncode == 3
    assert "Traceback" in done.stderr
