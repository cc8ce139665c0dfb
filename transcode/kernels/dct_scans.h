/* The exact length of a progressive JPEG file (ITU-T T.81, annex G), and the file.
 *
 *   dct_store_blocks   coefficients and quantisers -> quantised blocks, and the bits of their AC codes
 *   dct_scans_file     quantised blocks -> the file, or only its length
 *
 * DC is one scan of all components. The AC of each component is coded in one or two bands. Where the file gets
 * shorter, the first scans leave out the lowest bits of the magnitudes, and each bit that waits has a scan of its
 * own later. The number of waiting bits and the border of the bands are chosen for each component by the counted
 * lengths.
 *
 * As in dct_blocks.h nothing allocates or can fail, and integers only.
 *
 * Longer than 500 lines: tokens of a scan are made, counted and written by one set of inlined functions.
 */

#ifndef TRANSCODE_DCT_SCANS_H
#define TRANSCODE_DCT_SCANS_H

#include "dct_blocks.h"

enum {
    /* A token of bits without a code is DCT_RAW + the number of bits, 16 at most. */
    DCT_RAW = DCT_AC,
    DCT_MOST_RAW = 16,
    /* The most blocks that one code ends. T.81 allows 32767; the length 4095 has eleven bits after its first bit,
     * the most that dct_scan() takes. */
    DCT_MOST_ENDED = 4095,
    /* The most tokens of one block in one scan: 63 values, new or refined. Each new value and each run of sixteen
     * zeros has a code; the bits of refined values follow it. */
    DCT_BLOCK_TOKENS = 72,
    /* The most bits of magnitudes that wait for later scans. */
    DCT_MOST_WAITING = 3,
    /* Blocks that are enough to choose bands and waiting bits; of larger components, a part of the rows is
     * measured. */
    DCT_BLOCKS_ENOUGH = 2500,
    DCT_CHUNK_BLOCKS = 128,
};

/* How the AC of a component is divided. */
typedef struct {
    uint8_t split;   /* the last place of the first band; 63 for one band */
    uint8_t waiting; /* bits that come in later scans */
} dct_plan;

/* One scan of AC: places `first` to `last` of magnitudes without their `low` lowest bits; `refines`: only the
 * lowest bit left. */
typedef struct {
    int component, first, last, low, refines;
} dct_band;

/* The quantised blocks of a component, or a sample of them, and the number of all its blocks. */
typedef struct {
    const int16_t *blocks;
    ptrdiff_t wide, high, all;
} dct_stored;

/* A run of blocks that end without further values, and its token, which is set when the run ends. */
typedef struct {
    uint32_t *token;
    uint32_t blocks;
} dct_ended;

