# distutils: libraries = jpeg
"""JPEG files to planes and back, through libjpeg-turbo and jpeg_scan.h. The manual is in jpeg.pyi."""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport free

from transcode.kernels cimport cpu

from transcode.kernels.jpeg_values import Frame, JpegError, Layout, Outcome


cdef extern from "jpeg_turbo.h" nogil:
    const char *JT_VERSION
    enum: JT_OK
    enum: JT_BROKEN
    enum: JT_UNSUPPORTED
    enum: JT_MEMORY
    enum: JT_SCANS
    enum: JT_DEADLINE
    enum: JT_COMPONENTS
    enum: JT_LIBJPEG
    enum: JPEG_MAX_DIMENSION
    enum: JCS_GRAYSCALE
    enum: JCS_RGB
    enum: JCS_YCbCr
    enum: JCS_CMYK
    enum: JCS_YCCK

    ctypedef struct jt_outcome:
        const char *text
        long warnings
        const char *warning
        int damaged
        long rows
        int plain

    ctypedef struct jt_allowance:
        int scans
        double seconds

    ctypedef struct jt_component:
        int h
        int v
        int table

    ctypedef struct jt_frame:
        int width
        int height
        int count
        jt_component *components
        int colour
        int progressive
        int arithmetic
        int precision
        int restart_interval
        int jfif
        int adobe

    ctypedef struct jt_plane:
        uint8_t *first
        ptrdiff_t step
        ptrdiff_t rows
        ptrdiff_t columns
        double width
        double height

    ctypedef struct jt_blocks:
        const int16_t *first
        ptrdiff_t step
        ptrdiff_t rows
        ptrdiff_t columns
        int h
        int v
        int table

    int jt_header(const uint8_t *, size_t, jt_frame *, jt_outcome *) noexcept
    int jt_layout(const uint8_t *, size_t, int, jt_plane *, int *, jt_outcome *) noexcept
    int jt_decode(
        const uint8_t *, size_t, int, jt_allowance, const jt_plane *, int, int, int, jt_outcome *
    ) noexcept
    int jt_write(
        int, int, const jt_blocks *, int, const uint16_t *, int, int, uint8_t **, size_t *, jt_outcome *
    ) noexcept
    int jt_rewrite(
        const uint8_t *, size_t, int, jt_allowance, uint8_t **, size_t *, jt_outcome *
    ) noexcept
    ptrdiff_t jt_segments(const uint8_t *, ptrdiff_t, int64_t *, ptrdiff_t) noexcept


_KINDS = {
    JT_BROKEN: "broken",
    JT_UNSUPPORTED: "unsupported",
    JT_SCANS: "scans",
    JT_DEADLINE: "deadline",
}

_COLOURS = {
    JCS_GRAYSCALE: "gray",
    JCS_RGB: "rgb",
    JCS_YCbCr: "ycc",
    JCS_CMYK: "cmyk",
    JCS_YCCK: "ycck",
}


cdef int _check(int code, jt_outcome *outcome) except -1:
    """Raise the exception of a code of the C header."""
    if code == JT_OK:
        return 0
    if code == JT_MEMORY:
        raise MemoryError
    reason = outcome.text.decode("ascii", "replace")
    if code in _KINDS:
        raise JpegError(_KINDS[code], reason)
    raise ValueError(reason)


cdef const uint8_t *_start(const uint8_t[::1] data) except NULL:
    """The address of the first byte."""
    if data.shape[0] == 0:
        raise JpegError("broken", "empty: 0 bytes")
    return &data[0]


cdef tuple _component(jt_component component):
    return component.h, component.v, component.table


cdef int _check_eighths(int eighths) except -1:
    if not 1 <= eighths <= 8:
        raise ValueError(f"eighths must be 1 to 8, not {eighths}")
    return 0


def version():
    return JT_VERSION.decode("ascii")


def header(const uint8_t[::1] data not None):
    cdef jt_frame frame
    cdef jt_outcome outcome
    cdef const uint8_t *first = _start(data)
    cdef size_t size = data.shape[0]
    cdef int code
    with nogil:
        code = jt_header(first, size, &frame, &outcome)
    _check(code, &outcome)
    return Frame(
        frame.width,
        frame.height,
        _COLOURS[frame.colour],
        tuple([_component(frame.components[c]) for c in range(frame.count)]),
        bool(frame.progressive),
        bool(frame.arithmetic),
        frame.precision,
        frame.restart_interval,
        bool(frame.jfif),
        bool(frame.adobe),
    )


def layout(const uint8_t[::1] data not None, int eighths):
    cdef jt_plane[JT_COMPONENTS] planes
    cdef jt_outcome outcome
    cdef const uint8_t *first = _start(data)
    cdef size_t size = data.shape[0]
    cdef int code
    cdef int count = 0
    _check_eighths(eighths)
    with nogil:
        code = jt_layout(first, size, eighths, planes, &count, &outcome)
    _check(code, &outcome)
    return tuple(
        [Layout(planes[c].rows, planes[c].columns, planes[c].width, planes[c].height) for c in range(count)]
    )


