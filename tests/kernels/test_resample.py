"""Windows and planes against plain numpy: real numbers within a level, integers to the byte."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transcode.kernels import cpu
from transcode.kernels.resample import UNITY, fill_windows, resample, window_length

FILTERS = ("box", "triangle", "lanczos")

Windows = tuple[NDArray[np.int32], NDArray[np.int16]]
Pattern = Callable[[int, int], NDArray[np.uint8]]


def windows(count: int, size: int, start: float, scale: float, kind: str, *, sharpen: float = 0.0) -> Windows:
    first = np.full(count, -1, np.int32)
    taps = np.full((count, window_length(scale, kind)), 77, np.int16)
    fill_windows(first, taps, size, start, scale, kind, sharpen=sharpen)
    return first, taps


def real_weights(
    count: int, size: int, start: float, scale: float, kind: str, *, sharpen: float = 0.0
) -> NDArray[np.float64]:
    """Outputs x source samples, by the words of the definition."""
    weights = np.zeros((count, size))
    for i in range(count):
        centre = min(max(start + (i + 0.5) * scale, 0), size)
        x = (np.arange(size) + 0.5 - centre) / max(scale, 1)
        if kind == "box":
            weights[i] = (x >= -0.5) & (x < 0.5)
        elif kind == "triangle":
            weights[i] = np.maximum(0, 1 - abs(x))
        else:
            inside = (x >= -3) & (x < 3)
            weights[i] = np.where(inside, np.sinc(x) * np.sinc(x / 3), 0)
            before, *_, after = np.lib.stride_tricks.sliding_window_view(np.pad(weights[i], 1), size)
            weights[i] = np.where(inside, (1 + 2 * sharpen) * weights[i] - sharpen * (before + after), 0)
        if not weights[i].any():
            weights[i, min(int(centre), size - 1)] = 1
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def dense(made: Windows, size: int) -> NDArray[np.int64]:
    """Windows as outputs x source samples."""
    first, taps = made
    matrix = np.zeros((len(first), size + taps.shape[1]), np.int64)
    for row, start, window in zip(matrix, first, taps, strict=True):
        row[start : start + len(window)] = window
    assert not matrix[:, size:].any(), "a tap beyond the source"
    return matrix[:, :size]


def integer_reference(src: NDArray[np.uint8], vertical: Windows, horizontal: Windows) -> NDArray[np.uint8]:
    rows = (dense(vertical, src.shape[0]) @ src + (1 << 7)) >> 8
    sums = (rows @ dense(horizontal, src.shape[1]).T + (1 << 19)) >> 20
    result: NDArray[np.uint8] = np.clip(sums, 0, 255).astype(np.uint8)
    return result


def resampled(
    src: NDArray[np.uint8], vertical: Windows, horizontal: Windows, level: str
) -> NDArray[np.uint8]:
    dst = np.full((len(vertical[0]), len(horizontal[0])), 99, np.uint8)
    scratch = np.full(src.shape[1] + horizontal[1].shape[1], 31000, np.int16)
    before = cpu.level()
    cpu.use(level)
    try:
        resample(src, dst, vertical, horizontal, scratch)
    finally:
        cpu.use(before)
    return dst


def fitted(src: NDArray[np.uint8], width: int, height: int, kind: str = "lanczos") -> tuple[Windows, Windows]:
    """The windows that take the whole of src to width x height samples."""
    rows, columns = src.shape
    return (
        windows(height, rows, 0, rows / height, kind),
        windows(width, columns, 0, columns / width, kind),
    )


def noise(rows: int, columns: int, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8)


def hard_edges(rows: int, columns: int) -> NDArray[np.uint8]:
    """Black and white, where Lanczos overshoots most."""
    return np.where(noise(rows, columns, 2) < 128, np.uint8(0), np.uint8(255))


def prime_periods(rows: int, columns: int) -> NDArray[np.uint8]:
    """A pattern in which no block equals its neighbours."""
    y, x = np.mgrid[:rows, :columns]
    result: NDArray[np.uint8] = (y * 89 + x * 37 + (y * columns + x) % 251).astype(np.uint8)
    return result


def assert_same(got: NDArray[np.uint8], expected: NDArray[np.uint8], what: object) -> None:
    wrong = np.argwhere(got != expected)
    assert not len(wrong), f"{what}: {len(wrong)} differ, first at {wrong[0]}"


# --- Windows ----------------------------------------------------------------------------------------

SCALES = [1 / 7, 0.5, 0.999, 1.0, 1.001, 4 / 3, 1.5, 2.0, 8 / 3, 2.7777, 3.0, 10.0, 61.3]


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("scale", SCALES)
def test_windows_are_the_filter(kind: str, scale: float) -> None:
    """Every tap is the filter's weight, rounded by less than one step, and each window sums to unity."""
    size = 97
    count = math.ceil(size / scale)
    taps = dense(windows(count, size, -0.3, scale, kind), size)
    expected = real_weights(count, size, -0.3, scale, kind) * UNITY
    assert abs(taps - expected).max() < 1.001
    assert (taps.sum(axis=1) == UNITY).all()


