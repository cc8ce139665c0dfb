"""Slides as moving pictures: slow pan and zoom, captions, and cross-fades between them.

Everything happens on planes. A slide's picture is reduced once to a canvas, a little larger
than a frame; each frame is a window of it, resampled by Lanczos with windows that move by parts of a
sample, so that nothing jumps or shimmers.
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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from transcode.media.film.captions import Caption
    from transcode.media.pictures.still import Still

__all__ = ["FADE_SECONDS", "Canvas", "Scene", "canvas_of", "render"]

#: Seconds of a cross-fade, and the share of a slide that it takes at most. Chosen.
FADE_SECONDS = 0.8
_FADE_SHARE = 0.3

#: How much larger than a frame a canvas is on each side: the room for pan and zoom. Chosen.
_ROOM = 1.12

#: The share of a picture that must stay in view for it to fill the frame. One that would lose
#: more is shown whole, before black. Chosen.
_KEPT = 0.62

#: Black, and no colour, in video range (ITU-R BT.601, 2.5.3).
_BLACK, _NEUTRAL = 16, 128

Planes = tuple["NDArray[np.uint8]", "NDArray[np.uint8]", "NDArray[np.uint8]"]


def _video_range(zero: int, low: int, span: int) -> NDArray[np.uint8]:
    """Samples of JFIF, 0 to 255, as those of video (ITU-R BT.601, 2.5.3)."""
    return np.rint(low + (np.arange(256) - zero) * span / 255).astype(np.uint8)


_LUMA, _CHROMA = _video_range(0, 16, 219), _video_range(128, 128, 224)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A picture that frames are windows of.

    Attributes:
        planes: 4:2:0 in video range, both sides of the luma even.
    """

    planes: Planes


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A slide on its way to be frames.

    Attributes:
        canvas: its picture; None: black.
        seconds: how long it is shown, half of the fades at its ends counted in.
        caption: laid over each of its frames, or None.
        moves: whether the window moves.
    """

    canvas: Canvas | None
    seconds: float
    caption: Caption | None = None
    moves: bool = True


def canvas_of(still: Still, width: int, height: int, *, moves: bool = True) -> Canvas:
    """Reduce a picture to what frames of this size are windows of.

    A picture whose shape is near that of the frame fills it; any other is shown whole, with
    black around it.

    Args:
        still: the picture.
        width, height: of a frame, both even.
        moves: whether there is to be room for pan and zoom.

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
        # A last odd row or column is left out: frames are even.
        wide, high = size[0] // 2, size[1] // 2
        return Canvas((planes[0][: 2 * high, : 2 * wide], planes[1][:high, :wide], planes[2][:high, :wide]))
    wide = _even(max(size[0], size[1] * width / height))
    return Canvas(_framed(planes, wide, _even(max(size[1], wide * height / width))))


def _even(length: float) -> int:
    """The next even number of samples."""
    return 2 * max(1, math.ceil(length / 2 - 1e-6))


def _framed(planes: Planes, width: int, height: int) -> Planes:
    """The picture in the middle of a black one."""
    rows, columns = planes[0].shape
    top, left = (height - rows) // 4 * 2, (width - columns) // 4 * 2
    result = []
    for number, plane in enumerate(planes):
        part = 2 if number else 1
        whole = np.full((height // part, width // part), _NEUTRAL if number else _BLACK, np.uint8)
        inner = whole[top // part :, left // part :][: plane.shape[0], : plane.shape[1]]
        inner[:] = plane[: inner.shape[0], : inner.shape[1]]
        result.append(whole)
    return result[0], result[1], result[2]


def render(
    scenes: Sequence[Scene], width: int, height: int, frame_rate: float, *, fade: float = FADE_SECONDS
) -> Iterator[NDArray[np.uint8]]:
    """Frames of the scenes, one after the other.

    Args:
        scenes: at least one.
        width, height: of a frame, both even.
        frame_rate: frames a second.
        fade: seconds of each cross-fade, which begins before the cut and ends after it;
            shorter where slides are.

    Returns:
        Frames as packed 4:2:0: rows of luma, then those of both chroma planes. A frame may
        be the same array as the one before; none is to be changed. Their number is the scenes'
        seconds times the frame rate, rounded.
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
        # Fades take less than half a slide, so one at most is under way.
        for cut in (here - 1, here):
            if 0 <= cut < len(halves) and abs(time - ends[cut]) < halves[cut]:
                other = views[cut if cut < here else cut + 1].at(time)
                first, second = (other, frame) if cut < here else (frame, other)
                share = 0.5 + (time - ends[cut]) / (2 * halves[cut])
                frame = np.empty_like(frame)
                blend.fade(first, second, frame, round(256 * share))
        yield frame


class _View:
    """The frames of one scene."""

    def __init__(
        self, scene: Scene, width: int, height: int, *, inwards: bool, begin: float, end: float
    ) -> None:
        self._scene = scene
        self._width, self._height = width, height
        self._inwards = inwards
        self._begin, self._end = begin, end
        self._still: NDArray[np.uint8] | None = None

    def at(self, time: float) -> NDArray[np.uint8]:
        """The frame at a time."""
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
        """The window at a share of the scene's time."""
        rows, columns = canvas.planes[0].shape
        full = min(columns / self._width, rows / self._height)
        zoom, across = full, 0.5
        if self._scene.moves:
            # At the near end a canvas sample is one of the frame, at the far end all is seen.
            near = max(full / _ROOM, min(full, 1.0))
            share = progress if self._inwards else 1 - progress
            zoom += (near - full) * (0.5 - 0.5 * math.cos(math.pi * share))
            across = share
        # Along the side that does not fit the window travels, across it stays in the middle.
        left = (columns - zoom * self._width) * (across if columns > full * self._width + 1 else 0.5)
        top = (rows - zoom * self._height) * (across if rows > full * self._height + 1 else 0.5)
        for number, (plane, out) in enumerate(zip(canvas.planes, _planes(frame, self._height), strict=True)):
            part = 2 if number else 1
            _window(plane, out, top / part, left / part, zoom)


def _planes(frame: NDArray[np.uint8], height: int) -> Planes:
    """The planes of a packed frame, as views."""
    width = frame.shape[1]
    flat = frame[height:].reshape(2, height // 2, width // 2)
    return frame[:height], flat[0], flat[1]


def _window(plane: NDArray[np.uint8], out: NDArray[np.uint8], top: float, left: float, scale: float) -> None:
    """Draw what lies behind a window, its corner in samples of the plane."""
    vertical = _taps(out.shape[0], plane.shape[0], top, scale)
    horizontal = _taps(out.shape[1], plane.shape[1], left, scale)
    scratch = np.empty(plane.shape[1] + horizontal[1].shape[1], np.int16)
    kernel.resample(plane, out, *vertical, *horizontal, scratch)


def _taps(count: int, size: int, start: float, scale: float) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    first = np.empty(count, np.int32)
    taps = np.empty((count, kernel.window_length(scale, "lanczos")), np.int16)
    kernel.fill_windows(first, taps, size, start, scale, "lanczos")
    return first, taps
