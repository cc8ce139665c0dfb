"""Clips as containers: their streams, and which packets a window of time needs.

Durations and rates in headers are not believed: the packets of the window are listed, which is
cheap beside decoding them, and what they say counts.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from av.error import FFmpegError

from transcode.errors import CapError, LimitsError, SourceError, UnsupportedError
from transcode.media.sound.audio import best_stream
from transcode.media.source.container import (
    audio_streams,
    data_streams,
    open_container,
    said_seconds,
    tags_of,
    undecoded,
    video_streams,
)
from transcode.media.source.timing import SAME, Restarts, busy, lasting, period
from transcode.media.source.tracks import best_video, counted, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from transcode.media.source.inputs import Input

__all__ = ["Clip", "Listed", "Scan", "Track", "packets", "probe", "probe_in", "scan", "scan_in"]

#: Sample aspect ratios outside of this range are mistakes in a header. Chosen.
_ODDEST_ASPECT = 4.0

#: Seconds by which packets may stand earlier in a file than in time: decoders reorder sixteen
#: pictures at most (ITU-T H.264, A.3.1).
_REORDER = 1.0

#: Seconds before a start at which a key frame is looked for, one after the other: transport streams have
#: no index, and a search in them ends anywhere. Chosen.
_BACK = (0.0, 2.0, 10.0, 30.0, math.inf)


class RestartError(ValueError):
    """The clock of a broadcast begins anew: what follows has times of what was before."""


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a container.

    Attributes:
        index: its number in the container.
        codec: FFmpeg's name, such as ``"h264"``.
        profile: of the codec, in FFmpeg's words, or None.
        level: of the codec, as its bit stream has it, or None.
        width, height: in stored pixels; 0 for sound.
        aspect: width of a pixel in units of its height.
        rate: frames a second as the container says, or None; for sound, samples a second.
    """

    index: int
    codec: str
    profile: str | None = None
    level: int | None = None
    width: int = 0
    height: int = 0
    aspect: float = 1.0
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """What a container holds that can be shown and heard.

    Attributes:
        format: FFmpeg's names of the container's format, such as ``"mov,mp4,m4a,3gp,3g2,mj2"``.
        video: the picture stream; covers and attached pictures are none.
        audio: the sound stream, or None.
        others: streams besides these two, without those that can't be decoded.
        left: what these are, in words, those that are alike in one.
        begin: when the presentation begins on the container's clock, in seconds.
        duration: in seconds, as the header says; a hint, not to be relied on. None: not known.
        tags: words for its metadata, none of which leaves with a rendition.
        was_read: whether packets were read of the container to find the picture stream, so that it does not
            stand at its begin.
    """

    format: str
    video: Track
    audio: Track | None
    others: int = 0
    left: tuple[str, ...] = ()
    begin: float = 0.0
    duration: float | None = None
    tags: tuple[str, ...] = ()
    was_read: bool = field(default=False, compare=False)

    def time(self, stamp: int, base: Any) -> float:
        """A stamp in seconds from the presentation's begin."""
        return float(stamp * base) - self.begin


@dataclass(frozen=True, slots=True)
class Listed:
    """One packet of a listed window: times in seconds from the presentation's begin, size in bytes.

    A picture's duration is the time until the next one is shown.
    """

    time: float
    duration: float
    size: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """The packets of a window, in the order in which the container has them.

    Attributes:
        video: the pictures', from the last key frame before the window on.
        audio: the sound's.
        end: when the last of them ends, in seconds from the presentation's begin.
        is_whole: whether nothing follows behind the window's end.
        is_broken: whether reading stopped at a fault.
        is_joined: whether that is a clock that begins anew.
    """

    video: tuple[Listed, ...]
    audio: tuple[Listed, ...]
    end: float
    is_whole: bool
    is_broken: bool
    is_joined: bool = False

    @property
    def pictures_end(self) -> float:
        """When the last of the pictures ends, in seconds from the presentation's begin."""
        return max(packet.time + packet.duration for packet in self.video)

    @property
    def bit_rate(self) -> float:
        """Coded bits a second of the pictures while they change, infinite where they have no duration."""
        seconds = busy([packet.time for packet in self.video], self.pictures_end)
        return 8 * sum(packet.size for packet in self.video) / seconds if seconds > 0 else math.inf

    @property
    def period(self) -> float:
        """The usual time from one picture to the next, in seconds; 0 where there are not two."""
        return period([packet.time for packet in self.video])

    def busy(self, start: float, end: float) -> float:
        """Seconds between two times in which pictures change, and one of those in which the last stands."""
        return busy([start, *(packet.time for packet in self.video if start < packet.time < end)], end)


