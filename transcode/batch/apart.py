"""One job of a batch in a child of an executor's worker, which may be on another machine."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from transcode._version import __version__
from transcode.batch.convert import lost, not_made
from transcode.batch.far import is_far
from transcode.batch.manifest import written_stamp
from transcode.errors import CapError, JobError, SourceError
from transcode.jobs.files import Outputs
from transcode.jobs.job_limits import JobLost
from transcode.jobs.within import in_child

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transcode.batch.convert import Made
    from transcode.batch.plan import Job
    from transcode.jobs.job_limits import JobLimits

__all__ = ["convert_apart", "of_child", "write_apart"]

#: Folders in which this worker has removed what killed processes left.
_looked_through: set[Path] = set()


def convert_apart(job: Job, *, convert: Callable[[Job], Made], limits: JobLimits) -> Made:
    """Make the outputs of one source in a child of this process, which may be a worker of any executor.

    Args:
        job: the source, and what is made of it.
        convert: does the job; is pickled.
        limits: what the job may take.
    """
    start = time.perf_counter()
    try:
        return in_child(partial(convert, job), limits)
    except JobLost as error:
        return lost(job, of_child(job, error), time.perf_counter() - start)


def of_child(job: Job, reason: JobLost) -> SourceError:
    """The error of a job that ended its process, or took more than it may."""
    kind = CapError if reason.limit else SourceError
    error = kind(job.source, f"the process that decoded it {reason}")
    error.__cause__ = reason
    return error


def write_apart(job: Job, *, convert: Callable[[Job], Made], limits: JobLimits, version: str) -> Made:
    """Make the outputs of one source as convert_apart does, and write them; gives their stamps and no octets.

    What is done twice, as after a lost connection, writes the same octets again.

    Args:
        job, convert, limits: as for convert_apart.
        version: of this package where the batch was begun.

    Raises:
        JobError: this worker has another version, or does not see the source.
    """
    worker = f"{platform.node()} ({os.getpid()})"
    if version != __version__:
        said = f"the worker {worker} has version {__version__} of mms-transcode, not {version}"
        raise JobError(job.source, said)
    if not all(is_far(path) or os.path.exists(path) for path in job.reads):  # noqa: PTH110  (a text)
        said = f"the worker {worker} does not see it: its folder must be at the same path"
        raise JobError(job.source, said)
    made = convert_apart(job, convert=convert, limits=limits)
    outputs = Outputs(job.reads, looked_through=_looked_through, has_streams=False)
    errors = outputs.write_sets([one.files for one in made.outputs])
    told = []
    for output, one, error in zip(job.outputs, made.outputs, errors, strict=True):
        if error is not None:
            told.append(not_made(job, output, error, one.result.seconds))
            continue
        files = one.files.items()
        written = {
            path: (written_stamp(path, outputs), hashlib.sha256(octets).hexdigest()) for path, octets in files
        }
        told.append(replace(one, files={}, written=written))
    return replace(made, outputs=tuple(told), worker=worker)
