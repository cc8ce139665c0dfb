/* Inverse DCT of one block of quantised coefficients: to 8 x 8, 4 x 4, 2 x 2 or 1 x 1 samples.
 *
 *   idct_for     the function for a size
 *
 * The results are those of libjpeg-turbo's jidctint (8) and jidctred (4, 2, 1) as its vector code has
 * them, so that it makes no difference which of both decodes a file: dequantised coefficients and the sums of two
 * keep their lower 16 bits, 32-bit sums wrap, and what a pass hands on is held to the range of int16_t. That
 * differs from libjpeg's plain C only for coefficients that no picture of 8 bits leads to.
 *
 * The transforms of 4 and 2 are the means of what 8 gives: they read the coefficients 0-3 and 5-7, or 0, 1, 3, 5
 * and 7, of each direction (jidctred.c).
 *
 * Preconditions: blocks and steps of 64 values, row by row, aligned to 32 bytes; `out` has as many rows
 * of as many samples as the size says, `step` apart.
 */

#ifndef TRANSCODE_JPEG_IDCT_H
#define TRANSCODE_JPEG_IDCT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define IDCT_AVX2 __attribute__((target("avx2")))
#endif

typedef void (*idct_function)(const int16_t *block, const int16_t *steps, uint8_t *out, ptrdiff_t step);

/* Cosines in 13 bits of fraction, by their names in jidctint.c and jidctred.c; fixed by those files. */
enum {
    IDCT_BITS = 13,
    IDCT_PASS_BITS = 2,
    IDCT_0_211 = 1730,
    IDCT_0_298 = 2446,
    IDCT_0_390 = 3196,
    IDCT_0_509 = 4176,
    IDCT_0_541 = 4433,
    IDCT_0_601 = 4926,
    IDCT_0_720 = 5906,
    IDCT_0_765 = 6270,
    IDCT_0_850 = 6967,
    IDCT_0_899 = 7373,
    IDCT_1_061 = 8697,
    IDCT_1_175 = 9633,
    IDCT_1_272 = 10426,
    IDCT_1_451 = 11893,
    IDCT_1_501 = 12299,
    IDCT_1_847 = 15137,
    IDCT_1_961 = 16069,
    IDCT_2_053 = 16819,
    IDCT_2_172 = 17799,
    IDCT_2_562 = 20995,
    IDCT_3_072 = 25172,
    IDCT_3_624 = 29692,
};

/* How far the sums of each size are shifted behind the columns and behind the rows. */
enum {
    IDCT_SHIFT_8 = IDCT_BITS - IDCT_PASS_BITS,
    IDCT_LAST_8 = IDCT_BITS + IDCT_PASS_BITS + 3,
    IDCT_SHIFT_4 = IDCT_SHIFT_8 + 1,
    IDCT_LAST_4 = IDCT_LAST_8 + 1,
    IDCT_SHIFT_2 = IDCT_SHIFT_8 + 2,
    IDCT_LAST_2 = IDCT_LAST_8 + 2,
};

/* --- Portable ------------------------------------------------------------------------------------- */

static inline int16_t idct_wrap(int32_t value) { return (int16_t)(uint16_t)(uint32_t)value; }

static inline int16_t idct_step(int16_t coefficient, int16_t step) { return idct_wrap((int32_t)coefficient * step); }

/* A sum of products, which wraps at 32 bits. */
static inline uint32_t idct_times(int16_t value, int32_t by) { return (uint32_t)((int32_t)value * by); }

static inline int32_t idct_shift(uint32_t sum, int bits) { return (int32_t)(sum + (1u << (bits - 1))) >> bits; }

