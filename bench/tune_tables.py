"""Tune the quantisation tables: ``python bench/tune_tables.py [--rounds 3]``; with
``--small`` a check.

What is sought is a table of which no coefficient buys more with the next byte than another. For each pair
of coefficients (u, v) and (v, u) of luma and of halved chroma, their steps are made longer and shorter by
a fifth: the change in SSIMULACRA2, in units of what the whole table's fineness costs, over the change of
the size's logarithm, is 1 where the step is right, more where it ought to be shorter. Steps then change
by a power of that, damped where a pair has few bytes and the measure is noise. Squares from the middle of
the photos that tune_jpeg.py tunes on are looked at, as finely as the whole photo would be under several
caps; at the end the photos in corpus.HELD, which had no say, are scored with the old and the new tables.
"""

import argparse
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

#: Box and bytes.
TASKS = (
    ((2592, 1944), 1_047_000),
    ((2592, 1944), 305_700),
    ((1440, 1080), 120_000),
    ((720, 540), 30_000),
)

#: Pixels a side of what is looked at.
SIDE = 768

#: By how much steps are changed to see what it does.
CHANGE = 1.2

#: The power of the ratio by which steps change, at most, and the share of bytes at which it is halved.
POWER, FEW = -0.4, 0.003

PAIRS = tuple(combinations_with_replacement(range(8), 2))

#: The two tables that are tuned.
NAMES = ("luma", "halved_chroma")

Table = NDArray[np.float64]


@cache
def square(photo: str, task: tuple[tuple[int, int], int]) -> tuple[Coefficients, NDArray[np.uint8], float]:
    """The middle of a photo in a box, what it should look like, and the fineness that the whole has."""
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
    """Score and natural logarithm of the size, with these numbers."""
    (choice,) = jpeg.encode_at(picture, (jpeg.quality_of(fineness),), tuning=numbers)
    made = np.asarray(Image.open(io.BytesIO(choice.encode())).convert("RGB"))
    return np.array([score.ssimulacra2(seen, made), np.log(choice.size)])


def changed(numbers: Tuning, name: str, pair: tuple[int, int], factor: float) -> Tuning:
    """The numbers with the steps of a pair of one of the tables multiplied."""
    table = getattr(numbers, name).copy()
    table[[ZIGZAG.index(place) for place in {pair, pair[::-1]}]] *= factor
    return replace(numbers, **{name: table})


def effects(photo: str, task: tuple[tuple[int, int], int], numbers: Tuning) -> NDArray[np.float64]:
    """Of each table and pair: points, in what a size e times as large gains, and logarithm of the size."""
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
    """Of each table and pair: what the next byte buys beside the whole table's, and the bytes at stake."""
    found = np.mean([effects(photo, task, numbers) for photo in photos for task in tasks], axis=0)
    spent = np.maximum(found[:, :, 1], 1e-6)
    return np.stack([np.clip(found[:, :, 0] / spent, 0.3, 3.0), spent], axis=2)


def tune(rounds: int) -> Tuning:
    """The numbers with the tables after so many rounds."""
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
    """Whether the next byte buys as much at the coefficients that have most bytes, on one photo.

    The logarithm of the ratio of what it buys, each as heavy as its bytes; that of the straight lines from
    which the tables came is told beside it as what would not be found again.
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
    """Tune, and tell what became of the photos that were held out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="whether the numbers in use are found again")
    arguments = parser.parse_args()
    if arguments.small:
        return tuning.tell(findings)
    after = tune(arguments.rounds)
    for label, numbers in (("before", TUNING), ("after", after)):
        print(f"{label}: tuned {points(TUNED, numbers):.3f}, held out {points(corpus.HELD, numbers):.3f}")
    for name in NAMES:
        read = np.empty((8, 8), int)
        read[tuple(np.array(ZIGZAG).T)] = np.rint(getattr(after, name))
        print(read)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
