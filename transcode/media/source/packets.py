"""Packets of octets that did not come out of a demuxer."""

from __future__ import annotations

from typing import Any

import av

__all__ = ["packet_of"]


def packet_of(octets: bytes | bytearray | memoryview | av.Packet[Any]) -> av.Packet[Any]:
    """A packet with a copy of these octets, in memory that FFmpeg allocates.

    ``av.Packet(octets)`` would borrow the memory of the object. To give that back the thread of a decoder
    waits for the interpreter's lock, and whoever frees the decoder holds that lock and waits for the
    thread: both for ever. FFmpeg's own memory has the padding that its readers may read, too.
    """
    view: Any = memoryview(octets)
    packet: av.Packet[Any] = av.Packet(view.nbytes)
    packet.update(view)
    return packet
