"""Which stream of pictures of a container is the clip, and what the streams are that do not leave.

Motion photos hold a still as a second track, larger than the clip; others hold thumbnails, previews or
what another lens saw. Headers count frames in some containers only: packets are counted.
"""

from __future__ import annotations

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

#: A stream with this part of the most pictures a second is a clip as the others are: what has fewer is
#: thumbnails of one. With this part of the longest time it is a whole one.
_AS_FAST = 1 / 4
_AS_LONG = 1 / 2

#: One with so many pictures that lasts for so many times as long as the fastest is slides or a screen:
#: thumbnails of a clip last no longer than it does.
_MANY = 8
_LONGER = 2.0

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
    whole one before a short one, the first before those that follow. Pixels count for nothing: stills
    have the most.

    Args:
        streams: one at least, in the container's order.
        seen: of each, where there are several, what was counted.
    """
    if len(streams) == 1:
        return streams[0]
    flag = av.stream.Disposition
    special = flag.dependent | flag.comment | flag.visual_impaired | flag.descriptions
    fastest = max((seen[stream.index] for stream in streams), key=lambda found: found.rate)
    longest = max(seen[stream.index].seconds for stream in streams)

    def rank(stream: VideoStream) -> tuple[bool, bool, bool, bool]:
        found = seen[stream.index]
        return (
            not stream.disposition & special,
            _is_clip(found, fastest),
            bool(stream.disposition & flag.default),
            found.seconds >= _AS_LONG * longest,
        )

    # The first of those that are alike.
    return max(streams, key=rank)


def _is_clip(found: Counted, fastest: Counted) -> bool:
    """Whether a stream is neither a still nor thumbnails of the one with the most pictures a second."""
    if found.rate >= _AS_FAST * fastest.rate:
        return found.rate > 0
    return found.pictures >= _MANY and found.seconds >= _LONGER * fastest.seconds


def words_of(streams: Iterable[Stream], seen: Mapping[int, Counted]) -> tuple[str, ...]:
    """What streams are, for a report; those that are alike in one.

    Args:
        streams: that do not leave.
        seen: of those with pictures what was counted, where it was.
    """
    found = Counter(_words(stream, seen.get(stream.index)) for stream in streams)
    return tuple(words if count == 1 else f"{count} x {words}" for words, count in found.items())


def _words(stream: Any, seen: Counted | None) -> str:
    context = stream.codec_context
    words = _KINDS.get(stream.type, stream.type)
    if context is None:
        return str(words)
    if stream.disposition & av.stream.Disposition.attached_pic:
        words = "cover picture"
    words = f"{words} ({context.codec.canonical_name})"
    if stream.type != "video":
        return words
    pictures = seen.pictures if seen is not None and seen.is_all else stream.frames
    frames = ("1 frame" if pictures == 1 else f"{pictures:,} frames") if pictures else None
    return ", ".join(filter(None, (words, f"{context.width} x {context.height}", frames)))
