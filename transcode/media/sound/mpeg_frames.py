"""Cuts MPEG audio, layer III (ISO/IEC 11172-3, ISO/IEC 13818-3), at its frames.

A frame's data may begin in the frames before it (the bit reservoir), so a cut needs more than whole frames.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.media.source.mpeg_file import HEAD, frames, rate_of, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CutFrames", "cut"]

#: Octets of the check sum behind a frame header.
_CHECK = 2

#: The names of a frame that states the length (Xing, and VBRI of Fraunhofer), and the place of the latter.
_STATING, _VBRI, _VBRI_AT = (b"Xing", b"Info"), b"VBRI", 36

#: Octets of the stating frame behind its name: flags, frames, octets, table of contents, quality. And of the
#: extension that LAME adds: place and octets of delay and padding, of the length, and of the check sum.
_STATED = 4 + 4 + 4 + 100 + 4
_LAME = 36
_DELAY, _LENGTH = 21, 28

#: Samples by which decoders are late besides the encoder's delay, which LAME's extension states.
_DECODER_DELAY = 529

#: Frames before a cut that may hold data of the frames after it: 511 octets, of frames of at least 24.
_RESERVOIR = 40


@dataclass(frozen=True, slots=True)
class CutFrames:
    """A range of a recording in whole frames.

    Attributes:
        data: frames, without tags.
        begin: the start of the range in the recording, in seconds.
        seconds: the duration of all frames, in seconds, less the delay that the file states.
    """

    data: bytes
    begin: float
    seconds: float


@dataclass(frozen=True, slots=True)
class _Header:
    """What a frame header states: octets of the frame, samples, Hz, and octets of the side information."""

    size: int
    samples: int
    rate: int
    side: int


def cut(octets: bytes, start: float, seconds: float) -> CutFrames | None:
    """Return the frames of a range; None if there are none, or they change their sample rate.

    A frame whose data begins in earlier frames gets that data from a silent frame in front of it. Where
    frames have several bit rates, or the source has a frame that states the length, the range gets one too.

    Args:
        octets: the recording from its beginning to the end of the range or later.
        start: the start, in seconds.
        seconds: the longest duration of all frames together, in seconds.
    """
    every = frames(octets)
    stated: bytes | None = None
    kept: list[bytes] = []
    before: deque[bytes] = deque(maxlen=_RESERVOIR)
    number, first, most, delay = -1, 0, 0, 0
    head: _Header | None = None
    for at, size in every:
        frame = octets[at : at + size]
        said = _header(frame[:HEAD])
        if head is None:
            head = said
            if _is_stating(frame, head):
                stated = frame
                delay = _delay(frame, head)
            first = round((start * head.rate + delay) / head.samples) if start else 0
            most = math.floor(seconds * head.rate / head.samples + 1e-6)
            if stated is not None:
                continue
        if (said.rate, said.samples, said.side) != (head.rate, head.samples, head.side):
            return None
        number += 1
        if number < first:
            before.append(frame)
            continue
        kept.append(frame)
        # A silent frame in front may need the place of one.
        if len(kept) > most:
            break
    if head is None or not kept:
        return None
    silent = _silent(before, kept[0], head) if first else b""
    kept = kept[: most - bool(silent)]
    begin = max(0.0, (first * head.samples - delay) / head.rate) if first else 0.0
    lasts = (len(kept) + bool(silent)) * head.samples - (0 if first else delay)
    sound = [*([silent] if silent else []), *kept]
    if stated is not None or len({_rate_index(frame) for frame in sound}) > 1:
        sound = [_stating(sound, head, None if first else stated), *sound]
    return CutFrames(b"".join(sound), begin, lasts / head.rate) if kept else None


def _silent(before: Iterable[bytes], frame: bytes, head: _Header) -> bytes:
    """Return a silent frame whose unused octets are the data that a frame takes from those before it.

    It is empty where the frame takes none.
    """
    at = HEAD + _checked(frame)
    wide = head.samples == 1152
    needed = int.from_bytes(frame[at : at + 2], "big") >> 7 if wide else frame[at]
    if not needed:
        return b""
    held = b"".join(one[HEAD + _checked(one) + head.side :] for one in before)[-needed:]
    return _plain(frame, head.side + needed)[: -len(held) or None] + held


def _plain(like: bytes, octets: int) -> bytes:
    """Return the smallest frame of zeros, without a check sum, with this many octets behind its header."""
    for index in range(1, 15):
        begin = bytes((like[0], like[1] | 1, index << 4 | like[2] & 0x0C, like[3]))
        size = size_of(begin)
        if size >= HEAD + octets:
            break
    return begin + bytes(size - HEAD)


def _checked(frame: bytes) -> int:
    """Return the octets of a frame's check sum."""
    return 0 if frame[1] & 1 else _CHECK


