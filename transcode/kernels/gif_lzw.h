/* A frame of a GIF: colours chosen from a palette, and coded by LZW with matches that may be lossy.
 *
 * The LZW of GIF is in appendix F of the GIF89a specification: codes of 3 to 12 bits, low bits first, in blocks of
 * at most 255 octets. A string of the dictionary need not have a pixel's colour exactly: each colour whose error is
 * within the limit may represent the pixel. Of all strings that may come next, the coder takes the one with the
 * lowest cost per pixel, error and code together. The rest of an error is carried to the next pixel, so that areas
 * keep their colour. The index that leaves a pixel unchanged may also represent it, where the shown colour is near
 * enough.
 *
 * Nothing here allocates or can fail. Errors are weighted squares: 2 for red, 4 for green, 1 for blue,
 * at most 7 * 255^2; with carried errors, at most 16 times 7 * 255^2.
 *
 * Longer than 500 lines: the coder, its dictionary and its choice of strings are one loop over the pixels, inlined.
 */

#ifndef TRANSCODE_GIF_LZW_H
#define TRANSCODE_GIF_LZW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <Python.h>

#include "cpu.h"

enum {
    GIF_CODES = 4096,
    GIF_CACHE = 1 << 15,
    /* Number of codes after which a full dictionary is compared, and cleared if it compresses worse than while it
     * grew. */
    GIF_WEIGH = 256,
    GIF_OPAQUE = 128,
};

typedef struct {
    int16_t r, g, b;
} gif_error;

typedef struct {
    int16_t child[GIF_CODES];
    int16_t sibling[GIF_CODES];
    int16_t parent[GIF_CODES];
    uint8_t suffix[GIF_CODES];
    uint8_t first[GIF_CODES];
    /* The walk through the dictionary, by depth. */
    int16_t walk[GIF_CODES + 1];
    gif_error carried[GIF_CODES + 1];
    int64_t cost[GIF_CODES + 1];
    /* The palette by channels, the error of each colour for a pixel, and whether the colour may represent the
     * pixel. */
    float red[256], green[256], blue[256], norm[256];
    uint8_t near[256];
} gif_work;

typedef struct {
    uint8_t *out;
    Py_ssize_t size;
    Py_ssize_t length;
    Py_ssize_t block;
    uint64_t bits;
    int count;
} gif_writer;

typedef struct {
    const uint8_t *palette;
    int colours;
    int keep;
    int bits;
    int32_t limit;
    int64_t code_cost;
} gif_choice;

/* The pixels of the coded part, row by row. */
typedef struct {
    uint8_t *want;
    uint8_t *held;
    uint8_t *nearest;
    Py_ssize_t count;
} gif_pixels;

CPU_INLINE int32_t gif_norm(int r, int g, int b)
{
    return 2 * r * r + 4 * g * g + b * b;
}

enum {
    GIF_LANES = 8,
    /* Further from every colour than any is, and still an error of less than 2^23. */
    GIF_FAR = 1000,
};

/* A palette by channels, with colours that are far from all behind its last. */
typedef struct {
    float red[256], green[256], blue[256];
    int colours;
} gif_colours;

static void gif_lay_out(gif_colours *colours, const uint8_t *palette, int count)
{
    for (int i = 0; i < 256; i++) {
        colours->red[i] = i < count ? palette[3 * i] : GIF_FAR;
        colours->green[i] = i < count ? palette[3 * i + 1] : GIF_FAR;
        colours->blue[i] = i < count ? palette[3 * i + 2] : GIF_FAR;
    }
    colours->colours = count;
}

/* The index of the nearest colour, the first of several. Errors are whole and below 2^23: floats hold them
 * exactly, and so does a number with the index in its low octet. */
