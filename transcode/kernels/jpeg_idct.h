/* Inverse DCT of two blocks of quantised coefficients: to 8 x 8, 4 x 4, 2 x 2 or 1 x 1 samples each.
 *
 *   idct_for     the function for a size
 *
 * The results equal those of the vector code of libjpeg-turbo for jidctint (8) and jidctred (4, 2, 1), so both
 * decoders give the same samples. Dequantised coefficients and sums of two coefficients keep their lower 16 bits,
 * 32-bit sums wrap, and the results of the first pass are clamped to int16_t. libjpeg's plain C differs only for
 * coefficients that no picture of 8 bits has.
 *
 * The transforms to 4 and 2 samples are means of the transform to 8: they read the coefficients 0-3 and 5-7, or 0,
 * 1, 3, 5 and 7, of each direction (jidctred.c).
 *
 * Preconditions: blocks and steps of 64 values, row by row, aligned to 32 bytes; `out` has `size` rows of `size`
 * samples, `step` apart.
 */

#ifndef TRANSCODE_JPEG_IDCT_H
#define TRANSCODE_JPEG_IDCT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"

/* A block, its quantisation steps, and the place of its samples. */
typedef struct {
    const int16_t *block, *steps;
    uint8_t *out;
    ptrdiff_t step;
} idct_job;

/* Transforms two blocks, which may be the same block. */
typedef void (*idct_function)(const idct_job *a, const idct_job *b);

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

/* Bits by which the sums of each size are shifted right after the columns, and after the rows. */
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

/* Whether all values of the rows of a block whose bits are set are zeros. */
static int idct_empty(const int16_t *block, unsigned rows)
{
    int found = 0;
    for (int i = 0; i < 64; i++) found |= rows >> (i / 8) & 1 ? block[i] : 0;
    return found == 0;
}

/* The pass over columns of a block whose other rows are zeros. libjpeg has the same shortcut, which wraps to 16
 * bits where the full pass clamps. */
static void idct_first_row(const int16_t *block, const int16_t *steps, int16_t *out, int rows)
{
    for (int x = 0; x < 8; x++) {
        const int16_t value = idct_wrap(idct_step(block[x], steps[x]) * (1 << IDCT_PASS_BITS));
        for (int y = 0; y < rows; y++) out[8 * y + x] = value;
    }
}

/* A block of `size` x `size` samples from all its coefficients; the size is 8 or 4.
 *
 * zeros: a bit for each row that must be empty for the shortcut of idct_first_row().
 * sums: makes `size` sums of eight values.
 * shift, last: the bits by which sums are shifted right after the columns, and after the rows. */
CPU_INLINE void idct_block(
    const idct_job *job, int size, unsigned zeros, void sums(const int16_t *, int, uint32_t *), int shift, int last)
{
    const int16_t *const block = job->block, *const steps = job->steps;
    uint8_t *const out = job->out;
    const ptrdiff_t step = job->step;
    int16_t values[64], between[64];
    uint32_t sum[8];
    if (idct_empty(block, zeros)) {
        idct_first_row(block, steps, between, size);
    } else {
        for (int i = 0; i < 64; i++) values[i] = idct_step(block[i], steps[i]);
        for (int x = 0; x < 8; x++) {
            sums(values + x, 8, sum);
            for (int y = 0; y < size; y++) between[8 * y + x] = idct_hold(idct_shift(sum[y], shift));
        }
    }
    for (int y = 0; y < size; y++) {
        sums(between + 8 * y, 1, sum);
        for (int x = 0; x < size; x++) out[y * step + x] = idct_sample(idct_shift(sum[x], last));
    }
}

static void idct_8_block(const idct_job *job)
{
    idct_block(job, 8, 0xFE, idct_sums_8, IDCT_SHIFT_8, IDCT_LAST_8);
}

/* The sums of four samples do not use row 4 (bit 0x10): it need not be empty. */
static void idct_4_block(const idct_job *job)
{
    idct_block(job, 4, 0xEE, idct_sums_4, IDCT_SHIFT_4, IDCT_LAST_4);
}

