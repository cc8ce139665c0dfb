"""The numbers of the JPEG search and of its quantisation that were found by measuring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import dct
from transcode.model.tuning import Tool, tuned

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RADIUS", "TUNING", "ZIGZAG", "Tuning"]

#: Row and column of each coefficient, in zigzag order (T.81, figure 5): by diagonals, every other upwards.
ZIGZAG = sorted(np.ndindex(8, 8), key=lambda place: (sum(place), place[0] if sum(place) % 2 else place[1]))

#: Their radial frequency.
RADIUS = np.hypot(*np.array(ZIGZAG).T)

_JPEG = Tool("bench/tune_jpeg.py", "photos")
_TABLES = Tool("bench/tune_tables.py", "photos")


def _in_zigzag(*rows: tuple[int, ...]) -> NDArray[np.float64]:
    """A table as one reads it, rows downwards, in zigzag order."""
    return np.array([rows[row][column] for row, column in ZIGZAG], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Tuning:
    """How a JPEG is quantised, and where the search for its fineness begins.

    Fineness is minus the binary logarithm of what steps at quality 50 are multiplied by. Scores and points
    are SSIMULACRA2.

    Attributes:
        masks: lambda by the sum of the magnitudes of a block's AC, for luma and chroma, as
            kernels.dct.fill_masks() reads it; made of the other numbers.
    """

    usual_fineness: float = tuned(
        6.05,
        "Where the search begins: the fineness of camera photos at a byte a pixel.",
        unit="fineness",
        by=_JPEG,
    )
    usual_slope: float = tuned(
        1.74,
        "How much more fineness e times the bytes make, at 0.02 to 0.33 bytes a pixel.",
        unit="fineness",
        by=_JPEG,
    )
    growth: float = tuned(
        0.75,
        "How much the natural logarithm of the size grows with fineness where there are hardly any bytes.",
        unit="1 / fineness",
        by=_JPEG,
    )
    growth_slope: float = tuned(
        -0.6,
        "How much that growth changes with each byte a pixel.",
        unit="1 / fineness / (byte / pixel)",
        by=_JPEG,
    )
    rdo_saving: float = tuned(
        0.3,
        "What rate-distortion optimisation takes off the natural logarithm of the size at fineness 0.",
        unit="natural logarithm",
        by=_JPEG,
    )
    rdo_saving_slope: float = tuned(
        -0.05, "How much that saving changes with fineness.", unit="natural logarithm / fineness", by=_JPEG
    )
    lambda_cut_growth: tuple[float, float] = tuned(
        (0.2, 0.1),
        "How much the natural logarithm of the size grows as lambda is cut: at fineness 0, and at least.",
        unit="natural logarithm / whole lambda",
        by=_JPEG,
    )
    lambda_cut_slope: float = tuned(
        -0.03, "How much that growth changes with fineness.", unit="natural logarithm / fineness", by=_JPEG
    )
    full_chroma_detail: float = tuned(
        18.0,
        "Chroma is halved where the smaller planes have less detail than this many times the square error of"
        " luma at a middle frequency. Of twelve camera photos at 2592, 1600 and 640 pixels those above it"
        " gained 0.3 to 7 points by 4:4:4; those below lost up to a point, or gained 0.2 at most.",
        unit="ratio of squared levels",
        by=_JPEG,
    )
    sure_full_chroma_quality: float = tuned(
        97.6,
        "From this quality on chroma is whole: nothing else is left to spend bytes on.",
        unit="quality",
        by=_JPEG,
    )
    least_full_chroma_quality: float = tuned(
        90.0, "Below this quality chroma is always halved.", unit="quality", by=_JPEG
    )
    full_chroma_cost: float = tuned(
        0.33,
        "How much less fine the same bytes are in 4:4:4: by 0.2 to 0.5 on photos.",
        unit="fineness",
        by=_JPEG,
    )
    luma: NDArray[np.float64] = tuned(
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
        "The quantisation table of luma at quality 50. A straight line over radial frequency (12 + 10 r) was"
        " changed, coefficient by coefficient, until the next byte bought as much score at each: photos"
        " gained what 4 % of their bytes gain, and four that had no say as much. A cycle a block hides errors"
        " best; odd frequencies show at the edges of blocks.",
        unit="levels",
        by=_TABLES,
    )
    halved_chroma: NDArray[np.float64] = tuned(
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
        "The same of chroma in 4:2:0; the line was 12 + 6 r.",
        unit="levels",
        by=_TABLES,
    )
    full_chroma: NDArray[np.float64] = tuned(
        18.0 + 15.0 * RADIUS,
        "The same of chroma in 4:4:4: nothing was better than a line.",
        unit="levels",
        by=_JPEG,
    )
    enlarged: tuple[NDArray[np.float64], NDArray[np.float64]] = tuned(
        (12.0 + 10.0 * RADIUS, 12.0 + 6.0 * RADIUS),
        "The same of luma, and of chroma in 4:2:0, of a picture that is seen enlarged: there the lines are"
        " better, by a point at half the size.",
        unit="levels",
        by=_JPEG,
    )
    dead_zone: NDArray[np.float64] = tuned(
        np.where(RADIUS == 0, 0.5, 0.465 + 0.035 * RADIUS / RADIUS.max()),
        "How large a coefficient must be to be looked at. DC is rounded plainly.",
        unit="steps",
        by=_JPEG,
    )
    lambda_: float = tuned(
        0.06, "The squared error that one bit is worth.", unit="squares of a step / bit", by=_JPEG
    )
    no_rdo: tuple[float, float] = tuned(
        (4.5, 4.9),
        "With finer steps lambda goes down to nothing, from one to the other (qualities of 97.8 and 98.3):"
        " there it gains a twentieth of a point, for half of the time of a trial.",
        unit="fineness",
        by=_JPEG,
    )
    usual_sum: tuple[float, float] = tuned(
        (200.0, 96.0),
        "Blocks with more in them hide more (visual masking): lambda grows with a power of the sum of the"
        " magnitudes of their AC. The sum at which it is lambda itself, for luma and chroma.",
        unit="levels",
        by=_JPEG,
    )
    sum_offset: float = tuned(60.0, "What is added to both sums before the power.", unit="levels", by=_JPEG)
    masking: tuple[float, float] = tuned(
        (0.55, 0.6), "The power, for luma and chroma.", unit="power", by=_JPEG
    )
    masks: tuple[NDArray[np.uint8], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pairs = zip(self.usual_sum, self.masking, strict=True)
        masks = tuple(_mask_table(usual, self.sum_offset, power) for usual, power in pairs)
        object.__setattr__(self, "masks", masks)


def _mask_table(usual: float, offset: float, power: float) -> NDArray[np.uint8]:
    """Masks by sums, as kernels.dct.fill_masks() reads them: 16 is lambda itself, 64 the most."""
    sums = 2.0 * np.arange(dct.MASKS) + 1.0
    masks = np.rint(16 * ((sums + offset) / (usual + offset)) ** power)
    table = np.empty(dct.MASKS, np.uint8)
    table[:] = np.clip(masks, 2, 64)
    return table


TUNING = Tuning()
