"""Converts FFmpeg's decoded frames of sound to float samples with channel names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from av.error import FFmpegError

from transcode.errors import UnsupportedError
from transcode.kernels import pcm as kernel
from transcode.media.samples.pcm import conversion, converted
from transcode.media.sound.timeline import SoundFrame

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.layout import AudioLayout
    from numpy.typing import NDArray

__all__ = ["frame_of"]

#: The most channels that are decoded: 22.2 is the largest layout in use (ITU-R BS.2051).
_MAX_CHANNELS = 24

#: Fewest channels of planar frames that are interleaved first: PyAV finds the last plane by a null pointer,
#: and eight or more planes leave no room for it.
_MANY = 8

#: Channel names by the number of channels, for streams without names, in the order of WAVEFORMATEXTENSIBLE.
_UNNAMED = {
    1: "FC",
    2: "FL FR",
    3: "FL FR FC",
    4: "FL FR BL BR",
    5: "FL FR FC BL BR",
    6: "FL FR FC LFE BL BR",
    7: "FL FR FC LFE BC SL SR",
    8: "FL FR FC LFE BL BR SL SR",
}


def frame_of(name: str, frame: AudioFrame) -> SoundFrame | None:
    """Convert an FFmpeg frame to float samples; None for a frame without samples.

    Raises:
        UnsupportedError: it has too many channels, or samples of an unknown kind.
    """
    channels, count = len(frame.layout.channels), frame.samples
    if channels < 1 or count < 1 or frame.sample_rate < 1:
        return None
    if channels > _MAX_CHANNELS:
        raise UnsupportedError(name, f"sound with {channels} channels; the limit is {_MAX_CHANNELS}")
    try:
        if frame.format.is_planar and channels >= _MANY:
            (frame,) = _packed(frame)
        raw: NDArray[Any] = frame.to_ndarray()
    except (ValueError, FFmpegError) as error:
        raise UnsupportedError(name, f"unsupported sample format {frame.format.name}") from error
    if not frame.format.is_planar:
        raw = raw.reshape(count, channels).T
    if raw.dtype == np.float64:
        raw = raw.astype(np.float32)
    samples = np.empty((channels, count), np.float32)
    kernel.to_float(raw, samples)
    time = frame.pts * frame.time_base if frame.pts is not None and frame.time_base else None
    return SoundFrame(samples, _names(frame.layout), frame.sample_rate, time)


def _packed(frame: AudioFrame) -> list[AudioFrame]:
    """Interleave the channels of a planar frame."""
    rate, layout, base = frame.sample_rate, frame.layout.name, frame.time_base
    return converted(conversion(rate, frame.format.name, layout, base, to="flt", to_rate=rate), frame)


def _names(layout: AudioLayout) -> tuple[str, ...]:
    """Return the channel names; if the stream has none, default names by the number of channels."""
    channels = len(layout.channels)
    if layout.name.endswith(" channels"):
        return tuple(_UNNAMED.get(channels, "FL FR" + " FC" * (channels - 2)).split())
    return tuple(channel.name for channel in layout.channels)
