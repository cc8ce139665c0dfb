"""Frames of slides: how many, how they move, how they fade, and what is written on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from PIL import Image, ImageFont

from tests.made.pictures import photo, save
from transcode.errors import SourceError
from transcode.media.film.captions import _font, _wrapped, caption
from transcode.media.film.scenes import Canvas, Scene, canvas_of, render
from transcode.media.pictures.openers import open_still
from transcode.media.source import inputs

WIDTH, HEIGHT = 96, 64


def canvas(image: object, *, moves: bool = True) -> Canvas:
    still = open_still(inputs.read(save(image, "PNG")))  # type: ignore[arg-type]
    return canvas_of(still, WIDTH, HEIGHT, moves=moves)


def flat(colour: str, *, moves: bool = True) -> Canvas:
    return canvas(Image.new("RGB", (200, 140), colour), moves=moves)


def luma(
    frame: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return frame[:HEIGHT].astype(np.int16)


def test_number_and_shape_of_frames() -> None:
    """The number of frames is that of the seconds; each frame is a packed picture of the size."""
    scenes = [Scene(flat("gray"), 1.0), Scene(None, 0.53), Scene(canvas(photo(40, 90)), 1.2)]
    frames = list(render(scenes, WIDTH, HEIGHT, 10))
    assert len(frames) == 27
    assert {frame.shape for frame in frames} == {(HEIGHT * 3 // 2, WIDTH)}


def test_video_range() -> None:
    """White, black and no picture are 235, 16 and 16, and have no colour."""
    scenes = [Scene(flat("white"), 1.0), Scene(flat("black"), 1.0), Scene(None, 1.0)]
    frames = list(render(scenes, WIDTH, HEIGHT, 4, fade=0))
    assert [int(frame[:HEIGHT].min()) for frame in frames] == [235] * 4 + [16] * 8
    assert all((frame[HEIGHT:] == 128).all() for frame in frames)


def test_fades_are_even_and_around_the_cut() -> None:
    """Steps from black to white are equal, half of them before the cut; nothing else changes."""
    scenes = [
        Scene(flat("black", moves=False), 2.0, moves=False),
        Scene(flat("white", moves=False), 2.0, moves=False),
    ]
    shades = [int(frame[0, 0]) for frame in render(scenes, WIDTH, HEIGHT, 20, fade=0.5)]
    assert shades[:35] == [16] * 35
    assert shades[45:] == [235] * 35
    steps = np.diff(shades[34:46])
    assert steps.min() >= 10
    assert steps.max() <= 23
    assert shades[39] + shades[40] == pytest.approx(16 + 235, abs=1)


def test_short_slides_have_short_fades() -> None:
    """A fade takes 30 % of the shorter slide at most, so every slide is seen by itself."""
    scenes = [Scene(flat(colour, moves=False), 0.5, moves=False) for colour in ("black", "white", "black")]
    shades = [int(frame[0, 0]) for frame in render(scenes, WIDTH, HEIGHT, 40, fade=5)]
    assert shades.count(235) >= 12


def test_motion_is_slow_and_without_jumps() -> None:
    """A gradient moves by less than a sample a frame, always the same way."""
    ramp = np.repeat(np.linspace(0, 255, 420)[None], 280, 0).astype(np.uint8)
    frames = list(render([Scene(canvas(np.stack([ramp] * 3, -1)), 4.0)], WIDTH, HEIGHT, 25))
    left, right = (np.array([float(luma(frame)[:, x].mean()) for frame in frames]) for x in (2, -3))
    assert left[-1] - left[0] > 5, "zooming in moves the edges to the middle"
    assert right[0] - right[-1] > 5
    assert np.diff(left).min() >= -0.6
    assert np.diff(left).max() < 2


def test_without_motion_every_frame_is_the_same() -> None:
    """A slide that does not move is drawn once."""
    frames = list(render([Scene(canvas(photo(300, 200), moves=False), 2.0, moves=False)], WIDTH, HEIGHT, 5))
    assert all(frame is frames[0] for frame in frames)


@pytest.mark.parametrize("size", [(400, 60), (60, 400), (31, 17), (1, 1), (3, 200), (96, 64), (97, 65)])
def test_pictures_of_any_shape(size: tuple[int, int]) -> None:
    """Wide, high, small and odd pictures are shown; those of another shape whole, before a darker blur."""
    width, height = size
    made = canvas(Image.new("RGB", size, "white"))
    frames = list(render([Scene(made, 1.0)], WIDTH, HEIGHT, 5))
    shown = np.mean(luma(frames[0]) > 200)
    assert luma(frames[0]).min() > 100
    shape = (width / height) / (WIDTH / HEIGHT)
    if size == (1, 1):
        assert shown > 0
    elif 0.7 < shape < 1.4:
        assert shown == 1
    else:
        assert shown == pytest.approx(min(shape, 1 / shape), abs=0.06)


def test_a_blur_has_the_colours_of_its_picture() -> None:
    """Left and right of a portrait are those of its own sides, without its stripes."""
    stripes = np.zeros((400, 160, 3), np.uint8)
    stripes[:, :80, 0], stripes[:, 80:, 2] = 255, 255
    stripes[::8] = 255
    made = canvas(Image.fromarray(stripes), moves=False)
    luma_plane, blue, red = made.planes
    rows, columns = luma_plane.shape
    assert columns / rows == pytest.approx(WIDTH / HEIGHT, rel=0.02)
    assert red[:, 4].min() > 150 > 122 > red[:, -4].max()
    assert blue[:, -4].min() > 150 > 122 > blue[:, 4].max()
    assert np.abs(np.diff(luma_plane[:, 4].astype(int))).max() <= 4


def test_same_frames_every_time() -> None:
    """The same slides give the same samples."""
    scenes = [Scene(canvas(photo(300, 200, seed)), 1.0, caption("Hello", WIDTH, HEIGHT)) for seed in range(3)]
    first, second = (np.concatenate(list(render(scenes, WIDTH, HEIGHT, 8))) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_caption_is_on_the_frame() -> None:
    """White letters stand on a dark band at the lower edge; nothing above it changes."""
    plain = [Scene(flat("gray", moves=False), 1.0, moves=False)]
    written = [Scene(flat("gray", moves=False), 1.0, caption("HELLO", WIDTH, HEIGHT), moves=False)]
    before, after = (next(iter(render(scenes, WIDTH, HEIGHT, 5))) for scenes in (plain, written))
    band = np.flatnonzero((luma(before) != luma(after)).any(axis=1))
    assert band[0] > HEIGHT * 0.6
    assert band[-1] == HEIGHT - 1
    assert luma(after)[band].max() > 200
    assert np.median(luma(after)[band]) < 80


def test_long_captions() -> None:
    """Lines are wrapped and letters get smaller; what still does not fit is cut, and a note says so."""
    assert caption("word " * 8, 480, 360).notes == ()
    assert caption("word " * 8, 480, 360).top < caption("word", 480, 360).top
    (note,) = caption("word " * 400, 480, 360).notes
    assert note.code == "caption-cut"
    assert caption("w" * 300, 480, 360).top >= 0


def test_captions_as_long_as_a_book() -> None:
    """Cost what is drawn of them: no more is measured than what may fit."""
    measured = 0

    def counting(self: ImageFont.FreeTypeFont, text: str, *args: Any, **options: Any) -> float:
        nonlocal measured
        measured += len(text)
        return real(self, text, *args, **options)

    real = ImageFont.FreeTypeFont.getlength
    with mock.patch.object(ImageFont.FreeTypeFont, "getlength", counting):
        for text in ("w" * 30_000, "word " * 6_000, "\n" * 30_000, f"a {'i' * 30_000}"):
            assert [note.code for note in caption(text, 480, 360).notes] == ["caption-cut"]
    assert measured < 100_000


def test_broken_words_fill_their_lines() -> None:
    """As many letters as are no wider stand in each line, and none is lost."""
    font = _font(None, 20)
    for text in ("w" * 100, "iw" * 60, "a" * 15, "a" * 16, "a" * 17, "ab " * 40 + "c" * 70):
        lines = list(_wrapped(text, font, 200.0))
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(font.getlength(line) <= 200 for line in lines)
        rest = [*lines[1:], ""]
        for line, following in zip(lines, rest, strict=True):
            if following and " " not in line + following and len(text.split()) == 1:
                assert font.getlength(line + following[0]) > 200
    assert list(_wrapped("abc", font, 1.0)) == ["a", "b", "c"]


def test_captions_from_right_to_left() -> None:
    """Hebrew is drawn from the right, and the letters of Arabic are joined."""
    alef, tav = "\u05d0", "\u05ea"
    reversed_pair = caption(f"{alef}{tav}", WIDTH, HEIGHT).luma
    assert not np.array_equal(reversed_pair, caption(f"{tav}{alef}", WIDTH, HEIGHT).luma)
    # U+202D says to draw what follows from left to right as it is stored.
    assert np.array_equal(reversed_pair, caption(f"\u202d{tav}{alef}\u202c", WIDTH, HEIGHT).luma)
    brackets = caption(f"{alef} (1)", WIDTH, HEIGHT).luma
    assert np.array_equal(brackets, caption(f"\u202d(1) {alef}\u202c", WIDTH, HEIGHT).luma)
    joined = caption("\u0633\u0644\u0627\u0645", WIDTH, HEIGHT)
    assert np.array_equal(joined.luma, caption("\ufeb3\ufefc\ufee1", WIDTH, HEIGHT).luma)
    assert joined.notes == ()


def test_letters_that_can_not_be_drawn(tmp_path: Path) -> None:
    """An emoji without a glyph is named; a font that is none is an error."""
    codes = [note.code for note in caption("Hi \U0001f9ff", WIDTH, HEIGHT).notes]
    assert "caption-glyphs" in codes
    (tmp_path / "a.ttf").write_bytes(b"no font")
    with pytest.raises(SourceError, match=r"a\.ttf"):
        caption("Hi", WIDTH, HEIGHT, font=tmp_path / "a.ttf")
