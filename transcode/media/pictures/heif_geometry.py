"""Crop and orientation of a HEIF picture: ``clap``, ``irot`` and ``imir``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.media.samples.planes import compose

if TYPE_CHECKING:
    from transcode.media.pictures.boxes import HeifBox, Item
    from transcode.media.pictures.heif_items import Coded

__all__ = ["geometry", "signed"]

#: EXIF orientations of ``irot``, by anticlockwise quarter turns (23008-12, 6.5.10), and of ``imir`` (6.5.12
#: of the third edition: 0 swaps top and bottom, 1 swaps left and right).
_TURNS = (1, 8, 3, 6)
_MIRRORS = (4, 2)


def geometry(name: str, item: Item, coded: Coded) -> tuple[int, int, int, int, int]:
    """Return left, top, right and bottom of the visible part in stored pixels, and the orientation.

    ``clap``, ``irot`` and ``imir`` apply in the order of association.
    """
    left, top, right, bottom, orientation = 0, 0, coded.width, coded.height, 1
    for box in item.properties:
        if box.kind == b"irot":
            orientation = compose(orientation, _TURNS[box.reader(name).number(1) & 3])
        elif box.kind == b"imir":
            orientation = compose(orientation, _MIRRORS[box.reader(name).number(1) & 1])
        elif box.kind == b"clap":
            width, height = right - left, bottom - top
            turned = orientation > 4
            x0, y0, x1, y1 = _clap(name, box, *((height, width) if turned else (width, height)))
            if turned:
                x0, y0, x1, y1 = y0, x0, y1, x1
            # These orientations reverse the stored columns, or the stored rows.
            if orientation in (2, 3, 7, 8):
                x0, x1 = width - x1, width - x0
            if orientation in (3, 4, 6, 7):
                y0, y1 = height - y1, height - y0
            left, top, right, bottom = left + x0, top + y0, left + x1, top + y1
    return left, top, right, bottom, orientation


def _clap(name: str, box: HeifBox, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a clean aperture (14496-12, 12.1.4), within the picture."""
    reader = box.reader(name)
    sides = []
    for size in (width, height):
        numerator, denominator = reader.number(4), reader.number(4)
        sides.append((size, numerator, denominator))
    edges = []
    for size, numerator, denominator in sides:
        shift, unit = signed(reader.number(4)), reader.number(4)
        if not denominator or not unit:
            raise reader.error("divides by zero")
        length = numerator // denominator
        # pcX = horizOff + (width - 1) / 2 is the centre; the first pixel is pcX - (length - 1) / 2.
        begin = (2 * shift + (size - length) * unit) // (2 * unit)
        begin, end = max(begin, 0), min(begin + length, size)
        if end <= begin:
            raise reader.error("leaves nothing of the picture")
        edges.append((begin, end))
    (x0, x1), (y0, y1) = edges
    return x0, y0, x1, y1


def signed(number: int, bits: int = 32) -> int:
    """Return a two's-complement number of the given bits."""
    return number - (1 << bits) if number >> (bits - 1) else number
