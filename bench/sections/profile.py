"""Profiles: the first look-up of a process, and what a receiver of several parts costs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

from transcode.profile import find_profile, receiver

TITLE = "Profiles"

ROUNDS = 15

#: What is asked for, and how.
NAMES = {
    "id": "us-verizon",
    "MCC-MNC": "311480",
    "Android's carrier id": "1839",
    "name": "Verizon",
    "provider's route": "twilio:short_code:us-att",
    "content class": "oma-image-rich",
}

_CODE = """
import sys, time, transcode
start = time.process_time()
transcode.find_profile(sys.argv[1])
print(time.process_time() - start)
"""


def first(name: str) -> float:
    """Milliseconds of the first look-up in a fresh process that has imported transcode."""
    command = [sys.executable, "-c", _CODE, name]
    times = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(ROUNDS)
    ]
    return statistics.median(times) * 1e3


def run() -> dict[str, Any]:
    route = {"carrier": "us-att", "provider": "twilio:short_code", "bearer": "gprs"}
    return {
        "first_ms": {kind: first(name) for kind, name in NAMES.items()},
        "again_us": _mean(lambda: find_profile("us-verizon")) * 1e6,
        "receiver_us": _mean(lambda: receiver(**route)) * 1e6,
    }


def _mean(work: Any, count: int = 1000) -> float:
    work()
    start = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - start) / count


def lines(stored: dict[str, Any]) -> list[str]:
    first = ", ".join(f"{kind} {ms:.2f}" for kind, ms in stored["first_ms"].items())
    return [
        f"First look-up in a process that has imported transcode, milliseconds of processor time: {first};"
        f" medians of {ROUNDS} processes. Again: {stored['again_us']:.1f} microseconds.",
        "",
        f"Network, provider's route and bearer combined: {stored['receiver_us']:.0f} microseconds.",
    ]
