"""Time as processors count it, which a shared machine disturbs least: the timer of all groups.

Where two revisions are compared, each runs in a process of its own, and their rounds take turns: a round
begins when the other process stands still (see compare.py).
"""

from __future__ import annotations

import json
import os
import resource
import time
from typing import TextIO


def spent() -> float:
    """Seconds of processor time of this process, all threads, and of programs that it ran."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Turns:
    """A timer that waits for its turn where a round begins, and tells where it ends.

    Lines to the other end are JSON: first all tests, as a list, then each round that waits. A line from there
    begins it. The other end gives the next turn when the process waits again.
    """

    def __init__(self, reader: TextIO, writer: TextIO) -> None:
        self._reader, self._writer = reader, writer
        self._test, self._round, self._is_running = "", -1, False

    def tell(self, tests: list[str]) -> None:
        """The names of all tests, in their order."""
        print(json.dumps(tests), file=self._writer, flush=True)

    def begin(self, test: str) -> None:
        """From here on rounds are those of another test."""
        self._test, self._round, self._is_running = test, -1, False

    def __call__(self) -> float:
        """Seconds of processor time: at the begin and at the end of a round by turns."""
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


#: Those of a comparison, where this process takes part in one.
TURNS = _turns()


def clock() -> float:
    """The timer that is given to pytest-benchmark."""
    return spent() if TURNS is None else TURNS()
