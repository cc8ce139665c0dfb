"""SSIMULACRA2: a perceptual score of the likeness of two pictures.

100 points: the same picture; 90: hardly a visible difference; 70 good, 50 medium, 30 poor;
scores far below 0 are possible. Scores are within 0.05 points of the Python package ssimulacra2
0.3, with its window and edges, in single precision. Every instruction set gives the same bits.
"""

import numpy as np
from numpy.typing import NDArray

#: The fewest rows and columns of a picture.
LEAST: int

def scratch_length(width: int, height: int) -> int:
    """The number of floats of scratch for pictures of a size.

    Raises:
        ValueError: a size below 1.
    """

def ssimulacra2(first: NDArray[np.uint8], second: NDArray[np.uint8], scratch: NDArray[np.float32]) -> float:
    """The likeness of the second picture to the first, in points up to 100. The GIL is released.

    Args:
        first, second: rows x columns x 3, sRGB of 8 bits; samples of a row side by side,
            rows at any step.
        scratch: contiguous, ``scratch_length`` of the size; its contents do not matter.

    Raises:
        ValueError: shapes or steps that do not go together, or fewer than LEAST rows or columns.
    """
