"""Three planes of a 4:2:0 picture against the same picture as RGB in Pillow-SIMD."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from bench.pictures import landscape
from bench.timing import timed
from transcode.kernels import cpu
from transcode.media.planes import Plane, resample

TITLE = "Resampling, Lanczos, one thread"

SIZES = [((4000, 3000), (1440, 1080)), ((4000, 3000), (2592, 1944)), ((2000, 1500), (1600, 1200))]
ROUNDS = 15


def planes(image: Image.Image, width: int, height: int) -> Callable[[], object]:
    """The work of one reduction of three planes."""
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


def run() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for source, target in SIZES:
        image = landscape(1, *source)
        work = planes(image, *target)
        row = found[f"{source[0]} x {source[1]} to {target[0]} x {target[1]}"] = {}
        for level in cpu.levels():
            cpu.use(level)
            row[f"transcode, three planes, {level}"] = timed(work, ROUNDS)[0]
        cpu.use(cpu.levels()[-1])
        row["Pillow-SIMD, RGB"] = timed(lambda: image.resize(target, Image.Resampling.LANCZOS), ROUNDS)[0]  # noqa: B023
    return found


def lines(stored: dict[str, Any]) -> list[str]:
    engines = list(next(iter(stored.values())))
    rows = [
        f"| {size} | " + " | ".join(f"{row[engine]:.1f}" for engine in engines) + " |"
        for size, row in stored.items()
    ]
    return [
        "Milliseconds, medians.",
        "",
        "| | " + " | ".join(engines) + " |",
        "|---" * (len(engines) + 1) + "|",
        *rows,
    ]
