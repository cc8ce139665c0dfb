"""Light behind samples: primaries and transfer functions (ITU-T H.273), and high dynamic range made standard.

Clips and stills share it, so that a picture and a clip of one scene have the same colours.
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

#: CIE 1931 x and y of red, green, blue and white.
Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]

_D65, _C, _DCI, _E = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351), (1 / 3, 1 / 3)

#: The code point for what a file does not say.
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

#: Adobe RGB (1998), whose exponent is 2 + 51/256.
_ADOBE_RGB: Chromaticities = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), _D65)
_ADOBE_GAMMA = 563 / 256

#: Transfer functions by code point (H.273, table 3).
_GAMMA22, _GAMMA28, _SMPTE240, _LINEAR, _LOG, _LOG_SQRT, PQ, _ST428, HLG = 4, 5, 7, 8, 9, 10, 16, 17, 18
_GAMMAS = {_GAMMA22: 2.2, _GAMMA28: 2.8}

#: Those that are shown by their own curve. All others, BT.709, BT.601 and BT.2020 among them, are shown
#: by that of sRGB, as Chromium does (``ui/gfx/color_transform.cc``: BT709 and SMPTE170M become
#: IEC61966_2_1), which is what makers of stills of these codes see.
_OWN = frozenset((*_GAMMAS, _SMPTE240, _LINEAR, _LOG, _LOG_SQRT, PQ, _ST428, HLG))

#: Code points that name one.
_NAMED = frozenset((1, *range(4, 19)))

#: Candela a square metre: the highest peak that is assumed of high dynamic range, that of a reference
#: display (ITU-R BT.2100, table 3), and what white is there (ITU-R BT.2408, 2.1).
PEAK = 1000.0
WHITE = 203.0

#: HLG on a display of the peak above (ITU-R BT.2100, table 5): the system gamma of 1.2 less one, and the
#: luminance that it applies to.
HLG_POWER = 0.2
HLG_LUMINANCE = (0.2627, 0.6780, 0.0593)

#: Numbers of SMPTE ST 2084.
_PQ_NUMBERS = (0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875)

#: Bradford's cone responses (ICC.1:2022, annex E).
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

#: What the magnitudes of a row of a matrix may sum to: those of XYZ itself sum to 5.3.
_LARGEST_ROW = 7.0

#: How near, in x and y, chromaticities must be to those of BT.709 to be called the same: files round them.
_SAME = 0.002

#: Exponents that stand for the curve of sRGB where primaries are those of sRGB too (PNG, third edition,
#: 11.3.2.2 and 11.3.2.5: a gAMA of 45455 goes with sRGB).
_LIKE_SRGB = (2.15, 2.25)


@dataclass(frozen=True, slots=True)
class Space:
    """Colours of a picture that are not those of sRGB.

    Attributes:
        chromaticities: of its primaries and its white.
        transfer: the code point of what makes light of samples; 2: the curve of sRGB.
        gamma: the exponent that makes light of samples instead, or 0.
        full: whether samples use the whole range of numbers, and not from 16 to 235 of 255.
    """

    chromaticities: Chromaticities
    transfer: int = UNSPECIFIED
    gamma: float = 0.0
    full: bool = True

    @property
    def is_high(self) -> bool:
        """Whether its dynamic range is high: PQ or HLG."""
        return not self.gamma and self.transfer in (PQ, HLG)

    @classmethod
    def of(cls, signal: Signal) -> Space | None:
        """The space of code points, whatever their matrix and range; None where it is sRGB.

        What is not said is sRGB's, but for high dynamic range, and for the matrix of BT.2020: those
        have its primaries, as clips do.
        """
        high = signal.transfer in (PQ, HLG)
        assumed = BT2020 if high or signal.matrix in (BT2020, 10) else _BT709
        known = signal.primaries in CHROMATICITIES
        return cls.named(signal.primaries if known else assumed, signal.transfer)

    @classmethod
    def named(cls, primaries: int, transfer: int, *, full: bool = True) -> Space | None:
        """The space of known primaries and a transfer by their code points; None where it is sRGB."""
        own = transfer if transfer in _OWN else UNSPECIFIED
        return cls(CHROMATICITIES[primaries], own, full=full).or_none()

    @classmethod
    def adobe_rgb(cls) -> Space:
        """Adobe RGB (1998)."""
        return cls(_ADOBE_RGB, gamma=_ADOBE_GAMMA)

    def or_none(self) -> Space | None:
        """This one, or None where it is that of sRGB."""
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
    """What a file says of its colours besides a profile.

    Attributes:
        space: what its samples mean; None: that of sRGB, or of its profile.
        outranks: whether that counts for more than a profile.
        broken: whether chromaticities were ignored that make no colours.
    """

    space: Space | None = None
    outranks: bool = False
    broken: bool = False


@lru_cache(maxsize=64)
def _to_xyz(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """From linear light to XYZ, white having a Y of 1.

    Raises:
        ValueError: no three primaries that white is between.
    """
    values = np.array(chromaticities, np.float64)
    if not np.isfinite(values).all() or np.abs(values).max() > 2 or values[3, 1] < 1e-3:
        raise ValueError("chromaticities that are none")
    xyz = np.column_stack([values, 1 - values.sum(axis=1)])
    columns, white = xyz[:3].T, xyz[3] / values[3, 1]
    if abs(np.linalg.det(columns)) < 1e-4:
        raise ValueError("primaries that lie on a line")
    shares = np.linalg.solve(columns, white)
    if shares.min() <= 0:
        raise ValueError("a white that is not between the primaries")
    made: NDArray[np.float64] = columns * shares
    return made


@lru_cache(maxsize=64)
def to_bt709(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """From linear light of some primaries to that of BT.709, white staying white (Bradford): 3 x 3, by rows.

    Raises:
        ValueError: chromaticities that make no colours.
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
        raise ValueError("primaries far beyond all colours")
    made.flags.writeable = False
    return made


