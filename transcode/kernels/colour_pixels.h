/* Colours of pixels: from the samples of one profile to sRGB, or to its YCbCr (JFIF).
 *
 * In the order of use:
 *
 *   colour_source      where the samples are and what they mean
 *   colour_shaper      curves, matrix, curves: an RGB profile made of those (ICC.1:2022, F.3)
 *   colour_table       a grid of colours and what becomes of them: any other profile
 *   colour_convert     one through the other, to where colour_target says
 *
 * Nothing here allocates or can fail. Integers only, and the vector bodies are equal to the portable
 * ones bit for bit. Pixels are worked on in chunks, each step of the way over a whole chunk.
 */

#ifndef TRANSCODE_COLOUR_PIXELS_H
#define TRANSCODE_COLOUR_PIXELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"

enum {
    COLOUR_CHUNK = 256,
    COLOUR_MOST_CHANNELS = 4,
    /* Fractional bits: of linear light, of the matrix, and of what the last curve is looked up with. */
    COLOUR_LINEAR_BITS = 15,
    COLOUR_MATRIX_BITS = 13,
    COLOUR_ENCODE_BITS = 13,
    COLOUR_ENCODE_SIZE = (1 << COLOUR_ENCODE_BITS) + 1,
    /* A gather reads four octets for one. */
    COLOUR_ENCODE_ROOM = COLOUR_ENCODE_SIZE + 3,
};

/* Samples: three or four channels, pixels `pixel` bytes apart in rows `row` bytes apart. */
typedef struct {
    const uint8_t *channel[COLOUR_MOST_CHANNELS];
    ptrdiff_t row[COLOUR_MOST_CHANNELS];
    ptrdiff_t pixel[COLOUR_MOST_CHANNELS];
    int channels;
    int ycc;      /* the first three are the YCbCr of RGB */
    int inverted; /* ink is stored as 255 less it; for `ycc` inks, of the RGB that comes of it */
} colour_source;

typedef struct {
    uint8_t *channel[3];
    ptrdiff_t row[3];
    ptrdiff_t pixel[3];
    int ycc; /* YCbCr is wanted, not RGB */
} colour_target;

typedef struct {
    const int32_t *decode; /* 3 x 256: linear light of each sample, with COLOUR_LINEAR_BITS */
    const int32_t *matrix; /* 3 x 3 by rows, with COLOUR_MATRIX_BITS; a row's magnitudes sum to 7 at most */
    const uint8_t *encode; /* COLOUR_ENCODE_ROOM samples by linear light */
} colour_shaper;

typedef struct {
    const uint8_t *nodes; /* count ^ channels times RGB; the last channel moves fastest */
    ptrdiff_t count;      /* of nodes a side */
    uint8_t cell[256];    /* for each sample the node below it, count - 2 at most */
    uint16_t share[256];  /* and how far it is to the next, of 256 */
} colour_table;

typedef uint8_t colour_chunk[COLOUR_MOST_CHANNELS][COLOUR_CHUNK];

/* --- YCbCr and RGB (JFIF 1.02, "Conversion to and from RGB") -------------------------------------- */

/* To RGB with 14 fractional bits: 1.402, 0.344136, 0.714136, 1.772. To YCbCr with 15; each row sums to
 * one or to nothing, so that gray stays gray. */
enum {
    COLOUR_CR_R = 22970,
    COLOUR_CB_G = -5638,
    COLOUR_CR_G = -11700,
    COLOUR_CB_B = 29032,
    COLOUR_R_Y = 9798,
    COLOUR_G_Y = 19235,
    COLOUR_B_Y = 3735,
    COLOUR_R_CB = -5529,
    COLOUR_G_CB = -10855,
    COLOUR_B_CB = 16384,
    COLOUR_R_CR = 16384,
    COLOUR_G_CR = -13720,
    COLOUR_B_CR = -2664,
};

