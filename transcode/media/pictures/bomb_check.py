"""Checks of a picture file before Pillow opens it: the number of its pieces, and some of its sizes.

Pillow reads chunks, blocks, strips and runs in Python code, at 1 us or more per piece and without a time
limit. A few megabytes of tiny pieces would take minutes. This module also makes checks that Pillow before
13.0 lacks; SECURITY.md lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError
from transcode.media.pictures import tiff_guard
from transcode.media.pictures.strip import colour_table

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["MAX_BLOCKS", "MAX_COMMENTS", "MAX_PIECES", "check"]

#: Chunks of a PNG or a WebP, strips or tiles of a TIFF, and fields of a TIFF directory, at most. Reading
#: them takes 2 seconds at most. A TIFF of 100 megapixels has 100,000 tiles of 32 x 32 pixels; a PNG of
#: 256 MB has 32,000 chunks of the size that libpng writes.
MAX_PIECES = 250_000

#: Data sub-blocks of a GIF, at most. A file of 256 MB has about 1 million of 255 octets each.
MAX_BLOCKS = 1_100_000

#: Data sub-blocks of all comments of a GIF together, at most. Pillow appends each sub-block to the earlier
#: ones, which takes quadratic time.
MAX_COMMENTS = 4_096

#: Pixels of a GIF canvas that a later frame enlarges, at most. Pillow keeps 12 octets per pixel.
MAX_CANVAS = 15_000_000

#: Octets and pixels of a BMP with run-length encoding, at most. It may have one run per pixel. Only old
#: files use this encoding.
MAX_RUNS, MAX_RUN_PIXELS = 8_000_000, 16_000_000

#: Width of a BMP with run-length encoding in pixels, at most. Four octets may skip 255 rows, and Pillow
#: allocates the skipped rows at once.
MAX_RUN_WIDTH = 65_535

#: Pixels of the canvas of an extended WebP, at most: the limit of Pillow.
MAX_WEBP_CANVAS = 178_956_970

#: TIFF 6.0 tags: StripOffsets, StripByteCounts, TileOffsets and TileByteCounts.
_STRIPS = (273, 279, 324, 325)

#: BMP compressions with run lengths (BITMAPINFOHEADER, biCompression): BI_RLE8 and BI_RLE4.
_RUNS = (1, 2)

#: Octets of the shortest BMP header with a compression field.
_INFO_HEADER = 40

#: Version number in the header of a BigTIFF.
_BIG_TIFF = 43


def check(data: bytes | memoryview, kind: str, *, name: str) -> None:
    """Refuse a picture with too many pieces.

    Args:
        data: the file.
        kind: content type of the file.
        name: name of the source, for messages.

    Raises:
        CapError: the file has more pieces than the limit, or would take too much memory.
        SourceError, UnsupportedError: the file contradicts itself in a way that Pillow does not detect.
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
                raise SourceError(name, "an APNG frame extends beyond the picture", offset=at)
        at += 12 + int.from_bytes(view[at : at + 4], "big")
        if at >= len(view):
            return
    raise CapError(name, f"more than {MAX_PIECES:,} chunks")


def _webp(view: memoryview, name: str) -> None:
    if bytes(view[12:16]) == b"VP8X":
        # The WebP decoder allocates the whole canvas before Pillow checks its size.
        width, height = (1 + int.from_bytes(view[place : place + 3], "little") for place in (24, 27))
        if width * height > MAX_WEBP_CANVAS:
            raise CapError(name, f"a canvas of {width} x {height} pixels is too large")
    at = 12
    for _ in range(MAX_PIECES):
        size = int.from_bytes(view[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
        if at >= len(view):
            return
    raise CapError(name, f"more than {MAX_PIECES:,} chunks")


def _gif(view: memoryview, name: str) -> None:
    """Count blocks in the way in which Pillow reads them: it skips octets that begin no block."""
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
    """Refuse a later frame that enlarges the canvas too much; Pillow reports only the initial canvas size."""
    left, top, width, height = (int.from_bytes(view[at + n : at + n + 2], "little") for n in (1, 3, 5, 7))
    if number > 1 and (left + width) * (top + height) > MAX_CANVAS:
        raise CapError(name, f"frame {number} enlarges the canvas to {left + width} x {top + height} pixels")


def _table(view: memoryview, at: int) -> int:
    """Return the octets of the colour table that the packed fields at an offset announce; 0 at the end."""
    return colour_table(view[at]) if at < len(view) else 0


def _bmp(view: memoryview, name: str) -> None:
    header, compression = (int.from_bytes(view[at : at + 4], "little") for at in (14, 30))
    if header < _INFO_HEADER or compression not in _RUNS:
        return
    width, height = (int.from_bytes(view[at : at + 4], "little", signed=True) for at in (18, 22))
    wide = abs(width) > MAX_RUN_WIDTH
    if len(view) > MAX_RUNS or abs(width * height) > MAX_RUN_PIXELS or wide:
        raise CapError(
            name,
            f"an RLE BMP of {len(view):,} bytes and {width} x {abs(height)} pixels is too large",
        )


def _tiff(view: memoryview, name: str) -> None:
    order: Literal["little", "big"] = "little" if bytes(view[:2]) == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(view[at : at + size], order)

    # Octets of the field count, of a field, and of an offset or a value count, in BigTIFF and in TIFF 6.0.
    head, field, size = (8, 20, 8) if number(2, 2) == _BIG_TIFF else (2, 12, 4)
    first = number(size, size)
    fields = number(first, head)
    if fields > MAX_PIECES:
        raise CapError(name, f"a directory of {fields:,} fields is too large")
    for at in range(first + head, min(first + head + field * fields, len(view)), field):
        if number(at, 2) in _STRIPS and number(at + 4, size) > MAX_PIECES:
            raise CapError(name, f"too many strips or tiles: {number(at + 4, size):,}")
    tiff_guard.check(view, name)


_READERS = {"image/png": _png, "image/webp": _webp, "image/gif": _gif, "image/bmp": _bmp, "image/tiff": _tiff}
