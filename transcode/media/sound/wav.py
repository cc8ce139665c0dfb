"""Writes WAV files, which all decoders and browsers read, and reads their duration."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transcode.media.samples.pcm import Pcm

__all__ = ["seconds", "to_bytes"]

#: Values of the length field in files whose writer did not know the length.
_UNKNOWN = (0, 0xFFFFFFFF)
#: Format tags (mmreg.h) whose samples have equal sizes: PCM, floating point, A-law, mu-law and extensible.
#: Tags whose blocks all have the number of samples in the chunk fmt: ADPCM of Microsoft and IMA, GSM 06.10.
_OF_EQUAL_SIZE = (0x0001, 0x0003, 0x0006, 0x0007, 0xFFFE)
_IN_BLOCKS = (0x0002, 0x0011, 0x0031)


def seconds(data: bytes | memoryview) -> float | None:
    """Return the duration in the header of a RIFF file, in seconds; None if the header has none.

    The chunks up to the data chunk are read. Each has a name, a length and its contents, padded to an even
    number of bytes (IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0).
    """
    at = 12
    form = fact = memoryview(b"")
    while at + 8 <= len(data):
        name, length = bytes(data[at : at + 4]), int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"fmt ":
            form = memoryview(data)[at + 8 : at + 8 + length]
        if name == b"fact":
            fact = memoryview(data)[at + 8 : at + 12]
        if name == b"data":
            return None if length in _UNKNOWN else _seconds(length, form, fact)
        at += 8 + length + length % 2
    return None


def _seconds(length: int, form: memoryview, fact: memoryview) -> float | None:
    """Return the duration of data of a length in bytes, by the contents of the chunks fmt and fact.

    The bytes per second are exact for samples of equal size only: writers of ADPCM put a nominal rate there.
    """
    tag, rate, bytes_per_second, block, per_block = (
        int.from_bytes(form[at : at + size], "little")
        for at, size in ((0, 2), (4, 4), (8, 4), (12, 2), (18, 2))
    )
    if tag in _IN_BLOCKS and rate and block and per_block:
        return length // block * per_block / rate
    samples = int.from_bytes(fact, "little")
    if tag not in _OF_EQUAL_SIZE and rate and samples not in _UNKNOWN:
        return samples / rate
    return length / bytes_per_second if bytes_per_second else None


def to_bytes(pcm: Pcm) -> bytes:
    """Write sound as a WAV file of 16-bit PCM. Samples beyond full scale are clipped."""
    samples = np.rint(np.clip(pcm.samples, -1.0, 1.0) * 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(pcm.rate)
        file.writeframes(np.ascontiguousarray(samples.T).tobytes())
    return out.getvalue()