static void idct_2_block(const idct_job *job)
{
    const int16_t *const block = job->block, *const steps = job->steps;
    uint8_t *const out = job->out;
    const ptrdiff_t step = job->step;
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

static void idct_8_portable(const idct_job *a, const idct_job *b)
{
    idct_8_block(a);
    idct_8_block(b);
}

static void idct_4_portable(const idct_job *a, const idct_job *b)
{
    idct_4_block(a);
    idct_4_block(b);
}

static void idct_2_portable(const idct_job *a, const idct_job *b)
{
    idct_2_block(a);
    idct_2_block(b);
}

/* libjpeg has no vector code for 1 x 1: the mean keeps its lower ten bits. */
static uint8_t idct_mean(const idct_job *job)
{
    const uint32_t mean = ((uint32_t)((int32_t)job->block[0] * job->steps[0]) + 4) >> 3 & 1023;
    return idct_sample((int32_t)(mean ^ 512) - 512);
}

static void idct_1(const idct_job *a, const idct_job *b)
{
    *a->out = idct_mean(a);
    *b->out = idct_mean(b);
}

/* --- AVX2 ------------------------------------------------------------------------------------------- */

#if defined(CPU_AVX2_CODE)

/* Two blocks at once, one in each half of the registers: no value crosses the halves, which would cost more than
 * all other steps. */

#define IDCT_PAIRS(a, b) _mm256_set1_epi32((int)((uint32_t)(uint16_t)(int16_t)(a) | (uint32_t)(uint16_t)(int16_t)(b) << 16))

/* A row of both blocks, dequantised. */
CPU_AVX2_CODE static inline __m256i idct_rows(const idct_job *a, const idct_job *b, int row)
{
    const __m256i values = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_load_si128((const __m128i *)a->block + row)),
        _mm_load_si128((const __m128i *)b->block + row), 1);
    const __m256i steps = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_load_si128((const __m128i *)a->steps + row)),
        _mm_load_si128((const __m128i *)b->steps + row), 1);
    return _mm256_mullo_epi16(values, steps);
}

/* Whether a value of the first row is outside int16_t as the mean of a column without AC: the result then depends
 * on the shortcut of idct_first_row(). No picture of 8 bits has such values. */
CPU_AVX2_CODE static inline int idct_extreme(__m256i first)
{
    const __m256i over = _mm256_xor_si256(_mm256_srai_epi16(first, 15 - IDCT_PASS_BITS), _mm256_srai_epi16(first, 15));
    return !_mm256_testz_si256(over, over);
}

#define IDCT_LOW(r) _mm256_srai_epi32(_mm256_unpacklo_epi16(_mm256_setzero_si256(), r), 16 - IDCT_BITS)
#define IDCT_HIGH(r) _mm256_srai_epi32(_mm256_unpackhi_epi16(_mm256_setzero_si256(), r), 16 - IDCT_BITS)

/* Two rows of sums: (even + odd) and (even - odd); even includes the half for rounding. */
#define IDCT_OUT(add, sub, even_low, even_high, odd_low, odd_high, bits) \
    do { \
        add = _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(even_low, odd_low), bits), \
                                 _mm256_srai_epi32(_mm256_add_epi32(even_high, odd_high), bits)); \
        sub = _mm256_packs_epi32(_mm256_srai_epi32(_mm256_sub_epi32(even_low, odd_low), bits), \
                                 _mm256_srai_epi32(_mm256_sub_epi32(even_high, odd_high), bits)); \
    } while (0)

