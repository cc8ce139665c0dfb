"""Primaries and transfer functions: numbers of the standards, and what is no colour space."""

from __future__ import annotations

import numpy as np
import pytest

from transcode.media.samples import transfer
from transcode.media.samples.cicp import Signal
from transcode.media.samples.transfer import CHROMATICITIES, PEAK, WHITE, Space

#: Code points of transfer functions that are shown by their own curve and have a standard range.
CURVES = (4, 5, 7, 8, 9, 10, 17)


def test_matrices_of_the_standards() -> None:
    """BT.2020 has the matrix of ITU-R BT.2407-0, 2.1; P3 with a white of D65 has that of SMPTE EG 432-1."""
    bt2020 = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    p3 = [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    assert transfer.to_bt709(CHROMATICITIES[9]) == pytest.approx(np.array(bt2020), abs=5e-4)
    assert transfer.to_bt709(CHROMATICITIES[12]) == pytest.approx(np.array(p3), abs=5e-4)


@pytest.mark.parametrize("code", sorted(CHROMATICITIES))
def test_white_stays_white(code: int) -> None:
    """The white of every standard stays white; those of BT.709 change nothing."""
    matrix = transfer.to_bt709(CHROMATICITIES[code])
    assert matrix.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-3)
    if code == 1:
        assert matrix == pytest.approx(np.eye(3), abs=1e-12)


@pytest.mark.parametrize(
    "numbers",
    [
        [0.0] * 8,
        [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.0],
        [0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3127, 0.329],
        [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.9, 0.05],
        [0.93, 0.13, 0.01, 0.03, 0.43, 0.59, 0.12, 0.081],
        [40_000.0] * 8,
        [float("nan")] * 8,
    ],
)
def test_chromaticities_that_make_no_colours(numbers: list[float]) -> None:
    """Primaries on a line, around no white, or far beyond all visible colours are refused."""
    red, green, blue, white = zip(numbers[::2], numbers[1::2], strict=True)
    with pytest.raises(ValueError, match=r"primaries|chromaticities"):
        transfer.to_bt709((red, green, blue, white))


def test_luma_that_follows_from_primaries() -> None:
    """BT.709 and BT.2020 give their own weights; nothing follows from what is not known."""
    for code, weights in ((1, (0.2126, 0.0722)), (9, (0.2627, 0.0593)), (12, (0.2290, 0.0793))):
        assert transfer.luma_weights(code) == pytest.approx(weights, abs=1e-4)
    assert transfer.luma_weights(2) is None


@pytest.mark.parametrize("code", CURVES)
def test_curves(code: int) -> None:
    """Curves rise from 0 to 1, and differ from that of sRGB."""
    samples = np.linspace(0, 1, 256)
    light = transfer.linear(samples, Space(CHROMATICITIES[1], code))
    assert light[0] == pytest.approx(0, abs=1e-9)
    assert light[-1] == pytest.approx(1)
    assert (np.diff(light) >= 0).all()
    assert np.abs(transfer.srgb(light) - samples).max() > 0.01


@pytest.mark.parametrize(
    ("code", "sample", "light"),
    [
        (4, 0.5, 0.2176),
        (5, 0.5, 0.1436),
        (7, 0.0913, 0.0228),
        (7, 0.5, 0.2650),
        (8, 0.25, 0.25),
        (9, 0.5, 0.1),
    ],
)
def test_points_of_curves(code: int, sample: float, light: float) -> None:
    """Points of the curves follow the formulas of H.273, table 3."""
    found = transfer.linear(np.array([sample]), Space(CHROMATICITIES[1], code))
    assert found[0] == pytest.approx(light, abs=2e-4)


def test_what_is_srgb() -> None:
    """What is not said, and the curves of television, which are shown as that of sRGB is."""
    for primaries in (1, 2, 0, 99):
        for code in (1, 2, 6, 11, 12, 13, 14, 15, 0, 3, 99):
            assert Space.of(Signal(primaries, code, 6)) is None
    for code in (*CURVES, 16, 18):
        assert Space.of(Signal(1, code, 6)) is not None
    wide = Space(CHROMATICITIES[9])
    assert Space.of(Signal(9, 14, 9)) == Space.of(Signal(2, 2, 9)) == Space.of(Signal(9, 1, 6)) == wide
    assert Space.of(Signal(2, 16, 2)) == Space(CHROMATICITIES[9], 16)
    near = ((0.6401, 0.3299), (0.3, 0.6), (0.15, 0.06), (0.31269, 0.32902))
    assert Space(near, gamma=2.2).or_none() is None
    assert Space(near, gamma=1.8).or_none() is not None
    assert Space(near, full=False).or_none() is not None


def test_signals_of_high_range() -> None:
    """203 cd/m2 are 58 % of PQ and 75 % of HLG (ITU-R BT.2408), the peak 75 % of PQ and all of HLG."""
    for code, white, peak in ((16, 0.5807, 0.7518), (18, 0.75, 1.0)):
        assert transfer.nits(np.full(3, white), code) == pytest.approx(np.full(3, WHITE), rel=0.01)
        assert transfer.nits(np.full(3, peak), code) == pytest.approx(np.full(3, PEAK), rel=0.01)


@pytest.mark.parametrize("code", [16, 18])
def test_tones(code: int) -> None:
    """Below a peak that is white nothing changes; below a higher one dark stays, and the peak is white."""
    gray = np.linspace(0, 0.74, 200)[:, None].repeat(3, axis=1)
    light = transfer.nits(gray, code)[:, 0] / WHITE
    kept = transfer.toned(gray, code, WHITE)[:, 0]
    assert kept == pytest.approx(np.minimum(light, 1), abs=1e-9)
    dimmed = transfer.toned(gray, code)[:, 0]
    dark = light < 0.4
    assert dimmed[dark] == pytest.approx(light[dark], abs=1e-6)
    assert (np.diff(dimmed) >= 0).all()
    assert dimmed.max() <= 1
    bright = transfer.toned(np.full((1, 3), 0.7518 if code == 16 else 1.0), code)
    assert bright == pytest.approx(np.ones((1, 3)), abs=1e-3)
