"""Measured constants of animations."""

from __future__ import annotations

from dataclasses import dataclass

from transcode.model.tuning import Tool, tuned

__all__ = ["TUNING", "Tuning"]

_ANIMATION = Tool("bench/tune_animation.py", "animations")


@dataclass(frozen=True, slots=True)
class Tuning:
    """Constants that trade size, frame rate and quality of an animation. Points are SSIMULACRA2.

    Quality is 100 less the largest error of a pixel in levels, with the channels weighted by their
    contributions to luma.
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
        "Pairs of a share of width and height and the shortest duration of a frame, in the order in which"
        " they are tried. Down to half the width and height only the size falls, then the frame rate falls"
        " too: below 10 frames/s motion is broken, and below a quarter of the size pictures are"
        " unrecognisable.",
        unit="share, hundredths of a second",
        by=_ANIMATION,
    )
    fallen_apart: float = tuned(
        80.0,
        "Score below which a clip is compared with the GIF, where the receiver takes clips.",
        unit="points",
        by=_ANIMATION,
    )
    clip_gain: float = tuned(
        5.0,
        "Smallest gain at which a clip replaces the GIF. A GIF repeats and is shown within the message; a"
        " clip does neither.",
        unit="points",
        by=_ANIMATION,
    )
    lowest_quality: float = tuned(
        74.0,
        "Lowest quality at which the size is kept. Below this quality a smaller size looked better on five"
        " animations at 60 to 300 kB, by 3 to 10 points.",
        unit="quality",
        by=_ANIMATION,
    )
    coarsest_quality: float = tuned(
        60.0,
        "Lowest quality of a trial at the full size. The trial is kept if it scores more: a reduced drawing"
        " may take more bytes.",
        unit="quality",
        by=_ANIMATION,
    )
    fine_quality: float = tuned(
        97.0,
        "Quality of drawings where this costs few pixels. The files of drawings hardly grow with quality, and"
        " black lines on white gained 3 points.",
        unit="quality",
        by=_ANIMATION,
    )
    fine_share: float = tuned(
        0.9,
        "Smallest share of width and height that must remain for fine_quality.",
        unit="share of a side",
        by=_ANIMATION,
    )
    slow_growth: float = tuned(
        0.012,
        "Largest growth of the natural logarithm of the size with quality for fine_quality: 0.006 in"
        " drawings, 0.05 in photographs.",
        unit="1 / quality",
        by=_ANIMATION,
    )
    coarser_bytes: float = tuned(
        1.4,
        "Largest ratio of the size at lowest_quality to the limit at which coarsest_quality is tried at the"
        " full size.",
        unit="ratio of bytes",
        by=_ANIMATION,
    )
    code_cost: int = tuned(
        3000,
        "Cost of an LZW code in addition to its squared error.",
        unit="squares of weighted levels",
        by=_ANIMATION,
    )
    code_cost_share: int = tuned(
        20, "Increase of code_cost with the allowed squared error.", unit="ratio", by=_ANIMATION
    )
    softer: float = tuned(
        2.0,
        "Score that reduction in linear light may lose against reduction of the samples. Means of light have"
        " no ringing and take fewer bytes. A film of fish gained 10 points at 40,000 bytes and lost 1 at"
        " 100,000.",
        unit="points",
        by=_ANIMATION,
    )


TUNING = Tuning()
