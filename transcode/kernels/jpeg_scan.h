/* The entropy-coded scan of a JPEG as cameras write it, to planes of samples.
 *
 *   scan_open     tables and places, from the headers
 *   scan_row      the next row of MCUs: decoded, transformed, written to the planes
 *   scan_ended    whether the scan ended as it should, with nothing but the end marker behind it
 *
 * The scan has all components, Huffman-coded, sequential, with 8 bits a sample, with restarts or without. Each of
 * the three functions returns 0 for anything else: codes that are in no table, runs that leave their block, a marker
 * or an end of the data in the wrong place, surplus octets. The caller then lets libjpeg decode the file from the
 * start. So libjpeg decodes every damaged file, and the files that are decoded here are whole, and equal to
 * libjpeg's result to the bit (see jpeg_idct.h).
 *
 * Why it is faster than libjpeg-turbo: the time of a symbol is a chain from bits to index, from index to table, from
 * table to length, from length to the next bits. Therefore
 *   - a table of 2^SCAN_BITS places holds up to two whole symbols, run and value included, and the end of the block
 *     after them: both take one walk of the chain;
 *   - a table for blocks of which only the mean is wanted (an eighth of the size) holds as many symbols as fit;
 *   - stuffed zeros are removed ahead, a piece at a time, so that one load reads the bits without a test;
 *   - the data of an MCU are checked once before it, not for each symbol;
 *   - blocks of 8 x 8 samples without AC, most of chroma, skip the transform.
 *
 * Nothing here allocates or reads beyond what it was given.
 *
 * Longer than 500 lines: tables, bits and blocks are one loop over the MCUs, inlined.
 */

#ifndef TRANSCODE_JPEG_SCAN_H
#define TRANSCODE_JPEG_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "jpeg_idct.h"

enum {
    SCAN_COMPONENTS = 4,
    SCAN_BLOCKS = 10, /* of an MCU at most (T.81, B.2.3) */
    /* Coded data are nearly random, and use all places of a table equally: larger tables do not fit into the
     * first-level cache, and smaller ones have fewer of the codes. */
    SCAN_BITS = 11,
    SCAN_QUICK_BITS = 11,
    SCAN_BUFFER = 1 << 14,
    /* The most octets of an MCU: for each block 64 codes of 16 bits with 15 bits after each; and those that the
     * reader looks ahead. */
    SCAN_MOST = SCAN_BLOCKS * 64 * (16 + 15) / 8 + 16,
    SCAN_POSITIONS = 256,
};

/* A Huffman table as a file gives it (T.81, B.2.4.2): the number of codes of each length from 1 to 16 (counts[0] is
 * unused), and the symbols. */
typedef struct {
    const uint8_t *counts, *symbols;
} scan_huffman;

typedef struct {
    int h, v;                   /* blocks in an MCU */
    ptrdiff_t columns, rows;    /* blocks of the picture */
    int size;                   /* samples that a block becomes in each direction: 1, 2, 4 or 8 */
    const uint16_t *steps;      /* 64, row by row */
    scan_huffman dc, ac;
    uint8_t *first;             /* the plane */
    ptrdiff_t step;
} scan_component;

/* The codes of a table one by one, for symbols that do not fit into a scan_entry. */
typedef struct {
    uint16_t quick[1 << SCAN_QUICK_BITS]; /* length * 256 + symbol of the short ones, else 0 */
    uint32_t limit[17];                   /* by length: the lowest 16 bits of longer codes */
    int32_t offset[17];                   /* by length: index of a symbol minus its code */
    const uint8_t *symbols;
} scan_codes;

/* The symbols at the start of SCAN_BITS bits: the difference of the mean at the start of a block, up to two values
 * of AC, and the end of the block. `length`: of all of them in bits, 0 where not even the first fits. `advance`:
 * the increase of the position in the block. The values belong to the position + `first` and + `second`. */
typedef struct {
    uint8_t length, advance, first, second;
    int16_t mean;
    int8_t values[2];
} scan_entry;

/* Added to the position at the end of a block, with one more: larger than any position plus its runs. */
enum { SCAN_END = 128 };

/* Values of a block, with room for values that are no coefficients. */
enum { SCAN_BLOCK = 64 + 16 };

/* The position plus this number is a place of no coefficient. */
enum { SCAN_NOWHERE = 64 };

typedef struct {
    scan_entry starts[1 << SCAN_BITS]; /* of blocks */
    scan_entry inner[1 << SCAN_BITS];
    scan_codes dc, ac;
} scan_table;

