"""Where a batch stands, on stderr: one line that changes on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from transcode.cli.general import GENERAL
from transcode.cli.show import console, safe
from transcode.counted import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from transcode.batch import Standing

__all__ = ["Quiet", "duration", "line_of", "shown", "size_words"]

Quiet = Annotated[
    bool, typer.Option("--quiet", rich_help_panel=GENERAL, help="Do not show progress; errors are told.")
]

#: Seconds between two lines where no terminal is, at first and at most: a log of a night is short.
_FIRST, _LONGEST = 30.0, 600.0
#: The most characters of a file's name.
_NAME = 40


class _Display(Protocol):
    def show(self, standing: Standing) -> None:
        """Show where the batch stands."""


@contextlib.contextmanager
def shown(*, is_quiet: bool) -> Iterator[_Display]:
    """Show a batch while it runs: nothing where ``is_quiet``."""
    if is_quiet:
        yield _Nothing()
    elif console().is_terminal:
        with _bar() as bar:
            yield _Line(bar, bar.add_task("", total=1.0))
    else:
        yield _Log()


class _Nothing:
    def show(self, standing: Standing) -> None:
        """Nothing."""


class _Line:
    """A line that changes."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task

    def show(self, standing: Standing) -> None:
        """Change it."""
        self._bar.update(self._task, completed=standing.fraction, description=line_of(standing))


class _Log:
    """A line after half a minute, and then after longer and longer times."""

    def __init__(self) -> None:
        self._wait, self._next = _FIRST, time.monotonic() + _FIRST

    def show(self, standing: Standing) -> None:
        """Print a line where it is time."""
        if time.monotonic() < self._next:
            return
        self._wait = min(2 * self._wait, _LONGEST)
        self._next = time.monotonic() + self._wait
        console().print(line_of(standing), markup=False, highlight=False, soft_wrap=True)


def line_of(standing: Standing) -> str:
    """What people are told of where a batch stands."""
    parts = [f"{standing.done:,} of {standing.total:,}"]
    if standing.seconds_left is not None and standing.done < standing.total:
        parts.append(f"{duration(standing.seconds_left)} left")
    if standing.bytes_in:
        parts.append(f"{size_words(standing.bytes_in)} to {size_words(standing.bytes_out)}")
    if standing.failures:
        parts.append(f"{standing.failures:,} failed")
    if standing.kept:
        parts.append(f"{standing.kept:,} kept")
    if standing.working:
        longest = standing.working[0]
        name = safe(Path(longest.source).name).replace("\n", " ")
        name = name if len(name) <= _NAME else f"{name[: _NAME - 1]}\N{HORIZONTAL ELLIPSIS}"
        parts.append(name if longest.fraction is None else f"{name} {longest.fraction:.0%}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A duration as people say it: ``"40 s"``, ``"3 min"``, ``"2 h 10 min"``."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def size_words(octets: int) -> str:
    """A size as people say it: ``"1.2 MB"``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if octets >= size:
            return f"{octets / size:.1f} {unit}"
    return counted(octets, "byte")


def _bar() -> Progress:
    # Imported here: no other command needs a progress bar of a batch.
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    return Progress(
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.description}", markup=False),
        console=console(),
        transient=True,
    )
