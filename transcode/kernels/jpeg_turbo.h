/* JPEG files to planes and back, through libjpeg-turbo.
 *
 *   jt_header      what the frame header says; decodes nothing
 *   jt_layout      the exact size of each plane at a scale of n/8
 *   jt_decode      planes at that scale
 *   jt_write       a file from quantised blocks
 *   jt_rewrite     a file from another's blocks, without loss
 *   jt_segments    where the marker segments stand; needs no library
 *
 * Each of the first five returns JT_OK or one of the other codes, with a reason
 * in jt_outcome.text. libjpeg leaves its functions by longjmp when it meets an
 * error: every setjmp is in this file, no jump crosses a frame outside it, and
 * what changes between setjmp and longjmp lives in a structure, not in locals.
 *
 * What jt_write and jt_rewrite make is allocated here and freed by the caller.
 *
 * Longer than 500 lines: what may jump, and what such jumps land in, stands in one file.
 */
#ifndef TRANSCODE_JPEG_TURBO_H
#define TRANSCODE_JPEG_TURBO_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>
#include <jerror.h>

#include "jpeg_scan.h"

#ifndef LIBJPEG_TURBO_VERSION
#error "these are not the headers of libjpeg-turbo"
#endif
#if BITS_IN_JSAMPLE != 8
#error "libjpeg-turbo must be built for samples of 8 bits"
#endif

#define JT_QUOTE_(token) #token
#define JT_QUOTE(token) JT_QUOTE_(token)
#define JT_VERSION JT_QUOTE(LIBJPEG_TURBO_VERSION)

/* The libjpeg 7 and 8 interfaces have a size for each direction. libjpeg-turbo
 * makes both the same. */
#if JPEG_LIB_VERSION >= 70
#define JT_SCALED(component) ((component)->DCT_h_scaled_size)
#define JT_MIN_SCALED(in) ((in)->min_DCT_h_scaled_size)
#else
#define JT_SCALED(component) ((component)->DCT_scaled_size)
#define JT_MIN_SCALED(in) ((in)->min_DCT_scaled_size)
#endif

enum {
    JT_OK = 0,
    JT_BROKEN,      /* the data are no JPEG, or a broken one */
    JT_UNSUPPORTED, /* a JPEG of a kind that is not decoded */
    JT_MEMORY,      /* malloc failed */
    JT_SCANS,       /* more scans than allowed */
    JT_DEADLINE,    /* more time than allowed */
    JT_SHAPE,       /* the caller's planes or blocks are not of the picture's shape */
    JT_RANGE        /* a coefficient or a step that baseline JPEG can't code */
};

enum { JT_COMPONENTS = 4 };

/* In the place of an instruction set: libjpeg decodes all of the file. */
enum { JT_LIBJPEG = -1 };

/* The outcome of a call. */
typedef struct {
    char text[JMSG_LENGTH_MAX];    /* the reason, unless JT_OK */
    long warnings;                 /* the number of libjpeg's warnings */
    char warning[JMSG_LENGTH_MAX]; /* the first warning */
    int damaged;                   /* entropy-coded data are missing or wrong */
    long rows;                     /* luma rows of the full picture above the first damage */
    int plain;                     /* jpeg_scan.h decoded it, and not libjpeg */
} jt_outcome;

/* The caps of a call. */
typedef struct {
    int scans;
    double seconds;
} jt_allowance;

typedef struct {
    int h, v, table;
} jt_component;

typedef struct {
    int width, height, count;
    jt_component components[JT_COMPONENTS];
    int colour; /* a J_COLOR_SPACE */
    int progressive, arithmetic, precision, restart_interval;
    int jfif, adobe;
} jt_frame;

/* A plane of samples: rows and columns in whole blocks, width and height the
 * extent in samples that the picture covers. */
typedef struct {
    uint8_t *first;
    ptrdiff_t step;
    ptrdiff_t rows, columns;
    double width, height;
} jt_plane;

/* Quantised blocks of one component, 64 coefficients each in zigzag order;
 * blocks of a row follow each other, rows are `step` coefficients apart. */
typedef struct {
    const int16_t *first;
    ptrdiff_t step;
    ptrdiff_t rows, columns;
    int h, v, table;
} jt_blocks;

/* Where each coefficient of a zigzag block stands in a block of rows (T.81, figure A.6). */
static const uint8_t jt_natural[DCTSIZE2] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* --- What libjpeg calls back ------------------------------------------------------ */

