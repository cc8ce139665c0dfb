"""Tune the quantisation tables: ``python bench/tune_tables.py [--rounds 3]``.

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
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge
from bench.tune_jpeg import TUNED
from transcode.fit.pictures import jpeg
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

Table = NDArray[np.float64]
Tables = tuple[Table, Table]


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
    return Coefficients.of(middle, wide, high), seen, jpeg._fineness(choice.quality)


def measured(picture: Coefficients, seen: NDArray[np.uint8], fineness: float, tables: Tables) -> Table:
    """Score and natural logarithm of the size, with these tables of luma and chroma."""
    jpeg._LUMA, jpeg._HALVED_CHROMA = tables
    (choice,) = jpeg.encode_at(picture, (jpeg._quality(fineness),))
    made = np.asarray(Image.open(io.BytesIO(choice.encode())).convert("RGB"))
    return np.array([score.ssimulacra2(seen, made), np.log(choice.size)])


def changed(tables: Tables, number: int, pair: tuple[int, int], factor: float) -> Tables:
    """The tables with the steps of a pair of one of them multiplied."""
    table = tables[number].copy()
    table[[jpeg._ZIGZAG.index(place) for place in {pair, pair[::-1]}]] *= factor
    return (table, tables[1]) if number == 0 else (tables[0], table)


def effects(photo: str, task: tuple[tuple[int, int], int], tables: Tables) -> NDArray[np.float64]:
    """Of each table and pair: points, in what a size e times as large gains, and logarithm of the size."""
    picture, seen, fineness = square(photo, task)
    finer, coarser = (measured(picture, seen, fineness + change, tables) for change in (0.12, -0.12))
    points, bytes_ = finer - coarser
    found = np.empty((2, len(PAIRS), 2))
    for number in range(2):
        for at, pair in enumerate(PAIRS):
            longer, shorter = (
                measured(picture, seen, fineness, changed(tables, number, pair, factor))
                for factor in (CHANGE, 1 / CHANGE)
            )
            found[number, at] = shorter - longer
    found[:, :, 0] /= points / bytes_
    return found


def tune(rounds: int) -> Tables:
    """The tables after so many rounds."""
    tables = jpeg._LUMA, jpeg._HALVED_CHROMA
    for turn in range(rounds):
        found = np.mean([effects(photo, task, tables) for photo in TUNED for task in TASKS], axis=0)
        gained, spent = found[:, :, 0], np.maximum(found[:, :, 1], 1e-6)
        ratios = np.clip(gained / spent, 0.3, 3.0)
        factors = ratios ** (POWER * spent / (spent + FEW))
        for number in range(2):
            for pair, factor in zip(PAIRS, factors[number], strict=True):
                tables = changed(tables, number, pair, factor)
        print(f"round {turn + 1}: {np.average(np.abs(np.log(ratios)), weights=spent):.3f} off", flush=True)
    return tables


def points(photos: tuple[str, ...], tables: Tables) -> float:
    """The mean SSIMULACRA2 of whole photos over all tasks."""
    jpeg._LUMA, jpeg._HALVED_CHROMA = tables
    found = []
    for box, cap in TASKS:
        for photo in photos:
            path = corpus.folder() / photo
            reference = judge.reference(path.read_bytes(), box)
            planes = open_still(inputs.read(path)).reduce(*reference.size).planes
            choice = jpeg.search(jpeg.estimate(Coefficients.of(planes, *reference.size), cap))
            found.append(judge.score(choice.encode(), reference))
    return float(np.mean(found))


def main() -> None:
    """Tune, and tell what became of the photos that were held out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    before = jpeg._LUMA, jpeg._HALVED_CHROMA
    after = tune(parser.parse_args().rounds)
    for label, tables in (("before", before), ("after", after)):
        print(f"{label}: tuned {points(TUNED, tables):.3f}, held out {points(corpus.HELD, tables):.3f}")
    for table in after:
        read = np.empty((8, 8), int)
        read[tuple(np.array(jpeg._ZIGZAG).T)] = np.rint(table)
        print(read)


if __name__ == "__main__":
    main()
