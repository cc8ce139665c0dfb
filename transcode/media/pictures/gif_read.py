"""GIF files as players show them: stored images are decoded one by one and composed on a canvas.

Pillow decodes the single images. This module composes them as FFmpeg 5 and ImageMagick 6 do. The canvas
begins transparent, or in the background colour if the first image has no transparent index. Disposal
"restore to previous" restores the canvas before the image, also for the first image (GIF89a, 23.c.iv).
Disposal "restore to background" makes the area of the image transparent, as in ImageMagick and browsers;
FFmpeg fills it with the background colour if the image has no transparent index.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from PIL import Image as Pillow

from transcode.errors import SourceError
from transcode.media.pictures.strip import colour_table, sub_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["StoredImage", "count", "decode", "frames", "leaves_ground", "stored_images"]

#: Disposal methods (GIF89a, 23.c.iv).
_CLEAR = 2
_RESTORE = 3

_NOTHING = (0, 0, 0, 0)

#: Octets between blocks that are skipped in one file, at most.
_MOST_STRAY = 4_096

#: Pixels of an image beyond four times those of the canvas, at most. An image is decoded completely even if
#: the canvas shows only a part.
_BEYOND = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in a GIF, with the graphic control extension in front of it.

    Attributes:
        start, end: offset of the image block and of the octet behind it.
        left, top, width, height: position and size on the canvas in pixels.
        clear: transparent index, or None.
        disposal: disposal method (GIF89a, 23.c.iv).
        delay: duration in hundredths of a second.
        table: octets of the colour table of the file.
    """

    start: int
    end: int
    left: int
    top: int
    width: int
    height: int
    clear: int | None
    disposal: int
    delay: int
    table: int


def stored_images(data: bytes | memoryview) -> Iterator[StoredImage]:
    """Yield the images of a GIF in order, up to the trailer or up to and including a broken block.

    Octets between blocks are skipped, as in ImageMagick and Pillow.
    """
    view = memoryview(data)
    table = colour_table(view[10]) if len(view) > 13 else 0
    at = 13 + table if len(view) > 13 else len(view)
    control, stray = bytes(4), 0
    while at + 10 <= len(view) and view[at] != 0x3B:
        start, is_image = at, view[at] == 0x2C
        if not is_image and view[at] != 0x21:
            at, stray = at + 1, stray + 1
            if stray > _MOST_STRAY:
                return
            continue
        at += 9 + colour_table(view[at + 9]) if is_image else 0
        try:
            at = sub_blocks(view, at + 2, "")
        except SourceError:
            # A truncated image is included; decoding it reports the damage.
            at = len(view)
        if is_image:
            left, top, width, height = struct.unpack_from("<HHHH", view, start + 1)
            flags, delay, clear = struct.unpack("<BHB", control)
            shown = clear if flags & 1 else None
            yield StoredImage(start, at, left, top, width, height, shown, flags >> 2 & 7, delay, table)
            control = bytes(4)
        elif at < len(view) and view[start + 1] == 0xF9 and view[start + 2] >= 4:
            control = bytes(view[start + 3 : start + 7])


def count(data: bytes | memoryview, most: int) -> int:
    """Return the number of images of a GIF; counting stops at most."""
    return sum(1 for _ in islice(stored_images(data), most))


def decode(data: bytes | memoryview, image: StoredImage) -> Pillow.Image:
    """Decode an image to RGBA; pixels of the transparent index have alpha 0.

    Raises:
        OSError, ValueError, EOFError: the codes are broken; Pillow may raise other exceptions too.
    """
    view = memoryview(data)
    flags = view[10] & 0x87
    table = b"" if view[image.start + 9] & 0x80 else bytes(view[13 : 13 + image.table])
    alone = Pillow.open(
        io.BytesIO(
            b"".join(
                (
                    struct.pack(
                        "<6sHHBBB", b"GIF89a", image.width, image.height, flags if table else 0, 0, 0
                    ),
                    table,
                    struct.pack("<BHH", 0x2C, 0, 0),
                    view[image.start + 5 : image.end],
                    b"\x3b",
                )
            )
        ),
        formats=("GIF",),
    )
    alone.load()
    if image.clear is not None:
        alone.info["transparency"] = image.clear
    return alone.convert("RGBA")


def _background(data: bytes | memoryview, first: StoredImage) -> tuple[int, int, int, int]:
    """Return the initial colour of the canvas as RGBA."""
    place = 13 + 3 * data[11]
    if first.clear is not None or place + 3 > 13 + first.table:
        return _NOTHING
    return data[place], data[place + 1], data[place + 2], 255


def leaves_ground(data: bytes | memoryview, width: int, height: int) -> bool:
    """Return whether the first image has no transparent index and covers only a part of the canvas."""
    first = next(stored_images(data), None)
    if first is None or first.clear is not None:
        return False
    return (first.left, first.top) != (0, 0) or first.width < width or first.height < height


def frames(data: bytes | memoryview, width: int, height: int) -> Iterator[tuple[Pillow.Image, int]]:
    """Yield the canvas after each image, and its duration in hundredths of a second.

    Args:
        data: a GIF.
        width, height: size of the canvas in pixels; images are clipped to it.

    Yields:
        The canvas as RGBA, which the next step changes, and the duration.

    Raises:
        ValueError: an image is far larger than the canvas. Exceptions of decode() pass through.
    """
    canvas = None
    for image in stored_images(data):
        if canvas is None:
            canvas = Pillow.new("RGBA", (width, height), _background(data, image))
        if image.width * image.height > 4 * width * height + _BEYOND:
            raise ValueError(f"an image of {image.width} x {image.height} pixels on a smaller canvas")
        part = decode(data, image)
        place = (
            image.left,
            image.top,
            max(image.left, min(image.left + image.width, width)),
            max(image.top, min(image.top + image.height, height)),
        )
        part = part.crop((0, 0, place[2] - place[0], place[3] - place[1]))
        before = canvas.crop(place) if image.disposal == _RESTORE else None
        canvas.paste(part, place, part)
        yield canvas, image.delay
        if before is not None:
            canvas.paste(before, place)
        elif image.disposal == _CLEAR:
            canvas.paste(_NOTHING, place)
