"""Curves of ICC profiles, each kind by its formula in ICC.1:2022."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.pictures import profile
from transcode.media.pictures import icc

X = np.arange(256) / 255


def made(body: bytes) -> bytes:
    """A profile that has nothing but one curve, for all three channels."""
    offset = 128 + 4 + 3 * 12
    tags = b"".join(struct.pack(">4sII", name, offset, len(body)) for name in (b"rTRC", b"gTRC", b"bTRC"))
    return bytes(128) + struct.pack(">I", 3) + tags + body


def parametric(kind: int, *values: float) -> bytes:
    numbers = [round(value * 65536) for value in values]
    return struct.pack(f">4sIHH{len(values)}i", b"para", 0, kind, 0, *numbers)


def sampled(*values: int) -> bytes:
    return struct.pack(f">4sII{len(values)}H", b"curv", 0, len(values), *values)


def srgb(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(x >= 0.04045, ((x + 0.055) / 1.055) ** 2.4, x / 12.92)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (sampled(), X),
        (sampled(round(1.8 * 256)), X ** (round(1.8 * 256) / 256)),
        (sampled(0, 65535), X),
        (sampled(0, 0, 65535), np.maximum(2 * X - 1, 0)),
        (parametric(0, 2.0), X**2),
        (parametric(1, 2.0, 0.5, 0.5), (0.5 * X + 0.5) ** 2),
        (parametric(1, 2.0, 2.0, -1.0), np.where(X >= 0.5, (2 * X - 1) ** 2, 0)),
        (parametric(2, 2.0, 1.0, 0.0, 0.25), np.minimum(X**2 + 0.25, 1)),
        (parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), srgb(X)),
        (parametric(4, 2.0, 1.0, 0.0, 0.5, 0.5, 0.125, 0.25), np.where(X >= 0.5, X**2 + 0.125, X / 2 + 0.25)),
    ],
)
def test_curves(body: bytes, expected: NDArray[np.float64]) -> None:
    """Each kind of curve follows its formula, clipped to 0..1."""
    found = icc.curves(made(body))
    assert found is not None
    assert found.shape == (3, 256)
    np.testing.assert_allclose(found, np.tile(np.clip(expected, 0, 1), (3, 1)), atol=2e-4)


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        bytes(200),
        made(sampled(1, 2, 3))[:-2],
        made(sampled()[:8]),
        made(parametric(5, 1.0)),
        made(parametric(3, 1.0)),
        made(parametric(1, 1.0, 0.0, 1.0)),
        made(b"XYZ " + bytes(20)),
        made(parametric(4, -30000.0, 1.0, 0.0, 0.5, 0.5, 0.125, 0.25)),
        made(sampled(0, 65535)).replace(b"bTRC", b"xTRC"),
    ],
    ids=["empty", "no tags", "cut", "short", "unknown", "few", "flat", "no curve", "infinite", "one missing"],
)
def test_no_curves(profile: bytes) -> None:
    """What is missing, cut short or beyond numbers is no curve."""
    assert icc.curves(profile) is None


def test_code_points_of_high_dynamic_range() -> None:
    """Those of PQ and HLG are read; others leave a profile what it is, as does a tag that is cut off."""
    for transfer, expected in ((16, (9, 16)), (18, (9, 18)), (13, None), (1, None)):
        assert icc.high_range(profile("rgb", gamma=2.2, points=bytes([9, transfer, 0, 1]))) == expected
    assert icc.high_range(profile("rgb", gamma=2.2)) is None
    whole = profile("rgb", gamma=2.2, points=bytes([9, 16, 0, 1]))
    for end in range(0, len(whole), 7):
        assert icc.high_range(whole[:end]) is None
