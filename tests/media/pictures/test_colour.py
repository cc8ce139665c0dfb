"""Profiles: which are sRGB, whoever made them, and what the others do."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.made.pictures import profile
from transcode.media.pictures import colour


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


def littlecms(image: Image.Image, icc: bytes) -> NDArray[np.int16]:
    """What LittleCMS itself makes of a picture."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    made = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert made is not None
    return np.asarray(made).astype(np.int16)


def converted(image: Image.Image, icc: bytes, inks: colour.Inks) -> NDArray[np.int16]:
    conversion = colour.conversion(icc, inks)
    assert conversion is not None
    return np.asarray(conversion.image(image).convert("RGB")).astype(np.int16)


def random_image(mode: str, width: int = 300, height: int = 200) -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    octets = np.random.default_rng(1).integers(0, 256, width * height * channels, dtype=np.uint8)
    return Image.frombytes(mode, (width, height), octets.tobytes())


@pytest.mark.parametrize(
    ("name", "mode", "inks"),
    [
        ("adobergb_sunrise.jpg", "RGB", "rgb"),
        ("iphone13mini_gainmap.jpg", "RGB", "rgb"),
        ("prophoto_nebula.jpg", "RGB", "rgb"),
        ("cmyk_icc_small.jpg", "CMYK", "cmyk"),
        ("g3_fax.tif", "L", "gray"),
    ],
)
def test_conversion_is_littlecms(shared: Path, name: str, mode: str, inks: colour.Inks) -> None:
    """All colours alike, not only those of photographs, come out where LittleCMS puts them."""
    icc, image = embedded(shared / "media" / "image" / name), random_image(mode)
    difference = np.abs(converted(image, icc, inks) - littlecms(image, icc))
    assert difference.mean() <= 0.25
    assert difference.max() <= 1


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2, 2.6])
def test_made_curves(gamma: float) -> None:
    """A wide profile with any curve is within two levels, and one on average."""
    icc, image = profile("rgb", gamma=gamma), random_image("RGB")
    difference = np.abs(converted(image, icc, "rgb") - littlecms(image, icc))
    assert difference.mean() <= 1
    assert difference.max() <= 2


def test_planes_are_the_picture() -> None:
    """Planes of YCbCr take the same way as the picture, but for the rounding of YCbCr."""
    icc, image = profile("rgb", gamma=1.8), random_image("RGB")
    conversion = colour.conversion(icc, "rgb")
    assert conversion is not None
    bands = [np.asarray(band) for band in image.split()]
    expected = np.asarray(conversion.image(image).convert("YCbCr")).astype(np.int16)
    found = np.stack(conversion.ycc(bands), axis=-1)
    assert np.abs(found - expected).max() <= 1


def test_a_table_that_littlecms_disagrees_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves that do not give what LittleCMS gives are not used."""
    icc, image = profile("rgb", gamma=2.0), random_image("RGB")
    flat = np.tile(np.linspace(0, 1, 256), (3, 1))
    monkeypatch.setattr("transcode.media.pictures.icc.curves", lambda _icc: flat)
    colour.conversion.cache_clear()
    difference = np.abs(converted(image, icc, "rgb") - littlecms(image, icc))
    colour.conversion.cache_clear()
    assert difference.mean() <= 1


def test_what_does_not_apply() -> None:
    """A profile of another kind of picture, a broken or a very large one is none."""
    assert colour.conversion(profile("rgb", gamma=2.2), "gray") is None
    assert colour.conversion(b"rubbish", "gray") is None
    assert colour.conversion(profile("gray", gamma=2.2) + bytes(5_000_000), "gray") is None


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 300), st.integers(0, 255), st.integers(0, 700))
def test_broken_profiles(at: int, value: int, length: int) -> None:
    """Any profile gives a conversion or none, and no other error."""
    icc = bytearray(profile("rgb", gamma=2.2))
    icc[at % len(icc)] = value
    conversion = colour.conversion(bytes(icc[: max(length, 1)] if length < 600 else icc), "rgb")
    if conversion is not None:
        assert conversion.image(Image.new("RGB", (3, 2), (10, 200, 30))).size == (3, 2)
