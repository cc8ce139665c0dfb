"""A clip under a limit in bytes.

What is asked of the clip is decoded once, to pictures that are small already. From the bits that
the limit leaves for a second of it follow pixels, frames and sound; then it is encoded in two
passes, measured as a whole file, and encoded again where that is over the limit or wastes it.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from transcode.errors import BudgetError, LimitsError, NotTakenError, SourceError, TranscodeError
from transcode.fit.clips.video_plan import (
    Shape,
    effort_of,
    info_of,
    keeping_format,
    level_of,
    picture_format_of,
    pictures_within,
    richest_sound,
    shape_of,
    sound_of,
    sound_within,
)
from transcode.fit.container_format import ContainerFormat, container_format_of, sparing_format
from transcode.fit.record import Record, tracks_dropped, trimmed
from transcode.fit.sound.audio import prepared
from transcode.media.clips import clip as clips
from transcode.media.clips import video
from transcode.media.clips.cut import cut
from transcode.media.clips.frames import Frames, framed, halved, motion, resized
from transcode.media.clips.rewrap import rewrap
from transcode.media.clips.video_colour import FrameConversion, conversion
from transcode.media.clips.video_encode import Encoder, Settings, mux
from transcode.media.samples.pcm import Pcm, mixed, resampled
from transcode.media.sound import audio_encode
from transcode.media.source import probe
from transcode.model import Note, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from transcode.fit.sound.sounds import Sounds
    from transcode.media.clips.clip import Clip, Scan
    from transcode.media.clips.cut import Range
    from transcode.media.clips.video import Look
    from transcode.media.sound.audio_encode import Encoded as Sound
    from transcode.model import ClipOptions, Limits, ProgressCallback, Rendition, ReportCallback

__all__ = ["FittedClip", "fit_frames", "fit_video", "frame_shape"]

#: The share of the limit that is aimed at, and that is worth no further pass.
_AIM = 0.978
_ENOUGH = 0.95

#: The share of the limit that sound gets more of where pictures leave it, and how many times as large it must
#: become by that to be worth it: silence does not. So many rates are tried.
_UNUSED = 0.05
_MORE_SOUND = 1.05
_SOUNDS = 3

#: Passes after the first at most.
_PASSES = 5

#: Bytes of the file besides the media: fixed, and of each picture and each packet of sound.
_FIXED, _A_PICTURE, _A_SOUND = 1_500, 13, 5

#: Bits a pixel beyond which a picture gets no better.
_MOST_BITS = 2.0

#: The shortest side of a picture, in pixels.
_SMALLEST = 32

#: Where pictures differ less than this from the next, are more than so many a second, and have fewer bits
#: a pixel than this, half of them may be worth more: they are if even these have a coarser quantiser in a
#: first pass than this one. On slow flights and talks both SSIM at 30 frames a second and SSIMULACRA2 rise by
#: that (0.002 and 4 points at 120 kbit/s), and the encoder has half of the work; with more motion SSIM falls.
_STILL = 0.014
_FLUENT = 20.0
_SCARCE = 0.1
_COARSE = 18.0

#: A quantiser that leaves blocks, one that is bearable, and one that is finer than the lost pixels are worth.
_COARSEST, _BEARABLE, _FINE = 42.0, 38.0, 33.0

#: How much half of the pixels lower the quantiser of camera clips. That of drawings and noise falls by up to
#: three times as much: each size is measured, the next lies on the line through the last two, and none
#: has fewer than this part of the pixels of the one before. So many are tried at most.
_QUANTISER_STEP = 3.4
_LEAST_PART = 0.3
_SIZES = 4

#: How many times the bits a second of a level pictures of MPEG-4 and H.263 may have: they are means.
_LOOSE = 1.02

#: How far a source may end before its header says, in seconds, without a word about it.
_SHORT = 0.5

#: Times that differ by less are the same: containers round them. In seconds.
_SAME_TIME = 0.001

#: The quality floor: the mean quantiser beyond which, and the lines below which faces and text are
#: lost (the smallest picture of H.263 for phones has 96), and what would help.
_FLOOR_QUANTISER = 43.0
_FLOOR_LINES = 96
_BETTER = "a shorter clip, pictures with sound, or a link would show more"

#: How many times the bits of another codec those of H.264 are, at the same quality.
_EFFICIENT = {"hevc": 1.5, "vp9": 1.4, "av1": 1.8}

#: Fewer bits a second for pictures are no clip: the encoder can't keep to them.
_LEAST_BIT_RATE = 2_000


@dataclass(frozen=True, slots=True)
class FittedClip:
    """A clip that fits.

    Attributes:
        data: the file.
        content_type: such as ``"video/mp4"``.
        width, height: in pixels.
        seconds: its duration.
        trials: the encodings that were tried, in order.
        settings: codecs and rates of pictures and sound, in words.
        quantiser: of H.264, the mean one that the rate leads to, 0 to 51; None: not known.
    """

    data: bytes
    content_type: str
    width: int
    height: int
    seconds: float
    trials: tuple[Trial, ...]
    settings: tuple[str, ...]
    quantiser: float | None = None


def frame_shape(
    limits: Limits,
    seconds: float,
    size: tuple[int, int],
    *,
    frame_rate: float = 30.0,
    sound: bool = False,
) -> Shape:
    """The pixels and frames in which pictures should be drawn for fit_frames.

    Args:
        limits: what the clip must keep to.
        seconds: how long it will be.
        size: the largest width and height that are of use, of the shape that is wanted.
        frame_rate: frames a second at most; the result has a whole part of it.
        sound: whether it will have sound.

    Raises:
        NotTakenError: the limits name no form that clips are written in.
    """
    form = _form("slideshow", limits)
    total = 8 * limits.max_bytes / seconds
    spent = sound_of(form.audio, total, 1)[0] if sound and form.audio is not None else 0
    return shape_of(size, frame_rate, max(total - spent, _LEAST_BIT_RATE), limits, form.video)


def fit_frames(
    pictures: Iterable[NDArray[np.uint8]],
    shape: Shape,
    limits: Limits,
    *,
    sound: Pcm | None = None,
    name: str = "frames",
    progress: ProgressCallback | None = None,
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

    Raises:
        NotTakenError: the limits name no form that clips are written in.
        BudgetError: not even the smallest clip fits.
        ValueError: a picture of another size, or none.
    """
    form = _form(name, limits)
    with Frames(shape.width, shape.height) as frames:
        for picture in pictures:
            frames.append(len(frames) / shape.frame_rate, picture)
        if not len(frames):
            raise ValueError("there are no pictures")
        frames.end = len(frames) / shape.frame_rate
        return _fitted(name, form, limits, frames, sound, FrameConversion(None, (6, 6, 6)), progress)


