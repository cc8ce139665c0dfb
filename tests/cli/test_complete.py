"""What bash completes, in bash itself."""

from __future__ import annotations

import contextlib
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from transcode.cli.complete import bearers, countries, profile_ids, provider_ids, undivided

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command by its own name, as pip installs it; beside it, what it gives to bash to read."""
    path = tmp_path_factory.mktemp("bin") / "transcode"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from transcode.cli import main\nmain()\n"
    )
    path.chmod(0o755)
    environment = os.environ | {"_TRANSCODE_COMPLETE": "source_bash"}
    asked = subprocess.run([path], env=environment, capture_output=True, check=True)
    path.with_name("source").write_bytes(asked.stdout)
    return path


def completed(program: Path, *words: str) -> list[str]:
    """The words that bash offers for the last of the words that were typed."""
    typed = " ".join(map(shlex.quote, ("transcode", *words)))
    script = (
        f'export PATH={shlex.quote(str(program.parent))}:"$PATH"\n'
        f". {shlex.quote(str(program.with_name('source')))}\n"
        f"COMP_WORDS=({typed})\nCOMP_CWORD={len(words)}\n"
        'handler=$(complete -p transcode | sed "s/.*-F \\([^ ]*\\) .*/\\1/")\n'
        'COMPREPLY=()\n"$handler" transcode\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sli",), {"slideshow"}),
        (("profiles", "d"), {"diff"}),
        (("fit", "--max"), {"--max-bytes", "--max-seconds"}),
        (("message", "--carrier", "us-veri"), {"us-verizon"}),
        (("message", "--as", "mm"), {"mm1", "mm4", "mm7"}),
        (("fit", "--bearer", ""), {"edge", "gprs"}),
        (("profiles", "show", "oma-image"), {"oma-image-basic", "oma-image-rich"}),
    ],
    ids=range(7),
)
def test_bash(program: Path, words: tuple[str, ...], offered: set[str]) -> None:
    """Commands, options, the words of an option and ids of networks; files are left to bash."""
    found = completed(program, *words)
    assert offered <= set(found)
    assert not [word for word in found if not word.startswith(words[-1])]


def test_files_are_left_to_bash(program: Path) -> None:
    """Where a path belongs nothing is offered, and bash completes file names by its own means."""
    assert completed(program, "fit", "") == []


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("--provider twilio:sh", ["--provider", "twilio:short_code"]),
        ("--provider=twilio:sh", ["--provider=twilio:short_code"]),
        ("--country=germa", ["--country=germa"]),
    ],
)
def test_words_that_bash_divides(program: Path, tmp_path: Path, typed: str, wanted: list[str]) -> None:
    """In a terminal with a real bash the tabulator completes beyond a colon and an equals sign."""
    shown = tmp_path / "transcode"
    # Only what completes runs the program; else the words are shown as they came.
    shown.write_text(f'#!/bin/sh\n[ -n "$_TRANSCODE_COMPLETE" ] && exec {program} "$@"\nprintf "<%s>" "$@"\n')
    shown.chmod(0o755)
    script = tmp_path / "rc"
    script.write_text(f'PATH={tmp_path}:$PATH\neval "$(_TRANSCODE_COMPLETE=source_bash transcode)"\n')
    master, slave = pty.openpty()
    with subprocess.Popen(
        ["bash", "--noprofile", "--rcfile", script, "-i"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "TERM": "dumb", "HISTFILE": ""},
    ) as shell:
        os.close(slave)
        os.write(master, f"transcode message {typed}\t\nexit\n".encode())
        said = b""
        # The system ends the reading with an error where the last program has closed the terminal.
        with contextlib.suppress(OSError):
            while piece := os.read(master, 4096):
                said += piece
        shell.wait()
    os.close(master)
    assert "".join(f"<{word}>" for word in ["message", *wanted]) in said.decode()


@pytest.mark.parametrize(
    ("pieces", "at", "whole"),
    [
        (["transcode", "fit", "a"], 2, (["transcode", "fit", "a"], 2, "")),
        (["t", "--provider", "twilio", ":"], 3, (["t", "--provider", "twilio:"], 2, "twilio:")),
        (["t", "--provider", "twilio", ":", "s"], 4, (["t", "--provider", "twilio:s"], 2, "twilio:")),
        (["t", "--as", "=", "mm"], 3, (["t", "--as", "mm"], 2, "")),
        (["t", "--as", "="], 2, (["t", "--as", ""], 2, "")),
        (["t", "--url", "=", "http", ":", "//a", "x"], 6, (["t", "--url", "http://a", "x"], 3, "")),
        (["t", "a", "b", ":", "c"], 1, (["t", "a", "b", ":", "c"], 1, "")),
    ],
    ids=range(7),
)
def test_pieces(pieces: list[str], at: int, whole: tuple[list[str], int, str]) -> None:
    """What bash divides is joined up to the word that is completed."""
    assert undivided(pieces, at) == whole


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(program: Path, shell: str) -> None:
    """Each script calls the command by its name."""
    done = subprocess.run(
        [program], env={"_TRANSCODE_COMPLETE": f"source_{shell}"}, capture_output=True, text=True, check=True
    )
    assert f"complete_{shell}" in done.stdout


def test_words() -> None:
    """Ids complete by their beginning, and providers with their senders; internal ids do not."""
    assert ("us-verizon", "Verizon Wireless") in profile_ids("us-v")
    assert not [own for own, _ in profile_ids("") if ":" in own or own.startswith("bearer-")]
    assert {"twilio", "twilio:short_code"} <= set(provider_ids("twi"))
    assert bearers("g") == ["gprs"]
    assert ("de", "Germany") in countries("d")
