"""Which size the same bytes look better at, told before a picture is coded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import transcode
from tests.made.pictures import photo
from transcode.fit.pictures.sizes import Sizes
from transcode.media.pictures import drawing


def sizes(samples: np.ndarray) -> Sizes:
    return Sizes(drawing.planes(samples, "4:2:0"))


def test_few_bytes_look_better_on_fewer_pixels() -> None:
    """Many look better on all of them; more bytes never look worse."""
    whole = sizes(photo(640, 480))
    few, some, many = ([whole.score(scale, size) for scale in (1, 0.5)] for size in (3_000, 12_000, 90_000))
    assert few[1] is not None
    assert few[0] is None or few[0] < few[1]
    assert many[0] is not None
    assert many[1] is not None
    assert many[0] > many[1]
    for less, more in ((few, some), (some, many)):
        assert all(a is None or (b is not None and a < b) for a, b in zip(less, more, strict=True))


def test_what_can_not_be_scored_has_no_score() -> None:
    """Too few pixels, or too few bytes, give no score."""
    assert sizes(photo(7, 40)).score(1, 50_000) is None
    assert sizes(photo(320, 240)).score(1, 700) is None
    assert sizes(np.full((16, 16, 3), 90, np.uint8)).score(0.5, 5_000) is not None


@pytest.mark.parametrize(
    ("name", "max_bytes", "width"),
    [("motog9_16mp_cat.jpg", 62_000, 1440), ("drone_12mp_gps_a.jpg", 31_000, 720)],
)
def test_photos_have_the_size_that_looks_better(shared: Path, name: str, max_bytes: int, width: int) -> None:
    """One whose grain wants its pixels keeps them at bytes at which another is halved."""
    source = shared / "media" / "image" / name
    report = transcode.fit(source, transcode.Limits(max_bytes, 1440, 1440)).report
    assert max(report.width or 0, report.height or 0) == width