static inline int16_t idct_hold(int32_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

static inline uint8_t idct_sample(int32_t value)
{
    return (uint8_t)((value > 127 ? 127 : value < -128 ? -128 : value) + 128);
}

/* Eight values `apart` from each other, to eight sums. */
static void idct_sums_8(const int16_t *in, int apart, uint32_t *sum)
{
    const int16_t d0 = in[0], d1 = in[apart], d2 = in[2 * apart], d3 = in[3 * apart];
    const int16_t d4 = in[4 * apart], d5 = in[5 * apart], d6 = in[6 * apart], d7 = in[7 * apart];
    const uint32_t even2 = idct_times(d2, IDCT_0_541) + idct_times(d6, IDCT_0_541 - IDCT_1_847);
    const uint32_t even3 = idct_times(d2, IDCT_0_541 + IDCT_0_765) + idct_times(d6, IDCT_0_541);
    const uint32_t even0 = idct_times(idct_wrap(d0 + d4), 1 << IDCT_BITS);
    const uint32_t even1 = idct_times(idct_wrap(d0 - d4), 1 << IDCT_BITS);
    const int16_t z3 = idct_wrap(d7 + d3), z4 = idct_wrap(d5 + d1);
    const uint32_t turned3 = idct_times(z3, IDCT_1_175 - IDCT_1_961) + idct_times(z4, IDCT_1_175);
    const uint32_t turned4 = idct_times(z3, IDCT_1_175) + idct_times(z4, IDCT_1_175 - IDCT_0_390);
    const uint32_t odd[4] = {
        idct_times(d7, -IDCT_0_899) + idct_times(d1, IDCT_1_501 - IDCT_0_899) + turned4,
        idct_times(d5, -IDCT_2_562) + idct_times(d3, IDCT_3_072 - IDCT_2_562) + turned3,
        idct_times(d5, IDCT_2_053 - IDCT_2_562) + idct_times(d3, -IDCT_2_562) + turned4,
        idct_times(d7, IDCT_0_298 - IDCT_0_899) + idct_times(d1, -IDCT_0_899) + turned3,
    };
    const uint32_t even[4] = {even0 + even3, even1 + even2, even1 - even2, even0 - even3};
    for (int i = 0; i < 4; i++) {
        sum[i] = even[i] + odd[i];
        sum[7 - i] = even[i] - odd[i];
    }
}

static void idct_sums_4(const int16_t *in, int apart, uint32_t *sum)
{
    const int16_t d1 = in[apart], d3 = in[3 * apart], d5 = in[5 * apart], d7 = in[7 * apart];
    const uint32_t outer = idct_times(d1, IDCT_2_562) + idct_times(d3, IDCT_0_899) + idct_times(d5, -IDCT_0_601)
                           + idct_times(d7, -IDCT_0_509);
    const uint32_t inner = idct_times(d1, IDCT_1_061) + idct_times(d3, -IDCT_2_172) + idct_times(d5, IDCT_1_451)
                           + idct_times(d7, -IDCT_0_211);
    const uint32_t mean = idct_times(in[0], 1 << (IDCT_BITS + 1));
    const uint32_t even = idct_times(in[2 * apart], IDCT_1_847) + idct_times(in[6 * apart], -IDCT_0_765);
    sum[0] = mean + even + outer;
    sum[1] = mean - even + inner;
    sum[2] = mean - even - inner;
    sum[3] = mean + even - outer;
}

static uint32_t idct_odd_2(int16_t d1, int16_t d3, int16_t d5, int16_t d7)
{
    return idct_times(d1, IDCT_3_624) + idct_times(d3, -IDCT_1_272) + idct_times(d5, IDCT_0_850)
           + idct_times(d7, -IDCT_0_720);
}

/* Whether these rows of a block, one bit each, hold nothing but zeros. */
static int idct_empty(const int16_t *block, unsigned rows)
{
    int found = 0;
    for (int i = 0; i < 64; i++) found |= rows >> (i / 8) & 1 ? block[i] : 0;
    return found == 0;
}

/* The values of a pass over columns where only the first row counts. libjpeg takes this way too, which
 * wraps where the other one holds. */
static void idct_first_row(const int16_t *block, const int16_t *steps, int16_t *out, int rows)
{
    for (int x = 0; x < 8; x++) {
        const int16_t value = idct_wrap(idct_step(block[x], steps[x]) * (1 << IDCT_PASS_BITS));
        for (int y = 0; y < rows; y++) out[8 * y + x] = value;
    }
}

static void idct_8_portable(const int16_t *block, const int16_t *steps, uint8_t *out, ptrdiff_t step)
{
    int16_t values[64], between[64];
    uint32_t sum[8];
    if (idct_empty(block, 0xFE)) {
        idct_first_row(block, steps, between, 8);
    } else {
        for (int i = 0; i < 64; i++) values[i] = idct_step(block[i], steps[i]);
        for (int x = 0; x < 8; x++) {
            idct_sums_8(values + x, 8, sum);
            for (int y = 0; y < 8; y++) between[8 * y + x] = idct_hold(idct_shift(sum[y], IDCT_SHIFT_8));
        }
    }
    for (int y = 0; y < 8; y++) {
        idct_sums_8(between + 8 * y, 1, sum);
        for (int x = 0; x < 8; x++) out[y * step + x] = idct_sample(idct_shift(sum[x], IDCT_LAST_8));
    }
}

static void idct_4_portable(const int16_t *block, const int16_t *steps, uint8_t *out, ptrdiff_t step)
{
    int16_t values[64], between[32];
    uint32_t sum[4];
    if (idct_empty(block, 0xEE)) {
        idct_first_row(block, steps, between, 4);
    } else {
        for (int i = 0; i < 64; i++) values[i] = idct_step(block[i], steps[i]);
        for (int x = 0; x < 8; x++) {
            idct_sums_4(values + x, 8, sum);
            for (int y = 0; y < 4; y++) between[8 * y + x] = idct_hold(idct_shift(sum[y], IDCT_SHIFT_4));
        }
    }
    for (int y = 0; y < 4; y++) {
        idct_sums_4(between + 8 * y, 1, sum);
        for (int x = 0; x < 4; x++) out[y * step + x] = idct_sample(idct_shift(sum[x], IDCT_LAST_4));
    }
}

static void idct_2_portable(const int16_t *block, const int16_t *steps, uint8_t *out, ptrdiff_t step)
{
    int32_t between[2][8];
    for (int x = 0; x < 8; x++) {
        int16_t d[8];
        for (int y = 0; y < 8; y++) d[y] = idct_step(block[8 * y + x], steps[8 * y + x]);
        const uint32_t mean = idct_times(d[0], 1 << (IDCT_BITS + 2)), odd = idct_odd_2(d[1], d[3], d[5], d[7]);
        between[0][x] = idct_shift(mean + odd, IDCT_SHIFT_2);
        between[1][x] = idct_shift(mean - odd, IDCT_SHIFT_2);
    }
    for (int y = 0; y < 2; y++) {
        const int32_t *row = between[y];
        const uint32_t mean = (uint32_t)row[0] << (IDCT_BITS + 2);
        const uint32_t odd = idct_odd_2(idct_hold(row[1]), idct_hold(row[3]), idct_hold(row[5]), idct_hold(row[7]));
        out[y * step] = idct_sample(idct_shift(mean + odd, IDCT_LAST_2));
        out[y * step + 1] = idct_sample(idct_shift(mean - odd, IDCT_LAST_2));
    }
}

/* libjpeg has no vector code for this: the mean keeps its lower ten bits. */
static void idct_1(const int16_t *block, const int16_t *steps, uint8_t *out, ptrdiff_t step)
{
    (void)step;
    const uint32_t mean = ((uint32_t)((int32_t)block[0] * steps[0]) + 4) >> 3 & 1023;
    *out = idct_sample((int32_t)(mean ^ 512) - 512);
}

/* --- AVX2 ------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)

/* Two constants for pairs of values; a pair in each half of a register. */
#define IDCT_PAIR(a, b) (int)((uint32_t)(uint16_t)(int16_t)(a) | (uint32_t)(uint16_t)(int16_t)(b) << 16)
#define IDCT_PAIRS(a, b, c, d) \
    _mm256_setr_epi32(IDCT_PAIR(a, b), IDCT_PAIR(a, b), IDCT_PAIR(a, b), IDCT_PAIR(a, b), IDCT_PAIR(c, d), \
                      IDCT_PAIR(c, d), IDCT_PAIR(c, d), IDCT_PAIR(c, d))

#define IDCT_SWAP(r) _mm256_permute2x128_si256(r, r, 1)

/* (a + b) and (a - b) of the lower and upper 32-bit sums, shifted and held. */
#define IDCT_HALVES(op, al, ah, bl, bh, half, bits) \
    _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(op(al, bl), half), bits), \
                       _mm256_srai_epi32(_mm256_add_epi32(op(ah, bh), half), bits))

