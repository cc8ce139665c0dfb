"""The size of a measurement, from the environment variable BENCH_SIZE: ``full``, ``quick`` or ``smoke``.

full: the measurement of the report, which takes hours. quick: every section with few media, in five minutes.
smoke: every section in seconds with generated media; it tests that the sections run, and its figures mean
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Thing = TypeVar("Thing")

SIZES = ("full", "quick", "smoke")
SIZE = os.environ.get("BENCH_SIZE") or "full"
if SIZE not in SIZES:
    raise ValueError(f"BENCH_SIZE is {SIZE!r}; it must be one of {', '.join(SIZES)}")

#: The number of rounds of every row, from BENCH_ROUNDS, which a comparison of revisions sets; 0: default.
_ROUNDS = int(os.environ.get("BENCH_ROUNDS") or 0)


def pick(full: Thing, quick: Thing, smoke: Thing) -> Thing:
    """The argument that belongs to the size."""
    return dict(zip(SIZES, (full, quick, smoke), strict=True))[SIZE]


def some(things: Iterable[Thing], quick: int, smoke: int = 1) -> list[Thing]:
    """All things in a full run, else the first ``quick`` or ``smoke`` things."""
    found = list(things)
    return found[: pick(len(found), quick, smoke)]


def rounds(full: int) -> int:
    """The number of rounds of a measurement that takes ``full`` rounds in a full run."""
    return _ROUNDS or pick(full, min(full, 3), 1)
