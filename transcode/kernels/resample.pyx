"""Resampling of planes by separable windows."""

from libc.math cimport isfinite
from libc.stdint cimport INT32_MAX, int16_t, int32_t, uint8_t

from transcode.kernels cimport cpu

cdef extern from "resample_rows.h":
    enum:
        RESAMPLE_BOX
        RESAMPLE_TRIANGLE
        RESAMPLE_LANCZOS
        RESAMPLE_UNITY

    ctypedef struct resample_windows:
        const int32_t *first
        const int16_t *taps
        Py_ssize_t count
        Py_ssize_t length

    const double RESAMPLE_MOST_SHARPEN

    Py_ssize_t resample_length(double scale, int filter) nogil
    void resample_fill(
        int32_t *first, int16_t *taps, Py_ssize_t count, Py_ssize_t length,
        Py_ssize_t size, double start, double scale, int filter, double sharpen,
    ) nogil
    bint resample_sound(
        const int32_t *first, const int16_t *taps, Py_ssize_t count, Py_ssize_t length, Py_ssize_t size,
    ) nogil
    void resample_plane(
        const uint8_t *src, Py_ssize_t src_step, Py_ssize_t width, uint8_t *dst, Py_ssize_t dst_step,
        resample_windows rows, resample_windows columns, int16_t *scratch, bint avx2,
    ) nogil

cdef extern from "resample_pixels.h":
    Py_ssize_t resample_pixels_scratch(
        Py_ssize_t width, int channels, Py_ssize_t count, Py_ssize_t length,
    ) nogil
    void resample_pixels(
        const uint8_t *src, Py_ssize_t src_step, Py_ssize_t width, int channels, uint8_t *dst,
        Py_ssize_t dst_step,
        resample_windows rows, resample_windows columns, int16_t *scratch, bint avx2,
    ) nogil


UNITY = RESAMPLE_UNITY

# Above it a window would be longer than any plane.
cdef double LARGEST_SCALE = 2.0 ** 24

_FILTERS = {"box": RESAMPLE_BOX, "triangle": RESAMPLE_TRIANGLE, "lanczos": RESAMPLE_LANCZOS}


cdef int filter_number(str filter, double scale) except -1:
    if filter not in _FILTERS:
        raise ValueError(f"no filter {filter!r}; known are: {', '.join(_FILTERS)}")
    if not 0 < scale <= LARGEST_SCALE:
        raise ValueError(f"a scale of {scale} source samples an output sample")
    return _FILTERS[filter]


def window_length(double scale, str filter not None):
    return resample_length(scale, filter_number(filter, scale))


def fill_windows(
    int32_t[::1] first not None, int16_t[:, ::1] taps not None,
    Py_ssize_t size, double start, double scale, str filter not None, *, double sharpen=0.0,
):
    cdef int number = filter_number(filter, scale)
    cdef Py_ssize_t count = taps.shape[0]
    cdef Py_ssize_t length = taps.shape[1]
    if count < 1 or first.shape[0] != count:
        raise ValueError(f"{first.shape[0]} first samples for {count} windows; one each, and one at least")
    if length != resample_length(scale, number):
        raise ValueError(f"windows of {length} taps; this scale has {resample_length(scale, number)}")
    if not 1 <= size <= INT32_MAX:
        raise ValueError(f"a source of {size} samples")
    if not isfinite(start):
        raise ValueError(f"output that starts at {start}")
    if not 0 <= sharpen <= RESAMPLE_MOST_SHARPEN:
        raise ValueError(f"sharpening by {sharpen}; at most {RESAMPLE_MOST_SHARPEN}")
    with nogil:
        resample_fill(&first[0], &taps[0, 0], count, length, size, start, scale, number, sharpen)


