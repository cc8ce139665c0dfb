"""Reads the streams of a clip's container, and lists the packets of a window of time.

Durations and rates in headers may be wrong. The packets of the window are listed instead, which costs little
compared with decoding them.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from av.error import FFmpegError

from transcode.errors import CapError, LimitsError, SourceError, UnsupportedError
from transcode.media.sound.audio import best_stream
from transcode.media.source.clock import RestartError, one_clock
from transcode.media.source.container import open_container, said_seconds, streams_in
from transcode.media.source.timing import SAME, busy, lasting, period
from transcode.media.source.tracks import best_video, counted, words_of
from transcode.media.source.unread import SAVE_CLIP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from transcode.media.source.container import OpenStreams
    from transcode.media.source.inputs import Input

__all__ = ["Clip", "Listed", "Scan", "Track", "packets", "probe", "probe_in", "scan", "scan_in"]

#: Largest pixel aspect ratio. Ratios above it, or below its inverse, are errors and are ignored. Chosen.
_ODDEST_ASPECT = 4.0

#: Largest time by which frames are reordered in a file, in seconds: decoders reorder at most sixteen frames
#: (ITU-T H.264, A.3.1).
_REORDER = 1.0

#: Seconds before a start to which seeks go, in order, until a key frame before the start is found: transport
#: streams have no index, so a seek is inexact. Chosen.
_BACK = (0.0, 2.0, 10.0, 30.0, math.inf)


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a container.

    Attributes:
        index: the index of the stream in the container.
        codec: FFmpeg's name of the codec, such as ``"h264"``.
        profile: FFmpeg's name of the codec profile, or None.
        level: the codec level, as the bit stream codes it, or None.
        width, height: the size in stored pixels; 0 for audio.
        aspect: the pixel aspect ratio: width divided by height of a stored pixel.
        rate: the frame rate in the container, in frames/s, or None; for audio, the sample rate in Hz.
        odd_aspect: a pixel aspect ratio that was ignored, such as ``"1:9"``; empty if there is none.
    """

    index: int
    codec: str
    profile: str | None = None
    level: int | None = None
    width: int = 0
    height: int = 0
    aspect: float = 1.0
    rate: float | None = None
    odd_aspect: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """The streams of a clip's container.

    Attributes:
        format: FFmpeg's names of the container's format, such as ``"mov,mp4,m4a,3gp,3g2,mj2"``.
        video: the chosen video stream. Cover pictures do not count as video.
        audio: the chosen audio stream, or None.
        others: the number of further streams, without those that can't be decoded.
        left: descriptions of the further streams, equal ones merged.
        begin: the start of the presentation on the container's clock, in seconds.
        duration: the duration in the header, in seconds, which may be wrong. None: unknown.
        tags: the kinds of metadata, all of which are dropped.
        was_read: whether packets were read to choose the video stream, so that the container is not at its
            start.
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
        """Convert a timestamp to seconds from the start of the presentation."""
        return float(stamp * base) - self.begin


@dataclass(frozen=True, slots=True)
class Listed:
    """One packet of a listed window: time in seconds from the start of the presentation, size in bytes.

    The duration of a video packet is the time in seconds until the next frame is displayed.
    """

    time: float
    duration: float
    size: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """The packets of a window, in the order of the container.

    Attributes:
        video: the video packets, from the last key frame before the window on.
        audio: the audio packets.
        end: the end of the last packet, in seconds from the start of the presentation.
        is_whole: whether the source has no packets after the window.
        is_broken: whether reading stopped at a fault.
        is_joined: whether the fault is a restart of the clock.
        pictures_end: the end of the last frame, in seconds from the start of the presentation.
        bit_rate: the video bit rate in bit/s, over the seconds of busy(); infinite if there is no duration.
        period: the usual frame period, in seconds; 0 if there are fewer than two frames.
    """

    video: tuple[Listed, ...]
    audio: tuple[Listed, ...]
    end: float
    is_whole: bool
    is_broken: bool
    is_joined: bool = False
    pictures_end: float = field(init=False)
    bit_rate: float = field(init=False)
    period: float = field(init=False)

    def __post_init__(self) -> None:
        times = [packet.time for packet in self.video]
        end = max(packet.time + packet.duration for packet in self.video)
        seconds, size = busy(times, end), sum(packet.size for packet in self.video)
        object.__setattr__(self, "pictures_end", end)
        object.__setattr__(self, "bit_rate", 8 * size / seconds if seconds > 0 else math.inf)
        object.__setattr__(self, "period", period(times))

    def busy(self, start: float, end: float) -> float:
        """Return the seconds between two times, with each frame counted for at most one second."""
        return busy([start, *(packet.time for packet in self.video if start < packet.time < end)], end)


def probe(content: Input) -> Clip:
    """Open a clip and return its streams, from its headers. It raises the errors of probe_in."""
    with open_container(content) as container:
        return probe_in(streams_in(content, container))


def probe_in(streams: OpenStreams) -> Clip:
    """Return the streams of a clip, from its headers.

    Args:
        streams: the streams of a newly opened source. Packets are read only if there are several video
            streams.

    Raises:
        UnsupportedError: the source has no video stream that can be decoded.
        CapError: the frames have more pixels than DecodeLimits.clip_pixels.
    """
    content, container = streams.content, streams.container
    if not streams.video:
        raise UnsupportedError(content.name, f"no video that can be decoded; {SAVE_CLIP}")
    seen = counted(container, streams.video) if len(streams.video) > 1 else {}
    video = _video_track(best_video(streams.video, seen))
    if video.width * video.height > content.limits.clip_pixels:
        size = f"frames of {video.width} x {video.height} pixels"
        raise CapError(content.name, f"{size}; at most {content.limits.clip_pixels:,} pixels are decoded")
    audio = None
    if streams.audio:
        chosen = best_stream(streams)
        context = chosen.codec_context
        audio = Track(
            chosen.index,
            context.codec.canonical_name,
            profile=context.profile,
            rate=context.sample_rate,
        )
    used = [video.index] + ([audio.index] if audio is not None else [])
    # Streams that can't be decoded are reported separately.
    known = {*used, *(lost.index for lost in streams.undecoded)}
    others = [stream for stream in container.streams if stream.index not in known]
    # container.start_time includes cover pictures and data streams, so the chosen streams give the start.
    starts = [_start(container.streams[index]) for index in used]
    begin = min((start for start in starts if start is not None), default=0.0)
    return Clip(
        container.format.name,
        video,
        audio,
        others=len(others),
        left=words_of(others, seen, streams.data()),
        begin=begin,
        duration=_duration(container, used, begin),
        tags=streams.tags,
        was_read=bool(seen),
    )


def _start(stream: Any) -> float | None:
    if stream.start_time is None or not stream.time_base:
        return None
    return float(stream.start_time * stream.time_base)


def _duration(container: InputContainer, used: list[int], begin: float) -> float | None:
    """Return the duration of the chosen streams by the headers, in seconds; None if it is not stated.

    Other streams may be longer.
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
    ratio, odd = float(aspect) if aspect else 1.0, ""
    if aspect and not 1 / _ODDEST_ASPECT <= ratio <= _ODDEST_ASPECT:
        ratio, odd = 1.0, f"{aspect.numerator}:{aspect.denominator}"
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
        odd_aspect=odd,
    )


