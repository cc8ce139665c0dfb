"""The pictures that the benchmarks work on.

Camera photos of the shared corpus where it is at hand (TRANSCODE_SHARED, or a
folder ``shared`` beside the checkout), else a picture made here.
"""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path

from bench.pictures import landscape

#: Photos of 8 to 22 megapixels from phones, a drone and cameras; sRGB, so that engines
#: that look at no colour profile are not judged by that.
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

#: Those of them that the JPEG engine's tables, dead zones and prices were not tuned on.
HELD = (
    "book_12mp_progressive.jpg",
    "canon_5dm3_22mp_444_srgb.jpg",
    "motog9_16mp_cat.jpg",
    "pixel6pro_sdr_444_a.jpg",
)


def folder() -> Path:
    """Where the pictures of the shared corpus would be."""
    shared = Path(os.environ.get("TRANSCODE_SHARED", Path(__file__).parents[2] / "shared"))
    return shared / "media" / "image"


@cache
def photos() -> dict[str, bytes]:
    """Name and bytes of each photo."""
    found = {name: (folder() / name).read_bytes() for name in PHOTOS if (folder() / name).is_file()}
    if found:
        return found
    file = io.BytesIO()
    landscape(1, 4000, 3000).save(file, "JPEG", quality=92)
    return {"made here, 12 MP": file.getvalue()}
