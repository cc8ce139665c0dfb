"""What decoding one source may cost, in one value: pixels, frames, packets, memory and seconds.

Each source has its limits from its entrance on (``Input.limits``), and the decoders of pictures, animations
and clips take them from there. How many pieces a file of one format may have stands beside the reader of that
format (bomb_check, boxes, jpeg), which alone knows them.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "DECODE_LIMITS",
    "Deadline",
    "DecodeLimits",
    "check_size",
    "own_seconds",
    "process_seconds",
    "thread_seconds",
]


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """The most that decoding one source may cost. Sizes are of the source, before it is reduced.

    Attributes:
        memory: bytes that the decoded form of a still picture may take.
        scaled: how many times the pixels of a picture that is decoded whole one may have that is reduced
            meanwhile, as a JPEG or a HEIC in tiles is.
        picture_seconds: for all decoding of one still picture, of the process's processor time or by the
            clock, whichever is less: neither waiting for a processor nor other threads count.
        scans: of a progressive JPEG. Encoders write about ten; a scan of no bytes takes as long as others.
        frames: of an animation.
        frame_pixels: of all frames of an animation together.
        frame_memory: bytes that one frame with what Pillow keeps of it may take.
        animation_seconds: of this thread's processor time, for all reading of frames, however often.
        open_seconds: of this thread's processor time, until the streams of a container are found; a file of
            hours takes 0.1.
        clip_pixels: of a frame of a clip: 8K (7680 x 4320) and a little more. A decoder holds some twenty.
        packets: that are listed of one window, of all streams: an hour of 100 frames a second has fewer. A
            file with more is made to exhaust the reader.
        clip_seconds: of processor time, of all threads, for decoding one window of a clip.
    """

    memory: int = 600_000_000
    scaled: int = 4
    picture_seconds: float = 8.0
    scans: int = 100
    frames: int = 1000
    frame_pixels: int = 500_000_000
    frame_memory: int = 300_000_000
    animation_seconds: float = 20.0
    open_seconds: float = 5.0
    clip_pixels: int = 36_000_000
    packets: int = 400_000
    clip_seconds: float = 240.0


#: The limits of every source.
DECODE_LIMITS = DecodeLimits()


def own_seconds() -> Callable[[], float]:
    """A count of seconds from now on: of the process's processor time, or by the clock where that is less."""
    clock, processor = time.monotonic(), time.process_time()
    return lambda: min(time.monotonic() - clock, time.process_time() - processor)


def thread_seconds() -> Callable[[], float]:
    """A count of seconds from now on: of this thread's processor time."""
    began = time.thread_time()
    return lambda: time.thread_time() - began


def process_seconds() -> Callable[[], float]:
    """A count of seconds from now on: of the processor time of all threads."""
    began = time.process_time()
    return lambda: time.process_time() - began


class Deadline:
    """Seconds that are left for decoding one source; what passes between two counts does not count.

    Args:
        name: of the source, for the error.
        seconds: that there are.
        count: begins a count of seconds, and gives what reads it.
        words: the reason in the error.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        count: Callable[[], Callable[[], float]] = own_seconds,
        words: str = "decoding takes more than",
    ) -> None:
        self._name = name
        self._words = words
        self._seconds = self._left = seconds
        self._count = count
        self._spent: Callable[[], float] | None = None

    def left(self) -> float:
        """Seconds left.

        Raises:
            CapError: none.
        """
        seconds = self._left - (self._spent() if self._spent is not None else 0.0)
        if seconds <= 0:
            raise CapError(self._name, f"{self._words} {self._seconds:.0f} seconds")
        return seconds

    @contextmanager
    def counted(self) -> Iterator[None]:
        """The seconds of this block count."""
        self._spent = self._count()
        try:
            yield
        finally:
            self._left -= self._spent()
            self._spent = None


def check_size(
    name: str, width: int, height: int, memory: float, max_pixels: int, limits: DecodeLimits
) -> None:
    """Refuse a still picture by its header.

    Args:
        name: of the source, for messages.
        width, height: in pixels.
        memory: bytes that its decoded form will take.
        max_pixels: the most that are decoded.
        limits: of the source.

    Raises:
        SourceError: it has no pixels.
        CapError: it has too many, or would take too much memory.
    """
    if width < 1 or height < 1:
        raise SourceError(name, f"the header says {width} x {height} pixels")
    if width * height > max_pixels:
        raise CapError(name, f"{width} x {height} pixels; at most {max_pixels:,} are decoded")
    if memory > limits.memory:
        raise CapError(name, f"{width} x {height} pixels would take {memory / 1e6:,.0f} MB to decode")
