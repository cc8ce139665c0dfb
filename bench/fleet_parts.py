"""What the parts of a batch on many machines can do: ``python -m bench.fleet_parts [--files 4000]``.

Files are copied and not decoded, so that what remains is what the parts take: Dask's scheduler, the command
that sends files and takes results, one worker, the list of files, the manifest, a folder, and a bucket of
SeaweedFS. Outputs have 300 kB. Given is processor time for one file, and how many files a second that allows
one processor; of what waits for disks and servers also how many there were by the clock.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import transcode
from bench.timing import spent
from tests import faults
from tests.batch import fleet, weed
from transcode.batch import BatchOptions, Converted, convert_directory, engines, far
from transcode.batch.cluster import Cluster
from transcode.batch.convert import Made, MadeOutput
from transcode.batch.directory import prepare
from transcode.batch.manifest import Manifest, Row, database
from transcode.batch.plan import BatchPlan, Job
from transcode.jobs.files import Outputs
from transcode.model import MessageWords

PROFILE = transcode.find_profile("us-att")
OCTETS = b"\0" * 300_000

#: Outputs that are written together, and rows, as a batch does.
_GROUP, _ROWS = 8, 100


def copied(job: Job, *, threads: int) -> Made:
    """Make octets of each output, whatever the source."""
    del threads
    return Made(
        tuple(
            MadeOutput(
                Converted(job.source, one.base, 1, 1_000_000, 0.0, carrier=one.carrier),
                {Path(one.base): OCTETS},
            )
            for one in job.outputs
        )
    )


def _taken(process: int) -> float:
    """Processor time in seconds of another process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _line(part: str, seconds: float, files: int, clock: float | None = None) -> None:
    each = seconds / files
    seen = "" if clock is None else f"; {files / clock:,.0f} a second by the clock"
    print(f"{part}: {each * 1e3:.3f} ms a file, {1 / max(each, 1e-9):,.0f} a second{seen}", flush=True)


def dask(folder: Path, target: Path, files: int, note: str) -> None:
    """A batch with a manifest and two workers, whose children copy."""
    # Workers do not have this process's __main__.
    from bench.fleet_parts import copied

    source = folder / "in"
    source.mkdir(parents=True)
    for number in range(files):
        (source / f"{number:06}.jpg").write_bytes(b"a")
    with fleet.scheduler(folder, 2, nanny=False) as (address, processes), Cluster(address) as cluster:
        faults.until(lambda: cluster.room() == 8, "two workers")
        own, scheduler, worker = spent(), *map(_taken, (processes[0].pid, processes[1].pid))
        begun = time.monotonic()
        with mock.patch.object(engines, "convert", copied):
            results = convert_directory(source, target, PROFILE, executor=cluster, keep=BatchOptions())
        clock = time.monotonic() - begun
        errors = {one.error for one in results if one.error}
        assert not errors, errors
        _line(f"scheduler of Dask{note}", _taken(processes[0].pid) - scheduler, files, clock)
        _line(f"command, with its manifest{note}", spent() - own, files)
        _line(f"worker, without its child{note}", 2 * (_taken(processes[1].pid) - worker), files)


def listing(folder: Path, files: int) -> None:
    """What a command does before its first file: it lists all, and takes a part of them."""
    source = folder / "in"
    for number in range(files):
        (source / f"{number // 500}").mkdir(parents=True, exist_ok=True)
        (source / f"{number // 500}" / f"{number:06}.jpg").touch()
    words = MessageWords(
        to=(), cc=(), bcc=(), sender=None, subject=None, text=None, options=None, as_clip=False
    )
    with _measured("list of all files", files):
        keep = BatchOptions(shard=(1, 20))
        work = prepare(source, folder / "out", PROFILE, BatchPlan(), words, None, None, keep)
    if work.ledger is not None:
        work.ledger.close()


def manifest(folder: Path, files: int) -> None:
    """Rows, a hundred a commit."""
    folder.mkdir()
    hash_ = "0" * 64
    held = Manifest(folder, folder, database(folder, None))
    rows = [
        Row(
            f"{number:06}.jpg.mms",
            f"{number:06}.jpg",
            "300000 1793613600000000000 1793613600000000000 1234567",
            hash_,
            hash_,
            {f"{number:06}.jpg.mms": ("300000 1793613600000000000 1793613600000000000 7654321", hash_)},
            Converted(str(folder / f"{number:06}.jpg"), str(folder / f"{number:06}.jpg.mms"), 1, 1, 0.1),
        )
        for number in range(files)
    ]
    with _measured("manifest", files):
        for first in range(0, files, _ROWS):
            held.write(rows[first : first + _ROWS])
    held.close()


@contextmanager
def _measured(part: str, files: int) -> Iterator[None]:
    own, begun = spent(), time.monotonic()
    yield
    _line(part, spent() - own, files, time.monotonic() - begun)


def _write(part: str, files: int, place: Path, write: Callable[[list[dict[Path, bytes]]], object]) -> None:
    sets = [{place / f"{number:06}.mms": OCTETS} for number in range(files)]
    with _measured(part, files):
        for first in range(0, files, _GROUP):
            write(sets[first : first + _GROUP])


def bucket(folder: Path, files: int) -> None:
    """Objects in a real server of S3 on this machine, eight at once; and a batch into it."""
    with weed.serving(folder) as port, mock.patch.dict(os.environ, weed.environment(port)):
        outputs = far.FarOutputs(())
        root = Path(f"s3:/{weed.BUCKET}")
        _write("bucket, the side of who writes", files, root / "out", outputs.write_sets)
        dask(folder.with_name("far"), root / "far", files, ", octets pass it")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=4000, help="number of files")
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        dask(folder / "dask", folder / "out", files, "")
        listing(folder / "list", 10 * files)
        manifest(folder / "manifest", 10 * files)
        _write("folder", files, folder / "files", Outputs().write_sets)
        bucket(folder / "bucket", files // 4)


if __name__ == "__main__":
    main()