def fit_video(
    sounds: Sounds,
    limits: Limits,
    options: ClipOptions,
    *,
    report: ReportCallback | None = None,
    lost: Sequence[Note] = (),
) -> Rendition:
    """The best rendition of a clip that keeps to the limits.

    Args:
        sounds: of the source.
        limits: what the rendition must keep to.
        options: what is asked of the source besides.
        report: called with each note as it is made.
        lost: what is known already to be missing from any rendition.

    Raises:
        SourceError: it can't be decoded.
        NotTakenError: the limits name no form that clips are written in.
        BudgetError: not even the smallest rendition fits.
        LimitsError: it ends before the start that is asked for.
    """
    content = sounds.content
    form = _form(content.name, limits)
    clip = clips.probe(content)
    found = clips.scan(content, clip, options.start, options.seconds(limits))
    seen = video.look(content, clip, options.start)
    source_type = probe.content_type(content.data) or "application/octet-stream"
    record = Record(content, source_type, limits.max_bytes, report, seen.geometry.shown)
    record.add(lost)
    record.add(_ended_early(clip, found))
    rate = 1 / found.period if found.period else clip.video.rate or 25.0
    record.source_clip = info_of(clip, rate)
    record.source_start = options.start
    kept = form if options.loudness is not None else keeping_format(limits, clip) or form
    if _plays(clip, found, seen, rate, kept, limits):
        copied = _copied(sounds, clip, found, kept, limits, options, record)
        if copied is not None:
            return copied
    sound = _sound(sounds, clip, found, form, options.seconds(limits), options, record)
    heard = 0.0 if sound is None else sound.seconds
    seconds = min(options.seconds(limits), max(found.pictures_end - options.start, heard))
    if seconds <= 0:
        raise LimitsError(
            f"start is {options.start:g} s, but the pictures of {content.name} end after"
            f" {found.pictures_end:.2f} s, and its sound does not leave"
        )
    total = 8 * limits.max_bytes / seconds
    spent = 0 if sound is None or form.audio is None else sound_of(form.audio, total, sound.channels)[0]
    # What stands leaves its bits to what moves.
    moving = seconds / found.busy(options.start, options.start + seconds)
    bit_rate = max(total - spent, _LEAST_BIT_RATE) * moving
    source_rate = found.bit_rate * _EFFICIENT.get(clip.video.codec, 1.0)
    shape = shape_of(seen.geometry.shown, rate, bit_rate, limits, form.video, source_rate=source_rate)
    colours = _colours(seen, form)
    decoded = video.decode(
        content,
        clip,
        found,
        seen,
        (shape.width, shape.height),
        table=colours.table,
        start=options.start,
        seconds=seconds,
        stands=heard,
        rate=shape.frame_rate if shape.frame_rate < rate * 0.99 else None,
        progress=options.progress,
    )
    with decoded.frames as frames:
        fitted = _fitted(content.name, form, limits, frames, sound, colours, options.progress)
    record.add(_floor_notes(content.name, fitted, seen, limits, options))
    if colours.is_toned:
        record.add([Note("tone-mapped", "high dynamic range brought to that of BT.709")])
    _add_changes(record, clip, found, decoded, fitted, options)
    record.trials += fitted.trials
    return record.rendition(
        fitted.data,
        fitted.content_type,
        (fitted.width, fitted.height),
        source_seconds=_seconds_of(clip, found),
        seconds=fitted.seconds,
        settings=fitted.settings,
    )


