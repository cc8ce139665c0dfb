"""Progressive files hold the coefficients of the baseline file, in the length that was counted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

from tests.made.dct import (
    GRAY,
    PLAIN,
    S420,
    S422,
    S444,
    by_libjpeg,
    on_every_level,
    photograph,
    quantise,
    quantised_pictures,
    shapes,
)
from tests.made.rdo import optimised, rdo_case
from transcode.kernels import dct, jpeg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.made.dct import Sampling, Tables
    from tests.made.rdo import Bits, Block, Steps


def made(
    components: list[NDArray[np.int16]],
    tables: Tables,
    sampling: Sampling,
    width: int,
    height: int,
    *,
    rdo: tuple[NDArray[np.uint8], list[float], list[NDArray[np.uint8]]] | None = None,
) -> bytes:
    """The file, written anew and from what was measured, with exactly the scratch and room that it needs."""
    length = dct.scratch_length(sampling, width, height, progressive=True)
    scratch = np.full(length + 8, 0xDEADBEEF, np.uint32)
    picture, room = (components, tables, sampling, width, height), scratch[:length]
    measured = dct.measure(picture, room, rdo=rdo, progressive=True)
    files = []
    for ready in (True, False):
        out = np.full(measured + 8, 0xAA, np.uint8)
        assert dct.write(picture, room, out[:measured], rdo=rdo, ready=ready, progressive=True) == measured
        assert (out[measured:] == 0xAA).all()
        files.append(out[:measured].tobytes())
    assert (scratch[length:] == 0xDEADBEEF).all()
    assert files[0] == files[1]
    return files[0]


def check(
    quantised: list[NDArray[np.int16]],
    sampling: Sampling,
    width: int,
    height: int,
    tables: Tables = PLAIN,
) -> bytes:
    """Quantised blocks, given as coefficients with steps of 1, are what libjpeg finds in the file."""
    components = [(blocks * dct.SCALE).astype(np.int16) for blocks in quantised]
    first, *others = on_every_level(lambda: made(components, tables, sampling, width, height))
    assert all(other == first for other in others)
    assert jpeg.header(first).progressive
    assert baseline(first) == by_libjpeg(quantised, tables, sampling, width, height)
    return first


def baseline(data: bytes) -> bytes:
    return jpeg.rewrite(data, progressive=False, max_scans=20, seconds=30.0)


@settings(deadline=None, max_examples=150)
@given(quantised_pictures())
def test_coefficients_are_kept(picture: tuple[Sampling, int, int, list[NDArray[np.int16]], Tables]) -> None:
    """Random blocks, from none to all coefficients, are read back by libjpeg as they were."""
    sampling, width, height, quantised, tables = picture
    check(quantised, sampling, width, height, tables)


@pytest.mark.parametrize("sampling", [GRAY, S422, S444, S420])
@pytest.mark.parametrize("factor", [1, 8, 60])
def test_photographs_are_smaller(sampling: Sampling, factor: int) -> None:
    """Several scans take fewer bytes than one, wherever most bytes are those of coefficients."""
    components = photograph(sampling, 403, 301)
    tables = [(np.full(64, factor, np.uint16), np.full(64, 0.5))]
    data = made(components, tables, sampling, 403, 301)
    quantised = [quantise(component, *tables[0]) for component in components]
    wanted = by_libjpeg(quantised, tables, sampling, 403, 301)
    assert baseline(data) == wanted
    assert len(data) < 0.99 * len(wanted)


@pytest.mark.parametrize("gap", [15, 16, 17, 31, 32, 33, 48, 61])
@pytest.mark.parametrize("value", [1, -2, 9])
def test_long_runs_between_refined_values(gap: int, value: int) -> None:
    """Sixteen zeros have a code in a scan that refines too, and behind it the values that they skip."""
    blocks = np.zeros((16, 16, 64), np.int16)
    blocks[:, :, 1] = 7
    blocks[::2, :, 1 + gap // 2] = -5
    blocks[:, ::3, 1 + gap] = value
    check([blocks], GRAY, 128, 128)


@pytest.mark.parametrize("every", [4094, 4095, 4096, 9000])
def test_runs_of_blocks_end(every: int) -> None:
    """As many blocks as end without more are told by several codes where one has no room for them."""
    blocks = np.zeros((100, 100, 64), np.int16)
    blocks.reshape(-1, 64)[::every, 1:4] = 3
    data = check([blocks], GRAY, 800, 800)
    assert len(data) < 2500


def test_a_flat_picture() -> None:
    """The scans of a picture without AC say that all blocks end."""
    data = check([np.zeros(shape, np.int16) for shape in shapes(S420, 1000, 700)], S420, 1000, 700)
    # DC takes one bit a block.
    assert len(data) < 1000 * 700 / 64 * 1.5 / 8 + 400


def test_bits_may_wait() -> None:
    """The low bits of large magnitudes come last: scans refine them, from high to low."""
    data = made(photograph(S420, 403, 301), PLAIN, S420, 403, 301)
    rows = np.zeros((60, 3), np.int64)
    count = jpeg.segments(data, rows)
    scans = [data[start : start + 14] for marker, start, _ in rows[:count] if marker == 0xDA]
    steps = [divmod(scan[5 + 2 * scan[4] + 2], 16) for scan in scans]
    refining = [high for high, _ in steps if high]
    assert refining == sorted(refining, reverse=True)
    assert refining[-1] == 1
    assert all(high == low + 1 for high, low in steps if high)


def test_writing_stays_in_its_room() -> None:
    """With any room less than the file needs there is a ValueError, and nothing is written behind it."""
    components = photograph(S420, 65, 31)
    scratch = np.empty(dct.scratch_length(S420, 65, 31, progressive=True), np.uint32)
    picture = (components, PLAIN, S420, 65, 31)
    length = dct.measure(picture, scratch, progressive=True)
    for room in [1, 20, 300, 700, *range(length - 40, length)]:
        out = np.full(room + 8, 0xAA, np.uint8)
        with pytest.raises(ValueError, match="more than the"):
            dct.write(picture, scratch, out[:room], ready=True, progressive=True)
        assert (out[room:] == 0xAA).all()


@pytest.mark.parametrize("sampling", [GRAY, S444, S420])
@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_rdo(sampling: Sampling, factor: float) -> None:
    """Errors are traded for bits in each band on its own, and a band without values costs nothing."""
    case = rdo_case(sampling, factor)

    def trade(i: int, source: Block, block: Block, steps: Steps, lambda_: int, bits: Bits) -> Block:
        for first, places in ((512 * i, (1, 2)), (512 * i + 256, (3, 63))):
            of_band = bits[first : first + 256]
            block = optimised(source, block, steps, of_band, lambda_, places=places, empty=0)
        return block

    expected = case.optimised(trade)
    picture = (case.components, case.tables, sampling, case.width, case.height)
    for found in on_every_level(lambda: made(*picture, rdo=case.rdo)):
        assert baseline(found) == expected


def test_bits_are_those_of_two_bands() -> None:
    """Coefficients 1 to 2 and 3 to 63 have codes of their own; the ends of blocks count as their mean."""
    blocks = np.zeros((1, 8, 64), np.int16)
    blocks[0, :5, 1] = [16, 16, 16, 16, 32]
    blocks[0, :, 3] = [0, 16, 0, 0, 0, 0, 16, 16]
    scratch = np.empty(dct.scratch_length(GRAY, 64, 8, progressive=True), np.uint32)
    bits = np.zeros(dct.CODES, np.uint8)
    dct.measure(([blocks], PLAIN, GRAY, 64, 8), scratch, bits=bits, progressive=True)
    # Coefficients 1 to 2: four ones and a two. Each of the five ends its block, the last one with three more.
    assert int(bits[1]) - 1 == 2
    assert int(bits[2]) - 2 == 3
    assert int(bits[0]) == 2
    # Coefficients 3 to 63: three ones; runs of one, five, one and one block end.
    assert int(bits[256 + 1]) - 1 == 2
    assert int(bits[256]) == 2
    # What does not occur.
    assert (bits[512::256] == 14).all()


def test_a_sample_is_an_estimate() -> None:
    """A quarter of the MCUs gives about the length of all."""
    for sampling in (GRAY, S420):
        components = photograph(sampling, 403, 301)
        tables = [(np.full(64, 20, np.uint16), np.full(64, 0.5))]
        scratch = np.empty(dct.scratch_length(sampling, 403, 301, progressive=True), np.uint32)
        picture = (components, tables, sampling, 403, 301)
        length = dct.measure(picture, scratch, progressive=True)
        estimates = on_every_level(partial(dct.measure, picture, scratch, every=4, progressive=True))
        assert estimates == [pytest.approx(length, rel=0.05)] * len(estimates)
        assert len(set(estimates)) == 1


def test_nothing_is_ready() -> None:
    """A scratch that does not say how the components are divided is refused."""
    components = photograph(GRAY, 20, 20)
    out = np.empty(5000, np.uint8)
    for left in (0, 0xFFFFFFFF):
        scratch = np.full(dct.scratch_length(GRAY, 20, 20, progressive=True), left, np.uint32)
        with pytest.raises(ValueError, match="no tokens"):
            dct.write((components, PLAIN, GRAY, 20, 20), scratch, out, ready=True, progressive=True)


def test_a_short_scratch_is_refused() -> None:
    """One that is long enough for a baseline file need not be for a progressive one."""
    components = photograph(S420, 40, 40)
    scratch = np.empty(dct.scratch_length(S420, 40, 40, progressive=True) - 1, np.uint32)
    with pytest.raises(ValueError, match="scratch is shorter"):
        dct.measure((components, PLAIN, S420, 40, 40), scratch, progressive=True)
