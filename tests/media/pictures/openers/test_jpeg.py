"""JPEG as it is opened: colours, scales, and what is kept between sizes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.made.pictures import photo, profile, save, turned
from tests.made.stills import SMOOTH, codes, opened, seen
from transcode.media.pictures import jpeg
from transcode.media.pictures.openers import jpeg as jpeg_opener
from transcode.media.pictures.openers import open_still
from transcode.media.pictures.still import Detail
from transcode.media.source.inputs import Input


def adobe(data: bytes, transform: int) -> bytes:
    """A JPEG with Adobe's marker in front, which says how its components are to be read."""
    body = b"Adobe\0\x64\0\0\0\0" + bytes([transform])
    return data[:2] + b"\xff\xee" + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


@pytest.mark.parametrize("size", [(96, 72), (48, 36), (31, 23)])
def test_rgb_jpeg(size: tuple[int, int]) -> None:
    """A JPEG whose components are RGB comes out in its colours."""
    bands = Image.fromarray(SMOOTH).split()
    data = save(Image.merge("YCbCr", bands), quality=100, subsampling=0)
    # The same samples, now called RGB: without JFIF, and with Adobe's transform 0.
    data = adobe(data[:2] + data[20:], 0)
    found = seen(opened(data).reduce(*size))
    expected = np.asarray(Image.fromarray(SMOOTH).resize(size, Image.Resampling.LANCZOS)).astype(np.int16)
    # Chroma has half the samples.
    assert np.abs(found - expected).mean() < 4.5


def test_nearly_an_eighth_stays_sharp() -> None:
    """A picture reduced almost eightfold is as sharp as Pillow's Lanczos makes it, not a mean of blocks."""
    picture = Image.fromarray(photo(776, 584)).convert("L")
    gray = opened(save(picture, quality=100)).reduce(96, 72).planes[0].astype(float)
    expected = np.asarray(picture.resize((96, 72), Image.Resampling.LANCZOS), float)
    assert np.abs(np.diff(gray)).mean() == pytest.approx(np.abs(np.diff(expected)).mean(), rel=0.04)


@pytest.mark.parametrize("inverted", [True, False])
def test_cmyk_jpeg(inverted: bool) -> None:
    """CMYK is read as stored, or inverted where Adobe's marker says so."""
    cmyk = Image.fromarray(SMOOTH).convert("CMYK")
    data = save(cmyk, quality=100)
    # Pillow writes the marker, and inverts.
    assert b"Adobe" in data
    if not inverted:
        at = data.index(b"\xff\xee")
        data = data[:at] + data[at + 16 :]
        cmyk = Image.merge("CMYK", [Image.fromarray(255 - np.asarray(band)) for band in cmyk.split()])
    reduced = opened(data).reduce(96, 72)
    assert np.abs(seen(reduced) - np.asarray(cmyk.convert("RGB")).astype(np.int16)).mean() < 2.5
    assert "colour-converted" in codes(reduced)


@pytest.mark.parametrize("rows", [1, 23, 1000])
def test_strips_of_cmyk(rows: int) -> None:
    """The colours do not depend on the strips in which they are converted."""
    data = save(Image.fromarray(SMOOTH).convert("CMYK"), quality=90)
    usual = opened(data).reduce(93, 70).planes
    with mock.patch.object(jpeg_opener, "_STRIP", rows):
        found = opened(data).reduce(93, 70).planes
    assert [plane.tobytes() for plane in found] == [plane.tobytes() for plane in usual]


def test_ycck_jpeg(shared: Path) -> None:
    """A YCCK photo looks as Pillow shows it."""
    path = shared / "media" / "image" / "ycck_park.jpg"
    expected = np.asarray(Image.open(path).convert("RGB")).astype(np.int16)
    still = opened(path.read_bytes())
    assert np.abs(seen(still.reduce(still.width, still.height)) - expected).mean() < 4


