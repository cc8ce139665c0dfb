/* SSIMULACRA2 of two pictures: how alike they look, as sums over rows.
 *
 * Source: Jon Sneyers, SSIMULACRA 2 (github.com/cloudinary/ssimulacra2); the matrix of the colour space
 * XYB is that of JPEG XL (ISO/IEC 18181-1). The window is the Gaussian of sigma 1.5 cut at five samples,
 * as the Python package ssimulacra2 has it, not the recursive filter of the C++ original: across the
 * picture what is outside counts as zero, down it the picture is mirrored.
 *
 * In the order of use:
 *
 *   score_scratch   how many floats of scratch two pictures of one size need
 *   score_features  the two pictures -> for each scale and channel six means
 *
 * Work goes row by row: a row of both pictures becomes linear light, then XYB, is blurred across and put
 * in a ring of eleven rows, from which one row of the result is blurred down. Only the next scale, a
 * quarter of the samples, is kept whole. Nothing here allocates or can fail.
 *
 * Arithmetic is that of single precision, in one order, sample by sample, without fused operations, so
 * that every instruction set gives the same bits. Sums go down columns, and across in double precision.
 */

#ifndef TRANSCODE_SCORE_ROWS_H
#define TRANSCODE_SCORE_ROWS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"

enum {
    SCORE_SCALES = 6,
    SCORE_CHANNELS = 3,
    SCORE_MEANS = 6,
    /* A scale with fewer rows or columns is not looked at. */
    SCORE_LEAST = 8,
    SCORE_RADIUS = 5,
    SCORE_TAPS = 2 * SCORE_RADIUS + 1,
    /* What is kept of a channel: both pictures, and blurred across both, the square of their difference
     * and their product. */
    SCORE_FIRST = 0,
    SCORE_SECOND = 1,
    SCORE_BLURRED = 2,
    SCORE_KEPT = 6,
    /* Zeros on each side of a row. */
    SCORE_PAD = 8,
};

/* exp(-x * x / (2 * 1.5 * 1.5)) at 0 to 5, their sum with both sides one. */
static const float score_window[SCORE_RADIUS + 1] = {
    0.26601171f, 0.21300554f, 0.10936069f, 0.03600077f, 0.0075987583f, 0.0010283801f,
};

/* A picture at one scale: 8-bit sRGB, or planes of linear light. */
typedef struct {
    const uint8_t *rgb;
    ptrdiff_t step;
    const float *linear;
} score_picture;

typedef struct {
    ptrdiff_t width, height;
    /* Floats of a padded row. */
    ptrdiff_t stride;
    /* Bits of the channels that are wanted. */
    int channels;
    /* Linear light of the current rows of both pictures, for a scale made of 8-bit samples. */
    float *light;
    float *ring;
    float *row;
    float *sums;
} score_scale;

CPU_INLINE ptrdiff_t score_stride(ptrdiff_t width)
{
    return (width + 15) / 16 * 16 + 2 * SCORE_PAD;
}

/* Floats of one scale's rows: light, ring, blurred rows, sums of columns. */
CPU_INLINE ptrdiff_t score_rows_length(ptrdiff_t width)
{
    return score_stride(width) * (12 + SCORE_CHANNELS * SCORE_KEPT * SCORE_TAPS + 6 + SCORE_CHANNELS * SCORE_MEANS);
}

/* Floats of all that is needed for two pictures: rows of the first scale, and planes of all others. */
static ptrdiff_t score_scratch(ptrdiff_t width, ptrdiff_t height)
{
    ptrdiff_t length = score_rows_length(width);
    for (int scale = 1; scale < SCORE_SCALES; scale++) {
        width = (width + 1) / 2;
        height = (height + 1) / 2;
        length += 2 * 3 * width * height;
    }
    return length;
}

/* --- One row ------------------------------------------------------------------------------------ */

/* Cube root of a positive number, to the last bit or so: a guess from the exponent, mended twice
 * by Halley's method, which triples the digits each time. */
