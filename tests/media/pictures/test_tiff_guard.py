"""What is refused before Pillow opens it. All of these are harmless: what they claim is wrong, no more."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

import transcode
from tests.made.pictures import save
from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import bomb_check, fax, tiff_guard

Field = tuple[int, int, int, int]
SHORT, LONG = 3, 4


def tiff(*changes: Field, leave_out: tuple[int, ...] = (), data: bytes = bytes(64), size: int = 8) -> bytes:
    """A gray picture of 8 x 8 pixels in one strip; fields replace those of the same tag, or come on top."""
    fields: dict[int, Field] = {
        tag: (tag, SHORT, 1, value)
        for tag, value in ((256, size), (257, size), (258, 8), (259, 1), (262, 1), (277, 1), (278, size))
    }
    fields[273], fields[279] = (273, LONG, 1, 8), (279, LONG, 1, len(data))
    rows = [fields[tag] for tag in sorted(fields) if tag not in leave_out]
    for change in changes:
        rows = [row for row in rows if row[0] != change[0]]
    rows = sorted([*rows, *changes])
    directory = b"".join(struct.pack("<HHII", *row) for row in rows)
    return (
        struct.pack("<2sHI", b"II", 42, 8 + len(data))
        + data
        + struct.pack("<H", len(rows))
        + directory
        + bytes(4)
    )


def check(data: bytes) -> None:
    tiff_guard.check(memoryview(data), "x.tif")


def test_ordinary_files_pass() -> None:
    """Files of all compressions that Pillow writes pass, in strips and tiles."""
    check(tiff())
    check(tiff((324, LONG, 1, 8), (325, LONG, 1, 64), (322, SHORT, 1, 8), (323, SHORT, 1, 8)))
    for compression in ("raw", "tiff_lzw", "jpeg", "tiff_deflate", "packbits"):
        for mode in ("L", "RGB", "YCbCr")[: 2 if compression == "raw" else 3]:
            check(save(Image.new(mode, (70, 900), 99), "TIFF", compression=compression))
    check(save(Image.new("1", (70, 90)), "TIFF", compression="group4"))


def test_a_field_that_stands_twice() -> None:
    """Pillow may take the one, and libtiff the other; those that say nothing of the layout may."""
    with pytest.raises(UnsupportedError, match="tag 258 twice"):
        check(tiff((258, SHORT, 1, 8), (258, SHORT, 1, 16)))
    check(tiff((270, SHORT, 1, 8), (270, SHORT, 1, 16)))


def test_fields_that_claim_more_than_there_is() -> None:
    """Each alone may: together they would be read again and again."""
    claims = tuple((tag, 1, 100, 8) for tag in range(40_000, 40_009))
    with pytest.raises(CapError, match="claim more bytes than the file has"):
        check(tiff(*claims))
    check(tiff(claims[0]))


def test_kinds_that_are_not_decoded() -> None:
    """The error names the kind."""
    tiles = ((324, LONG, 1, 8), (325, LONG, 1, 64), (322, SHORT, 1, 8), (323, SHORT, 1, 8))
    for fields, words in (
        ((*tiles, (259, SHORT, 1, 4)), r"tiles and fax \(CCITT\) compression; save it as JPEG or PNG"),
        ((*tiles, (259, SHORT, 1, 5), (262, SHORT, 1, 6)), "YCbCr TIFF with tiles"),
        (((262, SHORT, 1, 6), (284, SHORT, 1, 2)), "YCbCr TIFF with separate planes"),
        (((262, SHORT, 1, 6), (277, SHORT, 1, 3)), "YCbCr TIFF without compression"),
        (((259, SHORT, 1, 5), (258, SHORT, 2, 8 | 16 << 16)), "samples of different bit depths"),
    ):
        with pytest.raises(UnsupportedError, match=words):
            check(tiff(*fields))


@pytest.mark.parametrize(
    ("wide", "high", "fits"), [(8, 8, True), (8, 4, False), (4, 8, False), (16, 16, True)]
)
def test_strips_of_jpeg(wide: int, high: int, fits: bool) -> None:
    """One with fewer pixels than are due would show memory that nobody wrote."""
    data = save(Image.new("L", (wide, high), 99), "JPEG")
    octets = tiff((259, SHORT, 1, 7), data=data)
    if fits:
        check(octets)
        return
    with pytest.raises(SourceError, match=f"strip 0 .* {wide} x {high} pixels; 8 x 8 are required"):
        check(octets)
    with pytest.raises(SourceError, match="are required"):
        transcode.fit(octets, transcode.Limits(10_000))


def test_a_fax_is_decoded_by_ffmpeg() -> None:
    """A fax is as Pillow decodes it; missing rows are all alike, whatever stood in memory."""
    page = (np.random.default_rng(1).random((300, 200)) > 0.7).astype(np.uint8) * 255
    for compression in ("group3", "group4", "tiff_ccitt"):
        data = save(Image.fromarray(page).convert("1"), "TIFF", compression=compression)
        assert tiff_guard.is_fax(data)
        assert np.array_equal(np.asarray(fax.decode(data, 1)), page), compression
        wanted = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
        assert np.array_equal(np.asarray(fax.decode(data, 6)), np.rot90(wanted, -1))
    first = struct.unpack_from("<I", data, 4)[0]
    longer = bytearray(data)
    for at in range(first + 2, first + 2 + 12 * struct.unpack_from("<H", data, first)[0], 12):
        if struct.unpack_from("<H", data, at)[0] in (257, 278):
            longer[at : at + 12] = struct.pack("<HHII", struct.unpack_from("<H", data, at)[0], LONG, 1, 900)
    found = np.asarray(fax.decode(bytes(longer), 1))
    assert found.shape == (900, 200)
    assert (found[310:] == found[-1]).all()


def test_frames_of_an_apng_stay_within_it() -> None:
    """Pillow takes memory for what a frame claims when the next one begins."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    data = save(frames[0], "PNG", save_all=True, append_images=frames[1:])
    bomb_check.check(data, "image/png", name="a.png")
    at = data.rindex(b"fcTL")
    beyond = data[: at + 8] + struct.pack(">II", 21, 20) + data[at + 16 :]
    with pytest.raises(SourceError, match="an APNG frame extends beyond the picture"):
        bomb_check.check(beyond, "image/png", name="a.png")


def test_the_canvas_of_a_webp_is_looked_at_first() -> None:
    """Before its decoder takes memory for it."""
    head = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"
    bomb_check.check(head + b"\x0f\x27\0" * 2, "image/webp", name="a.webp")
    with pytest.raises(CapError, match="16384 x 16384"):
        bomb_check.check(head + b"\xff\x3f\0" * 2, "image/webp", name="a.webp")


def test_rows_of_a_bmp_in_runs_are_of_a_size() -> None:
    """Four octets may skip 255 of them."""
    head = b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 70_000, 1, 1, 8, 1)
    with pytest.raises(CapError, match="70000 x 1 pixels"):
        bomb_check.check(head, "image/bmp", name="a.bmp")
    bomb_check.check(
        head.replace(struct.pack("<i", 70_000), struct.pack("<i", 7_000)), "image/bmp", name="a.bmp"
    )
