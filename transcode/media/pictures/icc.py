"""Tags of ICC profiles (ICC.1:2022): tone curves, and code points of high dynamic range."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from transcode.media.samples.transfer import HLG, PQ

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["curves", "high_range"]

#: Offset of the tag table, and octets of one of its entries (ICC.1:2022, 7.3).
_TABLE, _ENTRY = 128, 12

#: Tags that are read, at most; real profiles have fewer.
_MOST_TAGS = 100

#: Number of parameters of each type of parametric curve (ICC.1:2022, table 68).
_PARAMETERS = (1, 3, 4, 5, 7)

_SAMPLES = np.arange(256) / 255


def curves(icc: bytes) -> NDArray[np.float64] | None:
    """Return linear light for each red, green and blue sample.

    Returns:
        3 x 256 numbers from 0 to 1; None if a curve is missing or broken.
    """
    found = [_curve(icc, tag) for tag in (b"rTRC", b"gTRC", b"bTRC")]
    if any(curve is None for curve in found):
        return None
    light = np.array(found)
    return np.clip(light, 0, 1) if np.isfinite(light).all() else None


def high_range(icc: bytes) -> tuple[int, int] | None:
    """Return primaries and transfer of a PQ or HLG profile (ICC.1:2022, 9.2.17: ``cicpTag``), else None.

    The other tags of such a profile map the maximum luminance to white, which makes pictures nearly black.
    """
    body = _tag(icc, b"cicp")
    if len(body) < 12 or body[:4] != b"cicp" or body[9] not in (PQ, HLG):
        return None
    return body[8], body[9]


def _curve(icc: bytes, tag: bytes) -> NDArray[np.float64] | None:
    body = _tag(icc, tag)
    if len(body) < 12:
        return None
    if body[:4] == b"curv":
        return _sampled(body)
    if body[:4] == b"para":
        return _parametric(body)
    return None


def _tag(icc: bytes, wanted: bytes) -> bytes:
    """Return the contents of a tag; empty if it is missing or incomplete."""
    if len(icc) < _TABLE + 4:
        return b""
    count = min(int.from_bytes(icc[_TABLE : _TABLE + 4], "big"), _MOST_TAGS)
    for at in range(_TABLE + 4, min(_TABLE + 4 + count * _ENTRY, len(icc) - _ENTRY + 1), _ENTRY):
        name, offset, size = struct.unpack_from(">4sII", icc, at)
        if name == wanted:
            return icc[offset : offset + size] if offset + size <= len(icc) else b""
    return b""


def _sampled(body: bytes) -> NDArray[np.float64] | None:
    """Evaluate a ``curveType`` (ICC.1:2022, 10.6): identity, a gamma, or interpolated samples."""
    count = int.from_bytes(body[8:12], "big")
    if count == 0:
        return _SAMPLES
    if len(body) < 12 + 2 * count:
        return None
    values = np.frombuffer(body, ">u2", count, 12)
    if count == 1:
        return np.asarray(_SAMPLES ** (float(values[0]) / 256))
    curve: NDArray[np.float64] = np.interp(_SAMPLES, np.linspace(0, 1, count), values / 65535)
    return curve


def _parametric(body: bytes) -> NDArray[np.float64] | None:
    """Evaluate a ``parametricCurveType`` (ICC.1:2022, 10.18, table 68)."""
    kind = int.from_bytes(body[8:10], "big")
    if kind >= len(_PARAMETERS) or len(body) < 12 + 4 * _PARAMETERS[kind]:
        return None
    numbers = [value / 65536 for value in struct.unpack_from(f">{_PARAMETERS[kind]}i", body, 12)]
    g, a, b, c, d, e, f = numbers + [0.0] * (7 - len(numbers)) if kind else [numbers[0], 1.0, *[0.0] * 5]
    if kind in (1, 2):
        # Below -b/a the curve is constant: 0 for type 1, c for type 2.
        if a == 0:
            return None
        c, d, e, f = 0.0, -b / a, c, c
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        # curves() refuses the non-finite values of a broken curve.
        power = np.maximum(a * _SAMPLES + b, 0.0) ** g
    curve: NDArray[np.float64] = np.where(d <= _SAMPLES, power + e, c * _SAMPLES + f)
    return curve
