"""Draws the waveform of a recording as bars: the height of a bar shows the level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.media.samples.pcm import Pcm

__all__ = ["waveform"]

#: RGB colours of the background, of the centre line and of the bars. Chosen.
_GROUND, _LINE, _BARS = (24, 30, 42), (70, 84, 108), (120, 190, 255)

#: The pitch of the bars in pixels is the width of the picture divided by this number, and at least 4. Chosen.
_BARS_ACROSS = 80

#: The highest bar as a fraction of the height, and the left and right margins as fractions of the width.
#: Chosen.
_HIGHEST, _MARGIN = 0.7, 0.06

#: Level of a bar of height zero, in dB below the loudest bar. Softer sound is a pause. Chosen.
_RANGE = 36.0


def waveform(pcm: Pcm, width: int, height: int) -> NDArray[np.uint8]:
    """Draw the level of a recording over time, from left to right.

    Args:
        pcm: the sound of the recording.
        width, height: the size of the picture, in pixels.

    Returns:
        An RGB picture: rows x columns x 3, uint8.
    """
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = _GROUND
    # Bars at even offsets with a pitch of a multiple of 4 pixels take the fewest bits in a video encoder.
    pitch = max(4, width // _BARS_ACROSS // 4 * 4)
    left = round(_MARGIN * width / pitch) * pitch
    count = max(1, (width - 2 * left) // pitch)
    middle, line = height // 4 * 2, 2 * max(1, height // 720)
    picture[middle - line // 2 : middle + line // 2, left : left + count * pitch] = _LINE
    for number, level in enumerate(_levels(pcm, count)):
        half = max(line // 2, round(level * _HIGHEST * height / 4) * 2)
        begin = left + number * pitch
        picture[middle - half : middle + half, begin : begin + pitch * 3 // 8 * 2] = _BARS
    return picture


def _levels(pcm: Pcm, count: int) -> NDArray[np.float64]:
    """Return the levels of ``count`` equal parts of the recording, each from 0 to 1."""
    if not pcm.length:
        return np.zeros(count)
    power = np.square(pcm.samples, dtype=np.float64).mean(axis=0)
    edges = np.linspace(0, pcm.length, count + 1).astype(np.int64)
    ends = np.maximum(edges[1:], edges[:-1] + 1)
    total = np.concatenate([[0.0], np.cumsum(power)])
    means = (total[np.minimum(ends, pcm.length)] - total[edges[:-1]]) / (ends - edges[:-1])
    loudest = means.max()
    if loudest <= 0:
        return np.zeros(count)
    decibels = 10 * np.log10(np.maximum(means / loudest, 1e-12))
    levels: NDArray[np.float64] = np.clip(1 + decibels / _RANGE, 0, 1)
    return levels
