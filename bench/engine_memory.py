"""Whether the memory of an engine is flat: ``python -m bench.engine_memory [--files N] [--max-jobs N ...]``.

Files of all kinds go through an engine of two workers, one after the other and again: pictures, animations,
clips, recordings and damaged ones, made here in many sizes and, where it is there, the small files of the
corpus. Each result is read and dropped. After each tenth the table has the resident memory of the program and
of its workers; the ratio is that of the last tenth to the second, when all that is loaded once is loaded.
``--max-jobs 0`` never replaces a worker.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import transcode
from bench import corpus
from tests.made import clips, sounds
from tests.made.pictures import photo, save

#: One second of a clip or a recording, which does not take long.
LIMITS = transcode.Limits(40_000, 320, 240, max_seconds=1.0)
#: The largest file of the corpus that is among them, in bytes.
MOST = 200_000
WORKERS = 2


def sources() -> list[bytes]:
    """Files of all kinds, in an order that is always the same."""
    drawn = random.Random(19)
    found = [
        save(photo(drawn.randrange(8, 900), drawn.randrange(8, 700), seed), kind)
        for seed, kind in enumerate(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"] * 8)
    ]
    found += [bytes(clips.clip(seconds=duration).data) for duration in (0.5, 1.0, 2.0)]
    found += [bytes(sounds.container(sounds.noise(seconds)).data) for seconds in (0.3, 1.0, 3.0)]
    if corpus.folder().is_dir():
        media = sorted(path for path in corpus.folder().parent.rglob("*") if path.is_file())
        found += [path.read_bytes() for path in media if 0 < path.stat().st_size <= MOST]
    found += [whole[: len(whole) // 2] for whole in found[::7]]
    drawn.shuffle(found)
    return found


def resident(process: int | str) -> float:
    """The resident memory of a process in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    return 0.0


def children() -> list[int]:
    lists = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
    return [int(number) for line in lists for number in line.split()]


def measure(count: int, max_jobs: int | None, media: Sequence[bytes]) -> None:
    """Send files through an engine, and print the table."""
    print(f"\n{count:,} files ({len(media)} different ones), max_jobs={max_jobs}")
    print("| files | program, MB | workers, MB | largest worker, MB | seconds | failed |")
    print("|---|---|---|---|---|---|")
    failed, begin, sums = 0, time.monotonic(), []
    given: Iterator[bytes] = itertools.islice(itertools.cycle(media), count)
    with transcode.Engine(WORKERS, max_jobs=max_jobs) as engine:
        for number, made in enumerate(engine.map(given, LIMITS, return_errors=True), 1):
            failed += isinstance(made, Exception)
            if number % max(1, count // 10) == 0:
                workers = [resident(child) for child in children()]
                sums.append(max(workers))
                print(
                    f"| {number:,} | {resident('self'):.0f} | {sum(workers):.0f} | {max(workers):.0f}"
                    f" | {time.monotonic() - begin:.0f} | {failed} |",
                    flush=True,
                )
    print(f"largest worker, last tenth to second: {sums[-1] / sums[1]:.3f}")


def main() -> None:
    """Measure with each of some numbers of jobs after which workers are replaced."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--max-jobs", type=int, nargs="+", default=[200, 0])
    given = parser.parse_args()
    media = sources()
    for number in given.max_jobs:
        measure(given.files, number or None, media)


if __name__ == "__main__":
    main()
