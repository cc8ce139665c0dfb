"""Files that are AMR frames one after the other (RFC 4867, 5).

Every frame is 20 ms, so that the length of a recording is the number of its frames. Comfort noise (SID) and
frames without data, which discontinuous transmission (DTX) makes of pauses, are frames like others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.kernels import amr as kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.media.source.inputs import Input

__all__ = ["FRAME_RATE", "MAGIC", "Piece", "codec_of", "is_file", "pieces", "seconds"]

#: The first octets of a file of one channel, by FFmpeg's name of the codec (RFC 4867, 5.1).
MAGIC = {"amr_nb": b"#!AMR\n", "amr_wb": b"#!AMR-WB\n"}

#: Frames a second (3GPP TS 26.071 and 26.171).
FRAME_RATE = 50

#: Octets that are read at once; the most that are needed to see frames in a row; and how many of these are
#: no chance, of octets of which one in twelve begins a frame.
_READ = 1 << 16
_IN_A_ROW = 6
_LOOK = 61 * (_IN_A_ROW + 1)

#: Octets of a frame where none was seen yet: the smallest of speech.
_SMALLEST = 13


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames that follow each other in a file.

    Attributes:
        data: whole frames, of which there may be none at the file's end.
        count: of them.
        concealed: how many of them a decoder makes up from those before.
        lost: frames that are missing before them, by the octets there that are none.
        passed: those octets.
        cut: octets behind them that are a frame's first, the file's last.
    """

    data: bytes
    count: int
    concealed: int = 0
    lost: int = 0
    passed: int = 0
    cut: int = 0


def is_file(content: Input) -> bool:
    """Whether a source is a file of frames of one channel."""
    return codec_of(content) is not None


def codec_of(content: Input) -> str | None:
    head = bytes(content.data[:16])
    return next((codec for codec, magic in MAGIC.items() if head.startswith(magic)), None)


def pieces(content: Input) -> Iterator[Piece]:
    """All frames of a file. Octets that are none are passed over, up to where frames are again.

    Args:
        content: for which is_file() holds.
    """
    codec = codec_of(content) or "amr_nb"
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
                    # A place without any stands for a second at most.
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


def seconds(content: Input) -> float:
    """How long a file is, by its frames.

    Args:
        content: for which is_file() holds.
    """
    return sum(piece.count + piece.lost for piece in pieces(content)) / FRAME_RATE
