"""Pictures whose data end early: the rows that are there are shown, and no others are claimed."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFile

import transcode
from tests.made.pictures import photo, save
from tests.made.pngs import chunk
from transcode.errors import SourceError
from transcode.media.pictures import truncated
from transcode.media.pictures.openers import open_still
from transcode.media.source.inputs import Input

WIDTH, HEIGHT = 107, 74
PHOTO = Image.fromarray(photo(WIDTH, HEIGHT))


def interlaced_png(picture: Image.Image) -> bytes:
    """A PNG in seven passes (PNG, third edition, 8.1), which Pillow does not write."""
    samples = np.asarray(picture)
    # The first pass has one pixel in 8 x 8; each further pair halves the distance of columns, then of rows.
    passes = [(0, 0, 8, 8)]
    for step in (8, 4, 2):
        passes += [(step // 2, 0, step, step), (0, step // 2, step // 2, step)]
    rows = [
        b"\0" + row.tobytes()
        for left, top, right, down in passes
        for row in samples[top::down, left::right]
        if row.size
    ]
    header = struct.pack(">IIBBBBB", *picture.size, 8, 2, 0, 0, 1)
    made = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")):
        made += chunk(kind, body)
    return made


def tiff(picture: Image.Image, *, packed: bool) -> bytes:
    """A TIFF whose directory stands before its strips of eight rows, as scanners write it."""
    rows = np.asarray(picture)
    strips = [rows[top : top + 8].tobytes() for top in range(0, picture.height, 8)]
    strips = [zlib.compress(strip) for strip in strips] if packed else strips
    count = len(strips)
    # Behind nine entries: the bits of each sample, where strips are, and how long.
    bits_at = 8 + 2 + 9 * 12 + 4
    data_at = bits_at + 6 + 8 * count
    starts = [data_at + sum(map(len, strips[:number])) for number in range(count)]
    short, long = 3, 4
    entries = (
        (256, short, 1, picture.width),
        (257, short, 1, picture.height),
        (258, short, 3, bits_at),
        (259, short, 1, 8 if packed else 1),
        (262, short, 1, 2),
        (273, long, count, bits_at + 6),
        (277, short, 1, 3),
        (278, short, 1, 8),
        (279, long, count, bits_at + 6 + 4 * count),
    )
    made = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    made += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    made += struct.pack(f"<3H{2 * count}I", 8, 8, 8, *starts, *map(len, strips))
    return made + b"".join(strips)


MADE = {
    "PNG": ("image/png", save(PHOTO, "PNG")),
    "PNG, palette": ("image/png", save(PHOTO.quantize(13), "PNG", bits=4)),
    "PNG, interlaced": ("image/png", interlaced_png(PHOTO)),
    "GIF": ("image/gif", save(PHOTO.quantize(99), "GIF", interlace=0)),
    "GIF, interlaced": ("image/gif", save(PHOTO.quantize(99), "GIF", interlace=1)),
    "BMP": ("image/bmp", save(PHOTO, "BMP")),
    "TIFF": ("image/tiff", tiff(PHOTO, packed=False)),
    "TIFF, deflate": ("image/tiff", tiff(PHOTO, packed=True)),
}


def rows_there(data: bytes, kind: str) -> NDArray[np.bool_]:
    opened = Image.open(io.BytesIO(data))
    assert isinstance(opened, ImageFile.ImageFile)
    return truncated.rows_there(data, kind, opened)


@pytest.mark.parametrize("form", MADE)
def test_every_cut(form: str) -> None:
    """Whatever is cut off: from half of the rows on, those that are there are right, and few are missed."""
    kind, whole = MADE[form]
    assert rows_there(whole, kind).all()
    expected = np.asarray(Image.open(io.BytesIO(whole)).convert("RGB"))
    header = 320 if kind == "image/tiff" else Image.open(io.BytesIO(whole)).tile[0].offset + 1
    shown = 0
    for cut in range(header, len(whole) - 40, len(whole) // 31):
        data = whole[:cut]
        there = rows_there(data, kind)
        still = open_still(Input("a", data))
        if there.mean() < 0.5:
            with pytest.raises(SourceError, match=r"rows are present|can't be decoded"):
                still.rgb(WIDTH, HEIGHT)
            continue
        found = still.rgb(WIDTH, HEIGHT)
        assert (found[there] == expected[there]).all()
        for row in np.flatnonzero(~there):
            above = row > 0 and there[row - 1]
            assert (found[row] == (found[row - 1] if above else 255)).all()
        notes = {note.code: note.text for note in still.reduce(WIDTH, HEIGHT).notes}
        assert f"{there.mean():.0%} of the rows are present" in notes["source-truncated"]
        assert there.mean() >= (cut - header) / (len(whole) - header) - 0.2
        shown += 1
    assert shown > 5


def test_interlaced_rows_are_those_of_the_passes() -> None:
    """With nine tenths of an interlaced file all even rows are present, and the upper odd ones."""
    for form in ("PNG, interlaced", "GIF, interlaced"):
        kind, whole = MADE[form]
        there = rows_there(whole[: int(0.9 * len(whole))], kind)
        odd = int(there[1::2].sum())
        assert there[::2].all()
        assert 0 < odd < HEIGHT // 2
        assert there[1::2][:odd].all()


def test_a_frame_inside_its_canvas() -> None:
    """What lies around a frame that does not fill a GIF's canvas does not count as missing."""
    whole = save(PHOTO.quantize(99), "GIF", interlace=0)
    at = whole.index(b",\0\0\0\0" + struct.pack("<HH", WIDTH, HEIGHT))
    canvas = whole[:6] + struct.pack("<HH", WIDTH + 8, HEIGHT + 20) + whole[10:at]
    moved = canvas + b"," + struct.pack("<HH", 4, 10) + whole[at + 5 :]
    there = rows_there(moved[: int(0.8 * len(moved))], "image/gif")
    inside = int(there[10 : 10 + HEIGHT].sum())
    assert HEIGHT // 2 < inside < HEIGHT
    assert there[: 10 + inside].all()
    assert there[10 + HEIGHT :].all()
    assert not there[10 + inside : 10 + HEIGHT].any()


