"""Pictures in very many pieces are refused before Pillow walks through them, and real ones are not."""

from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image

import transcode
from tests.made.pictures import photo, save
from transcode.errors import CapError
from transcode.media.pictures import bomb_check

#: An image of one pixel in a GIF, and a comment of one octet.
PIXEL = b"\x2c" + bytes(4) + b"\x01\0\x01\0\0" + b"\x02\x02\x44\x01\0"
COMMENT = b"\x21\xfe\x01A\0"


def gif(*blocks: bytes) -> bytes:
    return b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + b"".join(blocks) + b"\x3b"


def png(*chunks: tuple[bytes, bytes], width: int = 1, height: int = 1) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    made = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(bytes(2))), (b"IEND", b"")):
        made.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(made)


def tiff(*fields: tuple[int, int, int], big: bool = False, order: str = "<") -> bytes:
    """A TIFF of one directory: tags, counts and values of LONG fields, and nothing behind them."""
    mark = b"II" if order == "<" else b"MM"
    if big:
        entries = b"".join(struct.pack(order + "HHQQ", tag, 4, count, value) for tag, count, value in fields)
        return mark + struct.pack(order + "HHHQQ", 43, 8, 0, 16, len(fields)) + entries + bytes(8)
    entries = b"".join(struct.pack(order + "HHII", tag, 4, count, value) for tag, count, value in fields)
    return mark + struct.pack(order + "HIH", 42, 8, len(fields)) + entries + bytes(4)


def bmp(width: int, height: int, runs: bytes) -> bytes:
    """A BMP of eight bits with run lengths."""
    offset = 14 + 40 + 1024
    return (
        b"BM"
        + struct.pack("<IHHI", offset + len(runs), 0, 0, offset)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
        + bytes(1024)
        + runs
    )


MANY = bomb_check.MAX_PIECES + 1

BOMBS = {
    "comments": gif(COMMENT * 5_000, PIXEL),
    "comments behind an octet that begins no block": gif(b"\0", COMMENT * 5_000, PIXEL),
    "a comment of many blocks": gif(b"\x21\xfe" + b"\x01A" * 5_000 + b"\0", PIXEL),
    "blocks of one octet": gif(PIXEL[:11] + b"\x01\x44" * bomb_check.MAX_BLOCKS + b"\0"),
    "octets that begin no block": gif(bytes(bomb_check.MAX_BLOCKS + 1), PIXEL),
    "a canvas that grows": gif(PIXEL, b"\x2c" + struct.pack("<HHHH", 9000, 9000, 1, 1) + PIXEL[9:]),
    "chunks of a PNG": png(*((b"IDAT", b""),) * MANY),
    "chunks of a WebP": b"RIFF" + struct.pack("<I", 4 + 8 * MANY) + b"WEBP" + b"XXXX\0\0\0\0" * MANY,
    "strips": tiff((256, 1, 9), (257, 1, 9), (273, MANY, 8)),
    "tiles, the highest octet first": tiff((256, 1, 9), (257, 1, 9), (324, MANY, 8), order=">"),
    "tiles of a BigTIFF": tiff((256, 1, 9), (257, 1, 9), (325, MANY, 8), big=True),
    "fields of a BigTIFF": b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 1 << 40),
    "runs": bmp(9, 9, b"\0\0" * 4_000_000),
    "pixels of runs": bmp(9000, -9000, b"\x01\x01\0\0" * 9000),
    "rows of one pixel": png(width=1, height=60_000_000),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_pieces_are_counted_first(bomb: str) -> None:
    """Files of up to eight megabytes that took Pillow seconds to hours, or gigabytes, are refused."""
    with pytest.raises(CapError, match=r"<bytes>: .*\d"):
        transcode.fit(BOMBS[bomb], transcode.Limits(100_000))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_ordinary_pictures_pass(kind: str) -> None:
    """What encoders write has few pieces, and a file that is cut anywhere has no more."""
    data = save(Image.fromarray(photo(90, 70)), kind)
    for end in range(4, len(data) + 1, 97):
        bomb_check.check(data[:end], f"image/{kind.lower()}", name="it")
    bomb_check.check(data, f"image/{kind.lower()}", name="it")


def test_pictures_in_as_many_pieces_as_are_read() -> None:
    """At the limits themselves a picture is shown."""
    limits = transcode.Limits(100_000)
    comments = (bomb_check.MAX_COMMENTS - 2) // 2
    for data in (
        gif(COMMENT * comments, PIXEL),
        png(*((b"IDAT", b""),) * 1000),
        bmp(16, 16, b"\x10\x07\0\0" * 16 + b"\0\1"),
    ):
        assert transcode.fit(data, limits).width in (1, 16)