@pytest.mark.parametrize("scale", SCALES)
def test_sharpened_windows(scale: float) -> None:
    """Sharpened, every tap has a share of its neighbours taken off, those in the window."""
    size = 97
    count = math.ceil(size / scale)
    taps = dense(windows(count, size, 0.4, scale, "lanczos", sharpen=0.05), size)
    expected = real_weights(count, size, 0.4, scale, "lanczos", sharpen=0.05) * UNITY
    assert abs(taps - expected).max() < 1.001
    assert (taps.sum(axis=1) == UNITY).all()


@pytest.mark.parametrize(("scale", "kind", "length"), [
    (0.1, "box", 8), (1.0, "lanczos", 8), (4 / 3, "lanczos", 8), (1.34, "lanczos", 16),
    (8 / 3, "lanczos", 16), (2.7777, "lanczos", 32), (16.0, "triangle", 32), (16.1, "triangle", 48),
])  # fmt: skip
def test_window_length(scale: float, kind: str, length: int) -> None:
    """Windows have eight taps or a multiple of sixteen, the fewest that twice the support needs."""
    assert window_length(scale, kind) == length


@settings(deadline=None, max_examples=150)
@given(
    size=st.integers(1, 70),
    count=st.integers(1, 40),
    start=st.floats(-100, 100),
    scale=st.floats(1e-3, 200),
    kind=st.sampled_from(FILTERS),
    sharpen=st.sampled_from([0.0, 1 / 32, 1 / 16]),
)
def test_windows_stay_in_range(
    size: int, count: int, start: float, scale: float, kind: str, sharpen: float
) -> None:
    """Whatever the numbers, windows lie in the source, sum to unity, and stay below 1.6 unities absolute.

    Sharpened they stay below 2.
    """
    first, taps = windows(count, size, start, scale, kind, sharpen=sharpen)
    assert ((first >= 0) & (first < size)).all()
    matrix = dense((first, taps), size)
    assert (matrix.sum(axis=1) == UNITY).all()
    assert abs(matrix).sum(axis=1).max() < (1.6 + 6.4 * sharpen) * UNITY


def test_range_of_lanczos_is_as_stated() -> None:
    """The absolute taps come to 1.57 unities at the edge of two samples, and nowhere to 1.6."""
    most = 0.0
    for size in range(1, 9):
        for scale in np.geomspace(0.2, 12, 60):
            start = -0.5 * scale
            matrix = dense(windows(400, size, start, (size + scale) / 400, "lanczos"), size)
            stretched = dense(windows(9, size, start, float(scale), "lanczos"), size)
            most = max(most, abs(matrix).sum(axis=1).max(), abs(stretched).sum(axis=1).max())
    assert 1.56 * UNITY < most < 1.6 * UNITY


def test_a_very_long_window_sums_to_unity() -> None:
    """60,000 samples into one: most taps round to nothing, and still nothing is lost or added."""
    _, taps = windows(1, 60_000, 0, 60_000, "lanczos")
    assert taps.sum(dtype=np.int64) == UNITY
    assert abs(taps.astype(np.int64)).sum() < 1.6 * UNITY


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf, 2.0**25])
def test_impossible_scales_are_refused(scale: float) -> None:
    """A scale is a number of samples above zero and no longer than any plane."""
    with pytest.raises(ValueError, match="scale"):
        window_length(scale, "box")


def test_unknown_filters_are_refused() -> None:
    """The error names the filters that there are."""
    with pytest.raises(ValueError, match="lanczos"):
        window_length(1.0, "sinc")