/* One call's state. The destination manager writes into a block that grows; it is
 * here, and not libjpeg's own, because that one loses its block on an error. */
typedef struct {
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_destination_mgr destination;
    jmp_buf jump;
    int code;
    jt_outcome *outcome;
    int max_scans;
    double until;
    uint8_t *made;
    size_t room, length;
} jt_job;

/* Seconds of processor time of this thread: what else runs on the machine does not change what is decoded. */
static double jt_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void jt_leave(jt_job *job, int code, const char *reason) {
    job->code = code;
    snprintf(job->outcome->text, sizeof job->outcome->text, "%s", reason);
    longjmp(job->jump, 1);
}

/* Under which of the codes an error of libjpeg's falls. */
static int jt_code(int message) {
    switch (message) {
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_COMPONENT_COUNT:
    case JERR_ARITH_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
        return JT_UNSUPPORTED;
    case JERR_OUT_OF_MEMORY:
        return JT_MEMORY;
    case JERR_BAD_DCT_COEF:
        return JT_RANGE;
    default:
        return JT_BROKEN;
    }
}

static void jt_error_exit(j_common_ptr info) {
    jt_job *job = info->client_data;
    job->code = jt_code(info->err->msg_code);
    (*info->err->format_message)(info, job->outcome->text);
    longjmp(job->jump, 1);
}

static void jt_output_message(j_common_ptr info) { (void)info; }

/* Whether a warning says that entropy-coded data are missing or wrong. A file
 * that ends early is one of these only where nothing else will be said: a
 * sequential Huffman scan that is cut short is told by the missing bits, and one
 * that lacks no more than the end marker is whole. */
static int jt_is_damage(j_decompress_ptr in) {
    switch (in->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        return 1;
    case JWRN_JPEG_EOF:
        return in->arith_code || in->progressive_mode || in->comps_in_scan < in->num_components;
    default:
        return 0;
    }
}

/* Luma rows above the block row that is being read. In a progressive file a scan
 * that refines what is there already leaves every row visible. */
static long jt_rows_so_far(j_decompress_ptr in) {
    long rows = (long)in->input_iMCU_row * in->max_v_samp_factor * DCTSIZE;
    int refines = in->progressive_mode && !(in->Ss == 0 && in->Ah == 0);
    return refines || rows > (long)in->image_height ? (long)in->image_height : rows;
}

static void jt_emit_message(j_common_ptr info, int level) {
    jt_job *job = info->client_data;
    if (level >= 0) return;
    if (job->outcome->warnings++ == 0) (*info->err->format_message)(info, job->outcome->warning);
    if (info->is_decompressor && !job->outcome->damaged && jt_is_damage(&job->in)) {
        job->outcome->damaged = 1;
        job->outcome->rows = jt_rows_so_far(&job->in);
    }
}

static void jt_check_allowance(j_common_ptr info) {
    jt_job *job = info->client_data;
    if (info->is_decompressor && job->in.input_scan_number > job->max_scans)
        jt_leave(job, JT_SCANS, "too many scans");
    if (jt_now() > job->until) jt_leave(job, JT_DEADLINE, "too slow");
}

static void jt_init_destination(j_compress_ptr out) { (void)out; }

static boolean jt_grow_destination(j_compress_ptr out) {
    jt_job *job = out->client_data;
    size_t room = job->room ? job->room * 2 : (size_t)1 << 16;
    uint8_t *made = realloc(job->made, room);
    if (made == NULL) ERREXIT1(out, JERR_OUT_OF_MEMORY, 10);
    job->made = made;
    /* libjpeg calls this when the whole block is full, whatever free_in_buffer says. */
    out->dest->next_output_byte = made + job->room;
    out->dest->free_in_buffer = room - job->room;
    job->room = room;
    return TRUE;
}

static void jt_term_destination(j_compress_ptr out) {
    jt_job *job = out->client_data;
    job->length = job->room - out->dest->free_in_buffer;
}

/* --- Starting and ending a job ----------------------------------------------------- */

