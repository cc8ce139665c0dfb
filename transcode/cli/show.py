"""The output of commands: answers on stdout, as text or JSON; progress, remarks and errors on stderr."""

from __future__ import annotations

import dataclasses
import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import typer

from transcode.markup import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from transcode.model import Note, Rendition, Report


# Without a terminal 160 columns: long names are not broken.
# The import of rich takes longer than to parse arguments; help and objects of JSON need none of it.


@cache
def console() -> Console:
    """Return where progress, remarks and errors go."""
    from rich.console import Console

    return Console(stderr=True, width=None if sys.stderr.isatty() else 160)


@cache
def answer() -> Console:
    """Return where the answer of a command goes."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def print_json(**values: object) -> None:
    typer.echo(json_line(values))


def json_line(value: object) -> str:
    """A value as JSON in one line."""
    # ASCII: the name of a file may have octets that are no UTF-8.
    return json.dumps(value, default=plain_data)


def rendition_json(rendition: Rendition) -> dict[str, object]:
    """A rendition in the words of all commands: bytes, limit, width, height, seconds."""
    return {
        "content_type": rendition.content_type,
        "bytes": len(rendition.data),
        "limit": rendition.report.max_bytes,
        "width": rendition.width,
        "height": rendition.height,
        "seconds": rendition.duration,
        "report": report_json(rendition.report),
    }


def report_json(report: Report) -> dict[str, object]:
    """A report in the same words."""
    values = dataclasses.asdict(report)
    trials = [{"bytes" if key == "size" else key: one[key] for key in one} for one in values["trials"]]
    limit = values.pop("max_bytes")
    # Only an engine fills it.
    del values["stages"]
    return {**values, "limit": limit, "trials": trials}


def print_line(text: object, style: str = "") -> None:
    """Print a line of the answer, in one piece however long it is."""
    answer().print(visible(text), style=style, soft_wrap=True)


def print_remark(text: object) -> None:
    """Print on stderr what the answer does not have and people should know."""
    console().print(visible(text), style="yellow", soft_wrap=True)


def print_error(line: str) -> None:
    typer.echo(f"transcode: {safe(line).replace(chr(10), ' ')}", err=True)


def plain_data(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "items"):
        return dict(value.items())
    return str(value)


def safe(text: str) -> str:
    """Foreign text with its control characters replaced: they could steer a terminal."""
    return "\n".join(map(printable, text.replace("\r\n", "\n").split("\n")))


def visible(text: object) -> Text:
    """Return foreign text for rich, without markup and control characters."""
    from rich.text import Text

    return Text(safe(str(text)))


def print_notes(notes: Sequence[Note]) -> None:
    for note in notes:
        print_line(f"    {note.text}", "dim")


def extent(rendition: Rendition) -> str:
    """The size of a rendition: pixels, or seconds of sound."""
    if rendition.width is None:
        return f"{rendition.duration or 0:.1f} seconds"
    return f"{rendition.width} x {rendition.height}"


def said(value: object) -> str:
    """A value of a profile for people."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:,}" if isinstance(value, int) else str(value)
