/* Resampling of one plane of 8-bit samples by separable windows.
 *
 * In the order of use:
 *
 *   resample_length   the room of a window, in taps
 *   resample_fill     the windows of one direction
 *   resample_sound    whether windows meet the preconditions of resample_plane
 *   resample_plane    the plane itself
 *
 * A window is the index of its first source sample and a row of integer taps that sum to
 * RESAMPLE_UNITY; zeros follow the last tap that is not 0. Each output row is made in two steps: the source rows
 * under its vertical window become one row of int16_t scratch, and the horizontal windows turn that into samples. No
 * whole plane stands in between, and the scratch stays in the first-level cache.
 *
 * Nothing here allocates or can fail. Integers only, and no sum depends on its order, so the
 * vector bodies are equal to the portable ones byte for byte.
 *
 * Ranges. The taps of a window sum to one unity, and their magnitudes to two unities at most: the taps above zero
 * sum to 1.5 unities at most, and those below to -0.5 at least. So
 *   a tap is within -0.5..1.5 * 2^14 = -8192..24576, which int16_t holds;
 *   a scratch sample is within 255 * (-0.5..1.5) * 2^6 = -8160..24480, which int16_t holds;
 *   a horizontal sum is within 24480 * 2 * 2^14 = 8.1e8, which int32_t holds.
 * Lanczos stays below 1.6 unities: 1.53 half-way between two samples, 1.57 at the edge of a source
 * of two samples, where half of the window is cut off and the rest stretched. Sharpened by
 * RESAMPLE_MOST_SHARPEN, which multiplies the magnitudes by 1 + 4/16 at most, it stays below 1.97.
 */

#ifndef TRANSCODE_RESAMPLE_ROWS_H
#define TRANSCODE_RESAMPLE_ROWS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"

enum {
    RESAMPLE_TAP_BITS = 14,
    RESAMPLE_UNITY = 1 << RESAMPLE_TAP_BITS,
    /* Fractional bits of the scratch. */
    RESAMPLE_ROW_BITS = 6,
    RESAMPLE_V_SHIFT = RESAMPLE_TAP_BITS - RESAMPLE_ROW_BITS,
    RESAMPLE_H_SHIFT = RESAMPLE_TAP_BITS + RESAMPLE_ROW_BITS,
    RESAMPLE_V_HALF = 1 << (RESAMPLE_V_SHIFT - 1),
    RESAMPLE_H_HALF = 1 << (RESAMPLE_H_SHIFT - 1),
};

enum { RESAMPLE_BOX = 0, RESAMPLE_TRIANGLE = 1, RESAMPLE_LANCZOS = 2 };

static const double RESAMPLE_MOST_SHARPEN = 1.0 / 16;

/* --- Windows ------------------------------------------------------------------------------------ */

/* Half the length of a window, in source samples. */
CPU_INLINE double resample_support(double scale, int filter)
{
    static const double radius[] = {0.5, 1.0, 3.0};
    return radius[filter] * (scale > 1 ? scale : 1);
}

/* Room for the taps of a window: eight, or a multiple of sixteen. */
static ptrdiff_t resample_length(double scale, int filter)
{
    ptrdiff_t taps = (ptrdiff_t)ceil(2 * resample_support(scale, filter));
    return taps <= 8 ? 8 : (taps + 15) / 16 * 16;
}

/* The weights of one window, one after the other. */
typedef struct {
    int filter;
    double x, step;
    double sine, cosine, step_sine, step_cosine;
} resample_walk;

CPU_INLINE resample_walk resample_walk_from(int filter, double x, double step)
{
    const double third = 3.14159265358979323846 / 3;
    resample_walk walk = {.filter = filter, .x = x, .step = step};
    if (filter == RESAMPLE_LANCZOS) {
        walk.x = x * third;
        walk.step = step * third;
        walk.sine = sin(walk.x);
        walk.cosine = cos(walk.x);
        walk.step_sine = sin(walk.step);
        walk.step_cosine = cos(walk.step);
    }
    return walk;
}

