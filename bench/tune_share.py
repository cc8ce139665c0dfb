"""Tune the division of a limit among photos: ``python bench/tune_share.py OUT.json``.

Distortion is 100 minus the SSIMULACRA2 score. For each photo and box the tool measures the distortion of
the sample tiles, and of the whole picture at the qualities of transcode.fit.pictures.rate_curve. For each
photo in one box it measures the score at rising sizes, so that a division can be scored without encoding.
The numbers of transcode.fit.pictures.rate_curve and transcode.message.allocation are derived from these
figures. The numbers of allocation are tuned on mixes of two thirds of the photos, and the scores on mixes of
the other photos are printed too, relative to a division in proportion to a first encoding. ``--again`` reads
the figures of an earlier run from the file. ``--small`` checks the numbers in use with half of the sizes.
"""

import random
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge, tuning
from bench.bench_slideshow import BOX, LIMITS, first, in_proportion
from transcode.fit.pictures import rate_curve
from transcode.fit.pictures.image import PreparedImage
from transcode.fit.pictures.jpeg import encode_at
from transcode.fit.pictures.tiles import rgb, tiled
from transcode.media.pictures import drawing
from transcode.media.pictures.openers import open_still
from transcode.media.samples.coefficients import Coefficients
from transcode.media.samples.score import ssimulacra2
from transcode.media.source.inputs import Input
from transcode.message import allocation
from transcode.model import Limits

BOXES = ((2592, 1944), BOX, (640, 480))

#: Photos besides those of the other benchmarks, with fewer pixels, or processed after the camera.
MORE = (
    "bridge_11mp_422_prog.jpg",
    "dandelion_16mp_prog.jpg",
    "gray_flower_3mp.jpg",
    "orient_landscape_1.jpg",
    "road_lossy.webp",
    "sub440_flower_3mp.jpg",
)

SIZES = tuple(int(size) for size in np.geomspace(6_000, 1_000_000, 20))
QUALITIES = tuple(quality for quality, _, _ in rate_curve.TUNING.distortions)

#: All photos. The lines through the distortions of fewer photos have other slopes.
NAMES = (*corpus.PHOTOS, *MORE)

#: Weight of the mean score beside the score of the worst slide. A division is to raise the worst slide at
#: about the same mean. Chosen: all weights from 3 to 7 find the same values.
MEAN = 4.0

FLOORS = (1.1, 1.13, 1.16, 1.2, 1.24, 1.3)
EMPHASES = (1.0, 1.4, 1.8, 2.2, 3.0)

#: Number of random mixes of the tuned photos, and of the held-out photos.
MIXES = 60

Figures = dict[str, Any]
Division = Callable[[Sequence[str], int], Sequence[int]]


def measure(names: Sequence[str], sizes: Sequence[int]) -> Figures:
    """The figures of each photo."""
    found: Figures = {}
    for name in names:
        data = (corpus.folder() / name).read_bytes()
        limits = Limits(sizes[-1], *BOX, formats=("image/jpeg",))
        still = open_still(Input(name, data))
        image = PreparedImage(Input(name, data), still, limits)
        original = judge.reference(data, BOX)
        made = [image.encode(size).data for size in sizes]
        found[name] = {
            "distortions": [distortions(name, data, box) for box in BOXES],
            "tiles": rate_curve.tile_figures(still.reduce(*original.size).planes),
            "sizes": sizes,
            "scores": [judge.score(each, original) for each in made],
            "first": first(original),
        }
        print(name, file=sys.stderr, flush=True)
    return found


def distortions(name: str, data: bytes, box: tuple[int, int]) -> list[float]:
    """The distortion of the tiles, then of the whole picture at each quality."""
    original = judge.reference(data, box)
    planes = open_still(Input(name, data)).reduce(*original.size).planes
    tiles = tiled(planes, rate_curve.TILE, rate_curve.ACROSS)
    height, width = tiles[0].shape
    (coarse,) = encode_at(Coefficients.of(tiles, width, height), (rate_curve.SCORED,))
    whole = [each.encode() for each in encode_at(Coefficients.of(planes, *original.size), QUALITIES)]
    of_tiles = ssimulacra2(rgb(tiles), drawing.decode(coarse.encode()))
    return [100 - of_tiles, *(100 - judge.score(each, original) for each in whole)]


def fitted(found: Figures) -> rate_curve.Tuning:
    """The numbers of rate_curve, fitted to the figures."""
    rows = np.log([row for each in found.values() for row in each["distortions"]])
    numbers = []
    for number, quality in enumerate(QUALITIES, 1):
        power, usual = np.polyfit(rows[:, 0] - np.log(rate_curve.USUAL_DISTORTION), rows[:, number], 1)
        numbers.append((quality, round(float(np.exp(usual)), 1), round(float(power), 2)))
    slopes = []
    for each in found.values():
        distortion = 100 - np.array(each["scores"])
        poor = distortion > each["distortions"][BOXES.index(BOX)][1]
        if poor.sum() > 1:
            slopes.append(-np.polyfit(np.log(each["sizes"])[poor], np.log(distortion[poor]), 1)[0])
    return rate_curve.Tuning(tuple(numbers), round(statistics.mean(slopes), 2))


