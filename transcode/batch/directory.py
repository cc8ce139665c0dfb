"""Whole directories: each file below one becomes a message below another."""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from transcode.batch.convert import Converted, Job, Words, failed
from transcode.batch.engines import run
from transcode.errors import Cancelled, LimitsError, OutputError, SourceError
from transcode.fit.medium import kept
from transcode.jobs.files import reason
from transcode.messages.compose import compose_split

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from concurrent.futures import Executor

    from transcode.model import SendOptions, Source
    from transcode.profile import Profile

__all__ = ["Cancel", "Progress", "convert_directory", "iter_directory"]


class Cancel(Protocol):
    """A caller's way to cancel: a threading.Event, or any object with this method."""

    def is_set(self) -> bool:
        """Whether the work is cancelled."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a directory: files done, files in all, and the result of the last."""

    done: int
    total: int
    latest: Converted


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
        executor: where the work is done, in children of its workers; it is not shut down. A job whose future
            raises is sent once more, and then costs one file. None: processes of our own, which end with us.
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
    words = Words(
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
    with contextlib.closing(run(work, executor, jobs, threads, lambda: _is_set(cancel))) as made:
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
    words = Words(
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
        with contextlib.closing(run(work, executor, jobs, threads, lambda: _is_set(cancel))) as made:
            for done, result in enumerate(itertools.chain(failed, made), 1):
                yield Progress(done, total, result)

    return each()


def _told(
    work: list[Job], made: Iterator[Converted], progress: Callable[[Progress], object] | None
) -> Iterator[Converted]:
    """What is made, each told to progress, and then the jobs that were not done."""
    left = {job.source: job for job in work}
    for done, result in enumerate(made, 1):
        yield result
        del left[result.source]
        if progress is not None:
            progress(Progress(done, len(work), result))
    for job in left.values():
        yield failed(job, Cancelled(job.source, "cancelled before it was done"), 0.0)


def _prepare(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile,
    words: Words,
    cancel: Cancel | None,
    threads: int | None,
) -> tuple[list[Job], list[Converted]]:
    """The jobs of a directory, and the directories that can't be read."""
    root, below = _path(source, SourceError), _path(target, OutputError)
    if cancel is not None and not callable(getattr(cancel, "is_set", None)):
        raise LimitsError(f"cancel must have is_set(), as threading.Event has, not {cancel!r}")
    if not root.is_dir():
        raise SourceError(str(root), "no such directory")
    if root.resolve() == below.resolve():
        raise OutputError(str(below), "the target is the source; messages would be taken for pictures")
    # An error of every file is raised here, once.
    tried: Words = {**words, "text": words["text"] or "-"}
    compose_split((), profile, **tried, threads=threads)
    try:
        below.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(below), reason(error)) from error
    files, failed = _find(root, below, cancel)
    return [
        Job(str(path), str(below / f"{path.relative_to(root)}.mms"), profile, words) for path in files
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
