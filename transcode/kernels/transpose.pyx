"""Rows of samples become columns."""

from libc.stdint cimport uint8_t

cdef extern from "transpose_tiles.h":
    void transpose_plane(
        const uint8_t *src, Py_ssize_t src_step, Py_ssize_t width, Py_ssize_t height,
        uint8_t *dst, Py_ssize_t dst_step,
    ) nogil


def transpose(const uint8_t[:, :] src not None, uint8_t[:, :] dst not None):
    cdef Py_ssize_t height = src.shape[0], width = src.shape[1]
    if dst.shape[0] != width or dst.shape[1] != height:
        raise ValueError(f"{height} x {width} samples to {dst.shape[0]} x {dst.shape[1]}")
    if (width > 1 and src.strides[1] != 1) or (height > 1 and dst.strides[1] != 1):
        raise ValueError("the samples of a row must stand side by side")
    if width == 0 or height == 0:
        return
    with nogil:
        transpose_plane(&src[0, 0], src.strides[0], width, height, &dst[0, 0], dst.strides[0])
