"""``transcode batch``: a message of each file below a directory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer
from rich.table import Table

import transcode
from transcode.cli.batch_display import Quiet, shown
from transcode.cli.batch_job_file import profile_of_rows, refuse_for_rows
from transcode.cli.batch_keeping import Keeping, as_object, export, tell_why
from transcode.cli.batch_plan import Files, Processes, Shape, without_words
from transcode.cli.batch_predict import DryRun, predict, show_prediction
from transcode.cli.command import CANNOT_FIT_ERRORS, Exit, command
from transcode.cli.given import is_given
from transcode.cli.message import NamesForMm7
from transcode.cli.options import (
    MEDIA,
    Carriers,
    Envelope,
    FirstText,
    Json,
    Recordings,
    Route,
)
from transcode.cli.show import answer, print_error, print_json, print_line, print_remark, visible
from transcode.cli.stop import stopping
from transcode.counted import counted
from transcode.model import MessageWords, RowWords

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.batch import BatchOptions, BatchPlan, Converted, Standing
    from transcode.batch import Progress as BatchProgress
    from transcode.batch.cluster import Cluster
    from transcode.cli.stop import Stop
    from transcode.profile import Profile


#: Short texts of notes that the table shows, by the note's code.
_LOSSES = {
    "animation-dropped": "still of an animation",
    "pages-dropped": "first page only",
    "sound-dropped": "no sound",
    "pictures-dropped": "no pictures",
    "tracks-dropped": "further tracks",
    "trimmed": "cut short",
    "quality-floor": "poor quality",
    "source-truncated": "truncated",
    "source-damaged": "damaged",
    "flattened": "over white",
    "profile-ignored": "profile ignored",
}


@command
def batch(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A directory of media, or a job file: .csv or .jsonl.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The directory for the messages.")],
    *,
    carrier: Carriers = None,
    route: Route,
    files: Files,
    shape: Shape,
    provider_names: NamesForMm7,
    envelope: Envelope,
    keeping: Keeping,
    processes: Processes,
    text: FirstText = None,
    recordings: Recordings,
    dry_run: DryRun = False,
    is_quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Make a message of every file below a directory, or of each row of a job file.

    Or pictures, clips and recordings (--renditions). For several carriers each file is decoded once.
    """
    keep = keeping.options()
    plan = replace(shape.plan(files, provider_names), limits=processes.limits())
    if plan.written_as == MEDIA:
        envelope, text = without_words(envelope, text)
    envelope.refuse_hidden(plan.written_as)
    has_rows, root = source.is_file(), source.parent if source.is_file() else source
    if has_rows:
        refuse_for_rows(files, envelope, keeping)
    if keeping.why is not None:
        return tell_why(root, target, keeping.why, as_json=as_json)
    words = MessageWords(**envelope.words(), text=text, as_clip=recordings.shown)
    profiles = route.profiles(carrier)
    noun = "rendition" if plan.written_as == MEDIA else "message"
    if dry_run:
        told = predict(source, target, profiles, plan, words, keep, processes.jobs)
        return show_prediction(told, root, target, noun, as_json=as_json)
    with processes.executor() as workers, stopping() as stop:
        results, left_out = _converted(
            source,
            target,
            profiles,
            plan,
            words,
            processes,
            keep,
            stop,
            executor=workers,
            report=keeping.report,
            as_json=as_json,
            is_quiet=is_quiet,
        )
    if keeping.export is not None:
        export(source, target, keeping.export)
    _tell_early(results, stop, keep, noun)
    if stop.is_set():
        return stop.code
    if not as_json:
        _print_batch(results, root, noun)
    shows = (recordings.as_clip and is_given("--as-clip")) or (
        recordings.picture is not None and is_given("--picture")
    )
    is_draft = not (plan.written_as == MEDIA or envelope.has_recipients or has_rows)
    _remark(results, source, *left_out, is_draft=is_draft, shows=shows)
    _print_failures(() if as_json else results)
    return _exit_code(results)


def _converted(
    source: Path,
    target: Path,
    profiles: Sequence[Profile],
    plan: BatchPlan,
    words: MessageWords,
    processes: Processes,
    keep: BatchOptions,
    stop: Stop,
    *,
    executor: Cluster | None,
    report: Path | None,
    as_json: bool,
    is_quiet: bool,
) -> tuple[list[Converted], tuple[int, int]]:
    """Do the work; gives the results, and the numbers of files that were passed over and excluded."""
    left_out = (0, 0)
    with shown(is_quiet=is_quiet) as display:

        def show(progress: BatchProgress) -> None:
            nonlocal left_out
            left_out = (progress.passed_over, progress.excluded)
            if as_json:
                print_json(**as_object(progress.latest))

        told: _Told = {
            "progress": show,
            "standing": display.show,
            "cancel": stop,
            "executor": executor,
            "jobs": processes.jobs,
            "threads": processes.threads,
            "keep": keep,
            "plan": plan,
        }
        if source.is_file():
            of_all: RowWords = {
                "sender": words["sender"],
                "subject": words["subject"],
                "text": words["text"],
                "options": words["options"],
                "as_clip": words["as_clip"],
            }
            results = transcode.convert_job_file(source, target, profile_of_rows(profiles), **told, **of_all)
        else:
            results = transcode.convert_directory(source, target, profiles, **told, **words, report=report)
    return results, left_out


