"""``transcode fit`` of several files or of folders: each as a file in one folder."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from transcode.batch.plan import BatchPlan
from transcode.batch.several import fit_sources
from transcode.cli.batch_keeping import as_object
from transcode.cli.command import CANNOT_FIT_ERRORS, Exit
from transcode.cli.show import console, print_error, print_json, print_line, print_remark
from transcode.cli.stop import stopping
from transcode.counted import counted
from transcode.model import FitOptions, Limits
from transcode.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from transcode.batch import Converted
    from transcode.cli.batch_plan import Files
    from transcode.cli.options import Excerpt

__all__ = ["fit_many"]


def fit_many(
    sources: Sequence[Path],
    target: Path,
    receiver: Profile | Limits,
    excerpt: Excerpt,
    files: Files,
    name: str | None,
    *,
    as_clip: bool | Path,
    threads: int | None,
    as_json: bool,
) -> int:
    """Fit files, and the files below folders; print a line of each, failures last.

    Raises:
        LimitsError: a name or a pattern will not do.
        SourceError, OutputError: a folder can't be read or made.
    """
    plan = BatchPlan("media", name=name, include=files.include or (), exclude=files.exclude or ())
    profile = receiver if isinstance(receiver, Profile) else _profile_of(receiver)
    options = FitOptions(**dataclasses.asdict(excerpt), as_clip=as_clip)
    with stopping() as stop, _bar() as show:
        fitted = fit_sources(
            sources,
            target,
            profile,
            options,
            plan,
            threads=threads,
            is_cancelled=stop.is_set,
            progress=show,
        )
    done = [one for one in fitted.results if one.error_type != "Cancelled"]
    for one in done:
        _print_one(one, as_json=as_json)
    for number, what in (
        (fitted.passed_over, "passed over: sidecars, files of systems, and what batches have made"),
        (fitted.excluded, "excluded"),
    ):
        if number:
            print_remark(f"{counted(number, 'file')} {what}")
    failures = [one for one in done if one.error is not None]
    for one in failures:
        print_error(str(one.error))
    said = f"{counted(len(done) - len(failures), 'rendition')} made, {counted(len(failures), 'file')} failed"
    if stop.is_set():
        print_error(f"stopped by {stop.name}: {said}")
        return stop.code
    if not as_json:
        print_line(said)
    if not failures:
        return Exit.DONE
    known = {kind.__name__ for kind in CANNOT_FIT_ERRORS}
    return Exit.CANNOT_FIT if {one.error_type for one in failures} <= known else Exit.SOME_FAILED


def _print_one(one: Converted, *, as_json: bool) -> None:
    if as_json:
        print_json(**as_object(one))
    elif one.error is None:
        size = f"{one.duration or 0:.1f} seconds" if one.width is None else f"{one.width} x {one.height}"
        print_line(f"{one.target}: {size}, {one.message_bytes or 0:,} of {one.limit:,} bytes")


def _profile_of(limits: Limits) -> Profile:
    """A receiver with the limits that were given in numbers."""
    shared = {one.name for one in dataclasses.fields(Limits)} & {
        one.name for one in dataclasses.fields(Profile)
    }
    return Profile(
        id="limits",
        name="",
        max_message_bytes=limits.max_bytes,
        max_image_width=limits.max_width,
        max_image_height=limits.max_height,
        **{name: getattr(limits, name) for name in shared},
    )


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int], object]]:
    """The function that draws a progress bar of files, where stderr is a terminal."""
    # Imported here: a single file needs no progress bar of files.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("renditions"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console(), transient=True, disable=not console().is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
