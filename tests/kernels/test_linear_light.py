"""Pictures made smaller in linear light, against sums that are written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transcode.kernels import linear_light

LINEAR = (np.arange(256) / 255).astype(np.float32) ** 2
LEVELS = np.rint(255 * np.sqrt(np.arange(linear_light.LEVELS) / (linear_light.LEVELS - 1))).astype(np.uint8)


def windows(rng: np.random.Generator, size: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Windows anywhere in order, with weights of which some are negative."""
    taps = int(rng.integers(1, size + 1))
    starts = np.sort(rng.integers(0, size - taps + 1, count)).astype(np.int32)
    weights = rng.uniform(-0.2, 1, (count, taps))
    return starts, (weights / np.abs(weights).sum(axis=1, keepdims=True)).astype(np.float32)


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 999), rows=st.integers(1, 19), columns=st.integers(1, 23), padding=st.integers(0, 3)
)
def test_sums_of_light(seed: int, rows: int, columns: int, padding: int) -> None:
    """Each sample is the weighted sum of its windows, within a level, at any step of rows."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (rows, columns + padding, 4)).astype(np.uint8)[:, :columns]
    across, down = windows(rng, columns, 5), windows(rng, rows, 7)
    out = np.empty((7, 5, 4), np.uint8)
    scratch = np.empty(linear_light.scratch_length(columns, 5, down[1].shape[1]), np.float32)
    linear_light.reduce(pixels, across, down, LINEAR, LEVELS, scratch, out)
    for y, x in np.ndindex(7, 5):
        area = pixels[down[0][y] :, across[0][x] :][: down[1].shape[1], : across[1].shape[1]]
        weights = np.outer(down[1][y], across[1][x])[..., None]
        colour = (LINEAR[area[..., :3]] * weights).sum(axis=(0, 1))
        assert np.abs(out[y, x, :3] - 255 * np.sqrt(np.clip(colour, 0, 1))).max() <= 1.5
        assert abs(out[y, x, 3] - np.clip((area[..., 3:] * weights).sum(), 0, 255)) <= 0.51


def test_what_is_wrong_is_refused() -> None:
    """Windows beyond the picture or out of order, tables and scratch that are too short."""
    starts, weights = np.array([0, 2, 3], np.int32), np.ones((3, 3), np.float32)
    good: dict[str, Any] = {
        "pixels": np.zeros((6, 5, 4), np.uint8),
        "across": (np.array([0, 2], np.int32), np.ones((2, 3), np.float32)),
        "down": (starts, weights),
        "linear": LINEAR,
        "levels": LEVELS,
        "scratch": np.empty(linear_light.scratch_length(5, 2, 3), np.float32),
        "out": np.empty((3, 2, 4), np.uint8),
    }
    linear_light.reduce(**good)
    for name, wrong in (
        ("pixels", np.zeros((6, 5, 3), np.uint8)),
        ("pixels", np.zeros((6, 10, 4), np.uint8)[:, ::2]),
        ("across", (np.array([0, 3], np.int32), weights[:2])),
        ("across", (np.array([2, 0], np.int32), weights[:2])),
        ("across", (np.array([-1, 0], np.int32), weights[:2])),
        ("down", (starts[:2], weights)),
        ("down", (starts, np.ones((3, 7), np.float32))),
        ("down", (starts, np.ones((3, 0), np.float32))),
        ("linear", LINEAR[1:]),
        ("levels", LEVELS[1:]),
        ("scratch", good["scratch"][1:]),
        ("out", np.empty((3, 3, 4), np.uint8)),
    ):
        with pytest.raises(ValueError):
            linear_light.reduce(**(good | {name: wrong}))
    for none in ((None, weights), (starts, None)):
        with pytest.raises(TypeError):
            linear_light.reduce(**(good | {"down": none}))
    with pytest.raises(ValueError):
        linear_light.scratch_length(0, 1, 1)
