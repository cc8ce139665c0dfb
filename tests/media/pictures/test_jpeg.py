"""JPEG as the rest of the package sees it: typed headers, errors with a name, files without metadata."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.made.pictures import decoded, photo, save
from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import jpeg
from transcode.media.source.decode_limits import Deadline

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def behind_start(data: bytes, *segments: bytes) -> bytes:
    """A file with segments put right behind its start marker."""
    return data[:2] + b"".join(segments) + data[2:]


def icc_piece(number: int, count: int, body: bytes) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, count]) + body)


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x010F] = "Maker"
    made[0x0112] = 6
    return made


PLAIN = save(photo(61, 43), quality=85)


# --- Header ----------------------------------------------------------------------------------------


def test_header_of_a_plain_file() -> None:
    """A file of Pillow's has the numbers that it was made with, and no metadata."""
    assert jpeg.read_header(PLAIN, name="a.jpg") == jpeg.JpegHeader(
        width=61,
        height=43,
        colour="ycc",
        components=(jpeg.Component(2, 2, 0), jpeg.Component(1, 1, 1), jpeg.Component(1, 1, 1)),
        progressive=False,
        arithmetic=False,
        bits=8,
        restart_interval=0,
        jfif=True,
        adobe=False,
        exif=None,
        icc=None,
        icc_broken=False,
        metadata=(),
        length=len(PLAIN),
        trailer=0,
    )


def test_header_of_a_full_file() -> None:
    """EXIF and profile come out as they went in; all that is there is named."""
    data = save(photo(61, 43), exif=exif(), icc_profile=PROFILE, comment=b"hello", progressive=True)
    data = behind_start(
        data,
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
        segment(0xE2, b"MPF\0II*\0"),
        segment(0xED, b"Photoshop 3.0\0"),
        segment(0xE5, b"something"),
    )
    for whole in (data + b"clip", memoryview(data + b"clip")):
        header = jpeg.read_header(whole, name="a.jpg")
        assert header.progressive
        assert header.exif == exif().tobytes().removeprefix(b"Exif\0\0")
        assert header.icc == PROFILE
        assert not header.icc_broken
        assert set(header.metadata) == {
            *("XMP", "multi-picture index", "IPTC", "application data"),
            *("EXIF", "ICC profile", "comment", "data after the picture"),
        }
        assert (header.length, header.trailer) == (len(data), 4)


def test_profile_in_pieces() -> None:
    """A profile is put together by the numbers of its pieces, not by their order."""
    pieces = [icc_piece(3, 3, b"three"), icc_piece(1, 3, b"one"), icc_piece(2, 3, b"two")]
    header = jpeg.read_header(behind_start(PLAIN, *pieces), name="a.jpg")
    assert (header.icc, header.icc_broken) == (b"onetwothree", False)


@pytest.mark.parametrize(
    "pieces",
    [
        [(1, 2)],
        [(1, 2), (3, 2)],
        [(1, 2), (2, 3)],
        [(1, 2), (1, 2)],
        [(1, 1), (1, 1)],
        [(0, 1)],
        [(2, 1)],
        [(1, 0)],
    ],
)
def test_broken_profiles(pieces: list[tuple[int, int]]) -> None:
    """A profile of which a piece is missing, there twice, or misnumbered is none, and that is said."""
    made = [icc_piece(number, count, b"body") for number, count in pieces]
    header = jpeg.read_header(behind_start(PLAIN, *made), name="a.jpg")
    assert (header.icc, header.icc_broken) == (None, True)
    empty = segment(0xE2, b"ICC_PROFILE\0")
    assert jpeg.read_header(behind_start(PLAIN, empty), name="a.jpg").icc_broken


def test_refusals_name_source_and_reason() -> None:
    """What can't be read ends in a typed error with the source's name and a reason."""
    frame = PLAIN.index(b"\xff\xc0")
    lossless = PLAIN[: frame + 1] + b"\xc3" + PLAIN[frame + 2 :]
    deep = PLAIN[: frame + 4] + b"\x0c" + PLAIN[frame + 5 :]
    for data, kind, words in [
        (b"", SourceError, "no JPEG"),
        (b"hello there", SourceError, "no JPEG"),
        (b"\xff\xd8", SourceError, "no JPEG"),
        (PLAIN[:frame], SourceError, "no image"),
        (PLAIN[: frame + 6], SourceError, "no image|bogus|premature|unsupported|empty"),
        (lossless, UnsupportedError, "a lossless JPEG"),
        (deep, UnsupportedError, "12 bits; save it as JPEG or PNG"),
        (b"\xff\xd8" + b"\xff\xfe\0\2" * 5000, SourceError, "more than 4,096"),
    ]:
        with pytest.raises(SourceError, match=f"a.jpg: .*({words})") as caught:
            jpeg.read_header(data, name="a.jpg")
        assert type(caught.value) is kind


