"""A limit of processor time, which ends work with quadratic or unlimited cost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def bounded(seconds: float = 60) -> Iterator[None]:
    """Fail a block that takes more than ``seconds`` of this process's processor time.

    The limit is no measurement. It is hundreds of times the usual time, so a busy machine or sanitizers do
    not reach it.
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
