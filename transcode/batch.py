"""Whole directories: every picture below one becomes a message below another."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import threading
import time
from collections import deque
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from transcode.assemble.message import compose_many
from transcode.errors import OutputError, SourceError, TranscodeError
from transcode.fit.medium import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import ProcessPoolExecutor

    from transcode.model import Note, SendOptions, Source
    from transcode.profile import Profile

__all__ = ["Converted", "Progress", "convert_directory", "write_file"]

#: Jobs that are handed out at once, per processor: enough to keep workers busy,
#: few enough that a broken pool takes little with it.
_WINDOW = 4

#: The same for an executor that was given, whose size is not known.
_WINDOW_GIVEN = 64

#: Seconds of processor time after which a worker gives up on one file by dying: several times what forty
#: seconds of 4K take. A busy machine costs no file.
MAX_JOB_SECONDS = 300
#: The same on the clock, for a decoder that waits for what never comes.
MAX_JOB_WAIT = 1800


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of one file.

    Attributes:
        source: its path.
        target: where the message is; None when there is none.
        source_bytes: its size in bytes.
        further: where the same is for further recipients, when there are more than one message may have.
        width, height: of the picture in the message, in pixels.
        message_bytes: the size of the encoded message.
        limit: the largest size that it might have had.
        seconds: how long it took.
        duration: of the clip or sound in the message, in seconds; None for a picture.
        notes: what was cut, dropped, converted or shrunk.
        error: why there is no message, in one line that names the file; None when there is one.
        error_type: the class of the error.
    """

    source: str
    target: str | None
    source_bytes: int
    limit: int
    seconds: float
    further: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None
    duration: float | None = None
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
    words: _Words


class _Words(TypedDict):
    """What every message has besides its medium, as compose_many takes it."""

    to: Sequence[str]
    cc: Sequence[str]
    bcc: Sequence[str]
    sender: str | None
    subject: str | None
    text: str | None
    options: SendOptions | None
    as_clip: bool | Source


def convert_directory(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile,
    *,
    executor: Executor | None = None,
    progress: Callable[[Progress], object] | None = None,
    jobs: int | None = None,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    options: SendOptions | None = None,
    as_clip: bool | Source = False,
) -> list[Converted]:
    """Make a message of every file below a directory.

    ``a/b.jpg`` becomes ``a/b.jpg.mms`` below the target. Files and directories
    whose names begin with a dot are passed over, links to directories are not
    followed, and neither is the target when it lies inside the source. A file that
    can't be converted is in the result with the reason; nothing is left of it in
    the target. A message is written under another name and renamed when it is whole.
    Where there are more recipients than one message may have, those after the first lot
    get ``a/b.jpg.to-2.mms`` and so on.

    Args:
        source: the directory to read.
        target: the directory to write; made where it is missing.
        profile: of the network that the messages go to.
        executor: where the work is done; it is not shut down. None makes a pool of
            processes, in which a decoder that dies takes no other file with it. Where
            Python starts processes afresh (3.14 and later, and other systems than
            Linux), the calling script needs its ``if __name__ == "__main__"``.
        progress: called after each file, in the caller's thread.
        jobs: processes of that pool; None: one a processor.
        to, cc, bcc, sender, subject, text, options, as_clip: as for compose, the same for every message.

    Returns:
        One result a file, and one for each directory that can't be read, by path.

    Raises:
        SourceError: the source is no directory, or can't be read.
        OutputError: the target can't be made, or is the source.
        MmsUnavailable, MessageError, BudgetError: no message could be made of any file.
    """
    root, below = Path(source), Path(target)
    if not root.is_dir():
        raise SourceError(str(root), "no such directory")
    if root.resolve() == below.resolve():
        raise OutputError(str(below), "the target is the source; messages would be taken for pictures")
    words = _Words(
        to=to,
        cc=cc,
        bcc=bcc,
        sender=sender,
        subject=subject,
        text=text,
        options=options,
        as_clip=kept(as_clip),
    )
    # What would fail for every file alike fails here, once.
    tried: _Words = {**words, "text": text or "-"}
    compose_many((), profile, **tried)
    try:
        below.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(below), _reason(error)) from error
    files, results = _find(root, below)
    work = [_Job(str(path), str(below / f"{path.relative_to(root)}.mms"), profile, words) for path in files]
    for done, result in enumerate(_run(work, executor, jobs), 1):
        results.append(result)
        if progress is not None:
            progress(Progress(done, len(work), result))
    return sorted(results, key=lambda result: Path(result.source))


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        OutputError: it can't be written.
    """
    temporary = path.parent / f"{_stem(path)}{os.getpid()}-{threading.get_ident()}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(data)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise OutputError(str(path), f"{path.parent} is not a directory") from error
    except (OSError, ValueError) as error:
        raise OutputError(str(path), _reason(error)) from error


def _stem(path: Path) -> str:
    """How the names of temporary files for this path begin: hidden, short, and its own."""
    return f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}."


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _find(root: Path, target: Path) -> tuple[list[Path], list[Converted]]:
    """The files below a directory, in order, and the directories that can't be read."""
    own = target.resolve()
    closed: list[OSError] = []
    files: list[Path] = []
    for folder, folders, names in os.walk(root, onerror=closed.append):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(folder, name).resolve() != own
        )
        files += (Path(folder, name) for name in sorted(names) if not name.startswith("."))
    if closed and Path(closed[0].filename) == root:
        raise SourceError(str(root), _reason(closed[0]))
    failed = [SourceError(str(error.filename), _reason(error)) for error in closed]
    return files, [
        Converted(e.source, None, 0, 0, 0.0, error=str(e), error_type="SourceError") for e in failed
    ]