/* A pass over eight columns of both blocks. */
CPU_AVX2_CODE CPU_INLINE void idct_pass_8(__m256i *d, const int bits)
{
    const __m256i half = _mm256_set1_epi32(1 << (bits - 1));
    const __m256i by_2 = IDCT_PAIRS(IDCT_0_541, IDCT_0_541 - IDCT_1_847);
    const __m256i by_3 = IDCT_PAIRS(IDCT_0_541 + IDCT_0_765, IDCT_0_541);
    const __m256i low26 = _mm256_unpacklo_epi16(d[2], d[6]), high26 = _mm256_unpackhi_epi16(d[2], d[6]);
    const __m256i even2l = _mm256_madd_epi16(low26, by_2), even2h = _mm256_madd_epi16(high26, by_2);
    const __m256i even3l = _mm256_madd_epi16(low26, by_3), even3h = _mm256_madd_epi16(high26, by_3);
    const __m256i plus = _mm256_add_epi16(d[0], d[4]), minus = _mm256_sub_epi16(d[0], d[4]);
    const __m256i even0l = _mm256_add_epi32(IDCT_LOW(plus), half), even0h = _mm256_add_epi32(IDCT_HIGH(plus), half);
    const __m256i even1l = _mm256_add_epi32(IDCT_LOW(minus), half), even1h = _mm256_add_epi32(IDCT_HIGH(minus), half);
    const __m256i z3 = _mm256_add_epi16(d[7], d[3]), z4 = _mm256_add_epi16(d[5], d[1]);
    const __m256i low34 = _mm256_unpacklo_epi16(z3, z4), high34 = _mm256_unpackhi_epi16(z3, z4);
    const __m256i by_turn3 = IDCT_PAIRS(IDCT_1_175 - IDCT_1_961, IDCT_1_175);
    const __m256i by_turn4 = IDCT_PAIRS(IDCT_1_175, IDCT_1_175 - IDCT_0_390);
    const __m256i turn3l = _mm256_madd_epi16(low34, by_turn3), turn3h = _mm256_madd_epi16(high34, by_turn3);
    const __m256i turn4l = _mm256_madd_epi16(low34, by_turn4), turn4h = _mm256_madd_epi16(high34, by_turn4);
    const __m256i low71 = _mm256_unpacklo_epi16(d[7], d[1]), high71 = _mm256_unpackhi_epi16(d[7], d[1]);
    const __m256i low53 = _mm256_unpacklo_epi16(d[5], d[3]), high53 = _mm256_unpackhi_epi16(d[5], d[3]);
    const __m256i by_0 = IDCT_PAIRS(-IDCT_0_899, IDCT_1_501 - IDCT_0_899);
    const __m256i by_1 = IDCT_PAIRS(-IDCT_2_562, IDCT_3_072 - IDCT_2_562);
    const __m256i by_5 = IDCT_PAIRS(IDCT_2_053 - IDCT_2_562, -IDCT_2_562);
    const __m256i by_7 = IDCT_PAIRS(IDCT_0_298 - IDCT_0_899, -IDCT_0_899);
    const __m256i odd0l = _mm256_add_epi32(_mm256_madd_epi16(low71, by_0), turn4l);
    const __m256i odd0h = _mm256_add_epi32(_mm256_madd_epi16(high71, by_0), turn4h);
    const __m256i odd1l = _mm256_add_epi32(_mm256_madd_epi16(low53, by_1), turn3l);
    const __m256i odd1h = _mm256_add_epi32(_mm256_madd_epi16(high53, by_1), turn3h);
    const __m256i odd2l = _mm256_add_epi32(_mm256_madd_epi16(low53, by_5), turn4l);
    const __m256i odd2h = _mm256_add_epi32(_mm256_madd_epi16(high53, by_5), turn4h);
    const __m256i odd3l = _mm256_add_epi32(_mm256_madd_epi16(low71, by_7), turn3l);
    const __m256i odd3h = _mm256_add_epi32(_mm256_madd_epi16(high71, by_7), turn3h);
    IDCT_OUT(d[0], d[7], _mm256_add_epi32(even0l, even3l), _mm256_add_epi32(even0h, even3h), odd0l, odd0h, bits);
    IDCT_OUT(d[1], d[6], _mm256_add_epi32(even1l, even2l), _mm256_add_epi32(even1h, even2h), odd1l, odd1h, bits);
    IDCT_OUT(d[2], d[5], _mm256_sub_epi32(even1l, even2l), _mm256_sub_epi32(even1h, even2h), odd2l, odd2h, bits);
    IDCT_OUT(d[3], d[4], _mm256_sub_epi32(even0l, even3l), _mm256_sub_epi32(even0h, even3h), odd3l, odd3h, bits);
}