CPU_INLINE uint8_t colour_clip(int32_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

CPU_INLINE void colour_to_rgb_body(colour_chunk chunk)
{
    for (int i = 0; i < COLOUR_CHUNK; i++) {
        const int32_t y = chunk[0][i] << 14, cb = chunk[1][i] - 128, cr = chunk[2][i] - 128;
        chunk[0][i] = colour_clip((y + COLOUR_CR_R * cr + (1 << 13)) >> 14);
        chunk[1][i] = colour_clip((y + COLOUR_CB_G * cb + COLOUR_CR_G * cr + (1 << 13)) >> 14);
        chunk[2][i] = colour_clip((y + COLOUR_CB_B * cb + (1 << 13)) >> 14);
    }
}

/* Pure blue and red are 255.5 of Cb and Cr, which is clipped as libjpeg does. */
CPU_INLINE void colour_to_ycc_body(colour_chunk chunk)
{
    for (int i = 0; i < COLOUR_CHUNK; i++) {
        const int32_t r = chunk[0][i], g = chunk[1][i], b = chunk[2][i];
        const int32_t middle = (128 << 15) + (1 << 14) - 1;
        chunk[0][i] = (uint8_t)((COLOUR_R_Y * r + COLOUR_G_Y * g + COLOUR_B_Y * b + (1 << 14)) >> 15);
        chunk[1][i] = (uint8_t)((COLOUR_R_CB * r + COLOUR_G_CB * g + COLOUR_B_CB * b + middle) >> 15);
        chunk[2][i] = (uint8_t)((COLOUR_R_CR * r + COLOUR_G_CR * g + COLOUR_B_CR * b + middle) >> 15);
    }
}

CPU_INLINE void colour_invert_body(uint8_t samples[COLOUR_CHUNK])
{
    for (int i = 0; i < COLOUR_CHUNK; i++) {
        samples[i] = (uint8_t)~samples[i];
    }
}

static void colour_to_rgb_portable(colour_chunk chunk)
{
    colour_to_rgb_body(chunk);
}

static void colour_to_ycc_portable(colour_chunk chunk)
{
    colour_to_ycc_body(chunk);
}

#if defined(CPU_AVX2_CODE)

/* The sums of products are those of the portable loops, two products an instruction. */

#define COLOUR_PAIRS(a, b) _mm256_set1_epi32((int32_t)((uint32_t)(uint16_t)(a) | (uint32_t)(uint16_t)(b) << 16))

/* Sixteen samples as numbers of 16 bits. */
CPU_AVX2_CODE CPU_INLINE __m256i colour_words_avx2(const uint8_t *samples)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)samples));
}

