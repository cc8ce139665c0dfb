"""Computes times of a clip's frames: display durations, the usual frame period, and decoding times.

The duration of a packet is not the duration of its frame. In MP4 it is the step to the packet that is decoded
next (ISO/IEC 14496-12, 8.6.1.2). A frame is displayed until the frame with the next presentation time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "SAME",
    "STANDS",
    "Stamps",
    "busy",
    "lasting",
    "period",
    "stamped",
]

#: Times that differ by less than 0.0005 seconds count as equal, because containers round times.
SAME = 0.0005

#: Longest display of a frame, in seconds, that does not count as a still.
STANDS = 1.0

#: Largest error of a frame period whose two times are rounded to milliseconds, with a margin, in seconds.
_ROUNDED = 0.0015

#: Largest delay from decoding to display, in seconds, unless the order of the frames needs more.
_MOST_LATE = 0.5


def period(times: Sequence[float]) -> float:
    """Return the usual frame period, in seconds; 0 if there are fewer than two different times.

    Args:
        times: the presentation times of the frames, in seconds, in any order.
    """
    gaps = np.sort(np.diff(np.unique(times)))
    gaps = gaps[gaps >= SAME]
    if not gaps.size:
        return 0.0
    # The lower median is an existing period. The mean of two middle values may lie between two clusters.
    usual = float(gaps[(gaps.size - 1) // 2])
    # Single periods have the rounding error of times in whole milliseconds; their mean does not.
    return float(gaps[np.abs(gaps - usual) <= min(_ROUNDED, usual / 4)].mean())


def lasting(times: Sequence[float], end: float) -> list[float]:
    """Return the display duration of each frame: to the next frame's time, and of the last frame to ``end``.

    Args:
        times: the presentation times of the frames, in any order and unit.
        end: the end of the last frame, in the same unit.
    """
    after = dict(pairwise([*sorted(set(times)), end]))
    return [after[time] - time for time in times]


def busy(times: Sequence[float], end: float) -> float:
    """Return the duration in seconds, with each frame counted for at most STANDS.

    A frame that is displayed for longer takes no more bits than a second of video.

    Args:
        times, end: as for lasting, in seconds.
    """
    shown = sorted(set(times))
    return sum(min(later - earlier, STANDS) for earlier, later in pairwise([*shown, max(end, shown[-1])]))


@dataclass(frozen=True, slots=True)
class Stamps:
    """Times of packets for a muxer, in decoding order.

    Attributes:
        decoded: the decoding times; strictly increasing, none after the packet's presentation time.
        durations: the display durations. That of the last packet is extended, where needed, until the
            duration of the track's media is that of the presentation.
    """

    decoded: list[int]
    durations: list[int]


def stamped(
    times: Sequence[int], end: int, second: float, decoded: Sequence[int | None] | None = None
) -> Stamps:
    """Return decoding times and durations of packets with the given presentation times.

    Args:
        times: the presentation times of the packets, all different, in decoding order.
        end: the end of the last frame, after all times.
        second: the number of time units in one second.
        decoded: the decoding times of an encoder or container; used unchanged where they are valid.
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
    """Whether decoding times are complete and increasing, and the track can end with its last frame."""
    if len(decoded) < len(times) or any(later <= earlier for earlier, later in pairwise(decoded)):
        return False
    if any(due > time for due, time in zip(decoded, times, strict=True)):
        return False
    return times[-1] - decoded[-1] <= first - decoded[0]


def _decoded(times: Sequence[int], ordered: Sequence[int], most: int) -> list[int]:
    """Return decoding times: the sorted presentation times, minus the smallest delay that suffices.

    The delay is at most ``most``, because muxers interleave audio by decoding time: with a delay of seconds,
    the audio is stored far from its frames. A frame that must be decoded earlier gets an earlier time.

    Args:
        times: the presentation times, in decoding order.
        ordered: the same times, sorted.
        most: the largest delay, in the unit of the times.
    """
    late = min(most, max(due - time for due, time in zip(ordered, times, strict=True)))
    # A frame's decoding time is no later than the presentation time of any frame decoded after it.
    latest = [*reversed([*accumulate(reversed(times), min)])]
    decoded = [min(due - late, last) for due, last in zip(ordered, latest, strict=True)]
    for place in range(len(decoded) - 2, -1, -1):
        decoded[place] = min(decoded[place], decoded[place + 1] - 1)
    return decoded
