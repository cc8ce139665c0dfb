"""Whole directories: each file below one becomes messages or media below another."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol, TypeVar

from transcode.batch.checks import check_callbacks, check_cancel, check_plan
from transcode.batch.convert import Converted, failed
from transcode.batch.engines import run, workers_for
from transcode.batch.far import is_far, listed, shown
from transcode.batch.far_manifest import manifest_of
from transcode.batch.find import find, find_objects
from transcode.batch.globs import Wanted
from transcode.batch.jobs import check_all, jobs_of, receivers
from transcode.batch.manifest import names_in
from transcode.batch.meter import Meter
from transcode.batch.names import labels
from transcode.batch.plan import BatchPlan, Job, dated
from transcode.batch.progress import Progress, expected_of
from transcode.batch.read_manifest import ReadManifest
from transcode.batch.report import report_path, write_report
from transcode.batch.resume import BatchOptions, Ledger, of_shard
from transcode.batch.shelf import Shelf
from transcode.errors import Cancelled, OutputError, SourceError
from transcode.fit.medium import kept
from transcode.jobs.files import reason
from transcode.keywords import keywords_of
from transcode.model import MessageWords

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from typing import Unpack

    from transcode.batch.find import Found, Skipped
    from transcode.batch.progress import Standing
    from transcode.model import SendOptions, Source
    from transcode.profile import Profile

__all__ = [
    "BatchWords",
    "Cancel",
    "DirectoryWords",
    "PredictWords",
    "Progress",
    "Work",
    "convert_directory",
    "iter_directory",
    "make_target",
    "message_words",
    "prepare",
    "told",
]


class _Of(Protocol):
    """A result of a file for a receiver."""

    @property
    def source(self) -> str:
        """The file's path."""

    @property
    def carrier(self) -> str:
        """The receiver."""


_Result = TypeVar("_Result", bound=_Of)


class Cancel(Protocol):
    """A caller's way to cancel: a threading.Event, or any object with this method."""

    def is_set(self) -> bool:
        """Whether the work is cancelled."""


class PredictWords(MessageWords, total=False):
    """The arguments of predict_directory besides source, target and profile."""

    jobs: int | None
    keep: BatchOptions | None
    plan: BatchPlan | None


class BatchWords(PredictWords, total=False):
    """The arguments of convert_directory that all calls which make something have."""

    cancel: Cancel | None
    threads: int | None


class DirectoryWords(BatchWords, total=False):
    """The arguments of iter_directory besides source, target and profile."""

    executor: Executor | None


def convert_directory(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile | Sequence[Profile],
    *,
    executor: Executor | None = None,
    progress: Callable[[Progress], object] | None = None,
    standing: Callable[[Standing], object] | None = None,
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
    keep: BatchOptions | None = None,
    plan: BatchPlan | None = None,
    report: str | os.PathLike[str] | None = None,
) -> list[Converted]:
    """Make a message, or a medium that keeps to the limits, of every file below a directory.

    ``a/b.jpg`` becomes ``a/b.jpg.mms`` below the target; for several receivers ``us-att/a/b.jpg.mms`` and so
    on, from one decode. Names that begin with a dot, sidecars (.xmp, .aae) and files of systems are passed
    over, links to directories are not followed, and nothing is read that a batch has made. What can't be
    converted is in the result with the reason; nothing is left of it in the target. An output is written by
    this process alone, whole or not at all; none replaces a file that is read, or another output of this
    call. Where there are more recipients than one message may have, those after the first lot get
    ``a/b.jpg.to-2.mms``.

    Args:
        source: the directory to read.
        target: the directory to write; made where it is missing.
        profile: of the network that the messages go to; or several.
        executor: does the work, in children of its workers; it is not shut down. None: processes of our own.
        progress: called after each output, in the caller's thread.
        standing: called several times a second with where the batch stands, likewise.
        cancel: ends this when it is set, within a second: what is not done is in the result as Cancelled.
            Decoding in processes of our own is ended; what an executor has begun, it ends itself.
        jobs: processes of our own; None: one a processor that this process may use.
        threads: the most threads that a file may have in each; it changes the bytes only for some damaged
            HEVC clips. None: one, or an even share of the processors.
        to, cc, bcc, sender, subject, text, options, as_clip: as for compose, the same for every message.
        keep: how to keep what an earlier run has made; None: all is made, and no manifest written.
        plan: what is made of which files, and how it is called; None: messages of MM1.
        report: the path of a page, ``r.html``, that shows all files; of many, more: ``r-2.html``.

    Returns:
        One result a file and receiver, and one for each directory that can't be read, by path.

    Raises:
        SourceError: the source is no directory, or can't be read.
        OutputError: the target can't be made, or is the source.
        LimitsError: progress, standing, cancel, threads, as_clip or report is something else.
        MmsUnavailable, MessageError, BudgetError: for a receiver no message could be made of any file.
    """
    page = _checked(progress, standing, report)
    words = MessageWords(
        to=to, cc=cc, bcc=bcc, sender=sender, subject=subject, text=text, options=options, as_clip=as_clip
    )
    work = prepare(source, target, profile, plan or BatchPlan(), words, cancel, threads, keep)
    with _shelf(page, target, is_kept=keep is not None) as shelf:
        with contextlib.closing(work.run(executor, jobs, threads, cancel, shelf, standing)) as made:
            results = list(told(work, made, progress))
        write_report(page, source, target, results, shelf, lambda: _is_set(cancel))
    return work.ordered(results)


