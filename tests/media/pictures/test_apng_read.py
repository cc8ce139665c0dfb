"""APNG frames as browsers show them, by small pictures whose pixels are known."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction

import pytest

from transcode.media.pictures.apng_read import frames

RED, GREEN, BLUE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
CLEAR = (0, 0, 0, 0)
HALF = (10, 250, 90, 100)
KEEP, BACKGROUND, PREVIOUS = 0, 1, 2
SOURCE, OVER = 0, 1

Colour = tuple[int, int, int, int]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def image(side: int, colour: Colour) -> bytes:
    return zlib.compress((b"\0" + bytes(colour) * side) * side)


def apng(*stored: tuple[int, int, Colour, int, int], default: Colour | None = None) -> bytes:
    """A file of 8 x 8 pixels; each image has a side, a place from left and top, a colour and its ways."""
    made = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 6, 0, 0, 0))
    made += chunk(b"acTL", struct.pack(">II", len(stored), 0))
    if default is not None:
        made += chunk(b"IDAT", image(8, default))
    for number, (side, place, colour, disposal, blending) in enumerate(stored):
        made += chunk(
            b"fcTL",
            struct.pack(">IIIIIHHBB", 0, side, side, place, place, 1, 10 * number, disposal, blending),
        )
        octets = image(side, colour)
        is_default = default is None and number == 0
        # In two chunks, as encoders write large images.
        for piece in (octets[:5], octets[5:]):
            made += chunk(b"IDAT", piece) if is_default else chunk(b"fdAT", bytes(4) + piece)
    return made + chunk(b"IEND", b"")


def shown(data: bytes) -> list[tuple[Colour, Colour, Colour]]:
    """The pixels at 0, 3 and 7 of each frame."""
    found = []
    for canvas, _ in frames(data):
        pixels = [canvas.getpixel((place, place)) for place in (0, 3, 7)]
        found.append(tuple(pixels))
    return found  # type: ignore[return-value]


WHOLE = (8, 0, RED, KEEP, SOURCE)


@pytest.mark.parametrize(
    ("data", "last"),
    [
        # 100 of 255 over an opaque colour: 10 * 100 / 255 + 255 * 155 / 255, and opaque.
        (apng(WHOLE, (4, 2, HALF, KEEP, OVER)), (RED, (159, 98, 35, 255), RED)),
        # Over half transparent: 100 + 60 * 155 / 255 = 136 of alpha, as FFmpeg 9.0.2 has it.
        (
            apng((8, 0, (200, 100, 50, 60), KEEP, SOURCE), (4, 2, HALF, KEEP, OVER)),
            ((200, 100, 50, 60), (61, 210, 79, 136), (200, 100, 50, 60)),
        ),
        (apng(WHOLE, (4, 2, HALF, KEEP, SOURCE)), (RED, HALF, RED)),
        (apng(WHOLE, (4, 2, CLEAR, KEEP, SOURCE)), (RED, CLEAR, RED)),
        (apng(WHOLE, (4, 2, GREEN, BACKGROUND, SOURCE), (1, 7, BLUE, KEEP, OVER)), (RED, CLEAR, BLUE)),
        (apng(WHOLE, (4, 2, GREEN, PREVIOUS, SOURCE), (1, 7, BLUE, KEEP, OVER)), (RED, RED, BLUE)),
        (apng((8, 0, RED, PREVIOUS, SOURCE), (4, 2, GREEN, KEEP, OVER)), (CLEAR, GREEN, CLEAR)),
        # A default image that is no frame is never seen.
        (apng((4, 2, GREEN, KEEP, OVER), default=RED), (CLEAR, GREEN, CLEAR)),
    ],
)
def test_the_last_frame(data: bytes, last: tuple[Colour, Colour, Colour]) -> None:
    """Blending and disposal of PNG, third edition."""
    found = shown(data)[-1]
    for pixel, wanted in zip(found, last, strict=True):
        assert max(abs(one - other) for one, other in zip(pixel, wanted, strict=True)) <= 1


def test_durations() -> None:
    """A denominator of 0 means hundredths."""
    times = [Fraction(seconds).limit_denominator(1000) for _, seconds in frames(apng(WHOLE, WHOLE, WHOLE))]
    assert times == [Fraction(1, 100), Fraction(1, 10), Fraction(1, 20)]


def test_images_that_are_no_frames() -> None:
    """Beyond the canvas, broken, or none."""
    with pytest.raises(ValueError, match="beyond the canvas"):
        shown(apng((4, 6, RED, KEEP, SOURCE)))
    with pytest.raises(ValueError, match="no frame"):
        shown(apng(default=RED))
    whole = apng(WHOLE, WHOLE)
    places = frames(whole[: whole.rindex(b"fdAT") + 8])
    assert next(places)[0].getpixel((0, 0)) == RED
    with pytest.raises((OSError, SyntaxError)):
        next(places)