CPU_INLINE double resample_walk_on(resample_walk *walk)
{
    double x = walk->x;
    walk->x += walk->step;
    if (walk->filter == RESAMPLE_BOX) {
        return 1;
    }
    if (walk->filter == RESAMPLE_TRIANGLE) {
        return fmax(0, 1 - fabs(x));
    }
    /* With t = pi x / 3 and s = sin t, sin(3 t) = s (3 - 4 s^2), and so
     * sinc(x) sinc(x / 3) = (s / t)^2 (1 - 4/3 s^2): one sine, which is the last sine rotated by a step. */
    double sine = walk->sine, cosine = walk->cosine;
    walk->sine = sine * walk->step_cosine + cosine * walk->step_sine;
    walk->cosine = cosine * walk->step_cosine - sine * walk->step_sine;
    double ratio = fabs(x) < 1e-3 ? 1 - x * x / 3 : (sine / x) * (sine / x);
    return ratio * (1 - sine * sine * (4.0 / 3));
}

/* Sharpened weights: a weight times 1 + 2 * sharpen, minus its two neighbours in the window times sharpen. */
typedef struct {
    resample_walk walk;
    double sharpen, before, here;
    ptrdiff_t left;
} resample_sharpened;

CPU_INLINE resample_sharpened resample_sharpened_from(int filter, double x, double step,
                                                           double sharpen, ptrdiff_t there)
{
    resample_sharpened weights = {.sharpen = sharpen, .left = there};
    weights.walk = resample_walk_from(filter, x, step);
    weights.here = resample_walk_on(&weights.walk);
    return weights;
}

CPU_INLINE double resample_sharpened_on(resample_sharpened *weights)
{
    double after = --weights->left > 0 ? resample_walk_on(&weights->walk) : 0;
    double weight = weights->here * (1 + 2 * weights->sharpen) - weights->sharpen * (weights->before + after);
    weights->before = weights->here;
    weights->here = after;
    return weight;
}

static void resample_fill(int32_t *first, int16_t *taps, ptrdiff_t count, ptrdiff_t length, ptrdiff_t size,
                          double start, double scale, int filter, double sharpen)
{
    double support = resample_support(scale, filter);
    double step = scale > 1 ? 1 / scale : 1;
    for (ptrdiff_t i = 0; i < count; i++) {
        int16_t *window = taps + i * length;
        double centre = fmin(fmax(start + ((double)i + 0.5) * scale, 0), (double)size);
        ptrdiff_t low = (ptrdiff_t)ceil(fmax(centre - support - 0.5, 0));
        ptrdiff_t high = (ptrdiff_t)ceil(fmin(centre + support - 0.5, (double)size));
        memset(window, 0, (size_t)length * sizeof *window);
        /* A box at the very edge may hold no sample at all. */
        if (high <= low) {
            ptrdiff_t nearest = (ptrdiff_t)centre;
            first[i] = (int32_t)(nearest < size ? nearest : size - 1);
            window[0] = RESAMPLE_UNITY;
            continue;
        }
        first[i] = (int32_t)low;
        ptrdiff_t there = high - low < length ? high - low : length;
        double x = ((double)low + 0.5 - centre) * step, sum = 0;
        resample_sharpened weights = resample_sharpened_from(filter, x, step, sharpen, there);
        for (ptrdiff_t k = 0; k < there; k++) {
            sum += resample_sharpened_on(&weights);
        }
        /* The running sum is rounded, not each tap: the sum is then exactly one unity, and the magnitudes of a long
         * window's taps do not sum to more than before rounding. */
        double running = 0, factor = RESAMPLE_UNITY / sum;
        int32_t before = 0;
        weights = resample_sharpened_from(filter, x, step, sharpen, there);
        for (ptrdiff_t k = 0; k < there; k++) {
            running += resample_sharpened_on(&weights);
            int32_t now = (int32_t)floor(running * factor + 0.5);
            window[k] = (int16_t)(now - before);
            before = now;
        }
    }
}

/* From the first to behind the last tap that is not zero. */
CPU_INLINE void resample_trim(const int16_t *taps, ptrdiff_t length, ptrdiff_t *low, ptrdiff_t *high)
{
    *low = 0;
    *high = length;
    while (*high > 0 && taps[*high - 1] == 0) {
        (*high)--;
    }
    while (*low < *high && taps[*low] == 0) {
        (*low)++;
    }
}

/* Whether windows stay within a source of `size` samples, and within the ranges above. */
static int resample_sound(const int32_t *first, const int16_t *taps, ptrdiff_t count, ptrdiff_t length,
                          ptrdiff_t size)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const int16_t *window = taps + i * length;
        ptrdiff_t low, high;
        int64_t sum = 0, absolute = 0;
        resample_trim(window, length, &low, &high);
        for (ptrdiff_t k = low; k < high; k++) {
            sum += window[k];
            absolute += abs(window[k]);
        }
        if (sum != RESAMPLE_UNITY || absolute > 2 * RESAMPLE_UNITY) {
            return 0;
        }
        if (first[i] < 0 || first[i] >= size || first[i] + high > size) {
            return 0;
        }
    }
    return 1;
}

