"""Divide the music of a slideshow among its slides, because SMIL ties each sound to a slide."""

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

#: Duration of the fade-out of music in seconds. Chosen.
FADE_SECONDS = 2.0

#: Shortest stretch of music that a slide gets, in seconds. Chosen.
_SHORTEST = 0.2


def with_music(
    slides: Sequence[Slide], music: Source, max_seconds: float, *, report: ReportCallback | None = None
) -> list[Slide]:
    """The slides, each with the stretch of music that plays during the slide.

    Slides last as long as without sound. If their sum exceeds max_seconds, each slide is shortened by the
    same factor. Longer music is cut and faded out; shorter music is not repeated.

    Args:
        slides: pictures, texts or both.
        music: any recording.
        max_seconds: the limit of the sum of durations, in seconds.
        report: called with a note for each loss of music.

    Raises:
        MessageError: a slide has a sound or a clip.
        SourceError: the music or a slide can't be read.
    """
    planned = slideshow.plan(list(slides)).slides
    for number, slide in enumerate(planned, 1):
        if slide.audio is not None or slideshow.is_clip(slide.image):
            raise MessageError(f"music can't be used: slide {number} has its own sound")
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
        # A file object can be read only once, so the slide gets the bytes that were read.
        image = None if slide.image is None else _named(slide.image.content.data, slide.image.content.name)
        result.append(Slide(image, slide.text, sound, seconds * factor))
        time = end
    return result


def lost_of(music: DecodedSound) -> list[Note]:
    """Notes on the losses of music: unreadable parts, a cut, and further tracks."""
    notes = list(music.notes)
    if not music.ended:
        notes.append(trimmed(music.pcm.seconds, music.source_seconds))
    if music.info.others:
        notes.append(tracks_dropped(music.info.others))
    return notes


class _Named(io.BytesIO):
    """Bytes as a binary file with a name."""

    name = ""


def _named(data: bytes | memoryview, name: str) -> _Named:
    file = _Named(data)
    file.name = name
    return file
