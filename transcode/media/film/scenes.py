"""Renders slides as video frames, with slow pan and zoom, captions and cross-fades.

All work is on planes. A slide's picture is scaled once to a canvas that is slightly larger than a frame. Each
frame is a window of the canvas, resampled by Lanczos at sub-sample positions, so that motion is smooth.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import blend
from transcode.kernels import resample as kernel
from transcode.media.samples.planes import Plane, resample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from transcode.media.film.captions import Caption
    from transcode.media.pictures.still import Still

__all__ = ["FADE_SECONDS", "Canvas", "Scene", "canvas_of", "render"]

#: Seconds of a cross-fade, and the largest fraction of a slide's duration for a cross-fade. Chosen.
FADE_SECONDS, _FADE_SHARE = 0.8, 0.3

#: Width and height of a canvas as a multiple of a frame's: the room for pan and zoom. Chosen.
_ROOM = 1.12

#: Smallest fraction of a picture that must stay visible if the picture fills the frame. A picture that would
#: lose more is shown whole, on a blurred copy of itself. Chosen.
_KEPT = 0.62

#: Samples of the longer side of a blurred copy before it is enlarged, and its contrast in proportion to the
#: picture's. Chosen: no shapes are left, and the picture stands out.
_BLURRED, _DIMMED = 16, 0.6

#: Luma of black and neutral chroma, in narrow range (ITU-R BT.601, 2.5.3).
_BLACK, _NEUTRAL = 16, 128

Planes = tuple["NDArray[np.uint8]", "NDArray[np.uint8]", "NDArray[np.uint8]"]


def _video_range(zero: int, low: int, span: int) -> NDArray[np.uint8]:
    """Return the table from full-range JFIF samples to narrow range (ITU-R BT.601, 2.5.3)."""
    return np.rint(low + (np.arange(256) - zero) * span / 255).astype(np.uint8)


_LUMA, _CHROMA = _video_range(0, 16, 219), _video_range(128, 128, 224)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A picture from which frames are taken as windows.

    Attributes:
        planes: 4:2:0 in narrow range; width and height of luma are even.
    """

    planes: Planes


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A slide to be rendered.

    Attributes:
        canvas: the picture of the slide; None: black.
        seconds: the display duration in seconds, including half of the cross-fade at each end.
        caption: the caption of the slide, or None.
        moves: whether the window pans and zooms.
    """

    canvas: Canvas | None
    seconds: float
    caption: Caption | None = None
    moves: bool = True


def canvas_of(still: Still, width: int, height: int, *, moves: bool = True) -> Canvas:
    """Scale a picture to a canvas for frames of one size.

    A picture with nearly the aspect ratio of the frame fills the frame. Any other picture is shown whole, on
    a blurred copy of itself.

    Args:
        still: the picture.
        width, height: the size of a frame in pixels, both even.
        moves: whether the canvas has room for pan and zoom.

    Raises:
        SourceError: the picture can't be decoded.
    """
    room = _ROOM if moves else 1.0
    ratios = room * width / still.width, room * height / still.height
    fills = min(ratios) / max(ratios) >= _KEPT
    scale = min(max(ratios) if fills else min(ratios), 1.0)
    size = min(_even(still.width * scale), still.width), min(_even(still.height * scale), still.height)
    luma, *chroma = still.reduce(*size).planes
    if not chroma:
        chroma = [np.full((-(-size[1] // 2), -(-size[0] // 2)), _NEUTRAL, np.uint8)] * 2
    planes = _LUMA[luma], _CHROMA[chroma[0]], _CHROMA[chroma[1]]
    if fills and min(size) > 1:
        # An odd last row or column is dropped, because frames have even width and height.
        wide, high = size[0] // 2, size[1] // 2
        return Canvas((planes[0][: 2 * high, : 2 * wide], planes[1][:high, :wide], planes[2][:high, :wide]))
    wide = _even(max(size[0], size[1] * width / height))
    return Canvas(_framed(planes, wide, _even(max(size[1], wide * height / width))))


def _even(length: float) -> int:
    """Round up to an even number of samples, at least 2."""
    return 2 * max(1, math.ceil(length / 2 - 1e-6))


def _framed(planes: Planes, width: int, height: int) -> Planes:
    """Lay a picture on a blurred copy of itself, in the centre of the new size."""
    rows, columns = planes[0].shape
    top, left = (height - rows) // 4 * 2, (width - columns) // 4 * 2
    result = []
    for number, plane in enumerate(planes):
        part = 2 if number else 1
        zero = _NEUTRAL if number else _BLACK
        whole = _blurred(plane, width // part, height // part, zero)
        inner = whole[top // part :, left // part :][: plane.shape[0], : plane.shape[1]]
        inner[:] = plane[: inner.shape[0], : inner.shape[1]]
        result.append(whole)
    return result[0], result[1], result[2]


def _blurred(plane: NDArray[np.uint8], width: int, height: int, zero: int) -> NDArray[np.uint8]:
    """Return the middle of a plane, without its details and dimmed towards ``zero``, at another size."""
    rows, columns = plane.shape
    share = min(columns / width, rows / height)
    high, wide = max(1, round(height * share)), max(1, round(width * share))
    top, left = (rows - high) // 2, (columns - wide) // 2
    middle = np.ascontiguousarray(plane[top : top + high, left : left + wide])
    longer = max(width, height)
    size = max(2, round(_BLURRED * width / longer)), max(2, round(_BLURRED * height / longer))
    small = np.pad(resample(Plane(middle, wide, high), *size), 1, mode="edge").astype(np.float32)
    # The mean of three by three samples: without it, single bright samples would show as spots.
    across = (small[:, :-2] + small[:, 1:-1] + small[:, 2:]) / 3
    smooth = (across[:-2] + across[1:-1] + across[2:]) / 3
    dimmed = np.rint(zero + _DIMMED * (smooth - zero)).astype(np.uint8)
    return resample(Plane(dimmed, *size), width, height)


def render(
    scenes: Sequence[Scene], width: int, height: int, frame_rate: float, *, fade: float = FADE_SECONDS
) -> Iterator[NDArray[np.uint8]]:
    """Render the frames of the scenes, in order.

    Args:
        scenes: at least one scene.
        width, height: the size of a frame in pixels, both even.
        frame_rate: the frame rate in frames/s.
        fade: seconds of each cross-fade, half before the cut and half after it. Cross-fades of short slides
            are shorter.

    Returns:
        Packed 4:2:0 frames: rows of luma, then rows of both chroma planes. Consecutive frames may be the same
        array, so they must not be changed. The number of frames is the total duration times the frame rate,
        rounded.
    """
    ends = [float(end) for end in np.cumsum([scene.seconds for scene in scenes])]
    halves = [
        min(fade, _FADE_SHARE * min(first.seconds, second.seconds)) / 2
        for first, second in itertools.pairwise(scenes)
    ]
    views = [
        _View(
            scene,
            width,
            height,
            inwards=number % 2 == 0,
            begin=end - scene.seconds - before,
            end=end + after,
        )
        for number, (scene, end, before, after) in enumerate(
            zip(scenes, ends, [0.0, *halves], [*halves, 0.0], strict=True)
        )
    ]
    for index in range(max(1, math.floor(ends[-1] * frame_rate + 0.5))):
        time = (index + 0.5) / frame_rate
        here = min(bisect_right(ends, time), len(scenes) - 1)
        frame = views[here].at(time)
        # A cross-fade takes less than half of a slide, so at most one is active.
        for cut in (here - 1, here):
            if 0 <= cut < len(halves) and abs(time - ends[cut]) < halves[cut]:
                other = views[cut if cut < here else cut + 1].at(time)
                first, second = (other, frame) if cut < here else (frame, other)
                share = 0.5 + (time - ends[cut]) / (2 * halves[cut])
                frame = np.empty_like(frame)
                blend.fade(first, second, frame, round(256 * share))
        yield frame


class _View:
    """Draws the frames of one scene."""

    def __init__(
        self, scene: Scene, width: int, height: int, *, inwards: bool, begin: float, end: float
    ) -> None:
        self._scene = scene
        self._width, self._height = width, height
        self._inwards = inwards
        self._begin, self._end = begin, end
        self._still: NDArray[np.uint8] | None = None

    def at(self, time: float) -> NDArray[np.uint8]:
        """Return the frame at a time, in seconds."""
        if self._still is not None:
            return self._still
        frame = np.empty((self._height * 3 // 2, self._width), np.uint8)
        canvas = self._scene.canvas
        if canvas is None:
            frame[: self._height] = _BLACK
            frame[self._height :] = _NEUTRAL
        else:
            self._draw(canvas, frame, (time - self._begin) / (self._end - self._begin))
        if self._scene.caption is not None:
            self._scene.caption.lay_over(_planes(frame, self._height))
        if canvas is None or not self._scene.moves:
            self._still = frame
        return frame

    def _draw(self, canvas: Canvas, frame: NDArray[np.uint8], progress: float) -> None:
        """Draw the window at a fraction (0 to 1) of the scene's duration."""
        rows, columns = canvas.planes[0].shape
        full = min(columns / self._width, rows / self._height)
        zoom, across = full, 0.5
        if self._scene.moves:
            # At the closest zoom, one canvas sample is one frame sample; at the widest, all is visible.
            near = max(full / _ROOM, min(full, 1.0))
            share = progress if self._inwards else 1 - progress
            zoom += (near - full) * (0.5 - 0.5 * math.cos(math.pi * share))
            across = share
        # The window pans along the dimension that exceeds the frame, and stays centred in the other.
        left = (columns - zoom * self._width) * (across if columns > full * self._width + 1 else 0.5)
        top = (rows - zoom * self._height) * (across if rows > full * self._height + 1 else 0.5)
        for number, (plane, out) in enumerate(zip(canvas.planes, _planes(frame, self._height), strict=True)):
            part = 2 if number else 1
            _window(plane, out, top / part, left / part, zoom)


def _planes(frame: NDArray[np.uint8], height: int) -> Planes:
    """Return views of the planes of a packed frame."""
    width = frame.shape[1]
    flat = frame[height:].reshape(2, height // 2, width // 2)
    return frame[:height], flat[0], flat[1]


def _window(plane: NDArray[np.uint8], out: NDArray[np.uint8], top: float, left: float, scale: float) -> None:
    """Resample a window of a plane into ``out``. ``top`` and ``left`` are in samples of the plane."""
    vertical = _taps(out.shape[0], plane.shape[0], top, scale)
    horizontal = _taps(out.shape[1], plane.shape[1], left, scale)
    scratch = np.empty(plane.shape[1] + horizontal[1].shape[1], np.int16)
    kernel.resample(plane, out, vertical, horizontal, scratch)


def _taps(count: int, size: int, start: float, scale: float) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    first = np.empty(count, np.int32)
    taps = np.empty((count, kernel.window_length(scale, "lanczos")), np.int16)
    kernel.fill_windows(first, taps, size, start, scale, "lanczos")
    return first, taps
