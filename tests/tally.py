"""Counts of what random kills did, and the command that does many of them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What was done and what failed.

    Attributes:
        done: counts by kind.
        failures: counts by kind, which must be 0.
        longest: seconds from a signal to the end of its process, at the most.
    """

    done: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0

    @property
    def faults(self) -> int:
        return self.failures.total()


def command(kill: Callable[[int, int], Tally]) -> None:
    """Run many kills, print their counts, and end with 1 after a failure.

    Args:
        kill: takes the number of runs and the seed: the arguments of the command, or 200 and 1.
    """
    runs, seed = map(int, [*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :]])
    result = kill(runs, seed)
    print(result)
    sys.exit(result.faults > 0)
