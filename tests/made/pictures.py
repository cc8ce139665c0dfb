"""Small generated pictures."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def photo(width: int, height: int, seed: int = 1) -> NDArray[np.uint8]:
    """RGB samples like a photograph's: smooth areas, an edge and noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (max(2, height // 16), max(2, width // 16), 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).astype(
        np.int16
    )
    smooth = smooth + rng.integers(-6, 7, smooth.shape, dtype=np.int16)
    smooth[height // 2 :, : width // 3] //= 2
    return np.clip(smooth, 0, 255).astype(np.uint8)


def corners(width: int, height: int) -> NDArray[np.uint8]:
    """RGB samples with red, green, blue and white quarters, clockwise, which show the orientation."""
    samples = np.empty((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    samples[:top, :left] = (220, 30, 30)
    samples[:top, left:] = (30, 200, 30)
    samples[top:, left:] = (30, 30, 220)
    samples[top:, :left] = (240, 240, 240)
    return samples


def save(image: Image.Image | NDArray[np.uint8], kind: str = "JPEG", **options: object) -> bytes:
    """A file that Pillow writes."""
    made = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    made.save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes) -> NDArray[np.int16]:
    """The RGB samples of a picture, decoded by Pillow."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int16)


#: The transposition of an upright picture for storage with each EXIF orientation (TIFF 6.0, Orientation).
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
    """A file with an EXIF orientation that shows the upright picture."""
    image = Image.fromarray(upright)
    step = STORED_FOR[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return save(image if step is None else image.transpose(step), kind, exif=exif, **options)


def profile(space: str, *, gamma: float, points: bytes = b"") -> bytes:
    """A generated ICC profile (ICC.1:2001, v2): "gray", or "rgb" with primaries wider than sRGB's.

    Args:
        points: the code points of the tag ``cicp`` of version 4.4: primaries, transfer, matrix, range.
    """
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + round(gamma * 256).to_bytes(2, "big") + bytes(2)

    def xyz(*values: float) -> bytes:
        numbers = (round(value * 65536).to_bytes(4, "big", signed=True) for value in values)
        return b"XYZ " + bytes(4) + b"".join(numbers)

    # Colorants of Adobe RGB (1998), adapted to D50.
    tags = {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"desc": b"desc" + bytes(4) + b"\0\0\0\x02t\0" + bytes(80)}
    if space == "gray":
        tags[b"kTRC"] = curve
    else:
        colorants = {
            b"rXYZ": (0.6097, 0.3111, 0.0195),
            b"gXYZ": (0.2053, 0.6257, 0.0609),
            b"bXYZ": (0.1492, 0.0632, 0.7446),
        }
        tags |= {name: xyz(*value) for name, value in colorants.items()}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    if points:
        tags[b"cicp"] = b"cicp" + bytes(4) + points
    offset = 132 + 12 * len(tags)
    table, body = len(tags).to_bytes(4, "big"), b""
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += name + (offset + len(body)).to_bytes(4, "big") + len(value).to_bytes(4, "big")
        body += padded
    kind = b"GRAY" if space == "gray" else b"RGB "
    header = bytes(8) + b"\x02\x20\0\0mntr" + kind + b"XYZ " + bytes(12) + b"acsp" + bytes(28)
    header += b"\0\0\xf6\xd6\0\x01\0\0\0\0\xd3\x2d" + bytes(48)
    made = header + table + body
    return len(made).to_bytes(4, "big") + made[4:]
