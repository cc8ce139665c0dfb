"""The DCT against the formula, quantisation against its definition, lengths against libjpeg's files."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.kernels import cpu, dct, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")
Sampling: TypeAlias = tuple[tuple[int, int], ...]
Tables: TypeAlias = list[tuple["NDArray[np.uint16]", "NDArray[np.float64]"]]

GRAY: Sampling = ((1, 1),)
S444: Sampling = ((1, 1), (1, 1), (1, 1))
S422: Sampling = ((2, 1), (1, 1), (1, 1))
S420: Sampling = ((2, 2), (1, 1), (1, 1))
SAMPLINGS: list[Sampling] = [
    GRAY,
    ((2, 2),),
    S444,
    S422,
    S420,
    ((1, 2), (1, 1), (1, 1)),
    ((4, 1), (1, 1), (1, 1)),
    ((1, 1), (2, 2), (1, 1)),
    ((2, 2), (2, 1), (1, 2)),
]

SIZES = [(1, 1), (1, 9), (7, 1), (8, 8), (8, 16), (9, 17), (16, 24), (15, 31), (33, 40), (64, 65)]


def zigzag() -> list[tuple[int, int]]:
    """Row and column of each coefficient in the order of T.81, figure 5: along diagonals."""
    cells = [(row, column) for row in range(8) for column in range(8)]
    return sorted(cells, key=lambda c: (sum(c), c[0] if sum(c) % 2 else c[1]))


ZIGZAG = zigzag()


@pytest.fixture(params=cpu.levels())
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set of this machine in turn."""
    before = cpu.level()
    cpu.use(request.param)
    yield request.param
    cpu.use(before)


def on_every_level(work: Callable[[], T]) -> list[T]:
    before = cpu.level()
    try:
        results = []
        for name in cpu.levels():
            cpu.use(name)
            results.append(work())
        return results
    finally:
        cpu.use(before)


# --- Forward DCT ------------------------------------------------------------------------------------


