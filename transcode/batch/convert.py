"""One file becomes one message, or several: in any process, and nothing is written."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from transcode.batch.hashes import hash_of
from transcode.errors import TranscodeError
from transcode.messages.compose import compose_split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Note, SendOptions, Source
    from transcode.profile import Profile

__all__ = ["Converted", "Job", "Made", "Words", "convert", "failed"]


class Words(TypedDict):
    """The arguments of compose_split that all messages share."""

    to: Sequence[str]
    cc: Sequence[str]
    bcc: Sequence[str]
    sender: str | None
    subject: str | None
    text: str | None
    options: SendOptions | None
    as_clip: bool | Source


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
        is_kept: whether an earlier run made the message, or failed to, and nothing has changed since.
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


@dataclass(frozen=True, slots=True)
class Job:
    """One file to convert.

    Attributes:
        source, target: paths of the file and of its message.
        profile, words: what the message depends on besides.
        stamp: of the file before anything is read of it.
        known: the SHA-256 of the file of which the message was made that is there; empty: there is none.
            None: no hash is wanted.
    """

    source: str
    target: str
    profile: Profile
    words: Words
    stamp: str = ""
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """The result of a job: octets of its messages by path, or no octets and an error.

    Attributes:
        source_hash: the SHA-256 of the file, where it was wanted and the file could be read.
        is_known: whether the file is the known one, so that nothing was made.
    """

    result: Converted
    files: dict[Path, bytes]
    source_hash: str = ""
    is_known: bool = False


def convert(job: Job, *, threads: int) -> Made:
    """Make the messages of one file, in any process. The caller's process writes them."""
    if job.known is None:
        return _made(job, threads)
    source_hash = ""
    # A file that can't be read is told of below.
    with contextlib.suppress(OSError, ValueError):
        source_hash = hash_of(job.source)
    if source_hash and source_hash == job.known:
        there = Converted(job.source, job.target, 0, job.profile.max_message_bytes, 0.0)
        return Made(there, {}, source_hash, is_known=True)
    return replace(_made(job, threads), source_hash=source_hash)


def _made(job: Job, threads: int) -> Made:
    start = time.perf_counter()
    try:
        message, *others = compose_split(job.source, job.profile, **job.words, threads=threads)
        # A message without recipients is a draft: recipients are added before it is sent.
        encoded = message.to_mm1(strict=bool(message.to or message.cc or message.bcc))
        further = {_further(job.target, number): other.to_mm1() for number, other in enumerate(others, 2)}
    except Exception as error:  # noqa: BLE001  (no error of one file may end the others)
        return Made(failed(job, error, time.perf_counter() - start), {})
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
        return Made(done, files)
    (report,) = message.reports
    told = replace(
        done,
        source_bytes=report.source_bytes,
        width=report.width,
        height=report.height,
        duration=report.seconds,
        notes=report.notes,
    )
    return Made(told, files)


def _further(target: str, number: int) -> str:
    """The path of the message to the next recipients: ``a.jpg.mms``, ``a.jpg.to-2.mms``."""
    return f"{target.removesuffix('.mms')}.to-{number}.mms"


def failed(job: Job, error: Exception, seconds: float) -> Converted:
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
