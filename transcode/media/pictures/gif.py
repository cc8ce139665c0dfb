"""Animated GIF files: frames of one size, measured and written at any setting."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import gif

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["LONGEST_DELAY", "MAX_COLOURS", "Coding", "GifClip"]

#: The colours of a table, less the index that leaves a pixel as it is.
MAX_COLOURS = 255

#: In hundredths of a second (GIF89a, 23.c.vi: 16 bits).
LONGEST_DELAY = 65535

#: Disposal methods (GIF89a, 23.c.iv).
_LEAVE = 1
_CLEAR = 2

_Box = tuple[int, int, int, int]
_NO_BOX: _Box = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """How frames become a GIF.

    Attributes:
        palette: uint8, n x 3, at most MAX_COLOURS.
        pattern: int16, rows x columns: shares in sixteenths by which pixels are moved away from their
            nearest colour (ordered dithering).
        limit: the largest error of a pixel, as kernels.gif has it.
        code_cost: what a code costs, as an error.
    """

    palette: NDArray[np.uint8]
    pattern: NDArray[np.int16]
    limit: int
    code_cost: int


@dataclass(frozen=True, slots=True, eq=False)
class GifClip:
    """Frames of one size and how long they are shown.

    Attributes:
        frames: uint8, rows x columns x 4 each, the fourth sample 255 or 0.
        delays: hundredths of a second, each at least 1.
        loops: how often it is played; 0: for ever.
        clears: for each frame the part that is clear after it and is not in it: top, left, bottom, right.
    """

    frames: Sequence[NDArray[np.uint8]]
    delays: Sequence[int]
    loops: int
    clears: tuple[_Box, ...] = field(init=False)

    def __post_init__(self) -> None:
        pairs = zip(self.frames, [*self.frames[1:], None], strict=True)
        object.__setattr__(self, "clears", tuple(_cleared(one, other) for one, other in pairs))

    def measure(self, coding: Coding, most: int | None = None) -> int:
        """The length in bytes of what encode would write.

        Args:
            coding: how it is written.
            most: above it, a guess from the frames so far is enough; it is above, too.
        """
        length = first = self._overhead(coding)
        for index, (size, _, _) in enumerate(self._images(coding, write=False)):
            length += 19 + size if size else 0
            if index == 0:
                first = length
            if most is not None and length > most:
                # The first frame is whole, the others what is new in them.
                mean = (length - first) / max(index, 1)
                return length + int(mean * (len(self.frames) - index - 1))
        return length

    def encode(self, coding: Coding) -> bytes:
        """The file."""
        bits = _bits(coding.palette)
        height, width = self.frames[0].shape[:2]
        table = bytes(coding.palette.tobytes()).ljust(3 << bits, b"\0")
        pieces = [struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF0 | (bits - 1), 0, 0), table]
        if self.loops != 1:
            # Netscape's extension counts repetitions; 0 is for ever.
            pieces.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01")
            pieces.append(struct.pack("<HB", min(max(self.loops - 1, 0), 0xFFFF), 0))
        images: list[tuple[bytes, _Box, int, int]] = []
        for (size, box, data), delay, clear in zip(
            self._images(coding, write=True), self.delays, self.clears, strict=True
        ):
            if size:
                images.append((data, box, delay, _LEAVE if clear == _NO_BOX else _CLEAR))
            else:
                last = images[-1]
                images[-1] = (last[0], last[1], last[2] + delay, last[3])
        for data, (top, left, bottom, right), delay, disposal in images:
            pieces.append(
                struct.pack("<BBBBHBB", 0x21, 0xF9, 4, disposal << 2 | 1, delay, len(coding.palette), 0)
            )
            pieces.append(struct.pack("<BHHHHBB", 0x2C, left, top, right - left, bottom - top, 0, bits))
            pieces.append(data)
        return b"".join([*pieces, b"\x3b"])

    def _overhead(self, coding: Coding) -> int:
        return 13 + (3 << _bits(coding.palette)) + (19 if self.loops != 1 else 0) + 1

    def _images(self, coding: Coding, *, write: bool) -> Iterator[tuple[int, _Box, bytes]]:
        """For each frame the length of its data, the part that they cover, and the data if asked for."""
        height, width = self.frames[0].shape[:2]
        shown = np.zeros((height, width, 4), np.uint8)
        scratch = np.empty(gif.scratch_length(height, width), np.uint8)
        cache = np.empty(gif.CACHE_LENGTH, np.uint32)
        gif.forget(cache)
        # A code has at most 12 bits, and there are no more codes than pixels.
        out = np.empty(2 * height * width + 64, np.uint8) if write else None
        before, waited, was_cleared = None, 0, False
        for frame, delay, clear in zip(self.frames, self.delays, self.clears, strict=True):
            box = clear
            if clear == _NO_BOX and (before is None or was_cleared or waited + delay > LONGEST_DELAY):
                # An image there must be: to start with, to wait any longer, and for what an image cleared to
                # be seen, where nothing takes its place.
                box = (0, 0, 1, 1)
            length, part = gif.pack(
                frame,
                before,
                shown,
                coding.palette,
                coding.pattern,
                box,
                coding.limit,
                coding.code_cost,
                True,
                cache,
                scratch,
                out,
            )
            yield length, part, b"" if out is None else out[:length].tobytes()
            waited = delay if length else waited + delay
            before = frame
            was_cleared = clear != _NO_BOX
            if was_cleared:
                top, left, bottom, right = part
                shown[top:bottom, left:right] = 0


def _bits(palette: NDArray[np.uint8]) -> int:
    """The size of the colour table, as a power of two, with the index that leaves a pixel as it is."""
    return max(2, len(palette).bit_length())


def _cleared(frame: NDArray[np.uint8], after: NDArray[np.uint8] | None) -> _Box:
    """The part of a frame that is clear in the one after it."""
    if after is None:
        return _NO_BOX
    gone = (frame[..., 3] >= 128) & (after[..., 3] < 128)
    rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
    if not rows.size:
        return _NO_BOX
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
