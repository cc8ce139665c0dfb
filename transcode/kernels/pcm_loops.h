/* Loops over samples of sound: conversion, mix-down, gain, fades.
 *
 * In the order of use:
 *
 *   pcm_from_u8, _i16, _i32, _f32   one channel of a source to float, full scale at 1
 *   pcm_mix          channels times a matrix
 *   pcm_peak         the largest magnitude
 *   pcm_gain         a factor, and a limit that is hard or soft
 *   pcm_fade         a ramp over one channel
 *   pcm_to_i16       float to 16-bit integers
 *
 * Nothing here allocates or can fail. Each output sample is made of its own inputs in a fixed
 * order, and no operation is fused, so wider registers give the same bits. Not a number becomes
 * silence where samples come in, and nowhere else can one arise.
 */

#ifndef TRANSCODE_PCM_LOOPS_H
#define TRANSCODE_PCM_LOOPS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu.h"

enum { PCM_LINEAR = 0, PCM_EQUAL_POWER = 1 };

/* Samples converted at a time. */
enum { PCM_BLOCK = 512 };

/* --- In ------------------------------------------------------------------------------------------ */

/* Float sources may have any value: magnitudes beyond reason are cut to this limit. */
#define PCM_LARGEST 64.0f

CPU_INLINE float pcm_sound(float x)
{
    x = x == x ? x : 0.0f;
    x = x > PCM_LARGEST ? PCM_LARGEST : x;
    return x < -PCM_LARGEST ? -PCM_LARGEST : x;
}

#define PCM_FROM(name, type, expression)                                                           \
    CPU_INLINE void pcm_from_##name##_body(const char *src, ptrdiff_t step, ptrdiff_t count,        \
                                           float *dst)                                             \
    {                                                                                              \
        if (step == (ptrdiff_t)sizeof(type)) {                                                     \
            const type *side = (const type *)src;                                                  \
            for (ptrdiff_t i = 0; i < count; i++) {                                                \
                type x = side[i];                                                                  \
                dst[i] = (expression);                                                             \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        for (ptrdiff_t i = 0; i < count; i++) {                                                    \
            type x = *(const type *)(src + i * step);                                              \
            dst[i] = (expression);                                                                 \
        }                                                                                          \
    }

PCM_FROM(u8, uint8_t, (float)((int)x - 128) * (1.0f / 128))
PCM_FROM(i16, int16_t, (float)x * (1.0f / 32768))
PCM_FROM(i32, int32_t, (float)x * (1.0f / 2147483648.0f))
PCM_FROM(f32, float, pcm_sound(x))

/* --- Between ------------------------------------------------------------------------------------- */

/* dst[i] = the sum over channels of weight[c] * src[c][i], in the order of the channels. */
CPU_INLINE void pcm_mix_body(const float *src, ptrdiff_t src_step, ptrdiff_t channels,
                             const float *weights, float *restrict dst, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        dst[i] = src[i] * weights[0];
    }
    for (ptrdiff_t c = 1; c < channels; c++) {
        const float *restrict channel = src + c * src_step;
        float weight = weights[c];
        if (weight == 0.0f) {
            continue;
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            dst[i] = dst[i] + channel[i] * weight;
        }
    }
}

CPU_INLINE float pcm_peak_body(const float *src, ptrdiff_t count)
{
    /* Bits of floats without their sign are ordered as the floats are, and integers may be compared
     * in any order: the maximum of many at once is the same. */
    const int32_t *bits = (const int32_t *)src;
    int32_t most = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        int32_t magnitude = bits[i] & 0x7FFFFFFF;
        most = magnitude > most ? magnitude : most;
    }
    union {
        int32_t bits;
        float value;
    } peak = {.bits = most};
    return peak.value;
}

/* Above the knee the magnitude bends towards 1, which it does not reach: with t how far it is
 * beyond the knee in parts of what is left, knee + (1 - knee) t / (1 + t), whose slope at the knee
 * is 1. A knee of 1 cuts. */
CPU_INLINE void pcm_gain_body(float *samples, ptrdiff_t count, float factor, float knee)
{
    if (knee >= 1.0f) {
        for (ptrdiff_t i = 0; i < count; i++) {
            float x = samples[i] * factor;
            x = x > 1.0f ? 1.0f : x;
            samples[i] = x < -1.0f ? -1.0f : x;
        }
        return;
    }
    float room = 1.0f - knee;
    for (ptrdiff_t i = 0; i < count; i++) {
        float x = samples[i] * factor;
        float magnitude = fabsf(x);
        float beyond = (magnitude - knee) / room;
        float bent = knee + room * (beyond / (1.0f + beyond));
        bent = x < 0.0f ? -bent : bent;
        samples[i] = magnitude > knee ? bent : x;
    }
}

/* The ramp at sample i of a fade of that length, rising: past its middle half a sample early, so
 * that a fade in and a fade out of the same length sum to one (in power, when of equal power). */
static float pcm_ramp(ptrdiff_t i, ptrdiff_t length, int shape)
{
    double share = ((double)i + 0.5) / (double)length;
    return (float)(shape == PCM_LINEAR ? share : sin(share * 1.57079632679489661923));
}

