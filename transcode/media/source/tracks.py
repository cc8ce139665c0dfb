"""Which stream of pictures of a container is the clip, and what the streams are that do not leave.

Motion photos hold a still as a second track, larger than the clip; others hold thumbnails, previews or
what another lens saw. Headers count frames in some containers only: packets are counted.
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

#: So much is counted of a container, in seconds of its first stream and in packets of all streams.
_SECONDS = 20.0
_PACKETS = 20_000

#: A stream with this part of the most pictures a second is a clip as the others are: what has fewer may be
#: thumbnails of one. With this part of the longest time it is a whole one.
_AS_FAST = 1 / 4
_AS_LONG = 1 / 2

#: One with so many pictures is slides or a screen if it lasts so many times as long as the fastest, or has
#: as many pixels: thumbnails are as long as their clip, and smaller. If it alone is on, this part is enough.
_MANY = 8
_LONGER = 2.0
_AS_LARGE = 1 / 8

#: The same of one that is on while the fastest is not: of a motion photo at most two stills may be.
_MANY_ON = 3

#: Words in the name of a handler (ISO/IEC 14496-12, 8.4.3) of what only belongs to a clip.
_ASIDE = re.compile(r"\b(?:thumb(?:nail)?|preview|cover|poster|still|chapter)s?\b", re.IGNORECASE)

#: What a type of stream is called in a report.
_KINDS = {"audio": "sound", "subtitle": "subtitles"}


@dataclass(frozen=True, slots=True)
class Counted:
    """What was seen of a stream of pictures.

    Attributes:
        pictures: their number.
        seconds: from the first one's begin to the last one's end.
        is_all: whether the container ended within what was looked at.
    """

    pictures: int
    seconds: float
    is_all: bool

    @property
    def rate(self) -> float:
        """Pictures a second; 0 for a still."""
        return self.pictures / self.seconds if self.pictures > 1 and self.seconds > 0 else 0.0


def counted(container: InputContainer, streams: Sequence[VideoStream]) -> dict[int, Counted]:
    """The pictures of several streams, by the streams' numbers; the container stands behind them then.

    Pictures that an edit list leaves out do not count.
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
    """The stream of pictures that a player shows.

    A clip comes before a still or thumbnails of it, one that is on by default before one that is not, a
    whole one before a short one, the first before those that follow. Pixels only tell slides from
    thumbnails: stills have the most.

    Args:
        streams: one at least, in the container's order.
        seen: of each, where there are several, what was counted.
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

    # The first of those that are alike.
    return max(streams, key=rank)


def _whole(stream: VideoStream, found: Counted) -> Counted:
    """What was counted, or what the header says of a stream that goes on: slides may stand for minutes."""
    if found.is_all or found.pictures >= _MANY or stream.frames <= found.pictures or not stream.duration:
        return found
    return Counted(stream.frames, float(stream.duration * (stream.time_base or 0)), True)


def _is_clip(stream: VideoStream, found: Counted, fastest: VideoStream, most: Counted) -> bool:
    """Whether a stream is neither a still nor thumbnails of the one with the most pictures a second."""
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
    """What streams are, for a report; those that are alike in one.

    Args:
        streams: that do not leave.
        seen: of those with pictures what was counted, where it was.
        codecs: of those that FFmpeg takes for data what they are, where the container says it.
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
