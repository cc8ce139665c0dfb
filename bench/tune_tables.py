"""Tune the quantisation tables: ``python bench/tune_tables.py [--rounds 3]``; ``--small`` checks them.

In the optimal table one more byte gives the same gain at every coefficient. For each pair of coefficients
(u, v) and (v, u) of luma and of halved chroma, the tool makes the quantisation steps 20% longer and shorter.
It divides the change in SSIMULACRA2 by the change in the logarithm of the size, relative to the same ratio
for a scaling of the whole table. The result is 1 for the optimal step, and larger if the step should be
shorter. The steps are then multiplied by a power of the result, damped for pairs with few bytes, whose
results are noise. The pictures are squares from the middle of the photos of tune_jpeg.py, encoded at the
quality that the whole photo has under several limits. At the end the held-out photos in corpus.HELD are
scored with the old and the new tables.
"""

import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge, tuning
from bench.tune_jpeg import TUNED
from transcode.fit.pictures import jpeg
from transcode.fit.pictures.jpeg_tuning import TUNING, ZIGZAG, Tuning
from transcode.media.pictures.openers import open_still
from transcode.media.samples import score
from transcode.media.samples.coefficients import Coefficients
from transcode.media.source import inputs

#: Tasks: the box in pixels and the limit in bytes.
TASKS = (
    ((2592, 1944), 1_047_000),
    ((2592, 1944), 305_700),
    ((1440, 1080), 120_000),
    ((720, 540), 30_000),
)

#: Width and height of a square in pixels.
SIDE = 768

#: The factor by which steps are changed for a measurement.
CHANGE = 1.2

#: The largest power of the ratio by which steps change, and the share of bytes at which it is halved.
POWER, FEW = -0.4, 0.003

PAIRS = tuple(combinations_with_replacement(range(8), 2))

#: The two tables that are tuned.
NAMES = ("luma", "halved_chroma")

Table = NDArray[np.float64]


