"""EXIF: which way is up, when it was, and whether it says where."""

from __future__ import annotations

import io
import struct
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from transcode.media.pictures.exif import captured, has_gps, is_adobe_rgb, orientation

#: Tag, type, count, value of a field.
Field = tuple[int, int, int, int]


def tiff(*fields: Field, order: str = "<", at: int = 8) -> bytes:
    """A TIFF structure of one IFD; SHORT values stand left in their fields."""
    body = struct.pack(order + "H", len(fields))
    for tag, kind, count, value in fields:
        packed = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        body += struct.pack(order + "HHI", tag, kind, count) + packed
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "I", at) + bytes(at - 8) + body + bytes(4)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4], ids=["SHORT", "LONG"])
def test_orientation(value: int, order: str, kind: int) -> None:
    """Every orientation is read, in any byte order and type, wherever the IFD is, with and without prefix."""
    for at in (8, 30):
        made = tiff((0x010F, 3, 1, 7), (0x0112, kind, 1, value), order=order, at=at)
        assert orientation(made) == value
        assert orientation(b"Exif\0\0" + made) == value


def test_orientation_as_pillow_writes_it() -> None:
    """What Pillow wrote is what is read."""
    for value in range(1, 9):
        made = Image.Exif()
        made[0x010E] = "A description that does not fit into its field"
        made[0x0112] = value
        assert orientation(made.tobytes()) == value


@pytest.mark.parametrize(
    "made",
    [
        b"",
        b"Exif\0\0",
        b"II*\0",
        b"XX*\0" + tiff((0x0112, 3, 1, 6))[4:],
        tiff(),
        tiff((0x0112, 3, 1, 0)),
        tiff((0x0112, 3, 1, 9)),
        tiff((0x0112, 3, 2, 6)),
        tiff((0x0112, 2, 1, 6)),
        tiff((0x0112, 3, 1, 6))[:-6],
        tiff((0x0112, 3, 1, 6), at=8)[:4] + b"\xff\xff\xff\xff",
    ],
)
def test_broken_exif_is_upright(made: bytes) -> None:
    """Nothing, another type or count, a value out of range, and a field cut short are all upright."""
    assert orientation(made) == 1
    assert not has_gps(made)


def test_the_first_of_two_counts() -> None:
    """The first of two equal tags counts; a count of fields beyond the end is no hindrance."""
    made = tiff((0x0112, 3, 1, 6), (0x0112, 3, 1, 3))
    assert orientation(made) == 6
    assert orientation(made[:8] + b"\xff\xff" + made[10:]) == 6


def test_gps() -> None:
    """A GPS IFD with a place is told from one without, and from none."""
    made = Image.Exif()
    made[0x0112] = 6
    assert not has_gps(made.tobytes())
    made.get_ifd(0x8825)[0] = b"\2\2\0\0"
    assert not has_gps(made.tobytes())
    made.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "JPEG", exif=made)
    assert has_gps(Image.open(io.BytesIO(file.getvalue())).info["exif"])
    assert not has_gps(tiff((0x8825, 4, 1, 0xFFFFFFF0)))


@pytest.mark.parametrize(
    ("space", "index", "expected"),
    [
        (0xFFFF, "R03", True),
        (0xFFFF, "R98", False),
        (1, "R03", False),
        (0xFFFF, None, False),
        (None, "R03", False),
    ],
)
def test_adobe_rgb(space: int | None, index: str | None, expected: bool) -> None:
    """Both the space and the index must say it."""
    made = Image.Exif()
    inner = made.get_ifd(0x8769)
    if space is not None:
        inner[0xA001] = space
    if index is not None:
        inner[0xA005] = {1: index}
    assert is_adobe_rgb(made.tobytes()) is expected
    assert not is_adobe_rgb(made.tobytes()[:40])


@settings(deadline=None, max_examples=200)
@given(
    st.binary(max_size=60), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"Exif\0\0MM\0*"])
)
def test_any_octets(octets: bytes, start: bytes) -> None:
    """Any octets have an orientation, and a place or none."""
    assert 1 <= orientation(start + octets) <= 8
    assert is_adobe_rgb(start + octets) in (False, True)
    assert has_gps(start + octets) in (False, True)


@pytest.mark.parametrize(
    ("original", "fraction", "expected"),
    [
        ("2024:05:01 10:02:03", None, datetime(2024, 5, 1, 10, 2, 3)),
        ("2024:05:01 10:02:03", "04", datetime(2024, 5, 1, 10, 2, 3, 40_000)),
        ("2024:05:01 10:02:03", "1234567", datetime(2024, 5, 1, 10, 2, 3, 123_456)),
        ("2024:05:01 10:02:03", "x", datetime(2024, 5, 1, 10, 2, 3)),
        ("0000:00:00 00:00:00", None, None),
        ("    :  :     :  :  ", None, None),
        ("2024", None, None),
        (None, "04", None),
    ],
)
def test_captured(original: str | None, fraction: str | None, expected: datetime | None) -> None:
    """The time of the picture itself, to the fraction; none where it is not one."""
    made = Image.Exif()
    tags = {0x9003: original, 0x9291: fraction}
    made.get_ifd(0x8769).update({tag: text for tag, text in tags.items() if text is not None})
    assert captured(made.tobytes()) == expected


@given(st.binary(max_size=200), st.integers(0, 120))
def test_captured_of_anything(noise: bytes, cut: int) -> None:
    """Broken EXIF ends in a time or in none."""
    made = Image.Exif()
    made.get_ifd(0x8769)[0x9003] = "2024:05:01 10:02:03"
    whole = made.tobytes()
    for octets in (noise, whole[:cut], whole[:cut] + noise):
        assert captured(octets) is None or isinstance(captured(octets), datetime)