static int gif_search(const gif_colours *colours, int r, int g, int b)
{
    const float red = (float)r, green = (float)g, blue = (float)b;
    int32_t least[GIF_LANES], best = INT32_MAX;
    for (int lane = 0; lane < GIF_LANES; lane++) {
        least[lane] = INT32_MAX;
    }
    for (int first = 0; first < colours->colours; first += GIF_LANES) {
        for (int lane = 0; lane < GIF_LANES; lane++) {
            const float x = red - colours->red[first + lane], y = green - colours->green[first + lane];
            const float z = blue - colours->blue[first + lane];
            const int32_t entry = (int32_t)(2 * x * x + 4 * y * y + z * z) * 256 + first + lane;
            least[lane] = entry < least[lane] ? entry : least[lane];
        }
    }
    for (int lane = 0; lane < GIF_LANES; lane++) {
        best = least[lane] < best ? least[lane] : best;
    }
    return best & 255;
}

/* An entry is a colour and its index. An empty entry holds a colour of another entry: 0, which belongs at entry 0,
 * and at entry 0 the colour 1. */
static void gif_forget(uint32_t *cache)
{
    memset(cache, 0, GIF_CACHE * sizeof *cache);
    cache[0] = 1u << 8;
}

CPU_INLINE uint32_t gif_slot(uint32_t rgb)
{
    return (uint32_t)(rgb * 2654435761u) >> 17;
}

CPU_INLINE int gif_nearest(const gif_colours *colours, uint32_t *cache, int r, int g, int b)
{
    uint32_t rgb = (uint32_t)r << 16 | (uint32_t)g << 8 | (uint32_t)b;
    uint32_t *entry = cache + gif_slot(rgb);
    if (*entry >> 8 != rgb) {
        *entry = rgb << 8 | (uint32_t)gif_search(colours, r, g, b);
    }
    return (int)(*entry & 255);
}

