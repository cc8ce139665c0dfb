"""A picture as DCT coefficients: transformed once, then measured and encoded at any quality."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from transcode.jobs.processors import both, threads
from transcode.kernels import dct

if TYPE_CHECKING:
    from transcode.media.samples.planes import Sampling

__all__ = ["Coefficients", "Rdo", "Tables"]

#: Quantisation tables with their dead zones, and the parameters of rate-distortion optimisation of
#: kernels.dct.measure().
Tables = Sequence[tuple[NDArray[np.uint16], NDArray[np.float64]]]
Rdo = tuple[NDArray[np.uint8], Sequence[float], Sequence[NDArray[np.uint8]]]

#: The picture of kernels.dct.measure(): components, tables, sampling, width and height.
_Picture = tuple[Sequence[NDArray[np.int16]], Tables, Sequence[tuple[int, int]], int, int]

#: Samples of a plane from which two threads take less time than one. Chosen: a thread begins in 0.1 ms.
_TWO_THREADS = 1 << 18

#: Bytes that headers and tables take at most.
_HEADERS = 4_096

#: Sampling factors, horizontal and vertical, of each component (T.81, A.1.1).
_GRAY = ((1, 1),)
_FACTORS = {"4:2:0": ((2, 2), (1, 1), (1, 1)), "4:4:4": ((1, 1), (1, 1), (1, 1))}


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """The DCT coefficients of a gray or YCbCr picture.

    Attributes:
        width, height: size of the picture in pixels.
        components: coefficients of each plane, in the layout of kernels.dct.
        sampling: horizontal and vertical sampling factor of each component (T.81, A.1.1).
        progressive: whether files are progressive instead of baseline.
    """

    width: int
    height: int
    components: tuple[NDArray[np.int16], ...]
    sampling: tuple[tuple[int, int], ...]
    progressive: bool
    _scratch: NDArray[np.uint32] = field(repr=False)
    _threads: int = field(repr=False)
    #: Tables and rdo of the last complete measurement, whose results scratch holds, and its file, if any.
    _latest: list[Any] = field(default_factory=list, repr=False)

    @classmethod
    def of(
        cls,
        planes: Sequence[NDArray[np.uint8]],
        width: int,
        height: int,
        *,
        sampling: Sampling = "4:2:0",
        progressive: bool = False,
    ) -> Coefficients:
        """Transform planes: luma, then zero or two chroma planes of the given sampling."""
        components = [_transformed(plane) for plane in planes]
        return cls._of_components(components, width, height, sampling, progressive=progressive)

    @classmethod
    def _of_components(
        cls,
        components: Sequence[NDArray[np.int16]],
        width: int,
        height: int,
        sampling: Sampling,
        *,
        progressive: bool,
    ) -> Coefficients:
        factors = _FACTORS[sampling] if len(components) == 3 else _GRAY
        scratch = np.empty(dct.scratch_length(factors, width, height, progressive=progressive), np.uint32)
        used = _threads(width * height)
        return cls(width, height, tuple(components), factors, progressive, scratch, used)

    def with_full_chroma(self, chroma: Iterable[NDArray[np.uint8]]) -> Coefficients:
        """Return a copy with the same luma and with 4:4:4 chroma.

        Args:
            chroma: two planes of the size of luma.
        """
        components = [self.components[0], *map(_transformed, chroma)]
        return self._of_components(components, self.width, self.height, "4:4:4", progressive=self.progressive)

    def with_overshoot(self, luma: NDArray[np.uint8], levels: int) -> Coefficients:
        """Return a copy whose luma may exceed white, as in kernels.dct.forward().

        Args:
            luma: the plane that was transformed.
            levels: overshoot in sample levels, at most kernels.dct.MOST_OVERSHOOT.
        """
        components = (_transformed(luma, overshoot=levels), *self.components[1:])
        scratch = np.empty_like(self._scratch)
        return replace(self, components=components, _scratch=scratch, _latest=[])

    def masks(self, luma: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
        """Return the masking of each block, as computed by kernels.dct.fill_masks().

        Args:
            luma, chroma: kernels.dct.MASKS values for rising sums of AC coefficients.
        """
        found = []
        for number, blocks in enumerate(self.components):
            out = np.empty(blocks.shape[:2], np.uint8)
            fill = partial(_fill_masks, blocks, chroma if number else luma, out)
            _by_rows(fill, blocks.shape[0], blocks.size)
            found.append(out)
        return tuple(found)

    def measure(
        self,
        tables: Tables,
        *,
        rdo: Rdo | None = None,
        every: int = 1,
        bits: NDArray[np.uint8] | None = None,
        room: int = 0,
    ) -> int:
        """Return the length in bytes of the file that encode() writes.

        The method is not thread-safe: calls share one scratch array.

        Args:
            tables: one entry for all components, or one for luma and one for chroma. An entry has 64
                quantisation steps of 1 to 255 and 64 dead zones, as shares of a step below which a
                remainder is dropped, in zigzag order.
            rdo, every, bits: as in kernels.dct.measure().
            room: bytes up to which a file is kept for encode(). That costs less than to write it there. A
                file of more than a byte for each coefficient is not kept: a limit may be any number.
        """
        room = min(room, _HEADERS + sum(blocks.size for blocks in self.components))
        out = np.empty(room, np.uint8) if room and every == 1 else None
        picture, used = self._arguments(tables, rdo)
        length = dct.measure(
            picture,
            self._scratch,
            rdo=used,
            every=every,
            bits=bits,
            out=out,
            progressive=self.progressive,
            threads=self._threads,
        )
        made = out[:length] if out is not None and length <= room else None
        self._latest[:] = [tables, rdo, made] if every == 1 else []
        return length

    def encode(self, tables: Tables, length: int, *, rdo: Rdo | None = None) -> bytes:
        """Encode a JPEG file with optimised Huffman tables.

        Args:
            tables, rdo: as in measure().
            length: the result of measure() for them.
        """
        ready = len(self._latest) == 3 and self._latest[0] is tables and self._latest[1] is rdo
        if ready and self._latest[2] is not None:
            return bytes(self._latest[2])
        out = np.empty(length, np.uint8)
        picture, used = self._arguments(tables, rdo)
        written = dct.write(picture, self._scratch, out, rdo=used, ready=ready, progressive=self.progressive)
        return out[:written].tobytes()

    def _arguments(self, tables: Tables, rdo: Rdo | None) -> tuple[_Picture, Rdo | None]:
        """Return the picture for measuring and writing, and rdo for as many tables."""
        used = tables[: len(self.components)]
        if rdo is not None:
            bits, lambdas, masks = rdo
            rdo = bits, lambdas[: len(used)], masks
        return (self.components, used, self.sampling, self.width, self.height), rdo


def _transformed(plane: NDArray[np.uint8], *, overshoot: int = 0) -> NDArray[np.int16]:
    """Return the DCT blocks of a plane, in the layout of kernels.dct.forward()."""
    rows, columns = plane.shape
    blocks = np.empty((-(-rows // 8), -(-columns // 8), 64), np.int16)
    _by_rows(partial(_transform, plane, blocks, overshoot), len(blocks), blocks.size)
    return blocks


def _transform(
    plane: NDArray[np.uint8], blocks: NDArray[np.int16], overshoot: int, first: int, last: int
) -> None:
    dct.forward(plane[8 * first : 8 * last], blocks[first:last], overshoot=overshoot)


def _fill_masks(
    blocks: NDArray[np.int16], table: NDArray[np.uint8], out: NDArray[np.uint8], first: int, last: int
) -> None:
    dct.fill_masks(blocks[first:last], table, out[first:last])


def _by_rows(work: Callable[[int, int], None], rows: int, samples: int) -> None:
    """Call a function for all rows of blocks, from one to before another; large planes in two halves."""
    if _threads(samples) > 1 and rows > 1:
        middle = rows // 2
        both(partial(work, 0, middle), partial(work, middle, rows))
    else:
        work(0, rows)


def _threads(samples: int) -> int:
    """Return the number of threads for that many samples."""
    return threads(2) if samples >= _TWO_THREADS else 1
