"""Resampling of planes of 8-bit samples by separable windows.

A window belongs to one output sample: the index of the first source sample that
it takes from, and a row of integer taps that sum to ``UNITY``. Rows are filled up
with zeros at the end, to 8 or a multiple of 16. What a direction needs is so two
arrays: ``first``, int32, one number an output, and ``taps``, int16, outputs x length.

Everything is integer, and every instruction set gives the same bytes: a vertical
sum keeps 6 fractional bits of 14, rounded; the horizontal sum of those is rounded
again and clipped to 0..255. The result is within one level of the same sums made
with real numbers, flat planes stay exactly as they are, and so does every plane
at scale 1.
"""

import numpy as np
from numpy.typing import NDArray

#: The sum of the taps of a window.
UNITY: int

#: First samples and taps of one direction.
_Windows = tuple[NDArray[np.int32], NDArray[np.int16]]

def window_length(scale: float, filter: str) -> int:  # noqa: A002
    """The length of a window, zeros included, for a scale in source samples an output sample.

    Raises:
        ValueError: no such filter, or a scale outside of 0..2^24.
    """

def fill_windows(
    first: NDArray[np.int32],
    taps: NDArray[np.int16],
    size: int,
    start: float,
    scale: float,
    filter: str,  # noqa: A002
    *,
    sharpen: float = 0.0,
) -> None:
    """Write the windows of all outputs in one direction.

    Output i has its centre at ``start + (i + 0.5) * scale`` source samples from the
    edge of a source of ``size`` samples; centres outside of the source count as on
    its edge. Around it, source samples are weighted by the filter, which is
    stretched by the scale where that is above 1: ``"box"`` within 0.5,
    ``"triangle"`` within 1, ``"lanczos"`` (of order 3) within 3. What would stand
    outside of the source is left out and the rest scaled up; a window that has no
    sample left takes the nearest one.

    Args:
        first: receives the first source sample of each window; contiguous.
        taps: receives the taps, outputs x ``window_length(scale, filter)``; contiguous.
        size: samples of the source in this direction.
        start: where the first output begins, in source samples from the edge.
        scale: source samples an output sample.
        filter: the shape of the window.
        sharpen: each weight becomes ``1 + 2 * sharpen`` times itself, less ``sharpen`` times each of its
            neighbours in the window; at most 1/16.

    Raises:
        ValueError: shapes or numbers that do not go together.
    """

def resample(
    src: NDArray[np.uint8],
    dst: NDArray[np.uint8],
    vertical: _Windows,
    horizontal: _Windows,
    scratch: NDArray[np.int16],
) -> None:
    """Resample a plane. The GIL is released.

    Args:
        src: rows x columns; samples of a row side by side, rows at any step.
        dst: receives the result, likewise; must not overlap with src.
        vertical: windows of the output's rows.
        horizontal: windows of the output's columns.
        scratch: contiguous; at least as many as src has columns, and a horizontal
            window has taps. Its contents do not matter.

    Raises:
        ValueError: shapes or steps that do not go together, a window that leaves the
            source, that does not sum to UNITY, or whose absolute taps sum to more
            than twice that.
    """

def pixels_scratch(width: int, channels: int, count: int, length: int) -> int:
    """The numbers of scratch that ``resample_interleaved`` needs.

    Args:
        width: pixels of a source row.
        channels: 3 or 4.
        count: pixels of an output row.
        length: taps of a horizontal window.

    Raises:
        ValueError: no such picture.
    """

def resample_interleaved(
    src: NDArray[np.uint8],
    dst: NDArray[np.uint8],
    vertical: _Windows,
    horizontal: _Windows,
    scratch: NDArray[np.int16],
) -> None:
    """Resample pixels whose channels stand side by side; each channel gets the bytes of ``resample``.

    The GIL is released.

    Args:
        src: rows x columns x 3 or 4; pixels of a row side by side, rows at any step.
        dst: receives the result, likewise; must not overlap with src.
        vertical: windows of the output's rows.
        horizontal: windows of the output's columns.
        scratch: contiguous; ``pixels_scratch()`` numbers at least. Its contents do not matter.

    Raises:
        ValueError: as ``resample``.
    """
