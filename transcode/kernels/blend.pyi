"""Planes of 8-bit samples laid over planes, for slideshows that leave as clips.

Planes are uint8, rows x columns, with the samples of a row side by side; a part of a
plane may be given. Every instruction set gives the same bytes.
"""

import numpy as np
from numpy.typing import NDArray

def fade(first: NDArray[np.uint8], second: NDArray[np.uint8], out: NDArray[np.uint8], weight: int) -> None:
    """Write the mean of two planes, the second counting ``weight`` of 256, rounded.

    Raises:
        ValueError: shapes that differ, a weight outside of 0..256, rows that run
            backwards, or a result that lies over what it is made of.
    """

def cover(plane: NDArray[np.uint8], samples: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
    """Lay samples over a plane, in place, each counting ``mask`` of 255, rounded.

    Raises:
        ValueError: shapes that differ, rows that run backwards, or planes that overlap.
    """
