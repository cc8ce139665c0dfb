"""Whole directories: every picture below one becomes a message below another."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transcode.assemble.message import compose
from transcode.errors import SourceError, TranscodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from transcode.model import Note
    from transcode.profile import Profile

__all__ = ["Converted", "Progress", "convert_directory", "write_file"]

#: Jobs that are handed out at once, per processor: enough to keep workers busy,
#: few enough that a broken pool takes little with it.
_WINDOW = 4

#: Seconds after which a worker gives up on one file by dying.
MAX_JOB_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of one file.

    Attributes:
        source: its path.
        target: where the message is; None when there is none.
        source_bytes: its size in bytes.
        width, height: of the picture in the message, in pixels.
        message_bytes: the size of the encoded message.
        limit: the largest size that it might have had.
        seconds: how long it took.
        notes: what was cut, dropped, converted or shrunk.
        error: why there is no message, in one line that names the file; None when there is one.
        error_type: the class of the error.
    """

    source: str
    target: str | None
    source_bytes: int
    limit: int
    seconds: float
    width: int | None = None
    height: int | None = None
    message_bytes: int | None = None
    notes: tuple[Note, ...] = ()
    error: str | None = None
    error_type: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a directory has come: files done, files in all, and the one just done."""

    done: int
    total: int
    latest: Converted


@dataclass(frozen=True, slots=True)
class _Job:
    source: str
    target: str
    profile: Profile
    to: tuple[str, ...]
    sender: str | None
    subject: str | None
    text: str | None


def convert_directory(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile,
    *,
    executor: Executor | None = None,
    progress: Callable[[Progress], object] | None = None,
    jobs: int | None = None,
    to: Sequence[str] = (),
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
) -> list[Converted]:
    """Make a message of every file below a directory.

    ``a/b.jpg`` becomes ``a/b.jpg.mms`` below the target. Files and directories
    whose names begin with a dot are passed over, and so is the target when it
    lies inside the source. A file that can't be converted is in the result with
    the reason; nothing is left of it in the target. A message is written under
    another name and renamed when it is whole.

    Args:
        source: the directory to read.
        target: the directory to write; made where it is missing.
        profile: of the network that the messages go to.
        executor: where the work is done; it is not shut down. None makes a pool of
            processes, in which a decoder that dies takes no other file with it.
        progress: called after each file, in the caller's thread.
        jobs: processes of that pool; None: one a processor.
        to, sender, subject, text: as for compose, the same for every message.

    Returns:
        One result a file, in the order of their paths.

    Raises:
        SourceError: the source is no directory.
        MmsUnavailable, MessageError: no message could be made of any file.
    """
    root, below = Path(source), Path(target)
    if not root.is_dir():
        raise SourceError(str(root), "no such directory")
    # What would fail for every file alike fails here, once.
    compose((), profile, to=to, sender=sender, subject=subject, text=text or "-")
    work = [
        _Job(
            str(path), str(below / f"{path.relative_to(root)}.mms"), profile, tuple(to), sender, subject, text
        )
        for path in _files(root, below)
    ]
    results: dict[str, Converted] = {}
    for result in _run(work, executor, jobs):
        results[result.source] = result
        if progress is not None:
            progress(Progress(len(results), len(work), result))
    return [results[job.source] for job in work]


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor, not a path)
            file.write(data)
        # mkstemp makes files that only their owner reads.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _files(root: Path, target: Path) -> Iterator[Path]:
    own = target.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(folder, name).resolve() != own
        )
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _run(work: list[_Job], executor: Executor | None, jobs: int | None) -> Iterator[Converted]:
    if executor is not None:
        yield from _drain(executor, list(work), (os.cpu_count() or 1) * _WINDOW, _convert, [])
        return
    workers = max(1, min(jobs or os.cpu_count() or 1, len(work) or 1))
    waiting = list(work)
    while waiting:
        lost: list[_Job] = []
        with ProcessPoolExecutor(workers) as pool:
            yield from _drain(pool, waiting, workers * _WINDOW, _convert_or_die, lost)
        # One of these killed its process, and with it the pool: each gets one of its own.
        for job in lost:
            yield _alone(job)


def _drain(
    pool: Executor,
    waiting: list[_Job],
    window: int,
    function: Callable[[_Job], Converted],
    lost: list[_Job],
) -> Iterator[Converted]:
    """Take jobs from the front of the list and yield their results; stop when the pool breaks.

    The jobs that the pool took with it are appended to lost.
    """
    running: dict[Future[Converted], _Job] = {}
    while waiting or running:
        while waiting and len(running) < window and not lost:
            try:
                running[pool.submit(function, waiting[0])] = waiting[0]
            except BrokenExecutor:
                lost.append(waiting[0])
            waiting.pop(0)
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda future: running[future].source):
            job = running.pop(future)
            try:
                yield future.result()
            except BrokenExecutor:
                lost.append(job)


def _alone(job: _Job) -> Converted:
    start = time.perf_counter()
    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(_convert_or_die, job).result()
        except BrokenExecutor:
            error = SourceError(job.source, "the process that decoded it died, or took too long")
            return _failed(job, error, start)


def _convert_or_die(job: _Job) -> Converted:
    """Convert in a process of our own: SIGALRM ends it when a decoder hangs."""
    signal.setitimer(signal.ITIMER_REAL, MAX_JOB_SECONDS)
    try:
        return _convert(job)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _convert(job: _Job) -> Converted:
    start = time.perf_counter()
    try:
        message = compose(
            job.source, job.profile, to=job.to, sender=job.sender, subject=job.subject, text=job.text
        )
        encoded = message.to_mm1()
        write_file(Path(job.target), encoded)
    except Exception as error:  # noqa: BLE001  (one file, whatever is wrong with it, must not end the others)
        return _failed(job, error, start)
    report = message.reports[0]
    return Converted(
        job.source,
        job.target,
        report.source_bytes,
        job.profile.max_message_bytes,
        time.perf_counter() - start,
        width=report.width,
        height=report.height,
        message_bytes=len(encoded),
        notes=report.notes,
    )


def _failed(job: _Job, error: Exception, start: float) -> Converted:
    size = 0
    with contextlib.suppress(OSError):
        size = Path(job.source).stat().st_size
    return Converted(
        job.source,
        None,
        size,
        job.profile.max_message_bytes,
        time.perf_counter() - start,
        error=str(error) if isinstance(error, TranscodeError) else f"{job.source}: {error!r}",
        error_type=type(error).__name__,
    )
