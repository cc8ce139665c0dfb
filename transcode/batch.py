"""Whole directories: each file below one becomes a message below another."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict

from transcode.errors import Cancelled, JobError, LimitsError, OutputError, SourceError, TranscodeError
from transcode.fit.medium import kept
from transcode.jobs import processors
from transcode.jobs.files import Outputs, reason
from transcode.jobs.gather import attempt, gather
from transcode.messages.compose import compose_split

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from concurrent.futures import Executor

    from transcode.model import Note, SendOptions, Source
    from transcode.profile import Profile

__all__ = ["Cancel", "Converted", "Progress", "convert_directory", "iter_directory"]

#: Jobs a processor that are handed out at once: enough to keep the workers busy.
_WINDOW = 4

#: Jobs that a caller's executor has at once; its number of workers is not known.
_WINDOW_GIVEN = 64

#: Seconds of processor time after which the worker of one file is ended: several times what 40 seconds of 4K
#: take. A busy machine costs no file.
MAX_JOB_SECONDS = 300
#: Seconds by the clock, likewise, for a decoder that waits for ever.
MAX_JOB_WAIT = 1800
#: Further seconds for which a caller's executor may be silent before it is given up.
_GRACE = 60


class Cancel(Protocol):
    """A caller's way to cancel: a threading.Event, or any object with this method."""

    def is_set(self) -> bool:
        """Whether the work is cancelled."""


@dataclass(frozen=True, slots=True)
class Converted:
    """The result of one file.

    Attributes:
        source: the file's path.
        target: the message's path; None when there is no message.
        source_bytes: the file's size in bytes.
        further: paths of the messages to further recipients, where one message may not have all.
        width, height: of the picture in the message, in pixels.
        message_bytes: the size of the encoded message.
        limit: the largest size that the message might have, in bytes.
        seconds: seconds that the file took.
        duration: of the clip or sound in the message, in seconds; None for a picture.
        notes: what was cut, dropped, converted or shrunk.
        error: why there is no message, in one line that names the file; None where there is a message.
        error_type: the class of the error. A JobError is no fault of the file: a later run may succeed.
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
    """The progress of a directory: files done, files in all, and the result of the last."""

    done: int
    total: int
    latest: Converted


@dataclass(frozen=True, slots=True)
class _Job:
    source: str
    target: str
    profile: Profile
    words: _Words


@dataclass(frozen=True, slots=True)
class _Made:
    """The result of a job: octets of its messages by path, or no octets and an error."""

    result: Converted
    files: dict[Path, bytes]


class _Words(TypedDict):
    """The arguments of compose_split that all messages share."""

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
    cancel: Cancel | None = None,
    jobs: int | None = None,
    threads: int | None = None,
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

    ``a/b.jpg`` becomes ``a/b.jpg.mms`` below the target. Files and directories whose names begin with a dot
    are passed over, links to directories are not followed, and neither is the target when it lies inside the
    source. A file that can't be converted is in the result with the reason; nothing is left of it in the
    target. A message is written by this process alone, whole or not at all; none replaces a file that is
    read, or another message of this call. Where there are more recipients than one message may have, those
    after the first lot get ``a/b.jpg.to-2.mms`` and so on.

    Args:
        source: the directory to read.
        target: the directory to write; made where it is missing.
        profile: of the network that the messages go to.
        executor: where the work is done; it is not shut down. None makes processes, in which a decoder that
            dies takes no other file with it, and which end with this one. What it raises costs one file.
        progress: called after each file, in the caller's thread.
        cancel: ends this when it is set, within a second: what is not done is in the result
            as Cancelled, and not told to progress. Decoding in processes of our own is ended; what an
            executor has begun, it ends itself, and nothing comes of it.
        jobs: processes of our own; None: one a processor that this process may use.
        threads: the most threads that decoding may have in each of them, or in each job of an executor. None:
            one; where there are fewer processes of our own than processors, an even share of these. The
            number changes the bytes only for some damaged HEVC clips.
        to, cc, bcc, sender, subject, text, options, as_clip: as for compose, the same for every message.

    Returns:
        One result a file, and one for each directory that can't be read, by path.

    Raises:
        SourceError: the source is no directory, or can't be read.
        OutputError: the target can't be made, or is the source.
        LimitsError: progress, cancel, threads or as_clip is something else.
        MmsUnavailable, MessageError, BudgetError: no message could be made of any file.
    """
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
    if progress is not None and not callable(progress):
        raise LimitsError(f"progress must be a function, not {progress!r}")
    work, results = _prepare(source, target, profile, words, cancel, threads)
    with contextlib.closing(_run(work, executor, jobs, threads, cancel)) as made:
        results += _told(work, made, progress)
    return sorted(results, key=lambda result: Path(result.source))


