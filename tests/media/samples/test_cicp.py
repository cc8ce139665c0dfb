"""Matrices and ranges: samples of all kinds come back to the red, green and blue that they were made of."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.pictures import photo
from transcode.media.pictures import drawing
from transcode.media.samples.cicp import LUMA_WEIGHTS, RGB, Signal, luma_weights, to_jfif, to_rgb

#: Matrices with a signal that each is complete with.
SIGNALS = [Signal(matrix=code) for code in (RGB, 1, 2, 4, 5, 6, 7, 8, 9)] + [
    Signal(12, 13, 12),
    Signal(9, 14, 13),
]


def stored(rgb: NDArray[np.float64], signal: Signal) -> list[NDArray[np.float32]]:
    """What an encoder makes of red, green and blue from 0 to 1 (H.273, 8.3), in units of eight bits."""
    red, green, blue = (rgb[..., number] for number in range(3))
    low, luma, chroma = (0, 255, 255) if signal.full else (16, 219, 224)
    if signal.matrix == RGB:
        return [(low + luma * part).astype(np.float32) for part in (green, blue, red)]
    if signal.matrix == 8:
        y, first, second = red / 4 + green / 2 + blue / 4, green / 2 - red / 4 - blue / 4, (red - blue) / 2
    else:
        kr, kb = luma_weights(signal) or LUMA_WEIGHTS[6]
        y = kr * red + (1 - kr - kb) * green + kb * blue
        first, second = (blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr)
    planes = (low + luma * y, 128 + chroma * first, 128 + chroma * second)
    return [plane.astype(np.float32) for plane in planes]


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: str(signal.matrix))
def test_there_and_back(signal: Signal, full: bool) -> None:
    """Signals reach RGB exactly, and JFIF's planes but for their rounding."""
    rgb = photo(48, 32) / 255
    meant = Signal(signal.primaries, signal.transfer, signal.matrix, full)
    planes = stored(rgb, meant)
    assert to_rgb(planes, meant) == pytest.approx(rgb, abs=1e-3)
    rounded = [np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in planes]
    found = drawing.rgb(tuple(to_jfif(rounded, meant)))
    assert np.abs(found - 255 * rgb).mean() < 1.2
    gray = to_rgb(planes[:1], meant)
    assert gray.shape == (32, 48, 1)


def test_ten_bits() -> None:
    """The highest number of ten bits is white, and not a little less."""
    white = np.full((2, 2), 1023 / 4, np.float32)
    gray = np.full((2, 2), 128, np.float32)
    assert to_rgb([white, gray, gray], Signal(matrix=6, full=True), 10) == pytest.approx(1.0, abs=1e-6)
    limited = np.full((2, 2), 940 / 4, np.float32)
    assert to_rgb([limited, gray, gray], Signal(matrix=6, full=False), 10) == pytest.approx(1.0, abs=1e-6)
