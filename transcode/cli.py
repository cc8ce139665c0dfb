"""The command line: arguments and printing, nothing else.

Tables, progress and errors go to stderr, for people; ``--json`` prints one
object a line to stdout, for programs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sys
import time
import traceback
import warnings
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from rich.tree import Tree
from typer.core import TyperGroup

import transcode
from transcode.assemble.mm7_convert import ProviderNames, identity_length
from transcode.batch import write_file
from transcode.errors import BudgetError, LimitsError, MessageError, ProfileError, TranscodeError
from transcode.media import source as media_source
from transcode.message import smil
from transcode.message.address import plain
from transcode.message.binding import bounds
from transcode.model import Limits
from transcode.profile import FolderStore, SizeChoice, fetch, origins, receiver, search
from transcode.profile.model import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.batch import Converted
    from transcode.batch import Progress as BatchProgress
    from transcode.model import Note, Part, Rendition, Report
    from transcode.profile import Origin, Profile

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# Where there is no terminal there is no width to keep to: names are not broken.
_console = Console(stderr=True, width=None if sys.stderr.isatty() else 160)


#: The longest span of time that is told, in seconds; a timedelta ends not far behind.
_LONGEST_SPAN = 10**13

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

#: What a person should see of a file's notes in a table, in a word or two.
_LOSSES = {
    "animation-dropped": "still of an animation",
    "pages-dropped": "first page only",
    "trimmed": "cut short",
    "source-truncated": "truncated",
    "source-damaged": "damaged",
    "flattened": "over white",
    "profile-ignored": "profile ignored",
}


class Exit(IntEnum):
    """What the command says to the shell."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    CANNOT_FIT = 3


class WrittenAs(StrEnum):
    """The forms that a message can be written in."""

    MM1 = "mm1"
    MM4 = "mm4"
    MM7 = "mm7"
    MEDIA = "media"


class LimitForm(StrEnum):
    """The forms that a limit can count."""

    MM1 = "mm1"
    MM4 = "mm4"
    MM7 = "mm7"


class ShownAs(StrEnum):
    """What a slideshow becomes."""

    MESSAGE = "message"
    CLIP = "clip"


Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout; nothing else there.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]
Carrier = Annotated[
    str | None,
    typer.Option(
        "--carrier",
        help="The network: an id (us-verizon), an MCC-MNC (311480), a TOML file; unknown: na or world.",
    ),
]
Provider = Annotated[
    str | None,
    typer.Option("--provider", help="Who carries the message: twilio, or twilio:short_code with the sender."),
]
Device = Annotated[
    str | None, typer.Option("--device", help="The phone: its UAProf document, as a file or an address.")
]
Size = Annotated[
    SizeChoice,
    typer.Option(
        "--size", help="Where sources disagree or advise: the safe size, the recommended, the highest."
    ),
]
Bearer = Annotated[str | None, typer.Option("--bearer", help="A slow network: gprs or edge.")]
To = Annotated[list[str], typer.Option("--to", help="A recipient; may be given several times.")]
Sender = Annotated[
    str | None, typer.Option("--sender", help="The sender's number; else the network inserts it.")
]
Subject = Annotated[str | None, typer.Option("--subject", help="The subject line.")]
TextFirst = Annotated[bool, typer.Option("--text-first", help="Texts above the pictures, not below.")]
MaxMessages = Annotated[
    int,
    typer.Option(
        "--max-messages",
        min=1,
        help="Divide slides over so many messages at most, so that each looks decent.",
    ),
]
Caption = Annotated[str | None, typer.Option("--text", help="Text to show below the first picture.")]


def main() -> NoReturn:
    """Run the command and end the process with its exit code."""
    # Ended from outside, it leaves as an interpreter does: workers are ended too.
    # Pillow's remarks on broken files name no file; what matters of them is in the reports.
    warnings.filterwarnings("ignore", module="PIL")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            # A usage error of the argument parser.
            error.show()
            sys.exit(error.exit_code)
        raise
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"transcode {transcode.__version__}")
        raise typer.Exit(Exit.DONE)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Fit pictures into MMS: never over the carrier's limit, as good as the limit allows."""


