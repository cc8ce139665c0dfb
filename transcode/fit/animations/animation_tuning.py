"""Measured constants of animations."""

from __future__ import annotations

from dataclasses import dataclass

from transcode.model.tuning import Tool

__all__ = ["TUNING", "Tuning"]

_ANIMATION = Tool("bench/tune_animation.py", "animations")


@dataclass(frozen=True, slots=True)
class Tuning:
    """Constants that trade size, frame rate and quality of an animation. Points are SSIMULACRA2.

    Quality is 100 less the largest error of a pixel in levels, with the channels weighted by their
    contributions to luma.
    """

    steps: tuple[tuple[float, int], ...] = _ANIMATION.tuned(
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
    )
    fallen_apart: float = _ANIMATION.tuned(
        80.0,
        "Score below which a clip is compared with the GIF, where the receiver takes clips.",
        unit="points",
    )
    clip_gain: float = _ANIMATION.tuned(
        5.0,
        "Smallest gain at which a clip replaces the GIF. A GIF repeats and is shown within the message; a"
        " clip does neither.",
        unit="points",
    )
    lowest_quality: float = _ANIMATION.tuned(
        74.0,
        "Lowest quality at which the size is kept. Below this quality a smaller size looked better on five"
        " animations at 60 to 300 kB, by 3 to 10 points.",
        unit="quality",
    )
    coarsest_quality: float = _ANIMATION.tuned(
        60.0,
        "Lowest quality of a trial at the full size. The trial is kept if it scores more: a reduced drawing"
        " may take more bytes.",
        unit="quality",
    )
    fine_quality: float = _ANIMATION.tuned(
        97.0,
        "Quality of drawings where this costs few pixels. The files of drawings hardly grow with quality, and"
        " black lines on white gained 3 points.",
        unit="quality",
    )
    fine_share: float = _ANIMATION.tuned(
        0.9,
        "Smallest share of width and height that must remain for fine_quality.",
        unit="share of a side",
    )
    slow_growth: float = _ANIMATION.tuned(
        0.012,
        "Largest growth of the natural logarithm of the size with quality for fine_quality: 0.006 in"
        " drawings, 0.05 in photographs.",
        unit="1 / quality",
    )
    coarser_bytes: float = _ANIMATION.tuned(
        1.4,
        "Largest ratio of the size at lowest_quality to the limit at which coarsest_quality is tried at the"
        " full size.",
        unit="ratio of bytes",
    )
    code_cost: int = _ANIMATION.tuned(
        3000,
        "Cost of an LZW code in addition to its squared error.",
        unit="squares of weighted levels",
    )
    code_cost_share: int = _ANIMATION.tuned(
        20,
        "Increase of code_cost with the allowed squared error.",
        unit="ratio",
    )
    softer: float = _ANIMATION.tuned(
        2.0,
        "Score that reduction in linear light may lose against reduction of the samples. Means of light have"
        " no ringing and take fewer bytes. A film of fish gained 10 points at 40,000 bytes and lost 1 at"
        " 100,000.",
        unit="points",
    )


TUNING = Tuning()
