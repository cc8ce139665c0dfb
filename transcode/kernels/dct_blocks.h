/* Forward DCT, quantisation, and the exact length of the JPEG file that quantised blocks make.
 *
 * In the order of use:
 *
 *   dct_plane          samples of a plane -> coefficients, DCT_SCALE a unit, blocks in zigzag order
 *   dct_overshoot      values above white, which a decoder clips, added to coefficients
 *   dct_set_quantiser  a step and a dead zone for each coefficient -> multipliers
 *   dct_quantise       coefficients -> what is written
 *   dct_file           coefficients and quantisers -> the file, or only its length
 *
 * Nothing here allocates or can fail. Integers only, and the vector bodies are equal to the
 * portable ones bit for bit. A block is 64 int16_t in zigzag order (ITU-T T.81, figure 5).
 *
 * Ranges. Samples are shifted to -128..127. The orthonormal transform of 8 x 8 of them lies within
 * -1024..1016 for DC and, as 128 times the sums of the basis' absolute values, within +-928 for AC:
 * with four fractional bits that is -16384..16256, which int16_t holds.
 *
 * Longer than 500 lines: each step is inlined into the next, its portable and its vector body side by side.
 */

#ifndef TRANSCODE_DCT_BLOCKS_H
#define TRANSCODE_DCT_BLOCKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"

enum {
    DCT_SCALE = 16,
    /* The largest quantised value: baseline AC has ten bits, and DC differences eleven. */
    DCT_LARGEST = 1023,
    DCT_COMPONENTS = 3,
};

/* Row times eight plus column of the coefficient at each place of the zigzag order. */
static const uint8_t dct_zigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

/* --- Forward DCT -------------------------------------------------------------------------------- */

/* sqrt(2) cos(k pi / 16) with 14 fractional bits. DCT_C4 is exactly one, so DC has no error. */
enum {
    DCT_C1 = 22725,
    DCT_C2 = 21407,
    DCT_C3 = 19266,
    DCT_C4 = 16384,
    DCT_C5 = 12873,
    DCT_C6 = 8867,
    DCT_C7 = 4520,
};

/* Weights of the sums (even outputs) or differences (odd outputs) of mirrored inputs. */
static const int16_t dct_weights[8][4] = {
    {DCT_C4, DCT_C4, DCT_C4, DCT_C4},
    {DCT_C1, DCT_C3, DCT_C5, DCT_C7},
    {DCT_C2, DCT_C6, -DCT_C6, -DCT_C2},
    {DCT_C3, -DCT_C7, -DCT_C1, -DCT_C5},
    {DCT_C4, -DCT_C4, -DCT_C4, DCT_C4},
    {DCT_C5, -DCT_C1, DCT_C7, DCT_C3},
    {DCT_C6, -DCT_C2, DCT_C2, -DCT_C6},
    {DCT_C7, -DCT_C5, DCT_C3, -DCT_C1},
};

/* Each pass is sqrt(8) times the orthonormal transform. Columns first: at most 8 * 128 = 1024, with four fractional
 * bits +-16384. Then rows: sums and differences of two values are within -32768..32640, weighted with 65536 at most
 * (DC, exactly -2^31 for black, 32512 * 65536 and the rounding below 2^31 for white) or 60548 (AC), so 32 bits hold
 * them. The results have 4 + 14 fractional bits and are eight times too large: the shift removes 17 bits and leaves
 * four. */
enum { DCT_COLUMN_SHIFT = 14 - 4, DCT_ROW_SHIFT = 4 + 14 + 3 - 4 };

/* One pass over eight lanes: out[k][lane] is coefficient k of in[0..7][lane]. gcc vectorises the loop in this form:
 * 2592 x 1944 samples in 4:2:0 take 13 ms, with an inner loop over k 37 ms, with sums of 32 bits 19 ms. */
