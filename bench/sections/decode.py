"""Our decoder of camera files beside libjpeg-turbo: the same planes, at each scale that it has."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from bench.corpus import photos
from bench.timing import timed
from transcode.kernels import jpeg

TITLE = "Decoding JPEG to planes, one thread"

SCALES = (8, 4, 2, 1)
ROUNDS = 5


def measured(data: bytes, eighths: int) -> dict[str, float] | None:
    """Milliseconds of both; None for a file that is left to libjpeg-turbo."""
    planes = [np.empty((plane.rows, plane.columns), np.uint8) for plane in jpeg.layout(data, eighths)]

    def decode(libjpeg: bool) -> jpeg.Outcome:
        return jpeg.decode(data, eighths, planes, max_scans=100, seconds=30.0, libjpeg=libjpeg)

    if not decode(libjpeg=False).plain:
        return None
    # In turns, so that what else the machine does falls upon both.
    times = [[timed(lambda: decode(libjpeg))[0] for libjpeg in (False, True)] for _ in range(ROUNDS)]  # noqa: B023
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return {"transcode": ours, "libjpeg-turbo": theirs}


def run() -> dict[str, Any]:
    rows = {f"{eighths}/8": [measured(data, eighths) for data in photos().values()] for eighths in SCALES}
    return {scale: [row for row in found if row is not None] for scale, found in rows.items()}


def lines(stored: dict[str, Any]) -> list[str]:
    def cells(rows: list[dict[str, float]]) -> str:
        ours, theirs = (
            statistics.median(row[name] for row in rows) for name in ("transcode", "libjpeg-turbo")
        )
        ratios = sorted(row["libjpeg-turbo"] / row["transcode"] for row in rows)
        middle = statistics.median(ratios)
        return f"{ours:.1f} | {theirs:.1f} | {middle:.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f}"

    return [
        f"{len(stored['8/8'])} camera photos in one sequential scan. Other files, and damaged ones, are left",
        "to libjpeg-turbo. Milliseconds of processor time, medians; the planes are the same octet for octet.",
        "",
        "| scale | transcode | libjpeg-turbo | times faster, median | of any photo |",
        "|---|---|---|---|---|",
        *[f"| {scale} | {cells(rows)} |" for scale, rows in stored.items()],
    ]
