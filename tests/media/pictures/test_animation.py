"""Frames as players show them, and GIF files as Pillow and ImageMagick read them."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.made import pngs
from tests.made.pictures import profile, save
from transcode.errors import CapError, SourceError
from transcode.media.pictures import animation as pictures_animation
from transcode.media.pictures.animation import Animation, open_animation
from transcode.media.pictures.gif import Coding, GifClip
from transcode.media.source import inputs, probe

Pixels = NDArray[np.uint8]

PALETTE = np.array([[c, 255 - c, 128] for c in range(0, 250, 10)], np.uint8)
CODING = Coding(PALETTE, np.zeros((1, 1), np.int16), 0, 9)


def opened(data: bytes) -> Animation:
    content = inputs.read(data)
    animation = open_animation(content, probe.content_type(content.data))
    assert animation is not None
    return animation


def moving(count: int, *, clear: bool = False, width: int = 40, height: int = 30) -> list[Pixels]:
    """A square that walks over a ramp, or over nothing."""
    frames = []
    for index in range(count):
        frame = np.full((height, width, 4), 255, np.uint8)
        frame[..., 0] = np.arange(width) * 5
        if clear:
            frame[...] = 0
        frame[5 : height - 8, 3 * index : 3 * index + 9] = (200, 30 + index, 60, 255)
        frames.append(frame)
    return frames


def norm(errors: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray((errors**2 * (2, 4, 1)).sum(axis=-1))


def timeline(animation: Animation) -> list[Pixels]:
    """What is shown in each hundredth of a second."""
    shown = []
    for frame in animation.frames(animation.width, animation.height):
        shown += [frame.pixels] * round(frame.seconds * 100)
    return shown


@pytest.mark.parametrize("clear", [False, True])
def test_a_clip_is_read_as_it_was_written(clear: bool) -> None:
    """Every hundredth of a second shows the frame that is due, with its clear pixels; twice as well."""
    frames = moving(7, clear=clear)
    frames.insert(3, frames[2])
    clip = GifClip(frames, [2, 3, 10, 7, 9, 4, 300, 5], 0)
    data = clip.encode(CODING)
    assert len(data) == clip.measure(CODING)
    assert data == clip.encode(CODING)
    animation = opened(data)
    assert animation.loops == 0
    shown = timeline(animation)
    assert len(shown) == sum(clip.delays)
    due = [frame for frame, delay in zip(frames, clip.delays, strict=True) for _ in range(delay)]
    for one, other in zip(shown, due, strict=True):
        assert (one[..., 3] == other[..., 3]).all()
        wanted = other[other[..., 3] == 255][:, :3].astype(int)
        found = one[other[..., 3] == 255][:, :3].astype(int)
        least = norm(wanted[:, None] - PALETTE).min(axis=1)
        assert (norm(wanted - found) == least).all()


def test_imagemagick_agrees(tmp_path: Path) -> None:
    """Another reader composes the same pictures and finds the same times."""
    frames = moving(5, clear=True)
    clip = GifClip(frames, [5, 6, 7, 8, 9], 3)
    path = tmp_path / "made.gif"
    path.write_bytes(clip.encode(CODING))
    out = subprocess.run(
        ["convert", str(path), "-coalesce", "-depth", "8", "rgba:-"], capture_output=True, check=True
    ).stdout
    found = np.frombuffer(out, np.uint8).reshape(5, 30, 40, 4)
    ours = [frame.pixels for frame in opened(path.read_bytes()).frames(40, 30)]
    for one, other in zip(found, ours, strict=True):
        assert (one[..., 3] == other[..., 3]).all()
        assert (one[one[..., 3] == 255] == other[other[..., 3] == 255]).all()
    told = subprocess.run(
        ["identify", "-format", "%T ", str(path)], capture_output=True, check=True, text=True
    ).stdout
    assert [int(word) for word in told.split()] == [5, 6, 7, 8, 9]
    assert opened(path.read_bytes()).loops == 3


def test_long_waits() -> None:
    """A time that no frame can hold is held by several."""
    frame = moving(1)[0]
    clip = GifClip([frame, frame, frame, moving(2)[1]], [65_535, 65_535, 700, 9], 1)
    data = clip.encode(CODING)
    assert len(data) == clip.measure(CODING)
    seconds = [part.seconds for part in opened(data).frames(40, 30)]
    assert sum(seconds) == pytest.approx(1317.79)
    assert opened(data).loops == 1


def test_times_that_players_do_not_keep() -> None:
    """Frames of 10 ms and less are shown for a tenth of a second."""
    frames = [Image.fromarray(frame[..., :3]) for frame in moving(4)]
    data = save(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[0, 10, 20, 50])
    assert [frame.seconds for frame in opened(data).frames(40, 30)] == [0.1, 0.1, 0.02, 0.05]


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_other_kinds(kind: str) -> None:
    """WebP and APNG give the frames and times that were written."""
    frames = moving(4, clear=True)
    images = [Image.fromarray(frame) for frame in frames]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = save(
        images[0], kind, save_all=True, append_images=images[1:], duration=[40, 50, 60, 70], loop=2, **options
    )
    animation = opened(data)
    assert animation.loops == 2
    found = list(animation.frames(40, 30))
    assert [frame.seconds for frame in found] == [0.04, 0.05, 0.06, 0.07]
    for one, other in zip(found, frames, strict=True):
        assert (one.pixels[..., 3] == other[..., 3]).all()
        assert (one.pixels[other[..., 3] == 255] == other[other[..., 3] == 255]).all()


@pytest.mark.parametrize("most", [0, 1 << 30])
@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_further_readings_show_the_same(monkeypatch: pytest.MonkeyPatch, kind: str, most: int) -> None:
    """After one that ends early, and with frames that are kept or decoded again."""
    monkeypatch.setattr(pictures_animation, "_MOST_KEPT", most)
    images = [Image.fromarray(frame) for frame in moving(5, clear=True)]
    data = save(images[0], kind, save_all=True, append_images=images[1:], duration=50, disposal=2)
    animation = opened(data)
    next(animation.frames(40, 30))
    for size in ((40, 30), (20, 15), (40, 30)):
        fresh = [frame.pixels for frame in opened(data).frames(*size)]
        again = [frame.pixels for frame in animation.frames(*size)]
        assert len(again) == 5
        assert all(np.array_equal(one, other) for one, other in zip(again, fresh, strict=True))
    assert animation.times() == [0.05] * 5


def test_small_animations_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [Image.fromarray(frame) for frame in moving(5)]
    animation = opened(save(images[0], "GIF", save_all=True, append_images=images[1:], duration=50))
    list(animation.frames(40, 30))
    monkeypatch.setattr("transcode.media.pictures.gif_read.frames", None)
    assert len(list(animation.frames(20, 15))) == 5


def test_dispose_previous(shared: Path) -> None:
    """Frames that are taken away again, as ImageMagick composes them."""
    for name in ("dispose_previous.gif", "rotating_squares_30f.gif", "crochet_42f.gif"):
        path = shared / "media" / "image" / name
        animation = opened(path.read_bytes())
        size = (animation.width, animation.height)
        out = subprocess.run(
            ["convert", str(path), "-coalesce", "-depth", "8", "rgba:-"], capture_output=True, check=True
        ).stdout
        found = np.frombuffer(out, np.uint8).reshape(-1, *size[::-1], 4)
        for one, frame in zip(found, animation.frames(*size), strict=True):
            assert (one[..., 3] == frame.pixels[..., 3]).all()
            there = one[..., 3] == 255
            assert (one[there] == frame.pixels[there]).all()


def test_stills_are_no_animations(shared: Path) -> None:
    """One frame, or another kind of file, is none."""
    for name in ("still_photo.gif", "kodak23.png", "road_lossy.webp", "gray_flower_3mp.jpg"):
        content = inputs.read(shared / "media" / "image" / name)
        assert open_animation(content, probe.content_type(content.data)) is None


def test_a_cut_file_gives_what_is_there(shared: Path) -> None:
    """Frames up to the broken one; a file without a single good one is refused."""
    data = (shared / "media" / "image" / "newtonscradle_36f.gif").read_bytes()
    whole = len(list(opened(data).frames(50, 40)))
    half = len(list(opened(data[: len(data) // 2]).frames(50, 40)))
    assert whole / 3 < half < 2 * whole / 3
    broken = bytearray(data)
    broken[-len(data) // 2 :] = bytes(len(data) // 2)
    assert len(list(opened(bytes(broken)).frames(50, 40))) < whole


def test_caps() -> None:
    """Too many frames, and too many pixels, are refused by the headers."""
    file = io.BytesIO()
    frame = Image.new("P", (2, 2))
    frame.save(file, "GIF", save_all=True, append_images=[frame] * 3, duration=20)
    # One more image descriptor than is allowed, each of them empty.
    bomb = file.getvalue()[:-1] + b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x4c\1\0" * 1001 + b";"
    with pytest.raises(CapError, match="frames"):
        opened(bomb)
    wide = b"GIF89a\xff\xff\xff\xff\0\0\0" + b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x4c\1\0" * 2 + b";"
    with pytest.raises((CapError, SourceError)):
        opened(wide)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_colours_are_converted(kind: str, shared: Path) -> None:
    """Frames with a profile that is not sRGB agree with LittleCMS within a level, and a note says so."""
    with Image.open(shared / "media" / "image" / "pixel6pro_ultrahdr_p3_a.jpg") as photo:
        icc = photo.info["icc_profile"]
    frames = [Image.fromarray(frame[..., :3]) for frame in moving(3)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = save(frames[0], kind, save_all=True, append_images=frames[1:], icc_profile=icc, **options)
    animation = opened(data)
    assert {note.code for note in animation.notes} == {"metadata-dropped", "colour-converted"}
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    for frame, found in zip(frames, animation.frames(40, 30), strict=True):
        wanted = ImageCms.profileToProfile(frame, profile, ImageCms.createProfile("sRGB"))
        assert wanted is not None
        errors = np.abs(found.pixels[..., :3].astype(int) - np.asarray(wanted))
        assert errors.max() <= 4
        assert errors.mean() <= 1


def test_what_does_not_leave_is_told() -> None:
    """A profile of another kind is ignored, and texts and EXIF are dropped, in words."""
    gray = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    frames = [Image.fromarray(frame[..., :3]) for frame in moving(3)]
    exif = Image.Exif()
    exif[0x010F] = "maker"
    data = save(
        frames[0], "WEBP", save_all=True, append_images=frames[1:], icc_profile=gray, exif=exif.tobytes()
    )
    codes = [note.code for note in opened(data).notes]
    assert codes == ["metadata-dropped", "profile-ignored"]


@pytest.mark.parametrize("light", [False, True])
def test_frames_beyond_the_canvas_are_cut_to_it(*, light: bool) -> None:
    """Nothing is squeezed where a later one says that it begins far to the right, and all have one size."""
    images = [Image.new("P", (40, 30), index) for index in range(2)]
    for image in images:
        image.putpalette([255, 0, 0, 0, 0, 255])
    data = bytearray(save(images[0], "GIF", save_all=True, append_images=images[1:], duration=100))
    second = data.rindex(b"\x2c\x00\x00\x00\x00\x28\x00\x1e\x00")
    data[second + 1] = 20
    animation = opened(bytes(data))
    shown = [frame.pixels for frame in animation.frames(20, 15, linear_light=light)]
    assert [frame.shape for frame in shown] == [(15, 20, 4)] * 2
    assert (shown[0][..., 0] == 255).all()
    assert (shown[1][:, 2:6, 0] == 255).all()
    assert (shown[1][:, 14:18, 2] == 255).all()


@pytest.mark.parametrize(("transfer_code", "note"), [(13, "colour-converted"), (16, "tone-mapped")])
def test_colours_of_an_animated_png(transfer_code: int, note: str) -> None:
    """Each frame is converted, a profile that cICP outranks is not asked, and it is told once."""
    first, second = (np.full((24, 32, 3), level, np.uint8) for level in (60, 120))
    first[:, 16:] = second[:, 16:] = (200, 60, 60) if transfer_code == 13 else (122, 88, 79)
    chunks = [pngs.iccp(profile("rgb", gamma=2.2)), pngs.cicp(9, transfer_code)]
    found = opened(pngs.png([first, second], *chunks))
    assert [one.code for one in found.notes if one.code in ("colour-converted", "tone-mapped")] == [note]
    frames = [frame.pixels for frame in found.frames(32, 24)]
    assert len(frames) == 2
    for frame, before in zip(frames, (first, second), strict=True):
        red, green, blue, _ = (int(value) for value in frame[12, 24])
        assert red > before[12, 24, 0] + 20
        assert max(green, blue) < 90
        assert np.ptp(frame[12, 4, :3]) <= 1
