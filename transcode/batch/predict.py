"""What a batch would make, without making it: nothing is written, and nothing decoded."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from transcode.batch.convert import limit_of
from transcode.batch.directory import convert_directory, message_words, prepare
from transcode.batch.engines import workers_for
from transcode.batch.far import is_far, shown
from transcode.batch.hashes import hash_of_all
from transcode.batch.headers import Header, header_of
from transcode.batch.job_file import convert_job_file, prepare_rows, rows_words
from transcode.batch.plan import BatchPlan
from transcode.batch.progress import Expected, Forecast, expected, in_all
from transcode.batch.resume import SOURCE_CHANGED
from transcode.batch.sizes import size_of
from transcode.keywords import keywords_of
from transcode.message.part_names import EXTENSIONS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Unpack

    from transcode.batch.convert import Converted
    from transcode.batch.directory import PredictWords, Work
    from transcode.batch.job_file import JobFileWords
    from transcode.batch.loads import Kind
    from transcode.batch.plan import Job, Output
    from transcode.profile import Profile

__all__ = ["Predicted", "Prediction", "predict_directory", "predict_job_file"]

#: Files of a kind from whose times of earlier runs those of others are learned.
_LEARNED = 500


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a batch would do with a file, for one receiver.

    Attributes:
        source: the file's path; of a job file, the row.
        state: ``"new"``: it is made; ``"changed"``: it is made again; ``"unchanged"``: an earlier run made
            it; ``"failed-before"``: an earlier run could not make it, and this one would not try it;
            ``"will-fail"``: it can't be read, or is nothing that goes into a message; ``"skipped"``: it is
            passed over.
        reason: why it is made again, was or will be a failure, or is skipped.
        kind: ``"picture"``, ``"clip"``, ``"recording"``, ``"card"``, ``"slides"`` of several media,
            ``"text"``, or ``"other"``; empty for what is not read.
        carrier: the receiver, as in Converted; empty for what is skipped.
        target: the path of what is made; of a medium whose format follows from its content with ``.*``.
        source_bytes: the size of the files that are read.
        limit: the largest size of the message or medium, in bytes.
        bytes: about the size that it will have, in the form that the limit counts; of what is there, exactly.
            None: nothing is made.
        seconds: about the time that one process takes for it; 0 for what is not made.
    """

    source: str
    state: Literal["new", "changed", "unchanged", "failed-before", "will-fail", "skipped"]
    reason: str = ""
    kind: str = ""
    carrier: str = ""
    target: str | None = None
    source_bytes: int = 0
    limit: int = 0
    bytes: int | None = None
    seconds: float = 0.0

    @property
    def is_made(self) -> bool:
        """Whether the batch would make something of it."""
        return self.state in ("new", "changed")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a batch would do.

    Attributes:
        files: one for each file and receiver, and one for each file that is passed over, in the order of
            paths or rows.
        seconds: about the time until all is done, with the processes of this machine.
        bytes: about the size of all that would be made.
    """

    files: tuple[Predicted, ...]
    seconds: float
    bytes: int

    def count(self, state: str) -> int:
        """The number of results of a state."""
        return sum(one.state == state for one in self.files)


class _Source(NamedTuple):
    """A job with what its headers tell, and what is to be made of it."""

    job: Job
    headers: tuple[Header, ...]
    waiting: dict[str, Output]

    @property
    def error(self) -> str | None:
        """Why nothing can be made of it; of a row of a job file it has the row."""
        error = next((one.error for one in self.headers if one.error is not None), None)
        return error if error is None or self.job.media is None else f"{self.job.source}: {error}"

    @property
    def kind(self) -> str:
        if len(self.headers) != 1:
            return "slides" if self.headers else "text"
        return self.headers[0].kind

    @property
    def size(self) -> int:
        return sum(one.load.size for one in self.headers)

    def cost(self, count: int) -> Expected:
        """What the job takes for so many receivers, on the machine that was measured."""
        limit = max(limit_of(self.job, output) for output in self.job.outputs)
        return in_all([expected(one.load, limit) for one in self.headers], count)


@keywords_of(convert_directory, but=("executor", "progress", "standing", "cancel", "threads", "report"))
def predict_directory(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile | Sequence[Profile],
    **words: Unpack[PredictWords],
) -> Prediction:
    """Tell what convert_directory would make of a directory, and about how large and how soon.

    Headers of files are read, and the manifests of the target; of a file whose times have changed since it
    was converted, all octets. Nothing is written.

    Args:
        source, target, profile, keep, plan: as for convert_directory. The target need not be there.
        jobs: processes; None: one a processor that this process may use.
        to, cc, bcc, sender, subject, text, options, as_clip: as for convert_directory.

    Raises:
        TranscodeError: as convert_directory.
    """
    plan, said = words["plan"] or BatchPlan(), message_words(words)
    work = prepare(source, target, profile, plan, said, None, None, words["keep"], is_dry=True)
    return _closed(work, words["jobs"])


@keywords_of(convert_job_file, but=("executor", "progress", "standing", "cancel", "threads"))
def predict_job_file(
    file: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile | None = None,
    **words: Unpack[JobFileWords],
) -> Prediction:
    """Tell what convert_job_file would make of each row, as predict_directory does.

    Args:
        file, target, profile, keep, plan: as for convert_job_file. The target need not be there.
        jobs: processes; None: one a processor that this process may use.
        sender, subject, text, options, as_clip: as for convert_job_file.

    Raises:
        TranscodeError: as convert_job_file.
    """
    said = rows_words(words)
    plan = words["plan"] or BatchPlan()
    work = prepare_rows(Path(file), Path(target), profile, plan, said, None, words["keep"], is_dry=True)
    return _closed(work, words["jobs"])


def _closed(work: Work, jobs: int | None) -> Prediction:
    """What is told of the work of a batch, whose manifest is closed then."""
    with contextlib.ExitStack() as closing:
        if work.ledger is not None:
            closing.callback(work.ledger.close)
        return _predicted(work, jobs)


def _predicted(work: Work, jobs: int | None) -> Prediction:
    waiting: dict[str, dict[str, Output]] = {}
    for job in work.jobs:
        waiting.setdefault(job.source, {}).update((one.carrier, one) for one in job.outputs)
    # Rows of a job file have the same pictures again and again.
    header = cache(header_of)
    sources = [
        _Source(job, tuple(map(header, job.reads)), _really(job, waiting.get(job.source, {})))
        for job in work.part
    ]
    factors = _learned(work, sources).factors()
    forecast = Forecast()
    files = [Predicted(shown(str(one.path)), "skipped", one.why) for one in work.skipped]
    files += [Predicted(one.source, "will-fail", one.error or "") for one in work.closed]
    for source in sources:
        whole = 0.0
        for one in _of_source(work, source, factors):
            files.append(one)
            whole += one.seconds
        if source.waiting and source.error is None:
            kind = source.cost(1).kind
            forecast.add(source.job.source, Expected(kind, whole))
    made = [one.bytes for one in files if one.is_made and one.bytes is not None]
    workers = workers_for(work.jobs, jobs)
    return Prediction(tuple(work.ordered(files)), forecast.left(workers), sum(made))


def _really(job: Job, waiting: dict[str, Output]) -> dict[str, Output]:
    """What is made of a source by carrier: a file with another time may have the octets that it had."""
    if not any(one.known for one in waiting.values()) or any(map(is_far, job.reads)):
        return waiting
    found = ""
    with contextlib.suppress(OSError, ValueError):
        found = hash_of_all(job.reads)
    return {name: one for name, one in waiting.items() if not one.known or one.known != found}


def _learned(work: Work, sources: Sequence[_Source]) -> Forecast:
    """What files have taken in earlier runs."""
    forecast = Forecast()
    seen: dict[str, int] = {}
    for source in sources:
        rows = [row for one in source.job.outputs if (row := _row(work, one)) is not None]
        seconds = sum(one.seconds for one in rows if one.error is None)
        if seconds <= 0 or source.error is not None:
            continue
        cost = source.cost(len(rows))
        seen[cost.kind] = seen.get(cost.kind, 0) + 1
        if seen[cost.kind] <= _LEARNED:
            forecast.add(source.job.source, cost)
            forecast.finish(source.job.source, seconds)
    return forecast


def _row(work: Work, output: Output) -> Converted | None:
    """What an earlier run has told of an output."""
    row = None if work.ledger is None else work.ledger.row_of(output)
    return None if row is None else row.result


def _of_source(work: Work, source: _Source, factors: Mapping[Kind, float]) -> Iterator[Predicted]:
    """What would become of a source, for each receiver."""
    first = True
    for output in source.job.outputs:
        row = _row(work, output)
        limit = limit_of(source.job, output)
        told = Predicted(
            shown(source.job.source), "unchanged", "", source.kind, output.carrier, None, source.size, limit
        )
        waits = source.waiting.get(output.carrier)
        if waits is None and row is not None:
            yield _of_row(told, row)
            continue
        if source.error is not None:
            yield replace(told, state="will-fail", reason=source.error)
            continue
        seconds = _seconds(source, row, output, factors, is_first=first)
        first = False
        why = "" if waits is None else waits.why
        size = size_of(source.headers, output, source.job.plan)
        if row is not None and row.message_bytes and row.limit == limit and why != SOURCE_CHANGED:
            size = row.message_bytes
        yield replace(
            told,
            state="changed" if why else "new",
            reason=why,
            target=shown(_target(source, output)),
            bytes=size,
            seconds=seconds,
        )


def _of_row(told: Predicted, row: Converted) -> Predicted:
    """What is told of an output that an earlier run has made, or has failed to make."""
    if row.error is not None:
        return replace(told, state="failed-before", reason=row.error)
    return replace(told, target=row.target and shown(row.target), bytes=row.message_bytes)


def _seconds(
    source: _Source, row: Converted | None, output: Output, factors: Mapping[Kind, float], *, is_first: bool
) -> float:
    """The seconds of one output: as an earlier run took them of the same octets, or as others of its kind."""
    waits = source.waiting.get(output.carrier)
    if row is not None and row.seconds > 0 and waits is not None and waits.why != SOURCE_CHANGED:
        return row.seconds
    one = source.cost(1)
    return (one.cost if is_first else source.cost(2).cost - one.cost) * factors[one.kind]


def _target(source: _Source, output: Output) -> str:
    """The path of an output. What a photo becomes is known; what others become follows from their content."""
    if output.ending is not None:
        return output.base
    kinds = [one.load.kind for one in source.headers]
    return f"{output.base}.{EXTENSIONS['image/jpeg']}" if kinds[0] in ("photo", "tiles") else output.key