#define DCT_SUM(k, a)                                      \
    (dct_weights[k][0] * a##0 + dct_weights[k][1] * a##1 + \
        dct_weights[k][2] * a##2 + dct_weights[k][3] * a##3)

CPU_INLINE void dct_pass(int16_t in[8][8], int16_t out[8][8], const int shift)
{
    const int32_t rounding = 1 << (shift - 1);
    for (int i = 0; i < 8; i++) {
        const int16_t sum0 = (int16_t)(in[0][i] + in[7][i]);
        const int16_t difference0 = (int16_t)(in[0][i] - in[7][i]);
        const int16_t sum1 = (int16_t)(in[1][i] + in[6][i]);
        const int16_t difference1 = (int16_t)(in[1][i] - in[6][i]);
        const int16_t sum2 = (int16_t)(in[2][i] + in[5][i]);
        const int16_t difference2 = (int16_t)(in[2][i] - in[5][i]);
        const int16_t sum3 = (int16_t)(in[3][i] + in[4][i]);
        const int16_t difference3 = (int16_t)(in[3][i] - in[4][i]);
        out[0][i] = (int16_t)((DCT_SUM(0, sum) + rounding) >> shift);
        out[1][i] = (int16_t)((DCT_SUM(1, difference) + rounding) >> shift);
        out[2][i] = (int16_t)((DCT_SUM(2, sum) + rounding) >> shift);
        out[3][i] = (int16_t)((DCT_SUM(3, difference) + rounding) >> shift);
        out[4][i] = (int16_t)((DCT_SUM(4, sum) + rounding) >> shift);
        out[5][i] = (int16_t)((DCT_SUM(5, difference) + rounding) >> shift);
        out[6][i] = (int16_t)((DCT_SUM(6, sum) + rounding) >> shift);
        out[7][i] = (int16_t)((DCT_SUM(7, difference) + rounding) >> shift);
    }
}

/* a: samples, changed. */
CPU_INLINE void dct_samples(int16_t a[8][8], int16_t *out)
{
    int16_t b[8][8];
    dct_pass(a, b, DCT_COLUMN_SHIFT);
    for (int y = 0; y < 8; y++) {
        for (int i = 0; i < 8; i++) {
            a[i][y] = b[y][i];
        }
    }
    dct_pass(a, b, DCT_ROW_SHIFT);
    for (int k = 0; k < 64; k++) {
        out[k] = b[dct_zigzag[k] & 7][dct_zigzag[k] >> 3];
    }
}

static void dct_block(const uint8_t *const rows[8], ptrdiff_t x, int16_t *out)
{
    int16_t a[8][8];
    for (int y = 0; y < 8; y++) {
        for (int i = 0; i < 8; i++) {
            a[y][i] = (int16_t)(rows[y][x + i] - 128);
        }
    }
    dct_samples(a, out);
}

/* The eight rows of a row of blocks; rows below the plane repeat its last row. */
CPU_INLINE void dct_rows(
    const uint8_t *plane, ptrdiff_t step, ptrdiff_t height, ptrdiff_t y, const uint8_t *rows[8])
{
    for (ptrdiff_t i = 0; i < 8; i++) {
        rows[i] = plane + step * (y + i < height ? y + i : height - 1);
    }
}

/* Sixteen columns from x on; columns beyond the plane repeat its last column. */
static void dct_edge(const uint8_t *const rows[8], ptrdiff_t x, ptrdiff_t width, uint8_t edge[8][16])
{
    const size_t there = (size_t)(width - x);
    for (int y = 0; y < 8; y++) {
        memcpy(edge[y], rows[y] + x, there);
        memset(edge[y] + there, rows[y][width - 1], 16 - there);
    }
}

/* plane: width x height samples, neither of them 0, rows `step` bytes apart.
 * out: ceil(width / 8) x ceil(height / 8) blocks. */
static void dct_plane_portable(
    const uint8_t *plane, ptrdiff_t step, ptrdiff_t width, ptrdiff_t height, int16_t *out)
{
    const uint8_t *rows[8], *edge_rows[8];
    uint8_t edge[8][16];
    for (int y = 0; y < 8; y++) {
        edge_rows[y] = edge[y];
    }
    for (ptrdiff_t y = 0; y < height; y += 8) {
        dct_rows(plane, step, height, y, rows);
        for (ptrdiff_t x = 0; x < width; x += 8, out += 64) {
            if (x + 8 <= width) {
                dct_block(rows, x, out);
            } else {
                dct_edge(rows, x, width, edge);
                dct_block(edge_rows, 0, out);
            }
        }
    }
}

#if defined(CPU_AVX2_CODE)

/* The sum of products with one row of weights, rounded. The low and high halves of the pairs
 * belong to the low and high halves of each 128-bit lane, and packing restores the order. */
#define DCT_OUTPUT(k, half)                                                                         \
    do {                                                                                            \
        const __m256i first = _mm256_set1_epi32(DCT_PAIR(dct_weights[k][0], dct_weights[k][1]));    \
        const __m256i second = _mm256_set1_epi32(DCT_PAIR(dct_weights[k][2], dct_weights[k][3]));   \
        __m256i low = _mm256_madd_epi16(half[0], first);                                            \
        __m256i high = _mm256_madd_epi16(half[1], first);                                           \
        low = _mm256_add_epi32(low, _mm256_madd_epi16(half[2], second));                            \
        high = _mm256_add_epi32(high, _mm256_madd_epi16(half[3], second));                          \
        low = _mm256_srai_epi32(_mm256_add_epi32(low, rounding), shift);                            \
        high = _mm256_srai_epi32(_mm256_add_epi32(high, rounding), shift);                          \
        v[k] = _mm256_packs_epi32(low, high);                                                       \
    } while (0)

#define DCT_PAIR(low, high) ((int32_t)((uint32_t)(uint16_t)(low) | (uint32_t)(uint16_t)(high) << 16))

/* dct_pass in place over sixteen lanes. */
CPU_AVX2_CODE CPU_INLINE void dct_pass_avx2(__m256i v[8], const int shift)
{
    const __m256i rounding = _mm256_set1_epi32(1 << (shift - 1));
    __m256i sums[4], differences[4];
    for (int i = 0; i < 4; i++) {
        sums[i] = _mm256_add_epi16(v[i], v[7 - i]);
        differences[i] = _mm256_sub_epi16(v[i], v[7 - i]);
    }
    const __m256i even[4] = {
        _mm256_unpacklo_epi16(sums[0], sums[1]),
        _mm256_unpackhi_epi16(sums[0], sums[1]),
        _mm256_unpacklo_epi16(sums[2], sums[3]),
        _mm256_unpackhi_epi16(sums[2], sums[3]),
    };
    const __m256i odd[4] = {
        _mm256_unpacklo_epi16(differences[0], differences[1]),
        _mm256_unpackhi_epi16(differences[0], differences[1]),
        _mm256_unpacklo_epi16(differences[2], differences[3]),
        _mm256_unpackhi_epi16(differences[2], differences[3]),
    };
    DCT_OUTPUT(0, even);
    DCT_OUTPUT(1, odd);
    DCT_OUTPUT(2, even);
    DCT_OUTPUT(3, odd);
    DCT_OUTPUT(4, even);
    DCT_OUTPUT(5, odd);
    DCT_OUTPUT(6, even);
    DCT_OUTPUT(7, odd);
}

/* Transposes the 8 x 8 values in each 128-bit lane. */
CPU_AVX2_CODE CPU_INLINE void dct_transpose_avx2(__m256i v[8])
{
    __m256i a[8], b[8];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_epi16(v[2 * i], v[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_epi16(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            b[4 * i + 2 * j] = _mm256_unpacklo_epi32(a[4 * i + j], a[4 * i + j + 2]);
            b[4 * i + 2 * j + 1] = _mm256_unpackhi_epi32(a[4 * i + j], a[4 * i + j + 2]);
        }
    }
    for (int i = 0; i < 4; i++) {
        v[2 * i] = _mm256_unpacklo_epi64(b[i], b[i + 4]);
        v[2 * i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 4]);
    }
}

/* For each eighth of the zigzag order and each column of coefficients, the byte shuffle that moves the column's
 * values to their places, and zeros to all other places. */
static void dct_zigzag_shuffles(uint8_t shuffles[8][8][16])
{
    memset(shuffles, 0x80, 8 * 8 * 16);
    for (int k = 0; k < 64; k++) {
        uint8_t *shuffle = shuffles[k >> 3][dct_zigzag[k] & 7];
        shuffle[2 * (k & 7)] = (uint8_t)(2 * (dct_zigzag[k] >> 3));
        shuffle[2 * (k & 7) + 1] = (uint8_t)(2 * (dct_zigzag[k] >> 3) + 1);
    }
}

/* One eighth of the zigzag order of two blocks, which takes values of columns `from` to `to` only. */
CPU_AVX2_CODE CPU_INLINE void dct_zigzag_avx2(const __m256i v[8], const uint8_t shuffles[8][8][16],
    const int eighth, const int from, const int to, int16_t *left, int16_t *right)
{
    __m256i gathered = _mm256_setzero_si256();
    for (int u = from; u <= to; u++) {
        const __m128i shuffle = _mm_loadu_si128((const __m128i *)shuffles[eighth][u]);
        gathered = _mm256_or_si256(gathered, _mm256_shuffle_epi8(v[u], _mm256_broadcastsi128_si256(shuffle)));
    }
    _mm_storeu_si128((__m128i *)(left + 8 * eighth), _mm256_castsi256_si128(gathered));
    _mm_storeu_si128((__m128i *)(right + 8 * eighth), _mm256_extracti128_si256(gathered, 1));
}

/* dct_block for two neighbours: sixteen samples from x on in each row. */
CPU_AVX2_CODE static void dct_two_blocks_avx2(const uint8_t *const rows[8], ptrdiff_t x,
    const uint8_t shuffles[8][8][16], int16_t *left, int16_t *right)
{
    __m256i v[8];
    for (int y = 0; y < 8; y++) {
        const __m128i samples = _mm_loadu_si128((const __m128i *)(rows[y] + x));
        v[y] = _mm256_sub_epi16(_mm256_cvtepu8_epi16(samples), _mm256_set1_epi16(128));
    }
    dct_pass_avx2(v, DCT_COLUMN_SHIFT);
    dct_transpose_avx2(v);
    dct_pass_avx2(v, DCT_ROW_SHIFT);
    dct_zigzag_avx2(v, shuffles, 0, 0, 3, left, right);
    dct_zigzag_avx2(v, shuffles, 1, 0, 5, left, right);
    dct_zigzag_avx2(v, shuffles, 2, 0, 4, left, right);
    dct_zigzag_avx2(v, shuffles, 3, 3, 7, left, right);
    dct_zigzag_avx2(v, shuffles, 4, 0, 4, left, right);
    dct_zigzag_avx2(v, shuffles, 5, 3, 7, left, right);
    dct_zigzag_avx2(v, shuffles, 6, 2, 7, left, right);
    dct_zigzag_avx2(v, shuffles, 7, 4, 7, left, right);
}

CPU_AVX2_CODE static void dct_plane_avx2(
    const uint8_t *plane, ptrdiff_t step, ptrdiff_t width, ptrdiff_t height, int16_t *out)
{
    const uint8_t *rows[8], *edge_rows[8];
    uint8_t edge[8][16], shuffles[8][8][16];
    int16_t beyond[64];
    dct_zigzag_shuffles(shuffles);
    for (int y = 0; y < 8; y++) {
        edge_rows[y] = edge[y];
    }
    for (ptrdiff_t y = 0; y < height; y += 8) {
        dct_rows(plane, step, height, y, rows);
        ptrdiff_t x = 0;
        for (; x + 16 <= width; x += 16, out += 128) {
            dct_two_blocks_avx2(rows, x, shuffles, out, out + 64);
        }
        if (x < width) {
            const int two = width - x > 8;
            dct_edge(rows, x, width, edge);
            dct_two_blocks_avx2(edge_rows, 0, shuffles, out, two ? out + 64 : beyond);
            out += two ? 128 : 64;
        }
    }
}

#endif

static void dct_plane(
    const uint8_t *plane, ptrdiff_t step, ptrdiff_t width, ptrdiff_t height, int16_t *out, int avx2)
{
#if defined(CPU_AVX2_CODE)
    if (avx2) {
        dct_plane_avx2(plane, step, width, height, out);
        return;
    }
#endif
    (void)avx2;
    dct_plane_portable(plane, step, width, height, out);
}

/* --- Overshoot ---------------------------------------------------------------------------------- */

enum { DCT_WHITE = 255, DCT_MOST_OVERSHOOT = 31 };

/* Sets the levels by which each sample of a block with white samples may exceed white. A run of white, in zigzag
 * order, continues the slopes at both of its ends as a cubic curve (Catmull and Rom): the signal is smooth where
 * the decoder clips it, and its ringing is above white. Returns whether any sample exceeds white. */
static int dct_overshoot_block(const uint8_t samples[64], int most, int16_t over[8][8])
{
    int sum = 0, white = 0;
    for (int k = 0; k < 64; k++) {
        sum += samples[k];
        white += samples[k] == DCT_WHITE;
    }
    if (white == 0 || white == 64) {
        return 0;
    }
    /* DC is at most the DC of a white block. */
    const int room = (64 * DCT_WHITE - sum) / white;
    most = most < room ? most : room;
    memset(over, 0, 64 * sizeof(int16_t));
    for (int start = 0; start < 64; start++) {
        if (samples[start] != DCT_WHITE) {
            continue;
        }
        int end = start + 1;
        while (end < 64 && samples[end] == DCT_WHITE) {
            end++;
        }
        int rise = 0, fall = 0;
        if (start > 0) {
            const int steep = samples[start - 1] - samples[start > 1 ? start - 2 : 0];
            rise = DCT_WHITE - samples[start - 1];
            rise = rise > steep ? rise : steep;
        }
        if (end < 64) {
            const int steep = samples[end] - samples[end < 63 ? end + 1 : 63];
            fall = DCT_WHITE - samples[end];
            fall = fall > steep ? fall : steep;
        }
        /* A run at an end of the block has one known slope: the curve has it at both sides. */
        rise = start > 0 ? rise : fall;
        fall = end < 64 ? fall : rise;
        const int length = end - start, whole = length + 1;
        for (int i = 1; i < whole; i++) {
            /* At most 63 * 32 * 32 * 255 * 64, less than 2^31. */
            const int cubic = length * i * (whole - i) * (rise * (whole - i) + fall * i);
            const int beyond = (cubic + whole * whole * whole - 1) / (whole * whole * whole);
            const int place = dct_zigzag[start + i - 1];
            over[place >> 3][place & 7] = (int16_t)(beyond < most ? beyond : most);
        }
        start = end;
    }
    return 1;
}

/* Adds the coefficients of the levels above white, `most` at most, to those that dct_plane() made of the plane. The
 * levels are transformed alone: the transform has no room for samples above white, but the sums of the coefficients
 * are within +-(16384 + 31 * 8 * 16). */
static void dct_overshoot(
    const uint8_t *plane, ptrdiff_t step, ptrdiff_t width, ptrdiff_t height, int most, int16_t *out)
{
    const uint8_t *rows[8];
    for (ptrdiff_t y = 0; y < height; y += 8) {
        dct_rows(plane, step, height, y, rows);
        for (ptrdiff_t x = 0; x < width; x += 8, out += 64) {
            uint8_t samples[64];
            int16_t over[8][8], added[64];
            for (int k = 0; k < 64; k++) {
                const ptrdiff_t column = x + (dct_zigzag[k] & 7);
                samples[k] = rows[dct_zigzag[k] >> 3][column < width ? column : width - 1];
            }
            if (dct_overshoot_block(samples, most, over)) {
                dct_samples(over, added);
                for (int k = 0; k < 64; k++) {
                    out[k] = (int16_t)(out[k] + added[k]);
                }
            }
        }
    }
}

/* --- Quantisation ------------------------------------------------------------------------------- */

/* A quantised magnitude is ((min(|c|, 16 * 1023) + offset) * reciprocal >> 16) * shift >> 16, which
 * is floor((min(|c|, 16 * 1023) + d - threshold) / d) with d = 16 * step, exactly:
 *
 * Let d be in [2^t, 2^(t + 1)), reciprocal = ceil(2^(16 + t) / d), shift = 2^(16 - t). The numerator
 * n is at most 16 * 1023 + 16 * 255 - 1 < 2^15, and reciprocal * d exceeds 2^(16 + t) by less than
 * d < 2^(t + 1), so n times that excess is below 2^(16 + t) and the quotient does not change.
 * For d = 2^t the reciprocal would be 65536; with 65535 and n + 1 the quotient is the same, as
 * (n + 1) * 65535 lies between n * 65536 and (n + 1) * 65536. */
typedef struct {
    uint16_t offset[64];
    uint16_t reciprocal[64];
    uint16_t shift[64];
} dct_quantiser;

/* step: 1..255. threshold: 1..16 * step, the least magnitude that does not become 0. */
static void dct_set_quantiser(dct_quantiser *quantiser, int k, uint32_t step, uint32_t threshold)
{
    const uint32_t divisor = DCT_SCALE * step;
    const int t = 31 - __builtin_clz(divisor);
    const uint32_t reciprocal = ((1u << (16 + t)) + divisor - 1) / divisor;
    const uint32_t power_of_two = reciprocal >> 16;
    quantiser->offset[k] = (uint16_t)(divisor - threshold + power_of_two);
    quantiser->reciprocal[k] = (uint16_t)(reciprocal - power_of_two);
    quantiser->shift[k] = (uint16_t)(1u << (16 - t));
}

CPU_INLINE int16_t dct_quantise_one(int16_t coefficient, const dct_quantiser *quantiser, int k)
{
    const int sign = coefficient >> 15;
    const int magnitude = (coefficient ^ sign) - sign;
    const uint32_t kept = magnitude < DCT_SCALE * DCT_LARGEST ? magnitude : DCT_SCALE * DCT_LARGEST;
    const uint32_t quotient = (kept + quantiser->offset[k]) * quantiser->reciprocal[k] >> 16;
    const int quantised = (int)(quotient * quantiser->shift[k] >> 16);
    return (int16_t)((quantised ^ sign) - sign);
}

/* Quantises one block and returns a bit for each coefficient that is not 0, the lowest for DC. */
CPU_INLINE uint64_t dct_quantise_block(const int16_t *block, const dct_quantiser *quantiser, int16_t *out)
{
    for (int k = 0; k < 64; k++) {
        out[k] = dct_quantise_one(block[k], quantiser, k);
    }
    uint64_t nonzero = 0;
    for (int k = 0; k < 64; k++) {
        nonzero |= (uint64_t)(out[k] != 0) << k;
    }
    return nonzero;
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE CPU_INLINE __m256i dct_quantise_16_avx2(const int16_t *block, const dct_quantiser *quantiser, int k)
{
    const __m256i c = _mm256_loadu_si256((const __m256i *)(block + k));
    /* The magnitude of -32768 is correct as an unsigned number. */
    __m256i n = _mm256_min_epu16(_mm256_abs_epi16(c), _mm256_set1_epi16(DCT_SCALE * DCT_LARGEST));
    n = _mm256_add_epi16(n, _mm256_loadu_si256((const __m256i *)(quantiser->offset + k)));
    n = _mm256_mulhi_epu16(n, _mm256_loadu_si256((const __m256i *)(quantiser->reciprocal + k)));
    n = _mm256_mulhi_epu16(n, _mm256_loadu_si256((const __m256i *)(quantiser->shift + k)));
    return _mm256_sign_epi16(n, c);
}

/* A bit for each of the 32 values in order that is 0. */
CPU_AVX2_CODE CPU_INLINE uint32_t dct_zero_avx2(__m256i low, __m256i high)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i packed = _mm256_packs_epi16(_mm256_cmpeq_epi16(low, zero), _mm256_cmpeq_epi16(high, zero));
    return (uint32_t)_mm256_movemask_epi8(_mm256_permute4x64_epi64(packed, 0xD8));
}

CPU_AVX2_CODE CPU_INLINE uint64_t dct_quantise_block_avx2(
    const int16_t *block, const dct_quantiser *quantiser, int16_t *out)
{
    __m256i q[4];
    for (int i = 0; i < 4; i++) {
        q[i] = dct_quantise_16_avx2(block, quantiser, 16 * i);
        _mm256_storeu_si256((__m256i *)(out + 16 * i), q[i]);
    }
    return ~(dct_zero_avx2(q[0], q[1]) | (uint64_t)dct_zero_avx2(q[2], q[3]) << 32);
}

CPU_AVX2_CODE static void dct_quantise_avx2(
    const int16_t *blocks, ptrdiff_t count, const dct_quantiser *quantiser, int16_t *out)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        dct_quantise_block_avx2(blocks + 64 * i, quantiser, out + 64 * i);
    }
}

