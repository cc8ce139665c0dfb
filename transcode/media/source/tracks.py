"""Chooses the video stream that is the clip, and describes the streams that are dropped, for reports.

A motion photo may have a still picture as a second track, larger than the clip. Other files have thumbnails,
previews or the video of a second lens. Only some containers state the number of frames, so packets are
counted.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

__all__ = ["Counted", "best_video", "counted", "words_of"]

#: Limits of counting: seconds of one stream, and packets of all streams together.
_SECONDS = 20.0
_PACKETS = 20_000

#: Smallest frame rate of a clip, as a fraction of the highest frame rate of all video streams: a stream with
#: a lower frame rate may be thumbnails. Smallest duration of a complete stream, as a fraction of the longest.
_AS_FAST = 1 / 4
_AS_LONG = 1 / 2

#: A stream below that frame rate is a clip of slides or of a screen if it has at least _MANY frames and is
#: _LONGER times as long as the stream with the highest frame rate, or has at least as many pixels. Thumbnails
#: are as long as their clip and have fewer pixels. A fraction of _AS_LARGE of the pixels is enough for a
#: stream that is enabled by default while the stream with the highest frame rate is not.
_MANY = 8
_LONGER = 2.0
_AS_LARGE = 1 / 8

#: Frames that are enough for such a stream: a motion photo has at most two still pictures.
_MANY_ON = 3

#: Words in a handler name (ISO/IEC 14496-12, 8.4.3) that mark an auxiliary stream of a clip.
_ASIDE = re.compile(r"\b(?:thumb(?:nail)?|preview|cover|poster|still|chapter)s?\b", re.IGNORECASE)

#: Names of stream types in reports.
_KINDS = {"audio": "sound", "subtitle": "subtitles"}


@dataclass(frozen=True, slots=True)
class Counted:
    """The counted frames of a video stream.

    Attributes:
        pictures: the number of frames.
        seconds: the time from the start of the first frame to the end of the last frame.
        is_all: whether counting reached the end of the container.
    """

    pictures: int
    seconds: float
    is_all: bool

    @property
    def rate(self) -> float:
        """The frame rate in frames/s; 0 for a still picture."""
        return self.pictures / self.seconds if self.pictures > 1 and self.seconds > 0 else 0.0


def counted(container: InputContainer, streams: Sequence[VideoStream]) -> dict[int, Counted]:
    """Count the frames of several streams, and return the counts by stream index.

    The container's position is then behind the counted packets. Frames that an edit list omits are not
    counted.
    """
    times: dict[int, list[tuple[float, float]]] = {stream.index: [] for stream in streams}
    is_all = True
    try:
        for number, packet in enumerate(container.demux(list(streams))):
            stamp, base = packet.dts if packet.pts is None else packet.pts, packet.time_base
            if not packet.size or packet.is_discard or stamp is None or base is None:
                continue
            found = times[packet.stream.index]
            begin = float(stamp * base)
            found.append((begin, begin + float((packet.duration or 0) * base)))
            if number >= _PACKETS or begin - found[0][0] > _SECONDS:
                is_all = False
                break
    except (FFmpegError, OSError, ValueError):
        pass
    return {
        index: Counted(
            len(found),
            max((end for _, end in found), default=0.0) - min((begin for begin, _ in found), default=0.0),
            is_all,
        )
        for index, found in times.items()
    }


def best_video(streams: Sequence[VideoStream], seen: Mapping[int, Counted]) -> VideoStream:
    """Return the video stream that a player shows.

    The criteria, in order: no auxiliary stream, by its disposition and its handler name; a clip, not a still
    picture or thumbnails; enabled by default; complete, not short; first in the container. The number of
    pixels only distinguishes slides from thumbnails, because a still picture may have more pixels than the
    clip.

    Args:
        streams: at least one stream, in the container's order.
        seen: the counts of each stream, if there is more than one.
    """
    if len(streams) == 1:
        return streams[0]
    flag = av.stream.Disposition
    special = flag.dependent | flag.comment | flag.visual_impaired | flag.descriptions
    found = {stream.index: _whole(stream, seen[stream.index]) for stream in streams}
    fastest = max(streams, key=lambda stream: found[stream.index].rate)
    longest = max(one.seconds for one in found.values())

    def rank(stream: VideoStream) -> tuple[bool, bool, bool, bool, bool]:
        return (
            not stream.disposition & special,
            not _ASIDE.search(stream.metadata.get("handler_name", "")),
            _is_clip(stream, found[stream.index], fastest, found[fastest.index]),
            bool(stream.disposition & flag.default),
            found[stream.index].seconds >= _AS_LONG * longest,
        )

    # Among streams of equal rank, the first.
    return max(streams, key=rank)


def _whole(stream: VideoStream, found: Counted) -> Counted:
    """Return the counts, or the header's values for a stream that is longer than what was counted.

    A slide may be shown for minutes.
    """
    if found.is_all or found.pictures >= _MANY or stream.frames <= found.pictures or not stream.duration:
        return found
    return Counted(stream.frames, float(stream.duration * (stream.time_base or 0)), True)


def _is_clip(stream: VideoStream, found: Counted, fastest: VideoStream, most: Counted) -> bool:
    """Whether a stream is no still picture and no thumbnails of the stream with the highest frame rate."""
    if found.rate >= _AS_FAST * most.rate:
        return found.rate > 0
    if found.pictures >= _MANY and found.seconds >= _LONGER * most.seconds:
        return True
    on = av.stream.Disposition.default
    is_only = bool(stream.disposition & on) and not fastest.disposition & on
    least = _MANY_ON if is_only else _MANY
    is_long = found.seconds >= _AS_LONG * most.seconds
    part = _AS_LARGE if is_only else 1.0
    return found.pictures >= least and is_long and _pixels(stream) >= part * _pixels(fastest)


def _pixels(stream: VideoStream) -> int:
    context = stream.codec_context
    return 0 if context is None else context.width * context.height


def words_of(
    streams: Iterable[Stream], seen: Mapping[int, Counted], codecs: Mapping[int, str]
) -> tuple[str, ...]:
    """Describe dropped streams for a report; equal descriptions are merged and counted.

    Args:
        streams: the dropped streams.
        seen: the counts of video streams, by stream index; streams may be absent.
        codecs: the names of FFmpeg's data streams, by stream index, where the container names them.
    """
    found = Counter(_words(stream, seen.get(stream.index), codecs.get(stream.index)) for stream in streams)
    return tuple(words if count == 1 else f"{count} x {words}" for words, count in found.items())


def _words(stream: Any, seen: Counted | None, codec: str | None) -> str:
    context = stream.codec_context
    words = _KINDS.get(stream.type, stream.type)
    if context is None:
        return f"{words} ({codec})" if codec else str(words)
    if stream.disposition & av.stream.Disposition.attached_pic:
        words = "cover picture"
    words = f"{words} ({context.codec.canonical_name})"
    if stream.type != "video":
        return words
    pictures = seen.pictures if seen is not None and seen.is_all else stream.frames
    frames = ("1 frame" if pictures == 1 else f"{pictures:,} frames") if pictures else None
    return ", ".join(filter(None, (words, f"{context.width} x {context.height}", frames)))
