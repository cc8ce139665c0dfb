"""Planes at other resolutions, and upright."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transcode.media.samples.planes import Picture, Plane, Span, Stream, resample, upright


def noise(rows: int, columns: int, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8)


def whole(samples: NDArray[np.uint8]) -> Plane:
    return Plane(samples, samples.shape[1], samples.shape[0])


def ramp(rows: int, columns: int, slope: float, at: float) -> NDArray[np.uint8]:
    """Rows that rise by slope a sample; ``at`` is the value at the left edge."""
    values = at + (np.arange(columns) + 0.5) * slope
    return np.broadcast_to(np.rint(values).astype(np.uint8), (rows, columns)).copy()


def test_the_result_has_the_size_asked_for() -> None:
    """Width counts columns, height rows; the array is contiguous and of bytes."""
    result = resample(whole(noise(30, 40)), 21, 13)
    assert result.shape == (13, 21)
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous


def test_the_same_size_gives_the_same_samples() -> None:
    """Nothing is lost where there is nothing to do, and the result is a copy."""
    src = noise(30, 41)
    result = resample(whole(src), 41, 30)
    assert (result == src).all()
    assert not np.shares_memory(result, src)


def test_box_by_two_is_the_mean_of_four() -> None:
    """Each sample is the mean of the four that it covers, within the two roundings."""
    src = noise(16, 24)
    mean = src.reshape(8, 2, 12, 2).astype(float).mean(axis=(1, 3))
    assert abs(resample(whole(src), 12, 8, filter="box") - mean).max() <= 0.51


@pytest.mark.parametrize("averaged", [2, 4, 8])
def test_what_averaging_dulled_is_put_back(averaged: int) -> None:
    """A wave whose samples are means comes out within 2 % of its height; not told so, it loses 7 to 10 %."""
    wave = np.sin(2 * np.pi * 0.25 * (np.arange(80 * averaged) + 0.5) / averaged)
    exact = np.sin(2 * np.pi * 0.25 * (np.arange(80) + 0.5))
    samples = np.repeat(
        np.rint(128 + 100 * wave.reshape(80, averaged).mean(axis=1)).astype(np.uint8)[None], 8, 0
    )
    heights = []
    for count in (1, averaged):
        made = resample(Plane(samples, 80, 8, averaged=count), 80, 8)[4].astype(float) - 128
        heights.append(float(made[5:-5] @ exact[5:-5] / (exact[5:-5] @ exact[5:-5])))
    assert heights == [pytest.approx(91.5, abs=1.5), pytest.approx(100, abs=2)]


def test_padding_is_never_looked_at() -> None:
    """Rows and columns that the picture does not touch may hold anything."""
    field = noise(40, 60)
    results = []
    for filler in (0, 255):
        field[33:] = filler
        field[:, 47:] = filler
        results.append(resample(Plane(field, 46.5, 32.25), 23, 16))
    assert (results[0] == results[1]).all()
    alone = Plane(field[:33, :47].copy(), 46.5, 32.25)
    assert (results[0] == resample(alone, 23, 16)).all()


def test_a_sample_that_the_picture_covers_in_part_counts() -> None:
    """The last half sample of an odd picture's chroma is seen in the result's last column."""
    src = np.zeros((8, 21), np.uint8)
    src[:, 20] = 200
    assert (resample(Plane(src, 20.5, 8), 21, 8, covers=(20.5, 8))[:, 20] == 200).all()


@pytest.mark.parametrize("width", [40, 41])
def test_chroma_keeps_its_place(width: int) -> None:
    """A ramp in chroma at half resolution is the same ramp, whether the target is even or odd."""
    slope, source_width = 1.5, 161
    # Chroma of 161 columns of luma: 81 samples, of which the picture covers 80.5.
    src = ramp(8, 81, slope, 20)
    samples = (width + 1) // 2
    result = resample(Plane(src, source_width / 2, 8), samples, 8, covers=(width / 2, 8))
    centres = (np.arange(samples) + 0.5) * (source_width / width)
    inner = slice(4, samples - 4)
    assert abs(result[0] - (20 + slope * centres))[inner].max() <= 1


def test_an_offset_moves_the_result() -> None:
    """One output sample to the right is the result without its first column."""
    plane = whole(noise(20, 80))
    still = resample(plane, 20, 20, covers=(20, 20))
    moved = resample(plane, 19, 20, covers=(20, 20), offset=(1, 0))
    assert (moved == still[:, 1:]).all()
    lower = resample(plane, 20, 12, covers=(20, 20), offset=(0, 8))
    assert (lower == still[8:]).all()


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(2, 40), columns=st.integers(2, 40), width=st.integers(1, 30), height=st.integers(1, 30)
)
def test_mirrored_afterwards_is_mirrored_before(rows: int, columns: int, width: int, height: int) -> None:
    """Chroma that starts half a sample early and is then turned by 180 degrees fits the turned picture."""
    src = noise(rows, columns, rows * 41 + columns)
    size = (width + 1) // 2, (height + 1) // 2
    covers = width / 2, height / 2
    offset = -0.5 * (width % 2), -0.5 * (height % 2)
    after = upright(resample(whole(src), *size, covers=covers, offset=offset), 3)
    before = resample(whole(upright(src, 3)), *size, covers=covers)
    assert abs(after.astype(int) - before).max() <= 1


def test_pictures_of_different_sizes_do_not_mix() -> None:
    """Windows are kept between calls; results do not depend on what came before."""
    planes = [whole(noise(20 + i, 50 + i, i)) for i in range(40)]
    once = [resample(plane, 17, 11) for plane in planes]
    again = [resample(plane, 17, 11) for plane in reversed(planes)]
    assert all((a == b).all() for a, b in zip(once, reversed(again), strict=True))


@pytest.mark.parametrize(
    ("plane", "size", "covers"),
    [
        (whole(noise(4, 4)), (0, 4), None),
        (whole(noise(4, 4)), (4, -1), None),
        (whole(noise(4, 4)), (4, 4), (0.0, 4.0)),
        (whole(noise(4, 4)), (4, 4), (float("nan"), 4.0)),
        (Plane(noise(4, 4), 4.5, 4), (4, 4), None),
        (Plane(noise(4, 4), 4, 5), (4, 4), None),
        (Plane(noise(4, 4), 0, 4), (4, 4), None),
        (Plane(noise(4, 8)[:, ::2], 4, 4), (2, 2), None),
    ],
)
def test_what_does_not_go_together_is_refused(
    plane: Plane, size: tuple[int, int], covers: tuple[float, float] | None
) -> None:
    """Sizes without samples, extents beyond the samples, and samples that are apart are refused."""
    with pytest.raises(ValueError):
        resample(plane, *size, covers=covers)


def test_planes_are_compared_by_identity() -> None:
    """Arrays have no single truth value, so planes and pictures equal only themselves."""
    plane = whole(noise(2, 2))
    assert plane == plane
    assert plane != whole(noise(2, 2))
    assert Picture((plane,), "gray") != Picture((plane,), "gray")


# TIFF 6.0, tag Orientation: the side of the picture where the stored row 0 is, and
# the one where column 0 is.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


#: Where each side of a picture is in its array.
AT: dict[str, tuple[int | slice, int | slice]] = {
    "top": (0, slice(None)),
    "bottom": (-1, slice(None)),
    "left": (slice(None), 0),
    "right": (slice(None), -1),
}


@pytest.mark.parametrize("orientation", SIDES)
def test_upright_puts_rows_and_columns_where_tiff_says(orientation: int) -> None:
    """Row 0 and column 0 are found at their sides, running away from each other's."""
    stored = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7)
    shown = upright(stored, orientation)
    row_side, column_side = SIDES[orientation]
    row, column = shown[AT[row_side]], shown[AT[column_side]]
    forward = 1 if column_side in ("top", "left") else -1
    assert (row[::forward] == stored[0]).all()
    forward = 1 if row_side in ("top", "left") else -1
    assert (column[::forward] == stored[:, 0]).all()
    assert shown.flags.c_contiguous
    assert sorted(shown.ravel()) == sorted(stored.ravel())