def probe(content: Input) -> Clip:
    """What a clip holds, by its headers. Opens it; the same errors as probe_in."""
    with open_container(content) as container:
        return probe_in(content, container)


def probe_in(content: Input, container: InputContainer) -> Clip:
    """What a clip holds, by its headers.

    Args:
        content: the source.
        container: of it, just opened. Packets are read only where there are several streams of pictures.

    Raises:
        UnsupportedError: there are no pictures in it that a decoder is there for.
        CapError: its frames are too large.
    """
    streams = video_streams(container, content)
    if not streams:
        raise UnsupportedError(content.name, "no moving pictures in it that can be decoded")
    seen = counted(container, streams) if len(streams) > 1 else {}
    video = _video_track(best_video(streams, seen))
    if video.width * video.height > content.limits.clip_pixels:
        raise CapError(
            content.name, f"frames of {video.width} x {video.height} pixels; larger ones are refused"
        )
    audio = None
    if audio_streams(container, content):
        chosen = best_stream(container, content)
        context = chosen.codec_context
        audio = Track(
            chosen.index,
            context.codec.canonical_name,
            profile=context.profile,
            rate=context.sample_rate,
        )
    used = [video.index] + ([audio.index] if audio is not None else [])
    # What can't be decoded is told by itself.
    known = {*used, *(lost.index for lost in undecoded(content, container))}
    others = [stream for stream in container.streams if stream.index not in known]
    # Streams tell where it begins; container.start_time counts covers and data streams as well.
    starts = [_start(container.streams[index]) for index in used]
    begin = min((start for start in starts if start is not None), default=0.0)
    return Clip(
        container.format.name,
        video,
        audio,
        others=len(others),
        left=words_of(others, seen, data_streams(container, content)),
        begin=begin,
        duration=_duration(container, used, begin),
        tags=tags_of(container),
        was_read=bool(seen),
    )


def _start(stream: Any) -> float | None:
    if stream.start_time is None or not stream.time_base:
        return None
    return float(stream.start_time * stream.time_base)


def _duration(container: InputContainer, used: list[int], begin: float) -> float | None:
    """Seconds from the begin to the end of the streams that are used, as headers say; None: they do not.

    Another stream may go on for longer.
    """
    streams: list[Any] = [container.streams[index] for index in used]
    ends = [
        float((stream.start_time + stream.duration) * stream.time_base)
        for stream in streams
        if stream.start_time is not None and stream.duration is not None and stream.time_base is not None
    ]
    found = max(ends) - begin if len(ends) == len(streams) else said_seconds(container, begin)
    return found if found is not None and found > 0 else None


def _video_track(stream: VideoStream) -> Track:
    context = stream.codec_context
    aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio
    ratio = float(aspect) if aspect else 1.0
    if not 1 / _ODDEST_ASPECT <= ratio <= _ODDEST_ASPECT:
        ratio = 1.0
    rate = stream.average_rate or stream.guessed_rate
    return Track(
        stream.index,
        context.codec.canonical_name,
        profile=context.profile,
        level=context.level if context.level > 0 else None,
        width=context.width,
        height=context.height,
        aspect=ratio,
        rate=float(rate) if rate and 0 < rate < 1000 else None,
    )


def scan(content: Input, clip: Clip, start: float, seconds: float) -> Scan:
    """List the packets that a window of time needs. Opens the source; the same errors as scan_in."""
    with open_container(content) as container:
        return scan_in(content, container, clip, start, seconds)


def scan_in(
    content: Input,
    container: InputContainer,
    clip: Clip,
    start: float,
    seconds: float,
    show: Callable[[Any], object] = bool,
) -> Scan:
    """List the packets that a window of time needs.

    Args:
        content: the source.
        container: of it, open, of which no packet was read yet.
        clip: what it holds.
        start: where the window begins, in seconds from the presentation's begin.
        seconds: how long it is.
        show: called with each packet of pictures, from the last key frame before start on.

    Raises:
        CapError: there are too many of them.
        SourceError: there are no pictures.
        LimitsError: the source ends before start.
    """
    indices = [clip.video.index] + ([clip.audio.index] if clip.audio is not None else [])
    found: dict[int, list[Listed]] = {index: [] for index in indices}
    past: set[int] = set()
    broken, joined, whole, following = False, False, True, math.inf
    first: Listed | None = None
    try:
        for packet in packets(container, clip, start, sound=True):
            index = packet.stream.index
            if index == clip.video.index:
                show(packet)
            if packet.is_discard:
                continue
            listed = _listed(packet, clip, found)
            if listed.time >= start + seconds:
                whole = False
                if index == clip.video.index:
                    following, first = min(following, listed.time), first or listed
                if listed.time >= start + seconds + _REORDER or index != clip.video.index:
                    past.add(index)
                if past == set(found):
                    break
                continue
            found[index].append(listed)
            if sum(map(len, found.values())) > content.limits.packets:
                raise CapError(content.name, f"more than {content.limits.packets:,} packets; given up")
    except CapError:
        raise
    except (FFmpegError, OSError, ValueError) as error:
        broken, joined = True, isinstance(error, RestartError)
    edited = _edited(container, clip)
    if not found[clip.video.index] and first is not None:
        # Of pictures that begin behind the window the first is shown in it.
        found[clip.video.index].append(first)
    video = tuple(_shown(found[clip.video.index], clip, following, edited))
    audio = tuple(found[clip.audio.index]) if clip.audio else ()
    if not video:
        raise SourceError(content.name, "not one picture in it")
    end = max(packet.time + packet.duration for packet in (*video, *audio))
    if start > 0 and end <= start:
        raise LimitsError(f"start is {start:g} s, but {content.name} ends after {end:.2f} s")
    return Scan(video, audio, end, whole, broken, joined)


