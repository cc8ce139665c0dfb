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

from transcode.fit.pictures.jpeg_tuning import TUNING
from transcode.fit.search import largest
from transcode.kernels import dct
from transcode.model import Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from transcode.fit.pictures.jpeg_tuning import Tuning
    from transcode.media.samples.coefficients import Coefficients, Rdo, Tables

__all__ = [
    "HEADER_BYTES",
    "HIGHEST_QUALITY",
    "LOWEST_QUALITY",
    "Choice",
    "Estimate",
    "chroma_detail",
    "encode_at",
    "estimate",
    "fineness_of",
    "keeps_full_chroma",
    "overshoot",
    "quality_of",
    "search",
]

#: The ceiling, on the IJG scale: a limit that leaves room for more is not filled.
#: At 99 camera photos score 88 to 92 points of SSIMULACRA2, hardly to be told from
#: the original; finer steps take a fifth to a third more bytes for half a point. Chosen.
HIGHEST_QUALITY = 99.0

#: The floor at which a picture is still tried. Chosen.
LOWEST_QUALITY = 4.0

#: The growth of the natural logarithm of a size with fineness that is believed, at least and at most. Chosen.
_GROWTHS = (0.35, 0.9)

#: The share of the limit that is worth no further trial: chosen, as each trial costs a tenth of the fit.
_ENOUGH = 0.99

#: How much of the dead zone and of lambda may be given up to fill the limit, or, below 0, be added to keep to
#: it: chosen, as bounds of a search, in parts of lambda.
_LAMBDA_CUT = (-0.8, 0.6)

#: The first trials look at a sample: of n MCUs at least so many times the root of n, but not at fewer than
#: one of sixteen. Chosen: sizes are then right within one or two per cent, and are corrected on all of them.
_SAMPLE = 8.6
_MOST_EVERY = 16

#: Bytes of a file that do not grow with the picture, about: its headers and tables.
HEADER_BYTES = 600

#: What misses the limit by more, as a natural logarithm, is tried with other tables before it is filled.
#: Chosen: a smaller one costs a trial more.
_FAR = 0.025

#: The search on the sample ends when it is so near, as a natural logarithm, and after so many trials. Chosen:
#: what is left is corrected by a trial on the whole picture.
_NEAR = 0.06
_SAMPLE_TRIALS = 4

#: The place in zigzag order of the middle frequency whose step stands for the error of luma. Chosen.
_MIDDLE = 6


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

    def __init__(self, picture: Coefficients, tuning: Tuning, *, enlarged: bool = False) -> None:
        self.picture = picture
        self.tuning = tuning
        self._steps = _steps(picture, tuning, enlarged=enlarged)
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
        return self.picture.measure(self._tables(fineness, 0.0), every=self._every, bits=bits)

    def plainly(self, fineness: float) -> int:
        """About the size, from a sample of the picture, without rate-distortion optimisation."""
        self._bits = np.empty(dct.CODES, np.uint8)
        return self._plain_size(fineness, self._bits)

    def _quantisation(self, fineness: float, cut: float) -> _Quantisation:
        tuning = self.tuning
        tables = self._tables(fineness, cut)
        exact = _exact(self._steps, fineness)
        first, last = tuning.no_rdo
        lambda_ = tuning.lambda_ * (1 - cut) * min(max((last - fineness) / (last - first), 0.0), 1.0)
        if lambda_ == 0:
            return _Quantisation(tables, None)
        if self._masks is None:
            self._masks = self.picture.masks(*tuning.masks)
        # Lambda follows the exact steps, as the dead zone does.
        lambdas = [
            min(lambda_ * float(np.mean(wanted / table)) ** 2, 0.5)
            for wanted, (table, _) in zip(exact, tables, strict=True)
        ]
        return _Quantisation(tables, (self._codes(fineness).copy(), lambdas, self._masks))

    def _tables(self, fineness: float, cut: float) -> list[tuple[NDArray[np.uint16], NDArray[np.float64]]]:
        """Quantisation tables and dead zones, in zigzag order, for luma and for chroma.

        Steps are whole numbers, which leaves few tables to choose from where they are
        small. The dead zone makes up for the rounding: what is kept follows the exact
        step, so that sizes change smoothly with fineness.
        """
        tables = []
        for exact in _exact(self._steps, fineness):
            whole = np.clip(np.rint(exact), 1, 255)
            dead_zone = np.clip(self.tuning.dead_zone * (1 - cut / 4) * exact / whole, 0.35, 0.95)
            tables.append((whole.astype(np.uint16), dead_zone))
        return tables

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
        quality = round(quality_of(fineness), 2)
        self.record.append(Trial(self.picture.width, self.picture.height, quality, size))
        return size

    def choice(self, quality: float | None, fineness: float, cut: float) -> Choice:
        used, size = self._used[fineness, cut]
        return Choice(self.picture, quality, size, tuple(self.record), used)


def _start(trials: _Trials, max_bytes: int, fineness: float) -> float:
    """The fineness that is searched for, about, from a sample of the picture: first at this one."""
    tuning = trials.tuning
    lowest, highest = fineness_of(LOWEST_QUALITY), fineness_of(HIGHEST_QUALITY)
    aim = (1 + _ENOUGH) / 2 * max_bytes
    fineness = min(max(fineness, lowest), highest)
    size = trials.plainly(fineness)
    saved = 0.0
    if fineness < tuning.no_rdo[1]:
        saved = max(tuning.rdo_saving + tuning.rdo_saving_slope * fineness, 0.0)
    fineness += (math.log(aim / size) + saved) / _growth(trials, size)
    before: tuple[float, int] | None = None
    for _ in range(_SAMPLE_TRIALS):
        fineness = min(max(fineness, lowest), highest)
        size = trials.estimate(fineness)
        growth = _growth(trials, size)
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


