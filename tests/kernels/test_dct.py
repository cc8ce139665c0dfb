"""The forward DCT against the formula."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.kernels import dct

if TYPE_CHECKING:
    from numpy.typing import NDArray
from tests.made.dct import ZIGZAG, forward, noise, on_every_level

SIZES = [(1, 1), (1, 9), (7, 1), (8, 8), (8, 16), (9, 17), (16, 24), (15, 31), (33, 40), (64, 65)]


def exact(plane: NDArray[np.uint8]) -> NDArray[np.float64]:
    """T.81, A.3.3, in floating point, with the plane's edges repeated."""
    rows, columns = plane.shape
    padded = np.pad(plane, ((0, -rows % 8), (0, -columns % 8)), mode="edge").astype(np.float64) - 128
    x, u = np.meshgrid(np.arange(8), np.arange(8))
    basis = np.where(u == 0, math.sqrt(1 / 8), 0.5 * np.cos((2 * x + 1) * u * math.pi / 16))
    blocks = padded.reshape(padded.shape[0] // 8, 8, padded.shape[1] // 8, 8).transpose(0, 2, 1, 3)
    transformed = basis @ blocks @ basis.T
    return np.stack([transformed[:, :, row, column] for row, column in ZIGZAG], axis=-1)


def extremes() -> list[NDArray[np.uint8]]:
    """Planes of 0 and 255 only, among them those that drive each coefficient furthest."""
    y, x = np.indices((8, 8))
    planes = [np.zeros((8, 8)), np.full((8, 8), 255), (x + y) % 2 * 255, x % 2 * 255, y % 2 * 255]
    for row, column in ZIGZAG:
        wave = np.cos((2 * y + 1) * row * math.pi / 16) * np.cos((2 * x + 1) * column * math.pi / 16)
        planes += [np.where(wave > 0, 255, 0), np.where(wave > 0, 0, 255)]
    return [plane.astype(np.uint8) for plane in planes]


def assert_near(made: NDArray[np.int16], plane: NDArray[np.uint8], within: float) -> None:
    error = np.abs(made / dct.SCALE - exact(plane))
    worst = np.unravel_index(int(error.argmax()), error.shape)
    assert error[worst] <= within, f"off by {error[worst]} at {worst}"


@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_forward_is_the_dct(level: str, rows: int, columns: int) -> None:
    """Coefficients of noise of any size are within 1/8 of the formula."""
    plane = noise(rows, columns)
    assert_near(forward(plane), plane, 1 / 8)


def test_forward_is_usually_closer(level: str) -> None:
    """Over many blocks the error has no bias and is of the size of one rounding."""
    plane = noise(256, 512)
    error = forward(plane) / dct.SCALE - exact(plane)
    assert abs(error.mean()) < 0.001
    assert error.std() < 1 / 32


@pytest.mark.parametrize("plane", extremes())
def test_forward_does_not_overflow(level: str, plane: NDArray[np.uint8]) -> None:
    """Blocks of black and white stay near the formula, also where a coefficient is as large as can be."""
    made = forward(plane)
    assert_near(made, plane, 1 / 8)
    assert np.abs(made.astype(np.int32)).max() <= 1024 * dct.SCALE


@pytest.mark.parametrize("value", [0, 1, 127, 128, 129, 255])
def test_flat_blocks_are_exact(level: str, value: int) -> None:
    """A flat plane has its DC to the bit and no AC."""
    made = forward(np.full((9, 20), value, np.uint8))
    assert (made[:, :, 0] == 8 * (value - 128) * dct.SCALE).all()
    assert not made[:, :, 1:].any()


@pytest.mark.parametrize(("row", "column"), [(0, 1), (1, 0), (2, 5), (7, 7)])
def test_a_wave_is_one_coefficient(level: str, row: int, column: int) -> None:
    """A wave of the basis ends at its own place of the zigzag order."""
    y, x = np.indices((8, 8))
    wave = np.cos((2 * y + 1) * row * math.pi / 16) * np.cos((2 * x + 1) * column * math.pi / 16)
    made = forward(np.rint(128 + 100 * wave).astype(np.uint8))
    assert int(np.abs(made[0, 0]).argmax()) == ZIGZAG.index((row, column))


@pytest.mark.parametrize("columns", [5, 16, 23, 48])
def test_forward_reads_the_plane_only(level: str, columns: int) -> None:
    """What stands around a plane with padded, or reversed, rows makes no difference."""
    plane = noise(19, columns)
    wanted = forward(plane)
    for padding in (0, 255):
        around = np.full((25, columns + 40), padding, np.uint8)
        around[3:22, 8 : 8 + columns] = plane
        assert np.array_equal(forward(around[3:22, 8 : 8 + columns]), wanted)
        around[3:22, 8 : 8 + columns] = plane[::-1]
        assert np.array_equal(forward(around[21:2:-1, 8 : 8 + columns]), wanted)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 2**32 - 1), st.booleans())
