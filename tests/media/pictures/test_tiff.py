"""TIFF: kinds that can't be decoded are named, and gray of more than eight bits keeps its brightness."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import TiffImagePlugin

from tests.made.pictures import corners, decoded, save, turned
from transcode import Limits, fit
from transcode.errors import SourceError, UnsupportedError
from transcode.media.pictures import tiff
from transcode.media.pictures.openers import open_still
from transcode.media.source.inputs import Input

SIDE = 16


def made(photometric: int, bits: int, *, count: int = 1, data: bytes = b"", big: bool = False) -> bytes:
    """A TIFF of one strip of 16 x 16 pixels."""
    data = data or bytes(SIDE * SIDE * count * bits // 8)
    number, head, field = ("<Q", 16, 20) if big else ("<I", 8, 12)
    fields = {256: SIDE, 257: SIDE, 259: 1, 262: photometric, 277: count, 278: SIDE, 279: len(data)}
    start = head + (8 if big else 2) + field * (len(fields) + 2) + len(struct.pack(number, 0))
    entries = {tag: (4, 1, value) for tag, value in fields.items()}
    entries[273] = (4, 1, start + 2 * count)
    # More values than fit into a field stand behind the directory.
    entries[258] = (3, count, start if 2 * count > struct.calcsize(number) else bits)
    rows = b"".join(
        struct.pack("<HH", tag, kind) + struct.pack(number, many) + struct.pack(number, value)
        for tag, (kind, many, value) in sorted(entries.items())
    )
    size = struct.pack("<Q" if big else "<H", len(entries))
    magic = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) if big else b"II*\0" + struct.pack("<I", 8)
    return magic + size + rows + struct.pack(number, 0) + struct.pack("<H", bits) * count + data


@pytest.mark.parametrize(
    ("photometric", "bits", "count", "words"),
    [
        (8, 16, 3, "CIELab colours in 3 samples of 16 bits"),
        (9, 8, 3, "ICCLab colours in 3 samples of 8 bits"),
        (9, 16, 3, "ICCLab colours in 3 samples of 16 bits"),
        (10, 8, 3, "ITULab colours in 3 samples of 8 bits"),
        (2, 32, 3, "RGB colours in 3 samples of 32 bits"),
        (32845, 16, 3, "LogLuv colours in 3 samples of 16 bits"),
        (5, 8, 5, r"inks \(separated\) colours in 5 samples of 8 bits"),
        (77, 24, 1, r"unknown \(77\) colours in 1 sample of 24 bits"),
    ],
)
@pytest.mark.parametrize("big", [False, True])
def test_kinds_that_are_not_decoded_are_named(
    photometric: int, bits: int, count: int, words: str, big: bool
) -> None:
    """The error says which colours, how many samples and how many bits."""
    data = made(photometric, bits, count=count, big=big)
    with pytest.raises(UnsupportedError, match=f"can't be decoded: {words} .uncompressed"):
        open_still(Input("a.tif", data))


def test_a_broken_tiff_is_no_kind() -> None:
    """Where the directory says nothing, nothing is made up; wherever it breaks off, the error is ours."""
    whole = made(8, 16, count=3)
    assert tiff.samples(b"II*\0\x08\0\0\0\0\0") is None
    for end in range(8, 160):
        with pytest.raises(SourceError):
            open_still(Input("a.tif", whole[:end]))
    with pytest.raises(SourceError, match="the header is broken"):
        open_still(Input("a.tif", whole[:8] + bytes(20)))


def rows(photometric: int, bits: int) -> list[int]:
    """What a ramp of gray from nothing to everything becomes: its first, middle and last column."""
    ramp = np.tile(np.linspace(0, (1 << bits) - 1, SIDE).astype(np.uint32), SIDE)
    octets = ramp.astype("<u2").tobytes()
    if bits == 12:
        first, second = ramp[::2], ramp[1::2]
        packed = [first >> 4, (first & 15) << 4 | second >> 8, second & 255]
        octets = np.stack(packed, axis=1).astype(np.uint8).tobytes()
    still = open_still(Input("a.tif", made(photometric, bits, data=octets)))
    luma = still.reduce(SIDE, SIDE).planes[0]
    return [int(luma[3, column]) for column in (0, SIDE // 2, SIDE - 1)]


def test_gray_of_many_bits() -> None:
    """The highest number is white, or black where zero is white."""
    assert rows(1, 12) == pytest.approx([0, 136, 255], abs=1)
    assert rows(1, 16) == pytest.approx([0, 136, 255], abs=1)
    assert rows(0, 16) == pytest.approx([255, 119, 0], abs=1)


def test_what_was_turned_is_told() -> None:
    """A turn is told as for other pictures, and each way up comes out upright."""
    for orientation in range(1, 9):
        made_ = fit(turned(corners(64, 48), orientation, "TIFF"), Limits(100_000, formats=("image/jpeg",)))
        told = [note.text for note in made_.report.notes if note.code == "turned"]
        assert told == ([f"turned upright (EXIF orientation {orientation})"] if orientation > 1 else [])
        assert np.abs(decoded(made_.data) - corners(64, 48)).mean() < 4


def test_an_orientation_that_is_none() -> None:
    """A number outside of one to eight turns nothing and is not told."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x0112] = 9
    still = open_still(Input("a.tif", save(corners(64, 48), "TIFF", tiffinfo=tags)))
    assert (still.width, still.height, still.reduce(64, 48).notes) == (64, 48, ())
