"""GIF files as players show them: stored images decoded one by one, and composed on a canvas.

Pillow decodes the codes of single images; what becomes of a canvas between them is decided here, as
FFmpeg 5 and ImageMagick 6 do it: the canvas begins clear, or in the background colour where the first
image has no clear pixels; an image whose place is to be restored leaves what was there before, the
first image too (GIF89a, 23.c.iv). An image that is to be cleared leaves its part clear, as in
ImageMagick and browsers: FFmpeg fills it with the background colour where the image has no clear pixels.
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

#: Octets between blocks that are passed over in all.
_MOST_STRAY = 4_096

#: An image is decoded whole, however little of it the canvas shows: the most pixels beyond four times the
#: canvas's.
_BEYOND = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in a GIF, and the graphic control extension in front of it.

    Attributes:
        start, end: where its block begins, and what follows it begins, in octets.
        left, top, width, height: its place on the canvas, in pixels.
        clear: the index of the pixels that leave the canvas as it is; None: there is none.
        disposal: what becomes of its place when its time is over.
        delay: how long it is shown, in hundredths of a second.
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


def stored_images(data: bytes | memoryview) -> Iterator[StoredImage]:
    """The images of a GIF in order, up to the trailer or to a block that is broken, that one included.

    Octets between blocks that begin none are passed over, as ImageMagick and Pillow do.
    """
    view = memoryview(data)
    at = 13 + colour_table(view[10]) if len(view) > 13 else len(view)
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
            # An image whose data end early counts; its decoder says what is wrong with it.
            at = len(view)
        if is_image:
            left, top, width, height = struct.unpack_from("<HHHH", view, start + 1)
            flags, delay, clear = struct.unpack("<BHB", control)
            yield StoredImage(
                start, at, left, top, width, height, clear if flags & 1 else None, flags >> 2 & 7, delay
            )
            control = bytes(4)
        elif at < len(view) and view[start + 1] == 0xF9 and view[start + 2] >= 4:
            control = bytes(view[start + 3 : start + 7])


def count(data: bytes | memoryview, most: int) -> int:
    """How many images a GIF has, counted no further than most."""
    return sum(1 for _ in islice(stored_images(data), most))


def decode(data: bytes | memoryview, image: StoredImage) -> Pillow.Image:
    """The pixels of an image, as RGBA; those that leave the canvas as it is are clear.

    Raises:
        OSError, ValueError, EOFError: its codes are broken; whatever else Pillow raises.
    """
    view = memoryview(data)
    flags = view[10] & 0x87
    table = b"" if view[image.start + 9] & 0x80 else bytes(view[13 : 13 + colour_table(flags)])
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
    """What the canvas begins as, as RGBA."""
    place = 13 + 3 * data[11]
    if first.clear is not None or place + 3 > 13 + colour_table(data[10]):
        return _NOTHING
    return data[place], data[place + 1], data[place + 2], 255


def leaves_ground(data: bytes | memoryview, width: int, height: int) -> bool:
    """Whether the first image, without clear pixels, covers less than the canvas."""
    first = next(stored_images(data), None)
    if first is None or first.clear is not None:
        return False
    return (first.left, first.top) != (0, 0) or first.width < width or first.height < height


def frames(data: bytes | memoryview, width: int, height: int) -> Iterator[tuple[Pillow.Image, int]]:
    """What is seen after each image, and how long, in hundredths of a second.

    Args:
        data: a GIF.
        width, height: of the canvas; what stands beyond it is not seen.

    Yields:
        The canvas as RGBA, which the next step changes, and the delay.

    Raises:
        ValueError: an image is far larger than the canvas; also what decode raises.
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