static void jt_start(jt_job *job, jt_outcome *outcome, jt_allowance allowance) {
    memset(job, 0, sizeof *job);
    memset(outcome, 0, sizeof *outcome);
    job->outcome = outcome;
    job->max_scans = allowance.scans;
    job->until = jt_now() + allowance.seconds;
    jpeg_std_error(&job->errors);
    job->errors.error_exit = jt_error_exit;
    job->errors.emit_message = jt_emit_message;
    job->errors.output_message = jt_output_message;
    job->progress.progress_monitor = jt_check_allowance;
    job->in.err = job->out.err = &job->errors;
    job->in.client_data = job->out.client_data = job;
}

/* Frees everything but what was made. */
static int jt_end(jt_job *job) {
    jpeg_destroy_compress(&job->out);
    jpeg_destroy_decompress(&job->in);
    if (job->code != JT_OK) {
        free(job->made);
        job->made = NULL;
    }
    return job->code;
}

/* The marker of the frame (SOFn), 0 where there is none in front of the first scan. Octets that are none of
 * a segment are passed over, as libjpeg does it. */
static int jt_process(const uint8_t *data, size_t size) {
    size_t at = 0;
    while (at + 1 < size) {
        if (data[at] != 0xFF || data[at + 1] == 0xFF || data[at + 1] == 0) {
            at++;
            continue;
        }
        const int marker = data[at + 1];
        at += 2;
        if (marker == 0xDA || marker == 0xD9) return 0;
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) return marker;
        if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;
        if (at + 1 >= size) return 0;
        at += (size_t)data[at] << 8 | data[at + 1];
    }
    return 0;
}

/* Reads up to the first scan. Preconditions: data is not NULL, jt_start was called,
 * job->jump is set. */
static void jt_open(jt_job *job, const uint8_t *data, size_t size) {
    jpeg_create_decompress(&job->in);
    job->in.progress = &job->progress;
    jpeg_mem_src(&job->in, data, (unsigned long)size);
    jpeg_read_header(&job->in, TRUE);
    if (job->in.num_components != 1 && job->in.num_components != 3 && job->in.num_components != 4) {
        char reason[JMSG_LENGTH_MAX];
        snprintf(reason, sizeof reason, "a JPEG of %d components", job->in.num_components);
        jt_leave(job, JT_UNSUPPORTED, reason);
    }
    /* libjpeg-turbo 3 reads headers of these two, which libjpeg-turbo 2 refuses; what follows here knows neither. */
    if (job->in.data_precision != 8) {
        char reason[JMSG_LENGTH_MAX];
        snprintf(reason, sizeof reason, "a JPEG of %d bits", job->in.data_precision);
        jt_leave(job, JT_UNSUPPORTED, reason);
    }
    if (jt_process(data, size) == 0xC3) jt_leave(job, JT_UNSUPPORTED, "a JPEG without loss");
}

static void jt_open_output(jt_job *job) {
    jpeg_create_compress(&job->out);
    job->out.progress = &job->progress;
    job->destination.init_destination = jt_init_destination;
    job->destination.empty_output_buffer = jt_grow_destination;
    job->destination.term_destination = jt_term_destination;
    job->out.dest = &job->destination;
    jt_grow_destination(&job->out);
}

/* --- Header and layout --------------------------------------------------------------- */

static void jt_header_body(jt_job *job, const uint8_t *data, size_t size, jt_frame *frame) {
    j_decompress_ptr in = &job->in;
    jt_open(job, data, size);
    frame->width = (int)in->image_width;
    frame->height = (int)in->image_height;
    frame->count = in->num_components;
    for (int c = 0; c < in->num_components; c++) {
        frame->components[c].h = in->comp_info[c].h_samp_factor;
        frame->components[c].v = in->comp_info[c].v_samp_factor;
        frame->components[c].table = in->comp_info[c].quant_tbl_no;
    }
    frame->colour = in->jpeg_color_space;
    frame->progressive = in->progressive_mode;
    frame->arithmetic = in->arith_code;
    frame->precision = in->data_precision;
    frame->restart_interval = (int)in->restart_interval;
    frame->jfif = in->saw_JFIF_marker;
    frame->adobe = in->saw_Adobe_marker;
}

/* What the header says. Precondition: data is not NULL. */
static int jt_header(const uint8_t *data, size_t size, jt_frame *frame, jt_outcome *outcome) {
    jt_job job;
    jt_start(&job, outcome, (jt_allowance){1, 1e9});
    if (setjmp(job.jump) == 0) jt_header_body(&job, data, size, frame);
    return jt_end(&job);
}