CPU_INLINE float score_cube_root(float x)
{
    int32_t bits;
    float t;
    memcpy(&bits, &x, sizeof bits);
    bits = (int32_t)((float)bits * (1.0f / 3)) + 709958130;
    memcpy(&t, &bits, sizeof t);
    for (int i = 0; i < 2; i++) {
        float cube = t * t * t;
        t = t * (cube + 2 * x) / (2 * cube + x);
    }
    return t;
}

#define SCORE_BIAS 0.0037930732552754493f
#define SCORE_BIAS_ROOT 0.15595420054862946f

/* XYB of a row of linear light, moved to be positive as the metric wants it; rows that are not wanted
 * are NULL. */
CPU_INLINE void score_xyb(const float *restrict r, const float *restrict g, const float *restrict b,
                            ptrdiff_t width, float *restrict xs, float *restrict ys, float *restrict bs)
{
    if (bs) {
        for (ptrdiff_t i = 0; i < width; i++) {
            float l = 0.30f * r[i] + 0.622f * g[i] + 0.078f * b[i] + SCORE_BIAS;
            float m = 0.23f * r[i] + 0.692f * g[i] + 0.078f * b[i] + SCORE_BIAS;
            float s = 0.24342268924547819f * r[i] + 0.20476744424496821f * g[i] +
                      0.5518098665095536f * b[i] + SCORE_BIAS;
            l = score_cube_root(l) - SCORE_BIAS_ROOT;
            m = score_cube_root(m) - SCORE_BIAS_ROOT;
            s = score_cube_root(s) - SCORE_BIAS_ROOT;
            xs[i] = 0.5f * (l - m) * 14.0f + 0.42f;
            ys[i] = 0.5f * (l + m) + 0.01f;
            bs[i] = s - 0.5f * (l + m) + 0.55f;
        }
    } else if (xs) {
        for (ptrdiff_t i = 0; i < width; i++) {
            float l = 0.30f * r[i] + 0.622f * g[i] + 0.078f * b[i] + SCORE_BIAS;
            float m = 0.23f * r[i] + 0.692f * g[i] + 0.078f * b[i] + SCORE_BIAS;
            l = score_cube_root(l) - SCORE_BIAS_ROOT;
            m = score_cube_root(m) - SCORE_BIAS_ROOT;
            xs[i] = 0.5f * (l - m) * 14.0f + 0.42f;
            ys[i] = 0.5f * (l + m) + 0.01f;
        }
    } else {
        for (ptrdiff_t i = 0; i < width; i++) {
            float l = 0.30f * r[i] + 0.622f * g[i] + 0.078f * b[i] + SCORE_BIAS;
            float m = 0.23f * r[i] + 0.692f * g[i] + 0.078f * b[i] + SCORE_BIAS;
            l = score_cube_root(l) - SCORE_BIAS_ROOT;
            m = score_cube_root(m) - SCORE_BIAS_ROOT;
            ys[i] = 0.5f * (l + m) + 0.01f;
        }
    }
}

CPU_INLINE void score_light(const uint8_t *restrict rgb, const float *restrict table, ptrdiff_t width,
                              float *restrict r, float *restrict g, float *restrict b)
{
    for (ptrdiff_t i = 0; i < width; i++) {
        r[i] = table[rgb[3 * i]];
        g[i] = table[rgb[3 * i + 1]];
        b[i] = table[rgb[3 * i + 2]];
    }
}

/* Blur a row across; in has SCORE_PAD zeros on both sides. */
CPU_INLINE void score_across(const float *restrict in, float *restrict out, ptrdiff_t width)
{
    for (ptrdiff_t i = 0; i < width; i++) {
        out[i] = score_window[0] * in[i] + score_window[1] * (in[i - 1] + in[i + 1]) +
                 score_window[2] * (in[i - 2] + in[i + 2]) + score_window[3] * (in[i - 3] + in[i + 3]) +
                 score_window[4] * (in[i - 4] + in[i + 4]) + score_window[5] * (in[i - 5] + in[i + 5]);
    }
}

