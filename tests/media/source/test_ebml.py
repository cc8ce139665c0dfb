"""Tracks of Matroska files, by elements that may be cut or wrong."""

from __future__ import annotations

import pytest

from tests.made import clips
from tests.made.sounds import sine
from transcode.media.source import ebml

PLAIN = [ebml.MatroskaTrack("V_MPEG4/ISO/AVC"), ebml.MatroskaTrack("A_AAC")]


@pytest.fixture(scope="module")
def matroska() -> bytes:
    made = clips.clip(
        seconds=0.4, rate=10, sound=sine(0.4, 48_000), form="matroska", codec="libx264", muxer={"live": "1"}
    )
    return bytes(made.data)


def test_tracks(matroska: bytes) -> None:
    """Tracks come in their order, also from a file whose segment has no length."""
    assert ebml.tracks(matroska) == PLAIN


def test_every_cut_ends_well(matroska: bytes) -> None:
    """A file that ends early tells the tracks before its end, or none."""
    for end in range(min(len(matroska), 900)):
        assert len(ebml.tracks(matroska[:end])) <= len(PLAIN)


def test_a_child_longer_than_its_parent() -> None:
    """It ends where its parent does; numbers without a length of their own end what is read."""
    entry = b"\xae\x8c" + b"\x83\x81\x01" + b"\x86\x9fV_TEST"
    data = b"\x18\x53\x80\x67\xff" + b"\x16\x54\xae\x6b" + bytes([0x80 | len(entry)]) + entry
    assert ebml.tracks(data) == [ebml.MatroskaTrack("V_TEST"[: 0x0C - 5])]
    assert ebml.tracks(b"\x18\x53\x80\x67\xff" + bytes(40)) == []
    assert ebml.tracks(b"") == []
