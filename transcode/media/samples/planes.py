"""Pictures as planes: resampling and rotation of decoded planes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Literal, TypeVar, cast

import numpy as np

from transcode.jobs.processors import both, threads
from transcode.kernels import resample as kernel
from transcode.kernels.transpose import transpose
from transcode.model.tuning import Tool

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "TUNING",
    "Colour",
    "Filter",
    "Picture",
    "Plane",
    "Sampling",
    "Span",
    "Stream",
    "Tuning",
    "compose",
    "resample",
    "resample_pixels",
    "upright",
]

Colour = Literal["gray", "ycc", "cmyk", "ycck", "rgb"]

Filter = Literal["box", "triangle", "lanczos"]

#: Chroma sampling: half of the columns and rows of luma, or all of them.
Sampling = Literal["4:2:0", "4:4:4"]

_Sample = TypeVar("_Sample", bound=np.generic)

#: Samples of a plane from which two threads take less time than one. Chosen: a thread begins in 0.1 ms.
_TWO_THREADS = 1 << 18

#: Filter windows that are cached, one set per direction. A picture of three planes needs four sets, and a
#: batch for one carrier uses the same few sizes repeatedly.
_KEPT_WINDOWS = 32


@dataclass(frozen=True, slots=True)
class Tuning:
    """Tuned numbers of resampling."""

    sharpen: float = Tool("bench/tune_size.py", "photos").tuned(
        1 / 16,
        "Strength of the sharpening that compensates the averaging of a reduced decode. The mean of n samples"
        " attenuates the frequency f, in cycles per sample of the result, by (pi f)^2 (1 - 1 / n^2) / 6."
        " Sharpening by s amplifies it by (2 pi f)^2 s, so the two cancel for s = (1 - 1 / n^2) / 24. 1.5"
        " times that is closer over the whole band: at 640 x 480 from quarter scale and at 1600 x 1200 from"
        " half scale, six camera photos scored 0.7 points of SSIMULACRA2 more.",
        unit="share of the second derivative",
    )


TUNING = Tuning()


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One component of a picture.

    Attributes:
        samples: rows x columns; the samples of a row are contiguous.
        width: columns, from the left, that the picture covers. The picture may end within a sample, as
            chroma of a picture of odd width does; columns beyond it are padding and are never read.
        height: rows, from the top, that the picture covers, likewise.
        averaged: columns, and rows, of the coded picture that each sample is the mean of.
    """

    samples: NDArray[np.uint8]
    width: float
    height: float
    averaged: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The components of a picture, each at its own resolution, and their colour space."""

    planes: tuple[Plane, ...]
    colour: Colour


def resample(
    plane: Plane,
    width: int,
    height: int,
    *,
    covers: tuple[float, float] | None = None,
    offset: tuple[float, float] = (0.0, 0.0),
    filter: Filter = "lanczos",  # noqa: A002
    tuning: Tuning = TUNING,
) -> NDArray[np.uint8]:
    """Resample a plane to another resolution.

    Args:
        plane: the source plane.
        width, height: size of the result in samples.
        covers: samples of the result, across and down, that the picture covers;
            ``(width, height)`` if None. Chroma of a picture of odd width has half a sample more
            than the picture covers.
        offset: position of the result, across and down, relative to the corner of the picture, in samples
            of the result.
        filter: as in ``transcode.kernels.resample.fill_windows``.
        tuning: the numbers that it goes by.

    Returns:
        height x width samples, in an array of its own.

    Raises:
        ValueError: the arguments are inconsistent, or the samples of a row are not contiguous.
    """
    if width < 1 or height < 1:
        raise ValueError(f"the size must be at least 1 x 1 samples, not {width} x {height}")
    across, down = covers if covers is not None else (width, height)
    if not (across > 0 and down > 0):
        raise ValueError(f"covers must be positive, not {across} x {down} samples")
    rows, columns = plane.samples.shape
    if not (0 < plane.width <= columns and 0 < plane.height <= rows):
        raise ValueError(
            f"a picture of {plane.width} x {plane.height} samples in a plane of {columns} x {rows}"
        )
    source = plane.samples[: math.ceil(plane.height), : math.ceil(plane.width)]
    sharpen = tuning.sharpen * (1 - plane.averaged**-2)
    vertical = _windows(height, source.shape[0], plane.height / down, offset[1], filter, sharpen)
    horizontal = _windows(width, source.shape[1], plane.width / across, offset[0], filter, sharpen)
    result = np.empty((height, width), np.uint8)

    def make(first: int, last: int) -> None:
        scratch = np.empty(source.shape[1] + horizontal[1].shape[1], np.int16)
        part = vertical[0][first:last], vertical[1][first:last]
        kernel.resample(source, result[first:last], part, horizontal, scratch)

    if source.size >= _TWO_THREADS and height > 1 and threads(2) > 1:
        both(partial(make, 0, height // 2), partial(make, height // 2, height))
    else:
        make(0, height)
    return result


def resample_pixels(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resample a picture with a Lanczos filter.

    Args:
        pixels: rows x columns, or rows x columns x 3 or 4; the pixels of a row are contiguous.
        width, height: size of the result in pixels.

    Returns:
        height x width pixels in an array of its own. Each channel has the samples of resample().

    Raises:
        ValueError: the size is empty, or the pixels of a row are not contiguous.
    """
    if width < 1 or height < 1:
        raise ValueError(f"the size must be at least 1 x 1 pixels, not {width} x {height}")
    rows, columns = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else None
    stream = Stream(Span(0, columns, width, width), Span(0, rows, height, height), channels=channels)
    stream.feed(pixels, 0)
    return stream.result