def decode(
    const uint8_t[::1] data not None,
    int eighths,
    planes,
    *,
    int max_scans,
    double seconds,
    bint libjpeg=False,
    int threads=1,
):
    cdef jt_plane[JT_COMPONENTS] into
    cdef jt_outcome outcome
    cdef jt_allowance allowance = jt_allowance(max_scans, seconds)
    cdef const uint8_t *first = _start(data)
    cdef size_t size = data.shape[0]
    cdef uint8_t[:, :] plane
    cdef int code
    cdef int count = 0
    cdef int level = JT_LIBJPEG if libjpeg else cpu.current()
    _check_eighths(eighths)
    if not 1 <= len(planes) <= JT_COMPONENTS:
        raise ValueError(f"a picture has 1, 3 or 4 planes, not {len(planes)}")
    held = []
    for plane in planes:
        if plane.shape[0] == 0 or plane.shape[1] == 0:
            raise ValueError("an empty plane")
        if plane.strides[1] != 1:
            raise ValueError("the samples of a row must follow each other")
        into[count].first = &plane[0, 0]
        into[count].step = plane.strides[0]
        into[count].rows = plane.shape[0]
        into[count].columns = plane.shape[1]
        held.append(plane)
        count += 1
    with nogil:
        code = jt_decode(first, size, eighths, allowance, into, count, level, threads, &outcome)
    _check(code, &outcome)
    return Outcome(
        outcome.warnings,
        outcome.warning.decode("ascii", "replace"),
        bool(outcome.damaged),
        outcome.rows,
        bool(outcome.plain),
    )


def write_coefficients(
    blocks,
    const uint16_t[:, ::1] tables not None,
    sampling,
    table_ids,
    *,
    int width,
    int height,
    bint progressive,
):
    cdef jt_blocks[JT_COMPONENTS] components
    cdef jt_outcome outcome
    cdef const int16_t[:, :, :] array
    cdef uint8_t *made = NULL
    cdef size_t length = 0
    cdef int table_count = <int> tables.shape[0]
    cdef int count = 0
    cdef int code
    if not (1 <= width <= JPEG_MAX_DIMENSION and 1 <= height <= JPEG_MAX_DIMENSION):
        raise ValueError(f"a JPEG can't have {width} x {height} pixels")
    if len(blocks) not in (1, 3):
        raise ValueError(f"a gray or YCbCr picture has 1 or 3 components, not {len(blocks)}")
    if not 1 <= tables.shape[0] <= 4 or tables.shape[1] != 64:
        raise ValueError("tables must be 1 to 4 rows of 64 steps")
    held = []
    for array, (h, v), table in zip(blocks, sampling, table_ids, strict=True):
        if array.shape[0] == 0 or array.shape[1] == 0 or array.shape[2] != 64:
            raise ValueError("blocks must have the shape (rows, columns, 64), neither of them 0")
        if array.strides[2] != sizeof(int16_t) or array.strides[1] != 64 * sizeof(int16_t):
            raise ValueError("the blocks of a row must follow each other")
        if array.strides[0] % sizeof(int16_t):
            raise ValueError("rows of blocks must be whole coefficients apart")
        if not (1 <= h <= 4 and 1 <= v <= 4):
            raise ValueError(f"sampling factors must be 1 to 4, not {h} x {v}")
        if not 0 <= table < table_count:
            raise ValueError(f"there is no table {table}")
        components[count].first = &array[0, 0, 0]
        components[count].step = array.strides[0] // <Py_ssize_t> sizeof(int16_t)
        components[count].rows = array.shape[0]
        components[count].columns = array.shape[1]
        components[count].h = h
        components[count].v = v
        components[count].table = table
        held.append(array)
        count += 1
    with nogil:
        code = jt_write(
            width,
            height,
            components,
            count,
            &tables[0, 0],
            table_count,
            progressive,
            &made,
            &length,
            &outcome,
        )
    _check(code, &outcome)
    return _taken(made, length)


def rewrite(const uint8_t[::1] data not None, *, bint progressive, int max_scans, double seconds):
    cdef jt_outcome outcome
    cdef jt_allowance allowance = jt_allowance(max_scans, seconds)
    cdef const uint8_t *first = _start(data)
    cdef size_t size = data.shape[0]
    cdef uint8_t *made = NULL
    cdef size_t length = 0
    cdef int code
    with nogil:
        code = jt_rewrite(first, size, progressive, allowance, &made, &length, &outcome)
    _check(code, &outcome)
    return _taken(made, length)


cdef bytes _taken(uint8_t *made, size_t length):
    """The bytes of a block from malloc, which is freed."""
    try:
        return (<char *> made)[:length]
    finally:
        free(made)


def segments(const uint8_t[::1] data not None, int64_t[:, ::1] out not None):
    cdef ptrdiff_t found
    if out.shape[0] == 0 or out.shape[1] != 3:
        raise ValueError("out must have the shape (rows, 3), with at least one row")
    if data.shape[0] == 0:
        return 0
    with nogil:
        found = jt_segments(&data[0], data.shape[0], &out[0, 0], out.shape[0])
    return found
