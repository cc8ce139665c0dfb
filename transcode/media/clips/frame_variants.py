"""Derives other sizes and rates of stored frames, and measures their motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.media.clips.frames import Frames
from transcode.media.clips.packed import planes, unfilled
from transcode.media.samples.planes import Plane, resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["framed", "halved", "motion", "resized"]

#: Luma of black and neutral chroma, in narrow range (ITU-R BT.601, 2.5.3).
_BLACK, _NEUTRAL = 16, 128

#: Pairs of consecutive frames that are compared, and the side of a block, in samples. Chosen.
_PAIRS = 16
_BLOCK = 8


def resized(frames: Frames, width: int, height: int) -> Frames:
    """Resample the frames to another size, with even width and height."""
    sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))

    def resize(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        small, targets = unfilled(width, height)
        for part, target, size in zip(
            planes(packed, frames.width, frames.height), targets, sizes, strict=True
        ):
            target[...] = resample(Plane(part, part.shape[1], part.shape[0]), *size)
        return small

    return frames.changed(width, height, resize)


def framed(frames: Frames, width: int, height: int) -> Frames:
    """Pad the frames with black to a size that is no smaller, with even width and height."""
    top, left = (height - frames.height) // 4 * 2, (width - frames.width) // 4 * 2

    def pad(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        whole, targets = unfilled(width, height)
        whole[:height], whole[height:] = _BLACK, _NEUTRAL
        inner = planes(packed, frames.width, frames.height)
        for number, (part, target) in enumerate(zip(inner, targets, strict=True)):
            scale = 2 if number else 1
            rows, columns = part.shape
            target[top // scale : top // scale + rows, left // scale : left // scale + columns] = part
        return whole

    return frames.changed(width, height, pad)


def halved(frames: Frames) -> Frames:
    """Keep every second frame. Its start is midway between the dropped frame's start and its own."""
    result = Frames(frames.width, frames.height)
    times = frames.times
    for index in range(0, len(times), 2):
        result.append((times[max(index - 1, 0)] + times[index]) / 2, frames[index])
    result.end = frames.end
    return result


def motion(frames: Frames) -> float:
    """Return 1 minus the mean block SSIM of luma between consecutive frames; 0 for a single frame."""
    count = len(frames.times)
    if count < 2:
        return 0.0
    places = np.unique(np.linspace(0, count - 2, _PAIRS).astype(int))
    pairs = [(_luma(frames, place), _luma(frames, place + 1)) for place in places]
    return float(1 - np.mean([_similarity(first, second) for first, second in pairs]))


def _luma(frames: Frames, index: int) -> NDArray[np.float32]:
    return planes(frames[index], frames.width, frames.height)[0].astype(np.float32)


def _similarity(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the SSIM (Wang et al., 2004) with the usual constants, over blocks that do not overlap."""
    one, other = _means(first), _means(second)
    spread = _means(first * first) - one * one + _means(second * second) - other * other
    together = _means(first * second) - one * other
    top = (2 * one * other + 6.5025) * (2 * together + 58.5225)
    return float((top / ((one * one + other * other + 6.5025) * (spread + 58.5225))).mean())


def _means(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = (max(1, side // _BLOCK) for side in samples.shape)
    cut = samples[: rows * _BLOCK, : columns * _BLOCK]
    means: NDArray[np.float32] = cut.reshape(rows, cut.shape[0] // rows, columns, -1).mean(axis=(1, 3))
    return means
