"""Commands that write: never over what they read, and into no directory of somebody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.made.sounds import container, sine

TO = ["--carrier", "world", "--to", "+15555550100"]
PHONE = b"<r><MmsMaxMessageSize>90000</MmsMaxMessageSize><MmsCcppAccept>image/jpg</MmsCcppAccept></r>"


@pytest.fixture
def folder(picture: Path, tmp_path: Path) -> Path:
    """A picture, a second, music, a phone's document, two profiles and a message, each with two links."""
    root = tmp_path / "trip"
    root.mkdir()
    (root / "a.jpg").write_bytes(picture.read_bytes())
    (root / "b.jpg").write_bytes(picture.read_bytes())
    (root / "m.wav").write_bytes(container(sine(1.0)).data)
    (root / "phone.xml").write_bytes(PHONE)
    (root / "base.toml").write_text("[profile]\nmax_message_bytes = 90000\n")
    (root / "own.toml").write_text('[profile]\nextends = "base.toml"\n')
    assert run("message", root / "a.jpg", *TO, "-o", root / "m.mms").returncode == 0
    for path in list(root.iterdir()):
        (tmp_path / f"soft-{path.name}").symlink_to(path)
        (tmp_path / f"hard-{path.name}").hardlink_to(path)
    return root


@pytest.mark.parametrize("link", ["", "../soft-", "../hard-"])
@pytest.mark.parametrize(
    ("command", "output"),
    [
        (["fit", "a.jpg", "--max-bytes", "20000"], "a.jpg"),
        (["fit", "a.jpg", "--device", "phone.xml"], "phone.xml"),
        (["fit", "a.jpg", "--carrier", "./own.toml"], "base.toml"),
        (["message", "a.jpg", "b.jpg", *TO], "b.jpg"),
        (["message", "a.jpg", *TO, "--device", "phone.xml"], "phone.xml"),
        (["message", "a.jpg", "--carrier", "own.toml", "--to", "+15555550100"], "own.toml"),
        (["preview", "m.mms"], "m.mms"),
        (["slideshow", "a.jpg", "b.jpg", *TO], "a.jpg"),
        (["slideshow", ".", *TO], "b.jpg"),
        (["slideshow", "a.jpg", *TO, "--music", "m.wav"], "m.wav"),
        (["slideshow", "a.jpg", *TO[:2], "--as", "clip", "--music", "m.wav"], "m.wav"),
        (["slideshow", "a.jpg", *TO, "-o", "new.mms", "--preview"], "a.jpg"),
    ],
)
def test_nothing_is_written_over_what_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], output: str, link: str
) -> None:
    """No command overwrites its input, by any name of it: exit code 2, and nothing else is written."""
    monkeypatch.chdir(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    last = [] if command[-1] == "--preview" else ["-o"]
    done = run(*command, *last, link + output)
    assert done.returncode == 2, done.stderr
    assert "the output is what is read" in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_two_outputs_are_two_files(folder: Path) -> None:
    """The message and its page go to different places."""
    out = folder / "out"
    done = run("slideshow", folder / "a.jpg", *TO, "-o", out, "--preview", folder / "x" / ".." / "out")
    assert (done.returncode, out.exists()) == (2, False)
    assert "two outputs would be one file" in done.stderr


def test_numbered_messages_are_written_all_or_none(folder: Path, tmp_path: Path) -> None:
    """One of them would replace a source: there is none of them."""
    own = folder / "base.toml"
    own.write_text("[profile]\nmax_message_bytes = 90000\nmax_recipients = 1\n")
    source = (folder / "b.jpg").rename(folder / "c-2.jpg")
    to = ["--to", "+15555550100", "--to", "+15555550101"]
    done = run("message", source, "--carrier", own, *to, "-o", folder / "c.jpg")
    assert (done.returncode, "c-2.jpg: the output is what is read" in done.stderr) == (2, True)
    assert not (folder / "c-1.jpg").exists()


def test_directories_are_empty_or_forced(folder: Path, tmp_path: Path) -> None:
    """Parts and media go into a new or an empty directory; --force writes among others, not over a source."""
    commands: tuple[list[str | Path], ...] = (
        ["inspect", folder / "m.mms", "--extract"],
        ["message", folder / "a.jpg", *TO, "--as", "media", "-o"],
    )
    for number, command in enumerate(commands):
        full, empty = tmp_path / f"full{number}", tmp_path / f"empty{number}"
        for place in (full, empty):
            place.mkdir()
        (full / "image1.jpg").write_bytes(b"somebody's")
        done = run(*command, full)
        assert (done.returncode, "not empty; --force" in done.stderr) == (2, True)
        assert [path.name for path in full.iterdir()] == ["image1.jpg"]
        assert run(*command, empty, "--force").returncode == 0
        assert run(*command, tmp_path / "new" / str(number)).returncode == 0
        assert run(*command, full, "--force").returncode == 0
    # The media are named so, and replace it.
    assert (full / "image1.jpg").read_bytes() != b"somebody's"
    names = [part["file"] for part in json.loads(run("inspect", folder / "m.mms", "--json").stdout)["parts"]]
    held = tmp_path / "held"
    held.mkdir()
    (held / names[1]).symlink_to(folder / "m.mms")
    done = run("inspect", folder / "m.mms", "--extract", held, "--force")
    assert (done.returncode, [path.name for path in held.iterdir()]) == (2, [names[1]])
    assert run("inspect", folder / "m.mms", "--extract", folder / "m.mms").returncode == 1