def _ended_early(clip: Clip, found: Scan) -> list[Note]:
    """What is said of a source that ends before its header says, or where its clock begins anew."""
    said = clip.duration
    if found.is_joined:
        text = f"its clock begins anew after {found.end:.2f} s, as where files are joined: the rest is lost"
        return [Note("source-truncated", text)]
    if not found.is_whole or said is None or found.end >= said - max(_SHORT, 0.01 * said):
        return []
    text = f"the source ends after {found.end:.2f} s; its header says {said:.2f} s"
    return [Note("source-truncated", text)]


def _seconds_of(clip: Clip, found: Scan) -> float | None:
    """How long a source is: by its packets where all were seen, else as its header says; None: not known."""
    if found.is_whole:
        return found.end
    return None if clip.duration is None else max(clip.duration, found.end)


def _of_all(clip: Clip, found: Scan) -> str:
    seconds = _seconds_of(clip, found)
    return "" if seconds is None else f" of {seconds:.1f}"


def _below_floor(fitted: FittedClip, seen: Look) -> str | None:
    """What is below the quality floor, in words."""
    lines, had = min(fitted.width, fitted.height), min(seen.geometry.shown)
    if lines < _FLOOR_LINES <= had:
        return f"only {fitted.width} x {fitted.height} pixels are left"
    if fitted.quantiser is not None and fitted.quantiser > _FLOOR_QUANTISER:
        return f"coarse: a quantiser of {fitted.quantiser:.0f} of 51"
    return None


