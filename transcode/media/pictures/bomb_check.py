"""How many pieces a picture is stored in, counted before Pillow opens it, and what else is looked at then.

Pillow's readers of chunks, blocks, strips and runs are Python: each piece costs them a microsecond or
more, and nothing stops them on the way. A few megabytes of tiny pieces would take minutes. What Pillow
before 13.0 does not check by itself (SECURITY.md has the list) is checked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError
from transcode.media.pictures import tiff_guard
from transcode.media.pictures.strip import colour_table

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["MAX_BLOCKS", "MAX_COMMENTS", "MAX_PIECES", "check"]

#: Chunks of a PNG or a WebP, strips or tiles of a TIFF, and fields of its directory: two seconds at most. A
#: TIFF of 100 megapixels has 100,000 tiles of 32 x 32 pixels, a PNG of 256 MB 32,000 chunks of libpng's size.
MAX_PIECES = 250_000

#: Data sub-blocks of a GIF, of up to 255 octets: those of 256 MB are as many.
MAX_BLOCKS = 1_100_000

#: Data sub-blocks of all comments of a GIF: each is joined to those before, which takes the square of
#: their number.
MAX_COMMENTS = 4_096

#: Pixels of the canvas that a later frame of a GIF may make of it. Pillow keeps twelve octets of each.
MAX_CANVAS = 15_000_000

#: Octets and pixels of a BMP with run lengths, of which it may have one a pixel. Only old pictures have them.
MAX_RUNS = 8_000_000
MAX_RUN_PIXELS = 16_000_000

#: Pixels of a row of such a BMP: four octets of it may skip 255 rows, for which Pillow takes memory at once.
MAX_RUN_WIDTH = 65_535

#: Pixels of an extended WebP: as many as Pillow opens.
MAX_WEBP_CANVAS = 178_956_970

#: Tags of a TIFF (TIFF 6.0): where its strips are and their octets, and the same of tiles.
_STRIPS = (273, 279, 324, 325)

#: BMP compressions by runs (BITMAPINFOHEADER, biCompression): of eight bits, and of four.
_RUNS = (1, 2)

#: The shortest header of a BMP that has a compression.
_INFO_HEADER = 40

#: The version in the header of a BigTIFF.
_BIG_TIFF = 43


def check(data: bytes | memoryview, kind: str, *, name: str) -> None:
    """Refuse a picture in very many pieces.

    Args:
        data: the file.
        kind: its content type.
        name: of the source, for messages.

    Raises:
        CapError: it has more pieces than are read, or would take too much memory.
        SourceError, UnsupportedError: it contradicts itself in a way that Pillow does not see.
    """
    reader = _READERS.get(kind)
    if reader is not None:
        reader(memoryview(data), name)


def _png(view: memoryview, name: str) -> None:
    at = 8
    width, height = (int.from_bytes(view[place : place + 4], "big") for place in (16, 20))
    for _ in range(MAX_PIECES):
        if bytes(view[at + 4 : at + 8]) == b"fcTL":
            wide, high, left, top = (
                int.from_bytes(view[at + n : at + n + 4], "big") for n in (12, 16, 20, 24)
            )
            if left + wide > width or top + high > height:
                raise SourceError(name, "a frame beyond the picture (APNG)", offset=at)
        at += 12 + int.from_bytes(view[at : at + 4], "big")
        if at >= len(view):
            return
    raise CapError(name, f"more than {MAX_PIECES:,} chunks")


def _webp(view: memoryview, name: str) -> None:
    if bytes(view[12:16]) == b"VP8X":
        # Its decoder takes memory for the whole canvas before anybody has asked how large it is.
        width, height = (1 + int.from_bytes(view[place : place + 3], "little") for place in (24, 27))
        if width * height > MAX_WEBP_CANVAS:
            raise CapError(name, f"a canvas of {width} x {height} pixels")
    at = 12
    for _ in range(MAX_PIECES):
        size = int.from_bytes(view[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
        if at >= len(view):
            return
    raise CapError(name, f"more than {MAX_PIECES:,} chunks")


def _gif(view: memoryview, name: str) -> None:
    """Count as Pillow reads, which steps over octets that begin no block."""
    at = 13 + _table(view, 10)
    blocks = comments = frames = 0
    while at < len(view) and view[at] != 0x3B and blocks <= MAX_BLOCKS and comments <= MAX_COMMENTS:
        kind = bytes(view[at : at + 2])
        blocks += 1
        if kind[0] == 0x2C:
            frames += 1
            _check_frame(view, at, name, frames)
            at += 11 + _table(view, at + 9)
        elif kind[0] == 0x21:
            at += 2
        else:
            at += 1
            continue
        size = 1
        while size and at < len(view) and blocks <= MAX_BLOCKS:
            size = view[at]
            at += 1 + size
            blocks += 1
            comments += kind == b"!\xfe"
    if blocks > MAX_BLOCKS:
        raise CapError(name, f"more than {MAX_BLOCKS:,} blocks")
    if comments > MAX_COMMENTS:
        raise CapError(name, f"comments of more than {MAX_COMMENTS:,} blocks")


def _check_frame(view: memoryview, at: int, name: str, number: int) -> None:
    """Pillow enlarges the canvas for a frame that exceeds it; the size that it tells has the first one's."""
    left, top, width, height = (int.from_bytes(view[at + n : at + n + 2], "little") for n in (1, 3, 5, 7))
    if number > 1 and (left + width) * (top + height) > MAX_CANVAS:
        raise CapError(name, f"frame {number} reaches to {left + width} x {top + height} pixels")


def _table(view: memoryview, at: int) -> int:
    """Octets of the colour table that the packed fields there announce, if they are there."""
    return colour_table(view[at]) if at < len(view) else 0


def _bmp(view: memoryview, name: str) -> None:
    header, compression = (int.from_bytes(view[at : at + 4], "little") for at in (14, 30))
    if header < _INFO_HEADER or compression not in _RUNS:
        return
    width, height = (int.from_bytes(view[at : at + 4], "little", signed=True) for at in (18, 22))
    wide = abs(width) > MAX_RUN_WIDTH
    if len(view) > MAX_RUNS or abs(width * height) > MAX_RUN_PIXELS or wide:
        raise CapError(name, f"runs of {len(view):,} bytes and {width} x {abs(height)} pixels")


def _tiff(view: memoryview, name: str) -> None:
    order: Literal["little", "big"] = "little" if bytes(view[:2]) == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(view[at : at + size], order)

    # Octets of the number of fields, of a field, and of an offset or a count: of BigTIFF, and of TIFF 6.0.
    head, field, size = (8, 20, 8) if number(2, 2) == _BIG_TIFF else (2, 12, 4)
    first = number(size, size)
    fields = number(first, head)
    if fields > MAX_PIECES:
        raise CapError(name, f"a directory of {fields:,} fields")
    for at in range(first + head, min(first + head + field * fields, len(view)), field):
        if number(at, 2) in _STRIPS and number(at + 4, size) > MAX_PIECES:
            raise CapError(name, f"{number(at + 4, size):,} strips or tiles")
    tiff_guard.check(view, name)


_READERS = {"image/png": _png, "image/webp": _webp, "image/gif": _gif, "image/bmp": _bmp, "image/tiff": _tiff}