def tell(found: Figures) -> None:
    """Print the fitted numbers, and the gains of several numbers."""
    print(f"by all photos: {fitted(found)}")
    names = sorted(found)
    held = names[::3]
    tuned = [name for name in names if name not in held]
    others = fitted({name: found[name] for name in tuned})
    print(f"by {len(tuned)} photos: {others}")
    print("points above a proportional division: mean and worst slide, on tuned and on held-out photos")
    for label, numbers in (("in use", rate_curve.TUNING), ("by those", others)):
        show(found, label, tuned, held, numbers, allocation.TUNING)
    for floor, emphasis in product(FLOORS, EMPHASES):
        shares = allocation.Tuning(floor, emphasis)
        show(found, f"floor {floor}, emphasis {emphasis}", tuned, held, rate_curve.TUNING, shares)


def show(
    found: Figures,
    label: str,
    tuned: Sequence[str],
    held: Sequence[str],
    curves: rate_curve.Tuning,
    shares: allocation.Tuning,
) -> None:
    """Print the gains of the given numbers under each limit."""
    gains = [gain(found, mixes(pool), curves, shares) for pool in (tuned, held)]
    print(label)
    for limit, own, other in zip(LIMITS, *gains, strict=True):
        words = ", ".join(f"{mean:+.2f} {worst:+.2f}" for mean, worst in (own, other))
        print(f"  {limit:,} B: {words}")


def findings() -> Iterator[tuning.Finding]:
    """Findings on the lines through the distortions of all photos, and on divisions among them."""
    found = measure(NAMES, SIZES[::2])
    numbers = fitted(found)
    for (quality, usual, power), (_, new, other) in zip(
        rate_curve.TUNING.distortions, numbers.distortions, strict=True
    ):
        yield tuning.near(
            rate_curve.TUNING, "distortions", new, within=0.15 * usual, value=usual, part=f"at {quality:g}"
        )
        yield tuning.near(
            rate_curve.TUNING, "distortions", other, within=0.25, value=power, part=f"power at {quality:g}"
        )
    yield tuning.near(rate_curve.TUNING, "power", numbers.power, within=0.12)

    def worth(shares: allocation.Tuning) -> float:
        gains = gain(found, mixes(NAMES), rate_curve.TUNING, shares)
        return statistics.mean(MEAN * mean + worst for mean, worst in gains)

    values = (1.02, 1.1, 1.35, 1.6)
    yield tuning.sweep(allocation.TUNING, "floor", worth, lost=0.3, values=values)
    yield tuning.sweep(allocation.TUNING, "emphasis", worth, lost=0.3, values=(0.5, 1.0, 3.0, 4.5))


def mixes(names: Sequence[str]) -> list[list[str]]:
    """Seeded random mixes of two to ten photos."""
    generator = random.Random(1)
    return [generator.sample(names, generator.randint(2, min(10, len(names)))) for _ in range(MIXES)]


def gain(
    found: Figures, mixed: Sequence[Sequence[str]], curves: rate_curve.Tuning, shares: allocation.Tuning
) -> list[tuple[float, float]]:
    """The gain in points over a proportional division for each limit: mean, and worst slide."""

    def by_curves(mix: Sequence[str], room: int) -> Sequence[int]:
        points = [rate_curve.curve(*found[name]["tiles"], tuning=curves) for name in mix]
        return allocation.allocate(points, room, tuning=shares)

    def by_first(mix: Sequence[str], room: int) -> Sequence[int]:
        return in_proportion([found[name]["first"] for name in mix], room)

    told = []
    for limit in LIMITS:
        ours, theirs = (worth(found, mixed, limit, divided) for divided in (by_curves, by_first))
        told.append((ours[0] - theirs[0], ours[1] - theirs[1]))
    return told


def worth(
    found: Figures, mixed: Sequence[Sequence[str]], limit: int, divided: Division
) -> tuple[float, float]:
    """The mean score and the score of the worst slide, averaged over the mixes."""
    scores = [
        [
            float(np.interp(np.log(max(size, 1)), np.log(found[name]["sizes"]), found[name]["scores"]))
            for name, size in zip(mix, divided(mix, limit), strict=True)
        ]
        for mix in mixed
    ]
    return statistics.mean(map(statistics.mean, scores)), statistics.mean(map(min, scores))


if __name__ == "__main__":
    tell(tuning.kept(__doc__, findings, lambda: measure(NAMES, SIZES)))
