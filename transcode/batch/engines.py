"""Who does the jobs of a batch: processes of its own, or the workers of any executor."""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from transcode._version import __version__
from transcode.batch.convert import Made, convert, lost, not_made
from transcode.batch.far import FarOutputs, convert_near, is_far
from transcode.batch.looks import NOTHING
from transcode.batch.resume import Told
from transcode.batch.shown import convert_shown
from transcode.errors import JobError, OverwriteError, SourceError, TranscodeError
from transcode.jobs import processors
from transcode.jobs.files import Outputs, reason
from transcode.jobs.gather import attempt, gather
from transcode.jobs.job_limits import JobLimits, JobLost

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from concurrent.futures import Executor

    from transcode.batch.convert import Converted
    from transcode.batch.looks import Looks
    from transcode.batch.meter import Meter
    from transcode.batch.plan import Job
    from transcode.batch.resume import Ledger
    from transcode.batch.shelf import Shelf

__all__ = ["run", "workers_for"]

#: Jobs a processor that are handed out at once: enough to keep the workers busy.
_WINDOW = 4

#: Jobs that a caller's executor has at once; its number of workers is not known.
_WINDOW_GIVEN = 64

#: Further seconds for which a caller's executor may be silent before it is given up.
_GRACE = 60


def run(
    work: list[Job],
    executor: Executor | None,
    jobs: int | None,
    threads: int | None,
    is_cancelled: Callable[[], bool],
    ledger: Ledger | None,
    meter: Meter | None = None,
    shelf: Shelf | None = None,
    also: Iterable[str | os.PathLike[str]] = (),
) -> Generator[Converted]:
    """Do the jobs, write their outputs and then what the ledger keeps of them, and yield their results.

    The meter hears how far each job is, and when it is done. Where there is a shelf, the pictures of a report
    are made too, and put on it. Besides the sources nothing is written over what also names.
    """
    limits = work[0].plan.limits if work else JobLimits()
    making = partial(convert_near, convert=convert if shelf is None else convert_shown)
    # The picture that recordings are shown with is an input too.
    used = {Path(one) for job in work if isinstance(one := job.words["as_clip"], str | os.PathLike)}
    guarded = [] if ledger is None else ledger.guarded
    used.update(map(Path, (*also, *guarded, *(path for job in work for path in job.reads))))
    outputs: Outputs | FarOutputs = Outputs(used, has_streams=False)
    if any(is_far(output.base) for job in work[:1] for output in job.outputs):
        outputs = FarOutputs(() if ledger is None else ledger.ours)
    if executor is None:
        groups = _isolated(work, making, jobs, threads, is_cancelled, limits, meter)
    else:
        making = partial(making, threads=threads or 1)
        groups = _given(work, executor, making, is_cancelled, limits, outputs)
    seen: set[str] = set()
    with contextlib.closing(groups):
        for group in groups:
            results = _settle(group, outputs, ledger, seen)
            if meter is not None:
                left = iter(results)
                for job, _ in group:
                    meter.finish(job.source, list(itertools.islice(left, len(job.outputs))))
            if shelf is not None:
                shelf.put(_pictures(group, results))
            yield from results


def workers_for(work: Sequence[Job], jobs: int | None) -> int:
    """The processes of our own that do jobs."""
    return max(1, min(jobs or processors.available(), len(work)))


