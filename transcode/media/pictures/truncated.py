"""Pictures whose data end early, or break off: which rows are there, and what is shown of them.

Pillow's decoders put rows into the picture as they come, but don't say how far they came.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from transcode.kernels import gif

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image as Pillow
    from PIL import ImageFile, TiffImagePlugin

    Rows = NDArray[np.bool_]

__all__ = ["fill", "rows_there"]

#: Channels of PNG's colour types, and the passes of an interlaced one: first column and row, and the
#: steps of both (PNG, third edition, 6.1 and 8.1).
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

#: First row and step of the passes of an interlaced GIF (GIF89a, appendix E).
_GIF_PASSES = ((0, 8), (4, 8), (2, 4), (1, 2))

#: Octets that are inflated at a time.
_PIECE = 1 << 20

#: Tags of a TIFF (TIFF 6.0): where strips are, how many rows and octets they have, and how they are stored.
_STRIP_OFFSETS, _ROWS_PER_STRIP, _STRIP_BYTES = 273, 278, 279
_COMPRESSION, _ORIENTATION, _PLANES = 259, 274, 284


def rows_there(data: bytes | memoryview, kind: str, image: ImageFile.ImageFile) -> Rows:
    """Which rows a file still has the data of, a truth value for each, in the order of the picture.

    None are where it can't be told: in WebP, BMP with run lengths, and TIFF in tiles, in planes or turned.

    Args:
        data: the file, or its first frame's.
        kind: its content type.
        image: the file as Pillow opens it, not loaded.
    """
    reader = _READERS.get(kind)
    return np.zeros(image.height, np.bool_) if reader is None else reader(memoryview(data), image)


def fill(image: Pillow.Image, there: Rows) -> None:
    """Put something plain where rows are missing: the row above, if that is there, else white.

    Args:
        image: of mode L, RGB or CMYK; it is changed.
        there: for each of its rows whether it is there.
    """
    white = (0, 0, 0, 0) if image.mode == "CMYK" else "white"
    for row in np.flatnonzero(~there).tolist():
        if row and there[row - 1]:
            image.paste(image.crop((0, row - 1, image.width, row)), (0, row))
        else:
            image.paste(white, (0, row, image.width, row + 1))


def _png(data: memoryview, image: ImageFile.ImageFile) -> Rows:
    width, height = image.size
    there = np.ones(height, np.bool_)
    if bytes(data[12:16]) != b"IHDR":
        return ~there
    bits = data[24] * _PNG_CHANNELS[data[25]]
    passes = _ADAM7 if data[28] else ((0, 0, 1, 1),)
    # For each pass its rows, and the octets that each takes with the one that names its filter.
    sizes = [
        (range(top, height, down), 1 + (-(-(width - left) // right) * bits + 7) // 8)
        for left, top, right, down in passes
        if left < width
    ]
    inflated = _inflated(data, image.tile[0].offset, sum(len(rows) * size for rows, size in sizes))
    for rows, size in sizes:
        there[rows[inflated // size :]] = False
        inflated -= min(inflated, len(rows) * size)
    return there


def _inflated(data: memoryview, at: int, most: int) -> int:
    """How many octets the IDAT chunks have that begin here, unpacked; counted no further than most."""
    inflater = zlib.decompressobj()
    count = 0
    at -= 8
    try:
        while count < most and bytes(data[at + 4 : at + 8]) == b"IDAT":
            end = at + 8 + int.from_bytes(data[at : at + 4], "big")
            packed: bytes | memoryview = data[at + 8 : end]
            while packed and count < most:
                count += len(inflater.decompress(packed, _PIECE))
                packed = inflater.unconsumed_tail
            at = end + 4
    except zlib.error:
        pass
    return min(count, most)


def _gif(data: memoryview, image: ImageFile.ImageFile) -> Rows:
    tile = image.tile[0]
    left, top, right, bottom = tile.extents or (0, 0, *image.size)
    args: Any = tile.args
    bits, interlaced, *_ = args
    at = tile.offset
    blocks = []
    # Of a block that ends early Pillow takes nothing.
    while at < len(data) and data[at] and at + data[at] < len(data):
        blocks.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    codes = np.frombuffer(b"".join(blocks), np.uint8)
    full = gif.count_pixels(codes, bits, (bottom - top) * (right - left)) // (right - left)
    passes = _GIF_PASSES if interlaced else ((0, 1),)
    order = [row for first, step in passes for row in range(top + first, bottom, step)]
    there = np.ones(image.height, np.bool_)
    there[order[full:]] = False
    return there


def _bmp(data: memoryview, image: ImageFile.ImageFile) -> Rows:
    tile = image.tile[0]
    there = np.zeros(image.height, np.bool_)
    if tile.codec_name == "raw":
        args: Any = tile.args
        _, step, direction = args
        full = max(0, len(data) - tile.offset) // step
        there[::direction][:full] = True
    return there


def _tiff(data: memoryview, image: ImageFile.ImageFile) -> Rows:
    tags = cast("TiffImagePlugin.TiffImageFile", image).tag_v2
    offsets, lengths = tags.get(_STRIP_OFFSETS, ()), tags.get(_STRIP_BYTES, ())
    there = np.zeros(image.height, np.bool_)
    if tags.get(_ORIENTATION, 1) != 1 or tags.get(_PLANES, 1) != 1 or len(offsets) != len(lengths):
        return there
    rows = tags.get(_ROWS_PER_STRIP, image.height)
    for index, (offset, length) in enumerate(zip(offsets, lengths, strict=True)):
        top = index * rows
        here = max(0, len(data) - offset)
        if here < length:
            # Packed strips are there as a whole or not at all, and so are those that follow.
            if tags.get(_COMPRESSION, 1) == 1:
                there[top : top + here * min(rows, image.height - top) // length] = True
            break
        there[top : top + rows] = True
    return there


_READERS = {"image/png": _png, "image/gif": _gif, "image/bmp": _bmp, "image/tiff": _tiff}