def is_known(transfer: int) -> bool:
    """Whether a code point names a transfer function."""
    return transfer in _NAMED


def luma_weights(primaries: int) -> tuple[float, float] | None:
    """The weights of red and blue in luma that follow from primaries (H.273, matrix coefficients 12 and 13).

    None where the primaries are not known.
    """
    known = CHROMATICITIES.get(primaries)
    if known is None:
        return None
    red, _, blue = _to_xyz(known)[1]
    return float(red), float(blue)


def linear(samples: NDArray[np.float64], space: Space) -> NDArray[np.float64]:
    """Linear light, from 0 to 1, of samples from 0 to 1 of standard dynamic range."""
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
    """Samples of sRGB, from 0 to 1, of linear light (IEC 61966-2-1)."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def nits(rgb: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Candela a square metre of each channel on a display with the peak above.

    Args:
        rgb: samples of PQ or HLG from 0 to 1, with red, green and blue on the last axis.
        transfer: which of the two.
    """
    if transfer == PQ:
        return _from_pq(rgb)
    light = scene(rgb)
    luminance = light @ np.array(HLG_LUMINANCE)
    displayed: NDArray[np.float64] = light * (luminance**HLG_POWER)[..., None] * PEAK
    return displayed


def scene(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light before a camera, from 0 to 1, of samples of HLG (ITU-R BT.2100, table 5: the inverse OETF)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(rgb <= 0.5, rgb**2 / 3, (np.exp((rgb - c) / a) + b) / 12)


def toned(rgb: NDArray[np.float64], transfer: int, peak: float = PEAK) -> NDArray[np.float64]:
    """Linear light in units of white, at most 1, of samples of high dynamic range.

    Args:
        rgb: samples of PQ or HLG from 0 to 1, with red, green and blue on the last axis.
        transfer: which of the two.
        peak: candela a square metre of what is to become white. Nothing is changed where it is that of white.

    Returns:
        The same hues: all channels of a pixel are dimmed alike.
    """
    light = nits(rgb, transfer) / WHITE
    highest = light.max(axis=-1, keepdims=True)
    made: NDArray[np.float64] = light * _dimmed(highest, peak) / np.maximum(highest, 1e-9)
    return made


def _dimmed(light: NDArray[np.float64], peak: float) -> NDArray[np.float64]:
    """Light up to the peak, in units of white, brought below 1 (ITU-R BT.2390-10, 5.4.1)."""
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
    """Candela a square metre of a sample of PQ (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = _PQ_NUMBERS
    power = code ** (1 / m2)
    light: NDArray[np.float64] = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return light


def _to_pq(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sample of PQ for candela a square metre."""
    m1, m2, c1, c2, c3 = _PQ_NUMBERS
    power = (light / 10_000) ** m1
    code: NDArray[np.float64] = ((c1 + c2 * power) / (1 + c3 * power)) ** m2
    return code
