"""A picture at its final size."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made.pictures import photo, save
from tests.made.stills import opened, seen


@pytest.mark.parametrize("size", [(96, 72), (61, 47), (1, 1)], ids=str)
def test_smaller_from_what_was_reduced(size: tuple[int, int]) -> None:
    """A reduced picture that is made smaller looks like one that was made so at once, chroma in place."""
    reduced = opened(save(photo(201, 151))).reduce(161, 121)
    smaller = seen(reduced.smaller(*size))
    assert smaller.shape == (size[1], size[0], 3)
    assert np.abs(smaller - seen(opened(save(photo(201, 151))).reduce(*size))).mean() < 3
