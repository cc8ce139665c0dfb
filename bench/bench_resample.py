"""Resample the three planes of a 4:2:0 picture, beside Pillow-SIMD with the same picture as RGB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench import size
from bench.pictures import landscape
from bench.stored import ABSENT, Row, nested
from transcode.kernels import cpu
from transcode.media.samples.planes import Plane, resample

TITLE = "Resampling, Lanczos, one thread"

#: Width and height in pixels before and after.
REDUCTIONS = {
    f"{source[0]} x {source[1]} to {target[0]} x {target[1]}": (source, target)
    for source, target in size.pick(
        [((2000, 1500), (1600, 1200)), ((4000, 3000), (1440, 1080)), ((4000, 3000), (2592, 1944))],
        [((2000, 1500), (1600, 1200)), ((4000, 3000), (1440, 1080))],
        [((400, 300), (320, 240))],
    )
}
#: Our engine at each vector level of this processor.
LEVELS = {f"transcode, three planes, {level}": level for level in cpu.levels()}
THEIRS = "Pillow-SIMD, RGB"
ROUNDS = 15

_picture = lru_cache(maxsize=1)(landscape)


def planes(image: Image.Image, width: int, height: int) -> Callable[[], object]:
    """A function that resamples the three planes of a picture."""
    luma, *chroma = (np.asarray(band) for band in image.convert("YCbCr").split())
    parts = [(Plane(luma, *image.size), width, height)] + [
        (
            Plane(np.ascontiguousarray(plane[::2, ::2]), image.width / 2, image.height / 2),
            width // 2,
            height // 2,
        )
        for plane in chroma
    ]
    return lambda: [resample(plane, *size) for plane, *size in parts]


@pytest.mark.parametrize("engine", [*LEVELS, THEIRS])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_resample(measure: Any, reduction: str, engine: str) -> None:
    source, target = REDUCTIONS[reduction]
    image = _picture(1, *source)
    if engine == THEIRS:
        measure(lambda: image.resize(target, Image.Resampling.LANCZOS), rounds=ROUNDS)
        return
    work = planes(image, *target)
    cpu.use(LEVELS[engine])
    try:
        measure(work, rounds=ROUNDS)
    finally:
        cpu.use(cpu.levels()[-1])


def lines(rows: Sequence[Row]) -> list[str]:
    engines = list(dict.fromkeys(row.given["engine"] for row in rows))
    table = [
        f"| {words} | "
        + " | ".join(f"{row[engine]['ms']:.1f}" if engine in row else ABSENT for engine in engines)
        + " |"
        for words, row in nested(rows, "reduction", "engine").items()
    ]
    return [
        "Milliseconds, medians.",
        "",
        "| | " + " | ".join(engines) + " |",
        "|---" * (len(engines) + 1) + "|",
        *table,
    ]