@app.command()
def fit(
    source: Annotated[Path, typer.Argument(help="A picture.")],
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
    """Fit one picture to a receiver's whole limit, or to a size in bytes."""

    def run() -> Exit:
        if output.exists() and source.exists() and output.samefile(source):
            raise LimitsError(f"{output}: the output is the source")
        rendition = transcode.fit(
            source, _limits(_receiver(carrier, provider, device, bearer, size), max_bytes, box)
        )
        write_file(output, rendition.data)
        report = rendition.report
        if as_json:
            _print_json(
                source=str(source),
                output=str(output),
                content_type=rendition.content_type,
                bytes=len(rendition.data),
                report=dataclasses.asdict(report),
            )
        else:
            _console.print(
                _visible(
                    f"{output}: {rendition.content_type}, {_extent(rendition)},"
                    f" {len(rendition.data):,} of {report.max_bytes:,} bytes"
                )
            )
            _print_notes(report.notes)
            if output.suffix.lower() not in _SUFFIXES.get(rendition.content_type, ()):
                _console.print(
                    Text(f"    its name does not say so: it is {rendition.content_type}", "yellow")
                )
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


@app.command()
def message(
    sources: Annotated[list[Path], typer.Argument(help="Pictures; each gets a slide.")],
    to: To,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the message goes: a file; for media a directory.")
    ],
    written_as: Annotated[
        WrittenAs,
        typer.Option(
            "--as",
            help="A PDU of MM1, a mail of MM4 dated now, a submission of MM7 with its headers of HTTP, or"
            " media files with a manifest for APIs.",
        ),
    ] = WrittenAs.MM1,
    limit_form: Annotated[
        LimitForm,
        typer.Option("--limit-form", help="What the limit counts; it is stated for the PDU mostly."),
    ] = LimitForm.MM1,
    vaspid: Annotated[str | None, typer.Option("--vaspid", help="The provider's name, for MM7.")] = None,
    vasid: Annotated[str | None, typer.Option("--vasid", help="The service's name, for MM7.")] = None,
    service_code: Annotated[
        str | None, typer.Option("--service-code", help="What stands on the bill, for MM7.")
    ] = None,
    carrier: Carrier = None,
    provider: Provider = None,
    device: Device = None,
    bearer: Bearer = None,
    size: Size = "safe",
    sender: Sender = None,
    subject: Subject = None,
    text: Caption = None,
    max_messages: MaxMessages = 1,
    text_first: TextFirst = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make one message of pictures and text; several when there are more recipients than one may have."""

    def run() -> Exit:
        profile = _profile(carrier, provider, device, bearer, size)
        names = ProviderNames(vaspid=vaspid, vasid=vasid, service_code=service_code)
        made = transcode.compose_many(
            list(sources),
            profile,
            to=to,
            sender=sender,
            subject=subject,
            text=text,
            form=limit_form.value,
            max_messages=max_messages,
            reserve=identity_length(**names) if limit_form is LimitForm.MM7 else 0,
            text_first=text_first,
        )
        _write_messages(made, output, profile, written_as, names, as_json=as_json)
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


@app.command()
def slideshow(
    pictures: Annotated[
        list[Path],
        typer.Argument(help="Pictures, or folders of them: by the time they were taken, then by name."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the message goes, or the clip.")],
    to: Annotated[
        list[str] | None, typer.Option("--to", help="A recipient; a message needs one or several.")
    ] = None,
    shown_as: Annotated[
        ShownAs,
        typer.Option("--as", help="A message of slides as an MM1 PDU, or a clip that shows them."),
    ] = ShownAs.MESSAGE,
    carrier: Carrier = None,
    provider: Provider = None,
    device: Device = None,
    bearer: Bearer = None,
    size: Size = "safe",
    captions: Annotated[
        list[str] | None,
        typer.Option("--caption", help='Text for the first picture, the second, ...; "" for none.'),
    ] = None,
    music: Annotated[Path | None, typer.Option("--music", help="A recording for the whole show.")] = None,
    preview_to: Annotated[
        Path | None, typer.Option("--preview", help="Also write a page for a browser, with the report.")
    ] = None,
    sender: Sender = None,
    subject: Subject = None,
    max_messages: MaxMessages = 1,
    text_first: TextFirst = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a slideshow of pictures, one slide each, with captions and music: a message, or a clip."""

    def run() -> Exit:
        profile = _profile(carrier, provider, device, bearer, size)
        slides = _slides(pictures, captions or [])
        if shown_as is ShownAs.CLIP:
            if to or preview_to is not None or subject or sender or max_messages > 1:
                raise MessageError("a clip is no message yet: it has neither recipients, subject nor preview")
            _write_clip(transcode.slideshow_clip(slides, profile, music=music), output, as_json=as_json)
            return Exit.DONE
        if not to:
            raise MessageError("a message needs a recipient: --to")
        if music is not None:
            # Loaded here, with its decoders: most messages go without.
            from transcode.message.music import with_music

            slides = with_music(slides, music, profile.max_seconds)
        made = transcode.compose_many(
            slides,
            profile,
            to=to,
            sender=sender,
            subject=subject,
            max_messages=max_messages,
            text_first=text_first,
        )
        _write_messages(made, output, profile, WrittenAs.MM1, ProviderNames(), as_json=as_json)
        if preview_to is not None:
            from transcode.preview import page as preview_page

            for path, one in zip(_numbered(preview_to, len(made)), made, strict=True):
                write_file(path, preview_page(one.to_mm1(), limit=one.limit, reports=one.reports))
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


@app.command()
def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE.mms", help="A message as an MM1 PDU.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the page goes.")],
    carrier: Carrier = None,
    provider: Provider = None,
    device: Device = None,
    bearer: Bearer = None,
    size: Size = "safe",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a page of a message that plays it in a browser, as a phone would."""

    def run() -> Exit:
        from transcode.preview import page as preview_page

        receiver = _receiver(carrier, provider, device, bearer, size)
        limit = None if receiver is None else receiver.max_message_bytes
        data = media_source.read(file).data
        try:
            page = preview_page(data, limit=limit)
        except transcode.PduError as error:
            raise transcode.SourceError(str(file), error.reason, offset=error.offset) from error
        write_file(output, page)
        if as_json:
            _print_json(file=str(file), output=str(output), bytes=len(data), limit=limit)
        else:
            _console.print(_visible(f"{output}: a page that plays {file}"))
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


@app.command()
def batch(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A directory of pictures.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The directory for the messages.")],
    carrier: Carrier = None,
    provider: Provider = None,
    device: Device = None,
    bearer: Bearer = None,
    size: Size = "safe",
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes; one a processor by default.")
    ] = None,
    to: Annotated[list[str] | None, typer.Option("--to", help="A recipient of every message.")] = None,
    sender: Sender = None,
    subject: Subject = None,
    text: Caption = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a message of every picture below a directory."""

    def run() -> Exit:
        profile = _profile(carrier, provider, device, bearer, size)
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=_console,
            transient=True,
            disable=not _console.is_terminal,
        )
        with bar:
            task = bar.add_task("messages", total=None)

            def show(progress: BatchProgress) -> None:
                bar.update(task, completed=progress.done, total=progress.total)
                if as_json:
                    _print_json(**dataclasses.asdict(progress.latest))

            results = transcode.convert_directory(
                source,
                target,
                profile,
                progress=show,
                jobs=jobs,
                to=to or (),
                sender=sender,
                subject=subject,
                text=text,
            )
        if not as_json:
            _print_batch(results, source)
            if not to:
                _console.print(Text("no --to was given: add a recipient before a message is sent", "yellow"))
        return Exit.SOME_FAILED if any(result.error for result in results) else Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A message: a PDU of MM1 or a mail of MM4.")],
    extract: Annotated[
        Path | None, typer.Option("--extract", help="A directory to write the parts to.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what a message holds, header by header, part by part and slide by slide."""

    def run() -> Exit:
        data = media_source.read(file).data
        try:
            found = transcode.read(data)
        except transcode.PduError as error:
            raise transcode.SourceError(str(file), error.reason, offset=error.offset) from error
        names = _part_names(found.parts)
        if extract is not None:
            for name, part in zip(names, found.parts, strict=True):
                write_file(extract / name, bytes(part.data))
        if as_json:
            _print_json(file=str(file), bytes=len(data), **_message_json(found, names))
        else:
            _print_message(found, names, len(data))
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


class _Searching(TyperGroup):
    """A group whose first word, where it is no command of its own, is what to search for."""

    def parse_args(self, context: Any, arguments: list[str]) -> list[str]:
        if not arguments or arguments[0] not in (*self.commands, *context.help_option_names):
            arguments = ["search", *arguments]
        return super().parse_args(context, arguments)


profiles = typer.Typer(cls=_Searching, help="Search the profiles, show one with its sources, compare two.")
app.add_typer(profiles, name="profiles")


@profiles.command("search")
def search_profiles(
    query: Annotated[str, typer.Argument(help="Part of an id, a name or an MCC-MNC.")] = "",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the profiles, with the limit of each and how well it is known; "search" may be left out."""

    def run() -> Exit:
        found = search(query)
        if as_json:
            for profile in found:
                _print_json(**_plain_data(profile))
            return Exit.DONE if found else Exit.SOME_FAILED
        if not found:
            _console.print(Text(f"no profile matches {query!r}"))
            return Exit.SOME_FAILED
        table = Table(
            "id", "name", "MCC-MNC", "bytes", "picture", "known by", "date", box=None, pad_edge=False
        )
        for profile in found:
            figure = profile.figures["max_message_bytes"]
            box = f"{profile.max_image_width}x{profile.max_image_height}" if profile.max_image_width else "-"
            codes = " ".join(profile.mcc_mnc[:3]) + (" ..." if len(profile.mcc_mnc) > 3 else "")
            size = f"{profile.max_message_bytes:,}" if profile.mms_enabled else "MMS off"
            table.add_row(
                profile.id, profile.name, codes, size, box, figure.confidence, str(figure.date or "-")
            )
        _console.print(table)
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


@profiles.command("show")
def show_profile(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="A profile: an id, an MCC-MNC, a name or a TOML file."),
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A medium: which figures bind when it is fitted?")
    ] = None,
    provider: Provider = None,
    device: Device = None,
    bearer: Bearer = None,
    size: Size = "safe",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show a profile, figure by figure: who says so, when, and how well it is known."""

    def run() -> Exit:
        profile = _profile(name, provider, device, bearer, size)
        rendition = None if file is None else transcode.fit(file, profile.limits())
        bound = () if rendition is None else bounds(rendition, profile)
        if as_json:
            sources = {
                key: [dataclasses.asdict(one) for one in origins(profile, key)] for key in profile.figures
            }
            binding = (
                {} if file is None else {"file": str(file), "bound": [dataclasses.asdict(b) for b in bound]}
            )
            _print_json(**_plain_data(profile), sources=sources, **binding)
            return Exit.DONE
        _print_profile(profile)
        if rendition is not None:
            _console.print()
            _console.print(
                _visible(
                    f"{file}: {rendition.report.source_bytes:,} bytes of {rendition.report.source_type}"
                    f" become {len(rendition.data):,} of {rendition.content_type}, {_extent(rendition)}"
                )
            )
            for one in bound:
                _console.print(_visible(f"    {one.key} of {one.profile} binds: {one.why}"))
            if not bound:
                _console.print(Text("    nothing binds"))
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


@profiles.command("diff")
def compare_profiles(
    one: Annotated[str, typer.Argument(metavar="A", help="A profile, as for show.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the figures in which two profiles differ."""

    def run() -> Exit:
        pair = (transcode.find_profile(one), transcode.find_profile(other))
        told = ("mms_off_reason", *(field for profile in pair for field in profile.figures))
        differing = [
            (key, getattr(pair[0], key), getattr(pair[1], key))
            for key in dict.fromkeys((*sorted(FIGURES), *told))
            if getattr(pair[0], key) != getattr(pair[1], key)
        ]
        if as_json:
            for key, mine, its in differing:
                _print_json(key=key, **{"a": mine, "b": its})
        elif differing:
            table = Table("", pair[0].id, pair[1].id, box=None, pad_edge=False)
            for key, mine, its in differing:
                table.add_row(key, _visible(_said(mine)), _visible(_said(its)))
            _console.print(table)
        else:
            _console.print(Text("they say the same"))
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


@app.command()
def doctor(as_json: Json = False, debug: Debug = False) -> None:
    """Show versions, the instruction set in use, and what is missing and what that costs."""

    def run() -> Exit:
        # It looks at every library; the other commands do without most of them.
        from transcode.doctor import examine

        findings = examine()
        if as_json:
            for finding in findings:
                _print_json(**dataclasses.asdict(finding))
            return Exit.DONE
        table = Table("", "what", "found", "what its absence costs", box=None, pad_edge=False)
        for finding in findings:
            mark = Text("ok", "green") if finding.present else Text("missing", "yellow")
            table.add_row(mark, finding.what, finding.found, "" if finding.present else finding.cost)
        _console.print(table)
        return Exit.DONE

    _guarded(run, as_json=as_json, debug=debug)


def _extent(rendition: Rendition) -> str:
    """How much of it there is: pixels, or seconds of sound."""
    if rendition.width is None:
        return f"{rendition.duration or 0:.1f} seconds"
    return f"{rendition.width} x {rendition.height}"


def _guarded(run: Callable[[], Exit], *, as_json: bool, debug: bool) -> NoReturn:
    """Run a command; an error is one line that names the file and the reason."""
    try:
        code = run()
    except Exception as error:  # noqa: BLE001  (whatever it is, people get one line)
        if debug:
            traceback.print_exc()
        known = isinstance(error, TranscodeError | OSError)
        line = str(error) if known else f"{type(error).__name__}: {error}"
        if as_json:
            with contextlib.suppress(OSError):
                _print_json(**{"error": line, "error_type": type(error).__name__, **_fields(error)})
        _print_error(line)
        code = _exit_code(error)
    raise typer.Exit(code)


def _exit_code(error: Exception) -> Exit:
    if isinstance(error, BudgetError):
        return Exit.CANNOT_FIT
    if isinstance(error, ProfileError | LimitsError | MessageError):
        return Exit.USAGE
    return Exit.SOME_FAILED


def _receiver(
    carrier: str | None, provider: str | None, device: str | None, bearer: str | None, size: SizeChoice
) -> Profile | None:
    """What satisfies all that was said of the receiver; None when nothing was."""
    if carrier is provider is device is None:
        if bearer is not None:
            raise LimitsError("--bearer goes with --carrier, --provider or --device")
        return None
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    store = FolderStore(Path(cache, "transcode", "devices"))
    return receiver(
        carrier, provider=provider, device=device, bearer=bearer, size=size, store=store, fetch=fetch
    )


def _profile(
    carrier: str | None, provider: str | None, device: str | None, bearer: str | None, size: SizeChoice
) -> Profile:
    found = _receiver(carrier, provider, device, bearer, size)
    if found is None:
        raise LimitsError("give --carrier, --provider or --device; --carrier world fits any network")
    return found


def _limits(profile: Profile | None, max_bytes: int | None, box: str | None) -> Limits:
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


def _print_json(**values: object) -> None:
    # ASCII: a file's name may hold octets that are no UTF-8.
    typer.echo(json.dumps(values, default=_plain_data))


def _fields(error: Exception) -> dict[str, object]:
    """The numbers and names that an error of ours carries."""
    return dict(vars(error)) if isinstance(error, TranscodeError) else {}


def _print_error(line: str) -> None:
    typer.echo(f"transcode: {_safe(line).replace(chr(10), ' ')}", err=True)


def _plain_data(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "items"):
        return dict(value.items())
    return str(value)


def _numbered(output: Path, count: int) -> list[Path]:
    """The paths of one message, or of several."""
    if count == 1:
        return [output]
    return [output.with_stem(f"{output.stem}-{number}") for number in range(1, count + 1)]


def _slides(pictures: Sequence[Path], captions: Sequence[str]) -> list[transcode.Slide]:
    """A slide for each picture, those of folders in their order."""
    # Loaded here, with the decoders of pictures.
    from transcode.album import read_album

    found: list[Path] = []
    for path in pictures:
        if not path.is_dir():
            found.append(path)
            continue
        album = read_album(path)
        found += album.pictures
        for other in album.others:
            _console.print(_visible(f"{other}: passed over, neither a picture nor a clip"), style="yellow")
        if not album.pictures:
            raise transcode.SourceError(str(path), "a folder without pictures")
    if len(found) < len(captions):
        raise MessageError(f"{len(captions)} captions for {len(found)} pictures")
    texts = [*captions, *[""] * (len(found) - len(captions))]
    return [transcode.Slide(path, text or None) for path, text in zip(found, texts, strict=True)]


def _write_clip(clip: Rendition, output: Path, *, as_json: bool) -> None:
    """Write a clip, and say what it is."""
    write_file(output, clip.data)
    if as_json:
        report = dataclasses.asdict(clip.report)
        _print_json(output=str(output), content_type=clip.content_type, bytes=len(clip.data), report=report)
        return
    size = f"{clip.width} x {clip.height}, {clip.duration or 0:.1f} seconds"
    limit = f"{len(clip.data):,} of {clip.report.max_bytes:,} bytes"
    _console.print(_visible(f"{output}: {clip.content_type}, {size}, {limit}"))
    _print_notes(clip.report.notes)


def _write_messages(
    made: Sequence[transcode.Message],
    output: Path,
    profile: Profile,
    written_as: WrittenAs,
    names: ProviderNames,
    *,
    as_json: bool,
) -> None:
    """Write messages, and say how large they are and what became of their media."""
    paths = _numbered(output, len(made))
    written = [_files(one, path, written_as, names) for path, one in zip(paths, made, strict=True)]
    for path, one, (files, length) in zip(paths, made, written, strict=True):
        for name, octets in files:
            write_file(name, octets)
        _print_written(
            one,
            path,
            length,
            form=written_as.value,
            whom=len(made) > 1,
            name=profile.name,
            as_json=as_json,
        )
    if not as_json:
        # Messages to several groups of recipients have the same media.
        for reports in dict.fromkeys(one.reports for one in made):
            _print_reports(reports)


def _print_written(
    one: transcode.Message, path: Path, size: int, *, form: str, whom: bool, name: str, as_json: bool
) -> None:
    """Where a message went, and how much of its limit it takes."""
    if as_json:
        _print_json(
            output=str(path),
            form=form,
            bytes=size,
            limit=one.limit,
            to=[plain(address) for address in one.to],
            reports=[dataclasses.asdict(report) for report in one.reports],
        )
        return
    share = " bytes"
    if one.limit is not None and form == one.limit_form:
        share = f" of {one.limit:,} bytes ({size / one.limit:.1%})"
    recipients = f", to {', '.join(map(plain, one.to))}" if whom else ""
    _console.print(_visible(f"{path}: {size:,}{share} for {name}{recipients}"))


def _print_reports(reports: Sequence[Report]) -> None:
    """What became of each medium of a message."""
    for report in reports:
        size = f"{report.source_width} x {report.source_height} to {report.width} x {report.height}"
        if report.width is None:
            size = f"{report.seconds or 0:.1f} seconds"
        _console.print(_visible(f"  {report.source}: {size}"))
        _print_notes(report.notes)


def _print_notes(notes: Sequence[Note]) -> None:
    for note in notes:
        _console.print(Text(f"    {note.text}", "dim"))


def _said(value: object) -> str:
    """A value of a profile for people."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print_profile(profile: Profile) -> None:
    _console.print(_visible(f"{profile.name} ({profile.id}, {profile.kind})"))
    if not profile.mms_enabled:
        _console.print(Text(f"MMS is off: {profile.mms_off_reason or 'phone settings say so'}", "yellow"))
    table = Table("figure", "value", "up to", "known by", "date", "sources", "from", box=None, pad_edge=False)
    told: dict[str, Origin] = {}
    for key, figure in sorted(profile.figures.items()):
        if figure.confidence == "default":
            # Of a combination: nobody says so.
            continue
        sources = origins(profile, key)
        told |= {f"{origin.tag} of {origin.where}": origin for origin in sources}
        table.add_row(
            key,
            _visible(_said(figure.value)),
            "" if figure.high is None else f"{figure.high:,}",
            figure.confidence,
            figure.date or "-",
            " ".join(origin.tag for origin in sources),
            _visible(profile.bound_by(key)),
        )
    _console.print(table)
    for origin in told.values():
        _console.print(_visible(f"{origin.tag}: {origin.what} ({origin.where})"), style="dim")
    for note in profile.notes:
        _console.print(_visible(f"- {note}"))


def _print_batch(results: Sequence[Converted], root: Path) -> None:
    failed = [result for result in results if result.error]
    table = Table(box=None, pad_edge=False)
    for name in ("file", "source bytes", "size", "message bytes", "of limit", "ms", "lost"):
        table.add_column(name, justify="left" if name in ("file", "lost") else "right", overflow="fold")
    for result in results:
        if result.message_bytes is not None:
            table.add_row(
                _visible(Path(result.source).relative_to(root)),
                f"{result.source_bytes:,}",
                _size(result),
                f"{result.message_bytes:,}",
                f"{result.message_bytes / result.limit:.1%}",
                f"{result.seconds * 1000:.0f}",
                ", ".join(_LOSSES[note.code] for note in result.notes if note.code in _LOSSES),
            )
    for result in failed:
        _print_error(str(result.error))
    if table.row_count:
        _console.print(table)
    _console.print(Text(f"{len(results) - len(failed)} messages made, {len(failed)} files failed"))


def _size(result: Converted) -> str:
    """Pixels of a picture or a clip, seconds of a sound; a card has neither."""
    if result.width:
        return f"{result.width} x {result.height}"
    return "" if result.duration is None else f"{result.duration:.1f} s"


def _safe(text: str) -> str:
    """Text from outside, its control characters replaced: they could steer a terminal."""
    lines = text.replace("\r\n", "\n")
    # Emoji are joined by a character that counts as not printable.
    return "".join(letter if letter.isprintable() or letter in "\n\u200d" else "\ufffd" for letter in lines)


def _visible(text: object) -> Text:
    return Text(_safe(str(text)))


def _files(
    made: transcode.Message, output: Path, written_as: WrittenAs, names: ProviderNames
) -> tuple[list[tuple[Path, bytes]], int]:
    """What a message is written as, one file or those of a directory; and the bytes that a limit counts."""
    if written_as is WrittenAs.MM7:
        http = made.to_mm7(**names)
        return [(output, bytes(http))], len(http.body)
    if written_as is WrittenAs.MEDIA:
        found = made.to_media()
        manifest = (output / "manifest.json", found.to_json().encode("ascii"))
        files = [*((output / file.filename, file.data) for file in found.files), manifest]
        return files, sum(len(octets) for _, octets in files)
    octets = made.to_mm1() if written_as is WrittenAs.MM1 else made.to_mm4(date=int(time.time()))
    return [(output, octets)], len(octets)


def _part_names(parts: Sequence[Part]) -> list[str]:
    """A safe file name for each part: what a message says of names is never a path."""
    names: list[str] = []
    for number, part in enumerate(parts, 1):
        given = part.name or part.filename or part.content_location or part.content_id or ""
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
    return {"form": _form(found), **values, "parts": parts}


def _form(found: transcode.Message) -> str:
    """The interface that a message is of: mm1, mm4, mm7."""
    first = found.message_type.partition("-")[0]
    return "mm1" if first == "m" else first


def _header_value(name: str, value: object) -> str:
    """A header's value for people: times as such, flags as words."""
    match value:
        case ("absolute", int(seconds)):
            return _moment(seconds)
        case ("relative", int(seconds)):
            return f"{timedelta(seconds=min(seconds, _LONGEST_SPAN))} from now"
        case int(seconds) if name in ("Date", "TimeStamp") and not isinstance(value, bool):
            return _moment(seconds)
        case _:
            return str(value) if type(value) is int else _said(value)


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(" ")
    except (OverflowError, OSError, ValueError):
        return f"{seconds:,} seconds after 1970"


def _part_tree(found: transcode.Message, names: Sequence[str]) -> Tree:
    """The body and its parts, with what they are called by."""
    start = dict(found.parameters).get("start")
    tree = Tree(_visible(f"{found.content_type}{f', begins with {start}' if start else ''}"))
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
        tree.add(_visible("  ".join([name, part.content_type, size, ", ".join(called)]).rstrip()))
    return tree


def _slide_tree(found: transcode.Message, names: Sequence[str]) -> Tree:
    """What is shown together, as the presentation or the order of the parts says."""
    places = {id(part): name for name, part in zip(names, found.parts, strict=True)}
    tree = Tree("slides")
    for slide in smil.slides(found):
        shown = [places[id(part)] for part in (slide.image, slide.text, slide.audio) if part is not None]
        tree.add(_visible(f"{slide.duration:g} s  {', '.join(shown)}"))
    return tree


def _print_message(found: transcode.Message, names: Sequence[str], size: int) -> None:
    headers = Table("header", "value", box=None, pad_edge=False)
    rows: list[tuple[str, object]] = [
        ("form", _form(found).upper()),
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
            headers.add_row(_visible(name), _visible(_header_value(name, value)))
    _console.print(headers)
    if found.parts:
        _console.print()
        _console.print(_part_tree(found, names))
        _console.print(_slide_tree(found, names))
    for part in found.parts:
        if part.content_type.startswith(("text/", "application/smil")):
            _console.print()
            _console.print(_visible(part.text))
    for quirk in found.quirks:
        _console.print(_visible(f"odd: {quirk}"), style="yellow")