# --- Planes ----------------------------------------------------------------------------------------


def test_decode() -> None:
    """A decode gives planes with their extents, and a report without complaints."""
    header = jpeg.read_header(PLAIN, name="a.jpg")
    made = jpeg.decode(PLAIN, header, eighths=4, name="a.jpg")
    assert (made.warnings, made.warning, made.rows) == (0, None, 43)
    assert made.picture.colour == "ycc"
    assert [(plane.width, plane.height) for plane in made.picture.planes] == [(30.5, 21.5)] * 3
    image = Image.open(io.BytesIO(PLAIN))
    image.draft("L", (30, 21))
    expected = np.asarray(image)
    luma = made.picture.planes[0].samples
    np.testing.assert_array_equal(luma[: expected.shape[0], : expected.shape[1]], expected)


@pytest.mark.parametrize(
    ("eighths", "averaged"), [(1, (8, 4, 4)), (2, (4, 2, 2)), (3, (1, 1, 1)), (4, (2, 1, 1)), (8, (1, 1, 1))]
)
def test_samples_know_of_how_many_they_are_the_mean(eighths: int, averaged: tuple[int, ...]) -> None:
    """At the scales that halve, samples are means; chroma of 4:2:0 is reduced half as much."""
    data = save(photo(101, 67), subsampling="4:2:0")
    made = jpeg.decode(data, jpeg.read_header(data, name="a.jpg"), eighths=eighths, name="a.jpg")
    assert tuple(plane.averaged for plane in made.picture.planes) == averaged


def test_decode_of_a_cut_file() -> None:
    """A cut file is decoded as far as it goes, wherever it is cut, and says how far that is."""
    for progressive in (False, True):
        data = save(photo(120, 160), quality=90, progressive=progressive)
        scan = data.index(b"\xff\xda")
        rows = []
        for size in range(scan + 60, len(data) - 20, 61):
            header = jpeg.read_header(data[:size], name="a.jpg")
            made = jpeg.decode(data[:size], header, name="a.jpg")
            assert made.warnings
            assert made.warning == "premature end of JPEG file"
            rows.append(made.rows)
        assert rows == sorted(rows)
        assert rows[0] < 40
        assert rows[-1] >= 144


def test_too_many_scans() -> None:
    """A progressive file whose last scan is there two hundred times is refused, and fast."""
    data = save(photo(64, 64), progressive=True)
    start = data.rindex(b"\xff\xda")
    bomb = data[:-2] + data[start:-2] * 200 + b"\xff\xd9"
    header = jpeg.read_header(bomb, name="a.jpg")
    with pytest.raises(CapError, match="more than 100 scans"):
        jpeg.decode(bomb, header, name="a.jpg")
    with pytest.raises(CapError, match="more than 100 scans"):
        jpeg.rewrite(bomb, progressive=False, name="a.jpg")


def test_deadline() -> None:
    """A decode that takes more processor time than it may is given up."""
    data = save(Image.new("L", (3000, 3000)), progressive=True)
    header = jpeg.read_header(data, name="a.jpg")
    with pytest.raises(CapError, match="too long"):
        jpeg.decode(data, header, name="a.jpg", deadline=Deadline("a.jpg", 0.001))


@settings(deadline=None, max_examples=120)
@given(
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=5),
    st.floats(0.2, 1),
)
def test_any_damage(progressive: bool, changes: list[tuple[float, int]], length: float) -> None:
    """Any prefix with any octets changed ends in a result or a SourceError, from every function."""
    data = bytearray(save(photo(50, 30), exif=exif(), progressive=progressive))
    for place, octet in changes:
        data[int(place * len(data))] = octet
    damaged = bytes(data[: int(length * len(data))])
    try:
        header = jpeg.read_header(damaged, name="a.jpg")
        if header.width * header.height < 4_000_000:
            made = jpeg.decode(damaged, header, eighths=3, name="a.jpg", deadline=Deadline("a.jpg", 5.0))
            assert 0 <= made.rows <= header.height
            assert (made.warnings == 0) == (made.warning is None)
            jpeg.rewrite(damaged, progressive=not progressive, name="a.jpg")
    except SourceError as error:
        assert str(error).startswith("a.jpg: ")
    try:
        clean, _ = jpeg.strip(damaged, name="a.jpg")
        assert jpeg.strip(clean, name="a.jpg") == (clean, ())
    except SourceError as error:
        assert str(error).startswith("a.jpg: ")


