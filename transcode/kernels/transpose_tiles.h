/* Rows of samples become columns.
 *
 *   transpose_plane   the whole plane
 *
 * A tile of 16 x 16 samples is 16 registers, which four steps of interleaving transpose; gcc and clang have such
 * registers on every processor that this is built for. Nothing here allocates or can fail.
 */

#ifndef TRANSCODE_TRANSPOSE_TILES_H
#define TRANSCODE_TRANSPOSE_TILES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"

enum {
    TRANSPOSE_TILE = 16,
    /* Rows of tiles that are done together: the columns that come of them fill lines of the cache. */
    TRANSPOSE_BAND = 64,
};

typedef uint8_t transpose_row __attribute__((vector_size(TRANSPOSE_TILE)));

#define TRANSPOSE_LOW(a, b) \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define TRANSPOSE_HIGH(a, b) \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

/* Each step interleaves row i with row i + 8. It turns the eight bits of a sample's row and column, of which four
 * are the row's, by one place; four steps exchange row and column. */
CPU_INLINE void transpose_step(const transpose_row from[TRANSPOSE_TILE], transpose_row to[TRANSPOSE_TILE])
{
    for (int i = 0; i < TRANSPOSE_TILE / 2; i++) {
        to[2 * i] = TRANSPOSE_LOW(from[i], from[i + TRANSPOSE_TILE / 2]);
        to[2 * i + 1] = TRANSPOSE_HIGH(from[i], from[i + TRANSPOSE_TILE / 2]);
    }
}

CPU_INLINE void transpose_tile(const uint8_t *src, ptrdiff_t src_step, uint8_t *dst, ptrdiff_t dst_step)
{
    transpose_row a[TRANSPOSE_TILE], b[TRANSPOSE_TILE];
    for (int i = 0; i < TRANSPOSE_TILE; i++) memcpy(&a[i], src + i * src_step, TRANSPOSE_TILE);
    transpose_step(a, b);
    transpose_step(b, a);
    transpose_step(a, b);
    transpose_step(b, a);
    for (int i = 0; i < TRANSPOSE_TILE; i++) memcpy(dst + i * dst_step, &a[i], TRANSPOSE_TILE);
}

/* A part of a plane that is smaller than a tile. */
static void transpose_rest(
    const uint8_t *src, ptrdiff_t src_step, ptrdiff_t width, ptrdiff_t height, uint8_t *dst, ptrdiff_t dst_step)
{
    for (ptrdiff_t y = 0; y < height; y++) {
        for (ptrdiff_t x = 0; x < width; x++) dst[x * dst_step + y] = src[y * src_step + x];
    }
}

/* width x height samples at src become height x width samples at dst. Rows are `src_step` and `dst_step` octets
 * apart, which may be below 0; src and dst do not overlap. */
static void transpose_plane(
    const uint8_t *src, ptrdiff_t src_step, ptrdiff_t width, ptrdiff_t height, uint8_t *dst, ptrdiff_t dst_step)
{
    const ptrdiff_t across = width / TRANSPOSE_TILE * TRANSPOSE_TILE, down = height / TRANSPOSE_TILE * TRANSPOSE_TILE;
    for (ptrdiff_t band = 0; band < down; band += TRANSPOSE_BAND) {
        const ptrdiff_t end = band + TRANSPOSE_BAND < down ? band + TRANSPOSE_BAND : down;
        for (ptrdiff_t x = 0; x < across; x += TRANSPOSE_TILE) {
            for (ptrdiff_t y = band; y < end; y += TRANSPOSE_TILE) {
                transpose_tile(src + y * src_step + x, src_step, dst + x * dst_step + y, dst_step);
            }
        }
    }
    transpose_rest(src + across, src_step, width - across, down, dst + across * dst_step, dst_step);
    transpose_rest(src + down * src_step, src_step, width, height - down, dst + down, dst_step);
}

#endif
