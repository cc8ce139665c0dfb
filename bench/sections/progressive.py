"""Photos where the receiver takes progressive files, against the same as baseline ones."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

import transcode
from bench import corpus, judge
from bench.timing import timed
from transcode.kernels import jpeg

TITLE = "Progressive photos"

#: Box and bytes.
TASKS = (((1600, 1200), 612_900), ((1440, 1080), 60_000), ((640, 480), 100_900))


def run() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for box, cap in TASKS:
        rows = found[f"{box[0]} x {box[1]}, {cap:,} B"] = []
        for data in corpus.photos().values():
            original = judge.reference(data, box)
            row: dict[str, float] = {}
            for kind, progressive in (("baseline", False), ("progressive", True)):
                limits = transcode.Limits(cap, *box, progressive=progressive)
                row[f"{kind} ms"], made = timed(partial(transcode.fit, data, limits))
                row[f"{kind} points"] = judge.score(made.data, original)
            one_scan = jpeg.rewrite(made.data, progressive=False, max_scans=100, seconds=60.0)
            rows.append({**row, "saved": 1 - len(made.data) / len(one_scan)})
    return found


def lines(stored: dict[str, Any]) -> list[str]:
    table = []
    for task, rows in stored.items():
        saved = [row["saved"] for row in rows]
        gains = [row["progressive points"] - row["baseline points"] for row in rows]
        baseline, progressive = (
            statistics.median(row[f"{kind} ms"] for row in rows) for kind in ("baseline", "progressive")
        )
        table.append(
            f"| {task} | {statistics.median(saved):.1%} / {min(saved):.1%}"
            f" | {statistics.mean(gains):+.2f} / {min(gains):+.2f} | {baseline:.0f} | {progressive:.0f} |"
        )
    photos = len(next(iter(stored.values())))
    return [
        f"{photos} photos. Bytes saved: against the same coefficients in one scan, median / least. Points of",
        "SSIMULACRA2 gained at the same cap: mean / worst photo. Milliseconds of processor time, medians.",
        "",
        "| | bytes saved | points gained | baseline, ms | progressive, ms |",
        "|---|---|---|---|---|",
        *table,
    ]
