"""Rows of samples become columns."""

import numpy as np
from numpy.typing import NDArray

def transpose(src: NDArray[np.uint8], dst: NDArray[np.uint8]) -> None:
    """Write the sample in row y and column x of a plane to row x and column y of another one.

    Args:
        src: rows x columns; the samples of a row stand side by side, and the rows may run backwards.
        dst: columns x rows, likewise; it does not overlap src.

    Raises:
        ValueError: another shape, or samples of a row that stand apart.
    """
