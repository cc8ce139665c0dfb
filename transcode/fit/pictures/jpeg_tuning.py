"""Measured constants of JPEG quantisation and of the search for its quality."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import dct
from transcode.model.tuning import Tool

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RADIUS", "TUNING", "ZIGZAG", "Tuning"]

#: Row and column of each coefficient in zigzag order (T.81, figure 5): alternate diagonals run upwards.
ZIGZAG = sorted(np.ndindex(8, 8), key=lambda place: (sum(place), place[0] if sum(place) % 2 else place[1]))

#: Radial frequency of each coefficient in zigzag order.
RADIUS = np.hypot(*np.array(ZIGZAG).T)

_JPEG = Tool("bench/tune_jpeg.py", "photos")
_TABLES = Tool("bench/tune_tables.py", "photos")


def _in_zigzag(*rows: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a table of eight rows in zigzag order."""
    return np.array([rows[row][column] for row, column in ZIGZAG], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Tuning:
    """Constants of JPEG quantisation and of the start of the search.

    Fineness is minus the binary logarithm of the factor by which the quantisation steps of quality 50 are
    multiplied. Scores and points are SSIMULACRA2.

    Attributes:
        masks: factor of lambda for each sum of the AC magnitudes of a block, for luma and chroma, in the form
            that kernels.dct.fill_masks() reads. Computed from usual_sum, sum_offset and masking.
    """

    usual_fineness: float = _JPEG.tuned(
        6.05,
        "Fineness at which the search begins at one byte per pixel, from camera photos.",
        unit="fineness",
    )
    usual_slope: float = _JPEG.tuned(
        1.74,
        "Increase of the fineness when the number of bytes grows by the factor e, at 0.02 to 0.33 bytes per"
        " pixel.",
        unit="fineness",
    )
    growth: float = _JPEG.tuned(
        0.75,
        "Growth of the natural logarithm of the size with fineness, extrapolated to 0 bytes per pixel.",
        unit="1 / fineness",
    )
    growth_slope: float = _JPEG.tuned(
        -0.6,
        "Change of growth with the number of bytes per pixel.",
        unit="1 / fineness / (byte / pixel)",
    )
    rdo_saving: float = _JPEG.tuned(
        0.3,
        "Decrease of the natural logarithm of the size by rate-distortion optimisation at fineness 0.",
        unit="natural logarithm",
    )
    rdo_saving_slope: float = _JPEG.tuned(
        -0.05,
        "Change of rdo_saving with fineness.",
        unit="natural logarithm / fineness",
    )
    lambda_cut_growth: tuple[float, float] = _JPEG.tuned(
        (0.2, 0.1),
        "Growth of the natural logarithm of the size as lambda is reduced to 0: the value at fineness 0, and"
        " the smallest value.",
        unit="natural logarithm / whole lambda",
    )
    lambda_cut_slope: float = _JPEG.tuned(
        -0.03,
        "Change of lambda_cut_growth with fineness.",
        unit="natural logarithm / fineness",
    )
    full_chroma_detail: float = _JPEG.tuned(
        18.0,
        "Ratio of the detail of chroma to the square error of luma at a middle frequency, below which chroma"
        " is subsampled (4:2:0). Of 12 camera photos at 2592, 1600 and 640 pixels, those above this ratio"
        " gained 0.3 to 7 points with 4:4:4; those below it lost up to 1 point or gained at most 0.2.",
        unit="ratio of squared levels",
    )
    sure_full_chroma_quality: float = _JPEG.tuned(
        97.6,
        "Quality from which chroma always has full resolution: nothing else can use the bytes.",
        unit="quality",
    )
    least_full_chroma_quality: float = _JPEG.tuned(
        90.0,
        "Quality below which chroma is always subsampled (4:2:0).",
        unit="quality",
    )
    full_chroma_cost: float = _JPEG.tuned(
        0.33,
        "Decrease of the fineness from 4:2:0 to 4:4:4 at equal size: 0.2 to 0.5 on photos.",
        unit="fineness",
    )
    luma: NDArray[np.float64] = _TABLES.tuned(
        _in_zigzag(
            (11, 17, 48, 40, 62, 54, 68, 65),
            (17, 20, 52, 44, 68, 59, 72, 66),
            (48, 52, 54, 61, 73, 72, 77, 80),
            (40, 44, 61, 63, 77, 72, 79, 82),
            (62, 68, 73, 77, 79, 81, 79, 82),
            (54, 59, 72, 72, 81, 78, 81, 89),
            (68, 72, 77, 79, 79, 81, 89, 99),
            (65, 66, 80, 82, 82, 89, 99, 113),
        ),
        "Quantisation table of luma at quality 50. The start was a linear function of the radial frequency r:"
        " 12 + 10 r. Each coefficient was then changed until the next byte raised the score equally at all"
        " coefficients. Photos gained as much as 4 % more bytes give them, and so did four photos that were"
        " not used for the fit. A frequency of one cycle per block hides errors best; errors at odd"
        " frequencies are visible at the edges of blocks.",
        unit="levels",
    )
    halved_chroma: NDArray[np.float64] = _TABLES.tuned(
        _in_zigzag(
            (9, 17, 25, 35, 61, 49, 48, 56),
            (17, 21, 35, 37, 53, 50, 62, 60),
            (25, 35, 35, 47, 60, 48, 53, 60),
            (35, 37, 47, 47, 68, 52, 56, 57),
            (61, 53, 60, 68, 54, 57, 58, 60),
            (49, 50, 48, 52, 57, 57, 60, 64),
            (48, 62, 53, 56, 58, 60, 64, 70),
            (56, 60, 60, 57, 60, 64, 70, 69),
        ),
        "Quantisation table of chroma in 4:2:0 at quality 50, found like that of luma. The start was 12 + 6"
        " r.",
        unit="levels",
    )
    full_chroma: NDArray[np.float64] = _JPEG.tuned(
        18.0 + 15.0 * RADIUS,
        "Quantisation table of chroma in 4:4:4 at quality 50. No change improved the linear function.",
        unit="levels",
    )
    enlarged: tuple[NDArray[np.float64], NDArray[np.float64]] = _JPEG.tuned(
        (12.0 + 10.0 * RADIUS, 12.0 + 6.0 * RADIUS),
        "Quantisation tables at quality 50 of luma, and of chroma in 4:2:0, for a picture that is enlarged"
        " for display. At half the size these linear functions score 1 point more than the fitted tables.",
        unit="levels",
    )
    dead_zone: NDArray[np.float64] = _JPEG.tuned(
        np.where(RADIUS == 0, 0.5, 0.465 + 0.035 * RADIUS / RADIUS.max()),
        "Magnitude below which a coefficient becomes 0. DC is rounded to the nearest step.",
        unit="steps",
    )
    lambda_: float = _JPEG.tuned(
        0.06,
        "Lagrange multiplier of rate-distortion optimisation: the squared error that one bit is worth.",
        unit="squares of a step / bit",
    )
    no_rdo: tuple[float, float] = _JPEG.tuned(
        (4.5, 4.9),
        "Range of fineness (qualities 97.8 to 98.3) over which lambda falls to 0. There rate-distortion"
        " optimisation gains 0.05 points and takes half the time of a trial.",
        unit="fineness",
    )
    usual_sum: tuple[float, float] = _JPEG.tuned(
        (200.0, 96.0),
        "Sum of the AC magnitudes of a block at which the block has lambda itself, for luma and chroma."
        " Blocks with larger sums hide more errors (visual masking): lambda grows with a power of the sum.",
        unit="levels",
    )
    sum_offset: float = _JPEG.tuned(
        60.0,
        "Number that is added to the sum of a block and to usual_sum before the power.",
        unit="levels",
    )
    masking: tuple[float, float] = _JPEG.tuned(
        (0.55, 0.6),
        "Exponent of visual masking, for luma and chroma.",
        unit="power",
    )
    masks: tuple[NDArray[np.uint8], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pairs = zip(self.usual_sum, self.masking, strict=True)
        masks = tuple(_mask_table(usual, self.sum_offset, power) for usual, power in pairs)
        object.__setattr__(self, "masks", masks)


def _mask_table(usual: float, offset: float, power: float) -> NDArray[np.uint8]:
    """Return the mask for each sum, as kernels.dct.fill_masks() reads it: 16 is lambda, 64 the maximum."""
    sums = 2.0 * np.arange(dct.MASKS) + 1.0
    masks = np.rint(16 * ((sums + offset) / (usual + offset)) ** power)
    table = np.empty(dct.MASKS, np.uint8)
    table[:] = np.clip(masks, 2, 64)
    return table


TUNING = Tuning()
