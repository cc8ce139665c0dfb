"""Stills of high dynamic range: as exact as the formulas, and as bright as the picture is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from transcode.media.pictures import toner
from transcode.media.samples import transfer
from transcode.media.samples.transfer import CHROMATICITIES, PEAK, WHITE, Space

PQ = Space(CHROMATICITIES[9], transfer.PQ)
HLG = Space(CHROMATICITIES[9], transfer.HLG)


@pytest.mark.parametrize("space", [PQ, HLG])
@pytest.mark.parametrize("peak", [WHITE, 400.0, PEAK])
def test_tables_are_the_formulas(space: Space, peak: float) -> None:
    """Every pixel is within a level of what the formulas give for it."""
    rgb = np.random.default_rng(1).random((50, 40, 3), np.float32)
    rgb[0, :4] = [[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0, 1]]
    light = transfer.toned(rgb.astype(np.float64), space.transfer, peak)
    expected = 255 * transfer.srgb(light @ transfer.to_bt709(space.chromaticities).T)
    found = toner.toner(space, peak).samples(rgb)
    assert np.abs(found - expected).max() <= 1.5
    gray = toner.toner(space, peak).samples(rgb[..., :1])
    same = toner.toner(space, peak).samples(rgb[..., :1].repeat(3, axis=2))
    assert np.abs(gray.astype(int) - same).max() <= 1


def code_of(light: float) -> float:
    """The sample of PQ of a light in candela a square metre."""
    samples = np.linspace(0, 1, 100_001)
    return float(np.interp(light, transfer.nits(samples, transfer.PQ), samples))


@pytest.mark.parametrize(
    ("light", "peak"), [(5.0, WHITE), (WHITE, WHITE), (500.0, 500.0), (1000.0, PEAK), (8000.0, PEAK)]
)
def test_as_bright_as_the_picture(light: float, peak: float) -> None:
    """Between white and the peak of a display, by what is brightest in the picture."""
    levels = toner.brightest(np.full((20, 20, 3), code_of(light), np.float32))
    assert levels.sum() == 400
    assert toner.peak_of(levels, transfer.PQ) == pytest.approx(peak, rel=0.01)


def test_sparks_do_not_count() -> None:
    """One pixel in 2,000 may be brighter; one in 500 may not. Nothing at all is no brighter than white."""
    rgb = np.full((2000, 3), 0.3, np.float32)
    rgb[0] = 0.75
    assert toner.peak_of(toner.brightest(rgb), transfer.PQ) == WHITE
    rgb[:4] = 0.75
    assert toner.peak_of(toner.brightest(rgb), transfer.PQ) > 900
    assert toner.peak_of(np.zeros(toner.LEVELS, np.int64), transfer.PQ) == WHITE


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "space", [PQ, HLG, Space(CHROMATICITIES[9], 8), Space(CHROMATICITIES[1], full=False)]
)
def test_modes(mode: str, space: Space) -> None:
    """Gray stays gray, and alpha stays what it is; a white of 203 cd/m2 is white."""
    code = {transfer.PQ: 148, transfer.HLG: 191, 8: 255}.get(space.transfer, 235)
    colours = (code,) * len(mode.removesuffix("A"))
    picture = Image.new(mode, (8, 6), (*colours, 77) if mode.endswith("A") else colours)
    made = toner.in_srgb(picture, space)
    assert (made.mode, made.size) == (mode, (8, 6))
    pixel = np.asarray(made).reshape(48, -1)[27]
    shown = pixel[: len(colours)]
    assert shown.min() >= 253
    assert pixel[len(colours) :].tolist() == ([77] if mode.endswith("A") else [])