class _Told(TypedDict):
    """The arguments that folders and job files share."""

    progress: Callable[[BatchProgress], object]
    standing: Callable[[Standing], object]
    cancel: Stop
    executor: Cluster | None
    jobs: int | None
    threads: int | None
    keep: BatchOptions
    plan: BatchPlan


def _tell_early(results: Sequence[Converted], stop: Stop, keep: BatchOptions, noun: str) -> None:
    """Tell of a batch that ended early why it did."""
    if stop.is_set():
        print_error(f"stopped by {stop.name}: {_so_far(results, noun)}")
    elif any(result.error_type == "Cancelled" for result in results):
        failed = counted(keep.max_failures or 0, "failure")
        print_error(f"ended after more than {failed}: {_so_far(results, noun)}")


def _so_far(results: Sequence[Converted], noun: str) -> str:
    """What is done of a batch that ended early."""
    done = [result for result in results if result.error_type != "Cancelled"]
    failed = sum(1 for result in done if result.error)
    return (
        f"{len(done)} of {counted(len(results), 'file')} done,"
        f" {counted(len(done) - failed, noun)} made, {failed} failed"
    )


def _remark(
    results: Sequence[Converted],
    source: Path,
    passed_over: int,
    excluded: int,
    *,
    is_draft: bool,
    shows: bool,
) -> None:
    """Tell what was passed over, what had no effect, and what is missing."""
    if passed_over:
        print_remark(
            f"{counted(passed_over, 'sidecar or system file', 'sidecars and system files')} passed over"
        )
    if excluded:
        print_remark(f"{counted(excluded, 'file')} excluded")
    if not results:
        print_remark(f"{source}: no file below it")
        return
    if shows and "as-clip" not in {note.code for one in results for note in one.notes}:
        print_remark("--as-clip and --picture had no effect: no message has a recording")
    if is_draft:
        print_remark("no --to was given: add a recipient before a message is sent")


def _exit_code(results: Sequence[Converted]) -> Exit:
    """3 where all files that failed can't fit, 1 where others failed too."""
    failed = {result.error_type for result in results if result.error}
    if not failed:
        return Exit.DONE
    return Exit.CANNOT_FIT if failed <= {kind.__name__ for kind in CANNOT_FIT_ERRORS} else Exit.SOME_FAILED


def _print_batch(results: Sequence[Converted], root: Path, noun: str = "message") -> None:
    results = [result for result in results if result.error_type != "Cancelled"]
    failed = [result for result in results if result.error]
    kept = sum(1 for result in results if result.is_kept and result.error is None)
    table = Table(box=None, pad_edge=False)
    is_for_several = len({result.carrier for result in results if result.carrier}) > 1
    names = ["file", "source bytes", "size", f"{noun} bytes", "of limit", "ms", "lost"]
    if is_for_several:
        names.insert(1, "carrier")
    for name in names:
        is_text = name in ("file", "carrier", "lost")
        table.add_column(name, justify="left" if is_text else "right", overflow="fold")
    for result in results:
        if result.message_bytes is not None and not result.is_kept:
            table.add_row(
                visible(Path(result.source).relative_to(root)),
                *((result.carrier,) if is_for_several else ()),
                f"{result.source_bytes:,}",
                _size(result),
                f"{result.message_bytes:,}",
                f"{result.message_bytes / result.limit:.1%}",
                f"{result.seconds * 1000:.0f}",
                ", ".join(_LOSSES[note.code] for note in result.notes if note.code in _LOSSES),
            )
    if table.row_count:
        answer().print(table)
    made = counted(len(results) - len(failed) - kept, noun)
    earlier = f", {kept:,} kept of earlier runs" if kept else ""
    print_line(f"{made} made{earlier}, {counted(len(failed), 'file')} failed")


def _print_failures(results: Sequence[Converted]) -> None:
    """Tell what failed, where people look first: at the end."""
    is_for_several = len({result.carrier for result in results if result.carrier}) > 1
    for result in results:
        if result.error and result.error_type != "Cancelled":
            print_error(
                f"{result.carrier}: {result.error}"
                if is_for_several and result.carrier
                else str(result.error)
            )


def _size(result: Converted) -> str:
    """The pixels of a picture or clip, or the seconds of a sound; empty for a card."""
    if result.width:
        return f"{result.width} x {result.height}"
    return "" if result.duration is None else f"{result.duration:.1f} s"
