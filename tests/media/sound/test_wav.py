"""WAV files: written as PCM of 16 bits, their headers read."""

from __future__ import annotations

import numpy as np
import pytest

from transcode.media.samples.pcm import Pcm
from transcode.media.sound import wav

MADE = wav.to_bytes(Pcm(np.zeros((2, 12_000), np.float32), 8000))


def test_the_duration_of_a_header() -> None:
    """Is that of the whole, however much of it is there, and whatever stands before the sound."""
    assert wav.seconds(MADE) == 1.5
    assert wav.seconds(memoryview(MADE)[:100]) == 1.5
    odd = MADE[:12] + b"LIST" + (3).to_bytes(4, "little") + b"abc\0" + MADE[12:]
    assert wav.seconds(odd) == 1.5


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_length_that_was_not_known(length: int) -> None:
    """Is none, as where there is no sound or no form of it."""
    at = MADE.index(b"data") + 4
    assert wav.seconds(MADE[:at] + length.to_bytes(4, "little") + MADE[at + 4 :]) is None
    assert wav.seconds(MADE[:40]) is None
    assert wav.seconds(MADE[:12] + MADE[at - 4 :]) is None
