"""Frames of GIF files: counts and chooses colours, and encodes by LZW with lossy matches.

Pixels are uint8 arrays of rows x columns x 4: red, green, blue, and a fourth sample that says whether the
pixel is opaque (128 and more) or clear. Samples of a row stand side by side, rows at any step.

Errors are weighted squares, ``2 dr^2 + 4 dg^2 + db^2``, at most ``LARGEST_LIMIT``.
"""

import numpy as np
from numpy.typing import NDArray

#: The length of the cache of nearest colours, in uint32.
CACHE_LENGTH: int

#: The length of the table of colours, in uint32.
TABLE_LENGTH: int

#: The number of bins of colours: the high six bits of red, green and blue, red highest.
BINS: int

LARGEST_LIMIT: int

def scratch_length(rows: int, columns: int) -> int:
    """Octets of scratch that pack() needs for frames of a size.

    Raises:
        ValueError: a side outside of 1..65535, the sides of a GIF.
    """

def forget(cache: NDArray[np.uint32]) -> None:
    """Make a cache ready for a palette, again before each other palette.

    Raises:
        ValueError: the cache has another length than CACHE_LENGTH.
    """

def count_colours(pixels: NDArray[np.uint8], table: NDArray[np.uint32], count: int, most: int) -> int:
    """Add the colours of opaque pixels to a table.

    Args:
        pixels: a frame.
        table: TABLE_LENGTH entries: 0, or a colour (red * 65536 + green * 256 + blue) plus one.
        count: the number of colours in the table; most + 1: there were too many.
        most: the largest number of colours of interest, at most half of TABLE_LENGTH.

    Returns:
        The number of colours in the table; most + 1 as soon as there are more: the table is of no use then.

    Raises:
        ValueError: a shape, a step or a number is wrong.
    """

def add_to_bins(pixels: NDArray[np.uint8], every: int, sums: NDArray[np.uint64]) -> None:
    """Add the opaque pixels of a frame to bins of like colours. The GIL is released.

    Args:
        pixels: a frame.
        every: 1 for all pixels, 2 for every second one of every second row, and so on.
        sums: BINS x 4: sums of red, green and blue, and the number of pixels.

    Raises:
        ValueError: a shape, a step or a number is wrong.
    """

def assign(
    points: NDArray[np.float32],
    weights: NDArray[np.float32],
    centres: NDArray[np.float32],
    scratch: NDArray[np.float32],
    sums: NDArray[np.float64],
) -> None:
    """Assign each point to its nearest centre, the first of several: a step of k-means. The GIL is released.

    Args:
        points: n x 3, and their weights, n.
        centres: 3 x k.
        scratch: at least k.
        sums: receives for each centre the sums of its weighted points, and their weight: k x 4.

    Raises:
        ValueError: a shape is wrong.
    """

def pack(
    want: NDArray[np.uint8],
    before: NDArray[np.uint8] | None,
    shown: NDArray[np.uint8],
    palette: NDArray[np.uint8],
    pattern: NDArray[np.int16],
    box: tuple[int, int, int, int],
    limit: int,
    code_cost: int,
    may_keep: bool,
    cache: NDArray[np.uint32],
    scratch: NDArray[np.uint8],
    out: NDArray[np.uint8] | None,
) -> tuple[int, tuple[int, int, int, int]]:
    """Encode the part of a frame that changes, as data sub-blocks of a GIF image (GIF89a, 22, app. F).

    The minimum code size is that of a table of ``len(palette) + may_keep`` colours, at least 2. The GIL is
    released.

    The target of a pixel is its own colour, moved away from the palette's nearest colour by the pattern's
    part of the distance (ordered dithering). Allowed are the palette's colour nearest to the target, any
    other within the limit, and, with may_keep, index ``len(palette)``, which leaves the pixel as shown, where
    that is within the limit or equal to the nearest colour. Of the strings that may come next, the one
    with the least sum of errors and code_cost a pixel is encoded. Three quarters of an error are added to the
    next pixel of the row. With a limit of 0 every pixel gets the colour nearest to its target.

    Args:
        want: the frame, rows x columns x 4.
        before: the frame before it; None for the first. Pixels that are the same in both, and shown, stay.
        shown: what a player shows before this frame; becomes what it shows after it. A pixel that
            is to be clear must be clear in it.
        palette: n x 3, at most 256, or 255 with may_keep.
        pattern: shares in sixteenths, repeated over the frame from its corner; ``[[0]]`` for none.
        box: top, left, bottom, right of a part that must be coded; four zeros for none.
        limit: the largest error of a pixel that is not coded by its nearest colour.
        code_cost: the cost of a code, as an error.
        may_keep: whether the index after the palette leaves a pixel as it is.
        cache: made ready by forget() for this palette.
        scratch: at least ``scratch_length(rows, columns)`` octets.
        out: receives the octets. When it is too small, or None, only the length is right.

    Returns:
        The number of octets, and top, left, bottom, right of the encoded part; 0 and four zeros when nothing
        changes.

    Raises:
        ValueError: a shape, a step or a number is wrong, or a pixel is clear without may_keep.
    """

def index(
    pixels: NDArray[np.uint8],
    palette: NDArray[np.uint8],
    strength: int,
    cache: NDArray[np.uint32],
    scratch: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> None:
    """The index of the nearest colour of a palette for each pixel. The GIL is released.

    Args:
        pixels: rows x columns x 4; the fourth sample does not matter.
        palette: n x 3, at most 256.
        strength: the share of a pixel's error, in sixteenths, that goes to its neighbours (Floyd and
            Steinberg); 0 for none.
        cache: made ready by forget() for this palette.
        scratch: at least ``6 * (columns + 2)`` numbers.
        out: receives the indices, rows x columns.

    Raises:
        ValueError: a shape, a step or a number is wrong.
    """

def count_pixels(codes: NDArray[np.uint8], bits: int, most: int) -> int:
    """The number of pixels that an image's codes stand for, up to the end or to an impossible code.

    The GIL is released.

    Args:
        codes: the octets of the data sub-blocks, side by side.
        bits: the minimum code size, 1 to 11.
        most: the largest number that is counted.

    Raises:
        ValueError: a number is out of its range.
    """