/* The next bits, highest first: `count` of them are valid; `next` is the octet that follows them. */
typedef struct {
    uint64_t bits;
    int count;
    const uint8_t *next;
} scan_reader;

/* A block of an MCU, and the place of its samples. */
typedef struct {
    int component, x, y; /* within the component's part of the MCU, in blocks */
    /* Whether only the mean is decoded; whether all 8 x 8 samples are; whether the block is in the picture. */
    int skip, whole, wanted;
    const scan_table *table;
    idct_function transform;
    const int16_t *steps;
    uint8_t *out;
    ptrdiff_t step, advance; /* from row to row, and from MCU to MCU */
} scan_place;

typedef struct {
    /* The coded data. `held`: the end of the octets in the buffer; `safe`: the last octet at which an MCU may
     * start; `closed`: the buffer ends at a marker or at the end of the data. */
    const uint8_t *at, *end;
    uint8_t *held;
    const uint8_t *safe;
    int closed;
    scan_reader reader;
    /* The place in the picture. */
    ptrdiff_t row, mcus_across, mcus_down;
    ptrdiff_t restart_interval, until_restart; /* in MCUs; until_restart starts below 0 without restarts */
    int next_restart;
    int avx2;
    /* The components and blocks of an MCU. */
    int count, blocks;
    scan_component components[SCAN_COMPONENTS];
    scan_place places[SCAN_BLOCKS];
    int32_t mean[SCAN_COMPONENTS];
    _Alignas(32) int16_t steps[SCAN_COMPONENTS][64];
    _Alignas(32) int16_t values[SCAN_BLOCKS][SCAN_BLOCK];
    uint8_t flat[SCAN_BLOCKS]; /* whether a block has no AC */
    const scan_table *table_of[SCAN_COMPONENTS];
    scan_table tables[SCAN_COMPONENTS];
    _Alignas(32) uint8_t buffer[SCAN_BUFFER + 2 * SCAN_MOST];
} scan_state;

/* Where each coefficient of a zigzag block stands in a block of rows (T.81, figure A.6). */
static const uint8_t scan_natural[SCAN_POSITIONS] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63, [64 ... SCAN_POSITIONS - 1] = 64};

/* --- Tables --------------------------------------------------------------------------------------- */

/* The code at the start of the bits, as length * 256 + symbol; 0: there is no such code. */
static int scan_find_long(const scan_codes *codes, uint64_t bits)
{
    const uint32_t sixteen = (uint32_t)(bits >> 48);
    for (int length = 1; length <= 16; length++) {
        if (sixteen < codes->limit[length]) {
            return length << 8 | codes->symbols[(int32_t)(sixteen >> (16 - length)) + codes->offset[length]];
        }
    }
    return 0;
}

/* The same, found in `quick` first. */
static int scan_find(const scan_codes *codes, uint64_t bits)
{
    const int quick = codes->quick[bits >> (64 - SCAN_QUICK_BITS)];
    return quick ? quick : scan_find_long(codes, bits);
}

/* Sets the codes; returns whether the counts are those of a prefix code. libjpeg refuses other counts too. */
static int scan_set_codes(scan_codes *to, scan_huffman from)
{
    int32_t code = 0, index = 0;
    for (int length = 1; length <= 16; length++) {
        to->offset[length] = index - code;
        code += from.counts[length];
        index += from.counts[length];
        if (index > 256 || code > (1 << length) - (from.counts[length] ? 1 : 0)) return 0;
        to->limit[length] = (uint32_t)code << (16 - length);
        code <<= 1;
    }
    to->symbols = from.symbols;
    for (int i = 0; i < 1 << SCAN_QUICK_BITS; i++) {
        const int found = scan_find_long(to, (uint64_t)i << (64 - SCAN_QUICK_BITS));
        to->quick[i] = (uint16_t)(found >> 8 <= SCAN_QUICK_BITS ? found : 0);
    }
    return index > 0;
}

/* Whether no symbol has more than 15 bits, the most of DC; libjpeg refuses other tables. */
static int scan_is_dc(scan_huffman dc)
{
    int symbols = 0, most = 0;
    for (int length = 1; length <= 16; length++) symbols += dc.counts[length];
    for (int i = 0; i < symbols && i < 256; i++) most = dc.symbols[i] > most ? dc.symbols[i] : most;
    return most <= 15;
}

