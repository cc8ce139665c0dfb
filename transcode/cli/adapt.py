"""``transcode adapt``: a message that was received, made to fit another receiver."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import transcode
from transcode.cli.command import Exit, command
from transcode.cli.message_output import naming, reading
from transcode.cli.options import Carrier, FormName, Json, MessageFile, Route, Threads
from transcode.cli.show import print_json, print_line
from transcode.jobs.files import Outputs
from transcode.media.source import inputs as media_source
from transcode.wire.forms import form_of_type

if TYPE_CHECKING:
    from transcode.model import Form


@command
def adapt(
    file: MessageFile,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the message goes.")],
    carrier: Carrier = None,
    route: Route,
    written_as: Annotated[
        FormName | None,
        typer.Option("--as", help="The form to write, whose size the limit counts; else the message's own."),
    ] = None,
    link: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where the whole message is; named beside what can't be shown."),
    ] = None,
    threads: Threads = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="The most seconds of processor time for the message.")
    ] = 60.0,
    as_json: Json = False,
) -> Exit:
    """Make a received message fit another receiver.

    Slides, texts, times and headers stay. Media are fitted anew where they must be, and converted to what
    the receiver shows; what it can't show becomes a line of text. A line is printed for each change.
    """
    outputs = Outputs([file, *route.files(carrier)])
    outputs.refuse(output)
    profile = route.profile(carrier)
    data = media_source.read(file).data
    with reading(file, data):
        found = transcode.read(data)
    with naming(file):
        made = transcode.adapt(found, profile, form=written_as, link=link, threads=threads, timeout=timeout)
        octets, size = _encoded(made)
    outputs.write({output: octets})
    if as_json:
        print_json(
            source=str(file),
            output=str(output),
            form=made.limit_form,
            bytes=size,
            limit=made.limit,
            reports=[dataclasses.asdict(report) for report in made.reports],
        )
        return Exit.DONE
    print_line(f"{output}: {size:,} of {made.limit:,} bytes for {profile.name}")
    for report in made.reports:
        print_line(f"  {report.source}: {report.notes[0].text}")
    if not made.reports:
        print_line("  nothing had to change")
    return Exit.DONE


def _encoded(made: transcode.Message) -> tuple[bytes, int]:
    """The octets of a message, and the number of them that the limit counts.

    What was received may break a rule that a message of our own must keep.
    """
    form: Form = form_of_type(made.message_type)
    if form == "mm7":
        http = made.to_mm7(strict=False)
        return bytes(http), len(http.body)
    octets = made.to_mm4(strict=False) if form == "mm4" else made.to_mm1(strict=False)
    return octets, len(octets)
