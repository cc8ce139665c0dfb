"""Stills: opened from the header, decoded once, upright, in sRGB, and honest about what was lost."""

from __future__ import annotations

import contextlib
import io
import itertools
import time
import zlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image, ImageCms, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

import transcode
from tests.made.pictures import photo, profile, save, turned
from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import image, jpeg
from transcode.media.source.inputs import Input


def opened(data: bytes) -> image.Still:
    return image.open_still(Input("a", data))


def seen(reduced: image.Reduced) -> NDArray[np.int16]:
    """RGB samples of planes, chroma repeated."""
    luma, *chroma = reduced.planes
    height, width = luma.shape
    if not chroma:
        return np.repeat(luma[..., None], 3, axis=2).astype(np.int16)
    full = [np.repeat(np.repeat(plane, 2, 0), 2, 1)[:height, :width] for plane in chroma]
    bands = [Image.fromarray(plane) for plane in (luma, *full)]
    return np.asarray(Image.merge("YCbCr", bands).convert("RGB")).astype(np.int16)


def codes(reduced: image.Reduced | image.Stripped | None) -> dict[str, str]:
    assert reduced is not None
    return {note.code: note.text for note in reduced.notes}


SMOOTH = np.asarray(Image.fromarray(photo(8, 6)).resize((96, 72), Image.Resampling.BICUBIC))


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


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_whole_chroma(kind: str, orientation: int) -> None:
    """In 4:4:4 every plane has the picture's size and shows it upright."""
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    still = opened(turned(SMOOTH, orientation, kind, **options))
    for size in ((96, 72), (47, 35)):
        planes = still.reduce(*size, sampling="4:4:4").planes
        assert [plane.shape for plane in planes] == [size[::-1]] * 3
        found = np.asarray(Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes]).convert("RGB"))
        expected = np.asarray(Image.fromarray(SMOOTH).resize(size, Image.Resampling.LANCZOS))
        assert np.abs(found.astype(int) - expected).mean() < 2


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


def test_wide_profile() -> None:
    """A colour of a wide space comes out as LittleCMS says; the notes say that it was converted."""
    wide = profile("rgb", gamma=2.2)
    samples = np.full((64, 64, 3), (60, 200, 60), np.uint8)
    expected = np.asarray(
        ImageCms.profileToProfile(
            Image.fromarray(samples),
            ImageCms.ImageCmsProfile(io.BytesIO(wide)),
            ImageCms.createProfile("sRGB"),
        )
    ).astype(np.int16)
    assert np.abs(expected - samples).max() > 20
    for kind, options in (("JPEG", {"quality": 98}), ("PNG", {}), ("WEBP", {"lossless": True})):
        reduced = opened(save(samples, kind, icc_profile=wide, **options)).reduce(32, 32)
        assert np.abs(seen(reduced) - expected[:32, :32]).max() <= 4
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


def test_metadata_is_named() -> None:
    """What does not leave is in the notes of every format, a position by name."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 25.0, 16.0), 3: "E", 4: (10.0, 59.0, 7.0)})
    text = PngInfo()
    text.add_text("Comment", "here")
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700] = b"<xmp/>"
    sources = {
        "JPEG": save(SMOOTH, exif=exif, comment=b"here"),
        "PNG": save(SMOOTH, "PNG", exif=exif, pnginfo=text),
        "WEBP": save(SMOOTH, "WEBP", exif=exif, xmp=b"<xmp/>"),
        "TIFF": save(SMOOTH, "TIFF", tiffinfo=tags),
    }
    expected = {
        "JPEG": ["position (GPS)", "comment"],
        "PNG": ["position (GPS)", "text"],
        "WEBP": ["position (GPS)", "XMP"],
        "TIFF": ["XMP"],
    }
    for kind, data in sources.items():
        words = codes(opened(data).reduce(48, 36))["metadata-dropped"]
        for word in expected[kind]:
            assert word in words, kind
        if kind != "TIFF":
            assert codes(opened(data).stripped(10**6))["metadata-dropped"] == words


def test_pages_of_a_tiff_are_not_dropped_in_silence() -> None:
    """The first page is kept, and the notes say that there were more."""
    pages = [Image.fromarray(SMOOTH), Image.fromarray(SMOOTH[::-1])]
    data = save(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert "pages-dropped" in codes(opened(data).reduce(48, 36))
    assert "pages-dropped" not in codes(opened(save(SMOOTH, "TIFF")).reduce(48, 36))


def test_exif_behind_the_pixels_of_a_png() -> None:
    """An orientation that stands behind the pixels is applied too."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = save(SMOOTH, "PNG", exif=exif)
    at = data.index(b"eXIf") - 4
    end = at + 12 + int.from_bytes(data[at : at + 4], "big")
    moved = data[:at] + data[end:-12] + data[at:end] + data[-12:]
    still = opened(moved)
    assert (still.width, still.height) == (72, 96)


