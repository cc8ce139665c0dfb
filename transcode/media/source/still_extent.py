"""How many pixels a picture has by its header, in pure Python, for estimates alone.

A wrong figure costs an estimate its accuracy, and nothing else.
"""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING

from transcode.media.source.extent import read_box

if TYPE_CHECKING:
    from typing import IO

__all__ = ["pixels_of"]

#: Segments of a JPEG file that are passed on the way to its frame: a profile and a second picture have many.
_MOST_SEGMENTS = 1_000
#: Markers of JPEG frames, and those that have no length (ITU-T T.81, table B.1).
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))

#: Octets in which all other formats have their sizes.
_LEAST = 32
#: Octets of a HEIF file's property of a picture's size, from its type on (ISO/IEC 23008-12, 6.5.3).
_SIZE_OF_ITEM = 16


def pixels_of(file: IO[bytes], content_type: str) -> int:
    """The pixels of a picture; 0 where its header does not tell.

    Args:
        file: stands anywhere.
        content_type: of the picture.

    Raises:
        OSError: the file can't be read.
    """
    file.seek(0)
    with contextlib.suppress(struct.error, ValueError, OverflowError):
        if content_type == "image/jpeg":
            return _of_jpeg(file)
        if content_type in ("image/heic", "image/avif"):
            return _of_items(read_box(file, b"meta"))
        head = file.read(_LEAST)
        return _of_head(head, content_type) if len(head) == _LEAST else 0
    return 0


def _of_jpeg(file: IO[bytes]) -> int:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        head = file.read(9)
        mark, kind = struct.unpack_from(">BB", head)
        if mark != 0xFF:
            return 0
        if kind in (0xFF, *_BARE):
            at += 1 if kind == 0xFF else 2
            continue
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", head, 5)
            return int(width * height)
        (length,) = struct.unpack_from(">H", head, 2)
        at += 2 + length
    return 0


def _of_items(meta: bytes) -> int:
    """The pixels of the largest item: a picture of tiles is larger than its tiles."""
    largest, at = 0, meta.find(b"ispe")
    while at >= 0:
        if at + _SIZE_OF_ITEM <= len(meta):
            width, height = struct.unpack_from(">II", meta, at + 8)
            largest = max(largest, width * height)
        at = meta.find(b"ispe", at + 4)
    return largest


def _of_head(head: bytes, content_type: str) -> int:
    width = height = 0
    if content_type == "image/png":
        width, height = struct.unpack_from(">II", head, 16)
    elif content_type == "image/gif":
        width, height = struct.unpack_from("<HH", head, 6)
    elif content_type == "image/bmp":
        # The header of OS/2 has 12 octets.
        width, height = struct.unpack_from("<HH" if head[14] == 12 else "<ii", head, 18)
    elif head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif head[12:16] == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", head, 26))
    return width * abs(height)
