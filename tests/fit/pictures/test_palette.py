"""Palettes: exact where colours are few, and of what is seen most where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from transcode.fit.pictures.palette import Histogram


def crowded(flat: tuple[int, int, int]) -> NDArray[np.uint8]:
    """An area of one colour, and as many pixels of colours all over, some of them near to it."""
    rng = np.random.default_rng(3)
    pixels = np.full((120, 200, 4), 255, np.uint8)
    pixels[:60, :, :3] = flat
    pixels[60:, :, :3] = rng.integers(0, 256, (60, 200, 3))
    pixels[60:70, :, :3] = np.clip(rng.integers(-9, 10, (10, 200, 3)) + flat, 0, 255)
    return pixels


def test_few_colours_are_kept() -> None:
    """All of them, in order, where they are no more than asked for; clear pixels have none."""
    histogram = Histogram(255)
    pixels = np.zeros((4, 5, 4), np.uint8)
    pixels[0, :, :3] = [[9, 8, 7], [1, 2, 3], [200, 0, 0], [1, 2, 3], [9, 8, 7]]
    pixels[0, :4, 3] = 255
    histogram.add(pixels)
    assert histogram.palette(255).tolist() == [[1, 2, 3], [9, 8, 7], [200, 0, 0]]
    assert histogram.exact is not None
    assert len(histogram.palette(2)) == 2


@pytest.mark.parametrize("flat", [(218, 218, 255), (3, 1, 2), (97, 130, 44)])
@pytest.mark.parametrize("colours", [255, 40])
def test_a_flat_area_keeps_its_colour(flat: tuple[int, int, int], colours: int) -> None:
    """A flat area keeps its colour within a level, though other colours are near to it."""
    histogram = Histogram(255)
    histogram.add(crowded(flat))
    palette = histogram.palette(colours)
    assert histogram.exact is None
    assert len(palette) <= colours
    assert np.abs(palette.astype(int) - flat).max(axis=1).min() <= 1


def test_more_colours_stand_nearer() -> None:
    """The mean error of a ramp falls with the number of colours, many bins or few."""
    ramp = np.stack(np.broadcast_arrays(*np.ogrid[0:256, 0:256], 128, 255), axis=-1).astype(np.uint8)
    for every in (1, 5):
        histogram = Histogram(255)
        histogram.add(ramp[::every, ::every].copy())
        errors = []
        for colours in (2, 16, 128):
            palette = histogram.palette(colours).astype(int)
            wanted = ramp[::16, ::16, :3].reshape(-1, 1, 3)
            errors.append(np.sqrt(((wanted - palette) ** 2).sum(axis=2).min(axis=1)).mean())
        assert errors[0] > 2 * errors[1] > 4 * errors[2]
