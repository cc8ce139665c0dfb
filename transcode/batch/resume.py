"""What a further run of a batch has to do, and what it may keep."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from transcode.batch.far import is_far, remove
from transcode.batch.hashes import hash_of, plan_hash
from transcode.batch.manifest import Row, settled, stamp, stamps, written_stamp
from transcode.errors import LimitsError
from transcode.jobs.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from transcode.batch.convert import Converted, MadeOutput
    from transcode.batch.manifest import Manifest, Writes
    from transcode.batch.plan import Job, Output
    from transcode.jobs.job_limits import JobLimits

__all__ = ["SOURCE_CHANGED", "BatchOptions", "Ledger", "Told", "is_passing", "of_shard"]

#: Why an output is made again, in words.
SOURCE_CHANGED = "source changed"
_PLAN_CHANGED = "options, profile or version changed"
_RETRIED, _RAISED = "failed before", "took more than it might, and may take more now"
_GONE, _DIFFERS = "output is gone", "output is another file now"

#: Errors that are no fault of the file.
_PASSING = frozenset(("JobError", "Cancelled", "OutputError", "OverwriteError"))


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch keeps what an earlier run has made. A manifest in the target says what that was.

    A message is made again where its source, the profile, an argument or the engine's version has changed, or
    where it is gone or another one. A file that failed is tried again when one of these changed, and one
    that took more than it may, when that limit was raised.

    Where another file is made of a source than before, as a picture that has become another format, the one
    before is removed, unless somebody has changed it. Where nothing can be made any more, it stays.

    Attributes:
        retry_failed: try every file again that failed.
        verify: read each message that is there, and make it again where one octet differs.
        max_failures: files that may fail before the batch ends early; None: any number.
        shard: ``(3, 10)``: do the third of ten parts of the files, by a hash of their names. Each part has
            a manifest of its own.

    Raises:
        LimitsError: max_failures is no number of files, or shard is no part.
    """

    retry_failed: bool = False
    verify: bool = False
    max_failures: int | None = None
    shard: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.max_failures is not None and (type(self.max_failures) is not int or self.max_failures < 0):
            raise LimitsError(f"max_failures must be a number from 0, not {self.max_failures!r}")
        if self.shard is not None and not _is_part(self.shard):
            raise LimitsError(f"shard must be two numbers such as (3, 10), not {self.shard!r}")


def _is_part(shard: object) -> bool:
    match shard:
        case (int(number), int(count)):
            return 1 <= number <= count
    return False


def is_passing(error_type: str | None) -> bool:
    """Whether an error of this class is no fault of the file: a later run may succeed."""
    return error_type in _PASSING


def of_shard(name: Path, shard: tuple[int, int] | None) -> bool:
    """Whether a file belongs to a part; each file belongs to one, on every machine to the same."""
    if shard is None:
        return True
    digest = hashlib.sha256(os.fsencode(name)).digest()
    return int.from_bytes(digest[:8]) % shard[1] == shard[0] - 1


class Told(NamedTuple):
    """What became of one output of a job.

    Attributes:
        job, output: what was to be done.
        made: what was made; its files are on the disk, if its result has no error.
        source_hash: the hash of what was read; empty where it could not be read.
    """

    job: Job
    output: Output
    made: MadeOutput
    source_hash: str