/* The value of the `size` highest of `bits` (T.81, F.2.2.1); 0 for a size of 0. */
CPU_INLINE int32_t scan_value(uint64_t bits, int size)
{
    const int32_t value = (int32_t)(bits >> 1 >> (63 - size));
    return value + (~(int32_t)((int64_t)bits >> 63) & (1 - (1 << size)));
}

/* Adds the next symbol of AC to an entry where it fits; returns whether further symbols may fit. With `skip` no
 * value is stored. */
static int scan_add(scan_entry *entry, const scan_codes *ac, uint64_t bits, int values, int skip)
{
    const int room = SCAN_BITS - entry->length, found = scan_find(ac, bits << entry->length);
    const int run = found >> 4 & 15, size = found & 15, length = (found >> 8) + size;
    if (found == 0 || length > room) return 0;
    if (size == 0 && run < 15) {
        entry->length = (uint8_t)(entry->length + length);
        entry->advance = (uint8_t)(entry->advance + SCAN_END + 1);
        return 0;
    }
    /* The position stays below SCAN_END with one further run. */
    if (skip ? entry->advance > 46 : values == 2) return 0;
    if (!skip) {
        const int32_t value = scan_value(bits << entry->length << (found >> 8), size);
        if (value != (int8_t)value) return 0;
        *(values ? &entry->second : &entry->first) = (uint8_t)(entry->advance + run);
        entry->values[values] = (int8_t)value;
    }
    entry->length = (uint8_t)(entry->length + length);
    entry->advance = (uint8_t)(entry->advance + run + 1);
    return entry->length < SCAN_BITS;
}

static void scan_set_entry(scan_entry *entry, const scan_codes *dc, const scan_codes *ac, int index, int skip)
{
    const uint64_t bits = (uint64_t)index << (64 - SCAN_BITS);
    *entry = (scan_entry){.first = SCAN_NOWHERE, .second = SCAN_NOWHERE};
    if (dc) {
        const int found = scan_find(dc, bits), length = (found >> 8) + (found & 15);
        if (found == 0 || length > SCAN_BITS) return;
        entry->length = (uint8_t)length;
        entry->advance = 1;
        entry->mean = (int16_t)scan_value(bits << (found >> 8), found & 15);
        if (length == SCAN_BITS) return;
    }
    for (int values = 0; scan_add(entry, ac, bits, values, skip); values++) continue;
}

/* Sets the tables for whole blocks, or with `skip` for blocks of which only the mean is decoded. */
static int scan_set_table(scan_table *to, scan_huffman dc, scan_huffman ac, int skip)
{
    if (!scan_is_dc(dc) || !scan_set_codes(&to->dc, dc) || !scan_set_codes(&to->ac, ac)) return 0;
    for (int i = 0; i < 1 << SCAN_BITS; i++) {
        scan_set_entry(&to->starts[i], &to->dc, &to->ac, i, skip);
        scan_set_entry(&to->inner[i], NULL, &to->ac, i, skip);
    }
    return 1;
}

/* --- Bits ------------------------------------------------------------------------------------------- */

CPU_INLINE uint64_t scan_load(const uint8_t *from)
{
    uint64_t value;
    memcpy(&value, from, 8);
    value = CPU_BIG_ENDIAN(value);
    return value;
}

/* Fills the reader up to at least 56 bits. The bits beyond `count` are correct too, and are loaded again. */
CPU_INLINE void scan_fill(scan_reader *reader)
{
    reader->bits |= scan_load(reader->next) >> reader->count;
    reader->next += (63 - reader->count) >> 3;
    reader->count |= 56;
}

CPU_INLINE void scan_drop(scan_reader *reader, int count)
{
    reader->bits <<= count;
    reader->count -= count;
}

/* The unread bits of the segment; below 0 when more bits were read than it has. */
static ptrdiff_t scan_left(const scan_state *scan)
{
    return (scan->held - scan->reader.next) * 8 + scan->reader.count;
}

/* Moves the unread octets to the start of the buffer, and fills it up to the next marker, without the stuffed
 * zeros. False: there are no further octets. */
