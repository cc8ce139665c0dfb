"""A JPEG under a limit in bytes: how finely a picture of one size can be quantised.

The picture is transformed once. For every quality that is tried the coefficients
are quantised, so that errors and bits together cost least, and the length of the file
that they would make is counted; a file is written in the end only. The search begins
on a sample of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from transcode.fit.search import largest
from transcode.kernels import dct
from transcode.model import Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from transcode.media.samples.coefficients import Coefficients, Rdo, Tables

__all__ = [
    "HEADER_BYTES",
    "HIGHEST_QUALITY",
    "LOWEST_QUALITY",
    "Choice",
    "Estimate",
    "encode_at",
    "estimate",
    "keeps_full_chroma",
    "overshoot",
    "search",
]

#: The ceiling, on the IJG scale: a limit that leaves room for more is not filled.
#: At 99 camera photos score 88 to 92 points of SSIMULACRA2, hardly to be told from
#: the original; finer steps take a fifth to a third more bytes for half a point.
HIGHEST_QUALITY = 99.0

#: The floor at which a picture is still tried.
LOWEST_QUALITY = 4.0

#: Where the search begins: the fineness that camera photos had at a byte a pixel, and how much of it a
#: fewer or more natural logarithm of bytes makes (twelve photos, 0.02 to 0.33 bytes a pixel).
_USUAL_FINENESS = 6.05
_USUAL_SLOPE = 1.74

#: How much the natural logarithm of the size grows with fineness, on those photos: by so much where there are
#: hardly any bytes a pixel, less by so much for each that there is; and at least and at most.
_GROWTH = 0.75
_GROWTH_SLOPE = -0.6
_GROWTHS = (0.35, 0.9)

#: How much rate-distortion optimisation takes off the natural logarithm of the size: at fineness 0, and
#: with it.
_RDO_SAVING = 0.3
_RDO_SAVING_SLOPE = -0.05

#: The share of the limit that is worth no further trial.
_ENOUGH = 0.99

#: How much of the dead zone and of lambda may be given up to fill the limit, or,
#: below 0, be added to keep to it; and how much the logarithm of the size grows with it, at
#: fineness 0 and from 3.3 on.
_LAMBDA_CUT = (-0.8, 0.6)
_LAMBDA_CUT_GROWTH = (0.2, 0.1)
_LAMBDA_CUT_SLOPE = -0.03

#: The first trials look at a sample: of n MCUs at least so many times the root of n, but not at fewer than
#: one of sixteen. Sizes are then right within one or two per cent.
_SAMPLE = 8.6
_MOST_EVERY = 16

#: Bytes of a file that do not grow with the picture, about.
HEADER_BYTES = 600

#: What misses the limit by more, as a natural logarithm, is tried with other tables before it is filled.
_FAR = 0.025

#: The search on the sample ends when it is so near, as a natural logarithm, and after so many trials.
_NEAR = 0.06
_SAMPLE_TRIALS = 4

#: Chroma is halved where the smaller planes have less detail than so many times the square error of
#: luma at a middle frequency, unless the quality is so high that nothing else is left to spend bytes on. Of
#: twelve camera photos at 2592, 1600 and 640 pixels those above either gained 0.3 to 7 points of
#: SSIMULACRA2 by 4:4:4; those below lost up to a point, or gained 0.2 at most. Below a quality it is not
#: looked for.
_FULL_CHROMA_DETAIL = 18.0
_SURE_FULL_CHROMA_QUALITY = 97.6
_LEAST_FULL_CHROMA_QUALITY = 90.0
_MIDDLE = 6

#: How much less fine the same bytes are in 4:4:4: by 0.2 to 0.5 on those photos.
_FULL_CHROMA_COST = 0.33

#: Row and column of each coefficient, in zigzag order (T.81, figure 5): by diagonals, every other upwards.
_ZIGZAG = sorted(np.ndindex(8, 8), key=lambda place: (sum(place), place[0] if sum(place) % 2 else place[1]))

#: Their radial frequency.
_RADIUS = np.hypot(*np.array(_ZIGZAG).T)


def _in_zigzag(*rows: tuple[int, ...]) -> NDArray[np.float64]:
    """A table as one reads it, rows downwards, in zigzag order."""
    return np.array([rows[row][column] for row, column in _ZIGZAG], np.float64)


#: The quantisation tables at quality 50, of luma, and of chroma in 4:2:0 and in 4:4:4. Straight lines over
#: radial frequency (12 + 10 r, 12 + 6 r) were changed, coefficient by coefficient, until the next byte
#: bought as much SSIMULACRA2 at each (bench/tune_tables.py): the photos that this was done on gained what
#: 4 % of their bytes gain, and four that had no say as much. A cycle a block hides errors best; odd
#: frequencies show at the edges of blocks. For chroma in 4:4:4 nothing was better than a line.
_LUMA = _in_zigzag(
    (11, 17, 48, 40, 62, 54, 68, 65),
    (17, 20, 52, 44, 68, 59, 72, 66),
    (48, 52, 54, 61, 73, 72, 77, 80),
    (40, 44, 61, 63, 77, 72, 79, 82),
    (62, 68, 73, 77, 79, 81, 79, 82),
    (54, 59, 72, 72, 81, 78, 81, 89),
    (68, 72, 77, 79, 79, 81, 89, 99),
    (65, 66, 80, 82, 82, 89, 99, 113),
)
_HALVED_CHROMA = _in_zigzag(
    (9, 17, 25, 35, 61, 49, 48, 56),
    (17, 21, 35, 37, 53, 50, 62, 60),
    (25, 35, 35, 47, 60, 48, 53, 60),
    (35, 37, 47, 47, 68, 52, 56, 57),
    (61, 53, 60, 68, 54, 57, 58, 60),
    (49, 50, 48, 52, 57, 57, 60, 64),
    (48, 62, 53, 56, 58, 60, 64, 70),
    (56, 60, 60, 57, 60, 64, 70, 69),
)
_FULL_CHROMA = 18.0 + 15.0 * _RADIUS

#: The same of luma, and of chroma in 4:2:0, of a picture that is seen enlarged: there the lines are better,
#: by a point at half the size.
_ENLARGED = (12.0 + 10.0 * _RADIUS, 12.0 + 6.0 * _RADIUS)

# The numbers below were tuned by SSIMULACRA2 (bench/tune_jpeg.py) on five camera photos at 1440 x 1080 and
# 120,000 bytes, 2592 x 1944 and 305,700, and 720 x 540 and 30,000, one at a time, up and down.

#: How large a coefficient must be to be looked at, in steps. DC is rounded plainly.
_DEAD_ZONE = np.where(_RADIUS == 0, 0.5, 0.465 + 0.035 * _RADIUS / _RADIUS.max())

#: Lambda: the squared error, in squares of a step, that one bit is worth. With finer steps it goes down to
#: nothing, from one fineness to the other (qualities of 97.8 and 98.3): there it gains a twentieth of a
#: point, for half of the time of a trial.
_LAMBDA = 0.06
_NO_RDO = (4.5, 4.9)

#: Blocks with more in them hide more (visual masking): lambda grows with a power
#: of the sum of the magnitudes of their AC. For luma and chroma: the sum at which it is
#: lambda itself, and the power.
_USUAL_SUM = (200.0, 96.0)
_SUM_OFFSET = 60.0
_MASKING = (0.55, 0.6)


def _mask_table(usual: float, power: float) -> NDArray[np.uint8]:
    """Masks by sums, as kernels.dct.fill_masks() reads them: 16 is lambda itself, 64 the most."""
    sums = 2.0 * np.arange(dct.MASKS) + 1.0
    masks = np.rint(16 * ((sums + _SUM_OFFSET) / (usual + _SUM_OFFSET)) ** power)
    table = np.empty(dct.MASKS, np.uint8)
    table[:] = np.clip(masks, 2, 64)
    return table


_MASKS = tuple(_mask_table(usual, power) for usual, power in zip(_USUAL_SUM, _MASKING, strict=True))


@dataclass(frozen=True, slots=True)
class _Quantisation:
    """All that decides what a picture's coefficients become."""

    tables: Tables
    rdo: Rdo | None


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
    _quantisation: _Quantisation = field(repr=False)

    def encode(self) -> bytes:
        """The file, of exactly ``size`` bytes.

        Raises:
            ValueError: none fits.
        """
        if self.quality is None:
            raise ValueError("not even the coarsest quantisation fits")
        return self.picture.encode(self._quantisation.tables, self.size, rdo=self._quantisation.rdo)


