"""A JPEG under a limit in bytes: how finely a picture of one size can be quantised.

The picture is transformed once. For every quality that is tried the coefficients
are quantised and the length of the file that they would make is counted; a file is
written in the end only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from transcode.fit.search import largest
from transcode.model import Trial

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from transcode.media.coefficients import Coefficients

__all__ = ["HIGHEST_QUALITY", "LOWEST_QUALITY", "Choice", "Point", "curve", "finest"]

#: The ceiling, on the IJG scale: a limit that leaves room for more is not filled.
#: At 99 camera photos score 88 to 92 points of SSIMULACRA2, hardly to be told from
#: the original; finer steps take a fifth to a third more bytes for half a point.
HIGHEST_QUALITY = 99.0

#: The floor at which a picture is still tried.
LOWEST_QUALITY = 4.0

#: Where the search begins.
_USUAL_QUALITY = 75.0

#: The share of the limit that is worth no further trial.
_ENOUGH = 0.99

#: How much of the dead zone may be given up to fill the limit.
_MOST_RELIEF = 0.3

#: Radial frequency of each coefficient, in zigzag order (T.81, figure 5): by
#: diagonals, every other one upwards.
_RADIUS = np.hypot(
    *np.array(
        sorted(np.ndindex(8, 8), key=lambda place: (sum(place), place[0] if sum(place) % 2 else place[1]))
    ).T
)

#: The quantisation table at quality 50: a straight line over radial frequency,
#: the same for luma and chroma. In SSIMULACRA2 it gains more than two points
#: over the tables of T.81, annex K, at the same bytes.
_TABLE = 12.0 + 10.0 * _RADIUS

#: How large a coefficient must be to be kept, in steps: more for high frequencies,
#: where a kept one costs more bits than it is worth.
_DEAD_ZONE = 0.55 + 0.15 * _RADIUS / _RADIUS.max()


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a picture's rate-distortion curve.

    Attributes:
        quality: on the IJG scale, continuous.
        size: of the file, in bytes.
    """

    quality: float
    size: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A picture at one size, and the finest quantisation found for it.

    Attributes:
        picture: its coefficients.
        quality: on the IJG scale, continuous; None when even the coarsest does not fit.
        size: of the file, in bytes; at the coarsest quantisation when none fits.
        trials: what was counted on the way, in order.
    """

    picture: Coefficients
    quality: float | None
    size: int
    trials: tuple[Trial, ...] = field(repr=False)
    _relief: float = field(default=0.0, repr=False)

    def encode(self) -> bytes:
        """The file, of exactly ``size`` bytes.

        Raises:
            ValueError: none fits.
        """
        if self.quality is None:
            raise ValueError("not even the coarsest quantisation fits")
        return self.picture.encode(*_tables(_fineness(self.quality), self._relief), self.size)


def finest(picture: Coefficients, max_bytes: int, *, start: float = _USUAL_QUALITY) -> Choice:
    """The finest quantisation at which the picture's file has at most max_bytes.

    Args:
        picture: what is to be written.
        max_bytes: the limit.
        start: the quality to try first: the nearer the sooner it is found.
    """
    trials: list[Trial] = []

    def measure(fineness: float, relief: float = 0.0) -> int:
        length = picture.measure(*_tables(fineness, relief))
        trials.append(Trial(picture.width, picture.height, round(_quality(fineness), 2), length))
        return length

    lowest, highest = _fineness(LOWEST_QUALITY), _fineness(HIGHEST_QUALITY)
    found = largest(measure, max_bytes, lowest, highest, start=_fineness(start))
    fineness, size, relief = found.setting, found.size, 0.0
    if fineness is None:
        return Choice(picture, None, size, tuple(trials))
    if fineness < highest and size < _ENOUGH * max_bytes:
        # The next finer table is too large by a step: keep some more coefficients instead.
        more = largest(lambda relief: measure(fineness, relief), max_bytes, 0.0, _MOST_RELIEF)
        if more.setting is not None:
            size, relief = more.size, more.setting
    return Choice(picture, _quality(fineness), size, tuple(trials), relief)


def curve(picture: Coefficients, qualities: Iterable[float]) -> tuple[Point, ...]:
    """Points of the picture's rate-distortion curve; nothing is encoded.

    Args:
        picture: what would be written.
        qualities: from LOWEST_QUALITY to HIGHEST_QUALITY.
    """
    return tuple(Point(quality, picture.measure(*_tables(_fineness(quality), 0.0))) for quality in qualities)


def _tables(fineness: float, relief: float) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Quantisation table and dead zone, in zigzag order.

    Steps are whole numbers, which leaves few tables to choose from where they are
    small. The dead zone makes up for the rounding: what is kept follows the exact
    step, so that sizes change smoothly with fineness.
    """
    exact = _TABLE * 2.0**-fineness
    steps = np.clip(np.rint(exact), 1, 255)
    return steps.astype(np.uint16), np.clip(_DEAD_ZONE * (1 - relief) * exact / steps, 0.35, 0.95)


# Quality follows the IJG scale in how it stretches the table, but is continuous:
# 50 leaves it as it is, 25 doubles it, 75 halves it. The search goes by fineness,
# minus the logarithm of that factor, since sizes grow about evenly with it.


def _fineness(quality: float) -> float:
    factor = 50.0 / quality if quality < 50 else 2.0 - quality / 50.0
    return -math.log2(factor)


def _quality(fineness: float) -> float:
    factor = math.exp2(-fineness)
    return 50.0 / factor if factor > 1 else 100.0 - 50.0 * factor
