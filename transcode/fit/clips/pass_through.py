"""Remux a clip whose video the receiver plays, whole or cut, without re-encoding the video."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.fit.clips.notes import dropped, range_kept
from transcode.fit.clips.soundtrack import encode_soundtrack, soundtrack
from transcode.fit.clips.video_plan import pictures_within, sound_within
from transcode.media.clips.cut import cut
from transcode.media.clips.rewrap import rewrap
from transcode.media.clips.video_colour import conversion
from transcode.model import Note

if TYPE_CHECKING:
    from transcode.fit.container_format import ContainerFormat
    from transcode.fit.record import Record
    from transcode.fit.sound.sounds import Sounds
    from transcode.media.clips.cut import Range
    from transcode.media.clips.window import ClipWindow
    from transcode.media.sound.audio_encode import Encoded
    from transcode.model import FitOptions, Limits, Rendition

__all__ = ["pass_through"]

#: Smallest difference in seconds between two times; containers round times.
_SAME_TIME = 0.001


def pass_through(
    sounds: Sounds,
    window: ClipWindow,
    form: ContainerFormat,
    limits: Limits,
    options: FitOptions,
    record: Record,
) -> Rendition | None:
    """Return a rendition with copied video; None: the video must be re-encoded.

    Args:
        sounds: the sound of the source.
        window: the window of the clip.
        form: format of the rendition.
        limits: what the rendition must keep to.
        options: the other options of the fit.
        record: receives the notes.
    """
    if not _plays(window, form, limits):
        return None
    keeps_sound = options.loudness is None and sound_within(window.clip, form)
    if window.scan.is_whole and not options.start:
        if keeps_sound and (whole := _whole(sounds, window, form, limits, record)) is not None:
            return whole
    elif not options.keyframe_cut:
        return None
    return _cut(sounds, window, form, limits, options, record, keeps_sound=keeps_sound)


def _plays(window: ClipWindow, form: ContainerFormat, limits: Limits) -> bool:
    """Return whether the receiver plays the source's video."""
    geometry, seen = window.look.geometry, window.look
    stored = (geometry.width, geometry.height)
    upright = geometry.orientation == 1 and geometry.shown == stored
    is_toned = conversion(seen.signal, stored, named=True).is_toned
    plain = not (is_toned or window.scan.is_broken or seen.is_interlaced)
    return upright and plain and pictures_within(window.clip, stored, window.rate, form, limits)


def _whole(
    sounds: Sounds, window: ClipWindow, form: ContainerFormat, limits: Limits, record: Record
) -> Rendition | None:
    """Remux the whole clip with its sound; None: the file is over the limit or can't be written."""
    clip, found = window.clip, window.scan
    if sum(packet.size for packet in (*found.video, *found.audio)) > limits.max_bytes:
        return None
    data = rewrap(sounds.content, clip, form.content_type, found.end)
    if data is None or len(data) > limits.max_bytes:
        return None
    record.add([Note("rewrapped", "within every limit: remuxed without metadata, not re-encoded")])
    record.add(dropped(clip))
    return record.rendition(
        data,
        form.content_type,
        (clip.video.width, clip.video.height),
        source_seconds=found.end,
        seconds=found.end,
        settings=tuple(track.codec for track in (clip.video, clip.audio) if track is not None),
    )


def _cut(
    sounds: Sounds,
    window: ClipWindow,
    form: ContainerFormat,
    limits: Limits,
    options: FitOptions,
    record: Record,
    *,
    keeps_sound: bool,
) -> Rendition | None:
    """Cut a clip at a key frame, with copied or re-encoded sound; None: no range fits."""
    clip, found = window.clip, window.scan
    piece = cut(
        sounds.content,
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
        piece, sound = _sounding(sounds, window, piece, form, limits, options, record)
    data = piece.mux(form.content_type, sound)
    if data is None or len(data) > limits.max_bytes:
        return None
    record.source_start = piece.begin
    record.add(range_kept(window, piece, options))
    if sound is not None and clip.audio is not None:
        record.add([Note("converted", f"{clip.audio.codec} re-encoded as {sound.words}")])
    record.add(dropped(clip))
    heard = clip.audio if keeps_sound else None
    settings = [track.codec for track in (clip.video, heard) if track is not None]
    return record.rendition(
        data,
        form.content_type,
        (clip.video.width, clip.video.height),
        source_seconds=window.source_seconds,
        seconds=piece.seconds,
        settings=(*settings, *([] if sound is None else [sound.words])),
    )


def _sounding(
    sounds: Sounds,
    window: ClipWindow,
    piece: Range,
    form: ContainerFormat,
    limits: Limits,
    options: FitOptions,
    record: Record,
) -> tuple[Range, Encoded | None]:
    """Return the range and its re-encoded sound; the range ends with the later of video and audio."""
    begun = replace(options, start=piece.begin)
    pcm, notes = soundtrack(sounds, window, form, limits, piece.seconds, begun)
    record.add(notes)
    sounding = piece.begin + (0.0 if pcm is None else pcm.seconds)
    piece = replace(piece, end=min(piece.end, max(window.scan.pictures_end, sounding)))
    return piece, encode_soundtrack(pcm, form, limits, piece.seconds)
