"""Forward DCT of planes, quantisation, and the exact length of the resulting JPEG file.

Longer than 500 lines: the structures of C that the steps hand on are declared once, in one module.
"""

from libc.math cimport ceil
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from transcode.kernels cimport cpu

cdef extern from "dct_blocks.h":
    enum:
        DCT_SCALE
        DCT_MASKS
        DCT_CODES
        DCT_AC
        DCT_CHROMA
        DCT_COMPONENTS
        DCT_CODE_BITS
        DCT_MOST_OVERSHOOT

    ctypedef struct dct_quantiser:
        pass

    void dct_masks(
        const int16_t *blocks, ptrdiff_t count, const uint8_t *table, uint8_t *out, int avx2) nogil

    ctypedef struct dct_rdo:
        uint32_t inverse[64]
        int16_t divisor[64]
        uint32_t lambda_
        const uint8_t *bits

    ctypedef struct dct_component:
        const int16_t *blocks
        ptrdiff_t wide
        ptrdiff_t high
        int h
        int v
        uint32_t codes
        const dct_quantiser *quantiser
        const dct_rdo *rdo
        const uint8_t *masks
        uint32_t code_bits
        int banded

    void dct_plane(
        const uint8_t *plane, ptrdiff_t step, ptrdiff_t width, ptrdiff_t height, int16_t *out, int avx2
    ) nogil
    void dct_overshoot(
        const uint8_t *plane, ptrdiff_t step, ptrdiff_t width, ptrdiff_t height, int most, int16_t *out
    ) nogil
    void dct_set_quantiser(dct_quantiser *quantiser, int k, uint32_t step, uint32_t threshold) nogil
    void dct_quantise(
        const int16_t *blocks, ptrdiff_t count, const dct_quantiser *quantiser, int16_t *out, int avx2
    ) nogil
    ctypedef struct dct_frame:
        int width
        int height
        ptrdiff_t mcus_wide
        ptrdiff_t mcus_high
        int count
        uint8_t factors[DCT_COMPONENTS]
        int tables
        const uint8_t *steps[2]

    int64_t dct_file(
        const dct_component *components,
        const dct_frame *frame,
        ptrdiff_t every,
        uint32_t *tokens,
        const uint32_t *limit,
        const uint32_t **reach,
        int ready,
        int avx2,
        int threads,
        uint8_t *out,
        int64_t room,
        uint8_t *bits,
    ) nogil

cdef extern from "dct_scans.h":
    enum:
        DCT_BLOCK_TOKENS
        DCT_MOST_WAITING

    ctypedef struct dct_plan:
        uint8_t split
        uint8_t waiting

    ctypedef struct dct_stored:
        pass

    void dct_find_blocks(
        const dct_component *components, int count, const int16_t *blocks, dct_stored *stored) nogil
    void dct_store_blocks(
        const dct_component *components,
        int count,
        ptrdiff_t every,
        int16_t *blocks,
        dct_stored *stored,
        int avx2,
    ) nogil
    int64_t dct_choose_plans(
        const dct_component *components,
        const dct_stored *stored,
        const dct_frame *frame,
        ptrdiff_t every,
        uint32_t *tokens,
        int avx2,
        uint8_t *bits,
        dct_plan *plans,
    ) nogil
    int64_t dct_scans_file(
        const dct_component *components,
        const dct_stored *stored,
        const dct_frame *frame,
        const dct_plan *plans,
        uint32_t *tokens,
        int avx2,
        uint8_t *out,
        int64_t room,
    ) nogil


SCALE = DCT_SCALE
MASKS = DCT_MASKS
CODES = DCT_CODE_BITS
MOST_OVERSHOOT = DCT_MOST_OVERSHOOT

# T.81: the most blocks in an MCU (B.2.3), the largest sampling factor and side (B.2.2).
cdef enum:
    MOST_BLOCKS = 10
    LARGEST_FACTOR = 4
    LARGEST_SIDE = 65535
    # Of the scratch, the first values say how many tokens there are behind them, or how a
    # progressive file is divided.
    HEAD = 4
    BLOCK_WORDS = 32


