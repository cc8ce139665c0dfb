"""Colours of pixels against plain real numbers, and every instruction set against the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from transcode.kernels import colour, cpu

SIZES = [(1, 1), (1, 7), (3, 255), (2, 256), (5, 257), (4, 600)]

Planes = list[NDArray[np.uint8]]


def random_planes(channels: int, height: int, width: int, seed: int = 0) -> Planes:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (height, width), dtype=np.uint8) for _ in range(channels)]


def shaper() -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Gammas of 1.8, 2.2 and 2.6, a matrix that leaves the gamut, and a square root."""
    x = np.arange(256) / 255
    decode = np.rint([(colour.LINEAR_ONE - 1) * x**gamma for gamma in (1.8, 2.2, 2.6)]).astype(np.int32)
    real = np.array([[2.0, -0.7, -0.3], [-0.2, 1.3, -0.1], [0.0, -0.1, 1.1]])
    matrix = np.rint(real * colour.MATRIX_ONE).astype(np.int32)
    encode = np.rint(255 * np.sqrt(np.linspace(0, 1, colour.ENCODE_SIZE)))
    return decode, matrix, np.append(encode, [7, 7, 7]).astype(np.uint8)


def rgb_of(y: NDArray[np.uint8], cb: NDArray[np.uint8], cr: NDArray[np.uint8]) -> Planes:
    """JFIF 1.02, in real numbers, rounded."""
    b, r = cb - 128.0, cr - 128.0
    real = (y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b)
    return [np.clip(np.floor(plane + 0.5), 0, 255).astype(np.uint8) for plane in real]


def ycc_of(planes: Sequence[NDArray[np.uint8]]) -> Planes:
    r, g, b = (plane.astype(float) for plane in planes)
    real = (
        0.299 * r + 0.587 * g + 0.114 * b,
        -0.168736 * r - 0.331264 * g + 0.5 * b + 128,
        0.5 * r - 0.418688 * g - 0.081312 * b + 128,
    )
    return [np.clip(np.floor(plane + 0.5), 0, 255).astype(np.uint8) for plane in real]


def shaped(planes: Sequence[NDArray[np.uint8]]) -> Planes:
    """The shaper in plain numbers, whole ones where the kernel has them."""
    decode, matrix, encode = shaper()
    light = np.stack([decode[c][planes[c]] for c in range(3)]).astype(np.int64)
    sums = np.tensordot(matrix.astype(np.int64), light, axes=1)
    index = np.clip((sums + (1 << 14)) >> 15, 0, colour.ENCODE_SIZE - 1)
    return [encode[plane] for plane in index]


def made(
    planes: Sequence[NDArray[np.uint8]], level: str, *, from_ycc: bool = False, to_ycc: bool = False
) -> Planes:
    target = [np.full(planes[0].shape, 99, np.uint8) for _ in range(3)]
    before = cpu.level()
    cpu.use(level)
    try:
        colour.shape(planes, *shaper(), target, from_ycc=from_ycc, to_ycc=to_ycc)
    finally:
        cpu.use(before)
    return target


@pytest.mark.parametrize("level", cpu.levels())
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_shape(level: str, height: int, width: int) -> None:
    """RGB to RGB is the plain calculation to the bit, whatever the width."""
    planes = random_planes(3, height, width)
    np.testing.assert_array_equal(made(planes, level), shaped(planes))


@pytest.mark.parametrize("level", cpu.levels())
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_ycc_on_both_sides(level: str, height: int, width: int) -> None:
    """YCbCr is that of JFIF, within a level on the way out; levels of the processor agree to the bit."""
    planes = random_planes(3, height, width, seed=1)
    found = made(planes, level, from_ycc=True, to_ycc=True)
    expected = ycc_of(shaped(rgb_of(*planes)))
    # A sample of RGB that is rounded the other way can move through the curves.
    assert np.mean(np.abs(np.array(found, np.int16) - np.array(expected, np.int16)) <= 1) > 0.98
    np.testing.assert_array_equal(found, made(planes, "portable", from_ycc=True, to_ycc=True))


@pytest.mark.parametrize("level", cpu.levels())
def test_gray_stays_gray(level: str) -> None:
    """Without a change of colour, gray keeps its levels and gets no chroma."""
    linear = np.tile(np.rint(np.linspace(0, colour.LINEAR_ONE - 1, 256)), (3, 1)).astype(np.int32)
    one = np.eye(3, dtype=np.int32) * colour.MATRIX_ONE
    encode = np.append(np.rint(np.linspace(0, 255, colour.ENCODE_SIZE)), [0, 0, 0]).astype(np.uint8)
    gray = np.arange(256, dtype=np.uint8)[None]
    middle = np.full((1, 256), 128, np.uint8)
    target = [np.empty((1, 256), np.uint8) for _ in range(3)]
    before = cpu.level()
    cpu.use(level)
    try:
        colour.shape([gray, middle, middle], linear, one, encode, target, from_ycc=True, to_ycc=True)
    finally:
        cpu.use(before)
    np.testing.assert_array_equal(target, [gray, middle, middle])


def test_interleaved() -> None:
    """Channels may be views into pixels, on both sides, and the same memory."""
    planes = random_planes(3, 5, 300)
    pixels = np.stack([*planes, planes[0]], axis=-1)
    bands = [pixels[..., band] for band in range(3)]
    colour.shape(bands, *shaper(), bands)
    np.testing.assert_array_equal(np.moveaxis(pixels[..., :3], -1, 0), shaped(planes))
    np.testing.assert_array_equal(pixels[..., 3], planes[0])