@pytest.mark.parametrize("orientation", SIDES)
def test_upright_keeps_further_axes(orientation: int) -> None:
    """Pixels of several components are moved whole."""
    stored = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8)
    shown = upright(stored, orientation)
    for band in range(3):
        assert (shown[..., band] == upright(stored[..., band], orientation)).all()


@pytest.mark.parametrize("orientation", [0, 9, -1])
def test_other_orientations_are_refused(orientation: int) -> None:
    """The tag knows eight."""
    with pytest.raises(ValueError, match="orientation"):
        upright(noise(2, 2), orientation)


@example(rows=63, height=81, band=12, cut=0.0)  # windows on a sample end before their predecessors
@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(9, 90),
    height=st.integers(1, 160),
    band=st.integers(1, 40),
    cut=st.floats(0, 2),
)
def test_bands_are_the_whole(rows: int, height: int, band: int, cut: float) -> None:
    """A plane in bands of any size gives the result of the whole plane."""
    samples = noise(rows, 12)
    across, down = Span(0, 12, 7, 7), Span(cut, rows, height, height)
    stream, at_once = Stream(across, down), Stream(across, down)
    at_once.feed(np.concatenate([np.zeros((at_once.overlap, 12), np.uint8), samples]), -at_once.overlap)
    above = np.zeros((stream.overlap, 12), np.uint8)
    for top in range(0, rows, band):
        fresh = np.concatenate([above, samples[top : top + band]])
        stream.feed(fresh, top - stream.overlap)
        above = fresh[fresh.shape[0] - stream.overlap :]
    np.testing.assert_array_equal(stream.result, at_once.result)
    if cut == 0:
        np.testing.assert_array_equal(at_once.result, resample(whole(samples), 7, height))
