"""Small pictures made in code, for tests."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def photo(width: int, height: int, seed: int = 1) -> NDArray[np.uint8]:
    """RGB samples that behave like a photograph: smooth areas, an edge, and some noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (max(2, height // 16), max(2, width // 16), 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).astype(
        np.int16
    )
    smooth = smooth + rng.integers(-6, 7, smooth.shape, dtype=np.int16)
    smooth[height // 2 :, : width // 3] //= 2
    return np.clip(smooth, 0, 255).astype(np.uint8)


def corners(width: int, height: int) -> NDArray[np.uint8]:
    """RGB samples whose quarters are red, green, blue and white, clockwise: only one way is up."""
    samples = np.empty((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    samples[:top, :left] = (220, 30, 30)
    samples[:top, left:] = (30, 200, 30)
    samples[top:, left:] = (30, 30, 220)
    samples[top:, :left] = (240, 240, 240)
    return samples


def save(image: Image.Image | NDArray[np.uint8], kind: str = "JPEG", **options: object) -> bytes:
    """An encoded file."""
    made = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    made.save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes) -> NDArray[np.int16]:
    """RGB samples of an encoded picture, as Pillow decodes it."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int16)


#: How a picture must be stored so that this EXIF orientation brings it upright
#: (TIFF 6.0, Orientation): the transposition to apply to the upright one.
STORED_FOR = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def turned(upright: NDArray[np.uint8], orientation: int, kind: str = "JPEG", **options: object) -> bytes:
    """A file that says this orientation and shows the given picture."""
    image = Image.fromarray(upright)
    step = STORED_FOR[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return save(image if step is None else image.transpose(step), kind, exif=exif, **options)