/* Sums of sixteen pixels, shifted right and clipped to samples. */
CPU_AVX2_CODE CPU_INLINE void colour_store_avx2(__m256i low, __m256i high, const int shift, uint8_t *to)
{
    const __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(low, shift), _mm256_srai_epi32(high, shift));
    _mm_storeu_si128(
        (__m128i *)to, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

#define COLOUR_LOW(a, b, pair) _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), pair)
#define COLOUR_HIGH(a, b, pair) _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), pair)

CPU_AVX2_CODE static void colour_to_rgb_avx2(colour_chunk chunk)
{
    const __m256i middle = _mm256_set1_epi16(128), half = _mm256_set1_epi32(1 << 13);
    const __m256i of_r = COLOUR_PAIRS(1 << 14, COLOUR_CR_R), of_b = COLOUR_PAIRS(1 << 14, COLOUR_CB_B);
    const __m256i of_g = COLOUR_PAIRS(1 << 14, COLOUR_CB_G), more_g = COLOUR_PAIRS(COLOUR_CR_G, 1 << 13);
    const __m256i one = _mm256_set1_epi16(1);
    for (int i = 0; i < COLOUR_CHUNK; i += 16) {
        const __m256i y = colour_words_avx2(&chunk[0][i]);
        const __m256i cb = _mm256_sub_epi16(colour_words_avx2(&chunk[1][i]), middle);
        const __m256i cr = _mm256_sub_epi16(colour_words_avx2(&chunk[2][i]), middle);
        colour_store_avx2(_mm256_add_epi32(COLOUR_LOW(y, cr, of_r), half),
            _mm256_add_epi32(COLOUR_HIGH(y, cr, of_r), half), 14, &chunk[0][i]);
        colour_store_avx2(_mm256_add_epi32(COLOUR_LOW(y, cb, of_g), COLOUR_LOW(cr, one, more_g)),
            _mm256_add_epi32(COLOUR_HIGH(y, cb, of_g), COLOUR_HIGH(cr, one, more_g)), 14, &chunk[1][i]);
        colour_store_avx2(_mm256_add_epi32(COLOUR_LOW(y, cb, of_b), half),
            _mm256_add_epi32(COLOUR_HIGH(y, cb, of_b), half), 14, &chunk[2][i]);
    }
}

/* One plane of YCbCr from the words of RGB; `add` has the rounding. Values above 255 are clipped: pure blue and red
 * come to 255, as in the portable loop. */
CPU_AVX2_CODE CPU_INLINE void colour_weighed_avx2(
    const __m256i rgb[3], __m256i of_rg, __m256i of_b, __m256i add, uint8_t *to)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i low = _mm256_add_epi32(COLOUR_LOW(rgb[0], rgb[1], of_rg), COLOUR_LOW(rgb[2], zero, of_b));
    const __m256i high = _mm256_add_epi32(COLOUR_HIGH(rgb[0], rgb[1], of_rg), COLOUR_HIGH(rgb[2], zero, of_b));
    colour_store_avx2(_mm256_add_epi32(low, add), _mm256_add_epi32(high, add), 15, to);
}

CPU_AVX2_CODE static void colour_to_ycc_avx2(colour_chunk chunk)
{
    const __m256i middle = _mm256_set1_epi32((128 << 15) + (1 << 14) - 1);
    for (int i = 0; i < COLOUR_CHUNK; i += 16) {
        const __m256i rgb[3] = {
            colour_words_avx2(&chunk[0][i]), colour_words_avx2(&chunk[1][i]), colour_words_avx2(&chunk[2][i])};
        colour_weighed_avx2(rgb, COLOUR_PAIRS(COLOUR_R_Y, COLOUR_G_Y), COLOUR_PAIRS(COLOUR_B_Y, 0),
            _mm256_set1_epi32(1 << 14), &chunk[0][i]);
        colour_weighed_avx2(
            rgb, COLOUR_PAIRS(COLOUR_R_CB, COLOUR_G_CB), COLOUR_PAIRS(COLOUR_B_CB, 0), middle, &chunk[1][i]);
        colour_weighed_avx2(
            rgb, COLOUR_PAIRS(COLOUR_R_CR, COLOUR_G_CR), COLOUR_PAIRS(COLOUR_B_CR, 0), middle, &chunk[2][i]);
    }
}

#endif

/* --- Curves and matrix ---------------------------------------------------------------------------- */

/* At most 7 * 32767 * 8192, below 2^31. */
enum { COLOUR_SHAPER_SHIFT = COLOUR_LINEAR_BITS + COLOUR_MATRIX_BITS - COLOUR_ENCODE_BITS };

static void colour_shape_portable(const colour_shaper *shaper, colour_chunk chunk)
{
    for (int i = 0; i < COLOUR_CHUNK; i++) {
        const int32_t r = shaper->decode[chunk[0][i]];
        const int32_t g = shaper->decode[256 + chunk[1][i]];
        const int32_t b = shaper->decode[512 + chunk[2][i]];
        for (int k = 0; k < 3; k++) {
            const int32_t *row = shaper->matrix + 3 * k;
            const int32_t sum = row[0] * r + row[1] * g + row[2] * b;
            const int32_t light = (sum + (1 << (COLOUR_SHAPER_SHIFT - 1))) >> COLOUR_SHAPER_SHIFT;
            const int32_t most = COLOUR_ENCODE_SIZE - 1;
            chunk[k][i] = shaper->encode[light < 0 ? 0 : light > most ? most : light];
        }
    }
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE CPU_INLINE __m256i colour_linear_avx2(const int32_t *decode, const uint8_t *samples)
{
    const __m256i index = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)samples));
    return _mm256_i32gather_epi32(decode, index, 4);
}

