"""The time of ``import transcode``."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from bench.stored import Row

TITLE = "Import"

#: Each task runs in a fresh process, so no warm-up round is needed.
IN_PROCESSES = True

_CODE = "import time; t = time.perf_counter(); import transcode; print(time.perf_counter() - t)"

ROUNDS = 15


def test_start(measure: Any) -> None:
    times = []

    def once() -> None:
        command = [sys.executable, "-c", _CODE]
        times.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))

    measure(once, rounds=ROUNDS)
    measure.tell(import_ms=statistics.median(times) * 1e3, processes=len(times))


def lines(rows: Sequence[Row]) -> list[str]:
    told = rows[0].told
    whole = (
        "" if rows[0].ms is None else f" Such a process takes {rows[0].ms:.0f} ms of processor time in all."
    )
    ms, processes = told["import_ms"], told["processes"]
    return [f"`import transcode`: median {ms:.0f} ms of {processes} fresh processes.{whole}"]
