"""Measured constants of clips."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.model.tuning import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TUNING", "Tuning"]

_CLIPS = Tool("bench/tune_clips.py", "clips")


@dataclass(frozen=True, slots=True, eq=False)
class Tuning:
    """Constants that divide a bit rate between frame size, frame rate and quantiser.

    Points are SSIMULACRA2.
    """

    bits_per_pixel: float = _CLIPS.tuned(
        0.03,
        "Largest number of bits per pixel: with more bits the frame size is larger. At 50 to 200 kbit/s and"
        " 24 to 30 frames/s, SSIM and SSIMULACRA2 at a width of 640 pixels still rise as the bits per pixel"
        " fall to about this value.",
        unit="bits / pixel",
    )
    usual_rate: float = _CLIPS.tuned(
        24.0,
        "Frame rate for which bits_per_pixel holds. At a lower frame rate consecutive frames share less, and"
        " each pixel needs more bits: at 9 frames/s, 0.05 bits per pixel score 11 points more than 0.03.",
        unit="frames / second",
    )
    growth: float = _CLIPS.tuned(
        0.75,
        "Exponent of the pixels to which the coded bits are proportional at equal quality.",
        unit="power",
    )
    most_growth: float = _CLIPS.tuned(
        1.5,
        "Largest ratio of the pixels to those that bits_per_pixel gives, where the source itself has a low"
        " bit rate.",
        unit="ratio of pixels",
    )
    plenty: float = _CLIPS.tuned(
        2.0,
        "Ratio of the available bit rate to the bit rate of the source from which the frame size of the"
        " source is kept. Static content has such low bit rates.",
        unit="ratio of bits",
    )
    rates: tuple[tuple[float, float], ...] = _CLIPS.tuned(
        ((50_000, 15.5), (math.inf, 30.5)),
        "Pairs of a video bit rate and the highest frame rate up to that bit rate.",
        unit="bits / second, frames / second",
    )
    canvas_bits_per_pixel: float = _CLIPS.tuned(
        0.07,
        "Bits per pixel below which MPEG-4 and H.263 use the next smaller picture format.",
        unit="bits / pixel",
    )
    efficient: Mapping[str, float] = _CLIPS.tuned(
        {"hevc": 1.5, "vp9": 1.4, "av1": 1.8},
        "Bit rate of H.264 divided by the bit rate of the source's codec at equal quality.",
        unit="ratio of bits",
    )
    margin: float = _CLIPS.tuned(
        0.978,
        "Share of a byte limit or bit rate that is requested from an encoder. Encoders keep to a bit rate"
        " only on average.",
        unit="share of the limit",
    )
    still: float = _CLIPS.tuned(
        0.014,
        "Largest mean difference between consecutive frames at which half the frame rate is tried. On slow"
        " flights and talks at 120 kbit/s half the frame rate raises both SSIM at 30 frames/s (by 0.002) and"
        " SSIMULACRA2 (by 4 points), and halves the work of the encoder. With more motion SSIM falls.",
        unit="difference of blocks",
    )
    fluent: float = _CLIPS.tuned(
        20.0,
        "Lowest frame rate at which half the frame rate is tried.",
        unit="frames / second",
    )
    scarce: float = _CLIPS.tuned(
        0.1,
        "Largest number of bits per pixel at which half the frame rate is tried.",
        unit="bits / pixel",
    )
    coarse: float = _CLIPS.tuned(
        18.0,
        "Lowest mean quantiser of a first pass at half the frame rate. With a lower quantiser all frames are"
        " kept.",
        unit="quantiser",
    )
    coarsest: float = _CLIPS.tuned(
        42.0,
        "Mean quantiser above which blocks are visible and a smaller frame size is tried.",
        unit="quantiser",
    )
    bearable: float = _CLIPS.tuned(
        38.0,
        "Mean quantiser at which the search for a smaller frame size aims.",
        unit="quantiser",
    )
    fine: float = _CLIPS.tuned(
        33.0,
        "Lowest mean quantiser after a reduction of the frame size. A lower quantiser is not worth the lost"
        " pixels: a larger frame size is tried.",
        unit="quantiser",
    )
    quantiser_step: float = _CLIPS.tuned(
        3.4,
        "Drop of the quantiser when a camera clip has half the pixels. For drawings and noise the drop is up"
        " to three times as large, so the quantiser of each size is measured, and the next size is"
        " extrapolated from the last two.",
        unit="quantiser",
    )


TUNING = Tuning()
