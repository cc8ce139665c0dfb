"""Names the rates of encoded video and sound, for reports."""

from __future__ import annotations

__all__ = ["rated"]

#: The shortest duration for which rates are reported, in seconds.
_SHORTEST_RATED = 0.1


def rated(size: int, seconds: float, frame_rate: float | None = None) -> str:
    """Format frame rate and bit rate for reports, each after a comma; empty for less than 0.1 seconds.

    Args:
        size: the size of the stream in bytes.
        seconds: the duration of the stream in seconds.
        frame_rate: the frame rate in frames/s; None for audio.
    """
    if seconds < _SHORTEST_RATED:
        return ""
    frames = "" if frame_rate is None else f", {frame_rate:.3g} frames/s"
    return f"{frames}, {size * 8 / seconds / 1000:.1f} kbit/s"
