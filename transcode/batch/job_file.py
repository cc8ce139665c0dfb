"""A job file: each row of it becomes a message of its own, with its own media, recipients and words."""

from __future__ import annotations

import contextlib
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from transcode.batch.checks import check_callbacks, check_cancel, check_plan
from transcode.batch.convert import Converted
from transcode.batch.directory import Work, make_target, told
from transcode.batch.far_manifest import manifest_of
from transcode.batch.jobs import check_all
from transcode.batch.names import Name, Named, distinct, labels
from transcode.batch.plan import BatchPlan, Job, Output, dated, ending_of, form_of
from transcode.batch.read_manifest import ReadManifest
from transcode.batch.resume import BatchOptions, Ledger, of_shard
from transcode.batch.rows import BadRow, Row, read_rows
from transcode.errors import LimitsError, OutputError, ProfileError, SourceError, TranscodeError
from transcode.fit.medium import kept
from transcode.jobs.files import reason
from transcode.model import MessageWords, RowWords, SendOptions
from transcode.model.moments import time_of
from transcode.profile import Profile, find_profile

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from transcode.batch.directory import Cancel
    from transcode.batch.progress import Progress, Standing
    from transcode.model import Source

__all__ = ["JobFileWords", "convert_job_file", "prepare_rows", "rows_words"]

#: The most octets of a job file: a million rows of 250 octets.
_MOST_OCTETS = 256_000_000
#: How messages are called where nobody says: by the numbers of their rows.
_NAME = "{number:05}.{ext}"


class JobFileWords(RowWords, total=False):
    """The arguments of predict_job_file besides file, target and profile."""

    jobs: int | None
    keep: BatchOptions | None
    plan: BatchPlan | None


def convert_job_file(
    file: str | os.PathLike[str],
    target: str | os.PathLike[str],
    profile: Profile | None = None,
    *,
    executor: Executor | None = None,
    progress: Callable[[Progress], object] | None = None,
    standing: Callable[[Standing], object] | None = None,
    cancel: Cancel | None = None,
    jobs: int | None = None,
    threads: int | None = None,
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    options: SendOptions | None = None,
    as_clip: bool | Source = False,
    keep: BatchOptions | None = None,
    plan: BatchPlan | None = None,
) -> list[Converted]:
    """Make a message of each row of a job file, which is CSV or has an object of JSON in each line.

    The columns, all of which may be left out: sources (paths from the file's folder on, ``|`` between
    several), to, cc, bcc (``;`` between several), carrier, sender, subject, text, output, delivery_report,
    read_report, priority, class, expiry, delivery_time, show_sender, as_clip and picture. A row with
    something wrong is a result with its number and the reason, and costs no other.

    Args:
        file: the job file.
        target: the directory to write; made where it is missing.
        profile: of the network of rows that name none.
        executor, progress, standing, cancel, jobs, threads: as for convert_directory.
        sender, subject, text, options, as_clip: of rows that do not say. ``{first_name}`` in the subject or
            the text stands for what a row has in a column of that name.
        keep: how to keep what an earlier run has made; None: all is made, and no manifest written.
        plan: the form of the messages, and how they are called; by default ``{number:05}.{ext}``.

    Returns:
        One result a row, in order.

    Raises:
        SourceError: the file can't be read, has no row, or has an unknown column.
        OutputError: the target can't be made.
        LimitsError: an argument is something else, or the plan makes media.
    """
    check_callbacks(progress, standing)
    check_cancel(cancel)
    said = RowWords(sender=sender, subject=subject, text=text, options=options, as_clip=as_clip)
    words = rows_words(said)
    work = prepare_rows(Path(file), Path(target), profile, plan or BatchPlan(), words, threads, keep)
    with contextlib.closing(work.run(executor, jobs, threads, cancel, standing=standing)) as made:
        return work.ordered(told(work, made, progress))


def rows_words(words: RowWords) -> MessageWords:
    """What all rows share. A picture that is a stream is read here once."""
    return MessageWords(
        to=(),
        cc=(),
        bcc=(),
        sender=words["sender"],
        subject=words["subject"],
        text=words["text"],
        options=words["options"],
        as_clip=kept(words["as_clip"]),
    )


def prepare_rows(
    file: Path,
    target: Path,
    profile: Profile | None,
    plan: BatchPlan,
    words: MessageWords,
    threads: int | None,
    keep: BatchOptions | None,
    *,
    is_dry: bool = False,
) -> Work:
    """The jobs of the rows, and what is known of them.

    Args:
        file, target, profile, plan, words, threads, keep: as for convert_job_file.
        is_dry: nothing is written, and the work is not to be run.

    Raises:
        TranscodeError: as convert_job_file.
    """
    check_plan(plan, keep)
    if form_of(plan) is None:
        raise LimitsError("media are no messages: a job file makes messages")
    try:
        with file.open("rb") as opened:
            octets = opened.read(_MOST_OCTETS + 1)
    except OSError as error:
        raise SourceError(str(file), reason(error)) from error
    if len(octets) > _MOST_OCTETS:
        raise SourceError(str(file), f"larger than {_MOST_OCTETS:,} bytes; divide it")
    make_target(target, is_dry=is_dry)
    if profile is not None:
        check_all([profile], plan, {**words, "text": "-"}, threads)
    plan = dated(plan)
    rows = list(read_rows(octets, str(file), subject=words["subject"], text=words["text"]))
    made = _Rows(file, target, profile, plan, words)
    jobs, bad = made.jobs(rows)
    shard = None if keep is None else keep.shard
    part = [job for job in jobs if of_shard(Path(job.outputs[0].base).relative_to(target), shard)]
    numbers = {made.name_of(row.number): row.number for row in rows}
    seen = ((), part if is_dry else (), (file,))
    if keep is None:
        return Work(part, [""], [], bad, 0, 0, None, None, numbers, *seen)
    with contextlib.ExitStack() as unless:
        manifest = (ReadManifest.of if is_dry else manifest_of)(file.parent, target, shard)
        unless.callback(manifest.close)
        ledger = Ledger(manifest, part, keep)
        unless.pop_all()
    return Work(ledger.jobs, [""], ledger.kept, bad, 0, 0, ledger, keep.max_failures, numbers, *seen)