@pytest.mark.parametrize(("count", "room", "length", "size", "start"), [
    (3, 2, 8, 10, 0.0), (0, 0, 8, 10, 0.0), (3, 3, 16, 10, 0.0), (3, 3, 8, 0, 0.0), (3, 3, 8, 10, math.nan),
])  # fmt: skip
def test_windows_that_do_not_go_together_are_refused(
    count: int, room: int, length: int, size: int, start: float
) -> None:
    """Room for other windows than asked for, an empty source and no place to start are refused."""
    with pytest.raises(ValueError):
        fill_windows(np.zeros(room, np.int32), np.zeros((count, length), np.int16), size, start, 1.0, "box")


# --- Planes -----------------------------------------------------------------------------------------

SHAPES = [
    # rows, columns -> height, width: all kinds of tails, tiny planes, and each kind of window.
    ((1, 1), (1, 1)),
    ((1, 1), (9, 40)),
    ((1, 77), (1, 13)),
    ((77, 1), (13, 1)),
    ((2, 3), (5, 7)),
    ((31, 31), (7, 7)),
    ((33, 32), (8, 9)),
    ((40, 64), (39, 63)),
    ((67, 97), (51, 73)),
    ((64, 130), (37, 79)),
    ((101, 131), (37, 47)),
    ((90, 200), (9, 20)),
    ((150, 96), (15, 97)),
    ((23, 41), (71, 113)),
]  # fmt: skip


@pytest.mark.parametrize("level", cpu.levels())
@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize(("shape", "target"), SHAPES)
@pytest.mark.parametrize("pattern", [noise, hard_edges, prime_periods])
def test_planes_equal_the_references(
    shape: tuple[int, int], target: tuple[int, int], pattern: Pattern, kind: str, level: str
) -> None:
    """The bytes equal the sums in integers, and are within one level of the sums in real numbers."""
    src = pattern(*shape)
    vertical, horizontal = fitted(src, target[1], target[0], kind)
    got = resampled(src, vertical, horizontal, level)
    assert_same(got, integer_reference(src, vertical, horizontal), "integer")
    rows = real_weights(target[0], shape[0], 0, shape[0] / target[0], kind)
    columns = real_weights(target[1], shape[1], 0, shape[1] / target[1], kind)
    exact = np.clip(rows @ src @ columns.T, 0, 255)
    assert abs(got - exact).max() <= 1


@settings(deadline=None, max_examples=120)
@given(
    rows=st.integers(1, 80),
    columns=st.integers(1, 150),
    scales=st.tuples(st.floats(0.3, 10), st.floats(0.3, 10)),
    starts=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    target=st.tuples(st.integers(1, 30), st.integers(1, 60)),
    kind=st.sampled_from(FILTERS),
)
def test_any_size_equals_the_reference(
    rows: int,
    columns: int,
    scales: tuple[float, float],
    starts: tuple[float, float],
    target: tuple[int, int],
    kind: str,
) -> None:
    """All levels give the bytes of the integer sums, whatever the sizes, scales and starts."""
    src = noise(rows, columns, rows * 151 + columns)
    vertical = windows(target[0], rows, starts[0], scales[0], kind)
    horizontal = windows(target[1], columns, starts[1], scales[1], kind)
    expected = integer_reference(src, vertical, horizontal)
    for level in cpu.levels():
        assert_same(resampled(src, vertical, horizontal, level), expected, level)


@pytest.mark.parametrize("level", cpu.levels())
@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("value", [0, 1, 127, 254, 255])
def test_flat_stays_flat(value: int, kind: str, level: str) -> None:
    """A plane of one value keeps it exactly, reduced and enlarged."""
    src = np.full((61, 83), value, np.uint8)
    for width, height in [(29, 17), (83, 61), (201, 100), (1, 1)]:
        assert (resampled(src, *fitted(src, width, height, kind), level) == value).all()


@pytest.mark.parametrize("level", cpu.levels())
@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("shape", [(1, 1), (7, 31), (50, 131)])
def test_identity(shape: tuple[int, int], kind: str, level: str) -> None:
    """At scale 1 from 0 every sample comes back."""
    src = noise(*shape)
    assert_same(resampled(src, *fitted(src, shape[1], shape[0], kind), level), src, "identity")


@pytest.mark.parametrize("level", cpu.levels())
def test_whole_starts_cut_a_piece_out(level: str) -> None:
    """At scale 1 a start of whole samples moves the plane and changes no sample."""
    src = noise(40, 70)
    vertical, horizontal = windows(20, 40, 7, 1, "lanczos"), windows(33, 70, 21, 1, "lanczos")
    assert_same(resampled(src, vertical, horizontal, level), src[7:27, 21:54], "moved")


