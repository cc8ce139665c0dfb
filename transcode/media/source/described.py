"""Finds what 3GP files say of themselves in boxes that FFmpeg does not read (3GPP TS 26.244, clause 8)."""

from __future__ import annotations

import os
import struct
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_described"]

#: Title, description, performer, author, genre, rating, classification, keywords, album, year, collection,
#: user rating and thumbnail. FFmpeg reads the two others, ``cprt`` and ``loci``.
_DESCRIPTIONS = frozenset(b"titl dscp perf auth gnre rtng clsf kywd albm yrrc coll urat thmb".split())

#: Boxes that may hold descriptions, in a file and in each other, and the most boxes that are looked at.
_PATH = {b"moov": (b"trak", b"udta"), b"trak": (b"udta",)}
_MOST_BOXES = 1_000


def is_described(file: IO[bytes]) -> bool:
    """Whether an ISO base media file, or a track of it, has a description that FFmpeg does not read.

    Only heads of boxes are read. What can't be read has no description.

    Raises:
        OSError: the file can't be read.
    """
    end, left = file.seek(0, os.SEEK_END), _MOST_BOXES
    ranges: list[tuple[int, int, tuple[bytes, ...]]] = [(0, end, (b"moov",))]
    while ranges:
        begin, end, wanted = ranges.pop()
        for kind, body, after in _boxes(file, begin, end):
            left -= 1
            if left < 0:
                return False
            if not wanted and kind in _DESCRIPTIONS:
                return True
            if kind in wanted:
                ranges.append((body, after, _PATH.get(kind, ())))
    return False


def _boxes(file: IO[bytes], at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each box, and where its payload begins and ends, up to one that is damaged."""
    while at + 8 <= end:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        body = at + 8
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack_from(">Q", head, 8)
            body = at + 16
        size = size or end - at
        if not body - at <= size <= end - at:
            return
        yield kind, body, at + size
        at += size
