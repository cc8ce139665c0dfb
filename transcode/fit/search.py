"""Search for the largest setting whose size stays within a limit.

It knows nothing of pictures: it gets a function and numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Found", "largest"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        setting: the largest setting known to fit, or None when even the lowest does not.
        size: its size; without a setting, the size at the lowest one.
    """

    setting: float | None
    size: int


def largest(
    measure: Callable[[float], int],
    limit: int,
    low: float,
    high: float,
    *,
    enough: float = 0.995,
    precision: float = 0.01,
) -> Found:
    """The largest setting between low and high whose size is at most limit.

    The size is taken to grow with the setting, about exponentially; where it
    does not, the result still fits but may not be the largest. Every trial
    shrinks the bracket: it is placed by interpolating the logarithm of the size
    between both ends, and in the middle when the same end moved twice in a row.

    Args:
        measure: gives the size at a setting.
        limit: the largest size allowed.
        low, high: the range of settings.
        enough: stop as soon as a size of at least this share of the limit is found.
        precision: stop when the bracket is narrower than this.

    Returns:
        The setting and its size.
    """
    top = measure(high)
    if top <= limit:
        return Found(high, top)
    bottom = measure(low)
    if bottom > limit:
        return Found(None, bottom)
    fits, over, streak = (low, bottom), (high, top), 0
    while fits[1] < enough * limit and over[0] - fits[0] > precision:
        setting = _between(fits, over, limit, halve=abs(streak) >= 2)
        size = measure(setting)
        if size <= limit:
            fits, streak = (setting, size), max(streak, 0) + 1
        else:
            over, streak = (setting, size), min(streak, 0) - 1
    return Found(*fits)


def _between(fits: tuple[float, int], over: tuple[float, int], limit: int, *, halve: bool) -> float:
    """Where to try next, strictly inside the bracket."""
    share = 0.5
    if not halve:
        # Aimed a little below the limit, since a trial that is just over it is lost.
        share = math.log(max(0.9975 * limit / max(fits[1], 1), 1.0)) / math.log(over[1] / max(fits[1], 1))
    return fits[0] + (over[0] - fits[0]) * min(max(share, 0.02), 0.98)
