"""One photo with one thread and with two: how much of the work a second thread takes over."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

import pytest

import transcode
from bench import corpus, size
from bench.stored import Row, nested

TITLE = "One photo on two threads"

LIMITS = {
    f"{width} x {height}, {cap:,} B": (cap, width, height)
    for cap, width, height in ((1_047_000, 2592, 1944), (612_900, 1600, 1200), (305_700, 1440, 1080))
}
ROUNDS = 3


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("photo", size.some(corpus.names()[:6], 3))
@pytest.mark.parametrize("limits", size.some(LIMITS, 1))
def test_threads(measure: Any, limits: str, photo: str, threads: str) -> None:
    data, wanted = corpus.photo(photo), transcode.Limits(*LIMITS[limits])
    own: list[float] = []

    def once() -> bytes:
        begin = time.thread_time()
        made = transcode.fit(data, wanted, threads=int(threads)).data
        own.append((time.thread_time() - begin) * 1e3)
        return made

    measure(once, rounds=ROUNDS)
    measure.tell(own_ms=min(own))


def lines(rows: Sequence[Row]) -> list[str]:
    table = []
    for words, photos in nested(rows, "limits", "photo", "threads").items():
        both = [row for row in photos.values() if len(row) == 2]
        own = [statistics.median(row[threads]["own_ms"] for row in both) for threads in ("1", "2")]
        share = statistics.median(row["2"]["own_ms"] / row["1"]["own_ms"] for row in both)
        adds = statistics.median(row["2"]["ms"] / row["1"]["ms"] - 1 for row in both)
        table.append(f"| {words} | {own[0]:.1f} | {own[1]:.1f} | {share:.2f} | {adds:.0%} |")
    count = len({row.given["photo"] for row in rows})
    return [
        "`fit` of a photo with `threads=1` and with `threads=2`: milliseconds of processor time of the",
        "thread that calls, which is the wait where a second processor is free; medians over",
        f"{count} photos. The last column is the processor time that both threads take more, together.",
        "",
        "| | one thread | two threads | ratio | both take more |",
        "|---|---|---|---|---|",
        *table,
    ]
