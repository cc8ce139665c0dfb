"""Sound as a WAV file, which every decoder and every browser reads."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transcode.media.samples.pcm import Pcm

__all__ = ["seconds", "to_bytes"]

#: What writers that do not know it yet put for a length.
_UNKNOWN = (0, 0xFFFFFFFF)


def seconds(data: bytes | memoryview) -> float | None:
    """The duration that the header of a RIFF file says; None where it says none.

    Chunks are looked through up to the sound; each has a name, its length and its contents, filled up to an
    even number of bytes (IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0).
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
    """The sound as 16-bit PCM in RIFF; what stands above full scale is clipped."""
    samples = np.rint(np.clip(pcm.samples, -1.0, 1.0) * 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(pcm.rate)
        file.writeframes(np.ascontiguousarray(samples.T).tobytes())
    return out.getvalue()