#endif

static void dct_quantise(
    const int16_t *blocks, ptrdiff_t count, const dct_quantiser *quantiser, int16_t *out, int avx2)
{
#if defined(CPU_AVX2_CODE)
    if (avx2) {
        dct_quantise_avx2(blocks, count, quantiser, out);
        return;
    }
#endif
    (void)avx2;
    for (ptrdiff_t i = 0; i < count; i++) {
        dct_quantise_block(blocks + 64 * i, quantiser, out + 64 * i);
    }
}

/* --- Masking ------------------------------------------------------------------------------------- */

/* The masking of each block: the entry of `table` for the sum of the magnitudes of its AC, in units of
 * 2^DCT_MASK_SHIFT. The last entry is for all larger sums. */
enum { DCT_MASK_SHIFT = 5, DCT_MASKS = 1024 };

/* The entry for a block, of which the sum has DC too. */
CPU_INLINE uint8_t dct_mask(const int16_t *block, int32_t sum, const uint8_t table[DCT_MASKS])
{
    sum -= block[0] < 0 ? -block[0] : block[0];
    sum >>= DCT_MASK_SHIFT;
    return table[sum < DCT_MASKS ? sum : DCT_MASKS - 1];
}

static void dct_masks_portable(
    const int16_t *blocks, ptrdiff_t count, const uint8_t table[DCT_MASKS], uint8_t *out)
{
    for (ptrdiff_t i = 0; i < count; i++, blocks += 64) {
        int32_t sum = 0;
        for (int k = 0; k < 64; k++) {
            sum += blocks[k] < 0 ? -blocks[k] : blocks[k];
        }
        out[i] = dct_mask(blocks, sum, table);
    }
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE static void dct_masks_avx2(
    const int16_t *blocks, ptrdiff_t count, const uint8_t table[DCT_MASKS], uint8_t *out)
{
    const __m256i one = _mm256_set1_epi16(1);
    for (ptrdiff_t i = 0; i < count; i++, blocks += 64) {
        __m256i sums = _mm256_setzero_si256();
        for (int k = 0; k < 64; k += 16) {
            const __m256i c = _mm256_loadu_si256((const __m256i *)(blocks + k));
            /* The products by the signs are the magnitudes, that of -32768 too. */
            const __m256i signs = _mm256_or_si256(_mm256_srai_epi16(c, 15), one);
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(c, signs));
        }
        const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
        const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
        const int32_t sum = _mm_cvtsi128_si32(two) + _mm_extract_epi32(two, 1);
        out[i] = dct_mask(blocks, sum, table);
    }
}

