"""Drawings under a limit: recognised, kept whole where they fit, and never worse than a JPEG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import transcode
from tests.made.pictures import decoded, photo, save, turned
from transcode.fit.pictures.graphics import Tuning, best_drawing, is_drawn
from transcode.media.pictures.drawing import encode_png
from transcode.media.samples.score import ssimulacra2

#: Of the shared pictures, those that were drawn.
DRAWN = (
    "palette_screens_800.png",
    "screenshot_conversation_list.png",
    "screenshot_new_conversation.png",
    "scribble_pal.bmp",
    "g3_fax.tif",
    "paper_rgba_3mp.png",
)

#: A box that no picture here exceeds: what stays at its size is judged as it is.
BOX = (640, 480)


def page(width: int = 480, height: int = 360, *, shades: bool = False) -> NDArray[np.uint8]:
    """Lines of words in black and colours on paper, with a bar; or with a bar that has shades."""
    image = Image.new("RGB", (4 * width, 4 * height), (252, 252, 248))
    pen = ImageDraw.Draw(image)
    for line in range(12):
        for word in range(9):
            at = (40 + 200 * word, 120 + 100 * line)
            ink = ((20, 20, 20), (180, 30, 40), (20, 60, 200))[(line + word) % 3]
            pen.text(at, f"W{line}{word}q", fill=ink, font_size=72)
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    samples = np.array(image)
    ramp = np.linspace(0, 255, width).astype(np.uint8) if shades else 90
    samples[:24] = np.stack(np.broadcast_arrays(ramp, 160, 200), axis=-1)
    return samples


def few_colours() -> NDArray[np.uint8]:
    """A page reduced to sixty colours."""
    return np.asarray(Image.fromarray(page()).quantize(60).convert("RGB"))


def luma(path: Path, box: tuple[int, int]) -> NDArray[np.uint8]:
    image = Image.open(path).convert("RGBA")
    image.thumbnail(box if image.width >= image.height else box[::-1], Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(paper, image).convert("L"))


@pytest.mark.parametrize("box", [(1600, 1200), BOX])
@pytest.mark.parametrize("name", DRAWN)
def test_drawings_are_recognised(shared: Path, name: str, box: tuple[int, int]) -> None:
    """Screenshots, documents and drawings count at two sizes; a crowded one, once small, by its file."""
    crowded = name == "palette_screens_800.png" and box == BOX
    picture = luma(shared / "media" / "image" / name, box)
    assert is_drawn(picture) is not crowded
    assert is_drawn(picture, lossless=True)


@pytest.mark.parametrize(
    "name",
    [
        "kodak23.png",
        "cat_rgb.png",
        "canon_g11_10mp_sunset.jpg",
        "kodak_fz201_16mp_moon.jpg",
        "shop_12mp_progressive.jpg",
        "book_12mp_progressive.jpg",
        "orient_landscape_1.jpg",
    ],
)
def test_photographs_are_not(shared: Path, name: str) -> None:
    """Camera photos do not count as drawn, nor does a moon on black."""
    for box in ((1600, 1200), BOX):
        assert not is_drawn(luma(shared / "media" / "image" / name, box), lossless="jpg" not in name)


def test_what_is_too_small_is_not_drawn() -> None:
    """Pictures below eight pixels in either direction are not examined."""
    assert not is_drawn(np.zeros((7, 300), np.uint8))
    assert not is_drawn(np.zeros((1, 1), np.uint8))


def test_a_crowded_screenshot_keeps_its_edges(shared: Path) -> None:
    """One that is crowded at 480 pixels leaves as the drawing that it is, where bytes allow it."""
    made = transcode.fit(
        shared / "media" / "image" / "palette_screens_800.png", transcode.Limits(100_000, *BOX)
    )
    assert made.content_type == "image/png"


@pytest.mark.parametrize("make", [page, few_colours])
def test_kept_whole_where_it_fits(make: object) -> None:
    """Few colours or many, every pixel is kept where the limit allows it."""
    samples = page(shades=True) if make is page else few_colours()
    made = transcode.fit(save(Image.fromarray(samples), "BMP"), transcode.Limits(150_000))
    assert made.content_type == "image/png"
    assert (decoded(made.data) == samples).all()
    assert made.report.quality is None
    assert made.report.settings == ("lossless PNG",)
    assert [trial.size for trial in made.report.trials][-1] == len(made.data)


@pytest.mark.parametrize("max_bytes", [4_000, 9_000, 16_000, 30_000])
def test_as_good_as_the_best_of_both(max_bytes: int) -> None:
    """No JPEG alone, and no PNG alone, looks better within the same bytes."""
    samples = page(shades=True)
    both = best_drawing(samples, max_bytes, png=True, jpeg=True, trials=[])
    assert both is not None
    assert len(both.data) <= max_bytes
    for png in (False, True):
        alone = best_drawing(samples, max_bytes, png=png, jpeg=not png, trials=[])
        assert alone is None or alone.score <= both.score
    if (both.height, both.width) == samples.shape[:2]:
        found = np.asarray(Image.open(io.BytesIO(both.data)).convert("RGB"))
        assert both.score == pytest.approx(ssimulacra2(samples, found))


def test_a_palette_beats_jpeg_on_a_page() -> None:
    """Words in colours on paper are readable where JPEG would ring around them."""
    samples = page()
    source = save(Image.fromarray(samples), "PNG")
    limits = transcode.Limits(14_000)
    made = transcode.fit(source, limits)
    assert made.content_type == "image/png"
    codes = {note.code: note.text for note in made.report.notes}
    colours = len(Image.open(io.BytesIO(made.data)).convert("RGB").getcolors(1 << 20) or ())
    assert codes["colours-reduced"] == f"reduced to {colours} colours"
    assert "reduced" not in codes
    only = transcode.fit(source, transcode.Limits(14_000, formats=("image/jpeg",)))
    assert only.content_type == "image/jpeg"
    better, worse = (ssimulacra2(samples, decoded(one.data).astype(np.uint8)) for one in (made, only))
    assert better > worse + 10


def test_real_ones(shared: Path) -> None:
    """Real drawings keep to limits and formats, and leave as the same bytes again."""
    for name in DRAWN:
        path = shared / "media" / "image" / name
        limits = transcode.Limits(60_000, *BOX)
        made = transcode.fit(path, limits)
        assert len(made.data) <= 60_000
        assert made.content_type in ("image/png", "image/jpeg")
        assert made.data == transcode.fit(path, limits).data
        plain = transcode.fit(path, transcode.Limits(60_000, *BOX, formats=("image/jpeg",)))
        assert plain.content_type == "image/jpeg"


def test_no_larger_than_the_source() -> None:
    """A turned screenshot that fits does not grow when it is re-encoded."""
    source = turned(few_colours(), 6, "PNG")
    made = transcode.fit(source, transcode.Limits(500_000))
    assert len(made.data) <= len(source)
    assert made.content_type == "image/png"
    assert {note.code for note in made.report.notes} >= {"turned"}
    assert (decoded(made.data) == few_colours()).all()


def test_transparency_goes_over_white() -> None:
    """Clear paper becomes white paper, and a note says so."""
    samples = page()
    alpha = np.where((samples == (252, 252, 248)).all(axis=-1), 0, 255).astype(np.uint8)
    source = save(Image.fromarray(np.dstack([samples, alpha])), "PNG")
    made = transcode.fit(source, transcode.Limits(500_000, 400, 300))
    assert made.content_type == "image/png"
    assert (decoded(made.data)[40, 1] == 255).all()
    assert {note.code for note in made.report.notes} >= {"flattened", "reduced"}


def test_png_where_no_jpeg_is_taken() -> None:
    """Photographs become PNG, small enough, where the limits name nothing else; or a BudgetError."""
    source = save(photo(90, 60))
    for max_bytes in (30_000, 3_000, 150):
        made = transcode.fit(source, transcode.Limits(max_bytes, formats=("image/png",)))
        assert made.content_type == "image/png"
        assert len(made.data) <= max_bytes
    with pytest.raises(transcode.BudgetError) as caught:
        transcode.fit(source, transcode.Limits(60, formats=("image/png",)))
    assert caught.value.smallest is not None
    assert 60 < caught.value.smallest < 150


def smooth_screen() -> NDArray[np.uint8]:
    """Round fields with shades on a ground with a gradient: no letters, hardly an edge."""
    rows = np.linspace((70, 130, 210), (190, 215, 240), 400)
    image = Image.fromarray(np.repeat(np.round(rows)[:, None], 300, axis=1).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for top in range(60, 380, 40):
        pen.rounded_rectangle((20, top, 280, top + 30), 8, fill=(60, 110 + top // 4, 190))
    return np.asarray(image)


def test_smooth_screens_stay_whole() -> None:
    """A screen without letters is a PNG with every pixel, where its file tells that no camera made it."""
    samples = smooth_screen()
    luma = np.asarray(Image.fromarray(samples).convert("L"))
    assert is_drawn(luma, lossless=True)
    assert not is_drawn(luma)
    made = transcode.fit(save(samples, "BMP"), transcode.Limits(20_000))
    assert made.content_type == "image/png"
    assert (decoded(made.data) == samples).all()


def test_compression_is_harder_where_little_is_missing() -> None:
    """A truecolour PNG that exceeds the limit by little is compressed with more effort."""
    samples = np.tile(page(shades=True), (2, 1, 1))
    usual, hard = (len(encode_png(samples, harder=harder)) for harder in (False, True))
    assert hard < usual
    made = best_drawing(samples, usual - 1, png=True, jpeg=True, trials=[])
    assert made is not None
    assert made.setting == "lossless PNG"
    assert len(made.data) == hard


def test_hopeless_palettes_are_not_tried() -> None:
    """Where a truecolour PNG takes far more than the limit, no palette is tried."""
    samples = photo(400, 300)
    trials: list[transcode.Trial] = []
    best_drawing(samples, 9_000, png=True, jpeg=True, trials=trials)
    assert trials
    assert not any("PNG" in trial.setting for trial in trials)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 2), (9, 9)])
def test_tiny_pictures_as_png(size: tuple[int, int]) -> None:
    """Pictures that are too small to be examined fit as PNG too."""
    samples = photo(*size)
    made = transcode.fit(save(samples, "BMP"), transcode.Limits(5_000, formats=("image/png",)))
    assert (decoded(made.data) == samples).all()


def test_other_numbers_are_taken() -> None:
    """What is drawn goes by the numbers that are given."""
    samples = np.asarray(Image.fromarray(page()).convert("L"))
    assert is_drawn(samples)
    assert not is_drawn(samples, tuning=Tuning(edges=1.0))
