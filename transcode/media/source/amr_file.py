"""Reads AMR files: a header and consecutive frames (RFC 4867, 5).

Every frame lasts 20 ms, so the number of frames gives the duration. Comfort noise frames (SID) and frames
without data, which discontinuous transmission (DTX) sends during pauses, count as frames too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.kernels import amr as kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.media.source.inputs import Input

__all__ = ["FRAME_RATE", "MAGIC", "Piece", "codec_of", "pieces", "seconds"]

#: The header of a file of one channel, by FFmpeg's name of the codec (RFC 4867, 5.1).
MAGIC = {"amr_nb": b"#!AMR\n", "amr_wb": b"#!AMR-WB\n"}

#: The frame rate, in frames/s (3GPP TS 26.071 and 26.171).
FRAME_RATE = 50

#: Octets of one read. Consecutive frames that confirm a frame start behind damage: a random octet is a valid
#: frame start with a probability of one in twelve. Octets that the confirmation needs at most.
_READ = 1 << 16
_IN_A_ROW = 6
_LOOK = 61 * (_IN_A_ROW + 1)

#: Assumed octets of a frame before the first frame is found: the smallest speech frame.
_SMALLEST = 13


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of consecutive frames in a file.

    Attributes:
        data: complete frames; may be empty at the end of the file.
        count: the number of frames in data.
        concealed: the number of frames in data that a decoder conceals with earlier frames.
        lost: the number of frames lost before this run, estimated from the octets that are no frames.
        passed: the number of octets before this run that are no frames.
        cut: the number of octets of an incomplete last frame at the end of the file.
    """

    data: bytes
    count: int
    concealed: int = 0
    lost: int = 0
    passed: int = 0
    cut: int = 0


def codec_of(content: Input) -> str | None:
    """Return the codec of an AMR or AMR-WB file of one channel; None for any other source."""
    head = bytes(content.data[:16])
    return next((codec for codec, magic in MAGIC.items() if head.startswith(magic)), None)


def pieces(content: Input) -> Iterator[Piece]:
    """Yield all frames of a file. Octets that are no frames are skipped up to the next confirmed frame.

    Args:
        content: a source; it has no frames if it is no AMR file.
    """
    codec = codec_of(content)
    if codec is None:
        return
    wide = codec == "amr_wb"
    held, usual, passed, is_end = b"", _SMALLEST, 0, False
    with content.open() as file:
        file.seek(len(MAGIC[codec]))
        while not is_end:
            more = file.read(_READ)
            held, is_end = held + more, not more
            at, end = 0, len(held) - (0 if is_end else _LOOK)
            while at < end:
                rest = memoryview(held)[at:]
                count, octets, concealed = kernel.scan(rest, wide=wide)
                if count:
                    # A gap counts as at most one second of lost frames.
                    lost = min(FRAME_RATE, max(1, round(passed / usual))) if passed else 0
                    yield Piece(bytes(rest[:octets]), count, concealed, lost, passed)
                    usual, passed = max(_SMALLEST, octets // count), 0
                elif is_end and kernel.size(held[at], wide=wide):
                    yield Piece(b"", 0, passed=passed, cut=len(rest))
                    return
                else:
                    octets = 1 + kernel.find(rest[1:], _IN_A_ROW, wide=wide)
                    octets = octets if is_end else min(octets, end - at)
                    passed += octets
                at += octets
            held = held[at:]
    if passed:
        yield Piece(b"", 0, passed=passed)


def seconds(content: Input) -> float | None:
    """Return the duration of an AMR file in seconds, by the number of its frames; None for another source."""
    if codec_of(content) is None:
        return None
    return sum(piece.count + piece.lost for piece in pieces(content)) / FRAME_RATE