@dataclass(frozen=True, slots=True)
class Span:
    """One direction of the resampling of a part of a plane.

    Attributes:
        begin, end: bounds of the part in samples of the plane; they may lie within a sample.
        count: samples of the result.
        covers: samples of the result that the part covers.
        offset: position of the result relative to the beginning of the part, in samples of the result.
    """

    begin: float
    end: float
    count: int
    covers: float
    offset: float = 0.0

    @property
    def first(self) -> int:
        """Index of the first sample that the part touches."""
        return math.floor(self.begin)

    def windows(self) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
        """Return the filter windows, relative to the first sample that the part touches."""
        scale = (self.end - self.begin) / self.covers
        ahead = (self.begin - self.first) / scale
        size = math.ceil(self.end) - self.first
        return _windows(self.count, size, scale, self.offset + ahead, "lanczos", 0.0)


class Stream:
    """A resampler for a part of a plane or picture whose rows arrive in bands from top to bottom.

    The result does not depend on the division into bands: it has the bytes of resampling the whole part.

    Args:
        across, down: resampling of the columns, and of the rows.
        channels: for a picture, 3 or 4 channels of each pixel; None for a plane.
    """

    def __init__(self, across: Span, down: Span, *, channels: int | None = None) -> None:
        self._across = across
        self._down = down
        self._h = across.windows()
        self._v = down.windows()
        # For each window, the end of the rows that it and all earlier windows use. A window that is centred
        # on a sample may use this sample alone, and so end before its predecessor.
        taps = self._v[1]
        ends = self._v[0] + (taps.shape[1] - (taps[:, ::-1] != 0).argmax(axis=1))
        self._ends = np.maximum.accumulate(ends)
        self._done = 0
        size = (down.count, across.count)
        self.result = np.empty(size if channels is None else (*size, channels), np.uint8)

    @property
    def overlap(self) -> int:
        """Rows of the previous band that must be repeated above each band."""
        return int(self._v[1].shape[1]) - 1

    def feed(self, band: NDArray[np.uint8], top: int) -> None:
        """Compute the rows of the result that a band completes.

        Args:
            band: rows x columns (x channels) of the plane, from its left edge, including the overlap.
            top: row number in the plane of the first row of the band. Rows above the plane are not read.
        """
        ready = int(np.searchsorted(self._ends, top + band.shape[0] - self._down.first, "right"))
        done, self._done = self._done, max(self._done, ready)
        if ready <= done:
            return
        left = self._across.first
        part = band[:, left : math.ceil(self._across.end)]
        first = self._v[0][done:ready] + np.int32(self._down.first - top)
        made, windows = self.result[done:ready], ((first, self._v[1][done:ready]), self._h)
        width, taps = part.shape[1], self._h[1].shape[1]
        if part.ndim == 2:
            kernel.resample(part, made, *windows, np.empty(width + taps, np.int16))
        else:
            room = kernel.pixels_scratch(width, part.shape[2], self._across.count, taps)
            kernel.resample_interleaved(part, made, *windows, np.empty(room, np.int16))


@lru_cache(maxsize=64)
def compose(first: int, then: int) -> int:
    """Return the orientation that is equivalent to two applied in sequence; for the numbers see upright."""
    mark = np.arange(6).reshape(2, 3)
    both = upright(upright(mark, first), then)
    result: int = next(one for one in range(1, 9) if np.array_equal(upright(mark, one), both))
    return result


@lru_cache(maxsize=_KEPT_WINDOWS)
def _windows(
    count: int,
    size: int,
    scale: float,
    offset: float,
    filter: Filter,  # noqa: A002
    sharpen: float,
) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Return the filter windows of one direction, read-only; the offset is in samples of the result."""
    first = np.empty(count, np.int32)
    taps = np.empty((count, kernel.window_length(scale, filter)), np.int16)
    kernel.fill_windows(first, taps, size, offset * scale, scale, filter, sharpen=sharpen)
    first.flags.writeable = taps.flags.writeable = False
    return first, taps


def upright(samples: NDArray[_Sample], orientation: int) -> NDArray[_Sample]:
    """Rotate and mirror stored samples for display.

    Args:
        samples: rows x columns, as stored, and any further axes.
        orientation: position of the stored first row and first column in the picture, 1 to 8 (TIFF 6.0,
            tag Orientation; EXIF has the same tag).

    Returns:
        A contiguous array; for orientation 1 it may be the argument itself.

    Raises:
        ValueError: the orientation is not 1 to 8.
    """
    match orientation:
        case 1:
            turned = samples
        case 2:
            turned = samples[:, ::-1]
        case 3:
            turned = samples[::-1, ::-1]
        case 4:
            turned = samples[::-1]
        case 5 | 6 | 7 | 8:
            rows = samples[::-1] if orientation in (6, 7) else samples
            columns = -1 if orientation in (7, 8) else 1
            if samples.ndim == 2 and samples.dtype == np.uint8 and samples.flags.c_contiguous:
                made = np.empty(samples.shape[::-1], samples.dtype)
                transpose(cast("NDArray[np.uint8]", rows), cast("NDArray[np.uint8]", made[::columns]))
                return made
            turned = rows.swapaxes(0, 1)[::columns]
        case _:
            raise ValueError(f"the orientation must be 1 to 8, not {orientation}")
    return np.ascontiguousarray(turned)
