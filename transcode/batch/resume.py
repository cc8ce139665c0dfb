"""What a further run of a batch has to do, and what it may keep."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.batch.hashes import hash_of, plan_hash
from transcode.batch.manifest import Row, settled, stamp
from transcode.errors import LimitsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transcode.batch.convert import Converted, Job, Made
    from transcode.batch.manifest import Manifest

__all__ = ["BatchOptions", "Ledger", "of_shard"]

#: Errors that are no fault of the file.
_PASSING = frozenset(("JobError", "Cancelled", "OutputError", "OverwriteError"))


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch keeps what an earlier run has made. A manifest in the target says what that was.

    A message is made again where its source, the profile, an argument or the engine's version has changed, or
    where it is gone or another one. A file that failed is tried again when one of these changed.

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


def of_shard(name: Path, shard: tuple[int, int] | None) -> bool:
    """Whether a file belongs to a part; each file belongs to one, on every machine to the same."""
    if shard is None:
        return True
    digest = hashlib.sha256(os.fsencode(name)).digest()
    return int.from_bytes(digest[:8]) % shard[1] == shard[0] - 1


class Ledger:
    """The manifest of one run: what is kept, and what is written of the rest.

    Args:
        manifest: open; close() closes it.
        jobs: all files of the run; they share profile and arguments.
        options: what is kept.

    Attributes:
        kept: the results of an earlier run that hold.
        jobs: what there is to do.
        guarded: files that nothing may be written over: what is kept, and what it was made of.
    """

    def __init__(self, manifest: Manifest, jobs: Sequence[Job], options: BatchOptions) -> None:
        self._manifest = manifest
        self._plan = plan_hash(jobs[0].profile, jobs[0].words) if jobs else ""
        self._rows = manifest.rows()
        self._options = options
        self.kept: list[Converted] = []
        self.jobs: list[Job] = []
        self.guarded: list[str] = []
        for job in jobs:
            self._sort(replace(job, stamp=stamp(job.source), known=""))

    def _sort(self, job: Job) -> None:
        """Keep the result of a file, or have the file done."""
        row = self._rows.get(self._manifest.name_of(job.target))
        if row is None or not self._holds(row):
            self.jobs.append(job)
        elif row.source_stamp and row.source_stamp == job.stamp:
            self.kept.append(replace(row.result, is_kept=True))
            self.guarded += (job.source, *map(str, map(self._manifest.path_of, row.files)))
        else:
            # Whether the file is another one is for its octets to say, which a worker reads.
            self.jobs.append(replace(job, known=row.source_hash))

    def _holds(self, row: Row) -> bool:
        """Whether a row's plan is that of this run, and its messages are there."""
        if row.plan_hash != self._plan or (row.result.error is not None and self._options.retry_failed):
            return False
        return all(
            self._is_as_written(self._manifest.path_of(name), seen, written)
            for name, (seen, written) in row.files.items()
        )

    def _is_as_written(self, path: Path, seen: str, written: str) -> bool:
        """Whether a message is the one that was written: by its stamp, else by its octets."""
        if stamp(path) == seen and not self._options.verify:
            return True
        try:
            return hash_of(path) == written
        except (OSError, ValueError):
            return False

    def record(self, told: Sequence[tuple[Job, Made | None, Converted]]) -> list[Converted]:
        """Write what became of jobs whose messages are on the disk; gives their results.

        A job without a fault of its own is not written: the next run does it.
        """
        rows, results = [], []
        for job, made, made_result in told:
            result = made_result
            output = self._manifest.name_of(job.target)
            files: dict[str, Sequence[str]] = {
                self._manifest.name_of(path): (stamp(path), hashlib.sha256(octets).hexdigest())
                for path, octets in (made.files if made is not None and result.error is None else {}).items()
            }
            source_hash = "" if made is None else made.source_hash
            if made is not None and made.is_known:
                row = self._rows[output]
                files, result = dict(row.files), replace(row.result, is_kept=True)
            results.append(result)
            if result.error_type not in _PASSING:
                source = self._manifest.source_name(job.source)
                trusted = settled(job.stamp)
                rows.append(Row(output, source, trusted, source_hash, self._plan, files, result))
        self._manifest.write(rows)
        return results

    def close(self) -> None:
        self._manifest.close()