def _isolated(
    work: list[Job],
    making: Callable[..., Made],
    jobs: int | None,
    threads: int | None,
    is_cancelled: Callable[[], bool],
    limits: JobLimits,
    meter: Meter | None,
) -> Generator[list[tuple[Job, object]]]:
    """Do the jobs in child processes."""
    if not work:
        return
    # Imported here: import transcode needs nothing that starts processes.
    from transcode.batch.apart import of_child
    from transcode.jobs.isolated import Isolated

    workers = workers_for(work, jobs)
    each = threads or max(1, processors.available() // workers)
    pool = Isolated(workers, limits=limits, heard=None if meter is None else meter.hear)
    try:
        for group in gather(
            pool,
            partial(making, threads=each),
            work,
            window=workers * _WINDOW,
            is_cancelled=is_cancelled,
            patience=None,
        ):
            yield [
                (job, of_child(job, outcome)) if isinstance(outcome, JobLost) else (job, outcome)
                for job, outcome in group
            ]
    finally:
        pool.kill()


def _given(
    work: list[Job],
    executor: Executor,
    making: Callable[[Job], Made],
    is_cancelled: Callable[[], bool],
    limits: JobLimits,
    outputs: Outputs | FarOutputs,
) -> Generator[list[tuple[Job, object]]]:
    """Do the jobs in the workers of a caller's executor."""
    # Imported here: import transcode needs nothing that starts processes.
    from transcode.batch.apart import convert_apart, write_apart
    from transcode.batch.cluster import Cluster

    function: Callable[[Job], object] = partial(convert_apart, convert=making, limits=limits)
    window: int | Cluster = _WINDOW_GIVEN
    if isinstance(executor, Cluster):
        window = executor
    # What goes into a bucket comes back: this process alone knows which objects are the batch's own.
    if isinstance(executor, Cluster) and isinstance(outputs, Outputs):
        function = partial(write_apart, convert=making, limits=limits, version=__version__)
        work, refused = _refused(work, outputs)
        yield refused
    yield from gather(
        executor,
        function,
        work,
        window=window,
        is_cancelled=is_cancelled,
        patience=None if limits.max_seconds is None else limits.max_seconds + _GRACE,
        sends_again=True,
    )


def _refused(work: list[Job], outputs: Outputs) -> tuple[list[Job], list[tuple[Job, object]]]:
    """The jobs that workers may do; sources that are not there; and outputs that would replace a source."""
    may: list[Job] = []
    refused: list[tuple[Job, object]] = []
    for job in work:
        left = []
        gone = _gone(job)
        if gone is not None:
            refused.append((job, gone))
            continue
        for output in job.outputs:
            try:
                for path in output.paths():
                    outputs.refuse(path)
                left.append(output)
            except OverwriteError as error:
                refused.append((replace(job, outputs=(output,)), error))
        if left:
            may.append(replace(job, outputs=tuple(left)))
    return may, refused


def _gone(job: Job) -> SourceError | None:
    """The error of a file that is not there: a worker can't tell it from a folder that is another one."""
    for path in job.reads:
        try:
            if not is_far(path):
                Path(path).stat()
        except (OSError, ValueError) as error:
            return SourceError(path, reason(error))
    return None


def _settle(
    group: list[tuple[Job, object]], outputs: Outputs | FarOutputs, ledger: Ledger | None, seen: set[str]
) -> list[Converted]:
    """Write the outputs of jobs, each whole or not at all, and give their results.

    Args:
        group: jobs with their outcomes.
        outputs: writes them, where no worker has.
        ledger: keeps what is made of them, or None.
        seen: workers of which something was seen here that they have written; gets more.
    """
    made = [
        (job, _seen(job, one, seen) if isinstance(one, Made) else lost(job, _given_up(job, one), 0.0))
        for job, one in group
    ]
    errors = iter(outputs.write_sets([one.files for _, whole in made for one in whole.outputs]))
    told: list[Told] = []
    for job, whole in made:
        for output, one in zip(job.outputs, whole.outputs, strict=True):
            error = next(errors)
            done = one if error is None else not_made(job, output, error, one.result.seconds)
            told.append(Told(job, output, done, whole.source_hash))
    return [one.made.result for one in told] if ledger is None else ledger.record(told, outputs)


def _pictures(group: list[tuple[Job, object]], results: list[Converted]) -> Iterable[tuple[str, Looks]]:
    """The pictures of what is on the disk, by its path."""
    found = [
        look
        for job, outcome in group
        for look in (
            outcome.looks if isinstance(outcome, Made) and outcome.looks else (NOTHING,) * len(job.outputs)
        )
    ]
    for result, look in zip(results, found, strict=True):
        if result.target is not None and look != NOTHING:
            yield result.target, look


def _seen(job: Job, made: Made, seen: set[str]) -> Made:
    """What a worker has made; an error, where its first files are not in the target of this process."""
    if not made.worker or made.worker in seen:
        return made
    written = [path for one in made.outputs for path in one.written or ()]
    if not all(path.exists() for path in written):
        said = f"the worker {made.worker} has another folder at the path of the target"
        return lost(job, JobError(job.source, said), 0.0)
    seen.update([made.worker] if written else ())
    return made


def _given_up(job: Job, outcome: object) -> TranscodeError:
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
