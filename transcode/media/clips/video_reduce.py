"""A decoder's frames as packed 4:2:0 pictures of one size, upright.

Planes stay planes. A decoder's rows are padded, so they are read through their row step; each
plane is resampled by the project's own kernel to the target size of 4:2:0, and turned upright
there, where there is little of it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from transcode.media.clips.frames import packed_rows, planes
from transcode.media.clips.video_alpha import OPAQUE, has_alpha, over_white
from transcode.media.samples.planes import Plane, resample, upright

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.media.clips.video_colour import Table
    from transcode.media.clips.video_look import Look

__all__ = ["FrameReducer"]

#: Names of the layouts whose planes are taken as they are: sub-sampling, and bits where there
#: are more than eight.
_LAYOUT = re.compile(r"yuv[ja]?(420|422|444|440|411|410)p(?:(9|10|12)le)?")

#: How chroma is sub-sampled across and down.
_SUB_SAMPLING = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "440": (1, 2), "411": (4, 1), "410": (4, 4)}


class FrameReducer:
    """Turns a decoder's frames into packed 4:2:0 pictures of one size.

    Args:
        seen: how they are shown.
        width, height: of the result, upright; both even.
        table: what becomes of the colours, or None.

    Attributes:
        was_clear: whether a frame so far was transparent in places.
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
        packed = np.empty((packed_rows(self._height), self._width), np.uint8)
        targets = planes(packed, self._width, self._height)
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
        """The same with other colours: a pixel needs all its samples for that."""
        assert self._table is not None  # noqa: S101  (the caller asks)
        small = [resample(part, *self._stored) for part in self._opaque(frame)]
        self._table.apply(small)
        return [small[0], *map(_halved, small[1:])]


def _planes(frame: Any) -> list[Plane]:
    """A decoder's three planes, and that of alpha if there is one, without a copy where they have 8 bits."""
    found = _LAYOUT.fullmatch(frame.format.name)
    is_clear = has_alpha(frame)
    if found is None:
        # Unless told, FFmpeg starts a thread a processor for each frame.
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
    """A decoder's plane as rows x columns of eight bits: in place where it has as many."""
    step = 1 if depth == 8 else 2
    rows = np.frombuffer(plane, np.uint8 if depth == 8 else np.uint16)
    strides = (plane.line_size, step)
    samples = np.lib.stride_tricks.as_strided(rows, (height, width), strides, writeable=False)
    if depth == 8:
        return samples
    # FFmpeg's own conversion lays a dither over flat areas, which costs bits and shows.
    half, shift = np.uint16(1 << (depth - 9)), np.uint16(depth - 8)
    narrowed: NDArray[np.uint8] = np.minimum((samples + half) >> shift, np.uint16(255)).astype(np.uint8)
    return narrowed


def _halved(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A plane of even sides at half of them: the mean of each four samples."""
    rows = plane[::2].astype(np.uint16) + plane[1::2]
    return ((rows[:, ::2] + rows[:, 1::2] + np.uint16(2)) >> np.uint16(2)).astype(np.uint8)


def _narrowing() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Luma and chroma of the full range in the narrow one (ITU-T H.273, 8.3)."""
    codes = np.arange(256)
    luma = np.rint(16 + codes * 219 / 255)
    chroma = np.clip(np.rint(128 + (codes - 128) * 224 / 255), 16, 240)
    return luma.astype(np.uint8), chroma.astype(np.uint8)