def test_forward_is_the_same_on_every_level(rows: int, columns: int, seed: int, hard: bool) -> None:
    """All instruction sets give the same bytes."""
    plane = noise(rows, columns, seed)
    if hard:
        plane = np.where(plane > 127, 255, 0).astype(np.uint8)
    first, *others = on_every_level(lambda: forward(plane))
    assert all(np.array_equal(first, other) for other in others)


def overshooting(samples: NDArray[np.uint8], most: int) -> NDArray[np.float64]:
    """How far a block goes beyond white: in floating point, a Catmull-Rom curve over each run of it."""
    line = [int(samples[place]) for place in ZIGZAG]
    over = np.zeros((8, 8))
    white = line.count(255)
    if white in (0, 64):
        return over
    most = min(most, (64 * 255 - sum(line)) // white)
    start = 0
    while start < 64:
        if line[start] < 255:
            start += 1
            continue
        end = next((k for k in range(start, 64) if line[k] < 255), 64)
        rise = max(line[start - 1] - line[max(start - 2, 0)], 255 - line[start - 1]) if start else None
        fall = max(line[end] - line[min(end + 1, 63)], 255 - line[end]) if end < 64 else None
        first = fall if rise is None else rise
        last = rise if fall is None else fall
        assert first is not None
        assert last is not None
        length = end - start
        for i in range(length):
            t = (i + 1) / (length + 1)
            curve = first * length * (t**3 - 2 * t**2 + t) - last * length * (t**3 - t**2)
            over[ZIGZAG[start + i]] = min(math.ceil(round(curve, 9)), most)
        start = end
    return over


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 31), st.integers(0, 2**32 - 1))
def test_white_is_exceeded_beside_darker_samples(rows: int, columns: int, most: int, seed: int) -> None:
    """What lies beyond white is added to the coefficients, alike on every level."""
    rng = np.random.default_rng(seed)
    plane = np.minimum(rng.integers(0, 400, (rows, columns)), 255).astype(np.uint8)
    plane[: rows // 2] = np.where(plane[: rows // 2] > rng.integers(1, 255), 255, plane[: rows // 2])

    def made() -> NDArray[np.int16]:
        out = np.empty((-(-rows // 8), -(-columns // 8), 64), np.int16)
        dct.forward(plane, out, overshoot=most)
        return out

    first, *others = on_every_level(made)
    assert all(np.array_equal(first, other) for other in others)
    padded = np.pad(plane, ((0, -rows % 8), (0, -columns % 8)), mode="edge").astype(np.float64)
    for y, x in np.ndindex(*first.shape[:2]):
        block = padded[8 * y : 8 * y + 8, 8 * x : 8 * x + 8]
        block += overshooting(block.astype(np.uint8), most)
        assert block.sum() <= 64 * 255
        wanted = exact_block(block)
        assert np.abs(first[y, x] / dct.SCALE - wanted).max() <= 1 / 4


def exact_block(block: NDArray[np.float64]) -> NDArray[np.float64]:
    """T.81, A.3.3, of samples that need not be bytes."""
    x, u = np.meshgrid(np.arange(8), np.arange(8))
    basis = np.where(u == 0, math.sqrt(1 / 8), 0.5 * np.cos((2 * x + 1) * u * math.pi / 16))
    transformed = basis @ (block - 128) @ basis.T
    return np.array([transformed[place] for place in ZIGZAG])


@pytest.mark.parametrize("most", [-1, 32])
def test_an_overshoot_out_of_range_is_refused(most: int) -> None:
    """More than 31 levels would leave the room that coefficients have."""
    with pytest.raises(ValueError, match=f"{most} is not within 0..31"):
        dct.forward(np.zeros((8, 8), np.uint8), np.empty((1, 1, 64), np.int16), overshoot=most)


def test_forward_refuses_wrong_shapes() -> None:
    """Empty planes, columns that are apart and outputs of another shape are refused."""
    out = np.empty((1, 1, 64), np.int16)
    with pytest.raises(ValueError, match="empty"):
        dct.forward(np.empty((0, 8), np.uint8), out)
    with pytest.raises(ValueError, match="next to each other"):
        dct.forward(np.zeros((8, 16), np.uint8)[:, ::2], out)
    with pytest.raises(ValueError, match="1 x 1 x 64, not 1 x 2 x 64"):
        dct.forward(np.zeros((8, 9), np.uint8), out)