def _growth(trials: _Trials, size: int) -> float:
    """How much the natural logarithm of this size grows with fineness, usually."""
    tuning, pixels = trials.tuning, trials.picture.width * trials.picture.height
    usual = tuning.growth + tuning.growth_slope * size / pixels
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
    picture: Coefficients,
    max_bytes: int,
    *,
    halved: Estimate | None = None,
    enlarged: bool = False,
    tuning: Tuning = TUNING,
) -> Estimate:
    """About what search would find, from a sample of the picture.

    Args:
        picture: what will be written.
        max_bytes: the limit.
        halved: the same picture in 4:2:0, where this is 4:4:4.
        enlarged: whether it is smaller than it will be seen.
        tuning: the measured constants, also for the search.
    """
    if halved is None:
        share = max_bytes / (picture.width * picture.height)
        usual = tuning.usual_fineness + tuning.usual_slope * math.log(share)
    else:
        usual = fineness_of(halved.quality) - tuning.full_chroma_cost
    trials = _Trials(picture, tuning, enlarged=enlarged)
    return Estimate(max_bytes, quality_of(_start(trials, max_bytes, usual)), trials)


def keeps_full_chroma(estimated: Estimate, planes: Sequence[NDArray[np.uint8]]) -> bool:
    """Whether a picture gains by chroma that is not halved.

    Args:
        estimated: the picture in 4:2:0.
        planes: what was transformed, luma first.
    """
    tuning = estimated._trials.tuning
    if len(planes) < 3 or estimated.quality < tuning.least_full_chroma_quality:
        return False
    if estimated.quality >= tuning.sure_full_chroma_quality:
        return True
    return chroma_detail(estimated, planes) >= tuning.full_chroma_detail


def chroma_detail(estimated: Estimate, planes: Sequence[NDArray[np.uint8]]) -> float:
    """The detail of chroma in units of the square error of luma at a middle frequency.

    Args:
        estimated, planes: as for keeps_full_chroma().
    """
    detail = sum(_detail(plane) for plane in planes[1:])
    step = float(estimated._trials.tuning.luma[_MIDDLE]) * math.exp2(-fineness_of(estimated.quality))
    return detail / (step * step / 12)


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
    step = float(estimated._trials.tuning.luma[0]) * math.exp2(-fineness_of(estimated.quality))
    return min(round(2 * step), dct.MOST_OVERSHOOT)


def search(estimated: Estimate) -> Choice:
    """The finest quantisation at which the picture's file keeps to the limit."""
    max_bytes = estimated.max_bytes
    trials = estimated._trials
    lowest, highest = fineness_of(LOWEST_QUALITY), fineness_of(HIGHEST_QUALITY)
    fineness = min(max(fineness_of(estimated.quality), lowest), highest)
    if lowest < fineness < highest:
        size = trials.measure(fineness)
        missing = math.log((1 + _ENOUGH) / 2 * max_bytes / size)
        if abs(missing) > _FAR:
            fineness = min(max(fineness + missing / _growth(trials, size), lowest), highest)
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
    return trials.choice(quality_of(found.setting), found.setting, 0.0)


def _filled(trials: _Trials, fineness: float, max_bytes: int) -> Choice | None:
    """The limit filled without another table: by keeping more of the coefficients, or fewer."""
    usual, least = trials.tuning.lambda_cut_growth
    found = largest(
        lambda cut: trials.measure(fineness, cut),
        max_bytes,
        *_LAMBDA_CUT,
        start=0.0,
        growth=max(usual + trials.tuning.lambda_cut_slope * fineness, least),
        enough=_ENOUGH,
    )
    return None if found.setting is None else trials.choice(quality_of(fineness), fineness, found.setting)


def encode_at(
    picture: Coefficients, qualities: Iterable[float], *, tuning: Tuning = TUNING
) -> Iterator[Choice]:
    """The picture at one quality after another, without a limit.

    To encode one takes least time before the next is asked for.

    Args:
        picture: what would be written.
        qualities: from LOWEST_QUALITY to HIGHEST_QUALITY.
        tuning: the measured constants.
    """
    trials = _Trials(picture, tuning)
    for quality in qualities:
        fineness = fineness_of(quality)
        trials.measure(fineness)
        yield trials.choice(quality, fineness, 0.0)


def _steps(picture: Coefficients, tuning: Tuning, *, enlarged: bool) -> list[NDArray[np.float64]]:
    """The steps at quality 50 for luma, and for chroma where there is any."""
    luma, halved = tuning.enlarged if enlarged else (tuning.luma, tuning.halved_chroma)
    return [luma, halved if picture.sampling[0] != (1, 1) else tuning.full_chroma][: len(picture.components)]


def _exact(steps: Sequence[NDArray[np.float64]], fineness: float) -> list[NDArray[np.float64]]:
    """The steps for luma, and for chroma where there is any, before they are rounded."""
    return [table * 2.0**-fineness for table in steps]


# Quality follows the IJG scale in how it stretches the table, but is continuous:
# 50 leaves it as it is, 25 doubles it, 75 halves it. The search goes by fineness,
# minus the logarithm of that factor, since sizes grow about evenly with it.


def fineness_of(quality: float) -> float:
    """Minus the binary logarithm of what the steps at quality 50 are multiplied by."""
    factor = 50.0 / quality if quality < 50 else 2.0 - quality / 50.0
    return -math.log2(factor)


def quality_of(fineness: float) -> float:
    """The quality of a fineness, on the IJG scale."""
    factor = math.exp2(-fineness)
    return 50.0 / factor if factor > 1 else 100.0 - 50.0 * factor