/* A pass over eight columns. Each register holds two rows, of eight values each:
 * in: 0 and 4, 3 and 1, 2 and 6, 7 and 5; out: 0 and 1, 3 and 2, 4 and 5, 7 and 6. */
#define IDCT_PASS_8(r0, r1, r2, r3, bits) \
    do { \
        const __m256i half = _mm256_set1_epi32(1 << ((bits)-1)), zero = _mm256_setzero_si256(); \
        const __m256i even = IDCT_PAIRS(IDCT_0_541 + IDCT_0_765, IDCT_0_541, IDCT_0_541 - IDCT_1_847, IDCT_0_541); \
        const __m256i turn = IDCT_PAIRS(IDCT_1_175 - IDCT_1_961, IDCT_1_175, IDCT_1_175 - IDCT_0_390, IDCT_1_175); \
        const __m256i odd01 = IDCT_PAIRS(IDCT_0_298 - IDCT_0_899, -IDCT_0_899, IDCT_2_053 - IDCT_2_562, -IDCT_2_562); \
        const __m256i odd32 = IDCT_PAIRS(-IDCT_0_899, IDCT_1_501 - IDCT_0_899, -IDCT_2_562, IDCT_3_072 - IDCT_2_562); \
        const __m256i signs = _mm256_setr_epi32(0x10001, 0x10001, 0x10001, 0x10001, -1, -1, -1, -1); \
        __m256i other = IDCT_SWAP(r2); /* 6 and 2 */ \
        const __m256i e32l = _mm256_madd_epi16(_mm256_unpacklo_epi16(r2, other), even); \
        const __m256i e32h = _mm256_madd_epi16(_mm256_unpackhi_epi16(r2, other), even); \
        other = _mm256_add_epi16(IDCT_SWAP(r0), _mm256_sign_epi16(r0, signs)); /* 0 + 4 and 0 - 4 */ \
        const __m256i e01l = _mm256_srai_epi32(_mm256_unpacklo_epi16(zero, other), 16 - IDCT_BITS); \
        const __m256i e01h = _mm256_srai_epi32(_mm256_unpackhi_epi16(zero, other), 16 - IDCT_BITS); \
        const __m256i sum01l = _mm256_add_epi32(e01l, e32l), sum01h = _mm256_add_epi32(e01h, e32h); \
        const __m256i sum32l = _mm256_sub_epi32(e01l, e32l), sum32h = _mm256_sub_epi32(e01h, e32h); \
        const __m256i z34 = _mm256_add_epi16(r3, r1); /* 7 + 3 and 5 + 1 */ \
        other = IDCT_SWAP(z34); \
        const __m256i t34l = _mm256_madd_epi16(_mm256_unpacklo_epi16(z34, other), turn); \
        const __m256i t34h = _mm256_madd_epi16(_mm256_unpackhi_epi16(z34, other), turn); \
        other = IDCT_SWAP(r1); /* 1 and 3 */ \
        const __m256i low = _mm256_unpacklo_epi16(r3, other), high = _mm256_unpackhi_epi16(r3, other); \
        const __m256i o01l = _mm256_add_epi32(_mm256_madd_epi16(low, odd01), t34l); \
        const __m256i o01h = _mm256_add_epi32(_mm256_madd_epi16(high, odd01), t34h); \
        const __m256i o32l = _mm256_add_epi32(_mm256_madd_epi16(low, odd32), IDCT_SWAP(t34l)); \
        const __m256i o32h = _mm256_add_epi32(_mm256_madd_epi16(high, odd32), IDCT_SWAP(t34h)); \
        r0 = IDCT_HALVES(_mm256_add_epi32, sum01l, sum01h, o32l, o32h, half, bits); \
        r3 = IDCT_HALVES(_mm256_sub_epi32, sum01l, sum01h, o32l, o32h, half, bits); \
        r1 = IDCT_HALVES(_mm256_add_epi32, sum32l, sum32h, o01l, o01h, half, bits); \
        r2 = IDCT_HALVES(_mm256_sub_epi32, sum32l, sum32h, o01l, o01h, half, bits); \
    } while (0)

