"""How a clip's frames are shown: what its first decoded frame tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from av.error import FFmpegError

from transcode.errors import SourceError, UnsupportedError
from transcode.media.clips import side_data
from transcode.media.clips.clip import packets
from transcode.media.clips.dolby_vision import is_ipt
from transcode.media.clips.video_alpha import decoder_of
from transcode.media.samples.cicp import Signal
from transcode.media.source.container import open_container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcode.media.clips.clip import Clip
    from transcode.media.source.inputs import Input

__all__ = ["FirstFrame", "Geometry", "Look", "flushed", "look", "look_of", "until_fault"]

#: The matrix of BT.601 (ITU-T H.273, table 4).
_BT601 = 6

#: Pixels that are so nearly square leave as they are: nobody sees it, but all see the blur of a picture
#: that is resampled by a few rows. Chosen.
_SQUARE = 1.025


@dataclass(frozen=True, slots=True)
class Geometry:
    """How stored frames are shown.

    Attributes:
        width, height: in stored pixels.
        aspect: width of a stored pixel in units of its height.
        orientation: 1 to 8, as in EXIF.
    """

    width: int
    height: int
    aspect: float
    orientation: int

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as shown, upright and with (nearly) square pixels, never more than are stored."""
        width, height = float(self.width), float(self.height)
        if self.aspect >= _SQUARE:
            height /= self.aspect
        elif self.aspect <= 1 / _SQUARE:
            width *= self.aspect
        size = max(1, round(width)), max(1, round(height))
        return size[::-1] if self.orientation > 4 else size


@dataclass(frozen=True, slots=True)
class Look:
    """What only a decoded frame tells.

    Attributes:
        geometry: how frames are shown.
        signal: what their samples mean; the range is always told.
        depth: bits of a sample.
        is_interlaced: whether its lines are of two times in turn.
    """

    geometry: Geometry
    signal: Signal
    depth: int
    is_interlaced: bool = False


class FirstFrame:
    """Decodes packets of pictures until a frame comes out.

    Args:
        stream: of the pictures, whose decoder has not been used.

    Attributes:
        frame: the first frame; None as long as there is none.
    """

    def __init__(self, stream: Any) -> None:
        self.frame: Any = None
        self._context = decoder_of(stream)
        self._context.thread_count = 1

    def push(self, packet: Any) -> None:
        """Decode one packet; a damaged one gives nothing."""
        if self.frame is not None:
            return
        try:
            self.frame = next(iter(self._context.decode(packet)), None)
        except FFmpegError:
            return

    def flush(self) -> None:
        """Take the frame that the decoder still holds, behind the last packet."""
        if self.frame is None:
            self.frame = next(iter(flushed(self._context)), None)


def look(content: Input, clip: Clip, start: float) -> Look:
    """Decode the first frame of a window to see how frames are shown.

    Raises:
        SourceError: there is none that can be decoded.
        UnsupportedError: its colours need a Dolby Vision display.
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
    raise SourceError(content.name, f"none of its pictures ({clip.video.codec}) can be decoded")


def until_fault(found: Iterator[Any], broke: Callable[[], object] = bool) -> Iterator[Any]:
    """Packets until a demuxer gives up; it is called then. What was read before is shown."""
    try:
        yield from found
    except (FFmpegError, OSError, ValueError):
        broke()


def flushed(context: Any) -> list[Any]:
    """The frames that a decoder still holds; none where it fails."""
    try:
        return list(context.decode(None))
    except (FFmpegError, EOFError):
        return []


def look_of(frame: Any, clip: Clip, name: str) -> Look:
    """How frames are shown, by the first of them.

    Args:
        frame: a decoder's.
        clip: what it is of.
        name: of the source, for errors.

    Raises:
        UnsupportedError: its colours need a Dolby Vision display.
    """
    if is_ipt(frame):
        raise UnsupportedError(name, "Dolby Vision without pictures for other players (profile 5)")
    orientation = _orientation(side_data.octets(frame, side_data.DISPLAY_MATRIX) or b"")
    signal = Signal.of(frame)
    full = frame.format.name.startswith("yuvj") if signal.full is None else signal.full
    # What is RGB is brought to planes by the matrix of BT.601, as FFmpeg does unless told otherwise.
    matrix = _BT601 if frame.format.is_rgb else signal.matrix
    return Look(
        Geometry(frame.width, frame.height, clip.video.aspect, orientation),
        Signal(signal.primaries, signal.transfer, matrix, full),
        max((component.bits for component in frame.format.components), default=8),
        bool(frame.interlaced_frame),
    )


def _orientation(matrix: bytes) -> int:
    """The EXIF orientation of a display matrix (ISO/IEC 14496-12, 6.2.2).

    Its upper left quarter says where the stored x and y axes point when shown; shears and angles
    between the quarters of a turn go to the nearest.
    """
    if len(matrix) < 36:
        return 1
    a, b, _, c, d = np.frombuffer(matrix[:20], "<i4").tolist()
    if not (a or b or c or d):
        return 1
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(True, True): 1, (False, True): 2, (False, False): 3, (True, False): 4}[a >= 0, d >= 0]
    return {(True, True): 5, (True, False): 6, (False, False): 7, (False, True): 8}[b >= 0, c >= 0]