CPU_INLINE int gif_clip(int value)
{
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* Whether a pixel may stay as it is shown: its error is within the limit, or no colour of the palette is nearer. */
CPU_INLINE int gif_may_stay(const uint8_t *want, const uint8_t *held, const uint8_t *best, int32_t limit)
{
    int32_t norm;
    if (want[3] < GIF_OPAQUE) {
        return held[3] < GIF_OPAQUE;
    }
    if (held[3] < GIF_OPAQUE) {
        return 0;
    }
    norm = gif_norm(want[0] - held[0], want[1] - held[1], want[2] - held[2]);
    return norm <= limit || (held[0] == best[0] && held[1] == best[1] && held[2] == best[2]);
}

/* --- The file -------------------------------------------------------------------------------------- */

CPU_INLINE void gif_octet(gif_writer *writer, uint8_t octet)
{
    if (writer->block == 0) {
        writer->length++;
    }
    if (writer->length < writer->size) {
        writer->out[writer->length] = octet;
    }
    writer->length++;
    if (++writer->block == 255) {
        if (writer->length <= writer->size) {
            writer->out[writer->length - 256] = 255;
        }
        writer->block = 0;
    }
}

CPU_INLINE void gif_code(gif_writer *writer, int code, int width)
{
    writer->bits |= (uint64_t)code << writer->count;
    writer->count += width;
    while (writer->count >= 8) {
        gif_octet(writer, (uint8_t)writer->bits);
        writer->bits >>= 8;
        writer->count -= 8;
    }
}

static void gif_finish(gif_writer *writer)
{
    if (writer->count > 0) {
        gif_octet(writer, (uint8_t)writer->bits);
    }
    if (writer->block > 0 && writer->length <= writer->size) {
        writer->out[writer->length - writer->block - 1] = (uint8_t)writer->block;
    }
    if (writer->length < writer->size) {
        writer->out[writer->length] = 0;
    }
    writer->length++;
}

/* --- The dictionary --------------------------------------------------------------------------------- */

static void gif_clear(gif_work *work, int roots)
{
    memset(work->child, -1, (size_t)roots * sizeof work->child[0]);
    for (int i = 0; i < roots; i++) {
        work->parent[i] = -1;
        work->suffix[i] = work->first[i] = (uint8_t)i;
    }
}

CPU_INLINE int gif_has_child(const gif_work *work, int node, int suffix)
{
    for (int c = work->child[node]; c >= 0; c = work->sibling[c]) {
        if (work->suffix[c] == suffix) {
            return 1;
        }
    }
    return 0;
}

CPU_INLINE void gif_add_child(gif_work *work, int node, int code, int suffix)
{
    work->child[code] = -1;
    work->sibling[code] = work->child[node];
    work->parent[code] = (int16_t)node;
    work->suffix[code] = (uint8_t)suffix;
    work->first[code] = work->first[node];
    work->child[node] = (int16_t)code;
}

/* Whether a symbol may represent a pixel; if so, sets its error and the error that is carried to the next pixel. */
CPU_INLINE int gif_stands_for(
    const gif_pixels *pixels, const gif_choice *choice, Py_ssize_t at, int symbol, const gif_error *carried,
    gif_error *remains, int32_t *error)
{
    const uint8_t *want = pixels->want + 4 * at, *shown;
    int nearest = pixels->nearest[at], r, g, b;
    int32_t norm;
    if (want[3] != 255) {
        /* Only keep represents a pixel that is clear, or stays. */
        remains->r = remains->g = remains->b = 0;
        *error = 0;
        return symbol == choice->keep;
    }
    if (symbol == choice->keep) {
        return 0;
    }
    shown = choice->palette + 3 * symbol;
    r = want[0] - shown[0] + carried->r;
    g = want[1] - shown[1] + carried->g;
    b = want[2] - shown[2] + carried->b;
    norm = gif_norm(r, g, b);
    if (symbol != nearest && (choice->limit == 0 || norm > choice->limit)) {
        return 0;
    }
    remains->r = (int16_t)(r * 3 / 4);
    remains->g = (int16_t)(g * 3 / 4);
    remains->b = (int16_t)(b * 3 / 4);
    *error = norm;
    return 1;
}

typedef struct {
    int node;
    Py_ssize_t length;
    int64_t cost;
    gif_error remains;
} gif_match;

/* Takes a string as the best one when its cost per pixel is lower; of equal costs, the longer string. */
CPU_INLINE void gif_consider(
    gif_match *best, int node, Py_ssize_t length, int64_t cost, const gif_error *remains)
{
    int64_t mine = cost * best->length, other = best->cost * length;
    if (best->node < 0 || mine < other || (mine == other && length > best->length)) {
        best->node = node;
        best->length = length;
        best->cost = cost;
        best->remains = *remains;
    }
}

static void gif_spread_palette(gif_work *work, const gif_choice *choice)
{
    memset(work->near, 0, sizeof work->near);
    for (int i = 0; i < choice->colours; i++) {
        work->red[i] = choice->palette[3 * i];
        work->green[i] = choice->palette[3 * i + 1];
        work->blue[i] = choice->palette[3 * i + 2];
    }
}

/* The error of every colour for a pixel. Errors are whole numbers below 2^24: floats hold them exactly. */
CPU_INLINE void gif_weigh(gif_work *work, const gif_choice *choice, const uint8_t *want, const gif_error *carried)
{
    const float r = want[0] + carried->r, g = want[1] + carried->g, b = want[2] + carried->b;
    const float limit = choice->limit;
    for (int i = 0; i < choice->colours; i++) {
        float red = r - work->red[i], green = g - work->green[i], blue = b - work->blue[i];
        work->norm[i] = 2 * red * red + 4 * green * green + blue * blue;
    }
    for (int i = 0; i < choice->colours; i++) {
        work->near[i] = work->norm[i] <= limit;
    }
}

/* The strings that begin with a symbol that may represent a pixel. */
static void gif_follow(
    gif_work *work, const gif_pixels *pixels, const gif_choice *choice, Py_ssize_t at, int root,
    const gif_error *carried, gif_match *best)
{
    int depth = 0;
    int32_t error;
    gif_error remains;
    if (gif_stands_for(pixels, choice, at, root, carried, &remains, &error)) {
        int64_t cost = choice->code_cost + error;
        gif_consider(best, root, 1, cost, &remains);
        depth = 1;
        work->walk[1] = work->child[root];
        work->carried[1] = remains;
        work->cost[1] = cost;
    }
    while (depth > 0) {
        int node = work->walk[depth];
        if (node < 0 || at + depth >= pixels->count) {
            depth--;
            continue;
        }
        work->walk[depth] = work->sibling[node];
        if (gif_stands_for(
                pixels, choice, at + depth, work->suffix[node], &work->carried[depth], &remains, &error)) {
            int64_t cost = work->cost[depth] + error;
            gif_consider(best, node, depth + 1, cost, &remains);
            depth++;
            work->walk[depth] = work->child[node];
            work->carried[depth] = remains;
            work->cost[depth] = cost;
        }
    }
}

static gif_match gif_find(
    gif_work *work, const gif_pixels *pixels, const gif_choice *choice, Py_ssize_t at, const gif_error *carried)
{
    gif_match best = {-1, 0, 0, {0, 0, 0}};
    if (pixels->want[4 * at + 3] != 255) {
        gif_follow(work, pixels, choice, at, choice->keep, carried, &best);
        return best;
    }
    if (choice->limit == 0) {
        gif_follow(work, pixels, choice, at, pixels->nearest[at], carried, &best);
        return best;
    }
    gif_weigh(work, choice, pixels->want + 4 * at, carried);
    work->near[pixels->nearest[at]] = 1;
    for (int first = 0; first < choice->colours; first += 8) {
        uint64_t eight;
        memcpy(&eight, work->near + first, sizeof eight);
        for (int root = first; eight != 0 && root < first + 8; root++) {
            if (work->near[root]) {
                gif_follow(work, pixels, choice, at, root, carried, &best);
            }
        }
    }
    return best;
}

/* Sets the shown pixels of a string. */
static void gif_show(
    const gif_work *work, const gif_choice *choice, gif_pixels *pixels, Py_ssize_t at, const gif_match *match)
{
    Py_ssize_t place = at + match->length - 1;
    for (int node = match->node; node >= 0; node = work->parent[node], place--) {
        int symbol = work->suffix[node];
        if (symbol != choice->keep) {
            memcpy(pixels->held + 4 * place, choice->palette + 3 * symbol, 3);
            pixels->held[4 * place + 3] = 255;
        }
    }
}

/* Codes all pixels. `held` becomes the shown pixels.
 *
 * Every pixel has a symbol: its nearest colour, or keep where it is clear.
 */
static void gif_pack(gif_work *work, gif_pixels *pixels, const gif_choice *choice, gif_writer *writer)
{
    const int clear = 1 << choice->bits, end = clear + 1;
    int next = end + 1, width = choice->bits + 1, before = -1;
    Py_ssize_t at = 0, since = 0, codes = 0, weighed = 0, grown = 0, grown_codes = 0;
    gif_error carried = {0, 0, 0};
    gif_spread_palette(work, choice);
    gif_code(writer, clear, width);
    gif_clear(work, clear);
    while (at < pixels->count) {
        int guess = -1;
        gif_match match;
        if (before >= 0 && next < GIF_CODES && !gif_has_child(work, before, work->first[before])) {
            /* The string that the next code may complete: the last string and its first symbol again. */
            guess = next;
            gif_add_child(work, before, guess, work->first[before]);
        }
        match = gif_find(work, pixels, choice, at, &carried);
        gif_code(writer, match.node, width);
        gif_show(work, choice, pixels, at, &match);
        codes++;
        if (before >= 0 && next < GIF_CODES) {
            int symbol = work->first[match.node];
            if (guess >= 0 && symbol != work->first[before]) {
                work->child[before] = work->sibling[guess];
                guess = -1;
            }
            if (guess < 0 && !gif_has_child(work, before, symbol)) {
                gif_add_child(work, before, next, symbol);
            }
            next++;
            if (next == 1 << width && width < 12) {
                width++;
            }
        }
        before = match.node;
        at += match.length;
        carried = match.remains;
        if (next < GIF_CODES) {
            continue;
        }
        if (grown_codes == 0) {
            grown = at - since;
            grown_codes = codes;
            weighed = at;
            codes = 0;
        } else if (codes == GIF_WEIGH) {
            if ((at - weighed) * grown_codes < grown * codes) {
                gif_code(writer, clear, width);
                gif_clear(work, clear);
                next = end + 1;
                width = choice->bits + 1;
                before = -1;
                since = at;
                grown_codes = 0;
            }
            weighed = at;
            codes = 0;
        }
    }
    gif_code(writer, end, width);
    gif_finish(writer);
}

/* --- A frame ------------------------------------------------------------------------------------------ */

/* Pixels are four octets: red, green, blue, and clear below GIF_OPAQUE. */
typedef struct {
    const uint8_t *want;
    Py_ssize_t want_step;
    /* The wanted pixels of the frame before; NULL for the first frame. */
    const uint8_t *before;
    Py_ssize_t before_step;
    /* The shown pixels. */
    uint8_t *shown;
    Py_ssize_t shown_step;
    Py_ssize_t rows, columns;
    /* Ordered dithering: the shift of a pixel away from its nearest colour before a colour is chosen, in sixteenths
     * of the distance between both. */
    const int16_t *pattern;
    Py_ssize_t pattern_rows, pattern_columns;
    uint32_t *cache;
    gif_colours colours;
} gif_frame;

/* Prepare a frame for a palette. A pattern that moves no pixel is not looked up. */
static void gif_begin(gif_frame *frame, const gif_choice *choice)
{
    Py_ssize_t size = frame->pattern == NULL ? 0 : frame->pattern_rows * frame->pattern_columns, i = 0;
    while (i < size && frame->pattern[i] == 0) {
        i++;
    }
    if (i == size) {
        frame->pattern = NULL;
    }
    gif_lay_out(&frame->colours, choice->palette, choice->colours);
}

typedef struct {
    Py_ssize_t top, left, bottom, right;
} gif_box;

/* Sets the dithered colour of a pixel, and returns the index of its nearest colour. */
CPU_INLINE int gif_aim(
    const gif_frame *frame, const gif_choice *choice, Py_ssize_t row, Py_ssize_t column, uint8_t *aim)
{
    const uint8_t *want = frame->want + row * frame->want_step + 4 * column, *near;
    int shift, index;
    aim[3] = want[3];
    if (want[3] < GIF_OPAQUE) {
        aim[0] = aim[1] = aim[2] = 0;
        return 0;
    }
    index = gif_nearest(&frame->colours, frame->cache, want[0], want[1], want[2]);
    if (frame->pattern == NULL) {
        memcpy(aim, want, 3);
        return index;
    }
    near = choice->palette + 3 * index;
    shift = frame->pattern[(row % frame->pattern_rows) * frame->pattern_columns + column % frame->pattern_columns];
    if (shift == 0 || (near[0] == want[0] && near[1] == want[1] && near[2] == want[2])) {
        memcpy(aim, want, 3);
        return index;
    }
    for (int i = 0; i < 3; i++) {
        aim[i] = (uint8_t)gif_clip(want[i] + (want[i] - near[i]) * shift / 16);
    }
    return gif_nearest(&frame->colours, frame->cache, aim[0], aim[1], aim[2]);
}

/* Whether the wanted row is that of the frame before, and all its pixels are shown: such a row is not coded. */
static int gif_row_stays(const gif_frame *frame, Py_ssize_t row)
{
    const uint8_t *shown = frame->shown + row * frame->shown_step;
    uint8_t alphas = 255;
    if (frame->before == NULL ||
        memcmp(
            frame->want + row * frame->want_step, frame->before + row * frame->before_step,
            4 * (size_t)frame->columns) != 0) {
        return 0;
    }
    for (Py_ssize_t column = 0; column < frame->columns; column++) {
        alphas &= shown[4 * column + 3];
    }
    return alphas >= GIF_OPAQUE;
}

/* The part that must be coded, united with a given part; empty when both are empty. */
static gif_box gif_bounds(const gif_frame *frame, const gif_choice *choice, gif_box box)
{
    if (box.top >= box.bottom || box.left >= box.right) {
        box.top = frame->rows;
        box.left = frame->columns;
        box.bottom = box.right = 0;
    }
    for (Py_ssize_t row = 0; row < frame->rows; row++) {
        const uint8_t *want = frame->want + row * frame->want_step;
        const uint8_t *before = frame->before == NULL ? NULL : frame->before + row * frame->before_step;
        const uint8_t *shown = frame->shown + row * frame->shown_step;
        if (gif_row_stays(frame, row)) {
            continue;
        }
        for (Py_ssize_t column = 0; column < frame->columns; column++) {
            uint8_t aim[4];
            int index;
            if (row >= box.top && row < box.bottom && column >= box.left && column < box.right) {
                column = box.right - 1;
                continue;
            }
            if (before != NULL && shown[4 * column + 3] >= GIF_OPAQUE &&
                memcmp(want + 4 * column, before + 4 * column, 4) == 0) {
                continue;
            }
            index = gif_aim(frame, choice, row, column, aim);
            if (choice->keep >= 0 &&
                gif_may_stay(aim, shown + 4 * column, choice->palette + 3 * index, choice->limit)) {
                continue;
            }
            box.top = row < box.top ? row : box.top;
            box.bottom = row >= box.bottom ? row + 1 : box.bottom;
            box.left = column < box.left ? column : box.left;
            box.right = column >= box.right ? column + 1 : box.right;
        }
    }
    return box;
}

/* Copies the pixels of a part row by row. Returns 0 when a pixel is clear and no index keeps pixels. */
static int gif_gather(const gif_frame *frame, const gif_choice *choice, gif_box box, gif_pixels *pixels)
{
    Py_ssize_t at = 0;
    for (Py_ssize_t row = box.top; row < box.bottom; row++) {
        const uint8_t *shown = frame->shown + row * frame->shown_step;
        for (Py_ssize_t column = box.left; column < box.right; column++, at++) {
            pixels->nearest[at] = (uint8_t)gif_aim(frame, choice, row, column, pixels->want + 4 * at);
            memcpy(pixels->held + 4 * at, shown + 4 * column, 4);
            if (pixels->want[4 * at + 3] < GIF_OPAQUE) {
                if (choice->keep < 0) {
                    return 0;
                }
            } else if (
                choice->keep >= 0 && gif_may_stay(
                    pixels->want + 4 * at, shown + 4 * column, choice->palette + 3 * pixels->nearest[at],
                    choice->limit)) {
                pixels->want[4 * at + 3] = GIF_OPAQUE;
            } else {
                pixels->want[4 * at + 3] = 255;
            }
        }
    }
    pixels->count = at;
    return 1;
}

static void gif_scatter(const gif_frame *frame, gif_box box, const gif_pixels *pixels)
{
    Py_ssize_t wide = box.right - box.left;
    for (Py_ssize_t row = box.top; row < box.bottom; row++) {
        uint8_t *shown = frame->shown + row * frame->shown_step + 4 * box.left;
        memcpy(shown, pixels->held + 4 * (row - box.top) * wide, (size_t)(4 * wide));
    }
}

/* --- Colours ------------------------------------------------------------------------------------------- */

enum { GIF_TABLE = 1024, GIF_BIN_BITS = 6, GIF_BINS = 1 << 3 * GIF_BIN_BITS };

/* Add the colours of opaque pixels to a table of GIF_TABLE entries, 0 where empty, else the colour plus one. Stops
 * when there are more than `most` colours. */
static int gif_count(
    const uint8_t *pixels, Py_ssize_t step, Py_ssize_t rows, Py_ssize_t columns, uint32_t *table, int count,
    int most)
{
    uint32_t last = 0;
    for (Py_ssize_t row = 0; row < rows; row++) {
        const uint8_t *at = pixels + row * step;
        for (Py_ssize_t column = 0; column < columns; column++, at += 4) {
            uint32_t entry = ((uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2]) + 1, slot;
            if (entry == last || at[3] < GIF_OPAQUE) {
                continue;
            }
            last = entry;
            for (slot = (uint32_t)(entry * 2654435761u) >> 22; table[slot] != 0 && table[slot] != entry;) {
                slot = (slot + 1) % GIF_TABLE;
            }
            if (table[slot] == 0) {
                if (count >= most) {
                    return most + 1;
                }
                table[slot] = entry;
                count++;
            }
        }
    }
    return count;
}

/* Adds the opaque pixels of every `every`-th row and column to bins of colours with equal high GIF_BIN_BITS bits. A
 * bin has the sums of red, green and blue, and the number of pixels. */
static void gif_bin(
    const uint8_t *pixels, Py_ssize_t step, Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t every, uint64_t *sums)
{
    enum { LOW = 8 - GIF_BIN_BITS };
    for (Py_ssize_t row = 0; row < rows; row += every) {
        const uint8_t *line = pixels + row * step;
        for (Py_ssize_t column = 0; column < columns; column += every) {
            const uint8_t *at = line + 4 * column;
            uint64_t *bin;
            if (at[3] < GIF_OPAQUE) {
                continue;
            }
            bin = sums
                + 4 * ((Py_ssize_t)(at[0] >> LOW) << 2 * GIF_BIN_BITS | (at[1] >> LOW) << GIF_BIN_BITS | at[2] >> LOW);
            bin[0] += at[0];
            bin[1] += at[1];
            bin[2] += at[2];
            bin[3]++;
        }
    }
}

/* Finds the nearest centre of each point, and for each centre the weighted sums of its points and the sum of their
 * weights. Points and centres have three numbers. distances: room for one number for each centre. */
static void gif_assign(
    const float *points, const float *weights, Py_ssize_t count, const float *centres, Py_ssize_t clusters,
    float *distances, double *sums)
{
    memset(sums, 0, 4 * (size_t)clusters * sizeof *sums);
    for (Py_ssize_t i = 0; i < count; i++) {
        const float *point = points + 3 * i;
        Py_ssize_t best = 0;
        double weight = weights[i];
        for (Py_ssize_t k = 0; k < clusters; k++) {
            float r = point[0] - centres[k], g = point[1] - centres[clusters + k];
            float b = point[2] - centres[2 * clusters + k];
            distances[k] = r * r + g * g + b * b;
        }
        for (Py_ssize_t k = 1; k < clusters; k++) {
            best = distances[k] < distances[best] ? k : best;
        }
        for (int c = 0; c < 3; c++) {
            sums[4 * best + c] += weight * point[c];
        }
        sums[4 * best + 3] += weight;
    }
}

/* --- Pictures with a palette ------------------------------------------------------------------------ */

/* Spread a share of an error, in sixteenths of a level, as Floyd and Steinberg do (1976). */
CPU_INLINE void gif_diffuse(int32_t *row, int32_t *next, Py_ssize_t at, int32_t error)
{
    row[at + 3] += error * 7 / 16;
    next[at - 3] += error * 3 / 16;
    next[at] += error * 5 / 16;
    next[at + 3] += error / 16;
}

/* Sets, for each pixel, the index of the colour nearest to the pixel plus the errors of its neighbours.
 * errors: 2 rows of 3 (columns + 2). */
static void gif_index(
    const gif_frame *frame, const gif_choice *choice, int strength, int32_t *errors, uint8_t *out,
    Py_ssize_t out_step)
{
    Py_ssize_t length = 3 * (frame->columns + 2);
    memset(errors, 0, 2 * (size_t)length * sizeof *errors);
    for (Py_ssize_t y = 0; y < frame->rows; y++) {
        const uint8_t *want = frame->want + y * frame->want_step;
        int32_t *row = errors + (y & 1) * length, *next = errors + (~y & 1) * length;
        memset(next, 0, (size_t)length * sizeof *next);
        for (Py_ssize_t x = 0; x < frame->columns; x++) {
            int aim[3], index;
            for (int c = 0; c < 3; c++) {
                /* Halves round up; 4096 keeps the shifted number above 0. */
                aim[c] = gif_clip(want[4 * x + c] + ((row[3 * (x + 1) + c] + 8 + 4096 * 16) >> 4) - 4096);
            }
            index = gif_nearest(&frame->colours, frame->cache, aim[0], aim[1], aim[2]);
            out[y * out_step + x] = (uint8_t)index;
            for (int c = 0; c < 3 && strength > 0; c++) {
                int32_t error = aim[c] - choice->palette[3 * index + c];
                gif_diffuse(row + c, next + c, 3 * (x + 1), strength * error);
            }
        }
    }
}

#endif
