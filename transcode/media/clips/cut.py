"""A range of an H.264 clip whose pictures are not re-encoded: it begins at a key frame."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError

from transcode.media.clips.clip import packets
from transcode.media.clips.video_encode import CONTAINERS
from transcode.media.sound import amr, audio_encode
from transcode.media.source.container import open_container
from transcode.media.source.mp4 import fast_start
from transcode.media.source.packets import packet_of
from transcode.media.source.timing import SAME, lasting, stamped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.clips.clip import Clip, Scan
    from transcode.media.sound.audio_encode import Encoded
    from transcode.media.source.inputs import Input

__all__ = ["TOLERANCE", "Range", "cut"]

#: How far a range that is kept may begin and end from the one that was asked for, in seconds. Chosen.
TOLERANCE = 0.5

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
    _content: Input = field(repr=False)
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
        return fast_start(file.getvalue())

    def _moved(self, found: Sequence[Any], stream: Any) -> list[Any]:
        """Copies of packets for a stream, the range's begin at zero; none lasts longer than the range."""
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
        """Give pictures times of decoding, which not every container has; the last stands until the end."""
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
    """The range of a clip that can be had without re-encoding pictures and is near enough to the one asked.

    It begins at the nearest key frame and ends before the first picture that does not belong to it; one that
    is on show at its end is shown until then.

    Args:
        content: the source.
        clip, found: what it holds, and its packets; the pictures are H.264.
        start: where the range should begin, in seconds from the presentation's begin.
        seconds: how long it should be; it is never longer.
        end: until when the last picture of all stands, in seconds from the presentation's begin.
        max_bytes: the most that its packets may take.
        sound: whether its sound goes along as it is coded.

    Returns:
        The range; None where there is none within TOLERANCE of the one asked for, where it is too large,
        or where packets alone do not tell what is shown.
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
    """Whether the list of packets leaves a range possible: one that can't be had costs no reading.

    There must be a key frame that is near enough, of which a list of less than TOLERANCE tells nothing. What
    stands further than TOLERANCE within the range asked for is in any that is near enough.
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
    """Packets of pictures and of sound from before a range to behind it.

    Raises:
        ValueError: one without a time.
    """
    pictures: list[Any] = []
    heard: list[Any] = []
    codec = "" if clip.audio is None else clip.audio.codec
    end = start + seconds
    for packet in packets(container, clip, max(0.0, start - TOLERANCE), sound=sound):
        if packet.pts is None:
            raise ValueError("a packet without a time")
        decoded = clip.time(packet.pts if packet.dts is None else packet.dts, packet.time_base)
        if packet.stream.index != clip.video.index:
            heard += amr.singles(packet, codec)
            continue
        if decoded < end + TOLERANCE:
            pictures.append(packet)
        # Sound does not tell: it may go on behind the last picture, which comes when all is read.
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
    times: Sequence[float], first: int, lengths: Sequence[float], end: float
) -> tuple[int, float] | None:
    """The last picture that all those before a time need, and when it ends, which is no later.

    Those behind it in the order of decoding are shown later than all up to it: they can be left out.

    Args:
        times: when each picture is shown, in the order of decoding.
        first: the picture that is kept first.
        lengths: how long each is shown.
        end: when all ends.
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
    """The packets of sound that are heard within a range, and those that a decoder needs before."""
    within = [
        place
        for place, packet in enumerate(heard)
        if _end(packet, clip) > begin + SAME and _time(packet, clip) < end - SAME and not packet.is_discard
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