CPU_AVX2_CODE CPU_INLINE void idct_transpose(__m256i *d)
{
    __m256i a[8];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_epi16(d[2 * i], d[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_epi16(d[2 * i], d[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        const __m256i top = _mm256_unpacklo_epi32(a[i], a[2 + i]), next = _mm256_unpackhi_epi32(a[i], a[2 + i]);
        const __m256i low = _mm256_unpacklo_epi32(a[4 + i], a[6 + i]);
        const __m256i last = _mm256_unpackhi_epi32(a[4 + i], a[6 + i]);
        d[4 * i] = _mm256_unpacklo_epi64(top, low);
        d[4 * i + 1] = _mm256_unpackhi_epi64(top, low);
        d[4 * i + 2] = _mm256_unpacklo_epi64(next, last);
        d[4 * i + 3] = _mm256_unpackhi_epi64(next, last);
    }
}

/* Two rows of eight samples of a block. */
CPU_AVX2_CODE static inline void idct_store_8(const idct_job *job, int row, __m128i two)
{
    _mm_storel_epi64((__m128i *)(job->out + row * job->step), two);
    _mm_storel_epi64((__m128i *)(job->out + (row + 1) * job->step), _mm_unpackhi_epi64(two, two));
}

/* Two rows of eight samples of both blocks. */
CPU_AVX2_CODE static inline void idct_store_both(const idct_job *a, const idct_job *b, int row, __m256i two)
{
    idct_store_8(a, row, _mm256_castsi256_si128(two));
    idct_store_8(b, row, _mm256_extracti128_si256(two, 1));
}

CPU_AVX2_CODE static void idct_8_avx2(const idct_job *a, const idct_job *b)
{
    __m256i d[8];
    for (int row = 0; row < 8; row++) d[row] = idct_rows(a, b, row);
    if (idct_extreme(d[0])) {
        idct_8_portable(a, b);
        return;
    }
    idct_pass_8(d, IDCT_SHIFT_8);
    idct_transpose(d);
    idct_pass_8(d, IDCT_LAST_8);
    /* Columns of samples to rows. */
    const __m256i centre = _mm256_set1_epi8((char)128);
    const __m256i c02 = _mm256_add_epi8(_mm256_packs_epi16(d[0], d[2]), centre);
    const __m256i c13 = _mm256_add_epi8(_mm256_packs_epi16(d[1], d[3]), centre);
    const __m256i c46 = _mm256_add_epi8(_mm256_packs_epi16(d[4], d[6]), centre);
    const __m256i c57 = _mm256_add_epi8(_mm256_packs_epi16(d[5], d[7]), centre);
    const __m256i c01 = _mm256_unpacklo_epi8(c02, c13), c23 = _mm256_unpackhi_epi8(c02, c13);
    const __m256i c45 = _mm256_unpacklo_epi8(c46, c57), c67 = _mm256_unpackhi_epi8(c46, c57);
    const __m256i left = _mm256_unpacklo_epi16(c01, c23), left4 = _mm256_unpackhi_epi16(c01, c23);
    const __m256i right = _mm256_unpacklo_epi16(c45, c67), right4 = _mm256_unpackhi_epi16(c45, c67);
    idct_store_both(a, b, 0, _mm256_unpacklo_epi32(left, right));
    idct_store_both(a, b, 2, _mm256_unpackhi_epi32(left, right));
    idct_store_both(a, b, 4, _mm256_unpacklo_epi32(left4, right4));
    idct_store_both(a, b, 6, _mm256_unpackhi_epi32(left4, right4));
}

#define IDCT_SHIFTED(sum, half, bits) _mm256_srai_epi32(_mm256_add_epi32(sum, half), bits)

/* Sums of four columns for four samples, from pairs of rows: 1 with 3, 5 with 7, 2 with 6, and the mean. */
#define IDCT_SUMS_4(p13, p57, p26, mean, bits, s0, s1, s2, s3) \
    do { \
        const __m256i half = _mm256_set1_epi32(1 << ((bits)-1)); \
        const __m256i outer = _mm256_add_epi32(_mm256_madd_epi16(p13, IDCT_PAIRS(IDCT_2_562, IDCT_0_899)), \
                                               _mm256_madd_epi16(p57, IDCT_PAIRS(-IDCT_0_601, -IDCT_0_509))); \
        const __m256i inner = _mm256_add_epi32(_mm256_madd_epi16(p13, IDCT_PAIRS(IDCT_1_061, -IDCT_2_172)), \
                                               _mm256_madd_epi16(p57, IDCT_PAIRS(IDCT_1_451, -IDCT_0_211))); \
        const __m256i even = _mm256_madd_epi16(p26, IDCT_PAIRS(IDCT_1_847, -IDCT_0_765)); \
        const __m256i add = _mm256_add_epi32(mean, even), less = _mm256_sub_epi32(mean, even); \
        s0 = IDCT_SHIFTED(_mm256_add_epi32(add, outer), half, bits); \
        s1 = IDCT_SHIFTED(_mm256_add_epi32(less, inner), half, bits); \
        s2 = IDCT_SHIFTED(_mm256_sub_epi32(less, inner), half, bits); \
        s3 = IDCT_SHIFTED(_mm256_sub_epi32(add, outer), half, bits); \
    } while (0)

#define IDCT_MEAN_4(r, unpack) _mm256_srai_epi32(unpack(_mm256_setzero_si256(), r), 16 - IDCT_BITS - 1)

CPU_AVX2_CODE static void idct_4_avx2(const idct_job *a, const idct_job *b)
{
    const __m256i d0 = idct_rows(a, b, 0), d1 = idct_rows(a, b, 1), d2 = idct_rows(a, b, 2);
    const __m256i d3 = idct_rows(a, b, 3), d5 = idct_rows(a, b, 5), d6 = idct_rows(a, b, 6), d7 = idct_rows(a, b, 7);
    if (idct_extreme(d0)) {
        idct_4_portable(a, b);
        return;
    }
    __m256i l0, l1, l2, l3, h0, h1, h2, h3;
    IDCT_SUMS_4(_mm256_unpacklo_epi16(d1, d3), _mm256_unpacklo_epi16(d5, d7), _mm256_unpacklo_epi16(d2, d6),
                IDCT_MEAN_4(d0, _mm256_unpacklo_epi16), IDCT_SHIFT_4, l0, l1, l2, l3);
    IDCT_SUMS_4(_mm256_unpackhi_epi16(d1, d3), _mm256_unpackhi_epi16(d5, d7), _mm256_unpackhi_epi16(d2, d6),
                IDCT_MEAN_4(d0, _mm256_unpackhi_epi16), IDCT_SHIFT_4, h0, h1, h2, h3);
    const __m256i r0 = _mm256_packs_epi32(l0, h0), r1 = _mm256_packs_epi32(l1, h1);
    const __m256i r2 = _mm256_packs_epi32(l2, h2), r3 = _mm256_packs_epi32(l3, h3);
    const __m256i r01l = _mm256_unpacklo_epi16(r0, r1), r01h = _mm256_unpackhi_epi16(r0, r1);
    const __m256i r23l = _mm256_unpacklo_epi16(r2, r3), r23h = _mm256_unpackhi_epi16(r2, r3);
    /* Two columns of four values each. */
    const __m256i c01 = _mm256_unpacklo_epi32(r01l, r23l), c23 = _mm256_unpackhi_epi32(r01l, r23l);
    const __m256i c45 = _mm256_unpacklo_epi32(r01h, r23h), c67 = _mm256_unpackhi_epi32(r01h, r23h);
    __m256i s0, s1, s2, s3;
    IDCT_SUMS_4(_mm256_unpackhi_epi16(c01, c23), _mm256_unpackhi_epi16(c45, c67), _mm256_unpacklo_epi16(c23, c67),
                IDCT_MEAN_4(c01, _mm256_unpacklo_epi16), IDCT_LAST_4, s0, s1, s2, s3);
    /* The 16 samples of each block, column by column. */
    const __m256i columns = _mm256_packs_epi16(_mm256_packs_epi32(s0, s1), _mm256_packs_epi32(s2, s3));
    const __m256i order = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    int32_t rows[8];
    _mm256_storeu_si256((__m256i *)rows,
                        _mm256_add_epi8(_mm256_shuffle_epi8(columns, order), _mm256_set1_epi8((char)128)));
    for (int y = 0; y < 4; y++) {
        memcpy(a->out + y * a->step, &rows[y], 4);
        memcpy(b->out + y * b->step, &rows[4 + y], 4);
    }
}

CPU_AVX2_CODE static void idct_2_avx2(const idct_job *a, const idct_job *b)
{
    const __m256i d0 = idct_rows(a, b, 0), d1 = idct_rows(a, b, 1), d3 = idct_rows(a, b, 3);
    const __m256i d5 = idct_rows(a, b, 5), d7 = idct_rows(a, b, 7);
    const __m256i by13 = IDCT_PAIRS(IDCT_3_624, -IDCT_1_272), by57 = IDCT_PAIRS(IDCT_0_850, -IDCT_0_720);
    const __m256i half = _mm256_set1_epi32(1 << (IDCT_SHIFT_2 - 1));
    /* Column 0, and the four odd columns. */
    const __m256i odd0 = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpacklo_epi16(d1, d3), by13),
                                          _mm256_madd_epi16(_mm256_unpacklo_epi16(d5, d7), by57));
    const __m256i p13 = _mm256_blend_epi16(_mm256_srli_epi32(d1, 16), d3, 0xAA);
    const __m256i p57 = _mm256_blend_epi16(_mm256_srli_epi32(d5, 16), d7, 0xAA);
    const __m256i odd = _mm256_add_epi32(_mm256_madd_epi16(p13, by13), _mm256_madd_epi16(p57, by57));
    const __m256i mean0 = _mm256_srai_epi32(_mm256_slli_epi32(d0, 16), 16 - IDCT_BITS - 2);
    const __m256i mean = _mm256_srai_epi32(_mm256_blend_epi16(_mm256_setzero_si256(), d0, 0xAA), 16 - IDCT_BITS - 2);
    const __m256i top = IDCT_SHIFTED(_mm256_add_epi32(mean, odd), half, IDCT_SHIFT_2);
    const __m256i bottom = IDCT_SHIFTED(_mm256_sub_epi32(mean, odd), half, IDCT_SHIFT_2);
    const __m256i first = _mm256_unpacklo_epi32(_mm256_add_epi32(mean0, odd0), _mm256_sub_epi32(mean0, odd0));
    const __m256i means = _mm256_slli_epi32(IDCT_SHIFTED(first, half, IDCT_SHIFT_2), IDCT_BITS + 2);
    /* The weights of columns 1, 3, 5, 7 of both rows: the odd part of each row is a sum of two pairs. */
    const __m256i by = _mm256_blend_epi32(by13, by57, 0xAA);
    const __m256i products = _mm256_madd_epi16(_mm256_packs_epi32(top, bottom), by);
    const __m256i sums = _mm256_hadd_epi32(products, products); /* both rows, twice */
    const __m256i samples = _mm256_unpacklo_epi32(_mm256_add_epi32(means, sums), _mm256_sub_epi32(means, sums));
    const __m256i shifted = IDCT_SHIFTED(samples, _mm256_set1_epi32(1 << (IDCT_LAST_2 - 1)), IDCT_LAST_2);
    const __m256i words = _mm256_packs_epi32(shifted, shifted);
    const __m256i octets = _mm256_add_epi8(_mm256_packs_epi16(words, words), _mm256_set1_epi8((char)128));
    const uint32_t four_a = (uint32_t)_mm256_extract_epi32(octets, 0);
    const uint32_t four_b = (uint32_t)_mm256_extract_epi32(octets, 4);
    memcpy(a->out, &four_a, 2);
    memcpy(a->out + a->step, (const uint8_t *)&four_a + 2, 2);
    memcpy(b->out, &four_b, 2);
    memcpy(b->out + b->step, (const uint8_t *)&four_b + 2, 2);
}

#endif

/* --- Choice ----------------------------------------------------------------------------------------- */

/* Precondition: size is 1, 2, 4 or 8. */
static idct_function idct_for(int size, int avx2)
{
#if defined(CPU_AVX2_CODE)
    if (avx2) return size == 8 ? idct_8_avx2 : size == 4 ? idct_4_avx2 : size == 2 ? idct_2_avx2 : idct_1;
#endif
    (void)avx2;
    return size == 8 ? idct_8_portable : size == 4 ? idct_4_portable : size == 2 ? idct_2_portable : idct_1;
}

#endif