PLACES = np.array([0, 60, 128, 200, 255], np.uint8)


def looked_up(colours: NDArray[np.uint8], nodes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Rows of colours through the grid: tetrahedra of the last three channels, linear along a fourth."""
    channels, count = colours.shape[1], len(PLACES)
    grid = nodes.reshape(*[count] * channels, 3).astype(float)
    result = np.empty((len(colours), 3))
    for number, row in enumerate(colours):
        cells = [min(int(np.searchsorted(PLACES, value, "right")) - 1, count - 2) for value in row]
        lower = PLACES[cells].astype(float)
        shares = (row - lower) / (PLACES[[cell + 1 for cell in cells]] - lower)

        def tetrahedron(
            fixed: tuple[int, ...], cells: list[int], shares: NDArray[np.float64]
        ) -> NDArray[np.float64]:
            place = list(cells)
            value: NDArray[np.float64] = grid[(*fixed, *place)]
            for axis in np.argsort(-shares, kind="stable"):
                before = grid[(*fixed, *place)]
                place[axis] += 1
                value = value + shares[axis] * (grid[(*fixed, *place)] - before)
            return value

        if channels == 3:
            result[number] = tetrahedron((), cells, shares)
        else:
            near, far = (tetrahedron((cells[0] + k,), cells[1:], shares[1:]) for k in (0, 1))
            result[number] = near + shares[0] * (far - near)
    return result


@pytest.mark.parametrize("channels", [3, 4])
def test_look_up(channels: int) -> None:
    """Colours are within a level of real numbers, and exact at the nodes and the corners."""
    rng = np.random.default_rng(2)
    nodes = rng.integers(0, 256, (len(PLACES) ** channels, 3), dtype=np.uint8)
    colours = rng.integers(0, 256, (700, channels), dtype=np.uint8)
    colours[:40] = rng.choice(PLACES, (40, channels))
    colours[40:42] = [[0] * channels, [255] * channels]
    planes = [np.ascontiguousarray(colours[:, c].reshape(2, 350)) for c in range(channels)]
    target = [np.empty((2, 350), np.uint8) for _ in range(3)]
    colour.look_up(planes, nodes, PLACES, target)
    found = np.stack([plane.ravel() for plane in target], axis=1).astype(float)
    expected = looked_up(colours, nodes)
    assert np.abs(found - expected).max() < 1.6  # shares have eight bits, of nodes up to 255 apart
    np.testing.assert_array_equal(found[:42], expected[:42])


@pytest.mark.parametrize("adobe", [False, True])
def test_inks(adobe: bool) -> None:
    """CMYK and YCCK, inverted or not, are the same colours."""
    rng = np.random.default_rng(3)
    nodes = rng.integers(0, 256, (len(PLACES) ** 4, 3), dtype=np.uint8)
    stored = random_planes(4, 3, 100, seed=4)
    rgb = rgb_of(*stored[:3])
    # libjpeg's jdcolor.c: what YCC gives is the inverse of the stored CMY.
    inks = [*(255 - plane for plane in rgb), stored[3]]
    plain = [255 - plane for plane in inks] if adobe else inks
    expected, found = ([np.empty((3, 100), np.uint8) for _ in range(3)] for _ in range(2))
    colour.look_up(plain, nodes, PLACES, expected)
    colour.look_up(stored, nodes, PLACES, found, from_ycc=True, inverted=adobe)
    # An ink in a thousand is rounded the other way, and the nodes are far apart.
    difference = np.abs(np.array(found, np.int16) - np.array(expected, np.int16))
    assert np.mean(difference > 0) < 0.01
    assert difference.max() <= 5
    colour.look_up(inks, nodes, PLACES, found, inverted=adobe)
    np.testing.assert_array_equal(found, expected)


def test_refusals() -> None:
    """What does not go together is refused before anything is touched."""
    decode, matrix, encode = shaper()
    planes, target = random_planes(3, 4, 5), random_planes(3, 4, 5)
    nodes = np.zeros((125, 3), np.uint8)
    for arguments in (
        (planes[:2], decode, matrix, encode, target),
        (planes, decode[:2], matrix, encode, target),
        (planes, decode + colour.LINEAR_ONE, matrix, encode, target),
        (planes, decode, matrix * 8, encode, target),
        (planes, decode, np.full((3, 3), -(2**31), np.int32), encode, target),
        (planes, decode, matrix, encode[:-1], target),
        (planes, decode, matrix, encode, target[:2]),
        (planes, decode, matrix, encode, [plane[:3] for plane in target]),
        ([planes[0][:, :4], *planes[1:]], decode, matrix, encode, target),
        ([plane[:0] for plane in planes], decode, matrix, encode, [plane[:0] for plane in target]),
    ):
        with pytest.raises(ValueError):
            colour.shape(*arguments)
    for places in (PLACES[:-1], PLACES[::-1].copy(), np.array([0, 60, 60, 200, 255], np.uint8), PLACES[:1]):
        with pytest.raises(ValueError):
            colour.look_up(planes, nodes, places, target)
    with pytest.raises(ValueError):
        colour.look_up(planes, nodes[:-1], PLACES, target)
    with pytest.raises(ValueError):
        colour.look_up(random_planes(5, 4, 5), nodes, PLACES, target)
