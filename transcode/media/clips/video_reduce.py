"""Scales decoded frames to packed 4:2:0 frames of one size, upright.

The planes are never converted to RGB. A decoder pads its rows, so they are read with their line size. Each
plane is resampled to its 4:2:0 size by the project's kernel, and then rotated, because fewer pixels are left.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from transcode.media.clips.packed import unfilled
from transcode.media.clips.video_alpha import OPAQUE, has_alpha, over_white
from transcode.media.samples.planes import Plane, resample, upright

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.media.clips.video_colour import Table
    from transcode.media.clips.video_look import Look

__all__ = ["FrameReducer"]

#: FFmpeg's names of the pixel formats that are read without conversion: the chroma subsampling, and the bit
#: depth if it is more than 8.
_LAYOUT = re.compile(r"yuv[ja]?(420|422|444|440|411|410)p(?:(9|10|12)le)?")

#: Horizontal and vertical factors of chroma subsampling.
_SUB_SAMPLING = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "440": (1, 2), "411": (4, 1), "410": (4, 4)}


class FrameReducer:
    """Scales decoded frames to packed 4:2:0 frames of one size.

    Args:
        seen: geometry and colours of the frames.
        width, height: the upright size of the result, in pixels; both even.
        table: the colour conversion, or None.

    Attributes:
        was_clear: whether any frame so far had transparent pixels.
    """

    def __init__(self, seen: Look, width: int, height: int, table: Table | None = None) -> None:
        self.was_clear = False
        self._full = bool(seen.signal.full)
        self._table = table
        self._orientation = seen.geometry.orientation
        self._width = width
        self._height = height
        self._stored = (height, width) if self._orientation > 4 else (width, height)
        self._range = _narrowing() if seen.signal.full else None

    def __call__(self, frame: Any) -> NDArray[np.uint8]:
        packed, targets = unfilled(self._width, self._height)
        parts = self._converted(frame) if self._table is not None else self._reduced(frame)
        for part, target in zip(parts, targets, strict=True):
            target[...] = upright(part, self._orientation)
        return packed

    def _opaque(self, frame: Any) -> list[Plane]:
        parts = _planes(frame)
        if len(parts) == 3 or parts[3].samples.min() >= OPAQUE:
            return parts[:3]
        self.was_clear = True
        return over_white(parts[:3], parts[3].samples, full=self._full)

    def _reduced(self, frame: Any) -> list[NDArray[np.uint8]]:
        width, height = self._stored
        sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
        small = [resample(part, *size) for part, size in zip(self._opaque(frame), sizes, strict=True)]
        if self._range is None:
            return small
        return [self._range[min(number, 1)][part] for number, part in enumerate(small)]

    def _converted(self, frame: Any) -> list[NDArray[np.uint8]]:
        """As _reduced, with colour conversion, which needs luma and chroma at the same resolution."""
        assert self._table is not None  # noqa: S101  (the caller asks)
        small = [resample(part, *self._stored) for part in self._opaque(frame)]
        self._table.apply(small)
        return [small[0], *map(_halved, small[1:])]


def _planes(frame: Any) -> list[Plane]:
    """Return the three planes of a frame, and its alpha plane if any, without a copy if they have 8 bits."""
    found = _LAYOUT.fullmatch(frame.format.name)
    is_clear = has_alpha(frame)
    if found is None:
        # By default, FFmpeg starts one thread per processor for each frame.
        frame = frame.reformat(format="yuva420p" if is_clear else "yuv420p", threads=1)
        found = _LAYOUT.fullmatch("yuv420p")
        assert found is not None  # noqa: S101  (it is one of them)
    across, down = _SUB_SAMPLING[found[1]]
    depth = int(found[2] or 8)
    own = frame.width, frame.height
    covers = (own, *((frame.width / across, frame.height / down),) * 2, *((own,) if is_clear else ()))
    return [
        Plane(_samples(plane, math.ceil(size[0]), math.ceil(size[1]), depth), *size)
        for plane, size in zip(frame.planes[: len(covers)], covers, strict=True)
    ]


def _samples(plane: Any, width: int, height: int, depth: int) -> NDArray[np.uint8]:
    """Return a decoder's plane as rows x columns of 8 bits: a view if it has 8 bits."""
    step = 1 if depth == 8 else 2
    rows = np.frombuffer(plane, np.uint8 if depth == 8 else np.uint16)
    strides = (plane.line_size, step)
    samples = np.lib.stride_tricks.as_strided(rows, (height, width), strides, writeable=False)
    if depth == 8:
        return samples
    # FFmpeg's conversion adds dither to flat areas, which is visible and takes bits.
    half, shift = np.uint16(1 << (depth - 9)), np.uint16(depth - 8)
    narrowed: NDArray[np.uint8] = np.minimum((samples + half) >> shift, np.uint16(255)).astype(np.uint8)
    return narrowed


def _halved(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Halve width and height of a plane with even sides: the mean of each 2 x 2 samples."""
    rows = plane[::2].astype(np.uint16) + plane[1::2]
    return ((rows[:, ::2] + rows[:, 1::2] + np.uint16(2)) >> np.uint16(2)).astype(np.uint8)


def _narrowing() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the tables of luma and of chroma from full to narrow range (ITU-T H.273, 8.3)."""
    codes = np.arange(256)
    luma = np.rint(16 + codes * 219 / 255)
    chroma = np.clip(np.rint(128 + (codes - 128) * 224 / 255), 16, 240)
    return luma.astype(np.uint8), chroma.astype(np.uint8)