class _Trials:
    """A picture quantised at one fineness after another.

    What a bit buys is judged by the Huffman codes of the trial before.
    """

    def __init__(self, picture: Coefficients, *, enlarged: bool = False) -> None:
        self.picture = picture
        self._steps = _steps(picture, enlarged=enlarged)
        self.record: list[Trial] = []
        self._masks: tuple[NDArray[np.uint8], ...] | None = None
        self._bits: NDArray[np.uint8] | None = None
        self._used: dict[tuple[float, float], tuple[_Quantisation, int]] = {}
        factor_h, factor_v = picture.sampling[0]
        mcus = -(-picture.width // (8 * factor_h)) * -(-picture.height // (8 * factor_v))
        self._every = 1
        while self._every < _MOST_EVERY and mcus >= 2 * _SAMPLE * math.sqrt(mcus) * self._every:
            self._every *= 2

    def _codes(self, fineness: float) -> NDArray[np.uint8]:
        """The bits of each code in the trial before; at first in one that trades nothing."""
        if self._bits is None:
            self._bits = np.empty(dct.CODES, np.uint8)
            self._plain_size(fineness, self._bits)
        return self._bits

    def _plain_size(self, fineness: float, bits: NDArray[np.uint8]) -> int:
        return self.picture.measure(_tables(self._steps, fineness, 0.0), every=self._every, bits=bits)

    def plainly(self, fineness: float) -> int:
        """About the size, from a sample of the picture, without rate-distortion optimisation."""
        self._bits = np.empty(dct.CODES, np.uint8)
        return self._plain_size(fineness, self._bits)

    def _quantisation(self, fineness: float, cut: float) -> _Quantisation:
        tables = _tables(self._steps, fineness, cut)
        exact = _exact(self._steps, fineness)
        lambda_ = (
            _LAMBDA * (1 - cut) * min(max((_NO_RDO[1] - fineness) / (_NO_RDO[1] - _NO_RDO[0]), 0.0), 1.0)
        )
        if lambda_ == 0:
            return _Quantisation(tables, None)
        if self._masks is None:
            self._masks = self.picture.masks(*_MASKS)
        # Lambda follows the exact steps, as the dead zone does.
        lambdas = [
            min(lambda_ * float(np.mean(wanted / table)) ** 2, 0.5)
            for wanted, (table, _) in zip(exact, tables, strict=True)
        ]
        return _Quantisation(tables, (self._codes(fineness).copy(), lambdas, self._masks))

    def estimate(self, fineness: float) -> int:
        """About the size, from a sample of the picture."""
        used = self._quantisation(fineness, 0.0)
        return self.picture.measure(used.tables, rdo=used.rdo, every=self._every, bits=self._bits)

    def measure(self, fineness: float, cut: float = 0.0) -> int:
        """The size. What was measured before is not measured by other codes."""
        if (fineness, cut) in self._used:
            return self._used[fineness, cut][1]
        used = self._quantisation(fineness, cut)
        size = self.picture.measure(used.tables, rdo=used.rdo, bits=self._bits)
        self._used[fineness, cut] = used, size
        quality = round(_quality(fineness), 2)
        self.record.append(Trial(self.picture.width, self.picture.height, quality, size))
        return size

    def choice(self, quality: float | None, fineness: float, cut: float) -> Choice:
        used, size = self._used[fineness, cut]
        return Choice(self.picture, quality, size, tuple(self.record), used)


def _start(trials: _Trials, max_bytes: int, fineness: float) -> float:
    """The fineness that is searched for, about, from a sample of the picture: first at this one."""
    lowest, highest = _fineness(LOWEST_QUALITY), _fineness(HIGHEST_QUALITY)
    aim = (1 + _ENOUGH) / 2 * max_bytes
    fineness = min(max(fineness, lowest), highest)
    size = trials.plainly(fineness)
    saved = max(_RDO_SAVING + _RDO_SAVING_SLOPE * fineness, 0.0) if fineness < _NO_RDO[1] else 0.0
    fineness += (math.log(aim / size) + saved) / _growth(trials.picture, size)
    before: tuple[float, int] | None = None
    for _ in range(_SAMPLE_TRIALS):
        fineness = min(max(fineness, lowest), highest)
        size = trials.estimate(fineness)
        growth = _growth(trials.picture, size)
        if before is not None and abs(fineness - before[0]) > _NEAR:
            seen = math.log(size / before[1]) / (fineness - before[0])
            growth = min(max(seen, _GROWTHS[0]), _GROWTHS[1])
        before = fineness, size
        missing = math.log(aim / size)
        at_end = fineness == (highest if missing > 0 else lowest)
        fineness += missing / growth
        if at_end or abs(missing) <= _NEAR:
            break
    return min(max(fineness, lowest), highest)


def _growth(picture: Coefficients, size: int) -> float:
    """How much the natural logarithm of this size grows with fineness, usually."""
    usual = _GROWTH + _GROWTH_SLOPE * size / (picture.width * picture.height)
    return min(max(usual, _GROWTHS[0]), _GROWTHS[1])


@dataclass(frozen=True, slots=True)
class Estimate:
    """About how finely a picture of one size can be quantised.

    Attributes:
        max_bytes: the limit.
        quality: about that which search finds, on the IJG scale.
    """

    max_bytes: int
    quality: float
    _trials: _Trials = field(repr=False)


def estimate(
    picture: Coefficients, max_bytes: int, *, halved: Estimate | None = None, enlarged: bool = False
) -> Estimate:
    """About what search would find, from a sample of the picture.

    Args:
        picture: what will be written.
        max_bytes: the limit.
        halved: the same picture in 4:2:0, where this is 4:4:4.
        enlarged: whether it is smaller than it will be seen.
    """
    if halved is None:
        usual = _USUAL_FINENESS + _USUAL_SLOPE * math.log(max_bytes / (picture.width * picture.height))
    else:
        usual = _fineness(halved.quality) - _FULL_CHROMA_COST
    trials = _Trials(picture, enlarged=enlarged)
    return Estimate(max_bytes, _quality(_start(trials, max_bytes, usual)), trials)


def keeps_full_chroma(estimated: Estimate, planes: Sequence[NDArray[np.uint8]]) -> bool:
    """Whether a picture gains by chroma that is not halved.

    Args:
        estimated: the picture in 4:2:0.
        planes: what was transformed, luma first.
    """
    if len(planes) < 3 or estimated.quality < _LEAST_FULL_CHROMA_QUALITY:
        return False
    if estimated.quality >= _SURE_FULL_CHROMA_QUALITY:
        return True
    detail = sum(_detail(plane) for plane in planes[1:])
    step = float(_LUMA[_MIDDLE]) * math.exp2(-_fineness(estimated.quality))
    return detail >= _FULL_CHROMA_DETAIL * step * step / 12


def _detail(plane: NDArray[np.uint8]) -> float:
    """The mean variance within 2 x 2 samples, in squares of a level; of one pair of rows of eight."""
    rows, columns = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    if rows == 0 or columns == 0:
        return 0.0
    upper, lower = (plane[first:rows:16, :columns].astype(np.int32) for first in (0, 1))
    squares = upper * upper + lower * lower
    columns_sum = upper + lower
    sums = columns_sum[:, ::2] + columns_sum[:, 1::2]
    return float(squares.mean() / 2 - (sums * sums).mean() / 16)


def overshoot(estimated: Estimate) -> int:
    """How many levels of luma beyond white are worth their bits: twice the step of DC, if that is coarse."""
    step = float(_LUMA[0]) * math.exp2(-_fineness(estimated.quality))
    return min(round(2 * step), dct.MOST_OVERSHOOT)


def search(estimated: Estimate) -> Choice:
    """The finest quantisation at which the picture's file keeps to the limit."""
    max_bytes = estimated.max_bytes
    trials = estimated._trials
    lowest, highest = _fineness(LOWEST_QUALITY), _fineness(HIGHEST_QUALITY)
    fineness = min(max(_fineness(estimated.quality), lowest), highest)
    if lowest < fineness < highest:
        size = trials.measure(fineness)
        missing = math.log((1 + _ENOUGH) / 2 * max_bytes / size)
        if abs(missing) > _FAR:
            fineness = min(max(fineness + missing / _growth(trials.picture, size), lowest), highest)
        chosen = _filled(trials, fineness, max_bytes)
        if chosen is not None and chosen.size >= _ENOUGH * max_bytes:
            return chosen
    found = largest(
        trials.measure, max_bytes, lowest, highest, start=fineness, enough=_ENOUGH, precision=0.01
    )
    if found.setting is None:
        return trials.choice(None, lowest, 0.0)
    if found.setting < highest and found.size < _ENOUGH * max_bytes:
        # The next finer table is too large by a step.
        chosen = _filled(trials, found.setting, max_bytes)
        if chosen is not None and chosen.size > found.size:
            return chosen
    return trials.choice(_quality(found.setting), found.setting, 0.0)


def _filled(trials: _Trials, fineness: float, max_bytes: int) -> Choice | None:
    """The limit filled without another table: by keeping more of the coefficients, or fewer."""
    found = largest(
        lambda cut: trials.measure(fineness, cut),
        max_bytes,
        *_LAMBDA_CUT,
        start=0.0,
        growth=max(_LAMBDA_CUT_GROWTH[0] + _LAMBDA_CUT_SLOPE * fineness, _LAMBDA_CUT_GROWTH[1]),
        enough=_ENOUGH,
    )
    return None if found.setting is None else trials.choice(_quality(fineness), fineness, found.setting)


def encode_at(picture: Coefficients, qualities: Iterable[float]) -> Iterator[Choice]:
    """The picture at one quality after another, without a limit.

    To encode one takes least time before the next is asked for.

    Args:
        picture: what would be written.
        qualities: from LOWEST_QUALITY to HIGHEST_QUALITY.
    """
    trials = _Trials(picture)
    for quality in qualities:
        fineness = _fineness(quality)
        trials.measure(fineness)
        yield trials.choice(quality, fineness, 0.0)


def _steps(picture: Coefficients, *, enlarged: bool) -> list[NDArray[np.float64]]:
    """The steps at quality 50 for luma, and for chroma where there is any."""
    luma, halved = _ENLARGED if enlarged else (_LUMA, _HALVED_CHROMA)
    return [luma, halved if picture.sampling[0] != (1, 1) else _FULL_CHROMA][: len(picture.components)]


def _exact(steps: Sequence[NDArray[np.float64]], fineness: float) -> list[NDArray[np.float64]]:
    """The steps for luma, and for chroma where there is any, before they are rounded."""
    return [table * 2.0**-fineness for table in steps]


def _tables(
    steps: Sequence[NDArray[np.float64]], fineness: float, cut: float
) -> list[tuple[NDArray[np.uint16], NDArray[np.float64]]]:
    """Quantisation tables and dead zones, in zigzag order, for luma and for chroma.

    Steps are whole numbers, which leaves few tables to choose from where they are
    small. The dead zone makes up for the rounding: what is kept follows the exact
    step, so that sizes change smoothly with fineness.
    """
    tables = []
    for exact in _exact(steps, fineness):
        whole = np.clip(np.rint(exact), 1, 255)
        dead_zone = np.clip(_DEAD_ZONE * (1 - cut / 4) * exact / whole, 0.35, 0.95)
        tables.append((whole.astype(np.uint16), dead_zone))
    return tables


# Quality follows the IJG scale in how it stretches the table, but is continuous:
# 50 leaves it as it is, 25 doubles it, 75 halves it. The search goes by fineness,
# minus the logarithm of that factor, since sizes grow about evenly with it.


def _fineness(quality: float) -> float:
    factor = 50.0 / quality if quality < 50 else 2.0 - quality / 50.0
    return -math.log2(factor)


def _quality(fineness: float) -> float:
    factor = math.exp2(-fineness)
    return 50.0 / factor if factor > 1 else 100.0 - 50.0 * factor