/* --- Portable ----------------------------------------------------------------------------------- */

/* Columns that are summed together, so that the sums stay close. */
enum { RESAMPLE_COLUMNS = 64 };

/* Two source rows at a time; the operands are 16 bits wide, for which there is a vector product. */
CPU_INLINE void resample_columns(const uint8_t *src, ptrdiff_t step, const int16_t *taps,
                                      ptrdiff_t count, int16_t *row, int columns)
{
    int32_t sums[RESAMPLE_COLUMNS];
    for (int x = 0; x < columns; x++) {
        sums[x] = RESAMPLE_V_HALF;
    }
    ptrdiff_t k = 0;
    for (; k + 2 <= count; k += 2) {
        const uint8_t *upper = src + k * step, *lower = upper + step;
        int16_t upper_tap = taps[k], lower_tap = taps[k + 1];
        for (int x = 0; x < columns; x++) {
            sums[x] += (int16_t)upper[x] * upper_tap + (int16_t)lower[x] * lower_tap;
        }
    }
    for (; k < count; k++) {
        const uint8_t *last = src + k * step;
        int16_t tap = taps[k];
        for (int x = 0; x < columns; x++) {
            sums[x] += (int16_t)last[x] * tap;
        }
    }
    for (int x = 0; x < columns; x++) {
        row[x] = (int16_t)(sums[x] >> RESAMPLE_V_SHIFT);
    }
}

static void resample_vertical(const uint8_t *src, ptrdiff_t step, const int16_t *taps, ptrdiff_t count,
                              int16_t *row, ptrdiff_t width)
{
    ptrdiff_t x = 0;
    for (; x + RESAMPLE_COLUMNS <= width; x += RESAMPLE_COLUMNS) {
        resample_columns(src + x, step, taps, count, row + x, RESAMPLE_COLUMNS);
    }
    resample_columns(src + x, step, taps, count, row + x, (int)(width - x));
}

CPU_INLINE uint8_t resample_clip(int32_t sum)
{
    int32_t value = sum >> RESAMPLE_H_SHIFT;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Precondition: length is a multiple of eight. The loop says so, and the compiler adds none for a remainder. */
static int32_t resample_dot(const int16_t *row, const int16_t *taps, ptrdiff_t length)
{
    int32_t sum = 0;
    for (ptrdiff_t k = 0; k < length / 8 * 8; k++) {
        sum += row[k] * taps[k];
    }
    return sum;
}

static void resample_horizontal(const int16_t *row, const int32_t *first, const int16_t *taps,
                                ptrdiff_t length, uint8_t *dst, ptrdiff_t width)
{
    for (ptrdiff_t x = 0; x < width; x++) {
        int32_t sum = RESAMPLE_H_HALF + resample_dot(row + first[x], taps + x * length, length);
        dst[x] = resample_clip(sum);
    }
}

/* --- AVX2 --------------------------------------------------------------------------------------- */

#if defined(CPU_AVX2_CODE)

/* Blocks of 32 columns; the samples of two rows are interleaved, so that one multiply-add takes
 * both. Two blocks are a whole cache line: with rows 4096 bytes apart, the lines of a long window
 * push each other out of the cache, so all of a line is used at once. */
CPU_INLINE CPU_AVX2_CODE void resample_columns_avx2(const uint8_t *src, ptrdiff_t step,
                                                         const int16_t *taps, ptrdiff_t count, int16_t *row,
                                                         const int blocks)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i sums[2][4];
    for (int i = 0; i < blocks; i++) {
        for (int j = 0; j < 4; j++) {
            sums[i][j] = _mm256_set1_epi32(RESAMPLE_V_HALF);
        }
    }
    for (ptrdiff_t k = 0; k < count; k += 2) {
        int pair = k + 1 < count;
        const uint8_t *at = src + k * step, *below = pair ? at + step : at;
        uint32_t upper_tap = (uint16_t)taps[k], lower_tap = pair ? (uint16_t)taps[k + 1] : 0;
        __m256i both = _mm256_set1_epi32((int32_t)(upper_tap | lower_tap << 16));
        for (int i = 0; i < blocks; i++) {
            __m256i upper = _mm256_loadu_si256((const __m256i *)(at + 32 * i));
            __m256i lower = _mm256_loadu_si256((const __m256i *)(below + 32 * i));
            __m256i low = _mm256_unpacklo_epi8(upper, lower), high = _mm256_unpackhi_epi8(upper, lower);
            __m256i parts[4] = {_mm256_unpacklo_epi8(low, zero), _mm256_unpackhi_epi8(low, zero),
                                _mm256_unpacklo_epi8(high, zero), _mm256_unpackhi_epi8(high, zero)};
            for (int j = 0; j < 4; j++) {
                sums[i][j] = _mm256_add_epi32(sums[i][j], _mm256_madd_epi16(parts[j], both));
            }
        }
    }
    for (int i = 0; i < blocks; i++) {
        for (int j = 0; j < 4; j++) {
            sums[i][j] = _mm256_srai_epi32(sums[i][j], RESAMPLE_V_SHIFT);
        }
        /* Unpacking kept to the halves of the registers: columns 0..7 and 16..23, 8..15 and 24..31. */
        __m256i even = _mm256_packs_epi32(sums[i][0], sums[i][1]);
        __m256i odd = _mm256_packs_epi32(sums[i][2], sums[i][3]);
        int16_t *to = row + 32 * i;
        _mm256_storeu_si256((__m256i *)to, _mm256_permute2x128_si256(even, odd, 0x20));
        _mm256_storeu_si256((__m256i *)(to + 16), _mm256_permute2x128_si256(even, odd, 0x31));
    }
}

