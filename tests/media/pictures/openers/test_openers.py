"""What holds whichever opener reads a picture, and how openers are found."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import zlib
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

import transcode
from tests.made.pictures import decoded, photo, profile, save, turned
from tests.made.stills import SMOOTH, codes, opened, seen
from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import jpeg
from transcode.media.pictures.openers import open_still
from transcode.media.pictures.still import Reduced
from transcode.media.source import probe
from transcode.media.source.inputs import Input
from transcode.media.source.picture_formats import PICTURE_FORMATS, PictureFormat


def test_what_is_no_picture() -> None:
    """Other kinds are refused by name."""
    with pytest.raises(UnsupportedError, match="text, which is not a picture"):
        opened(b"hello there")
    with pytest.raises(SourceError, match="no primary picture"):
        opened(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(SourceError):
        opened(b"\xff\xd8\xff\xe0 broken")


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


def test_sizes_share_a_decode_and_depend_on_none() -> None:
    """Sizes that come from the same decode share it, and each looks as it does when it is asked for alone."""
    sizes = ((96, 72), (90, 68), (60, 45), (96, 72))
    for kind in ("JPEG", "PNG"):
        data = save(SMOOTH, kind)
        still = open_still(Input("a", data), many=True)
        with (
            mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode,
            mock.patch.object(Image, "open", side_effect=Image.open) as load,
        ):
            many = [still.reduce(*size).planes for size in sizes]
        assert decode.call_count + load.call_count == 1
        for size, planes in zip(sizes, many, strict=True):
            alone = opened(data).reduce(*size).planes
            assert all(map(np.array_equal, alone, planes))


def test_what_was_released_is_decoded_again() -> None:
    """After drop_cache() nothing is kept, and the pixels are the same."""
    for kind in ("JPEG", "PNG"):
        still = open_still(Input("a", save(SMOOTH, kind)), many=True)
        first = still.reduce(60, 45).planes
        still.drop_cache()
        with (
            mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode,
            mock.patch.object(Image, "open", side_effect=Image.open) as load,
        ):
            second = still.reduce(60, 45).planes
        assert decode.call_count + load.call_count == 1
        assert all(map(np.array_equal, first, second))


@pytest.mark.parametrize(("kind", "most"), [("PNG", 1000), ("BMP", 1000), ("JPEG", 4000)])
def test_the_cap_on_pixels_can_be_set(kind: str, most: int) -> None:
    """One pixel more than the cap is refused from the header; a JPEG may have four times it."""
    for width in (most // 20, most // 20 + 1):
        data = save(np.zeros((20, width, 3), np.uint8), kind)
        with contextlib.ExitStack() as stack:
            if 20 * width > most:
                stack.enter_context(pytest.raises(CapError, match=f"{width} x 20 pixels; at most {most:,}"))
            transcode.fit(data, transcode.Limits(9_000, formats=("image/jpeg",)), max_pixels=1000)


@pytest.mark.parametrize("kind", PICTURE_FORMATS)
def test_each_format_has_its_opener(kind: str) -> None:
    """The module that a row names is there, and opens stills."""
    opener = import_module(f"transcode.media.pictures.openers.{PICTURE_FORMATS[kind].opener}")
    assert callable(opener.open_still)


@pytest.mark.parametrize(("kind", "opener"), [("JPEG", "jpeg"), ("PNG", "pillow")])
def test_openers_are_loaded_when_they_are_needed(kind: str, opener: str, tmp_path: Path) -> None:
    """Fitting a picture of one format loads no other's opener, and no FFmpeg, which takes long."""
    path = tmp_path / "picture"
    path.write_bytes(save(photo(64, 48), kind))
    script = f"""if True:
        import sys, transcode
        transcode.fit({str(path)!r}, transcode.Limits(9_000, formats=("image/jpeg",)))
        rooms = ("transcode.media.pictures.openers.", "av")
        print(*(name for name in sys.modules if name.startswith(rooms[0]) or name == rooms[1]))"""
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == [f"transcode.media.pictures.openers.{opener}"]


class Graymap:
    """A still of a format that is not among those that are read: PGM."""

    content_type = "image/x-portable-graymap"

    def __init__(self, data: bytes | memoryview) -> None:
        self._image = Image.open(io.BytesIO(data), formats=("PPM",))
        self.width, self.height = self._image.size

    def reduce(self, width: int, height: int, **_: Any) -> Reduced:
        return Reduced((np.asarray(self._image.resize((width, height))),))

    def rgb(self, width: int, height: int, **_: Any) -> NDArray[np.uint8]:
        return np.repeat(self.reduce(width, height).planes[0][..., None], 3, axis=2)

    def drop_cache(self) -> None:
        """Nothing is kept."""

    def stripped(self, *_: Any, **__: Any) -> None:
        """None: it never leaves as it is."""


def test_a_format_costs_an_opener_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graymap is fitted and composed like any picture as soon as a row names a module that opens it."""
    opener = ModuleType("transcode.media.pictures.openers.graymap")
    opener.__dict__["open_still"] = lambda content, _, **__: Graymap(content.data)
    pixels = SMOOTH[..., 0]
    source, limits = save(pixels, "PPM"), transcode.Limits(9_000, formats=("image/jpeg",))
    with pytest.raises(UnsupportedError):
        transcode.fit(source, limits)
    row = PictureFormat("graymap", ((0, b"P5"),))
    monkeypatch.setitem(sys.modules, opener.__name__, opener)
    monkeypatch.setitem(PICTURE_FORMATS, Graymap.content_type, row)
    monkeypatch.setattr(probe, "_MAGIC", ((*row.magic[0], Graymap.content_type), *probe._MAGIC))
    assert np.abs(decoded(transcode.fit(source, limits).data)[..., 0] - pixels.astype(int)).mean() < 3
    message = transcode.compose([source], transcode.find_profile("us-att"), to=["+15555550100"])
    assert "image/jpeg" in [part.content_type for part in message.parts]