/* From rows 0 and 1, 3 and 2, 4 and 5, 7 and 6 to columns 0 and 4, 1 and 5, 2 and 6, 3 and 7. */
#define IDCT_TRANSPOSE_8(r0, r1, r2, r3) \
    do { \
        const __m256i a = _mm256_permute4x64_epi64(r0, 0xD8), b = _mm256_permute4x64_epi64(r1, 0x72); \
        const __m256i c = _mm256_permute4x64_epi64(r2, 0xD8), d = _mm256_permute4x64_epi64(r3, 0x72); \
        const __m256i al = _mm256_unpacklo_epi16(a, _mm256_srli_si256(a, 8)); \
        const __m256i bl = _mm256_unpacklo_epi16(b, _mm256_srli_si256(b, 8)); \
        const __m256i cl = _mm256_unpacklo_epi16(c, _mm256_srli_si256(c, 8)); \
        const __m256i dl = _mm256_unpacklo_epi16(d, _mm256_srli_si256(d, 8)); \
        const __m256i e = _mm256_unpacklo_epi32(al, bl), f = _mm256_unpackhi_epi32(al, bl); \
        const __m256i g = _mm256_unpacklo_epi32(cl, dl), h = _mm256_unpackhi_epi32(cl, dl); \
        r0 = _mm256_unpacklo_epi64(e, g); \
        r1 = _mm256_unpackhi_epi64(e, g); \
        r2 = _mm256_unpacklo_epi64(f, h); \
        r3 = _mm256_unpackhi_epi64(f, h); \
    } while (0)

