/* Planes laid over planes: faded from one to the other, or covered where a mask says so.
 *
 *   blend_fade    first * (256 - weight) + second * weight, of 256
 *   blend_cover   plane * (255 - mask) + cover * mask, of 255
 *
 * Nothing here allocates or can fail; integers only. The bodies are plain loops over 16-bit numbers, which
 * gcc vectorises for the registers that a function is allowed: the results are equal bit for bit.
 */

#ifndef TRANSCODE_BLEND_ROWS_H
#define TRANSCODE_BLEND_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"

/* At most 255 * 256 + 128, which 16 bits hold. */
CPU_INLINE void blend_fade_body(
    const uint8_t *restrict first, const uint8_t *restrict second, uint8_t *restrict out, ptrdiff_t width, uint16_t weight)
{
    const uint16_t rest = (uint16_t)(256 - weight);
    for (ptrdiff_t x = 0; x < width; x++) {
        out[x] = (uint8_t)((uint16_t)(first[x] * rest + second[x] * weight + 128) >> 8);
    }
}

/* The sum is at most 255 * 255; with t = sum + 128, (t + (t >> 8)) >> 8 is the sum divided by 255 and
 * rounded, for every one of them (J. Blinn, "Three Wrongs Make a Right", 1995). */
CPU_INLINE void blend_cover_body(uint8_t *restrict plane, const uint8_t *restrict cover,
    const uint8_t *restrict mask, ptrdiff_t width)
{
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint16_t sum = (uint16_t)(plane[x] * (255 - mask[x]) + cover[x] * mask[x] + 128);
        plane[x] = (uint8_t)((uint16_t)(sum + (sum >> 8)) >> 8);
    }
}

static void blend_fade_portable(
    const uint8_t *first, const uint8_t *second, uint8_t *out, ptrdiff_t width, uint16_t weight)
{
    blend_fade_body(first, second, out, width, weight);
}

static void blend_cover_portable(uint8_t *plane, const uint8_t *cover, const uint8_t *mask, ptrdiff_t width)
{
    blend_cover_body(plane, cover, mask, width);
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE static void blend_fade_avx2(
    const uint8_t *first, const uint8_t *second, uint8_t *out, ptrdiff_t width, uint16_t weight)
{
    blend_fade_body(first, second, out, width, weight);
}

CPU_AVX2_CODE static void blend_cover_avx2(uint8_t *plane, const uint8_t *cover, const uint8_t *mask, ptrdiff_t width)
{
    blend_cover_body(plane, cover, mask, width);
}

#endif

/* A plane or a part of one: rows `step` bytes apart, samples of a row side by side. */
typedef struct {
    const uint8_t *at;
    ptrdiff_t step;
} blend_plane;

/* weight: 0..256. out overlaps neither of the others. */
static void blend_fade(blend_plane first, blend_plane second, uint8_t *out, ptrdiff_t out_step,
    ptrdiff_t width, ptrdiff_t height, uint16_t weight, int avx2)
{
    void (*row)(const uint8_t *, const uint8_t *, uint8_t *, ptrdiff_t, uint16_t) = blend_fade_portable;
#if defined(CPU_AVX2_CODE)
    row = avx2 ? blend_fade_avx2 : row;
#endif
    (void)avx2;
    for (ptrdiff_t y = 0; y < height; y++) {
        row(first.at + y * first.step, second.at + y * second.step, out + y * out_step, width, weight);
    }
}

/* plane overlaps neither of the others. */
static void blend_cover(uint8_t *plane, ptrdiff_t step, blend_plane cover, blend_plane mask, ptrdiff_t width,
    ptrdiff_t height, int avx2)
{
    void (*row)(uint8_t *, const uint8_t *, const uint8_t *, ptrdiff_t) = blend_cover_portable;
#if defined(CPU_AVX2_CODE)
    row = avx2 ? blend_cover_avx2 : row;
#endif
    (void)avx2;
    for (ptrdiff_t y = 0; y < height; y++) {
        row(plane + y * step, cover.at + y * cover.step, mask.at + y * mask.step, width);
    }
}

#endif
