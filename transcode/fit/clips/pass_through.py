"""Remux a clip whose video the receiver plays, whole or cut, without re-encoding the video."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.fit.clips.notes import dropped, older_codec, range_kept
from transcode.fit.clips.simple_levels import simple_within
from transcode.fit.clips.sound_plan import sound_within
from transcode.fit.clips.soundtrack import encode_soundtrack, soundtrack
from transcode.fit.clips.video_plan import pictures_within
from transcode.media.clips.cut import cut
from transcode.media.clips.rewrap import rewrap
from transcode.media.clips.simple_video import CODECS
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
        form: format of the rendition, with the video codec of the clip.
        limits: what the rendition must keep to.
        options: the other options of the fit.
        record: receives the notes.
    """
    level = _played_level(sounds, window, form, limits, options)
    if level is None:
        return None
    copy = _Copy(sounds, window, form, limits, options, record, level)
    keeps_sound = options.loudness is None and sound_within(window.clip, form)
    if window.scan.is_whole and not options.start:
        if keeps_sound and (whole := copy.whole()) is not None:
            return whole
    elif not options.keyframe_cut:
        return None
    return copy.cut(keeps_sound=keeps_sound)


def _played_level(
    sounds: Sounds, window: ClipWindow, form: ContainerFormat, limits: Limits, options: FitOptions
) -> int | None:
    """Return the level of the source's video, 0 of H.264; None: the receiver does not play the video."""
    look = window.look
    stored = (look.geometry.width, look.geometry.height)
    is_toned = conversion(look.signal, stored, named=True).is_toned
    if look.geometry.orientation != 1 or is_toned or window.scan.is_broken or look.is_interlaced:
        return None
    if window.clip.video.odd_aspect:
        # A copy would keep the wrong shape.
        return None
    if form.video in CODECS:
        return simple_within(sounds.content, window, limits, options.start, options.seconds(limits))
    is_square = look.geometry.shown == stored
    return 0 if is_square and pictures_within(window.clip, stored, window.rate, form, limits) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Copy:
    """A clip whose video is copied: the arguments of pass_through(), and the level of its video."""

    sounds: Sounds
    window: ClipWindow
    form: ContainerFormat
    limits: Limits
    options: FitOptions
    record: Record
    level: int

    def whole(self) -> Rendition | None:
        """Remux the whole clip with its sound; None: the file is over the limit or can't be written."""
        clip, found = self.window.clip, self.window.scan
        if sum(packet.size for packet in (*found.video, *found.audio)) > self.limits.max_bytes:
            return None
        data = rewrap(self.sounds.content, clip, self.form.content_type, found.end, level=self.level)
        if data is None or len(data) > self.limits.max_bytes:
            return None
        self.record.add(older_codec(clip, self.limits))
        self.record.add([Note("rewrapped", "within every limit: remuxed without metadata, not re-encoded")])
        self.record.add(dropped(clip))
        codecs = tuple(track.codec for track in (clip.video, clip.audio) if track is not None)
        return self._rendition(data, found.end, found.end, codecs)

    def cut(self, *, keeps_sound: bool) -> Rendition | None:
        """Cut a clip at a key frame, with copied or re-encoded sound; None: no range fits."""
        clip, found, options = self.window.clip, self.window.scan, self.options
        piece = cut(
            self.sounds.content,
            clip,
            found,
            options.start,
            options.seconds(self.limits),
            end=found.pictures_end if self.form.audio is None else found.end,
            max_bytes=self.limits.max_bytes,
            sound=keeps_sound,
        )
        if piece is None or (not options.keyframe_cut and piece.begin > _SAME_TIME):
            return None
        sound = None
        if not keeps_sound:
            piece, sound = self._sounding(piece)
        data = piece.mux(self.form.content_type, sound, level=self.level)
        if data is None or len(data) > self.limits.max_bytes:
            return None
        self.record.add(older_codec(clip, self.limits))
        self.record.source_start = piece.begin
        self.record.add(range_kept(self.window, piece, options))
        if sound is not None and clip.audio is not None:
            self.record.add([Note("converted", f"{clip.audio.codec} re-encoded as {sound.words}")])
        self.record.add(dropped(clip))
        heard = clip.audio if keeps_sound else None
        codecs = [track.codec for track in (clip.video, heard) if track is not None]
        settings = (*codecs, *([] if sound is None else [sound.words]))
        return self._rendition(data, self.window.source_seconds, piece.seconds, settings)

    def _sounding(self, piece: Range) -> tuple[Range, Encoded | None]:
        """Return the range and its re-encoded sound; the range ends with the later of video and audio."""
        begun = replace(self.options, start=piece.begin)
        pcm, notes = soundtrack(self.sounds, self.window, self.form, self.limits, piece.seconds, begun)
        self.record.add(notes)
        sounding = piece.begin + (0.0 if pcm is None else pcm.seconds)
        piece = replace(piece, end=min(piece.end, max(self.window.scan.pictures_end, sounding)))
        return piece, encode_soundtrack(pcm, self.form, self.limits, piece.seconds)

    def _rendition(
        self, data: bytes, source_seconds: float | None, seconds: float, settings: tuple[str, ...]
    ) -> Rendition:
        """Return a rendition with the size of the source's video."""
        video = self.window.clip.video
        return self.record.rendition(
            data,
            self.form.content_type,
            (video.width, video.height),
            source_seconds=source_seconds,
            seconds=seconds,
            settings=settings,
        )
