"""What Pillow decodes, as it is opened: pages, frames, orientation, memory."""

from __future__ import annotations

import zlib
from unittest import mock

import numpy as np
import pytest
from PIL import GifImagePlugin, Image

from tests.made.pictures import save
from tests.made.stills import SMOOTH, codes, opened
from transcode.errors import CapError


def test_pages_of_a_tiff_are_not_dropped_in_silence() -> None:
    """The first page is kept, and the notes say that there were more."""
    pages = [Image.fromarray(SMOOTH), Image.fromarray(SMOOTH[::-1])]
    data = save(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert "pages-dropped" in codes(opened(data).reduce(48, 36))
    assert "pages-dropped" not in codes(opened(save(SMOOTH, "TIFF")).reduce(48, 36))


def test_exif_behind_the_pixels_of_a_png() -> None:
    """An orientation that stands behind the pixels is applied too."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = save(SMOOTH, "PNG", exif=exif)
    at = data.index(b"eXIf") - 4
    end = at + 12 + int.from_bytes(data[at : at + 4], "big")
    moved = data[:at] + data[end:-12] + data[at:end] + data[-12:]
    still = opened(moved)
    assert (still.width, still.height) == (72, 96)


def test_a_flaw_of_the_container_does_not_lose_the_picture() -> None:
    """A GIF without its trailer passes through; a PNG without its end is re-encoded."""
    gif = save(SMOOTH, "GIF")
    assert gif.endswith(b";")
    stripped = opened(gif[:-1]).stripped(10**6)
    assert stripped is not None
    assert stripped.data == gif
    png = opened(save(SMOOTH, "PNG")[:-12])
    assert png.stripped(10**6) is None
    assert png.reduce(48, 36).planes[0].shape == (36, 48)


@pytest.mark.parametrize(
    ("kind", "mode", "size"),
    [
        ("PNG", "RGB", (16_000, 16_000)),
        ("PNG", "P", (12_000, 12_000)),
        ("PNG", "P, clear", (9_000, 9_000)),
        ("WEBP", "RGBA", (9_400, 9_400)),
    ],
)
def test_what_would_not_fit_into_memory_is_refused(kind: str, mode: str, size: tuple[int, int]) -> None:
    """Sizes are refused from the header, by what decoding would take."""
    if kind == "WEBP":
        data = bytearray(save(Image.new("RGBA", (16, 16)), "WEBP", lossless=True))
        # VP8L: 14 bits each of width - 1 and height - 1 behind the signature (RFC 9649, 3.4).
        at = data.index(b"VP8L") + 9
        bits = (size[0] - 1) | (size[1] - 1) << 14 | 1 << 28
        data[at : at + 4] = bits.to_bytes(4, "little")
        source = bytes(data)
    else:
        colour = 2 if mode == "RGB" else 3
        header = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big") + bytes([8, colour, 0, 0, 0])

        def chunk(name: bytes, body: bytes) -> bytes:
            crc = zlib.crc32(name + body).to_bytes(4, "big")
            return len(body).to_bytes(4, "big") + name + body + crc

        palette = b"" if mode == "RGB" else chunk(b"PLTE", bytes(6))
        palette += chunk(b"tRNS", b"\0") if mode == "P, clear" else b""
        idat = chunk(b"IDAT", b"x")
        source = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + idat + chunk(b"IEND", b"")
    with pytest.raises(CapError):
        opened(source)


def test_too_many_frames() -> None:
    """An animation of very many frames is refused without reading them all, as Pillow would to count them."""
    frame = b"\x2c" + bytes(4) + b"\x01\0\x01\0\0" + b"\x02\x02\x44\x01\0"
    data = b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + frame * 100_000 + b";"
    counted = mock.PropertyMock(side_effect=AssertionError)
    with (
        mock.patch.object(GifImagePlugin.GifImageFile, "n_frames", counted),
        pytest.raises(CapError, match="frames"),
    ):
        opened(data)


def test_sixteen_bit_gray_with_transparency() -> None:
    """The gray level that a 16-bit PNG calls transparent becomes white."""
    samples = np.full((40, 40), 20_000, np.uint16)
    samples[:, :20] = 1_000
    data = save(Image.fromarray(samples), "PNG", transparency=1_000)
    reduced = opened(data).reduce(40, 40)
    assert (reduced.planes[0][:, :18] == 255).all()
    assert np.abs(reduced.planes[0][:, 22:].astype(int) - (20_000 >> 8)).max() <= 1