class Ledger:
    """The manifest of one run: what is kept, and what is written of the rest.

    Args:
        manifest: open; close() closes it.
        jobs: all jobs of the run.
        options: what is kept.

    Attributes:
        kept: the results of an earlier run that hold.
        jobs: what there is to do, with the outputs that are not kept.
        guarded: files that nothing may be written over: what is kept, and what it was made of.
        ours: paths of the files that earlier runs have written.
    """

    def __init__(self, manifest: Manifest, jobs: Sequence[Job], options: BatchOptions) -> None:
        self._manifest = manifest
        self._rows = manifest.rows()
        self._options = options
        #: Whose file each is, by names in the manifest.
        self._owners = {name: row.output for row in self._rows.values() for name in row.files}
        self.ours = {str(manifest.path_of(name)) for name in self._owners}
        self._all = jobs
        # Most jobs share profiles and words: they are hashed once.
        self._hashes: dict[tuple[int, int, int], str] = {}
        self.kept: list[Converted] = []
        self.jobs: list[Job] = []
        self.guarded: list[str] = []
        for job in jobs:
            self._sort(replace(job, stamp=stamps(job.reads)))

    def _plan_hash(self, job: Job, output: Output) -> str:
        key = (id(output.profile), id(job.words), id(job.plan))
        if key not in self._hashes:
            self._hashes[key] = plan_hash(output.profile, job.words, job.plan)
        return self._hashes[key]

    def _sort(self, job: Job) -> None:
        """Keep the results of a source, or have its outputs made."""
        waiting = []
        for output in job.outputs:
            row = self._rows.get(self._manifest.name_of(output.key))
            why = "" if row is None else self._why_not(row, self._plan_hash(job, output), job.plan.limits)
            if row is None or why:
                waiting.append(replace(output, known="", why=why))
            elif row.source_stamp and row.source_stamp == job.stamp:
                self.kept.append(replace(row.result, is_kept=True))
                self.guarded += (*job.reads, *map(str, map(self._manifest.path_of, row.files)))
            else:
                # Whether the file is another one is for its octets to say, which a worker reads.
                waiting.append(replace(output, known=row.source_hash, why=SOURCE_CHANGED))
        if waiting:
            self.jobs.append(replace(job, outputs=tuple(waiting)))

    def _why_not(self, row: Row, plan: str, limits: JobLimits) -> str:
        """Why a row does not hold: its plan is another, or its files are gone or others. Empty: it does."""
        known, _, bound = row.plan_hash.partition(" ")
        if known != plan:
            return _PLAN_CHANGED
        if bound and _is_raised(bound, limits):
            return _RAISED
        if row.result.error is not None and self._options.retry_failed:
            return _RETRIED
        for name, (seen, written) in row.files.items():
            why = self._why_not_as_written(self._manifest.path_of(name), seen, written)
            if why:
                return why
        return ""

    def _why_not_as_written(self, path: Path, seen: str, written: str) -> str:
        """Why a file is not the one that was written: by its stamp, else by its octets. Empty: it is."""
        found = stamp(path)
        if seen and found == seen and not self._options.verify:
            return ""
        try:
            return "" if hash_of(path) == written else _DIFFERS
        except (OSError, ValueError):
            return _DIFFERS if found else _GONE

    def row_of(self, output: Output) -> Row | None:
        """What an earlier run has told of an output."""
        return self._rows.get(self._manifest.name_of(output.key))

    def record(self, told: Sequence[Told], outputs: Writes) -> list[Converted]:
        """Write what became of outputs whose files are on the disk by ``outputs``; gives their results.

        An output that failed without a fault of its source is not written: the next run makes it. What an
        earlier run has made of the same source, and this one has not, is removed.
        """
        rows, results = [], []
        for job, output, made, source_hash in told:
            result = made.result
            name = self._manifest.name_of(output.key)
            written = made.written
            if written is None:
                written = {
                    path: (written_stamp(path, outputs), hashlib.sha256(octets).hexdigest())
                    for path, octets in (made.files if result.error is None else {}).items()
                }
            files: dict[str, Sequence[str]] = {
                self._manifest.name_of(path): value for path, value in written.items()
            }
            row = self._rows.get(name)
            plan = _bound(self._plan_hash(job, output), made.limit, job.plan.limits)
            if made.is_known and row is not None:
                files, result, plan = dict(row.files), replace(row.result, is_kept=True), row.plan_hash
            elif row is not None:
                files |= self._left(row, files, is_made=result.error is None)
            self._owners |= dict.fromkeys(files, name)
            results.append(result)
            if not is_passing(result.error_type):
                source, trusted = self._manifest.source_name(job.source), settled(job.stamp)
                rows.append(Row(name, source, trusted, source_hash, plan, files, result))
        self._manifest.write(rows)
        return results

    def _left(self, row: Row, made: Mapping[str, object], *, is_made: bool) -> dict[str, Sequence[str]]:
        """What is left of what an earlier run has made of a source, after what is out of date was removed.

        Args:
            row: what the earlier run has made.
            made: names of what this run has made.
            is_made: whether it has made something.
        """
        left: dict[str, Sequence[str]] = {}
        for name, (seen, written) in row.files.items():
            path = self._manifest.path_of(name)
            if (
                name in made
                or self._owners[name] != row.output
                or self._why_not_as_written(path, seen, written)
            ):
                continue
            if not is_made or os.path.realpath(path) in self._reads or not _is_removed(path):
                left[name] = (seen, written)
        return left

    @cached_property
    def _reads(self) -> set[str]:
        """All files that the batch reads."""
        return {os.path.realpath(path) for job in self._all for path in job.reads}

    def close(self) -> None:
        self._manifest.close()


def _bound(plan: str, limit: str, limits: JobLimits) -> str:
    """The hash of a plan, with the limit that kept something from being made."""
    value = getattr(limits, limit) if limit else None
    return plan if value is None else f"{plan} {limit}={value}"


def _is_raised(bound: str, limits: JobLimits) -> bool:
    """Whether a job may take more now of what it once took too much of."""
    name, _, value = bound.partition("=")
    now = getattr(limits, name, None)
    try:
        return now is None or now > float(value)
    except ValueError:
        return True


def _is_removed(path: Path) -> bool:
    """Remove a file or an object; False: it can't be done."""
    try:
        if is_far(path):
            remove(path)
        else:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
    except OSError:
        return False
    return True