def iter_directory(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile,
    *,
    executor: Executor | None = None,
    cancel: Cancel | None = None,
    jobs: int | None = None,
    threads: int | None = None,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    options: SendOptions | None = None,
    as_clip: bool | Source = False,
) -> Generator[Progress]:
    """As convert_directory, but gives each result when its file is done; closing it cancels the others.

    Directories that can't be read come first. Arguments and errors are those of convert_directory; an error
    of all files is raised by the call, not by the first step.
    """
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
    work, failed = _prepare(source, target, profile, words, cancel, threads)

    def each() -> Generator[Progress]:
        total = len(failed) + len(work)
        # Closed together: running jobs end at once, and not when the garbage collector runs.
        with contextlib.closing(_run(work, executor, jobs, threads, cancel)) as made:
            for done, result in enumerate(itertools.chain(failed, made), 1):
                yield Progress(done, total, result)

    return each()


def _told(
    work: list[_Job], made: Iterator[Converted], progress: Callable[[Progress], object] | None
) -> Iterator[Converted]:
    """What is made, each told to progress, and then the jobs that were not done."""
    left = {job.source: job for job in work}
    for done, result in enumerate(made, 1):
        yield result
        del left[result.source]
        if progress is not None:
            progress(Progress(done, len(work), result))
    for job in left.values():
        yield _failed(job, Cancelled(job.source, "cancelled before it was done"), 0.0)


def _prepare(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile,
    words: _Words,
    cancel: Cancel | None,
    threads: int | None,
) -> tuple[list[_Job], list[Converted]]:
    """The jobs of a directory, and the directories that can't be read."""
    root, below = _path(source, SourceError), _path(target, OutputError)
    if cancel is not None and not callable(getattr(cancel, "is_set", None)):
        raise LimitsError(f"cancel must have is_set(), as threading.Event has, not {cancel!r}")
    if not root.is_dir():
        raise SourceError(str(root), "no such directory")
    if root.resolve() == below.resolve():
        raise OutputError(str(below), "the target is the source; messages would be taken for pictures")
    # An error of every file is raised here, once.
    tried: _Words = {**words, "text": words["text"] or "-"}
    compose_split((), profile, **tried, threads=threads)
    try:
        below.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(below), reason(error)) from error
    files, failed = _find(root, below, cancel)
    return [
        _Job(str(path), str(below / f"{path.relative_to(root)}.mms"), profile, words) for path in files
    ], failed


def _path(given: str | os.PathLike[str], kind: type[SourceError | OutputError]) -> Path:
    try:
        return Path(given)
    except Exception as error:
        # A path may be of the caller's own class, which may raise anything.
        raise kind(f"<{type(given).__name__}>", f"no path of a directory: {error}") from error


def _find(root: Path, target: Path, cancel: Cancel | None) -> tuple[list[Path], list[Converted]]:
    """The files below a directory, in order, and the directories that can't be read."""
    own = target.resolve()
    closed: list[OSError] = []
    files: list[Path] = []
    for folder, folders, names in os.walk(root, onerror=closed.append):
        if _is_set(cancel):
            break
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(folder, name).resolve() != own
        )
        files += (Path(folder, name) for name in sorted(names) if not name.startswith("."))
    if closed and Path(closed[0].filename) == root:
        raise SourceError(str(root), reason(closed[0]))
    failed = [SourceError(str(error.filename), reason(error)) for error in closed]
    return files, [
        Converted(e.source, None, 0, 0, 0.0, error=str(e), error_type="SourceError") for e in failed
    ]


def _is_set(cancel: Cancel | None) -> bool:
    return cancel is not None and cancel.is_set()


