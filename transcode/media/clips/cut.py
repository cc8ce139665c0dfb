"""Cuts a range out of a clip without re-encoding: the range starts at a key frame."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError

from transcode.media.clips.clip import packets
from transcode.media.clips.simple_video import CODECS, finished, is_intra
from transcode.media.clips.video_encode import CONTAINERS, MUX_OPTIONS
from transcode.media.sound import amr, audio_encode
from transcode.media.source.container import open_container
from transcode.media.source.packets import packet_of
from transcode.media.source.timing import SAME, lasting, stamped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.clips.clip import Clip, Scan
    from transcode.media.sound.audio_encode import Encoded
    from transcode.media.source.inputs import Input

__all__ = ["TOLERANCE", "Range", "cut"]

#: Largest difference of start and of end from the requested range, in seconds. Chosen.
TOLERANCE = 0.5

#: Audio packets before the range, which a decoder needs and an edit list skips: AAC adds the overlapping
#: halves of consecutive frames (ISO/IEC 14496-3, 4.6.11). And the largest time by which a file stores audio
#: after the video of the same time, in seconds.
_SOUND_BEFORE, _INTERLEAVING = 1, 2.0

#: The NAL unit type of IDR pictures (ITU-T H.264, table 7-1). After other key frames, frames may refer to
#: earlier frames.
_IDR = 5


@dataclass(frozen=True, slots=True)
class Range:
    """Packets of a clip from a key frame on, in decoding order.

    Attributes:
        begin, end: start and end, in seconds from the start of the presentation.
        size: the size of all video and audio packets, in bytes.
    """

    begin: float
    end: float
    size: int
    _content: Input = field(repr=False)
    _clip: Clip = field(repr=False)
    _pictures: tuple[Any, ...] = field(repr=False)
    _sound: tuple[Any, ...] = field(repr=False)

    @property
    def seconds(self) -> float:
        """The duration of the range, in seconds."""
        return self.end - self.begin

    def mux(self, content_type: str, sound: Encoded | None = None, *, level: int = 0) -> bytes | None:
        """Write the range as a file that starts at time 0, with the index (moov) first.

        Args:
            content_type: one of video_encode.CONTAINERS.
            sound: encoded sound that replaces the clip's own, from the start of the range on; None: the
                clip's own sound.
            level: the level of H.263, as its files code it.

        Returns:
            The file; None if the muxer refuses the packets.
        """
        file = io.BytesIO()
        form = CONTAINERS[content_type][0]
        options = dict(MUX_OPTIONS)
        if sound is not None:
            options["movie_timescale"] = str(sound.rate)
        try:
            with (
                open_container(self._content) as source,
                av.open(file, "w", format=form, container_options=options) as made,
            ):
                shown = made.add_stream_from_template(_video(source, self._clip))
                due = self._moved(self._pictures, shown)
                self._stamp(due)
                if sound is not None:
                    due += audio_encode.packets(sound, audio_encode.add_stream(made, sound))
                elif self._sound and self._clip.audio is not None:
                    heard: Any = source.streams[self._clip.audio.index]
                    due += self._moved(self._sound, made.add_stream_from_template(heard))
                for packet in sorted(due, key=lambda packet: packet.dts * packet.time_base):
                    made.mux_one(packet)
        except (FFmpegError, OSError, ValueError):
            return None
        return finished(file.getvalue(), self._clip.video.codec, level)

    def _moved(self, found: Sequence[Any], stream: Any) -> list[Any]:
        """Copy packets for a stream, with the start of the range at 0, and none longer than the range."""
        copies: list[Any] = []
        for packet in found:
            copy: Any = packet_of(packet)
            copy.time_base, copy.stream = packet.time_base, stream
            by = round((self._clip.begin + self.begin) / packet.time_base)
            copy.pts, copy.is_keyframe = packet.pts - by, packet.is_keyframe
            copy.dts = None if packet.dts is None else packet.dts - by
            left = max(1, round(self.seconds / packet.time_base) - copy.pts)
            copy.duration = min(packet.duration or 0, left)
            copies.append(copy)
        return copies

    def _stamp(self, pictures: Sequence[Any]) -> None:
        """Set the packets' decoding times, which some containers lack. The last frame lasts to the end."""
        shown = [packet.pts for packet in pictures]
        base = pictures[0].time_base
        end = max(max(shown) + 1, round(self.seconds / base))
        stamps = stamped(shown, end, float(1 / base), [packet.dts for packet in pictures])
        for packet, decoded, duration in zip(pictures, stamps.decoded, stamps.durations, strict=True):
            packet.dts, packet.duration = decoded, duration


def cut(
    content: Input,
    clip: Clip,
    found: Scan,
    start: float,
    seconds: float,
    *,
    end: float,
    max_bytes: int,
    sound: bool,
) -> Range | None:
    """Find a range of a clip that needs no re-encoding of video, near the requested range.

    The range starts at the nearest key frame. Its last frame is displayed until the end of the range.

    Args:
        content: the source.
        clip, found: the streams of the source, and its packets; the video is H.264, or of
            simple_video.CODECS without pictures that are shown before earlier ones.
        start: the requested start, in seconds from the start of the presentation.
        seconds: the requested duration, in seconds. The range is never longer.
        end: the end of the last frame of the source, in seconds from the start of the presentation.
        max_bytes: the limit for the size of the packets, in bytes.
        sound: whether the range includes the clip's encoded sound.

    Returns:
        The range. None if no range is within TOLERANCE of the requested range, if it is over max_bytes, or if
        the packets' timestamps do not determine the displayed frames.
    """
    if not _may_be(found, start, seconds, max(end, found.pictures_end), max_bytes):
        return None
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
    times = [_time(packet, clip) for packet in pictures]
    if len(set(times)) < len(times):
        return None
    whole = max(end, found.pictures_end, max(times) + found.period)
    wanted = min(start + seconds, begin + seconds, whole)
    last = _last(times, first, lasting(times, whole), wanted)
    if last is None:
        return None
    place, until = last
    kept = pictures[first : place + 1]
    if min(start + seconds, whole) - until > TOLERANCE or any(packet.is_discard for packet in kept):
        return None
    pieces = _sounding(heard, clip, begin, until)
    size = sum(packet.size for packet in (*kept, *pieces))
    return Range(begin, until, size, content, clip, tuple(kept), pieces) if size <= max_bytes else None


