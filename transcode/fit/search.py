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


@dataclass(frozen=True, slots=True)
class _Trial:
    setting: float
    size: int


def largest(
    measure: Callable[[float], int],
    limit: int,
    low: float,
    high: float,
    *,
    start: float | None = None,
    growth: float = 0.6,
    enough: float = 0.995,
    precision: float = 0.01,
) -> Found:
    """The largest setting between low and high whose size is at most limit.

    The size is taken to grow with the setting, about exponentially; where it
    does not, the result still fits but may not be the largest. From the start
    the search steps towards the limit by the growth that it expects, then by the
    growth that it saw; once the limit lies between two trials it interpolates
    the logarithm of the size, or halves when the same end moved twice in a row. It aims
    between what is enough and the limit: a trial that is just over it is lost.

    Args:
        measure: gives the size at a setting.
        limit: the largest size allowed.
        low, high: the range of settings.
        start: where to try first; the middle by default.
        growth: how much the natural logarithm of the size is expected to grow
            with the setting.
        enough: stop as soon as a size of at least this share of the limit is found.
        precision: stop when the limit is known to lie within so small a range.

    Returns:
        The setting and its size.
    """
    aim = (1 + enough) / 2 * limit
    fits: _Trial | None = None
    over: _Trial | None = None
    setting = min(max((low + high) / 2 if start is None else start, low), high)
    streak = 0
    stride = 4 * precision
    while True:
        trial = _Trial(setting, measure(setting))
        if trial.size <= limit:
            if setting >= high or trial.size >= enough * limit:
                return Found(setting, trial.size)
            growth = _growth(fits, trial, growth)
            fits, streak = trial, max(streak, 0) + 1
        else:
            if setting <= low:
                return Found(None, trial.size)
            growth = _growth(trial, over, growth)
            over, streak = trial, min(streak, 0) - 1
        if fits is None or over is None:
            # At least a stride, and each longer than the last, so that an end is reached.
            step = math.log(aim / max(trial.size, 1)) / growth
            setting += max(step, stride) if over is None else min(step, -stride)
            setting = min(max(setting, low), high)
            stride *= 2
        elif over.setting - fits.setting <= precision:
            return Found(fits.setting, fits.size)
        else:
            setting = _between(fits, over, aim, halve=abs(streak) >= 3)


def _growth(lower: _Trial | None, upper: _Trial | None, expected: float) -> float:
    """The growth between two trials, within a factor of four of what was expected."""
    if lower is None or upper is None or upper.setting <= lower.setting:
        return expected
    seen = math.log(max(upper.size, 1) / max(lower.size, 1)) / (upper.setting - lower.setting)
    return min(max(seen, expected / 4), expected * 4)


def _between(fits: _Trial, over: _Trial, aim: float, *, halve: bool) -> float:
    """Where to try next, strictly inside the bracket."""
    share = 0.5
    if not halve:
        size = max(fits.size, 1)
        share = math.log(max(aim / size, 1.0)) / math.log(over.size / size)
    return fits.setting + (over.setting - fits.setting) * min(max(share, 0.02), 0.98)
