"""Generate photo-like pictures: ``python bench/pictures.py DIRECTORY``.

The pictures are seeded, so they are the same on every machine: a sky, ridges with detail at all scales, and
sensor noise. One picture is stored rotated with an EXIF orientation, as phones do. One picture has a GPS
position in its EXIF, which a fit removes.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: EXIF tags: Orientation, and the offset of the GPS block.
_ORIENTATION, _GPS = 0x0112, 0x8825


def _detail(rng: np.random.Generator, width: int, height: int, *, smallest: int) -> NDArray[np.float32]:
    """Noise whose amplitude falls with frequency as in photographs: mean 0, standard deviation near 1."""
    total = np.zeros((height, width), np.float32)
    size, weight = 512, 1.0
    while size >= smallest:
        coarse = rng.standard_normal((height // size + 2, width // size + 2)).astype(np.float32)
        layer = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(layer) * weight
        size, weight = size // 2, weight * 0.68
    return total / 1.5


def landscape(seed: int, width: int, height: int) -> Image.Image:
    """A landscape of the given width and height in pixels."""
    rng = np.random.default_rng(seed)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    sky = np.stack([150 + 70 * rows, 180 + 50 * rows, 235 - 5 * rows], axis=-1)
    clouds = _detail(rng, width, height, smallest=64)
    ridges = []
    for number, (base, colour) in enumerate(
        [(0.45, (105, 120, 140)), (0.6, (70, 95, 70)), (0.78, (85, 75, 45))]
    ):
        ridge = base + 0.05 * np.interp(columns[0], np.linspace(0, 1, 24), rng.standard_normal(24))
        texture = _detail(rng, width, height, smallest=32 >> (2 * number))
        ridges.append((ridge, np.array(colour, np.float32), 14 + 12 * number, texture))
    pixels = np.empty((height, width, 3), np.uint8)
    # 64 rows at a time: float arrays of whole pictures cost more time in page faults than in arithmetic.
    for top in range(0, height, 64):
        strip = slice(top, min(top + 64, height))
        picture = sky[strip] + 10 * clouds[strip, :, None]
        for ridge, paint, contrast, texture in ridges:
            ground = paint + (contrast * texture[strip])[..., None]
            np.copyto(picture, ground, where=(rows[strip] > ridge)[..., None])
        picture += rng.standard_normal((*picture.shape[:2], 1)).astype(np.float32) * 4
        np.clip(picture, 0, 255, out=picture)
        pixels[strip] = picture.astype(np.uint8)
    return Image.fromarray(pixels)


def write(directory: Path) -> None:
    """Write the demonstration pictures."""
    directory.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[_GPS] = {1: "N", 2: (47.0, 25.0, 16.0), 3: "E", 4: (10.0, 59.0, 7.0)}
    landscape(1, 4000, 3000).save(directory / "ridge.jpg", quality=92, exif=exif)
    turned = Image.Exif()
    turned[_ORIENTATION] = 6
    portrait = landscape(2, 2448, 3264)
    portrait.transpose(Image.Transpose.ROTATE_90).save(directory / "portrait.jpg", quality=90, exif=turned)
    landscape(3, 1600, 1200).save(directory / "valley.png")
    landscape(4, 2016, 1512).save(directory / "meadow.webp", quality=90)
    landscape(5, 640, 480).save(directory / "small.jpg", quality=80)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
