"""APNG files as browsers show them: stored images are decoded one by one and composed on a canvas.

Pillow decodes the single images. It composes them too, but up to 13.0 a half transparent image over an opaque
one leaves a half transparent place, and the first frame goes over a default image that is no frame.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

from PIL import Image as Pillow

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["frames"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: fcTL: width, height, left, top, delay as a fraction, disposal and blending (PNG, third edition, 11.3.4.2).
_CONTROL = struct.Struct(">4xIIIIHHBB")
_CLEAR, _RESTORE = 1, 2
_OVER = 1
#: What the denominator of a delay is where it says 0.
_HUNDREDTHS = 100
_NOTHING = (0, 0, 0, 0)


def frames(data: bytes | memoryview) -> Iterator[tuple[Pillow.Image, float]]:
    """Yield the canvas after each image, and its duration in seconds.

    Args:
        data: an APNG.

    Yields:
        The canvas as RGBA, which the next step changes, and the duration.

    Raises:
        ValueError: an image is beyond the canvas, or there is none.
        OSError, SyntaxError, EOFError: an image is broken; Pillow may raise other exceptions too.
    """
    canvas: Pillow.Image | None = None
    for head, control, octets in _stored(memoryview(data)):
        width, height, left, top, number, parts, disposal, blending = _CONTROL.unpack(control)
        if canvas is None:
            canvas = Pillow.new("RGBA", struct.unpack_from(">II", head[0]), _NOTHING)
            disposal = _CLEAR if disposal == _RESTORE else disposal
        place = (left, top, left + width, top + height)
        if place[2] > canvas.width or place[3] > canvas.height:
            raise ValueError(f"an image of {width} x {height} pixels is beyond the canvas")
        part = _decoded(head, width, height, octets)
        before = canvas.crop(place)
        canvas.paste(Pillow.alpha_composite(before, part) if blending == _OVER else part, place)
        yield canvas, number / (parts or _HUNDREDTHS)
        if disposal == _CLEAR:
            canvas.paste(_NOTHING, place)
        elif disposal == _RESTORE:
            canvas.paste(before, place)
    if canvas is None:
        raise ValueError("no frame")


def _stored(view: memoryview) -> Iterator[tuple[list[bytes], bytes, bytes]]:
    """Yield IHDR, PLTE and tRNS, the control chunk, and the compressed octets of each image."""
    head = [b"", b"", b""]
    control, octets = b"", bytearray()
    for kind, body in _chunks(view):
        if kind == b"fcTL":
            if control and octets:
                yield head, control, bytes(octets)
            control, octets = bytes(body), bytearray()
        elif kind in (b"IHDR", b"PLTE", b"tRNS"):
            head[(b"IHDR", b"PLTE", b"tRNS").index(kind)] = bytes(body)
        elif kind == b"IDAT" and control:
            octets += body
        elif kind == b"fdAT":
            octets += body[4:]
    if control and octets:
        yield head, control, bytes(octets)


def _chunks(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the type and the octets of each chunk; of one that is cut, those that are there."""
    at = len(_SIGNATURE)
    while at + 8 <= len(view):
        (size,) = struct.unpack_from(">I", view, at)
        yield bytes(view[at + 4 : at + 8]), view[at + 8 : at + 8 + size]
        at += 12 + size


def _decoded(head: list[bytes], width: int, height: int, octets: bytes) -> Pillow.Image:
    """Decode an image to RGBA."""
    header, palette, clear = head
    chunks = (
        (b"IHDR", struct.pack(">II", width, height) + header[8:]),
        (b"PLTE", palette),
        (b"tRNS", clear),
        (b"IDAT", octets),
    )
    file = b"".join(_chunk(kind, body) for kind, body in chunks if body) + _chunk(b"IEND", b"")
    alone = Pillow.open(io.BytesIO(_SIGNATURE + file), formats=("PNG",))
    alone.load()
    return alone.convert("RGBA")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
