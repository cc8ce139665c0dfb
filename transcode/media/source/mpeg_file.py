"""Reads frames of MPEG audio, layer III (ISO/IEC 11172-3, ISO/IEC 13818-3), in files without a container."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "HEAD",
    "MP3_BIT_RATES",
    "begins_inside",
    "behind_tags",
    "frames",
    "rate_of",
    "runs",
    "seconds",
    "size_of",
]

#: Octets of a frame header.
HEAD = 4

#: Bit rates of layer III in bit/s: 1 for sample rates from 32,000 Hz (ISO/IEC 11172-3), 2 for lower sample
#: rates (ISO/IEC 13818-3).
MP3_BIT_RATES = {
    1: tuple(1000 * rate for rate in (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)),
    2: tuple(1000 * rate for rate in (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)),
}

#: Octets of the header, and of the footer, of an ID3v2 tag (ID3 tag version 2.4.0, 3.1 and 3.4).
_ID3_HEAD = 10

#: Octets of an ID3v1 tag, which is at the end of a file.
_ID3V1 = 128

#: The names in a first frame that states the length instead of sound.
_STATING = (b"Xing", b"Info", b"VBRI")

#: The most octets of a frame (320 kbit/s at 32,000 Hz), and frames in a row that identify a file that begins
#: inside a frame. Chosen.
_MOST, _IN_A_ROW = 1_441, 4


def runs(octets: bytes) -> list[tuple[int, int, int]]:
    """Return start, end and number of frames of each run of consecutive frames.

    Octets in front of the first frame are passed over; the result is empty if there are no two frames.
    """
    found: list[tuple[int, int, int]] = []
    for at, size in frames(octets):
        if found and found[-1][1] == at:
            begin, _, count = found[-1]
            found[-1] = begin, at + size, count + 1
        else:
            found.append((at, at + size, 1))
    return found


def frames(octets: bytes) -> Iterator[tuple[int, int]]:
    """Yield offset and size of each frame."""
    at = behind_tags(octets, 0)
    if not size_of(octets[at : at + HEAD]):
        at = _next_frame(octets, at, None)
    while at < len(octets):
        begin = at
        while (size := size_of(octets[at : at + HEAD])) and at + size <= len(octets):
            yield at, size
            at += size
        if at == begin:
            return
        at = _next_frame(octets, behind_tags(octets, at), octets[begin : begin + HEAD])


def _next_frame(octets: bytes, at: int, like: bytes | None) -> int:
    """Return the offset of the next complete frame of the same version and sample rate; the end if none.

    Another frame or the end of the file must follow, because a single frame header may be coincidence. Two
    must follow where there is no frame to be like.
    """

    def is_one(place: int, like: bytes | None) -> int:
        head = octets[place : place + HEAD]
        if like is None:
            return size_of(head)
        alike = len(head) == HEAD and head[1] & 0xFE == like[1] & 0xFE and head[2] & 0x0C == like[2] & 0x0C
        return size_of(head) if alike else 0

    while (at := octets.find(b"\xff", at)) >= 0:
        size = is_one(at, like)
        head, second = octets[at : at + HEAD], at + size
        if size and like is not None and (second == len(octets) or is_one(second, like)):
            return at
        if size and like is None and (more := is_one(second, head)) and is_one(second + more, head):
            return at
        at += 1
    return len(octets)


def behind_tags(octets: bytes, at: int) -> int:
    """Return the offset after the tags at ``at``: ID3v2, and ID3v1 of a preceding recording."""
    while (name := octets[at : at + 3]) in (b"ID3", b"TAG") and at + _ID3_HEAD <= len(octets):
        if name == b"TAG":
            at += _ID3V1
            continue
        head = octets[at : at + _ID3_HEAD]
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        has_footer = head[5] & 0x10
        at += _ID3_HEAD * (2 if has_footer else 1) + size
        # Some writers put the padding after the tag instead of into it.
        while octets[at : at + 1] == b"\0":
            at += 1
    return at


def size_of(head: bytes) -> int:
    """Return the octets of a layer III frame (ISO/IEC 11172-3, 2.4.1.3 and 2.4.3.1); 0 if it is no frame."""
    if len(head) < HEAD or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, rate_index, bits_index = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    # Version 1 and sample rate index 3 are reserved. Bit rate index 0 is free format, and 15 is forbidden.
    if version == 1 or rate_index == 3 or bits_index in (0, 15):
        return 0
    bit_rate = MP3_BIT_RATES[1 if version == 3 else 2][bits_index - 1]
    return (144 if version == 3 else 72) * bit_rate // rate_of(head) + (head[2] >> 1 & 1)


def rate_of(head: bytes) -> int:
    return (44100, 48000, 32000)[head[2] >> 2 & 3] >> (0, 1, 1, 2)[3 - (head[1] >> 3 & 3)]


def seconds(octets: bytes) -> float | None:
    """Return the duration of a file in seconds, by its frames.

    None: there are none, or the first frame states the duration.
    """
    found = runs(octets)
    if not found:
        return None
    begin = found[0][0]
    head = octets[begin : begin + HEAD]
    if any(name in octets[begin : begin + size_of(head)] for name in _STATING):
        return None
    samples = 1152 if head[1] >> 3 & 3 == 3 else 576
    return sum(count for _, _, count in found) * samples / rate_of(head)


def begins_inside(octets: bytes) -> bool:
    """Whether a file begins with the rest of a frame, as a piece of a stream does."""
    found = [*islice(frames(octets[: _MOST * (_IN_A_ROW + 1)]), _IN_A_ROW)]
    return len(found) == _IN_A_ROW and all(at + size == other for (at, size), (other, _) in pairwise(found))