/* At least 32 columns: the last block is moved left until it ends with the row. */
static CPU_AVX2_CODE void resample_vertical_avx2(const uint8_t *src, ptrdiff_t step, const int16_t *taps,
                                                 ptrdiff_t count, int16_t *row, ptrdiff_t width)
{
    ptrdiff_t x = 0;
    for (; x + 64 <= width; x += 64) {
        resample_columns_avx2(src + x, step, taps, count, row + x, 2);
    }
    for (; x < width; x += 32) {
        ptrdiff_t at = x + 32 <= width ? x : width - 32;
        resample_columns_avx2(src + at, step, taps, count, row + at, 1);
    }
}

CPU_INLINE CPU_AVX2_CODE __m256i resample_load_avx2(const int16_t *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

/* Two windows of eight taps, one in each half. */
CPU_INLINE CPU_AVX2_CODE __m256i resample_eights_avx2(const int16_t *row, const int32_t *first,
                                                           const int16_t *taps)
{
    __m128i left = _mm_loadu_si128((const __m128i *)(row + first[0]));
    __m128i right = _mm_loadu_si128((const __m128i *)(row + first[1]));
    return _mm256_madd_epi16(_mm256_set_m128i(right, left), resample_load_avx2(taps));
}

CPU_INLINE CPU_AVX2_CODE __m256i resample_dot_avx2(const int16_t *row, const int16_t *taps,
                                                        ptrdiff_t length)
{
    __m256i sum = _mm256_madd_epi16(resample_load_avx2(row), resample_load_avx2(taps));
    for (ptrdiff_t k = 16; k < length; k += 16) {
        sum = _mm256_add_epi32(
            sum, _mm256_madd_epi16(resample_load_avx2(row + k), resample_load_avx2(taps + k)));
    }
    return sum;
}

/* The sums of eight outputs, four to each half, as eight 16-bit numbers a half. */
CPU_INLINE CPU_AVX2_CODE __m256i resample_round_avx2(__m256i sums)
{
    sums = _mm256_add_epi32(sums, _mm256_set1_epi32(RESAMPLE_H_HALF));
    sums = _mm256_srai_epi32(sums, RESAMPLE_H_SHIFT);
    return _mm256_packs_epi32(sums, sums);
}

/* Eight outputs with windows of eight taps. */
CPU_INLINE CPU_AVX2_CODE void resample_short_avx2(const int16_t *row, const int32_t *first,
                                                       const int16_t *taps, uint8_t *dst)
{
    __m256i a = _mm256_hadd_epi32(resample_eights_avx2(row, first, taps),
                                  resample_eights_avx2(row, first + 2, taps + 16));
    __m256i b = _mm256_hadd_epi32(resample_eights_avx2(row, first + 4, taps + 32),
                                  resample_eights_avx2(row, first + 6, taps + 48));
    /* Outputs 0, 2, 4, 6 in the lower half, 1, 3, 5, 7 in the upper one. */
    __m256i words = resample_round_avx2(_mm256_hadd_epi32(a, b));
    __m128i eight = _mm_unpacklo_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storel_epi64((__m128i *)dst, _mm_packus_epi16(eight, eight));
}

/* Eight outputs with windows of a multiple of sixteen taps. */
CPU_INLINE CPU_AVX2_CODE void resample_long_avx2(const int16_t *row, const int32_t *first,
                                                      const int16_t *taps, ptrdiff_t length, uint8_t *dst)
{
    __m256i pairs[4], fours[2];
    for (int j = 0; j < 4; j++) {
        __m256i even = resample_dot_avx2(row + first[2 * j], taps + 2 * j * length, length);
        __m256i odd = resample_dot_avx2(row + first[2 * j + 1], taps + (2 * j + 1) * length, length);
        pairs[j] = _mm256_hadd_epi32(even, odd);
    }
    fours[0] = _mm256_hadd_epi32(pairs[0], pairs[1]);
    fours[1] = _mm256_hadd_epi32(pairs[2], pairs[3]);
    /* Each half has a part of every sum. */
    __m256i words = resample_round_avx2(_mm256_add_epi32(_mm256_permute2x128_si256(fours[0], fours[1], 0x20),
                                                         _mm256_permute2x128_si256(fours[0], fours[1], 0x31)));
    __m128i eight = _mm_unpacklo_epi64(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storel_epi64((__m128i *)dst, _mm_packus_epi16(eight, eight));
}

/* At least eight outputs: the last eight are moved left until they end with the row. */
static CPU_AVX2_CODE void resample_horizontal_avx2(const int16_t *row, const int32_t *first,
                                                   const int16_t *taps, ptrdiff_t length, uint8_t *dst,
                                                   ptrdiff_t width)
{
    for (ptrdiff_t x = 0; x < width; x += 8) {
        ptrdiff_t at = x + 8 <= width ? x : width - 8;
        const int16_t *windows = taps + at * length;
        if (length == 8) {
            resample_short_avx2(row, first + at, windows, dst + at);
        } else if (length == 16) {
            resample_long_avx2(row, first + at, windows, 16, dst + at);
        } else {
            resample_long_avx2(row, first + at, windows, length, dst + at);
        }
    }
}

#endif

/* --- The plane ---------------------------------------------------------------------------------- */

typedef struct {
    const int32_t *first;
    const int16_t *taps;
    ptrdiff_t count, length;
} resample_windows;

/* One row of scratch from the source rows under a vertical window. */
static void resample_row(const uint8_t *src, ptrdiff_t src_step, ptrdiff_t width, const int16_t *taps, ptrdiff_t length,
                         int16_t *row, int avx2)
{
    ptrdiff_t low, high;
    resample_trim(taps, length, &low, &high);
    const uint8_t *from = src + low * src_step;
#if defined(CPU_AVX2_CODE)
    if (avx2 && width >= 32) {
        resample_vertical_avx2(from, src_step, taps + low, high - low, row, width);
        return;
    }
#endif
    (void)avx2;
    resample_vertical(from, src_step, taps + low, high - low, row, width);
}

/* One row of outputs from a row of scratch, behind which are as many zeros as a window has taps. */
static void resample_outputs(const int16_t *row, const resample_windows *columns, uint8_t *dst, int avx2)
{
#if defined(CPU_AVX2_CODE)
    if (avx2 && columns->count >= 8) {
        resample_horizontal_avx2(row, columns->first, columns->taps, columns->length, dst, columns->count);
        return;
    }
#endif
    (void)avx2;
    resample_horizontal(row, columns->first, columns->taps, columns->length, dst, columns->count);
}

/* Resample width x height samples at src to columns.count x rows.count samples at dst.
 *
 * Both sizes are one at least, and
 *   - resample_sound holds for rows and height, and for columns and width;
 *   - columns.length is 8 or a multiple of 16;
 *   - scratch has room for width + columns.length numbers;
 *   - src and dst do not overlap;
 *   - avx2 is only set where the processor has it.
 */
static void resample_plane(const uint8_t *src, ptrdiff_t src_step, ptrdiff_t width, uint8_t *dst,
                           ptrdiff_t dst_step, resample_windows rows, resample_windows columns,
                           int16_t *scratch, int avx2)
{
    /* What the last windows multiply by zero. */
    memset(scratch + width, 0, (size_t)columns.length * sizeof *scratch);
    for (ptrdiff_t y = 0; y < rows.count; y++) {
        const uint8_t *from = src + rows.first[y] * src_step;
        resample_row(from, src_step, width, rows.taps + y * rows.length, rows.length, scratch, avx2);
        resample_outputs(scratch, &columns, dst + y * dst_step, avx2);
    }
}

#endif
