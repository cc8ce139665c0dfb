"""JPEG files to planes and back, through libjpeg-turbo and a faster decoder of camera files.

Files are contiguous buffers of bytes. Planes are uint8 arrays of rows x columns
whose rows may be apart and whose samples follow each other. Every function works
without the GIL.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from transcode.kernels.jpeg_values import Frame as Frame
from transcode.kernels.jpeg_values import JpegError as JpegError
from transcode.kernels.jpeg_values import Layout as Layout
from transcode.kernels.jpeg_values import Outcome as Outcome

def version() -> str:
    """The version of the libjpeg-turbo headers at build time."""

def header(data: bytes | memoryview) -> Frame:
    """Read the frame header; no pixel is decoded, and no size is too large.

    Raises:
        JpegError: the file is broken, or of another kind than 8-bit sequential or progressive
            with 1, 3 or 4 components.
    """

def layout(data: bytes | memoryview, eighths: int) -> tuple[Layout, ...]:
    """The planes that decode() fills at a scale.

    libjpeg gives chroma that is subsampled a larger transform where it can, so
    these planes may hold more than half as many samples as luma's.

    Args:
        data: the file.
        eighths: the scale, 1 to 8.

    Raises:
        JpegError: as for header().
        ValueError: there is no such scale.
    """

def decode(
    data: bytes | memoryview,
    eighths: int,
    planes: Sequence[NDArray[np.uint8]],
    *,
    max_scans: int,
    seconds: float,
    libjpeg: bool = False,
    threads: int = 1,
) -> Outcome:
    """Decode to the planes of the file: no colour is converted, no chroma enlarged.

    The result is that of the accurate integer transform. What can't be decoded
    of a damaged file is gray.

    Args:
        data: the file.
        eighths: the scale, 1 to 8.
        planes: written to; of the shapes that layout() gives.
        max_scans: the most scans that are read. Each may take as long as the whole picture.
        seconds: of processor time that the decode may take; looked at after each row of MCUs of each scan.
        libjpeg: let libjpeg decode every file.
        threads: above 1, a second thread decodes the lower half of a file with restarts where one can be had.
            The result is the same, and each thread may take the seconds.

    Raises:
        JpegError: the file can't be decoded, has too many scans, or takes too long.
        MemoryError: coefficients of a progressive file found no memory.
        ValueError: the planes have other shapes, or steps, than they should.
    """

def write_coefficients(
    blocks: Sequence[NDArray[np.int16]],
    tables: NDArray[np.uint16],
    sampling: Sequence[tuple[int, int]],
    table_ids: Sequence[int],
    *,
    width: int,
    height: int,
    progressive: bool,
) -> bytes:
    """A file of 8-bit gray (one component) or YCbCr (three) from quantised coefficients.

    It has a JFIF header, Huffman tables made for these coefficients (one pair for
    luma, one for chroma), and no other metadata.

    Args:
        blocks: for each component an array of rows of blocks x blocks x 64 in
            zigzag order. Where hmax is the largest h, there are ceil(width * h / hmax / 8)
            blocks in a row; rows of blocks likewise. AC keeps to -1023..1023,
            DC to -1024..1023.
        tables: at most four rows of 64 steps of 1..255 in zigzag order.
        sampling: horizontal and vertical sampling factor of each component, 1..4.
        table_ids: for each component the row of tables that it uses.
        width, height: of the picture, in pixels, 1..65500.
        progressive: several scans, from coarse to fine, instead of one.

    Raises:
        ValueError: a shape, a step or a value is out of range.
        MemoryError: there is no room for the file.
    """

def rewrite(data: bytes | memoryview, *, progressive: bool, max_scans: int, seconds: float) -> bytes:
    """The same coefficients re-encoded, under Huffman tables made for them.

    All markers are dropped but those that the colours need, JFIF or Adobe.

    Args:
        data: the file.
        progressive: several scans, from coarse to fine, instead of one.
        max_scans, seconds: as for decode().

    Raises:
        JpegError: the file can't be read, is damaged, has too many scans, or takes too long.
        MemoryError: the coefficients or the file found no memory.
    """

def segments(data: bytes | memoryview, out: NDArray[np.int64]) -> int:
    """The places of the marker segments of a file.

    Args:
        data: the file.
        out: written to, C-contiguous, shape (rows, 3). Each row takes the marker's second octet, the
            offset of its first, and the offset behind the segment; for a scan, behind
            its entropy-coded data. The start marker has no row. The list ends behind the
            end marker, or at a second start marker, and behind a segment whose length is
            below 2 or runs past the end: its last number is then below offset + 4, or above
            the length of the data.

    Returns:
        The number of rows written; one more than out has when out is too short; 0
        when there is no start marker.

    Raises:
        ValueError: out has another shape.
    """
