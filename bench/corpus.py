"""The media of the benchmarks.

They come from the shared corpus if it is available (TRANSCODE_SHARED, or a folder ``shared`` beside the
checkout). Otherwise the benchmarks use generated media. A smoke run uses few and small generated media.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bench import made, size
from bench.pictures import landscape

#: Photos of 8 to 22 megapixels from phones, a drone and cameras. All are sRGB, so engines without
#: colour management have no disadvantage.
PHOTOS = (
    "drone_12mp_gps_a.jpg",
    "oppo_r7plus_13mp_portrait.jpg",
    "canon_eos5d_12mp_portrait.jpg",
    "canon_g11_10mp_sunset.jpg",
    "samsung_i959_10mp_o6.jpg",
    "shop_12mp_progressive.jpg",
    "book_12mp_progressive.jpg",
    "canon_5dm3_22mp_444_srgb.jpg",
    "jolla_8mp.jpg",
    "kodak_fz201_16mp_moon.jpg",
    "motog9_16mp_cat.jpg",
    "pixel6pro_sdr_444_a.jpg",
)

#: Held-out photos: the quantisation tables, dead zones and lambdas of JPEG were not tuned on them.
HELD = (
    "book_12mp_progressive.jpg",
    "canon_5dm3_22mp_444_srgb.jpg",
    "motog9_16mp_cat.jpg",
    "pixel6pro_sdr_444_a.jpg",
)

#: Generated photos for runs without the corpus: seed, width and height in pixels.
MADE = {
    f"made here {seed}, {width} x {height}": (seed, width, height)
    for width, height in [size.pick((4000, 3000), (2000, 1500), (400, 300))]
    for seed in range(1, size.pick(13, 5, 4))
}


def tasks(*pairs: tuple[tuple[int, int], int]) -> dict[str, tuple[tuple[int, int], int]]:
    """Tasks by name: each is a box in pixels and a limit in bytes."""
    return {f"{box[0]} x {box[1]}, {cap:,} B": (box, cap) for box, cap in pairs}


def folder(kind: str = "image") -> Path:
    """The folder of a kind of media (``image``, ``video`` or ``audio``) in the shared corpus."""
    shared = Path(os.environ.get("TRANSCODE_SHARED") or Path(__file__).parents[2] / "shared")
    return shared / "media" / kind


def there(names: Sequence[str], kind: str = "image") -> list[str]:
    """The names whose files exist in the corpus; none in a smoke run."""
    return [name for name in names if size.SIZE != "smoke" and (folder(kind) / name).is_file()]


@cache
def names() -> list[str]:
    """The names of the photos."""
    return there(PHOTOS) or list(MADE)


@cache
def photo(name: str) -> bytes:
    """The bytes of a photo."""
    if name not in MADE:
        return (folder() / name).read_bytes()
    file = io.BytesIO()
    landscape(*MADE[name]).save(file, "JPEG", quality=92)
    return file.getvalue()


def photos() -> dict[str, bytes]:
    """Name and bytes of each photo."""
    return {name: photo(name) for name in names()}


def read(name: str, kind: str) -> bytes:
    """The bytes of a file of the corpus, or of a generated file."""
    if name in made.MEDIA:
        return made.media(name)
    return (folder(kind) / name).read_bytes()