/* Blur eleven rows down to one. */
CPU_INLINE void score_down(const float *const rows[SCORE_TAPS], float *restrict out, ptrdiff_t width)
{
    const float *restrict a = rows[0], *restrict b = rows[1], *restrict c = rows[2], *restrict d = rows[3],
                *restrict e = rows[4], *restrict f = rows[5], *restrict g = rows[6], *restrict h = rows[7],
                *restrict i = rows[8], *restrict j = rows[9], *restrict k = rows[10];
    for (ptrdiff_t x = 0; x < width; x++) {
        out[x] = score_window[0] * f[x] + score_window[1] * (e[x] + g[x]) + score_window[2] * (d[x] + h[x]) +
                 score_window[3] * (c[x] + i[x]) + score_window[4] * (b[x] + j[x]) +
                 score_window[5] * (a[x] + k[x]);
    }
}

/* The maps of one row, added to the sums of each column: difference of structure, edges that were
 * added, edges that were lost; each as it is and to the fourth power. blurred: four rows.
 *
 * The difference of structure is 1 - (1 - means) * both / (both + apart), where apart is the variance of
 * the difference of the pictures: written so, it is exact near zero, where the metric is most sensitive. */
CPU_INLINE void score_maps(const float *restrict first, const float *restrict second,
                             const float *restrict blurred, ptrdiff_t stride, ptrdiff_t width,
                             float *restrict sums)
{
    const float *restrict mean1 = blurred, *restrict mean2 = blurred + stride,
                *restrict squares = blurred + 2 * stride, *restrict product = blurred + 3 * stride;
    float *restrict s0 = sums, *restrict s1 = sums + stride, *restrict s2 = sums + 2 * stride,
                *restrict s3 = sums + 3 * stride, *restrict s4 = sums + 4 * stride,
                *restrict s5 = sums + 5 * stride;
    for (ptrdiff_t x = 0; x < width; x++) {
        float m1 = mean1[x], m2 = mean2[x];
        float means = (m1 - m2) * (m1 - m2);
        float both = 2.0f * (product[x] - m1 * m2) + 0.0009f;
        float apart = squares[x] - means;
        float d = (apart + means * both) / (both + apart);
        /* The larger of a number and 0, without a branch that would keep the loop from vectors. */
        d = 0.5f * (d + fabsf(d));
        float edge = (1.0f + fabsf(second[x] - m2)) / (1.0f + fabsf(first[x] - m1)) - 1.0f;
        float added = 0.5f * (fabsf(edge) + edge);
        float lost = 0.5f * (fabsf(edge) - edge);
        float d2 = d * d, added2 = added * added, lost2 = lost * lost;
        s0[x] += d;
        s1[x] += added;
        s2[x] += lost;
        s3[x] += d2 * d2;
        s4[x] += added2 * added2;
        s5[x] += lost2 * lost2;
    }
}

/* --- One scale ---------------------------------------------------------------------------------- */

CPU_INLINE float *score_kept(const score_scale *scale, int channel, int kept, ptrdiff_t row)
{
    return scale->ring + ((channel * SCORE_KEPT + kept) * SCORE_TAPS + row % SCORE_TAPS) * scale->stride +
           SCORE_PAD;
}

/* Two rows of linear light averaged into one of the next scale; an odd column or row counts alone. */
CPU_INLINE void score_halve(const float *restrict upper, const float *restrict lower, ptrdiff_t width,
                              float *restrict out)
{
    ptrdiff_t pairs = width / 2;
    for (ptrdiff_t i = 0; i < pairs; i++) {
        out[i] = 0.25f * (upper[2 * i] + upper[2 * i + 1] + lower[2 * i] + lower[2 * i + 1]);
    }
    if (width % 2) {
        out[pairs] = 0.5f * (upper[width - 1] + lower[width - 1]);
    }
}

