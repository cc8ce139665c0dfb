"""The timer of all benchmarks: processor time, which other load on the machine disturbs least.

A comparison of two revisions runs each revision in its own process with alternating rounds: a round begins
while the other process waits (see compare.py).
"""

from __future__ import annotations

import json
import os
import resource
import time
from typing import TextIO


def spent() -> float:
    """Processor time in seconds of this process, all its threads, and its ended child processes."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Turns:
    """A timer that waits for permission before each round.

    It writes JSON lines to the controlling process: first the list of all tests, then an object for each
    round that waits. A line from the controlling process starts the round. The controlling process starts
    the next round when this process waits again.
    """

    def __init__(self, reader: TextIO, writer: TextIO) -> None:
        self._reader, self._writer = reader, writer
        self._test, self._round, self._is_running = "", -1, False

    def tell(self, tests: list[str]) -> None:
        """Send the names of all tests in order."""
        print(json.dumps(tests), file=self._writer, flush=True)

    def begin(self, test: str) -> None:
        """Start counting the rounds of a test."""
        self._test, self._round, self._is_running = test, -1, False

    def __call__(self) -> float:
        """Processor time in seconds. Calls alternate between the begin and the end of a round."""
        if self._is_running:
            self._is_running = False
            return spent()
        self._round += 1
        print(json.dumps({"test": self._test, "round": self._round}), file=self._writer, flush=True)
        self._reader.readline()
        self._is_running = True
        return spent()


def _turns() -> Turns | None:
    ends = os.environ.get("BENCH_TURNS")
    if not ends:
        return None
    reader, writer = map(int, ends.split())
    return Turns(os.fdopen(reader), os.fdopen(writer, "w"))


#: The timer of a comparison of revisions; None outside of a comparison.
TURNS = _turns()


def clock() -> float:
    """The timer for pytest-benchmark."""
    return spent() if TURNS is None else TURNS()
