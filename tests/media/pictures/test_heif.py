"""HEIC and AVIF: geometry and colours as the boxes say, tiles in any number of threads, and hostile boxes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

import transcode
from tests.made import heifs
from tests.made.pictures import photo
from transcode.errors import CapError, SourceError
from transcode.jobs.processors import ThreadLimit
from transcode.media.pictures import heif, heif_tiles
from transcode.media.pictures.openers import open_still
from transcode.media.source.decode_limits import Deadline
from transcode.media.source.inputs import Input, read

#: Upright sizes of the real pictures, and what is said of each.
CORPUS = {
    "12bit_422.avif": (3078, 2048, set()),
    "bird_burst.heic": (1280, 720, {"animation-dropped", "pages-dropped"}),
    "cat_20mp.avif": (5472, 3648, {"metadata-dropped"}),
    "galaxy_s25ultra_7mp.heic": (4000, 1848, {"metadata-dropped", "colour-converted"}),
    "globe_animated.avif": (545, 545, {"animation-dropped"}),
    "iphone11pro_12mp.heic": (3024, 4032, {"metadata-dropped", "colour-converted"}),
    "iphone11promax_crop.heic": (2566, 3313, {"metadata-dropped", "colour-converted"}),
    "iphone15pro_12mp.heic": (3024, 4032, {"turned", "metadata-dropped", "colour-converted"}),
    "iphone8plus_12mp.heic": (3024, 4032, {"turned", "metadata-dropped", "colour-converted"}),
    "irot90.avif": (722, 1024, {"turned"}),
    "libheif_example.heic": (1280, 854, {"pages-dropped", "metadata-dropped"}),
    "odd_444.avif": (1203, 799, set()),
    "sony_a7cm2_33mp_upside.hif": (7008, 4672, {"metadata-dropped"}),
    "srgb_8bit.avif": (1617, 1080, set()),
}


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_corpus(shared: Path, name: str) -> None:
    """Every real picture has its size and its notes, and looks like a picture."""
    still = open_still(read(shared / "media" / "image" / name))
    width, height, notes = CORPUS[name]
    assert (still.width, still.height) == (width, height)
    reduced = still.reduce(width // 8, height // 8)
    assert {note.code for note in reduced.notes} == notes
    assert reduced.planes[0].shape == (height // 8, width // 8)
    assert reduced.planes[0].std() > 10


@pytest.mark.parametrize(("name", "is_halved"), [("odd_444.avif", False), ("irot90.avif", True)])
def test_fine_chroma_is_kept(shared: Path, name: str, is_halved: bool) -> None:
    """Chroma that a file has for every pixel is decoded so, and halved only where that is asked for."""
    still = open_still(read(shared / "media" / "image" / name))
    header = heif.read_header((shared / "media" / "image" / name).read_bytes(), name="it")
    assert header.halved == is_halved
    size = (header.width, header.height)
    upright = (still.width, still.height)
    fine = heif.decode(header, *size, full_chroma=True, deadline=Deadline("a.heic", 9.0)).planes
    halved = still.reduce(*upright).planes
    assert halved[1].shape == ((upright[1] + 1) // 2, (upright[0] + 1) // 2)
    if not is_halved:
        shown = still.reduce(*upright, sampling="4:4:4").planes
        for one, other in zip(shown, fine, strict=True):
            np.testing.assert_array_equal(one, other)
        # What the picture has beyond half: columns and rows that lie between those of the halved planes.
        assert np.abs(fine[1][::2, ::2].astype(int) - halved[1]).max() > 8


def test_threads_change_nothing(shared: Path) -> None:
    """One thread and several give the same octets."""
    content = read(shared / "media" / "image" / "galaxy_s25ultra_7mp.heic")
    header = heif.read_header(content.data, name=content.name)
    found = []
    for threads in (1, 2, 5):
        with ThreadLimit(threads):
            found.append(heif.decode(header, 801, 371, full_chroma=False, deadline=Deadline("a.heic", 9.0)))
    for other in found[1:]:
        for plane, same in zip(found[0].planes, other.planes, strict=True):
            assert np.array_equal(plane, same)


@pytest.mark.parametrize("name", ["libheif_example.heic", "iphone8plus_12mp.heic"])
def test_damage_is_the_same_with_any_number_of_threads(shared: Path, name: str) -> None:
    """One picture and tiles: what stands in rows that the bit stream lacks never depends on the threads."""
    whole = read(shared / "media" / "image" / name).data
    for seed in range(3):
        rng, data = np.random.default_rng(seed), bytearray(whole)
        for place in rng.integers(len(data) // 10, len(data), 5):
            data[place] ^= 1 << int(rng.integers(8))
        header, found = heif.read_header(bytes(data), name=name), []
        for threads in (1, 2, 4):
            with ThreadLimit(threads):
                found.append(heif.decode(header, 480, 360, full_chroma=False, deadline=Deadline(name, 9.0)))
        for other in found[1:]:
            for plane, same in zip(found[0].planes, other.planes, strict=True):
                assert np.array_equal(plane, same)


@pytest.mark.parametrize("threads", [1, 3])
def test_as_many_threads_as_the_call_has(shared: Path, threads: int) -> None:
    """``threads`` threads decode tiles; with one thread, only the caller's thread does."""
    pools: list[int] = []

    def pool(size: int) -> ThreadPoolExecutor:
        pools.append(size)
        return ThreadPoolExecutor(size)

    limits = transcode.Limits(20_000, 200, 200)
    with mock.patch.object(heif_tiles, "ThreadPoolExecutor", pool):
        transcode.fit(shared / "media/image/galaxy_s25ultra_7mp.heic", limits, threads=threads)
    assert set(pools) == ({threads} if threads > 1 else set())


