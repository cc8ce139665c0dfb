"""Search for the highest quality of a JPEG under a limit in bytes, at one size.

The picture is transformed (DCT) once. For each trial quality the coefficients are quantised with
rate-distortion optimisation, and the length of the file is counted. The file is written only at the end. The
search begins on a sample of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from transcode.fit.pictures.jpeg_tuning import TUNING
from transcode.fit.search import largest
from transcode.jobs.stages import staged
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

#: Highest quality, on the IJG scale; a limit that allows more is not filled. At quality 99 camera photos
#: score 88 to 92 points of SSIMULACRA2, hardly distinguishable from the original. Smaller quantisation steps
#: take 20 to 33 % more bytes for 0.5 points. Chosen.
HIGHEST_QUALITY = 99.0

#: Lowest quality that is tried, on the IJG scale. Chosen.
LOWEST_QUALITY = 4.0

#: Bounds of the growth of the natural logarithm of a size with fineness. Chosen.
_GROWTHS = (0.35, 0.9)

#: Share of the limit at which a size ends the search. Chosen: each trial costs a tenth of the fit.
_ENOUGH = 0.99

#: Bounds of the cut in lambda and in the dead zone, as a share of lambda. A positive cut fills the limit; a
#: negative cut keeps the file within the limit. Chosen.
_LAMBDA_CUT = (-0.8, 0.6)

#: Size of the sample in the first trials: of n MCUs at least 8.6 times the square root of n, and at least one
#: of 16. Chosen: sizes are then correct within one or two per cent, and trials on all MCUs correct the rest.
_SAMPLE, _MOST_EVERY = 8.6, 16

#: Approximate bytes of headers and tables, which do not grow with the picture.
HEADER_BYTES = 600

#: Distance from the limit, as a natural logarithm, above which other tables are tried before the limit is
#: filled. Chosen: a smaller distance costs one more trial.
_FAR = 0.025

#: Distance from the limit, as a natural logarithm, at which the search on the sample ends, and the largest
#: number of its trials. Chosen: a trial on the whole picture corrects the rest.
_NEAR, _SAMPLE_TRIALS = 0.06, 4

#: Zigzag index of the middle frequency whose step represents the error of luma. Chosen.
_MIDDLE = 6


@dataclass(frozen=True, slots=True)
class _Quantisation:
    """Quantisation tables, dead zones and rate-distortion parameters."""

    tables: Tables
    rdo: Rdo | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A picture at one size, with the highest quality found.

    Attributes:
        picture: its coefficients.
        quality: on the IJG scale, continuous; None: not even the lowest quality fits.
        size: size of the file in bytes; if nothing fits, at the lowest quality.
        trials: the trials of the search, in order.
    """

    picture: Coefficients
    quality: float | None
    size: int
    trials: tuple[Trial, ...] = field(repr=False)
    _quantisation: _Quantisation = field(repr=False)

    @staged("encode")
    def encode(self) -> bytes:
        """Return the file, which has exactly ``size`` bytes.

        Raises:
            ValueError: no quality fits.
        """
        if self.quality is None:
            raise ValueError("not even the lowest quality fits")
        return self.picture.encode(self._quantisation.tables, self.size, rdo=self._quantisation.rdo)


class _Trials:
    """Trials of a picture at several values of fineness.

    Rate-distortion optimisation uses the Huffman code lengths of the trial before.
    """

    def __init__(
        self, picture: Coefficients, tuning: Tuning, *, enlarged: bool = False, max_bytes: int = 0
    ) -> None:
        self.picture = picture
        self._max_bytes = max_bytes
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
        """Return the length of each code in the trial before; at first in a trial without optimisation."""
        if self._bits is None:
            self._bits = np.empty(dct.CODES, np.uint8)
            self.plainly(fineness)
        return self._bits

    def plainly(self, fineness: float) -> int:
        """Return the estimated size without rate-distortion optimisation, from a sample of the picture."""
        if self._bits is None:
            self._bits = np.empty(dct.CODES, np.uint8)
        return self._size(_Quantisation(self._tables(fineness, 0.0), None), self._every)

    def _size(self, used: _Quantisation, every: int = 1) -> int:
        """Return the size in bytes, from one in ``every`` groups of blocks, and keep the code lengths."""
        return self.picture.measure(
            used.tables, rdo=used.rdo, every=every, bits=self._bits, room=self._max_bytes
        )

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
        """Return quantisation tables and dead zones, in zigzag order, for luma and for chroma.

        Steps are integers, so there are few different tables with small steps. The dead zone compensates
        for the rounding: it follows the exact step, so that sizes change smoothly with fineness.
        """
        tables = []
        for exact in _exact(self._steps, fineness):
            whole = np.clip(np.rint(exact), 1, 255)
            dead_zone = np.clip(self.tuning.dead_zone * (1 - cut / 4) * exact / whole, 0.35, 0.95)
            tables.append((whole.astype(np.uint16), dead_zone))
        return tables

    def estimate(self, fineness: float) -> int:
        """Return the estimated size in bytes, from a sample of the picture."""
        return self._size(self._quantisation(fineness, 0.0), self._every)

    def measure(self, fineness: float, cut: float = 0.0) -> int:
        """Return the size in bytes. A repeated trial returns the first size, which used other codes."""
        if (fineness, cut) in self._used:
            return self._used[fineness, cut][1]
        used = self._quantisation(fineness, cut)
        size = self._size(used)
        self._used[fineness, cut] = used, size
        quality = round(quality_of(fineness), 2)
        self.record.append(Trial(self.picture.width, self.picture.height, quality, size))
        return size

    def choice(self, quality: float | None, fineness: float, cut: float) -> Choice:
        used, size = self._used[fineness, cut]
        return Choice(self.picture, quality, size, tuple(self.record), used)


