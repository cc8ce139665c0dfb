"""An end to work that grows with the square of its input, or without any limit."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def bounded(seconds: float = 60) -> Iterator[None]:
    """Fail what takes so much of this process's time on a processor.

    Nothing is measured: the bound is hundreds of times what is usual, and neither a busy machine nor
    sanitizers reach it.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"not done within {seconds:g} seconds of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
