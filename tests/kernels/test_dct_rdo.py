"""Errors that are traded for bits, estimates from samples of the blocks, and masks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.made.dct import (
    GRAY,
    PLAIN,
    S420,
    S444,
    Sampling,
    by_libjpeg,
    measure,
    on_every_level,
    photograph,
    quantise,
)
from tests.made.rdo import optimised, rdo_case
from transcode.kernels import dct

if TYPE_CHECKING:
    from tests.made.rdo import Bits, Block, Steps


@pytest.mark.parametrize("sampling", [GRAY, S444, S420])
@pytest.mark.parametrize("factor", [0.1, 1.0, 3.0])
def test_rdo(sampling: Sampling, factor: float) -> None:
    """Errors are traded for bits block by block, by each block's mask; measured and written alike."""
    case = rdo_case(sampling, factor)

    def trade(i: int, source: Block, plain: Block, steps: Steps, lambda_: int, bits: Bits) -> Block:
        return optimised(source, plain, steps, bits[512 * bool(i) + 256 :][:256], lambda_)

    expected = case.optimised(trade)
    picture = (case.components, case.tables, sampling, case.width, case.height)
    scratch = np.empty(dct.scratch_length(sampling, case.width, case.height), np.uint32)

    def made(*, ready: bool) -> bytes:
        length = dct.measure(picture, scratch, rdo=case.rdo)
        out = np.empty(length, np.uint8)
        dct.write(picture, scratch, out, rdo=case.rdo, ready=ready)
        return out.tobytes()

    for found in [*on_every_level(lambda: made(ready=False)), *on_every_level(lambda: made(ready=True))]:
        assert found == expected


def test_nothing_is_ready() -> None:
    """A scratch that holds no tokens is refused, and one that holds others gives no more than its room."""
    components = photograph(GRAY, 20, 20)
    scratch = np.full(dct.scratch_length(GRAY, 20, 20), 0xFFFFFFFF, np.uint32)
    out = np.empty(5000, np.uint8)
    with pytest.raises(ValueError, match="no tokens"):
        dct.write((components, PLAIN, GRAY, 20, 20), scratch, out, ready=True)


def test_trade_is_checked() -> None:
    """Prices, masks and bits that are out of range or of another shape are refused."""
    components = photograph(GRAY, 20, 20)
    scratch = np.empty(dct.scratch_length(GRAY, 20, 20), np.uint32)
    bits, masks = np.full(dct.CODES, 5, np.uint8), np.full((3, 3), 16, np.uint8)
    wrong = [
        (bits[:-1], [0.1], [masks]),
        (bits, [0.6], [masks]),
        (bits, [math.nan], [masks]),
        (bits, [0.1, 0.1], [masks]),
        (bits, [0.1], []),
        (bits, [0.1], [masks[:2]]),
    ]
    for rdo in wrong:
        with pytest.raises(ValueError):
            dct.measure((components, PLAIN, GRAY, 20, 20), scratch, rdo=rdo)
    with pytest.raises(ValueError, match="every"):
        dct.measure((components, PLAIN, GRAY, 20, 20), scratch, every=0)
    with pytest.raises(ValueError, match="bits"):
        dct.measure((components, PLAIN, GRAY, 20, 20), scratch, bits=bits[:5])


@pytest.mark.parametrize("every", [2, 3, 16])
def test_a_sample_of_the_blocks(every: int) -> None:
    """One of ``every`` blocks is measured, with the DC of the block to the left; the length is scaled up."""
    components = photograph(GRAY, 80, 72)
    tables = [(np.full(64, 40, np.uint16), np.full(64, 0.5))]
    places = [(y, x) for y, x in np.ndindex(9, 10) if (x + 5 * y) % every == 0]
    quantised = quantise(components[0], *tables[0])
    # The sample as a picture of its own: what DC is predicted from stands in between, and is not counted.
    alone = np.zeros((1, len(places), 64), np.int16)
    level = 0
    for i, (y, x) in enumerate(places):
        before = quantised[y, x - 1, 0] if x else quantised[y - 1, 0, 0] if y else 0
        level += int(quantised[y, x, 0]) - int(before)
        alone[0, i] = quantised[y, x]
        alone[0, i, 0] = level
    whole = by_libjpeg([alone], tables, GRAY, 8 * len(places), 8)
    scan = whole.index(b"\xff\xda") + 10
    data = (len(whole) - 2 - scan) * 90 // len(places)
    scratch = np.empty(dct.scratch_length(GRAY, 80, 72), np.uint32)
    for found in on_every_level(
        lambda: dct.measure((components, tables, GRAY, 80, 72), scratch, every=every)
    ):
        assert found == scan + data + 2


def test_a_sample_is_an_estimate() -> None:
    """A quarter of the MCUs in 4:2:0, some of them not whole, gives about the length of all."""
    components = photograph(S420, 795, 603)
    scratch = np.empty(dct.scratch_length(S420, 795, 603), np.uint32)
    length = measure(components, PLAIN, S420, 795, 603)
    estimate = dct.measure((components, PLAIN, S420, 795, 603), scratch, every=4)
    assert estimate == pytest.approx(length, rel=0.05)


def test_bits_are_those_of_the_file() -> None:
    """The bits of the codes, times how often each occurs, make up the data of the scan."""
    blocks = np.zeros((1, 8, 64), np.int16)
    blocks[0, :, 1] = [16, 16, 16, 16, 32, 32, 48, 16]
    scratch = np.empty(dct.scratch_length(GRAY, 64, 8), np.uint32)
    bits = np.zeros(dct.CODES, np.uint8)
    dct.measure(([blocks], PLAIN, GRAY, 64, 8), scratch, bits=bits)
    # DC differences of 0; five ones, three of two bits, and the end of each block.
    assert bits[0] == 1
    assert sorted((int(bits[256]), int(bits[257]) - 1, int(bits[258]) - 2)) == [1, 2, 3]
    assert bits[259] == 17


def test_masks() -> None:
    """A block's mask is the table's entry for its sum of AC magnitudes, DC left out."""
    components = photograph(GRAY, 90, 70)[0]
    components[0, 0, 1:] = -32768
    components[0, 1] = 0
    components[0, 1, 7::9] = [32, -32, 31, -1, 1, 600, -600]
    table = (np.arange(dct.MASKS) * 7 % 64 + 1).astype(np.uint8)
    out = np.zeros(components.shape[:2], np.uint8)

    def filled() -> bytes:
        dct.fill_masks(components, table, out)
        return out.tobytes()

    sums = np.abs(components[:, :, 1:].astype(int)).sum(axis=2) // 32
    assert set(on_every_level(filled)) == {table[np.minimum(sums, dct.MASKS - 1)].tobytes()}
    with pytest.raises(ValueError, match="table of masks"):
        dct.fill_masks(components, table[:-1], out)
    with pytest.raises(ValueError, match="number of blocks"):
        dct.fill_masks(components, table, out[:-1])