def _checked(progress: object, standing: object, report: str | os.PathLike[str] | None) -> Path | None:
    """The path of a report."""
    check_callbacks(progress, standing)
    return None if report is None else report_path(report)


def _shelf(
    page: Path | None, target: str | os.PathLike[str], *, is_kept: bool
) -> AbstractContextManager[Shelf | None]:
    """Where the pictures of a report are, if there will be one."""
    return (
        contextlib.nullcontext()
        if page is None
        else contextlib.closing(Shelf(Path(target), is_kept=is_kept and not is_far(target)))
    )


@keywords_of(convert_directory, but=("progress", "standing", "report"))
def iter_directory(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile | Sequence[Profile],
    **words: Unpack[DirectoryWords],
) -> Generator[Progress]:
    """As convert_directory, but gives each result when its file is done; closing it cancels the others.

    Directories that can't be read come first. Arguments and errors are those of convert_directory; an error
    of all files is raised by the call, not by the first step.
    """
    plan, cancel, threads = words["plan"] or BatchPlan(), words["cancel"], words["threads"]
    work = prepare(source, target, profile, plan, message_words(words), cancel, threads, words["keep"])
    made = work.run(words["executor"], words["jobs"], threads, cancel)

    def each() -> Generator[Progress]:
        # Closed together: running jobs end at once, and not when the garbage collector runs.
        with contextlib.closing(made):
            for one in made:
                yield replace(one, latest=_named(one.latest))

    return each()


def message_words(words: MessageWords) -> MessageWords:
    """The arguments that all messages share."""
    return MessageWords(
        to=words["to"],
        cc=words["cc"],
        bcc=words["bcc"],
        sender=words["sender"],
        subject=words["subject"],
        text=words["text"],
        options=words["options"],
        as_clip=words["as_clip"],
    )


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done of a directory or of a job file.

    Attributes:
        jobs: what is to be made.
        carriers: the receivers in the caller's order; the first is none.
        kept: the results of an earlier run that hold.
        closed: directories that can't be read.
        passed_over: number of sidecars and files of systems.
        excluded: number of other files that are not wanted.
        ledger: where results are kept, or None.
        max_failures: outputs that may fail before the rest is given up, or None.
        rows: of a job file the numbers of rows by what results name; None: there is no job file.
        skipped: files that are no sources, and why.
        part: for a prediction all jobs, with those of which an earlier run's results hold.
        also: files that are read besides the sources: nothing is written over them.
    """

    jobs: list[Job]
    carriers: list[str]
    kept: list[Converted]
    closed: list[Converted]
    passed_over: int
    excluded: int
    ledger: Ledger | None
    max_failures: int | None
    rows: Mapping[str, int] | None = None
    skipped: Sequence[Skipped] = ()
    part: Sequence[Job] = ()
    also: Sequence[Path] = ()

    @property
    def total(self) -> int:
        """Outputs in all."""
        return sum(len(job.outputs) for job in self.jobs) + len(self.kept)

    def ordered(self, results: Iterable[_Result]) -> list[_Result]:
        """Results by source, then by receiver in the caller's order; those of a job file by row."""
        if self.rows is not None:
            rows = self.rows
            return sorted(results, key=lambda one: rows[one.source])
        return sorted(results, key=lambda one: (Path(one.source), self.carriers.index(one.carrier)))

    def run(
        self,
        executor: Executor | None,
        jobs: int | None,
        threads: int | None,
        cancel: Cancel | None,
        shelf: Shelf | None = None,
        standing: Callable[[Standing], object] | None = None,
    ) -> Generator[Progress]:
        """Yield the results: directories that can't be read, what an earlier run has made, and the others."""
        failures = 0
        meter = Meter(
            len(self.closed) + self.total,
            self.passed_over,
            self.excluded,
            workers_for(self.jobs, jobs) if executor is None else None,
        )
        for job in self.jobs:
            meter.add(job.source, expected_of(job))

        def is_over() -> bool:
            if standing is not None:
                standing(meter.now())
            return _is_set(cancel) or (self.max_failures is not None and failures > self.max_failures)

        with contextlib.ExitStack() as closing:
            if self.ledger is not None:
                closing.callback(self.ledger.close)
            for result in (*self.closed, *self.kept):
                yield meter.progress(result)
            made = run(self.jobs, executor, jobs, threads, is_over, self.ledger, meter, shelf, self.also)
            for result in closing.enter_context(contextlib.closing(made)):
                failures += result.error is not None
                yield meter.progress(result)


