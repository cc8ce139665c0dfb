"""The numbers of animations that were found by measuring."""

from __future__ import annotations

from dataclasses import dataclass

from transcode.model.tuning import Tool, tuned

__all__ = ["TUNING", "Tuning"]

_ANIMATION = Tool("bench/tune_animation.py", "animations")


@dataclass(frozen=True, slots=True)
class Tuning:
    """What an animation gives up first. Points are SSIMULACRA2.

    Quality is 100 less the largest error of a pixel in levels, weighted by its channels' parts of luma.
    """

    steps: tuple[tuple[float, int], ...] = tuned(
        (
            (1.0, 2),
            (1.0, 4),
            (0.84, 4),
            (0.71, 5),
            (0.6, 6),
            (0.5, 6),
            (0.5, 10),
            (0.42, 10),
            (0.35, 10),
            (0.3, 12),
            (0.25, 12),
            (0.21, 15),
            (0.18, 20),
        ),
        "Shares of width and height, and the shortest times of a frame, in the order in which they are"
        " tried. Up to half the size the picture gives way, then also the rate: below ten frames a second"
        " motion falls apart, and below a quarter of the size pictures do.",
        unit="share, hundredths of a second",
        by=_ANIMATION,
    )
    fallen_apart: float = tuned(
        80.0,
        "A GIF with fewer points has a clip beside it where one is taken.",
        unit="points",
        by=_ANIMATION,
    )
    clip_gain: float = tuned(
        5.0,
        "The clip takes its place if it has this many points more: a GIF runs on and on, and stands in the"
        " message.",
        unit="points",
        by=_ANIMATION,
    )
    lowest_quality: float = tuned(
        74.0,
        "Below it fewer pixels look better: on five animations at 60 to 300 kB they did by 3 to 10 points.",
        unit="quality",
        by=_ANIMATION,
    )
    coarsest_quality: float = tuned(
        60.0,
        "How low it may go where every pixel is kept, if that looks better: a reduced drawing may take more"
        " bytes.",
        unit="quality",
        by=_ANIMATION,
    )
    fine_quality: float = tuned(
        97.0,
        "How fine drawings are coded where few pixels are lost by it: their files hardly grow with quality,"
        " and lines in black on white gained three points.",
        unit="quality",
        by=_ANIMATION,
    )
    fine_share: float = tuned(
        0.9,
        "Few are lost where this much is left of width and height.",
        unit="share of a side",
        by=_ANIMATION,
    )
    slow_growth: float = tuned(
        0.012,
        "And where the natural logarithm of the size grows no faster with quality: 0.006 in drawings, 0.05 in"
        " photographs.",
        unit="1 / quality",
        by=_ANIMATION,
    )
    coarser_bytes: float = tuned(
        1.4,
        "A coarser coding of the whole size is tried where that takes no more than this many times the bytes"
        " that there are.",
        unit="ratio of bytes",
        by=_ANIMATION,
    )
    code_cost: int = tuned(
        3000,
        "What a code costs beside the error that it is allowed.",
        unit="squares of weighted levels",
        by=_ANIMATION,
    )
    code_cost_share: int = tuned(
        20, "How much more it costs with each that is allowed.", unit="ratio", by=_ANIMATION
    )
    softer: float = tuned(
        2.0,
        "Frames are reduced in linear light where they score this much less, too: means of light ring around"
        " nothing and take fewer bytes. A film of fish in 40,000 bytes gained ten points by them and lost one"
        " in 100,000.",
        unit="points",
        by=_ANIMATION,
    )


TUNING = Tuning()
