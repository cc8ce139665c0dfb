"""Stores the scaled frames of a clip for several encoder passes."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import numpy as np

from transcode.media.clips.packed import packed_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, Self

    from numpy.typing import NDArray

__all__ = ["MEMORY", "Frames"]

#: Bytes of frames that are kept in memory. Further frames go to a temporary file. Chosen.
MEMORY = 130_000_000


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
        self._shape = (packed_rows(height), width)
        self._size = width * self._shape[0]
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
        if index < self._held or self._file is None:
            return self._kept[index].reshape(self._shape)
        self._file.seek((index - self._held) * self._size)
        return np.frombuffer(self._file.read(self._size), np.uint8).reshape(self._shape)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[index] for index in range(len(self.times)))

    def changed(
        self, width: int, height: int, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    ) -> Frames:
        """Return frames of another size at the same times: what ``change`` makes of each packed frame."""
        result = Frames(width, height)
        for time, packed in zip(self.times, self, strict=True):
            result.append(time, change(packed))
        result.end = self.end
        return result

    def shown(self) -> Iterator[tuple[NDArray[np.uint8], float, float]]:
        """Yield each frame with its presentation time and its display duration, in seconds."""
        return zip(self, self.times, self.durations(), strict=True)

    def durations(self) -> list[float]:
        """Return the display duration of each frame, in seconds."""
        ends = [*self.times[1:], self.end]
        return [end - begin for begin, end in zip(self.times, ends, strict=True)]
