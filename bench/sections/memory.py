"""Memory of one fit, above what importing takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import corpus
from bench.pictures import landscape

TITLE = "Memory"

#: Photos by name, what they stand for, and what they may take in MB.
PHOTOS = (("derived_50mp_o6.jpg", "50 MP", 150), ("drone_12mp_gps_a.jpg", "12 MP", 60))

_CODE = """
import sys
import transcode
# What a fit imports when it is first called.
import transcode.fit.image
import transcode.media.image

def peak():
    # Not getrusage: its peak of a process begins with that of the process that started it.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

before = peak()
transcode.fit(sys.argv[1], transcode.Limits(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
print(peak() - before)
"""

LIMITS = ((1_047_000, 2592, 1944), (305_700, 2592, 1944), (100_900, 640, 480))


def run() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, words, goal in PHOTOS:
            path = corpus.folder() / name
            if not path.is_file():
                path = Path(folder, name)
                size = (8160, 6120) if "50" in words else (4000, 3000)
                landscape(1, *size).save(path, quality=92)
            found[words] = {"goal": goal, "photo": path.name, "mb": {}}
            for cap, width, height in LIMITS:
                arguments = [sys.executable, "-c", _CODE, str(path), *map(str, (cap, width, height))]
                kilobytes = int(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)
                found[words]["mb"][f"{width} x {height}, {cap:,} B"] = kilobytes * 1024 / 1e6
    return found


def lines(stored: dict[str, Any]) -> list[str]:
    tasks = list(next(iter(stored.values()))["mb"])
    rows = [
        f"| {words} ({row['photo']}) | {row['goal']} | "
        + " | ".join(f"{row['mb'][task]:.0f}" for task in tasks)
        + " |"
        for words, row in stored.items()
    ]
    return [
        "Peak resident memory of a fresh process in MB, above its peak after importing all that a fit",
        "imports; the file itself, which is read whole, counts.",
        "",
        "| | goal | " + " | ".join(tasks) + " |",
        "|---" * (len(tasks) + 2) + "|",
        *rows,
    ]