static int scan_feed(scan_state *scan)
{
    if (scan->closed) return 0;
    const ptrdiff_t left = scan->held - scan->reader.next;
    uint8_t *to = scan->buffer + left, *const full = scan->buffer + SCAN_BUFFER;
    memmove(scan->buffer, scan->reader.next, (size_t)left);
    scan->reader.next = scan->buffer;
    while (to < full && !scan->closed) {
        const size_t room = (size_t)(full - to), there = (size_t)(scan->end - scan->at);
        const size_t most = there < room ? there : room;
        const uint8_t *found = memchr(scan->at, 0xFF, most);
        const size_t plain = found ? (size_t)(found - scan->at) : most;
        memcpy(to, scan->at, plain);
        to += plain;
        scan->at += plain;
        if (found && scan->end - scan->at >= 2 && scan->at[1] == 0) {
            *to++ = 0xFF;
            scan->at += 2;
        } else {
            scan->closed = found || scan->at == scan->end;
        }
    }
    scan->held = to;
    scan->safe = to - SCAN_MOST;
    if (scan->closed) {
        memset(to, 0, SCAN_MOST + 8);
        /* The reader looks up to seven octets ahead. */
        scan->safe = to + 7;
    }
    return 1;
}

/* Whether the segment is read to its last octet, and `marker` follows. */
static int scan_at_marker(scan_state *scan, uint8_t marker)
{
    if (!scan->closed) scan_feed(scan);
    const ptrdiff_t left = scan_left(scan);
    return scan->closed && left >= 0 && left < 8 && scan->end - scan->at >= 2 && scan->at[0] == 0xFF
           && scan->at[1] == marker;
}

static int scan_restart(scan_state *scan)
{
    if (!scan_at_marker(scan, (uint8_t)(0xD0 + scan->next_restart))) return 0;
    scan->next_restart = (scan->next_restart + 1) & 7;
    scan->until_restart = scan->restart_interval;
    memset(scan->mean, 0, sizeof scan->mean);
    scan->at += 2;
    scan->closed = 0;
    scan->held = scan->buffer;
    scan->reader = (scan_reader){0, 0, scan->buffer};
    return scan_feed(scan);
}

/* --- Blocks ----------------------------------------------------------------------------------------- */

/* Decodes one symbol by its code alone, of DC at position 0. Returns the position after it, plus SCAN_END + 1 at
 * the end of the block; -1: no code, or a run that leaves the block. */
CPU_APART static int scan_symbol(scan_reader *reader, const scan_table *table, int position,
                                 int16_t *values)
{
    const int found = scan_find(position ? &table->ac : &table->dc, reader->bits);
    const int run = position ? found >> 4 & 15 : 0, size = found & 15;
    if (found == 0) return -1;
    scan_drop(reader, found >> 8);
    if (size == 0 && position) {
        return run < 15 ? position + SCAN_END + 1 : position + 16 <= 64 ? position + 16 : -1;
    }
    if (position + run > 63) return -1;
    values[scan_natural[position + run]] = (int16_t)scan_value(reader->bits, size);
    scan_drop(reader, size);
    return position + run + 1;
}

/* A block ends at a position above 63, with or without SCAN_END + 1. Where the symbols of an entry ran over the end
 * into the next block, the position without SCAN_END is above 64. */
CPU_INLINE int scan_overshot(ptrdiff_t position) { return (position & (SCAN_END - 1)) > 64; }

/* Decodes a block from its position 0 on, or with `skip` only its mean. Returns the position after it, SCAN_END + 2
 * for a block without AC; -1: it can't be decoded. Precondition: values are zeros; with `skip` any values. */
CPU_INLINE ptrdiff_t scan_block(scan_reader *reader, const scan_table *table, int16_t *values, int skip)
{
    const scan_entry *entries = table->starts;
    ptrdiff_t position = 0;
    int mean = 0;
    do {
        scan_fill(reader);
        const scan_entry *entry = &entries[reader->bits >> (64 - SCAN_BITS)];
        ptrdiff_t next = position + entry->advance;
        if (CPU_UNLIKELY(entry->length == 0 || scan_overshot(next))) {
            const int found = position ? table->ac.quick[reader->bits >> (64 - SCAN_QUICK_BITS)] : 0;
            const int run = found >> 4 & 15, size = found & 15;
            if (size && position + run < 64) {
                scan_drop(reader, found >> 8);
                values[scan_natural[position + run]] = (int16_t)scan_value(reader->bits, size);
                scan_drop(reader, size);
                next = position + run + 1;
            } else {
                scan_reader copy = *reader; /* so that the reader itself has no address, and stays in registers */
                next = scan_symbol(&copy, table, (int)position, values);
                if (next < 0) return -1;
                if (position == 0) mean = values[0];
                *reader = copy;
            }
        } else {
            if (!skip) {
                values[scan_natural[position + entry->first]] = entry->values[0];
                values[scan_natural[position + entry->second]] = entry->values[1];
            }
            mean += entry->mean;
            scan_drop(reader, entry->length);
        }
        position = next;
        entries = table->inner;
    } while (position < 64);
    values[0] = (int16_t)mean;
    return position;
}

