"""What of a TIFF is looked at before Pillow opens it: Pillow before 13.0 trusts it.

Pillow reads the directory by itself, and libtiff again when it decodes. Where the two may
understand it differently, where fields claim more octets than there are, or where strips hold fewer rows
than are due, Pillow before 13.0 (its release notes name the advisories) reads beyond its buffers, shows
memory that nobody wrote, or reads the same octets again and again. Such files are refused, whatever
Pillow is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

__all__ = ["check", "is_fax"]

#: The version in the header of a BigTIFF.
_BIG = 43

#: Tags (TIFF 6.0), and what holds where they are missing.
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

#: Compressions by runs as of facsimile (CCITT), and by JPEG.
_FAX = (2, 3, 4)
_JPEG = 7
_YCBCR = 6

#: Octets of a value of each type of field (TIFF 6.0, section 2; BigTIFF).
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
    """A field of a directory: its type, how many values it has, and where they are."""

    kind: int
    count: int
    at: int


class _Directory:
    """The first directory of a TIFF."""

    def __init__(self, view: memoryview, name: str) -> None:
        self._view = view
        self._order: Literal["little", "big"] = "little" if bytes(view[:2]) == b"II" else "big"
        self.fields: dict[int, _Field] = {}
        # Octets of the number of fields, of a field, and of an offset: of BigTIFF, and of TIFF 6.0.
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
                raise UnsupportedError(name, f"a TIFF whose directory has tag {tag} twice")
            if claimed > len(view):
                raise CapError(name, "a TIFF whose fields claim more bytes than there are")
            self.fields[tag] = _Field(kind, count, value)

    def number(self, at: int, size: int) -> int:
        """A whole number; 0 beyond the end."""
        return int.from_bytes(self._view[at : at + size], self._order)

    def values(self, tag: int) -> list[int]:
        """The values of a field of whole numbers; none where it is missing or of another type."""
        field = self.fields.get(tag)
        if field is None or field.kind not in _WHOLE:
            return []
        size = _SIZES[field.kind]
        return [self.number(field.at + size * index, size) for index in range(field.count)]

    def value(self, tag: int, default: int) -> int:
        """The first value of a field."""
        return next(iter(self.values(tag)), default)


def is_fax(data: bytes | memoryview) -> bool:
    """Whether its strips are coded as facsimile is."""
    return _Directory(memoryview(data), "").value(_COMPRESSION, 1) in _FAX


def check(view: memoryview, name: str) -> None:
    """Refuse a TIFF that Pillow before 13.0 is not safe with.

    Raises:
        UnsupportedError: its tiles are of a kind that is not decoded, or its directory contradicts itself.
        CapError: its fields claim more bytes than there are.
        SourceError: a strip or tile of JPEG has fewer pixels than are due.
    """
    directory = _Directory(view, name)
    compression = directory.value(_COMPRESSION, 1)
    is_tiled = _TILE_OFFSETS in directory.fields
    if is_tiled and compression in _FAX:
        raise UnsupportedError(name, "a TIFF of tiles under a fax compression")
    is_ycbcr = directory.value(_PHOTOMETRIC, 0) == _YCBCR
    if is_ycbcr and directory.value(_PLANAR, 1) != 1:
        raise UnsupportedError(name, "a TIFF of YCbCr in planes")
    if is_ycbcr and is_tiled and compression != _JPEG:
        raise UnsupportedError(name, "a TIFF of YCbCr in tiles")
    if compression != 1 and len(set(directory.values(_BITS))) > 1:
        raise UnsupportedError(name, "a compressed TIFF of samples of several lengths")
    if compression == _JPEG:
        for number, (data, wide, high) in enumerate(_segments(directory, view, is_tiled=is_tiled)):
            found = _size(data)
            if found is not None and (found[0] < wide or found[1] < high):
                kind = "tile" if is_tiled else "strip"
                reason = f"{found[0]} x {found[1]} pixels where {wide} x {high} are due"
                raise SourceError(name, f"{kind} {number} of the TIFF has {reason}")


def _segments(
    directory: _Directory, view: memoryview, *, is_tiled: bool
) -> Iterator[tuple[memoryview, int, int]]:
    """Each strip or tile, and the pixels that it must have across and down."""
    width, length = directory.value(_WIDTH, 0), directory.value(_LENGTH, 0)
    offsets = directory.values(_TILE_OFFSETS if is_tiled else _STRIP_OFFSETS)
    counts = directory.values(_TILE_COUNTS if is_tiled else _STRIP_COUNTS)
    if is_tiled:
        wide, rows = directory.value(_TILE_WIDTH, width), directory.value(_TILE_LENGTH, length)
    else:
        wide, rows = width, max(1, min(directory.value(_ROWS, length), length))
    # In planes there are the strips of one after those of the other.
    strips = -(-length // rows) if rows else 1
    for index, offset in enumerate(offsets):
        size = counts[index] if index < len(counts) else len(view)
        high = rows if is_tiled else min(rows, length - (index % strips) * rows)
        yield view[offset : offset + size], wide, high


def _size(data: memoryview) -> tuple[int, int] | None:
    """Width and height of a JPEG; None where its frame header is not found: libtiff finds none either."""
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
