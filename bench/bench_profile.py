"""Profiles: the time of the first and of further look-ups, and of a combination of profiles."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bench import size
from bench.stored import Row, nested, of
from transcode.profile import find_profile, receiver

TITLE = "Profiles"

#: Each task runs in a fresh process, so no warm-up round is needed.
IN_PROCESSES = True

ROUNDS = 15

#: Names to look up, by kind.
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


#: Repeated look-ups, and the iterations per round.
AGAIN: dict[str, Callable[[], object]] = {
    "find": lambda: find_profile("us-verizon"),
    "receiver": lambda: receiver(carrier="us-att", provider="twilio:short_code", bearer="gprs"),
}
TIMES = 1000


@pytest.mark.parametrize("kind", size.some(NAMES, 6, 2))
def test_first(measure: Any, kind: str) -> None:
    """The first look-up in a fresh process that has imported transcode."""
    times = []

    def once() -> None:
        command = [sys.executable, "-c", _CODE, NAMES[kind]]
        times.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))

    measure(once, rounds=ROUNDS)
    measure.tell(first_ms=statistics.median(times) * 1e3, processes=len(times))


@pytest.mark.parametrize("work", AGAIN)
def test_again(measure: Any, work: str) -> None:
    measure(AGAIN[work], rounds=3, iterations=TIMES)


def lines(rows: Sequence[Row]) -> list[str]:
    first = of(rows, "first")
    again = nested(of(rows, "again"), "work")
    words = ", ".join(f"{row.given['kind']} {row.told['first_ms']:.2f}" for row in first)
    return [
        f"First look-up in a process that has imported transcode, processor time in ms: {words};"
        f" medians of {first[0].told['processes']} processes."
        f" Further look-ups: {again['find']['ms'] * 1e3:.1f} µs.",
        "",
        f"Network, provider's route and bearer combined: {again['receiver']['ms'] * 1e3:.0f} µs.",
    ]
