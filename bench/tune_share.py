"""Measure what tells how photos should share a limit: ``python bench/tune_share.py OUT.json``.

For each photo and box: what its tiles lack to 100 points, and what the whole lacks at the qualities that
transcode.fit.pictures.rate_curve counts. For each photo in one box: the score at rising sizes, so that a
division of bytes is worth its scores without anything being made. Then the numbers of
transcode.fit.pictures.rate_curve and of transcode.message.allocation are made from these figures, the
latter by mixes of two thirds of the photos: how well they serve mixes of the others is told, beside a
division in proportion to a first encoding. With ``--again`` the figures of an earlier run are read from
the file.
"""

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge
from bench.bench_slideshow import BOX, LIMITS, first, in_proportion
from transcode.fit.pictures import rate_curve as model
from transcode.fit.pictures.image import PreparedImage
from transcode.fit.pictures.jpeg import encode_at
from transcode.fit.pictures.tiles import rgb, tiled
from transcode.fit.rate_points import RatePoint
from transcode.media.pictures import drawing
from transcode.media.pictures.openers import open_still
from transcode.media.samples.coefficients import Coefficients
from transcode.media.samples.score import ssimulacra2
from transcode.media.source.inputs import Input
from transcode.message import allocation
from transcode.model import Limits

BOXES = ((2592, 1944), BOX, (640, 480))

#: Photos beside those of the other benchmarks, of fewer pixels or further from the camera.
MORE = (
    "bridge_11mp_422_prog.jpg",
    "dandelion_16mp_prog.jpg",
    "gray_flower_3mp.jpg",
    "orient_landscape_1.jpg",
    "road_lossy.webp",
    "sub440_flower_3mp.jpg",
)

SIZES = tuple(int(size) for size in np.geomspace(6_000, 1_000_000, 20))
QUALITIES = tuple(model._LACKS)

FLOORS = (1.1, 1.13, 1.16, 1.2, 1.24, 1.3)
EMPHASES = (1.0, 1.4, 1.8, 2.2, 3.0)

#: Mixes of random photos, as many for those that are held out.
MIXES = 60

Figures = dict[str, Any]
Division = Callable[[Sequence[str], int], Sequence[int]]


def measure(out: Path) -> None:
    """Write the figures of each photo."""
    found: Figures = {}
    sources = corpus.photos() | {name: (corpus.folder() / name).read_bytes() for name in MORE}
    for name, data in sources.items():
        lacks = [lack(name, data, box) for box in BOXES]
        limits = Limits(SIZES[-1], *BOX, formats=("image/jpeg",))
        image = PreparedImage(Input(name, data), open_still(Input(name, data)), limits)
        original = judge.reference(data, BOX)
        made = [image.encode(size).data for size in SIZES]
        found[name] = {
            "lacks": lacks,
            "points": image.rate_curve(),
            "scores": [judge.score(each, original) for each in made],
            "first": first(original),
        }
        print(name, flush=True)
        out.write_text(json.dumps(found))


def lack(name: str, data: bytes, box: tuple[int, int]) -> list[float]:
    """What the tiles lack to 100 points, then what the whole picture lacks at each quality."""
    original = judge.reference(data, box)
    planes = open_still(Input(name, data)).reduce(*original.size).planes
    tiles = tiled(planes, model._TILE, model._ACROSS)
    height, width = tiles[0].shape
    (coarse,) = encode_at(Coefficients.of(tiles, width, height), (model._SCORED,))
    whole = [each.encode() for each in encode_at(Coefficients.of(planes, *original.size), QUALITIES)]
    of_tiles = ssimulacra2(rgb(tiles), drawing.decode(coarse.encode()))
    return [100 - of_tiles, *(100 - judge.score(each, original) for each in whole)]


def tell(found: Figures) -> None:
    """Print the numbers, and what they are worth."""
    rows = np.log([row for each in found.values() for row in each["lacks"]])
    for number, quality in enumerate(QUALITIES, 1):
        power, usual = np.polyfit(rows[:, 0] - np.log(model._USUAL_LACK), rows[:, number], 1)
        print(f"lacks at quality {quality:g}: {np.exp(usual):.1f}, power {power:.2f}")
    slopes = []
    for each in found.values():
        lacking = 100 - np.array(each["scores"])
        poor = lacking > each["lacks"][BOXES.index(BOX)][1]
        if poor.sum() > 1:
            slopes.append(-np.polyfit(np.log(SIZES)[poor], np.log(lacking[poor]), 1)[0])
    print(f"power of the size below quality {QUALITIES[0]:g}: {statistics.mean(slopes):.2f}")
    names = sorted(found)
    held = names[::3]
    tuned = [name for name in names if name not in held]
    for floor, emphasis in product(FLOORS, EMPHASES):
        allocation._FLOOR, allocation._EMPHASIS = floor, emphasis
        gains = [gain(found, mixes(pool)) for pool in (tuned, held)]
        print(
            f"floor {floor}, emphasis {emphasis}: points over a proportional division, mean and worst slide"
        )
        for limit, (tuned_gain, held_gain) in zip(LIMITS, zip(*gains, strict=True), strict=True):
            print(f"  {limit:,} B: {tuned_gain}, and on photos held out {held_gain}")


def mixes(names: Sequence[str]) -> list[list[str]]:
    """Mixes of two to ten of these photos, the same ones each time."""
    generator = random.Random(1)
    return [generator.sample(names, generator.randint(2, min(10, len(names)))) for _ in range(MIXES)]


def gain(found: Figures, mixed: Sequence[Sequence[str]]) -> list[str]:
    """For each limit the points, in the mean and of the worst slide, over a division in proportion."""

    def by_curves(mix: Sequence[str], room: int) -> Sequence[int]:
        return allocation.allocate(
            [[RatePoint(*each) for each in found[name]["points"]] for name in mix], room
        )

    def by_first(mix: Sequence[str], room: int) -> Sequence[int]:
        return in_proportion([found[name]["first"] for name in mix], room)

    told = []
    for limit in LIMITS:
        ours, theirs = (worth(found, mixed, limit, divided) for divided in (by_curves, by_first))
        told.append(f"{ours[0] - theirs[0]:+.2f} {ours[1] - theirs[1]:+.2f}")
    return told


def worth(
    found: Figures, mixed: Sequence[Sequence[str]], limit: int, divided: Division
) -> tuple[float, float]:
    """The mean score, and that of the worst slide, means over the mixes."""
    scores = [
        [
            float(np.interp(np.log(max(size, 1)), np.log(SIZES), found[name]["scores"]))
            for name, size in zip(mix, divided(mix, limit), strict=True)
        ]
        for mix in mixed
    ]
    return statistics.mean(map(statistics.mean, scores)), statistics.mean(map(min, scores))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    if not arguments.again:
        measure(arguments.out)
    tell(json.loads(arguments.out.read_text()))