def test_hidden_octets_do_not_pass_through() -> None:
    """Octets in the scan, in odd segments, behind or inside chunks do not leave with the picture."""
    secret = b"GPS 47.1234 N"
    plain = save(SMOOTH, quality=90)
    hidden = [
        plain[:-2] + secret + plain[-2:],
        plain[:-2] + secret,
        plain[:2] + b"\xff\xdc\0\x0f" + secret + plain[2:],
    ]
    png = save(SMOOTH, "PNG")
    end = b"IEND" + secret
    crc = zlib.crc32(end).to_bytes(4, "big")
    hidden.append(png[:-12] + len(secret).to_bytes(4, "big") + end + crc)
    gif = save(SMOOTH, "GIF", save_all=True, append_images=[Image.fromarray(SMOOTH[::-1])], loop=0)
    at = gif.index(b"NETSCAPE2.0") + 11 + 4
    hidden.append(gif[:at] + bytes([len(secret)]) + secret + gif[at:])
    for data in hidden:
        stripped = opened(data).stripped(10**6)
        assert stripped is None or secret not in stripped.data


def test_a_flaw_of_the_container_does_not_lose_the_picture() -> None:
    """A GIF without its trailer passes through; a PNG without its end is coded anew."""
    gif = save(SMOOTH, "GIF")
    assert gif.endswith(b";")
    stripped = opened(gif[:-1]).stripped(10**6)
    assert stripped is not None
    assert stripped.data == gif
    png = opened(save(SMOOTH, "PNG")[:-12])
    assert png.stripped(10**6) is None
    assert png.reduce(48, 36).planes[0].shape == (36, 48)


def test_sizes_share_a_decode_and_depend_on_none() -> None:
    """Sizes that come from the same decode share it, and each looks as it does when it is asked for alone."""
    sizes = ((96, 72), (90, 68), (60, 45), (96, 72))
    for kind in ("JPEG", "PNG"):
        data = save(SMOOTH, kind)
        still = image.open_still(Input("a", data), many=True)
        with (
            mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode,
            mock.patch.object(Image, "open", side_effect=Image.open) as load,
        ):
            many = [still.reduce(*size).planes for size in sizes]
        assert decode.call_count + load.call_count == 1
        for size, planes in zip(sizes, many, strict=True):
            alone = opened(data).reduce(*size).planes
            assert all(map(np.array_equal, alone, planes))


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
    """The smallest scale with so many columns to spare; of large pictures half of them will do."""
    monkeypatch.setattr(image, "_LARGEST_WHOLE", largest)
    still = opened(save(photo(400, 100)))
    with mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode:
        still.reduce(width, round(width / 4))
    assert decode.call_args.kwargs["eighths"] == eighths


