"""The instruction sets that the kernels use, found once and kept in one word."""

import os

from transcode.kernels.cpu cimport AVX2, PORTABLE

cdef extern from "cpu.h":
    int cpu_highest() nogil


_NAMES = {PORTABLE: "portable", AVX2: "avx2"}

cdef int highest = cpu_highest()
cdef int in_use = highest


cdef int current() noexcept nogil:
    return in_use


def levels():
    return tuple(name for number, name in sorted(_NAMES.items()) if number <= highest)


def level():
    return _NAMES[in_use]


def use(level):
    global in_use
    there = levels()
    if level not in there:
        raise ValueError(f"no level {level!r} on this machine; there are: {', '.join(there)}")
    in_use = there.index(level)


def _lower(wanted):
    """Use the level that the environment names, or the highest one below it that the processor has."""
    global in_use
    numbers = {name: number for number, name in _NAMES.items()}
    if wanted not in numbers:
        raise ValueError(f"TRANSCODE_CPU={wanted!r} is no level; known are: {', '.join(numbers)}")
    in_use = min(highest, numbers[wanted])


if "TRANSCODE_CPU" in os.environ:
    _lower(os.environ["TRANSCODE_CPU"])
