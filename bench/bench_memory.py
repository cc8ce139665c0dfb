"""Peak memory of one fit, without the memory of imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import corpus, size
from bench.pictures import landscape
from bench.stored import ABSENT, Row, nested

TITLE = "Memory"

#: Each task runs in a fresh process, so no warm-up round is needed.
IN_PROCESSES = True

#: Photos: the file of the corpus, the size of a generated substitute in pixels, and the goal in MB.
PHOTOS = {
    "12 MP": ("drone_12mp_gps_a.jpg", size.pick((4000, 3000), (4000, 3000), (400, 300)), 60),
    "50 MP": ("derived_50mp_o6.jpg", (8160, 6120), 150),
}

_CODE = """
import sys
import transcode
# The modules that a first fit imports.
import transcode.fit.pictures.image
import transcode.media.pictures.openers.jpeg

def peak():
    # The peak of getrusage begins with the peak of the parent process.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

before = peak()
transcode.fit(sys.argv[1], transcode.Limits(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
print(peak() - before)
"""

LIMITS = {
    f"{width} x {height}, {cap:,} B": (cap, width, height)
    for cap, width, height in ((1_047_000, 2592, 1944), (305_700, 2592, 1944), (100_900, 640, 480))
}


@pytest.mark.parametrize("photo", size.some(PHOTOS, 1))
@pytest.mark.parametrize("limits", size.some(LIMITS, 3))
def test_memory(measure: Any, tmp_path: Path, limits: str, photo: str) -> None:
    name, pixels, goal = PHOTOS[photo]
    path = corpus.folder() / name
    if not corpus.there([name]):
        path = tmp_path / name
        landscape(1, *pixels).save(path, quality=92)
    command = [sys.executable, "-c", _CODE, str(path), *map(str, LIMITS[limits])]
    told = measure(lambda: subprocess.run(command, capture_output=True, text=True, check=True))
    measure.tell(mb=int(told.stdout) * 1024 / 1e6, goal=goal, photo=name)


def lines(rows: Sequence[Row]) -> list[str]:
    photos = nested(rows, "photo", "limits")
    tasks = list(dict.fromkeys(row.given["limits"] for row in rows))
    table = []
    for words, row in photos.items():
        any_of_them = next(iter(row.values()))
        cells = [f"{row[task]['mb']:.0f}" if task in row else ABSENT for task in tasks]
        table.append(f"| {words} ({any_of_them['photo']}) | {any_of_them['goal']} | {' | '.join(cells)} |")
    return [
        "Peak resident memory of a fresh process in MB, minus its peak after the imports of a fit. The file,",
        "which is read whole, counts.",
        "",
        "| | goal | " + " | ".join(tasks) + " |",
        "|---" * (len(tasks) + 2) + "|",
        *table,
    ]
