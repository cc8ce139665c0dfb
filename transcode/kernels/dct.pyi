"""Forward DCT of planes, quantisation, and the exact length of the resulting JPEG file.

Blocks are arrays of shape (rows of blocks, blocks in a row, 64), C-contiguous, each block in the
zigzag order of ITU-T T.81, figure 5. Nothing is allocated: callers provide outputs and scratch.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Coefficients are this many times the orthonormal DCT of T.81, A.3.3: four fractional bits.
#: That keeps them within -16384..16256, which 16 bits hold.
SCALE: int

#: The most levels by which a sample may exceed white.
MOST_OVERSHOOT: int

_Tables = Sequence[tuple[NDArray[np.uint16], NDArray[np.float64]]]
_Picture = tuple[Sequence[NDArray[np.int16]], _Tables, Sequence[tuple[int, int]], int, int]
_Rdo = tuple[NDArray[np.uint8], Sequence[float], Sequence[NDArray[np.uint8]]]

def forward(plane: NDArray[np.uint8], out: NDArray[np.int16], *, overshoot: int = 0) -> None:
    """The coefficients of a plane, SCALE times their value, with samples shifted by -128.

    A coefficient is within 1/8 of its exact value, DC of flat blocks is exact. At the right and at the
    bottom the last sample is repeated until blocks are whole.

    Args:
        plane: samples, rows x columns, of any size but 0; rows may be apart, samples of a row not.
        out: (ceil(rows / 8), ceil(columns / 8), 64).
        overshoot: by how many levels samples of 255 may exceed it beside darker ones, 0..MOST_OVERSHOOT.
            Along the zigzag order they continue the slopes around them; decoders cut that off. Edges
            against white take fewer bytes then, and ring less (after mozjpeg's "overshoot deringing").
            DC stays within that of white.

    Raises:
        ValueError: a shape, a step or the overshoot is wrong.
    """

def quantise(
    coefficients: NDArray[np.int16],
    table: NDArray[np.uint16],
    dead_zone: NDArray[np.float64],
    out: NDArray[np.int16],
) -> None:
    """Coefficients divided by their steps, as a file has them.

    A coefficient c with step s and dead zone z becomes, with the sign of c,
    ``(min(abs(c), 1023 * SCALE) + s * SCALE - ceil(z * SCALE * s)) // (s * SCALE)``: whole steps, and one
    more when at least z of the next is there. That is 0 below z steps and at most 1023, the range
    of baseline AC; differences of DC then keep to their eleven bits.

    Args:
        coefficients: as forward() makes them; any value is taken.
        table: 64 steps of 1..255 in zigzag order.
        dead_zone: 64 shares of a step, above 0 and at most 1, in zigzag order. 0.5 is plain rounding.
        out: blocks of the same shape; may be ``coefficients`` itself.

    Raises:
        ValueError: a shape or a value is out of range.
    """

#: How many values a table of masks has, and how many bits of codes there are for rdo.
MASKS: int
CODES: int

def fill_masks(coefficients: NDArray[np.int16], table: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """The error that each block hides, as an entry of the table.

    Args:
        coefficients: as forward() makes them.
        table: MASKS values; entry i is for blocks whose magnitudes of AC sum up to
            ``i * 2`` to ``i * 2 + 2`` (of the orthonormal transform), the last one also for more.
        out: (rows of blocks, blocks in a row), C-contiguous.

    Raises:
        ValueError: a shape is wrong.
    """

def scratch_length(
    sampling: Sequence[tuple[int, int]], width: int, height: int, *, progressive: bool = False
) -> int:
    """The largest number of uint32 that measure() may need as scratch; it touches only those in use.

    Raises:
        ValueError: a size or a sampling factor that JPEG does not have.
    """

def measure(
    picture: _Picture,
    scratch: NDArray[np.uint32],
    *,
    rdo: _Rdo | None = None,
    every: int = 1,
    bits: NDArray[np.uint8] | None = None,
    out: NDArray[np.uint8] | None = None,
    progressive: bool = False,
    threads: int = 1,
) -> int:
    """The exact length, in bytes, of the file of these coefficients and tables.

    It is a baseline file in one scan, as libjpeg writes it from coefficients with optimised Huffman
    tables (T.81, K.2): a JFIF header without thumbnail, one DQT for each table, one pair of
    Huffman tables for luma and one for chroma, no restarts, no other markers.

    A progressive file (T.81, annex G) has one scan of DC, and for each component one or two of AC, each
    with a table of its own: of coefficients 1 to 2 and 3 to 63, of 1 to 8 and 9 to 63, or of all. Up to
    three bits of the magnitudes wait for scans that refine. The bands and the waiting bits of a component
    are chosen by the counted length of a part of its blocks.

    Args:
        picture: the components: coefficients of luma or gray alone, or of Y, Cb and Cr, as forward() makes
            them; the tables: a table and a dead zone, as quantise() takes them, for all components, or one
            pair for luma and one for chroma; the horizontal and vertical sampling factor of each component;
            width and height of the picture, in pixels.
        scratch: at least scratch_length() long.
        rdo: parameters of rate-distortion optimisation of AC, or None. From the last coefficient to the
            first, a magnitude of 1 becomes 0, and another power of two is reduced by one, where the increase
            of the squared error is less than the saved bits times lambda. At most 12 saved bits count
            where a value becomes 0, and at most 4 where it is reduced. In a progressive file, coefficients
            1 to 2 and 3 to 63 are optimised separately, and the end of an empty block costs no bits. The
            parameters are the bits of each code and of what follows it (CODES values, as ``bits`` gives
            them); lambda for each table (the squared error, in squares of a step, that a bit is worth:
            0..0.5); and for each component the masks of its blocks (rows of blocks x blocks in a row), which
            are factors of lambda in 1/16.
        every: above 1, the length is an estimate from one of ``every`` groups of eight neighbouring MCUs,
            scattered over the picture, in a fraction of the time.
        bits: CODES values, written to: the bits of each code of the file and of what follows it; for codes
            that do not occur, approximate bits. DC of luma, AC of luma, DC of chroma and AC of chroma have
            256 values each. In a progressive file, coefficients 1 to 2 and 3 to 63 of each component have
            256 values each, as if each were one scan; the first value is the mean of the
            codes that end blocks.
        out: written to: the file, where it is as long as the file at least and ``every`` is 1. It takes less
            time than write() after this.
        progressive: whether the file is progressive, and not baseline.
        threads: above 1, half of a baseline file is measured on a second thread where one can be had. The
            result is the same.

    Raises:
        ValueError: a shape, a size or a value is out of range.
    """

def write(
    picture: _Picture,
    scratch: NDArray[np.uint32],
    out: NDArray[np.uint8],
    *,
    rdo: _Rdo | None = None,
    ready: bool = False,
    progressive: bool = False,
) -> int:
    """Write the file whose length measure() gives for the same arguments.

    Args:
        out: at least that long.
        ready: whether measure() was called last with this scratch and these very arguments: what it
            left in scratch is written then, in a share of the time.

    Returns:
        The length of the file.

    Raises:
        ValueError: as measure(), out is too short, or scratch is not ready.
    """
