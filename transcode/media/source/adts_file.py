"""Reads frames of AAC with ADTS headers (ISO/IEC 14496-3, 1.A.3.2), which count the samples of a file."""

from __future__ import annotations

import math
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AdtsFrame", "begins_inside", "frames", "seconds"]

#: Octets of a header, and samples of a block of AAC.
_HEAD, _BLOCK = 7, 1024

#: Sample rates in Hz by their index (ISO/IEC 14496-3, table 1.18).
_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


#: The most octets of a frame, and frames in a row that identify a file that begins inside a frame. Chosen.
_MOST, _IN_A_ROW = 8_191, 4


class AdtsFrame(NamedTuple):
    """A frame: its offset and octets, its samples and their rate in Hz."""

    at: int
    size: int
    samples: int
    rate: int


def frames(octets: bytes) -> Iterator[AdtsFrame]:
    """Yield the complete frames of a file. Octets that are no frames, such as tags, are passed over.

    A frame that does not follow another one is confirmed by the frame behind it, or by the end.
    """
    at, follows = 0, False
    while at + _HEAD <= len(octets):
        frame = _frame(octets, at)
        if frame is not None:
            end = at + frame.size
            if follows or end == len(octets) or _frame(octets, end) is not None:
                yield frame
                at, follows = end, True
                continue
        at, follows = octets.find(b"\xff", at + 1), False
        if at < 0:
            return


def _frame(octets: bytes, at: int) -> AdtsFrame | None:
    head = octets[at : at + _HEAD]
    if len(head) < _HEAD or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return None
    index = head[2] >> 2 & 15
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if index >= len(_RATES) or size < _HEAD or at + size > len(octets):
        return None
    return AdtsFrame(at, size, _BLOCK * (1 + (head[6] & 3)), _RATES[index])


def seconds(octets: bytes) -> float | None:
    """Return the duration of a file in seconds, by its frames; None if it has none."""
    lasting = [frame.samples / frame.rate for frame in frames(octets)]
    return math.fsum(lasting) if lasting else None


def begins_inside(octets: bytes) -> bool:
    """Whether a file begins with the rest of a frame, as a piece of a stream does."""
    found = [*islice(frames(octets[: _MOST * (_IN_A_ROW + 1)]), _IN_A_ROW)]
    return len(found) == _IN_A_ROW and all(one.at + one.size == other.at for one, other in pairwise(found))
