"""Several limits for one source, and several sources that share one limit."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

import transcode
from bench import corpus, size
from bench.stored import Row, nested, of
from transcode.fit.medium import prepare
from transcode.media.source.inputs import Input

TITLE = "Several limits from one source, one limit for several"

ONE_THREAD = True

#: The first and the second limit of each pair: bytes, width and height.
PAIRS = {
    "the same box, and another decode": ((612_900, 1600, 1200), (305_700, 1600, 1200)),
    "another box from the same decode": ((305_700, 1440, 1080), (120_000, 1280, 960)),
    "another decode": ((612_900, 1600, 1200), (100_900, 640, 480)),
}
FIRST, SECOND, BOTH = "transcode, first alone", "transcode, second alone", "transcode, both"
ROUNDS = 3

#: The shared limit of several photos: bytes, width and height.
SHARED = (1_047_000, 2592, 1944)
TOGETHER, APART = "transcode, together", "transcode, one by one"


@pytest.mark.parametrize("engine", [FIRST, SECOND, BOTH])
@pytest.mark.parametrize("photo", size.some(corpus.names(), 3))
@pytest.mark.parametrize("pair", PAIRS)
def test_many(measure: Any, pair: str, photo: str, engine: str) -> None:
    data = corpus.photo(photo)
    first, second = (transcode.Limits(*limits) for limits in PAIRS[pair])
    work: dict[str, Callable[[], object]] = {
        FIRST: lambda: transcode.fit(data, first),
        SECOND: lambda: transcode.fit(data, second),
        BOTH: lambda: transcode.fit_each_limit(data, [first, second]),
    }
    measure(work[engine], rounds=ROUNDS)


@pytest.mark.parametrize("engine", [TOGETHER, APART])
def test_shared(measure: Any, engine: str) -> None:
    """The time of photos that share one limit, and of the same photos fitted one by one."""
    photos = [corpus.photo(name) for name in size.some(corpus.names()[:10], 4, 2)]
    limits = transcode.Limits(*SHARED)
    share = limits.max_bytes // len(photos)

    def apart() -> None:
        for data in photos:
            transcode.fit(data, replace(limits, max_bytes=share))

    def together() -> None:
        waiting = [prepare(Input("photo", data), limits) for data in photos]
        for each in waiting:
            each.rate_curve()
            each.drop_cache()
        for each in waiting:
            each.encode(share)

    measure(together if engine == TOGETHER else apart, rounds=ROUNDS)
    measure.tell(photos=len(photos))


def lines(rows: Sequence[Row]) -> list[str]:
    def shown(limits: tuple[int, int, int]) -> str:
        return f"{limits[1]} x {limits[2]}, {limits[0]:,} B"

    table = []
    pairs = nested(of(rows, "many"), "pair", "photo", "engine")
    for words, photos in pairs.items():
        each = [row for row in photos.values() if len(row) == 3]
        first, second, both = (
            statistics.median(row[engine]["ms"] for row in each) for engine in (FIRST, SECOND, BOTH)
        )
        # Stored results with only medians over the photos have the ratio in "adds".
        adds = statistics.median(
            row[BOTH].get("adds", row[BOTH]["ms"] / row[FIRST]["ms"] - 1) for row in each
        )
        name = f"{words}: {', then '.join(map(shown, PAIRS[words]))}"
        table.append(f"| {name} | {first:.1f} | {second:.1f} | {both:.1f} | {adds:.0%} |")
    count = max(sum(row[FIRST].get("photos", 1) for row in photos.values()) for photos in pairs.values())
    text = [
        "`fit` for each of two limits, and `fit_each_limit` for both: processor time in milliseconds,",
        f"medians over {count} photos, and the time that the second adds, as a share of the first alone.",
        "The goal where both limits use the same decode: at most a quarter.",
        "",
        "| | first alone | second alone | both | second adds |",
        "|---|---|---|---|---|",
        *table,
    ]
    shared = nested(of(rows, "shared"), "engine")
    if len(shared) == 2:
        together, apart = shared[TOGETHER]["ms"], shared[APART]["ms"]
        text += [
            "",
            f"{shared[APART]['photos']} photos that share {SHARED[0]:,} bytes: {together:.0f} ms to measure",
            f"their rate curves and to encode them; {apart:.0f} ms one by one at the same sizes; the ratio"
            f" is {together / apart:.2f}.",
        ]
    return text