/* For each of `count` blocks, a bit for each value whose magnitude is `least` or more. */
static void dct_reaching_portable(const int16_t *blocks, ptrdiff_t count, int least, uint64_t *out)
{
    for (ptrdiff_t i = 0; i < count; i++, blocks += 64) {
        out[i] = 0;
        for (int k = 0; k < 64; k++) {
            out[i] |= (uint64_t)(blocks[k] >= least || blocks[k] <= -least) << k;
        }
    }
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE static void dct_reaching_avx2(const int16_t *blocks, ptrdiff_t count, int least, uint64_t *out)
{
    const __m256i limit = _mm256_set1_epi16((int16_t)least);
    for (ptrdiff_t i = 0; i < count; i++, blocks += 64) {
        __m256i v[4];
        for (int j = 0; j < 4; j++) {
            const __m256i magnitudes = _mm256_abs_epi16(_mm256_loadu_si256((const __m256i *)(blocks + 16 * j)));
            v[j] = _mm256_subs_epu16(limit, magnitudes);
        }
        /* The limit minus a magnitude is 0 where the magnitude reaches the limit. */
        out[i] = dct_zero_avx2(v[0], v[1]) | (uint64_t)dct_zero_avx2(v[2], v[3]) << 32;
    }
}

#endif

static void dct_reaching(const int16_t *blocks, ptrdiff_t count, int least, uint64_t *out, int avx2)
{
#if defined(CPU_AVX2_CODE)
    if (avx2) {
        dct_reaching_avx2(blocks, count, least, out);
        return;
    }
#endif
    (void)avx2;
    dct_reaching_portable(blocks, count, least, out);
}

CPU_INLINE void dct_close(dct_ended *ended)
{
    if (ended->blocks) {
        const uint32_t size = 31u - (uint32_t)__builtin_clz(ended->blocks);
        *ended->token = size << 4 | (ended->blocks - (1u << size)) << DCT_EXTRA_BITS;
        ended->blocks = 0;
    }
}

CPU_INLINE uint32_t *dct_end_block(uint32_t *tokens, dct_ended *ended)
{
    if (ended->blocks == 0) {
        ended->token = tokens++;
    }
    if (++ended->blocks == DCT_MOST_ENDED) {
        dct_close(ended);
    }
    return tokens;
}

/* Tokens of `count` bits, the highest bit first. */
CPU_INLINE uint32_t *dct_raw_tokens(uint32_t *tokens, uint64_t bits, int count)
{
    while (count > 0) {
        const int now = count < DCT_MOST_RAW ? count : DCT_MOST_RAW;
        count -= now;
        *tokens++ = (uint32_t)(DCT_RAW + now) | (uint32_t)(bits >> count & ((1u << now) - 1)) << DCT_EXTRA_BITS;
    }
    return tokens;
}

/* A block in the first scan of a band (T.81, G.1.2.2). there: a bit for each value in the band that is not 0. */
CPU_INLINE uint32_t *dct_first_tokens(
    uint32_t *tokens, const int16_t *block, uint64_t there, const dct_band *band, dct_ended *ended)
{
    int before = band->first - 1;
    if (there) {
        dct_close(ended);
    }
    for (; there; there &= there - 1) {
        const int k = __builtin_ctzll(there);
        int zeros = k - before - 1;
        for (; zeros > 15; zeros -= 16) {
            *tokens++ = DCT_SIXTEEN_ZEROS;
        }
        *tokens++ = dct_token((uint32_t)zeros << 4, block[k] < 0 ? -(-block[k] >> band->low) : block[k] >> band->low);
        before = k;
    }
    return before < band->last ? dct_end_block(tokens, ended) : tokens;
}

/* A block in a scan that refines (T.81, G.1.2.3): values that become 1 or -1 have a code, and values that were not
 * 0 before have one bit each, after the code that skips them. */
CPU_INLINE uint32_t *dct_refining_tokens(
    uint32_t *tokens, const int16_t *block, uint64_t news, uint64_t there, const dct_band *band, dct_ended *ended)
{
    int before = band->first - 1, zeros = 0, refined = 0;
    uint64_t bits = 0;
    for (; there; there &= there - 1) {
        const int k = __builtin_ctzll(there);
        const uint64_t here = (uint64_t)1 << k;
        zeros += k - before - 1;
        before = k;
        /* Zeros after the last new value belong to the end of the block. */
        for (; zeros > 15 && news >= here; zeros -= 16) {
            dct_close(ended);
            *tokens++ = DCT_SIXTEEN_ZEROS;
            tokens = dct_raw_tokens(tokens, bits, refined);
            bits = 0;
            refined = 0;
        }
        if (news & here) {
            dct_close(ended);
            *tokens++ = (uint32_t)zeros << 4 | 1 | (uint32_t)(block[k] > 0) << DCT_EXTRA_BITS;
            tokens = dct_raw_tokens(tokens, bits, refined);
            bits = 0;
            zeros = refined = 0;
        } else {
            const int magnitude = block[k] < 0 ? -block[k] : block[k];
            bits = bits << 1 | (uint64_t)(magnitude >> band->low & 1);
            refined++;
        }
    }
    if (zeros + band->last - before + refined == 0) {
        return tokens;
    }
    return dct_raw_tokens(dct_end_block(tokens, ended), bits, refined);
}

/* The tokens of a scan, or of every `every`-th of its rows of blocks; returns their end. */
static uint32_t *dct_band_tokens(
    const dct_stored *stored, const dct_band *band, ptrdiff_t every, uint32_t *tokens, int avx2)
{
    const uint64_t places = dct_places(band->first, band->last);
    uint64_t there[DCT_CHUNK_BLOCKS], older[DCT_CHUNK_BLOCKS];
    dct_ended ended = {NULL, 0};
    for (ptrdiff_t y = 0; y < stored->high; y += every) {
        const int16_t *block = stored->blocks + 64 * y * stored->wide;
        for (ptrdiff_t x = 0; x < stored->wide; x += DCT_CHUNK_BLOCKS) {
            const ptrdiff_t left = stored->wide - x, count = left < DCT_CHUNK_BLOCKS ? left : DCT_CHUNK_BLOCKS;
            dct_reaching(block, count, 1 << band->low, there, avx2);
            if (band->refines) {
                dct_reaching(block, count, 2 << band->low, older, avx2);
            }
            for (ptrdiff_t i = 0; i < count; i++, block += 64) {
                there[i] &= places;
                tokens = band->refines
                    ? dct_refining_tokens(tokens, block, there[i] & ~older[i], there[i], band, &ended)
                    : dct_first_tokens(tokens, block, there[i], band, &ended);
            }
        }
    }
    dct_close(&ended);
    return tokens;
}

/* The tokens of the DC of all components, in the order of DCT_TOKENS. */
static uint32_t *dct_dc_tokens(const dct_component *components, const dct_stored *stored, int count,
    ptrdiff_t mcus_wide, ptrdiff_t mcus_high, uint32_t *tokens)
{
    int previous[DCT_COMPONENTS] = {0};
    for (ptrdiff_t mcu_y = 0; mcu_y < mcus_high; mcu_y++) {
        for (ptrdiff_t mcu_x = 0; mcu_x < mcus_wide; mcu_x++) {
            for (int i = 0; i < count; i++) {
                const dct_component *component = &components[i];
                for (ptrdiff_t y = mcu_y * component->v; y < (mcu_y + 1) * component->v; y++) {
                    for (ptrdiff_t x = mcu_x * component->h; x < (mcu_x + 1) * component->h; x++) {
                        const int there = x < component->wide && y < component->high;
                        const int dc = there ? stored[i].blocks[64 * (y * component->wide + x)] : previous[i];
                        *tokens++ = dct_token(component->codes, dc - previous[i]);
                        previous[i] = dc;
                    }
                }
            }
        }
    }
    return tokens;
}

/* Sets the codes of one scan of AC for its tokens; returns the number of symbols. */
static int dct_set_band_codes(
    const uint32_t *tokens, const uint32_t *end, uint32_t tally[DCT_CODES], dct_code codes[DCT_CODES])
{
    dct_tally(tokens, end, tally);
    for (uint32_t i = 1; i <= DCT_MOST_RAW; i++) {
        codes[DCT_RAW + i].bits = 0;
        codes[DCT_RAW + i].length = i;
    }
    return dct_set_codes(tally, codes);
}

/* The approximate bits of a scan, from every `every`-th row of blocks. bits: if not NULL, set to the bits of each
 * code. */
static int64_t dct_band_bits(
    const dct_stored *stored, const dct_band *band, ptrdiff_t every, uint32_t *tokens, int avx2, uint8_t *bits)
{
    uint32_t tally[DCT_CODES];
    dct_code codes[DCT_CODES];
    const uint32_t *end = dct_band_tokens(stored, band, every, tokens, avx2);
    const int count = dct_set_band_codes(tokens, end, tally, codes);
    int64_t sum = 0, ends = 0, of_ends = 0;
    for (int i = 0; i <= DCT_RAW + DCT_MOST_RAW; i++) {
        if (tally[i] == 0) {
            continue;
        }
        sum += (int64_t)tally[i] * codes[i].length;
        if (i < DCT_SIXTEEN_ZEROS && (i & 15) == 0) {
            ends += tally[i];
            of_ends += (int64_t)tally[i] * codes[i].length;
        }
    }
    if (bits) {
        for (int i = 0; i < DCT_AC; i++) {
            bits[i] = (uint8_t)(tally[i] ? codes[i].length : dct_unused_bits(i));
        }
        if (ends) {
            bits[DCT_END_OF_BLOCK] = (uint8_t)((of_ends + ends / 2) / ends);
        }
    }
    const int64_t seen = (stored->high + every - 1) / every * stored->wide;
    return sum * stored->all / seen + 8 * (21 + 10 + count);
}

/* The approximate bits of a component's AC with a division, without the scans that refine. */
static int64_t dct_first_bits(const dct_stored *stored, int split, int waiting, ptrdiff_t every, uint32_t *tokens,
    int avx2, uint8_t *bits)
{
    const dct_band low = {0, 1, split, waiting, 0}, high = {0, split + 1, 63, waiting, 0};
    int64_t sum = dct_band_bits(stored, &low, every, tokens, avx2, bits);
    if (split < 63) {
        sum += dct_band_bits(stored, &high, every, tokens, avx2, bits ? bits + DCT_AC : NULL);
    }
    return sum;
}

/* Finds the division of a component's AC with the fewest bits; returns the approximate bits. */
static int64_t dct_choose_plan(
    const dct_stored *stored, uint32_t *tokens, int avx2, uint8_t *bits, dct_plan *chosen)
{
    static const uint8_t others[2] = {8, 63};
    const ptrdiff_t rows = (DCT_BLOCKS_ENOUGH + stored->wide - 1) / stored->wide;
    const ptrdiff_t every = stored->high > rows ? stored->high / rows : 1;
    dct_plan plan = {DCT_LOW_BAND, 0};
    int64_t first = dct_first_bits(stored, DCT_LOW_BAND, 0, every, tokens, avx2, bits), refining = 0;
    while (plan.waiting < DCT_MOST_WAITING) {
        const dct_band band = {0, 1, 63, plan.waiting, 1};
        const int64_t more = refining + dct_band_bits(stored, &band, every, tokens, avx2, NULL);
        const int64_t other = dct_first_bits(stored, DCT_LOW_BAND, plan.waiting + 1, every, tokens, avx2, NULL);
        if (other + more >= first + refining) {
            break;
        }
        plan.waiting++;
        first = other;
        refining = more;
    }
    for (int i = 0; i < 2; i++) {
        const int64_t other = dct_first_bits(stored, others[i], plan.waiting, every, tokens, avx2, NULL);
        if (other < first) {
            first = other;
            plan.split = others[i];
        }
    }
    *chosen = plan;
    return first + refining;
}

/* The file as far as it is written, or only counted. */
typedef struct {
    uint8_t *out; /* NULL: counted, as there is no room for the rest */
    int64_t room, length;
} dct_output;

static void dct_append(dct_output *output, const uint8_t *bytes, int64_t length)
{
    if (length > output->room - output->length) {
        output->out = NULL;
    }
    if (output->out) {
        memcpy(output->out + output->length, bytes, (size_t)length);
    }
    output->length += length;
}

static void dct_append_data(
    dct_output *output, const uint32_t *tokens, const uint32_t *end, const dct_code codes[DCT_CODES])
{
    uint8_t *at = output->out ? output->out + output->length : NULL;
    output->length += dct_scan(tokens, end, codes, at, output->room - output->length);
    if (output->length > output->room) {
        output->out = NULL;
    }
}

static void dct_append_dc(dct_output *output, const dct_component *components, const dct_stored *stored,
    const dct_frame *frame, uint32_t *tokens)
{
    const int count = frame->count;
    uint32_t tally[DCT_CODES];
    dct_code codes[DCT_CODES];
    uint8_t head[2 * (21 + 256) + 8 + 2 * DCT_COMPONENTS], *at = head;
    const uint32_t *end = dct_dc_tokens(components, stored, count, frame->mcus_wide, frame->mcus_high, tokens);
    dct_tally(tokens, end, tally);
    for (unsigned i = 0; i < (count == 1 ? 1u : 2u); i++) {
        dct_set_codes(tally + i * DCT_CHROMA, codes + i * DCT_CHROMA);
        at = dct_put_codes(at, i, tally + i * DCT_CHROMA, codes + i * DCT_CHROMA);
    }
    at = dct_put_short(at, 0xFFDA);
    at = dct_put_short(at, 6u + 2u * (unsigned)count);
    *at++ = (uint8_t)count;
    for (int i = 0; i < count; i++) {
        *at++ = (uint8_t)(i + 1);
        *at++ = components[i].codes ? 0x10 : 0;
    }
    static const uint8_t dc_only[3] = {0, 0, 0};
    at = dct_put(at, dc_only, sizeof dc_only);
    dct_append(output, head, at - head);
    dct_append_data(output, tokens, end, codes);
}

static void dct_append_band(
    dct_output *output, const dct_stored *stored, const dct_band *band, uint32_t *tokens, int avx2)
{
    uint32_t tally[DCT_CODES];
    dct_code codes[DCT_CODES];
    uint8_t head[21 + 256 + 10], *at = head;
    const uint32_t *end = dct_band_tokens(&stored[band->component], band, 1, tokens, avx2);
    dct_set_band_codes(tokens, end, tally, codes);
    at = dct_put_codes(at, 0x10, tally, codes);
    at = dct_put_short(at, 0xFFDA);
    at = dct_put_short(at, 8);
    *at++ = 1;
    *at++ = (uint8_t)(band->component + 1);
    *at++ = 0;
    *at++ = (uint8_t)band->first;
    *at++ = (uint8_t)band->last;
    *at++ = (uint8_t)((band->refines ? band->low + 1 : 0) << 4 | band->low);
    dct_append(output, head, at - head);
    dct_append_data(output, tokens, end, codes);
}

static void dct_append_scans(
    dct_output *output, const dct_stored *stored, int count, const dct_plan *plans, uint32_t *tokens, int avx2)
{
    for (int i = 0; i < count; i++) {
        const dct_band low = {i, 1, plans[i].split, plans[i].waiting, 0};
        const dct_band high = {i, plans[i].split + 1, 63, plans[i].waiting, 0};
        dct_append_band(output, stored, &low, tokens, avx2);
        if (plans[i].split < 63) {
            dct_append_band(output, stored, &high, tokens, avx2);
        }
    }
    for (int waiting = DCT_MOST_WAITING; waiting > 0; waiting--) {
        for (int i = 0; i < count; i++) {
            const dct_band band = {i, 1, 63, waiting - 1, 1};
            if (plans[i].waiting >= waiting) {
                dct_append_band(output, stored, &band, tokens, avx2);
            }
        }
    }
}

/* Stores the blocks of a component, quantised with rate-distortion optimisation, one after the other; with
 * every > 1 only a sample of them. Returns the number of blocks. */
#define DCT_STORE(choose_block)                                                                         \
    ptrdiff_t count = 0;                                                                                \
    for (ptrdiff_t y = 0; y < component->high; y++) {                                                   \
        for (ptrdiff_t x = 0; x < component->wide; x++) {                                               \
            if (dct_sampled(x / component->h, y / component->v, every)) {                               \
                const ptrdiff_t at = y * component->wide + x;                                           \
                const uint32_t mask = component->masks ? component->masks[at] : 0;                      \
                choose_block(component, component->blocks + 64 * at, mask, out + 64 * count++);         \
            }                                                                                           \
        }                                                                                               \
    }                                                                                                   \
    return count

static ptrdiff_t dct_store_portable(const dct_component *component, ptrdiff_t every, int16_t *out)
{
    DCT_STORE(dct_choose_block);
}

#if defined(CPU_AVX2_CODE)

CPU_AVX2_CODE static ptrdiff_t dct_store_avx2(const dct_component *component, ptrdiff_t every, int16_t *out)
{
    DCT_STORE(dct_choose_block_avx2);
}

#endif

/* Sets the places of the quantised blocks of all components, which begin at `blocks`. */
static void dct_find_blocks(const dct_component *components, int count, const int16_t *blocks, dct_stored *stored)
{
    for (int i = 0; i < count; i++) {
        stored[i].blocks = blocks;
        stored[i].wide = components[i].wide;
        stored[i].high = components[i].high;
        stored[i].all = components[i].wide * components[i].high;
        blocks += 64 * stored[i].all;
    }
}

/* Stores the quantised blocks of all components, or a sample of each component. */
static void dct_store_blocks(
    const dct_component *components, int count, ptrdiff_t every, int16_t *blocks, dct_stored *stored, int avx2)
{
    dct_find_blocks(components, count, blocks, stored);
    for (int i = 0; i < count; i++) {
        int16_t *out = blocks + (stored[i].blocks - blocks);
        ptrdiff_t made;
#if defined(CPU_AVX2_CODE)
        made = avx2 ? dct_store_avx2(&components[i], every, out) : dct_store_portable(&components[i], every, out);
#else
        (void)avx2;
        made = dct_store_portable(&components[i], every, out);
#endif
        if (every > 1) {
            stored[i].wide = made;
            stored[i].high = 1;
        }
    }
}

/* The approximate bits of a component's DC, from a sample of dct_store_blocks(). */
static int64_t dct_dc_bits(const dct_component *component, ptrdiff_t every)
{
    uint32_t tally[DCT_AC] = {0};
    dct_code codes[DCT_AC];
    int64_t sum = 0, seen = 0;
    for (ptrdiff_t y = 0; y < component->high; y++) {
        for (ptrdiff_t x = 0; x < component->wide; x++) {
            if (dct_sampled(x / component->h, y / component->v, every)) {
                const ptrdiff_t at = y * component->wide + x, before = x ? at - 1 : y ? at - component->wide : at;
                tally[dct_token(0, dct_quantise_one(component->blocks[64 * at], component->quantiser, 0) -
                    dct_quantise_one(component->blocks[64 * before], component->quantiser, 0)) & (DCT_AC - 1)]++;
                seen++;
            }
        }
    }
    dct_set_codes(tally, codes);
    for (int i = 0; i < DCT_AC; i++) {
        sum += tally[i] ? (int64_t)tally[i] * codes[i].length : 0;
    }
    return sum * (component->wide * component->high) / seen;
}

/* Chooses the division of each component. Returns the approximate bytes of the file, with every > 1 from a sample.
 * bits: if not NULL, set to the bits of each code of two bands, for rate-distortion optimisation. */
static int64_t dct_choose_plans(const dct_component *components, const dct_stored *stored, const dct_frame *frame,
    ptrdiff_t every, uint32_t *tokens, int avx2, uint8_t *bits, dct_plan *plans)
{
    const int count = frame->count;
    if (bits) {
        for (int i = 0; i < DCT_CODE_BITS; i++) {
            bits[i] = dct_unused_bits(i);
        }
    }
    int64_t sum = 8 * (dct_frame_length(frame) + 8 + 2 * count + 2);
    for (int i = 0; i < count; i++) {
        uint8_t *of_component = bits ? bits + 2 * DCT_AC * i : NULL;
        sum += dct_choose_plan(&stored[i], tokens, avx2, of_component, &plans[i]);
        sum += every > 1 ? dct_dc_bits(&components[i], every) : 0;
    }
    return sum / 8;
}

/* Bytes of the file with the scans of `plans`. It is written when `out` is not NULL; one of more than `room` bytes
 * is not whole.
 * tokens: room for DCT_BLOCK_TOKENS tokens for each block of the largest component, and for one for each block of all
 * MCUs. */
static int64_t dct_scans_file(const dct_component *components, const dct_stored *stored, const dct_frame *frame,
    const dct_plan *plans, uint32_t *tokens, int avx2, uint8_t *out, int64_t room)
{
    static const uint8_t end[2] = {0xFF, 0xD9};
    dct_output output = {out, room, 0};
    uint8_t head[20 + 2 * 69 + 10 + 3 * DCT_COMPONENTS];
    dct_put_frame(head, 0xFFC2, frame);
    dct_append(&output, head, dct_frame_length(frame));
    dct_append_dc(&output, components, stored, frame, tokens);
    dct_append_scans(&output, stored, frame->count, plans, tokens, avx2);
    dct_append(&output, end, sizeof end);
    return output.length;
}

#endif
