"""``transcode watch``: files that arrive in a folder are converted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from transcode.batch import watch as watch_folder
from transcode.cli.batch_keeping import as_object
from transcode.cli.batch_plan import Files, Processes, Shape, without_words
from transcode.cli.command import Exit, command
from transcode.cli.message import NamesForMm7
from transcode.cli.options import MEDIA, Carriers, Envelope, FirstText, Json, Recordings, Route
from transcode.cli.show import print_error, print_json, print_line, print_remark
from transcode.cli.stop import stopping
from transcode.model import MessageWords


@command
def watch(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The directory that files arrive in.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The directory for what is made.")],
    *,
    carrier: Carriers = None,
    route: Route,
    files: Files,
    shape: Shape,
    provider_names: NamesForMm7,
    envelope: Envelope,
    processes: Processes,
    text: FirstText = None,
    recordings: Recordings,
    settle: Annotated[
        float,
        typer.Option(min=0.1, metavar="SECONDS", help="For how long a file must stand before it is read."),
    ] = 2.0,
    poll: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Look so often, for network file systems that tell of no arrivals.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Convert the files in a directory, and those that arrive in it, until a signal comes.

    What is there comes first, as far as an earlier run or a batch has not made it.
    """
    plan = replace(shape.plan(files, provider_names), limits=processes.limits())
    if plan.written_as == MEDIA:
        envelope, text = without_words(envelope, text)
    envelope.refuse_hidden(plan.written_as)
    words = MessageWords(**envelope.words(), text=text, as_clip=recordings.shown)
    with stopping() as stop:
        results = watch_folder(
            source,
            target,
            route.profiles(carrier),
            settle=settle,
            poll=poll,
            cancel=stop,
            jobs=processes.jobs,
            threads=processes.threads,
            **words,
            plan=plan,
        )
        if not as_json:
            print_remark(f"{source} is watched; Ctrl-C ends that")
        for result in results:
            if as_json:
                print_json(**as_object(result))
            elif result.error is not None:
                print_error(result.error)
            else:
                print_line(f"{result.target}: {result.message_bytes:,} of {result.limit:,} bytes")
    # Only a signal ends it: that is in order.
    return Exit.DONE