# --- Files -----------------------------------------------------------------------------------------


def test_encode() -> None:
    """One table serves all components; of two, the second is for chroma."""
    rng = np.random.default_rng(3)
    shapes = [(6, 8), (3, 4), (3, 4)]
    blocks = [rng.integers(-9, 10, (*shape, 64)).astype(np.int16) for shape in shapes]
    sampling = [(2, 2), (1, 1), (1, 1)]
    fine, coarse = np.full(64, 2, np.uint16), np.full(64, 5, np.uint16)
    for tables, numbers in (([fine], (0, 0, 0)), ([fine, coarse], (0, 1, 1))):
        for progressive in (False, True):
            data = jpeg.encode(blocks, tables, sampling, 61, 43, progressive=progressive)
            header = jpeg.read_header(data, name="a.jpg")
            assert header.progressive is progressive
            assert (header.width, header.height) == (61, 43)
            assert tuple(component.table for component in header.components) == numbers
            assert data.count(b"\xff\xdb\0\x43\0" + b"\2" * 64) == 1
            assert data.count(b"\xff\xdb\0\x43\1" + b"\5" * 64) == len(tables) - 1
    with pytest.raises(ValueError):
        jpeg.encode(blocks, [fine] * 3, sampling, 61, 43)
    with pytest.raises(ValueError):
        jpeg.encode(blocks, [], sampling, 61, 43)


