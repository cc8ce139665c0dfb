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

#: Photos of about twelve megapixels, from phones, a drone and cameras.
PHOTOS_12MP = (
    "drone_12mp_gps_a.jpg",
    "oppo_r7plus_13mp_portrait.jpg",
    "canon_eos5d_12mp_portrait.jpg",
    "canon_g11_10mp_sunset.jpg",
    "samsung_i959_10mp_o6.jpg",
    "shop_12mp_progressive.jpg",
)

_FOLDER = Path(os.environ.get("TRANSCODE_SHARED", Path(__file__).parents[2] / "shared")) / "media" / "image"


@cache
def photos() -> dict[str, bytes]:
    """Name and bytes of each photo."""
    found = {name: (_FOLDER / name).read_bytes() for name in PHOTOS_12MP if (_FOLDER / name).is_file()}
    if found:
        return found
    file = io.BytesIO()
    landscape(1, 4000, 3000).save(file, "JPEG", quality=92)
    return {"made here, 12 MP": file.getvalue()}
