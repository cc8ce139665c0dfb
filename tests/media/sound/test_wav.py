"""WAV files: written as PCM of 16 bits, their headers read."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest

import transcode
from transcode.media.samples.pcm import Pcm
from transcode.media.sound import wav

MADE = wav.to_bytes(Pcm(np.zeros((2, 12_000), np.float32), 8000))


def test_the_duration_of_a_header() -> None:
    """It is that of the whole, however much is there, and whatever stands before the sound."""
    assert wav.seconds(MADE) == 1.5
    assert wav.seconds(memoryview(MADE)[:100]) == 1.5
    odd = MADE[:12] + b"LIST" + (3).to_bytes(4, "little") + b"abc\0" + MADE[12:]
    assert wav.seconds(odd) == 1.5


def compressed(tag: int, rest: bytes, fact: int | None) -> bytes:
    """A file of 100 blocks of 1,024 bytes at 44,100 Hz. Its header has 16,000 bytes a second."""
    form = struct.pack("<HHIIHH", tag, 1, 44_100, 16_000, 1024, 4) + rest
    chunks = [(b"fmt ", form), *([] if fact is None else [(b"fact", fact.to_bytes(4, "little"))])]
    chunks.append((b"data", bytes(102_400)))
    return b"RIFF\0\0\0\0WAVE" + b"".join(
        name + len(body).to_bytes(4, "little") + body for name, body in chunks
    )


@pytest.mark.parametrize(
    ("tag", "rest", "fact", "seconds"),
    [
        # ADPCM of IMA: 2,041 samples in each block, whatever stands in the chunk fact.
        (0x11, struct.pack("<HH", 2, 2041), 204_100, 204_100 / 44_100),
        (0x11, struct.pack("<HH", 2, 2041), 408_200, 204_100 / 44_100),
        (0x02, struct.pack("<HH", 2, 2036), None, 203_600 / 44_100),
        # MP3: only the chunk fact has the number of samples.
        (0x55, struct.pack("<HH", 2, 0), 441_000, 10.0),
        (0x55, struct.pack("<HH", 2, 0), 0, 6.4),
        (0x55, struct.pack("<HH", 2, 0), None, 6.4),
        # PCM: the chunk fact, which PCM need not have, does not count.
        (0x01, b"", 441_000, 6.4),
    ],
)
def test_the_duration_of_compressed_sound(tag: int, rest: bytes, fact: int | None, seconds: float) -> None:
    """It does not follow from the bytes per second, which writers of ADPCM state as they like."""
    assert wav.seconds(compressed(tag, rest, fact)) == seconds


def test_whole_adpcm_is_not_called_truncated() -> None:
    """FFmpeg states 16,000 bytes a second for each file of ADPCM. A file that is cut is told as before."""
    out = io.BytesIO()
    with av.open(out, "w", format="wav") as file:
        stream = file.add_stream("adpcm_ima_wav", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 3 * 44_100), np.int16), "s16p", "mono")
        frame.sample_rate = 44_100
        fifo = av.AudioFifo()
        fifo.write(frame)
        for each in fifo.read_many(stream.frame_size):
            file.mux(stream.encode(each))
        file.mux(stream.encode(None))
    whole = out.getvalue()
    limits = transcode.Limits(100_000)
    assert "source-truncated" not in {note.code for note in transcode.fit(whole, limits).report.notes}
    cut = transcode.fit(whole[:-20_000], limits).report.notes
    assert "source-truncated" in {note.code for note in cut}


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_length_that_was_not_known(length: int) -> None:
    """There is none, as where there is no sound or no form of it."""
    at = MADE.index(b"data") + 4
    assert wav.seconds(MADE[:at] + length.to_bytes(4, "little") + MADE[at + 4 :]) is None
    assert wav.seconds(MADE[:40]) is None
    assert wav.seconds(MADE[:12] + MADE[at - 4 :]) is None
