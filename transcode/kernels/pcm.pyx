"""Sound: conversion of samples, mix-down, gain and fades."""

from libc.math cimport isfinite
from libc.stdint cimport int16_t, int32_t, uint8_t

from transcode.kernels cimport cpu

cdef extern from "pcm_loops.h":
    enum:
        PCM_LINEAR
        PCM_EQUAL_POWER

    void pcm_from_u8(const char *src, Py_ssize_t step, Py_ssize_t count, float *dst, bint avx2) nogil
    void pcm_from_i16(const char *src, Py_ssize_t step, Py_ssize_t count, float *dst, bint avx2) nogil
    void pcm_from_i32(const char *src, Py_ssize_t step, Py_ssize_t count, float *dst, bint avx2) nogil
    void pcm_from_f32(const char *src, Py_ssize_t step, Py_ssize_t count, float *dst, bint avx2) nogil
    void pcm_mix(
        const float *src, Py_ssize_t src_step, Py_ssize_t channels, const float *weights,
        float *dst, Py_ssize_t count, bint avx2,
    ) nogil
    float pcm_peak(const float *src, Py_ssize_t count, bint avx2) nogil
    void pcm_gain(float *samples, Py_ssize_t count, float factor, float knee, bint avx2) nogil
    void pcm_fade(float *samples, Py_ssize_t length, int shape, bint falling) nogil
    void pcm_to_i16(const float *src, Py_ssize_t count, int16_t *dst, Py_ssize_t step, bint avx2) nogil


_SHAPES = {"linear": PCM_LINEAR, "equal-power": PCM_EQUAL_POWER}

ctypedef fused sample_t:
    uint8_t
    int16_t
    int32_t
    float


def to_float(const sample_t[:, :] src not None, float[:, ::1] dst not None):
    cdef bint avx2 = cpu.current() >= cpu.AVX2
    cdef Py_ssize_t channel, count = src.shape[1], step = src.strides[1]
    cdef const char *row
    if src.shape[0] != dst.shape[0] or src.shape[1] != dst.shape[1]:
        raise ValueError(
            f"{src.shape[0]} x {src.shape[1]} samples into {dst.shape[0]} x {dst.shape[1]}"
        )
    if src.shape[0] < 1 or count < 1:
        return
    with nogil:
        for channel in range(src.shape[0]):
            row = <const char *>&src[channel, 0]
            if sample_t is uint8_t:
                pcm_from_u8(row, step, count, &dst[channel, 0], avx2)
            elif sample_t is int16_t:
                pcm_from_i16(row, step, count, &dst[channel, 0], avx2)
            elif sample_t is int32_t:
                pcm_from_i32(row, step, count, &dst[channel, 0], avx2)
            else:
                pcm_from_f32(row, step, count, &dst[channel, 0], avx2)


def mix(const float[:, ::1] src not None, const float[:, ::1] weights not None, float[:, ::1] dst not None):
    cdef bint avx2 = cpu.current() >= cpu.AVX2
    cdef Py_ssize_t row, count = src.shape[1]
    if weights.shape[0] != dst.shape[0] or weights.shape[1] != src.shape[0] or src.shape[0] < 1:
        raise ValueError(
            f"weights of {weights.shape[0]} x {weights.shape[1]} for {src.shape[0]} channels"
            f" into {dst.shape[0]}"
        )
    if dst.shape[1] != count:
        raise ValueError(f"{count} samples into {dst.shape[1]}")
    if count < 1 or dst.shape[0] < 1:
        return
    if &src[0, 0] == &dst[0, 0]:
        raise ValueError("the mix must not overwrite its source")
    with nogil:
        for row in range(dst.shape[0]):
            pcm_mix(&src[0, 0], count, src.shape[0], &weights[row, 0], &dst[row, 0], count, avx2)


def peak(const float[:, ::1] samples not None):
    cdef bint avx2 = cpu.current() >= cpu.AVX2
    cdef float most
    if samples.shape[0] < 1 or samples.shape[1] < 1:
        return 0.0
    with nogil:
        most = pcm_peak(&samples[0, 0], samples.shape[0] * samples.shape[1], avx2)
    return most


def gain(float[:, ::1] samples not None, double factor, *, double knee=1.0):
    cdef bint avx2 = cpu.current() >= cpu.AVX2
    if not isfinite(factor) or factor < 0:
        raise ValueError(f"a gain of {factor}")
    if not 0 <= knee <= 1:
        raise ValueError(f"a knee at {knee}; it must be within 0 and 1")
    if samples.shape[0] < 1 or samples.shape[1] < 1:
        return
    with nogil:
        pcm_gain(&samples[0, 0], samples.shape[0] * samples.shape[1], <float>factor, <float>knee, avx2)


cdef int checked_shape(str shape, Py_ssize_t length, Py_ssize_t count) except -1:
    if shape not in _SHAPES:
        raise ValueError(f"no shape {shape!r}; known are: {', '.join(_SHAPES)}")
    if not 0 <= length <= count:
        raise ValueError(f"a fade over {length} of {count} samples")
    return _SHAPES[shape]


def fade_in(float[:, ::1] samples not None, Py_ssize_t length, *, str shape not None="linear"):
    cdef int number = checked_shape(shape, length, samples.shape[1])
    cdef Py_ssize_t channel
    if length < 1:
        return
    with nogil:
        for channel in range(samples.shape[0]):
            pcm_fade(&samples[channel, 0], length, number, False)


def fade_out(float[:, ::1] samples not None, Py_ssize_t length, *, str shape not None="linear"):
    cdef int number = checked_shape(shape, length, samples.shape[1])
    cdef Py_ssize_t channel, first = samples.shape[1] - length
    if length < 1:
        return
    with nogil:
        for channel in range(samples.shape[0]):
            pcm_fade(&samples[channel, first], length, number, True)


def to_int16(const float[:, ::1] src not None, int16_t[:, ::1] dst not None):
    cdef bint avx2 = cpu.current() >= cpu.AVX2
    cdef Py_ssize_t channel, count = src.shape[1], channels = src.shape[0]
    if dst.shape[0] != count or dst.shape[1] != channels:
        raise ValueError(f"{channels} channels of {count} into {dst.shape[0]} x {dst.shape[1]} samples")
    if channels < 1 or count < 1:
        return
    with nogil:
        for channel in range(channels):
            pcm_to_i16(&src[channel, 0], count, &dst[0, channel], channels, avx2)
