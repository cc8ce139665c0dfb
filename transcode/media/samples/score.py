"""SSIMULACRA2: the perceptual similarity of two pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import score as kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST", "ssimulacra2"]

#: Smallest width and height in pixels.
LEAST = kernel.LEAST


def ssimulacra2(original: NDArray[np.uint8], made: NDArray[np.uint8]) -> float:
    """Return the SSIMULACRA2 score of a picture against its original (Jon Sneyers, SSIMULACRA 2).

    Args:
        original, made: pictures of one size in 8-bit sRGB, rows x columns x 3, with any strides; at least
            8 pixels wide and high.

    Returns:
        The score: 100 means identical, 90 hardly distinguishable, 70 good, 50 medium, 30 poor; it may be
        far below 0. A picture of 5 megapixels takes about 0.1 s.

    Raises:
        ValueError: the shapes differ or are invalid, or the pictures are too small.
    """
    first, second = _picture(original), _picture(made)
    scratch = np.empty(kernel.scratch_length(first.shape[1], first.shape[0]), np.float32)
    return kernel.ssimulacra2(first, second, scratch)


def _picture(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if samples.dtype != np.uint8 or samples.ndim != 3:
        raise ValueError(f"a picture must be uint8, rows x columns x 3; not {samples.dtype}, {samples.shape}")
    return np.ascontiguousarray(samples)
