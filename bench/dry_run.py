"""How far off a dry run of a batch is: ``python -m bench.dry_run FOLDER [CARRIER]``, on an idle machine.

Prints for each kind of file how many times too large or too small the predicted bytes and seconds are, at the
median and at worst, and for all files together the sums.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from typing import NamedTuple

import transcode


class _Pair(NamedTuple):
    """What was predicted, and what it was."""

    source: str
    predicted: float
    found: float

    @property
    def off(self) -> float:
        """How many times too large or too small the prediction is."""
        return max(self.predicted, 1e-3) / max(self.found, 1e-3)

    @property
    def times(self) -> float:
        return max(self.off, 1 / self.off)


def _line(name: str, pairs: list[_Pair]) -> str:
    worst = max(pairs, key=lambda one: one.times)
    middle = statistics.median(one.times for one in pairs)
    in_all = sum(one.predicted for one in pairs) / sum(one.found for one in pairs)
    return f"{name}: {middle:.2f} times, in all {in_all:.2f}, at worst {worst.times:.0f} ({worst.source})"


def main(folder: str, carrier: str = "us-att") -> None:
    """Predict and convert a folder, and print how they differ."""
    profile = transcode.find_profile(carrier)
    with tempfile.TemporaryDirectory() as target:
        told = {one.source: one for one in transcode.predict_directory(folder, target, profile).files}
        made = [
            one for one in transcode.convert_directory(folder, target, profile, threads=1) if not one.error
        ]
    kinds = ["", *sorted({told[one.source].kind for one in made})]
    for kind in kinds:
        some = [one for one in made if kind in ("", told[one.source].kind)]
        print(f"{kind or 'all'}, {len(some)} files")
        sizes = [_Pair(one.source, told[one.source].bytes or 0, one.message_bytes or 0) for one in some]
        times = [_Pair(one.source, told[one.source].seconds, one.seconds) for one in some]
        print(_line("  bytes", sizes))
        print(_line("  seconds", times))


if __name__ == "__main__":
    main(*sys.argv[1:])
