"""Pixels of several channels against planes: each channel as it is resampled alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.kernels.test_resample import SHAPES, Windows, assert_same, fitted, hard_edges, noise
from transcode.kernels import cpu
from transcode.kernels.resample import pixels_scratch, resample, resample_interleaved


def pixels(rows: int, columns: int, channels: int) -> NDArray[np.uint8]:
    patterns = [noise, hard_edges]
    return np.stack([patterns[c % 2](rows, columns) + np.uint8(c // 2) for c in range(channels)], axis=-1)


def alone(plane: NDArray[np.uint8], windows: tuple[Windows, Windows]) -> NDArray[np.uint8]:
    vertical, horizontal = windows
    made = np.empty((len(vertical[0]), len(horizontal[0])), np.uint8)
    scratch = np.empty(plane.shape[1] + horizontal[1].shape[1], np.int16)
    resample(np.ascontiguousarray(plane), made, vertical, horizontal, scratch)
    return made


@pytest.mark.parametrize("level", cpu.levels())
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("shape", "target"), SHAPES)
def test_each_channel_is_a_plane(
    shape: tuple[int, int], target: tuple[int, int], channels: int, level: str
) -> None:
    """Each channel has the bytes of its plane; nothing is written around the result or behind the scratch."""
    field = pixels(shape[0] + 4, shape[1] + 6, channels)
    src = field[2:-2, 3:-3]
    windows = fitted(src[..., 0], target[1], target[0])
    room = pixels_scratch(shape[1], channels, target[1], windows[1][1].shape[1])
    scratch = np.full(room + 64, 4321, np.int16)
    out = np.full((target[0] + 2, target[1] + 8, channels), 99, np.uint8)
    piece = out[1:-1, 4:-4]
    before = cpu.level()
    cpu.use(level)
    try:
        resample_interleaved(src, piece, windows[0], windows[1], scratch[:room])
    finally:
        cpu.use(before)
    for channel in range(channels):
        assert_same(piece[..., channel], alone(src[..., channel], windows), channel)
    piece[:] = 99
    assert (out == 99).all()
    assert (scratch[room:] == 4321).all()


def call(**changes: object) -> None:
    src = pixels(9, 9, 3)
    vertical, horizontal = fitted(src[..., 0], 5, 5)
    arguments: dict[str, object] = {
        "src": src,
        "dst": np.zeros((5, 5, 3), np.uint8),
        "vertical": vertical,
        "horizontal": horizontal,
        "scratch": np.zeros(pixels_scratch(9, 3, 5, horizontal[1].shape[1]), np.int16),
    }
    resample_interleaved(**(arguments | changes))  # type: ignore[arg-type]


LEAST = 3 * (2 * 9 + 16 + 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"src": np.zeros((0, 9, 3), np.uint8)},
        {"src": np.zeros((9, 0, 3), np.uint8)},
        {"dst": np.zeros((5, 0, 3), np.uint8)},
        {"src": np.zeros((9, 9, 4), np.uint8)},
        {"src": np.zeros((9, 9, 2), np.uint8), "dst": np.zeros((5, 5, 2), np.uint8)},
        {"src": np.zeros((9, 9, 5), np.uint8), "dst": np.zeros((5, 5, 5), np.uint8)},
        {"src": np.zeros((9, 18, 3), np.uint8)[:, ::2]},
        {"src": np.zeros((9, 9, 6), np.uint8)[..., ::2]},
        {"dst": np.zeros((5, 10, 3), np.uint8)[:, ::2]},
        {"dst": np.zeros((5, 5, 4), np.uint8)[..., :3]},
        {"dst": np.zeros((6, 5, 3), np.uint8)},
        {"src": np.zeros((8, 9, 3), np.uint8)},
        {"src": np.zeros((9, 8, 3), np.uint8)},
        {"scratch": np.zeros(LEAST - 1, np.int16)},
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, object]) -> None:
    """Nothing is read or written where shapes, steps, windows or scratch do not fit."""
    call(scratch=np.zeros(LEAST, np.int16))
    with pytest.raises(ValueError):
        call(**changes)


@pytest.mark.parametrize("sizes", [(0, 3, 5, 8), (9, 2, 5, 8), (9, 5, 5, 8), (9, 3, 0, 8), (9, 3, 5, 0)])
def test_no_scratch_for_no_picture(sizes: tuple[int, int, int, int]) -> None:
    """Sizes that no picture has are refused."""
    assert pixels_scratch(9, 3, 5, 16) == LEAST
    with pytest.raises(ValueError):
        pixels_scratch(*sizes)
