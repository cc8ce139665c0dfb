"""What strace saw of a store, in the order of the calls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

__all__ = ["check_synced", "last"]


def last(calls: Sequence[str], pattern: str) -> int:
    """The place of the last call that a pattern finds; there is one."""
    found = [at for at, line in enumerate(calls) if re.search(pattern, line)]
    assert found, pattern
    return found[-1]


def check_synced(calls: Sequence[str], folder: Path, database: str) -> None:
    """Octets, their name in the folder and the rows of an SQLite database were synced in this order."""
    here, log = re.escape(str(folder)), re.escape(f"{folder / database}-wal")
    steps = (
        rf"\bfsync\(\d+<{here}/blobs/../../#\d+.*\) += 0",
        rf"\blinkat\(.*{here}/blobs/../../[0-9a-f]{{64}}",
        rf"\bfsync\(\d+<{here}/blobs/../..>\) += 0",
        rf"\bpwrite64\(\d+<{log}>",
        rf"\bf(data)?sync\(\d+<{log}>\) += 0",
    )
    places = [last(calls, step) for step in steps]
    assert places == sorted(set(places)), places
