"""A range of an H.264 clip whose pictures are not coded anew: it begins at a key frame."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError

from transcode.media import audio_encode
from transcode.media.clip import packets
from transcode.media.container import open_container
from transcode.media.mp4 import fast_start
from transcode.media.video_encode import CONTAINERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.audio_encode import Encoded
    from transcode.media.clip import Clip, Scan
    from transcode.media.source import Content

__all__ = ["TOLERANCE", "Range", "cut"]

#: How far a range that is kept may begin and end from the one that was asked for, in seconds.
TOLERANCE = 0.5

#: Times that differ by less are the same: containers round them. In seconds.
_SAME = 0.0005

#: Packets of sound before the range, which a decoder needs and an edit list leaves out: AAC adds the
#: halves of two frames that follow each other (ISO/IEC 14496-3, 4.6.11).
_SOUND_BEFORE = 1

#: Seconds of sound that a container may put behind the pictures that it belongs to.
_INTERLEAVING = 2.0

#: The type of a NAL unit of a picture at which decoding can begin (ITU-T H.264, table 7-1). Key frames that
#: are none are followed by pictures that need what was before.
_IDR = 5


@dataclass(frozen=True, slots=True)
class Range:
    """Packets of a clip from a key frame on, in the order of decoding.

    Attributes:
        begin, end: in seconds from the presentation's begin.
        size: of the packets of pictures and sound, in bytes.
    """

    begin: float
    end: float
    size: int
    _content: Content = field(repr=False)
    _clip: Clip = field(repr=False)
    _pictures: tuple[Any, ...] = field(repr=False)
    _sound: tuple[Any, ...] = field(repr=False)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin

    def mux(self, content_type: str, sound: Encoded | None = None) -> bytes | None:
        """The range as a file that begins at zero, its index first.

        Args:
            content_type: one of video_encode.CONTAINERS.
            sound: to be heard from the range's begin on instead of the clip's own.

        Returns:
            The file; None where the muxer does not take the packets.
        """
        file = io.BytesIO()
        form = CONTAINERS[content_type][0]
        options = {"fflags": "+bitexact"}
        if sound is not None:
            options["movie_timescale"] = str(sound.rate)
        try:
            with (
                open_container(self._content) as source,
                av.open(file, "w", format=form, container_options=options) as made,
            ):
                shown = made.add_stream_from_template(_video(source, self._clip))
                due = self._moved(self._pictures, shown, follow=True)
                if sound is not None:
                    due += audio_encode.packets(sound, audio_encode.add_stream(made, sound))
                elif self._sound and self._clip.audio is not None:
                    heard: Any = source.streams[self._clip.audio.index]
                    due += self._moved(self._sound, made.add_stream_from_template(heard), follow=False)
                for packet in sorted(due, key=lambda packet: packet.dts * packet.time_base):
                    made.mux_one(packet)
        except (FFmpegError, OSError, ValueError):
            return None
        return fast_start(file.getvalue())

    def _moved(self, found: Sequence[Any], stream: Any, *, follow: bool) -> list[Any]:
        """Copies for a stream, the range's begin at zero; none lasts longer than the range.

        Args:
            found: the packets.
            stream: of the file.
            follow: whether each lasts until the next, and the last to the range's end.
        """
        copies: list[Any] = []
        # Not every container has times of decoding: as late as they can be, in steps of the pictures.
        shown = sorted(packet.pts for packet in found)
        late = max(time - packet.pts for time, packet in zip(shown, found, strict=True))
        after = dict(pairwise(shown))
        for time, packet in zip(shown, found, strict=True):
            copy: Any = av.Packet(bytes(packet))
            copy.time_base, copy.stream = packet.time_base, stream
            by = round((self._clip.begin + self.begin) / packet.time_base)
            copy.pts, copy.dts, copy.is_keyframe = packet.pts - by, time - late - by, packet.is_keyframe
            left = max(1, round(self.seconds / packet.time_base) - copy.pts)
            lasts = after.get(packet.pts, packet.pts + left) - packet.pts if follow else packet.duration or 0
            copy.duration = min(lasts, left)
            copies.append(copy)
        return copies


def cut(
    content: Content, clip: Clip, found: Scan, start: float, seconds: float, *, max_bytes: int, sound: bool
) -> Range | None:
    """The range of a clip that can be had without coding pictures anew and is near enough to the one asked.

    It begins at the nearest key frame and ends before the first picture that does not belong to it.

    Args:
        content: the source.
        clip, found: what it holds, and its packets; the pictures are H.264.
        start: where the range should begin, in seconds from the presentation's begin.
        seconds: how long it should be; it is never longer.
        max_bytes: the most that its packets may take.
        sound: whether its sound goes along as it is coded.

    Returns:
        The range; None where there is none within TOLERANCE of the one asked for, where it is too large,
        or where packets alone do not tell what is shown.
    """
    try:
        with open_container(content) as container:
            context: Any = _video(container, clip).codec_context
            pictures, heard = _listed(container, clip, start, seconds, sound=sound)
            first = _first(pictures, clip, start, bytes(context.extradata or b""))
    except (FFmpegError, OSError, ValueError):
        return None
    if first is None:
        return None
    begin = _time(pictures[first], clip)
    last = _last(pictures, clip, first, min(start + seconds, begin + seconds), found.period)
    if last is None:
        return None
    place, end = last
    kept = pictures[first : place + 1]
    whole = max(_end(packet, clip) for packet in pictures[first:])
    if min(start + seconds, whole) - end > TOLERANCE or any(packet.is_discard for packet in kept):
        return None
    pieces = _sounding(heard, clip, begin, end)
    size = sum(packet.size for packet in (*kept, *pieces))
    return Range(begin, end, size, content, clip, tuple(kept), pieces) if size <= max_bytes else None


def _video(container: Any, clip: Clip) -> Any:
    return container.streams[clip.video.index]


def _time(packet: Any, clip: Clip) -> float:
    return clip.time(packet.pts, packet.time_base)


def _end(packet: Any, clip: Clip) -> float:
    return clip.time(packet.pts + (packet.duration or 0), packet.time_base)


def _listed(
    container: Any, clip: Clip, start: float, seconds: float, *, sound: bool
) -> tuple[list[Any], list[Any]]:
    """Packets of pictures and of sound from before a range to behind it.

    Raises:
        ValueError: one without a time.
    """
    pictures: list[Any] = []
    heard: list[Any] = []
    end = start + seconds
    for packet in packets(container, clip, max(0.0, start - TOLERANCE), sound=sound):
        if packet.pts is None:
            raise ValueError("a packet without a time")
        decoded = clip.time(packet.pts if packet.dts is None else packet.dts, packet.time_base)
        if packet.stream.index != clip.video.index:
            heard.append(packet)
        elif decoded < end + TOLERANCE:
            pictures.append(packet)
        if decoded >= end + _INTERLEAVING:
            break
    return pictures, heard


def _first(pictures: Sequence[Any], clip: Clip, start: float, extradata: bytes) -> int | None:
    """Where the nearest key frame stands; of two as near, the earlier."""
    near = [
        (abs(_time(packet, clip) - start), place)
        for place, packet in enumerate(pictures)
        if packet.is_keyframe and abs(_time(packet, clip) - start) <= TOLERANCE
    ]
    return next((place for _, place in sorted(near) if _is_idr(bytes(pictures[place]), extradata)), None)


def _last(
    pictures: Sequence[Any], clip: Clip, first: int, end: float, period: float
) -> tuple[int, float] | None:
    """The last picture that all those before a time need, and when it ends.

    Those behind it in the order of decoding are shown later than all up to it: they can be left out.
    One that has no duration is shown for a period.
    """
    times = [_time(packet, clip) for packet in pictures]
    later = [*reversed([*accumulate(reversed(times), min)]), math.inf]
    shown, until = -math.inf, -math.inf
    found = None
    for place in range(first, len(pictures)):
        length = _end(pictures[place], clip) - times[place]
        shown = max(shown, times[place])
        until = max(until, times[place] + (length if length > period / 2 else period))
        ends = min(until, later[place + 1])
        if shown < later[place + 1] and ends <= end + _SAME:
            found = place, ends
    return found


def _sounding(heard: Sequence[Any], clip: Clip, begin: float, end: float) -> tuple[Any, ...]:
    """The packets of sound that are heard within a range, and those that a decoder needs before."""
    within = [
        place
        for place, packet in enumerate(heard)
        if _end(packet, clip) > begin + _SAME and _time(packet, clip) < end - _SAME and not packet.is_discard
    ]
    return tuple(heard[max(0, within[0] - _SOUND_BEFORE) : within[-1] + 1]) if within else ()


def _is_idr(data: bytes, extradata: bytes) -> bool:
    """Whether a packet's picture needs none before it (ITU-T H.264, 7.4.1.2.4)."""
    if extradata[:1] != b"\x01":
        # Units behind start codes (annex B).
        return any(unit[:1] and unit[0] & 0x1F == _IDR for unit in data.split(b"\0\0\1")[1:])
    # Units behind their lengths (ISO/IEC 14496-15, 5.3.3.1).
    width, at = (extradata[4] & 3) + 1 if len(extradata) > 4 else 4, 0
    while at + width < len(data):
        if data[at + width] & 0x1F == _IDR:
            return True
        at += width + int.from_bytes(data[at : at + width], "big")
    return False
