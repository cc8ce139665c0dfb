"""Packets: what they hold, and whose memory it is."""

from __future__ import annotations

import sys

import pytest

from transcode.media.source.packets import packet_of


@pytest.mark.parametrize("octets", [b"", b"abc", bytes(range(256)) * 300])
def test_octets(octets: bytes) -> None:
    """All of them, from whatever they are in."""
    for source in (octets, bytearray(octets), memoryview(octets), packet_of(octets)):
        assert bytes(packet_of(source)) == octets


def test_memory_is_ffmpegs() -> None:
    """Nothing of Python's is borrowed: a decoder's thread that gives it back could wait for ever."""
    octets = bytes(1000)
    before = sys.getrefcount(octets)
    packet = packet_of(octets)
    assert sys.getrefcount(octets) == before
    changed = bytearray(b"abc")
    packet = packet_of(changed)
    changed.extend(b"d")
    changed[0] = 0
    assert bytes(packet) == b"abc"
