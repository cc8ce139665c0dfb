"""Where the key frames of a clip stand: seldom, evenly, and none just before the end."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["distance", "expired", "has_late", "scene_cuts"]

#: Largest distance of key frames as far as the end allows it, in seconds: a player that seeks decodes from
#: the key frame before. Chosen.
_SECONDS = 10.0

#: Seconds before the end in which a key frame is a waste: it takes several times the bytes of another frame,
#: and few frames follow that refer to it. A clip of 10.29 s with a key frame every 10 s spent 17 % of its
#: bytes on its last seven frames. Chosen.
_TAIL = 3.0

#: Smallest share of the even distance that is tried to keep key frames out of the tail.
_LEAST = 0.6

#: Number in display order and type of a frame, in the statistics of x264's first pass.
_FRAME = re.compile(r"^in:(\d+) out:\d+ type:(\w)", re.MULTILINE)


def distance(frames: int, frame_rate: float, cuts: Sequence[int] = ()) -> int:
    """Return the distance after which an encoder is to set a key frame, in frames.

    Args:
        frames: frames of the clip.
        frame_rate: frames/s. Where one frame lasts for many seconds, frames are counted as if there was one a
            second: else each would be a key frame.
        cuts: ascending numbers of frames that become key frames in any case, because a scene begins there.
    """
    rate = max(frame_rate, 1.0)
    count = max(1, math.ceil((frames - _TAIL * rate) / (_SECONDS * rate)))
    even = math.ceil(frames / count)
    longest = math.ceil((_SECONDS + _TAIL) * rate)

    def waste(far: int) -> tuple[bool, int, int]:
        late = has_late(frames, frame_rate, far, cuts)
        return late, len(expired(frames, far, cuts)), abs(far - even)

    return min(range(max(1, math.ceil(_LEAST * even)), min(max(even, longest), frames) + 1), key=waste)


def expired(frames: int, far: int, cuts: Sequence[int] = ()) -> list[int]:
    """Return the key frames, by number, that an encoder sets as the last one is ``far`` frames away."""
    found: list[int] = []
    for begin, end in zip([0, *cuts], [*cuts, frames], strict=True):
        found += range(begin + far, end, far)
    return found


def has_late(frames: int, frame_rate: float, far: int, cuts: Sequence[int]) -> bool:
    """Return whether an encoder sets a key frame just before the end though no scene begins there."""
    tail = frames - _TAIL * max(frame_rate, 1.0)
    return any(number > tail for number in expired(frames, far, cuts))


def scene_cuts(statistics: str, far: int) -> list[int]:
    """Return the numbers of the key frames that the first pass of x264 set because a scene begins there.

    Args:
        statistics: of the first pass.
        far: the distance that it was given.
    """
    keys = sorted(int(number) for number, kind in _FRAME.findall(statistics) if kind == "I")
    return [key for before, key in pairwise(keys) if key - before < far]
