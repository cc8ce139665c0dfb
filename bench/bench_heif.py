"""Decode HEIC photos and reduce them to a box, beside libheif in pillow-heif."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import Any

import pytest

from bench import corpus, size
from bench.engines import OURS, Engine
from bench.stored import ABSENT, Row, nested
from transcode.media.pictures.openers import open_still
from transcode.media.source.inputs import Input

TITLE = "HEIC"

#: Photos of iPhones, stored as grids of tiles, and one photo of a Galaxy.
PHOTOS = (
    "iphone8plus_12mp.heic",
    "iphone11pro_12mp.heic",
    "iphone15pro_12mp.heic",
    "galaxy_s25ultra_7mp.heic",
    "iphone11promax_crop.heic",
)
BOX = (1600, 1200)
ROUNDS = 3


def ours(data: bytes) -> None:
    still = open_still(Input("photo", data))
    scale = min(max(BOX) / max(still.width, still.height), min(BOX) / min(still.width, still.height), 1)
    still.reduce(round(still.width * scale), round(still.height * scale))


def theirs(data: bytes) -> None:
    import pillow_heif
    from PIL import Image

    found = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    image = Image.frombytes(found.mode, found.size, bytes(found.data), "raw", found.mode, found.stride)
    image.thumbnail(
        BOX if image.width > image.height else BOX[::-1], Image.Resampling.LANCZOS, reducing_gap=3
    )


THEIRS = "pillow-heif"
ENGINES = {OURS: Engine(ours), THEIRS: Engine(theirs, modules=("pillow_heif",))}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("photo", size.some(corpus.there(PHOTOS) or ["made here.heif"], 2))
def test_heif(measure: Any, photo: str, engine: str) -> None:
    data = corpus.read(photo, "image")
    measure(lambda: ENGINES[engine].work(data), rounds=ROUNDS)
    measure.tell(processors=len(os.sched_getaffinity(0)))


def lines(rows: Sequence[Row]) -> list[str]:
    table = []
    for name, row in nested(rows, "photo", "engine").items():
        cells = [
            f"{row[engine]['clock_ms']:.0f} / {row[engine]['ms']:.0f}" if engine in row else ABSENT
            for engine in ENGINES
        ]
        times = ABSENT
        if len(row) == len(ENGINES):
            clock, processor = (row[THEIRS][key] / row[OURS][key] for key in ("clock_ms", "ms"))
            times = f"{clock:.1f} / {processor:.1f}"
        table.append(f"| {name} | {' | '.join(cells)} | {times} |")
    return [
        f"A photo decoded and reduced to at most {BOX[0]} x {BOX[1]} pixels: transcode to YCbCr planes,",
        "pillow-heif to RGB, which Pillow-SIMD reduces. Medians in ms: elapsed time on",
        f"{rows[0].told['processors']} processors with other load / processor time.",
        "",
        "| | transcode | pillow-heif | times as fast |",
        "|---|---|---|---|",
        *table,
    ]
