"""Reduction of pictures in linear light.

Pixels are uint8 arrays of rows x columns x 4: red, green and blue in sRGB, which are averaged as light, and a
fourth sample that is averaged as it is. Samples of a row stand side by side, rows at any step.
"""

import numpy as np
from numpy.typing import NDArray

#: The number of levels of linear light.
LEVELS: int

#: Starts and weights of one direction.
_Windows = tuple[NDArray[np.int32], NDArray[np.float32]]

def scratch_length(columns: int, out_columns: int, taps: int) -> int:
    """The number of floats that reduce() needs as scratch.

    Args:
        columns, out_columns: of the picture, before and after.
        taps: rows that an output row is made of.

    Raises:
        ValueError: a number below 1.
    """

def reduce(
    pixels: NDArray[np.uint8],
    across: _Windows,
    down: _Windows,
    linear: NDArray[np.float32],
    levels: NDArray[np.uint8],
    scratch: NDArray[np.float32],
    out: NDArray[np.uint8],
) -> None:
    """A smaller picture, of weighted sums of the rows and columns of another. The GIL is released.

    Args:
        pixels: rows x columns x 4.
        across, down: for each column, and row, of the output where its window begins, which never falls; and
            the weights of that window, as many for all.
        linear: 256 entries: light of each level of sRGB, from 0 to 1.
        levels: LEVELS entries: the level of sRGB of light from 0 to 1.
        scratch: at least ``scratch_length(columns, output columns, taps of rows)`` numbers.
        out: receives the picture, rows x columns x 4.

    Raises:
        ValueError: a shape or a step is wrong, or a window exceeds the picture.
    """
