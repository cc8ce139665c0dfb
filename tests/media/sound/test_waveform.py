"""A recording as a picture."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made.sounds import sine
from transcode.media.samples.pcm import Pcm
from transcode.media.sound.waveform import waveform


def heights(picture: np.ndarray) -> list[int]:
    """Rows of each bar, from left to right."""
    bright = (picture[..., 2] == 255).sum(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], bright > 0, [0]])))
    return [int(bright[begin]) for begin in edges[::2]]


def test_bars_are_as_high_as_it_is_loud() -> None:
    """Loud stretches have high bars, pauses the lowest, in the order of time."""
    loud = sine(1.0, 8000).samples
    whole = Pcm(np.concatenate([loud, 0.1 * loud, 0 * loud, loud], axis=1), 8000)
    bars = heights(waveform(whole, 640, 360))
    assert len(bars) > 60
    quarter = len(bars) // 4
    first, soft, pause, last = (bars[number * quarter + quarter // 2] for number in range(4))
    assert first == last == pytest.approx(0.7 * 360, abs=6)
    assert 60 < soft < 150
    assert pause <= 4


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (176, 144), (128, 96), (64, 64), (66, 36)])
def test_any_size(size: tuple[int, int]) -> None:
    """The picture has the size that was asked for, and margins; a recording of nothing has a line."""
    picture = waveform(sine(0.3, 8000), *size)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.uint8
    assert not (picture[:, 0] != picture[0, 0]).any()
    assert not (picture[0] != picture[0, 0]).any()
    assert max(heights(picture)) > 0.5 * size[1]
    silent = waveform(Pcm(np.zeros((2, 100), np.float32), 8000), *size)
    assert max(heights(silent)) <= 4
    assert max(heights(waveform(Pcm(np.zeros((1, 0), np.float32), 8000), *size))) <= 4


def test_same_sound_same_picture() -> None:
    """Nothing of chance is in it, and of two channels both count."""
    stereo = sine(0.5, 8000, channels=2)
    assert np.array_equal(waveform(stereo, 320, 180), waveform(stereo, 320, 180))
    right = Pcm(stereo.samples * np.array([[0.0], [1.0]], np.float32), 8000)
    assert max(heights(waveform(right, 320, 180))) > 90
