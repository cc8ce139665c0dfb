# distutils: libraries = opencore-amrnb opencore-amrwb
"""AMR: encodes frames of AMR-NB, counts and decodes frames of AMR-NB and AMR-WB."""

from libc.stdint cimport int16_t, uint8_t

cdef extern from "amr_frames.h":
    enum:
        AMR_NARROW
        AMR_WIDE
        AMR_MOST
        AMR_PADDING

    const char *VERSION_OF_OPENCORE_AMRNB

    ctypedef struct amr_form:
        int wide
        uint8_t zero

    ctypedef struct amr_walk:
        Py_ssize_t frames
        Py_ssize_t octets
        Py_ssize_t concealed

    int amr_frame_size(uint8_t head, amr_form form) nogil
    amr_walk amr_scan(const uint8_t *data, Py_ssize_t size, amr_form form, Py_ssize_t most) nogil
    Py_ssize_t amr_find(const uint8_t *data, Py_ssize_t size, amr_form form, Py_ssize_t wanted) nogil
    void amr_decode(void *state, amr_form form, const uint8_t *data, amr_walk walk, int16_t *out) nogil
    Py_ssize_t amr_encode(
        void *state, int mode, const int16_t *samples, Py_ssize_t count, uint8_t *out,
    ) nogil

    void *Decoder_Interface_init() nogil
    void Decoder_Interface_exit(void *state) nogil
    void *D_IF_init() nogil
    void D_IF_exit(void *state) nogil
    void *Encoder_Interface_init(int dtx) nogil
    void Encoder_Interface_exit(void *state) nogil


SAMPLES = AMR_NARROW
WIDE_SAMPLES = AMR_WIDE
MOST_OCTETS = AMR_MOST
_MODES = 8


def version():
    return VERSION_OF_OPENCORE_AMRNB.decode("ascii") or "unknown"


cdef amr_form formed(bint wide, bint strict) noexcept:
    cdef amr_form form
    form.wide = wide
    form.zero = AMR_PADDING if strict else 0
    return form


def size(int head, *, bint wide=False, bint strict=True):
    return amr_frame_size(<uint8_t>head, formed(wide, strict))


def scan(const uint8_t[::1] data not None, *, bint wide=False, bint strict=True):
    cdef amr_form form = formed(wide, strict)
    cdef amr_walk walk
    walk.frames = walk.octets = walk.concealed = 0
    if data.shape[0]:
        with nogil:
            walk = amr_scan(&data[0], data.shape[0], form, data.shape[0])
    return walk.frames, walk.octets, walk.concealed


def find(const uint8_t[::1] data not None, Py_ssize_t wanted, *, bint wide=False, bint strict=True):
    cdef amr_form form = formed(wide, strict)
    cdef Py_ssize_t place = 0
    if wanted < 1:
        raise ValueError(f"{wanted} frames in a row")
    if data.shape[0]:
        with nogil:
            place = amr_find(&data[0], data.shape[0], form, wanted)
    return place


cdef class Decoder:
    cdef void *state
    cdef amr_form form
    cdef bint busy

    def __cinit__(self, *, bint wide=False, bint strict=True):
        self.form = formed(wide, strict)
        self.state = D_IF_init() if wide else Decoder_Interface_init()
        if self.state == NULL:
            raise MemoryError("no memory for a decoder of AMR")

    def __dealloc__(self):
        if self.state == NULL:
            return
        if self.form.wide:
            D_IF_exit(self.state)
        else:
            Decoder_Interface_exit(self.state)

    @property
    def samples(self):
        return WIDE_SAMPLES if self.form.wide else SAMPLES

    def decode(self, const uint8_t[::1] data not None, int16_t[::1] out not None):
        cdef amr_walk walk
        cdef Py_ssize_t step = AMR_WIDE if self.form.wide else AMR_NARROW
        cdef Py_ssize_t most = out.shape[0] // step
        if not data.shape[0] or not most:
            return 0, 0
        if self.busy:
            raise RuntimeError("a decoder of AMR in use by another thread")
        self.busy = True
        with nogil:
            walk = amr_scan(&data[0], data.shape[0], self.form, most)
            amr_decode(self.state, self.form, &data[0], walk, &out[0])
        self.busy = False
        return walk.frames, walk.octets


cdef class Encoder:
    cdef void *state
    cdef int mode
    cdef bint busy

    def __cinit__(self, int mode, *, bint dtx=False):
        if not 0 <= mode < _MODES:
            raise ValueError(f"mode {mode} of AMR-NB; there are {_MODES}")
        self.mode = mode
        self.state = Encoder_Interface_init(dtx)
        if self.state == NULL:
            raise MemoryError("no memory for an encoder of AMR")

    def __dealloc__(self):
        if self.state != NULL:
            Encoder_Interface_exit(self.state)

    def encode(self, const int16_t[::1] samples not None, uint8_t[::1] out not None):
        cdef Py_ssize_t octets, count = samples.shape[0] // AMR_NARROW
        if samples.shape[0] % AMR_NARROW:
            raise ValueError(f"{samples.shape[0]} samples; a frame has {AMR_NARROW}")
        if out.shape[0] < count * AMR_MOST:
            raise ValueError(f"room for {out.shape[0]} octets; {count} frames may take {count * AMR_MOST}")
        if not count:
            return 0
        if self.busy:
            raise RuntimeError("an encoder of AMR in use by another thread")
        self.busy = True
        with nogil:
            octets = amr_encode(self.state, self.mode, &samples[0], count, &out[0])
        self.busy = False
        return octets
