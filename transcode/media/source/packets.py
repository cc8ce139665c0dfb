"""Makes FFmpeg packets from bytes that do not come from a demuxer."""

from __future__ import annotations

from typing import Any

import av

__all__ = ["packet_of"]


def packet_of(octets: bytes | bytearray | memoryview | av.Packet[Any]) -> av.Packet[Any]:
    """Return a packet with a copy of the octets, in memory that FFmpeg allocates.

    ``av.Packet(octets)`` would borrow the memory of the object. A decoder thread needs the GIL to release
    borrowed memory. The thread that frees the decoder holds the GIL and waits for the decoder thread: a
    deadlock. Memory that FFmpeg allocates also has the padding that its bit readers may read.
    """
    view: Any = memoryview(octets)
    packet: av.Packet[Any] = av.Packet(view.nbytes)
    packet.update(view)
    return packet
