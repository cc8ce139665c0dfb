"""Colour code points (ITU-T H.273, "CICP"): conversion of decoded samples to those of JFIF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from transcode.media.samples import transfer
from transcode.media.samples.planes import Plane, resample

if TYPE_CHECKING:
    from collections.abc import Sequence

    import av
    from numpy.typing import NDArray

__all__ = ["LUMA_WEIGHTS", "OTHERS", "RGB", "UNSPECIFIED", "Signal", "luma_weights", "to_jfif", "to_rgb"]

UNSPECIFIED = transfer.UNSPECIFIED

#: Weights of red and blue in luma, by matrix coefficients (H.273, table 4). Unspecified coefficients mean
#: BT.601 (MIAF, 7.3.6.4), as in JFIF.
LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
_JFIF = (0.299, 0.114)

#: Matrix coefficients that luma weights can't express: SMPTE ST 2085, ICtCp, IPT-PQ-C2 and both YCgCo-R.
OTHERS = frozenset((11, 14, 15, 16, 17))

#: Matrix coefficients that are derived from the primaries.
_DERIVED = (12, 13)

#: Matrix coefficients of GBR samples (planes of green, blue and red), and of YCgCo.
RGB = 0
_YCGCO = 8


@dataclass(frozen=True, slots=True)
class Signal:
    """The colour code points of samples.

    Attributes:
        primaries, transfer, matrix: code points; 2 means unspecified.
        full: whether samples use the full range; None means unspecified.
    """

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    full: bool | None = None

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Signal:
        """Return the code points that the decoder reports for a frame."""
        full = {1: False, 2: True}.get(int(frame.color_range))
        return cls(int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace), full)

    def over(self, other: Signal) -> Signal:
        """Return a copy whose unspecified values are taken from another signal."""
        return replace(
            self,
            primaries=other.primaries if self.primaries == UNSPECIFIED else self.primaries,
            transfer=other.transfer if self.transfer == UNSPECIFIED else self.transfer,
            matrix=other.matrix if self.matrix == UNSPECIFIED else self.matrix,
            full=other.full if self.full is None else self.full,
        )


def to_jfif(planes: Sequence[NDArray[np.uint8]], signal: Signal, depth: int = 8) -> list[NDArray[np.uint8]]:
    """Convert planes of any matrix and range to those of JFIF (T.871: BT.601, full range).

    Args:
        planes: one plane or three; the second and third may be smaller than the first.
        signal: code points of the samples.
        depth: bits per sample before the samples were shifted to 8 bits.

    Returns:
        The same number of planes of the same sizes; the same arrays where nothing changes.
    """
    scales = _scales(signal, depth, len(planes))
    matrix = _to_jfif_matrix(signal, len(planes))
    if matrix is None:
        return [
            _mapped(plane, low, scale, 0.0 if number == 0 else 128.0)
            for number, (plane, (low, scale)) in enumerate(zip(planes, scales, strict=True))
        ]
    height, width = planes[0].shape
    numbers = [
        (plane.astype(np.float32) - np.float32(low)) * np.float32(scale)
        for plane, (low, scale) in zip(planes, scales, strict=True)
    ]
    small = numbers[1:]
    large = small
    if planes[1].shape != planes[0].shape:
        large = [
            (_enlarged(plane, width, height).astype(np.float32) - np.float32(low)) * np.float32(scale)
            for plane, (low, scale) in zip(planes[1:], scales[1:], strict=True)
        ]
    first = matrix[0, 0] * numbers[0] + matrix[0, 1] * large[0] + matrix[0, 2] * large[1]
    result = [_rounded(first)]
    for row in matrix[1:]:
        total = row[1] * small[0] + row[2] * small[1] + np.float32(128)
        if row[0]:
            total = total + row[0] * numbers[0]
        result.append(_rounded(total))
    return result


def to_rgb(planes: Sequence[NDArray[np.float32]], signal: Signal, depth: int = 8) -> NDArray[np.float32]:
    """Convert planes of any matrix and range to red, green and blue from 0 to 1.

    Args:
        planes: one plane, or three of one size, with samples on the 8-bit scale.
        signal: code points of the samples.
        depth: bits per sample of the source.

    Returns:
        rows x columns x 3, or x 1 for a single plane. Values beyond 0 to 1 are not clipped.
    """
    scales = _scales(signal, depth, len(planes))
    parts = [
        (plane - np.float32(low)) * np.float32(scale / 255)
        for plane, (low, scale) in zip(planes, scales, strict=True)
    ]
    if len(parts) == 1:
        return parts[0][..., None]
    matrix = _from(signal).astype(np.float32)
    rgb = np.empty((*planes[0].shape, 3), np.float32)
    for number, row in enumerate(matrix):
        rgb[..., number] = row[0] * parts[0] + row[1] * parts[1] + row[2] * parts[2]
    return rgb


def luma_weights(signal: Signal) -> tuple[float, float] | None:
    """Return the weights of red and blue in luma; None if the code points don't define them."""
    if signal.matrix in _DERIVED:
        return transfer.luma_weights(signal.primaries)
    return LUMA_WEIGHTS.get(signal.matrix)


