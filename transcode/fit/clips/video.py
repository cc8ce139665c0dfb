"""A clip under a limit in bytes.

What is asked of the clip is decoded once, to pictures that are small already. From the bits that
the limit leaves for a second of it follow pixels, frames and sound; the search for the size encodes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transcode.errors import LimitsError, NotTakenError
from transcode.fit.clips import notes
from transcode.fit.clips.clip_tuning import TUNING
from transcode.fit.clips.pass_through import pass_through
from transcode.fit.clips.size_search import LEAST_BIT_RATE, fit_size
from transcode.fit.clips.soundtrack import soundtrack
from transcode.fit.clips.video_plan import Shape, info_of, keeping_format, shape_of, sound_of
from transcode.fit.container_format import ContainerFormat, container_format_of
from transcode.fit.record import Record
from transcode.media.clips.frames import Frames
from transcode.media.clips.video_colour import FrameConversion, conversion
from transcode.media.clips.video_decode import decode
from transcode.media.clips.window import ClipWindow, read_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from transcode.fit.clips.clip_tuning import Tuning
    from transcode.fit.clips.size_search import FittedClip
    from transcode.fit.sound.sounds import Sounds
    from transcode.media.clips.video_decode import DecodedClip
    from transcode.media.samples.pcm import Pcm
    from transcode.media.source.inputs import Input
    from transcode.model import FitOptions, Limits, Note, ProgressCallback, Rendition, ReportCallback

__all__ = ["fit_frames", "fit_video", "frame_shape", "window_of"]


def frame_shape(
    limits: Limits,
    seconds: float,
    size: tuple[int, int],
    *,
    frame_rate: float = 30.0,
    sound: bool = False,
    tuning: Tuning = TUNING,
) -> Shape:
    """The pixels and frames in which pictures should be drawn for fit_frames.

    Args:
        limits: what the clip must keep to.
        seconds: how long it will be.
        size: the largest width and height that are of use, of the shape that is wanted.
        frame_rate: frames a second at most; the result has a whole part of it.
        sound: whether it will have sound.
        tuning: the numbers that it goes by.

    Raises:
        NotTakenError: the limits name no form that clips are written in.
    """
    form = _form_of("slideshow", limits)
    total = 8 * limits.max_bytes / seconds
    spent = sound_of(form.audio, total, 1)[0] if sound and form.audio is not None else 0
    bit_rate = max(total - spent, LEAST_BIT_RATE)
    return shape_of(size, frame_rate, bit_rate, limits, form.video, tuning=tuning)


def fit_frames(
    pictures: Iterable[NDArray[np.uint8]],
    shape: Shape,
    limits: Limits,
    *,
    sound: Pcm | None = None,
    name: str = "frames",
    progress: ProgressCallback | None = None,
    tuning: Tuning = TUNING,
) -> FittedClip:
    """A clip of pictures that are drawn, such as a slideshow or an animation, under a limit.

    Args:
        pictures: packed 4:2:0 in video range, BT.601: rows of luma, then those of both chroma
            planes, height * 3 / 2 rows of width samples, uint8; not to be changed once given. They
            are taken one after the other and kept in bounded memory, else in a temporary file.
        shape: width, height and frame rate of them, as frame_shape gives it.
        limits: what the clip must keep to.
        sound: from the first picture on; what is longer than the pictures is cut off.
        name: of what is fitted, for errors.
        progress: called as the work goes on.
        tuning: the numbers that it goes by.

    Raises:
        NotTakenError: the limits name no form that clips are written in.
        BudgetError: not even the smallest clip fits.
        ValueError: a picture of another size, or none.
    """
    form = _form_of(name, limits)
    with Frames(shape.width, shape.height) as frames:
        for picture in pictures:
            frames.append(len(frames) / shape.frame_rate, picture)
        if not len(frames):
            raise ValueError("there are no pictures")
        frames.end = len(frames) / shape.frame_rate
        colours = FrameConversion(None, (6, 6, 6))
        return fit_size(name, form, limits, frames, sound, colours, progress, tuning=tuning)


def window_of(content: Input, container: Any, limits: Limits, options: FitOptions) -> ClipWindow:
    """The window of a clip that is asked for, as fit_video takes it.

    Args:
        content: the source.
        container: of it, as open_container gives it, of which nothing was read yet.
        limits: what the rendition must keep to.
        options: what is asked of the source besides.

    Raises:
        SourceError: it has no pictures that can be decoded.
        NotTakenError: the limits name no form that clips are written in.
        LimitsError: it ends before the start that is asked for.
    """
    # Who takes no clips is told so, whatever is wrong with this one.
    _form_of(content.name, limits)
    return read_window(content, container, options.start, options.seconds(limits))


def fit_video(
    sounds: Sounds,
    window: ClipWindow,
    limits: Limits,
    options: FitOptions,
    *,
    report: ReportCallback | None = None,
    lost: Sequence[Note] = (),
    tuning: Tuning = TUNING,
) -> Rendition:
    """The best rendition of a clip that keeps to the limits.

    Args:
        sounds: of the source.
        window: of the clip, as window_of gives it for these limits and options.
        limits: what the rendition must keep to.
        options: what is asked of the source besides.
        report: called with each note as it is made.
        lost: what is known already to be missing from any rendition.
        tuning: the numbers that it goes by.

    Raises:
        SourceError: it can't be decoded.
        NotTakenError: the limits name no form that clips are written in.
        BudgetError: not even the smallest rendition fits.
        LimitsError: it ends before the start that is asked for.
    """
    content = sounds.content
    form = _form_of(content.name, limits)
    record = _record(content, window, limits, options, report)
    record.add([*lost, *notes.ended_early(window)])
    kept = form if options.loudness is not None else keeping_format(limits, window.clip) or form
    copied = pass_through(sounds, window, kept, limits, options, record)
    if copied is not None:
        return copied
    sound, said = soundtrack(sounds, window, form, limits, options.seconds(limits), options)
    record.add(said)
    seconds = _seconds(content, window, sound, limits, options)
    shape = _shape(window, sound, seconds, form, limits, options, tuning)
    stored = (window.look.geometry.width, window.look.geometry.height)
    colours = conversion(window.look.signal, stored, named=form.video == "h264")
    decoded = _decoded(content, window, shape, colours, sound, seconds, options)
    with decoded.frames as frames:
        fitted = fit_size(content.name, form, limits, frames, sound, colours, options.progress, tuning=tuning)
    record.add(notes.quality_floor(content.name, fitted, window, limits, options))
    record.add(notes.changes(window, decoded, fitted, options, is_toned=colours.is_toned))
    record.trials += fitted.trials
    return record.rendition(
        fitted.data,
        fitted.content_type,
        (fitted.width, fitted.height),
        source_seconds=window.source_seconds,
        seconds=fitted.seconds,
        settings=fitted.settings,
    )


def _form_of(name: str, limits: Limits) -> ContainerFormat:
    form = container_format_of(limits)
    if form is None:
        reason = f"the receiver takes no clips ({', '.join(limits.formats)})"
        raise NotTakenError(name, reason, kind="clip", remedy="a picture of it, or a link, can be sent")
    return form


def _record(
    content: Input,
    window: ClipWindow,
    limits: Limits,
    options: FitOptions,
    report: ReportCallback | None,
) -> Record:
    """What the report says of the source, before anything is made of it."""
    return Record(
        content,
        content.content_type or "application/octet-stream",
        limits.max_bytes,
        report,
        window.look.geometry.shown,
        source_clip=info_of(window.clip, window.rate),
        source_start=options.start,
    )


def _seconds(
    content: Input, window: ClipWindow, sound: Pcm | None, limits: Limits, options: FitOptions
) -> float:
    """The duration of the rendition, in seconds: it ends with the later of pictures and sound.

    Raises:
        LimitsError: both end before the start that is asked for.
    """
    heard = 0.0 if sound is None else sound.seconds
    pictures_end = window.scan.pictures_end
    seconds = min(options.seconds(limits), max(pictures_end - options.start, heard))
    if seconds <= 0:
        raise LimitsError(
            f"start is {options.start:g} s, but the pictures of {content.name} end after"
            f" {pictures_end:.2f} s, and its sound does not leave"
        )
    return seconds


def _shape(
    window: ClipWindow,
    sound: Pcm | None,
    seconds: float,
    form: ContainerFormat,
    limits: Limits,
    options: FitOptions,
    tuning: Tuning,
) -> Shape:
    """The pixels and frames that the clip is decoded to, by the bits that its sound leaves for a second."""
    found = window.scan
    total = 8 * limits.max_bytes / seconds
    spent = 0 if sound is None or form.audio is None else sound_of(form.audio, total, sound.channels)[0]
    # What stands leaves its bits to what moves.
    moving = seconds / found.busy(options.start, options.start + seconds)
    bit_rate = max(total - spent, LEAST_BIT_RATE) * moving
    source_rate = found.bit_rate * tuning.efficient.get(window.clip.video.codec, 1.0)
    shown = window.look.geometry.shown
    return shape_of(shown, window.rate, bit_rate, limits, form.video, source_rate=source_rate, tuning=tuning)


def _decoded(
    content: Input,
    window: ClipWindow,
    shape: Shape,
    colours: FrameConversion,
    sound: Pcm | None,
    seconds: float,
    options: FitOptions,
) -> DecodedClip:
    """The pictures of the window in that shape; the last one stands as long as there is sound."""
    return decode(
        content,
        window.clip,
        window.scan,
        window.look,
        (shape.width, shape.height),
        table=colours.table,
        start=options.start,
        seconds=seconds,
        stands=0.0 if sound is None else sound.seconds,
        rate=shape.frame_rate if shape.frame_rate < window.rate * 0.99 else None,
        progress=options.progress,
    )
