"""Colour primaries and transfer functions (ITU-T H.273), and tone mapping of high dynamic range.

Clips and stills share this module, so that a picture and a clip of one scene have the same colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.media.samples.cicp import Signal

__all__ = [
    "BT2020",
    "CHROMATICITIES",
    "HLG",
    "HLG_LUMINANCE",
    "HLG_POWER",
    "PEAK",
    "PQ",
    "UNSPECIFIED",
    "WHITE",
    "Chromaticities",
    "Said",
    "Space",
    "is_known",
    "linear",
    "luma_weights",
    "nits",
    "scene",
    "srgb",
    "to_bt709",
    "toned",
]

#: CIE 1931 chromaticities x and y of red, green, blue and white.
Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]

#: White points: x and y.
_D65, _C, _DCI, _E = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351), (1 / 3, 1 / 3)

#: Code point for "unspecified".
UNSPECIFIED = 2

#: Primaries by code point (H.273, table 2).
CHROMATICITIES: dict[int, Chromaticities] = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    10: ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), _E),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_BT709, BT2020 = 1, 9

#: Primaries and exponent (2 + 51/256) of Adobe RGB (1998).
_ADOBE_RGB: Chromaticities = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), _D65)
_ADOBE_GAMMA = 563 / 256

#: Transfer functions by code point (H.273, table 3).
_GAMMA22, _GAMMA28, _SMPTE240, _LINEAR, _LOG, _LOG_SQRT, PQ, _ST428, HLG = 4, 5, 7, 8, 9, 10, 16, 17, 18
_GAMMAS = {_GAMMA22: 2.2, _GAMMA28: 2.8}

#: Transfer functions that are decoded with their own curve. All others, including BT.709, BT.601 and BT.2020,
#: are decoded with the curve of sRGB, as in Chromium (``ui/gfx/color_transform.cc``: BT709 and SMPTE170M
#: become IEC61966_2_1). Authors of stills with these code points see them in this way.
_OWN = frozenset((*_GAMMAS, _SMPTE240, _LINEAR, _LOG, _LOG_SQRT, PQ, _ST428, HLG))

#: Code points of transfer functions.
_NAMED = frozenset((1, *range(4, 19)))

#: Luminance in cd/m2: the assumed maximum of high dynamic range, which is the peak of a reference display
#: (ITU-R BT.2100, table 3), and reference white (ITU-R BT.2408, 2.1).
PEAK = 1000.0
WHITE = 203.0

#: HLG on a display with a peak of PEAK (ITU-R BT.2100, table 5): the system gamma of 1.2 minus 1, and the
#: weights of red, green and blue in the luminance.
HLG_POWER = 0.2
HLG_LUMINANCE = (0.2627, 0.6780, 0.0593)

#: Constants m1, m2, c1, c2 and c3 of SMPTE ST 2084.
_PQ_NUMBERS = (0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875)

#: Bradford matrix from XYZ to cone responses (ICC.1:2022, annex E).
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

#: Largest sum of the magnitudes of a matrix row; the matrix of the XYZ primaries has 5.3.
_LARGEST_ROW = 7.0

#: Largest difference in x and y of chromaticities that count as those of BT.709: files round them.
_SAME = 0.002

#: Smallest and largest exponent that means the curve of sRGB if the primaries are those of sRGB too (PNG,
#: third edition, 11.3.2.2 and 11.3.2.5: a gAMA of 45455 accompanies sRGB).
_LIKE_SRGB = (2.15, 2.25)


@dataclass(frozen=True, slots=True)
class Space:
    """A colour space other than sRGB.

    Attributes:
        chromaticities: chromaticities of the primaries and of white.
        transfer: code point of the transfer function; 2 means the curve of sRGB.
        gamma: exponent from samples to light, which replaces the transfer function; 0 means none.
        full: whether samples use the full range instead of 16 to 235 of 255.
    """

    chromaticities: Chromaticities
    transfer: int = UNSPECIFIED
    gamma: float = 0.0
    full: bool = True

    @property
    def is_high(self) -> bool:
        """Whether the space has high dynamic range: PQ or HLG."""
        return not self.gamma and self.transfer in (PQ, HLG)

    @classmethod
    def of(cls, signal: Signal) -> Space | None:
        """Return the space of code points, regardless of matrix and range; None for sRGB.

        Unspecified primaries are those of BT.2020 with PQ, HLG or the matrix of BT.2020, as for clips;
        else those of sRGB. An unspecified transfer function is that of sRGB.
        """
        high = signal.transfer in (PQ, HLG)
        assumed = BT2020 if high or signal.matrix in (BT2020, 10) else _BT709
        known = signal.primaries in CHROMATICITIES
        return cls.named(signal.primaries if known else assumed, signal.transfer)

    @classmethod
    def named(cls, primaries: int, transfer: int, *, full: bool = True) -> Space | None:
        """Return the space of known primaries and a transfer function, by code points; None for sRGB."""
        own = transfer if transfer in _OWN else UNSPECIFIED
        return cls(CHROMATICITIES[primaries], own, full=full).or_none()

    @classmethod
    def adobe_rgb(cls) -> Space:
        """Return the space Adobe RGB (1998)."""
        return cls(_ADOBE_RGB, gamma=_ADOBE_GAMMA)

    def or_none(self) -> Space | None:
        """Return the space itself, or None if it is sRGB within the tolerances above."""
        ours = CHROMATICITIES[_BT709]
        near = all(
            abs(found - wanted) <= _SAME
            for pair, same in zip(self.chromaticities, ours, strict=True)
            for found, wanted in zip(pair, same, strict=True)
        )
        low, high = _LIKE_SRGB
        curved = not low <= self.gamma <= high if self.gamma else self.transfer in _OWN
        return self if curved or not near or not self.full else None


@dataclass(frozen=True, slots=True)
class Said:
    """The colour space that a file declares outside of an ICC profile.

    Attributes:
        space: colour space of the samples; None means sRGB, or the space of the profile.
        outranks: whether the space takes precedence over a profile.
        broken: whether invalid chromaticities were ignored.
    """

    space: Space | None = None
    outranks: bool = False
    broken: bool = False


@lru_cache(maxsize=64)
def _to_xyz(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """Return the matrix from linear light to XYZ, with Y = 1 for white.

    Raises:
        ValueError: the chromaticities are invalid, or white is outside of the triangle of the primaries.
    """
    values = np.array(chromaticities, np.float64)
    if not np.isfinite(values).all() or np.abs(values).max() > 2 or values[3, 1] < 1e-3:
        raise ValueError("chromaticities out of range")
    xyz = np.column_stack([values, 1 - values.sum(axis=1)])
    columns, white = xyz[:3].T, xyz[3] / values[3, 1]
    if abs(np.linalg.det(columns)) < 1e-4:
        raise ValueError("primaries on a line")
    shares = np.linalg.solve(columns, white)
    if shares.min() <= 0:
        raise ValueError("a white outside of the triangle of the primaries")
    made: NDArray[np.float64] = columns * shares
    return made


@lru_cache(maxsize=64)
def to_bt709(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """Return the 3 x 3 matrix from linear light of some primaries to BT.709, with Bradford adaptation.

    Raises:
        ValueError: the chromaticities define no colour space.
    """
    ours, theirs = CHROMATICITIES[_BT709], _to_xyz(chromaticities)
    adapted: NDArray[Any] = np.eye(3)
    if chromaticities[3] != ours[3]:
        before, after = (
            _BRADFORD @ np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in (chromaticities[3], ours[3])
        )
        adapted = np.linalg.solve(_BRADFORD, (after / before)[:, None] * _BRADFORD)
    made: NDArray[Any] = np.linalg.solve(_to_xyz(ours), adapted @ theirs)
    if np.abs(made).sum(axis=1).max() > _LARGEST_ROW:
        raise ValueError("primaries far outside of the visible colours")
    made.flags.writeable = False
    return made


def is_known(transfer: int) -> bool:
    """Return whether a code point is that of a transfer function."""
    return transfer in _NAMED


def luma_weights(primaries: int) -> tuple[float, float] | None:
    """Return the weights of red and blue in luma by the primaries (H.273, matrix coefficients 12 and 13).

    The result is None for unknown primaries.
    """
    known = CHROMATICITIES.get(primaries)
    if known is None:
        return None
    red, _, blue = _to_xyz(known)[1]
    return float(red), float(blue)


def linear(samples: NDArray[np.float64], space: Space) -> NDArray[np.float64]:
    """Convert samples of standard dynamic range, 0 to 1, to linear light, 0 to 1."""
    light: NDArray[Any]
    if space.gamma:
        return np.asarray(samples**space.gamma)
    match space.transfer:
        case code if code in _GAMMAS:
            light = samples ** _GAMMAS[code]
        case code if code == _SMPTE240:
            light = np.where(samples < 0.0913, samples / 4, ((samples + 0.1115) / 1.1115) ** (1 / 0.45))
        case code if code == _LINEAR:
            light = samples
        case code if code in (_LOG, _LOG_SQRT):
            decades = 2.0 if code == _LOG else 2.5
            light = np.where(samples <= 0, 0, 10 ** (decades * (samples - 1)))
        case code if code == _ST428:
            light = np.minimum(samples**2.6 * 52.37 / 48, 1)
        case _:
            light = np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)
    return np.asarray(light)


def srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert linear light to sRGB samples, 0 to 1 (IEC 61966-2-1)."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def nits(rgb: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Return the luminance in cd/m2 of each channel on a display with a peak of PEAK.

    Args:
        rgb: samples of PQ or HLG from 0 to 1, with red, green and blue on the last axis.
        transfer: code point of PQ or HLG.
    """
    if transfer == PQ:
        return _from_pq(rgb)
    light = scene(rgb)
    luminance = light @ np.array(HLG_LUMINANCE)
    displayed: NDArray[np.float64] = light * (luminance**HLG_POWER)[..., None] * PEAK
    return displayed


