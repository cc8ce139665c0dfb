"""The reduction of Pillow's pictures against the kernel, and that Pillow's own filters have no part in it."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import transcode
from tests.made.pictures import photo
from transcode.media.pictures.pillow_reduce import over_white, reduced
from transcode.media.samples.planes import Plane, resample, resample_pixels


def picture(mode: str, width: int, height: int) -> Image.Image:
    bands = [Image.fromarray(photo(width, height, seed)[..., 0]) for seed in range(4)]
    return bands[0] if mode == "L" else Image.merge(mode, bands[: len(Image.new(mode, (1, 1)).getbands())])


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBa", "CMYK"])
@pytest.mark.parametrize(("size", "target"), [
    ((301, 700), (150, 349)), ((40, 30), (39, 7)), ((500, 3), (400, 2)), ((64, 48), (65, 49)),
])  # fmt: skip
def test_each_band_is_a_plane(mode: str, size: tuple[int, int], target: tuple[int, int]) -> None:
    """Below six times the size each band has the bytes of resample(), however many rows it has."""
    image = picture(mode, *size)
    made = np.atleast_3d(reduced(image, *target))
    assert made.shape == (target[1], target[0], len(image.getbands()))
    for number, band in enumerate(image.split()):
        plane = Plane(np.asarray(band), *size)
        np.testing.assert_array_equal(made[..., number], resample(plane, *target))
    np.testing.assert_array_equal(np.atleast_3d(resample_pixels(np.asarray(image), *target)), made)


@pytest.mark.parametrize("size", [(900, 600), (907, 611), (300, 601)])
def test_blocks_are_averaged_first_where_much_is_reduced(size: tuple[int, int]) -> None:
    """From six times the size on, whole blocks are averaged; the edge's part of a block counts as a part."""
    image = picture("RGB", *size)
    across, down = size[0] // 150 or 1, size[1] // 150 or 1
    blocks = np.asarray(image.reduce((across, down)))
    made = reduced(image, 50, 50)
    for channel in range(3):
        plane = Plane(np.ascontiguousarray(blocks[..., channel]), size[0] / across, size[1] / down)
        np.testing.assert_array_equal(made[..., channel], resample(plane, 50, 50))


def test_alpha_over_white() -> None:
    """Colours are weighted by alpha: what is transparent has no part in what is beside it."""
    samples = np.zeros((60, 60, 4), np.uint8)
    samples[:, :30] = 0, 200, 0, 255
    samples[:, 30:] = 255, 0, 0, 0
    made = over_white(Image.fromarray(samples), 21, 20).astype(int)
    red, green, blue, alpha = (made[..., channel] for channel in range(4))
    assert (abs(red - (255 - alpha)) <= 1).all()
    assert (abs(blue - (255 - alpha)) <= 1).all()
    # The filter overshoots beside the edge.
    assert (abs(green - (255 - 55 * alpha / 255)) <= 16).all()
    assert set(alpha[:, :8].ravel()) == {255}
    assert set(alpha[:, 13:].ravel()) == {0}


def test_an_opaque_picture_is_not_changed_by_white() -> None:
    """With alpha of 255 everywhere it is the reduction of the colours."""
    image = picture("RGB", 90, 70)
    opaque = image.copy()
    opaque.putalpha(255)
    made = over_white(opaque, 40, 31)
    np.testing.assert_array_equal(made[..., :3], reduced(image, 40, 31))
    assert (made[..., 3] == 255).all()


def test_no_filter_of_pillow_is_in_use() -> None:
    """Its filters, its gray and its division by alpha have other bytes in pillow-simd than in pillow."""
    different = {"resize", "thumbnail", "draft", "transform", "rotate", "quantize"}
    found = []
    for path in sorted(Path(transcode.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            holder = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if node.func.attr in different and holder not in {"drawing"}:
                found.append(f"{path.name}:{node.lineno} {node.func.attr}")
            if node.func.attr == "convert" and node.args and ast.unparse(node.args[0]) in {"'L'", "'LA'"}:
                found.append(f"{path.name}:{node.lineno} convert")
    assert found == []
