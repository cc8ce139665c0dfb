"""Frames of GIF files: colours counted and chosen, and coded by LZW with lossy matches.

Pixels are uint8 arrays of rows x columns x 4: red, green, blue, and a fourth sample that says whether the
pixel is opaque (128 and more) or clear. Samples of a row stand side by side, rows at any step.

Errors are weighted squares, ``2 dr^2 + 4 dg^2 + db^2``, at most ``LARGEST_LIMIT``.
"""

import numpy as np
from numpy.typing import NDArray

#: How many uint32 the cache of nearest colours has.
CACHE_LENGTH: int

#: How many uint32 the table of colours has.
TABLE_LENGTH: int

#: How many bins of colours there are: the high six bits of red, green and blue, red highest.
BINS: int

LARGEST_LIMIT: int

def scratch_length(rows: int, columns: int) -> int:
    """How many octets pack() needs to work in for frames of this size.

    Raises:
        ValueError: a side outside of 1..65535, which are those of a GIF.
    """

def forget(cache: NDArray[np.uint32]) -> None:
    """Make a cache ready for a palette. It must be done again before another palette.

    Raises:
        ValueError: it has not CACHE_LENGTH entries.
    """

def count_colours(pixels: NDArray[np.uint8], table: NDArray[np.uint32], count: int, most: int) -> int:
    """Add the colours of the opaque pixels to those that a table holds.

    Args:
        pixels: a frame.
        table: TABLE_LENGTH entries: 0, or a colour (red * 65536 + green * 256 + blue) plus one.
        count: how many colours it holds; most + 1 means that there were too many.
        most: how many colours are of interest, at most half of TABLE_LENGTH.

    Returns:
        How many it holds now; most + 1 as soon as there are more, and the table is of no use any more.

    Raises:
        ValueError: a shape, a step or a number is wrong.
    """

def add_to_bins(pixels: NDArray[np.uint8], every: int, sums: NDArray[np.uint64]) -> None:
    """Add the opaque pixels of a frame to bins of like colours. The GIL is released.

    Args:
        pixels: a frame.
        every: 1 for all pixels, 2 for every second one of every second row, and so on.
        sums: BINS x 4: sums of red, green and blue, and how many pixels there were.

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
    """Give each point to the nearest centre, the first of several: a step of k-means. The GIL is released.

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
    """Code what of a frame is not yet shown, as the data sub-blocks of a GIF image (GIF89a, 22, app. F).

    The minimum code size is that of a table of ``len(palette) + may_keep`` colours, at least 2. The GIL is
    released.

    A pixel is aimed at by its own colour, moved away from the palette's nearest colour by the pattern's
    share of the distance (ordered dithering). For it may stand the nearest colour to that, any
    other within the limit, and, with may_keep, index ``len(palette)``, which leaves what is shown, where
    that is within the limit or equal to the nearest colour. Of the strings that may be coded next the one is
    taken whose errors and code_cost sum to least a pixel. Three quarters of an error go with the next
    pixel of the row. With a limit of 0, every pixel shows the colour nearest to the one that is aimed at.

    Args:
        want: the frame, rows x columns x 4.
        before: the frame before it; None for the first. Pixels that are the same in both, and shown, stay.
        shown: what a player shows before this frame; becomes what it shows after it. A pixel that
            is to be clear must be clear in it.
        palette: n x 3, at most 256, or 255 with may_keep.
        pattern: shares in sixteenths, repeated over the frame from its corner; ``[[0]]`` for none.
        box: top, left, bottom, right of a part that must be coded; four zeros for none.
        limit: the largest error of a pixel that is not coded by its nearest colour.
        code_cost: what a code costs, as an error.
        may_keep: whether the index after the palette leaves a pixel as it is.
        cache: made ready by forget() for this palette.
        scratch: at least ``scratch_length(rows, columns)`` octets.
        out: receives the octets. When it is too small, or None, only the length is right.

    Returns:
        How many octets it takes, and top, left, bottom, right of the part that was coded; 0 and four zeros
        when nothing has to be.

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
    """For each pixel the index of the nearest colour of a palette. The GIL is released.

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
    """How many pixels the codes of an image stand for, up to their end, or to one that can't be.

    The GIL is released.

    Args:
        codes: what its data sub-blocks hold, side by side.
        bits: the minimum code size, 1 to 11.
        most: the most that are counted.

    Raises:
        ValueError: a number is out of its range.
    """