/* Eight samples in the lowest octets of the lanes. */
CPU_AVX2_CODE CPU_INLINE __m256i colour_encoded_avx2(
    const colour_shaper *shaper, int k, __m256i r, __m256i g, __m256i b)
{
    const int32_t *row = shaper->matrix + 3 * k;
    __m256i sum = _mm256_mullo_epi32(r, _mm256_set1_epi32(row[0]));
    sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(g, _mm256_set1_epi32(row[1])));
    sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(b, _mm256_set1_epi32(row[2])));
    sum = _mm256_add_epi32(sum, _mm256_set1_epi32(1 << (COLOUR_SHAPER_SHIFT - 1)));
    __m256i light = _mm256_srai_epi32(sum, COLOUR_SHAPER_SHIFT);
    light = _mm256_max_epi32(light, _mm256_setzero_si256());
    light = _mm256_min_epi32(light, _mm256_set1_epi32(COLOUR_ENCODE_SIZE - 1));
    const __m256i found = _mm256_i32gather_epi32((const int *)shaper->encode, light, 1);
    return _mm256_and_si256(found, _mm256_set1_epi32(0xFF));
}

CPU_AVX2_CODE static void colour_shape_avx2(const colour_shaper *shaper, colour_chunk chunk)
{
    for (int i = 0; i < COLOUR_CHUNK; i += 8) {
        const __m256i r = colour_linear_avx2(shaper->decode, &chunk[0][i]);
        const __m256i g = colour_linear_avx2(shaper->decode + 256, &chunk[1][i]);
        const __m256i b = colour_linear_avx2(shaper->decode + 512, &chunk[2][i]);
        for (int k = 0; k < 3; k++) {
            const __m256i found = colour_encoded_avx2(shaper, k, r, g, b);
            const __m128i words =
                _mm_packus_epi32(_mm256_castsi256_si128(found), _mm256_extracti128_si256(found, 1));
            _mm_storel_epi64((__m128i *)&chunk[k][i], _mm_packus_epi16(words, words));
        }
    }
}

#endif

/* --- Tables --------------------------------------------------------------------------------------- */

/* The sum of three channels' nodes around a colour, 256 times as large: linear in the tetrahedron that
 * the colour lies in, from the lowest node along the axes, that of the largest share first. The gray
 * axis is an edge of all six. */
CPU_INLINE void colour_tetrahedron(
    const uint8_t *node, const int share[3], const ptrdiff_t stride[3], int sums[3])
{
    const int swap = share[1] > share[0];
    int high = swap ? 1 : 0, middle = 1 - high, low = 2;
    if (share[2] > share[high]) {
        low = middle;
        middle = high;
        high = 2;
    } else if (share[2] > share[middle]) {
        low = middle;
        middle = 2;
    }
    const uint8_t *second = node + stride[high];
    const uint8_t *third = second + stride[middle];
    const uint8_t *last = third + stride[low];
    for (int k = 0; k < 3; k++) {
        sums[k] = (256 - share[high]) * node[k] + (share[high] - share[middle]) * second[k]
            + (share[middle] - share[low]) * third[k] + share[low] * last[k];
    }
}

/* Three channels by tetrahedra; of four the first is linear between two of them. So does LittleCMS
 * (cmsintrp.c, TetrahedralInterp8 and Eval4Inputs), whose results these are to be. */