def _run(
    work: list[_Job], executor: Executor | None, jobs: int | None, threads: int | None, cancel: Cancel | None
) -> Generator[Converted]:
    """Do the jobs, write their messages, and yield their results."""
    # The picture that recordings are shown with is an input too.
    shown = {Path(one) for job in work[:1] if isinstance(one := job.words["as_clip"], str | os.PathLike)}
    outputs = Outputs([*shown, *(job.source for job in work)])
    if executor is None:
        groups = _isolated(work, jobs, threads, cancel)
    else:
        groups = gather(
            executor,
            partial(_convert, threads=threads or 1),
            work,
            window=_WINDOW_GIVEN,
            is_cancelled=lambda: _is_set(cancel),
            patience=MAX_JOB_WAIT + _GRACE,
        )
    with contextlib.closing(groups):
        for group in groups:
            yield from _settle(group, outputs)


def _isolated(
    work: list[_Job], jobs: int | None, threads: int | None, cancel: Cancel | None
) -> Generator[list[tuple[_Job, object]]]:
    """Do the jobs in child processes."""
    if not work:
        return
    # Imported here: import transcode needs nothing that starts processes.
    from transcode.jobs.isolated import Isolated, JobLost

    there = processors.available()
    workers = max(1, min(jobs or there, len(work)))
    each = threads or max(1, there // workers)
    pool = Isolated(workers, max_cpu_seconds=MAX_JOB_SECONDS, max_seconds=MAX_JOB_WAIT)
    try:
        for group in gather(
            pool,
            partial(_convert, threads=each),
            work,
            window=workers * _WINDOW,
            is_cancelled=lambda: _is_set(cancel),
            patience=None,
        ):
            yield [
                (job, SourceError(job.source, f"the process that decoded it {outcome}"))
                if isinstance(outcome, JobLost)
                else (job, outcome)
                for job, outcome in group
            ]
    finally:
        pool.kill()


def _settle(group: list[tuple[_Job, object]], outputs: Outputs) -> Iterator[Converted]:
    """Write the messages of jobs, and yield their results."""
    errors = iter(outputs.write_sets([made.files for _, made in group if isinstance(made, _Made)]))
    for job, outcome in group:
        if not isinstance(outcome, _Made):
            yield _failed(job, _given_up(job, outcome), 0.0)
            continue
        error = next(errors)
        yield outcome.result if error is None else _failed(job, error, outcome.result.seconds)


def _given_up(job: _Job, outcome: object) -> TranscodeError:
    """The error of a job without a result."""
    if isinstance(outcome, TranscodeError):
        return outcome
    if isinstance(outcome, BaseException):
        said = " ".join(f"{type(outcome).__name__}: {_text(outcome)}".split())
        return JobError(job.source, f"the executor gave the job up: {said}")
    return JobError(job.source, f"the executor gave back {type(outcome).__name__}, which is no result")


def _text(error: BaseException) -> str:
    """The text of an error, if it has one."""
    said = attempt(str, error)
    return said if isinstance(said, str) else "the reason can't be told"


def _convert(job: _Job, *, threads: int) -> _Made:
    """Make the messages of one file, in any process. The caller's process writes them."""
    start = time.perf_counter()
    try:
        message, *others = compose_split(job.source, job.profile, **job.words, threads=threads)
        # A message without recipients is a draft: recipients are added before it is sent.
        encoded = message.to_mm1(strict=bool(message.to or message.cc or message.bcc))
        further = {_further(job.target, number): other.to_mm1() for number, other in enumerate(others, 2)}
    except Exception as error:  # noqa: BLE001  (no error of one file may end the others)
        return _Made(_failed(job, error, time.perf_counter() - start), {})
    files = {Path(path): octets for path, octets in {job.target: encoded, **further}.items()}
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
        return _Made(done, files)
    (report,) = message.reports
    told = replace(
        done,
        source_bytes=report.source_bytes,
        width=report.width,
        height=report.height,
        duration=report.seconds,
        notes=report.notes,
    )
    return _Made(told, files)


def _further(target: str, number: int) -> str:
    """The path of the message to the next recipients: ``a.jpg.mms``, ``a.jpg.to-2.mms``."""
    return f"{target.removesuffix('.mms')}.to-{number}.mms"


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
