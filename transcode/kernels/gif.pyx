"""Frames of GIF files: counts and chooses colours, and encodes by LZW with lossy matches."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "gif_lzw.h":
    enum:
        GIF_CACHE
        GIF_TABLE
        GIF_BINS

    ctypedef struct gif_work:
        pass

    ctypedef struct gif_writer:
        uint8_t *out
        Py_ssize_t size
        Py_ssize_t length
        Py_ssize_t block
        uint64_t bits
        int count

    ctypedef struct gif_choice:
        const uint8_t *palette
        int colours
        int keep
        int bits
        int32_t limit
        int64_t code_cost

    ctypedef struct gif_pixels:
        uint8_t *want
        uint8_t *held
        uint8_t *nearest
        Py_ssize_t count

    ctypedef struct gif_frame:
        const uint8_t *want
        Py_ssize_t want_step
        const uint8_t *before
        Py_ssize_t before_step
        uint8_t *shown
        Py_ssize_t shown_step
        Py_ssize_t rows
        Py_ssize_t columns
        const int16_t *pattern
        Py_ssize_t pattern_rows
        Py_ssize_t pattern_columns
        uint32_t *cache

    ctypedef struct gif_box:
        Py_ssize_t top
        Py_ssize_t left
        Py_ssize_t bottom
        Py_ssize_t right

    void gif_forget(uint32_t *cache) nogil
    void gif_begin(gif_frame *frame, const gif_choice *choice) nogil
    gif_box gif_bounds(const gif_frame *frame, const gif_choice *choice, gif_box box) nogil
    bint gif_gather(
        const gif_frame *frame, const gif_choice *choice, gif_box box, gif_pixels *pixels,
    ) nogil
    void gif_pack(
        gif_work *work, gif_pixels *pixels, const gif_choice *choice, gif_writer *writer,
    ) nogil
    void gif_scatter(const gif_frame *frame, gif_box box, const gif_pixels *pixels) nogil
    void gif_index(
        const gif_frame *frame, const gif_choice *choice, int strength, int32_t *errors, uint8_t *out,
        Py_ssize_t out_step,
    ) nogil
    int gif_count(
        const uint8_t *pixels, Py_ssize_t step, Py_ssize_t rows, Py_ssize_t columns, uint32_t *table,
        int count, int most,
    ) nogil
    void gif_bin(
        const uint8_t *pixels, Py_ssize_t step, Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t every,
        uint64_t *sums,
    ) nogil
    void gif_assign(
        const float *points, const float *weights, Py_ssize_t count, const float *centres,
        Py_ssize_t clusters, float *distances, double *sums,
    ) nogil


CACHE_LENGTH = GIF_CACHE
TABLE_LENGTH = GIF_TABLE
BINS = GIF_BINS
LARGEST_LIMIT = 7 * 255 * 255

# A GIF's sides have 16 bits.
cdef Py_ssize_t LARGEST_SIDE = 65535


def scratch_length(Py_ssize_t rows, Py_ssize_t columns):
    if not (1 <= rows <= LARGEST_SIDE and 1 <= columns <= LARGEST_SIDE):
        raise ValueError(f"a frame of {columns} x {rows} pixels")
    return <Py_ssize_t>sizeof(gif_work) + 9 * rows * columns + 16


def forget(uint32_t[::1] cache not None):
    if cache.shape[0] != GIF_CACHE:
        raise ValueError(f"a cache of {cache.shape[0]} entries; it must have {GIF_CACHE}")
    gif_forget(&cache[0])


def count_colours(
    const uint8_t[:, :, :] pixels not None, uint32_t[::1] table not None, int count, int most,
):
    if table.shape[0] != GIF_TABLE:
        raise ValueError(f"a table of {table.shape[0]} entries; it must have {GIF_TABLE}")
    if not 0 <= count <= most + 1 or most > GIF_TABLE // 2:
        raise ValueError(f"{count} of at most {most} colours")
    checked(pixels, "pixels", -1, -1)
    if count > most:
        return count
    with nogil:
        count = gif_count(
            &pixels[0, 0, 0], pixels.strides[0], pixels.shape[0], pixels.shape[1], &table[0], count, most,
        )
    return count


def add_to_bins(
    const uint8_t[:, :, :] pixels not None, Py_ssize_t every, uint64_t[:, ::1] sums not None,
):
    checked(pixels, "pixels", -1, -1)
    if every < 1:
        raise ValueError(f"every {every} pixels")
    if sums.shape[0] != GIF_BINS or sums.shape[1] != 4:
        raise ValueError(f"sums of {sums.shape[0]} x {sums.shape[1]}; they must be {GIF_BINS} x 4")
    with nogil:
        gif_bin(
            &pixels[0, 0, 0], pixels.strides[0], pixels.shape[0], pixels.shape[1], every, &sums[0, 0],
        )


def assign(
    const float[:, ::1] points not None, const float[::1] weights not None,
    const float[:, ::1] centres not None, float[::1] scratch not None, double[:, ::1] sums not None,
):
    cdef Py_ssize_t clusters = centres.shape[1]
    if points.shape[1] != 3 or centres.shape[0] != 3:
        raise ValueError("points are n x 3, centres 3 x n")
    if points.shape[0] < 1 or clusters < 1 or weights.shape[0] != points.shape[0]:
        raise ValueError(f"{points.shape[0]} points, {weights.shape[0]} weights, {clusters} centres")
    if scratch.shape[0] < clusters or sums.shape[0] != clusters or sums.shape[1] != 4:
        raise ValueError(f"scratch of {scratch.shape[0]}, sums of {sums.shape[0]} x {sums.shape[1]}")
    with nogil:
        gif_assign(
            &points[0, 0], &weights[0], points.shape[0], &centres[0, 0], clusters, &scratch[0], &sums[0, 0],
        )


cdef int checked(const uint8_t[:, :, :] pixels, str name, Py_ssize_t rows, Py_ssize_t columns) except -1:
    if pixels.shape[0] < 1 or pixels.shape[1] < 1 or pixels.shape[2] != 4:
        raise ValueError(f"{name}: {pixels.shape[0]} x {pixels.shape[1]} x {pixels.shape[2]} samples")
    if pixels.strides[2] != 1 or (pixels.shape[1] > 1 and pixels.strides[1] != 4):
        raise ValueError(f"{name}: the samples of a row must stand side by side")
    if rows >= 0 and (pixels.shape[0] != rows or pixels.shape[1] != columns):
        raise ValueError(f"{name}: {pixels.shape[1]} x {pixels.shape[0]} pixels, not {columns} x {rows}")
    return 0


def pack(
    const uint8_t[:, :, :] want not None, const uint8_t[:, :, :] before, uint8_t[:, :, :] shown not None,
    const uint8_t[:, ::1] palette not None, const int16_t[:, ::1] pattern not None,
    tuple box not None, int32_t limit, int64_t code_cost, bint may_keep,
    uint32_t[::1] cache not None, uint8_t[::1] scratch not None, uint8_t[::1] out,
):
    cdef gif_frame frame
    cdef gif_choice choice
    cdef gif_pixels pixels
    cdef gif_writer writer
    cdef gif_box part
    cdef bint whole = True
    cdef Py_ssize_t rows = want.shape[0]
    cdef Py_ssize_t columns = want.shape[1]
    cdef Py_ssize_t area
    checked(want, "want", -1, -1)
    checked(shown, "shown", rows, columns)
    if before is not None:
        checked(before, "before", rows, columns)
    if palette.shape[1] != 3 or not 1 <= palette.shape[0] <= 256 - may_keep:
        raise ValueError(f"a palette of {palette.shape[0]} x {palette.shape[1]}")
    if pattern.shape[0] < 1 or pattern.shape[1] < 1:
        raise ValueError("an empty pattern")
    if not (0 <= limit <= LARGEST_LIMIT and 0 <= code_cost <= 1 << 30):
        raise ValueError(f"a limit of {limit} and {code_cost} a code")
    if cache.shape[0] != GIF_CACHE:
        raise ValueError(f"a cache of {cache.shape[0]} entries; it must have {GIF_CACHE}")
    if scratch.shape[0] < scratch_length(rows, columns):
        raise ValueError(f"scratch of {scratch.shape[0]}; {scratch_length(rows, columns)} are needed")
    part.top, part.left, part.bottom, part.right = box
    if not (0 <= part.top <= part.bottom <= rows and 0 <= part.left <= part.right <= columns):
        raise ValueError(f"a part {box} of {columns} x {rows} pixels")
    frame.want = &want[0, 0, 0]
    frame.want_step = want.strides[0]
    frame.before = NULL
    frame.before_step = 0
    if before is not None:
        frame.before = &before[0, 0, 0]
        frame.before_step = before.strides[0]
    frame.shown = &shown[0, 0, 0]
    frame.shown_step = shown.strides[0]
    frame.rows = rows
    frame.columns = columns
    frame.pattern = &pattern[0, 0]
    frame.pattern_rows = pattern.shape[0]
    frame.pattern_columns = pattern.shape[1]
    frame.cache = &cache[0]
    choice.palette = &palette[0, 0]
    choice.colours = <int>palette.shape[0]
    choice.keep = choice.colours if may_keep else -1
    choice.bits = max(2, (choice.colours + may_keep - 1).bit_length())
    choice.limit = limit
    choice.code_cost = code_cost
    writer.out = NULL if out is None or out.shape[0] == 0 else &out[0]
    writer.size = 0 if out is None else out.shape[0]
    writer.length = writer.block = 0
    writer.bits = 0
    writer.count = 0
    with nogil:
        gif_begin(&frame, &choice)
        part = gif_bounds(&frame, &choice, part)
        if part.top < part.bottom:
            area = (part.bottom - part.top) * (part.right - part.left)
            pixels.want = &scratch[0] + (-<Py_ssize_t>&scratch[0] & 15) + sizeof(gif_work)
            pixels.held = pixels.want + 4 * area
            pixels.nearest = pixels.held + 4 * area
            whole = gif_gather(&frame, &choice, part, &pixels)
            if whole:
                gif_pack(
                    <gif_work *>(&scratch[0] + (-<Py_ssize_t>&scratch[0] & 15)), &pixels, &choice, &writer,
                )
                gif_scatter(&frame, part, &pixels)
    if not whole:
        raise ValueError("a clear pixel, and no index for it")
    if part.top >= part.bottom:
        return 0, (0, 0, 0, 0)
    return writer.length, (part.top, part.left, part.bottom, part.right)


def index(
    const uint8_t[:, :, :] pixels not None, const uint8_t[:, ::1] palette not None, int strength,
    uint32_t[::1] cache not None, int32_t[::1] scratch not None, uint8_t[:, ::1] out not None,
):
    cdef gif_frame frame
    cdef gif_choice choice
    checked(pixels, "pixels", -1, -1)
    if palette.shape[1] != 3 or not 1 <= palette.shape[0] <= 256:
        raise ValueError(f"a palette of {palette.shape[0]} x {palette.shape[1]}")
    if not 0 <= strength <= 16:
        raise ValueError(f"a strength of {strength}")
    if cache.shape[0] != GIF_CACHE:
        raise ValueError(f"a cache of {cache.shape[0]} entries; it must have {GIF_CACHE}")
    if scratch.shape[0] < 6 * (pixels.shape[1] + 2):
        raise ValueError(f"scratch of {scratch.shape[0]}; {6 * (pixels.shape[1] + 2)} are needed")
    if out.shape[0] != pixels.shape[0] or out.shape[1] != pixels.shape[1]:
        raise ValueError(f"out: {out.shape[1]} x {out.shape[0]}, not {pixels.shape[1]} x {pixels.shape[0]}")
    frame.want = &pixels[0, 0, 0]
    frame.want_step = pixels.strides[0]
    frame.rows = pixels.shape[0]
    frame.columns = pixels.shape[1]
    frame.pattern = NULL
    frame.cache = &cache[0]
    choice.palette = &palette[0, 0]
    choice.colours = <int>palette.shape[0]
    with nogil:
        gif_begin(&frame, &choice)
        gif_index(&frame, &choice, strength, &scratch[0], &out[0, 0], out.strides[0])


def count_pixels(const uint8_t[::1] codes not None, int bits, Py_ssize_t most):
    cdef Py_ssize_t count = 0
    if not 1 <= bits <= 11 or most < 0:
        raise ValueError(f"a code size of {bits}, and {most} pixels")
    if codes.shape[0]:
        with nogil:
            count = pixels_of(&codes[0], codes.shape[0], bits, most)
    return count


cdef Py_ssize_t pixels_of(const uint8_t *codes, Py_ssize_t size, int bits, Py_ssize_t most) noexcept nogil:
    # What a code stands for does not matter here, only how long it is.
    cdef Py_ssize_t lengths[4096]
    cdef int clear = 1 << bits
    cdef int known = clear + 2
    cdef int width = bits + 1
    cdef int before = -1
    cdef int code, held = 0
    cdef uint32_t window = 0
    cdef Py_ssize_t at = 0, count = 0
    for code in range(clear):
        lengths[code] = 1
    while True:
        while held < width:
            if at == size:
                return count
            window |= <uint32_t>codes[at] << held
            held += 8
            at += 1
        code = window & ((1 << width) - 1)
        window >>= width
        held -= width
        if code == clear:
            known, width, before = clear + 2, bits + 1, -1
            continue
        if code == clear + 1 or code > known or (before < 0 and code > clear):
            return count
        if before >= 0 and known < 4096:
            lengths[known] = lengths[before] + 1
            known += 1
            if known == 1 << width and width < 12:
                width += 1
        count += lengths[code]
        if count >= most:
            return most
        before = code