@cache
def square(photo: str, task: tuple[tuple[int, int], int]) -> tuple[Coefficients, NDArray[np.uint8], float]:
    """The middle square of a photo in a box, its reference, and the fineness of the whole photo."""
    box, cap = task
    path = corpus.folder() / photo
    reference = np.asarray(judge.reference(path.read_bytes(), box))
    rows, columns = reference.shape[:2]
    planes = open_still(inputs.read(path)).reduce(columns, rows).planes
    choice = jpeg.search(jpeg.estimate(Coefficients.of(planes, columns, rows), cap))
    if choice.quality is None:
        raise ValueError(f"{photo} does not fit into {cap:,} bytes")
    top, left = (max(side - SIDE, 0) // 32 * 16 for side in (rows, columns))
    middle = [
        np.ascontiguousarray(plane[top // n : (top + SIDE) // n, left // n : (left + SIDE) // n])
        for plane, n in zip(planes, (1, 2, 2), strict=True)
    ]
    high, wide = middle[0].shape
    seen = np.ascontiguousarray(reference[top : top + SIDE, left : left + SIDE])
    return Coefficients.of(middle, wide, high), seen, jpeg.fineness_of(choice.quality)


def measured(picture: Coefficients, seen: NDArray[np.uint8], fineness: float, numbers: Tuning) -> Table:
    """The score, and the natural logarithm of the size in bytes, with the given numbers."""
    (choice,) = jpeg.encode_at(picture, (jpeg.quality_of(fineness),), tuning=numbers)
    made = np.asarray(Image.open(io.BytesIO(choice.encode())).convert("RGB"))
    return np.array([score.ssimulacra2(seen, made), np.log(choice.size)])


def changed(numbers: Tuning, name: str, pair: tuple[int, int], factor: float) -> Tuning:
    """The numbers with the steps of one pair in one table multiplied by a factor."""
    table = getattr(numbers, name).copy()
    table[[ZIGZAG.index(place) for place in {pair, pair[::-1]}]] *= factor
    return replace(numbers, **{name: table})


def effects(photo: str, task: tuple[tuple[int, int], int], numbers: Tuning) -> NDArray[np.float64]:
    """For each table and pair the gain in score and in the logarithm of the size from shorter steps.

    The unit of the score is the gain of the whole table at a size that is e times as large.
    """
    picture, seen, fineness = square(photo, task)
    finer, coarser = (measured(picture, seen, fineness + change, numbers) for change in (0.12, -0.12))
    points, bytes_ = finer - coarser
    found = np.empty((2, len(PAIRS), 2))
    for number, name in enumerate(NAMES):
        for at, pair in enumerate(PAIRS):
            longer, shorter = (
                measured(picture, seen, fineness, changed(numbers, name, pair, factor))
                for factor in (CHANGE, 1 / CHANGE)
            )
            found[number, at] = shorter - longer
    found[:, :, 0] /= points / bytes_
    return found


def ratios(photos: Sequence[str], tasks: Sequence[tuple[tuple[int, int], int]], numbers: Tuning) -> Table:
    """For each table and pair the gain per byte relative to the whole table's, and its share of bytes."""
    found = np.mean([effects(photo, task, numbers) for photo in photos for task in tasks], axis=0)
    spent = np.maximum(found[:, :, 1], 1e-6)
    return np.stack([np.clip(found[:, :, 0] / spent, 0.3, 3.0), spent], axis=2)


def tune(rounds: int) -> Tuning:
    """The numbers with the tables after a number of rounds."""
    numbers = TUNING
    for turn in range(rounds):
        found = ratios(TUNED, TASKS, numbers)
        bought, spent = found[:, :, 0], found[:, :, 1]
        factors = bought ** (POWER * spent / (spent + FEW))
        for number, name in enumerate(NAMES):
            for pair, factor in zip(PAIRS, factors[number], strict=True):
                numbers = changed(numbers, name, pair, factor)
        print(f"round {turn + 1}: {np.average(np.abs(np.log(bought)), weights=spent):.3f} off", flush=True)
    return numbers


def points(photos: tuple[str, ...], numbers: Tuning) -> float:
    """The mean SSIMULACRA2 of whole photos over all tasks."""
    found = []
    for box, cap in TASKS:
        for photo in photos:
            path = corpus.folder() / photo
            reference = judge.reference(path.read_bytes(), box)
            planes = open_still(inputs.read(path)).reduce(*reference.size).planes
            picture = Coefficients.of(planes, *reference.size)
            choice = jpeg.search(jpeg.estimate(picture, cap, tuning=numbers))
            found.append(judge.score(choice.encode(), reference))
    return float(np.mean(found))


def findings() -> Iterator[tuning.Finding]:
    """Findings on one photo: whether one more byte gives the same gain at all coefficients.

    The figure is the mean absolute logarithm of the ratios, weighted by bytes. The tables are compared with
    the linear tables from which tuning began.
    """
    photos, tasks = TUNED[1:2], TASKS[2:]
    lines = replace(TUNING, luma=TUNING.enlarged[0], halved_chroma=TUNING.enlarged[1])
    tried = {"in use": TUNING, "lines": lines}
    found = {key: ratios(photos, tasks, numbers) for key, numbers in tried.items()}
    for number, name in enumerate(NAMES):
        off = {
            key: -float(np.average(np.abs(np.log(each[number, :, 0])), weights=each[number, :, 1]))
            for key, each in found.items()
        }
        yield tuning.best(TUNING, name, off, lost=0.02, unit="off", value="in use")


def main() -> int:
    """Tune the tables, and print the scores of the tuned and the held-out photos."""
    after = tune(tuning.rounds(__doc__, findings, 3))
    for label, numbers in (("before", TUNING), ("after", after)):
        print(f"{label}: tuned {points(TUNED, numbers):.3f}, held out {points(corpus.HELD, numbers):.3f}")
    for name in NAMES:
        read = np.empty((8, 8), int)
        read[tuple(np.array(ZIGZAG).T)] = np.rint(getattr(after, name))
        print(read)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