def _floor_notes(
    name: str, fitted: FittedClip, seen: Look, limits: Limits, options: ClipOptions
) -> list[Note]:
    """What is said of a clip below the floor of quality.

    Raises:
        BudgetError: it is, and that is not wanted.
    """
    low = _below_floor(fitted, seen)
    if low is None:
        return []
    if options.strict:
        raise BudgetError(name, limits.max_bytes, hint=f"{low}; {_BETTER}")
    return [Note("quality-floor", f"{low}; {_BETTER}")]


def _plays(clip: Clip, found: Scan, seen: Look, rate: float, form: ContainerFormat, limits: Limits) -> bool:
    """Whether the receiver plays a clip's own pictures."""
    stored = (seen.geometry.width, seen.geometry.height)
    upright = seen.geometry.orientation == 1 and seen.geometry.shown == stored
    is_toned = conversion(seen.signal, stored, named=True).is_toned
    plain = not (is_toned or found.is_broken or seen.is_interlaced)
    return upright and plain and pictures_within(clip, stored, rate, form, limits)


def _copied(
    sounds: Sounds,
    clip: Clip,
    found: Scan,
    form: ContainerFormat,
    limits: Limits,
    options: ClipOptions,
    record: Record,
) -> Rendition | None:
    """A clip whose pictures the receiver plays, without coding them anew; None where that can't be."""
    content = sounds.content
    is_all = found.is_whole and not options.start
    keeps_sound = options.loudness is None and sound_within(clip, form)
    size = sum(packet.size for packet in (*found.video, *found.audio))
    if is_all and keeps_sound and size <= limits.max_bytes:
        data = rewrap(content, clip, form.content_type, found.end)
        if data is not None and len(data) <= limits.max_bytes:
            return _as_it_is(record, data, clip, found, form)
    if not is_all and not options.keyframe_cut:
        return None
    piece = cut(
        content,
        clip,
        found,
        options.start,
        options.seconds(limits),
        end=found.pictures_end if form.audio is None else found.end,
        max_bytes=limits.max_bytes,
        sound=keeps_sound,
    )
    if piece is None or (not options.keyframe_cut and piece.begin > _SAME_TIME):
        return None
    sound = None
    if not keeps_sound:
        window = replace(options, start=piece.begin)
        pcm = _sound(sounds, clip, found, form, piece.seconds, window, record)
        sounding = piece.begin + (0.0 if pcm is None else pcm.seconds)
        piece = replace(piece, end=min(piece.end, max(found.pictures_end, sounding)))
        sound = _coded_sound(pcm, form, limits, piece.seconds)
    data = piece.mux(form.content_type, sound)
    if data is None or len(data) > limits.max_bytes:
        return None
    _add_cut(record, clip, found, piece, options)
    if sound is not None and clip.audio is not None:
        record.add([Note("converted", f"{clip.audio.codec} coded anew as {sound.words}")])
    record.add(_dropped(clip))
    heard = clip.audio if keeps_sound else None
    settings = [track.codec for track in (clip.video, heard) if track is not None]
    return record.rendition(
        data,
        form.content_type,
        (clip.video.width, clip.video.height),
        source_seconds=_seconds_of(clip, found),
        seconds=piece.seconds,
        settings=(*settings, *([] if sound is None else [sound.words])),
    )


def _add_cut(record: Record, clip: Clip, found: Scan, piece: Range, options: ClipOptions) -> None:
    """Say which pictures were kept."""
    record.source_start = piece.begin
    text = "the pictures are within every limit: not coded anew, in a new file without metadata"
    record.add([Note("rewrapped", text)])
    if options.start > 0 or not found.is_whole:
        all_of = _of_all(clip, found)
        text = (
            f"cut to {piece.seconds:.2f}{all_of} seconds from the key frame at {piece.begin:.2f} s on;"
            f" {options.start:g} s was asked for"
        )
        record.add([Note("trimmed", text)])


def _as_it_is(record: Record, data: bytes, clip: Clip, found: Scan, form: ContainerFormat) -> Rendition:
    record.add([Note("rewrapped", "within every limit: not coded anew, in a new file without metadata")])
    record.add(_dropped(clip))
    settings = tuple(track.codec for track in (clip.video, clip.audio) if track is not None)
    return record.rendition(
        data,
        form.content_type,
        (clip.video.width, clip.video.height),
        source_seconds=found.end,
        seconds=found.end,
        settings=settings,
    )


