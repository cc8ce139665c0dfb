"""Several carriers from one source, and several sources that share a budget."""

from __future__ import annotations

import statistics
from dataclasses import replace
from functools import partial
from typing import Any

import transcode
from bench import corpus
from bench.timing import timed
from transcode.fit.medium import prepare
from transcode.media.source import Content

TITLE = "Several limits from one source, one limit for several"

#: First and second limits: bytes and box.
PAIRS = {
    "the same box, and another decode": ((612_900, 1600, 1200), (305_700, 1600, 1200)),
    "another box from the same decode": ((305_700, 1440, 1080), (120_000, 1280, 960)),
    "another decode": ((612_900, 1600, 1200), (100_900, 640, 480)),
}
ROUNDS = 3

#: What several photos share: bytes and box.
SHARED = (1_047_000, 2592, 1944)


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
    return {"pairs": found, "shared": shared(list(photos.values())[:10])}


def shared(photos: list[bytes]) -> dict[str, Any]:
    """Milliseconds for photos that share the bytes of one message, and for the same made one by one."""
    limits = transcode.Limits(*SHARED)
    share = limits.max_bytes // len(photos)

    def apart() -> None:
        for data in photos:
            transcode.fit(data, replace(limits, max_bytes=share))

    def together() -> None:
        waiting = [prepare(Content("photo", data), limits) for data in photos]
        for each in waiting:
            each.points()
            each.release()
        for each in waiting:
            each.finish(share)

    return {"photos": len(photos), "apart": timed(apart, ROUNDS)[0], "together": timed(together, ROUNDS)[0]}


def lines(stored: dict[str, Any]) -> list[str]:
    def shown(limits: tuple[int, int, int]) -> str:
        return f"{limits[1]} x {limits[2]}, {limits[0]:,} B"

    rows = []
    for words, row in stored["pairs"].items():
        first, second, both, share = row["medians"]
        name = f"{words}: {shown(row['limits'][0])}, then {shown(row['limits'][1])}"
        rows.append(f"| {name} | {first:.1f} | {second:.1f} | {both:.1f} | {share:.0%} |")
    one = stored["shared"]
    photos = next(iter(stored["pairs"].values()))["photos"]
    return [
        "`fit` for each of two limits, and `fit_many` for both: milliseconds of processor time, medians over",
        f"{photos} photos; and what the second adds, as a share of the first alone. The goal, where both",
        "come from the same decode: at most a quarter.",
        "",
        "| | first alone | second alone | both | second adds |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"{one['photos']} photos that share {SHARED[0]:,} bytes: {one['together']:.0f} ms to learn what",
        f"bytes buy each and to make them; {one['apart']:.0f} ms one by one, with as many bytes each:"
        f" {one['together'] / one['apart']:.2f} times as much.",
    ]