@pytest.mark.parametrize("level", cpu.levels())
@pytest.mark.parametrize(("shape", "target"), SHAPES)
def test_what_surrounds_a_plane_does_not_matter(
    shape: tuple[int, int], target: tuple[int, int], level: str
) -> None:
    """Other samples around the source change nothing, and those around the result are left alone."""
    rows, columns = shape
    field = noise(rows + 12, columns + 75, 3)
    inner = field[5 : 5 + rows, 35 : 35 + columns]
    vertical, horizontal = fitted(inner, target[1], target[0])
    expected = integer_reference(inner.copy(), vertical, horizontal)
    scratch = np.empty(columns + horizontal[1].shape[1] + 64, np.int16)
    before = cpu.level()
    cpu.use(level)
    try:
        for surround in (0, 255):
            outside = np.ones(field.shape, bool)
            outside[5 : 5 + rows, 35 : 35 + columns] = False
            field[outside] = surround
            out = np.full((target[0] + 4, target[1] + 70), 123, np.uint8)
            piece = out[2:-2, 35:-35]
            scratch[:] = 4321
            resample(inner, piece, vertical, horizontal, scratch[:-64])
            assert_same(piece, expected, surround)
            piece[:] = 123
            assert (out == 123).all()
            assert (scratch[-64:] == 4321).all()
    finally:
        cpu.use(before)


def test_rows_may_run_backwards() -> None:
    """A step below zero is a plane turned over."""
    src = noise(20, 50)
    vertical, horizontal = fitted(src, 31, 13)
    expected = integer_reference(src[::-1], vertical, horizontal)
    for level in cpu.levels():
        assert_same(resampled(src[::-1], vertical, horizontal, level), expected, level)


# --- What is refused --------------------------------------------------------------------------------


def call(**changes: object) -> None:
    src = noise(9, 9)
    vertical, horizontal = fitted(src, 5, 5)
    arguments: dict[str, object] = {
        "src": src,
        "dst": np.zeros((5, 5), np.uint8),
        "vertical": vertical,
        "horizontal": horizontal,
        "scratch": np.zeros(9 + 16, np.int16),
    }
    resample(**(arguments | changes))  # type: ignore[arg-type]


def changed(array: NDArray[np.int16], index: tuple[int, int], value: int) -> NDArray[np.int16]:
    copy = array.copy()
    copy[index] = value
    return copy


GOOD_FIRST, GOOD_TAPS = windows(5, 9, 0, 9 / 5, "lanczos")


@pytest.mark.parametrize(
    "changes",
    [
        {"src": np.zeros((0, 9), np.uint8)},
        {"src": np.zeros((9, 0), np.uint8)},
        {"dst": np.zeros((5, 0), np.uint8)},
        {"src": noise(9, 18)[:, ::2]},
        {"dst": noise(5, 10)[:, ::2]},
        {"dst": np.zeros((6, 5), np.uint8)},
        {"src": noise(8, 9)},
        {"src": noise(9, 8)},
        {"scratch": np.zeros(9 + 15, np.int16)},
        {"vertical": (GOOD_FIRST - 1, GOOD_TAPS)},
        {"horizontal": (GOOD_FIRST + 1, GOOD_TAPS)},
        {"horizontal": (GOOD_FIRST[:4], GOOD_TAPS)},
        {"horizontal": (GOOD_FIRST, np.ascontiguousarray(GOOD_TAPS[:, :12]))},
        {"horizontal": (GOOD_FIRST, np.zeros((5, 0), np.int16))},
        {"vertical": (GOOD_FIRST, changed(GOOD_TAPS, (4, 0), 1))},
        {"horizontal": (GOOD_FIRST, changed(changed(GOOD_TAPS, (2, 1), -9000), (2, 2), 25384))},
        {"vertical": (GOOD_FIRST,)},
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, object]) -> None:
    """Nothing is read or written where shapes, steps, windows or scratch do not fit."""
    call()
    with pytest.raises(ValueError):
        call(**changes)


def test_other_kinds_of_arguments_are_refused() -> None:
    """Samples of 16 bits, None, and a result that can't be written."""
    frozen = np.zeros((5, 5), np.uint8)
    frozen.flags.writeable = False
    for changes in ({"src": np.zeros((9, 9), np.uint16)}, {"dst": frozen}):
        with pytest.raises(ValueError):
            call(**changes)
    pairs = (("vertical", (GOOD_FIRST, None)), ("horizontal", (None, GOOD_TAPS)))
    for name, value in (("src", None), ("vertical", None), *pairs):
        with pytest.raises(TypeError):
            call(**{name: value})
