"""What matters in EXIF: which way is up, when it was, and whether it says where."""

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

#: Not sRGB; and what the index is then (DCF 2.0, 3.3.4: the optional colour space, which is Adobe RGB).
_UNCALIBRATED = 0xFFFF
_OPTIONAL = "R03"

#: Field types, and how many octets of the value field they take.
_INTEGERS = {3: 2, 4: 4}
_ASCII = 2

#: Octets of a text that are looked at; times have twenty.
_LONGEST_TEXT = 32

_PREFIX = b"Exif\0\0"


def orientation(exif: bytes) -> int:
    """The Orientation tag, 1 to 8.

    Args:
        exif: the TIFF structure, with or without the six octets that JPEG puts before it.

    Returns:
        1, upright as it is, when there is no such tag, and for broken EXIF.
    """
    tiff = _Tiff(exif)
    value = tiff.integers(tiff.first).get(_ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def has_gps(exif: bytes) -> bool:
    """Whether it holds a latitude or a longitude; False for broken EXIF. For the argument see orientation."""
    tiff = _Tiff(exif)
    place = tiff.integers(tiff.first).get(_GPS_IFD)
    return place is not None and any(
        tag in (_GPS_LATITUDE, _GPS_LONGITUDE) for tag, _, _, _ in tiff.entries(place)
    )


def is_adobe_rgb(exif: bytes) -> bool:
    """Whether a camera that writes no profile says that its colours are those of Adobe RGB (1998).

    False for broken EXIF. For the argument see orientation.
    """
    tiff = _Tiff(exif)
    place = tiff.integers(tiff.first).get(_EXIF_IFD)
    found = {} if place is None else tiff.integers(place)
    inner = found.get(_INTEROPERABILITY_IFD)
    if found.get(_COLOUR_SPACE) != _UNCALIBRATED or inner is None:
        return False
    return tiff.texts(inner).get(_INTEROPERABILITY_INDEX) == _OPTIONAL


def captured(exif: bytes) -> datetime | None:
    """When the picture was taken, by the camera's clock; None where it does not say, and for broken EXIF.

    For the argument see orientation. Cameras that write no time zone are the rule, so none is read.
    """
    tiff = _Tiff(exif)
    place = tiff.integers(tiff.first).get(_EXIF_IFD)
    texts = {} if place is None else tiff.texts(place)
    try:
        time = datetime.strptime(texts.get(_DATE_TIME_ORIGINAL, ""), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    # The digits of a fraction: "04" is four hundredths.
    digits = texts.get(_SUB_SECONDS_ORIGINAL, "")[:6]
    is_number = digits.isascii() and digits.isdecimal()
    return time.replace(microsecond=int(digits.ljust(6, "0"))) if is_number else time


class _Tiff:
    """A reader of IFDs that never looks past the end."""

    def __init__(self, exif: bytes) -> None:
        self.data = exif.removeprefix(_PREFIX)
        marks = {b"II*\0": "little", b"MM\0*": "big"}
        self.order = marks.get(self.data[:4], "")
        self.first = self.number(4, 4)

    def number(self, at: int, size: int) -> int:
        """An unsigned integer at an offset; 0 where the data end before it."""
        piece = self.data[at : at + size]
        if len(piece) < size or self.order == "":
            return 0
        return int.from_bytes(piece, "big" if self.order == "big" else "little")

    def entries(self, at: int) -> Iterator[tuple[int, int, int, int]]:
        """Tag, type, count and offset of the value field of each entry that is whole."""
        whole = max(0, len(self.data) - at - 2) // 12
        for entry in range(min(self.number(at, 2), whole)):
            field = at + 2 + 12 * entry
            yield self.number(field, 2), self.number(field + 2, 2), self.number(field + 4, 4), field + 8

    def integers(self, at: int) -> dict[int, int]:
        """The values of the fields of one SHORT or LONG, by tag; the first of equal tags counts."""
        found: dict[int, int] = {}
        for tag, kind, count, value in self.entries(at):
            if kind in _INTEGERS and count == 1:
                found.setdefault(tag, self.number(value, _INTEGERS[kind]))
        return found

    def texts(self, at: int) -> dict[int, str]:
        """The values of ASCII fields by tag, as far as they are there; the first of equal tags counts."""
        found: dict[int, str] = {}
        for tag, kind, count, value in self.entries(at):
            if kind == _ASCII:
                start = value if count <= 4 else self.number(value, 4)
                text = self.data[start : start + min(count, _LONGEST_TEXT)]
                found.setdefault(tag, text.partition(b"\0")[0].decode("latin-1").strip())
        return found
