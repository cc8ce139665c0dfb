"""What more bytes buy: rising, with falling slopes, and near what is made in the end."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import transcode
from tests.fit.test_rate_points import assert_concave
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.fit.medium import Prepared, prepare
from transcode.fit.rate_points import RatePoint
from transcode.media.samples.score import ssimulacra2
from transcode.media.source.inputs import Input, read


def prepared(source: bytes, limits: transcode.Limits) -> Prepared:
    return prepare(Input("a", source), limits)


@pytest.mark.parametrize("size", [(400, 300), (64, 48), (3, 2)], ids=str)
def test_a_picture_has_points(size: tuple[int, int]) -> None:
    """Any picture has them, and a flat one as well."""
    for samples in (photo(*size), np.full((size[1], size[0], 3), 77, np.uint8)):
        limits = transcode.Limits(500_000, formats=("image/jpeg",))
        found = prepared(save(samples, "PNG"), limits).rate_curve()
        assert found
        assert_concave(found)


def test_the_source_itself_is_the_last_point() -> None:
    """Where the source passes through, nothing is better, and nothing larger is made."""
    source = save(photo(200, 150), quality=70)
    found = prepared(source, transcode.Limits(500_000)).rate_curve()
    assert found[-1] == RatePoint(len(source), 100.0)
    assert_concave(found)
    assert prepared(source, transcode.Limits(500_000, formats=("image/png",))).rate_curve() == ()


def test_other_media_have_none() -> None:
    """Sound and animations have no curve before they are encoded."""
    frames = [Image.fromarray(photo(90, 60, seed)) for seed in range(3)]
    moving = save(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    for source in (moving, bytes(container(sine(1.0)).data)):
        assert prepared(source, transcode.Limits(50_000)).rate_curve() == ()


def test_points_foretell_what_is_made(shared: Path) -> None:
    """The score of real photos is told within some points; more detail needs more bytes."""
    found = {}
    for name in ("jolla_8mp.jpg", "drone_12mp_gps_a.jpg"):
        content = read(shared / "media" / "image" / name)
        waiting = prepare(content, transcode.Limits(200_000, 640, 480))
        points = waiting.rate_curve()
        waiting.drop_cache()
        sizes, scores = zip(*points, strict=True)
        image = Image.open(io.BytesIO(content.data)).convert("RGB")
        for max_bytes in (15_000, 60_000):
            made = Image.open(io.BytesIO(waiting.encode(max_bytes).data)).convert("RGB")
            original = np.asarray(image.resize((640, 480), Image.Resampling.LANCZOS))
            seen = np.asarray(made.resize((640, 480), Image.Resampling.LANCZOS))
            found[name, max_bytes] = float(np.interp(max_bytes, sizes, scores))
            assert found[name, max_bytes] == pytest.approx(ssimulacra2(original, seen), abs=12)
    assert found["jolla_8mp.jpg", 15_000] > found["drone_12mp_gps_a.jpg", 15_000] + 5
