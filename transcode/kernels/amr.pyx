"""AMR: frames of AMR-NB coded, frames of AMR-NB and AMR-WB counted and decoded."""

from libc.stdint cimport int16_t, uint8_t

cdef extern from "amr_frames.h":
    enum:
        AMR_NARROW
        AMR_WIDE
        AMR_MOST

    const char *TRANSCODE_AMR_VERSION

    ctypedef struct amr_decoder:
        void *state
        bint wide

    ctypedef struct amr_walk:
        Py_ssize_t frames
        Py_ssize_t octets
        Py_ssize_t concealed

    amr_walk amr_scan(const uint8_t *data, Py_ssize_t size, bint wide, Py_ssize_t most) nogil
    void amr_decode(const amr_decoder *decoder, const uint8_t *data, amr_walk walk, int16_t *out) nogil
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
    return TRANSCODE_AMR_VERSION.decode("ascii") or "unknown"


def scan(const uint8_t[::1] data not None, *, bint wide=False):
    cdef amr_walk walk
    walk.frames = walk.octets = walk.concealed = 0
    if data.shape[0]:
        with nogil:
            walk = amr_scan(&data[0], data.shape[0], wide, data.shape[0])
    return walk.frames, walk.octets, walk.concealed


cdef class Decoder:
    cdef amr_decoder decoder
    cdef bint busy

    def __cinit__(self, *, bint wide=False):
        self.decoder.wide = wide
        self.decoder.state = D_IF_init() if wide else Decoder_Interface_init()
        if self.decoder.state == NULL:
            raise MemoryError("no memory for a decoder of AMR")

    def __dealloc__(self):
        if self.decoder.state == NULL:
            return
        if self.decoder.wide:
            D_IF_exit(self.decoder.state)
        else:
            Decoder_Interface_exit(self.decoder.state)

    @property
    def samples(self):
        return WIDE_SAMPLES if self.decoder.wide else SAMPLES

    def decode(self, const uint8_t[::1] data not None, int16_t[::1] out not None):
        cdef amr_walk walk
        cdef Py_ssize_t step = AMR_WIDE if self.decoder.wide else AMR_NARROW
        cdef Py_ssize_t most = out.shape[0] // step
        if not data.shape[0] or not most:
            return 0, 0
        if self.busy:
            raise RuntimeError("a decoder of AMR in use by another thread")
        self.busy = True
        with nogil:
            walk = amr_scan(&data[0], data.shape[0], self.decoder.wide, most)
            amr_decode(&self.decoder, &data[0], walk, &out[0])
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
