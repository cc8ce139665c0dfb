"""Rival engines for photos: they reduce a photo to the box, then bisect the JPEG quality under the limit.

Each function takes the bytes of a photo, a box (width, height) for landscape pictures and a limit in
bytes. It returns a JPEG, or None if no quality fits.
"""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable

from PIL import Image, ImageOps

from bench.engines import Engine, program

# One thread, as for the other engines. libvips reads the variable when it is loaded.
os.environ.setdefault("VIPS_CONCURRENCY", "1")


def _bisect(encode: Callable[[int], bytes], cap: int) -> bytes | None:
    best, low, high = None, 1, 95
    while low <= high:
        quality = (low + high) // 2
        data = encode(quality)
        if len(data) <= cap:
            best, low = data, quality + 1
        else:
            high = quality - 1
    return best


def pillow(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """Pillow-SIMD: draft decode, thumbnail with a reducing gap, optimised Huffman tables."""
    image = Image.open(io.BytesIO(data))
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    portrait = (image.height > image.width) != turned
    limit = box[::-1] if portrait else box
    image.thumbnail(limit[::-1] if turned else limit, Image.Resampling.LANCZOS, reducing_gap=2.0)
    upright = ImageOps.exif_transpose(image).convert("RGB")

    def encode(quality: int) -> bytes:
        file = io.BytesIO()
        upright.save(file, "JPEG", quality=quality, optimize=True)
        return file.getvalue()

    return _bisect(encode, cap)


def _vips(data: bytes, box: tuple[int, int], cap: int, **options: object) -> bytes | None:
    import pyvips

    header = pyvips.Image.new_from_buffer(data, "").autorot()
    width, height = box[::-1] if header.height > header.width else box
    image = pyvips.Image.thumbnail_buffer(data, width, height=height, size="down", export_profile="srgb")
    image = image.copy_memory()
    return _bisect(
        lambda quality: image.jpegsave_buffer(Q=quality, keep="none", optimize_coding=True, **options), cap
    )


def vips(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """libvips: thumbnail_buffer, sRGB, optimised Huffman tables."""
    return _vips(data, box, cap)


def mozjpeg(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """mozjpeg in libvips: trellis quantisation, overshoot deringing, quantisation table 3, baseline."""
    return _vips(data, box, cap, trellis_quant=True, overshoot_deringing=True, quant_table=3)


def opencv(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """OpenCV: full decode, INTER_AREA, optimised Huffman tables."""
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    height, width = image.shape[:2]
    limit = box[::-1] if height > width else box
    scale = min(limit[0] / width, limit[1] / height, 1)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_QUALITY]
    return _bisect(lambda quality: cv2.imencode(".jpg", image, [*options, quality])[1].tobytes(), cap)


def imagemagick(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """ImageMagick: jpeg:extent, with a scaled decode by its jpeg:size hint."""
    image = Image.open(io.BytesIO(data))
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    portrait = (image.height > image.width) != turned
    width, height = box[::-1] if portrait else box
    hint = f"{height}x{width}" if turned else f"{width}x{height}"
    made = subprocess.run(
        [
            *(
                str(program("magick|convert")),
                "-limit",
                "thread",
                "1",
                "-define",
                f"jpeg:size={hint}",
                "jpeg:-",
                "-auto-orient",
            ),
            *("-thumbnail", f"{width}x{height}>", "-strip", "-define", f"jpeg:extent={cap}b", "jpeg:-"),
        ],
        input=data,
        capture_output=True,
        check=True,
    ).stdout
    return made if len(made) <= cap else None


def decode_only(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """The floor of all times: libjpeg-turbo's scaled decode of the same file, as Pillow calls it."""
    image = Image.open(io.BytesIO(data))
    turned = image.height > image.width
    image.draft("RGB", box[::-1] if turned else box)
    image.load()
    return None


#: The rivals by name.
ENGINES = {
    "Pillow-SIMD loop": Engine(pillow),
    "libvips loop": Engine(vips, modules=("pyvips",)),
    "mozjpeg loop": Engine(mozjpeg, modules=("pyvips",)),
    "OpenCV loop": Engine(opencv, modules=("cv2",)),
    "ImageMagick extent": Engine(imagemagick, programs=("magick|convert",)),
}