/* A block of 8 x 8 samples without AC. */
CPU_INLINE void scan_flat(const idct_job *job)
{
    const int16_t value = idct_wrap((int32_t)idct_step(job->block[0], job->steps[0]) * 4);
    const uint64_t samples = idct_sample((value + 16) >> 5) * (uint64_t)0x0101010101010101;
    for (int y = 0; y < 8; y++) memcpy(job->out + y * job->step, &samples, 8);
}

/* --- Rows of MCUs ------------------------------------------------------------------------------------- */

/* Clears whole registers: gcc makes a string instruction of a memset of known length, which took a fifth of all
 * time. */
CPU_INLINE void scan_clear(int16_t *values)
{
    typedef int64_t wide __attribute__((vector_size(32), may_alias));
    for (int i = 0; i < 4; i++) ((wide *)values)[i] = (wide){0};
}

/* Sets which blocks of an MCU are in the picture, and for the first MCU of a row the places of their samples. */
static void scan_aim(scan_state *scan, ptrdiff_t mcu)
{
    for (int b = 0; b < scan->blocks; b++) {
        scan_place *place = &scan->places[b];
        const scan_component *component = &scan->components[place->component];
        const ptrdiff_t x = mcu * component->h + place->x, y = scan->row * component->v + place->y;
        place->wanted = x < component->columns && y < component->rows;
        if (mcu == 0 && place->wanted) place->out = component->first + (y * component->step + x) * component->size;
    }
}

/* Transforms the blocks of an MCU: two blocks of equal size at a time, the last of an odd number with itself. */
CPU_INLINE void scan_transform(scan_state *scan)
{
    idct_job jobs[2];
    idct_function waits = NULL;
    for (int b = 0; b < scan->blocks; b++) {
        scan_place *place = &scan->places[b];
        if (!place->wanted) continue;
        const idct_job job = {scan->values[b], place->steps, place->out, place->step};
        place->out += place->advance;
        if (scan->flat[b]) {
            scan_flat(&job);
        } else if (waits == place->transform) {
            jobs[1] = job;
            waits(&jobs[0], &jobs[1]);
            waits = NULL;
        } else {
            if (waits) waits(&jobs[0], &jobs[0]);
            jobs[0] = job;
            waits = place->transform;
        }
    }
    if (waits) waits(&jobs[0], &jobs[0]);
}

/* Decodes the blocks of an MCU to coefficients. */
CPU_INLINE int scan_mcu(scan_state *scan, scan_reader *reader)
{
    for (int b = 0; b < scan->blocks; b++) {
        const scan_place *place = &scan->places[b];
        int16_t *values = scan->values[b];
        ptrdiff_t end;
        if (place->skip) {
            end = scan_block(reader, place->table, values, 1);
        } else {
            scan_clear(values);
            end = scan_block(reader, place->table, values, 0);
            scan->flat[b] = place->whole && end == SCAN_END + 2;
        }
        if (CPU_UNLIKELY(end < 0)) return 0;
        int32_t *mean = &scan->mean[place->component];
        *mean = (int32_t)((uint32_t)*mean + (uint32_t)values[0]);
        values[0] = idct_wrap(*mean);
    }
    return 1;
}

CPU_INLINE int scan_row_body(scan_state *scan)
{
    scan_reader reader = scan->reader;
    scan_aim(scan, 0);
    for (ptrdiff_t mcu = 0; mcu < scan->mcus_across; mcu++) {
        if (CPU_UNLIKELY(scan->until_restart == 0 || reader.next > scan->safe)) {
            scan->reader = reader;
            if (!(scan->until_restart == 0 ? scan_restart(scan) : scan_feed(scan))) return 0;
            reader = scan->reader;
        }
        scan->until_restart--;
        if (mcu > 0 && mcu == scan->mcus_across - 1) scan_aim(scan, mcu);
        if (!scan_mcu(scan, &reader)) return 0;
        scan_transform(scan);
    }
    scan->reader = reader;
    scan->row++;
    return 1;
}

static int scan_row_portable(scan_state *scan) { return scan_row_body(scan); }

#if defined(CPU_AVX2_CODE)
CPU_AVX2_CODE static int scan_row_avx2(scan_state *scan) { return scan_row_body(scan); }
#endif

