"""Search for the largest setting whose size stays within a limit.

The module is independent of media: the caller passes a function and numbers.
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
    """The result of a search.

    Attributes:
        setting: the largest setting known to fit; None: not even the lowest setting fits.
        size: the size at that setting; if nothing fits, the size at the lowest setting.
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
    """Return the largest setting between low and high whose size is at most limit.

    The search assumes that the size grows about exponentially with the setting. Where it does not, the
    result still fits but may not be the largest. From the start value the search steps towards the limit:
    first by the expected growth, then by the measured growth. Once the limit lies between two trials, the
    search interpolates the logarithm of the size, or bisects when the same end moved twice in a row. The
    target lies between ``enough`` of the limit and the limit, because a trial just over the limit is wasted.

    Args:
        measure: returns the size at a setting.
        limit: the largest size allowed.
        low, high: the range of settings.
        start: the first setting to try; None: the middle.
        growth: expected increase of the natural logarithm of the size per unit of the setting.
        enough: share of the limit at which a size ends the search.
        precision: width of the range of settings around the limit at which the search ends.

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
            # Each step is at least a stride, and strides double, so that the search reaches an end.
            step = math.log(aim / max(trial.size, 1)) / growth
            setting += max(step, stride) if over is None else min(step, -stride)
            setting = min(max(setting, low), high)
            stride *= 2
        elif over.setting - fits.setting <= precision:
            return Found(fits.setting, fits.size)
        else:
            setting = _between(fits, over, aim, halve=abs(streak) >= 3)


def _growth(lower: _Trial | None, upper: _Trial | None, expected: float) -> float:
    """Return the growth between two trials, limited to a factor of four from the expected growth."""
    if lower is None or upper is None or upper.setting <= lower.setting:
        return expected
    seen = math.log(max(upper.size, 1) / max(lower.size, 1)) / (upper.setting - lower.setting)
    return min(max(seen, expected / 4), expected * 4)


def _between(fits: _Trial, over: _Trial, aim: float, *, halve: bool) -> float:
    """Return the next setting to try, strictly between the two trials."""
    share = 0.5
    if not halve:
        size = max(fits.size, 1)
        share = math.log(max(aim / size, 1.0)) / math.log(over.size / size)
    return fits.setting + (over.setting - fits.setting) * min(max(share, 0.02), 0.98)