def test_rewrite() -> None:
    """A progressive file with metadata becomes a plain sequential one with the same pixels, and back."""
    data = save(photo(61, 43), progressive=True, exif=exif(), icc_profile=PROFILE)
    clean = jpeg.rewrite(data, progressive=False, name="a.jpg")
    header = jpeg.read_header(clean, name="a.jpg")
    assert (header.progressive, header.metadata) == (False, ())
    np.testing.assert_array_equal(decoded(clean), decoded(data))
    again = jpeg.rewrite(clean, progressive=True, name="a.jpg")
    assert jpeg.read_header(again, name="a.jpg").progressive
    np.testing.assert_array_equal(decoded(again), decoded(data))
    with pytest.raises(SourceError, match=r"a\.jpg: "):
        jpeg.rewrite(data[: len(data) // 2], progressive=False, name="a.jpg")


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}], ids=str)
def test_strip(mode: str, options: dict[str, Any]) -> None:
    """Metadata goes and is named; what is left is octet for octet the file made without it."""
    image = Image.fromarray(photo(61, 43)).convert(mode)
    plain = save(image, quality=80, **options)
    assert jpeg.strip(plain, name="a.jpg") == (plain, ())
    full = save(image, quality=80, exif=exif(), icc_profile=PROFILE, comment=b"hello", **options)
    full = behind_start(full, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")) + plain + b"ftyp"
    clean, dropped = jpeg.strip(memoryview(full), name="a.jpg")
    assert clean == plain
    assert set(dropped) == {
        "EXIF",
        "ICC profile",
        "XMP",
        "comment",
        "further picture",
        "video of a motion photo",
    }


def test_strip_thumbnails() -> None:
    """The thumbnail of a JFIF header goes, and the header stays; an extension of it goes whole."""
    at = PLAIN.index(b"JFIF")
    header = PLAIN[at : at + 12]
    rest = PLAIN[at + 14 :]
    thumbnail = segment(0xE0, header + b"\2\1" + b"rgbrgb")
    data = b"\xff\xd8" + thumbnail + segment(0xE0, b"JFXX\0\x10abc") + rest
    assert jpeg.strip(data, name="a.jpg") == (PLAIN, ("thumbnail",))


def test_strip_what_stands_between() -> None:
    """Fill octets, stray octets and comments between scans go; the scans stay."""
    data = save(photo(61, 43), progressive=True)
    last = data.rindex(b"\xff\xda")
    messy = data[:last] + segment(0xFE, b"note") + data[last:]
    messy = messy[:2] + b"\xff\xff\xff" + messy[2:20] + b"stray" + messy[20:]
    assert jpeg.strip(messy, name="a.jpg") == (data, ("comment",))


def test_strip_adds_the_end() -> None:
    """A file without its end marker gets one; a second picture in its place is cut off."""
    assert jpeg.strip(PLAIN[:-2], name="a.jpg") == (PLAIN, ())
    assert jpeg.strip(PLAIN[:-2] + PLAIN, name="a.jpg") == (PLAIN, ("further picture",))


def test_strip_errors() -> None:
    """A file without a picture, and a segment that runs past the end, are errors that say where."""
    frame = PLAIN.index(b"\xff\xc0")
    with pytest.raises(SourceError, match=r"a\.jpg: no picture"):
        jpeg.strip(PLAIN[:frame] + b"\xff\xd9", name="a.jpg")
    with pytest.raises(SourceError, match="past the end") as caught:
        jpeg.strip(PLAIN[: frame + 9], name="a.jpg")
    assert caught.value.offset == frame
    with pytest.raises(SourceError, match="past the end"):
        jpeg.strip(behind_start(PLAIN, b"\xff\xe1\0\1"), name="a.jpg")
    with pytest.raises(SourceError, match="no JPEG"):
        jpeg.strip(b"GIF89a", name="a.jpg")


# --- The shared corpus -----------------------------------------------------------------------------


def test_photos(shared: Path) -> None:
    """Every JPEG of the corpus is read and stripped; only the one that its makers cut is damaged."""
    paths = sorted((shared / "media" / "image").glob("*.jpg"))
    assert len(paths) > 30
    damaged = []
    for path in paths:
        data = path.read_bytes()
        header = jpeg.read_header(data, name=path.name)
        image = Image.open(io.BytesIO(data))
        assert (header.width, header.height) == image.size
        assert header.icc == image.info.get("icc_profile")
        assert (header.exif is None) == (not image.info.get("exif"))
        assert header.progressive == ("progressive" in image.info)
        made = jpeg.decode(data, header, eighths=1, name=path.name)
        if made.warnings:
            damaged.append(path.name)
        clean, dropped = jpeg.strip(data, name=path.name)
        assert dropped == header.metadata
        left = jpeg.read_header(clean, name=path.name)
        assert (left.exif, left.icc, left.metadata, left.trailer) == (None, None, (), 0)
        assert left.colour == header.colour
        again = jpeg.decode(clean, left, eighths=1, name=path.name)
        for one, other in zip(made.picture.planes, again.picture.planes, strict=True):
            np.testing.assert_array_equal(one.samples, other.samples)
    assert damaged == ["pixel4xl_motionphoto_short.jpg"]


def test_hostile(shared: Path) -> None:
    """Every hostile file ends in a result or a typed error; the bomb's header is read."""
    for path in sorted((shared / "media" / "hostile").iterdir()):
        data = path.read_bytes()
        try:
            header = jpeg.read_header(data, name=path.name)
            assert path.suffix == ".jpg" or path.name == "wrong_ext_jpeg.heic"
            if header.width * header.height < 200_000_000:
                jpeg.decode(data, header, eighths=2, name=path.name)
                jpeg.rewrite(data, progressive=True, name=path.name)
        except SourceError as error:
            assert error.source == path.name
        try:
            jpeg.strip(data, name=path.name)
        except SourceError as error:
            assert error.source == path.name
    bomb = (shared / "media" / "hostile" / "bomb_jpeg_65500x24065.jpg").read_bytes()
    header = jpeg.read_header(bomb, name="bomb")
    assert (header.width, header.height) == (65500, 24065)


@pytest.mark.parametrize(
    ("trailer", "words"),
    [
        (b"\0\0" + PLAIN, {"further picture"}),
        (PLAIN[:2] + b"\xff\xe1\0\x0ehdrgm:Version" + PLAIN[2:], {"gain map"}),
        (b"\0\0\0\x18ftypmp42" + bytes(40), {"video of a motion photo"}),
        (PLAIN + b"\0\0\0\x18ftypisom", {"further picture", "video of a motion photo"}),
        (b"padding", {"data after the picture"}),
    ],
)
def test_what_follows_the_picture_is_named(trailer: bytes, words: set[str]) -> None:
    """Further pictures, gain maps and clips are told apart, and none is kept."""
    clean, dropped = jpeg.strip(PLAIN + trailer, name="a.jpg")
    assert clean == jpeg.strip(PLAIN, name="a.jpg")[0]
    assert set(dropped) - set(jpeg.strip(PLAIN, name="a.jpg")[1]) == words


def test_trailers_of_phones(shared: Path) -> None:
    """An iPhone's gain map, and that of a Pixel, are named."""
    for name in ("iphone13mini_gainmap.jpg", "pixel6pro_ultrahdr_p3_a.jpg"):
        data = (shared / "media" / "image" / name).read_bytes()
        assert "gain map" in jpeg.read_header(data, name=name).metadata