static void pcm_fade(float *samples, ptrdiff_t length, int shape, int falling)
{
    for (ptrdiff_t i = 0; i < length; i++) {
        samples[i] *= pcm_ramp(falling ? length - 1 - i : i, length, shape);
    }
}

/* --- Out ----------------------------------------------------------------------------------------- */

/* To the nearest, halves to even, and cut to what 16 bits hold. Adding 1.5 * 2^23 to a float of
 * magnitude below 2^22 leaves no fraction; this is rounding that needs no instruction of SSE4. */
CPU_INLINE void pcm_to_i16_body(const float *src, ptrdiff_t count, int16_t *dst, ptrdiff_t step)
{
    const float magic = 12582912.0f;
    int16_t block[PCM_BLOCK];
    /* In blocks side by side, which take wide registers, then to their places. */
    for (ptrdiff_t first = 0; first < count; first += PCM_BLOCK) {
        ptrdiff_t length = count - first < PCM_BLOCK ? count - first : PCM_BLOCK;
        for (ptrdiff_t i = 0; i < length; i++) {
            float x = src[first + i] * 32768.0f;
            x = x > 32767.0f ? 32767.0f : x;
            x = x < -32768.0f ? -32768.0f : x;
            block[i] = (int16_t)(int32_t)((x + magic) - magic);
        }
        for (ptrdiff_t i = 0; i < length; i++) {
            dst[(first + i) * step] = block[i];
        }
    }
}

/* --- Both bodies --------------------------------------------------------------------------------- */

#if defined(CPU_AVX2_CODE)
#define PCM_BOTH(result, name, arguments, call)                                                    \
    CPU_AVX2_CODE static result name##_avx2 arguments { return name##_body call; }                  \
    static result name##_portable arguments { return name##_body call; }
#define PCM_CALL(avx2, name, call) ((avx2) ? name##_avx2 call : name##_portable call)
#else
#define PCM_BOTH(result, name, arguments, call)                                                    \
    static result name##_portable arguments { return name##_body call; }
#define PCM_CALL(avx2, name, call) ((void)(avx2), name##_portable call)
#endif

#define PCM_IN_ARGUMENTS (const char *src, ptrdiff_t step, ptrdiff_t count, float *dst)
PCM_BOTH(void, pcm_from_u8, PCM_IN_ARGUMENTS, (src, step, count, dst))
PCM_BOTH(void, pcm_from_i16, PCM_IN_ARGUMENTS, (src, step, count, dst))
PCM_BOTH(void, pcm_from_i32, PCM_IN_ARGUMENTS, (src, step, count, dst))
PCM_BOTH(void, pcm_from_f32, PCM_IN_ARGUMENTS, (src, step, count, dst))
PCM_BOTH(void, pcm_mix,
         (const float *src, ptrdiff_t src_step, ptrdiff_t channels, const float *weights, float *dst,
          ptrdiff_t count),
         (src, src_step, channels, weights, dst, count))
PCM_BOTH(float, pcm_peak, (const float *src, ptrdiff_t count), (src, count))
PCM_BOTH(void, pcm_gain, (float *samples, ptrdiff_t count, float factor, float knee),
         (samples, count, factor, knee))
PCM_BOTH(void, pcm_to_i16, (const float *src, ptrdiff_t count, int16_t *dst, ptrdiff_t step),
         (src, count, dst, step))

static void pcm_from_u8(const char *src, ptrdiff_t step, ptrdiff_t count, float *dst, int avx2)
{
    PCM_CALL(avx2, pcm_from_u8, (src, step, count, dst));
}

static void pcm_from_i16(const char *src, ptrdiff_t step, ptrdiff_t count, float *dst, int avx2)
{
    PCM_CALL(avx2, pcm_from_i16, (src, step, count, dst));
}

static void pcm_from_i32(const char *src, ptrdiff_t step, ptrdiff_t count, float *dst, int avx2)
{
    PCM_CALL(avx2, pcm_from_i32, (src, step, count, dst));
}

static void pcm_from_f32(const char *src, ptrdiff_t step, ptrdiff_t count, float *dst, int avx2)
{
    PCM_CALL(avx2, pcm_from_f32, (src, step, count, dst));
}

static void pcm_mix(const float *src, ptrdiff_t src_step, ptrdiff_t channels, const float *weights,
                    float *dst, ptrdiff_t count, int avx2)
{
    PCM_CALL(avx2, pcm_mix, (src, src_step, channels, weights, dst, count));
}

static float pcm_peak(const float *src, ptrdiff_t count, int avx2)
{
    return PCM_CALL(avx2, pcm_peak, (src, count));
}

static void pcm_gain(float *samples, ptrdiff_t count, float factor, float knee, int avx2)
{
    PCM_CALL(avx2, pcm_gain, (samples, count, factor, knee));
}

static void pcm_to_i16(const float *src, ptrdiff_t count, int16_t *dst, ptrdiff_t step, int avx2)
{
    PCM_CALL(avx2, pcm_to_i16, (src, count, dst, step));
}

#endif
