"""Time as processors count it, which a shared machine disturbs least."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")


def spent() -> float:
    """Seconds of processor time of this process, all threads, and of programs that it ran."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(work: Callable[[], Made], rounds: int = 1) -> tuple[float, Made]:
    """Milliseconds of processor time, the median of some rounds, and what came out."""
    times = []
    for _ in range(rounds):
        start = spent()
        made = work()
        times.append((spent() - start) * 1e3)
    return statistics.median(times), made
