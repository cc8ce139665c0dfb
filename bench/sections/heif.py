"""HEIC photos, decoded and reduced to a box, beside libheif by pillow-heif."""

from __future__ import annotations

import io
import os
import statistics
import time
from typing import Any

from bench import corpus
from bench.timing import spent
from transcode.media.image import open_still
from transcode.media.source import Content

TITLE = "HEIC"

#: iPhones' grids of tiles, and one from a Galaxy.
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
    still = open_still(Content("photo", data))
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


def run() -> dict[str, Any]:
    import pillow_heif

    rows = {}
    for name in PHOTOS:
        path = corpus.folder() / name
        if not path.is_file():
            continue
        data = path.read_bytes()
        times: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
        for _ in range(ROUNDS):
            for who, work in (("ours", ours), ("theirs", theirs)):
                clock, processor = time.perf_counter(), spent()
                work(data)
                times[who].append(((time.perf_counter() - clock) * 1e3, (spent() - processor) * 1e3))
        rows[name] = {
            who: [statistics.median(column) for column in zip(*taken, strict=True)]
            for who, taken in times.items()
        }
    versions = f"pillow-heif {pillow_heif.__version__}, libheif {pillow_heif.libheif_version()}"
    return {"versions": versions, "processors": len(os.sched_getaffinity(0)), "rows": rows}


def lines(stored: dict[str, Any]) -> list[str]:
    rows = []
    for name, row in stored["rows"].items():
        (clock, processor), (their_clock, their_processor) = row["ours"], row["theirs"]
        rows.append(
            f"| {name} | {clock:.0f} / {processor:.0f} | {their_clock:.0f} / {their_processor:.0f}"
            f" | {their_clock / clock:.1f} / {their_processor / processor:.1f} |"
        )
    return [
        f"A photo from its bytes to at most {BOX[0]} x {BOX[1]} pixels: here to planes, there to RGB,",
        f"reduced by Pillow-SIMD ({stored['versions']}). Milliseconds by the clock, on",
        f"{stored['processors']} processors that other work shared / of processor time; medians.",
        "",
        "| | transcode | pillow-heif | times as fast |",
        "|---|---|---|---|",
        *rows,
    ]