def _start(trials: _Trials, max_bytes: int, fineness: float) -> float:
    """Return the estimated fineness for max_bytes, from a sample; the first trial has ``fineness``."""
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
    """Return the usual growth of the natural logarithm of a size with fineness."""
    tuning, pixels = trials.tuning, trials.picture.width * trials.picture.height
    usual = tuning.growth + tuning.growth_slope * size / pixels
    return min(max(usual, _GROWTHS[0]), _GROWTHS[1])


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated quality of a picture at one size.

    Attributes:
        max_bytes: the limit.
        quality: approximate quality that search() finds, on the IJG scale.
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
    """Estimate the result of search() from a sample of the picture.

    Args:
        picture: the coefficients.
        max_bytes: the limit.
        halved: the estimate in 4:2:0, for a picture in 4:4:4.
        enlarged: whether the picture is enlarged for display.
        tuning: the measured constants, also for the search.
    """
    if halved is None:
        share = max_bytes / (picture.width * picture.height)
        usual = tuning.usual_fineness + tuning.usual_slope * math.log(share)
    else:
        usual = fineness_of(halved.quality) - tuning.full_chroma_cost
    trials = _Trials(picture, tuning, enlarged=enlarged, max_bytes=max_bytes)
    return Estimate(max_bytes, quality_of(_start(trials, max_bytes, usual)), trials)


def keeps_full_chroma(estimated: Estimate, planes: Sequence[NDArray[np.uint8]]) -> bool:
    """Return whether a picture gains by chroma at full resolution.

    Args:
        estimated: the estimate in 4:2:0.
        planes: the planes of the picture, luma first.
    """
    tuning = estimated._trials.tuning
    if len(planes) < 3 or estimated.quality < tuning.least_full_chroma_quality:
        return False
    if estimated.quality >= tuning.sure_full_chroma_quality:
        return True
    return chroma_detail(estimated, planes) >= tuning.full_chroma_detail


def chroma_detail(estimated: Estimate, planes: Sequence[NDArray[np.uint8]]) -> float:
    """Return the detail of chroma in units of the squared error of luma at a middle frequency.

    Args:
        estimated, planes: as for keeps_full_chroma().
    """
    detail = sum(_detail(plane) for plane in planes[1:])
    step = float(estimated._trials.tuning.luma[_MIDDLE]) * math.exp2(-fineness_of(estimated.quality))
    return detail / (step * step / 12)


def _detail(plane: NDArray[np.uint8]) -> float:
    """Return the mean variance within 2 x 2 samples in levels squared, of one pair of rows in eight."""
    rows, columns = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    if rows == 0 or columns == 0:
        return 0.0
    upper, lower = (plane[first:rows:16, :columns].astype(np.int32) for first in (0, 1))
    squares = upper * upper + lower * lower
    columns_sum = upper + lower
    sums = columns_sum[:, ::2] + columns_sum[:, 1::2]
    return float(squares.mean() / 2 - (sums * sums).mean() / 16)


def overshoot(estimated: Estimate) -> int:
    """Return the levels of luma above white that are worth their bits: twice the DC step, with a cap."""
    step = float(estimated._trials.tuning.luma[0]) * math.exp2(-fineness_of(estimated.quality))
    return min(round(2 * step), dct.MOST_OVERSHOOT)


def search(estimated: Estimate) -> Choice:
    """Return the highest quality at which the file keeps to the limit."""
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
        # The tables with the next smaller step make a file over the limit.
        chosen = _filled(trials, found.setting, max_bytes)
        if chosen is not None and chosen.size > found.size:
            return chosen
    return trials.choice(quality_of(found.setting), found.setting, 0.0)


def _filled(trials: _Trials, fineness: float, max_bytes: int) -> Choice | None:
    """Fill the limit with the same tables, by a smaller or larger lambda and dead zone."""
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
    """Yield the picture at each quality, without a limit.

    Encoding a choice is fastest before the next one is requested.

    Args:
        picture: the coefficients.
        qualities: qualities between LOWEST_QUALITY and HIGHEST_QUALITY.
        tuning: the measured constants.
    """
    trials = _Trials(picture, tuning)
    for quality in qualities:
        fineness = fineness_of(quality)
        trials.measure(fineness)
        yield trials.choice(quality, fineness, 0.0)


def _steps(picture: Coefficients, tuning: Tuning, *, enlarged: bool) -> list[NDArray[np.float64]]:
    """Return the steps at quality 50 for luma, and for chroma if the picture has it."""
    luma, halved = tuning.enlarged if enlarged else (tuning.luma, tuning.halved_chroma)
    return [luma, halved if picture.sampling[0] != (1, 1) else tuning.full_chroma][: len(picture.components)]


def _exact(steps: Sequence[NDArray[np.float64]], fineness: float) -> list[NDArray[np.float64]]:
    """Return the steps for luma, and for chroma if the picture has it, before rounding."""
    return [table * 2.0**-fineness for table in steps]


# Quality is the IJG scale, but continuous: 50 leaves the tables unchanged, 25 doubles the steps, and 75
# halves them. The search uses fineness, minus the binary logarithm of that factor, because the logarithm of
# the size grows about linearly with fineness.


def fineness_of(quality: float) -> float:
    """Return minus the binary logarithm of the factor on the steps of quality 50."""
    factor = 50.0 / quality if quality < 50 else 2.0 - quality / 50.0
    return -math.log2(factor)


def quality_of(fineness: float) -> float:
    """Return the quality of a fineness, on the IJG scale."""
    factor = math.exp2(-fineness)
    return 50.0 / factor if factor > 1 else 100.0 - 50.0 * factor
