"""``transcode inspect``: what a message holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote

import typer
from rich.table import Table
from rich.tree import Tree

import transcode
from transcode.cli.command import Exit, command
from transcode.cli.effect import refuse_idle
from transcode.cli.message_output import reading
from transcode.cli.options import Force, Json, MessageFile
from transcode.cli.show import answer, print_json, print_line, visible
from transcode.jobs.files import Outputs, require_empty
from transcode.media.source import inputs as media_source
from transcode.message import smil
from transcode.message.address import plain
from transcode.preview.words import said_value, span
from transcode.wire.forms import form_of_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import HeaderValue, Part, SlideParts


@command
def inspect(
    file: MessageFile,
    extract: Annotated[
        Path | None,
        typer.Option("--extract", metavar="DIR", help="A directory to write the parts to, new or empty."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> Exit:
    """Show what a message holds.

    Its headers, parts, slides, texts and what is odd about it.
    """
    refuse_idle({"--force": force and extract is None}, "it goes with --extract")
    if extract is not None and not force:
        require_empty(extract)
    data = media_source.read(file).data
    with reading(file, data):
        found = transcode.read(data)
        slides = smil.slides(found)
    names = _part_names(found.parts)
    if extract is not None:
        parts = {extract / name: bytes(part.data) for name, part in zip(names, found.parts, strict=True)}
        Outputs([file]).write(parts)
    if as_json:
        print_json(source=str(file), bytes=len(data), **_message_json(found, names))
    else:
        _print_message(found, slides, names, len(data))
    return Exit.DONE


def _part_names(parts: Sequence[Part]) -> list[str]:
    """A safe file name for each part: a name in a message never becomes a path."""
    names: list[str] = []
    for number, part in enumerate(parts, 1):
        given = part.name or part.filename or unquote(part.content_location or "") or part.content_id or ""
        safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in given)
        names.append(f"{number:02}-{safe.lstrip('.')[-60:] or 'part'}")
    return names


def _message_json(found: transcode.Message, names: Sequence[str]) -> dict[str, object]:
    values = {
        field.name: getattr(found, field.name)
        for field in dataclasses.fields(found)
        if field.name not in ("parts", "limit", "reports")
    }
    parts = [
        {
            **{
                field.name: getattr(part, field.name)
                for field in dataclasses.fields(part)
                if field.name != "data"
            },
            "file": name,
            "bytes": len(part.data),
        }
        for name, part in zip(names, found.parts, strict=True)
    ]
    return {"form": form_of_type(found.message_type), **values, "parts": parts}


def _part_tree(found: transcode.Message, names: Sequence[str]) -> Tree:
    """The body and its parts, with their ids, locations and names."""
    start = dict(found.parameters).get("start")
    tree = Tree(visible(f"{found.content_type}{f', begins with {start}' if start else ''}"))
    for name, part in zip(names, found.parts, strict=True):
        called = [
            f"{word} {value}"
            for word, value in (
                ("id", part.content_id),
                ("location", part.content_location),
                ("name", part.name),
                ("charset", part.charset),
                ("disposition", part.disposition),
            )
            if value
        ]
        size = f"{len(part.data):,} bytes"
        tree.add(visible("  ".join([name, part.content_type, size, ", ".join(called)]).rstrip()))
    return tree


def _slide_tree(found: transcode.Message, slides: Sequence[SlideParts], names: Sequence[str]) -> Tree:
    """The slides, by the presentation or by the order of the parts."""
    places = {id(part): name for name, part in zip(names, found.parts, strict=True)}
    tree = Tree("slides")
    for slide in slides:
        shown = [places[id(part)] for part in (slide.image, slide.text, slide.audio) if part is not None]
        tree.add(visible(f"{span(slide.duration)}  {', '.join(shown)}"))
    return tree


def _print_message(
    found: transcode.Message, slides: Sequence[SlideParts], names: Sequence[str], size: int
) -> None:
    headers = Table("header", "value", box=None, pad_edge=False)
    rows: list[tuple[str, HeaderValue | None]] = [
        ("form", form_of_type(found.message_type).upper()),
        ("type", found.message_type),
        ("version", found.version),
        ("transaction id", found.transaction_id),
        ("from", found.sender and plain(found.sender)),
        *(("to", plain(address)) for address in found.to),
        *(("cc", plain(address)) for address in found.cc),
        *(("bcc", plain(address)) for address in found.bcc),
        ("subject", found.subject),
        *found.headers,
        ("content type", found.content_type),
        ("bytes", f"{size:,}"),
    ]
    for name, value in rows:
        if value is not None:
            headers.add_row(visible(name), visible(said_value(name, value)))
    answer().print(headers)
    if found.parts:
        answer().print()
        answer().print(_part_tree(found, names))
        answer().print(_slide_tree(found, slides, names))
    for part in found.parts:
        if part.content_type.startswith(("text/", "application/smil")):
            answer().print()
            print_line(part.text)
    for oddity in found.oddities:
        print_line(f"odd: {oddity}", "yellow")