IDCT_AVX2 static inline __m128i idct_dequantised(const int16_t *block, const int16_t *steps, int row)
{
    return _mm_mullo_epi16(_mm_load_si128((const __m128i *)block + row), _mm_load_si128((const __m128i *)steps + row));
}

IDCT_AVX2 static void idct_8_avx2(const int16_t *block, const int16_t *steps, uint8_t *out, ptrdiff_t step)
{
    const __m256i *in = (const __m256i *)block, *by = (const __m256i *)steps;
    const __m256i row01 = _mm256_load_si256(in), row23 = _mm256_load_si256(in + 1);
    const __m256i row45 = _mm256_load_si256(in + 2), row67 = _mm256_load_si256(in + 3);
    __m256i any = _mm256_or_si256(row23, _mm256_or_si256(row45, row67));
    any = _mm256_or_si256(any, _mm256_permute2x128_si256(row01, row01, 0x81));
    __m256i r0, r1, r2, r3;
    if (_mm256_testz_si256(any, any)) {
        const __m128i first = _mm_slli_epi16(idct_dequantised(block, steps, 0), IDCT_PASS_BITS);
        const __m256i both = _mm256_set_m128i(_mm_unpackhi_epi16(first, first), _mm_unpacklo_epi16(first, first));
        r0 = _mm256_shuffle_epi32(both, 0x00);
        r1 = _mm256_shuffle_epi32(both, 0x55);
        r2 = _mm256_shuffle_epi32(both, 0xAA);
        r3 = _mm256_shuffle_epi32(both, 0xFF);
    } else {
        const __m256i d01 = _mm256_mullo_epi16(row01, _mm256_load_si256(by));
        const __m256i d23 = _mm256_mullo_epi16(row23, _mm256_load_si256(by + 1));
        const __m256i d45 = _mm256_mullo_epi16(row45, _mm256_load_si256(by + 2));
        const __m256i d67 = _mm256_mullo_epi16(row67, _mm256_load_si256(by + 3));
        r0 = _mm256_permute2x128_si256(d01, d45, 0x20);
        r1 = _mm256_permute2x128_si256(d23, d01, 0x31);
        r2 = _mm256_permute2x128_si256(d23, d67, 0x20);
        r3 = _mm256_permute2x128_si256(d67, d45, 0x31);
        IDCT_PASS_8(r0, r1, r2, r3, IDCT_SHIFT_8);
        IDCT_TRANSPOSE_8(r0, r1, r2, r3);
    }
    /* Rows 3 and 7, 1 and 5 become 7 and 5, 3 and 1. */
    __m256i r75 = _mm256_permute2x128_si256(r3, r1, 0x31);
    r1 = _mm256_permute2x128_si256(r3, r1, 0x20);
    IDCT_PASS_8(r0, r1, r2, r75, IDCT_LAST_8);
    IDCT_TRANSPOSE_8(r0, r1, r2, r75);
    const __m256i centre = _mm256_set1_epi8((char)128);
    const __m256i s0 = _mm256_add_epi8(_mm256_packs_epi16(r0, r1), centre);  /* 0, 1 and 4, 5 */
    const __m256i s1 = _mm256_add_epi8(_mm256_packs_epi16(r2, r75), centre); /* 2, 3 and 6, 7 */
    const __m128i s01 = _mm256_castsi256_si128(s0), s45 = _mm256_extracti128_si256(s0, 1);
    const __m128i s23 = _mm256_castsi256_si128(s1), s67 = _mm256_extracti128_si256(s1, 1);
    _mm_storel_epi64((__m128i *)out, s01);
    _mm_storeh_pd((double *)(out + step), _mm_castsi128_pd(s01));
    _mm_storel_epi64((__m128i *)(out + 2 * step), s23);
    _mm_storeh_pd((double *)(out + 3 * step), _mm_castsi128_pd(s23));
    _mm_storel_epi64((__m128i *)(out + 4 * step), s45);
    _mm_storeh_pd((double *)(out + 5 * step), _mm_castsi128_pd(s45));
    _mm_storel_epi64((__m128i *)(out + 6 * step), s67);
    _mm_storeh_pd((double *)(out + 7 * step), _mm_castsi128_pd(s67));
}