def _may_be(found: Scan, start: float, seconds: float, end: float, max_bytes: int) -> bool:
    """Whether a range is possible by the list of packets, so that an impossible range costs no reading.

    A key frame must be within TOLERANCE of the start. The list shows that only if the range is longer than
    twice TOLERANCE. Any possible range has all packets that are more than TOLERANCE inside the requested
    range.
    """
    is_near = any(packet.is_key and abs(packet.time - start) <= TOLERANCE + SAME for packet in found.video)
    if seconds > 2 * TOLERANCE and not is_near:
        return False
    first, last = start + TOLERANCE + SAME, min(start + seconds, end) - TOLERANCE - SAME
    return sum(packet.size for packet in found.video if first < packet.time < last) <= max_bytes


def _video(container: Any, clip: Clip) -> Any:
    return container.streams[clip.video.index]


def _time(packet: Any, clip: Clip) -> float:
    return clip.time(packet.pts, packet.time_base)


def _end(packet: Any, clip: Clip) -> float:
    return clip.time(packet.pts + (packet.duration or 0), packet.time_base)


def _listed(
    container: Any, clip: Clip, start: float, seconds: float, *, sound: bool
) -> tuple[list[Any], list[Any]]:
    """Return the video and audio packets from before a range to after it.

    Raises:
        ValueError: a packet has no timestamp.
    """
    pictures: list[Any] = []
    heard: list[Any] = []
    codec = "" if clip.audio is None else clip.audio.codec
    end = start + seconds
    for packet in packets(container, clip, max(0.0, start - TOLERANCE), sound=sound):
        if packet.pts is None:
            raise ValueError("a packet without a timestamp")
        decoded = clip.time(packet.pts if packet.dts is None else packet.dts, packet.time_base)
        if packet.stream.index != clip.video.index:
            heard += amr.singles(packet, codec)
            continue
        if decoded < end + TOLERANCE:
            pictures.append(packet)
        # Only video packets end the reading: the audio may be longer than the video.
        if decoded >= end + _INTERLEAVING:
            break
    return pictures, heard


def _first(pictures: Sequence[Any], clip: Clip, start: float, extradata: bytes) -> int | None:
    """Return the index of the nearest key frame; of two at the same distance, the earlier."""
    codec = clip.video.codec

    def is_start(data: bytes) -> bool:
        return is_intra(data, codec) if codec in CODECS else _is_idr(data, extradata)

    near = [
        (abs(_time(packet, clip) - start), place)
        for place, packet in enumerate(pictures)
        if packet.is_keyframe and abs(_time(packet, clip) - start) <= TOLERANCE
    ]
    return next((place for _, place in sorted(near) if is_start(bytes(pictures[place]))), None)


def _last(
    times: Sequence[float], first: int, lengths: Sequence[float], end: float
) -> tuple[int, float] | None:
    """Return the index of the last frame to keep, and the end of its display, at most ``end``; None if none.

    All frames after it in decoding order are displayed later than all frames up to it, so they can be
    dropped.

    Args:
        times: the presentation times of the frames, in decoding order, in seconds.
        first: the index of the first frame to keep.
        lengths: the display durations of the frames, in seconds.
        end: the end of the range, in seconds.
    """
    later = [*reversed([*accumulate(reversed(times), min)]), math.inf]
    shown, until = -math.inf, -math.inf
    found = None
    for place in range(first, len(times)):
        shown, until = max((shown, until), (times[place], times[place] + lengths[place]))
        if shown < later[place + 1] and shown < end - SAME:
            found = place, min(until, end)
    return found


def _sounding(heard: Sequence[Any], clip: Clip, begin: float, end: float) -> tuple[Any, ...]:
    """Return the audio packets within a range, and the packets before it that a decoder needs."""
    within = [
        place
        for place, packet in enumerate(heard)
        if _end(packet, clip) > begin + SAME and _time(packet, clip) < end - SAME and not packet.is_discard
    ]
    return tuple(heard[max(0, within[0] - _SOUND_BEFORE) : within[-1] + 1]) if within else ()


def _is_idr(data: bytes, extradata: bytes) -> bool:
    """Whether a packet has an IDR picture (ITU-T H.264, 7.4.1.2.4)."""
    if extradata[:1] != b"\x01":
        # NAL units after start codes (annex B).
        return any(unit[:1] and unit[0] & 0x1F == _IDR for unit in data.split(b"\0\0\1")[1:])
    # NAL units after their lengths (ISO/IEC 14496-15, 5.3.3.1).
    width, at = (extradata[4] & 3) + 1 if len(extradata) > 4 else 4, 0
    while at + width < len(data):
        if data[at + width] & 0x1F == _IDR:
            return True
        at += width + int.from_bytes(data[at : at + width], "big")
    return False