static ptrdiff_t jt_plane_rows(const jpeg_component_info *component) {
    return (ptrdiff_t)component->height_in_blocks * JT_SCALED(component);
}

static ptrdiff_t jt_plane_columns(const jpeg_component_info *component) {
    return (ptrdiff_t)component->width_in_blocks * JT_SCALED(component);
}

/* Precondition: 1 <= eighths <= 8. */
static void jt_open_scaled(jt_job *job, const uint8_t *data, size_t size, int eighths) {
    jt_open(job, data, size);
    job->in.scale_num = (unsigned)eighths;
    job->in.scale_denom = DCTSIZE;
    job->in.out_color_space = job->in.jpeg_color_space;
    job->in.raw_data_out = TRUE;
    job->in.dct_method = JDCT_ISLOW;
    jpeg_calc_output_dimensions(&job->in);
}

static void jt_layout_body(jt_job *job, const uint8_t *data, size_t size, int eighths, jt_plane *planes, int *count) {
    j_decompress_ptr in = &job->in;
    jt_open_scaled(job, data, size, eighths);
    *count = in->num_components;
    for (int c = 0; c < in->num_components; c++) {
        const jpeg_component_info *component = &in->comp_info[c];
        double scale = (double)JT_SCALED(component) / DCTSIZE;
        planes[c].rows = jt_plane_rows(component);
        planes[c].columns = jt_plane_columns(component);
        planes[c].width = in->image_width * scale * component->h_samp_factor / in->max_h_samp_factor;
        planes[c].height = in->image_height * scale * component->v_samp_factor / in->max_v_samp_factor;
    }
}

/* The planes that jt_decode fills, without their memory: at most JT_COMPONENTS.
 * Preconditions: data is not NULL, 1 <= eighths <= 8. */
static int jt_layout(const uint8_t *data, size_t size, int eighths, jt_plane *planes, int *count,
                     jt_outcome *outcome) {
    jt_job job;
    jt_start(&job, outcome, (jt_allowance){1, 1e9});
    if (setjmp(job.jump) == 0) jt_layout_body(&job, data, size, eighths, planes, count);
    return jt_end(&job);
}

/* How many units it takes to cover a size, where `most` samples make `part` of this component's. */
static ptrdiff_t jt_blocks_over(int size, int part, int most) {
    ptrdiff_t unit = (ptrdiff_t)most * DCTSIZE;
    return ((ptrdiff_t)size * part + unit - 1) / unit;
}

/* --- Decoding ------------------------------------------------------------------------ */

static int jt_same_shape(j_decompress_ptr in, const jt_plane *planes, int count) {
    if (count != in->num_components) return 0;
    for (int c = 0; c < count; c++)
        if (planes[c].rows != jt_plane_rows(&in->comp_info[c]) ||
            planes[c].columns != jt_plane_columns(&in->comp_info[c]))
            return 0;
    return 1;
}

/* A row for the rows that libjpeg pads the lowest blocks with. */
static JSAMPROW jt_spare_row(j_decompress_ptr in, const jt_plane *planes, int count) {
    ptrdiff_t columns = 0;
    for (int c = 0; c < count; c++)
        if (planes[c].columns > columns) columns = planes[c].columns;
    return (*in->mem->alloc_large)((j_common_ptr)in, JPOOL_IMAGE, (size_t)columns);
}

/* A component without a single scan has no quantisation table to be decoded with,
 * one of a progressive file without its DC no brightness. */
static int jt_lacks_component(j_decompress_ptr in) {
    for (int c = 0; c < in->num_components; c++) {
        if (in->comp_info[c].quant_table == NULL) return 1;
        if (in->coef_bits != NULL && in->coef_bits[c][0] < 0) return 1;
    }
    return 0;
}

/* libjpeg decodes a component that never came as mid-gray, and says nothing. */
static void jt_check_components(jt_job *job) {
    jt_outcome *outcome = job->outcome;
    if (!jt_lacks_component(&job->in)) return;
    outcome->damaged = 1;
    outcome->rows = 0;
    if (outcome->warnings++ == 0)
        snprintf(outcome->warning, sizeof outcome->warning, "a component has no data");
}

