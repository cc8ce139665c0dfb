"""``transcode slideshow``: pictures as a message of slides, or as a clip."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import transcode
from transcode.cli.command import Exit, command
from transcode.cli.effect import refuse_idle
from transcode.cli.given import given_only, is_given
from transcode.cli.message_output import OutputOptions, numbered, write_messages
from transcode.cli.options import Carrier, Envelope, Json, MaxMessages, Route, TextFirst, Threads
from transcode.cli.show import print_json, print_line, print_notes, print_remark, rendition_json
from transcode.cli.suffix import asked_formats, check_suffix
from transcode.counted import counted
from transcode.errors import MessageError, NotTakenError
from transcode.jobs.files import Outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Note, Rendition
    from transcode.profile import Profile


class ShownAs(StrEnum):
    """What a slideshow becomes."""

    MESSAGE = "message"
    CLIP = "clip"


Captions = Annotated[
    list[str] | None,
    typer.Option(
        "--caption", metavar="TEXT", help='Text for the first picture, the second, ...; "" for none.'
    ),
]
Music = Annotated[
    Path | None, typer.Option("--music", metavar="FILE", help="A recording for the whole show.")
]
PreviewTo = Annotated[
    Path | None,
    typer.Option("--preview", metavar="FILE", help="Also write a page for a browser, with the report."),
]


@command
def slideshow(
    pictures: Annotated[
        list[Path],
        typer.Argument(
            metavar="PICTURE", help="Pictures, or folders of them: by the time they were taken, then by name."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the message goes, or the clip.")
    ],
    *,
    shown_as: Annotated[
        ShownAs,
        typer.Option("--as", help="A message of slides as an MM1 PDU, or a clip that shows them."),
    ] = ShownAs.MESSAGE,
    carrier: Carrier = None,
    route: Route,
    envelope: Envelope,
    captions: Captions = None,
    music: Music = None,
    preview_to: PreviewTo = None,
    max_messages: MaxMessages = 1,
    text_first: TextFirst = False,
    threads: Threads = None,
    as_json: Json = False,
) -> Exit:
    """Make a slideshow of pictures: a message, or a clip.

    Each picture is a slide, with a caption and music where they are given.
    """
    profile = route.profile(carrier)
    slides = _slides(pictures, captions or [])
    read = [*(slide.image for slide in slides), music, *route.files(carrier)]
    outputs = Outputs(path for path in read if isinstance(path, Path))
    outputs.refuse(*(path for path in (output, preview_to) if path is not None))
    if shown_as is ShownAs.CLIP:
        many = max_messages > 1 and is_given("--max-messages")
        _check_clip(envelope, has_more=preview_to is not None or many, text_first=text_first)
        clip = _clip(slides, profile, output, music, threads)
        outputs.write({output: clip.data})
        _print_clip(clip, output, as_json=as_json)
        return Exit.DONE
    refuse_idle({"--text-first": text_first and not any(captions or ())}, "it goes with --caption")
    envelope.require_recipients()
    if music is not None:
        # Imported here, with its decoders: most messages have no music.
        from transcode.message.music import with_music

        def tell(note: Note) -> None:
            print_remark(f"{music}: {note.text}")

        slides = with_music(slides, music, profile.max_seconds, report=tell)
    made = transcode.compose_split(
        slides,
        profile,
        **envelope.words(),
        max_messages=max_messages,
        text_first=text_first,
        threads=threads,
    )
    pages: dict[Path, bytes] = {}
    if preview_to is not None:
        from transcode.preview import page as preview_page

        for path, one in zip(numbered(preview_to, len(made)), made, strict=True):
            pages[path] = preview_page(one.to_mm1(), limit=one.limit, reports=one.reports)
    write_messages(made, output, profile, OutputOptions("mm1", {}), outputs, pages=pages, as_json=as_json)
    return Exit.DONE


def _check_clip(envelope: Envelope, *, has_more: bool, text_first: bool) -> None:
    """Refuse options of messages for a clip."""
    if given_only(envelope) != Envelope() or has_more:
        raise MessageError("a clip is no message yet: it has neither recipients, subject nor preview")
    refuse_idle({"--text-first": text_first}, "captions stand in the pictures of a clip")


def _slides(pictures: Sequence[Path], captions: Sequence[str]) -> list[transcode.Slide]:
    """A slide for each picture, with the pictures of a folder in their order."""
    # Imported here, with the decoders of pictures.
    from transcode.message.album import read_album

    found: list[Path] = []
    for path in pictures:
        if not path.is_dir():
            found.append(path)
            continue
        album = read_album(path)
        found += album.pictures
        for other in album.others:
            print_remark(f"{other}: passed over, neither a picture nor a clip")
        if not album.pictures:
            raise transcode.SourceError(str(path), "a folder without pictures")
    if len(found) < len(captions):
        raise MessageError(f"{counted(len(captions), 'caption')} for {counted(len(found), 'picture')}")
    texts = [*captions, *[""] * (len(found) - len(captions))]
    return [transcode.Slide(path, text or None) for path, text in zip(found, texts, strict=True)]


def _clip(
    slides: Sequence[transcode.Slide], profile: Profile, output: Path, music: Path | None, threads: int | None
) -> Rendition:
    """The clip of slides, in the format that the suffix of its file asks for."""
    asked = asked_formats(output, profile.formats, profile)
    ours = dataclasses.replace(profile, formats=asked)
    try:
        return transcode.slideshow_clip(slides, ours, music=music, threads=threads)
    except NotTakenError as error:
        check_suffix(error, output, asked, profile.formats)
        raise


def _print_clip(clip: Rendition, output: Path, *, as_json: bool) -> None:
    """Print type, size and duration of a clip."""
    if as_json:
        print_json(output=str(output), **rendition_json(clip))
        return
    size = f"{clip.width} x {clip.height}, {clip.duration or 0:.1f} seconds"
    limit = f"{len(clip.data):,} of {clip.report.max_bytes:,} bytes"
    print_line(f"{output}: {clip.content_type}, {size}, {limit}")
    print_notes(clip.report.notes)
