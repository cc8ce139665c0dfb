"""Measure the effect of the numbers of animations: ``python bench/tune_animation.py [--small]``.

The tool tries smaller and larger values of each number of transcode.fit.animations.animation_tuning, with all
other numbers unchanged, on the animations of the shared corpus under several limits. The score is the mean
SSIMULACRA2 at evenly spaced moments, at the size of the box and on a white background. An animation that
does not fit scores 0.
"""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, tuning
from transcode.fit.animations.animation import fit_animation
from transcode.fit.animations.animation_tuning import TUNING, Tuning
from transcode.fit.animations.moments import AnimationScorer
from transcode.media.pictures.animation import open_animation
from transcode.media.pictures.openers import open_still
from transcode.media.source.inputs import Input
from transcode.model import Limits

#: Animations, and the limits of each in bytes. SMALL is for the check, in a smaller box.
ALL: dict[str, tuple[int, ...]] = {
    "crochet_42f.gif": (40_000, 100_000, 250_000),
    "newtonscradle_36f.gif": (40_000, 100_000, 300_000),
    "rotating_squares_30f.gif": (10_000, 20_000, 35_000),
    "pythagoras_201f.gif": (40_000, 100_000, 160_000),
    "anim_lossy_101f.webp": (60_000, 150_000, 300_000),
    "globe_animated.avif": (60_000, 300_000),
    "spinfox.apng.png": (60_000, 300_000),
}
SMALL: dict[str, tuple[int, ...]] = {
    "crochet_42f.gif": (25_000, 70_000),
    "rotating_squares_30f.gif": (8_000,),
    "pythagoras_201f.gif": (25_000,),
}
BOX, SMALL_BOX = (480, 480), (160, 160)

#: Values that are tried besides the values in use.
WIDTHS = (1.0, 0.84, 0.71, 0.6, 0.5, 0.42, 0.35, 0.3, 0.25, 0.21, 0.18)
STEPS = {
    "every frame kept": tuple((share, 2) for share in WIDTHS),
    "ten frames a second at once": tuple((share, 10) for share in WIDTHS),
}
VALUES: dict[str, tuple[float, ...]] = {
    "lowest_quality": (60.0, 85.0),
    "coarsest_quality": (40.0, 70.0),
    "fine_quality": (85.0, 100.0),
    "fine_share": (0.6, 1.0),
    "slow_growth": (0.0, 0.05),
    "coarser_bytes": (1.0, 2.0),
    "code_cost": (0, 20_000),
    "code_cost_share": (0, 100),
    "softer": (-20.0, 8.0),
}


@cache
def opened(name: str) -> tuple[Input, AnimationScorer]:
    """An animation, and a scorer for its renditions at the size of BOX."""
    content = Input(name, (corpus.folder() / name).read_bytes())
    animation = open_animation(content, open_still(content).content_type)
    if animation is None:
        raise ValueError(f"{name} does not move")
    scale = min(1.0, BOX[0] / max(animation.width, animation.height))
    return content, AnimationScorer(
        animation, round(animation.width * scale), round(animation.height * scale)
    )


@cache
def score(name: str, data: bytes, kind: str) -> float:
    """The score of a rendition; cached, because different numbers may give equal renditions."""
    judge = opened(name)[1]
    return judge.gif(data) if kind == "image/gif" else judge.clip(data)


def points(
    media: dict[str, tuple[int, ...]], box: tuple[int, int], numbers: Tuning, *, clips: bool = False
) -> float:
    """The mean score over animations and limits."""
    found = []
    formats = ("image/jpeg", "image/gif", *(["video/mp4"] if clips else []))
    for name, sizes in media.items():
        content = opened(name)[0]
        for size in sizes:
            still = open_still(content)
            animation = open_animation(content, still.content_type)
            if animation is None:
                raise ValueError(f"{name} does not move")
            limits = Limits(size, *box, formats=formats, max_video_width=box[0], max_video_height=box[1])
            made = fit_animation(content, animation, still, limits, tuning=numbers)
            found.append(0.0 if made is None else score(name, made.data, made.content_type))
    return float(np.mean(found))


def compared(
    media: dict[str, tuple[int, ...]], box: tuple[int, int], *, lost: float
) -> Iterator[tuning.Finding]:
    """The findings of all numbers, each compared with the values that are tried."""

    def worth(numbers: Tuning) -> float:
        return points(media, box, numbers)

    ladders = {"in use": tuning.in_use(worth, TUNING)}
    ladders |= {words: worth(tuning.changed(TUNING, "steps", steps)) for words, steps in STEPS.items()}
    yield tuning.best(TUNING, "steps", ladders, lost=lost, value="in use")
    for name, values in VALUES.items():
        yield tuning.sweep(TUNING, name, worth, lost=lost, values=values)

    def with_clips(numbers: Tuning) -> float:
        return points(media, box, numbers, clips=True)

    yield tuning.sweep(TUNING, "fallen_apart", with_clips, lost=lost, values=(20.0, 50.0))
    # A clip scores higher than a GIF but does not repeat. The needed gain is chosen, so a loss is allowed.
    yield tuning.sweep(TUNING, "clip_gain", with_clips, lost=5.0, values=(20.0, 40.0))


def findings() -> Iterator[tuning.Finding]:
    """The findings on three animations in a small box."""
    yield from compared(SMALL, SMALL_BOX, lost=0.4)


def main() -> int:
    return tuning.check(__doc__, findings, lambda: compared(ALL, BOX, lost=0.5))


if __name__ == "__main__":
    raise SystemExit(main())
