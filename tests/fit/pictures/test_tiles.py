"""Tiles from all over a picture, side by side."""

from __future__ import annotations

import numpy as np
import pytest

from transcode.fit.pictures.tiles import rgb, tiled


def planes(width: int, height: int) -> tuple[np.ndarray, ...]:
    """Every MCU has a level of its own, of luma and of both of chroma."""
    rows, columns = np.indices((height, width)) // 16
    luma = (rows * 7 + columns * 3).astype(np.uint8)
    return luma, luma[::2, ::2] + 1, luma[::2, ::2] + 2


@pytest.mark.parametrize("size", [(640, 480), (1600, 64), (48, 2000), (333, 777)], ids=str)
def test_tiles_are_of_the_picture_and_from_all_over_it(size: tuple[int, int]) -> None:
    """Tiles are MCUs in their order; luma and chroma are of the same MCUs."""
    whole = planes(*size)
    found = tiled(whole, 2, 4)
    luma = found[0]
    assert luma.size <= (2 * 4 * 16) ** 2
    assert found[1].shape == (luma.shape[0] // 2, luma.shape[1] // 2)
    assert np.array_equal(found[1], luma[::2, ::2] + 1)
    assert np.array_equal(found[2], luma[::2, ::2] + 2)
    # Each MCU is flat, as it was, and follows those above and to its left.
    blocks = luma.reshape(luma.shape[0] // 16, 16, luma.shape[1] // 16, 16).astype(int)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert (np.diff(blocks[:, 0, :, 0] % 256, axis=0) != 0).all()
    # The first and the last quarter of the picture have a part.
    flat = whole[0].astype(int)
    assert luma.min() <= np.quantile(flat, 0.25)
    assert luma.max() >= np.quantile(flat, 0.75)


def test_a_small_picture_is_taken_as_it_is() -> None:
    """A small picture is used whole, with and without chroma."""
    whole = planes(100, 60)
    assert all(a is b for a, b in zip(tiled(whole, 2, 8), whole, strict=True))
    assert tiled(whole[:1], 2, 8)[0] is whole[0]


def test_rgb_has_every_pixel() -> None:
    """Pictures of odd sizes and gray pictures without chroma keep every pixel."""
    luma = np.full((7, 9), 200, np.uint8)
    chroma = np.full((4, 5), 128, np.uint8)
    for found in (rgb((luma,)), rgb((luma, chroma, chroma))):
        assert found.shape == (7, 9, 3)
        assert (found == 200).all()