/* Whether the headers tell of a scan that jpeg_scan.h may decode. */
static int jt_is_plain(j_decompress_ptr in) {
    if (in->progressive_mode || in->arith_code || in->data_precision != 8) return 0;
    if (in->comps_in_scan != in->num_components || in->Ss != 0 || in->Se != DCTSIZE2 - 1 || in->Ah || in->Al) return 0;
    for (int c = 0; c < in->num_components; c++) {
        const jpeg_component_info *component = in->cur_comp_info[c];
        const int size = JT_SCALED(component);
        if (component->component_index != c || (size != 1 && size != 2 && size != 4 && size != 8)) return 0;
        if (component->quant_tbl_no < 0 || component->quant_tbl_no >= NUM_QUANT_TBLS ||
            component->dc_tbl_no < 0 || component->dc_tbl_no >= NUM_HUFF_TBLS ||
            component->ac_tbl_no < 0 || component->ac_tbl_no >= NUM_HUFF_TBLS)
            return 0;
        if (in->quant_tbl_ptrs[component->quant_tbl_no] == NULL ||
            in->dc_huff_tbl_ptrs[component->dc_tbl_no] == NULL || in->ac_huff_tbl_ptrs[component->ac_tbl_no] == NULL)
            return 0;
    }
    return 1;
}

static scan_component jt_scan_component(j_decompress_ptr in, int c, const jt_plane *plane) {
    const jpeg_component_info *component = in->cur_comp_info[c];
    const JHUFF_TBL *dc = in->dc_huff_tbl_ptrs[component->dc_tbl_no];
    const JHUFF_TBL *ac = in->ac_huff_tbl_ptrs[component->ac_tbl_no];
    /* The MCU of a single component is one block (T.81, A.2.2). */
    const int single = in->num_components == 1;
    return (scan_component){
        .h = single ? 1 : component->h_samp_factor,
        .v = single ? 1 : component->v_samp_factor,
        .columns = (ptrdiff_t)component->width_in_blocks,
        .rows = (ptrdiff_t)component->height_in_blocks,
        .size = JT_SCALED(component),
        .steps = in->quant_tbl_ptrs[component->quant_tbl_no]->quantval,
        .dc = {dc->bits, dc->huffval},
        .ac = {ac->bits, ac->huffval},
        .first = plane->first,
        .step = plane->step,
    };
}

