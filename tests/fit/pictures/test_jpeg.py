"""JPEG under a limit: what is counted is what is written."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from tests.made.pictures import photo
from transcode.fit.pictures import jpeg
from transcode.fit.pictures.jpeg_tuning import TUNING
from transcode.media.samples.coefficients import Coefficients


def planes(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Planes of a picture in RGB, chroma of half the size."""
    luma, *chroma = (np.asarray(band) for band in Image.fromarray(image).convert("YCbCr").split())
    return [luma, *(np.ascontiguousarray(plane[::2, ::2]) for plane in chroma)]


@settings(deadline=None, max_examples=40)
@given(width=st.integers(1, 150), height=st.integers(1, 150), max_bytes=st.integers(500, 20_000))
def test_never_over_and_as_counted(width: int, height: int, max_bytes: int) -> None:
    """A choice is within the limit, or the smallest is over it; its file has the size that it says."""
    picture = Coefficients.of(planes(photo(width, height)), width, height)
    choice = jpeg.search(jpeg.estimate(picture, max_bytes))
    if choice.quality is None:
        assert choice.size > max_bytes
        with pytest.raises(ValueError, match="lowest"):
            choice.encode()
        return
    made = choice.encode()
    assert len(made) == choice.size <= max_bytes
    image = Image.open(io.BytesIO(made))
    image.load()
    assert image.size == (width, height)


def test_sizes_rise() -> None:
    """Finer quality makes larger files, and each has the size that finest would find for it."""
    picture = Coefficients.of(planes(photo(200, 160)), 200, 160)
    qualities = (10.0, 30.0, 60.0, 90.0)
    found = []
    for quality, tried in zip(qualities, jpeg.encode_at(picture, qualities), strict=True):
        assert tried.quality == quality
        assert len(tried.encode()) == tried.size
        found.append(tried.size)
    assert found == sorted(set(found))
    for quality, size in zip(qualities, found, strict=True):
        choice = jpeg.search(jpeg.estimate(picture, size))
        assert choice.quality == pytest.approx(quality, abs=3)
        assert 0.99 * size <= choice.size <= size


@pytest.mark.parametrize(
    ("scale", "max_bytes", "kept"),
    [(1.0, 8_000, True), (0.0, 6_000, False), (0.0, 12_000, True), (1.0, 4_000, False)],
)
def test_chroma_is_kept_where_it_shows(scale: float, max_bytes: int, kept: bool) -> None:
    """Chroma stays whole with detail and room for it, or with plenty of room; else it is halved."""
    luma = photo(160, 120)[:, :, 0]
    noise = 128 + scale * np.random.default_rng(5).normal(0, 12, (2, 60, 80))
    made = [np.ascontiguousarray(luma), *noise.astype(np.uint8)]
    estimated = jpeg.estimate(Coefficients.of(made, 160, 120), max_bytes)
    assert jpeg.keeps_full_chroma(estimated, made) is kept
    gray = jpeg.estimate(Coefficients.of(made[:1], 160, 120), max_bytes)
    assert not jpeg.keeps_full_chroma(gray, made[:1])


def test_white_is_exceeded_where_steps_are_coarse() -> None:
    """The overshoot is 31 levels at most, and nearly 0 at the finest qualities."""
    picture = Coefficients.of(planes(photo(160, 120)), 160, 120)
    coarse, fine = (jpeg.overshoot(jpeg.estimate(picture, size)) for size in (1_200, 1_000_000))
    assert coarse == 31
    assert fine <= 1


def test_what_is_seen_enlarged_has_a_table_of_its_own() -> None:
    """Errors at a cycle a block are hidden at the size that is seen, not where blocks are larger."""
    shares = []
    for enlarged in (False, True):
        picture = Coefficients.of(planes(photo(320, 240)), 320, 240)
        choice = jpeg.search(jpeg.estimate(picture, 9_000, enlarged=enlarged))
        assert 0.98 * 9_000 < choice.size <= 9_000
        made = Image.open(io.BytesIO(choice.encode()))
        assert isinstance(made, JpegImageFile)
        luma = made.quantization[0]
        shares.append(luma[16] / luma[8])
    assert shares[0] > 1.5 * shares[1]


def test_other_numbers_are_taken() -> None:
    """A search and an encoding go by the numbers that they are given: without lambda a file is larger."""
    picture = Coefficients.of(planes(photo(200, 160)), 200, 160)
    plain = replace(TUNING, lambda_=0.0)
    sizes = [next(jpeg.encode_at(picture, (60.0,), tuning=numbers)).size for numbers in (TUNING, plain)]
    assert sizes[0] < sizes[1]
    found = [
        jpeg.search(jpeg.estimate(picture, 6_000, tuning=numbers)).quality for numbers in (TUNING, plain)
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0] > found[1]
    louder = replace(TUNING, usual_sum=(50.0, 50.0))
    assert (louder.masks[0] > TUNING.masks[0]).any()
