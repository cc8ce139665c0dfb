"""SSIMULACRA2: how alike two pictures look.

100 is the same picture, 90 hardly to be told from it, 70 good, 50 middling, 30 poor;
far below 0 is possible. Within 0.05 points of the Python package ssimulacra2 0.3, whose
window and edges these are, in single precision; every instruction set gives the same bits.
"""

import numpy as np
from numpy.typing import NDArray

#: The fewest rows and columns of a picture.
LEAST: int

def scratch_length(width: int, height: int) -> int:
    """How many floats of scratch pictures of this size need.

    Raises:
        ValueError: a size below 1.
    """

def ssimulacra2(first: NDArray[np.uint8], second: NDArray[np.uint8], scratch: NDArray[np.float32]) -> float:
    """How much the second picture looks like the first, in points up to 100. The GIL is released.

    Args:
        first, second: rows x columns x 3, sRGB of 8 bits; samples of a row side by side,
            rows at any step.
        scratch: contiguous, ``scratch_length`` of the size; its contents do not matter.

    Raises:
        ValueError: shapes or steps that do not go together, or fewer than LEAST rows or columns.
    """
