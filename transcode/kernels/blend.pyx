"""Planes laid over planes: cross-fades and captions."""

from libc.stdint cimport uint8_t, uint16_t

from transcode.kernels cimport cpu

cdef extern from "blend_rows.h":
    ctypedef struct blend_plane:
        const uint8_t *at
        Py_ssize_t step

    void blend_fade(
        blend_plane first, blend_plane second, uint8_t *out, Py_ssize_t out_step,
        Py_ssize_t width, Py_ssize_t height, uint16_t weight, int avx2,
    ) nogil
    void blend_cover(
        uint8_t *plane, Py_ssize_t step, blend_plane cover, blend_plane mask,
        Py_ssize_t width, Py_ssize_t height, int avx2,
    ) nogil


def fade(
    const uint8_t[:, :] first not None,
    const uint8_t[:, :] second not None,
    uint8_t[:, :] out not None,
    Py_ssize_t weight,
):
    cdef Py_ssize_t height = out.shape[0], width = out.shape[1]
    cdef int avx2 = cpu.current() >= cpu.AVX2
    cdef blend_plane one = _plane("first", first, height, width)
    cdef blend_plane two = _plane("second", second, height, width)
    if not 0 <= weight <= 256:
        raise ValueError(f"a weight of {weight} is not within 0..256")
    _check_result("out", out, first, second)
    if height == 0 or width == 0:
        return
    with nogil:
        blend_fade(one, two, &out[0, 0], out.strides[0], width, height, <uint16_t>weight, avx2)


def cover(
    uint8_t[:, :] plane not None,
    const uint8_t[:, :] samples not None,
    const uint8_t[:, :] mask not None,
):
    cdef Py_ssize_t height = plane.shape[0], width = plane.shape[1]
    cdef int avx2 = cpu.current() >= cpu.AVX2
    cdef blend_plane over = _plane("samples", samples, height, width)
    cdef blend_plane part = _plane("mask", mask, height, width)
    _check_result("plane", plane, samples, mask)
    if height == 0 or width == 0:
        return
    with nogil:
        blend_cover(&plane[0, 0], plane.strides[0], over, part, width, height, avx2)


cdef blend_plane _plane(str name, const uint8_t[:, :] given, Py_ssize_t height, Py_ssize_t width) except *:
    cdef blend_plane plane
    if given.shape[0] != height or given.shape[1] != width:
        raise ValueError(f"{name} is {given.shape[0]} x {given.shape[1]}, not {height} x {width}")
    _check_step(name, given.strides[1], width)
    plane.at = &given[0, 0] if height and width else NULL
    plane.step = given.strides[0]
    return plane


cdef int _check_step(str name, Py_ssize_t step, Py_ssize_t width) except -1:
    if width > 1 and step != 1:
        raise ValueError(f"{name}: samples of a row must lie next to each other")
    return 0


cdef int _check_result(
    str name, const uint8_t[:, :] result, const uint8_t[:, :] one, const uint8_t[:, :] two
) except -1:
    _check_step(name, result.strides[1], result.shape[1])
    _check_apart(result, one)
    _check_apart(result, two)
    return 0


cdef int _check_apart(const uint8_t[:, :] out, const uint8_t[:, :] other) except -1:
    """Refuse memory that overlaps, or could; both have the same shape."""
    cdef const uint8_t *first_low
    cdef const uint8_t *other_low
    if out.shape[0] == 0 or out.shape[1] == 0:
        return 0
    if out.strides[0] < 0 or other.strides[0] < 0:
        raise ValueError("rows must follow each other")
    first_low, other_low = &out[0, 0], &other[0, 0]
    if (
        first_low < other_low + (other.shape[0] - 1) * other.strides[0] + other.shape[1]
        and other_low < first_low + (out.shape[0] - 1) * out.strides[0] + out.shape[1]
    ):
        raise ValueError("the result must not lie over what it is made of")
    return 0
