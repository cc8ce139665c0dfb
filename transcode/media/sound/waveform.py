"""A recording as a picture: bars as high as it is loud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.media.samples.pcm import Pcm

__all__ = ["waveform"]

#: Red, green and blue of the ground, of the line through the middle and of the bars. Chosen.
_GROUND, _LINE, _BARS = (24, 30, 42), (70, 84, 108), (120, 190, 255)

#: A bar and the gap behind it take the width of the picture divided by this, in pixels, and 4 at least.
#: Chosen.
_BARS_ACROSS = 80

#: The highest bar and the margins at both sides, as parts of height and width. Chosen.
_HIGHEST, _MARGIN = 0.7, 0.06

#: Decibels below the loudest bar at which a bar has no height: what is softer is a pause. Chosen.
_RANGE = 36.0


def waveform(pcm: Pcm, width: int, height: int) -> NDArray[np.uint8]:
    """Draw the loudness of a recording over time, from left to right.

    Args:
        pcm: the sound.
        width, height: of the picture, in pixels.

    Returns:
        Red, green and blue: rows x columns x 3.
    """
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = _GROUND
    # Edges at even places, and blocks that begin with a bar, cost an encoder least.
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
    """The loudness of so many equal stretches, 0 to 1."""
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
