"""Reads geometry and colours of a clip's frames from its first decoded frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from av.error import FFmpegError

from transcode.errors import SourceError, UnsupportedError
from transcode.media.clips import side_data
from transcode.media.clips.clip import packets
from transcode.media.clips.dolby_vision import is_ipt
from transcode.media.clips.video_alpha import decoder_of
from transcode.media.samples.cicp import OTHERS, Signal
from transcode.media.source.container import open_container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcode.media.clips.clip import Clip
    from transcode.media.source.inputs import Input

__all__ = ["FirstFrame", "Geometry", "Look", "flushed", "look", "look_of", "until_fault"]

#: The matrix of BT.601 (ITU-T H.273, table 4).
_BT601 = 6

#: Largest pixel aspect ratio that counts as square; so does its inverse. The distortion is invisible, but the
#: blur of resampling by a few rows is visible. Chosen.
_SQUARE = 1.025


@dataclass(frozen=True, slots=True)
class Geometry:
    """The geometry of stored frames.

    Attributes:
        width, height: the size in stored pixels.
        aspect: the pixel aspect ratio: width divided by height of a stored pixel.
        orientation: the orientation, 1 to 8, as in EXIF.
        shown: width and height for display, upright, with nearly square pixels, never more than stored.
    """

    width: int
    height: int
    aspect: float
    orientation: int
    shown: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        width, height = float(self.width), float(self.height)
        if self.aspect >= _SQUARE:
            height /= self.aspect
        elif self.aspect <= 1 / _SQUARE:
            width *= self.aspect
        size = max(1, round(width)), max(1, round(height))
        object.__setattr__(self, "shown", size[::-1] if self.orientation > 4 else size)


@dataclass(frozen=True, slots=True)
class Look:
    """The properties of frames that only a decoded frame shows.

    Attributes:
        geometry: the geometry of the frames.
        signal: the colours of the samples; the range is always known.
        depth: bits per sample.
        is_interlaced: whether the first frame is interlaced.
    """

    geometry: Geometry
    signal: Signal
    depth: int
    is_interlaced: bool = False


class FirstFrame:
    """Decodes video packets until the decoder returns a frame.

    Args:
        stream: the video stream, whose decoder must be unused.

    Attributes:
        frame: the first frame; None until it is decoded.
    """

    def __init__(self, stream: Any) -> None:
        self.frame: Any = None
        self._context = decoder_of(stream)
        self._context.thread_count = 1

    def push(self, packet: Any) -> None:
        """Decode one packet. A damaged packet is ignored."""
        if self.frame is not None:
            return
        try:
            self.frame = next(iter(self._context.decode(packet)), None)
        except FFmpegError:
            return

    def flush(self) -> None:
        """Read the frames that the decoder still holds, after the last packet."""
        if self.frame is None:
            self.frame = next(iter(flushed(self._context)), None)


def look(content: Input, clip: Clip, start: float) -> Look:
    """Decode the first frame of a window, and return geometry and colours.

    Raises:
        SourceError: no frame can be decoded.
        UnsupportedError: the colours need a Dolby Vision display.
    """
    with open_container(content) as container:
        first = FirstFrame(container.streams[clip.video.index])
        for packet in until_fault(packets(container, clip, start)):
            first.push(packet)
            if first.frame is not None:
                break
        first.flush()
        if first.frame is not None:
            return look_of(first.frame, clip, content.name)
    raise SourceError(content.name, f"no video frame ({clip.video.codec}) can be decoded")


def until_fault(found: Iterator[Any], broke: Callable[[], object] = bool) -> Iterator[Any]:
    """Yield packets until the demuxer fails, and then call ``broke``. Earlier packets are kept."""
    try:
        yield from found
    except (FFmpegError, OSError, ValueError):
        broke()


def flushed(context: Any) -> list[Any]:
    """Return the frames that a decoder still holds; none if it fails."""
    try:
        return list(context.decode(None))
    except (FFmpegError, EOFError):
        return []


def look_of(frame: Any, clip: Clip, name: str) -> Look:
    """Return geometry and colours from a decoded frame.

    Args:
        frame: the first decoded frame.
        clip: the streams of its container.
        name: the name of the source, for error texts.

    Raises:
        UnsupportedError: the colours need a Dolby Vision display, or a conversion that there is not.
    """
    if is_ipt(frame):
        raise UnsupportedError(name, "Dolby Vision profile 5, which has no video for other players")
    orientation = _orientation(side_data.octets(frame, side_data.DISPLAY_MATRIX) or b"")
    signal = Signal.of(frame)
    if signal.matrix in OTHERS:
        raise UnsupportedError(
            name,
            f"colours with the matrix coefficients {signal.matrix} of ITU-T H.273, which are not supported",
        )
    full = frame.format.name.startswith("yuvj") if signal.full is None else signal.full
    # FFmpeg converts RGB frames to YCbCr with the BT.601 matrix by default.
    matrix = _BT601 if frame.format.is_rgb else signal.matrix
    return Look(
        Geometry(frame.width, frame.height, clip.video.aspect, orientation),
        Signal(signal.primaries, signal.transfer, matrix, full),
        max((component.bits for component in frame.format.components), default=8),
        bool(frame.interlaced_frame),
    )


def _orientation(matrix: bytes) -> int:
    """Return the EXIF orientation nearest to a display matrix (ISO/IEC 14496-12, 6.2.2).

    The upper left 2 x 2 elements give the displayed directions of the stored x and y axes.
    """
    if len(matrix) < 36:
        return 1
    a, b, _, c, d = np.frombuffer(matrix[:20], "<i4").tolist()
    if not (a or b or c or d):
        return 1
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(True, True): 1, (False, True): 2, (False, False): 3, (True, False): 4}[a >= 0, d >= 0]
    return {(True, True): 5, (True, False): 6, (False, False): 7, (False, True): 8}[b >= 0, c >= 0]