/* Decodes the next row of MCUs; false: libjpeg has to decode the file. Precondition: row < mcus_down. */
static int scan_row(scan_state *scan)
{
#if defined(CPU_AVX2_CODE)
    if (scan->avx2) return scan_row_avx2(scan);
#endif
    return scan_row_portable(scan);
}

/* The row of MCUs nearest to the middle of the picture, above or at it, at which a restart is; 0: there is none. */
static ptrdiff_t scan_middle(const scan_state *scan)
{
    if (scan->restart_interval <= 0) return 0;
    ptrdiff_t rows = scan->restart_interval, rest = scan->mcus_across;
    while (rest) {
        const ptrdiff_t next = rows % rest;
        rows = rest;
        rest = next;
    }
    rows = scan->restart_interval / rows; /* with a restart at every such number of rows */
    return scan->mcus_down / 2 / rows * rows;
}

/* The marker of a restart, the first being 1; NULL: there is none. */
static const uint8_t *scan_find_restart(const uint8_t *at, const uint8_t *end, ptrdiff_t restart)
{
    for (; at < end && (at = memchr(at, 0xFF, (size_t)(end - at))) && end - at >= 2; at += 2) {
        if (at[1] == 0) continue;
        if (at[1] < 0xD0 || at[1] > 0xD7) return NULL;
        if (--restart == 0) return at;
    }
    return NULL;
}

/* Divides a scan that was opened: the rows before `row` stay with it, and `second` has the others.
 * Preconditions: 0 < row < mcus_down; the restart before the row is the one of this number, the first being 1, and
 * has this marker; the scan outlives the second. */
static void scan_divide(scan_state *scan, scan_state *second, ptrdiff_t row, ptrdiff_t restart, const uint8_t *marker)
{
    /* Both use the tables and the steps of the first. */
    memcpy(second, scan, offsetof(scan_state, tables));
    second->row = row;
    second->at = marker;
    second->held = second->buffer;
    second->closed = 1;
    second->reader = (scan_reader){0, 0, second->buffer};
    second->next_restart = (int)((restart - 1) & 7);
    second->until_restart = 0;
    scan->mcus_down = row;
}

/* Precondition: all rows of the first of two parts were read: whether it ends at the marker of the second. */
static int scan_meets(scan_state *scan, const uint8_t *marker)
{
    return scan->until_restart == 0 && scan_at_marker(scan, (uint8_t)(0xD0 + scan->next_restart)) && scan->at == marker;
}

/* Precondition: all rows were read. */
static int scan_ended(scan_state *scan) { return scan_at_marker(scan, 0xD9); }

/* --- Start -------------------------------------------------------------------------------------------- */

/* Sets the table of a component, which an earlier component may share. */
static int scan_choose_table(scan_state *scan, int c)
{
    const scan_component *own = &scan->components[c];
    for (int i = 0; i < c; i++) {
        const scan_component *other = &scan->components[i];
        if (other->dc.counts == own->dc.counts && other->ac.counts == own->ac.counts
            && (other->size == 1) == (own->size == 1)) {
            scan->table_of[c] = scan->table_of[i];
            return 1;
        }
    }
    scan->table_of[c] = &scan->tables[c];
    return scan_set_table(&scan->tables[c], own->dc, own->ac, own->size == 1);
}

/* Sets up a scan; returns whether it is decoded here. Preconditions: `scan` has its components, their count, the
 * numbers of MCUs, the restart interval, avx2, at and end set and is zero elsewhere before its tables; planes have
 * memory for rows times columns of blocks of that size. */
static int scan_open(scan_state *scan)
{
    for (int c = 0; c < scan->count; c++) {
        const scan_component *component = &scan->components[c];
        if (scan->blocks + component->h * component->v > SCAN_BLOCKS) return 0;
        for (int i = 0; i < 64; i++) scan->steps[c][i] = idct_wrap(component->steps[i]);
        if (!scan_choose_table(scan, c)) return 0;
        for (int i = 0; i < component->h * component->v; i++) {
            scan->places[scan->blocks++] = (scan_place){
                .component = c,
                .x = i % component->h,
                .y = i / component->h,
                .skip = component->size == 1,
                .whole = component->size == 8,
                .table = scan->table_of[c],
                .transform = idct_for(component->size, scan->avx2),
                .steps = scan->steps[c],
                .step = component->step,
                .advance = (ptrdiff_t)component->h * component->size,
            };
        }
    }
    scan->until_restart = scan->restart_interval ? scan->restart_interval : -1;
    scan->held = scan->buffer;
    scan->reader.next = scan->buffer;
    return scan_feed(scan);
}

#endif
