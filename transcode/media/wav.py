"""Sound as a WAV file, which every decoder and every browser reads."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transcode.media.pcm import Pcm

__all__ = ["to_bytes"]


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
