"""The picture of the README: what it shows, and that its figures are those of the present engine."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from bench import before_after
from bench.pictures import landscape

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def photo() -> bytes:
    file = io.BytesIO()
    landscape(1, 1600, 1200).save(file, "JPEG", quality=92)
    return file.getvalue()


def test_both_keep_to_the_limit_and_stand_beside_the_photo(photo: bytes) -> None:
    """There is a column for each rendition and one for the photo, and they differ."""
    made = before_after.renditions(photo)
    assert [one.name for one in made] == ["Pillow in a loop over the quality", "mms-transcode"]
    assert all(len(one.data) <= before_after.CAP for one in made)
    sheet = before_after.figure(photo, made)
    assert sheet.size == (832, 468)
    columns = [sheet.crop((left, 44, left + 272, 468)).tobytes() for left in (0, 280, 560)]
    assert len(set(columns)) == 3
    words = sheet.crop((0, 0, 832, 44)).convert("L").getextrema()
    assert words == (0, 255)


def test_details_show_each_pixel_as_four(photo: bytes) -> None:
    """Nothing is smoothed, so the picture shows what the files hold."""
    sheet = before_after.figure(photo, before_after.renditions(photo))
    detail = sheet.crop((560, 44, 832, 252))
    again = detail.resize((136, 104), Image.Resampling.NEAREST).resize((272, 208), Image.Resampling.NEAREST)
    assert again.tobytes() == detail.tobytes()


def test_the_readme_gives_the_figures_of_the_present_engine(shared: Path) -> None:
    """Bytes within 2 % and scores within two points; the picture has less than 150 KB."""
    data = (shared / "media" / "image" / before_after.PHOTO).read_bytes()
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = re.findall(r"([\d,]+) bytes, ([\d.]+) points", readme)
    for (size, points), made in zip(shown, before_after.renditions(data), strict=True):
        assert float(size.replace(",", "")) == pytest.approx(len(made.data), rel=0.02)
        assert float(points) == pytest.approx(made.points, abs=2)
    best = re.search(r"comes to ([\d.]+) points", readme)
    assert best is not None
    assert float(best[1]) == pytest.approx(before_after.smaller_loops(data), abs=2)
    assert before_after.PATH.stat().st_size < 150_000
