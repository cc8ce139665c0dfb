"""Several carriers from one source: what the second one adds to the first."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

import transcode
from bench import corpus
from bench.timing import timed

TITLE = "Several limits from one source"

#: First and second limits: bytes and box.
PAIRS = {
    "the same box": ((612_900, 1600, 1200), (305_700, 1600, 1200)),
    "another box from the same decode": ((612_900, 1600, 1200), (305_700, 1280, 960)),
    "another decode": ((612_900, 1600, 1200), (100_900, 640, 480)),
}
ROUNDS = 3


def run() -> dict[str, Any]:
    found: dict[str, Any] = {}
    photos = corpus.photos()
    for words, pair in PAIRS.items():
        first, second = (transcode.Limits(*limits) for limits in pair)
        rows = []
        for data in photos.values():
            one, _ = timed(partial(transcode.fit, data, first), ROUNDS)
            other, _ = timed(partial(transcode.fit, data, second), ROUNDS)
            both, _ = timed(partial(transcode.fit_many, data, [first, second]), ROUNDS)
            rows.append((one, other, both, (both - one) / one))
        middle = [statistics.median(column) for column in zip(*rows, strict=True)]
        found[words] = {"limits": pair, "photos": len(rows), "medians": middle}
    return found


def lines(stored: dict[str, Any]) -> list[str]:
    def shown(limits: tuple[int, int, int]) -> str:
        return f"{limits[1]} x {limits[2]}, {limits[0]:,} B"

    rows = []
    for words, row in stored.items():
        first, second, both, share = row["medians"]
        name = f"{words}: {shown(row['limits'][0])}, then {shown(row['limits'][1])}"
        rows.append(f"| {name} | {first:.1f} | {second:.1f} | {both:.1f} | {share:.0%} |")
    photos = next(iter(stored.values()))["photos"]
    return [
        "`fit` for each of two limits, and `fit_many` for both: milliseconds of processor time, medians over",
        f"{photos} photos; and what the second adds, as a share of the first alone. The goal, where both",
        "come from the same decode: at most a quarter.",
        "",
        "| | first alone | second alone | both | second adds |",
        "|---|---|---|---|---|",
        *rows,
    ]