#define IDCT_PAIRS_4(a, b) _mm_set1_epi32(IDCT_PAIR(a, b))
#define IDCT_SHIFTED(sum, half, bits) _mm_srai_epi32(_mm_add_epi32(sum, half), bits)

/* Sums of four columns for four samples, from pairs of rows: 1 with 3, 5 with 7, 2 with 6, and the mean. */
#define IDCT_SUMS_4(p13, p57, p26, mean, bits, s0, s1, s2, s3) \
    do { \
        const __m128i half = _mm_set1_epi32(1 << ((bits)-1)); \
        const __m128i outer = _mm_add_epi32(_mm_madd_epi16(p13, IDCT_PAIRS_4(IDCT_2_562, IDCT_0_899)), \
                                            _mm_madd_epi16(p57, IDCT_PAIRS_4(-IDCT_0_601, -IDCT_0_509))); \
        const __m128i inner = _mm_add_epi32(_mm_madd_epi16(p13, IDCT_PAIRS_4(IDCT_1_061, -IDCT_2_172)), \
                                            _mm_madd_epi16(p57, IDCT_PAIRS_4(IDCT_1_451, -IDCT_0_211))); \
        const __m128i even = _mm_madd_epi16(p26, IDCT_PAIRS_4(IDCT_1_847, -IDCT_0_765)); \
        const __m128i add = _mm_add_epi32(mean, even), less = _mm_sub_epi32(mean, even); \
        s0 = IDCT_SHIFTED(_mm_add_epi32(add, outer), half, bits); \
        s1 = IDCT_SHIFTED(_mm_add_epi32(less, inner), half, bits); \
        s2 = IDCT_SHIFTED(_mm_sub_epi32(less, inner), half, bits); \
        s3 = IDCT_SHIFTED(_mm_sub_epi32(add, outer), half, bits); \
    } while (0)

#define IDCT_MEAN_4(r, unpack) _mm_srai_epi32(unpack(_mm_setzero_si128(), r), 16 - IDCT_BITS - 1)

