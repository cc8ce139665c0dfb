"""Conversion of pixels from a profile's colours to sRGB or its YCbCr."""

from libc.stdint cimport int32_t, uint8_t, uint16_t

from transcode.kernels cimport cpu

cdef extern from "colour_pixels.h":
    enum:
        COLOUR_LINEAR_BITS
        COLOUR_MATRIX_BITS
        COLOUR_ENCODE_SIZE
        COLOUR_ENCODE_ROOM
        COLOUR_MOST_CHANNELS

    ctypedef struct colour_source:
        const uint8_t *channel[4]
        Py_ssize_t row[4]
        Py_ssize_t pixel[4]
        int channels
        int ycc
        int inverted

    ctypedef struct colour_target:
        uint8_t *channel[3]
        Py_ssize_t row[3]
        Py_ssize_t pixel[3]
        int ycc

    ctypedef struct colour_shaper:
        const int32_t *decode
        const int32_t *matrix
        const uint8_t *encode

    ctypedef struct colour_table:
        const uint8_t *nodes
        Py_ssize_t count
        uint8_t cell[256]
        uint16_t share[256]

    void colour_convert(
        const colour_source *source, Py_ssize_t width, Py_ssize_t height,
        const colour_shaper *shaper, const colour_table *table, const colour_target *target, int avx2,
    ) nogil


# The largest sum of the magnitudes of a matrix row that keeps to 32 bits.
cdef enum:
    MOST_OF_ROW = 7 << COLOUR_MATRIX_BITS

LINEAR_ONE = 1 << COLOUR_LINEAR_BITS
MATRIX_ONE = 1 << COLOUR_MATRIX_BITS
LARGEST_ROW = MOST_OF_ROW
ENCODE_SIZE = COLOUR_ENCODE_SIZE
ENCODE_ROOM = COLOUR_ENCODE_ROOM


def shape(
    source,
    const int32_t[:, ::1] decode not None,
    const int32_t[:, ::1] matrix not None,
    const uint8_t[::1] encode not None,
    target,
    *,
    bint from_ycc=False,
    bint to_ycc=False,
):
    cdef colour_shaper shaper
    cdef int k, j
    cdef int32_t total
    if decode.shape[0] != 3 or decode.shape[1] != 256:
        raise ValueError("decode must be 3 x 256")
    if matrix.shape[0] != 3 or matrix.shape[1] != 3:
        raise ValueError("the matrix must be 3 x 3")
    if encode.shape[0] != COLOUR_ENCODE_ROOM:
        raise ValueError(f"encode must have {COLOUR_ENCODE_ROOM} samples")
    for k in range(3):
        for j in range(256):
            if not 0 <= decode[k, j] < 1 << COLOUR_LINEAR_BITS:
                raise ValueError(f"linear light of {decode[k, j]} is not below {LINEAR_ONE}")
        total = 0
        for j in range(3):
            if not -MOST_OF_ROW <= matrix[k, j] <= MOST_OF_ROW:
                raise ValueError("a row of the matrix sums to more than 7")
            total += abs(matrix[k, j])
        if total > MOST_OF_ROW:
            raise ValueError("a row of the matrix sums to more than 7")
    shaper.decode = &decode[0, 0]
    shaper.matrix = &matrix[0, 0]
    shaper.encode = &encode[0]
    _convert(source, 3, from_ycc, False, &shaper, NULL, target, to_ycc)


def look_up(
    source,
    const uint8_t[:, ::1] nodes not None,
    const uint8_t[::1] places not None,
    target,
    *,
    bint from_ycc=False,
    bint inverted=False,
    bint to_ycc=False,
):
    cdef colour_table table
    cdef Py_ssize_t count = places.shape[0], cell, sample, step
    cdef tuple given = tuple(source)
    if len(given) not in (3, 4):
        raise ValueError(f"{len(given)} channels; there can be 3 or 4")
    if count < 2 or places[0] != 0 or places[count - 1] != 255:
        raise ValueError("nodes must stand at 0, at 255, and at places between")
    for cell in range(count - 1):
        if places[cell] >= places[cell + 1]:
            raise ValueError("the places of nodes must rise")
        step = places[cell + 1] - places[cell]
        for sample in range(places[cell], places[cell + 1] + 1):
            table.cell[sample] = cell
            table.share[sample] = (256 * (sample - places[cell]) + step // 2) // step
    if nodes.shape[0] != count ** len(given) or nodes.shape[1] != 3:
        raise ValueError(f"{nodes.shape[0]} nodes of {nodes.shape[1]}, not {count ** len(given)} of 3")
    table.nodes = &nodes[0, 0]
    table.count = count
    _convert(given, len(given), from_ycc, inverted, NULL, &table, target, to_ycc)


cdef int _convert(
    object source,
    int channels,
    bint from_ycc,
    bint inverted,
    const colour_shaper *shaper,
    const colour_table *table,
    object target,
    bint to_ycc,
) except -1:
    cdef colour_source taken
    cdef colour_target given
    cdef const uint8_t[:, :] plane
    cdef uint8_t[:, :] out
    cdef Py_ssize_t height, width
    cdef int i, avx2 = cpu.current() >= cpu.AVX2
    # Tuples, since the length of a list could change in between.
    cdef tuple planes = tuple(source), outs = tuple(target)
    if len(planes) != channels or len(outs) != 3:
        raise ValueError(f"{len(planes)} channels to {len(outs)}; it must be {channels} to 3")
    views = []  # keep the memory of the planes
    plane = planes[0]
    height, width = plane.shape[0], plane.shape[1]
    if height == 0 or width == 0:
        raise ValueError("the picture is empty")
    for i in range(channels):
        plane = planes[i]
        views.append(plane)
        taken.channel[i] = _pixels("channel", i, plane, height, width, &taken.row[i], &taken.pixel[i])
    for i in range(3):
        out = outs[i]
        views.append(out)
        given.channel[i] = <uint8_t *>_pixels("target", i, out, height, width, &given.row[i], &given.pixel[i])
    taken.channels = channels
    taken.ycc = from_ycc
    taken.inverted = inverted
    given.ycc = to_ycc
    with nogil:
        colour_convert(&taken, width, height, shaper, table, &given, avx2)
    return 0


cdef const uint8_t *_pixels(
    str name,
    int number,
    const uint8_t[:, :] plane,
    Py_ssize_t height,
    Py_ssize_t width,
    Py_ssize_t *row,
    Py_ssize_t *pixel,
) except NULL:
    """Return the first pixel of a plane, and set the steps to its next row and pixel."""
    if plane.shape[0] != height or plane.shape[1] != width:
        raise ValueError(f"{name} {number} is {plane.shape[0]} x {plane.shape[1]}, not {height} x {width}")
    row[0], pixel[0] = plane.strides[0], plane.strides[1]
    return &plane[0, 0]