def forward(plane: NDArray[np.uint8]) -> NDArray[np.int16]:
    rows, columns = plane.shape
    out = np.full((-(-rows // 8), -(-columns // 8), 64), 0x5A5A, np.int16)
    dct.forward(plane, out)
    return out


def exact(plane: NDArray[np.uint8]) -> NDArray[np.float64]:
    """T.81, A.3.3, in floating point, with the plane's edges repeated."""
    rows, columns = plane.shape
    padded = np.pad(plane, ((0, -rows % 8), (0, -columns % 8)), mode="edge").astype(np.float64) - 128
    x, u = np.meshgrid(np.arange(8), np.arange(8))
    basis = np.where(u == 0, math.sqrt(1 / 8), 0.5 * np.cos((2 * x + 1) * u * math.pi / 16))
    blocks = padded.reshape(padded.shape[0] // 8, 8, padded.shape[1] // 8, 8).transpose(0, 2, 1, 3)
    transformed = basis @ blocks @ basis.T
    return np.stack([transformed[:, :, row, column] for row, column in ZIGZAG], axis=-1)


def noise(rows: int, columns: int, seed: int = 7) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)


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


# --- Quantisation -----------------------------------------------------------------------------------


def quantise(
    coefficients: NDArray[np.int16], table: NDArray[np.uint16], dead_zone: NDArray[np.float64]
) -> NDArray[np.int16]:
    out = np.full_like(coefficients, 0x5A5A)
    dct.quantise(coefficients, table, dead_zone, out)
    return out


def defined(coefficient: int, step: int, dead_zone: float) -> int:
    """The definition in the stub, in whole numbers of Python."""
    divisor = step * dct.SCALE
    kept = min(abs(coefficient), 1023 * dct.SCALE)
    magnitude = (kept + divisor - math.ceil(dead_zone * dct.SCALE * step)) // divisor
    return magnitude if coefficient > 0 else -magnitude


ALL = np.arange(-32768, 32768).astype(np.int16)


@pytest.mark.parametrize("first", [1, 33, 65, 97, 129, 161, 192])
def test_quantise_is_as_defined(level: str, first: int) -> None:
    """Every coefficient there is, over all steps, with all kinds of dead zones."""
    table = np.arange(first, first + 64, dtype=np.uint16)
    dead_zone = np.resize([0.5, 0.55, 1.0, 0.001, 0.7, 1 / 3, 0.61], 64)
    made = quantise(np.repeat(ALL, 64).reshape(256, 256, 64), table, dead_zone).reshape(-1, 64)
    magnitude = np.abs(ALL.astype(np.int64))
    for k, (step, zone) in enumerate(zip(table.tolist(), dead_zone.tolist(), strict=True)):
        divisor = step * dct.SCALE
        n = np.minimum(magnitude, 1023 * dct.SCALE) + divisor - math.ceil(zone * dct.SCALE * step)
        wanted = np.sign(ALL) * (n // divisor)
        assert np.array_equal(made[:, k], wanted), f"step {step}, dead zone {zone}"


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_quantise_blocks_as_defined(seed: int) -> None:
    """Random blocks, tables and dead zones come out as defined, on all levels."""
    rng = np.random.default_rng(seed)
    coefficients = rng.integers(-32768, 32768, (2, 3, 64)) >> rng.integers(0, 16, (2, 3, 64))
    coefficients = coefficients.astype(np.int16)
    table = rng.integers(1, 256, 64).astype(np.uint16)
    dead_zone = rng.uniform(0.01, 1, 64)
    steps, zones = table.tolist(), dead_zone.tolist()
    rows = coefficients.reshape(-1, 64).tolist()
    wanted = [[defined(*triple) for triple in zip(row, steps, zones, strict=True)] for row in rows]
    for made in on_every_level(lambda: quantise(coefficients, table, dead_zone)):
        assert made.reshape(-1, 64).tolist() == wanted


def test_half_is_plain_rounding(level: str) -> None:
    """With a dead zone of 0.5 the quotient is rounded, halves away from zero."""
    coefficients = np.tile(np.arange(-100, 100, dtype=np.int16)[:, None, None] * 8, (1, 1, 64))
    made = quantise(coefficients, np.full(64, 3, np.uint16), np.full(64, 0.5))
    real = coefficients / (3 * dct.SCALE)
    assert np.array_equal(made, np.sign(real) * np.floor(np.abs(real) + 0.5))


def test_quantise_in_place(level: str) -> None:
    """The output may be the input."""
    coefficients = forward(noise(40, 40))
    table, dead_zone = np.full(64, 5, np.uint16), np.full(64, 0.6)
    wanted = quantise(coefficients, table, dead_zone)
    dct.quantise(coefficients, table, dead_zone, coefficients)
    assert np.array_equal(coefficients, wanted)


@pytest.mark.parametrize(
    ("step", "zone", "reason"),
    [
        (0, 0.5, "step 0"),
        (256, 0.5, "step 256"),
        (1, 0.0, "dead zone 0.0"),
        (1, 1.01, "1.01"),
        (1, math.nan, "nan"),
    ],
)
def test_quantise_refuses_wrong_tables(step: int, zone: float, reason: str) -> None:
    """A step or a dead zone out of range is refused, wherever it stands."""
    coefficients = np.zeros((1, 1, 64), np.int16)
    table, dead_zone = np.ones(64, np.uint16), np.full(64, 0.5)
    table[63], dead_zone[63] = step, zone
    with pytest.raises(ValueError, match=reason):
        quantise(coefficients, table, dead_zone)


def test_quantise_refuses_wrong_shapes() -> None:
    """Short tables, blocks that are not 64 long and outputs of another shape are refused."""
    blocks, table, dead_zone = np.zeros((2, 2, 64), np.int16), np.ones(64, np.uint16), np.full(64, 0.5)
    with pytest.raises(ValueError, match="64 values each"):
        dct.quantise(blocks, table[:63].copy(), dead_zone, blocks)
    with pytest.raises(ValueError, match="not 2 x 2 x 64"):
        dct.quantise(blocks, table, dead_zone, np.zeros((2, 1, 64), np.int16))
    with pytest.raises(ValueError, match="has 64 values"):
        dct.quantise(np.zeros((2, 2, 63), np.int16), table, dead_zone, blocks)


# --- Length of the file -----------------------------------------------------------------------------

PLAIN: Tables = [(np.ones(64, np.uint16), np.full(64, 0.5))]


def shapes(sampling: Sampling, width: int, height: int) -> list[tuple[int, int, int]]:
    most_h, most_v = max(h for h, _ in sampling), max(v for _, v in sampling)
    return [(-(-height * v // (8 * most_v)), -(-width * h // (8 * most_h)), 64) for h, v in sampling]


def measure(
    components: Sequence[NDArray[np.int16]], tables: Tables, sampling: Sampling, width: int, height: int
) -> int:
    """The length, worked out in a scratch of exactly the length that it may need."""
    length = dct.scratch_length(sampling, width, height)
    guarded = np.full(length + 8, 0xDEADBEEF, np.uint32)
    measured = dct.measure(components, tables, sampling, width, height, guarded[:length])
    assert (guarded[length:] == 0xDEADBEEF).all()
    return measured


def written(
    components: Sequence[NDArray[np.int16]],
    tables: Tables,
    sampling: Sampling,
    width: int,
    height: int,
    length: int,
) -> bytes:
    """The file, written into exactly the room that it needs."""
    scratch = np.empty(dct.scratch_length(sampling, width, height), np.uint32)
    guarded = np.full(length + 8, 0xAA, np.uint8)
    made = dct.write(components, tables, sampling, width, height, scratch, guarded[:length])
    assert (guarded[length:] == 0xAA).all()
    return guarded[:made].tobytes()


def by_libjpeg(
    blocks: list[NDArray[np.int16]], tables: Tables, sampling: Sampling, width: int, height: int
) -> bytes:
    steps = np.stack([table for table, _ in tables])
    ids = [0] + [len(tables) - 1] * (len(blocks) - 1)
    return jpeg.write_coefficients(
        blocks, steps, sampling, ids, width=width, height=height, progressive=False
    )


def check(
    quantised: list[NDArray[np.int16]], sampling: Sampling, width: int, height: int, tables: Tables = PLAIN
) -> None:
    """Quantised blocks, given as coefficients with steps of 1, make the file that libjpeg writes."""
    components = [(blocks * dct.SCALE).astype(np.int16) for blocks in quantised]
    check_file(components, quantised, sampling, width, height, tables)


def check_file(
    components: list[NDArray[np.int16]],
    quantised: list[NDArray[np.int16]],
    sampling: Sampling,
    width: int,
    height: int,
    tables: Tables,
) -> None:
    """Measured length and written file are those of libjpeg's file, to the byte, on every level."""
    wanted = by_libjpeg(quantised, tables, sampling, width, height)
    measured = on_every_level(lambda: measure(components, tables, sampling, width, height))
    assert measured == [len(wanted)] * len(measured)
    made = on_every_level(lambda: written(components, tables, sampling, width, height, len(wanted)))
    assert made == [wanted] * len(made)


def photograph(sampling: Sampling, width: int, height: int, seed: int = 3) -> list[NDArray[np.int16]]:
    """Coefficients of smoothed noise with an edge through it."""
    rng = np.random.default_rng(seed)
    components = []
    for high, wide, _ in shapes(sampling, width, height):
        plane = rng.normal(0, 300, (8 * high + 6, 8 * wide + 6))
        for _ in range(3):
            plane = (plane[:-2] + plane[1:-1] + plane[2:]) / 3
            plane = (plane[:, :-2] + plane[:, 1:-1] + plane[:, 2:]) / 3
        plane[:, : 3 * wide] += 60
        components.append(forward(np.clip(plane + 110, 0, 255).astype(np.uint8)))
    return components


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(SAMPLINGS),
    st.integers(1, 150),
    st.integers(1, 150),
    st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]),
    st.sampled_from([1, 2, 10, 1023]),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_length_is_the_files(
    sampling: Sampling, width: int, height: int, density: float, largest: int, seed: int, two: bool
) -> None:
    """Random blocks, from none to all coefficients, measure to the byte what libjpeg writes."""
    rng = np.random.default_rng(seed)
    quantised = [
        (rng.integers(-largest, largest + 1, shape) * (rng.random(shape) < density)).astype(np.int16)
        for shape in shapes(sampling, width, height)
    ]
    check(quantised, sampling, width, height, PLAIN * (2 if two and len(sampling) == 3 else 1))


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (8, 8), (16, 17), (65, 31), (200, 133)])
def test_length_of_photographs(sampling: Sampling, width: int, height: int) -> None:
    """Coefficients with coarse tables and dead zones measure what their quantised blocks are written in."""
    radius = np.array([math.hypot(*cell) for cell in ZIGZAG])
    components = photograph(sampling, width, height)
    for factor in (0.05, 0.5, 4.0):
        table = np.clip(np.rint((12 + 10 * radius) * factor), 1, 255).astype(np.uint16)
        tables = [
            (table, 0.55 + 0.015 * radius),
            (np.minimum(2 * table, 255).astype(np.uint16), np.full(64, 0.6)),
        ]
        tables = tables[: 1 if len(sampling) == 1 else 2]
        quantised = [quantise(c, *tables[min(i, 1)]) for i, c in enumerate(components)]
        check_file(components, quantised, sampling, width, height, tables)


@pytest.mark.parametrize("sampling", [GRAY, S444, S420])
@pytest.mark.parametrize("value", [-1023, 0, 1, 1023])
def test_length_of_one_value(sampling: Sampling, value: int) -> None:
    """Blocks that hold one value throughout, up to the largest, measure what libjpeg writes."""
    check([np.full(shape, value, np.int16) for shape in shapes(sampling, 45, 39)], sampling, 45, 39)


def test_length_with_the_largest_differences() -> None:
    """DC that leaps between both ends takes eleven bits more than its code."""
    quantised = [np.zeros(shape, np.int16) for shape in shapes(GRAY, 80, 80)]
    quantised[0][:, :, 0] = np.where(np.indices((10, 10)).sum(axis=0) % 2, 1023, -1023)
    check(quantised, GRAY, 80, 80)


@pytest.mark.parametrize("count", range(1, 10))
def test_length_when_the_last_byte_is_filled_up(count: int) -> None:
    """However many bits the last byte has, it is filled with ones, and stuffed when it has become 0xFF."""
    blocks = np.zeros((1, count, 64), np.int16)
    for coded in range(count + 1):
        blocks[0, :coded, 1] = 1
        check([blocks], GRAY, 8 * count, 8)


def test_length_with_many_ff() -> None:
    """Bits that are ones only are followed by many stuffed zeros, and those are counted."""
    quantised = [np.full((20, 20, 64), 1023, np.int16)]
    data = by_libjpeg(quantised, PLAIN, GRAY, 160, 160)
    assert data.count(b"\xff\x00") > 1000
    check(quantised, GRAY, 160, 160)


def test_writing_stays_in_its_room() -> None:
    """With any room less than the file needs there is a ValueError, and nothing is written behind it."""
    components = photograph(S420, 65, 31)
    tables = PLAIN
    length = measure(components, tables, S420, 65, 31)
    for room in [1, 20, 300, *range(length - 40, length)]:
        with pytest.raises(ValueError, match="more than the"):
            written(components, tables, S420, 65, 31, room)
    assert len(written(components, tables, S420, 65, 31, length)) == length


@pytest.mark.parametrize("gap", [15, 16, 17, 31, 32, 48, 62])
def test_length_with_long_runs(gap: int) -> None:
    """Runs of sixteen zeros and more have codes of their own, at the end of a block they have none."""
    blocks = np.zeros((3, 3, 64), np.int16)
    blocks[:, :, 1 + gap] = 5
    check([blocks], GRAY, 24, 24)


def test_codes_are_limited_to_sixteen_bits() -> None:
    """Symbols as frequent as Fibonacci numbers, whose codes would be longer, measure what libjpeg writes."""
    frequencies = [4, 4]
    while len(frequencies) < 19:
        frequencies.append(frequencies[-1] + frequencies[-2])
    symbols = [(zeros, 1 << size) for zeros in range(4) for size in range(6)]
    blocks = np.zeros((210 * 210, 64), np.int16)
    first = 0
    for (zeros, value), frequency in zip(symbols, frequencies, strict=False):
        blocks[first : first + frequency, 1 + zeros] = value
        first += frequency
    check([blocks.reshape(210, 210, 64)], GRAY, 1680, 1680)


def test_length_does_not_depend_on_the_scratch() -> None:
    """What was left in the scratch by an earlier call changes nothing, nor does more room."""
    components = photograph(S420, 100, 90)
    scratch = np.full(dct.scratch_length(S420, 100, 90) + 1000, 0xFFFFFFFF, np.uint32)
    first = dct.measure(components, PLAIN, S420, 100, 90, scratch)
    assert dct.measure(components, PLAIN, S420, 100, 90, scratch) == first
    assert first == measure(components, PLAIN, S420, 100, 90)


def test_measure_keeps_the_coefficients() -> None:
    """Measuring leaves the coefficients as they are and keeps no reference to them."""
    components = photograph(S444, 50, 50)
    before = [component.copy() for component in components]
    references_before = sys.getrefcount(components[0])
    measure(components, PLAIN, S444, 50, 50)
    references_after = sys.getrefcount(components[0])
    assert references_after == references_before
    assert all(np.array_equal(a, b) for a, b in zip(components, before, strict=True))


@pytest.mark.parametrize(
    "sampling", [(), S444[:2], ((0, 1),), ((5, 1), (1, 1), (1, 1)), ((4, 4), (1, 1), (1, 1))]
)
def test_impossible_samplings_are_refused(sampling: Sampling) -> None:
    """Two components, factors beyond 4 and MCUs of more than ten blocks are no JPEG of ours."""
    with pytest.raises(ValueError):
        dct.scratch_length(sampling, 16, 16)


@pytest.mark.parametrize(("width", "height"), [(0, 8), (8, 0), (-8, 8), (65536, 8)])
def test_impossible_sizes_are_refused(width: int, height: int) -> None:
    """A side is 1 to 65,535 pixels."""
    with pytest.raises(ValueError, match="no size"):
        dct.scratch_length(GRAY, width, height)


def test_measure_refuses_what_does_not_fit_together() -> None:
    """Components, tables and scratch must belong to the sampling and the size."""
    components = photograph(S420, 32, 32)
    scratch = np.empty(dct.scratch_length(S420, 32, 32), np.uint32)
    with pytest.raises(ValueError, match="2 components"):
        dct.measure(components[:2], PLAIN, S420, 32, 32, scratch)
    with pytest.raises(ValueError, match="component 0 is 4 x 4 x 64, not 5 x 4 x 64"):
        dct.measure(components, PLAIN, S420, 32, 33, scratch)
    for tables in ([], PLAIN * 3):
        with pytest.raises(ValueError, match="tables for 3"):
            dct.measure(components, tables, S420, 32, 32, scratch)
    with pytest.raises(ValueError, match="tables for 1"):
        dct.measure(components[:1], PLAIN * 2, GRAY, 32, 32, scratch)
    with pytest.raises(ValueError, match="scratch"):
        dct.measure(components, PLAIN, S420, 32, 32, scratch[:-1])
    with pytest.raises(TypeError, match="component 1 is None"):
        dct.measure([components[0], None, components[2]], PLAIN, S420, 32, 32, scratch)  # type: ignore[list-item]


def optimised(
    source: NDArray[np.int16],
    quantised: NDArray[np.int16],
    table: NDArray[np.uint16],
    bits: NDArray[np.uint8],
    lambda_: int,
    *,
    places: tuple[int, int] = (1, 63),
    empty: int | None = None,
) -> NDArray[np.int16]:
    """One block after rate-distortion optimisation, as the manual of the kernel has it.

    Args:
        bits: of the AC codes.
        places: of the first and the last coefficient that are coded together.
        empty: the bits of a block without coefficients there; None: those that end any block.
    """
    block = quantised.astype(int)
    first, last = places
    end = int(bits[0])

    def cost(run: int, size: int) -> int:
        return int(bits[(run % 16) << 4 | size]) + run // 16 * int(bits[0xF0])

    for k in range(last, first - 1, -1):
        size = int(abs(block[k])).bit_length()
        if block[k] == 0 or abs(block[k]) != 1 << (size - 1):
            continue
        inverse = (65536 + int(table[k]) // 2) // int(table[k])
        exact = abs(int(source[k])) * inverse >> 12
        error = 256 * (2 * (exact - 256 * abs(int(block[k]))) + 256)
        before = max([j for j in range(first, k) if block[j]], default=first - 1)
        after = [j for j in range(k + 1, last + 1) if block[j]]
        if size > 1:
            row = ((k - before - 1) % 16) << 4
            saved = min(int(bits[row | size]) - int(bits[row | (size - 1)]), 4)
        else:
            saved = cost(k - before - 1, 1)
            if after:
                next_size = int(abs(block[after[0]])).bit_length()
                saved += cost(after[0] - k - 1, next_size) - cost(after[0] - before - 1, next_size)
            else:
                alone = before == first - 1
                saved += (end if k < last else 0) - (empty if alone and empty is not None else end)
            saved = min(saved, 12)
        if error < lambda_ * saved:
            block[k] -= 1 if block[k] > 0 else -1
    return block.astype(np.int16)


#: Width and height of the picture whose errors are traded for bits.
OPTIMISED = (75, 50)


def rdo_case(
    sampling: Sampling, factor: float
) -> tuple[list[NDArray[np.int16]], Tables, list[float], NDArray[np.uint8], list[NDArray[np.uint8]]]:
    """Coefficients, tables with their dead zones, lambdas, lengths of codes and masks of blocks."""
    rng = np.random.default_rng(7)
    components = photograph(sampling, *OPTIMISED)
    table = np.clip(np.rint((8 + np.arange(64)) * factor), 1, 255).astype(np.uint16)
    tables = [(table, np.full(64, 0.5)), (np.minimum(2 * table, 255).astype(np.uint16), np.full(64, 0.47))]
    tables, lambdas = tables[: min(len(sampling), 2)], [0.08, 0.25][: min(len(sampling), 2)]
    bits = rng.integers(2, 27, dct.CODES).astype(np.uint8)
    masks = [rng.integers(0, 256, c.shape[:2]).astype(np.uint8) for c in components]
    return components, tables, lambdas, bits, masks


@pytest.mark.parametrize("sampling", [GRAY, S444, S420])
@pytest.mark.parametrize("factor", [0.1, 1.0, 3.0])
def test_rdo(sampling: Sampling, factor: float) -> None:
    """Errors are traded for bits block by block, by each block's mask; measured and written alike."""
    width, height = OPTIMISED
    components, tables, lambdas, bits, masks = rdo_case(sampling, factor)
    wanted, changed = [], 0
    for i, component in enumerate(components):
        steps, dead_zone = tables[min(i, len(tables) - 1)]
        plain = quantise(component, steps, dead_zone)
        after = plain.copy()
        for place in np.ndindex(*plain.shape[:2]):
            lambda_ = int(65536 * lambdas[min(i, len(lambdas) - 1)]) * int(masks[i][place]) >> 4
            codes = bits[512 * bool(i) + 256 :][:256]
            after[place] = optimised(component[place], plain[place], steps, codes, lambda_)
        wanted.append(after)
        changed += int((after != plain).sum())
    assert changed
    expected = by_libjpeg(wanted, tables, sampling, width, height)
    rdo = (bits, lambdas, masks)
    scratch = np.empty(dct.scratch_length(sampling, width, height), np.uint32)

    def made(*, ready: bool) -> bytes:
        length = dct.measure(components, tables, sampling, width, height, scratch, rdo=rdo)
        out = np.empty(length, np.uint8)
        dct.write(components, tables, sampling, width, height, scratch, out, rdo=rdo, ready=ready)
        return out.tobytes()

    for found in [*on_every_level(lambda: made(ready=False)), *on_every_level(lambda: made(ready=True))]:
        assert found == expected


def test_nothing_is_ready() -> None:
    """A scratch that holds no tokens is refused, and one that holds others gives no more than its room."""
    components = photograph(GRAY, 20, 20)
    scratch = np.full(dct.scratch_length(GRAY, 20, 20), 0xFFFFFFFF, np.uint32)
    out = np.empty(5000, np.uint8)
    with pytest.raises(ValueError, match="no tokens"):
        dct.write(components, PLAIN, GRAY, 20, 20, scratch, out, ready=True)


def test_trade_is_checked() -> None:
    """Prices, masks and bits that are out of range or of another shape are refused."""
    components = photograph(GRAY, 20, 20)
    scratch = np.empty(dct.scratch_length(GRAY, 20, 20), np.uint32)
    bits, masks = np.full(dct.CODES, 5, np.uint8), np.full((3, 3), 16, np.uint8)
    wrong = [
        (bits[:-1], [0.1], [masks]),
        (bits, [0.6], [masks]),
        (bits, [math.nan], [masks]),
        (bits, [0.1, 0.1], [masks]),
        (bits, [0.1], []),
        (bits, [0.1], [masks[:2]]),
    ]
    for rdo in wrong:
        with pytest.raises(ValueError):
            dct.measure(components, PLAIN, GRAY, 20, 20, scratch, rdo=rdo)
    with pytest.raises(ValueError, match="every"):
        dct.measure(components, PLAIN, GRAY, 20, 20, scratch, every=0)
    with pytest.raises(ValueError, match="bits"):
        dct.measure(components, PLAIN, GRAY, 20, 20, scratch, bits=bits[:5])


@pytest.mark.parametrize("every", [2, 3, 16])
def test_a_sample_of_the_blocks(every: int) -> None:
    """One of so many blocks is looked at, DC by the block to the left; the data are scaled up."""
    components = photograph(GRAY, 80, 72)
    tables = [(np.full(64, 40, np.uint16), np.full(64, 0.5))]
    places = [(y, x) for y, x in np.ndindex(9, 10) if (x + 5 * y) % every == 0]
    quantised = quantise(components[0], *tables[0])
    # The sample as a picture of its own: what DC is predicted from stands in between, and is not counted.
    alone = np.zeros((1, len(places), 64), np.int16)
    level = 0
    for i, (y, x) in enumerate(places):
        before = quantised[y, x - 1, 0] if x else quantised[y - 1, 0, 0] if y else 0
        level += int(quantised[y, x, 0]) - int(before)
        alone[0, i] = quantised[y, x]
        alone[0, i, 0] = level
    whole = by_libjpeg([alone], tables, GRAY, 8 * len(places), 8)
    scan = whole.index(b"\xff\xda") + 10
    data = (len(whole) - 2 - scan) * 90 // len(places)
    scratch = np.empty(dct.scratch_length(GRAY, 80, 72), np.uint32)
    for found in on_every_level(lambda: dct.measure(components, tables, GRAY, 80, 72, scratch, every=every)):
        assert found == scan + data + 2


def test_a_sample_is_an_estimate() -> None:
    """A quarter of the MCUs in 4:2:0, some of them not whole, gives about the length of all."""
    components = photograph(S420, 795, 603)
    scratch = np.empty(dct.scratch_length(S420, 795, 603), np.uint32)
    length = measure(components, PLAIN, S420, 795, 603)
    estimate = dct.measure(components, PLAIN, S420, 795, 603, scratch, every=4)
    assert estimate == pytest.approx(length, rel=0.05)


def test_bits_are_those_of_the_file() -> None:
    """The bits of the codes, times how often each occurs, make up the data of the scan."""
    blocks = np.zeros((1, 8, 64), np.int16)
    blocks[0, :, 1] = [16, 16, 16, 16, 32, 32, 48, 16]
    scratch = np.empty(dct.scratch_length(GRAY, 64, 8), np.uint32)
    bits = np.zeros(dct.CODES, np.uint8)
    dct.measure([blocks], PLAIN, GRAY, 64, 8, scratch, bits=bits)
    # DC differences of 0; five ones, three of two bits, and the end of each block.
    assert bits[0] == 1
    assert sorted((int(bits[256]), int(bits[257]) - 1, int(bits[258]) - 2)) == [1, 2, 3]
    assert bits[259] == 17


def test_masks() -> None:
    """A block's mask is the table's entry for its sum of AC magnitudes, DC left out."""
    components = photograph(GRAY, 90, 70)[0]
    components[0, 0, 1:] = -32768
    table = (np.arange(dct.MASKS) * 7 % 64 + 1).astype(np.uint8)
    out = np.zeros(components.shape[:2], np.uint8)
    dct.fill_masks(components, table, out)
    sums = np.abs(components[:, :, 1:].astype(int)).sum(axis=2) // 32
    assert (out == table[np.minimum(sums, dct.MASKS - 1)]).all()
    with pytest.raises(ValueError, match="table of masks"):
        dct.fill_masks(components, table[:-1], out)
    with pytest.raises(ValueError, match="number of blocks"):
        dct.fill_masks(components, table, out[:-1])