def test_what_is_said_of_what_is_dropped(shared: Path) -> None:
    """Thumbnail, gain map and position are named."""
    still = open_still(read(shared / "media" / "image" / "galaxy_s25ultra_7mp.heic"))
    words = next(note.text for note in still.reduce(400, 185).notes if note.code == "metadata-dropped")
    for word in ("thumbnail", "gain map", "position (GPS)", "XMP"):
        assert word in words


def test_a_file_that_ends_early(shared: Path) -> None:
    """With most rows there, missing ones are gray and told; with few rows there is an error."""
    data = (shared / "media" / "image" / "iphone8plus_12mp.heic").read_bytes()
    still = open_still(Input("a", data[: len(data) * 9 // 10]))
    reduced = still.reduce(600, 800)
    assert "source-truncated" in {note.code for note in reduced.notes}
    with pytest.raises(SourceError, match="of the rows are present"):
        open_still(Input("a", data[: len(data) // 4])).reduce(600, 800)


def test_pixels_are_limited(shared: Path) -> None:
    """More pixels than the cap are refused from the header."""
    content = read(shared / "media" / "image" / "cat_20mp.avif")
    with pytest.raises(CapError, match="at most 19,000,000"):
        open_still(content, max_pixels=19_000_000)


def test_sizes_near_their_own(shared: Path) -> None:
    """A grid of tiles is reduced to boxes near its own size, where its chroma has to be enlarged."""
    still = open_still(read(shared / "media" / "image" / "iphone8plus_12mp.heic"))
    for width, height in ((1944, 2592), (1512, 2016)):
        luma, *chroma = still.reduce(width, height).planes
        assert luma.shape == (height, width)
        assert all(plane.shape == (height // 2, width // 2) for plane in chroma)


#: Behind the version and the flags, in the only overlay of the corpus: an opaque black canvas of 1440 x 960
#: pixels, and two pictures at its corner (23008-12, 6.6.2.3).
CANVAS = bytes.fromhex("000000000000ffff05a003c0")
PLACES = bytes(8)


def laid(data: bytes, *places: tuple[int, int], canvas: bytes = CANVAS) -> bytes:
    """The overlay with its pictures at other places of the canvas."""
    assert data.count(CANVAS + PLACES) == 1
    moved = b"".join(value.to_bytes(2, "big", signed=True) for place in places for value in place)
    return data.replace(CANVAS + PLACES, canvas + (moved or PLACES))


def alone(data: bytes, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Luma and opacity of one of its pictures, as if it was the primary one."""
    at = data.index(b"pitm") + 8
    header = heif.read_header(data[:at] + number.to_bytes(2, "big") + data[at + 2 :], name="a")
    made = heif.decode(header, 1440, 960, full_chroma=True, deadline=Deadline("a.heic", 9.0))
    alpha = np.full(made.planes[0].shape, 255.0) if made.alpha is None else made.alpha.astype(float)
    return made.planes[0].astype(float), alpha


def test_overlay(shared: Path) -> None:
    """Pictures lie over a canvas, one of them half clear, also where they reach beyond its edges."""
    data = bytes(read(shared / "media" / "image" / "nokia_alpha.heic").data)
    layers = [alone(data, 1002), alone(data, 1005)]
    assert layers[1][1].min() < 255
    for places in ((), ((200, -100), (-300, 50)), ((0, 0), (1440, 0))):
        expected = np.zeros((960 * 3, 1440 * 3))
        for (luma, alpha), (left, top) in zip(layers, places or ((0, 0), (0, 0)), strict=True):
            window = np.s_[960 + top : 1920 + top, 1440 + left : 2880 + left]
            expected[window] += (luma - expected[window]) * alpha / 255
        made = open_still(Input("a", laid(data, *places))).reduce(1440, 960).planes[0]
        assert np.abs(made - expected[960:1920, 1440:2880]).max() <= 2


def test_colours_multiplied_by_their_opacity(shared: Path) -> None:
    """Where the file says that they are (23008-12, 6.10.1), they are divided by it again."""
    data = bytes(read(shared / "media" / "image" / "nokia_alpha.heic").data)
    # The references of the overlay make room for one of its second picture to that picture's opacity.
    layers = bytes.fromhex("00000010 64696d67 03f1 0002 03ea 03ed")
    assert data.count(layers) == 1
    marked = data.replace(layers, bytes.fromhex("00000010 7072656d 03ed 0002 03f0 03f0"))
    (stored, alpha), (luma, same) = alone(data, 1005), alone(marked, 1005)
    assert (alpha == same).all()
    assert ((alpha > 0) & (alpha < 255)).any()
    assert np.abs(luma - np.minimum(stored * 255 / np.maximum(alpha, 1), 255)).max() <= 0.5


@pytest.mark.parametrize("full_chroma", [True, False])
def test_divided_chroma(shared: Path, full_chroma: bool) -> None:
    """Chroma moves away from the middle as luma does from black, at either size."""
    data = bytes(read(shared / "media" / "image" / "nokia_alpha.heic").data)
    at = data.index(b"pitm") + 8
    header = heif.read_header(data[:at] + (1005).to_bytes(2, "big") + data[at + 2 :], name="a")
    plain, divided = (
        heif.decode(one, 301, 201, full_chroma=full_chroma, deadline=Deadline("a.heic", 9.0))
        for one in (header, replace(header, premultiplied=True))
    )
    assert plain.alpha is not None
    for before, after in zip(plain.planes[1:], divided.planes[1:], strict=True):
        assert before.shape == ((201, 301) if full_chroma else (101, 151))
        opacity = plain.alpha if full_chroma else plain.alpha[::2, ::2]
        expected = np.clip(128 + (before.astype(float) - 128) * 255 / np.maximum(opacity, 1), 0, 255)
        assert np.abs(after - expected).max() <= 0.5


def test_canvas_of_an_overlay(shared: Path) -> None:
    """A canvas that is not covered shows its colour, and a clear one white."""
    data = bytes(read(shared / "media" / "image" / "nokia_alpha.heic").data)
    for fill, expected in ((b"\xff\xff\0\0\0\0\xff\xff", (76, 85, 255)), (bytes(8), (255, 128, 128))):
        moved = laid(data, (1440, 0), (0, 960), canvas=fill + CANVAS[8:])
        planes = open_still(Input("a", moved)).reduce(60, 40).planes
        assert [int(plane[0, 0]) for plane in planes] == pytest.approx(expected, abs=1)
        assert all(int(np.ptp(plane)) <= 1 for plane in planes)


def test_broken_overlays(shared: Path) -> None:
    """A canvas of no size, or of too many pixels, and places that are cut off, are told from the header."""
    data = bytes(read(shared / "media" / "image" / "nokia_alpha.heic").data)
    with pytest.raises(SourceError, match="overlay 1009 has the size 0 x 960"):
        heif.read_header(laid(data, canvas=CANVAS[:8] + b"\0\0\x03\xc0"), name="a")
    with pytest.raises(CapError, match="at most 1,000,000"):
        heif.read_header(data, name="a", max_pixels=1_000_000)
    wide = data.replace(b"\0\0" + CANVAS, b"\0\1" + CANVAS)
    with pytest.raises(SourceError, match="overlay 1009"):
        heif.read_header(wide, name="a")


def shown(data: bytes, width: int, height: int) -> tuple[NDArray[np.int16], dict[str, str]]:
    """Red, green and blue of a whole picture, and its notes."""
    still = open_still(Input("a.heic", data))
    assert (still.width, still.height) == (width, height)
    notes = still.reduce(width, height, sampling="4:4:4").notes
    return still.rgb(width, height).astype(np.int16), {note.code: note.text for note in notes}


def over_white(colours: NDArray[np.uint8], opacity: NDArray[np.uint8]) -> NDArray[np.float64]:
    return colours * (opacity[..., None] / 255) + 255 - opacity[..., None]


SRGB = heifs.nclx(1, 13, 0)
CLEAR = heifs.auxiliary()


def ramp(width: int, height: int) -> NDArray[np.uint8]:
    """Opacity that rises from the left to the right."""
    return np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))


def tiles_of(samples: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Left and right half."""
    middle = samples.shape[1] // 2
    return [samples[:, :middle], samples[:, middle:]]


def grid_with_opacity(
    width: int, colours: NDArray[np.uint8], opacity: NDArray[np.uint8]
) -> dict[int, heifs.Entry]:
    """A grid of two tiles, 64 rows high: the tiles are entries 2 and 3, their opacity entries 5 and 6."""
    entries = {1: heifs.grid(2, 1, width, 64, (2, 3), SRGB)}
    for number, tile in enumerate(tiles_of(colours), 2):
        entries[number] = heifs.coded(tile, SRGB)
    for number, tile in enumerate(tiles_of(opacity), 5):
        entries[number] = heifs.coded(tile, CLEAR, auxl=(number - 3,))
    return entries


def test_each_tile_with_its_own_opacity() -> None:
    """A grid that says nowhere how opaque it is, but whose tiles do; one that does not is opaque."""
    colours, opacity = photo(128, 64), ramp(128, 64)
    entries = grid_with_opacity(128, colours, opacity)
    found, notes = shown(heifs.heif(entries), 128, 64)
    assert "flattened" in notes
    assert np.abs(found - over_white(colours, opacity)).mean() < 1
    del entries[6]
    found, _ = shown(heifs.heif(entries), 128, 64)
    expected = over_white(colours, np.where(np.arange(128) < 64, opacity, 255).astype(np.uint8))
    assert np.abs(found - expected).mean() < 1
    entries[6], entries[5] = heifs.coded(tiles_of(opacity)[1], CLEAR, auxl=(3,)), heifs.Entry(b"mime", b"1")
    found, _ = shown(heifs.heif(entries), 128, 64)
    expected = over_white(colours, np.where(np.arange(128) < 64, 255, opacity).astype(np.uint8))
    assert np.abs(found - expected).mean() < 1


def test_tiles_of_another_size_say_how_opaque() -> None:
    """Half as large as the tiles of colour, without or with one that has yet another size."""
    colours, opacity = photo(120, 64), ramp(128, 64)[:, :120]
    whole = np.pad(colours, ((0, 0), (0, 8), (0, 0)), mode="edge")
    half = np.ascontiguousarray(ramp(128, 64)[::2, ::2])
    entries = grid_with_opacity(120, whole, half)
    found, _ = shown(heifs.heif(entries), 120, 64)
    assert np.abs(found - over_white(colours, opacity)).mean() < 1.5
    entries[6] = heifs.coded(half[:, :16], CLEAR, auxl=(3,))
    with pytest.raises(SourceError, match="tiles of different sizes"):
        heif.read_header(heifs.heif(entries), name="a")
    entries[5] = heifs.coded(np.zeros((130, 130), np.uint8), CLEAR, auxl=(2,))
    del entries[6]
    with pytest.raises(SourceError, match="alpha tiles of 130 x 130 pixels are too large"):
        heif.read_header(heifs.heif(entries), name="a")


def test_opacity_without_a_size() -> None:
    """It has that of the colours; the picture itself must have one."""
    colours, opacity = photo(64, 64), ramp(64, 64)
    alpha = heifs.coded(opacity, CLEAR, auxl=(1,))
    bare = replace(alpha, properties=alpha.properties[1:])
    entries = {1: heifs.coded(colours, SRGB), 2: bare}
    found, notes = shown(heifs.heif(entries), 64, 64)
    assert "flattened" in notes
    assert np.abs(found - over_white(colours, opacity)).mean() < 1
    entries[1] = replace(entries[1], properties=entries[1].properties[1:])
    with pytest.raises(SourceError, match="picture 1 has no size"):
        heif.read_header(heifs.heif(entries), name="a")


def test_opacity_that_is_damaged() -> None:
    """A tile of it that can't be decoded is opaque, and that is told."""
    colours, opacity = photo(128, 64), ramp(128, 64)
    entries = {1: heifs.coded(colours, SRGB), 2: heifs.grid(2, 1, 128, 64, (3, 4), CLEAR)}
    entries[2] = replace(entries[2], refs={**entries[2].refs, b"auxl": (1,)})
    left, right = tiles_of(opacity)
    entries[3], entries[4] = heifs.coded(left), replace(heifs.coded(right), payload=b"\0\0\0\2\x26\1")
    found, notes = shown(heifs.heif(entries), 128, 64)
    assert "picture 4" in notes["source-damaged"]
    expected = over_white(colours, np.where(np.arange(128) < 64, opacity, 255).astype(np.uint8))
    assert np.abs(found - expected).mean() < 1


@pytest.mark.parametrize("name", ["color_grid_alpha_nogrid.avif", "alpha_noispe.avif"])
def test_real_files_that_lost_what_is_clear(shared: Path, name: str) -> None:
    """A glowing camera on white: none of its corners is black."""
    still = open_still(read(shared / "cases" / name))
    assert (still.width, still.height) == (80, 80)
    pixels = still.rgb(80, 80)
    assert (pixels[[0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
    assert {note.code for note in still.reduce(80, 80).notes} == {"flattened"}
