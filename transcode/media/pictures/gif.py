"""Animated GIF files: frames of one size, measured and encoded with any settings."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import gif
from transcode.media.source.decode_limits import check_work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["LONGEST_DELAY", "MAX_COLOURS", "Coding", "GifClip"]

#: Colours of a colour table, at most; one of its 256 indices is the transparent index.
MAX_COLOURS = 255

#: Longest delay of an image in hundredths of a second (GIF89a, 23.c.vi: 16 bits).
LONGEST_DELAY = 65535

#: Disposal methods (GIF89a, 23.c.iv).
_LEAVE = 1
_CLEAR = 2

_Box = tuple[int, int, int, int]
_NO_BOX: _Box = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """Settings of the GIF encoder.

    Attributes:
        palette: uint8, n x 3, at most MAX_COLOURS colours.
        pattern: int16, rows x columns: offsets of ordered dithering, in sixteenths.
        limit: largest error of a pixel, as defined in kernels.gif.
        code_cost: error that is equivalent to the cost of one LZW code.
    """

    palette: NDArray[np.uint8]
    pattern: NDArray[np.int16]
    limit: int
    code_cost: int


@dataclass(frozen=True, slots=True, eq=False)
class GifClip:
    """Frames of one size and their durations.

    Attributes:
        frames: uint8, rows x columns x 4 each, with alpha of 255 or 0.
        delays: duration of each frame in hundredths of a second, at least 1.
        loops: number of plays; 0 means endless.
        clears: for each frame top, left, bottom and right of the part that is opaque in it and transparent
            in the next frame.
    """

    frames: Sequence[NDArray[np.uint8]]
    delays: Sequence[int]
    loops: int
    clears: tuple[_Box, ...] = field(init=False)

    def __post_init__(self) -> None:
        pairs = zip(self.frames, [*self.frames[1:], None], strict=True)
        object.__setattr__(self, "clears", tuple(_cleared(one, other) for one, other in pairs))

    def measure(self, coding: Coding, most: int | None = None) -> int:
        """Return the length in bytes of the file that encode() writes.

        Args:
            coding: settings of the encoder.
            most: if the length exceeds this number of bytes, the result may be an estimate from the
                first frames, which exceeds it too.
        """
        length = first = self._overhead(coding)
        for index, (size, _, _) in enumerate(self._images(coding, write=False)):
            length += 19 + size if size else 0
            if index == 0:
                first = length
            if most is not None and length > most:
                # The first frame is complete; later images hold only changes.
                mean = (length - first) / max(index, 1)
                return length + int(mean * (len(self.frames) - index - 1))
        return length

    def encode(self, coding: Coding) -> bytes:
        """Encode the file."""
        bits = _bits(coding.palette)
        height, width = self.frames[0].shape[:2]
        table = bytes(coding.palette.tobytes()).ljust(3 << bits, b"\0")
        pieces = [struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF0 | (bits - 1), 0, 0), table]
        if self.loops != 1:
            # The NETSCAPE2.0 extension counts repetitions; 0 means endless.
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
        """Yield for each frame the length of its data, the part that they cover, and the data if write."""
        height, width = self.frames[0].shape[:2]
        shown = np.zeros((height, width, 4), np.uint8)
        scratch = np.empty(gif.scratch_length(height, width), np.uint8)
        cache = np.empty(gif.CACHE_LENGTH, np.uint32)
        gif.forget(cache)
        # An LZW code has at most 12 bits, and an image has at most one code per pixel.
        out = np.empty(2 * height * width + 64, np.uint8) if write else None
        before, waited, was_cleared = None, 0, False
        for frame, delay, clear in zip(self.frames, self.delays, self.clears, strict=True):
            check_work()
            box = clear
            if clear == _NO_BOX and (before is None or was_cleared or waited + delay > LONGEST_DELAY):
                # An image of at least one pixel is needed for the first frame, for a delay beyond the
                # longest, and after a cleared image, whose disposal would otherwise not be shown.
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
    """Return log2 of the size of the colour table, including the transparent index."""
    return max(2, len(palette).bit_length())


def _cleared(frame: NDArray[np.uint8], after: NDArray[np.uint8] | None) -> _Box:
    """Return the bounding box of the pixels that are opaque in a frame and transparent in the next."""
    if after is None:
        return _NO_BOX
    gone = (frame[..., 3] >= 128) & (after[..., 3] < 128)
    rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
    if not rows.size:
        return _NO_BOX
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
