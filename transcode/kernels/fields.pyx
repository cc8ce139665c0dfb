"""Header fields of the Wireless Session Protocol, scanned."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

cdef extern from "wsp_fields.h":
    enum:
        WSP_FIRST
        WSP_NUMBERS
        WSP_MOST
        WSP_UNKNOWN
        WSP_WORD
        WSP_NUMBER
        WSP_TEXT
        WSP_ENCODED
        WSP_PAIR
        WSP_SENDER

    ctypedef struct wsp_field:
        int number
        int kind
        int word
        int has_text
        uint64_t value
        Py_ssize_t start
        Py_ssize_t text
        Py_ssize_t length

    int wsp_scan(
        const uint8_t *octets, Py_ssize_t at, Py_ssize_t end, const uint8_t *kinds, uint64_t once,
        uint64_t seen, wsp_field *fields,
    ) nogil


FIRST = WSP_FIRST
NUMBERS = WSP_NUMBERS
UNKNOWN = WSP_UNKNOWN
WORD = WSP_WORD
NUMBER = WSP_NUMBER
TEXT = WSP_TEXT
ENCODED = WSP_ENCODED
PAIR = WSP_PAIR
SENDER = WSP_SENDER


cdef class Scanner:
    cdef uint8_t kinds[WSP_NUMBERS]
    cdef uint64_t once
    cdef tuple names
    cdef tuple words

    def __init__(self, const uint8_t[::1] kinds not None, tuple names not None, tuple words not None, once):
        if kinds.shape[0] != WSP_NUMBERS or len(names) != WSP_NUMBERS or len(words) != WSP_NUMBERS:
            raise ValueError(f"{kinds.shape[0]} kinds, {len(names)} names, {len(words)} tables of words")
        for table in words:
            if not isinstance(table, dict):
                raise TypeError(f"a table of words is {type(table).__name__}, not dict")
        memcpy(self.kinds, &kinds[0], WSP_NUMBERS)
        self.names = names
        self.words = words
        self.once = once

    def scan(self, octets, Py_ssize_t at, Py_ssize_t end, uint64_t seen):
        cdef Py_buffer view
        cdef wsp_field fields[WSP_MOST + 1]
        cdef list found = []
        cdef uint64_t twice = 0
        cdef uint64_t bit
        cdef int count, i
        PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
        try:
            if not 0 <= at <= end <= view.len:
                raise ValueError(f"a scan from octet {at} to {end} of {view.len}")
            # With the GIL: of some ten fields, letting it go would take longer than they do.
            count = wsp_scan(<const uint8_t *> view.buf, at, end, self.kinds, self.once, seen, fields)
            for i in range(count):
                try:
                    value = self.value(<const char *> view.buf, &fields[i])
                except (KeyError, UnicodeDecodeError):
                    count = i
                    break
                found.append((self.names[fields[i].number], value))
                bit = (<uint64_t> 1) << fields[i].number
                twice |= seen & bit
                seen |= bit
        finally:
            PyBuffer_Release(&view)
        return fields[count].start, seen, twice, found

    cdef object value(self, const char *octets, const wsp_field *field):
        cdef object text
        if field.kind == WSP_WORD:
            return (<dict> self.words[field.number])[field.word]
        if field.kind == WSP_NUMBER:
            return field.value
        if field.kind == WSP_PAIR:
            return (<dict> self.words[field.number])[field.word], field.value
        if not field.has_text:
            return None
        text = PyUnicode_DecodeUTF8(octets + field.text, field.length, "strict")
        return text
