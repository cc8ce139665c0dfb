"""Conversion of pixels from a profile's colours to sRGB or its YCbCr (JFIF 1.02).

A picture is a sequence of channels, each uint8, rows x columns; channels may be
planes or views into interleaved pixels. A profile is either curves and a matrix
(``shape``) or a grid of colours (``look_up``). Everything is integer, and every
instruction set gives the same bytes. The source and the target may be the same
memory where their layouts are.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: The number for linear light of 1; samples have numbers below it.
LINEAR_ONE: int
#: The number for 1 in the matrix.
MATRIX_ONE: int
#: The largest sum of the magnitudes of a matrix row.
LARGEST_ROW: int
#: Entries of the last curve: linear light 0 to 1 in even steps.
ENCODE_SIZE: int
#: ENCODE_SIZE and the octets behind that vector code reads.
ENCODE_ROOM: int

def shape(
    source: Sequence[NDArray[np.uint8]],
    decode: NDArray[np.int32],
    matrix: NDArray[np.int32],
    encode: NDArray[np.uint8],
    target: Sequence[NDArray[np.uint8]],
    *,
    from_ycc: bool = False,
    to_ycc: bool = False,
) -> None:
    """Convert RGB by curves, a matrix, and one more curve (ICC.1:2022, annex F.3).

    Args:
        source: three channels.
        decode: 3 x 256, linear light of each sample, 0 to LINEAR_ONE - 1.
        matrix: 3 x 3 by rows of the result, in units of MATRIX_ONE; the magnitudes of
            a row sum to LARGEST_ROW at most.
        encode: ENCODE_ROOM samples, of which ENCODE_SIZE count.
        target: three channels of the same size.
        from_ycc: the source is YCbCr of that RGB.
        to_ycc: YCbCr is wanted.

    Raises:
        ValueError: shapes or numbers that do not go together.
    """

def look_up(
    source: Sequence[NDArray[np.uint8]],
    nodes: NDArray[np.uint8],
    places: NDArray[np.uint8],
    target: Sequence[NDArray[np.uint8]],
    *,
    from_ycc: bool = False,
    inverted: bool = False,
    to_ycc: bool = False,
) -> None:
    """Convert three or four channels by a grid: linear in the tetrahedra between its nodes.

    Of four channels the first is linear between two tetrahedra of the others.

    Args:
        source: the channels.
        nodes: rows of RGB for all combinations of the places, that of the last channel
            moving fastest.
        places: the samples at which a channel's nodes stand, rising, from 0 to 255.
        target: three channels of the same size.
        from_ycc: the first three channels are YCbCr: of RGB, or of the inverse of three
            inks (YCCK).
        inverted: samples are stored as 255 less the value, as Adobe's CMYK is.
        to_ycc: YCbCr is wanted.

    Raises:
        ValueError: shapes or numbers that do not go together.
    """
