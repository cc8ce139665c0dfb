"""Colours of clips: what is said of them, and where high dynamic range ends up."""

from __future__ import annotations

import numpy as np
import pytest

from transcode.media.clips.video_colour import conversion
from transcode.media.samples.cicp import Signal


def pixel(signal: Signal, *samples: int, named: bool = True) -> tuple[int, ...]:
    """What becomes of one pixel of a large clip."""
    table = conversion(signal, (1920, 1080), named=named).table
    assert table is not None
    planes = [np.full((1, 1), sample, np.uint8) for sample in samples]
    table.apply(planes)
    return tuple(int(plane[0, 0]) for plane in planes)


@pytest.mark.parametrize(
    ("signal", "large", "small"),
    [
        (Signal(), (1, 1, 1), (6, 6, 6)),
        (Signal(full=False), (1, 1, 1), (6, 6, 6)),
        (Signal(6, 6, 6, full=False), (6, 6, 6), (6, 6, 6)),
        (Signal(1, 1, 1), (1, 1, 1), (1, 1, 1)),
        (Signal(2, 2, 6), (6, 6, 6), (6, 6, 6)),
        (Signal(2, 2, 5), (5, 6, 5), (5, 6, 5)),
        (Signal(2, 2, 7), (7, 7, 7), (7, 7, 7)),
        (Signal(1, 13, 2), (1, 13, 1), (1, 13, 6)),
        (Signal(9, 16, 9), (1, 1, 1), (1, 1, 1)),
    ],
)
def test_what_is_signalled(signal: Signal, large: tuple[int, int, int], small: tuple[int, int, int]) -> None:
    """Names are kept, and what the source leaves open is signalled as it is assumed from the frame size."""
    assert conversion(signal, (1920, 1080), named=True).names == large
    assert conversion(signal, (640, 480), named=True).names == small


@pytest.mark.parametrize(
    ("size", "names"),
    [
        ((720, 576), (6, 6, 6)),
        ((721, 400), (1, 1, 1)),
        ((400, 721), (1, 1, 1)),
        ((600, 577), (1, 1, 1)),
        ((1280, 720), (1, 1, 1)),
    ],
)
def test_sizes_from_which_bt709_is_assumed(size: tuple[int, int], names: tuple[int, int, int]) -> None:
    """Frames wider than 720 or higher than 576 are BT.709, upright or turned."""
    assert conversion(Signal(full=False), size, named=True).names == names


def test_old_codecs_signal_nothing() -> None:
    """H.263 and MPEG-4 are converted to BT.601, which is what players show them as."""
    for signal, size in (
        (Signal(), (640, 480)),
        (Signal(1, 1, 1), (1920, 1080)),
        (Signal(9, 16, 9), (1920, 1080)),
    ):
        assert conversion(signal, size, named=False).names == (2, 2, 2)


@pytest.mark.parametrize("transfer", [16, 18])
@pytest.mark.parametrize("full", [False, True])
def test_grey_stays_grey_and_in_order(transfer: int, full: bool) -> None:
    """Black is black, the peak is white, what lies between rises, and nothing is tinted."""
    signal = Signal(9, transfer, 9, full=full)
    found = conversion(signal, (1920, 1080), named=True)
    assert found.is_toned
    low, high = (0, 255) if full else (16, 235)
    greys = [pixel(signal, level, 128, 128) for level in range(low, high + 1, 8)]
    assert greys[0][0] == 16
    assert pixel(signal, high, 128, 128)[0] >= 230
    assert sorted(greys) == greys
    assert all(abs(blue - 128) <= 1 and abs(red - 128) <= 1 for _, blue, red in greys)


def test_white_of_hdr_is_nearly_white() -> None:
    """203 cd/m2, which stands at 58 % of PQ and 75 % of HLG (ITU-R BT.2408), ends below white."""
    for transfer, level in ((16, 0.58), (18, 0.75)):
        luma = pixel(Signal(9, transfer, 9, full=False), round(16 + 219 * level), 128, 128)[0]
        assert 195 <= luma <= 225


def test_wide_gamut_of_standard_range() -> None:
    """BT.2020 without high range changes its primaries alone; a grey is what it was."""
    signal = Signal(9, 14, 9, full=False)
    assert not conversion(signal, (1920, 1080), named=True).is_toned
    assert pixel(signal, 126, 128, 128) == pytest.approx((126, 128, 128), abs=1)
    luma, blue, red = pixel(signal, 90, 110, 180)
    assert red > 180
    assert (luma, blue) != (90, 110)


@pytest.mark.parametrize(("named", "made"), [(True, (81, 121, 198)), (False, (93, 113, 197))])
def test_matrix_of_bt2020_with_primaries_of_bt709(named: bool, made: tuple[int, int, int]) -> None:
    """A matrix tells how RGB is coded, not which red is meant: (200, 40, 60) stays what it is."""
    signal = Signal(1, 1, 9, full=False)
    assert pixel(signal, 88, 117, 198, named=named) == pytest.approx(made, abs=1)
    assert conversion(signal, (1920, 1080), named=named).names == ((1, 1, 1) if named else (2, 2, 2))


@pytest.mark.parametrize("matrix", [1, 8, 9])
@pytest.mark.parametrize("transfer", [16, 18])
def test_high_range_in_primaries_of_bt709(transfer: int, matrix: int) -> None:
    """White is toned as ever; a colour is less saturated than the same numbers in primaries of BT.2020."""
    own, wide, unknown = (Signal(primaries, transfer, matrix, full=False) for primaries in (1, 9, 2))
    assert pixel(own, 150, 128, 128) == pytest.approx(pixel(wide, 150, 128, 128), abs=1)
    assert pixel(own, 150, 128, 128)[0] != 150
    assert pixel(unknown, 110, 120, 150) == pixel(wide, 110, 120, 150)
    assert pixel(own, 110, 120, 150)[2] < pixel(wide, 110, 120, 150)[2]


def test_codecs_without_names_get_bt601() -> None:
    """A saturated red of BT.709 keeps its RGB under the weights of BT.601."""
    # RGB of (191, 16, 16) in the narrow range, by the weights of each.
    signal = Signal(1, 1, 1, full=False)
    made = pixel(signal, 53, 108, 216, named=False)
    assert made == pytest.approx((68, 99, 215), abs=2)
    assert conversion(Signal(6, 6, 6), (640, 480), named=False).table is None


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("colour", [(200, 40, 40), (40, 200, 40), (40, 40, 200), (255, 255, 255)])
def test_ycgco(colour: tuple[int, int, int], named: bool) -> None:
    """Samples of luma, green and orange become those of BT.709, or of BT.601 for old codecs."""
    r, g, b = colour
    samples = (round((r + 2 * g + b) / 4), round((2 * g - r - b) / 4 + 128), round((r - b) / 2 + 128))
    red, blue = (0.2126, 0.0722) if named else (0.299, 0.114)
    y = red * r + (1 - red - blue) * g + blue * b
    wanted = (
        16 + 219 / 255 * y,
        128 + 112 / 255 * (b - y) / (1 - blue),
        128 + 112 / 255 * (r - y) / (1 - red),
    )
    found = pixel(Signal(1, 1, 8, full=True), *(min(sample, 255) for sample in samples), named=named)
    assert found == pytest.approx(wanted, abs=2)
    assert conversion(Signal(1, 1, 8, full=True), (1920, 1080), named=named).names == (
        (1, 1, 1) if named else (2, 2, 2)
    )
