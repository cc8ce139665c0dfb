"""HEIC and AVIF: geometry and colours as the boxes say, tiles in any number of threads, and hostile boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from transcode.errors import CapError, SourceError
from transcode.media import heif, image
from transcode.media.source import Content, read

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
    still = image.open_still(read(shared / "media" / "image" / name))
    width, height, notes = CORPUS[name]
    assert (still.width, still.height) == (width, height)
    reduced = still.reduce(width // 8, height // 8)
    assert {note.code for note in reduced.notes} == notes
    assert reduced.planes[0].shape == (height // 8, width // 8)
    assert reduced.planes[0].std() > 10


def test_threads_change_nothing(shared: Path) -> None:
    """One thread and several give the same octets."""
    content = read(shared / "media" / "image" / "galaxy_s25ultra_7mp.heic")
    header = heif.read_header(content.data, name=content.name)
    found = [
        heif.decode(header, 801, 371, full_chroma=False, deadline=lambda: 1.0, threads=threads)
        for threads in (1, 2, 5)
    ]
    for other in found[1:]:
        for plane, same in zip(found[0].planes, other.planes, strict=True):
            assert np.array_equal(plane, same)


def test_what_is_said_of_what_is_dropped(shared: Path) -> None:
    """Thumbnail, gain map and position are named."""
    still = image.open_still(read(shared / "media" / "image" / "galaxy_s25ultra_7mp.heic"))
    words = next(note.text for note in still.reduce(400, 185).notes if note.code == "metadata-dropped")
    for word in ("thumbnail", "gain map", "position (GPS)", "XMP"):
        assert word in words


def test_a_file_that_ends_early(shared: Path) -> None:
    """With most rows there, what is missing is gray and told; with few, it is an error."""
    data = (shared / "media" / "image" / "iphone8plus_12mp.heic").read_bytes()
    still = image.open_still(Content("a", data[: len(data) * 9 // 10]))
    reduced = still.reduce(600, 800)
    assert "source-truncated" in {note.code for note in reduced.notes}
    with pytest.raises(SourceError, match="of the rows are there"):
        image.open_still(Content("a", data[: len(data) // 4])).reduce(600, 800)


def test_pixels_are_limited(shared: Path) -> None:
    """More pixels than the cap are refused from the header."""
    content = read(shared / "media" / "image" / "cat_20mp.avif")
    with pytest.raises(CapError, match="at most 19,000,000"):
        image.open_still(content, max_pixels=19_000_000)


def test_sizes_near_their_own(shared: Path) -> None:
    """A grid of tiles is reduced to boxes near its own size, where its chroma has to be enlarged."""
    still = image.open_still(read(shared / "media" / "image" / "iphone8plus_12mp.heic"))
    for width, height in ((1944, 2592), (1512, 2016)):
        luma, *chroma = still.reduce(width, height).planes
        assert luma.shape == (height, width)
        assert all(plane.shape == (height // 2, width // 2) for plane in chroma)