def _pool(workers: int | None) -> ProcessPoolExecutor:
    # Loaded here, with multiprocessing: 13 ms that importing transcode does without.
    from concurrent.futures import ProcessPoolExecutor

    return ProcessPoolExecutor(workers)


def _run(work: list[_Job], executor: Executor | None, jobs: int | None) -> Iterator[Converted]:
    waiting = deque(work)
    lost: list[_Job] = []
    if executor is not None:
        yield from _drain(executor, waiting, _WINDOW_GIVEN, _convert, lost)
        for job in [*lost, *waiting]:
            yield _failed(job, SourceError(job.source, "the executor broke before it was done"), 0.0)
        return
    workers = max(1, min(jobs or os.cpu_count() or 1, len(work) or 1))
    while waiting:
        lost.clear()
        with _pool(workers) as pool:
            yield from _drain(pool, waiting, workers * _WINDOW, _convert_or_die, lost)
        # One of these killed its process, and with it the pool: each gets one of its own.
        for job in lost:
            yield _alone(job)


def _drain(
    pool: Executor,
    waiting: deque[_Job],
    window: int,
    function: Callable[[_Job], Converted],
    lost: list[_Job],
) -> Iterator[Converted]:
    """Take jobs from the front of the queue and yield their results; stop when the pool breaks.

    The jobs that the pool took with it are appended to lost.
    """
    running: dict[Future[Converted], _Job] = {}
    while waiting or running:
        while waiting and len(running) < window and not lost:
            try:
                running[pool.submit(function, waiting[0])] = waiting[0]
            except RuntimeError:
                # Broken, or shut down by its owner.
                lost.append(waiting[0])
            waiting.popleft()
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda future: running[future].source):
            job = running.pop(future)
            try:
                yield future.result()
            except (BrokenExecutor, CancelledError):
                lost.append(job)


def _sweep(job: _Job) -> None:
    """Remove what a process that was ended left of the messages of a file."""
    recipients = len(job.words["to"]) + len(job.words["cc"]) + len(job.words["bcc"])
    lots = -(-recipients // (job.profile.max_recipients or max(1, recipients)))
    for target in map(Path, (job.target, *(_further(job.target, number) for number in range(2, lots + 1)))):
        for left in target.parent.glob(f"{_stem(target)}*.part"):
            left.unlink(missing_ok=True)


def _alone(job: _Job) -> Converted:
    start = time.perf_counter()
    # The process that died may have taken along the one that was at this file.
    _sweep(job)
    with _pool(1) as pool:
        try:
            return pool.submit(_convert_or_die, job).result()
        except BrokenExecutor:
            _sweep(job)
            error = SourceError(job.source, "the process that decoded it died, or took too long")
            return _failed(job, error, time.perf_counter() - start)


def _convert_or_die(job: _Job) -> Converted:
    """Convert in a process of our own: a signal ends it when a decoder hangs."""
    timers = (
        (signal.SIGPROF, signal.ITIMER_PROF, MAX_JOB_SECONDS),
        (signal.SIGALRM, signal.ITIMER_REAL, MAX_JOB_WAIT),
    )
    for number, timer, seconds in timers:
        # The parent's handler, if it has one, came along with the fork.
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, seconds)
    try:
        return _convert(job)
    finally:
        for _, timer, _ in timers:
            signal.setitimer(timer, 0)


def _convert(job: _Job) -> Converted:
    start = time.perf_counter()
    try:
        message, *others = compose_many(job.source, job.profile, **job.words)
        # Without recipients it is a draft: they are added before it is sent.
        encoded = message.to_mm1(strict=bool(message.to or message.cc or message.bcc))
        further = {_further(job.target, number): other.to_mm1() for number, other in enumerate(others, 2)}
        _write_all({job.target: encoded, **further})
    except Exception as error:  # noqa: BLE001  (one file, whatever is wrong with it, must not end the others)
        return _failed(job, error, time.perf_counter() - start)
    done = Converted(
        job.source,
        job.target,
        _size(job.source),
        job.profile.max_message_bytes,
        time.perf_counter() - start,
        further=tuple(further),
        message_bytes=len(encoded),
    )
    if not message.reports:
        # A vCard or a calendar entry is sent as it is.
        return done
    (report,) = message.reports
    return replace(
        done,
        source_bytes=report.source_bytes,
        width=report.width,
        height=report.height,
        duration=report.seconds,
        notes=report.notes,
    )


def _further(target: str, number: int) -> str:
    """The path of the message to the next recipients: ``a.jpg.mms``, ``a.jpg.to-2.mms``."""
    return f"{target.removesuffix('.mms')}.to-{number}.mms"


def _write_all(files: dict[str, bytes]) -> None:
    """Write all of these files or none."""
    written: list[Path] = []
    try:
        for path, octets in files.items():
            write_file(Path(path), octets)
            written.append(Path(path))
    except OutputError:
        for done in written:
            done.unlink(missing_ok=True)
        raise


def _failed(job: _Job, error: Exception, seconds: float) -> Converted:
    return Converted(
        job.source,
        None,
        _size(job.source),
        job.profile.max_message_bytes,
        seconds,
        error=str(error) if isinstance(error, TranscodeError) else f"{job.source}: {error!r}",
        error_type=type(error).__name__,
    )


def _size(path: str) -> int:
    """The size of a file in bytes; 0 when it can't be told."""
    with contextlib.suppress(OSError):
        return Path(path).stat().st_size
    return 0