/* A row of one picture into the ring; and with the row above it into the next scale, if next is set. */
CPU_INLINE void score_enter(const score_scale *scale, score_picture picture, const float *table, int which,
                              ptrdiff_t y, float *next)
{
    ptrdiff_t width = scale->width, size = width * scale->height;
    const float *light[3], *above[3];
    for (int c = 0; c < 3; c++) {
        if (picture.rgb) {
            /* The first of a pair of rows is kept for the second. */
            light[c] = scale->light + (3 * (y % 2) + c) * scale->stride;
            above[c] = scale->light + c * scale->stride;
        } else {
            light[c] = picture.linear + c * size + y * width;
            above[c] = light[c] - (y % 2 ? width : 0);
        }
    }
    if (picture.rgb) {
        score_light(picture.rgb + y * picture.step, table, width, (float *)light[0], (float *)light[1],
                    (float *)light[2]);
    }
    if (next && (y % 2 || y == scale->height - 1)) {
        ptrdiff_t out_width = (width + 1) / 2, out_size = out_width * ((scale->height + 1) / 2);
        for (int c = 0; c < 3; c++) {
            score_halve(above[c], light[c], width, next + c * out_size + y / 2 * out_width);
        }
    }
    float *xs = score_kept(scale, 0, which, y), *ys = score_kept(scale, 1, which, y),
          *bs = score_kept(scale, 2, which, y);
    if (scale->channels & 4) {
        score_xyb(light[0], light[1], light[2], width, xs, ys, bs);
    } else if (scale->channels & 1) {
        score_xyb(light[0], light[1], light[2], width, xs, ys, NULL);
    } else {
        score_xyb(light[0], light[1], light[2], width, NULL, ys, NULL);
    }
}

/* What a row of both pictures leaves blurred across, for one channel. */
CPU_INLINE void score_blur_across(const score_scale *scale, int channel, ptrdiff_t y)
{
    ptrdiff_t width = scale->width;
    const float *restrict first = score_kept(scale, channel, SCORE_FIRST, y);
    const float *restrict second = score_kept(scale, channel, SCORE_SECOND, y);
    float *restrict squares = scale->row + SCORE_PAD;
    float *restrict product = scale->row + scale->stride + SCORE_PAD;
    for (ptrdiff_t i = 0; i < width; i++) {
        float difference = first[i] - second[i];
        squares[i] = difference * difference;
        product[i] = first[i] * second[i];
    }
    score_across(first, score_kept(scale, channel, SCORE_BLURRED, y), width);
    score_across(second, score_kept(scale, channel, SCORE_BLURRED + 1, y), width);
    score_across(squares, score_kept(scale, channel, SCORE_BLURRED + 2, y), width);
    score_across(product, score_kept(scale, channel, SCORE_BLURRED + 3, y), width);
}

/* One row of the maps, when the five rows below it are in the ring. */
CPU_INLINE void score_leave(const score_scale *scale, int channel, ptrdiff_t y)
{
    float *blurred = scale->row + 2 * scale->stride;
    for (int kept = 0; kept < 4; kept++) {
        const float *rows[SCORE_TAPS];
        for (int tap = 0; tap < SCORE_TAPS; tap++) {
            ptrdiff_t row = y + tap - SCORE_RADIUS;
            row = row < 0 ? -row - 1 : row >= scale->height ? 2 * scale->height - 1 - row : row;
            rows[tap] = score_kept(scale, channel, SCORE_BLURRED + kept, row);
        }
        score_down(rows, blurred + kept * scale->stride, scale->width);
    }
    score_maps(score_kept(scale, channel, SCORE_FIRST, y), score_kept(scale, channel, SCORE_SECOND, y), blurred,
               scale->stride, scale->width, scale->sums + channel * SCORE_MEANS * scale->stride);
}