def test_gray_jpeg_with_a_profile() -> None:
    """A gray JPEG with a gray profile of another gamma is converted, at even and odd sizes."""
    ramp = np.tile(np.arange(0, 256, 2, dtype=np.uint8), (63, 1))
    data = save(Image.fromarray(ramp), quality=100, icc_profile=profile("gray", gamma=1.0))
    for size in ((128, 63), (64, 31), (33, 17)):
        reduced = opened(data).reduce(*size)
        middle = seen(reduced)[size[1] // 2, size[0] // 2, 0]
        # Half of the light is 188 of 255 in sRGB (IEC 61966-2-1).
        assert 180 <= middle <= 196
        assert "colour-converted" in codes(reduced)


def test_broken_profile_is_told() -> None:
    """A profile that can't be read is ignored, and the notes say so, also past the encoder."""
    data = save(SMOOTH, quality=95, icc_profile=b"no profile at all")
    reduced = opened(data).reduce(96, 72)
    assert "profile-ignored" in codes(reduced)
    # Pieces of a profile of which one is missing.
    whole = save(SMOOTH, quality=95, icc_profile=bytes(70_000))
    at = whole.index(b"ICC_PROFILE\0\x02")
    cut = whole[: at - 4] + whole[at - 2 + int.from_bytes(whole[at - 2 : at], "big") :]
    assert "profile-ignored" in codes(opened(cut).stripped(10**6))


@pytest.mark.parametrize(
    ("width", "largest", "eighths"),
    [
        (160, 10**6, 8),
        (145, 10**6, 8),
        (144, 10**6, 4),
        (145, 1000, 4),
        (201, 1000, 8),
        (81, 10**6, 4),
        (80, 10**6, 2),
        (33, 10**6, 1),
    ],
)
def test_scale_of_the_decoder(
    width: int, largest: int, eighths: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The smallest scale with the given spare columns is taken; large pictures need half of them."""
    monkeypatch.setattr(jpeg_opener, "_LARGEST_WHOLE", largest)
    still = opened(save(photo(400, 100)))
    with mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode:
        still.reduce(width, round(width / 4))
    assert decode.call_args.kwargs["eighths"] == eighths


@pytest.mark.parametrize(
    ("detail", "width", "largest", "eighths"),
    [
        ("fine", 134, 10**6, 8),
        ("fine", 133, 10**6, 4),
        ("fine", 134, 1000, 4),
        ("finest", 88, 10**6, 8),
        ("finest", 84, 10**6, 4),
    ],
)
def test_scale_where_detail_counts(
    detail: Detail, width: int, largest: int, eighths: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fine reduction is made of the whole, but of large pictures, unless half is wide enough."""
    monkeypatch.setattr(jpeg_opener, "_LARGEST_WHOLE", largest)
    still = opened(save(photo(400, 100)))
    coarse = still.reduce(width, round(width / 4)).planes[0]
    with mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode:
        fine = still.reduce(width, round(width / 4), detail=detail).planes[0]
    assert np.array_equal(coarse, fine) is (eighths == 4)
    assert [call.kwargs["eighths"] for call in decode.call_args_list] == ([8] if eighths == 8 else [])


@pytest.mark.parametrize("orientation", [1, 6])
def test_rgb_has_the_colours_that_viewers_show(orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chroma is interpolated as libjpeg does it; not of pictures that are larger than screens."""
    data = turned(photo(97, 61), orientation, subsampling=2)
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    shown = opened(data).rgb(*image.size, detail="finest")
    assert np.abs(shown - np.asarray(image, int)).max() <= 3
    monkeypatch.setattr(jpeg_opener, "_LARGEST_INTERPOLATED", 97 * 61 - 1)
    assert np.abs(opened(data).rgb(*image.size, detail="finest") - np.asarray(image, int)).max() > 6


def test_full_chroma_is_the_last_of_a_size() -> None:
    """What was decoded for one size goes with its full chroma; asked for again, it is the same."""
    data = save(photo(201, 151), subsampling=0)
    for many, decodes in ((True, 1), (False, 2)):
        still = open_still(Input("a", data), many=many)
        with mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode:
            first, *_, again = (
                still.reduce(160, 120, sampling=sampling).planes for sampling in ("4:4:4", "4:2:0", "4:4:4")
            )
        assert decode.call_count == decodes
        assert all(map(np.array_equal, first, again))


@pytest.mark.parametrize("kind", ["ycc", "rgb"])
def test_adobe_rgb_by_exif(kind: str) -> None:
    """What cameras say in EXIF instead of a profile counts as one does, and a profile counts for more."""
    made = Image.Exif()
    made.get_ifd(0x8769).update({0xA001: 0xFFFF, 0xA005: {1: "R03"}})
    options: dict[str, Any] = {"quality": 100, "subsampling": 0, "keep_rgb": kind == "rgb"}
    pixels = photo(64, 48)
    marked = opened(save(pixels, exif=made, **options))
    profiled = opened(save(pixels, icc_profile=profile("rgb", gamma=563 / 256), **options))
    found, expected = (seen(one.reduce(64, 48, sampling="4:4:4")) for one in (marked, profiled))
    assert np.abs(found - expected).mean() < 1
    assert np.abs(found - pixels).mean() > 3
    assert "colour-converted" in codes(marked.reduce(64, 48))
    assert marked.stripped(1_000_000) is None
    both = opened(save(pixels, exif=made, icc_profile=profile("rgb", gamma=1.2), **options))
    alone = opened(save(pixels, icc_profile=profile("rgb", gamma=1.2), **options))
    assert (seen(both.reduce(64, 48)) == seen(alone.reduce(64, 48))).all()
    gray = opened(save(pixels[..., 0], exif=made))
    assert "colour-converted" not in codes(gray.reduce(64, 48))
