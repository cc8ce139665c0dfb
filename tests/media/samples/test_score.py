"""The score of two pictures, as people call it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.made.pictures import photo, save
from transcode.media.samples.score import ssimulacra2


def decoded(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_takes_arrays_at_any_step() -> None:
    """The same pixels have the same points, however they lie."""
    picture = photo(120, 90)
    made = decoded(save(picture, quality=30))
    points = ssimulacra2(picture, made)
    assert points == ssimulacra2(np.asfortranarray(picture), made[:, ::-1].copy()[:, ::-1])
    assert points < 90


def test_a_finer_file_has_more_points() -> None:
    """Points follow quality."""
    picture = photo(320, 280)
    points = [
        ssimulacra2(picture, decoded(save(picture, quality=quality, subsampling=0)))
        for quality in (15, 50, 95)
    ]
    assert points == sorted(points)


def test_refuses_other_samples() -> None:
    """Planes, and numbers that are not of 8 bits, are no pictures."""
    with pytest.raises(ValueError, match="must be uint8"):
        ssimulacra2(np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8))
    with pytest.raises(ValueError, match="must be uint8"):
        ssimulacra2(np.zeros((20, 20, 3)), np.zeros((20, 20, 3)))  # type: ignore[arg-type]