/* Memory of a scan, for as long as the picture is decoded. */
static scan_state *jt_new_scan(j_decompress_ptr in) {
    enum { ALIGNMENT = 32 };
    uintptr_t room = (uintptr_t)(*in->mem->alloc_large)((j_common_ptr)in, JPOOL_IMAGE, sizeof(scan_state) + ALIGNMENT);
    return (scan_state *)((room + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

/* The rows of a scan, or of a part of it, and what came of them. */
typedef struct {
    scan_state *scan;
    double seconds; /* of processor time that the thread may take */
    int is_whole, is_late;
} jt_rows;

static void *jt_scan_rows(void *given) {
    jt_rows *rows = (jt_rows *)given;
    const double until = jt_now() + rows->seconds;
    while (rows->scan->row < rows->scan->mcus_down) {
        rows->is_late = jt_now() > until;
        if (rows->is_late || !scan_row(rows->scan)) return NULL;
    }
    rows->is_whole = 1;
    return NULL;
}

/* Decodes all rows of a scan that was opened, in two parts at the same time where there is a restart to begin at.
 * start: its first octet. Returns whether it is whole. */
static int jt_scan_all(jt_job *job, scan_state *scan, const uint8_t *start, int threads) {
    j_decompress_ptr in = &job->in;
    const ptrdiff_t row = threads > 1 ? scan_middle(scan) : 0;
    const ptrdiff_t restart = row ? row * scan->mcus_across / scan->restart_interval : 0;
    const uint8_t *marker = row ? scan_find_restart(start, scan->end, restart) : NULL;
    const double seconds = job->until - jt_now();
    jt_rows first = {scan, seconds, 0, 0};
    if (marker == NULL) {
        jt_scan_rows(&first);
        if (first.is_late) jt_leave(job, JT_DEADLINE, "too slow");
        return first.is_whole && scan_ended(scan);
    }
    jt_rows second = {jt_new_scan(in), seconds, 0, 0};
    scan_divide(scan, second.scan, row, restart, marker);
    cpu_both(jt_scan_rows, &first, &second, threads);
    if (first.is_late || second.is_late) jt_leave(job, JT_DEADLINE, "too slow");
    return first.is_whole && second.is_whole && scan_meets(scan, marker) && scan_ended(second.scan);
}

/* Decodes without libjpeg what jpeg_scan.h decodes; false, with the planes in any state, where that is not so.
 * Nothing of the data behind the headers is taken from libjpeg, which can begin there. */
static int jt_scan(jt_job *job, const jt_plane *planes, int avx2, int threads) {
    j_decompress_ptr in = &job->in;
    if (!jt_is_plain(in)) return 0;
    scan_state *scan = jt_new_scan(in);
    memset(scan, 0, offsetof(scan_state, tables));
    scan->count = in->num_components;
    for (int c = 0; c < scan->count; c++) scan->components[c] = jt_scan_component(in, c, &planes[c]);
    const scan_component *first = &scan->components[0];
    const int single = scan->count == 1;
    scan->mcus_across = single ? first->columns : jt_blocks_over((int)in->image_width, 1, in->max_h_samp_factor);
    scan->mcus_down = single ? first->rows : jt_blocks_over((int)in->image_height, 1, in->max_v_samp_factor);
    scan->restart_interval = (ptrdiff_t)in->restart_interval;
    scan->avx2 = avx2;
    const uint8_t *start = scan->at = in->src->next_input_byte;
    scan->end = scan->at + in->src->bytes_in_buffer;
    return scan_open(scan) && jt_scan_all(job, scan, start, threads);
}

static void jt_decode_body(jt_job *job, const uint8_t *data, size_t size, int eighths, const jt_plane *planes,
                           int count, int level, int threads) {
    enum { MOST_ROWS = MAX_SAMP_FACTOR * 2 * DCTSIZE };
    j_decompress_ptr in = &job->in;
    JSAMPROW rows[JT_COMPONENTS][MOST_ROWS];
    JSAMPARRAY image[JT_COMPONENTS];
    jt_open_scaled(job, data, size, eighths);
    if (!jt_same_shape(in, planes, count)) jt_leave(job, JT_SHAPE, "planes of another shape than the picture's");
    if (level != JT_LIBJPEG && jt_scan(job, planes, level, threads)) {
        job->outcome->rows = (long)in->image_height;
        job->outcome->plain = 1;
        return;
    }
    JSAMPROW spare = jt_spare_row(in, planes, count);
    jpeg_start_decompress(in);
    for (ptrdiff_t band = 0; in->output_scanline < in->output_height; band++) {
        for (int c = 0; c < count; c++) {
            ptrdiff_t high = (ptrdiff_t)in->comp_info[c].v_samp_factor * JT_SCALED(&in->comp_info[c]);
            image[c] = rows[c];
            for (ptrdiff_t r = 0; r < high; r++) {
                ptrdiff_t y = band * high + r;
                rows[c][r] = y < planes[c].rows ? planes[c].first + y * planes[c].step : spare;
            }
        }
        jpeg_read_raw_data(in, image, (JDIMENSION)(in->max_v_samp_factor * JT_MIN_SCALED(in)));
    }
    if (!job->outcome->damaged) job->outcome->rows = (long)in->image_height;
    jt_check_components(job);
    /* To the end marker: octets that belong to no row are complained of. */
    jpeg_finish_decompress(in);
}

/* The picture at eighths/8 of its size. Preconditions: data is not NULL,
 * 1 <= eighths <= 8, 1 <= count <= JT_COMPONENTS, each plane has memory for rows
 * times columns, at `step` from row to row. */
static int jt_decode(const uint8_t *data, size_t size, int eighths, jt_allowance allowance, const jt_plane *planes,
                     int count, int level, int threads, jt_outcome *outcome) {
    jt_job job;
    jt_start(&job, outcome, allowance);
    if (setjmp(job.jump) == 0) jt_decode_body(&job, data, size, eighths, planes, count, level, threads);
    return jt_end(&job);
}

/* --- Writing ------------------------------------------------------------------------- */

/* Whether baseline codes have room for a block (T.81, tables F.1 and F.2). DC is held
 * to what 8-bit samples can lead to, so that no difference of two needs a twelfth bit. */
static int jt_codable(const int16_t *block) {
    int16_t low = 0, high = 0;
    for (int k = 1; k < DCTSIZE2; k++) {
        low = block[k] < low ? block[k] : low;
        high = block[k] > high ? block[k] : high;
    }
    return low >= -1023 && high <= 1023 && block[0] >= -1024 && block[0] <= 1023;
}

/* One row of blocks from zigzag order to rows; whether all of them can be coded. */
static int jt_copy_blocks(JBLOCKROW to, const int16_t *from, ptrdiff_t columns) {
    int codable = 1;
    for (ptrdiff_t b = 0; b < columns; b++, from += DCTSIZE2) {
        for (int k = 0; k < DCTSIZE2; k++) to[b][jt_natural[k]] = from[k];
        codable &= jt_codable(from);
    }
    return codable;
}

static ptrdiff_t jt_whole(ptrdiff_t count, int unit) { return (count + unit - 1) / unit * unit; }

static void jt_set_tables(jt_job *job, const uint16_t *tables, int count) {
    for (int t = 0; t < count; t++, tables += DCTSIZE2) {
        JQUANT_TBL *table = jpeg_alloc_quant_table((j_common_ptr)&job->out);
        for (int k = 0; k < DCTSIZE2; k++) {
            if (tables[k] < 1 || tables[k] > 255) jt_leave(job, JT_RANGE, "a quantisation step outside 1..255");
            table->quantval[jt_natural[k]] = tables[k];
        }
        job->out.quant_tbl_ptrs[t] = table;
    }
}

static jvirt_barray_ptr jt_request_blocks(jt_job *job, const jt_blocks *blocks, int most_h, int most_v) {
    j_compress_ptr out = &job->out;
    if (blocks->columns != jt_blocks_over((int)out->image_width, blocks->h, most_h) ||
        blocks->rows != jt_blocks_over((int)out->image_height, blocks->v, most_v))
        jt_leave(job, JT_SHAPE, "blocks of another shape than the picture's");
    /* Whole MCUs: the coder asks for their rows, though not for what is in them. */
    return (*out->mem->request_virt_barray)((j_common_ptr)out, JPOOL_IMAGE, TRUE,
                                            (JDIMENSION)jt_whole(blocks->columns, blocks->h),
                                            (JDIMENSION)jt_whole(blocks->rows, blocks->v), (JDIMENSION)blocks->v);
}

static void jt_fill_blocks(jt_job *job, jvirt_barray_ptr array, const jt_blocks *blocks) {
    j_common_ptr out = (j_common_ptr)&job->out;
    for (ptrdiff_t y = 0; y < blocks->rows; y++) {
        JBLOCKARRAY row = (*out->mem->access_virt_barray)(out, array, (JDIMENSION)y, 1, TRUE);
        if (!jt_copy_blocks(row[0], blocks->first + y * blocks->step, blocks->columns))
            jt_leave(job, JT_RANGE, "a coefficient outside the range of baseline JPEG");
    }
}

static void jt_write_body(jt_job *job, int width, int height, const jt_blocks *blocks, int count,
                          const uint16_t *tables, int table_count, int progressive) {
    j_compress_ptr out = &job->out;
    jvirt_barray_ptr arrays[JT_COMPONENTS];
    int most_h = 1, most_v = 1;
    jt_open_output(job);
    out->image_width = (JDIMENSION)width;
    out->image_height = (JDIMENSION)height;
    out->input_components = count;
    out->in_color_space = count == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_set_defaults(out);
    jt_set_tables(job, tables, table_count);
    for (int c = 0; c < count; c++) {
        out->comp_info[c].h_samp_factor = blocks[c].h;
        out->comp_info[c].v_samp_factor = blocks[c].v;
        out->comp_info[c].quant_tbl_no = blocks[c].table;
        most_h = blocks[c].h > most_h ? blocks[c].h : most_h;
        most_v = blocks[c].v > most_v ? blocks[c].v : most_v;
    }
    for (int c = 0; c < count; c++) arrays[c] = jt_request_blocks(job, &blocks[c], most_h, most_v);
    out->optimize_coding = TRUE;
    if (progressive) jpeg_simple_progression(out);
    jpeg_write_coefficients(out, arrays);
    for (int c = 0; c < count; c++) jt_fill_blocks(job, arrays[c], &blocks[c]);
    jpeg_finish_compress(out);
}

/* A gray (count 1) or YCbCr (count 3) file with a JFIF header and optimised Huffman tables.
 * Preconditions: sizes 1..JPEG_MAX_DIMENSION, h and v 1..4, table < table_count <= 4, tables of
 * 64 steps each in zigzag order, blocks with memory as they say. On JT_OK *made is
 * to be freed by the caller. */
static int jt_write(int width, int height, const jt_blocks *blocks, int count, const uint16_t *tables,
                    int table_count, int progressive, uint8_t **made, size_t *length, jt_outcome *outcome) {
    jt_job job;
    jt_start(&job, outcome, (jt_allowance){1, 1e9});
    if (setjmp(job.jump) == 0)
        jt_write_body(&job, width, height, blocks, count, tables, table_count, progressive);
    jt_end(&job);
    *made = job.made;
    *length = job.length;
    return job.code;
}

static void jt_rewrite_body(jt_job *job, const uint8_t *data, size_t size, int progressive) {
    jvirt_barray_ptr *arrays;
    jt_open(job, data, size);
    arrays = jpeg_read_coefficients(&job->in);
    jt_check_components(job);
    if (job->outcome->damaged) jt_leave(job, JT_BROKEN, job->outcome->warning);
    jt_open_output(job);
    jpeg_copy_critical_parameters(&job->in, &job->out);
    job->out.optimize_coding = TRUE;
    if (progressive) jpeg_simple_progression(&job->out);
    jpeg_write_coefficients(&job->out, arrays);
    jpeg_finish_compress(&job->out);
}

/* The same coefficients under optimised Huffman codes, with no markers but the JFIF or Adobe one
 * that the colours need. Damaged data are refused. Precondition: data is not
 * NULL. On JT_OK *made is to be freed by the caller. */
static int jt_rewrite(const uint8_t *data, size_t size, int progressive, jt_allowance allowance, uint8_t **made,
                      size_t *length, jt_outcome *outcome) {
    jt_job job;
    jt_start(&job, outcome, allowance);
    if (setjmp(job.jump) == 0) jt_rewrite_body(&job, data, size, progressive);
    jt_end(&job);
    /* Coefficients that can't be coded are the file's here, and not the caller's. */
    if (job.code == JT_RANGE) job.code = JT_BROKEN;
    *made = job.made;
    *length = job.length;
    return job.code;
}

/* --- Marker segments --------------------------------------------------------------- */

static int jt_is_restart(uint8_t code) { return code >= 0xD0 && code <= 0xD7; }

/* The 0xFF of the next marker at or after `at`, or `size`. Skips stuffed and fill bytes; inside a scan
 * restart markers as well (T.81, B.1.1). */
static ptrdiff_t jt_next_marker(const uint8_t *data, ptrdiff_t size, ptrdiff_t at, int in_scan) {
    while (at + 1 < size) {
        const uint8_t *found = memchr(data + at, 0xFF, (size_t)(size - at - 1));
        if (found == NULL) return size;
        at = found - data;
        uint8_t code = data[at + 1];
        if (code == 0xFF)
            at += 1;
        else if (code == 0 || code == 1 || (jt_is_restart(code) && in_scan))
            at += 2;
        else
            return at;
    }
    return size;
}

/* Lists the segments after the start marker as rows of (marker, start, end): from
 * the segment's 0xFF to the byte behind it, and for a scan behind its entropy-coded data.
 * Stops behind the end marker, at a second start marker, at the end of the data, and
 * behind a segment whose length is below 2 or runs past the end: its end is then
 * below start + 4 or above size. Returns how many rows there are, which may be more
 * than `room`, in which case the rest is not looked at; 0 also for data without a start marker.
 * Preconditions: data has size bytes, out has 3 * room places. */
static ptrdiff_t jt_segments(const uint8_t *data, ptrdiff_t size, int64_t *out, ptrdiff_t room) {
    ptrdiff_t count = 0, at = 2;
    if (size < 2 || data[0] != 0xFF || data[1] != 0xD8) return 0;
    for (;;) {
        ptrdiff_t start = jt_next_marker(data, size, at, 0);
        if (start >= size) return count;
        uint8_t code = data[start + 1];
        int bare = code >= 0xD0 && code <= 0xD9;
        at = start + 2;
        if (!bare) at = start + 4 <= size ? start + 2 + (data[start + 2] << 8) + data[start + 3] : size + 1;
        if (code == 0xDA && at >= start + 4 && at <= size) at = jt_next_marker(data, size, at, 1);
        if (jt_is_restart(code)) continue;
        if (count == room) return room + 1;
        out[3 * count] = code;
        out[3 * count + 1] = start;
        out[3 * count + 2] = at;
        count++;
        if (bare || at < start + 4 || at > size) return count;
    }
}

#endif
