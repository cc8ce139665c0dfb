"""Options without effect are refused, or told."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import run
from tests.made import clips
from tests.made.pictures import photo
from tests.made.sounds import container, sine
from transcode.cli.effect import check_address
from transcode.errors import MessageError

BYTES = "--max-bytes 40000"
MESSAGE = "--carrier us-att --to +15555550100"


@pytest.fixture
def media(picture: Path, tmp_path: Path) -> dict[str, str]:
    """Inputs by the words that stand for them."""
    (tmp_path / "s.wav").write_bytes(container(sine(1.0)).data)
    (tmp_path / "s.ogg").write_bytes(container(sine(1.0), form="ogg", codec="flac", sample_format="s16").data)
    (tmp_path / "c.mp4").write_bytes(clips.clip(seconds=1).data)
    frames = [Image.fromarray(photo(60, 40)).rotate(90 * turns) for turns in range(4)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=400)
    assert run("message", picture, *MESSAGE.split(), "-o", tmp_path / "m.mms").returncode == 0
    names = {"WAV": "s.wav", "CLIP": "c.mp4", "GIF": "a.gif", "MMS": "m.mms", "OUT": "out", "OGG": "s.ogg"}
    names["OUT.mp4"] = "out.mp4"
    return {"JPEG": str(picture)} | {word: str(tmp_path / name) for word, name in names.items()}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"fit JPEG -o OUT {BYTES} --start 2", "--start would have no effect"),
        (f"fit JPEG -o OUT {BYTES} --max-seconds 5", "photo.jpg is neither a clip nor a recording"),
        (f"fit JPEG -o OUT {BYTES} --loudness -16", "--loudness would"),
        (f"fit JPEG -o OUT {BYTES} --keyframe-cut --strict", "--keyframe-cut and --strict would"),
        (f"fit JPEG -o OUT {BYTES} --as-clip", "--as-clip would"),
        (f"fit JPEG -o OUT {BYTES} --picture JPEG", "--picture would"),
        (f"fit CLIP -o OUT {BYTES} --as-clip", "is a clip, not a recording"),
        (f"fit WAV -o OUT {BYTES} --box 100x100", "--box would have no effect"),
        (f"fit WAV -o OUT {BYTES} --keyframe-cut", "is a recording"),
        (f"fit WAV -o OUT {BYTES} --as-clip --keyframe-cut", "is a recording"),
        (f"fit GIF -o OUT.mp4 {BYTES} --max-seconds 1", "a.gif is neither a clip nor a recording"),
        (f"fit GIF -o OUT.mp4 {BYTES} --as-clip", "--as-clip would"),
        (f"fit JPEG -o OUT {BYTES} --size high", "--size goes with --carrier"),
        (f"fit JPEG -o OUT {BYTES} --allow-private", "--allow-private would have no effect"),
        ("fit JPEG -o OUT --carrier us-att --allow-private", "--allow-private would have no effect"),
        (
            f"message JPEG -o OUT {MESSAGE} --vaspid acme",
            "--vaspid would have no effect: the names go with --as mm7",
        ),
        (f"message JPEG -o OUT {MESSAGE} --service-code 1", "--service-code would"),
        (f"message JPEG -o OUT {MESSAGE} --force", "--force would have no effect"),
        (f"message JPEG -o OUT {MESSAGE} --as-clip", "no source is a recording"),
        (f"message JPEG -o OUT {MESSAGE} --expiry 2020-01-01", "--expiry 2020-01-01 00:00"),
        (f"message JPEG -o OUT {MESSAGE} --delivery-time 2020-01-01T10:00Z", "is in the past"),
        ("message JPEG -o OUT --carrier us-att --to 1", "--to 1: too short; a number has at least 3 digits"),
        ("message JPEG -o OUT --carrier us-att --to 911 --cc +4912", "--cc +4912: too short"),
        ("batch IN OUT --carrier us-att --to 1", "--to 1: too short"),
        (
            "slideshow JPEG -o OUT --as clip --carrier us-att --text-first",
            "--text-first would have no effect",
        ),
        (f"message JPEG -o OUT {MESSAGE} --text-first", "--text-first would have no effect: it goes with"),
        (
            "slideshow JPEG -o OUT --carrier us-att --to +15555550100 --text-first",
            "--text-first would have no effect: it goes with --caption",
        ),
        (
            "fit JPEG -o OUT --carrier us-att --country us",
            "--country would have no effect: us-att is the same",
        ),
        (f"fit JPEG -o OUT {BYTES} --country us", "--country would have no effect: it goes with --carrier"),
        ("profiles diff us-att 310410 --country us", "--country would have no effect"),
        ("inspect MMS --force", "--force would have no effect: it goes with --extract"),
        ("profiles show us-att --allow-private", "--allow-private would"),
    ],
)
def test_an_option_without_effect(media: dict[str, str], words: str, said: str) -> None:
    """Exit code 2 and the reason; nothing is written."""
    done = run(*(media.get(word, word) for word in words.split()))
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not list(Path(media["OUT"]).parent.glob("out*"))


def test_refused_before_it_is_fitted(media: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip costs no minute of work before its options are."""
    monkeypatch.setattr(import_module("transcode.fit.medium"), "fit_content", None)
    done = run("fit", media["CLIP"], "-o", media["OUT"], *BYTES.split(), "--as-clip")
    assert (done.returncode, "is a clip, not a recording" in done.stderr) == (2, True), done.stderr


def test_a_subject_that_the_profile_does_not_allow(picture: Path, tmp_path: Path) -> None:
    """The length and the profile's are told."""
    own = tmp_path / "own.toml"
    own.write_text("[profile]\nmax_message_bytes = 60000\nmax_subject_chars = 5\n")
    words = ("--carrier", own, "--to", "+15555550100", "--subject", "123456")
    for command in ("message", "slideshow"):
        done = run(command, picture, *words, "-o", tmp_path / "out")
        assert (done.returncode, "a subject of 6 characters" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    "words",
    [
        f"fit WAV -o OUT.mp4 {BYTES} --as-clip --box 200x200 --start 0.1",
        f"fit CLIP -o OUT.mp4 {BYTES} --start 0.1 --keyframe-cut --strict --loudness -16",
        f"message WAV -o OUT {MESSAGE} --as-clip --expiry 3d",
        f"message JPEG -o OUT {MESSAGE} --vaspid acme --as mm7",
        f"message JPEG -o OUT {MESSAGE} --vaspid acme --limit-form mm7",
        f"message JPEG -o OUT {MESSAGE} --as media --force",
        f"message JPEG -o OUT {MESSAGE} --text Hi --text-first",
        f"fit OGG -o OUT.m4a {BYTES} --start 0.1 --max-seconds 0.5",
        f"message OGG -o OUT {MESSAGE} --as-clip",
    ],
)
def test_options_with_effect_pass(media: dict[str, str], words: str) -> None:
    """What goes with the medium and the form is not refused."""
    parts = [word.partition(".") if word.startswith("OUT") else (word, "", "") for word in words.split()]
    done = run(*(media.get(word, word) + dot + ending for word, dot, ending in parts))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "address", ["911", "55225", "+2904000", "a@b.example", "acme", "1/TYPE=PLMN", "*21#"]
)
def test_what_is_long_enough(address: str) -> None:
    """Short codes, the shortest of international numbers, and what is no number."""
    check_address("--to", address)


@pytest.mark.parametrize("address", ["1", "12", "+1 555", "+49 12"])
def test_what_is_too_short(address: str) -> None:
    """No phone has such a number."""
    with pytest.raises(MessageError, match="too short"):
        check_address("--to", address)
