"""Time to import."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

TITLE = "Import"

_CODE = "import time; t = time.perf_counter(); import transcode; print(time.perf_counter() - t)"


def run() -> dict[str, Any]:
    times = [
        float(
            subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(15)
    ]
    return {"ms": statistics.median(times) * 1e3, "rounds": len(times)}


def lines(stored: dict[str, Any]) -> list[str]:
    return [f"`import transcode`: median {stored['ms']:.0f} ms of {stored['rounds']} fresh processes."]
