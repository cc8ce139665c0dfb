"""A picture as coefficients: what is measured is what is written."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.made.pictures import photo
from transcode.media.samples.coefficients import Coefficients


def planes(width: int, height: int, *, gray: bool) -> list[NDArray[np.uint8]]:
    bands = [np.asarray(band) for band in Image.fromarray(photo(width, height)).convert("YCbCr").split()]
    return bands[:1] if gray else [bands[0], *(np.ascontiguousarray(band[::2, ::2]) for band in bands[1:])]


@pytest.mark.parametrize("gray", [True, False])
@pytest.mark.parametrize("size", [(1, 1), (17, 33), (160, 120)])
@pytest.mark.parametrize("step", [1, 7, 90])
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_measured_is_written(size: tuple[int, int], step: int, gray: bool, progressive: bool) -> None:
    """The file has the length that was measured, and Pillow shows the picture."""
    made = planes(*size, gray=gray)
    picture = Coefficients.of(made, *size, progressive=progressive)
    tables = [(np.full(64, step, np.uint16), np.full(64, 0.5))]
    length = picture.measure(tables)
    data = picture.encode(tables, length)
    assert len(data) == length
    image = Image.open(io.BytesIO(data))
    assert (image.size, image.mode) == (size, "L" if gray else "RGB")
    assert ("progressive" in image.info) is progressive
    luma = np.asarray(image.convert("YCbCr").getchannel(0)).astype(int)
    assert np.abs(luma - made[0]).mean() <= 0.8 + step / 3


def test_a_wrong_length_is_refused() -> None:
    """Less room than was measured is an error, not a cut file."""
    picture = Coefficients.of(planes(40, 40, gray=False), 40, 40)
    tables = [(np.full(64, 9, np.uint16), np.full(64, 0.5))]
    with pytest.raises(ValueError, match="more than"):
        picture.encode(tables, picture.measure(tables) - 1)


@pytest.mark.parametrize("gray", [True, False])
@pytest.mark.parametrize("step", [1, 4, 30])
def test_other_decoders_read_several_scans(gray: bool, step: int) -> None:
    """FFmpeg's own decoder sees the same samples in a progressive file as in the baseline one."""
    tables = [(np.full(64, step, np.uint16), np.full(64, 0.5))]
    seen = []
    for progressive in (False, True):
        picture = Coefficients.of(planes(204, 154, gray=gray), 204, 154, progressive=progressive)
        data = picture.encode(tables, picture.measure(tables))
        with av.open(io.BytesIO(data), "r", format="jpeg_pipe") as container:
            seen.append(next(container.decode(video=0)).to_ndarray())
    assert (seen[0] == seen[1]).all()


def test_full_chroma_keeps_luma() -> None:
    """With chroma of as many samples the picture is that of three equal planes."""
    bands = [np.asarray(band) for band in Image.fromarray(photo(45, 30)).convert("YCbCr").split()]
    picture = Coefficients.of(planes(45, 30, gray=False), 45, 30).with_full_chroma(bands[1:])
    whole = Coefficients.of(bands, 45, 30, sampling="4:4:4")
    tables = [(np.full(64, 9, np.uint16), np.full(64, 0.5))]
    length = whole.measure(tables)
    assert picture.measure(tables) == length
    assert picture.encode(tables, length) == whole.encode(tables, length)


def test_overshoot_is_of_luma() -> None:
    """Edges of white change, chroma and the picture that it was made of do not."""
    made = planes(64, 48, gray=False)
    made[0] = np.where(made[0] > 128, 255, 60).astype(np.uint8)
    picture = Coefficients.of(made, 64, 48)
    before = [component.copy() for component in picture.components]
    beyond = picture.with_overshoot(made[0], 20)
    assert (beyond.components[0] != before[0]).any()
    assert all((a == b).all() for a, b in zip(beyond.components[1:], before[1:], strict=True))
    assert all((a == b).all() for a, b in zip(picture.components, before, strict=True))
