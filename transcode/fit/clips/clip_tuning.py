"""The numbers of clips that were found by measuring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.model.tuning import Tool, tuned

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TUNING", "Tuning"]

_CLIPS = Tool("bench/tune_clips.py", "clips")


@dataclass(frozen=True, slots=True, eq=False)
class Tuning:
    """What so many bits a second are spent on: pixels, frames, quantisers. Points are SSIMULACRA2."""

    bits_per_pixel: float = tuned(
        0.03,
        "Bits that a pixel has at most before the picture is made larger: at 50 to 200 kbit/s and 24 to 30"
        " frames a second both SSIM and SSIMULACRA2 at 640 pixels still rise down to about there.",
        unit="bits / pixel",
        by=_CLIPS,
    )
    usual_rate: float = tuned(
        24.0,
        "Frames that these bits hold for. The farther apart pictures are, the less they share, and the more"
        " bits each pixel needs: at 9 frames a second 0.05 make 11 points more than 0.03.",
        unit="frames / second",
        by=_CLIPS,
    )
    growth: float = tuned(
        0.75, "Coded bits grow with this power of the pixels, at the same quality.", unit="power", by=_CLIPS
    )
    most_growth: float = tuned(
        1.5,
        "Pixels are made this many times more at most where the source itself does with few bits.",
        unit="ratio of pixels",
        by=_CLIPS,
    )
    plenty: float = tuned(
        2.0,
        "Where there are this many times the bits that the source does with, as of pictures that stand, its"
        " own size is sure to be kept.",
        unit="ratio of bits",
        by=_CLIPS,
    )
    rates: tuple[tuple[float, float], ...] = tuned(
        ((50_000, 15.5), (math.inf, 30.5)),
        "Up to which bit rate of the pictures how many frames are kept at most.",
        unit="bits / second, frames / second",
        by=_CLIPS,
    )
    canvas_bits_per_pixel: float = tuned(
        0.07,
        "Bits below which MPEG-4 and H.263 take the next smaller canvas.",
        unit="bits / pixel",
        by=_CLIPS,
    )
    efficient: Mapping[str, float] = tuned(
        {"hevc": 1.5, "vp9": 1.4, "av1": 1.8},
        "How many times the bits of a source in another codec those of H.264 are, at the same quality.",
        unit="ratio of bits",
        by=_CLIPS,
    )
    margin: float = tuned(
        0.978,
        "The part of a limit or of a rate that encoders are asked for: they keep to it on the average only.",
        unit="share of the limit",
        by=_CLIPS,
    )
    still: float = tuned(
        0.014,
        "Where pictures differ less than this from the next, half of them may be worth more. On slow flights"
        " and talks both SSIM at 30 frames a second and SSIMULACRA2 rise by that (0.002 and 4 points at 120"
        " kbit/s), and the encoder has half of the work; with more motion SSIM falls.",
        unit="difference of blocks",
        by=_CLIPS,
    )
    fluent: float = tuned(
        20.0, "They may be where they are more than this many.", unit="frames / second", by=_CLIPS
    )
    scarce: float = tuned(0.1, "And where they have fewer bits.", unit="bits / pixel", by=_CLIPS)
    coarse: float = tuned(
        18.0,
        "They are if even half of them have a coarser quantiser in a first pass than this.",
        unit="quantiser",
        by=_CLIPS,
    )
    coarsest: float = tuned(42.0, "A quantiser that leaves blocks.", unit="quantiser", by=_CLIPS)
    bearable: float = tuned(38.0, "One that is bearable.", unit="quantiser", by=_CLIPS)
    fine: float = tuned(
        33.0, "One that is finer than the lost pixels are worth.", unit="quantiser", by=_CLIPS
    )
    quantiser_step: float = tuned(
        3.4,
        "How much half of the pixels lower the quantiser of camera clips. That of drawings and noise falls"
        " by up to three times as much: each size is measured, the next lies on the line through the last"
        " two.",
        unit="quantiser",
        by=_CLIPS,
    )


TUNING = Tuning()
