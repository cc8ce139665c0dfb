"""The report of a batch: a page for people, with every file before and after."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from transcode.batch.looks import NOTHING, Looks
from transcode.batch.report_page import Row, pages
from transcode.batch.shown import Pair, looks_of
from transcode.errors import LimitsError
from transcode.jobs import processors
from transcode.jobs.files import Outputs
from transcode.jobs.gather import gather
from transcode.jobs.job_limits import JobLimits

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from transcode.batch.convert import Converted
    from transcode.batch.shelf import Shelf

__all__ = ["report_path", "write_report"]

#: Jobs a processor that are handed out at once.
_WINDOW = 4


def report_path(given: str | os.PathLike[str]) -> Path:
    """Return the path of a report.

    Raises:
        LimitsError: it does not end in ``.html``.
    """
    path = Path(given)
    if path.suffix.lower() not in (".html", ".htm"):
        raise LimitsError(f"a report must end in .html, not {path.name!r}")
    return path


def write_report(
    path: Path | None,
    source: str | os.PathLike[str],
    made: str | os.PathLike[str],
    results: Iterable[Converted],
    shelf: Shelf | None,
    is_cancelled: Callable[[], bool],
) -> None:
    """Write the pages of a report, the first one last, so that it is there when all are.

    Args:
        path: of the first page. Further pages are beside it, as ``report-2.html``. None: nothing is written.
        source, made: the directories of the batch.
        results: all results; what was cancelled is left out.
        shelf: the pictures. Those that it has not are made in processes of our own, and kept in it.
        is_cancelled: whether no more time may be spent on pictures.

    Raises:
        OutputError: a page can't be written, or is one of the files of the batch.
    """
    if path is None or shelf is None:
        return
    root, target = Path(source), Path(made)
    told = sorted(
        (one for one in results if one.error_type != "Cancelled"),
        key=lambda one: (one.error is None, Path(one.source), one.carrier),
    )
    lacking = [one for one in told if one.target is not None and shelf.get(one.target) is None]
    _fill(shelf, lacking, is_cancelled)
    has_carriers = len({one.carrier for one in told if one.carrier}) > 1
    rows = [_row(one, root, target, has_carriers=has_carriers) for one in told]

    def looks(number: int) -> Looks:
        output = told[number].target
        return (None if output is None else shelf.get(output)) or NOTHING

    used = [used for one in told for used in (one.source, one.target, *one.further) if used]
    outputs = Outputs(used)
    first = b""
    for name, octets in pages(root.resolve().name or str(root), path.name, rows, looks):
        if name == path.name:
            outputs.refuse(path)
            first = octets
        else:
            outputs.write({path.with_name(name): octets})
    outputs.write({path: first})


def _row(one: Converted, root: Path, target: Path, *, has_carriers: bool) -> Row:
    return Row(
        name=_below(one.source, root),
        carrier=one.carrier if has_carriers else "",
        output="" if one.target is None else _below(one.target, target),
        source_bytes=one.source_bytes,
        made_bytes=one.message_bytes,
        limit=one.limit,
        width=one.width,
        height=one.height,
        seconds=one.duration,
        notes=tuple(note.text for note in one.notes),
        error=one.error,
        is_kept=one.is_kept,
    )


def _below(path: str, folder: Path) -> str:
    found = Path(path)
    return str(found.relative_to(folder) if found.is_relative_to(folder) else found)


def _fill(shelf: Shelf, lacking: Sequence[Converted], is_cancelled: Callable[[], bool]) -> None:
    """Make pictures of what earlier runs have made, each in a process that it may end."""
    if not lacking:
        return
    # Imported here: import transcode needs nothing that starts processes.
    from transcode.jobs.isolated import Isolated

    workers = max(1, min(processors.available(), len(lacking)))
    pairs = [Pair(one.source, str(one.target)) for one in lacking]
    pool = Isolated(workers, limits=JobLimits())
    with contextlib.ExitStack() as ending:
        ending.callback(pool.kill)
        window = workers * _WINDOW
        for group in gather(pool, looks_of, pairs, window=window, is_cancelled=is_cancelled, patience=None):
            # What can't be shown is kept as such: it is not tried at each report.
            shelf.put((pair.made, found if isinstance(found, Looks) else NOTHING) for pair, found in group)
