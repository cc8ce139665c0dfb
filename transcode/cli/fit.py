"""``transcode fit``: media fitted, each as a file."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import transcode
from transcode.cli.batch_plan import Files, OutputName
from transcode.cli.command import Exit, command
from transcode.cli.effect import check_medium, refuse_idle
from transcode.cli.fit_many import fit_many
from transcode.cli.given import Origin, is_given, origin
from transcode.cli.options import Carrier, Excerpt, Json, Recordings, Route, Threads
from transcode.cli.show import (
    console,
    extent,
    print_json,
    print_line,
    print_notes,
    print_remark,
    rendition_json,
)
from transcode.cli.streams import STREAM, refuse_terminal, standard_input, write_octets
from transcode.cli.suffix import asked_formats, check_suffix
from transcode.errors import LimitsError, NotTakenError
from transcode.jobs.files import Outputs
from transcode.message.taken import not_taken
from transcode.model import Limits
from transcode.model.suffixes import asked_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transcode.model import FitProgress, ProgressCallback, Rendition, Source
    from transcode.profile import Profile


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise typer.BadParameter(f"{text!r} is no whole number of bytes, such as 300000")
    return int(text)


@command
def fit(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="A picture, an animation, a clip or a recording; several; folders; or - for stdin.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the rendition goes: a file, or - for stdout; for several a folder.",
        ),
    ],
    *,
    carrier: Carrier = None,
    route: Route,
    max_bytes: Annotated[
        int | None,
        typer.Option("--max-bytes", parser=_count, metavar="BYTES", help="The largest size, in bytes."),
    ] = None,
    box: Annotated[
        str | None, typer.Option("--box", metavar="WIDTHxHEIGHT", help="The largest size in pixels.")
    ] = None,
    excerpt: Excerpt,
    files: Files,
    name: OutputName = None,
    recordings: Recordings,
    threads: Threads = None,
    as_json: Json = False,
) -> int:
    """Fit pictures, animations, clips and recordings into a limit, each as a file.

    The limit is a receiver's whole message, or a size in bytes. Several files, and folders, go into a folder.
    """
    profile, max_bytes, box = _receiver(carrier, route, max_bytes, box)
    limits = _limits(profile, max_bytes, box)
    shown = recordings.shown
    if _goes_into_folder(sources, output):
        receiver = limits if profile is None else profile
        return fit_many(
            sources, output, receiver, excerpt, files, name, as_clip=shown, threads=threads, as_json=as_json
        )
    idle = {"--include": files.include, "--exclude": files.exclude, "--name": name}
    refuse_idle(idle, "they go with several sources, a folder as source, or a folder that is there as output")
    (source,) = sources
    given = standard_input() if source == STREAM else source
    own = [] if source == STREAM else [source]
    outputs = Outputs([*own, *recordings.files, *route.files(carrier)])
    if output == STREAM:
        refuse_idle({"--json": as_json}, "with -o - stdout has the rendition alone")
        refuse_terminal()
    else:
        outputs.refuse(output)
    check_medium(given, excerpt, as_clip=recordings.as_clip, picture=recordings.picture, box=box)
    rendition = _fitted(given, limits, output, profile, excerpt, as_clip=shown, threads=threads)
    if output == STREAM:
        write_octets(rendition.data)
    else:
        outputs.write({output: rendition.data})
    _print(rendition, source, output, as_json=as_json)
    return Exit.DONE


def _goes_into_folder(sources: Sequence[Path], output: Path) -> bool:
    """Whether the output is a folder of renditions.

    Raises:
        LimitsError: several sources would go into one stream, or come beside one.
    """
    is_many = len(sources) > 1 or sources[0].is_dir()
    if STREAM in sources and is_many:
        raise LimitsError("stdin (-) is one source; give no others beside it")
    if output == STREAM:
        if is_many:
            raise LimitsError("-o - takes one source; several go into a folder")
        return False
    return is_many or (output.is_dir() and STREAM not in sources)


def _fitted(
    source: Source,
    limits: Limits,
    output: Path,
    profile: Profile | None,
    excerpt: Excerpt,
    *,
    as_clip: bool | Path,
    threads: int | None,
) -> Rendition:
    """The rendition of one source, in a format of the output's suffix."""
    taken = limits.formats
    limits = dataclasses.replace(limits, formats=asked_formats(output, taken, profile))
    try:
        with _progress() as progress:
            return transcode.fit(
                source,
                limits,
                **dataclasses.asdict(excerpt),
                as_clip=as_clip,
                threads=threads,
                progress=progress,
            )
    except NotTakenError as error:
        check_suffix(error, output, limits.formats, taken)
        raise error if profile is None else not_taken(error, profile) from error


def _print(rendition: Rendition, source: Path, output: Path, *, as_json: bool) -> None:
    """Print what became of one source; where stdout has the rendition, on stderr."""
    report = rendition.report
    if as_json:
        print_json(source=str(source), output=str(output), **rendition_json(rendition))
        return
    said = (
        f"{output}: {rendition.content_type}, {extent(rendition)},"
        f" {len(rendition.data):,} of {report.max_bytes:,} bytes"
    )
    if output == STREAM:
        print_remark(said)
        return
    print_line(said)
    print_notes(report.notes)
    if asked_types(output) is None:
        print_remark(f"    the name has another suffix: this is {rendition.content_type}")


def _receiver(
    carrier: str | None, route: Route, max_bytes: int | None, box: str | None
) -> tuple[Profile | None, int | None, str | None]:
    """The receiver, the bytes and the box, without defaults that what is nearer excludes.

    Of a receiver and a number of bytes that are as near, such as two keys of the configuration file, the
    bytes hold, which are said for fit alone.
    """
    said = route.origin(carrier)
    plain = Origin.BUILT_IN if max_bytes is None else origin("--max-bytes")
    is_choice = Origin.BUILT_IN not in (said, plain) and not said is plain is Origin.COMMAND_LINE
    if is_choice and plain >= said:
        route.refuse_private()
        return None, max_bytes, box
    profile = route.found(carrier)
    return profile, None if is_choice else max_bytes, box if profile is None or is_given("--box") else None


def _limits(profile: Profile | None, max_bytes: int | None, box: str | None) -> Limits:
    """The limits of a profile, or those given in numbers."""
    if (profile is None) == (max_bytes is None):
        raise LimitsError("give either --carrier (or --provider, --device) or --max-bytes")
    if profile is not None:
        if box is not None:
            raise LimitsError("--box goes with --max-bytes; a profile has its own")
        profile.require_mms()
        return profile.limits()
    width, height = _box(box) if box is not None else (None, None)
    return Limits(max_bytes or 0, width, height)


def _box(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and max(len(width), len(height)) < 10):
        raise LimitsError(f"--box must look like 1600x1200, not {text!r}")
    return int(width), int(height)


@contextmanager
def _progress() -> Iterator[ProgressCallback | None]:
    """The function that draws a progress bar for a clip or a recording, where stderr is a terminal."""
    if not console().is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} s"))
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task("", total=1, visible=False)

        def show(step: FitProgress) -> None:
            bar.update(task, description=step.phase, completed=step.done, total=step.total, visible=True)

        yield show
