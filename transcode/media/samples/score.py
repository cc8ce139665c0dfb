"""How alike two pictures look: SSIMULACRA2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import score as kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST", "ssimulacra2"]

#: The fewest pixels each way.
LEAST = kernel.LEAST


def ssimulacra2(original: NDArray[np.uint8], made: NDArray[np.uint8]) -> float:
    """How much a picture looks like its original (Jon Sneyers, SSIMULACRA 2).

    Args:
        original, made: pictures of one size in sRGB of 8 bits, rows x columns x 3,
            at any step; at least 8 pixels each way.

    Returns:
        Points: 100 is the same picture, 90 hardly to be told from it, 70 good, 50
        middling, 30 poor; it may fall far below 0. A picture of five megapixels takes
        about a tenth of a second.

    Raises:
        ValueError: other shapes, or pictures that are too small.
    """
    first, second = _picture(original), _picture(made)
    scratch = np.empty(kernel.scratch_length(first.shape[1], first.shape[0]), np.float32)
    return kernel.ssimulacra2(first, second, scratch)


def _picture(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if samples.dtype != np.uint8 or samples.ndim != 3:
        raise ValueError(f"a picture must be uint8, rows x columns x 3; not {samples.dtype}, {samples.shape}")
    return np.ascontiguousarray(samples)
