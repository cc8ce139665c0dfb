"""EXIF: the orientation, the capture time, the colour space, and whether a position is stored."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["captured", "has_gps", "is_adobe_rgb", "orientation"]

#: Tags of TIFF 6.0 and EXIF 2.32.
_ORIENTATION = 0x0112
_GPS_IFD = 0x8825
_GPS_LATITUDE = 0x0002
_GPS_LONGITUDE = 0x0004
_EXIF_IFD = 0x8769
_DATE_TIME_ORIGINAL = 0x9003
_SUB_SECONDS_ORIGINAL = 0x9291
_COLOUR_SPACE = 0xA001
_INTEROPERABILITY_IFD = 0xA005
_INTEROPERABILITY_INDEX = 0x0001

#: ColorSpace "uncalibrated", and the InteroperabilityIndex of Adobe RGB (DCF 2.0, 3.3.4: the optional colour
#: space).
_UNCALIBRATED = 0xFFFF
_OPTIONAL = "R03"

#: Field types SHORT and LONG with their octets, and ASCII.
_INTEGERS = {3: 2, 4: 4}
_ASCII = 2

#: Octets of an ASCII value that are read, at most; a time has 20.
_LONGEST_TEXT = 32

_PREFIX = b"Exif\0\0"


def orientation(exif: bytes) -> int:
    """Return the Orientation tag, 1 to 8.

    Args:
        exif: the TIFF structure, with or without the 6 octets that precede it in JPEG.

    Returns:
        1 (upright) without such a tag, and for broken EXIF.
    """
    tiff = _Tiff(exif)
    value = tiff.integers(tiff.first).get(_ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def has_gps(exif: bytes) -> bool:
    """Return whether EXIF holds a latitude or a longitude; False for broken EXIF.

    For the argument see orientation.
    """
    tiff = _Tiff(exif)
    place = tiff.integers(tiff.first).get(_GPS_IFD)
    return place is not None and any(
        tag in (_GPS_LATITUDE, _GPS_LONGITUDE) for tag, _, _, _ in tiff.entries(place)
    )


def is_adobe_rgb(exif: bytes) -> bool:
    """Return whether EXIF declares the colour space Adobe RGB (1998); False for broken EXIF.

    Cameras that write no ICC profile declare it in this way. For the argument see orientation.
    """
    tiff = _Tiff(exif)
    place = tiff.integers(tiff.first).get(_EXIF_IFD)
    found = {} if place is None else tiff.integers(place)
    inner = found.get(_INTEROPERABILITY_IFD)
    if found.get(_COLOUR_SPACE) != _UNCALIBRATED or inner is None:
        return False
    return tiff.texts(inner).get(_INTEROPERABILITY_INDEX) == _OPTIONAL


def captured(exif: bytes) -> datetime | None:
    """Return the capture time by the clock of the camera; None if it is missing or EXIF is broken.

    For the argument see orientation. The time zone is not read, as most cameras write none.
    """
    tiff = _Tiff(exif)
    place = tiff.integers(tiff.first).get(_EXIF_IFD)
    texts = {} if place is None else tiff.texts(place)
    try:
        time = datetime.strptime(texts.get(_DATE_TIME_ORIGINAL, ""), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    # SubSecTimeOriginal has the decimal digits of a fraction: "04" is 0.04 s.
    digits = texts.get(_SUB_SECONDS_ORIGINAL, "")[:6]
    is_number = digits.isascii() and digits.isdecimal()
    return time.replace(microsecond=int(digits.ljust(6, "0"))) if is_number else time


class _Tiff:
    """A reader of IFDs that never reads past the end."""

    def __init__(self, exif: bytes) -> None:
        self.data = exif.removeprefix(_PREFIX)
        marks = {b"II*\0": "little", b"MM\0*": "big"}
        self.order = marks.get(self.data[:4], "")
        self.first = self.number(4, 4)

    def number(self, at: int, size: int) -> int:
        """Return the unsigned integer at an offset; 0 if the data end before it is complete."""
        piece = self.data[at : at + size]
        if len(piece) < size or self.order == "":
            return 0
        return int.from_bytes(piece, "big" if self.order == "big" else "little")

    def entries(self, at: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield tag, type, count and offset of the value field of each complete entry."""
        whole = max(0, len(self.data) - at - 2) // 12
        for entry in range(min(self.number(at, 2), whole)):
            field = at + 2 + 12 * entry
            yield self.number(field, 2), self.number(field + 2, 2), self.number(field + 4, 4), field + 8

    def integers(self, at: int) -> dict[int, int]:
        """Return the values of fields with one SHORT or LONG, by tag; of duplicate tags the first counts."""
        found: dict[int, int] = {}
        for tag, kind, count, value in self.entries(at):
            if kind in _INTEGERS and count == 1:
                found.setdefault(tag, self.number(value, _INTEGERS[kind]))
        return found

    def texts(self, at: int) -> dict[int, str]:
        """Return the values of ASCII fields by tag; of duplicate tags the first counts.

        A value that runs past the end is shortened.
        """
        found: dict[int, str] = {}
        for tag, kind, count, value in self.entries(at):
            if kind == _ASCII:
                start = value if count <= 4 else self.number(value, 4)
                text = self.data[start : start + min(count, _LONGEST_TEXT)]
                found.setdefault(tag, text.partition(b"\0")[0].decode("latin-1").strip())
        return found
