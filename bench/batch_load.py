"""Messages a second of a folder of photos: ``python -m bench.batch_load [--photos 48] [--work FOLDER]``.

Different photos of about 12 megapixels and 2 to 4 MB become messages for us-att: by convert_directory with
one worker and with two, with and without a manifest, and beside them by scripts with two processes that make
JPEGs under the same limit: Pillow, and vipsthumbnail with a loop over its quality.

Processor time is what other load on a machine disturbs least: messages a second are given by the clock, and
as many as two processors make that have nothing else to do. The parts of a fit follow, from calls of the
kernels in this process.
"""

from __future__ import annotations

import argparse
import io
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from multiprocessing.pool import Pool, ThreadPool
from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image

import transcode
from bench import corpus, rivals
from bench.engines import program
from bench.machine import processor
from bench.pictures import landscape
from bench.timing import spent
from transcode.batch.resume import BatchOptions
from transcode.kernels import colour, dct, jpeg, resample, transpose

CARRIER = "us-att"
WORKERS = 2

#: The limit of scripts: the box of the carrier, and its bytes less those of headers and SMIL.
BOX, ROOM = (2592, 1944), 1_047_000

#: Bytes and pixels of the photos.
_BYTES = (2_000_000, 4_000_000)
_PIXELS = (9_000_000, 17_000_000)

#: Trials of vipsthumbnail: a bisection of its quality, from 1 to 95.
_TRIALS = 7

#: Functions of kernels that are measured as parts of a fit, by what they do.
PARTS: dict[str, tuple[tuple[ModuleType, str], ...]] = {
    "decode": ((jpeg, "decode"),),
    "resample": ((resample, "resample"),),
    "turn": ((transpose, "transpose"),),
    "colours": ((colour, "shape"), (colour, "look_up")),
    "transform": ((dct, "forward"), (dct, "fill_masks")),
    "quantise, count and write": ((dct, "measure"), (dct, "write")),
}


def photos(folder: Path, count: int) -> list[Path]:
    """Write photos of the corpus, cropped differently, or generated photos; return their paths."""
    sources = []
    for name in corpus.there(corpus.PHOTOS):
        with Image.open(corpus.folder() / name) as image:
            if _PIXELS[0] <= image.width * image.height <= _PIXELS[1]:
                sources.append(image.convert("RGB"))
    made: list[Path] = []
    for number in range(count):
        turn, which = divmod(number, max(1, len(sources)))
        picture = sources[which] if sources else landscape(number, 4000, 3000)
        left = 16 * turn
        path = folder / f"{number:03}.jpg"
        path.write_bytes(_encoded(picture.crop((left, left, picture.width, picture.height))))
        made.append(path)
    return made


def _encoded(picture: Image.Image) -> bytes:
    """A JPEG of a size that phones make, at the lowest quality that has it."""
    data = b""
    for quality in (85, 90, 93, 95, 97, 98):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, subsampling="4:2:0")
        if data and file.tell() > _BYTES[1]:
            break
        data = file.getvalue()
        if len(data) >= _BYTES[0]:
            break
    return data


def _pillow(paths: tuple[Path, Path]) -> None:
    source, target = paths
    made = rivals.pillow(source.read_bytes(), BOX, ROOM)
    if made is not None:
        target.write_bytes(made)


def _vips(paths: tuple[Path, Path]) -> None:
    source, target = paths
    low, high = 1, 95
    for _ in range(_TRIALS):
        quality = (low + high) // 2
        trial = target.with_suffix(".trial.jpg")
        size = f"{BOX[0]}x{BOX[1]}>"
        subprocess.run(
            [
                *(str(program("vipsthumbnail")), str(source), "--size", size),
                *("-o", f"{trial}[Q={quality},strip,optimize_coding]"),
            ],
            check=True,
        )
        if trial.stat().st_size <= ROOM:
            low = quality + 1
            trial.replace(target)
        else:
            high = quality - 1


def _by_script(work: Callable[[tuple[Path, Path]], None], pool: Any, made: list[Path], target: Path) -> None:
    target.mkdir()
    with pool(WORKERS) as workers:
        workers.map(work, [(path, target / path.name) for path in made], chunksize=1)


def _ours(source: Path, target: Path, jobs: int, keep: BatchOptions | None) -> None:
    profile = transcode.find_profile(CARRIER)
    results = transcode.convert_directory(source, target, profile, jobs=jobs, keep=keep)
    for result in results:
        if result.error is not None:
            sys.exit(f"no message: {result.error}")


def _row(name: str, work: Callable[[], None], count: int) -> None:
    """Do the work once, and print its row."""
    begun, before = time.perf_counter(), spent()
    work()
    seconds, processors = time.perf_counter() - begun, (spent() - before) / count
    print(
        f"| {name} | {count / seconds:.1f} | {1e3 * processors:.1f} | {WORKERS / processors:.1f} |",
        flush=True,
    )


def _parts(made: list[Path]) -> None:
    """Print the processor time of a message by parts: medians over the photos."""
    profile = transcode.find_profile(CARRIER)
    taken: dict[str, float] = defaultdict(float)

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            before = spent()
            try:
                return function(*arguments, **named)
            finally:
                taken[name] += 1e3 * (spent() - before)

        return call

    for name, functions in PARTS.items():
        for module, function in functions:
            setattr(module, function, counted(name, getattr(module, function)))
    rows: dict[str, list[float]] = defaultdict(list)
    for path in [made[0], *made]:
        taken.clear()
        before = spent()
        transcode.compose(path, profile).to_mm1(strict=False)
        whole = 1e3 * (spent() - before)
        for name in PARTS:
            rows[name].append(taken[name])
        rows["all else: Python, reading, the message"].append(whole - sum(taken.values()))
        rows["in all"].append(whole)
    print("\n| part of a message | ms of processor time, median |\n|---|---|")
    for name, each in rows.items():
        print(f"| {name} | {statistics.median(each[1:]):.1f} |")


def main() -> None:
    """Measure all ways, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.batch_load", description=main.__doc__)
    parser.add_argument("--photos", type=int, default=48, help="number of photos")
    parser.add_argument("--work", type=Path, help="folder for photos and messages; default: a temporary one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.work) as room:
        place = Path(room)
        (place / "in").mkdir()
        made = photos(place / "in", asked.photos)
        size = statistics.median(path.stat().st_size for path in made)
        print(f"{len(made)} photos of {size / 1e6:.1f} MB in the median; {processor()}\n")
        print(
            "| way | messages a second | ms of processor time each | two idle processors |\n|---|---|---|---|"
        )
        for jobs in (1, WORKERS):
            for words, keep in (("", None), (", manifest", BatchOptions())):
                name = f"transcode, {jobs} worker{'s' * (jobs > 1)}{words}"
                target = place / "out"
                _row(name, lambda: _ours(place / "in", target, jobs, keep), len(made))  # noqa: B023
                shutil.rmtree(target)
        _row(f"Pillow, {WORKERS} processes", lambda: _by_script(_pillow, Pool, made, place / "p"), len(made))
        if program("vipsthumbnail"):
            name = f"vipsthumbnail with a loop, {WORKERS} processes"
            _row(name, lambda: _by_script(_vips, ThreadPool, made, place / "v"), len(made))
        else:
            print("\nvipsthumbnail is not installed (Debian: libvips-tools).")
        _parts(made)


if __name__ == "__main__":
    main()