def forward(const uint8_t[:, :] plane not None, int16_t[:, :, ::1] out not None, *, int overshoot=0):
    cdef Py_ssize_t height = plane.shape[0], width = plane.shape[1]
    cdef int avx2 = cpu.current() >= cpu.AVX2
    if height == 0 or width == 0:
        raise ValueError("the plane is empty")
    if width > 1 and plane.strides[1] != 1:
        raise ValueError("samples of a row must lie next to each other")
    if not 0 <= overshoot <= DCT_MOST_OVERSHOOT:
        raise ValueError(f"an overshoot of {overshoot} is not within 0..{MOST_OVERSHOOT}")
    _check_blocks("out", out.shape, (width + 7) // 8, (height + 7) // 8)
    with nogil:
        dct_plane(&plane[0, 0], plane.strides[0], width, height, &out[0, 0, 0], avx2)
        if overshoot:
            dct_overshoot(&plane[0, 0], plane.strides[0], width, height, overshoot, &out[0, 0, 0])


def quantise(
    const int16_t[:, :, ::1] coefficients not None,
    const uint16_t[::1] table not None,
    const double[::1] dead_zone not None,
    int16_t[:, :, ::1] out not None,
):
    cdef dct_quantiser quantiser
    cdef Py_ssize_t count = coefficients.shape[0] * coefficients.shape[1]
    cdef int avx2 = cpu.current() >= cpu.AVX2
    _check_blocks("out", out.shape, coefficients.shape[1], coefficients.shape[0])
    if coefficients.shape[2] != 64:
        raise ValueError("a block of coefficients has 64 values")
    _set(&quantiser, table, dead_zone)
    if count == 0:
        return
    with nogil:
        dct_quantise(&coefficients[0, 0, 0], count, &quantiser, &out[0, 0, 0], avx2)


def fill_masks(
    const int16_t[:, :, ::1] coefficients not None,
    const uint8_t[::1] table not None,
    uint8_t[:, ::1] out not None,
):
    cdef Py_ssize_t count = coefficients.shape[0] * coefficients.shape[1]
    cdef int avx2 = cpu.current() >= cpu.AVX2
    if coefficients.shape[2] != 64:
        raise ValueError("a block of coefficients has 64 values")
    if table.shape[0] != DCT_MASKS:
        raise ValueError(f"a table of masks has {MASKS} values")
    if out.shape[0] != coefficients.shape[0] or out.shape[1] != coefficients.shape[1]:
        raise ValueError("out has another number of blocks")
    if count == 0:
        return
    with nogil:
        dct_masks(&coefficients[0, 0, 0], count, &table[0], &out[0, 0], avx2)


def scratch_length(sampling, width, height, *, bint progressive=False):
    cdef dct_component layout[DCT_COMPONENTS]
    cdef int count = _lay_out(layout, sampling, width, height)
    cdef ptrdiff_t mcus_wide, mcus_high
    cdef Py_ssize_t fill = 0, blocks = 0, largest = 0
    _mcus(layout, count, width, height, &mcus_wide, &mcus_high)
    for i in range(count):
        blocks += layout[i].wide * layout[i].high
        fill += mcus_wide * layout[i].h * mcus_high * layout[i].v - layout[i].wide * layout[i].high
        largest = max(largest, layout[i].wide * layout[i].high)
    if progressive:
        # Blocks, and the tokens of one scan. In an MCU there are at most ten blocks, which the largest
        # component has room for: it has a block or more in each.
        return HEAD + BLOCK_WORDS * blocks + DCT_BLOCK_TOKENS * largest
    return HEAD + 64 * blocks + 2 * fill


def measure(
    tuple picture not None,
    uint32_t[::1] scratch not None,
    *,
    rdo=None,
    Py_ssize_t every=1,
    uint8_t[::1] bits=None,
    uint8_t[::1] out=None,
    bint progressive=False,
    int threads=1,
):
    cdef _Picture checked
    cdef uint8_t *paid
    cdef uint8_t *to = NULL
    cdef int64_t room = 0
    # The views keep the memory of the planes.
    views = _prepare(&checked, picture, scratch, rdo, progressive)
    if every < 1:
        raise ValueError("every must be at least 1")
    if threads < 1:
        raise ValueError("threads must be at least 1")
    if bits is not None and bits.shape[0] != CODES:
        raise ValueError(f"bits must have {CODES} values")
    paid = &bits[0] if bits is not None else NULL
    if out is not None and out.shape[0] > 0:
        to, room = &out[0], out.shape[0]
    with nogil:
        length = _make(&checked, every, scratch, False, threads, to, room, paid)
    del views
    return length


def write(
    tuple picture not None,
    uint32_t[::1] scratch not None,
    uint8_t[::1] out not None,
    *,
    rdo=None,
    bint ready=False,
    bint progressive=False,
):
    cdef _Picture checked
    cdef int64_t length
    if out.shape[0] == 0:
        raise ValueError("out is empty")
    views = _prepare(&checked, picture, scratch, rdo, progressive)
    if ready and not _is_ready(&checked, scratch):
        raise ValueError("scratch holds no tokens")
    with nogil:
        length = _make(&checked, 1, scratch, ready, 1, &out[0], out.shape[0], NULL)
    del views
    if length > out.shape[0]:
        raise ValueError(f"the file has more than the {out.shape[0]} bytes of out")
    return length


cdef struct _Picture:
    # All that a file is made of, as checked; coefficients and masks belong to the caller.
    dct_component components[DCT_COMPONENTS]
    dct_quantiser quantisers[2]
    dct_rdo rdos[2]
    uint8_t steps[2][64]
    dct_frame frame
    bint progressive


cdef int64_t _make(
    _Picture *picture,
    Py_ssize_t every,
    uint32_t[::1] scratch,
    bint ready,
    int threads,
    uint8_t *out,
    int64_t room,
    uint8_t *bits,
) noexcept nogil:
    """The length of the file; it is written where out is not NULL and has room for it."""
    cdef int avx2 = cpu.current() >= cpu.AVX2
    if picture.progressive:
        return _make_scans(picture, every, scratch, ready, avx2, out, room, bits)
    cdef uint64_t tokens = scratch[0] | <uint64_t>scratch[1] << 32
    cdef const uint32_t *reach = &scratch[HEAD] + (tokens if ready else 0)
    cdef int64_t length = dct_file(
        picture.components,
        &picture.frame,
        every,
        &scratch[HEAD],
        &scratch[0] + scratch.shape[0],
        &reach,
        ready,
        avx2,
        threads,
        out,
        room,
        bits,
    )
    tokens = reach - &scratch[HEAD]
    scratch[0], scratch[1] = <uint32_t>tokens, <uint32_t>(tokens >> 32)
    return length


cdef int64_t _make_scans(
    _Picture *picture,
    Py_ssize_t every,
    uint32_t[::1] scratch,
    bint ready,
    int avx2,
    uint8_t *out,
    int64_t room,
    uint8_t *bits,
) noexcept nogil:
    """The length of a progressive file, likewise. The head of the scratch keeps the components' division."""
    cdef dct_stored stored[DCT_COMPONENTS]
    cdef dct_plan plans[DCT_COMPONENTS]
    cdef int16_t *blocks = <int16_t *>&scratch[HEAD]
    cdef uint32_t *tokens
    cdef int64_t estimate
    cdef int i
    if ready:
        dct_find_blocks(picture.components, picture.frame.count, blocks, stored)
    else:
        dct_store_blocks(picture.components, picture.frame.count, every, blocks, stored, avx2)
    tokens = &scratch[HEAD] + BLOCK_WORDS * _blocks(picture)
    if ready:
        for i in range(picture.frame.count):
            plans[i].split, plans[i].waiting = <uint8_t>(scratch[i] & 63), <uint8_t>(scratch[i] >> 6)
    else:
        estimate = dct_choose_plans(
            picture.components,
            stored,
            &picture.frame,
            every,
            tokens,
            avx2,
            bits,
            plans,
        )
        for i in range(picture.frame.count):
            scratch[i] = plans[i].split | <uint32_t>plans[i].waiting << 6
        if every > 1:
            return estimate
    return dct_scans_file(
        picture.components,
        stored,
        &picture.frame,
        plans,
        tokens,
        avx2,
        out,
        room,
    )


cdef Py_ssize_t _blocks(const _Picture *picture) noexcept nogil:
    cdef Py_ssize_t blocks = 0
    cdef int i
    for i in range(picture.frame.count):
        blocks += picture.components[i].wide * picture.components[i].high
    return blocks


cdef bint _is_ready(const _Picture *picture, const uint32_t[::1] scratch) noexcept:
    """Whether the head of the scratch can come from measure()."""
    cdef int i
    if not picture.progressive:
        return (scratch[0] | <uint64_t>scratch[1] << 32) <= <uint64_t>(scratch.shape[0] - HEAD)
    for i in range(picture.frame.count):
        if scratch[i] >> 6 > DCT_MOST_WAITING or (scratch[i] & 63) == 0:
            return False
    return True


cdef list _prepare(
    _Picture *picture, tuple described, const uint32_t[::1] scratch, object rdo, bint progressive
):
    """Check the arguments and fill in the picture; the views returned keep the memory of the planes."""
    cdef Py_ssize_t width, height
    components, tables, sampling, width, height = described
    cdef const int16_t[:, :, ::1] blocks
    cdef dct_component *layout
    # Tuples, since the length of a list could change in between.
    cdef tuple given = tuple(components), pairs = tuple(tables)
    cdef int count = _lay_out(picture.components, sampling, width, height), table_count = len(pairs)
    if len(given) != count:
        raise ValueError(f"{len(given)} components, but sampling factors for {count}")
    if not 1 <= table_count <= min(count, 2):
        raise ValueError(f"{table_count} tables for {count} components")
    for i, (table, dead_zone) in enumerate(pairs):
        _set(&picture.quantisers[i], table, dead_zone)
        for k in range(64):
            picture.steps[i][k] = table[k]
        picture.frame.steps[i] = picture.steps[i]
    for i, (h, v) in enumerate(sampling):
        picture.frame.factors[i] = h << 4 | v
    picture.frame.count, picture.progressive = count, progressive
    picture.frame.width, picture.frame.height, picture.frame.tables = width, height, table_count
    views = []
    for i, component in enumerate(given):
        if component is None:
            raise TypeError(f"component {i} is None")
        blocks = component
        layout = &picture.components[i]
        _check_blocks(f"component {i}", blocks.shape, layout.wide, layout.high)
        views.append(blocks)
        layout.blocks = &blocks[0, 0, 0]
        layout.codes = DCT_CHROMA if i else 0
        layout.code_bits = 2 * DCT_AC * i if progressive else layout.codes + DCT_AC
        layout.banded = progressive
        layout.quantiser = &picture.quantisers[table_count - 1 if i else 0]
        layout.rdo = NULL
        layout.masks = NULL
    if rdo is not None:
        _add_rdo(picture, rdo, views)
    _mcus(picture.components, count, width, height, &picture.frame.mcus_wide, &picture.frame.mcus_high)
    if scratch.shape[0] < scratch_length(sampling, width, height, progressive=progressive):
        raise ValueError("scratch is shorter than scratch_length() says")
    return views


cdef int _add_rdo(_Picture *picture, object rdo, list views) except -1:
    cdef int count = picture.frame.count, table_count = picture.frame.tables
    cdef const uint8_t[::1] paid
    cdef const uint8_t[:, ::1] masks
    cdef dct_component *layout
    given_bits, lambdas, hidden = rdo
    paid = given_bits
    if paid.shape[0] != CODES or len(lambdas) != table_count or len(hidden) != count:
        raise ValueError("rdo: bits for all codes, a lambda for each table, masks for each component")
    views.append(paid)
    for i in range(table_count):
        _set_rdo(&picture.rdos[i], picture.steps[i], lambdas[i])
        picture.rdos[i].bits = &paid[0]
    for i in range(count):
        masks = hidden[i]
        layout = &picture.components[i]
        if masks.shape[0] != layout.high or masks.shape[1] != layout.wide:
            raise ValueError(f"masks of component {i} are for another number of blocks")
        views.append(masks)
        layout.rdo = &picture.rdos[table_count - 1 if i else 0]
        layout.masks = &masks[0, 0]
    return 0


cdef int _check_blocks(str name, const Py_ssize_t *shape, Py_ssize_t wide, Py_ssize_t high) except -1:
    if shape[0] != high or shape[1] != wide or shape[2] != 64:
        raise ValueError(f"{name} is {shape[0]} x {shape[1]} x {shape[2]}, not {high} x {wide} x 64")
    return 0


cdef int _set(dct_quantiser *quantiser, const uint16_t[::1] table, const double[::1] dead_zone) except -1:
    cdef int k
    if table is None or dead_zone is None or table.shape[0] != 64 or dead_zone.shape[0] != 64:
        raise ValueError("a table and a dead zone have 64 values each")
    for k in range(64):
        if not 1 <= table[k] <= 255:
            raise ValueError(f"step {table[k]} is not within 1..255")
        if not 0 < dead_zone[k] <= 1:
            raise ValueError(f"dead zone {dead_zone[k]} is not above 0 and at most 1")
        dct_set_quantiser(quantiser, k, table[k], <uint32_t>ceil(dead_zone[k] * DCT_SCALE * table[k]))
    return 0


cdef int _set_rdo(dct_rdo *rdo, const uint8_t *steps, double lambda_) except -1:
    cdef int k
    if not 0 <= lambda_ <= 0.5:
        raise ValueError(f"lambda {lambda_} is not within 0..0.5")
    rdo.lambda_ = <uint32_t>(65536 * lambda_)
    for k in range(64):
        rdo.inverse[k] = ((1 << 16) + steps[k] // 2) // steps[k]
        rdo.divisor[k] = DCT_SCALE * steps[k]
    return 0


cdef int _lay_out(dct_component *layout, object sampling, Py_ssize_t width, Py_ssize_t height) except -1:
    """Fill in the components' sizes in blocks and their sampling factors; the number of components."""
    cdef tuple factors = tuple(sampling)
    cdef int count = len(factors), blocks = 0, most_h = 0, most_v = 0
    if count != 1 and count != DCT_COMPONENTS:
        raise ValueError(f"{count} components; there can be 1 or {DCT_COMPONENTS}")
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise ValueError(f"{width} x {height} is no size of a JPEG picture")
    for i, (h, v) in enumerate(factors):
        if not (1 <= h <= LARGEST_FACTOR and 1 <= v <= LARGEST_FACTOR):
            raise ValueError(f"sampling factors {h} x {v} are not within 1..{LARGEST_FACTOR}")
        layout[i].h = h
        layout[i].v = v
        most_h = max(most_h, layout[i].h)
        most_v = max(most_v, layout[i].v)
        blocks += layout[i].h * layout[i].v
    if count > 1 and blocks > MOST_BLOCKS:
        raise ValueError(f"{blocks} blocks in an MCU; there can be {MOST_BLOCKS}")
    for i in range(count):
        layout[i].wide = (width * layout[i].h + 8 * most_h - 1) // (8 * most_h)
        layout[i].high = (height * layout[i].v + 8 * most_v - 1) // (8 * most_v)
    if count == 1:
        # Written block by block, whatever its factors (T.81, A.2.2).
        layout[0].h = layout[0].v = 1
    return count


cdef int _mcus(
    const dct_component *layout,
    int count,
    Py_ssize_t width,
    Py_ssize_t height,
    ptrdiff_t *wide,
    ptrdiff_t *high,
) except -1:
    """The size of the picture in MCUs."""
    cdef int i, most_h = 0, most_v = 0
    for i in range(count):
        most_h = max(most_h, layout[i].h)
        most_v = max(most_v, layout[i].v)
    wide[0] = (width + 8 * most_h - 1) // (8 * most_h)
    high[0] = (height + 8 * most_v - 1) // (8 * most_v)
    return 0
