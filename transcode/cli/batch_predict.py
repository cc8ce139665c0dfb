"""``transcode batch --dry-run``: what would be made, printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer
from rich.table import Table

import transcode
from transcode.cli.batch_display import duration, size_words
from transcode.cli.batch_job_file import profile_of_rows
from transcode.cli.command import Exit
from transcode.cli.show import answer, print_json, print_line, visible
from transcode.counted import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.batch import BatchOptions, BatchPlan, Predicted, Prediction
    from transcode.model import MessageWords
    from transcode.profile import Profile

__all__ = ["DryRun", "predict", "show_prediction"]

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Tell what would be made of each file, about how large and how soon; write nothing.",
    ),
]

#: States as they are told, in this order.
_TOLD = {
    "new": "new",
    "changed": "changed",
    "unchanged": "unchanged",
    "failed-before": "failed before",
    "will-fail": "will fail",
    "skipped": "skipped",
}


class _Given(TypedDict):
    """The arguments that folders and job files share."""

    jobs: int | None
    keep: BatchOptions
    plan: BatchPlan


def predict(
    source: Path,
    target: Path,
    profiles: Sequence[Profile],
    plan: BatchPlan,
    words: MessageWords,
    keep: BatchOptions,
    jobs: int | None,
) -> Prediction:
    """What a batch of a folder or of a job file would do.

    Raises:
        TranscodeError: as convert_directory and convert_job_file.
    """
    given = _Given(jobs=jobs, keep=keep, plan=plan)
    if not source.is_file():
        return transcode.predict_directory(source, target, profiles, **given, **words)
    return transcode.predict_job_file(
        source,
        target,
        profile_of_rows(profiles),
        sender=words["sender"],
        subject=words["subject"],
        text=words["text"],
        options=words["options"],
        as_clip=words["as_clip"],
        **given,
    )


def show_prediction(told: Prediction, root: Path, target: Path, noun: str, *, as_json: bool) -> Exit:
    """Print what a batch would do; gives the exit code."""
    if as_json:
        _print_objects(told)
    else:
        _print_table(told, root, target, noun)
    return Exit.DONE


def _print_objects(told: Prediction) -> None:
    for one in told.files:
        print_json(
            source=one.source,
            carrier=one.carrier or None,
            state=one.state,
            reason=one.reason or None,
            kind=one.kind or None,
            output=one.target,
            source_bytes=one.source_bytes,
            bytes=one.bytes,
            limit=one.limit or None,
            elapsed_seconds=round(one.seconds, 3),
        )
    counts = {state.replace("-", "_"): told.count(state) for state in _TOLD}
    print_json(**counts, bytes=told.bytes, elapsed_seconds=round(told.seconds, 3))


def _print_table(told: Prediction, root: Path, target: Path, noun: str) -> None:
    is_for_several = len({one.carrier for one in told.files if one.carrier}) > 1
    table = Table(box=None, pad_edge=False)
    for name in ("file", *(("carrier",) if is_for_several else ()), "kind", "what", "becomes", "why"):
        table.add_column(name, overflow="fold")
    for name in ("about bytes", "of limit", "s"):
        table.add_column(name, justify="right", overflow="fold")
    for one in told.files:
        table.add_row(
            visible(_below(one.source, root)),
            *((one.carrier,) if is_for_several else ()),
            one.kind,
            _TOLD[one.state],
            visible("" if one.target is None else _below(one.target, target)),
            visible(_short(one)),
            "" if one.bytes is None else f"{one.bytes:,}",
            "" if one.bytes is None else f"{one.bytes / one.limit:.0%}",
            f"{one.seconds:.1f}" if one.is_made else "",
        )
    if table.row_count:
        answer().print(table)
    print_line(", ".join(f"{told.count(state):,} {said}" for state, said in _TOLD.items()))
    made = sum(one.is_made for one in told.files)
    if made:
        size = f"about {size_words(told.bytes)} in about {duration(told.seconds)}"
        print_line(f"{counted(made, noun)} would be made: {size}; nothing is written")
    else:
        print_line(f"no {noun} would be made; nothing is written")


def _below(path: str, root: Path) -> str:
    found = Path(path)
    return str(found.relative_to(root) if found.is_relative_to(root) else found)


def _short(one: Predicted) -> str:
    """The reason without the path of the file, which stands beside it."""
    return one.reason.removeprefix(one.source).removeprefix(": ")
