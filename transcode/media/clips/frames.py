"""Stores the scaled frames of a clip for several encoder passes, and derives other sizes and rates."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import numpy as np

from transcode.media.samples.planes import Plane, resample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Self

    from numpy.typing import NDArray

__all__ = ["MEMORY", "Frames", "framed", "halved", "motion", "packed_rows", "planes", "resized"]

#: Luma of black and neutral chroma, in narrow range (ITU-R BT.601, 2.5.3).
_BLACK, _NEUTRAL = 16, 128

#: Bytes of frames that are kept in memory. Further frames go to a temporary file. Chosen.
MEMORY = 160_000_000


def packed_rows(height: int) -> int:
    """Return the rows of a packed 4:2:0 frame of even height: luma, then both chroma planes."""
    return height * 3 // 2


def planes(
    packed: NDArray[np.uint8], width: int, height: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return views of the three planes of a packed 4:2:0 frame with even width and height."""
    flat = packed.reshape(-1)
    luma = width * height
    quarter = luma // 4
    shape = (height // 2, width // 2)
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + quarter].reshape(shape),
        flat[luma + quarter :].reshape(shape),
    )


class Frames:
    """Packed 4:2:0 frames of one size with their times, in order; a context manager.

    Args:
        width, height: the size of the frames in pixels, both even.
        memory: bytes of frames to keep in memory before a temporary file is used.

    Attributes:
        times: the presentation times, in seconds from the start of the clip; strictly increasing.
        end: the end of the last frame, in seconds from the start of the clip.
    """

    def __init__(self, width: int, height: int, *, memory: int = MEMORY) -> None:
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise ValueError(f"frames of {width} x {height} pixels: width and height must be even")
        self.width = width
        self.height = height
        self.times: list[float] = []
        self.end = 0.0
        self._size = width * packed_rows(height)
        self._held = max(1, memory // self._size)
        self._kept: list[NDArray[np.uint8]] = []
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the frames and the temporary file."""
        self._kept.clear()
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self.times)

    def append(self, time: float, packed: NDArray[np.uint8]) -> None:
        """Add a frame.

        Args:
            time: the presentation time in seconds, later than that of the preceding frame.
            packed: rows of luma, then rows of both chroma planes; contiguous. The array must not be changed
                afterwards.

        Raises:
            ValueError: the time does not increase, or the frame has another size.
        """
        if self.times and time <= self.times[-1]:
            raise ValueError(f"a frame at {time} s after a frame at {self.times[-1]} s")
        if packed.size != self._size or not packed.flags.c_contiguous:
            raise ValueError(f"a frame of {packed.size} samples instead of {self._size} contiguous samples")
        if len(self._kept) < self._held:
            self._kept.append(packed)
        else:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="transcode-")  # noqa: SIM115  (close() does)
            self._file.seek((len(self.times) - self._held) * self._size)
            self._file.write(packed.data)
        self.times.append(time)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Return one frame as rows x width. The array must not be changed."""
        if not 0 <= index < len(self.times):
            raise IndexError(index)
        shape = (packed_rows(self.height), self.width)
        if index < self._held or self._file is None:
            return self._kept[index].reshape(shape)
        self._file.seek((index - self._held) * self._size)
        return np.frombuffer(self._file.read(self._size), np.uint8).reshape(shape)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[index] for index in range(len(self)))

    def durations(self) -> list[float]:
        """Return the display duration of each frame, in seconds."""
        ends = [*self.times[1:], self.end]
        return [end - begin for begin, end in zip(self.times, ends, strict=True)]


def resized(frames: Frames, width: int, height: int) -> Frames:
    """Resample the frames to another size, with even width and height."""
    result = Frames(width, height)
    sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
    for time, packed in zip(frames.times, frames, strict=True):
        small = np.empty((packed_rows(height), width), np.uint8)
        parts = planes(packed, frames.width, frames.height)
        for part, target, size in zip(parts, planes(small, width, height), sizes, strict=True):
            target[...] = resample(Plane(part, part.shape[1], part.shape[0]), *size)
        result.append(time, small)
    result.end = frames.end
    return result


def framed(frames: Frames, width: int, height: int) -> Frames:
    """Pad the frames with black to a size that is no smaller, with even width and height."""
    top, left = (height - frames.height) // 4 * 2, (width - frames.width) // 4 * 2
    result = Frames(width, height)
    for time, packed in zip(frames.times, frames, strict=True):
        whole = np.empty((packed_rows(height), width), np.uint8)
        whole[:height], whole[height:] = _BLACK, _NEUTRAL
        inner = planes(packed, frames.width, frames.height)
        for number, (part, target) in enumerate(zip(inner, planes(whole, width, height), strict=True)):
            scale = 2 if number else 1
            rows, columns = part.shape
            target[top // scale : top // scale + rows, left // scale : left // scale + columns] = part
        result.append(time, whole)
    result.end = frames.end
    return result


def halved(frames: Frames) -> Frames:
    """Keep every second frame. Its start is midway between the dropped frame's start and its own."""
    result = Frames(frames.width, frames.height)
    result.append(frames.times[0], frames[0])
    for index in range(2, len(frames), 2):
        result.append((frames.times[index - 1] + frames.times[index]) / 2, frames[index])
    result.end = frames.end
    return result


#: Pairs of consecutive frames that are compared, and the side of a block, in samples. Chosen.
_PAIRS = 16
_BLOCK = 8


def motion(frames: Frames) -> float:
    """Return 1 minus the mean block SSIM of luma between consecutive frames; 0 for a single frame."""
    if len(frames) < 2:
        return 0.0
    places = np.unique(np.linspace(0, len(frames) - 2, _PAIRS).astype(int))
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
