"""Pictures made smaller by the light of areas."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made.pictures import photo
from transcode.media.pictures.drawing import opaque
from transcode.media.samples.linear_light import Reducer


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (33, 21), (40, 30)])
def test_flat_areas_keep_their_colour(size: tuple[int, int]) -> None:
    """Every level stays the same at any size."""
    for level in range(256):
        pixels = np.full((30, 40, 4), level, np.uint8)
        assert (Reducer(*size)(pixels) == level).all()


def test_a_line_keeps_its_light() -> None:
    """A black line on white, halved, is as bright as half of the light, not as half of the level."""
    pixels = np.full((4, 40, 4), 255, np.uint8)
    pixels[:, 11, :3] = 0
    made = Reducer(20, 2)(pixels)
    assert (made[:, 5, :3] == 188).all()
    assert (np.delete(made, 5, axis=1) == 255).all()


@pytest.mark.parametrize("size", [(21, 17), (50, 37), (60, 44)])
def test_rows_that_stay_are_not_worked_on_again(size: tuple[int, int]) -> None:
    """A picture after another one is what it is by itself, wherever they differ."""
    first = opaque(photo(60, 44))
    reducer = Reducer(*size)
    reducer(first)
    for top, bottom in ((0, 44), (0, 1), (43, 44), (10, 13), (22, 23), (5, 5)):
        other = first.copy()
        other[top:bottom, 20:30, :3] ^= 255
        assert (reducer(other) == Reducer(*size)(other)).all()
        assert (reducer(first) == Reducer(*size)(first)).all()