def _scales(signal: Signal, depth: int, planes: int) -> list[tuple[float, float]]:
    """Return for each plane the offset to subtract and the factor to apply for the range of JFIF."""
    full = signal.full is not False
    # Full range of more than 8 bits ends a little below 256 on the 8-bit scale, not at 255.
    stretch = (1 << depth) * 255 / (((1 << depth) - 1) * 256) if full and depth > 8 else 1.0
    luma = (0.0, stretch) if full else (16.0, 255 / 219)
    chroma = (128.0, stretch if full else 255 / 224)
    rgb = signal.matrix == RGB and planes == 3
    return [luma, luma, luma] if rgb else [luma, chroma, chroma][:planes]


def _to_jfif_matrix(signal: Signal, planes: int) -> NDArray[np.float32] | None:
    """Return the matrix from the three components to those of JFIF; None if they are equal."""
    if planes == 1:
        return None
    weighted = signal.matrix not in (RGB, _YCGCO)
    if weighted and (luma_weights(signal) or _JFIF) == _JFIF:
        return None
    red, blue = _JFIF
    green = 1 - red - blue
    to = np.array(
        [
            [red, green, blue],
            [-red / (2 - 2 * blue), -green / (2 - 2 * blue), 0.5],
            [0.5, -green / (2 - 2 * red), -blue / (2 - 2 * red)],
        ]
    )
    return _clean(to @ _from(signal))


def _from(signal: Signal) -> NDArray[np.float64]:
    """Return the matrix from the three components to red, green and blue."""
    if signal.matrix == RGB:
        # FFmpeg's planes are in the order green, blue, red.
        return np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    if signal.matrix == _YCGCO:
        return np.array([[1.0, -1, 1], [1, 1, 0], [1, -1, -1]])
    kr, kb = luma_weights(signal) or _JFIF
    kg = 1 - kr - kb
    return np.array(
        [
            [1, 0, 2 - 2 * kr],
            [1, -(2 - 2 * kb) * kb / kg, -(2 - 2 * kr) * kr / kg],
            [1, 2 - 2 * kb, 0],
        ]
    )


def _clean(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Replace rounding residues below 1e-9 with 0."""
    return np.where(np.abs(matrix) < 1e-9, 0, matrix).astype(np.float32)


def _mapped(plane: NDArray[np.uint8], low: float, scale: float, centre: float) -> NDArray[np.uint8]:
    if scale == 1.0:
        return plane
    table = np.clip(np.rint((np.arange(256) - low) * scale + centre), 0, 255).astype(np.uint8)
    mapped: NDArray[np.uint8] = table[plane]
    return mapped


def _rounded(numbers: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(numbers), 0, 255).astype(np.uint8)


def _enlarged(plane: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Enlarge a plane of half the size, rounded up, to the full size."""
    rows, columns = plane.shape
    across = min(width / 2, columns) if columns < width else columns
    down = min(height / 2, rows) if rows < height else rows
    return resample(Plane(plane, across, down), width, height, filter="triangle")
