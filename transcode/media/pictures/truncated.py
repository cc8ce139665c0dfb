"""Truncated and broken pictures: which rows and frames are present, and how missing rows are filled.

Pillow's decoders store rows as they are decoded, but do not report the last complete row.
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

__all__ = ["fill", "rows_there", "whole_frames"]

#: Channels of each PNG colour type; passes of an interlaced PNG as first column, first row, column step and
#: row step (PNG, third edition, 6.1 and 8.1).
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

#: First row and row step of each pass of an interlaced GIF (GIF89a, appendix E).
_GIF_PASSES = ((0, 8), (4, 8), (2, 4), (1, 2))

#: Octets that one call of zlib inflates.
_PIECE = 1 << 20

#: TIFF 6.0 tags.
_STRIP_OFFSETS, _ROWS_PER_STRIP, _STRIP_BYTES = 273, 278, 279
_COMPRESSION, _ORIENTATION, _PLANES = 259, 274, 284


def whole_frames(data: bytes | memoryview) -> bytes | None:
    """Return the complete chunks of a truncated animated WebP as a valid file; None for any other file.

    Decoders refuse a truncated file.
    """
    view = memoryview(data)
    if bytes(view[:4]) != b"RIFF" or bytes(view[8:12]) != b"WEBP":
        return None
    if 8 + int.from_bytes(view[4:8], "little") <= len(view):
        return None
    at, frames = 12, 0
    while at + 8 <= len(view):
        size = int.from_bytes(view[at + 4 : at + 8], "little")
        after = at + 8 + size + size % 2
        if after > len(view):
            break
        frames += bytes(view[at : at + 4]) == b"ANMF"
        at = after
    return b"RIFF" + (at - 8).to_bytes(4, "little") + bytes(view[8:at]) if frames else None


def rows_there(data: bytes | memoryview, kind: str, image: ImageFile.ImageFile) -> Rows:
    """Return which rows of a file are present: one boolean per row, from top to bottom.

    All values are False where the rows can't be determined: WebP, BMP with run-length encoding, and TIFF
    with tiles, separate planes or an orientation other than 1.

    Args:
        data: the file.
        kind: content type of the file.
        image: the file as Pillow opens it, not loaded.
    """
    reader = _READERS.get(kind)
    return np.zeros(image.height, np.bool_) if reader is None else reader(memoryview(data), image)


def fill(image: Pillow.Image, there: Rows) -> None:
    """Fill missing rows in place: with the row above if it is present, else with white.

    Args:
        image: picture of mode L, RGB or CMYK; it is changed.
        there: for each row whether it is present.
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
    # For each pass its rows, and the octets per row including the filter octet.
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
    """Return the inflated octets of the IDAT chunks from here on; counting stops at most."""
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
    # Pillow ignores a sub-block that ends early.
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
            # A truncated compressed strip counts as missing, and so do all later strips.
            if tags.get(_COMPRESSION, 1) == 1:
                there[top : top + here * min(rows, image.height - top) // length] = True
            break
        there[top : top + rows] = True
    return there


_READERS = {"image/png": _png, "image/gif": _gif, "image/bmp": _bmp, "image/tiff": _tiff}