#endif

static void dct_masks(
    const int16_t *blocks, ptrdiff_t count, const uint8_t table[DCT_MASKS], uint8_t *out, int avx2)
{
#if defined(CPU_AVX2_CODE)
    if (avx2) {
        dct_masks_avx2(blocks, count, table, out);
        return;
    }
#endif
    (void)avx2;
    dct_masks_portable(blocks, count, table, out);
}

/* --- The scan as tokens ------------------------------------------------------------------------- */

/* A token is a Huffman code and the bits that follow it. Its low half has the index of the code, its high half the
 * bits; the low four bits of the symbol are the number of bits.
 * Codes: luma DC from 0, luma AC from 256, then the same for chroma. */
enum {
    DCT_AC = 256,
    DCT_CHROMA = 512,
    DCT_CODES = 1024,
    DCT_SIXTEEN_ZEROS = 0xF0,
    DCT_END_OF_BLOCK = 0x00,
    DCT_EXTRA_BITS = 16,
    /* Rate-distortion optimisation of progressive files uses the bits of two scans of each component: places 1 to
     * 2, and places 3 to 63. */
    DCT_LOW_BAND = 2,
    DCT_CODE_BITS = 2 * DCT_AC * DCT_COMPONENTS,
};

/* Parameters of rate-distortion optimisation; squared errors and the price of a bit are in squares of 1/256 of a
 * step. */
typedef struct {
    uint32_t inverse[64]; /* 2^16 / step, rounded; magnitude * inverse >> 12 is in 1/256 of a step */
    int16_t divisor[64];  /* DCT_SCALE * step */
    uint32_t lambda_;       /* Lagrange multiplier, at most 2^15 */
    const uint8_t *bits;  /* bits of each code and of what follows it; DCT_CODE_BITS entries */
} dct_rdo;

typedef struct {
    const int16_t *blocks;
    ptrdiff_t wide, high; /* in blocks */
    int h, v;             /* blocks of this component in an MCU */
    uint32_t codes;       /* 0 or DCT_CHROMA */
    const dct_quantiser *quantiser;
    const dct_rdo *rdo; /* NULL: no rate-distortion optimisation */
    const uint8_t *masks;   /* factor of lambda for each block, in 1/16; NULL without rdo */
    uint32_t code_bits;        /* index of its AC codes in the bits */
    int banded;             /* whether the AC codes are those of two bands */
} dct_component;

/* A value as magnitude category and low bits (T.81, F.1.2.1 and F.1.2.2). */
CPU_INLINE uint32_t dct_token(uint32_t code, int value)
{
    const int sign = value >> 31;
    const uint32_t magnitude = (uint32_t)((value ^ sign) - sign);
    const uint32_t size = 31u - (uint32_t)__builtin_clz(2 * magnitude + 1);
    const uint32_t bits = (uint32_t)(value + sign) & ((1u << size) - 1);
    return (code + size) | bits << DCT_EXTRA_BITS;
}

CPU_INLINE uint32_t dct_size(uint32_t magnitude)
{
    return 31u - (uint32_t)__builtin_clz(2 * magnitude + 1);
}

/* The number of bits that follow a symbol. A symbol with a size of 0 and a run of r ends a block or, in progressive
 * files, a run of blocks whose length has r bits after the first bit (T.81, G.1.2.2). The symbol of sixteen zeros
 * has no bits. */
CPU_INLINE uint32_t dct_extra_bits(uint32_t symbol)
{
    return symbol & 15 ? symbol & 15 : symbol == DCT_SIXTEEN_ZEROS ? 0 : symbol >> 4;
}

/* The most bits that count as saved by a dropped coefficient, and by a magnitude reduced by one. Few coefficients
 * save more; those whose error is too large for the saving are not examined. */
enum { DCT_MOST_DROPPED = 12, DCT_MOST_SHORTENED = 4 };

/* The largest remainder, in 1/2^15 of a step, that a saving of `most` bits is worth: a remainder r increases the
 * square of the error by 2 r + 1. It is slightly larger, because dct_rdo_band() rounds. */
CPU_INLINE int16_t dct_giving(uint32_t lambda_, uint32_t most)
{
    const int32_t share = (int32_t)(lambda_ * most >> 2) - (1 << 14) + (1 << 9);
    return (int16_t)(share < 32767 ? share : 32767);
}

/* A bit for each coefficient of a quantised block that dct_rdo_band() may change: powers of two with small
 * remainders. A magnitude that the quantiser limited has a large remainder. */
CPU_INLINE uint64_t dct_candidates(
    const int16_t *source, const int16_t *block, const dct_rdo *rdo, uint32_t lambda_)
{
    const int dropped = dct_giving(lambda_, DCT_MOST_DROPPED), shortened = dct_giving(lambda_, DCT_MOST_SHORTENED);
    uint64_t candidates = 0;
    for (int k = 0; k < 64; k++) {
        const int magnitude = block[k] < 0 ? -block[k] : block[k];
        const int rest = (source[k] < 0 ? -source[k] : source[k]) - magnitude * rdo->divisor[k];
        const int giving = (rdo->divisor[k] * (magnitude > 1 ? shortened : dropped) + (1 << 14)) >> 15;
        candidates |= (uint64_t)((magnitude & (magnitude - 1)) == 0 && rest <= giving) << k;
    }
    return candidates;
}

#if defined(CPU_AVX2_CODE)

/* -1 for candidates. The remainder of -32768 wraps to the correct value. */
CPU_AVX2_CODE CPU_INLINE __m256i dct_candidates_16_avx2(
    const int16_t *source, const int16_t *block, const int16_t *divisors, __m256i dropped, __m256i shortened)
{
    const __m256i one = _mm256_set1_epi16(1), divisor = _mm256_loadu_si256((const __m256i *)divisors);
    const __m256i magnitude = _mm256_abs_epi16(_mm256_loadu_si256((const __m256i *)block));
    const __m256i less = _mm256_sub_epi16(magnitude, one);
    const __m256i power = _mm256_cmpeq_epi16(_mm256_and_si256(magnitude, less), _mm256_setzero_si256());
    const __m256i rest = _mm256_sub_epi16(
        _mm256_abs_epi16(_mm256_loadu_si256((const __m256i *)source)), _mm256_mullo_epi16(magnitude, divisor));
    const __m256i share = _mm256_blendv_epi8(dropped, shortened, _mm256_cmpgt_epi16(magnitude, one));
    return _mm256_andnot_si256(_mm256_cmpgt_epi16(rest, _mm256_mulhrs_epi16(divisor, share)), power);
}

