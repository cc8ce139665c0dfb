"""``transcode slideshow`` and ``preview``: messages, clips and pages."""

from __future__ import annotations

import json
from pathlib import Path

import transcode
from tests.cli.command import run


def test_slideshow_of_a_folder_and_its_preview(picture: Path, tmp_path: Path) -> None:
    """Pictures keep the folder's order, captions take turns, others are named; a page stands beside it."""
    folder = tmp_path / "trip"
    folder.mkdir()
    for name in ("p10.jpg", "p9.jpg"):
        (folder / name).write_bytes(picture.read_bytes())
    (folder / "notes.txt").write_text("hello")
    out, shown = tmp_path / "show.mms", tmp_path / "show.html"
    wanted = ["--carrier", "world", "--to", "+15555550100", "--caption", "Nine", "--caption", "Ten"]
    done = run("slideshow", folder, *wanted, "-o", out, "--preview", shown)
    assert done.returncode == 0
    assert "notes.txt: passed over" in done.stderr
    assert done.stdout.index("p9.jpg") < done.stdout.index("p10.jpg")
    texts = [part.text for part in transcode.read(out.read_bytes()).parts if part.name == "text1.txt"]
    assert texts == ["Nine"]
    assert "p9.jpg" in shown.read_text()
    again = tmp_path / "again.html"
    done = run("preview", out, "-o", again, "--carrier", "world", "--json")
    assert json.loads(done.stdout)["limit"] == 300_000
    assert "of 300,000 bytes" in again.read_text()


def test_slideshow_errors(picture: Path, tmp_path: Path) -> None:
    """More captions than pictures, a folder without any, and a file that is no message: one line each."""
    out = tmp_path / "o"
    wanted = ["--carrier", "world", "--to", "+15555550100", "-o", str(out)]
    done = run("slideshow", picture, "--caption", "a", "--caption", "b", *wanted)
    assert done.returncode == 2
    assert "2 captions for 1 picture" in done.stderr
    (tmp_path / "empty").mkdir()
    done = run("slideshow", tmp_path / "empty", *wanted)
    assert done.returncode == 1
    assert "without pictures" in done.stderr
    done = run("preview", picture, "-o", out)
    assert done.returncode == 1
    assert "photo.jpg" in done.stderr
    assert not out.exists()


def test_slides_over_several_messages(picture: Path, tmp_path: Path) -> None:
    """Numbered files are written, and each file's own media are told."""
    out = tmp_path / "m.mms"
    wanted = ["--carrier", "world", "--to", "+15555550100", "--subject", "Trip", "--max-messages", "4"]
    done = run("slideshow", *[picture] * 3, *wanted, "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    files = [Path(json.loads(line)["output"]) for line in done.stdout.splitlines()]
    assert sum(len(transcode.read(file.read_bytes()).parts) - 1 for file in files) == 3


def test_slideshow_as_a_clip(picture: Path, tmp_path: Path) -> None:
    """A video file; a message needs a recipient and another suffix, and has one clip."""
    out = tmp_path / "show.mp4"
    done = run("slideshow", picture, "--as", "clip", "--carrier", "world", "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["content_type"] == "video/mp4"
    assert out.read_bytes()[4:8] == b"ftyp"
    still = tmp_path / "show.gif"
    done = run("slideshow", picture, "--as", "clip", "--carrier", "world", "-o", still)
    assert (done.returncode, "show.gif: slideshow can't become image/gif" in done.stderr) == (2, True)
    assert not still.exists()
    wanted = ["--as", "clip", "--carrier", "world", "--to", "+15555550100", "--subject", "S" * 30]
    done = run("slideshow", picture, *wanted, "-o", out)
    assert (done.returncode, "a clip with recipients is a message" in done.stderr) == (2, True)
    assert run("slideshow", picture, *wanted, "--max-messages", "2", "-o", out).returncode == 2
    done = run("slideshow", picture, "--carrier", "world", "-o", out)
    assert (done.returncode, "--to" in done.stderr) == (2, True)


def test_slideshow_as_a_clip_in_a_message(picture: Path, tmp_path: Path) -> None:
    """With recipients the clip is in a message, as it was made, and the message is within its limit."""
    out, shown = tmp_path / "show.mms", tmp_path / "show.html"
    wanted = ["--carrier", "world", "--to", "+15555550100", "--subject", "S" * 30, "--as", "clip"]
    done = run("slideshow", picture, *wanted, "--preview", shown, "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    data = out.read_bytes()
    assert 200_000 < len(data) <= 300_000
    (clip,) = [part for part in transcode.read(data).parts if part.content_type.startswith("video/")]
    assert clip.content_type == "video/mp4"
    (medium,) = json.loads(done.stdout)["reports"]
    assert [note["code"] for note in medium["notes"]] == ["rewrapped"]
    assert "show" in shown.read_text()
