"""Measure what each size of a picture is worth under a limit: ``python bench/tune_size.py OUT.json``.

For each photo, box and number of bytes a pixel of the box, the picture is fitted at every size of a ladder
and scored at the size of the box, and so are its tiles. Then the numbers of transcode.fit.pictures.image
are made from these figures, by two thirds of the photos: how well they serve the others is told.
With ``--again`` the figures of an earlier run are read from the file.
"""

import argparse
import json
import sys
from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge
from transcode.fit.pictures.jpeg import estimate, search
from transcode.fit.pictures.sizes import Sizes
from transcode.media.pictures.openers import open_still
from transcode.media.samples.coefficients import Coefficients
from transcode.media.source.inputs import Input

SIZES = (1.0, 0.84, 0.71, 0.59, 0.5, 0.42, 0.35, 0.25, 0.18)
BOXES = ((2592, 1944), (1440, 1080), (640, 480))
BYTES_A_PIXEL = (0.005, 0.01, 0.02, 0.035, 0.06, 0.1, 0.2)

#: For each photo, box and bytes a pixel: by size the quality, None where it does not fit, the score, and that
#: of tiles.
Figures = dict[tuple[str, int, float], dict[float, tuple[float | None, float, float]]]

#: From this quality on a picture keeps its size.
FINE_QUALITY = 80

#: The score of what does not fit, lower than any that was seen.
UNFIT = -120.0


def measure(out: Path) -> None:
    """Write a row a photo, box, bytes a pixel and size."""
    rows = []
    for name, data in corpus.photos().items():
        for box in BOXES:
            reference = judge.reference(data, box)
            full = reference.size
            reduced = open_still(Input(name, data)).reduce(*full)
            tiles = Sizes(reduced.planes)
            for size in SIZES:
                width, height = round(full[0] * size), round(full[1] * size)
                picture = Coefficients.of(reduced.smaller(width, height).planes, width, height)
                for share in BYTES_A_PIXEL:
                    limit = round(share * full[0] * full[1])
                    found = search(estimate(picture, limit, enlarged=size < 1))
                    fits = found.quality is not None
                    score = judge.score(found.encode(), reference) if fits else UNFIT
                    told = tiles.score(size, limit)
                    rows.append((name, box[0], share, size, found.quality, score, told))
        print(name, flush=True)
        out.write_text(json.dumps(rows))


def figures(path: Path) -> Figures:
    found: Figures = defaultdict(dict)
    for name, box, share, size, quality, score, told in json.loads(path.read_text()):
        found[name, box, share][size] = (quality, score, UNFIT if told is None else told)
    return found


def chosen(
    sizes: dict[float, tuple[float | None, float, float]], share: float, few: float, least: float
) -> float:
    """The score of the size that PreparedImage chooses by these two numbers."""
    quality, score, told = sizes[1.0]
    if share >= few or (quality or 0) >= FINE_QUALITY or (share >= least and told >= sizes[0.5][2]):
        return score
    quality, score, _ = sizes[0.5]
    if share / 0.5**2 >= few or (quality or 0) >= FINE_QUALITY:
        return score
    return sizes[0.25][1]


def loss(found: Figures, photos: list[str], few: float, least: float) -> tuple[float, float]:
    """Points that the choice loses against the best size, in the mean and at most."""
    lost = [
        max(score for _, score, _ in sizes.values()) - chosen(sizes, share, few, least)
        for (name, _, share), sizes in found.items()
        if name in photos
    ]
    return float(np.mean(lost)), float(np.max(lost))


def tell(found: Figures) -> None:
    """Print the numbers, and what they are worth."""
    names = sorted({name for name, _, _ in found})
    held = names[::3]
    tuned = [name for name in names if name not in held]
    tries = product((0.026, 0.033, 0.041, 0.05, 0.065), (0.0, 0.008, 0.012, 0.016))
    few, least = min(tries, key=lambda numbers: loss(found, tuned, *numbers))
    print(f"few bytes {few}, hardly any {least}: mean and most points lost on {len(tuned)} photos")
    print(loss(found, tuned, few, least), f"and on {len(held)} held out", loss(found, held, few, least))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    if not arguments.again:
        measure(arguments.out)
    tell(figures(arguments.out))
