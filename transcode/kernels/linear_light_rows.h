/* Reduction of pictures in linear light.
 *
 * Pixels are four octets: red, green and blue in sRGB, and a fourth sample that is taken as it is. Each row of
 * the source becomes linear and is reduced once; the sums of the rows that an output row needs stand in a
 * ring. Light adds up: a thin dark line on white that is averaged in sRGB comes out too dark.
 */

#ifndef TRANSCODE_LIGHT_ROWS_H
#define TRANSCODE_LIGHT_ROWS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <Python.h>

/* Levels of linear light; a step is a fifth of a level of sRGB in the darkest shades. */
enum { LIGHT_LEVELS = 1 << 14 };

/* Windows of one direction: for each output sample where its window begins, and as many weights as taps. A
 * window lies within the source; starts never fall. */
typedef struct {
    const int32_t *starts;
    const float *weights;
    Py_ssize_t count;
    Py_ssize_t taps;
} light_windows;

/* One row: linear, four samples a pixel. */
static void light_row(const uint8_t *pixels, Py_ssize_t columns, const float *linear, float *out)
{
    for (Py_ssize_t x = 0; x < columns; x++) {
        for (int c = 0; c < 3; c++) {
            out[4 * x + c] = linear[pixels[4 * x + c]];
        }
        out[4 * x + 3] = (float)pixels[4 * x + 3];
    }
}

/* A row reduced sideways. */
static void light_across(const float *row, const light_windows *windows, float *out)
{
    for (Py_ssize_t x = 0; x < windows->count; x++) {
        const float *weights = windows->weights + x * windows->taps, *from = row + 4 * windows->starts[x];
        float sums[4] = {0, 0, 0, 0};
        for (Py_ssize_t tap = 0; tap < windows->taps; tap++) {
            for (int c = 0; c < 4; c++) {
                sums[c] += weights[tap] * from[4 * tap + c];
            }
        }
        memcpy(out + 4 * x, sums, sizeof sums);
    }
}

static inline uint8_t light_level(float value, const uint8_t *levels)
{
    float at = value * (LIGHT_LEVELS - 1) + 0.5f;
    return levels[at < 0 ? 0 : at > LIGHT_LEVELS - 1 ? LIGHT_LEVELS - 1 : (int)at];
}

/* Scratch: a row of the source, a ring of down->taps rows of the output and one of sums, all of floats. */
static void light_reduce(
    const uint8_t *pixels, Py_ssize_t step, Py_ssize_t columns, const light_windows *across,
    const light_windows *down, const float *linear, const uint8_t *levels, float *scratch, uint8_t *out)
{
    const Py_ssize_t length = 4 * across->count;
    float *row = scratch, *sums = row + 4 * columns, *ring = sums + length;
    Py_ssize_t ready = 0;
    for (Py_ssize_t y = 0; y < down->count; y++) {
        const Py_ssize_t start = down->starts[y];
        ready = ready < start ? start : ready;
        for (; ready < start + down->taps; ready++) {
            light_row(pixels + ready * step, columns, linear, row);
            light_across(row, across, ring + ready % down->taps * length);
        }
        memset(sums, 0, (size_t)length * sizeof *sums);
        for (Py_ssize_t tap = 0; tap < down->taps; tap++) {
            const float weight = down->weights[y * down->taps + tap];
            const float *from = ring + (start + tap) % down->taps * length;
            for (Py_ssize_t x = 0; x < length; x++) {
                sums[x] += weight * from[x];
            }
        }
        for (Py_ssize_t x = 0; x < length; x += 4) {
            float last = sums[x + 3] + 0.5f;
            for (int c = 0; c < 3; c++) {
                out[y * length + x + c] = light_level(sums[x + c], levels);
            }
            out[y * length + x + 3] = last < 0 ? 0 : last > 255 ? 255 : (uint8_t)last;
        }
    }
}

#endif