def _dropped(clip: Clip) -> list[Note]:
    """What is said of tracks and metadata that do not leave."""
    notes = []
    if clip.others:
        notes.append(tracks_dropped(clip.others, clip.left))
    if clip.tags:
        notes.append(Note("metadata-dropped", f"dropped: {', '.join(clip.tags)}"))
    return notes


def _form(name: str, limits: Limits) -> ContainerFormat:
    form = container_format_of(limits)
    if form is None:
        reason = f"the receiver takes no clips ({', '.join(limits.formats)})"
        raise NotTakenError(name, reason, kind="clip", remedy="a picture of it, or a link, can be sent")
    return form


def _colours(seen: Look, form: ContainerFormat) -> FrameConversion:
    stored = seen.geometry
    return conversion(seen.signal, (stored.width, stored.height), named=form.video == "h264")


def _sound(
    sounds: Sounds,
    clip: Clip,
    found: Scan,
    form: ContainerFormat,
    seconds: float,
    options: ClipOptions,
    record: Record,
) -> Pcm | None:
    """The sound of the window as it is to be heard, or None, with a note of what was lost.

    The window has so many seconds; the sound ends before where the source's does.
    """
    if clip.audio is None or not found.audio:
        return None
    if form.audio is None:
        record.add([Note("sound-dropped", "the receiver decodes no sound that can be written here")])
        return None
    try:
        decoded = sounds.decode(start=options.start, max_seconds=seconds, origin=clip.begin)
    except LimitsError:
        # The sound ends before the window: there is none to lose.
        return None
    except SourceError as error:
        record.add([Note("sound-dropped", f"its sound can't be decoded: {error.reason}")])
        return None
    record.add(decoded.notes)
    pcm = decoded.pcm
    shown = min(seconds, max(found.pictures_end - options.start, pcm.seconds))
    channels = sound_of(form.audio, 8 * record.max_bytes / shown, pcm.channels)[2]
    pcm, notes = prepared(mixed(pcm, channels), options, cut=not decoded.ended)
    record.add(notes)
    return pcm


def _coded_sound(sound: Pcm | None, form: ContainerFormat, limits: Limits, seconds: float) -> Sound | None:
    """The first seconds of the sound with its part of the limit."""
    if sound is None or form.audio is None or not sound.length:
        return None
    bits, rate, channels = sound_of(form.audio, 8 * limits.max_bytes / seconds, sound.channels)
    samples = np.ascontiguousarray(sound.samples[:, : round(seconds * sound.rate)])
    reduced = resampled(mixed(Pcm(samples, sound.rate), channels), rate)
    return audio_encode.encode(reduced, form.audio, bits)


def _richer_sound(sound: Pcm, coded: Sound, form: ContainerFormat, left: int) -> Sound | None:
    """The sound with so many bytes more at most; None where it has no use for them."""
    assert form.audio is not None  # noqa: S101  (there is coded sound)
    samples = np.ascontiguousarray(sound.samples[:, : round(coded.seconds * sound.rate)])
    most = coded.bit_rate + _AIM * 8 * left / coded.seconds
    for _ in range(_SOUNDS):
        bits, rate, channels = richest_sound(form.audio, most, sound.channels)
        if bits <= coded.bit_rate:
            return None
        reduced = resampled(mixed(Pcm(samples, sound.rate), channels), rate)
        richer = audio_encode.encode(reduced, form.audio, bits)
        # More samples a second are more packets.
        room = coded.size + left + _packets_of(coded) - _packets_of(richer)
        if richer.size < room:
            return richer if richer.size > _MORE_SOUND * coded.size else None
        # The encoder keeps to a rate on the average only.
        most = _AIM * bits * room / richer.size
    return None