IDCT_AVX2 static void idct_4_avx2(const int16_t *block, const int16_t *steps, uint8_t *out, ptrdiff_t step)
{
    const __m128i *in = (const __m128i *)block;
    __m128i any = _mm_or_si128(_mm_or_si128(_mm_load_si128(in + 1), _mm_load_si128(in + 2)),
                               _mm_or_si128(_mm_load_si128(in + 3), _mm_load_si128(in + 5)));
    any = _mm_or_si128(any, _mm_or_si128(_mm_load_si128(in + 6), _mm_load_si128(in + 7)));
    const __m128i d0 = idct_dequantised(block, steps, 0);
    __m128i c01, c23, c45, c67; /* two columns of four values each */
    if (_mm_testz_si128(any, any)) {
        const __m128i first = _mm_slli_epi16(d0, IDCT_PASS_BITS);
        const __m128i low = _mm_unpacklo_epi16(first, first), high = _mm_unpackhi_epi16(first, first);
        c01 = _mm_shuffle_epi32(low, 0x50);
        c23 = _mm_shuffle_epi32(low, 0xFA);
        c45 = _mm_shuffle_epi32(high, 0x50);
        c67 = _mm_shuffle_epi32(high, 0xFA);
    } else {
        const __m128i d1 = idct_dequantised(block, steps, 1), d2 = idct_dequantised(block, steps, 2);
        const __m128i d3 = idct_dequantised(block, steps, 3), d5 = idct_dequantised(block, steps, 5);
        const __m128i d6 = idct_dequantised(block, steps, 6), d7 = idct_dequantised(block, steps, 7);
        __m128i l0, l1, l2, l3, h0, h1, h2, h3;
        IDCT_SUMS_4(_mm_unpacklo_epi16(d1, d3), _mm_unpacklo_epi16(d5, d7), _mm_unpacklo_epi16(d2, d6),
                    IDCT_MEAN_4(d0, _mm_unpacklo_epi16), IDCT_SHIFT_4, l0, l1, l2, l3);
        IDCT_SUMS_4(_mm_unpackhi_epi16(d1, d3), _mm_unpackhi_epi16(d5, d7), _mm_unpackhi_epi16(d2, d6),
                    IDCT_MEAN_4(d0, _mm_unpackhi_epi16), IDCT_SHIFT_4, h0, h1, h2, h3);
        const __m128i r0 = _mm_packs_epi32(l0, h0), r1 = _mm_packs_epi32(l1, h1);
        const __m128i r2 = _mm_packs_epi32(l2, h2), r3 = _mm_packs_epi32(l3, h3);
        const __m128i a = _mm_unpacklo_epi16(r0, r1), b = _mm_unpackhi_epi16(r0, r1);
        const __m128i c = _mm_unpacklo_epi16(r2, r3), d = _mm_unpackhi_epi16(r2, r3);
        c01 = _mm_unpacklo_epi32(a, c);
        c23 = _mm_unpackhi_epi32(a, c);
        c45 = _mm_unpacklo_epi32(b, d);
        c67 = _mm_unpackhi_epi32(b, d);
    }
    __m128i s0, s1, s2, s3;
    IDCT_SUMS_4(_mm_unpackhi_epi16(c01, c23), _mm_unpackhi_epi16(c45, c67), _mm_unpacklo_epi16(c23, c67),
                IDCT_MEAN_4(c01, _mm_unpacklo_epi16), IDCT_LAST_4, s0, s1, s2, s3);
    /* Columns of samples to rows: the 16 octets come out column by column. */
    const __m128i columns = _mm_packs_epi16(_mm_packs_epi32(s0, s1), _mm_packs_epi32(s2, s3));
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m128i rows = _mm_add_epi8(_mm_shuffle_epi8(columns, order), _mm_set1_epi8((char)128));
    const int32_t row[4] = {_mm_cvtsi128_si32(rows), _mm_extract_epi32(rows, 1), _mm_extract_epi32(rows, 2),
                            _mm_extract_epi32(rows, 3)};
    for (int y = 0; y < 4; y++) memcpy(out + y * step, &row[y], 4);
}

