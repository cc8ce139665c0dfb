"""What others would write: reduce to the box, then bisect the JPEG quality under the cap.

Each takes the bytes of a photo, a box (width, height) for landscape pictures, and
a cap in bytes, and returns a JPEG, or None when no quality fits.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from importlib.util import find_spec

from PIL import Image, ImageOps

Rival = Callable[[bytes, tuple[int, int], int], "bytes | None"]


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


def vips(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """libvips: thumbnail_buffer, sRGB, optimised Huffman tables."""
    # One thread, as for the others; libvips reads this when it is loaded.
    os.environ.setdefault("VIPS_CONCURRENCY", "1")
    import pyvips

    header = pyvips.Image.new_from_buffer(data, "").autorot()
    width, height = box[::-1] if header.height > header.width else box
    image = pyvips.Image.thumbnail_buffer(data, width, height=height, size="down", export_profile="srgb")
    image = image.copy_memory()
    return _bisect(lambda quality: image.jpegsave_buffer(Q=quality, keep="none", optimize_coding=True), cap)


def opencv(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """OpenCV: decoded whole, INTER_AREA, optimised Huffman tables."""
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


def decode_only(data: bytes, box: tuple[int, int], cap: int) -> bytes | None:
    """No rival but a floor: libjpeg-turbo's scaled decode of the same file, as Pillow calls it."""
    image = Image.open(io.BytesIO(data))
    turned = image.height > image.width
    image.draft("RGB", box[::-1] if turned else box)
    image.load()
    return None


def available() -> dict[str, Rival]:
    """The rivals that are installed."""
    found: dict[str, Rival] = {"Pillow-SIMD loop": pillow}
    if find_spec("pyvips"):
        found["libvips loop"] = vips
    if find_spec("cv2"):
        found["OpenCV loop"] = opencv
    return found
