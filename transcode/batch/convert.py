"""One source becomes a message or a medium for each receiver: in any process, and nothing is written."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from transcode.batch.hashes import hash_of_all
from transcode.batch.plan import form_of, names_of, reserve_of
from transcode.door import Door
from transcode.errors import NotTakenError, TranscodeError
from transcode.fit.opened import Opened
from transcode.jobs import telling
from transcode.jobs.job_limits import JobLost, memory_words
from transcode.jobs.processors import ThreadLimit
from transcode.media.source import inputs as media_source
from transcode.message.compose import Shared
from transcode.message.part_names import EXTENSIONS
from transcode.message.taken import not_taken
from transcode.messages.compose import compose_shared
from transcode.messages.message import encoded
from transcode.model import FitOptions, Note
from transcode.wire.convert import as_form, length

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.batch.looks import Looks
    from transcode.batch.plan import BatchPlan, Job, Output
    from transcode.messages.message import Message
    from transcode.model import Form, Report

__all__ = ["Converted", "Made", "MadeOutput", "convert", "failed", "limit_of", "lost", "not_made", "written"]


@dataclass(frozen=True, slots=True)
class Converted:
    """The result of one file for one receiver.

    Attributes:
        source: the file's path.
        target: the path of the message, or of the medium that keeps to the limits; None when there is none.
        source_bytes: the file's size in bytes.
        further: paths of the messages to further recipients, where one message may not have all.
        width, height: of the picture in the message, in pixels.
        message_bytes: the size of the encoded message, in the form that the limit counts; or of the medium.
        limit: the largest size that the message, or the medium, might have, in bytes.
        seconds: seconds that the file took; for the first receiver with all that the others share.
        duration: of the clip or sound in the message, in seconds; None for a picture.
        notes: what was cut, dropped, converted or shrunk.
        error: why there is no message, in one line that names the file; None where there is a message.
        error_type: the class of the error. A JobError is no fault of the file: a later run may succeed.
        is_kept: whether an earlier run made the message, or failed to, and nothing has changed since.
        carrier: the receiver: the id of its profile, in letters that a path may have. Empty for a directory.
        target_bytes: the size of the file at target, in bytes.
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
    is_kept: bool = False
    carrier: str = ""
    target_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class MadeOutput:
    """One output of a job: octets by path, or no octets and an error.

    Attributes:
        is_known: whether the output is there already, made of the same source, so that nothing was made.
        written: what a worker has written itself: the stamp and the SHA-256 of each file. None: it has not.
        limit: the field of JobLimits that may have kept it from being made; empty: none.
    """

    result: Converted
    files: dict[Path, bytes]
    is_known: bool = False
    written: dict[Path, tuple[str, str]] | None = None
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """The result of a job.

    Attributes:
        outputs: in the order of the job's.
        source_hash: the hash of what was read, where it was wanted and could be read.
        looks: the pictures of each output for a report, where they were wanted.
        worker: machine and process that has written the outputs; empty: none has.
    """

    outputs: tuple[MadeOutput, ...]
    source_hash: str = ""
    looks: tuple[Looks, ...] = ()
    worker: str = ""


def convert(job: Job, *, threads: int) -> Made:
    """Make the outputs of one source, in any process. The caller's process writes them.

    The source is read once for all receivers, and what they share of its decoding is done once. What fails
    for one receiver does not fail for another.
    """
    with telling.about(job.source):
        return _converted(job, threads)


def _converted(job: Job, threads: int) -> Made:
    source_hash = ""
    if any(output.known is not None for output in job.outputs):
        # A file that can't be read is told of below.
        with contextlib.suppress(OSError, ValueError):
            source_hash = hash_of_all(job.reads)
    known = {n for n, output in enumerate(job.outputs) if source_hash and output.known == source_hash}
    form = form_of(job.plan)
    making = _media(job, threads) if form is None else _messages(job, form, threads)
    size = _size(job)
    made: dict[int, MadeOutput] = {}
    # The receiver with the most bytes first: the others use what is prepared for it.
    for number in sorted(range(len(job.outputs)), key=lambda n: -limit_of(job, job.outputs[n])):
        output = job.outputs[number]
        start = time.perf_counter()
        if number in known:
            made[number] = MadeOutput(_result(job, output, None, size, 0.0), {}, is_known=True)
            continue
        try:
            one = making(output)
        except Exception as error:  # noqa: BLE001  (no error of one file may end the others)
            made[number] = not_made(job, output, error, time.perf_counter() - start)
            continue
        seconds = time.perf_counter() - start
        made[number] = MadeOutput(_result(job, output, one, size, seconds), one.files)
    return Made(tuple(made[number] for number in range(len(job.outputs))), source_hash)


class _One(NamedTuple):
    """What was made for one receiver.

    Attributes:
        files: octets by path; the first path is the target.
        counted: bytes that the limit counts.
        reports: of the media; none for a vCard or a calendar entry, which is sent as it is.
        left_out: a sentence for each header that the form has no place for.
    """

    files: dict[Path, bytes]
    counted: int
    reports: tuple[Report, ...]
    left_out: tuple[str, ...] = ()