cdef resample_windows checked(
    str name, const int32_t[::1] first, const int16_t[:, ::1] taps, Py_ssize_t size, Py_ssize_t count,
) except *:
    cdef resample_windows windows
    if first is None or taps is None:
        raise TypeError(f"{name}: None in place of first samples or of windows")
    if first.shape[0] != count or taps.shape[0] != count:
        raise ValueError(f"{name}: {first.shape[0]} first samples, {taps.shape[0]} windows, {count} outputs")
    if taps.shape[1] != 8 and (taps.shape[1] < 16 or taps.shape[1] % 16):
        raise ValueError(f"{name}: windows of {taps.shape[1]} taps; it must be 8 or a multiple of 16")
    windows.first = &first[0]
    windows.taps = &taps[0, 0]
    windows.count = count
    windows.length = taps.shape[1]
    if not resample_sound(windows.first, windows.taps, count, windows.length, size):
        raise ValueError(f"{name}: a window that leaves the {size} samples of the source or is not of unity")
    return windows


def resample(
    const uint8_t[:, :] src not None, uint8_t[:, :] dst not None,
    tuple vertical not None, tuple horizontal not None, int16_t[::1] scratch not None,
):
    cdef const int32_t[::1] v_first, h_first
    cdef const int16_t[:, ::1] v_taps, h_taps
    cdef resample_windows rows, columns
    cdef bint avx2 = cpu.current() >= cpu.AVX2
    if src.shape[0] < 1 or src.shape[1] < 1 or dst.shape[0] < 1 or dst.shape[1] < 1:
        raise ValueError("a plane without samples")
    if (src.shape[1] > 1 and src.strides[1] != 1) or (dst.shape[1] > 1 and dst.strides[1] != 1):
        raise ValueError("the samples of a row must stand side by side")
    v_first, v_taps = vertical
    h_first, h_taps = horizontal
    rows = checked("vertical", v_first, v_taps, src.shape[0], dst.shape[0])
    columns = checked("horizontal", h_first, h_taps, src.shape[1], dst.shape[1])
    if scratch.shape[0] < src.shape[1] + columns.length:
        raise ValueError(f"scratch of {scratch.shape[0]}; {src.shape[1] + columns.length} are needed")
    with nogil:
        resample_plane(
            &src[0, 0], src.strides[0], src.shape[1], &dst[0, 0], dst.strides[0],
            rows, columns, &scratch[0], avx2,
        )


def pixels_scratch(Py_ssize_t width, int channels, Py_ssize_t count, Py_ssize_t length):
    if width < 1 or not 3 <= channels <= 4 or count < 1 or length < 1:
        raise ValueError(f"no scratch for {width} pixels of {channels} channels")
    return resample_pixels_scratch(width, channels, count, length)


def resample_interleaved(
    const uint8_t[:, :, :] src not None, uint8_t[:, :, :] dst not None,
    tuple vertical not None, tuple horizontal not None, int16_t[::1] scratch not None,
):
    cdef const int32_t[::1] v_first, h_first
    cdef const int16_t[:, ::1] v_taps, h_taps
    cdef resample_windows rows, columns
    cdef bint avx2 = cpu.current() >= cpu.AVX2
    cdef Py_ssize_t channels = src.shape[2]
    cdef Py_ssize_t needed
    if src.shape[0] < 1 or src.shape[1] < 1 or dst.shape[0] < 1 or dst.shape[1] < 1:
        raise ValueError("a picture without pixels")
    if not 3 <= channels <= 4 or dst.shape[2] != channels:
        raise ValueError(f"{channels} channels to {dst.shape[2]}; it must be three to three or four to four")
    if src.strides[2] != 1 or dst.strides[2] != 1:
        raise ValueError("the channels of a pixel must stand side by side")
    if (src.shape[1] > 1 and src.strides[1] != channels) or (dst.shape[1] > 1 and dst.strides[1] != channels):
        raise ValueError("the pixels of a row must stand side by side")
    v_first, v_taps = vertical
    h_first, h_taps = horizontal
    rows = checked("vertical", v_first, v_taps, src.shape[0], dst.shape[0])
    columns = checked("horizontal", h_first, h_taps, src.shape[1], dst.shape[1])
    needed = resample_pixels_scratch(src.shape[1], <int>channels, columns.count, columns.length)
    if scratch.shape[0] < needed:
        raise ValueError(f"scratch of {scratch.shape[0]}; {needed} are needed")
    with nogil:
        resample_pixels(
            &src[0, 0, 0], src.strides[0], src.shape[1], <int>channels, &dst[0, 0, 0], dst.strides[0],
            rows, columns, &scratch[0], avx2,
        )
