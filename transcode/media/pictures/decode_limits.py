"""What decoding a still picture or an animation may cost: pixels, memory and seconds."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_FRAMES", "MAX_FRAME_PIXELS", "MAX_MEMORY", "MAX_SECONDS", "SCALED", "Deadline", "check_size"]

#: The most memory, in bytes, that the decoded form of one source may take.
MAX_MEMORY = 600_000_000

#: How many times the pixels of one that is decoded whole a picture may have that is reduced meanwhile.
SCALED = 4

#: Seconds that all decoding of one source may take.
MAX_SECONDS = 8.0

#: Frames, and pixels of all frames, that an animation may have.
MAX_FRAMES = 1000
MAX_FRAME_PIXELS = 500_000_000


class Deadline:
    """Seconds that are left for decoding one source; what passes in between does not count.

    Neither does waiting for a processor, by the time of this process, nor what other threads
    of it do meanwhile, by the clock: the shorter time of both counts.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = MAX_SECONDS
        self._begin = (0.0, 0.0)

    def left(self) -> float:
        """Seconds left, within counted().

        Raises:
            CapError: none.
        """
        seconds = self._left - self._spent()
        if seconds <= 0:
            raise CapError(self._name, f"decoding takes more than {MAX_SECONDS:.0f} seconds")
        return seconds

    @contextmanager
    def counted(self) -> Iterator[None]:
        """The seconds of this count."""
        self._begin = (time.monotonic(), time.process_time())
        try:
            yield
        finally:
            self._left -= self._spent()

    def _spent(self) -> float:
        clock, processor = self._begin
        return min(time.monotonic() - clock, time.process_time() - processor)


def check_size(name: str, width: int, height: int, memory: float, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise SourceError(name, f"the header says {width} x {height} pixels")
    if width * height > max_pixels:
        raise CapError(name, f"{width} x {height} pixels; at most {max_pixels:,} are decoded")
    if memory > MAX_MEMORY:
        raise CapError(name, f"{width} x {height} pixels would take {memory / 1e6:,.0f} MB to decode")