def _packets_of(sound: Sound) -> int:
    """Bytes that a container takes for packets of sound, about."""
    return round(_A_SOUND * sound.seconds * sound.rate / 1024)


def _fitted(
    name: str,
    form: ContainerFormat,
    limits: Limits,
    frames: Frames,
    sound: Pcm | None,
    colours: FrameConversion,
    progress: ProgressCallback | None,
) -> FittedClip:
    """The best clip of frames and sound; where it does not fit else, with the sound that takes fewest bits.

    Raises:
        BudgetError: not even the smallest clip fits.
    """
    work = _Fit(name, form, limits, progress)
    try:
        return work.fit(frames, sound, colours)
    except BudgetError:
        sparing = None if sound is None else sparing_format(limits, form)
        if sparing is None:
            raise
        return work.within(sparing).fit(frames, sound, colours)


class _Fit:
    """Encodes frames until they fit."""

    def __init__(
        self, name: str, form: ContainerFormat, limits: Limits, progress: ProgressCallback | None
    ) -> None:
        self._name = name
        self._form = form
        self._limits = limits
        self._progress = progress
        self._trials: list[Trial] = []

    def within(self, form: ContainerFormat) -> _Fit:
        """The same in another form, the trials so far kept."""
        other = _Fit(self._name, form, self._limits, self._progress)
        other._trials = self._trials
        return other

    def fit(self, frames: Frames, sound: Pcm | None, colours: FrameConversion) -> FittedClip:
        """The best clip of these frames; smaller ones where they can't be kept."""
        coded = _coded_sound(sound, self._form, self._limits, frames.end)
        fitted = self._with_sound(frames, coded, colours)
        if coded is None or sound is None:
            return fitted
        left = self._limits.max_bytes - len(fitted.data)
        if left < _UNUSED * self._limits.max_bytes:
            return fitted
        # The pictures have no use for what is left, but what their encoder keeps to at least.
        spare = self._bit_rate(frames, coded) - _LEAST_BIT_RATE
        richer = _richer_sound(sound, coded, self._form, min(left, round(spare * coded.seconds / 8)))
        if richer is None:
            return fitted
        try:
            again = self._with_sound(frames, richer, colours)
        except BudgetError:
            # What is left is fewer bits than the encoder of pictures keeps to.
            return replace(fitted, trials=tuple(self._trials))
        as_large = (again.width, again.height) == (fitted.width, fitted.height)
        return again if as_large else replace(fitted, trials=again.trials)

    def _with_sound(self, frames: Frames, coded: Sound | None, colours: FrameConversion) -> FittedClip:
        """The best clip of frames and this sound."""
        limit = self._limits.max_bytes
        with ExitStack() as stack:
            while True:
                if self._form.video == "h264":
                    fitted = self._at_half_rate(frames, coded, colours)
                    fitted = fitted or self._at_size(frames, coded, colours, settled=False)
                else:
                    canvas = picture_format_of(frames.width, frames.height)
                    with framed(frames, canvas.width, canvas.height) as whole:
                        fitted = self._at_size(whole, coded, colours, settled=True)
                if fitted is not None:
                    return fitted
                width, height = frames.width * 3 // 10 * 2, frames.height * 3 // 10 * 2
                if min(width, height) < _SMALLEST:
                    smallest = min((trial.size for trial in self._trials), default=None)
                    raise BudgetError(self._name, limit, smallest=smallest, hint=_BETTER)
                frames = stack.enter_context(resized(frames, width, height))

    def _at_half_rate(
        self, frames: Frames, sound: Sound | None, colours: FrameConversion
    ) -> FittedClip | None:
        """The best clip of every second picture; None where all of them are worth their bits."""
        pixels = frames.width * frames.height * len(frames) / frames.end
        if len(frames) / frames.end < _FLUENT or self._bit_rate(frames, sound) > _SCARCE * pixels:
            return None
        if motion(frames) > _STILL:
            return None
        with halved(frames) as fewer:
            return self._at_size(fewer, sound, colours, settled=False, least=_COARSE)

    def _bit_rate(self, frames: Frames, sound: Sound | None) -> float:
        """Bits a second that are left for the pictures, negative where there are none."""
        overhead = _FIXED + _A_PICTURE * len(frames)
        if sound is not None:
            overhead += sound.size + _packets_of(sound)
        return 8 * (_AIM * self._limits.max_bytes - overhead) / frames.end

    def _at_size(
        self,
        frames: Frames,
        sound: Sound | None,
        colours: FrameConversion,
        *,
        settled: bool,
        least: float = 0.0,
    ) -> FittedClip | None:
        """The best clip of frames of this size, or, unless that is settled, of one that suits them.

        None: they can't be kept, or have a finer quantiser than ``least``.
        """
        tried: list[tuple[int, float]] = []
        sized = frames
        with ExitStack() as stack:
            while True:
                encoder = stack.enter_context(Encoder(sized, self._progress))
                bit_rate = min(self._bit_rate(sized, sound), self._most(sized))
                settings = self._settings(sized, bit_rate, len(sized) / sized.end, colours)
                if settings is None:
                    return None
                quantiser = encoder.measure(settings)
                if quantiser is not None:
                    if not tried and quantiser < least:
                        return None
                    tried.append((sized.width * sized.height, quantiser))
                size = None if settled or quantiser is None else _suited(frames, tried)
                if size is None or size == (sized.width, sized.height):
                    fitted = self._passes(encoder, settings, sized, sound)
                    return None if fitted is None else replace(fitted, quantiser=quantiser)
                sized = stack.enter_context(resized(frames, *size))

    def _at_quantiser(
        self, encoder: Encoder, settings: Settings, frames: Frames, sound: Sound | None
    ) -> FittedClip | None:
        """MPEG-4 or H.263 at the rate, else with the finest quantiser that keeps to limit and level.

        Their encoders find to a rate within some seconds, and short clips end before.
        """
        made: dict[int, FittedClip] = {}

        def encode(settings: Settings) -> tuple[int, int]:
            """The size of the file, and that of all in it but the pictures."""
            coded = encoder.encode(settings)
            data = mux(coded, sound, self._form.content_type)
            self._trials.append(Trial(frames.width, frames.height, None, len(data), coded.words))
            words = (coded.words,) if sound is None else (coded.words, sound.words)
            made[len(data)] = self._fitted(frames, data, words)
            return len(data), len(data) - coded.size

        size, rest = encode(settings)
        within = round(rest + _LOOSE * self._most(frames) * frames.end / 8)
        limit = min(self._limits.max_bytes, within)
        if not _ENOUGH * limit <= size <= limit:
            finest, coarsest = settings.quantisers
            while finest < coarsest:
                middle = math.isqrt(finest * coarsest)
                if encode(replace(settings, quantisers=(middle, middle)))[0] <= limit:
                    coarsest = middle
                else:
                    finest = middle + 1
            if coarsest == settings.quantisers[1]:
                encode(replace(settings, quantisers=(coarsest, coarsest)))
        best = max((size for size in made if size <= limit), default=None)
        return None if best is None else replace(made[best], trials=tuple(self._trials))

    def _passes(
        self, encoder: Encoder, settings: Settings, frames: Frames, sound: Sound | None
    ) -> FittedClip | None:
        """Encode until the file uses what there is, and no more; None: it can't be kept."""
        if settings.codec != "h264":
            return self._at_quantiser(encoder, settings, frames, sound)
        limit = self._limits.max_bytes
        best: FittedClip | None = None
        for _ in range(_PASSES):
            try:
                coded = encoder.encode(settings)
            except TranscodeError:
                # The rate is lower than the coarsest quantiser's.
                break
            data = mux(coded, sound, self._form.content_type)
            self._trials.append(Trial(frames.width, frames.height, None, len(data), coded.words))
            if len(data) <= limit and (best is None or len(data) > len(best.data)):
                words = (coded.words,) if sound is None else (coded.words, sound.words)
                best = self._fitted(frames, data, words)
            if _ENOUGH * limit <= len(data) <= limit:
                break
            ratio = (_AIM * limit - (len(data) - coded.size)) / coded.size
            wanted = round(min(settings.bit_rate * ratio, self._most(frames)))
            if wanted < _LEAST_BIT_RATE or wanted == settings.bit_rate:
                break
            settings = replace(settings, bit_rate=wanted)
        return best

    def _settings(
        self, frames: Frames, bit_rate: float, frame_rate: float, colours: FrameConversion
    ) -> Settings | None:
        if bit_rate < _LEAST_BIT_RATE:
            return None
        codec = self._form.video
        return Settings(
            codec,
            round(bit_rate),
            frame_rate,
            profile=self._limits.h264_profile,
            effort=effort_of(Shape(frames.width, frames.height, frame_rate), frames.end),
            level=0
            if codec == "h264"
            else dict(picture_format_of(frames.width, frames.height).levels)[codec],
            colour=colours.written(frames.width, frames.height),
        )

    def _most(self, frames: Frames) -> float:
        """Bits a second that the level allows: x264 names the one that holds peaks of twice as many."""
        if self._form.video != "h264":
            return picture_format_of(frames.width, frames.height).bit_rate
        # Flat pictures can't use more, however much there is.
        useful = _MOST_BITS * frames.width * frames.height * len(frames) / frames.end
        return min(level_of(self._limits.h264_level).bit_rate / 2, useful)

    def _fitted(self, frames: Frames, data: bytes, words: tuple[str, ...]) -> FittedClip:
        return FittedClip(
            data,
            self._form.content_type,
            frames.width,
            frames.height,
            frames.end,
            tuple(self._trials),
            words,
        )