def _edited(container: InputContainer, clip: Clip) -> float:
    """When an edit list ends the pictures, in seconds from the presentation's begin; infinite without one."""
    stream: Any = container.streams[clip.video.index]
    if not _is_mp4(clip) or stream.start_time is None or stream.duration is None:
        return math.inf
    return clip.time(stream.start_time + stream.duration, stream.time_base)


def _shown(found: list[Listed], clip: Clip, following: float, edited: float) -> list[Listed]:
    """Pictures with the time that each is shown for.

    Args:
        found: with the durations that their packets have.
        clip: what they are of.
        following: when the first picture behind them is shown; infinite where there is none.
        edited: when an edit list ends them; infinite without one.
    """
    if not found:
        return []
    times = [packet.time for packet in found]
    last = max(times)
    # In MP4 the last step of all is that of the picture that is shown last.
    length = found[-1].duration if _is_mp4(clip) else found[times.index(last)].duration
    usual = period(times) or 1 / (clip.video.rate or 25)
    end = last + (length if length > usual / 2 else usual)
    if last + SAME < edited < end:
        end = edited
    if last < following < math.inf:
        end = following
    durations = lasting(times, end)
    return [replace(packet, duration=shown) for packet, shown in zip(found, durations, strict=True)]


def _is_mp4(clip: Clip) -> bool:
    return "mov" in clip.format.split(",")


def packets(container: InputContainer, clip: Clip, start: float, *, sound: bool = False) -> Iterator[Any]:
    """Packets of a clip's pictures, from the last key frame before start on.

    Args:
        container: of the clip, open.
        clip: what it holds.
        start: in seconds from the presentation's begin.
        sound: whether to give those of the sound too.

    Raises:
        RestartError: the clock begins anew.
    """
    indices = [clip.video.index] + ([clip.audio.index] if sound and clip.audio is not None else [])
    if start > 0:
        _seek(container, clip, start)
    restarts = Restarts(clip.format)
    for packet in container.demux([container.streams[index] for index in indices]):
        # An empty one stands at each stream's end.
        if packet.size:
            if restarts.at(packet):
                raise RestartError
            yield packet


def _seek(container: InputContainer, clip: Clip, start: float) -> None:
    """Go to a key frame before start, the last one where the container has an index."""
    for back in _BACK:
        place = math.floor((clip.begin + max(0.0, start - back)) * 1e6)
        with contextlib.suppress(FFmpegError, OSError):
            container.seek(place)
            if _begins_before(container, clip, start):
                container.seek(place)
                return
    # The first octet: a transport stream's begin is not found by its time.
    with contextlib.suppress(FFmpegError, OSError):
        container.seek(0, unsupported_byte_offset=True)


def _begins_before(container: InputContainer, clip: Clip, start: float) -> bool:
    """Whether the first key frame from here on is shown by then."""
    with contextlib.suppress(FFmpegError, OSError, ValueError):
        for packet in container.demux(container.streams[clip.video.index]):
            if packet.is_keyframe and packet.size and packet.pts is not None and packet.time_base:
                return clip.time(packet.pts, packet.time_base) <= start + SAME
    return False


def _listed(packet: Any, clip: Clip, found: dict[int, list[Listed]]) -> Listed:
    """A packet's place in time; without a stamp it follows the one before."""
    base = packet.time_base
    duration = float((packet.duration or 0) * base) if base else 0.0
    stamp = packet.dts if packet.pts is None else packet.pts
    if stamp is None or not base:
        before = found[packet.stream.index]
        time = before[-1].time + (before[-1].duration or 1 / (clip.video.rate or 25)) if before else 0.0
    else:
        time = clip.time(stamp, base)
    return Listed(time, max(duration, 0.0), packet.size, packet.is_keyframe)