class _Rows:
    """Makes jobs of rows.

    Args:
        file, target: the job file and the directory of the messages.
        profile: of rows that name no carrier.
        plan, words: what rows do not say.
    """

    def __init__(
        self, file: Path, target: Path, profile: Profile | None, plan: BatchPlan, words: MessageWords
    ) -> None:
        self._file, self._target, self._profile = file, target, profile
        self._plan, self._words = plan, words
        self._ending = ending_of(plan) or ""
        self._naming = Name(plan.name or _NAME)
        self._profiles: dict[str, Profile] = {}
        self._labels: dict[str, str] = {}

    def name_of(self, number: int) -> str:
        """What results call a row."""
        return f"{self._file}, row {number}"

    def jobs(self, rows: Sequence[Row | BadRow]) -> tuple[list[Job], list[Converted]]:
        """The jobs, and the results of rows of which no message can be made."""
        bad: list[Converted] = []
        good: list[tuple[Row, Profile, str, MessageWords, PurePosixPath]] = []
        for row in rows:
            try:
                if isinstance(row, BadRow):
                    raise SourceError(self.name_of(row.number), row.reason)
                profile = self._profile_of(row)
                carrier = self._label_of(profile)
                good.append((row, profile, carrier, self._words_of(row), self._wanted(row, carrier)))
            except TranscodeError as error:
                bad.append(self._failed(row.number, error))
        bases = distinct([(path, "", self._ending) for *_, path in good])
        return [
            Job(
                self.name_of(row.number),
                (Output(str(self._target / base), self._ending, profile, carrier),),
                self._plan,
                words,
                media=tuple(str(self._path(one)) for one in row.sources),
            )
            for (row, profile, carrier, words, _), base in zip(good, bases, strict=True)
        ], bad

    def _failed(self, number: int, error: TranscodeError) -> Converted:
        name = self.name_of(number)
        said = str(error) if str(error).startswith(name) else f"{name}: {error}"
        return Converted(name, None, 0, 0, 0.0, error=said, error_type=type(error).__name__)

    def _path(self, given: str) -> Path:
        """A path of a row, which begins at the folder of the file."""
        return self._file.parent / given

    def _profile_of(self, row: Row) -> Profile:
        if row.carrier is None:
            if self._profile is None:
                raise ProfileError("carrier", "the row names none, and there is none for all rows")
            return self._profile
        if row.carrier not in self._profiles:
            self._profiles[row.carrier] = find_profile(row.carrier)
        return self._profiles[row.carrier]

    def _label_of(self, profile: Profile) -> str:
        if profile.id not in self._labels:
            (self._labels[profile.id],) = labels([profile.id])
        return self._labels[profile.id]

    def _words_of(self, row: Row) -> MessageWords:
        """The words of a row, and those of all rows where it does not say."""
        as_clip: bool | Source = self._words["as_clip"] if row.as_clip is None else row.as_clip
        if row.picture is not None:
            as_clip = self._path(row.picture)
        return MessageWords(
            to=row.to or (),
            cc=row.cc or (),
            bcc=row.bcc or (),
            sender=row.sender or self._words["sender"],
            # The subject and the text of all rows have the fields of this one already.
            subject=row.subject,
            text=row.text,
            options=self._options_of(row),
            as_clip=as_clip,
        )

    def _options_of(self, row: Row) -> SendOptions:
        given = self._words["options"] or SendOptions()
        said: dict[str, Any] = {one.name: getattr(given, one.name) for one in fields(given)}
        for name, value in (row.options or {}).items():
            if name in ("expiry", "delivery_time"):
                said[name] = time_of(name, str(value))
            else:
                said["message_class" if name == "class" else name] = value
        return SendOptions(**said)

    def _wanted(self, row: Row, carrier: str) -> PurePosixPath:
        """The path that a row's message wants, below the target."""
        first = PurePosixPath(row.sources[0]) if row.sources else PurePosixPath("text")
        path = PurePosixPath(*(part for part in first.parts if part not in ("/", "..")))
        if row.output is None:
            return self._naming.path(Named(path, row.number, carrier), self._ending)
        parts = row.output.replace("\\", "/").split("/")
        if row.output.startswith("/") or any(part in ("", "..") or part.startswith(".") for part in parts):
            raise OutputError(row.output, "no file in the target, or a hidden one")
        given = PurePosixPath(*parts)
        has_ending = given.suffix.lower() == f".{self._ending}"
        return given if has_ending else given.with_name(f"{given.name}.{self._ending}")