def scene(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert HLG samples to scene light, 0 to 1 (ITU-R BT.2100, table 5: the inverse OETF)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(rgb <= 0.5, rgb**2 / 3, (np.exp((rgb - c) / a) + b) / 12)


def toned(rgb: NDArray[np.float64], transfer: int, peak: float = PEAK) -> NDArray[np.float64]:
    """Tone-map samples of high dynamic range to linear light in units of white, at most 1.

    Args:
        rgb: samples of PQ or HLG from 0 to 1, with red, green and blue on the last axis.
        transfer: code point of PQ or HLG.
        peak: luminance in cd/m2 that becomes white. With a peak of WHITE, tones do not change.

    Returns:
        Linear light with the same hues: all channels of a pixel are scaled by the same factor.
    """
    light = nits(rgb, transfer) / WHITE
    highest = light.max(axis=-1, keepdims=True)
    made: NDArray[np.float64] = light * _dimmed(highest, peak) / np.maximum(highest, 1e-9)
    return made


def _dimmed(light: NDArray[np.float64], peak: float) -> NDArray[np.float64]:
    """Compress light up to the peak, in units of white, to at most 1 (ITU-R BT.2390-10, 5.4.1)."""
    if peak <= WHITE:
        return np.minimum(light, 1)
    whole = _to_pq(np.array(peak))
    found = np.clip(_to_pq(light * WHITE) / whole, 0, 1)
    most = float(_to_pq(np.array(WHITE)) / whole)
    knee = 1.5 * most - 0.5
    t = (found - knee) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    )
    return _from_pq(np.where(found < knee, found, spline) * whole) / WHITE


def _from_pq(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert PQ samples to luminance in cd/m2 (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = _PQ_NUMBERS
    power = code ** (1 / m2)
    light: NDArray[np.float64] = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return light


def _to_pq(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert luminance in cd/m2 to PQ samples (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = _PQ_NUMBERS
    power = (light / 10_000) ** m1
    code: NDArray[np.float64] = ((c1 + c2 * power) / (1 + c3 * power)) ** m2
    return code
