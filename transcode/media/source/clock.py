"""Detects where the clock of a container restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["RestartError", "one_clock"]

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
