"""Animations under a limit: they move, keep their time, and keep to the limit."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageSequence

import transcode
from tests.made.gifs import image, screen
from tests.made.pictures import photo, save
from transcode.media.pictures.animation import open_animation
from transcode.media.samples.score import ssimulacra2
from transcode.media.source import inputs

#: In one process where several share the tests: what one has fitted, others look at.
pytestmark = pytest.mark.xdist_group("animations")

#: What a receiver takes that shows no clips.
PICTURES = ("image/jpeg", "image/gif", "image/png")


def spinning(width: int, height: int, count: int, delays: list[int] | int, kind: str = "GIF") -> bytes:
    """A photograph that slides, as an animation that runs for ever."""
    wide = photo(width + 4 * count, height)
    frames = [Image.fromarray(wide[:, 4 * index : 4 * index + width]) for index in range(count)]
    return save(frames[0], kind, save_all=True, append_images=frames[1:], duration=delays, loop=0)


def seconds(data: bytes) -> float:
    animation = open_animation(inputs.read(data), "image/gif")
    assert animation is not None
    return animation.seconds()


@cache
def fitted(path: Path, max_bytes: int) -> transcode.Rendition:
    """A real animation under a limit, for a receiver that shows no clips."""
    return transcode.fit(path, transcode.Limits(max_bytes, formats=PICTURES))


MOMENTS = (0.2, 0.9, 1.6, 2.3, 2.9)


def seen_at(data: bytes, moments: tuple[float, ...]) -> list[Image.Image]:
    """The frames that a player shows at these seconds."""
    image = Image.open(io.BytesIO(data))
    found: list[Image.Image] = []
    clock = 0.0
    for frame in ImageSequence.Iterator(image):
        shown = frame.convert("RGB")
        clock += frame.info["duration"] / 1000
        while len(found) < len(moments) and moments[len(found)] < clock:
            found.append(shown)
    return found


def points(found: list[Image.Image], wanted: list[Image.Image]) -> float:
    """Mean SSIMULACRA2."""
    pairs = zip(found, wanted, strict=True)
    enlarged = [(one.resize(other.size, Image.Resampling.LANCZOS), other) for one, other in pairs]
    return sum(ssimulacra2(np.asarray(other), np.asarray(one)) for one, other in enlarged) / len(enlarged)


def test_fast_motion_keeps_its_frames(shared: Path) -> None:
    """Where something moves fast, fewer pixels at every moment look better than more of them too late."""
    path = shared / "media" / "image" / "anim_lossy_101f.webp"
    made = fitted(path, 100_000)
    assert getattr(Image.open(io.BytesIO(made.data)), "n_frames", 1) > 95
    assert points(seen_at(made.data, MOMENTS), seen_at(path.read_bytes(), MOMENTS)) > 45


def test_a_drawing_is_not_reduced_to_take_more(shared: Path) -> None:
    """What nearly fits is coded a little coarser at its whole size, where fewer pixels would look worse."""
    path = shared / "media" / "image" / "anim_alpha_12f.webp"
    made = transcode.fit(path, transcode.Limits(40_000, formats=PICTURES))
    assert (made.width, made.height) == (400, 400)
    assert made.report.quality is not None
    assert made.report.quality < 74


def test_soft_edges_and_shadows_stay(shared: Path) -> None:
    """Over white, an animation with shadows and fur looks as it did."""
    data = (shared / "media" / "image" / "spinfox.apng.png").read_bytes()
    made = transcode.fit(data, transcode.Limits(300_000, formats=PICTURES))
    white = []
    for each in (made.data, data):
        image = Image.open(io.BytesIO(each))
        image.seek(3)
        shown = image.convert("RGBA")
        white.append(Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB"))
    assert points(white[:1], white[1:]) > 65


@settings(deadline=None, max_examples=25)
@given(
    width=st.integers(1, 120),
    height=st.integers(1, 90),
    count=st.integers(2, 9),
    delay=st.integers(2, 30),
    max_bytes=st.integers(1_500, 40_000),
    side=st.one_of(st.none(), st.integers(1, 130)),
    kind=st.sampled_from(["GIF", "WEBP", "PNG"]),
)
def test_never_over_and_in_time(
    width: int, height: int, count: int, delay: int, max_bytes: int, side: int | None, kind: str
) -> None:
    """Any animation: within bytes and box, as long as the source, never enlarged; or a still that says so."""
    data = spinning(width, height, count, 10 * delay, kind)
    limits = transcode.Limits(max_bytes, side, side, formats=PICTURES)
    try:
        made = transcode.fit(data, limits)
    except transcode.BudgetError:
        return
    assert len(made.data) <= max_bytes
    assert made.width is not None
    assert made.width <= min(width, side or width)
    codes = {note.code for note in made.report.notes}
    if made.content_type != "image/gif":
        assert made.duration is None
        assert "animation-dropped" in codes
        return
    frames = Image.open(io.BytesIO(data)).n_frames  # type: ignore[attr-defined]
    assert made.duration == pytest.approx(frames * delay / 100)
    if getattr(Image.open(io.BytesIO(made.data)), "n_frames", 1) > 1:
        assert seconds(made.data) == pytest.approx(made.duration)


def test_one_that_fits_passes_through(shared: Path) -> None:
    """A GIF within the limits leaves as it is, but for its metadata, and says how long it runs."""
    data = (shared / "media" / "image" / "crochet_42f.gif").read_bytes()
    made = transcode.fit(data, transcode.Limits(300_000))
    assert made.data == data
    assert made.duration == pytest.approx(2.9, abs=0.4)
    assert made.report.seconds == made.report.source_seconds == made.duration
    assert made.report.quality is None


@pytest.mark.parametrize(
    ("name", "max_bytes"),
    [
        ("crochet_42f.gif", 40_000),
        ("crochet_42f.gif", 100_000),
        ("spinfox.apng.png", 40_000),
        ("anim_lossy_101f.webp", 100_000),
    ],
)
def test_real_ones_move_and_use_the_limit(shared: Path, name: str, max_bytes: int) -> None:
    """Real animations stay animations of the same length, and fill most of the limit."""
    path = shared / "media" / "image" / name
    made = fitted(path, max_bytes)
    assert made.content_type == "image/gif"
    assert 0.85 * max_bytes < len(made.data) <= max_bytes
    content = inputs.read(path)
    kind = "image/png" if "png" in name else "image/gif" if "gif" in name else "image/webp"
    animation = open_animation(content, kind)
    assert animation is not None
    assert made.duration == pytest.approx(animation.seconds(), abs=0.01)
    assert made.report.seconds == made.duration
    assert made.report.source_seconds == pytest.approx(animation.seconds())
    assert seconds(made.data) == pytest.approx(made.duration)


def test_the_same_octets_each_time(shared: Path) -> None:
    """Two runs make one file."""
    path = shared / "media" / "image" / "crochet_42f.gif"
    again = transcode.fit(path, transcode.Limits(40_000, formats=PICTURES))
    assert again.data == fitted(path, 40_000).data


def test_frames_are_merged_in_time() -> None:
    """Fifty frames a second become fewer, each for as long as those that it stands for."""
    data = spinning(120, 90, 40, 20)
    made = transcode.fit(data, transcode.Limits(30_000, formats=PICTURES))
    image = Image.open(io.BytesIO(made.data))
    assert 4 < getattr(image, "n_frames", 1) < 40
    assert made.duration == pytest.approx(0.8)
    assert seconds(made.data) == pytest.approx(0.8)
    assert {note.code for note in made.report.notes} >= {"frames-merged"}


def test_few_colours_stay_exact() -> None:
    """A drawing whose colours a table holds loses none of them where the limit allows it."""
    frames = []
    for index in range(6):
        samples = np.full((50, 70, 3), (250, 240, 200), np.uint8)
        samples[10:30, 8 * index : 8 * index + 20] = (20, 90, 200)
        frames.append(Image.fromarray(samples))
    data = save(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100, loop=0)
    made = transcode.fit(data, transcode.Limits(20_000))
    assert made.content_type == "image/gif"
    image = Image.open(io.BytesIO(made.data))
    for index, frame in enumerate(frames):
        image.seek(index)
        assert (np.asarray(image.convert("RGB")) == np.asarray(frame)).all()
    assert any(note.code == "converted" for note in made.report.notes)


def test_a_still_says_that_it_is_one() -> None:
    """Where no animation fits, or none is taken, the first frame remains, and a note."""
    data = spinning(200, 150, 30, 50)
    stills = [transcode.Limits(2_500, formats=PICTURES), transcode.Limits(60_000, formats=("image/jpeg",))]
    for limits in stills:
        made = transcode.fit(data, limits)
        assert made.content_type == "image/jpeg"
        assert made.duration is None
        assert any(note.code == "animation-dropped" for note in made.report.notes)
    with pytest.raises(transcode.BudgetError):
        transcode.fit(data, transcode.Limits(60))


def test_a_damaged_one_says_how_much_is_there(shared: Path) -> None:
    """What follows a broken frame is missing, and a note says so."""
    data = (shared / "media" / "image" / "newtonscradle_36f.gif").read_bytes()
    made = transcode.fit(data[: len(data) // 2], transcode.Limits(100_000))
    assert made.content_type == "image/gif"
    truncated = next(note for note in made.report.notes if note.code == "source-truncated")
    assert truncated.text.startswith("damaged: ")


def test_a_webp_that_is_cut_off_gives_its_whole_frames() -> None:
    """Where decoders refuse the file, what is whole of it moves, and a note says that it was cut."""
    data = spinning(80, 60, 10, 100, "WEBP")
    cut = data[: len(data) * 6 // 10]
    for limits in (
        transcode.Limits(60_000, formats=PICTURES),
        transcode.Limits(60_000, formats=(*PICTURES, "image/webp")),
    ):
        made = transcode.fit(cut, limits)
        assert made.content_type in limits.formats
        assert made.duration is not None
        assert 0.2 < made.duration < 0.9
        assert made.report.source_bytes == len(cut)
        assert "source-truncated" in {note.code for note in made.report.notes}
    still = transcode.fit(cut, transcode.Limits(60_000, formats=("image/jpeg",)))
    assert {note.code for note in still.report.notes} >= {"source-truncated", "animation-dropped"}
    with pytest.raises(transcode.SourceError):
        transcode.fit(data[:60], transcode.Limits(60_000))


def test_a_clip_where_a_gif_falls_apart(shared: Path) -> None:
    """Where a GIF would be tiny, a clip of the same length shows more, and says what it is."""
    path = shared / "media" / "image" / "anim_lossy_101f.webp"
    limits = transcode.Limits(20_000)
    made = transcode.fit(path, limits)
    assert made.content_type == "video/mp4"
    assert 10_000 < len(made.data) <= 20_000
    assert made.report.source_seconds == pytest.approx(3.03)
    assert made.duration == pytest.approx(3.03, abs=0.04)
    notes = {note.code: note.text for note in made.report.notes}
    assert notes["converted"].startswith("WebP animation converted to a clip, which plays once: h264")
    assert "reduced" in notes
    with av.open(io.BytesIO(made.data), "r") as container:
        shown = [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert shown[0].size == (made.width, made.height)
    assert len(shown) == pytest.approx(3.03 * 30, abs=1)
    small = fitted(path, 20_000)
    assert small.content_type == "image/gif"
    assert small.width is not None
    assert made.width is not None
    assert made.width > small.width


def test_no_clip_where_none_is_taken(shared: Path) -> None:
    """A clip that would be too long, or of a codec that is not decoded, is none."""
    path = shared / "media" / "image" / "anim_lossy_101f.webp"
    for limits in (
        transcode.Limits(20_000, max_seconds=3.0),
        transcode.Limits(20_000, codecs=("aac",)),
        transcode.Limits(20_000, max_video_width=64, max_video_height=64),
    ):
        assert transcode.fit(path, limits).content_type == "image/gif"


def test_a_clip_where_no_gif_is_taken() -> None:
    """A receiver of JPEG and MP4 gets a clip, not a still."""
    data = spinning(64, 48, 12, 70)
    made = transcode.fit(data, transcode.Limits(30_000, formats=("image/jpeg", "video/mp4")))
    assert made.content_type == "video/mp4"
    assert (made.width, made.height) == (64, 48)
    assert made.duration == pytest.approx(0.84, abs=0.07)


def test_a_long_one_is_cut_where_no_gif_is_taken() -> None:
    """A receiver of clips and stills gets as much of it as a clip may last, and a note says so."""
    data = spinning(64, 48, 12, 500)
    limits = transcode.Limits(30_000, formats=("image/jpeg", "video/mp4"), max_seconds=4.0)
    made = transcode.fit(data, limits)
    assert made.content_type == "video/mp4"
    assert made.duration == pytest.approx(4.0, abs=0.1)
    assert made.report.source_seconds == pytest.approx(6.0)
    assert {note.code: note.text for note in made.report.notes}["trimmed"] == "cut to 4.0 of 6.0 seconds"


def test_thin_lines_stay_fine(shared: Path) -> None:
    """A drawing of dark lines on white is reduced in light, and coded finely for some pixels less."""
    path = shared / "media" / "image" / "pythagoras_201f.gif"
    made = transcode.fit(path, transcode.Limits(100_000, formats=PICTURES))
    assert made.content_type == "image/gif"
    assert made.report.quality is not None
    assert made.report.quality >= 97
    moments = (2.0, 20.0, 41.0)
    assert points(seen_at(made.data, moments), seen_at(path.read_bytes(), moments)) > 57


def test_tiny_ones_are_no_clips() -> None:
    """What has fewer pixels than a clip can have is a still where no GIF is taken, and says so."""
    data = spinning(12, 9, 5, 70)
    made = transcode.fit(data, transcode.Limits(30_000, formats=("image/jpeg", "video/mp4")))
    assert made.content_type == "image/jpeg"
    assert any(note.code == "animation-dropped" for note in made.report.notes)


def sticker(frames: Sequence[int], size: int = 120) -> list[Image.Image]:
    """A disc of these opacities on nothing."""
    disc = Image.new("L", (size, size), 0)
    ImageDraw.Draw(disc).ellipse((10, 10, size - 10, size - 10), fill=255)
    made = []
    for opacity in frames:
        frame = Image.new("RGBA", (size, size), (220, 60, 30, 0))
        frame.putalpha(disc.point([level * opacity // 255 for level in range(256)]))
        made.append(frame)
    return made


BLINKING = [(255, 0), (255, 255, 255, 0), (0, 255, 0, 255)]


@pytest.mark.parametrize(
    ("kind", "opacities"),
    [(kind, opacities) for kind in ("WEBP", "PNG", "GIF") for opacities in BLINKING]
    + [("WEBP", (255, 170, 90, 20)), ("PNG", (255, 170, 90, 20))],
)
def test_a_sticker_that_vanishes(kind: str, opacities: tuple[int, ...]) -> None:
    """An empty frame is a frame: the GIF loops on, and ends as empty as the source."""
    first, *others = sticker(opacities)
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    options |= {"disposal": 1 if kind == "PNG" else 2} if kind != "WEBP" else {}
    data = save(first, kind, save_all=True, append_images=others, duration=500, loop=0, **options)
    limits = transcode.Limits(200_000, 640, 480, formats=("image/jpeg", "image/gif", "video/mp4"))
    made = transcode.fit(data, limits)
    assert made.content_type == "image/gif"
    assert not any("clip" in note.text for note in made.report.notes)
    shown = open_animation(inputs.read(made.data), "image/gif")
    assert shown is not None
    assert shown.loops == 0
    areas = [(int((frame.pixels[..., 3] > 0).sum()), frame.seconds) for frame in shown.frames(120, 120)]
    assert (areas[-1][0] == 0) == (opacities[-1] < 32)
    assert (areas[0][0] == 0) == (opacities[0] == 0)
    assert sum(seconds for _, seconds in areas) == pytest.approx(0.5 * len(opacities))
    assert sum(seconds for area, seconds in areas if not area) == pytest.approx(
        0.5 * sum(opacity < 32 for opacity in opacities)
    )


def test_what_does_not_move_is_a_picture() -> None:
    """Two equal frames are no clip that plays once."""
    first, *others = sticker((255, 255, 255))
    data = save(first, "WEBP", save_all=True, append_images=others, duration=500, loop=0, lossless=True)
    data = data if open_animation(inputs.read(data), "image/webp") else spinning(60, 40, 1, 100)
    still = screen(8, 8, bytes(range(12))) + image([1] * 64, (0, 0, 8, 8), 2) * 2 + b"\x3b"
    for octets in (data, still):
        made = transcode.fit(octets, transcode.Limits(90_000, 640, 480, formats=("image/jpeg", "video/mp4")))
        assert made.content_type == "image/jpeg"
