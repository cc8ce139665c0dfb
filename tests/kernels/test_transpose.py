"""Rows of samples become columns, as NumPy does it."""

from __future__ import annotations

import numpy as np
import pytest

from transcode.kernels.transpose import transpose


@pytest.mark.parametrize("height", [1, 2, 15, 16, 17, 63, 64, 65, 133])
@pytest.mark.parametrize("width", [1, 7, 16, 31, 32, 127, 128, 150])
def test_rows_become_columns(height: int, width: int) -> None:
    """Every sample stands at its place, and nothing beside the plane is written."""
    whole = np.random.default_rng(height * width).integers(0, 256, (height, width + 3), np.uint8)
    src = whole[:, 1 : width + 1]
    for backwards in (1, -1):
        for upwards in (1, -1):
            room = np.full((width, height + 5), 0xA5, np.uint8)
            dst = room[::upwards, 2 : height + 2]
            transpose(src[::backwards], dst)
            np.testing.assert_array_equal(dst, src[::backwards].T)
            assert (room[:, :2] == 0xA5).all()
            assert (room[:, height + 2 :] == 0xA5).all()


def test_other_shapes_are_refused() -> None:
    """A shape that does not match, and samples apart from each other, are named."""
    src = np.zeros((4, 6), np.uint8)
    with pytest.raises(ValueError, match="4 x 6 samples to 4 x 6"):
        transpose(src, np.zeros((4, 6), np.uint8))
    with pytest.raises(ValueError, match="side by side"):
        transpose(src[:, ::2], np.zeros((3, 4), np.uint8))
    with pytest.raises(ValueError, match="side by side"):
        transpose(src, np.zeros((6, 8), np.uint8)[:, ::2])
    transpose(src[:0], np.zeros((6, 0), np.uint8))
