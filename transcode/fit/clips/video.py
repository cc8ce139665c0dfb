"""A clip under a limit in bytes.

The requested range is decoded once, to reduced frames. The bit rate that the limit leaves determines the
frame size, the frame rate and the audio bit rate. The size search encodes the frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import LimitsError, NotTakenError
from transcode.fit.clips import notes
from transcode.fit.clips.clip_tuning import TUNING
from transcode.fit.clips.pass_through import pass_through
from transcode.fit.clips.size_search import fit_size
from transcode.fit.clips.sound_plan import copying_format, sound_of
from transcode.fit.clips.soundtrack import soundtrack
from transcode.fit.clips.video_plan import LEAST_BIT_RATE, Shape, info_of, shape_of
from transcode.fit.container_format import ContainerFormat, container_format_of
from transcode.fit.record import Record
from transcode.media.clips.frames import Frames
from transcode.media.clips.video_colour import FrameConversion, conversion
from transcode.media.clips.video_decode import decode
from transcode.media.clips.window import ClipWindow, read_window

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from transcode.fit.clips.clip_tuning import Tuning
    from transcode.fit.clips.size_search import FittedClip
    from transcode.fit.sound.sounds import FitRequest
    from transcode.media.clips.video_decode import DecodedClip
    from transcode.media.samples.pcm import Pcm
    from transcode.media.source.container import OpenStreams
    from transcode.media.source.inputs import Input
    from transcode.model import FitOptions, Limits, ProgressCallback, Rendition, ReportCallback

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
    """Return the frame size and frame rate at which frames should be drawn for fit_frames().

    Args:
        limits: what the clip must keep to.
        seconds: duration of the clip.
        size: largest useful width and height in pixels; they set the aspect ratio.
        frame_rate: highest frame rate in frames/s. The frame rate of the result is this frame rate divided by
            an integer, or the highest that the limits allow where that is much higher.
        sound: whether the clip will have sound.
        tuning: the measured constants.

    Raises:
        NotTakenError: the limits have no format that clips are written in.
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
    """Encode drawn frames, such as those of a slideshow or an animation, as a clip under a limit.

    Args:
        pictures: frames in packed 4:2:0, BT.601, video range: rows of luma, then those of both chroma
            planes, height * 3 / 2 rows of width samples, uint8. The caller must not modify a frame after
            passing it. Frames are consumed one at a time and stored in bounded memory, the rest in a
            temporary file.
        shape: size and frame rate of the frames, as returned by frame_shape().
        limits: what the clip must keep to.
        sound: sound from the first frame on; it is cut at the end of the last frame.
        name: name of the source in errors.
        progress: called while frames are encoded.
        tuning: the measured constants.

    Raises:
        NotTakenError: the limits have no format that clips are written in.
        BudgetError: not even the smallest clip fits.
        ValueError: a frame has another size, or there are no frames.
    """
    form = _form_of(name, limits)
    with Frames(shape.width, shape.height) as frames:
        for picture in pictures:
            frames.append(len(frames) / shape.frame_rate, picture)
        if not frames.times:
            raise ValueError("there are no frames")
        frames.end = len(frames) / shape.frame_rate
        colours = FrameConversion(None, (6, 6, 6))
        return fit_size(name, form, limits, frames, sound, colours, progress, tuning=tuning)


def window_of(streams: OpenStreams, limits: Limits, options: FitOptions) -> ClipWindow:
    """Return the requested window of a clip, for fit_video().

    Args:
        streams: the streams of a newly opened source.
        limits: what the rendition must keep to.
        options: the other options of the fit.

    Raises:
        SourceError: the source has no video that can be decoded.
        NotTakenError: the limits have no format that clips are written in.
        LimitsError: the source ends before the requested start.
    """
    # A receiver that takes no clips is reported before any damage of the source.
    _form_of(streams.content.name, limits)
    return read_window(streams, options.start, options.seconds(limits))


def fit_video(request: FitRequest, window: ClipWindow, *, tuning: Tuning = TUNING) -> Rendition:
    """Return the best rendition of a clip that keeps to the limits.

    Args:
        request: what is asked of the rendition.
        window: the window of the clip from window_of() for the limits and options of the request.
        tuning: the measured constants.

    Raises:
        SourceError: the clip can't be decoded.
        NotTakenError, BudgetError, LimitsError: as for transcode.fit.sound.audio.fit_audio().
    """
    sounds, limits, options = request.sounds, request.limits, request.options
    content = sounds.content
    form = _form_of(content.name, limits)
    record = _record(content, window, limits, options, request.report)
    record.add([*request.lost, *notes.ended_early(window), *notes.odd_pixels(window.clip)])
    kept = copying_format(limits, window.clip, keeps_sound=options.loudness is None)
    copied = None if kept is None else pass_through(sounds, window, kept, limits, options, record)
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
        reason = f"the receiver accepts no clips ({', '.join(limits.formats)})"
        raise NotTakenError(name, reason, kind="clip", remedy="a picture of it, or a link, can be sent")
    return form


def _record(
    content: Input,
    window: ClipWindow,
    limits: Limits,
    options: FitOptions,
    report: ReportCallback | None,
) -> Record:
    """Return a record of the source, before any conversion."""
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
    """Return the duration of the rendition in seconds; it ends with the later of video and audio.

    Raises:
        LimitsError: both end before the requested start.
    """
    heard = 0.0 if sound is None else sound.seconds
    pictures_end = window.scan.pictures_end
    seconds = min(options.seconds(limits), max(pictures_end - options.start, heard))
    if seconds <= 0:
        raise LimitsError(
            f"start is {options.start:g} s, but the pictures of {content.name} end after"
            f" {pictures_end:.2f} s, and its sound is not sent"
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
    """Return the frame size and frame rate for decoding, from the bit rate that the sound leaves."""
    found = window.scan
    total = 8 * limits.max_bytes / seconds
    spent = 0 if sound is None or form.audio is None else sound_of(form.audio, total, sound.channels)[0]
    # Static parts need few bits; moving parts get the rest.
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
    """Decode the frames of the window to the shape; the last frame is shown until the sound ends."""
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
