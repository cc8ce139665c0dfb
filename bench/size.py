"""How much is measured: the environment's BENCH_SIZE is ``full``, ``quick`` or ``smoke``.

full: what the report is written from, hours of it. quick: every section in five minutes. smoke: every
section in seconds, with media made here; it shows that they run, and no figure of it says anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Thing = TypeVar("Thing")

SIZES = ("full", "quick", "smoke")
SIZE = os.environ.get("BENCH_SIZE") or "full"
if SIZE not in SIZES:
    raise ValueError(f"BENCH_SIZE is {SIZE!r}; it may be {', '.join(SIZES)}")

#: So many rounds of everything, where the environment says so, as a comparison of revisions does.
_ROUNDS = int(os.environ.get("BENCH_ROUNDS") or 0)


def pick(full: Thing, quick: Thing, smoke: Thing) -> Thing:
    """The one of the three that belongs to the size."""
    return dict(zip(SIZES, (full, quick, smoke), strict=True))[SIZE]


def some(things: Iterable[Thing], quick: int, smoke: int = 1) -> list[Thing]:
    """All, or the first so many."""
    found = list(things)
    return found[: pick(len(found), quick, smoke)]


def rounds(full: int) -> int:
    """Rounds of a measurement that takes so many when there is time."""
    return _ROUNDS or pick(full, min(full, 3), 1)
