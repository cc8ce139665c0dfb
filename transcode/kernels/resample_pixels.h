/* Resampling of pixels whose channels stand side by side: each channel gets the bytes that resample_plane
 * gives it alone.
 *
 * In the order of use:
 *
 *   resample_pixels_scratch   how much room it needs
 *   resample_pixels           the picture
 *
 * Nothing here allocates or can fail.
 */

#ifndef TRANSCODE_RESAMPLE_PIXELS_H
#define TRANSCODE_RESAMPLE_PIXELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"
#include "resample_rows.h"

/* The plain loops over three and four channels are vectorised by gcc for the registers that a function is
 * allowed; the number of channels must be a constant for that. */
CPU_INLINE void resample_split_body(const int16_t *restrict from, int16_t *restrict to, ptrdiff_t plane,
                                         ptrdiff_t width, const int channels)
{
    int16_t *restrict second = to + plane, *restrict third = second + plane, *restrict fourth = third + plane;
    for (ptrdiff_t x = 0; x < width; x++) {
        to[x] = from[channels * x];
        second[x] = from[channels * x + 1];
        third[x] = from[channels * x + 2];
        if (channels == 4) {
            fourth[x] = from[channels * x + 3];
        }
    }
}

CPU_INLINE void resample_merge_body(const uint8_t *restrict from, uint8_t *restrict to, ptrdiff_t width,
                                         const int channels)
{
    const uint8_t *restrict second = from + width, *restrict third = second + width, *restrict fourth = third + width;
    for (ptrdiff_t x = 0; x < width; x++) {
        to[channels * x] = from[x];
        to[channels * x + 1] = second[x];
        to[channels * x + 2] = third[x];
        if (channels == 4) {
            to[channels * x + 3] = fourth[x];
        }
    }
}

static void resample_split(const int16_t *from, int16_t *to, ptrdiff_t plane, ptrdiff_t width, int channels)
{
    if (channels == 3) {
        resample_split_body(from, to, plane, width, 3);
    } else {
        resample_split_body(from, to, plane, width, 4);
    }
}

static void resample_merge(const uint8_t *from, uint8_t *to, ptrdiff_t width, int channels)
{
    if (channels == 3) {
        resample_merge_body(from, to, width, 3);
    } else {
        resample_merge_body(from, to, width, 4);
    }
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE static void resample_split_avx2(
    const int16_t *from, int16_t *to, ptrdiff_t plane, ptrdiff_t width, int channels)
{
    if (channels == 3) {
        resample_split_body(from, to, plane, width, 3);
    } else {
        resample_split_body(from, to, plane, width, 4);
    }
}

CPU_AVX2_CODE static void resample_merge_avx2(const uint8_t *from, uint8_t *to, ptrdiff_t width, int channels)
{
    if (channels == 3) {
        resample_merge_body(from, to, width, 3);
    } else {
        resample_merge_body(from, to, width, 4);
    }
}

#endif

/* Numbers of scratch that resample_pixels needs: a row of pixels, its planes, and the outputs' planes. */
static ptrdiff_t resample_pixels_scratch(ptrdiff_t width, int channels, ptrdiff_t count, ptrdiff_t length)
{
    return channels * (2 * width + length + (count + 1) / 2);
}

/* Three or four channels, width pixels a row; else as resample_plane. The rows under a window are summed as
 * they stand; what comes of them is divided into planes while it is in the cache. */
static void resample_pixels(const uint8_t *src, ptrdiff_t src_step, ptrdiff_t width, int channels, uint8_t *dst,
                            ptrdiff_t dst_step, resample_windows rows, resample_windows columns,
                            int16_t *scratch, int avx2)
{
    void (*split)(const int16_t *, int16_t *, ptrdiff_t, ptrdiff_t, int) = resample_split;
    void (*merge)(const uint8_t *, uint8_t *, ptrdiff_t, int) = resample_merge;
#if defined(CPU_AVX2_CODE)
    split = avx2 ? resample_split_avx2 : split;
    merge = avx2 ? resample_merge_avx2 : merge;
#endif
    const ptrdiff_t plane = width + columns.length;
    int16_t *planes = scratch + channels * width;
    uint8_t *outputs = (uint8_t *)(planes + channels * plane);
    for (int c = 0; c < channels; c++) {
        memset(planes + c * plane + width, 0, (size_t)columns.length * sizeof *planes);
    }
    for (ptrdiff_t y = 0; y < rows.count; y++) {
        const uint8_t *from = src + rows.first[y] * src_step;
        resample_row(from, src_step, channels * width, rows.taps + y * rows.length, rows.length, scratch, avx2);
        split(scratch, planes, plane, width, channels);
        for (int c = 0; c < channels; c++) {
            resample_outputs(planes + c * plane, &columns, outputs + c * columns.count, avx2);
        }
        merge(outputs, dst + y * dst_step, columns.count, channels);
    }
}

#endif
