"""The limits of decoding one source: pixels, frames, packets, memory and seconds.

``Input.limits`` holds the limits of a source, and all decoders use them. The limits on the structure of one
format, such as the number of its blocks or boxes, are in the reader of that format (bomb_check, boxes, jpeg).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.counted import counted
from transcode.errors import CapError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "DECODE_LIMITS",
    "Deadline",
    "DecodeLimits",
    "check_size",
    "check_work",
    "own_seconds",
    "process_seconds",
    "thread_seconds",
]


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """The limits of decoding one source. Sizes are those of the source, before it is scaled down.

    Attributes:
        memory: bytes of a decoded still picture.
        scaled: the factor by which more pixels are allowed for a picture that is scaled down while it is
            decoded (a JPEG, or a HEIC in tiles) than for other pictures.
        picture_seconds: seconds for all decoding of one still picture: the processor time of the process or
            the elapsed time, whichever is less. Waiting for a processor and other threads do not count.
        scans: scans of a progressive JPEG. Encoders write about ten. A scan without bytes takes as long to
            decode as other scans.
        frames: frames of an animation.
        frame_pixels: pixels of all frames of an animation together.
        frame_memory: bytes of one decoded frame of an animation, with the copies that Pillow keeps.
        animation_seconds: processor time of this thread for all reading of an animation's frames, in
            seconds.
        open_seconds: processor time of this thread until the streams of a container are found, in seconds.
            A file of several hours takes 0.1 seconds.
        clip_pixels: pixels of a clip's frame: slightly more than 8K (7680 x 4320). A decoder holds about
            twenty frames.
        packets: packets listed of one window, of all streams. An hour at 100 frames/s has fewer.
        clip_seconds: processor time of all threads for decoding one window of a clip, in seconds.
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
    """Start a count of seconds: the process's processor time or the elapsed time, whichever is less."""
    clock, processor = time.monotonic(), time.process_time()
    return lambda: min(time.monotonic() - clock, time.process_time() - processor)


def thread_seconds() -> Callable[[], float]:
    """Start a count of seconds of this thread's processor time."""
    began = time.thread_time()
    return lambda: time.thread_time() - began


def process_seconds() -> Callable[[], float]:
    """Start a count of seconds of the processor time of all threads."""
    began = time.process_time()
    return lambda: time.process_time() - began


class Deadline:
    """A limit on the seconds of decoding one source. Only the time inside counted() blocks counts.

    A public function may also limit all of its work: see whole_work().

    Args:
        name: the name of the source, for the error text.
        seconds: the limit in seconds.
        count: starts a count of seconds, and returns the function that reads the count.
        words: the beginning of the error text; the limit in seconds follows.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        count: Callable[[], Callable[[], float]] = own_seconds,
        words: str = "decoding takes more than",
    ) -> None:
        self.name = name
        self._words = words
        self._seconds = self._left = seconds
        self._count = count
        self._spent: Callable[[], float] | None = None

    def left(self) -> float:
        """Return the seconds left, of the source and of the whole work.

        Raises:
            CapError: no time is left.
        """
        seconds = self._left - (self._spent() if self._spent is not None else 0.0)
        if seconds <= 0:
            raise CapError(self.name, f"{self._words} {counted(self._seconds, 'second')}")
        work = _WORK.get()
        return seconds if work is None or work is self else min(seconds, work.left())

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the seconds of the block.

        Raises:
            CapError: no time is left at its beginning.
        """
        self.left()
        self._spent = self._count()
        try:
            yield
        finally:
            self._left -= self._spent()
            self._spent = None

    @contextmanager
    def whole_work(self) -> Iterator[None]:
        """Count the seconds of the block, and limit all decoding and encoding in it, of every source."""
        token = _WORK.set(self)
        try:
            with self.counted():
                yield
        finally:
            _WORK.reset(token)


#: The limit of the public function in whose context the work is done; None: it has no limit.
_WORK: ContextVar[Deadline | None] = ContextVar("transcode_work", default=None)


def check_work() -> None:
    """End work that exceeds the limit of Deadline.whole_work(). Long loops of encoders call it.

    Raises:
        CapError: no time is left.
    """
    work = _WORK.get()
    if work is not None:
        work.left()


def check_size(
    name: str, width: int, height: int, memory: float, max_pixels: int, limits: DecodeLimits
) -> None:
    """Check the size of a still picture before it is decoded.

    Args:
        name: the name of the source, for error texts.
        width, height: the size in the header, in pixels.
        memory: bytes of the decoded picture.
        max_pixels: the largest number of pixels that is decoded.
        limits: the limits of the source.

    Raises:
        SourceError: the picture has no pixels.
        CapError: the picture has more than max_pixels, or needs more than limits.memory.
    """
    if width < 1 or height < 1:
        raise SourceError(name, f"the header says {width} x {height} pixels")
    if width * height > max_pixels:
        size = f"{width} x {height} pixels"
        raise CapError(name, f"{size}; at most {max_pixels:,} are decoded: reduce it first")
    if memory > limits.memory:
        size = f"{memory / 1e6:,.0f} MB"
        raise CapError(name, f"{width} x {height} pixels would take {size} to decode: reduce it first")
