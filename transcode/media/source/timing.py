"""Times of a clip's pictures: how long each is shown, how far apart they usually are, when they are decoded.

What a container calls a packet's duration is none of a picture's: in MP4 it is the step to the packet that
is decoded next (ISO/IEC 14496-12, 8.6.1.2). A picture is shown until the next one in time is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SAME", "STANDS", "Restarts", "Stamps", "busy", "lasting", "period", "rated", "stamped"]

#: Times that differ by less are the same: containers round them. In seconds.
SAME = 0.0005

#: A picture that is shown for longer stands, in seconds: no camera or screen is as slow.
STANDS = 1.0

#: Times of decoding only grow in a stream: one so many seconds before another is no mistake of rounding.
_RESTART = 1.0

#: Of less than this a rate says nothing, in seconds.
_SHORTEST_RATED = 0.1

#: What rounding of two times to a millisecond makes of the distance between them, and a little more.
_ROUNDED = 0.0015

#: Seconds by which pictures are decoded before they are shown, at most, if they must not be.
_MOST_LATE = 0.5


def period(times: Sequence[float]) -> float:
    """The usual time from one picture to the next, in seconds; 0 where there are not two.

    Args:
        times: when each is shown, in seconds, in any order.
    """
    gaps = np.sort(np.diff(np.unique(times)))
    gaps = gaps[gaps >= SAME]
    if not gaps.size:
        return 0.0
    # One of them, of two in the middle the shorter: between two clusters there may be none.
    usual = float(gaps[(gaps.size - 1) // 2])
    # Times in whole milliseconds are near the period only, their mean is it.
    return float(gaps[np.abs(gaps - usual) <= min(_ROUNDED, usual / 4)].mean())


def lasting(times: Sequence[float], end: float) -> list[float]:
    """How long each picture is shown: until the next one is, the last until the end.

    Args:
        times: when each is shown, in any order.
        end: no earlier than the last; in the same unit.
    """
    after = dict(pairwise([*sorted(set(times)), end]))
    return [after[time] - time for time in times]


def busy(times: Sequence[float], end: float) -> float:
    """Seconds in which pictures change: what stands takes no more than a second's bits.

    Args:
        times, end: as for lasting, in seconds.
    """
    shown = sorted(set(times))
    return sum(min(later - earlier, STANDS) for earlier, later in pairwise([*shown, max(end, shown[-1])]))


@dataclass(frozen=True, slots=True)
class Stamps:
    """What a muxer is told of packets, in the order of decoding.

    Attributes:
        decoded: when each is decoded; strictly growing, none later than it is shown.
        durations: until the next one is shown. Of the last packet in the order of decoding at least so long
            that the track's media are as long as what is shown.
    """

    decoded: list[int]
    durations: list[int]


def stamped(
    times: Sequence[int], end: int, second: float, decoded: Sequence[int | None] | None = None
) -> Stamps:
    """When packets are decoded, and how long they last, for pictures that are shown at these times.

    Args:
        times: when each is shown, different ones, in the order of decoding.
        end: when the last one ends, behind all of them.
        second: how many of the unit are one second.
        decoded: when each is decoded, as an encoder or a container says; kept where that can be.
    """
    ordered = sorted(times)
    kept = [time for time in decoded or () if time is not None]
    if not _holds(times, ordered[0], kept):
        kept = _decoded(times, ordered, round(_MOST_LATE * second))
    after = dict(pairwise([*ordered, end]))
    durations = [after[time] - time for time in times]
    durations[-1] = max(durations[-1], end - ordered[0] + kept[0] - kept[-1])
    return Stamps(kept, durations)


def _holds(times: Sequence[int], first: int, decoded: Sequence[int]) -> bool:
    """Whether times of decoding are whole and grow, and the track can end with its last picture."""
    if len(decoded) < len(times) or any(later <= earlier for earlier, later in pairwise(decoded)):
        return False
    if any(due > time for due, time in zip(decoded, times, strict=True)):
        return False
    return times[-1] - decoded[-1] <= first - decoded[0]


def _decoded(times: Sequence[int], ordered: Sequence[int], most: int) -> list[int]:
    """Times of decoding, as late as one step from picture to picture allows for all, but where some stand.

    Of a file whose pictures are decoded seconds before they are shown the sound is stored as far off.

    Args:
        times: when each is shown, in the order of decoding.
        ordered: the same, sorted.
        most: how long a picture is decoded before it is shown, where it need not be longer.
    """
    late = min(most, max(due - time for due, time in zip(ordered, times, strict=True)))
    # None is decoded after one that follows it is shown.
    latest = [*reversed([*accumulate(reversed(times), min)])]
    decoded = [min(due - late, last) for due, last in zip(ordered, latest, strict=True)]
    for place in range(len(decoded) - 2, -1, -1):
        decoded[place] = min(decoded[place], decoded[place + 1] - 1)
    return decoded


class Restarts:
    """Tells where the clock of a broadcast begins anew, as where recordings were joined octet by octet.

    Packets behind that have times of packets before: pictures of both would be shown in turns.

    Args:
        formats: FFmpeg's names of the container's format.
    """

    def __init__(self, formats: str) -> None:
        self._is_broadcast = not {"mpegts", "mpeg"}.isdisjoint(formats.split(","))
        self._latest: dict[int, float] = {}

    def at(self, packet: Any) -> bool:
        """Whether a packet is decoded long before one of the same stream that was given earlier."""
        if not self._is_broadcast or packet.dts is None or not packet.time_base:
            return False
        time, index = float(packet.dts * packet.time_base), packet.stream.index
        latest = self._latest.setdefault(index, time)
        self._latest[index] = max(latest, time)
        return time < latest - _RESTART


def rated(size: int, seconds: float, frame_rate: float | None = None) -> str:
    """Rates in words, each behind a comma; nothing of what is too short to have one.

    Args:
        size: in bytes.
        seconds: how long they last.
        frame_rate: pictures a second; None for sound.
    """
    if seconds < _SHORTEST_RATED:
        return ""
    frames = "" if frame_rate is None else f", {frame_rate:.3g} frames/s"
    return f"{frames}, {size * 8 / seconds / 1000:.1f} kbit/s"
