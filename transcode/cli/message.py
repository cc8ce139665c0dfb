"""``transcode message`` and ``transcode preview``: media as one message, and a page that plays one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

import transcode
from transcode.cli.command import Exit, command
from transcode.cli.effect import check_shown, refuse_idle
from transcode.cli.message_output import (
    OutputOptions,
    reading,
    refuse_for_stdout,
    write_messages,
    write_to_stdout,
)
from transcode.cli.options import (
    Carrier,
    Envelope,
    FirstText,
    Force,
    Json,
    LimitForm,
    MaxMessages,
    MessageFile,
    Recordings,
    Route,
    TextFirst,
    Threads,
    WrittenAs,
)
from transcode.cli.show import print_json, print_line
from transcode.cli.streams import STREAM, given_sources
from transcode.jobs.files import Outputs
from transcode.media.source import inputs as media_source

if TYPE_CHECKING:
    from transcode.wire.mm7.mm7_convert import ProviderNames


@dataclass(frozen=True)
class NamesForMm7:
    """The names of the provider of a service, for MM7."""

    panel: ClassVar[str] = "Names for MM7"

    vaspid: Annotated[str | None, typer.Option(metavar="NAME", help="The provider's name.")] = None
    vasid: Annotated[str | None, typer.Option(metavar="NAME", help="The service's name.")] = None
    service_code: Annotated[
        str | None, typer.Option(metavar="CODE", help="The service's code on the bill.")
    ] = None

    def words(self) -> ProviderNames:
        """The names as arguments."""
        return {"vaspid": self.vaspid, "vasid": self.vasid, "service_code": self.service_code}

    def check(self, used: bool) -> None:
        """Refuse names where nothing is MM7.

        Raises:
            LimitsError: a name was given.
        """
        if not used:
            names = {"--vaspid": self.vaspid, "--vasid": self.vasid, "--service-code": self.service_code}
            refuse_idle(names, "the names go with --as mm7")


_Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where the message goes: a file, or - for stdout; for media a directory.",
    ),
]


@command
def message(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SOURCE", help="Media; each picture or clip gets a slide; - for stdin."),
    ] = None,
    *,
    output: _Output,
    written_as: Annotated[
        WrittenAs,
        typer.Option(
            "--as",
            help="A PDU of MM1, a mail of MM4 dated now, a submission of MM7 with its headers of HTTP, or"
            " media files with a manifest for APIs.",
        ),
    ] = "mm1",
    limit_form: LimitForm = "mm1",
    provider_names: NamesForMm7,
    carrier: Carrier = None,
    route: Route,
    envelope: Envelope,
    text: FirstText = None,
    max_messages: MaxMessages = 1,
    text_first: TextFirst = False,
    recordings: Recordings,
    threads: Threads = None,
    force: Force = False,
    as_json: Json = False,
) -> Exit:
    """Make one message of pictures, clips, sounds and text.

    Several messages where there are more recipients than one message may have.
    """
    # Imported here: only MM7 needs its schemas.
    from transcode.wire.mm7.mm7_convert import identity_length

    envelope.require_recipients()
    provider_names.check("mm7" in (written_as, limit_form))
    refuse_idle({"--force": force and written_as != "media"}, "only --as media writes a directory")
    given = given_sources(sources or ())
    check_shown(given, as_clip=recordings.as_clip, picture=recordings.picture)
    refuse_idle({"--text-first": text_first and not text}, "it goes with --text")
    envelope.refuse_hidden(written_as)
    read = (source for source in sources or () if source != STREAM)
    outputs = Outputs([*read, *recordings.files, *route.files(carrier)])
    if output == STREAM:
        refuse_for_stdout(written_as, as_json=as_json)
    else:
        outputs.refuse(output)
    profile = route.profile(carrier)
    names = provider_names.words()
    made = transcode.compose_split(
        given,
        profile,
        **envelope.words(),
        text=text,
        form=limit_form,
        max_messages=max_messages,
        reserve=identity_length(**names) if limit_form == "mm7" else 0,
        text_first=text_first,
        as_clip=recordings.shown,
        threads=threads,
    )
    options = OutputOptions(written_as, names, force=force)
    if output == STREAM:
        write_to_stdout(made, options)
    else:
        write_messages(made, output, profile, options, outputs, as_json=as_json)
    return Exit.DONE


@command
def preview(
    file: MessageFile,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the page goes.")],
    *,
    carrier: Carrier = None,
    route: Route,
    as_json: Json = False,
) -> Exit:
    """Make a page that plays a message in a browser, as a phone would."""
    from transcode.preview import page as preview_page

    outputs = Outputs([file, *route.files(carrier)])
    outputs.refuse(output)
    found = route.found(carrier)
    limit = None if found is None else found.max_message_bytes
    data = media_source.read(file).data
    with reading(file, data):
        page = preview_page(data, limit=limit)
    outputs.write({output: page})
    if as_json:
        print_json(source=str(file), output=str(output), bytes=len(data), limit=limit)
    else:
        print_line(f"{output}: a page that plays {file}")
    return Exit.DONE
