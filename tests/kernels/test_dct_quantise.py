"""Quantisation against its definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.kernels import dct

if TYPE_CHECKING:
    pass
from tests.made.dct import forward, noise, on_every_level, quantise


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
