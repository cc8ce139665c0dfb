"""Coefficients of JPEG pictures, and the files that libjpeg writes from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
from hypothesis import strategies as st

from transcode.kernels import cpu, dct, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def zigzag() -> list[tuple[int, int]]:
    """The row and the column of each coefficient in zigzag order (T.81, figure 5)."""
    cells = [(row, column) for row in range(8) for column in range(8)]
    return sorted(cells, key=lambda c: (sum(c), c[0] if sum(c) % 2 else c[1]))


ZIGZAG = zigzag()


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


def forward(plane: NDArray[np.uint8]) -> NDArray[np.int16]:
    rows, columns = plane.shape
    out = np.full((-(-rows // 8), -(-columns // 8), 64), 0x5A5A, np.int16)
    dct.forward(plane, out)
    return out


def noise(rows: int, columns: int, seed: int = 7) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)


def quantise(
    coefficients: NDArray[np.int16], table: NDArray[np.uint16], dead_zone: NDArray[np.float64]
) -> NDArray[np.int16]:
    out = np.full_like(coefficients, 0x5A5A)
    dct.quantise(coefficients, table, dead_zone, out)
    return out


PLAIN: Tables = [(np.ones(64, np.uint16), np.full(64, 0.5))]


def shapes(sampling: Sampling, width: int, height: int) -> list[tuple[int, int, int]]:
    most_h, most_v = max(h for h, _ in sampling), max(v for _, v in sampling)
    return [(-(-height * v // (8 * most_v)), -(-width * h // (8 * most_h)), 64) for h, v in sampling]


def by_libjpeg(
    blocks: list[NDArray[np.int16]], tables: Tables, sampling: Sampling, width: int, height: int
) -> bytes:
    steps = np.stack([table for table, _ in tables])
    ids = [0] + [len(tables) - 1] * (len(blocks) - 1)
    return jpeg.write_coefficients(
        blocks, steps, sampling, ids, width=width, height=height, progressive=False
    )


def photograph(sampling: Sampling, width: int, height: int, seed: int = 3) -> list[NDArray[np.int16]]:
    """The coefficients of smoothed noise with an edge."""
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


def measure(
    components: Sequence[NDArray[np.int16]], tables: Tables, sampling: Sampling, width: int, height: int
) -> int:
    """The length in bytes, measured with a scratch buffer of exactly the documented length."""
    length = dct.scratch_length(sampling, width, height)
    guarded = np.full(length + 8, 0xDEADBEEF, np.uint32)
    measured = dct.measure((components, tables, sampling, width, height), guarded[:length])
    assert (guarded[length:] == 0xDEADBEEF).all()
    return measured


@st.composite
def quantised_pictures(draw: st.DrawFn) -> tuple[Sampling, int, int, list[NDArray[np.int16]], Tables]:
    """Sampling, width, height, random blocks with zero to 64 coefficients, and one or two tables."""
    sampling = draw(st.sampled_from(SAMPLINGS))
    width, height = draw(st.integers(1, 150)), draw(st.integers(1, 150))
    density = draw(st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]))
    largest = draw(st.sampled_from([1, 2, 3, 10, 1023]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    quantised = [
        (rng.integers(-largest, largest + 1, shape) * (rng.random(shape) < density)).astype(np.int16)
        for shape in shapes(sampling, width, height)
    ]
    return (
        sampling,
        width,
        height,
        quantised,
        PLAIN * (2 if draw(st.booleans()) and len(sampling) == 3 else 1),
    )
