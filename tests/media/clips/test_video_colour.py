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


def test_what_is_said() -> None:
    """Names are kept, and none are made up for what the source leaves open."""
    for signal in (Signal(6, 6, 6, full=False), Signal(2, 2, 6), Signal(), Signal(1, 1, 1), Signal(1, 1, 2)):
        for size in ((640, 480), (1920, 1080)):
            found = conversion(signal, size, named=True)
            assert found.table is None
            assert found.written(*size) == (signal.primaries, signal.transfer, signal.matrix)
    assert conversion(Signal(9, 16, 9), (1920, 1080), named=True).written(64, 48) == (1, 1, 1)


@pytest.mark.parametrize(("width", "height"), [(721, 400), (400, 721), (600, 577), (1920, 1080)])
def test_what_players_assume_is_said_when_it_would_change(width: int, height: int) -> None:
    """High definition without names is BT.709 to players: where it becomes small, that must be named."""
    large = conversion(Signal(full=False), (width, height), named=True)
    assert large.written(width, height) == (2, 2, 2)
    assert large.written(320, 240) == (1, 1, 1)
    small = conversion(Signal(full=False), (720, 576), named=True)
    assert small.written(720, 576) == small.written(320, 240) == (2, 2, 2)


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


def test_codecs_without_names_get_bt601() -> None:
    """A saturated red of BT.709 keeps its RGB under the weights of BT.601."""
    # RGB of (191, 16, 16) in the narrow range, by the weights of each.
    signal = Signal(1, 1, 1, full=False)
    made = pixel(signal, 53, 108, 216, named=False)
    assert made == pytest.approx((68, 99, 215), abs=2)
    assert conversion(Signal(6, 6, 6), (640, 480), named=False).table is None
