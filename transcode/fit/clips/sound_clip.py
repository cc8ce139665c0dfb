"""Convert a recording to a clip under a limit in bytes, for receivers that take clips and no sound.

The clip shows one still picture: the waveform of the sound, or a picture from the caller. The picture takes a
small share of the bytes; the sound takes the rest.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from transcode.errors import BudgetError, NotTakenError
from transcode.fit.clips.video_plan import LEAST_BIT_RATE, Shape, frame_format_of, shape_of
from transcode.fit.container_format import container_format_of, sparing_format
from transcode.fit.record import Record, trimmed
from transcode.fit.sound.audio import Heard, SoundForm, besides, decode_recorded, fit_forms
from transcode.media.clips.frame_variants import framed
from transcode.media.clips.frames import Frames
from transcode.media.clips.video_encode import X264_LEAST_BIT_RATE, EncodedVideo, Encoder, Settings, mux
from transcode.media.pictures import drawing
from transcode.media.pictures.openers import open_still
from transcode.media.sound.waveform import waveform
from transcode.media.source import inputs as media_source
from transcode.model import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.fit.container_format import ContainerFormat
    from transcode.fit.sound.audio import FittedSound
    from transcode.fit.sound.sounds import FitRequest
    from transcode.media.pictures.still import Still
    from transcode.media.samples.pcm import Pcm
    from transcode.media.sound.audio import DecodedSound
    from transcode.media.sound.audio_encode import Encoded
    from transcode.model import FitOptions, Limits, Rendition

__all__ = ["fit_sound_clip"]

#: Largest width and height of a waveform, and the longer side of a photo, in pixels. Chosen.
_WAVE, _PHOTO = (640, 360), 960

#: Frame rate in frames/s: all frames are equal, but players need frames to seek to. Below the bit rate
#: _SCARCE in bit/s the frames would take too many bits, and the frame rate is lower. Chosen.
_RATE, _SCARCE, _SCARCE_RATE = 2.0, 10_000, 0.5


#: Shares of the limit for a waveform and for a photo, and their bounds in bytes. Chosen.
_WAVE_PART, _WAVE_BOUNDS = 0.12, (2_500, 16_000)
_PHOTO_PART, _PHOTO_BOUNDS = 0.35, (4_000, 80_000)

#: Where the share of the video is smaller than LEAST_BIT_RATE, x264 gets a lower bit rate and a lower bound
#: of its quantiser, below which no difference is visible.
_FINE = (("qmin", "26"),)

#: Ratio of width and height to those of the picture before, which did not fit. Chosen.
_SMALLER = 0.6

#: Smallest width and height of a picture, in pixels. Chosen.
_SMALLEST = 64

#: Approximate bytes of the file besides the media: a fixed number, and those of each frame and of each audio
#: packet. Frames of AMR all have one size and need no table.
_FIXED, _A_PICTURE, _A_PACKET = 1_500, 13, 5


def fit_sound_clip(request: FitRequest) -> Rendition:
    """Return a recording as the best clip that keeps to the limits.

    Args:
        request: what is asked of the rendition; as_clip of its options is the picture, or True for the
            waveform.

    Raises:
        SourceError: the recording or the picture can't be decoded.
        NotTakenError: the limits have no format for clips with sound.
        BudgetError: not even the smallest clip fits.
        LimitsError: the recording ends before the requested start.
    """
    content, limits, options = request.sounds.content, request.limits, request.options
    form = container_format_of(limits)
    if form is None or form.audio is None:
        reason = f"the receiver accepts no clips with sound ({', '.join(limits.formats)})"
        raise NotTakenError(content.name, reason, kind="sound", remedy="a link to it can be sent")
    still = _still(options)
    record, decoded = decode_recorded(request)
    record.add(decoded.notes)
    heard = Heard(decoded, options)
    size = _largest(still, limits)
    while True:
        shape = _shape(size, heard.pcm.seconds, limits, form)
        picture, notes = _picture(heard.pcm, still, shape, is_canvas=form.video != "h264")
        made = _fitted(heard, picture, shape, form, limits, options, record)
        if made is not None:
            break
        size = (round(size[0] * _SMALLER), round(size[1] * _SMALLER))
        if min(size) < _SMALLEST:
            smallest = min((trial.size for trial in record.trials), default=None)
            raise BudgetError(content.name, limits.max_bytes, smallest=smallest)
    fitted, pictures = made
    record.add(notes)
    record.add(heard.within(fitted.sound.channels)[1])
    return _rendition(record, decoded, fitted, pictures, is_wave=still is None)


def _still(options: FitOptions) -> Still | None:
    """Open the picture from the caller; None: the clip shows the waveform."""
    if isinstance(options.as_clip, bool):
        return None
    content = media_source.read(options.as_clip)
    if content.name == media_source.NO_NAME:
        # The recording may be unnamed bytes too. This name marks errors of the picture.
        content = replace(content, name="as_clip")
    return open_still(content, max_pixels=options.max_pixels)


def _largest(still: Still | None, limits: Limits) -> tuple[int, int]:
    """Return the first width and height to try, smaller under a small limit."""
    width, height = _WAVE if still is None else (still.width, still.height)
    longest = _WAVE[0] if still is None else _PHOTO
    if limits.max_bytes < 100_000:
        longest //= 2
    scale = min(1.0, longest / max(width, height))
    return max(2, round(width * scale)), max(2, round(height * scale))


def _shape(size: tuple[int, int], seconds: float, limits: Limits, form: ContainerFormat) -> Shape:
    """Return the frame size within box and level, for old codecs a picture format; and the frame rate."""
    rate = _RATE if 8 * limits.max_bytes >= _SCARCE * seconds else _SCARCE_RATE
    shape = shape_of(size, rate, math.inf, limits, form.video)
    if form.video == "h264":
        return shape
    canvas = frame_format_of(shape.width, shape.height)
    return Shape(canvas.width, canvas.height, shape.frame_rate)


def _picture(
    pcm: Pcm, still: Still | None, shape: Shape, *, is_canvas: bool
) -> tuple[NDArray[np.uint8], list[Note]]:
    """Return the picture in packed 4:2:0 at the shape's size, with notes about a photo.

    A photo is centred on a picture format of another aspect ratio.
    """
    if still is None:
        return _packed(waveform(pcm, shape.width, shape.height)), []
    if not is_canvas:
        reduced, notes = _reduced(still, shape.width, shape.height)
        return _packed(drawing.resize(reduced, shape.width, shape.height)), notes
    scale = min(1.0, shape.width / still.width, shape.height / still.height)
    width, height = (max(2, 2 * round(side * scale / 2)) for side in (still.width, still.height))
    width, height = min(width, shape.width), min(height, shape.height)
    reduced, notes = _reduced(still, width, height)
    packed = _packed(drawing.resize(reduced, width, height))
    with Frames(width, height) as frames:
        frames.append(0.0, packed)
        frames.end = 1.0
        with framed(frames, shape.width, shape.height) as whole:
            return np.array(whole[0]), notes


def _reduced(still: Still, width: int, height: int) -> tuple[NDArray[np.uint8], list[Note]]:
    """Return a photo reduced to at most width x height pixels, with notes that name the picture."""
    size = min(width, still.width), min(height, still.height)
    notes = [*still.reduce(*size).notes]
    if size != (still.width, still.height):
        text = f"reduced from {still.width} x {still.height} to {size[0]} x {size[1]} pixels"
        notes.append(Note("reduced", text))
    told = [Note(note.code, f"the picture of the clip: {note.text}") for note in notes]
    return still.rgb(*size), told


def _packed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    return drawing.video_picture(np.concatenate([pixels, opaque], axis=2))


def _fitted(
    heard: Heard,
    picture: NDArray[np.uint8],
    shape: Shape,
    form: ContainerFormat,
    limits: Limits,
    options: FitOptions,
    record: Record,
) -> tuple[FittedSound, EncodedVideo] | None:
    """Encode the picture for the duration of the sound, and the best sound that fits; None: none fits."""
    seconds = heard.pcm.seconds
    is_wave = options.as_clip is True
    part, (least, most) = (_WAVE_PART, _WAVE_BOUNDS) if is_wave else (_PHOTO_PART, _PHOTO_BOUNDS)
    budget = min(max(part * limits.max_bytes, least), most)
    with ExitStack() as stack:
        frames = stack.enter_context(Frames(shape.width, shape.height))
        for number in range(max(1, math.ceil(seconds * shape.frame_rate - 0.1))):
            frames.append(number / shape.frame_rate, picture)
        frames.end = seconds
        encoder = stack.enter_context(Encoder(frames))
        settings = _settings(shape, form, limits, round(8 * budget / seconds))
        encoder.measure(settings)
        coded = encoder.encode(settings)
        forms = [
            _sound_form(one, coded, seconds)
            for one in (form, sparing_format(limits, form))
            if one is not None
        ]
        made = fit_forms(heard, forms, limits.max_bytes, options, record)
        return None if made is None else (made, coded)


def _sound_form(form: ContainerFormat, pictures: EncodedVideo, seconds: float) -> SoundForm:
    """Return the format for sound beside encoded video, with the approximate bytes of video and container."""
    assert form.audio is not None  # noqa: S101  (fit_sound_clip refuses such a form)
    packets = 25 * seconds if form.audio != "amr_nb" else 0.0
    count = max(1, math.ceil(seconds * pictures.settings.frame_rate))
    taken = pictures.size + _FIXED + _A_PICTURE * count + round(_A_PACKET * packets)

    def pack(sound: Encoded) -> bytes:
        return mux(pictures, sound, form.content_type)

    return SoundForm(form.content_type, form.audio, pack, taken)


def _settings(shape: Shape, form: ContainerFormat, limits: Limits, bit_rate: int) -> Settings:
    codec = form.video
    levels = dict(frame_format_of(shape.width, shape.height).levels)
    is_scarce = codec == "h264" and bit_rate < LEAST_BIT_RATE
    return Settings(
        codec,
        max(bit_rate, X264_LEAST_BIT_RATE if is_scarce else LEAST_BIT_RATE),
        shape.frame_rate,
        profile=limits.h264_profile,
        level=0 if codec == "h264" else levels[codec],
        colour=(6, 6, 6),
        options=_FINE if is_scarce else (),
    )


def _rendition(
    record: Record,
    decoded: DecodedSound,
    fitted: FittedSound,
    pictures: EncodedVideo,
    *,
    is_wave: bool,
) -> Rendition:
    sound = fitted.sound
    if not decoded.ended:
        record.add([trimmed(sound.seconds, decoded.source_seconds)])
    record.add(besides(decoded.info))
    shown = "its waveform" if is_wave else "the given picture"
    record.add(
        [
            Note("as-clip", f"a recording, sent as a clip that shows {shown}"),
            Note("converted", f"{decoded.info.codec} re-encoded as {sound.words}"),
        ]
    )
    return record.rendition(
        fitted.data,
        fitted.form.content_type,
        (pictures.width, pictures.height),
        source_seconds=decoded.source_seconds,
        seconds=sound.seconds,
        settings=(pictures.words, sound.words),
    )