def _rate_index(frame: bytes) -> int:
    return frame[2] >> 4


def _is_stating(frame: bytes, head: _Header) -> bool:
    at = HEAD + _checked(frame) + head.side
    return frame[at : at + 4] in _STATING or frame[_VBRI_AT : _VBRI_AT + 4] == _VBRI


def _lame(frame: bytes, head: _Header) -> bytes:
    """Return the extension of LAME in a stating frame; empty if it has none."""
    at = HEAD + _checked(frame) + head.side
    if frame[at : at + 4] not in _STATING or len(frame) < at + 8:
        return b""
    flags = frame[at + 7]
    at += 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    found = frame[at : at + _LAME]
    return found if len(found) == _LAME and found[:4] in (b"LAME", b"Lavf", b"Lavc") else b""


def _delay(frame: bytes, head: _Header) -> int:
    """Return the samples that players leave out at the start, by a stating frame."""
    lame = _lame(frame, head)
    return (int.from_bytes(lame[_DELAY : _DELAY + 3], "big") >> 12) + _DECODER_DELAY if lame else 0


def _stating(sound: list[bytes], head: _Header, source: bytes | None) -> bytes:
    """Return the frame that states number and octets of the frames, and the encoder's delay of the source."""
    lame = bytearray(_lame(source, head)) if source is not None else bytearray()
    made = bytearray(_plain(sound[0], head.side + 4 + _STATED + _LAME))
    total = len(made) + sum(map(len, sound))
    places = [len(made)]
    for frame in sound:
        places.append(places[-1] + len(frame))
    table = bytes(min(255, places[len(sound) * part // 100] * 256 // total) for part in range(100))
    is_constant = len({_rate_index(frame) for frame in sound}) == 1
    name = b"Info" if is_constant else b"Xing"
    words = name + (7).to_bytes(4, "big") + len(sound).to_bytes(4, "big") + total.to_bytes(4, "big") + table
    at = HEAD + head.side
    made[at : at + len(words)] = words
    if lame:
        # No padding: the range ends within the sound.
        delay = int.from_bytes(lame[_DELAY : _DELAY + 3], "big") >> 12
        lame[_DELAY : _DELAY + 3] = (delay << 12).to_bytes(3, "big")
        lame[_LENGTH:] = total.to_bytes(4, "big") + bytes(4)
        at += len(words)
        made[at : at + _LAME] = lame
        made[at + _LAME - 2 : at + _LAME] = _crc(bytes(made[: at + _LAME - 2])).to_bytes(2, "big")
    return bytes(made)


def _crc(octets: bytes) -> int:
    """Return the check sum of LAME's extension: CRC-16 with the polynomial 0x8005, reflected."""
    found = 0
    for octet in octets:
        found ^= octet
        for _ in range(8):
            found = found >> 1 ^ (0xA001 if found & 1 else 0)
    return found


def _header(head: bytes) -> _Header:
    """Read the header of a frame."""
    is_wide, is_mono = head[1] >> 3 & 3 == 3, head[3] >> 6 == 3
    side = (17 if is_mono else 32) if is_wide else (9 if is_mono else 17)
    return _Header(size_of(head), 1152 if is_wide else 576, rate_of(head), side)