CPU_AVX2_CODE CPU_INLINE uint64_t dct_candidates_avx2(
    const int16_t *source, const int16_t *block, const dct_rdo *rdo, uint32_t lambda_)
{
    const __m256i dropped = _mm256_set1_epi16(dct_giving(lambda_, DCT_MOST_DROPPED));
    const __m256i shortened = _mm256_set1_epi16(dct_giving(lambda_, DCT_MOST_SHORTENED));
    __m256i v[4];
    for (int i = 0; i < 4; i++) {
        v[i] = dct_candidates_16_avx2(source + 16 * i, block + 16 * i, rdo->divisor + 16 * i, dropped, shortened);
    }
    return ~(dct_zero_avx2(v[0], v[1]) | (uint64_t)dct_zero_avx2(v[2], v[3]) << 32);
}

#endif

/* The bits of places `first` to `last`. */
CPU_INLINE uint64_t dct_places(int first, int last)
{
    return ~(uint64_t)0 >> (63 - last) & ~(uint64_t)0 << first;
}

/* Drops coefficients of a quantised block whose bits cost more than their error, and reduces magnitudes by one where
 * the shorter code is worth the error (after Ramchandran and Vetterli, "Rate-distortion optimal fast thresholding
 * with complete JPEG/MPEG decoder compatibility", 1994). It takes one coefficient at a time, from the last to the
 * first: dynamic programming over all coefficients took four times as long.
 * source: the coefficients.
 * block: the quantised coefficients, changed.
 * nonzero: a bit for each of the places first to last of block that is not 0.
 * candidates: the bits of nonzero to examine.
 * bits: of the codes. empty_bits: of the code that ends a band without coefficients.
 * Returns nonzero of the changed block. */
CPU_INLINE uint64_t dct_rdo_band(const int16_t *source, int16_t *block, uint64_t nonzero, uint64_t candidates,
    const int first, const int last, const dct_rdo *rdo, const uint8_t *bits, int32_t empty_bits, uint32_t lambda_)
{
    const int32_t sixteen = bits[DCT_SIXTEEN_ZEROS], end = bits[DCT_END_OF_BLOCK];
    const uint64_t before = (uint64_t)1 << (first - 1);
    while (candidates) {
        const int k = 63 - __builtin_clzll(candidates);
        const uint64_t here = (uint64_t)1 << k;
        candidates ^= here;
        const int run = k - 64 + __builtin_clzll((nonzero & (here - 1)) | before);
        const uint8_t *of_run = bits + ((run & 15) << 4);
        const int32_t magnitude = block[k] < 0 ? -block[k] : block[k];
        const int32_t exact = (int32_t)((uint32_t)(source[k] < 0 ? -source[k] : source[k]) * rdo->inverse[k] >> 12);
        /* A magnitude reduced by one changes the square of the error e by -2 e + 1, in steps. */
        const int64_t added = 256 * (int64_t)(2 * (exact - (magnitude << 8)) + 256);
        int32_t saved;
        if (magnitude > 1) {
            const uint32_t size = dct_size((uint32_t)magnitude);
            saved = of_run[size] - of_run[size - 1];
            saved = saved < DCT_MOST_SHORTENED ? saved : DCT_MOST_SHORTENED;
            if (added < (int64_t)lambda_ * saved) {
                block[k] = (int16_t)(block[k] < 0 ? block[k] + 1 : block[k] - 1);
            }
            continue;
        }
        const uint64_t later = nonzero & ~(here | (here - 1));
        saved = of_run[1] + (run >> 4) * sixteen;
        if (later) {
            const int next = __builtin_ctzll(later), after = next - k - 1, whole = run + after + 1;
            const uint32_t size = dct_size((uint32_t)(block[next] < 0 ? -block[next] : block[next]));
            saved += bits[(uint32_t)(after & 15) << 4 | size] - bits[(uint32_t)(whole & 15) << 4 | size];
            saved += ((after >> 4) - (whole >> 4)) * sixteen;
        } else {
            saved += (k < last ? end : 0) - (nonzero == here ? empty_bits : end);
        }
        saved = saved < DCT_MOST_DROPPED ? saved : DCT_MOST_DROPPED;
        if (added < (int64_t)lambda_ * saved) {
            nonzero ^= here;
            block[k] = 0;
        }
    }
    return nonzero;
}

/* Quantises one block with rate-distortion optimisation; returns a bit for each coefficient that is not 0. */
#define DCT_CHOOSE_BLOCK(quantise_block, find_candidates)                                               \
    uint64_t nonzero = quantise_block(source, component->quantiser, block);                             \
    const dct_rdo *rdo = component->rdo;                                                          \
    if (!rdo || nonzero <= 1) {                                                                       \
        return nonzero;                                                                                 \
    }                                                                                                   \
    const uint32_t lambda_ = rdo->lambda_ * mask >> 4;                                                    \
    const uint64_t candidates = find_candidates(source, block, rdo, lambda_) & nonzero;                 \
    const uint8_t *bits = rdo->bits + component->code_bits;                                              \
    if (!component->banded) {                                                                           \
        const uint64_t all = dct_places(1, 63);                                                         \
        return (nonzero & 1) | dct_rdo_band(source, block, nonzero & all, candidates & all, 1, 63,    \
            rdo, bits, bits[DCT_END_OF_BLOCK], lambda_);                                                \
    }                                                                                                   \
    const uint64_t low = dct_places(1, DCT_LOW_BAND), high = dct_places(DCT_LOW_BAND + 1, 63);          \
    return (nonzero & 1) |                                                                              \
        dct_rdo_band(source, block, nonzero & high, candidates & high, DCT_LOW_BAND + 1, 63,          \
            rdo, bits + DCT_AC, 0, lambda_) |                                                           \
        dct_rdo_band(source, block, nonzero & low, candidates & low, 1, DCT_LOW_BAND,                 \
            rdo, bits, 0, lambda_)