CPU_INLINE void score_scale_body(const score_scale *scale, const score_picture pictures[2],
                                   const float *table, float *const next[2])
{
    for (ptrdiff_t y = 0; y < scale->height + SCORE_RADIUS; y++) {
        if (y < scale->height) {
            for (int which = 0; which < 2; which++) {
                score_scale mine = *scale;
                mine.light += which * 6 * scale->stride;
                score_enter(&mine, pictures[which], table, which, y, next[which]);
            }
        }
        for (int channel = 0; channel < SCORE_CHANNELS; channel++) {
            if (!(scale->channels >> channel & 1)) {
                continue;
            }
            if (y < scale->height) {
                score_blur_across(scale, channel, y);
            }
            if (y >= SCORE_RADIUS) {
                score_leave(scale, channel, y - SCORE_RADIUS);
            }
        }
    }
}

CPU_APART static void score_scale_portable(const score_scale *scale,
                                           const score_picture pictures[2],
                                           const float *table, float *const next[2])
{
    score_scale_body(scale, pictures, table, next);
}

#if defined(CPU_AVX2_CODE)
CPU_AVX2_CODE CPU_APART static void score_scale_avx2(const score_scale *scale,
                                                     const score_picture pictures[2],
                                                     const float *table,
                                                     float *const next[2])
{
    score_scale_body(scale, pictures, table, next);
}
#endif

/* --- Both pictures ------------------------------------------------------------------------------ */

/* Preconditions: rows of width * 3 bytes at the given steps; at least SCORE_LEAST rows and columns;
 * scratch of score_scratch floats; channels: for each scale the bits of the channels wanted.
 * features: scales x channels x means, in the order of score_maps, the last three as fourth roots;
 * zero for channels that are not wanted. table: linear light of each of 256 values.
 * Returns how many scales there are. */
static int score_features(const uint8_t *first, ptrdiff_t first_step, const uint8_t *second,
                          ptrdiff_t second_step, ptrdiff_t width, ptrdiff_t height, const float *table,
                          const int *channels, float *scratch, double *features, int avx2)
{
    score_picture pictures[2] = {{first, first_step, NULL}, {second, second_step, NULL}};
    float *rows = scratch, *planes = scratch + score_rows_length(width);
    int count = 0;
    memset(features, 0, sizeof(double) * SCORE_SCALES * SCORE_CHANNELS * SCORE_MEANS);
    while (count < SCORE_SCALES && width >= SCORE_LEAST && height >= SCORE_LEAST) {
        score_scale scale = {.width = width, .height = height, .stride = score_stride(width)};
        scale.channels = channels[count];
        scale.light = rows;
        scale.ring = scale.light + 12 * scale.stride;
        scale.row = scale.ring + SCORE_CHANNELS * SCORE_KEPT * SCORE_TAPS * scale.stride;
        scale.sums = scale.row + 6 * scale.stride;
        memset(rows, 0, sizeof(float) * score_rows_length(width));
        ptrdiff_t next_size = 3 * ((width + 1) / 2) * ((height + 1) / 2);
        float *next[2] = {planes, planes + next_size};
        if (count == SCORE_SCALES - 1) {
            next[0] = next[1] = NULL;
        }
#if defined(CPU_AVX2_CODE)
        if (avx2) {
            score_scale_avx2(&scale, pictures, table, next);
        } else
#endif
        {
            (void)avx2;
            score_scale_portable(&scale, pictures, table, next);
        }
        for (int i = 0; i < SCORE_CHANNELS * SCORE_MEANS; i++) {
            double sum = 0;
            for (ptrdiff_t x = 0; x < width; x++) {
                sum += scale.sums[i * scale.stride + x];
            }
            sum /= (double)width * (double)height;
            features[count * SCORE_CHANNELS * SCORE_MEANS + i] = i % SCORE_MEANS >= 3 ? sqrt(sqrt(sum)) : sum;
        }
        pictures[0] = (score_picture){NULL, 0, next[0]};
        pictures[1] = (score_picture){NULL, 0, next[1]};
        planes += 2 * next_size;
        width = (width + 1) / 2;
        height = (height + 1) / 2;
        count++;
    }
    return count;
}

#endif
