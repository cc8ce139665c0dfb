"""Measure the effect of the numbers of animations: ``python bench/tune_animation.py [--small]``.

The tool tries smaller and larger values of each number of transcode.fit.animations.animation_tuning, with all
other numbers unchanged, on the animations of the shared corpus under several limits. The score is the mean
SSIMULACRA2 at evenly spaced moments, at the size of the box and on a white background. An animation that
does not fit scores 0.
"""

import sys
from collections.abc import Callable, Iterator
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

#: Animations, and the limits of each in bytes.
Media = dict[str, tuple[int, ...]]

#: The media of the whole run.
ALL: Media = {
    "crochet_42f.gif": (40_000, 100_000, 250_000),
    "newtonscradle_36f.gif": (40_000, 100_000, 300_000),
    "rotating_squares_30f.gif": (10_000, 20_000, 35_000),
    "pythagoras_201f.gif": (40_000, 100_000, 160_000),
    "anim_lossy_101f.webp": (60_000, 150_000, 300_000),
    "globe_animated.avif": (60_000, 300_000),
    "spinfox.apng.png": (60_000, 300_000),
}
#: The media of most numbers for the check, in a smaller box: photographs and drawings.
SMALL: Media = {
    "crochet_42f.gif": (25_000, 70_000),
    "rotating_squares_30f.gif": (8_000,),
    "pythagoras_201f.gif": (25_000,),
}
#: A drawing whose full size just misses the limit at lowest_quality, and fits at 66: no smaller one fits.
JUST_MISSED: Media = {"rotating_squares_30f.gif": (1_803,)}
#: Black lines on white, which have 12 points more at quality 98 and 145 pixels than at 95 and 148.
LINES: Media = {"pythagoras_201f.gif": (48_255,)}
#: GIFs of 68 and 36 points, and clips of 82 and 62.
FALLEN_APART: Media = {"newtonscradle_36f.gif": (9_000,), "crochet_42f.gif": (12_000,)}
#: Photographs, in which codes have a price.
PHOTOGRAPHS: Media = {"crochet_42f.gif": (37_618,), "newtonscradle_36f.gif": (27_979,)}

#: The media of the numbers that SMALL does not decide, and the points that each may lose. A trial more can
#: only raise the score, so coarser_bytes and fallen_apart are bounded from below alone, and fine_share from
#: above; their other bounds save time. Above 0.012 slow_growth gains 0.6 points on a drawing with gradients.
#: The costs of codes are not bounded: code_cost from 0 to 200,000, and code_cost_share from 0 to 1,000,
#: change the score by less than 0.7 points either way. Both at 0 gain 0.4 to 1.1 points.
ON: dict[str, tuple[Media, float]] = {
    "coarsest_quality": (JUST_MISSED, 0.4),
    "coarser_bytes": (JUST_MISSED, 0.4),
    "fine_quality": (LINES, 0.4),
    "fine_share": (LINES, 0.4),
    "slow_growth": (LINES, 0.4),
    "code_cost": (PHOTOGRAPHS, 0.7),
    "code_cost_share": (PHOTOGRAPHS, 0.7),
}
BOX, SMALL_BOX = (480, 480), (160, 160)

#: Values that are tried besides the values in use.
WIDTHS = (1.0, 0.84, 0.71, 0.6, 0.5, 0.42, 0.35, 0.3, 0.25, 0.21, 0.18)
STEPS = {
    "every frame kept": tuple((share, 2) for share in WIDTHS),
    "ten frames a second at once": tuple((share, 10) for share in WIDTHS),
}
#: The value in use is among them, so that another one in its place is compared with it.
VALUES: dict[str, tuple[float, ...]] = {
    "lowest_quality": (60.0, 74.0, 85.0),
    "coarsest_quality": (45.0, 60.0, 70.0),
    "fine_quality": (85.0, 97.0, 100.0),
    "fine_share": (0.6, 0.9, 1.0),
    "slow_growth": (0.0, 0.006, 0.012, 0.05),
    "coarser_bytes": (1.0, 1.4, 2.0),
    "code_cost": (0, 3000, 20_000),
    "code_cost_share": (0, 20, 100),
    "softer": (-20.0, 2.0, 8.0),
    "fallen_apart": (20.0, 50.0, 80.0),
    "clip_gain": (5.0, 20.0, 40.0),
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


def points(media: Media, box: tuple[int, int], numbers: Tuning, *, clips: bool = False) -> float:
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


def scored(media: Media, box: tuple[int, int], *, clips: bool = False) -> Callable[[Tuning], float]:
    """A function that returns the mean score of numbers."""
    return lambda numbers: points(media, box, numbers, clips=clips)


def compared(
    media: Media,
    box: tuple[int, int],
    clips: Media,
    on: dict[str, tuple[Media, float]],
    *,
    lost: float,
) -> Iterator[tuning.Finding]:
    """The findings of all numbers, each compared with the values that are tried.

    Args:
        media: the media of most numbers.
        box: the largest width and height.
        clips: the media of the numbers that decide between a GIF and a clip.
        on: other media of some numbers, and the points that each may lose.
        lost: the points that every other number may lose.
    """
    worth = scored(media, box)
    ladders = {"in use": tuning.in_use(worth, TUNING)}
    ladders |= {words: worth(tuning.changed(TUNING, "steps", steps)) for words, steps in STEPS.items()}
    yield tuning.best(TUNING, "steps", ladders, lost=lost, value="in use")
    worths: dict[int, Callable[[Tuning], float]] = {id(media): worth}
    for name, values in VALUES.items():
        if name in ("fallen_apart", "clip_gain"):
            continue
        used, may_lose = on.get(name, (media, lost))
        worth = worths.setdefault(id(used), scored(used, box))
        yield tuning.sweep(TUNING, name, worth, lost=may_lose, values=values)
    with_clips = scored(clips, box, clips=True)
    yield tuning.sweep(TUNING, "fallen_apart", with_clips, lost=lost, values=VALUES["fallen_apart"])
    # A clip scores higher than a GIF but does not repeat. The needed gain is chosen, so a loss is allowed.
    yield tuning.sweep(TUNING, "clip_gain", with_clips, lost=5.0, values=VALUES["clip_gain"])


def findings() -> Iterator[tuning.Finding]:
    """The findings in a small box, each on the animations that it is about."""
    yield from compared(SMALL, SMALL_BOX, FALLEN_APART, ON, lost=0.4)


def main() -> int:
    return tuning.check(__doc__, findings, lambda: compared(ALL, BOX, ALL, {}, lost=0.5))


if __name__ == "__main__":
    raise SystemExit(main())
