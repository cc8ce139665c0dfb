"""The output of commands: text for people on stderr, JSON for programs on stdout."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Note, Rendition


# Without a terminal 160 columns: long names are not broken.
console = Console(stderr=True, width=None if sys.stderr.isatty() else 160)


def print_json(**values: object) -> None:
    # ASCII: the name of a file may have octets that are no UTF-8.
    typer.echo(json.dumps(values, default=plain_data))


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
    lines = text.replace("\r\n", "\n")
    # The character that joins emoji counts as not printable.
    return "".join(letter if letter.isprintable() or letter in "\n\u200d" else "\ufffd" for letter in lines)


def visible(text: object) -> Text:
    return Text(safe(str(text)))


def print_notes(notes: Sequence[Note]) -> None:
    for note in notes:
        console.print(Text(f"    {note.text}", "dim"))


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
