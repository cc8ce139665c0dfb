"""Reduction of pictures in linear light."""

from libc.stdint cimport int32_t, uint8_t

cdef extern from "linear_light_rows.h":
    enum:
        LIGHT_LEVELS

    ctypedef struct light_windows:
        const int32_t *starts
        const float *weights
        Py_ssize_t count
        Py_ssize_t taps

    void light_reduce(
        const uint8_t *pixels, Py_ssize_t step, Py_ssize_t columns, const light_windows *across,
        const light_windows *down, const float *linear, const uint8_t *levels, float *scratch, uint8_t *out,
    ) nogil


LEVELS = LIGHT_LEVELS


def scratch_length(Py_ssize_t columns, Py_ssize_t out_columns, Py_ssize_t taps):
    if columns < 1 or out_columns < 1 or taps < 1:
        raise ValueError(f"{columns} columns to {out_columns} by {taps} taps")
    return 4 * (columns + (taps + 1) * out_columns)


cdef light_windows checked(
    const int32_t[::1] starts, const float[:, ::1] weights, Py_ssize_t samples, Py_ssize_t count,
) except *:
    cdef light_windows windows
    cdef Py_ssize_t i
    cdef Py_ssize_t before = 0
    if starts is None or weights is None:
        raise TypeError("None in place of starts or of weights")
    if count < 1 or starts.shape[0] != count or weights.shape[0] != count or weights.shape[1] < 1:
        raise ValueError(f"{starts.shape[0]} windows, weights of {weights.shape[0]} x {weights.shape[1]}")
    for i in range(count):
        if starts[i] < before or starts[i] + weights.shape[1] > samples:
            raise ValueError(f"a window from {starts[i]} on, of {weights.shape[1]} of {samples} samples")
        before = starts[i]
    windows.starts = &starts[0]
    windows.weights = &weights[0, 0]
    windows.count = count
    windows.taps = weights.shape[1]
    return windows


def reduce(
    const uint8_t[:, :, :] pixels not None, tuple across not None, tuple down not None,
    const float[::1] linear not None, const uint8_t[::1] levels not None, float[::1] scratch not None,
    uint8_t[:, :, ::1] out not None,
):
    cdef const int32_t[::1] columns, rows
    cdef const float[:, ::1] column_weights, row_weights
    cdef light_windows horizontal, vertical
    if pixels.shape[0] < 1 or pixels.shape[1] < 1 or pixels.shape[2] != 4 or out.shape[2] != 4:
        raise ValueError("pixels and out must have four samples a pixel")
    if pixels.strides[2] != 1 or (pixels.shape[1] > 1 and pixels.strides[1] != 4):
        raise ValueError("the samples of a row must stand side by side")
    if linear.shape[0] != 256 or levels.shape[0] != LIGHT_LEVELS:
        raise ValueError(f"tables of {linear.shape[0]} and {levels.shape[0]} entries")
    columns, column_weights = across
    rows, row_weights = down
    horizontal = checked(columns, column_weights, pixels.shape[1], out.shape[1])
    vertical = checked(rows, row_weights, pixels.shape[0], out.shape[0])
    if scratch.shape[0] < scratch_length(pixels.shape[1], out.shape[1], vertical.taps):
        raise ValueError(f"scratch of {scratch.shape[0]} numbers")
    with nogil:
        light_reduce(
            &pixels[0, 0, 0], pixels.strides[0], pixels.shape[1], &horizontal, &vertical, &linear[0],
            &levels[0], &scratch[0], &out[0, 0, 0],
        )