def _messages(job: Job, form: Form, threads: int) -> Callable[[Output], _One]:
    """Make messages of the job's media."""
    plan = job.plan
    shared = Shared(job.reads, many=len(job.outputs) > 1)

    def make(output: Output) -> _One:
        messages = compose_shared(
            shared,
            output.profile,
            **job.words,
            form=plan.limit_form,
            reserve=reserve_of(plan),
            threads=threads,
        )
        made = [written(message, form, plan) for message in messages]
        files = {Path(_numbered(output, number)): octets for number, (octets, _) in enumerate(made, 1)}
        # The PDU of MM1 has all that a message has.
        other = messages[0] if form == "mm1" else as_form(messages[0], form)
        left_out = other.oddities[len(messages[0].oddities) :]
        return _One(files, made[0][1], messages[0].reports, left_out)

    return make


def written(message: Message, form: Form, plan: BatchPlan) -> tuple[bytes, int]:
    """The octets of a message in a form, and the bytes that its limit counts.

    Raises:
        BudgetError, MessageError: as Message.to_mm1, to_mm4 and to_mm7.
    """
    # A message without recipients is a draft: recipients are added before it is sent.
    strict = bool(message.to or message.cc or message.bcc)
    if form == "mm7":
        http = message.to_mm7(**names_of(plan), strict=strict)
        octets, own = bytes(http), len(http.body)
    elif form == "mm4":
        octets = message.to_mm4(date=plan.date, strict=strict)
        own = len(octets)
    else:
        octets = encoded(message, form, strict=strict)
        own = len(octets)
    if form == plan.limit_form:
        return octets, own
    return octets, length(message, plan.limit_form, [len(part.data) for part in message.parts])


def _numbered(output: Output, number: int) -> str:
    """The path of the message to the first or to further recipients: ``a.jpg.mms``, ``a.jpg.to-2.mms``."""
    if number == 1:
        return output.base
    behind = f".{output.ending}" if output.base.endswith(f".{output.ending}") else ""
    return f"{output.base.removesuffix(behind)}.to-{number}{behind}"


def _media(job: Job, threads: int) -> Callable[[Output], _One]:
    """Make media that keep to limits."""
    as_clip, progress = job.words["as_clip"], telling.teller()
    options = replace(job.options or FitOptions(), as_clip=as_clip, progress=progress)
    opened: list[Opened] = []

    def make(output: Output) -> _One:
        limits = output.profile.limits()
        with ThreadLimit(threads), Door("source", job.source):
            if not opened:
                content = media_source.read(job.source)
                opened.append(Opened(content, options, many=len(job.outputs) > 1))
            try:
                made = opened[0].prepare(limits).encode(limits.max_bytes)
            except NotTakenError as error:
                raise not_taken(error, output.profile) from error
        path = Path(f"{output.base}.{EXTENSIONS[made.content_type]}")
        return _One({path: made.data}, len(made.data), (made.report,))

    return make


def limit_of(job: Job, output: Output) -> int:
    """The largest size in bytes that an output may have, in the form that the limit counts."""
    return (
        output.profile.limits().max_bytes if form_of(job.plan) is None else output.profile.max_message_bytes
    )


def _result(job: Job, output: Output, made: _One | None, size: int, seconds: float) -> Converted:
    """The result of an output; without what was made the one of an output that is there."""
    files = {} if made is None else made.files
    target, *further = map(str, files) if files else (output.base,)
    done = Converted(
        job.source,
        target,
        size,
        limit_of(job, output),
        seconds,
        further=tuple(further),
        message_bytes=None if made is None else made.counted,
        carrier=output.carrier,
        target_bytes=len(files[Path(target)]) if files else None,
    )
    if made is None:
        return done
    notes = tuple(note for report in made.reports for note in report.notes)
    done = replace(done, notes=(*notes, *(Note("left-out", text) for text in made.left_out)))
    if len(made.reports) != 1:
        return done
    (report,) = made.reports
    return replace(
        done,
        source_bytes=report.source_bytes,
        width=report.width,
        height=report.height,
        duration=report.seconds,
    )


def failed(job: Job, output: Output, error: BaseException, seconds: float) -> Converted:
    """The result of an output that was not made."""
    return Converted(
        job.source,
        None,
        _size(job),
        limit_of(job, output),
        seconds,
        error=_said(job, error),
        error_type=type(error).__name__,
        carrier=output.carrier,
    )


def _said(job: Job, error: BaseException) -> str:
    """What is told of an error; of a row of a job file it has the row."""
    if not isinstance(error, TranscodeError):
        return f"{job.source}: {error!r}"
    return str(error) if job.media is None or job.source in str(error) else f"{job.source}: {error}"


def not_made(job: Job, output: Output, error: BaseException, seconds: float) -> MadeOutput:
    """An output that was not made."""
    return MadeOutput(failed(job, output, error, seconds), {}, limit=_limit(error))


def _limit(error: BaseException) -> str:
    """The field of JobLimits that may be the cause of an error; empty: none."""
    lost, words = error.__cause__, memory_words()
    if isinstance(lost, JobLost):
        # A decoder that gets no memory may crash.
        return lost.limit or "max_memory"
    return "max_memory" if words and (isinstance(error, MemoryError) or str(error).endswith(words)) else ""


def lost(job: Job, error: BaseException, seconds: float) -> Made:
    """The result of a job of which nothing was made."""
    return Made(tuple(not_made(job, output, error, seconds) for output in job.outputs))


def _size(job: Job) -> int:
    """The size of a job's files in bytes, as far as it can be told."""
    size = 0
    for path in job.reads:
        with contextlib.suppress(OSError, ValueError):
            size += Path(path).stat().st_size
    return size
