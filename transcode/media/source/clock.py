"""Detects where the clock of a container restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["RestartError", "one_clock", "rejoined"]

#: Largest step back of decoding times, in seconds, that is no restart of the clock: decoding times never
#: decrease, and rounding differs by less.
_RESTART = 1.0


class RestartError(ValueError):
    """The clock of an MPEG stream restarts: later packets repeat the times of earlier packets."""


def one_clock(packets: Iterable[Any], formats: str) -> Iterator[Any]:
    """Yield packets until the clock of an MPEG stream restarts, as in concatenated recordings.

    Packets after a restart have the same times as earlier packets. Without detection, the frames of both
    parts would be displayed alternately.

    Args:
        packets: the packets of a container, in its order.
        formats: FFmpeg's names of the container's format.

    Raises:
        RestartError: a packet's decoding time is more than a second before an earlier one of its stream.
    """
    if {"mpegts", "mpeg"}.isdisjoint(formats.split(",")):
        yield from packets
        return
    latest: dict[int, float] = {}
    for packet in packets:
        if packet.dts is not None and packet.time_base:
            time, index = float(packet.dts * packet.time_base), packet.stream.index
            if time < latest.setdefault(index, time) - _RESTART:
                raise RestartError
            latest[index] = max(latest[index], time)
        yield packet


def rejoined(packets: Iterable[Any]) -> Iterator[Any]:
    """Yield the packets of one stream of a chained Ogg file, each chain after the one before it.

    In the file, each chain counts from zero (RFC 3533, 4).
    """
    end, moved = 0, 0
    for packet in packets:
        if packet.pts is not None and packet.time_base:
            if packet.pts + moved < end - _RESTART / packet.time_base:
                moved = end - packet.pts
            packet.pts += moved
            packet.dts = None if packet.dts is None else packet.dts + moved
            end = max(end, packet.pts + (packet.duration or 0))
        yield packet
