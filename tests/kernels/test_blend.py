"""Fades and covers against plain numbers, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from transcode.kernels import blend

pytestmark = pytest.mark.usefixtures("level")

SIZES = [(1, 1), (1, 31), (3, 33), (7, 64), (2, 100)]


def plane(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """A part of a larger plane, so that rows are padded."""
    whole = np.random.default_rng(seed).integers(0, 256, (height, width + 13), dtype=np.uint8)
    return whole[:, 5 : 5 + width]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("weight", [0, 1, 77, 128, 255, 256])
def test_fade(height: int, width: int, weight: int) -> None:
    """The result is the weighted mean, rounded; at the ends it is one of the planes itself."""
    first, second, out = plane(height, width, 1), plane(height, width, 2), plane(height, width, 3)
    blend.fade(first, second, out, weight)
    mean = (first.astype(int) * (256 - weight) + second.astype(int) * weight + 128) // 256
    np.testing.assert_array_equal(out, mean)
    if weight in (0, 256):
        np.testing.assert_array_equal(out, second if weight else first)


def test_cover_of_all_values() -> None:
    """The quotient by 255 is exact and rounded, for every sample under every mask."""
    for sample in range(0, 256, 15):
        under = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 256, 1)
        mask = np.repeat(np.arange(256, dtype=np.uint8)[None], 256, 0).copy()
        over = np.full((256, 256), sample, np.uint8)
        expected = np.floor(
            (under.astype(int) * (255 - mask.astype(int)) + over.astype(int) * mask) / 255 + 0.5
        )
        blend.cover(under, over, mask)
        np.testing.assert_array_equal(under, expected)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_cover_of_parts(height: int, width: int) -> None:
    """Only the part that is given changes."""
    whole = np.random.default_rng(4).integers(0, 256, (height + 2, width + 9), dtype=np.uint8)
    before = whole.copy()
    blend.cover(whole[1:-1, 4 : 4 + width], plane(height, width, 5), np.full((height, width), 255, np.uint8))
    np.testing.assert_array_equal(whole[1:-1, 4 : 4 + width], plane(height, width, 5))
    whole[1:-1, 4 : 4 + width] = before[1:-1, 4 : 4 + width]
    np.testing.assert_array_equal(whole, before)


def test_refusals() -> None:
    """Shapes that differ, a weight that is none, memory that overlaps, steps that are not one."""
    a, b, c = (plane(4, 8, seed) for seed in range(3))
    for arguments in (
        (a[:3], b, c, 1),
        (a, b[:, :7], c, 1),
        (a, b, c, -1),
        (a, b, c, 257),
        (a, c, c, 1),
        (a[::-1], b, c, 1),
        (a, np.asfortranarray(b), c, 1),
    ):
        with pytest.raises(ValueError):
            blend.fade(*arguments)
    for parts in ((a, b[:3], c), (a, b, c[:, :7]), (a, a, c), (a, b, a)):
        with pytest.raises(ValueError):
            blend.cover(*parts)
    empty = np.empty((0, 8), np.uint8)
    blend.fade(empty, empty, empty, 3)
    blend.cover(empty, empty, empty)
