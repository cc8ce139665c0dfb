"""Recordings of CDMA phones: QCELP and EVRC in QCP files are read, others are named."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import transcode

#: Codec, its identifier in QCP files (RFC 3625, 4), and octets of frames by their rate octet.
KINDS = [
    ("qcelp", "416d7f5e15b1d011ba9100805fb4b97e", {4: 34, 3: 16, 2: 7, 1: 3}),
    ("evrc", "8dd489e67690b54691ef736a5100ceb4", {4: 22, 3: 10}),
]


@pytest.mark.parametrize(("codec", "kind", "sizes"), KINDS)
def test_qcp_files(codec: str, kind: str, sizes: dict[int, int]) -> None:
    """As long as they are, by their frames of 20 ms."""
    random = np.random.default_rng(1)
    frames = b"".join(bytes([rate]) + random.bytes(sizes[rate]) for rate in random.choice(list(sizes), 100))
    head = b"\1\0" + bytes.fromhex(kind) + struct.pack("<H80sHHHHHI", 1, b"", 13_000, 35, 160, 8_000, 16, 4)
    rates = b"".join(bytes([size, rate]) for rate, size in sizes.items())
    chunks = [(b"fmt ", head + rates.ljust(16, b"\0") + bytes(20)), (b"vrat", struct.pack("<II", 1, 100))]
    body = b"QLCM" + b"".join(
        name + struct.pack("<I", len(data)) + data for name, data in [*chunks, (b"data", frames)]
    )
    made = transcode.fit(b"RIFF" + struct.pack("<I", len(body)) + body, transcode.Limits(100_000))
    assert made.duration == pytest.approx(2.0, abs=0.02)
    (note,) = made.report.notes
    assert note.text.startswith(f"{codec} re-encoded as ")