def _suited(frames: Frames, tried: Sequence[tuple[int, float]]) -> tuple[int, int] | None:
    """The next size to try where a first pass left blocks, or went too far; None: the last one is right.

    Args:
        frames: those of the first size, which is the largest.
        tried: pixels and mean quantisers of first passes.
    """
    pixels, quantiser = tried[-1]
    if quantiser <= _COARSEST and (len(tried) == 1 or quantiser >= _FINE):
        return None
    if len(tried) == _SIZES:
        return None
    step = _QUANTISER_STEP
    if len(tried) > 1:
        before, other = tried[-2]
        step = max(step, (quantiser - other) / math.log2(pixels / before))
    wanted = pixels * max(_LEAST_PART, 2 ** ((_BEARABLE - quantiser) / step))
    scale = min(1.0, math.sqrt(wanted / (frames.width * frames.height)))
    width, height = (
        min(side, max(_SMALLEST, 2 * round(side * scale / 2))) for side in (frames.width, frames.height)
    )
    return width, height


def _add_changes(
    record: Record,
    clip: Clip,
    found: Scan,
    decoded: video.DecodedClip,
    fitted: FittedClip,
    options: ClipOptions,
) -> None:
    """Say what became of the clip."""
    shown = record.source_size
    notes: list[Note] = []
    if decoded.was_interlaced:
        notes.append(
            Note("deinterlaced", "interlaced: the lines of two times in one picture made of one time")
        )
    if decoded.was_clear:
        notes.append(Note("flattened", "transparency laid over white"))
    if decoded.is_broken and not found.is_joined:
        notes.append(Note("source-damaged", "pictures are damaged or missing; what is there was used"))
    if options.start > 0 or not found.is_whole:
        begin = f" from {options.start:g} s on" if options.start else ""
        notes.append(trimmed(fitted.seconds, _seconds_of(clip, found), begin))
    if shown is not None and (fitted.width, fitted.height) != shown:
        text = f"{shown[0]} x {shown[1]} reduced to {fitted.width} x {fitted.height} pixels"
        notes.append(Note("resized", text))
    notes.append(Note("converted", f"{clip.video.codec} coded anew as {'; '.join(fitted.settings)}"))
    record.add([*notes, *_dropped(clip)])
