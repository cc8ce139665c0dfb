"""Reads the boxes of ISO base media files (ISO/IEC 14496-12): MP4, M4A, 3GP, QuickTime."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Box", "boxes", "fast_start"]

#: The container boxes on the path from moov to the chunk offsets.
_NESTED = (b"trak", b"mdia", b"minf", b"stbl")


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, and the offsets of its start, its payload and its end, in bytes."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes | bytearray | memoryview, start: int, end: int, *, name: str) -> Iterator[Box]:
    """Yield the boxes between two offsets, in order.

    Raises:
        SourceError: a box is shorter than its header, or reaches beyond ``end``.
    """
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            body = at + 16
        elif size == 0:
            size = end - at
        if size < body - at or size > end - at:
            raise SourceError(name, f"a box of {size} bytes where {end - at} bytes are left", offset=at)
        yield Box(kind, at, body, at + size)
        at += size


def fast_start(data: bytes) -> bytes:
    """Move the index (moov) of a file written by this package before the media (mdat).

    A player can start before it has the whole file. Every chunk offset grows by the length of the moov box.
    FFmpeg's muxer does the same (faststart), but only for files on disk.
    """
    top = list(boxes(data, 0, len(data), name="mp4"))
    moov = next(box for box in top if box.kind == b"moov")
    mdat = next(box for box in top if box.kind == b"mdat")
    if moov.start < mdat.start:
        return data
    index = bytearray(data[moov.start : moov.end])
    _shift(index, moov.body - moov.start, len(index), len(index))
    media = b"".join(data[box.start : box.end] for box in top if box is not moov and box.start >= mdat.start)
    return bytes(data[: mdat.start] + index + media)


def _shift(index: bytearray, start: int, end: int, by: int) -> None:
    """Add ``by`` to every chunk offset (stco, co64) in the boxes between ``start`` and ``end``."""
    for box in list(boxes(index, start, end, name="mp4")):
        if box.kind in _NESTED:
            _shift(index, box.body, box.end, by)
        elif box.kind in (b"stco", b"co64"):
            letter = "I" if box.kind == b"stco" else "Q"
            (count,) = struct.unpack_from(">I", index, box.body + 4)
            layout = f">{count}{letter}"
            offsets = struct.unpack_from(layout, index, box.body + 8)
            struct.pack_into(layout, index, box.body + 8, *(offset + by for offset in offsets))
