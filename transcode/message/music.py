"""Music for a whole slideshow. A presentation ties sound to slides, so each slide gets its stretch."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from transcode.errors import MessageError, UnsupportedError
from transcode.fit.record import tracks_dropped, trimmed
from transcode.media.samples.pcm import Pcm, faded
from transcode.media.sound import audio, wav
from transcode.media.source import inputs, probe
from transcode.message import slideshow
from transcode.model import Note, Slide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.sound.audio import DecodedSound
    from transcode.model import ReportCallback, Source

__all__ = ["FADE_SECONDS", "lost_of", "with_music"]

#: Seconds over which music ends. Chosen.
FADE_SECONDS = 2.0

#: A shorter stretch of music is left out, in seconds. Chosen.
_SHORTEST = 0.2


def with_music(
    slides: Sequence[Slide], music: Source, max_seconds: float, *, report: ReportCallback | None = None
) -> list[Slide]:
    """The slides, each with the stretch of music that plays while it is shown.

    Slides are shown for as long as without sound; where that is more than max_seconds in all,
    each is shortened by the same factor. Music that is longer is cut, with a fade; it is not repeated.

    Args:
        slides: pictures, texts or both.
        music: any recording.
        max_seconds: of the whole.
        report: called with each note of what the show does not have of the music.

    Raises:
        MessageError: a slide has a sound or a clip already.
        SourceError: the music, or a slide, can't be read.
    """
    planned = slideshow.plan(list(slides)).slides
    for number, slide in enumerate(planned, 1):
        if slide.audio is not None or slideshow.is_clip(slide.image):
            raise MessageError(f"slide {number} has a sound of its own, so there is no music for all")
    shown = slideshow.durations(planned, [0.0] * len(planned), max_seconds)
    factor = min(1.0, max_seconds / sum(shown))
    content = inputs.read(music)
    kind = content.content_type or ""
    if kind.startswith("image/"):
        raise UnsupportedError(content.name, f"{probe.describe(kind)}, not a recording")
    decoded = audio.decode(content, max_seconds=sum(shown) * factor)
    if report is not None:
        for note in lost_of(decoded):
            report(note)
    pcm = faded(decoded.pcm, fade_out=min(FADE_SECONDS, decoded.pcm.seconds / 2))
    result: list[Slide] = []
    time = 0.0
    for slide, seconds in zip(planned, shown, strict=True):
        end = time + seconds * factor
        stretch = Pcm(pcm.samples[:, round(time * pcm.rate) : round(end * pcm.rate)], pcm.rate)
        sound = _named(wav.to_bytes(stretch), content.name) if stretch.seconds >= _SHORTEST else None
        # A file object is read once only, so the slide gets what was read.
        image = None if slide.image is None else _named(slide.image.content.data, slide.image.content.name)
        result.append(Slide(image, slide.text, sound, seconds * factor))
        time = end
    return result


def lost_of(music: DecodedSound) -> list[Note]:
    """What a show does not have of its music: what could not be read, its end, other tracks."""
    notes = list(music.notes)
    if not music.ended:
        notes.append(trimmed(music.pcm.seconds, music.source_seconds))
    if music.info.others:
        notes.append(tracks_dropped(music.info.others))
    return notes


class _Named(io.BytesIO):
    """Bytes that are read as a file with a name."""

    name = ""


def _named(data: bytes | memoryview, name: str) -> _Named:
    file = _Named(data)
    file.name = name
    return file
