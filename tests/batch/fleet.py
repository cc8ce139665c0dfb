"""Batches under harm: ``python -m tests.batch.fleet kill|own|cluster [RUNS] [FILES]``.

``kill``: a Dask scheduler with two workers, one of which is killed at a third of the files; its nanny starts
another one. ``own`` and ``cluster``: in each run one file exits, crashes, loops or takes memory without end,
under processes of our own or two workers of Dask. In each run every other file must be made, with the octets
of a run in one process, and the harmful one must be named. A run that takes longer than HUNG counts as stuck.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from unittest import mock

import transcode
from tests import faults
from tests.made.pictures import photo, save
from transcode.batch import Converted, Progress, convert_directory, engines
from transcode.batch.cluster import Cluster

HUNG = 180.0
PROFILE = transcode.find_profile("oma-image-basic")
LIMITS = transcode.JobLimits(max_cpu_seconds=2, max_seconds=60, max_memory=300_000_000)
PLAN = transcode.BatchPlan(limits=LIMITS)
HARM = {
    "exit": "died (exit status 3)",
    "crash": "died (SIGSEGV)",
    "loop": "took longer than 2 seconds of processor time",
    "memory": "took more than 300,000,000 bytes of memory",
}


@contextlib.contextmanager
def scheduler(
    folder: Path, workers: int, *, nanny: bool
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler with workers, its processes first; all end with the block."""
    told = folder / "scheduler.json"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    host = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file")
    words = ("--nthreads", "1", "--death-timeout", "60", "--local-directory")
    # Workers wait for the file, and start meanwhile.
    worker = ("dask_worker", *host, told, *words, folder, "--nanny" if nanny else "--no-nanny")
    started = []
    with (folder / "log").open("wb") as log:
        for name, *rest in [("dask_scheduler", *host, told, "--port", "0"), *[worker] * workers]:
            command = [sys.executable, "-m", f"distributed.cli.{name}", *map(str, rest)]
            started.append(subprocess.Popen(command, stderr=log, stdout=log, env=env))
        try:
            faults.until(lambda: told.exists() and told.read_text().rstrip().endswith("}"), "a scheduler")
            yield json.loads(told.read_text())["address"], started
        finally:
            # A worker of Dask that is asked to end while its scheduler ends may stay for ever.
            for one in started:
                one.kill()
                one.wait()


def fill(folder: Path, files: int) -> Path:
    """A folder of small photos."""
    folder.mkdir()
    data = [save(photo(240, 180, number)) for number in range(8)]
    for number in range(files):
        (folder / f"{number:03}.jpg").write_bytes(data[number % len(data)])
    return folder


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.mms")}


def killed(source: Path, target: Path, cluster: Executor, files: int, worker: int) -> list[Converted]:
    """The results of a batch of which a worker is killed at a third."""

    def progress(one: Progress) -> None:
        if one.done == files // 3:
            os.kill(worker, signal.SIGKILL)

    return convert_directory(source, target, PROFILE, executor=cluster, plan=PLAN, progress=progress)


def pids(cluster: Cluster) -> list[int]:
    """The processes of the workers."""
    return list(cluster._client.run(os.getpid).values())


def judge(
    results: list[Converted], target: Path, wanted: dict[str, bytes], harmful: str = ""
) -> Counter[str]:
    """What went wrong, by kind."""
    found = outputs(target)
    errors = {Path(one.source).name: str(one.error) for one in results if one.error}
    left = [
        path.name for path in target.iterdir() if path.name not in wanted and ".transcode-" not in path.name
    ]
    return Counter(
        results=abs(len(results) - len(wanted) - bool(harmful)),
        lost=len(wanted) - len(found),
        other_octets=sum(wanted.get(name) != octets for name, octets in found.items()),
        errors=len(errors) - bool(harmful),
        not_named=bool(harmful) and HARM[harmful] not in errors.get(f"{harmful}.jpg", ""),
        left_over=len(left),
    )


def main(kind: str, runs: int, files: int) -> None:
    tally: Counter[str] = Counter()
    longest = 0.0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, contextlib.ExitStack() as open_:
        folder = Path(name)
        source = fill(folder / "in", files)
        convert_directory(source, folder / "serial", PROFILE, jobs=1)
        wanted = outputs(folder / "serial")
        cluster = None
        if kind != "own":
            address, _ = open_.enter_context(scheduler(folder, 2, nanny=True))
            cluster = open_.enter_context(Cluster(address))
            open_.enter_context(mock.patch.object(engines, "convert", faults.poison))
        else:
            open_.enter_context(mock.patch.object(engines, "convert", faults.poison))
        for number in range(runs):
            stuck = threading.Timer(HUNG, lambda: (print("STUCK", flush=True), os._exit(9)))
            stuck.daemon = True
            stuck.start()
            start = time.monotonic()
            target = folder / f"out-{number}"
            if kind == "kill" and cluster is not None:
                faults.until(lambda: cluster.room() == 8, "two workers")
                results = killed(source, target, cluster, files, pids(cluster)[number % 2])
                wrong = judge(results, target, wanted)
            else:
                harmful = list(HARM)[number % len(HARM)]
                (source / f"{harmful}.jpg").write_bytes(save(photo(240, 180)))
                results = convert_directory(source, target, PROFILE, executor=cluster, plan=PLAN)
                (source / f"{harmful}.jpg").unlink()
                wrong = judge(results, target, wanted, harmful)
            stuck.cancel()
            longest = max(longest, time.monotonic() - start)
            tally += wrong
            if +wrong:
                print(number, wrong, [str(one.error) for one in results if one.error][:3], flush=True)
    print(
        f"{kind}: {runs} runs of {files} files, longest {longest:.1f} s, wrong: {dict(+tally) or 'nothing'}"
    )


if __name__ == "__main__":
    main(
        sys.argv[1],
        int(sys.argv[2] if len(sys.argv) > 2 else 4),
        int(sys.argv[3] if len(sys.argv) > 3 else 20),
    )