def test_broken_data_count_up_to_the_break() -> None:
    """A code that no GIF can have ends the picture there; what was before it is shown."""
    kind, whole = MADE["GIF"]
    data = bytearray(whole)
    for at in range(int(0.8 * len(data)), len(data) - 1):
        data[at] = 0xFF
    there = rows_there(bytes(data), kind)
    assert 0.5 < there.mean() < 0.95
    found = open_still(Input("a", bytes(data))).rgb(WIDTH, HEIGHT)
    expected = np.asarray(Image.open(io.BytesIO(whole)).convert("RGB"))
    assert (found[there] == expected[there]).all()


def test_an_animation_cut_off_in_its_first_frame() -> None:
    """What is there of the first frame is shown as a still, and the report tells of both."""
    frames = [Image.fromarray(photo(64, 48, seed)) for seed in range(3)]
    data = save(frames[0], "PNG", save_all=True, append_images=frames[1:])
    at = data.index(b"IDAT")
    length = int.from_bytes(data[at - 4 : at], "big")
    made = transcode.fit(data[: at + int(0.8 * length)], transcode.Limits(100_000))
    assert made.content_type in ("image/jpeg", "image/png")
    assert {"source-truncated", "animation-dropped"} <= {note.code for note in made.report.notes}
    with pytest.raises(SourceError, match="rows are present"):
        transcode.fit(data[: at + int(0.3 * length)], transcode.Limits(100_000))


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}])
def test_truncated_webp_is_refused(options: dict[str, bool]) -> None:
    """Its decoder gives no rows of a file that ends early: SourceError, and no guess."""
    data = save(PHOTO, "WEBP", **options)
    with pytest.raises(SourceError):
        transcode.fit(data[: int(0.9 * len(data))], transcode.Limits(100_000))


def test_rows_are_filled_in_every_mode() -> None:
    """Missing rows become white, in gray, in colour and in inks, or the row above that is there."""
    there = np.array([True, False, False, True])
    for mode, ink, white in (("L", 7, 255), ("RGB", (1, 2, 3), (255,) * 3), ("CMYK", (1, 2, 3, 4), (0,) * 4)):
        picture = Image.new(mode, (2, 4), ink)
        truncated.fill(picture, there)
        assert [picture.getpixel((1, row)) for row in range(4)] == [ink, ink, white, ink]
