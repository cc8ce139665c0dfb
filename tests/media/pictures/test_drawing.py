"""RGB pictures as PNG and as planes, as Pillow reads them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.made.pictures import photo
from transcode.media.pictures import drawing


def test_png_without_a_palette() -> None:
    """Every sample comes back, and nothing but the picture is in the file."""
    samples = photo(70, 50)
    data = drawing.encode_png(samples)
    assert (np.asarray(Image.open(io.BytesIO(data))) == samples).all()
    assert Image.open(io.BytesIO(data)).info == {}


@pytest.mark.parametrize(
    ("colours", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (256, 8)]
)
def test_png_with_a_palette(colours: int, bits: int) -> None:
    """Every index comes back, in as few bits as the palette needs."""
    rng = np.random.default_rng(colours)
    palette = rng.integers(0, 256, (colours, 3)).astype(np.uint8)
    indices = rng.integers(0, colours, (31, 45)).astype(np.uint8)
    data = drawing.encode_png(indices, palette)
    assert data[24] == bits
    assert (drawing.decode(data) == palette[indices]).all()


def test_colours_of_a_palette_keep_their_index() -> None:
    """A picture of a palette's own colours is not changed, dithered or not."""
    rng = np.random.default_rng(3)
    palette = np.unique(rng.integers(0, 256, (200, 3)).astype(np.uint8), axis=0)
    indices = rng.integers(0, len(palette), (40, 30)).astype(np.uint8)
    pixels = drawing.opaque(palette[indices])
    for dither in (0.0, 0.75, 1.0):
        assert (drawing.index(pixels, palette, dither=dither) == indices).all()


def test_dithering_keeps_the_mean() -> None:
    """A shade between two colours is shown by both, in the right share."""
    pixels = drawing.opaque(np.full((64, 64, 3), 96, np.uint8))
    palette = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
    found = palette[drawing.index(pixels, palette, dither=1.0)]
    assert abs(found.mean() - 96) < 3
    assert (drawing.index(pixels, palette, dither=0.0) == 0).all()


@pytest.mark.parametrize("size", [(64, 48), (33, 21), (1, 1)])
def test_planes(size: tuple[int, int]) -> None:
    """Luma comes with chroma of full or half size, or none for gray, and returns within four levels."""
    samples = photo(*size)
    width, height = size
    whole = drawing.planes(samples, "4:4:4")
    assert [plane.shape for plane in whole] == 3 * [(height, width)]
    assert np.abs(drawing.rgb(whole).astype(int) - samples).max() <= 4
    halved = drawing.planes(samples, "4:2:0")
    assert [plane.shape for plane in halved[1:]] == 2 * [((height + 1) // 2, (width + 1) // 2)]
    gray = np.repeat(samples[..., :1], 3, axis=2)
    assert len(drawing.planes(gray, "4:4:4")) == len(drawing.planes(gray, "4:2:0")) == 1
    assert np.abs(drawing.rgb(drawing.planes(gray, "4:2:0")).astype(int) - gray).max() <= 1


def test_resize() -> None:
    """Itself where it has the size; else, within two levels, Pillow's Lanczos."""
    samples = photo(60, 40)
    assert drawing.resize(samples, 60, 40) is samples
    wanted = Image.fromarray(samples).resize((30, 20), Image.Resampling.LANCZOS)
    assert abs(drawing.resize(samples, 30, 20).astype(int) - np.asarray(wanted)).max() <= 2


@pytest.mark.parametrize(
    ("colour", "wanted"),
    [
        ((255, 255, 255, 255), (235, 128, 128)),
        ((0, 0, 0, 255), (16, 128, 128)),
        ((255, 0, 0, 255), (81, 90, 240)),
        ((0, 0, 255, 255), (41, 240, 110)),
        ((0, 0, 0, 0), (235, 128, 128)),
    ],
)
def test_video_picture(colour: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Colours are in video range to a level (BT.601's numbers), clear pixels white, planes packed."""
    pixels = np.full((6, 8, 4), colour, np.uint8)
    packed = drawing.video_picture(pixels)
    assert packed.shape == (9, 8)
    flat = packed.reshape(-1).astype(int)
    planes = (flat[:48], flat[48:60], flat[60:])
    for plane, level in zip(planes, wanted, strict=True):
        assert np.abs(plane - level).max() <= 1
