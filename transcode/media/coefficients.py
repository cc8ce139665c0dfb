"""A picture as DCT coefficients: transformed once, then measured and written at any quality."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from transcode.kernels import dct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Coefficients"]

_GRAY = ((1, 1),)
_420 = ((2, 2), (1, 1), (1, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """The coefficients of a picture that is gray, or YCbCr with 4:2:0 chroma.

    Attributes:
        width, height: of the picture in pixels.
        components: for each plane its coefficients, as kernels.dct makes them.
    """

    width: int
    height: int
    components: tuple[NDArray[np.int16], ...]
    _scratch: NDArray[np.uint32] = field(repr=False)

    @classmethod
    def of(cls, planes: Sequence[NDArray[np.uint8]], width: int, height: int) -> Coefficients:
        """Transform planes: luma, then none or two of chroma with half as many rows and columns."""
        components = []
        for plane in planes:
            rows, columns = plane.shape
            blocks = np.empty((-(-rows // 8), -(-columns // 8), 64), np.int16)
            dct.forward(plane, blocks)
            components.append(blocks)
        sampling = _420 if len(components) == 3 else _GRAY
        scratch = np.empty(dct.scratch_length(sampling, width, height), np.uint32)
        return cls(width, height, tuple(components), scratch)

    @property
    def sampling(self) -> tuple[tuple[int, int], ...]:
        """Horizontal and vertical sampling factor of each component (T.81, A.1.1)."""
        return _420 if len(self.components) == 3 else _GRAY

    def measure(self, table: NDArray[np.uint16], dead_zone: NDArray[np.float64]) -> int:
        """The length in bytes of what encode would write.

        Not to be called from two threads at once: both would work in the same scratch.

        Args:
            table: 64 quantisation steps of 1 to 255, in zigzag order, for all components.
            dead_zone: 64 shares of a step below which a remainder is dropped, in zigzag order.
        """
        tables = [(table, dead_zone)]
        return dct.measure(self.components, tables, self.sampling, self.width, self.height, self._scratch)

    def encode(self, table: NDArray[np.uint16], dead_zone: NDArray[np.float64], length: int) -> bytes:
        """A baseline JPEG file with optimised Huffman tables.

        Args:
            table, dead_zone: as for measure.
            length: what measure gave for them.
        """
        out = np.empty(length, np.uint8)
        tables = [(table, dead_zone)]
        dct.write(self.components, tables, self.sampling, self.width, self.height, self._scratch, out)
        return out.tobytes()
