cdef extern from "cpu.h":
    cdef enum:
        PORTABLE "CPU_PORTABLE"
        AVX2 "CPU_AVX2"

# The level in use: one of the above.
cdef int current() noexcept nogil
