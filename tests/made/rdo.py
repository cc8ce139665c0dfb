"""A reference implementation of rate-distortion optimisation of a block, and inputs for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tests.made.dct import Sampling, Tables, by_libjpeg, photograph, quantise
from transcode.kernels import dct

Block = NDArray[np.int16]
Steps = NDArray[np.uint16]
Bits = NDArray[np.uint8]


def optimised(
    source: NDArray[np.int16],
    quantised: NDArray[np.int16],
    table: NDArray[np.uint16],
    bits: NDArray[np.uint8],
    lambda_: int,
    *,
    places: tuple[int, int] = (1, 63),
    empty: int | None = None,
) -> NDArray[np.int16]:
    """One block after rate-distortion optimisation, as the kernel's documentation specifies it.

    Args:
        bits: the lengths of the AC codes in bits.
        places: the positions of the first and the last coefficient of the band.
        empty: the bits of a band without coefficients; None: the bits of an end-of-block code.
    """
    block = quantised.astype(int)
    first, last = places
    end = int(bits[0])

    def cost(run: int, size: int) -> int:
        return int(bits[(run % 16) << 4 | size]) + run // 16 * int(bits[0xF0])

    for k in range(last, first - 1, -1):
        size = int(abs(block[k])).bit_length()
        if block[k] == 0 or abs(block[k]) != 1 << (size - 1):
            continue
        inverse = (65536 + int(table[k]) // 2) // int(table[k])
        exact = abs(int(source[k])) * inverse >> 12
        error = 256 * (2 * (exact - 256 * abs(int(block[k]))) + 256)
        before = max([j for j in range(first, k) if block[j]], default=first - 1)
        after = [j for j in range(k + 1, last + 1) if block[j]]
        if size > 1:
            row = ((k - before - 1) % 16) << 4
            saved = min(int(bits[row | size]) - int(bits[row | (size - 1)]), 4)
        else:
            saved = cost(k - before - 1, 1)
            if after:
                next_size = int(abs(block[after[0]])).bit_length()
                saved += cost(after[0] - k - 1, next_size) - cost(after[0] - before - 1, next_size)
            else:
                alone = before == first - 1
                saved += (end if k < last else 0) - (empty if alone and empty is not None else end)
            saved = min(saved, 12)
        if error < lambda_ * saved:
            block[k] -= 1 if block[k] > 0 else -1
    return block.astype(np.int16)


#: Takes the number of a component, a block, the block quantised, its table, its lambda and the bits of all
#: codes; returns the block optimised.
Trade = Callable[[int, Block, Block, Steps, int, Bits], Block]


@dataclass(frozen=True, eq=False)
class RdoCase:
    """A picture that is optimised.

    Attributes:
        components: its coefficients.
        tables: tables with dead zones.
        sampling: sampling factors of the components.
        lambdas: a lambda for each table.
        bits: the lengths of the codes in bits.
        masks: masking values of the blocks of each component.
    """

    components: list[NDArray[np.int16]]
    tables: Tables
    sampling: Sampling
    lambdas: list[float]
    bits: NDArray[np.uint8]
    masks: list[NDArray[np.uint8]]

    #: In pixels.
    width: ClassVar = 75
    height: ClassVar = 50

    @property
    def rdo(self) -> tuple[NDArray[np.uint8], list[float], list[NDArray[np.uint8]]]:
        """The parameters of the optimisation as the kernel takes them."""
        return self.bits, self.lambdas, self.masks

    def optimised(self, trade: Trade) -> bytes:
        """The baseline file by libjpeg of the coefficients after optimisation, some of which must change."""
        found, changed = [], 0
        for i, component in enumerate(self.components):
            steps, dead_zone = self.tables[min(i, len(self.tables) - 1)]
            plain = quantise(component, steps, dead_zone)
            after = plain.copy()
            for place in np.ndindex(*plain.shape[:2]):
                lambda_ = int(65536 * self.lambdas[min(i, len(self.lambdas) - 1)])
                lambda_ = lambda_ * int(self.masks[i][place]) >> 4
                after[place] = trade(i, component[place], plain[place], steps, lambda_, self.bits)
            found.append(after)
            changed += int((after != plain).sum())
        assert changed
        return by_libjpeg(found, self.tables, self.sampling, self.width, self.height)


def rdo_case(sampling: Sampling, factor: float) -> RdoCase:
    """A photograph in steps that are multiplied by a factor."""
    rng = np.random.default_rng(7)
    components = photograph(sampling, RdoCase.width, RdoCase.height)
    table = np.clip(np.rint((8 + np.arange(64)) * factor), 1, 255).astype(np.uint16)
    tables = [(table, np.full(64, 0.5)), (np.minimum(2 * table, 255).astype(np.uint16), np.full(64, 0.47))]
    tables, lambdas = tables[: min(len(sampling), 2)], [0.08, 0.25][: min(len(sampling), 2)]
    bits = rng.integers(2, 27, dct.CODES).astype(np.uint8)
    masks = [rng.integers(0, 256, c.shape[:2]).astype(np.uint8) for c in components]
    return RdoCase(components, tables, sampling, lambdas, bits, masks)
