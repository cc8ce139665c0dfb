"""Frames come back as they were given, from memory and from the temporary file."""

from __future__ import annotations

import numpy as np
import pytest

from transcode.media.clips.frame_variants import framed, halved, motion, resized
from transcode.media.clips.frames import Frames
from transcode.media.clips.packed import packed_rows, planes


def picture(number: int, width: int = 8, height: int = 6) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.random.default_rng(number).integers(0, 256, (packed_rows(height), width), np.uint8)


@pytest.mark.parametrize("memory", [1, 3 * 72, 1 << 20])
def test_kept_in_order(memory: int) -> None:
    """Pictures and times are those that were given, also if most are in the file."""
    with Frames(8, 6, memory=memory) as frames:
        for number in range(7):
            frames.append(number / 10, picture(number))
        frames.end = 0.9
        for _ in range(2):
            for number, kept in enumerate(frames):
                np.testing.assert_array_equal(kept, picture(number))
        np.testing.assert_array_equal(frames[3], picture(3))
        assert frames.durations() == pytest.approx([0.1] * 6 + [0.3])
        with pytest.raises(IndexError):
            frames[7]


def test_what_does_not_go_together_is_refused() -> None:
    """Times must grow, sizes agree, sides be even."""
    with pytest.raises(ValueError, match="must be even"):
        Frames(7, 6)
    with Frames(8, 6) as frames:
        frames.append(0.5, picture(0))
        with pytest.raises(ValueError, match="after a frame at"):
            frames.append(0.5, picture(1))
        with pytest.raises(ValueError, match="72"):
            frames.append(0.6, picture(1, 10))
        with pytest.raises(ValueError, match="contiguous"):
            frames.append(0.6, np.zeros((packed_rows(6), 16), np.uint8)[:, ::2])


def test_planes_are_views() -> None:
    """Luma comes first, then both chroma planes at half of the size, in one piece of memory."""
    packed = np.arange(72, dtype=np.uint8).reshape(9, 8)
    luma, blue, red = planes(packed, 8, 6)
    assert (luma[0, 0], blue[0, 0], red[0, 0], red[-1, -1]) == (0, 48, 60, 71)
    blue[0, 0] = 255
    assert packed[6, 0] == 255


def test_resized_keeps_times_and_colours() -> None:
    """Flat pictures stay as they are at another size."""
    with Frames(16, 8) as frames:
        for number in range(3):
            packed = np.empty((packed_rows(8), 16), np.uint8)
            for plane, value in zip(planes(packed, 16, 8), (40 + number, 90, 200), strict=True):
                plane[...] = value
            frames.append(number / 4, packed)
        frames.end = 0.75
        with resized(frames, 6, 4) as small:
            assert (small.times, small.end, len(small)) == (frames.times, 0.75, 3)
            luma, blue, red = planes(small[2], 6, 4)
            assert [{int(value) for value in plane.flat} for plane in (luma, blue, red)] == [
                {42},
                {90},
                {200},
            ]


def test_framed_in_black() -> None:
    """A picture stands in the middle of a larger black one, chroma with it."""
    with Frames(8, 4) as frames:
        packed = np.empty((packed_rows(4), 8), np.uint8)
        for plane, value in zip(planes(packed, 8, 4), (200, 90, 170), strict=True):
            plane[...] = value
        frames.append(0.0, packed)
        frames.end = 1.0
        with framed(frames, 16, 12) as whole:
            luma, blue, red = planes(whole[0], 16, 12)
    assert (luma[4:8, 4:12] == 200).all()
    assert (blue[2:4, 2:6] == 90).all()
    assert (red[2:4, 2:6] == 170).all()
    assert (int((luma == 16).sum()), int((blue == 128).sum())) == (16 * 12 - 32, 8 * 6 - 8)


def test_halved_and_motion() -> None:
    """Every second picture remains; stills differ by nothing, noise from picture to picture by much."""
    with Frames(32, 16) as still, Frames(32, 16) as noise:
        for number in range(5):
            still.append(number / 10, picture(0, 32, 16))
            noise.append(number / 10, picture(number, 32, 16))
        still.end = noise.end = 0.5
        assert motion(still) == pytest.approx(0, abs=1e-6)
        assert motion(noise) > 0.5
        with halved(noise) as fewer:
            assert [*fewer.times, fewer.end] == pytest.approx([0.0, 0.15, 0.35, 0.5])
            np.testing.assert_array_equal(fewer[1], picture(2, 32, 16))
    with Frames(32, 16) as one:
        one.append(0.0, picture(0, 32, 16))
        assert motion(one) == 0
