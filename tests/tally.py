"""Counts of what random kills did, and the command that does many of them."""

from __future__ import annotations

import argparse
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


def command(kill: Callable[..., Tally], **choices: tuple[str, ...]) -> None:
    """Run many kills, print their counts, and end with 1 after a failure.

    Args:
        kill: takes the number of runs and the seed: the arguments of the command, or 200 and 1; and a word of
            each name in ``choices``.
        choices: the words that an option of this name has, first the one that it is without it.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="?", type=int, default=200)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    for name, words in choices.items():
        parser.add_argument(f"--{name}", choices=words, default=words[0])
    given = vars(parser.parse_args())
    result = kill(given.pop("runs"), given.pop("seed"), **given)
    print(result)
    sys.exit(result.faults > 0)
