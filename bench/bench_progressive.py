"""Fit photos as progressive JPEG, beside baseline JPEG under the same limit."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import pytest

import transcode
from bench import corpus, judge, size
from bench.stored import Row, nested
from transcode.kernels import jpeg

TITLE = "Progressive photos"

ONE_THREAD = True

#: Tasks: the box in pixels and the limit in bytes.
TASKS = corpus.tasks(((1600, 1200), 612_900), ((1440, 1080), 60_000), ((640, 480), 100_900))
BASELINE, PROGRESSIVE = "transcode, baseline", "transcode, progressive"


@pytest.mark.parametrize("engine", [BASELINE, PROGRESSIVE])
@pytest.mark.parametrize("photo", size.some(corpus.names(), 2))
@pytest.mark.parametrize("task", size.some(TASKS, 3))
def test_progressive(measure: Any, task: str, photo: str, engine: str) -> None:
    box, cap = TASKS[task]
    data = corpus.photo(photo)
    limits = transcode.Limits(cap, *box, progressive=engine == PROGRESSIVE)
    made = measure(lambda: transcode.fit(data, limits)).data
    measure.tell(bytes=len(made), share=len(made) / cap, points=judge.score(made, judge.reference(data, box)))
    if engine == PROGRESSIVE:
        one_scan = jpeg.rewrite(made, progressive=False, max_scans=100, seconds=60.0)
        measure.tell(saved=1 - len(made) / len(one_scan))


def lines(rows: Sequence[Row]) -> list[str]:
    table = []
    for task, photos in nested(rows, "task", "photo", "engine").items():
        both = [(row[BASELINE], row[PROGRESSIVE]) for row in photos.values() if len(row) == 2]
        saved = [after["saved"] for _, after in both]
        gains = [after["points"] - before["points"] for before, after in both]
        baseline, progressive = (
            statistics.median(row["ms"] for row in column) for column in zip(*both, strict=True)
        )
        table.append(
            f"| {task} | {statistics.median(saved):.1%} / {min(saved):.1%}"
            f" | {statistics.mean(gains):+.2f} / {min(gains):+.2f} | {baseline:.0f} | {progressive:.0f} |"
        )
    photos = {row.given["photo"] for row in rows}
    return [
        f"{len(photos)} photos. Bytes saved against the same coefficients in one scan: median / smallest.",
        "Points of SSIMULACRA2 gained at the same cap: mean / worst photo. Medians of processor time",
        "in ms.",
        "",
        "| | bytes saved | points gained | baseline, ms | progressive, ms |",
        "|---|---|---|---|---|",
        *table,
    ]
