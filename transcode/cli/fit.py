"""``transcode fit``: one medium, as a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

import transcode
from transcode.batch import write_file
from transcode.cli.options import Bearer, Carrier, Debug, Device, Json, Provider, Size
from transcode.cli.outcome import Exit, guarded
from transcode.cli.receiver import chosen_limits, chosen_receiver
from transcode.cli.show import console, extent, print_json, print_notes, visible
from transcode.errors import LimitsError

#: Names that a rendition of each type may have.
_SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "video/mp4": (".mp4", ".m4v"),
    "video/3gpp": (".3gp",),
    "audio/mp4": (".m4a", ".mp4"),
    "audio/3gpp": (".3gp",),
    "audio/aac": (".aac",),
    "audio/amr": (".amr",),
    "audio/mpeg": (".mp3",),
}


def fit(
    source: Annotated[Path, typer.Argument(help="A picture, an animation, a clip or a recording.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the rendition goes.")],
    carrier: Carrier = None,
    provider: Provider = None,
    device: Device = None,
    bearer: Bearer = None,
    size: Size = "safe",
    max_bytes: Annotated[int | None, typer.Option("--max-bytes", help="The largest size in bytes.")] = None,
    box: Annotated[
        str | None, typer.Option("--box", help="The largest size in pixels, as WIDTHxHEIGHT.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit one picture, animation, clip or recording into its limit.

    The limit is a receiver's, whole, or a size in bytes.
    """

    def run() -> Exit:
        if output.exists() and source.exists() and output.samefile(source):
            raise LimitsError(f"{output}: the output is the source")
        rendition = transcode.fit(
            source, chosen_limits(chosen_receiver(carrier, provider, device, bearer, size), max_bytes, box)
        )
        write_file(output, rendition.data)
        report = rendition.report
        if as_json:
            print_json(
                source=str(source),
                output=str(output),
                content_type=rendition.content_type,
                bytes=len(rendition.data),
                report=dataclasses.asdict(report),
            )
        else:
            console.print(
                visible(
                    f"{output}: {rendition.content_type}, {extent(rendition)},"
                    f" {len(rendition.data):,} of {report.max_bytes:,} bytes"
                )
            )
            print_notes(report.notes)
            if output.suffix.lower() not in _SUFFIXES.get(rendition.content_type, ()):
                console.print(Text(f"    its name does not say so: it is {rendition.content_type}", "yellow"))
        return Exit.DONE

    guarded(run, as_json=as_json, debug=debug)