IDCT_AVX2 static void idct_2_avx2(const int16_t *block, const int16_t *steps, uint8_t *out, ptrdiff_t step)
{
    const __m128i d0 = idct_dequantised(block, steps, 0), d1 = idct_dequantised(block, steps, 1);
    const __m128i d3 = idct_dequantised(block, steps, 3), d5 = idct_dequantised(block, steps, 5);
    const __m128i d7 = idct_dequantised(block, steps, 7);
    const __m128i by13 = IDCT_PAIRS_4(IDCT_3_624, -IDCT_1_272), by57 = IDCT_PAIRS_4(IDCT_0_850, -IDCT_0_720);
    const __m128i half = _mm_set1_epi32(1 << (IDCT_SHIFT_2 - 1));
    /* Column 0, and the four odd columns. */
    const __m128i odd0 = _mm_add_epi32(_mm_madd_epi16(_mm_unpacklo_epi16(d1, d3), by13),
                                       _mm_madd_epi16(_mm_unpacklo_epi16(d5, d7), by57));
    const __m128i p13 = _mm_blend_epi16(_mm_srli_epi32(d1, 16), d3, 0xAA);
    const __m128i p57 = _mm_blend_epi16(_mm_srli_epi32(d5, 16), d7, 0xAA);
    const __m128i odd = _mm_add_epi32(_mm_madd_epi16(p13, by13), _mm_madd_epi16(p57, by57));
    const __m128i mean0 = _mm_srai_epi32(_mm_slli_epi32(d0, 16), 16 - IDCT_BITS - 2);
    const __m128i mean = _mm_srai_epi32(_mm_blend_epi16(_mm_setzero_si128(), d0, 0xAA), 16 - IDCT_BITS - 2);
    const __m128i top = IDCT_SHIFTED(_mm_add_epi32(mean, odd), half, IDCT_SHIFT_2);
    const __m128i bottom = IDCT_SHIFTED(_mm_sub_epi32(mean, odd), half, IDCT_SHIFT_2);
    const __m128i first = _mm_unpacklo_epi32(_mm_add_epi32(mean0, odd0), _mm_sub_epi32(mean0, odd0));
    const __m128i means = _mm_slli_epi32(IDCT_SHIFTED(first, half, IDCT_SHIFT_2), IDCT_BITS + 2);
    /* The columns 1, 3, 5, 7 of both rows, by which the odd part of each is a sum of two pairs. */
    const __m128i by = _mm_setr_epi32(IDCT_PAIR(IDCT_3_624, -IDCT_1_272), IDCT_PAIR(IDCT_0_850, -IDCT_0_720),
                                      IDCT_PAIR(IDCT_3_624, -IDCT_1_272), IDCT_PAIR(IDCT_0_850, -IDCT_0_720));
    const __m128i products = _mm_madd_epi16(_mm_packs_epi32(top, bottom), by);
    const __m128i sums = _mm_hadd_epi32(products, products); /* both rows, twice */
    const __m128i samples = _mm_unpacklo_epi32(_mm_add_epi32(means, sums), _mm_sub_epi32(means, sums));
    const __m128i shifted = IDCT_SHIFTED(samples, _mm_set1_epi32(1 << (IDCT_LAST_2 - 1)), IDCT_LAST_2);
    const __m128i words = _mm_packs_epi32(shifted, shifted);
    const int four = _mm_cvtsi128_si32(_mm_add_epi8(_mm_packs_epi16(words, words), _mm_set1_epi8((char)128)));
    memcpy(out, &four, 2);
    memcpy(out + step, (const uint8_t *)&four + 2, 2);
}

#endif

/* --- Choice ----------------------------------------------------------------------------------------- */

/* Precondition: size is 1, 2, 4 or 8. */
static idct_function idct_for(int size, int avx2)
{
#if defined(__x86_64__)
    if (avx2) return size == 8 ? idct_8_avx2 : size == 4 ? idct_4_avx2 : size == 2 ? idct_2_avx2 : idct_1;
#endif
    (void)avx2;
    return size == 8 ? idct_8_portable : size == 4 ? idct_4_portable : size == 2 ? idct_2_portable : idct_1;
}

#endif