def scan(content: Input, clip: Clip, start: float, seconds: float) -> Scan:
    """Open a source and list the packets of a window. It raises the errors of scan_in."""
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
    """List the packets that decoding a window needs.

    Args:
        content: the source.
        container: the open container of the source, before any packet is read.
        clip: the streams of the source.
        start: the start of the window, in seconds from the start of the presentation.
        seconds: the duration of the window, in seconds.
        show: called with each video packet, from the last key frame before start on.

    Raises:
        CapError: there are more packets than DecodeLimits.packets.
        SourceError: there are no video packets.
        LimitsError: the source ends before start.
    """
    indices = [clip.video.index] + ([clip.audio.index] if clip.audio is not None else [])
    found: dict[int, list[Listed]] = {index: [] for index in indices}
    past: set[int] = set()
    broken, joined, whole, following = False, False, True, math.inf
    held, repeated = 0.0, 0
    first: Listed | None = None
    try:
        for packet in packets(container, clip, start, sound=True, repeats=True):
            index = packet.stream.index
            if index == clip.video.index and packet.size:
                show(packet)
            if packet.is_discard:
                continue
            listed = _listed(packet, clip, found)
            if not packet.size and index == clip.video.index:
                held = max(held, listed.time + (listed.duration or 1 / (clip.video.rate or 25)))
                repeated += 1
            if listed.time >= start + seconds:
                whole = False
                if index == clip.video.index and packet.size:
                    following, first = min(following, listed.time), first or listed
                if listed.time >= start + seconds + _REORDER or index != clip.video.index:
                    past.add(index)
                if past == set(found):
                    break
                continue
            if packet.size:
                found[index].append(listed)
            if repeated + sum(map(len, found.values())) > content.limits.packets:
                raise CapError(content.name, f"more than {content.limits.packets:,} packets, the limit")
    except CapError:
        raise
    except (FFmpegError, OSError, ValueError) as error:
        broken, joined = True, isinstance(error, RestartError)
    edited = _edited(container, clip)
    if not found[clip.video.index] and first is not None:
        # If the video starts after the window, its first frame is displayed in the window.
        found[clip.video.index].append(first)
    video = tuple(_shown(found[clip.video.index], clip, following, (edited, held)))
    audio = tuple(found[clip.audio.index]) if clip.audio else ()
    if not video:
        raise SourceError(content.name, "no video frames")
    end = max(packet.time + packet.duration for packet in (*video, *audio))
    if start > 0 and end <= start:
        raise LimitsError(f"start is {start:g} s, but {content.name} ends after {end:.2f} s")
    return Scan(video, audio, end, whole, broken, joined)


