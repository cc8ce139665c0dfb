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
from transcode.model.suffixes import asked_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Note, Rendition
    from transcode.profile import Profile


#: Bytes of a message with a clip besides those of a message with a text: names, and the region of a clip in
#: the presentation. Chosen.
_ROOM = 512


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
        typer.Option(
            "--as",
            help="A message of slides as an MM1 PDU, or a clip; with recipients, a message with that clip.",
        ),
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
    is_clip = shown_as is ShownAs.CLIP
    _check_divided(captions, is_clip=is_clip, max_messages=max_messages, text_first=text_first)
    if is_clip and preview_to is None and given_only(envelope) == Envelope():
        clip = _clip(slides, profile, output, music, threads)
        outputs.write({output: clip.data})
        _print_clip(clip, output, as_json=as_json)
        return Exit.DONE
    envelope.require_recipients()
    if is_clip:
        if asked_types(output):
            raise MessageError(f"{output}: a clip with recipients is a message; without them it is the clip")
        slides = [_clip_slide(slides, profile, envelope, music, threads)]
    elif music is not None:
        slides = _with_music(slides, music, profile)
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


def _check_divided(
    captions: Sequence[str] | None, *, is_clip: bool, max_messages: int, text_first: bool
) -> None:
    """Refuse options of messages of slides for a clip, and those that have no effect."""
    if not is_clip:
        refuse_idle({"--text-first": text_first and not any(captions or ())}, "it goes with --caption")
        return
    if max_messages > 1 and is_given("--max-messages"):
        raise MessageError("a clip is not divided: it goes into one message")
    refuse_idle({"--text-first": text_first}, "captions stand in the pictures of a clip")


def _with_music(slides: Sequence[transcode.Slide], music: Path, profile: Profile) -> list[transcode.Slide]:
    """The slides with parts of the music; what the music lost is told."""
    # Imported here, with its decoders: most messages have no music.
    from transcode.message.music import with_music

    def tell(note: Note) -> None:
        print_remark(f"{music}: {note.text}")

    return with_music(slides, music, profile.max_seconds, report=tell)


def _clip_slide(
    slides: Sequence[transcode.Slide],
    profile: Profile,
    envelope: Envelope,
    music: Path | None,
    threads: int | None,
) -> transcode.Slide:
    """A slide with the clip of all slides, which leaves room for the headers of its message."""
    alone = transcode.compose([transcode.Slide(text=".")], profile, **envelope.words())
    room = profile.max_message_bytes - len(alone.to_mm1()) - _ROOM
    clip = transcode.slideshow_clip(slides, profile, music=music, max_bytes=max(room, 1), threads=threads)
    for note in clip.report.notes:
        print_remark(f"slideshow: {note.text}")
    return transcode.Slide(clip.data)


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
