"""The search for the size: pixels, pictures and rates that suit what a clip shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import transcode
from tests.made import clips
from transcode.fit.clips.size_search import _suited
from transcode.fit.clips.video import fit_frames
from transcode.fit.clips.video_plan import Shape
from transcode.media.clips.frames import Frames
from transcode.media.clips.packed import packed_rows


def test_coarse_pictures_become_smaller() -> None:
    """A size follows from what camera clips need, then from what was measured; wasted pixels raise it."""
    frames = Frames(160, 96)
    assert _suited(frames, [(15360, 40.0)]) is None
    assert _suited(frames, [(15360, 20.0)]) is None
    assert _suited(frames, [(15360, 42.5)]) == (102, 60)
    assert _suited(frames, [(15360, 60.0)]) == (88, 52)
    assert _suited(frames, [(15360, 48.0), (4576, 37.0)]) is None
    back = _suited(frames, [(15360, 48.0), (4576, 24.0)])
    assert back is not None
    assert 4576 < back[0] * back[1] < 15360
    on = _suited(frames, [(15360, 60.0), (4576, 50.0)])
    assert on is not None
    assert on[0] * on[1] < 4576
    assert _suited(frames, [(15360, 60.0), (4576, 50.0), (1700, 45.0), (1024, 43.0)]) is None


def test_a_drawing_keeps_the_pixels_that_it_has_bytes_for() -> None:
    """Sharp edges take far fewer bits in smaller pictures: a size is measured before it is taken."""
    rows, columns = np.mgrid[:240, :320]
    pictures = []
    for number in range(50):
        picture = np.full((packed_rows(240), 320), 128, np.uint8)
        picture[:240] = 60 + 120 * ((rows // 12 + (columns + 7 * number) // 12) % 2)
        pictures.append(picture)
    fitted = fit_frames(pictures, Shape(320, 240, 25.0), transcode.Limits(9_000))
    assert fitted.quantiser is not None
    assert 33 <= fitted.quantiser <= 42


@pytest.mark.parametrize(
    ("max_bytes", "speed", "rate"),
    [(11_000, 0.2, 12.5), (30_000, 0.2, 25.0), (11_000, 2.5, 25.0)],
    ids=["slow", "bytes enough", "fast"],
)
def test_slow_pictures_become_fewer(max_bytes: int, speed: float, rate: float) -> None:
    """Half as many where they hardly move and bytes are few; what moves and what is fine keeps its rate."""
    knots = np.random.default_rng(2).integers(40, 220, (16, 80))
    rows, columns = np.arange(96) / 12, np.arange(960) / 12
    across = np.array([np.interp(columns, np.arange(80), row) for row in knots])
    ground = np.array([np.interp(rows, np.arange(16), column) for column in across.T], np.uint8).T
    pictures = []
    for number in range(100):
        left = int(number * speed)
        picture = np.full((packed_rows(96), 160), 128, np.uint8)
        picture[:96] = ground[:, left : left + 160]
        pictures.append(picture)
    fitted = fit_frames(pictures, Shape(160, 96, 25.0), transcode.Limits(max_bytes))
    assert f"{rate:.3g} frames/s" in fitted.settings[0]


@pytest.mark.parametrize("codec", ["h263", "mpeg4"])
def test_short_clips_keep_to_the_level_of_old_devices(codec: str) -> None:
    """Encoders of short clips take longer to find to a rate: 64 kbit/s at level 10 and level 0b."""
    rng = np.random.default_rng(6)
    noise = rng.integers(60, 200, (30, 144, 176, 3), np.uint8)
    source = bytes(clips.clip(lambda time: noise[round(time * 15)], seconds=2, rate=15).data)
    limits = transcode.Limits(
        100_000, formats=("video/3gpp",), codecs=(codec,), max_video_width=176, max_video_height=144
    )
    rendition = transcode.fit(source, limits)
    assert 0.7 * 64_000 < len(rendition.data) * 8 / 2 < 1.15 * 64_000
    small = transcode.fit(source, replace(limits, max_bytes=9_000))
    assert len(small.data) <= 9_000