def _edited(container: InputContainer, clip: Clip) -> float:
    """Return the end of the video by its edit list, in seconds from the start of the presentation.

    The result is infinite if there is no edit list.
    """
    stream: Any = container.streams[clip.video.index]
    if not _is_mp4(clip) or stream.start_time is None or stream.duration is None:
        return math.inf
    return clip.time(stream.start_time + stream.duration, stream.time_base)


def _shown(found: list[Listed], clip: Clip, following: float, ends: tuple[float, float]) -> list[Listed]:
    """Return video packets with the display durations of their frames.

    Args:
        found: the packets with the durations in the container.
        clip: the streams of the source.
        following: the time of the first later frame, in seconds; infinite if there is none.
        ends: the end of the video by an edit list, in seconds; infinite without one. The end of the last
            packet that repeats a frame; 0 without one.
    """
    if not found:
        return []
    edited, held = ends
    times = [packet.time for packet in found]
    last = max(times)
    # In MP4, the last packet in decoding order has the duration of the frame that is displayed last.
    length = found[-1].duration if _is_mp4(clip) else found[times.index(last)].duration
    usual = period(times) or 1 / (clip.video.rate or 25)
    end = last + (length if length > usual / 2 else usual)
    if last + SAME < edited < end:
        end = edited
    elif held:
        end = max(held, last + length)
    if last < following < math.inf:
        end = following
    durations = lasting(times, end)
    return [replace(packet, duration=shown) for packet, shown in zip(found, durations, strict=True)]


def _is_mp4(clip: Clip) -> bool:
    return "mov" in clip.format.split(",")


def packets(
    container: InputContainer, clip: Clip, start: float, *, sound: bool = False, repeats: bool = False
) -> Iterator[Any]:
    """Yield the video packets of a clip, from the last key frame before start on.

    Args:
        container: the open container of the clip.
        clip: the streams of the clip.
        start: the start in seconds, from the start of the presentation.
        sound: whether to yield the audio packets too.
        repeats: whether to yield packets without octets too, which repeat a frame (Theora, 7.1).

    Raises:
        RestartError: the clock restarts.
    """
    indices = [clip.video.index] + ([clip.audio.index] if sound and clip.audio is not None else [])
    if start > 0:
        _seek(container, clip, start)
    streams = [container.streams[index] for index in indices]
    for packet in one_clock(container.demux(streams), clip.format):
        # The demuxer yields an empty packet without a time at the end of each stream.
        if packet.size or (repeats and packet.pts is not None):
            yield packet


def _seek(container: InputContainer, clip: Clip, start: float) -> None:
    """Seek to a key frame before start: to the last one, if the container has an index."""
    for back in _BACK:
        place = math.floor((clip.begin + max(0.0, start - back)) * 1e6)
        with contextlib.suppress(FFmpegError, OSError):
            container.seek(place)
            if _begins_before(container, clip, start):
                container.seek(place)
                return
    # Seek to the first octet: a seek by time does not find the start of a transport stream.
    with contextlib.suppress(FFmpegError, OSError):
        container.seek(0, unsupported_byte_offset=True)


def _begins_before(container: InputContainer, clip: Clip, start: float) -> bool:
    """Whether the next key frame in the container is displayed no later than start."""
    with contextlib.suppress(FFmpegError, OSError, ValueError):
        for packet in container.demux(container.streams[clip.video.index]):
            if packet.is_keyframe and packet.size and packet.pts is not None and packet.time_base:
                return clip.time(packet.pts, packet.time_base) <= start + SAME
    return False


def _listed(packet: Any, clip: Clip, found: dict[int, list[Listed]]) -> Listed:
    """Return a packet with its time. A packet without a timestamp follows the packet before it."""
    base = packet.time_base
    duration = float((packet.duration or 0) * base) if base else 0.0
    stamp = packet.dts if packet.pts is None else packet.pts
    if stamp is None or not base:
        before = found[packet.stream.index]
        time = before[-1].time + (before[-1].duration or 1 / (clip.video.rate or 25)) if before else 0.0
    else:
        time = clip.time(stamp, base)
    return Listed(time, max(duration, 0.0), packet.size, packet.is_keyframe)
