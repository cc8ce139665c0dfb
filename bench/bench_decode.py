"""Decode JPEG photos to planes at each scale, beside libjpeg-turbo."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bench import corpus, size
from bench.engines import OURS
from bench.stored import Row, nested
from transcode.kernels import jpeg

TITLE = "Decoding JPEG to planes, one thread"

SCALES = {f"{eighths}/8": eighths for eighths in (8, 4, 2, 1)}
THEIRS = "libjpeg-turbo"
ROUNDS = 5


@pytest.mark.parametrize("engine", [OURS, THEIRS])
@pytest.mark.parametrize("photo", size.some(corpus.names(), 3))
@pytest.mark.parametrize("scale", SCALES)
def test_decode(measure: Any, scale: str, photo: str, engine: str) -> None:
    data = corpus.photo(photo)
    eighths = SCALES[scale]
    planes = [np.empty((plane.rows, plane.columns), np.uint8) for plane in jpeg.layout(data, eighths)]

    def decode(libjpeg: bool) -> jpeg.Outcome:
        return jpeg.decode(data, eighths, planes, max_scans=100, seconds=30.0, libjpeg=libjpeg)

    if not decode(libjpeg=False).plain:
        pytest.skip(f"our decoder leaves {photo} to libjpeg-turbo")
    measure(lambda: decode(libjpeg=engine == THEIRS), rounds=ROUNDS)


def lines(rows: Sequence[Row]) -> list[str]:
    table = []
    scales = nested(rows, "scale", "photo", "engine")
    for scale, photos in scales.items():
        both = [(row[OURS]["ms"], row[THEIRS]["ms"]) for row in photos.values() if len(row) == 2]
        ours, theirs = (statistics.median(column) for column in zip(*both, strict=True))
        ratios = sorted(other / own for own, other in both)
        table.append(
            f"| {scale} | {ours:.1f} | {theirs:.1f} | {statistics.median(ratios):.2f}"
            f" | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )
    return [
        f"{max(map(len, scales.values()))} photos in one sequential scan. libjpeg-turbo decodes",
        "all other files. Medians of processor time in ms. Both decoders give the same",
        "planes.",
        "",
        "| scale | transcode | libjpeg-turbo | times faster, median | of any photo |",
        "|---|---|---|---|---|",
        *table,
    ]
