"""A picture as DCT coefficients: transformed once, then measured and written at any quality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from transcode.kernels import dct

if TYPE_CHECKING:
    from transcode.media.samples.planes import Sampling

__all__ = ["Coefficients", "Rdo", "Tables"]

#: Quantisation tables with their dead zones, and what kernels.dct.measure() trades errors for bits by.
Tables = Sequence[tuple[NDArray[np.uint16], NDArray[np.float64]]]
Rdo = tuple[NDArray[np.uint8], Sequence[float], Sequence[NDArray[np.uint8]]]

_GRAY = ((1, 1),)
_FACTORS = {"4:2:0": ((2, 2), (1, 1), (1, 1)), "4:4:4": ((1, 1), (1, 1), (1, 1))}


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """The coefficients of a picture that is gray, or YCbCr.

    Attributes:
        width, height: of the picture in pixels.
        components: for each plane its coefficients, as kernels.dct makes them.
        sampling: horizontal and vertical sampling factor of each component (T.81, A.1.1).
        progressive: whether its files are progressive, in several scans, or baseline.
    """

    width: int
    height: int
    components: tuple[NDArray[np.int16], ...]
    sampling: tuple[tuple[int, int], ...]
    progressive: bool
    _scratch: NDArray[np.uint32] = field(repr=False)
    #: Tables and rdo that scratch holds the whole picture for.
    _latest: list[object] = field(default_factory=list, repr=False)

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
        """Transform planes: luma, then none or two of chroma, sampled so."""
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
        return cls(width, height, tuple(components), factors, progressive, scratch)

    def with_full_chroma(self, chroma: Iterable[NDArray[np.uint8]]) -> Coefficients:
        """The same luma with chroma that has as many rows and columns: 4:4:4.

        Args:
            chroma: the two planes.
        """
        components = [self.components[0], *map(_transformed, chroma)]
        return self._of_components(components, self.width, self.height, "4:4:4", progressive=self.progressive)

    def with_overshoot(self, luma: NDArray[np.uint8], levels: int) -> Coefficients:
        """The same with luma that exceeds white by so many levels, as kernels.dct.forward() has it.

        Args:
            luma: the plane that was transformed.
            levels: at most kernels.dct.MOST_OVERSHOOT.
        """
        components = (_transformed(luma, overshoot=levels), *self.components[1:])
        scratch = np.empty_like(self._scratch)
        return Coefficients(self.width, self.height, components, self.sampling, self.progressive, scratch)

    def masks(self, luma: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
        """How much each block hides, as kernels.dct.fill_masks() finds it.

        Args:
            luma, chroma: kernels.dct.MASKS values for rising sums of AC.
        """
        found = []
        for number, blocks in enumerate(self.components):
            out = np.empty(blocks.shape[:2], np.uint8)
            dct.fill_masks(blocks, chroma if number else luma, out)
            found.append(out)
        return tuple(found)

    def measure(
        self,
        tables: Tables,
        *,
        rdo: Rdo | None = None,
        every: int = 1,
        bits: NDArray[np.uint8] | None = None,
    ) -> int:
        """The length in bytes of what encode would write.

        Not to be called from two threads at once: both would work in the same scratch.

        Args:
            tables: 64 quantisation steps of 1 to 255 and 64 shares of a step below which a
                remainder is dropped, in zigzag order: for all components, or for luma and chroma.
            rdo, every, bits: as kernels.dct.measure() takes them.
        """
        used = tables[: len(self.components)]
        self._latest[:] = [tables, rdo] if every == 1 else []
        return dct.measure(
            self.components,
            used,
            self.sampling,
            self.width,
            self.height,
            self._scratch,
            rdo=self._rdo(rdo, len(used)),
            every=every,
            bits=bits,
            progressive=self.progressive,
        )

    def encode(self, tables: Tables, length: int, *, rdo: Rdo | None = None) -> bytes:
        """A JPEG file with optimised Huffman tables.

        Args:
            tables, rdo: as for measure.
            length: what measure gave for them.
        """
        out = np.empty(length, np.uint8)
        used = tables[: len(self.components)]
        ready = len(self._latest) == 2 and self._latest[0] is tables and self._latest[1] is rdo
        written = dct.write(
            self.components,
            used,
            self.sampling,
            self.width,
            self.height,
            self._scratch,
            out,
            rdo=self._rdo(rdo, len(used)),
            ready=ready,
            progressive=self.progressive,
        )
        return out[:written].tobytes()

    def _rdo(self, rdo: Rdo | None, tables: int) -> Rdo | None:
        if rdo is None:
            return None
        bits, lambdas, masks = rdo
        return bits, lambdas[:tables], masks


def _transformed(plane: NDArray[np.uint8], *, overshoot: int = 0) -> NDArray[np.int16]:
    """The blocks of a plane, as kernels.dct.forward() makes them."""
    rows, columns = plane.shape
    blocks = np.empty((-(-rows // 8), -(-columns // 8), 64), np.int16)
    dct.forward(plane, blocks, overshoot=overshoot)
    return blocks
