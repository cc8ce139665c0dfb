"""``transcode fit``: files, JSON, and names that do not say what they hold."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import run
from tests.made import clips
from tests.made.pictures import photo
from tests.made.sounds import container, sine


def test_fit_to_bytes_and_box(picture: Path, tmp_path: Path) -> None:
    """The rendition keeps to bytes and box; the answer is on stdout, and stderr is empty."""
    out = tmp_path / "out.jpg"
    done = run("fit", picture, "-o", out, "--max-bytes", "20000", "--box", "400x300")
    assert (done.returncode, done.stderr) == (0, "")
    assert "400 x 300" in done.stdout
    assert 19_800 <= out.stat().st_size <= 20_000


def test_fit_to_a_carrier_as_json(picture: Path, tmp_path: Path) -> None:
    """--json prints one object, with the report."""
    done = run("fit", picture, "-o", tmp_path / "out.jpg", "--carrier", "us-verizon", "--json")
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found["bytes"] == (tmp_path / "out.jpg").stat().st_size
    assert found["report"]["source_width"] == 800


@pytest.mark.parametrize(
    ("ending", "magic"),
    [("png", b"\x89PNG"), ("PNG", b"\x89PNG"), ("jpg", b"\xff\xd8"), ("JPEG", b"\xff\xd8")],
)
def test_the_suffix_chooses_the_format(picture: Path, tmp_path: Path, ending: str, magic: bytes) -> None:
    """A suffix counts in any case of its letters, and the limit holds."""
    out = tmp_path / f"out.{ending}"
    done = run("fit", picture, "-o", out, "--max-bytes", "60000")
    assert done.returncode == 0, done.stderr
    assert out.read_bytes().startswith(magic)
    assert out.stat().st_size <= 60_000
    assert run("fit", picture, "-o", out, "--carrier", "us-att").returncode == 0
    assert out.read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("out.gif", ("--max-bytes", "60000"), "photo.jpg can't become image/gif"),
        ("out.mp4", ("--max-bytes", "60000"), "can't become video/mp4"),
        ("out.heic", ("--max-bytes", "60000"), ".heic is not written; written are "),
        ("out.png", ("--carrier", "OWN"), "own does not accept image/png; it accepts image/jpeg"),
        ("out.webp", ("--carrier", "us-att"), "does not accept image/webp"),
    ],
)
def test_a_suffix_that_can_not_be(
    picture: Path, tmp_path: Path, name: str, more: tuple[str, ...], words: str
) -> None:
    """Exit code 2, and the reason; nothing is written."""
    own = tmp_path / "own.toml"
    own.write_text('[profile]\nmax_message_bytes = 60000\nformats = ["image/jpeg"]\n')
    done = run("fit", picture, "-o", tmp_path / name, *(str(own) if word == "OWN" else word for word in more))
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / name).exists()


def test_animations_and_clips_by_their_suffix(tmp_path: Path) -> None:
    """A GIF as a clip or as its first frame; a clip is no picture; sound in MP4 is sound."""
    gif, clip, sound = tmp_path / "a.gif", tmp_path / "c.mp4", tmp_path / "s.wav"
    first, *others = [Image.fromarray(photo(120, 90)).rotate(90 * number) for number in range(4)]
    first.save(gif, save_all=True, append_images=others, duration=200, loop=0)
    clip.write_bytes(clips.clip(seconds=1).data)
    sound.write_bytes(container(sine(1.0)).data)
    outcomes = {
        (source.name, ending): run(
            "fit", source, "-o", tmp_path / f"o{ending}", "--max-bytes", "40000", "--json"
        )
        for source, ending in ((gif, ".mp4"), (gif, ".jpg"), (clip, ".jpg"), (sound, ".mp4"), (sound, ".mp3"))
    }
    found = {key: json.loads(done.stdout).get("content_type") for key, done in outcomes.items()}
    assert found == {
        ("a.gif", ".mp4"): "video/mp4",
        ("a.gif", ".jpg"): "image/jpeg",
        ("c.mp4", ".jpg"): None,
        ("s.wav", ".mp4"): "audio/mp4",
        ("s.wav", ".mp3"): "audio/mpeg",
    }
    assert outcomes["c.mp4", ".jpg"].returncode == 2


def test_fit_says_what_its_name_does_not(picture: Path, tmp_path: Path) -> None:
    """A name that says nothing of media is remarked on; the source itself is not overwritten."""
    done = run("fit", picture, "-o", tmp_path / "out.dat", "--max-bytes", "20000")
    assert done.returncode == 0
    assert "this is image/jpeg" in done.stderr
    sound = tmp_path / "sound.wav"
    sound.write_bytes(container(sine(1.0)).data)
    assert (
        "another suffix" not in run("fit", sound, "-o", tmp_path / "out.m4a", "--max-bytes", "20000").stderr
    )
    before = picture.read_bytes()
    assert run("fit", picture, "-o", picture, "--max-bytes", "20000").returncode == 2
    assert picture.read_bytes() == before


def test_threads(picture: Path, tmp_path: Path) -> None:
    """A number of threads is taken, and none is not."""
    arguments = ("fit", picture, "-o", tmp_path / "out.jpg", "--max-bytes", "20000", "--threads")
    assert [run(*arguments, number).returncode for number in ("1", "0")] == [0, 2]


def test_a_clip_is_cut_as_asked(tmp_path: Path) -> None:
    """A clip is cut from a start, for some seconds, and at a key frame where that is allowed."""
    path = tmp_path / "clip.mp4"
    options = {"profile": "main", "crf": "23", "g": "25"}
    path.write_bytes(clips.clip(seconds=4, options=options).data)
    arguments = ("fit", path, "-o", tmp_path / "out.mp4", "--max-bytes", "100000")
    ranges = []
    for more in (("--start", "1.2"), ("--start", "1.2", "--keyframe-cut")):
        done = run(*arguments, *more, "--max-seconds", "2", "--json")
        report = json.loads(done.stdout)["report"]
        ranges.append((report["source_start"], round(report["seconds"], 2), bool(report["trials"])))
    assert ranges == [(1.2, 2.0, True), (1.0, 2.0, False)]
    assert run(*arguments, "--start", "9").returncode == 2


def read_terminal(master: int) -> str:
    """All that was drawn until the other side closed: a terminal holds 4 KB, so it is read as it comes."""
    drawn = b""
    # Linux answers EIO, not an end, when nobody holds the other side open any more
    with open(master, "rb", buffering=0) as stream, suppress(OSError):
        while chunk := stream.read(1 << 12):
            drawn += chunk
    return drawn.decode()


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """A clip's phases are drawn where there is a terminal."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(clips.clip(seconds=3).data)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "transcode", "fit", str(path), "-o", str(tmp_path / "out.mp4")]
    with subprocess.Popen(
        [*command, "--max-bytes", "20000"], stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(theirs)
        drawn = read_terminal(ours)
    assert process.returncode == 0
    assert "encode" in drawn
    assert "20,000 bytes" in drawn


def test_a_voice_note_for_a_network_without_sound(picture: Path, tmp_path: Path) -> None:
    """It does not fit, by the profile's sources; asked to, the command makes a clip of it."""
    note, out = tmp_path / "note.wav", tmp_path / "out.mp4"
    note.write_bytes(container(sine(1.0)).data)
    asked = (note, "--carrier", "us-verizon")
    for command in (("fit", *asked, "-o", out), ("message", *asked, "-o", out, "--to", "+15555550100")):
        done = run(*command)
        assert done.returncode == 3
        assert "accepts no sound by itself" in done.stderr
        assert "G26 (Google Messages" in done.stderr
        assert "--as-clip" in done.stderr
        assert not out.exists()
    assert run("fit", *asked, "-o", out, "--as-clip").returncode == 0
    assert clips.sound_of(out.read_bytes()).seconds > 0.9
    made = run("fit", *asked, "-o", out, "--picture", picture, "--json")
    assert json.loads(made.stdout)["report"]["width"] == 800
    done = run("message", *asked, "-o", tmp_path / "o.mms", "--to", "+15555550100", "--as-clip")
    assert done.returncode == 0
    assert "1.0 seconds" in done.stdout
    assert run("fit", note, "-o", out, "--max-bytes", "20000", "--as-clip").returncode == 0
