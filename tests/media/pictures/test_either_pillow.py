"""Pictures have the same pixels with pillow and with pillow-simd: the hashes hold for both."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.made.pictures import save
from tests.made.stills import opened
from transcode.media.pictures.animation import open_animation
from transcode.media.source.inputs import Input

WIDTH, HEIGHT = 331, 247


def samples(channels: int) -> NDArray[np.uint8]:
    """A pattern of gradients and edges, in integers alone."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    planes = [
        (x * (3 + c) + y * (5 - c) + 90 * ((x // 17 + y // (11 + c)) % 2)) % 256 for c in range(channels)
    ]
    return np.stack(planes, axis=-1).astype(np.uint8)


def clear() -> Image.Image:
    return Image.fromarray(samples(4))


def cmyk() -> Image.Image:
    return Image.frombytes("CMYK", (WIDTH, HEIGHT), samples(4).tobytes())


def indexed() -> Image.Image:
    image = Image.fromarray(samples(1)[..., 0] // 4)
    image.putpalette(samples(3)[0, :256].tobytes())
    return image


SOURCES = {
    "png": lambda: save(samples(3), "PNG"),
    "png-alpha": lambda: save(clear(), "PNG"),
    "png-gray": lambda: save(samples(1)[..., 0], "PNG"),
    "png-gray-alpha": lambda: save(Image.merge("LA", clear().split()[:2]), "PNG"),
    "png-16-bit": lambda: save(Image.fromarray(samples(1)[..., 0].astype(np.uint16) * 257), "PNG"),
    "png-palette": lambda: save(indexed(), "PNG"),
    "png-palette-clear": lambda: save(indexed(), "PNG", transparency=3),
    "gif": lambda: save(indexed(), "GIF"),
    "bmp": lambda: save(samples(3), "BMP"),
    "tiff-cmyk": lambda: save(cmyk(), "TIFF"),
    "tiff-alpha": lambda: save(clear(), "TIFF"),
    "webp": lambda: save(clear(), "WEBP", lossless=True, exact=True),
}

#: The first octets of SHA-256 in hexadecimal.
HASHES = {
    "png": "62d05c2572a3e6c3",
    "png-alpha": "5b4eda9b674404de",
    "png-gray": "f7934c4e3c5c379e",
    "png-gray-alpha": "9acbab60a44f5546",
    "png-16-bit": "f7934c4e3c5c379e",
    "png-palette": "656104f901f540c7",
    "png-palette-clear": "9d3fac3fe8e1feb5",
    "gif": "656104f901f540c7",
    "bmp": "62d05c2572a3e6c3",
    "tiff-cmyk": "3c73aa86c17e631d",
    "tiff-alpha": "5b4eda9b674404de",
    "webp": "5b4eda9b674404de",
    "GIF": "1cf6c1b593b81fa7",
    "PNG": "9355db19e510132f",
    "WEBP": "9355db19e510132f",
}


@pytest.mark.parametrize("kind", SOURCES)
def test_pixels_of_stills(kind: str) -> None:
    """Planes at two sizes, one below a sixth, and RGB are the same with either Pillow."""
    still = opened(SOURCES[kind]())
    digest = hashlib.sha256()
    for width, height in ((200, 149), (50, 37)):
        for plane in (*still.reduce(width, height).planes, still.rgb(width, height)):
            digest.update(np.ascontiguousarray(plane).tobytes())
    assert digest.hexdigest()[:16] == HASHES[kind]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_pixels_of_animations(kind: str) -> None:
    """Frames at two sizes, of a filter and of areas, are the same with either Pillow."""
    first = indexed() if kind == "GIF" else clear()
    options = {} if kind == "GIF" else {"lossless": True, "exact": True} if kind == "WEBP" else {}
    data = save(
        first, kind, save_all=True, append_images=[first.transpose(Image.Transpose.ROTATE_180)], **options
    )
    animation = open_animation(Input("a", data), f"image/{kind.lower()}")
    assert animation is not None
    digest = hashlib.sha256()
    for size, light in (((120, 90), False), ((40, 30), False), ((120, 90), True)):
        for frame in animation.frames(*size, linear_light=light):
            digest.update(frame.pixels.tobytes())
    assert digest.hexdigest()[:16] == HASHES[kind]