def told(
    work: Work, made: Iterator[Progress], progress: Callable[[Progress], object] | None
) -> Iterator[Converted]:
    """What is made, each told to progress, and then the jobs that were not done."""
    left = {(job.source, output.carrier): (job, output) for job in work.jobs for output in job.outputs}
    for one in made:
        yield _named(one.latest)
        left.pop((one.latest.source, one.latest.carrier), None)
        if progress is not None:
            progress(replace(one, latest=_named(one.latest)))
    for job, output in left.values():
        yield _named(failed(job, output, Cancelled(job.source, "cancelled before it was done"), 0.0))


def prepare(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile | Sequence[Profile],
    plan: BatchPlan,
    words: MessageWords,
    cancel: Cancel | None,
    threads: int | None,
    keep: BatchOptions | None,
    is_whole: Callable[[Path], bool] | None = None,
    *,
    is_dry: bool = False,
) -> Work:
    """The jobs of a directory, and what is known of them.

    Args:
        source, target, profile, plan, words, cancel, threads, keep: as for convert_directory.
        is_whole: whether a file may be read already; None: every file.
        is_dry: nothing is written, and the work is not to be run.

    Raises:
        TranscodeError: as convert_directory.
    """
    check_plan(plan, keep)
    words = MessageWords(**{**words, "as_clip": kept(words["as_clip"])})
    root, below = _path(source, SourceError), _path(target, OutputError)
    check_cancel(cancel)
    if not is_far(root) and not root.is_dir():
        raise SourceError(str(root), "no such directory")
    if (root == below) if is_far(root) else (root.resolve() == below.resolve()):
        raise OutputError(str(below), "the target is the source; messages would be taken for pictures")
    profiles = receivers(profile)
    check_all(profiles, plan, words, threads)
    make_target(below, is_dry=is_dry)
    found = _found(root, below, plan, cancel)
    closed = [
        Converted(str(error.source), None, 0, 0, 0.0, error=str(error), error_type="SourceError")
        for error in found.closed
    ]
    plan = dated(plan)
    files = [
        (path, PurePosixPath(path.relative_to(root)))
        for path in found.files
        if is_whole is None or is_whole(path)
    ]
    carriers = ["", *(labels(one.id for one in profiles))]
    left_out = (found.passed_over, found.excluded)
    if keep is None:
        work = jobs_of(below, files, profiles, plan, words)
        seen = (None, found.skipped, work) if is_dry else ()
        return Work(work, carriers, [], closed, *left_out, None, None, *seen)
    with contextlib.ExitStack() as unless:
        manifest = (ReadManifest.of if is_dry else manifest_of)(root, below, keep.shard)
        unless.callback(manifest.close)
        # A part does not know the names of the others' files: its own follow from the list of all.
        earlier = names_in(manifest.rows().values()) if keep.shard is None else {}
        work = jobs_of(below, files, profiles, plan, words, earlier)
        part = [job for job in work if of_shard(Path(job.source).relative_to(root), keep.shard)]
        ledger = Ledger(manifest, part, keep)
        unless.pop_all()
    seen = (None, found.skipped, part) if is_dry else ()
    return Work(ledger.jobs, carriers, ledger.kept, closed, *left_out, ledger, keep.max_failures, *seen)


def _found(root: Path, target: Path, plan: BatchPlan, cancel: Cancel | None) -> Found:
    """The files below a directory or an address."""
    wanted = Wanted(plan.include, plan.exclude)
    if is_far(root):
        return find_objects(root, target, wanted)
    return find(root, target, wanted, lambda: _is_set(cancel))


def make_target(target: Path, *, is_dry: bool) -> None:
    """Make the target, or find what is in a bucket; where it is dry, see that a target is no file.

    Raises:
        OutputError: it can't be made.
    """
    if is_far(target):
        listed(target)
        return
    try:
        if not is_dry:
            target.mkdir(parents=True, exist_ok=True)
        else:
            there = next(one for one in (target, *target.absolute().parents) if os.path.lexists(one))
            if not there.is_dir():
                number = errno.EEXIST if there == target else errno.ENOTDIR
                raise OSError(number, os.strerror(number))
    except OSError as error:
        raise OutputError(str(target), reason(error)) from error


def _named(result: Converted) -> Converted:
    """A result with the addresses of objects as people know them."""
    if not is_far(result.source) and not is_far(result.target or ""):
        return result
    return replace(
        result,
        source=shown(result.source),
        target=result.target and shown(result.target),
        further=tuple(map(shown, result.further)),
        error=result.error and shown(result.error),
    )


def _path(given: str | os.PathLike[str], kind: type[SourceError | OutputError]) -> Path:
    try:
        return Path(given)
    except Exception as error:
        # A path may be of the caller's own class, which may raise anything.
        raise kind(f"<{type(given).__name__}>", f"no path of a directory: {error}") from error


def _is_set(cancel: Cancel | None) -> bool:
    return cancel is not None and cancel.is_set()
