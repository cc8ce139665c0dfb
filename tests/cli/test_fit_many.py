"""``transcode fit`` of several files and of folders; stdin and stdout as files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import transcode
from tests.cli.command import run
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A folder with pictures of two kinds of one stem, a sidecar, a text, and a picture in a folder below."""
    root = tmp_path / "in"
    (root / "below").mkdir(parents=True)
    (root / "a.jpg").write_bytes(save(photo(640, 480)))
    (root / "a.bmp").write_bytes(save(photo(300, 200), "BMP"))
    (root / "a.xmp").write_text("no medium")
    (root / "below" / "c.png").write_bytes(save(photo(200, 300, 3), "PNG"))
    (root / "notes.txt").write_text("not a picture")
    return root


def piped(*arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "transcode", *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, check=False, timeout=120)


def test_files_and_folders_go_into_a_folder(media: Path, tmp_path: Path) -> None:
    """Each has what fit makes of it alone, under a name of its own; what fails costs itself, once."""
    out = tmp_path / "out"
    done = run("fit", media, media / "a.jpg", media / "below" / "c.png", "-o", out, "--max-bytes", "15000")
    assert done.returncode == 1
    assert "3 renditions made, 1 file failed" in done.stdout
    assert "1 file passed over" in done.stderr
    assert "notes.txt: text, which is not a picture" in done.stderr
    made = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    sources = {"a.jpg": "a.bmp", "a-jpg.jpg": "a.jpg", "below/c.jpg": "below/c.png"}
    assert made.keys() == sources.keys()
    for name, source in sources.items():
        assert made[name] == transcode.fit(media / source, transcode.Limits(15_000)).data


def test_one_file_into_a_folder_that_is_there(media: Path, tmp_path: Path) -> None:
    """Its name is made by the rules of folders, and may be asked for."""
    (tmp_path / "out").mkdir()
    words = ("fit", media / "a.bmp", "-o", tmp_path / "out", "--carrier", "us-att", "--json")
    for more, name in (((), "a.jpg"), (("--name", "{stem}-{suffix}.{ext}"), "a-bmp.jpg")):
        done = run(*words, *more)
        (one,) = map(json.loads, done.stdout.splitlines())
        assert (done.returncode, Path(one["output"]).name) == (0, name)
        assert Path(one["output"]).stat().st_size == one["bytes"] <= one["limit"]


def test_options_hold_for_each(tmp_path: Path) -> None:
    """A cut holds for all recordings of a folder; patterns leave files out."""
    (tmp_path / "in").mkdir()
    for name in ("a.wav", "b.wav"):
        (tmp_path / "in" / name).write_bytes(container(sine(2.0)).data)
    words = ("fit", tmp_path / "in", "-o", tmp_path / "out", "--max-bytes", "15000", "--exclude", "B*")
    done = run(*words, "--max-seconds", "1")
    assert done.returncode == 0, done.stderr
    assert ": 1.0 seconds," in done.stdout
    assert "1 file excluded" in done.stderr
    assert run(*words[:-1], "*").returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("IN", "-o", "-"), "-o - takes one source"),
        (("-", "IN/a.jpg", "-o", "OUT"), "stdin (-) is one source"),
        (("IN/a.jpg", "-o", "OUT.jpg", "--name", "{stem}.{ext}"), "--name would have no effect"),
        (("IN/a.jpg", "-o", "-", "--json"), "stdout has the rendition alone"),
        (("IN", "-o", "OUT", "--name", "../{stem}.{ext}"), "leaves the target"),
    ],
)
def test_what_does_not_go_together(media: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """It is refused before anything is written."""
    given = [word.replace("IN", str(media)).replace("OUT", str(tmp_path / "out")) for word in words]
    done = run("fit", *given, "--max-bytes", "15000")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not [path for path in tmp_path.iterdir() if path != media]


def test_the_target_is_no_source(media: Path) -> None:
    """Renditions would lie among the sources."""
    done = run("fit", media, "-o", media, "--max-bytes", "15000")
    assert (done.returncode, "the target is a source" in done.stderr) == (1, True)


def test_stdin_and_stdout(media: Path) -> None:
    """The octets that come through a pipe are those of a file, and stdout has nothing besides."""
    source = (media / "a.jpg").read_bytes()
    done = piped("fit", "-", "-o", "-", "--max-bytes", "15000", given=source)
    assert (done.returncode, done.stdout) == (0, transcode.fit(source, transcode.Limits(15_000)).data)
    assert b"image/jpeg, 640 x 480" in done.stderr
    empty = piped("fit", "-", "-o", "-", "--max-bytes", "15000")
    assert (empty.returncode, empty.stdout) == (1, b"")
    assert b"<stdin>: empty" in empty.stderr


def test_a_message_through_pipes(media: Path, tmp_path: Path) -> None:
    """It is the one that goes into a file; several messages do not go to stdout."""
    source = (media / "a.jpg").read_bytes()
    words = ("message", "--carrier", "us-att", "--to", "+15555550100", "--text", "hello")
    done = piped(*words, "-", "-o", "-", given=source)
    assert run(*words, media / "a.jpg", "-o", tmp_path / "m.mms").returncode == 0
    assert (done.returncode, done.stdout) == (0, (tmp_path / "m.mms").read_bytes())
    for more, said in (
        (("--as", "media"), "media go into a directory"),
        (("--json",), "stdout has the message alone"),
    ):
        refused = run(*words, media / "a.jpg", "-o", "-", *more)
        assert (refused.returncode, refused.stdout == "" or more == ("--json",)) == (2, True)
        assert said in refused.stderr
    twice = run(*words, "-", "-", "-o", tmp_path / "n.mms")
    assert (twice.returncode, "stdin (-) can be read once" in twice.stderr) == (2, True)
