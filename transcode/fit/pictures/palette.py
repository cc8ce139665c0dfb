"""Palettes for the frames of an animation, or for one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import gif

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Histogram", "dither_pattern"]

#: Square roots of the weights of squared differences in red, green and blue, which kernels.gif uses.
_WEIGHTS = np.sqrt(np.array([2.0, 4.0, 1.0], np.float32))

#: Iterations of k-means after the cut (Lloyd 1982). More iterations reduce the error by less than 1 %.
#: Chosen: 16 iterations gain 1 point of SSIMULACRA2 on drawings in 16 and 64 colours, and take four times as
#: long.
_ROUNDS = 4

#: Exponent of the number of pixels in the weight of a colour. Chosen: small objects keep their colours; with
#: an exponent of 1 the mean score of drawings and photos is higher.
_POWER = 0.75

#: Largest number of filled colour bins before larger bins are used: a cap, because each takes time in
#: k-means.
_MOST_BINS = 16_000

#: Bayer matrix of order 8 as numbers between 0 and 1, both excluded.
_BAYER = np.zeros((1, 1))
for _ in range(3):
    _BAYER = np.block([[4 * _BAYER, 4 * _BAYER + 2], [4 * _BAYER + 3, 4 * _BAYER + 1]])
_BAYER = (_BAYER + 0.5) / 64

#: Largest offset of a pixel, as a multiple of the distance to its nearest colour. Chosen: larger offsets make
#: visible patterns.
_FARTHEST = 3.0


def dither_pattern(strength: float) -> NDArray[np.int16]:
    """Return a dither pattern for kernels.gif: 8 x 8 offsets in sixteenths.

    A colour at the share f of the way from its nearest palette colour to the next should become the next
    colour on the share f of its pixels. A pixel that is moved by t times its distance passes the middle when
    f (1 + t) > 1/2. With t = 1 / (2 u) - 1 and u uniform between 0 and 1, that is the case where u < f.

    Args:
        strength: factor on the offsets: 1 for full dithering, 0 for none.
    """
    moved = np.clip(0.5 / _BAYER - 1.0, 0.0, _FARTHEST) * strength
    return np.rint(16 * moved).astype(np.int16)


class Histogram:
    """A histogram of the colours of frames.

    Args:
        most: largest number of colours that are counted exactly.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._table = np.zeros(gif.TABLE_LENGTH, np.uint32)
        self._count = 0
        self._sums = np.zeros((gif.BINS, 4), np.uint64)

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Count the colours of a frame: uint8, rows x columns x 4; alpha 0 is transparent."""
        self._count = gif.count_colours(frame, self._table, self._count, self._most)
        # A quarter of the pixels of a large frame suffices.
        gif.add_to_bins(frame, 1 if frame.shape[0] * frame.shape[1] <= 40_000 else 2, self._sums)

    @property
    def exact(self) -> NDArray[np.uint8] | None:
        """All colours, n x 3, sorted; None: there are more than ``most``."""
        if self._count > self._most:
            return None
        found = np.sort(self._table[self._table > 0]) - 1
        colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
        return colours if len(colours) else np.zeros((1, 3), np.uint8)

    def palette(self, colours: int) -> NDArray[np.uint8]:
        """Return a palette of at most ``colours`` colours, the exact colours if they are few enough."""
        exact = self.exact
        if exact is not None and len(exact) <= colours:
            return exact
        filled = self._filled()
        counts = filled[:, 3]
        points = np.ascontiguousarray(filled[:, :3] / counts[:, None] * _WEIGHTS, np.float32)
        weights = (counts**_POWER).astype(np.float32)
        centres = _cut(points, weights, colours)
        sums = np.empty((len(centres), 4))
        scratch = np.empty(len(centres), np.float32)
        for _ in range(_ROUNDS):
            gif.assign(points, weights, np.ascontiguousarray(centres.T), scratch, sums)
            there = sums[:, 3] > 0
            centres[there] = sums[there, :3] / sums[there, 3:]
        # A colour with most of the weight of its group, such as a flat area, is kept exactly: noise would be
        # visible there.
        for heavy in np.argsort(-weights, kind="stable")[: len(centres)]:
            nearest = ((centres - points[heavy]) ** 2).sum(axis=1).argmin()
            if 2 * weights[heavy] > sums[nearest, 3]:
                centres[nearest] = points[heavy]
        rounded = np.clip(np.rint(centres / _WEIGHTS), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.unique(rounded, axis=0))

    def _filled(self) -> NDArray[np.float64]:
        """Return the filled bins, n x 4; bins are larger where there are too many."""
        filled = self._sums[self._sums[:, 3] > 0]
        if len(filled) > _MOST_BINS:
            side = round(gif.BINS ** (1 / 3)) // 2
            sums = self._sums.reshape(side, 2, side, 2, side, 2, 4).sum(axis=(1, 3, 5)).reshape(-1, 4)
            filled = sums[sums[:, 3] > 0]
        return filled.astype(np.float64)


def _cut(points: NDArray[np.float32], weights: NDArray[np.float32], colours: int) -> NDArray[np.float32]:
    """Return centres by repeatedly cutting the group with the largest spread along an axis (Wu 1991)."""
    groups = [np.arange(len(points))]
    spreads = [_spread(points, weights, groups[0])]
    while len(groups) < colours:
        index = int(np.argmax([spread for spread, _, _ in spreads]))
        spread, axis, middle = spreads[index]
        if spread <= 0:
            break
        group = groups[index]
        low = points[group, axis] <= middle
        groups[index], spreads[index] = group[low], _spread(points, weights, group[low])
        groups.append(group[~low])
        spreads.append(_spread(points, weights, group[~low]))
    centres = [_mean(points[group], weights[group]) for group in groups]
    return np.array(centres, np.float32)


def _spread(
    points: NDArray[np.float32], weights: NDArray[np.float32], group: NDArray[np.intp]
) -> tuple[float, int, float]:
    """Return the largest sum of squares about the mean along an axis, that axis, and the mean along it."""
    if len(group) < 2:
        return 0.0, 0, 0.0
    values, share = points[group], weights[group]
    mean = _mean(values, share)
    squares = (share[:, None] * (values - mean) ** 2).sum(axis=0)
    axis = int(squares.argmax())
    return float(squares[axis]), axis, float(mean[axis])


def _mean(values: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    # No matrix product: the order of its sums depends on the number of threads.
    return np.asarray((share[:, None] * values).sum(axis=0) / share.sum())
