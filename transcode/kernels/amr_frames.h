/* AMR sound (3GPP TS 26.071 and 26.171), coded and decoded by libopencore-amr.
 *
 * Frames are in the storage format of RFC 4867, section 5.3: one octet of header, of which bits 3 to 6 are
 * the frame type, bit 2 is the quality bit Q and the others are zero, then the octets of that type. A frame
 * is 20 ms: 160 samples of AMR-NB, 320 of AMR-WB.
 *
 *     amr_frame_size    octets of a frame by its header, 0 where the octet is no header
 *     amr_scan          counts whole frames
 *     amr_find          finds frames behind other octets
 *     amr_decode        frames to samples
 *     amr_encode        samples to frames (AMR-NB only)
 *
 * No function allocates or can fail.
 */

#ifndef TRANSCODE_AMR_FRAMES_H
#define TRANSCODE_AMR_FRAMES_H

#include <stdint.h>
#include <string.h>

#include <Python.h>

#include <opencore-amrnb/interf_dec.h>
#include <opencore-amrnb/interf_enc.h>
#include <opencore-amrwb/dec_if.h>

#ifndef VERSION_OF_OPENCORE_AMRNB
#define VERSION_OF_OPENCORE_AMRNB ""
#endif

enum {
    AMR_NARROW = 160,
    AMR_WIDE = 320,
    /* The largest frame of AMR-NB. */
    AMR_MOST = 32,
    /* The header of a frame whose type is NO_DATA, and of a lost one of AMR-WB, both good. */
    AMR_NO_DATA = 15 << 3 | 4,
    AMR_LOST = 14 << 3 | 4,
    /* What must be zero in a header. */
    AMR_PADDING = 0x83,
    AMR_GOOD = 4,
};

/* By the frame type, the header included; 0 for types that are reserved (RFC 4867, tables 1 and 2 of section
 * 3.6; 3GPP TS 26.101, table 1a, and 26.201, table 1a). Types 9 to 11 of AMR-NB are the comfort noise of other
 * codecs, which no decoder of AMR knows. */
static const uint8_t amr_narrow_sizes[16] = {13, 14, 16, 18, 20, 21, 27, 32, 6, 7, 6, 6, 0, 0, 0, 1};
static const uint8_t amr_wide_sizes[16] = {18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1};

/* Which codec, and what must be zero in a header: AMR_PADDING, or nothing where a container tells frames. */
typedef struct {
    int wide;
    uint8_t zero;
} amr_form;

/* How a walk over frames ended: whole frames, the octets that they take, and how many of them are marked as
 * damaged (Q is 0) or are of a type that is not decoded. */
typedef struct {
    Py_ssize_t frames;
    Py_ssize_t octets;
    Py_ssize_t concealed;
} amr_walk;

static inline int amr_frame_size(uint8_t head, amr_form form) {
    return head & form.zero ? 0 : (form.wide ? amr_wide_sizes : amr_narrow_sizes)[head >> 3 & 15];
}

/* Whether a decoder is to make up a frame from those before. */
static inline int amr_is_concealed(uint8_t head, amr_form form) {
    int type = head >> 3 & 15;
    if (type == 15) {
        return 0;
    }
    return !(head & AMR_GOOD) || (form.wide ? type == 14 : type > 8);
}

static amr_walk amr_scan(const uint8_t *data, Py_ssize_t size, amr_form form, Py_ssize_t most) {
    amr_walk walk = {0, 0, 0};
    while (walk.octets < size && walk.frames < most) {
        uint8_t head = data[walk.octets];
        int octets = amr_frame_size(head, form);
        if (!octets || octets > size - walk.octets) {
            break;
        }
        walk.frames++;
        walk.octets += octets;
        walk.concealed += amr_is_concealed(head, form);
    }
    return walk;
}

/* The offset of the first run of `wanted` whole frames; size where there is none. */
static Py_ssize_t amr_find(const uint8_t *data, Py_ssize_t size, amr_form form, Py_ssize_t wanted) {
    for (Py_ssize_t at = 0; at < size; at++) {
        if (amr_scan(data + at, size - at, form, wanted).frames == wanted) {
            return at;
        }
    }
    return size;
}

/* Preconditions: data holds the walk's frames, out has room for the samples of each. */
static void amr_decode(void *state, amr_form form, const uint8_t *data, amr_walk walk, int16_t *out) {
    /* The decoder of AMR-NB does not look at Q: a frame that is lost to it, and one without data, are the
     * same. */
    const uint8_t lost = form.wide ? AMR_LOST : AMR_NO_DATA;
    for (Py_ssize_t frame = 0; frame < walk.frames; frame++) {
        const uint8_t *from = amr_is_concealed(*data, form) ? &lost : data;
        if (form.wide) {
            D_IF_decode(state, from, out, 0);
            out += AMR_WIDE;
        } else {
            Decoder_Interface_Decode(state, from, out, 0);
            out += AMR_NARROW;
        }
        data += amr_frame_size(*data, form);
    }
}

/* Preconditions: samples holds count frames, out has AMR_MOST octets for each. Returns the octets written. */
static Py_ssize_t amr_encode(
    void *state, int mode, const int16_t *samples, Py_ssize_t count, uint8_t *out
) {
    /* The library filters in place what it is given as const. */
    int16_t own[AMR_NARROW];
    Py_ssize_t octets = 0;
    for (Py_ssize_t frame = 0; frame < count; frame++, samples += AMR_NARROW) {
        memcpy(own, samples, sizeof own);
        octets += Encoder_Interface_Encode(state, (enum Mode)mode, own, out + octets, 0);
    }
    return octets;
}

#endif