CPU_INLINE uint64_t dct_choose_block(
    const dct_component *component, const int16_t *source, uint32_t mask, int16_t *block)
{
    DCT_CHOOSE_BLOCK(dct_quantise_block, dct_candidates);
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE CPU_INLINE uint64_t dct_choose_block_avx2(
    const dct_component *component, const int16_t *source, uint32_t mask, int16_t *block)
{
    DCT_CHOOSE_BLOCK(dct_quantise_block_avx2, dct_candidates_avx2);
}

#endif

/* Appends the tokens of one quantised block, at most 64, and returns their end. */
CPU_INLINE uint32_t *dct_block_tokens(
    uint32_t *tokens, const int16_t *block, uint64_t nonzero, int previous_dc, uint32_t codes)
{
    *tokens++ = dct_token(codes, block[0] - previous_dc);
    int last = 0;
    for (uint64_t left = nonzero & ~(uint64_t)1; left; left &= left - 1) {
        const int k = __builtin_ctzll(left);
        int zeros = k - last - 1;
        for (; zeros > 15; zeros -= 16) {
            *tokens++ = codes + DCT_AC + DCT_SIXTEEN_ZEROS;
        }
        *tokens++ = dct_token(codes + DCT_AC + ((uint32_t)zeros << 4), block[k]);
        last = k;
    }
    if (last < 63) {
        *tokens++ = codes + DCT_AC + DCT_END_OF_BLOCK;
    }
    return tokens;
}

/* A sample of a picture: one of `every` MCUs, in a lattice. The error of a sample of whole rows of MCUs is several
 * times as large. */
enum { DCT_SHIFT = 5 };

/* The first MCU of a row that is in the sample; each of the next is `every` further. */
CPU_INLINE ptrdiff_t dct_first_sampled(ptrdiff_t mcu_y, ptrdiff_t every)
{
    return (every - DCT_SHIFT * mcu_y % every) % every;
}

CPU_INLINE int dct_sampled(ptrdiff_t mcu_x, ptrdiff_t mcu_y, ptrdiff_t every)
{
    return every == 1 || (mcu_x + DCT_SHIFT * mcu_y) % every == 0;
}

/* The coefficients whose DC approximately predicts that of an MCU's first block: of the MCU to the left, or above;
 * NULL for the first MCU. */
CPU_INLINE const int16_t *dct_block_before(const dct_component *component, ptrdiff_t mcu_x, ptrdiff_t mcu_y)
{
    const ptrdiff_t left = mcu_x > 0, above = !left && mcu_y > 0;
    if (!left && !above) {
        return NULL;
    }
    const ptrdiff_t x = left ? mcu_x * component->h - 1 : 0, y = (mcu_y + !above) * component->v - 1;
    const ptrdiff_t row = y < component->high ? y : component->high - 1;
    return component->blocks + 64 * (row * component->wide + (x < component->wide ? x : component->wide - 1));
}

/* The number of MCUs in the sample of a picture; the first MCU is always in it. */
static int64_t dct_sample_size(ptrdiff_t mcus_wide, ptrdiff_t mcus_high, ptrdiff_t every)
{
    int64_t count = 0;
    for (ptrdiff_t y = 0; y < mcus_high; y++) {
        const ptrdiff_t first = dct_first_sampled(y, every);
        count += first < mcus_wide ? (mcus_wide - 1 - first) / every + 1 : 0;
    }
    return count;
}

/* Lets the memory of a block come that is soon worked on: the processor does not guess it, as MCUs take blocks of
 * several rows and components in turn. */
CPU_INLINE void dct_fetch(const dct_component *component, ptrdiff_t at)
{
    const ptrdiff_t last = component->wide * component->high - 1;
    const int16_t *block = component->blocks + 64 * (at < last ? at : last);
    __builtin_prefetch(block);
    __builtin_prefetch(block + 32);
}

/* The DC of the last block of a component before a row of MCUs, as the file has it; 0 before the first row. */
CPU_INLINE int dct_dc_before(const dct_component *component, ptrdiff_t mcu_y)
{
    if (mcu_y == 0) {
        return 0;
    }
    const ptrdiff_t last = mcu_y * component->v * component->wide - 1;
    return dct_quantise_one(component->blocks[64 * last], component->quantiser, 0);
}

/* Rows of MCUs whose tokens are made and counted together.
 * every: above 1, only one of `every` MCUs is in the sample.
 * tokens: room for dct_tokens_room() tokens. end and tally are set. */
typedef struct {
    const dct_component *components;
    int count, avx2;
    ptrdiff_t mcus_wide, first, last, every; /* rows from first to before last */
    uint32_t *tokens, *end;
    uint32_t tally[DCT_CODES];
} dct_stretch;

/* The tokens of rows of MCUs in the order of the file; returns their end. One component is coded block by block,
 * several are interleaved in MCUs. Blocks of an MCU that are beyond a component have no AC, and the DC of the block
 * before: a difference of 0. */
#define DCT_TOKENS(choose_block)                                                                        \
    const dct_component *const components = rows->components;                                           \
    const ptrdiff_t mcus_wide = rows->mcus_wide, every = rows->every;                                   \
    const int count = rows->count;                                                                      \
    uint32_t *tokens = rows->tokens;                                                                    \
    int16_t block[64];                                                                                  \
    int previous[DCT_COMPONENTS] = {0};                                                                 \
    for (int i = 0; i < count; i++) {                                                                   \
        previous[i] = dct_dc_before(&components[i], rows->first);                                       \
    }                                                                                                   \
    for (ptrdiff_t mcu_y = rows->first; mcu_y < rows->last; mcu_y++) {                                  \
        for (ptrdiff_t mcu_x = dct_first_sampled(mcu_y, every); mcu_x < mcus_wide; mcu_x += every) {    \
            for (int i = 0; i < count; i++) {                                                           \
                const dct_component *component = &components[i];                                        \
                if (every > 1) {                                                                        \
                    const int16_t *before = dct_block_before(component, mcu_x, mcu_y);                  \
                    previous[i] = before ? dct_quantise_one(*before, component->quantiser, 0) : 0;      \
                    __builtin_prefetch(dct_block_before(component, mcu_x + every, mcu_y));              \
                }                                                                                       \
                for (ptrdiff_t y = mcu_y * component->v; y < (mcu_y + 1) * component->v; y++) {         \
                    for (ptrdiff_t x = mcu_x * component->h; x < (mcu_x + 1) * component->h; x++) {     \
                        uint64_t nonzero = 0;                                                           \
                        block[0] = (int16_t)previous[i];                                                \
                        if (x < component->wide && y < component->high) {                               \
                            const ptrdiff_t at = y * component->wide + x;                               \
                            const uint32_t mask = component->masks ? component->masks[at] : 0;          \
                            dct_fetch(component, at + every * component->h);                            \
                            nonzero = choose_block(component, component->blocks + 64 * at, mask, block);\
                        }                                                                               \
                        tokens = dct_block_tokens(tokens, block, nonzero, previous[i], component->codes);\
                        previous[i] = block[0];                                                         \
                    }                                                                                   \
                }                                                                                       \
            }                                                                                           \
        }                                                                                               \
    }                                                                                                   \
    return tokens

static uint32_t *dct_tokens_portable(const dct_stretch *rows)
{
    DCT_TOKENS(dct_choose_block);
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE static uint32_t *dct_tokens_avx2(const dct_stretch *rows)
{
    DCT_TOKENS(dct_choose_block_avx2);
}

#endif

/* --- Huffman tables ----------------------------------------------------------------------------- */

/* A code, shifted left by the number of bits that follow it, and the number of bits of both. */
typedef struct {
    uint32_t bits;
    uint32_t length;
} dct_code;

/* Lengths of the codes for `count` frequencies, none of them 0, by the procedure of T.81, K.2 (figures
 * K.1 and K.2). Of equal frequencies the last one is taken first, as the standard asks. */
static void dct_code_lengths(int64_t *frequencies, int count, int *lengths)
{
    int next[257];
    for (int i = 0; i < count; i++) {
        lengths[i] = 0;
        next[i] = -1;
    }
    for (;;) {
        int rarest = -1, second = -1;
        for (int i = 0; i < count; i++) {
            if (frequencies[i] == 0) {
                continue;
            }
            if (rarest < 0 || frequencies[i] <= frequencies[rarest]) {
                second = rarest;
                rarest = i;
            } else if (second < 0 || frequencies[i] <= frequencies[second]) {
                second = i;
            }
        }
        if (second < 0) {
            return;
        }
        frequencies[rarest] += frequencies[second];
        frequencies[second] = 0;
        int i = rarest;
        for (lengths[i]++; next[i] >= 0; lengths[i]++) {
            i = next[i];
        }
        next[i] = second;
        for (i = second; i >= 0; i = next[i]) {
            lengths[i]++;
        }
    }
}

/* Limits codes to 16 bits (T.81, figure K.3): of two codes that are too long, one becomes a bit shorter, and the
 * other one shares the prefix of a shorter code. */
static void dct_limit_lengths(int of_length[258])
{
    for (int i = 257; i > 16; i--) {
        while (of_length[i] > 0) {
            int j = i - 2;
            while (of_length[j] == 0) {
                j--;
            }
            of_length[i] -= 2;
            of_length[i - 1]++;
            of_length[j + 1] += 2;
            of_length[j]--;
        }
    }
}

/* Sets the optimal codes of the symbols that occur; returns the number of symbols. */
static int dct_set_codes(const uint32_t tally[256], dct_code codes[256])
{
    int64_t frequencies[257];
    int symbols[256], lengths[257], of_length[258] = {0}, count = 0;
    for (int symbol = 0; symbol < 256; symbol++) {
        if (tally[symbol]) {
            symbols[count] = symbol;
            frequencies[count++] = tally[symbol];
        }
    }
    if (count == 0) {
        return 0;
    }
    frequencies[count] = 1; /* of the reserved code */
    dct_code_lengths(frequencies, count + 1, lengths);
    for (int i = 0; i <= count; i++) {
        of_length[lengths[i]]++;
    }
    dct_limit_lengths(of_length);
    /* Symbols get codes of rising length in the order of their lengths before the limit, then of their values. The
     * last and longest code, all ones, is reserved. */
    uint32_t code = 0, length = 1;
    for (int before = 1; before <= count; before++) {
        for (int i = 0; i < count; i++) {
            if (lengths[i] != before) {
                continue;
            }
            for (; of_length[length] == 0; length++) {
                code <<= 1;
            }
            of_length[length]--;
            const uint32_t size = dct_extra_bits((uint32_t)symbols[i]);
            codes[symbols[i]].bits = code++ << size;
            codes[symbols[i]].length = length + size;
        }
    }
    return count;
}

/* The approximate bits of a code that does not occur, and of what follows it. */
CPU_INLINE uint8_t dct_unused_bits(int code)
{
    return (uint8_t)(14 + (code & 15));
}

/* --- Length and file ----------------------------------------------------------------------------- */

enum { DCT_CHUNK = 1024 };

CPU_INLINE void dct_store_big_endian(uint8_t *at, uint64_t value)
{
    value = CPU_BIG_ENDIAN(value);
    memcpy(at, &value, 8);
}

static ptrdiff_t dct_count_ff(const uint8_t *bytes, ptrdiff_t length)
{
    int count = 0;
    for (ptrdiff_t i = 0; i < length; i++) {
        count += bytes[i] == 0xFF;
    }
    return count;
}

/* Copies bytes with a zero byte after each 0xFF; returns the end of the copy. */
static uint8_t *dct_stuff(const uint8_t *bytes, ptrdiff_t length, uint8_t *to)
{
    const uint8_t *const end = bytes + length;
    while (bytes < end) {
        const uint8_t *next = memchr(bytes, 0xFF, (size_t)(end - bytes));
        const ptrdiff_t clean = (next ? next + 1 : end) - bytes;
        memcpy(to, bytes, (size_t)clean);
        bytes += clean;
        to += clean;
        if (next) {
            *to++ = 0;
        }
    }
    return to;
}

/* Bytes of a part of a scan's entropy-coded data, with the zero byte that follows each 0xFF. They are written when
 * `out` is not NULL, as far as `room` bytes hold them. A code has 16 bits at most, and 11 bits follow it at most: one
 * word holds two tokens and the 7 bits of an unfinished byte.
 * pending: the bits of an unfinished byte before the part, from the highest bit down. fill: their number, 0 to 7.
 * is_last: the last byte is filled up with ones; an unfinished one is left out otherwise. */
static int64_t dct_scan_part(const uint32_t *tokens, const uint32_t *end, const dct_code codes[DCT_CODES],
    uint64_t pending, uint32_t fill, int is_last, uint8_t *out, int64_t room)
{
    uint8_t bytes[DCT_CHUNK * 27 / 8 + 16];
    int64_t length = 0;
    while (tokens < end) {
        const uint32_t *stop = end - tokens > DCT_CHUNK ? tokens + DCT_CHUNK : end;
        uint8_t *at = bytes;
        while (tokens < stop) {
            dct_code code = codes[*tokens & (DCT_CODES - 1)];
            uint64_t bits = code.bits | *tokens >> DCT_EXTRA_BITS;
            uint32_t size = code.length;
            tokens++;
            if (tokens < stop) {
                code = codes[*tokens & (DCT_CODES - 1)];
                bits = bits << code.length | code.bits | *tokens >> DCT_EXTRA_BITS;
                size += code.length;
                tokens++;
            }
            pending |= bits << (64 - fill - size);
            dct_store_big_endian(at, pending);
            fill += size;
            at += fill >> 3;
            pending <<= fill & ~7u;
            fill &= 7;
        }
        if (is_last && tokens == end && fill) {
            *at++ = (uint8_t)(pending >> 56 | 0xFFu >> fill);
        }
        const int64_t stuffed = (at - bytes) + dct_count_ff(bytes, at - bytes);
        if (length + stuffed > room) {
            out = NULL;
        }
        if (out) {
            dct_stuff(bytes, at - bytes, out + length);
        }
        length += stuffed;
    }
    return length;
}

/* Bytes of the whole of a scan's data, with the last byte filled up with ones; otherwise as dct_scan_part(). */
static int64_t dct_scan(
    const uint32_t *tokens, const uint32_t *end, const dct_code codes[DCT_CODES], uint8_t *out, int64_t room)
{
    return dct_scan_part(tokens, end, codes, 0, 0, 1, out, room);
}

static void dct_tally(const uint32_t *tokens, const uint32_t *end, uint32_t tally[DCT_CODES])
{
    /* Two counts of each code, as often the same code comes twice, and its count is written before it is read. */
    uint32_t other[DCT_CODES] = {0};
    memset(tally, 0, DCT_CODES * sizeof(uint32_t));
    for (; end - tokens >= 2; tokens += 2) {
        tally[tokens[0] & (DCT_CODES - 1)]++;
        other[tokens[1] & (DCT_CODES - 1)]++;
    }
    if (tokens < end) {
        tally[*tokens & (DCT_CODES - 1)]++;
    }
    for (int i = 0; i < DCT_CODES; i++) {
        tally[i] += other[i];
    }
}

CPU_INLINE uint8_t *dct_put(uint8_t *at, const void *bytes, size_t length)
{
    memcpy(at, bytes, length);
    return at + length;
}

CPU_INLINE uint8_t *dct_put_short(uint8_t *at, unsigned value)
{
    *at++ = (uint8_t)(value >> 8);
    *at++ = (uint8_t)value;
    return at;
}

/* A DHT segment: the number of codes of each length, then the symbols in the order of the codes. */
static uint8_t *dct_put_codes(uint8_t *at, unsigned id, const uint32_t tally[256], const dct_code codes[256])
{
    uint8_t counts[16] = {0}, symbols[256];
    int found = 0;
    for (uint32_t length = 1; length <= 16; length++) {
        const int first = found;
        for (int symbol = 0; symbol < 256; symbol++) {
            const uint32_t size = dct_extra_bits((uint32_t)symbol);
            if (tally[symbol] == 0 || codes[symbol].length - size != length) {
                continue;
            }
            int place = found++;
            for (; place > first; place--) {
                const int before = symbols[place - 1];
                if (codes[before].bits >> dct_extra_bits((uint32_t)before) < codes[symbol].bits >> size) {
                    break;
                }
                symbols[place] = (uint8_t)before;
            }
            symbols[place] = (uint8_t)symbol;
            counts[length - 1]++;
        }
    }
    at = dct_put_short(at, 0xFFC4);
    at = dct_put_short(at, 19u + (unsigned)found);
    *at++ = (uint8_t)id;
    at = dct_put(at, counts, sizeof counts);
    return dct_put(at, symbols, (size_t)found);
}

/* The parameters of a file besides its coefficients. */
typedef struct {
    int width, height;
    ptrdiff_t mcus_wide, mcus_high; /* the size in MCUs */
    int count;                      /* components */
    uint8_t factors[DCT_COMPONENTS]; /* horizontal and vertical sampling, four bits each (T.81, B.2.2) */
    int tables;
    const uint8_t *steps[2]; /* 64 each, in zigzag order */
} dct_frame;

/* Bytes that dct_put_frame() writes. */
CPU_INLINE int64_t dct_frame_length(const dct_frame *frame)
{
    return 20 + 69 * frame->tables + 10 + 3 * frame->count;
}

/* From the start of the file to the frame header, which begins with the marker. */
static uint8_t *dct_put_frame(uint8_t *at, unsigned marker, const dct_frame *frame)
{
    static const uint8_t start[20] = {0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
    at = dct_put(at, start, sizeof start);
    for (int i = 0; i < frame->tables; i++) {
        at = dct_put_short(at, 0xFFDB);
        at = dct_put_short(at, 67);
        *at++ = (uint8_t)i;
        at = dct_put(at, frame->steps[i], 64);
    }
    at = dct_put_short(at, marker);
    at = dct_put_short(at, 8u + 3u * (unsigned)frame->count);
    *at++ = 8;
    at = dct_put_short(at, (unsigned)frame->height);
    at = dct_put_short(at, (unsigned)frame->width);
    *at++ = (uint8_t)frame->count;
    for (int i = 0; i < frame->count; i++) {
        *at++ = (uint8_t)(i + 1);
        *at++ = frame->factors[i];
        *at++ = (uint8_t)(i ? frame->tables - 1 : 0);
    }
    return at;
}

/* Everything before the data. Precondition: there is room for it. */
static uint8_t *dct_put_header(uint8_t *at, const dct_frame *frame, const dct_component *components,
    const uint32_t tally[DCT_CODES], const dct_code codes[DCT_CODES])
{
    const int count = frame->count;
    at = dct_put_frame(at, 0xFFC0, frame);
    for (unsigned i = 0; i < (count == 1 ? 1u : 2u); i++) {
        const unsigned first = i * DCT_CHROMA;
        at = dct_put_codes(at, i, tally + first, codes + first);
        at = dct_put_codes(at, 0x10 + i, tally + first + DCT_AC, codes + first + DCT_AC);
    }
    at = dct_put_short(at, 0xFFDA);
    at = dct_put_short(at, 6u + 2u * (unsigned)count);
    *at++ = (uint8_t)count;
    for (int i = 0; i < count; i++) {
        *at++ = (uint8_t)(i + 1);
        *at++ = components[i].codes ? 0x11 : 0;
    }
    static const uint8_t whole_spectrum[3] = {0, 63, 0};
    return dct_put(at, whole_spectrum, sizeof whole_spectrum);
}

/* --- Two threads --------------------------------------------------------------------------------- */

/* Tokens that rows of MCUs can have, at most; the last row of a picture can have fewer. */
static ptrdiff_t dct_tokens_room(const dct_component *components, int count, ptrdiff_t mcus_wide, ptrdiff_t rows)
{
    ptrdiff_t room = 0;
    for (int i = 0; i < count; i++) {
        const dct_component *component = &components[i];
        room += rows * component->v * (64 * component->wide + 2 * (mcus_wide * component->h - component->wide));
    }
    return room;
}

static void *dct_make_rows(void *given)
{
    dct_stretch *rows = given;
#if defined(CPU_AVX2_CODE)
    rows->end = rows->avx2 ? dct_tokens_avx2(rows) : dct_tokens_portable(rows);
#else
    rows->end = dct_tokens_portable(rows);
#endif
    dct_tally(rows->tokens, rows->end, rows->tally);
    return NULL;
}

/* The tokens of all rows of MCUs and the tally of them. Returns the end of the tokens.
 * half: set to the end of the tokens of the first half, and half_tally to their tally. */
static uint32_t *dct_make_tokens(const dct_component *components, const dct_frame *frame, ptrdiff_t every, int avx2,
    int threads, uint32_t *tokens, uint32_t tally[DCT_CODES], const uint32_t **half, uint32_t half_tally[DCT_CODES])
{
    const ptrdiff_t rows = frame->mcus_high, middle = threads > 1 && rows > 1 ? rows / 2 : rows;
    const ptrdiff_t room = dct_tokens_room(components, frame->count, frame->mcus_wide, middle);
    dct_stretch first = {components, frame->count, avx2, frame->mcus_wide, 0, middle, every, tokens, tokens, {0}};
    dct_stretch second = {components, frame->count, avx2, frame->mcus_wide, middle, rows, every, NULL, NULL, {0}};
    if (middle == rows) {
        dct_make_rows(&first);
        second.tokens = second.end = first.end;
    } else {
        second.tokens = tokens + room;
        cpu_both(dct_make_rows, &first, &second, threads);
    }
    const ptrdiff_t more = second.end - second.tokens;
    memmove(first.end, second.tokens, (size_t)more * sizeof(uint32_t));
    for (int i = 0; i < DCT_CODES; i++) {
        half_tally[i] = first.tally[i];
        tally[i] = first.tally[i] + second.tally[i];
    }
    *half = first.end;
    return first.end + more;
}

/* A half of a scan: the arguments of dct_scan_part(), and its result. */
typedef struct {
    const uint32_t *tokens, *end;
    const dct_code *codes;
    uint64_t pending;
    uint32_t fill;
    int is_last;
    uint8_t *out;
    int64_t room, length;
} dct_half;

static void *dct_scan_half(void *given)
{
    dct_half *half = given;
    half->length = dct_scan_part(half->tokens, half->end, half->codes, half->pending, half->fill, half->is_last,
        half->out, half->room);
    return NULL;
}

/* The last `count` bits of tokens, 0 to 7, from the highest bit of the result down. Each token has a bit or more. */
static uint64_t dct_last_bits(
    const uint32_t *tokens, const uint32_t *end, const dct_code codes[DCT_CODES], uint32_t count)
{
    uint64_t bits = 0;
    for (const uint32_t *at = end - tokens > 7 ? end - 7 : tokens; at < end; at++) {
        const dct_code code = codes[*at & (DCT_CODES - 1)];
        bits = bits << code.length | code.bits | *at >> DCT_EXTRA_BITS;
    }
    return count ? bits << (64 - count) : 0;
}

/* As dct_scan(), in two halves at the same time.
 * half: the end of the tokens of the first half; some follow. half_tally: their tally.
 * spare: memory behind the tokens, which takes the second half till its place is known; spare_room: its bytes. */
static int64_t dct_scan_both(const uint32_t *tokens, const uint32_t *half, const uint32_t *end,
    const dct_code codes[DCT_CODES], const uint32_t half_tally[DCT_CODES], uint8_t *spare, int64_t spare_room,
    uint8_t *out, int64_t room)
{
    uint64_t bits = 0;
    for (int i = 0; i < DCT_CODES; i++) {
        bits += half_tally[i] ? (uint64_t)half_tally[i] * codes[i].length : 0;
    }
    const uint32_t fill = bits & 7;
    const uint64_t pending = dct_last_bits(tokens, half, codes, fill);
    dct_half first = {tokens, half, codes, 0, 0, 0, out, room, 0};
    dct_half second = {half, end, codes, pending, fill, 1, out ? spare : NULL, spare_room, 0};
    cpu_both(dct_scan_half, &first, &second, 2);
    const int64_t length = first.length + second.length;
    if (out && length <= room) {
        if (second.length <= spare_room) {
            memcpy(out + first.length, spare, (size_t)second.length);
        } else {
            dct_scan_part(half, end, codes, pending, fill, 1, out + first.length, room - first.length);
        }
    }
    return length;
}

/* Bytes of the baseline file in one scan: SOI, JFIF APP0, a DQT for each of `tables`, SOF0, a DHT for
 * each Huffman table, SOS, the data, EOI. Symbols add one byte each to their DHT.
 * tokens: room for 64 tokens for each block, and two for each block that only fills an MCU.
 * limit: the end of the room for tokens.
 * reach: set to the end of the tokens; with `ready`, it is the end that an earlier call set.
 * threads: 2, if half of the work may be done on a thread of its own; else 1.
 * every: above 1, a sample is measured, and the length is an estimate.
 * bits: if not NULL, set to the bits of each code and of what follows it.
 * The file is written when `out` is not NULL; one of more than `room` bytes is not whole. */
static int64_t dct_file(const dct_component *components, const dct_frame *frame, ptrdiff_t every, uint32_t *tokens,
    const uint32_t *limit, const uint32_t **reach, int ready, int avx2, int threads, uint8_t *out, int64_t room,
    uint8_t *bits)
{
    const int count = frame->count;
    const ptrdiff_t mcus_wide = frame->mcus_wide, mcus_high = frame->mcus_high;
    uint32_t tally[DCT_CODES], half_tally[DCT_CODES];
    dct_code codes[DCT_CODES];
    const uint32_t *end = *reach, *half = end;
    if (ready) {
        dct_tally(tokens, end, tally);
    } else {
        end = dct_make_tokens(components, frame, every, avx2, threads, tokens, tally, &half, half_tally);
    }
    *reach = end;
    int64_t header = dct_frame_length(frame) + 8 + 2 * count;
    const int used = count == 1 ? DCT_CHROMA : DCT_CODES;
    for (int first = 0; first < used; first += DCT_AC) {
        header += 21 + dct_set_codes(tally + first, codes + first);
    }
    if (bits) {
        for (int i = 0; i < DCT_CODE_BITS; i++) {
            bits[i] = (uint8_t)(i < used && tally[i] ? codes[i].length : dct_unused_bits(i));
        }
    }
    if (every > 1) {
        const int64_t data = dct_scan(tokens, end, codes, NULL, 0);
        return header + data * (mcus_wide * mcus_high) / dct_sample_size(mcus_wide, mcus_high, every) + 2;
    }
    if (header + 2 > room) {
        out = NULL;
    }
    if (out) {
        dct_put_header(out, frame, components, tally, codes);
    }
    uint8_t *const to = out ? out + header : NULL;
    const int64_t left = room - header - 2;
    const int64_t data = half == end
        ? dct_scan(tokens, end, codes, to, left)
        : dct_scan_both(tokens, half, end, codes, half_tally, (uint8_t *)(tokens + (end - tokens)),
            (int64_t)((limit - end) * (ptrdiff_t)sizeof(uint32_t)), to, left);
    if (out && header + data + 2 <= room) {
        dct_put_short(out + header + data, 0xFFD9);
    }
    return header + data + 2;
}

#endif
