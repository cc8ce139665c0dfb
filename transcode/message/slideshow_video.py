"""Render slides as video with one sound track, and encode both as a clip."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from transcode.door import Door
from transcode.errors import MessageError, UnsupportedError
from transcode.fit.clips.video import fit_frames, frame_shape
from transcode.media.film import scenes
from transcode.media.film.captions import caption
from transcode.media.pictures.openers import open_still
from transcode.media.samples.pcm import Pcm, faded, mixed, resampled
from transcode.media.sound import audio
from transcode.media.source import inputs
from transcode.message import slideshow
from transcode.message.music import lost_of
from transcode.model import MAX_CLIP_SECONDS, Note, Rendition, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from transcode.fit.clips.video_plan import Shape
    from transcode.media.pictures.still import Still
    from transcode.message.slideshow import PlannedSlide
    from transcode.model import Limits, ProgressCallback, Slide, Source

__all__ = ["slideshow_video"]

#: Largest frame of a slideshow: the longer and the shorter side in pixels. Receivers show clips on a part of
#: their screen. And the longest shape: that of most screens. Chosen.
_LARGEST = (960, 720)
_LONGEST = 16 / 9

#: Largest ratio of two shapes that count as one. Chosen: 4:3 and 16:9 are different.
_ALIKE = 1.15

#: Frame rate in frames/s. Pan and zoom are slow, so bits go to larger frames rather than more. Chosen.
_FRAME_RATE = 15.0

#: Sample rate of the sound track in Hz.
_RATE = 44_100

#: Duration in seconds of the fade-out of music and of sounds that are cut. Chosen.
_FADE = 2.0


@dataclass(frozen=True, slots=True)
class _Page:
    """A slide with its opened picture and its decoded sound."""

    slide: PlannedSlide
    still: Still | None
    sound: Pcm | None
    seconds: float = 0.0


def slideshow_video(
    slides: Iterable[Source | Slide],
    limits: Limits,
    *,
    music: Source | None,
    font: str | PathLike[str] | None,
    progress: ProgressCallback | None,
) -> Rendition:
    """Encode slides as a clip within limits; transcode.slideshow_clip documents the arguments."""
    pages = [_opened(slide, number) for number, slide in enumerate(slideshow.plan(list(slides)).slides, 1)]
    if not pages:
        raise MessageError("nothing to show: the sources are cards, which have no slide")
    pages, notes = _timed(pages, min(limits.max_seconds, MAX_CLIP_SECONDS))
    seconds = sum(page.seconds for page in pages)
    sound = _sound(pages) if music is None else _music(pages, music, seconds, notes)
    shape = frame_shape(limits, seconds, _frame(pages), frame_rate=_FRAME_RATE, sound=sound is not None)
    shown = [_scene(page, shape, font, notes) for page in pages]
    frames = scenes.render(shown, shape.width, shape.height, shape.frame_rate)
    made = fit_frames(frames, shape, limits, sound=sound, name="slideshow", progress=progress)
    report = Report(
        "slideshow",
        "application/smil",
        sum(medium.content.size for page in pages for medium in page.slide.media),
        None,
        None,
        made.width,
        made.height,
        limits.max_bytes,
        notes=tuple(notes),
        trials=made.trials,
        seconds=made.seconds,
        settings=made.settings,
    )
    return Rendition(made.data, made.content_type, made.width, made.height, made.seconds, report)


def _opened(slide: PlannedSlide, number: int) -> _Page:
    still = sound = None
    if slide.image is not None:
        if slideshow.is_clip(slide.image):
            kind = slide.image.content.content_type
            raise UnsupportedError(
                slide.image.content.name, f"slide {number} is a clip ({kind}); a slideshow takes pictures"
            )
        with Door("source", slide.image.content.name):
            still = open_still(slide.image.content)
    if slide.audio is not None:
        with Door("source", slide.audio.content.name):
            sound = _track(audio.decode(slide.audio.content).pcm)
    return _Page(slide, still, sound)


def _track(pcm: Pcm) -> Pcm:
    """Sound in stereo at the sample rate of the sound track."""
    return mixed(resampled(pcm, _RATE), 2)


def _timed(pages: Sequence[_Page], most: float) -> tuple[list[_Page], list[Note]]:
    """The pages with their durations in seconds, and a note if the durations were shortened."""
    timed = [0.0 if page.sound is None else page.sound.seconds for page in pages]
    wanted = slideshow.durations([page.slide for page in pages], timed, math.inf)
    factor = min(1.0, most / sum(wanted))
    notes = []
    if factor < 1:
        text = f"each slide shortened to {factor:.0%} of its duration: {sum(wanted):.1f} s, limit {most:g} s"
        notes.append(Note("shortened", text))
    return [
        replace(page, seconds=seconds * factor) for page, seconds in zip(pages, wanted, strict=True)
    ], notes


def _frame(pages: Sequence[_Page]) -> tuple[int, int]:
    """The largest frame in the shape of most pictures, by the seconds that they are shown."""
    shapes = [
        (page.still.width / page.still.height, page.seconds) for page in pages if page.still is not None
    ]
    if not shapes:
        return _LARGEST
    # Of shapes that as much time has, the first.
    shape = max(
        (shape for shape, _ in shapes),
        key=lambda one: sum(seconds for other, seconds in shapes if max(one / other, other / one) <= _ALIKE),
    )
    ratio = min(max(shape, 1 / shape), _LONGEST)
    longer = min(_LARGEST[0], _LARGEST[1] * ratio)
    size = round(longer / 2) * 2, round(longer / ratio / 2) * 2
    return size if shape >= 1 else size[::-1]


def _sound(pages: Sequence[_Page]) -> Pcm | None:
    """The sound track: each slide's sound begins with its slide. None if no slide has sound."""
    if not any(page.sound for page in pages):
        return None
    seconds = sum(page.seconds for page in pages)
    samples = np.zeros((2, round(seconds * _RATE)), np.float32)
    begin = 0.0
    for page in pages:
        if page.sound is not None:
            first = round(begin * _RATE)
            length = min(page.sound.length, round((begin + page.seconds) * _RATE) - first)
            own = Pcm(page.sound.samples[:, :length], _RATE)
            if length < page.sound.length:
                own = faded(own, fade_out=min(_FADE, own.seconds / 2))
            samples[:, first : first + length] = own.samples
        begin += page.seconds
    return Pcm(samples, _RATE)


def _music(pages: Sequence[_Page], music: Source, seconds: float, notes: list[Note]) -> Pcm:
    """The music of the slideshow; a cut or an unreadable part of the recording adds a note."""
    if any(page.sound for page in pages):
        raise MessageError("music can't be used: a slide has its own sound")
    content = inputs.read(music)
    with Door("source", content.name):
        decoded = audio.decode(content, max_seconds=seconds)
    notes += [Note(note.code, f"music: {note.text}") for note in lost_of(decoded)]
    pcm = _track(decoded.pcm)
    return faded(pcm, fade_out=min(_FADE, pcm.seconds / 2))


def _scene(page: _Page, shape: Shape, font: str | PathLike[str] | None, notes: list[Note]) -> scenes.Scene:
    """A slide as a scene to render; a caption that can't be drawn as written adds a note."""
    canvas = None
    if page.still is not None and page.slide.image is not None:
        with Door("source", page.slide.image.content.name):
            canvas = scenes.canvas_of(page.still, shape.width, shape.height)
    drawn = None
    if page.slide.text:
        drawn = caption(page.slide.text, shape.width, shape.height, font=font)
        notes.extend(drawn.notes)
    return scenes.Scene(canvas, page.seconds, drawn)
