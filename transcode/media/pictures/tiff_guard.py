"""Checks of a TIFF before Pillow opens it, which Pillow before 13.0 lacks.

Pillow parses the directory, and libtiff parses it again for decoding. Pillow before 13.0 reads beyond its
buffers, returns uninitialised memory or reads the same octets repeatedly in three cases: the two parsers
disagree, fields claim more octets than the file has, or strips hold fewer rows than required. The release
notes of Pillow 13.0 name the advisories. Such files are refused with every version of Pillow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.source.unread import SAVE_PICTURE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

__all__ = ["check", "is_fax"]

#: Version number in the header of a BigTIFF.
_BIG = 43

#: TIFF 6.0 tags. A tag of _LAYOUT may stand only once in a directory.
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS, _STRIP_COUNTS, _PLANAR = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325
_EXTRA, _FORMAT = 338, 339
_LAYOUT = frozenset(
    (
        *(_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS, _SAMPLES, _ROWS, _STRIP_COUNTS),
        *(_PLANAR, _TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS, _EXTRA, _FORMAT),
    )
)

#: Compressions: CCITT (fax) and JPEG; photometric interpretation YCbCr.
_FAX = (2, 3, 4)
_JPEG = 7
_YCBCR = 6

#: Octets per value of each field type (TIFF 6.0, section 2; BigTIFF); _WHOLE has the unsigned integers.
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_WHOLE = (1, 3, 4, 16)


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a directory: its type, the number of its values, and their offset in the file."""

    kind: int
    count: int
    at: int


class _Directory:
    """The first directory of a TIFF."""

    def __init__(self, view: memoryview, name: str) -> None:
        self._view = view
        self._order: Literal["little", "big"] = "little" if bytes(view[:2]) == b"II" else "big"
        self.fields: dict[int, _Field] = {}
        # Octets of the field count, of a field, and of an offset, in BigTIFF and in TIFF 6.0.
        head, field, size = (8, 20, 8) if self.number(2, 2) == _BIG else (2, 12, 4)
        first = self.number(size, size)
        claimed = 0
        for place in range(self.number(first, head)):
            at = first + head + field * place
            if at + field > len(view):
                return
            tag, kind, count = self.number(at, 2), self.number(at + 2, 2), self.number(at + 4, size)
            octets, value = _SIZES.get(kind, 0) * count, at + 4 + size
            if octets > size:
                value, claimed = self.number(value, size), claimed + octets
            if tag in self.fields and tag in _LAYOUT:
                raise UnsupportedError(name, f"a TIFF whose directory has tag {tag} twice; {SAVE_PICTURE}")
            if claimed > len(view):
                raise CapError(name, "a TIFF whose fields claim more bytes than the file has")
            self.fields[tag] = _Field(kind, count, value)

    def number(self, at: int, size: int) -> int:
        """Return an unsigned integer; octets beyond the end are ignored, and without octets it is 0."""
        return int.from_bytes(self._view[at : at + size], self._order)

    def values(self, tag: int) -> list[int]:
        """Return the values of an unsigned integer field; empty if it is missing or of another type."""
        field = self.fields.get(tag)
        if field is None or field.kind not in _WHOLE:
            return []
        size = _SIZES[field.kind]
        return [self.number(field.at + size * index, size) for index in range(field.count)]

    def value(self, tag: int, default: int) -> int:
        """Return the first value of a field, or the default."""
        return next(iter(self.values(tag)), default)


def is_fax(data: bytes | memoryview) -> bool:
    """Return whether a TIFF has a CCITT (fax) compression."""
    return _Directory(memoryview(data), "").value(_COMPRESSION, 1) in _FAX


def check(view: memoryview, name: str) -> None:
    """Refuse a TIFF that is unsafe with Pillow before 13.0.

    Raises:
        UnsupportedError: the layout of the samples is not supported, or the directory contradicts itself.
        CapError: the fields claim more bytes than the file has.
        SourceError: a JPEG strip or tile has fewer pixels than required.
    """
    directory = _Directory(view, name)
    compression = directory.value(_COMPRESSION, 1)
    is_tiled = _TILE_OFFSETS in directory.fields
    if is_tiled and compression in _FAX:
        raise UnsupportedError(name, f"a TIFF with tiles and fax (CCITT) compression; {SAVE_PICTURE}")
    is_ycbcr = directory.value(_PHOTOMETRIC, 0) == _YCBCR
    if is_ycbcr and directory.value(_PLANAR, 1) != 1:
        raise UnsupportedError(name, f"a YCbCr TIFF with separate planes; {SAVE_PICTURE}")
    if is_ycbcr and is_tiled and compression != _JPEG:
        raise UnsupportedError(name, f"a YCbCr TIFF with tiles that are not JPEG; {SAVE_PICTURE}")
    if is_ycbcr and compression == 1 and directory.value(_SAMPLES, 1) > 1:
        # Pillow reads these samples as RGB with a fourth octet per pixel.
        raise UnsupportedError(name, f"a YCbCr TIFF without compression; {SAVE_PICTURE}")
    if compression != 1 and len(set(directory.values(_BITS))) > 1:
        raise UnsupportedError(
            name, f"a compressed TIFF with samples of different bit depths; {SAVE_PICTURE}"
        )
    if compression == _JPEG:
        for number, (data, wide, high) in enumerate(_segments(directory, view, is_tiled=is_tiled)):
            found = _size(data)
            if found is not None and (found[0] < wide or found[1] < high):
                kind = "tile" if is_tiled else "strip"
                reason = f"{found[0]} x {found[1]} pixels; {wide} x {high} are required"
                raise SourceError(name, f"{kind} {number} of the TIFF has {reason}")


def _segments(
    directory: _Directory, view: memoryview, *, is_tiled: bool
) -> Iterator[tuple[memoryview, int, int]]:
    """Yield each strip or tile with the width and height in pixels that it must have."""
    width, length = directory.value(_WIDTH, 0), directory.value(_LENGTH, 0)
    offsets = directory.values(_TILE_OFFSETS if is_tiled else _STRIP_OFFSETS)
    counts = directory.values(_TILE_COUNTS if is_tiled else _STRIP_COUNTS)
    if is_tiled:
        wide, rows = directory.value(_TILE_WIDTH, width), directory.value(_TILE_LENGTH, length)
    else:
        wide, rows = width, max(1, min(directory.value(_ROWS, length), length))
    # With separate planes, all strips of one plane come before the strips of the next.
    strips = -(-length // rows) if rows else 1
    for index, offset in enumerate(offsets):
        size = counts[index] if index < len(counts) else len(view)
        high = rows if is_tiled else min(rows, length - (index % strips) * rows)
        yield view[offset : offset + size], wide, high


def _size(data: memoryview) -> tuple[int, int] | None:
    """Return width and height of a JPEG; None without a frame header, which libtiff does not find either."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return data[at + 7] << 8 | data[at + 8], data[at + 5] << 8 | data[at + 6]
        else:
            at += 2 + (data[at + 2] << 8 | data[at + 3])
    return None
