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


def seconds(data: bytes | memoryview) -> float | None:
    """Return the duration in the header of a RIFF file, in seconds; None if the header has none.

    The chunks up to the data chunk are read. Each has a name, a length and its contents, padded to an even
    number of bytes (IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0).
    """
    at, bytes_per_second = 12, 0
    while at + 8 <= len(data):
        name, length = bytes(data[at : at + 4]), int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"fmt ":
            bytes_per_second = int.from_bytes(data[at + 16 : at + 20], "little")
        if name == b"data":
            known = length not in _UNKNOWN and bytes_per_second > 0
            return length / bytes_per_second if known else None
        at += 8 + length + length % 2
    return None


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