@pytest.mark.parametrize(("width", "largest", "eighths"), [(134, 10**6, 8), (133, 10**6, 4), (134, 1000, 4)])
def test_scale_where_detail_counts(
    width: int, largest: int, eighths: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fine reduction is made of the whole, but of large pictures, unless half is wide enough."""
    monkeypatch.setattr(image, "_LARGEST_WHOLE", largest)
    still = opened(save(photo(400, 100)))
    coarse = still.reduce(width, round(width / 4)).planes[0]
    with mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode:
        fine = still.reduce(width, round(width / 4), fine=True).planes[0]
    assert np.array_equal(coarse, fine) is (eighths == 4)
    assert [call.kwargs["eighths"] for call in decode.call_args_list] == ([8] if eighths == 8 else [])


def test_full_chroma_is_the_last_of_a_size() -> None:
    """What was decoded for one size goes with its full chroma; asked for again, it is the same."""
    data = save(photo(201, 151), subsampling=0)
    for many, decodes in ((True, 1), (False, 2)):
        still = image.open_still(Input("a", data), many=many)
        with mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode:
            first, *_, again = (
                still.reduce(160, 120, sampling=sampling).planes for sampling in ("4:4:4", "4:2:0", "4:4:4")
            )
        assert decode.call_count == decodes
        assert all(map(np.array_equal, first, again))


def test_what_was_released_is_decoded_again() -> None:
    """After drop_cache() nothing is kept, and the pixels are the same."""
    for kind in ("JPEG", "PNG"):
        still = image.open_still(Input("a", save(SMOOTH, kind)), many=True)
        first = still.reduce(60, 45).planes
        still.drop_cache()
        with (
            mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode,
            mock.patch.object(Image, "open", side_effect=Image.open) as load,
        ):
            second = still.reduce(60, 45).planes
        assert decode.call_count + load.call_count == 1
        assert all(map(np.array_equal, first, second))


@pytest.mark.parametrize("size", [(96, 72), (61, 47), (1, 1)], ids=str)
def test_smaller_from_what_was_reduced(size: tuple[int, int]) -> None:
    """A reduced picture that is made smaller looks like one that was made so at once, chroma in place."""
    reduced = opened(save(photo(201, 151))).reduce(161, 121)
    smaller = seen(reduced.smaller(*size))
    assert smaller.shape == (size[1], size[0], 3)
    assert np.abs(smaller - seen(opened(save(photo(201, 151))).reduce(*size))).mean() < 3


def test_time_is_for_all_of_one_source() -> None:
    """Once the seconds of a source are over, nothing more is decoded."""
    for kind in ("JPEG", "PNG"):
        still = opened(save(SMOOTH, kind))
        with elapsing("monotonic"), elapsing("process_time"), pytest.raises(CapError, match="seconds"):
            still.reduce(48, 36)


def elapsing(clock: str) -> AbstractContextManager[object]:
    """A clock that jumps by more than a source may take."""
    return mock.patch.object(time, clock, side_effect=itertools.count(step=image.MAX_SECONDS + 1))


@pytest.mark.parametrize("clock", ["monotonic", "process_time"])
def test_waiting_and_other_threads_do_not_count(clock: str) -> None:
    """A busy machine, by the clock alone, or other threads, by the process's time alone, cost no picture."""
    for kind in ("JPEG", "PNG"):
        still = opened(save(SMOOTH, kind))
        with elapsing(clock):
            assert still.reduce(48, 36).planes[0].shape == (36, 48)


def test_time_between_decodes_does_not_count() -> None:
    """A source that waits for its turn may wait for as long as it takes."""
    for kind in ("JPEG", "PNG"):
        still = opened(save(SMOOTH, kind))
        late = time.monotonic() + image.MAX_SECONDS + 1
        with mock.patch.object(time, "monotonic", return_value=late):
            assert still.reduce(48, 36).planes[0].shape == (36, 48)


@pytest.mark.parametrize(("kind", "most"), [("PNG", 1000), ("BMP", 1000), ("JPEG", 4000)])
def test_the_cap_on_pixels_can_be_set(kind: str, most: int) -> None:
    """One pixel more than the cap is refused from the header; a JPEG may have four times it."""
    for width in (most // 20, most // 20 + 1):
        data = save(np.zeros((20, width, 3), np.uint8), kind)
        with contextlib.ExitStack() as stack:
            if 20 * width > most:
                stack.enter_context(pytest.raises(CapError, match=f"{width} x 20 pixels; at most {most:,}"))
            transcode.fit(data, transcode.Limits(9_000, formats=("image/jpeg",)), max_pixels=1000)


@pytest.mark.parametrize(
    ("kind", "mode", "size"),
    [
        ("PNG", "RGB", (16_000, 16_000)),
        ("PNG", "P", (12_000, 12_000)),
        ("PNG", "P, clear", (9_000, 9_000)),
        ("WEBP", "RGBA", (9_400, 9_400)),
    ],
)
def test_what_would_not_fit_into_memory_is_refused(kind: str, mode: str, size: tuple[int, int]) -> None:
    """Sizes are refused from the header, by what decoding would take."""
    if kind == "WEBP":
        data = bytearray(save(Image.new("RGBA", (16, 16)), "WEBP", lossless=True))
        # VP8L: 14 bits each of width - 1 and height - 1 behind the signature (RFC 9649, 3.4).
        at = data.index(b"VP8L") + 9
        bits = (size[0] - 1) | (size[1] - 1) << 14 | 1 << 28
        data[at : at + 4] = bits.to_bytes(4, "little")
        source = bytes(data)
    else:
        colour = 2 if mode == "RGB" else 3
        header = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big") + bytes([8, colour, 0, 0, 0])

        def chunk(name: bytes, body: bytes) -> bytes:
            crc = zlib.crc32(name + body).to_bytes(4, "big")
            return len(body).to_bytes(4, "big") + name + body + crc

        palette = b"" if mode == "RGB" else chunk(b"PLTE", bytes(6))
        palette += chunk(b"tRNS", b"\0") if mode == "P, clear" else b""
        idat = chunk(b"IDAT", b"x")
        source = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + idat + chunk(b"IEND", b"")
    with pytest.raises(CapError):
        opened(source)


def test_too_many_frames() -> None:
    """An animation of very many frames is refused without reading them all, as Pillow would to count them."""
    frame = b"\x2c" + bytes(4) + b"\x01\0\x01\0\0" + b"\x02\x02\x44\x01\0"
    data = b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + frame * 100_000 + b";"
    counted = mock.PropertyMock(side_effect=AssertionError)
    with (
        mock.patch.object(GifImagePlugin.GifImageFile, "n_frames", counted),
        pytest.raises(CapError, match="frames"),
    ):
        opened(data)


def test_sixteen_bit_gray_with_transparency() -> None:
    """The gray level that a 16-bit PNG calls transparent becomes white."""
    samples = np.full((40, 40), 20_000, np.uint16)
    samples[:, :20] = 1_000
    data = save(Image.fromarray(samples), "PNG", transparency=1_000)
    reduced = opened(data).reduce(40, 40)
    assert (reduced.planes[0][:, :18] == 255).all()
    assert np.abs(reduced.planes[0][:, 22:].astype(int) - (20_000 >> 8)).max() <= 1


def test_what_is_no_picture() -> None:
    """Other kinds are refused by name."""
    with pytest.raises(UnsupportedError, match="text, which is no picture"):
        opened(b"hello there")
    with pytest.raises(SourceError, match="no primary picture"):
        opened(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(SourceError):
        opened(b"\xff\xd8\xff\xe0 broken")


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