static void colour_look_up(const colour_table *table, int channels, colour_chunk chunk)
{
    const ptrdiff_t n = table->count, stride[3] = {3 * n * n, 3 * n, 3}, slab = 3 * n * n * n;
    const int outer = channels - 3;
    for (int i = 0; i < COLOUR_CHUNK; i++) {
        const uint8_t *node = table->nodes;
        int share[3], sums[3];
        for (int c = 0; c < 3; c++) {
            const int sample = chunk[c + outer][i];
            node += table->cell[sample] * stride[c];
            share[c] = table->share[sample];
        }
        if (outer) {
            const int sample = chunk[0][i], far = table->share[sample];
            int beyond[3];
            node += table->cell[sample] * slab;
            colour_tetrahedron(node, share, stride, sums);
            colour_tetrahedron(node + slab, share, stride, beyond);
            for (int k = 0; k < 3; k++) {
                sums[k] = ((256 - far) * sums[k] + far * beyond[k] + 128) >> 8;
            }
        } else {
            colour_tetrahedron(node, share, stride, sums);
        }
        for (int k = 0; k < 3; k++) {
            chunk[k][i] = (uint8_t)((sums[k] + 128) >> 8);
        }
    }
}

/* --- Pixels --------------------------------------------------------------------------------------- */

static void colour_load(const colour_source *source, ptrdiff_t y, ptrdiff_t x, int count, colour_chunk chunk)
{
    for (int c = 0; c < source->channels; c++) {
        const ptrdiff_t pixel = source->pixel[c];
        const uint8_t *from = source->channel[c] + y * source->row[c] + x * pixel;
        if (pixel == 1) {
            memcpy(chunk[c], from, (size_t)count);
        } else {
            for (int i = 0; i < count; i++) {
                chunk[c][i] = from[i * pixel];
            }
        }
        /* What is beyond is worked on too, and must be the same every time. */
        memset(chunk[c] + count, 0, (size_t)(COLOUR_CHUNK - count));
    }
}

static void colour_store(
    const colour_target *target, ptrdiff_t y, ptrdiff_t x, int count, const colour_chunk chunk)
{
    for (int c = 0; c < 3; c++) {
        const ptrdiff_t pixel = target->pixel[c];
        uint8_t *to = target->channel[c] + y * target->row[c] + x * pixel;
        if (pixel == 1) {
            memcpy(to, chunk[c], (size_t)count);
        } else {
            for (int i = 0; i < count; i++) {
                to[i * pixel] = chunk[c][i];
            }
        }
    }
}

/* YCCK is CMY turned into luma and chroma as RGB is, from the inverse of the inks, and K as it was
 * (libjpeg's jdcolor.c, ycck_cmyk_convert). */
CPU_INLINE void colour_invert(const colour_source *source, colour_chunk chunk)
{
    const int inks = source->channels == 4;
    for (int c = 0; c < source->channels; c++) {
        if (source->inverted != (inks && source->ycc && c < 3)) {
            colour_invert_body(chunk[c]);
        }
    }
}

/* width x height pixels through the shaper or, when that is NULL, the table. */
static void colour_convert(const colour_source *source, ptrdiff_t width, ptrdiff_t height,
    const colour_shaper *shaper, const colour_table *table, const colour_target *target, int avx2)
{
    void (*to_rgb)(colour_chunk) = colour_to_rgb_portable;
    void (*to_ycc)(colour_chunk) = colour_to_ycc_portable;
    void (*shape)(const colour_shaper *, colour_chunk) = colour_shape_portable;
#if defined(CPU_AVX2_CODE)
    if (avx2) {
        to_rgb = colour_to_rgb_avx2;
        to_ycc = colour_to_ycc_avx2;
        shape = colour_shape_avx2;
    }
#endif
    (void)avx2;
    colour_chunk chunk;
    for (ptrdiff_t y = 0; y < height; y++) {
        for (ptrdiff_t x = 0; x < width; x += COLOUR_CHUNK) {
            const int count = (int)(width - x < COLOUR_CHUNK ? width - x : COLOUR_CHUNK);
            colour_load(source, y, x, count, chunk);
            if (source->ycc) {
                to_rgb(chunk);
            }
            colour_invert(source, chunk);
            if (shaper) {
                shape(shaper, chunk);
            } else {
                colour_look_up(table, source->channels, chunk);
            }
            if (target->ycc) {
                to_ycc(chunk);
            }
            colour_store(target, y, x, count, chunk);
        }
    }
}

#endif
