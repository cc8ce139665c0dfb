"""Profiles: which are sRGB, whoever made them, and what the others do."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.media.pictures import profile
from transcode.media import colour


def embedded(path: Path) -> bytes:
    with Image.open(path) as image:
        return bytes(image.info["icc_profile"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("book_12mp_progressive.jpg", True),
        ("render_33mp_444.jpg", True),
        ("orient_landscape_1.jpg", True),
        ("denali_icc.webp", True),
        ("canon_5dm3_22mp_444_srgb.jpg", True),
        ("adobergb_sunrise.jpg", False),
        ("pixel6pro_ultrahdr_p3_a.jpg", False),
        ("prophoto_nebula.jpg", False),
        ("cmyk_icc_small.jpg", False),
    ],
)
def test_real_profiles(shared: Path, name: str, expected: bool) -> None:
    """sRGB of several makes, v2, v4 and compact, is recognised; wider spaces are not taken for it."""
    assert colour.is_srgb(embedded(shared / "media" / "image" / name)) is expected


def test_made_profiles() -> None:
    """LittleCMS' own sRGB is; a wide one, a gray one and rubbish are not."""
    assert colour.is_srgb(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for other in (profile("rgb", gamma=2.2), profile("gray", gamma=2.2), b"", b"rubbish" * 100):
        assert not colour.is_srgb(other)


def test_conversion_is_littlecms() -> None:
    """What comes out is what LittleCMS gives."""
    wide = profile("rgb", gamma=1.8)
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    source = ImageCms.ImageCmsProfile(io.BytesIO(wide))
    expected = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    found = colour.to_srgb(image, wide)
    assert found is not None
    assert expected is not None
    assert found.tobytes() == expected.tobytes()


def test_what_does_not_apply() -> None:
    """A profile of another kind of picture, a broken or a very large one is none."""
    gray = Image.new("L", (4, 4))
    assert colour.to_srgb(gray, None) is None
    assert colour.to_srgb(gray, profile("rgb", gamma=2.2)) is None
    assert colour.to_srgb(gray, b"rubbish") is None
    assert colour.to_srgb(gray, profile("gray", gamma=2.2) + bytes(5_000_000)) is None
