"""Files and folders that a caller names become media in one folder."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from transcode.batch.convert import Converted, failed
from transcode.batch.engines import run
from transcode.batch.find import find
from transcode.batch.globs import Wanted
from transcode.batch.jobs import jobs_of
from transcode.errors import Cancelled, OutputError, SourceError
from transcode.jobs.files import reason
from transcode.model import MessageWords

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.batch.plan import BatchPlan
    from transcode.model import FitOptions
    from transcode.profile import Profile

__all__ = ["Fitted", "fit_sources"]


class Fitted(NamedTuple):
    """What became of the files.

    Attributes:
        results: one a file, in the order of the sources.
        passed_over: number of sidecars, files of systems, and outputs of batches.
        excluded: number of other files that the plan's patterns leave out.
    """

    results: list[Converted]
    passed_over: int
    excluded: int


class _Listed(NamedTuple):
    """The files of all sources, each with its path below its source; and what is known of the others."""

    files: list[tuple[Path, PurePosixPath]]
    closed: list[Converted]
    passed_over: int
    excluded: int


def fit_sources(
    sources: Sequence[Path],
    target: Path,
    profile: Profile,
    options: FitOptions,
    plan: BatchPlan,
    *,
    threads: int | None,
    is_cancelled: Callable[[], bool],
    progress: Callable[[int, int], object],
) -> Fitted:
    """Fit files, and the files below folders, to the limits of a receiver.

    Names are those of a batch: a file that is named itself lies at the top of the target, one of a folder as
    in the folder. What can't be fitted costs only itself.

    Args:
        sources: files and folders. A file is fitted once.
        target: the folder of the outputs; made where it is missing.
        profile: the receiver.
        options: for clips and recordings.
        plan: of media.
        threads: as for convert_directory.
        is_cancelled: asked again and again; True ends the work, and the rest is in the result as Cancelled.
        progress: called with the number of files that are done, and of all.

    Raises:
        SourceError: a folder can't be read.
        OutputError: the target can't be made, or is a source.
    """
    if any(source.is_dir() and source.resolve() == target.resolve() for source in sources):
        raise OutputError(str(target), "the target is a source")
    listed = _listed(sources, target, Wanted(plan.include, plan.exclude), is_cancelled)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(target), reason(error)) from error
    words = MessageWords(
        to=(),
        cc=(),
        bcc=(),
        sender=None,
        subject=None,
        text=None,
        options=None,
        as_clip=options.as_clip,
    )
    jobs = [replace(job, options=options) for job in jobs_of(target, listed.files, [profile], plan, words)]
    made: dict[str, Converted] = {}
    with contextlib.closing(run(jobs, None, None, threads, is_cancelled, None)) as results:
        for result in results:
            made[result.source] = result
            progress(len(made), len(jobs))
    for job in jobs:
        if job.source not in made:
            cancelled = Cancelled(job.source, "cancelled before it was done")
            made[job.source] = failed(job, job.outputs[0], cancelled, 0.0)
    return Fitted([*listed.closed, *(made[job.source] for job in jobs)], listed.passed_over, listed.excluded)


def _listed(
    sources: Sequence[Path], target: Path, wanted: Wanted, is_cancelled: Callable[[], bool]
) -> _Listed:
    files: dict[Path, tuple[Path, PurePosixPath]] = {}
    closed: list[SourceError] = []
    passed_over = excluded = 0
    for source in sources:
        if not source.is_dir():
            # A file may be hidden, if it is named itself; what is made of it is not.
            files.setdefault(source.absolute(), (source, PurePosixPath(source.name.lstrip(".") or "file")))
            continue
        found = find(source, target, wanted, is_cancelled)
        for path in found.files:
            files.setdefault(path.absolute(), (path, PurePosixPath(path.relative_to(source))))
        closed += found.closed
        passed_over += found.passed_over
        excluded += found.excluded
    errors = [
        Converted(error.source, None, 0, 0, 0.0, error=str(error), error_type="SourceError")
        for error in closed
    ]
    return _Listed(list(files.values()), errors, passed_over, excluded)
