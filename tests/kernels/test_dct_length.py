"""Lengths and files of quantised coefficients against those of libjpeg."""

from __future__ import annotations

import math
import sys
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

from transcode.kernels import cpu, dct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
from tests.made.dct import (
    GRAY,
    PLAIN,
    S420,
    S444,
    SAMPLINGS,
    ZIGZAG,
    Sampling,
    Tables,
    by_libjpeg,
    measure,
    on_every_level,
    photograph,
    quantise,
    quantised_pictures,
    shapes,
)


def written(
    components: Sequence[NDArray[np.int16]],
    tables: Tables,
    sampling: Sampling,
    width: int,
    height: int,
    length: int,
) -> bytes:
    """The file, written into exactly the room that it needs."""
    scratch = np.empty(dct.scratch_length(sampling, width, height), np.uint32)
    guarded = np.full(length + 8, 0xAA, np.uint8)
    made = dct.write((components, tables, sampling, width, height), scratch, guarded[:length])
    assert (guarded[length:] == 0xAA).all()
    return guarded[:made].tobytes()


def check(
    quantised: list[NDArray[np.int16]], sampling: Sampling, width: int, height: int, tables: Tables = PLAIN
) -> None:
    """Quantised blocks, given as coefficients with steps of 1, make the file that libjpeg writes."""
    components = [(blocks * dct.SCALE).astype(np.int16) for blocks in quantised]
    check_file(components, quantised, sampling, width, height, tables)


def check_file(
    components: list[NDArray[np.int16]],
    quantised: list[NDArray[np.int16]],
    sampling: Sampling,
    width: int,
    height: int,
    tables: Tables,
) -> None:
    """Measured length and written file are those of libjpeg's file, to the byte, on every level."""
    wanted = by_libjpeg(quantised, tables, sampling, width, height)
    measured = on_every_level(lambda: measure(components, tables, sampling, width, height))
    assert measured == [len(wanted)] * len(measured)
    made = on_every_level(lambda: written(components, tables, sampling, width, height, len(wanted)))
    assert made == [wanted] * len(made)


@settings(deadline=None, max_examples=150)
@given(quantised_pictures())
def test_length_is_the_files(picture: tuple[Sampling, int, int, list[NDArray[np.int16]], Tables]) -> None:
    """Random blocks, from none to all coefficients, measure to the byte what libjpeg writes."""
    sampling, width, height, quantised, tables = picture
    check(quantised, sampling, width, height, tables)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (8, 8), (16, 17), (65, 31), (200, 133)])
def test_length_of_photographs(sampling: Sampling, width: int, height: int) -> None:
    """Coefficients with coarse tables and dead zones measure what their quantised blocks are written in."""
    radius = np.array([math.hypot(*cell) for cell in ZIGZAG])
    components = photograph(sampling, width, height)
    for factor in (0.05, 0.5, 4.0):
        table = np.clip(np.rint((12 + 10 * radius) * factor), 1, 255).astype(np.uint16)
        tables = [
            (table, 0.55 + 0.015 * radius),
            (np.minimum(2 * table, 255).astype(np.uint16), np.full(64, 0.6)),
        ]
        tables = tables[: 1 if len(sampling) == 1 else 2]
        quantised = [quantise(c, *tables[min(i, 1)]) for i, c in enumerate(components)]
        check_file(components, quantised, sampling, width, height, tables)


@pytest.mark.parametrize("sampling", [GRAY, S444, S420])
@pytest.mark.parametrize("value", [-1023, 0, 1, 1023])
def test_length_of_one_value(sampling: Sampling, value: int) -> None:
    """Blocks that hold one value throughout, up to the largest, measure what libjpeg writes."""
    check([np.full(shape, value, np.int16) for shape in shapes(sampling, 45, 39)], sampling, 45, 39)


def test_length_with_the_largest_differences() -> None:
    """DC that leaps between both ends takes eleven bits more than its code."""
    quantised = [np.zeros(shape, np.int16) for shape in shapes(GRAY, 80, 80)]
    quantised[0][:, :, 0] = np.where(np.indices((10, 10)).sum(axis=0) % 2, 1023, -1023)
    check(quantised, GRAY, 80, 80)


@pytest.mark.parametrize("count", range(1, 10))
def test_length_when_the_last_byte_is_filled_up(count: int) -> None:
    """The last byte, with any number of bits, is filled with ones, and stuffed if it is then 0xFF."""
    blocks = np.zeros((1, count, 64), np.int16)
    for coded in range(count + 1):
        blocks[0, :coded, 1] = 1
        check([blocks], GRAY, 8 * count, 8)


def test_length_with_many_ff() -> None:
    """Bits that are ones only are followed by many stuffed zeros, and those are counted."""
    quantised = [np.full((20, 20, 64), 1023, np.int16)]
    data = by_libjpeg(quantised, PLAIN, GRAY, 160, 160)
    assert data.count(b"\xff\x00") > 1000
    check(quantised, GRAY, 160, 160)


def test_writing_stays_in_its_room() -> None:
    """With any room less than the file needs there is a ValueError, and nothing is written behind it."""
    components = photograph(S420, 65, 31)
    tables = PLAIN
    length = measure(components, tables, S420, 65, 31)
    for room in [1, 20, 300, *range(length - 40, length)]:
        with pytest.raises(ValueError, match="more than the"):
            written(components, tables, S420, 65, 31, room)
    assert len(written(components, tables, S420, 65, 31, length)) == length


@pytest.mark.parametrize("progressive", [False, True])
def test_measuring_writes_what_has_room(progressive: bool) -> None:
    """Measuring gives the length with any room, the file where it has room, and writes nothing behind it."""
    picture = (photograph(S420, 65, 31), PLAIN, S420, 65, 31)
    scratch = np.empty(dct.scratch_length(S420, 65, 31, progressive=progressive), np.uint32)
    length = dct.measure(picture, scratch, progressive=progressive)
    wanted = np.empty(length, np.uint8)
    dct.write(picture, scratch, wanted, progressive=progressive)
    for room in [0, 1, 20, 300, *range(length - 20, length + 3)]:
        out = np.full(length + 100, 0xA5, np.uint8)
        work = partial(dct.measure, picture, scratch, out=out[:room], progressive=progressive)
        found = on_every_level(work)
        assert set(found) == {length}
        assert (out[min(room, length) :] == 0xA5).all()
        assert room < length or (out[:length] == wanted).all()


def in_room(
    components: Sequence[NDArray[np.int16]],
    sampling: Sampling,
    size: tuple[int, int],
    every: int,
    threads: int,
    room: int,
) -> tuple[int, bytes, bytes]:
    """The measured length, what room has of the file, and the bits of codes."""
    picture = (components, PLAIN, sampling, *size)
    scratch = np.empty(dct.scratch_length(sampling, *size), np.uint32)
    out, bits = np.full(room + 8, 0xA5, np.uint8), np.zeros(dct.CODES, np.uint8)
    to = out[:room] if room else None
    found = dct.measure(picture, scratch, every=every, bits=bits, out=to, threads=threads)
    assert (out[room:] == 0xA5).all()
    return found, out.tobytes(), bits.tobytes()


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("every", [1, 3])
def test_two_threads_measure_and_write_the_same(sampling: Sampling, every: int) -> None:
    """Halves are joined at any bit, with any room, also where an octet of both is 0xFF."""
    for seed, size in enumerate([(1, 1), (40, 9), (65, 31), *((33, 16 * n) for n in range(2, 22))]):
        components = photograph(sampling, *size, seed)
        made = partial(in_room, components, sampling, size, every)
        length = made(1, 0)[0]
        for room in (0, length):
            assert on_every_level(partial(made, 2, room)) == [made(1, room)] * len(cpu.levels())
        for room in (2, length // 2, length - 1):
            assert made(2, room)[0] == length


def test_more_room_than_spare_memory() -> None:
    """A second half whose octets find no room behind the tokens is written in its place."""
    components = [np.full((40, 8, 64), 8176, np.int16)]
    components[0][:, :, 1::2] = -8176
    picture = (components, PLAIN, GRAY, 64, 320)
    scratch = np.empty(dct.scratch_length(GRAY, 64, 320), np.uint32)
    length = dct.measure(picture, scratch)
    files = [np.empty(length, np.uint8) for _ in range(2)]
    for threads, out in enumerate(files, 1):
        assert dct.measure(picture, scratch, out=out, threads=threads) == length
    assert files[0].tobytes() == files[1].tobytes()


@pytest.mark.parametrize("every", [1, 2, 3, 16, 17])
def test_samples_are_a_lattice(every: int) -> None:
    """The sample's length is that of the MCUs of the lattice, for any number of them in a row."""
    for width in (8, 40, 120, 136):
        blocks = np.zeros((6, -(-width // 8), 64), np.int16)
        chosen = [(x + 5 * y) % every == 0 for y in range(6) for x in range(blocks.shape[1])]
        blocks.reshape(-1, 64)[chosen, 1:40] = 16
        scratch = np.empty(dct.scratch_length(GRAY, width, 48), np.uint32)
        picture = ([blocks], PLAIN, GRAY, width, 48)
        found = on_every_level(partial(dct.measure, picture, scratch, every=every))
        # 39 values of two bits each or more in all blocks of the sample.
        assert min(found) == max(found) >= len(chosen) * 39 * 2 // 8


@pytest.mark.parametrize("gap", [15, 16, 17, 31, 32, 48, 62])
def test_length_with_long_runs(gap: int) -> None:
    """Runs of sixteen zeros and more have codes of their own, at the end of a block they have none."""
    blocks = np.zeros((3, 3, 64), np.int16)
    blocks[:, :, 1 + gap] = 5
    check([blocks], GRAY, 24, 24)


def test_codes_are_limited_to_sixteen_bits() -> None:
    """Symbols as frequent as Fibonacci numbers, whose codes would be longer, measure what libjpeg writes."""
    frequencies = [4, 4]
    while len(frequencies) < 19:
        frequencies.append(frequencies[-1] + frequencies[-2])
    symbols = [(zeros, 1 << size) for zeros in range(4) for size in range(6)]
    blocks = np.zeros((210 * 210, 64), np.int16)
    first = 0
    for (zeros, value), frequency in zip(symbols, frequencies, strict=False):
        blocks[first : first + frequency, 1 + zeros] = value
        first += frequency
    check([blocks.reshape(210, 210, 64)], GRAY, 1680, 1680)


def test_length_does_not_depend_on_the_scratch() -> None:
    """What was left in the scratch by an earlier call changes nothing, nor does more room."""
    components = photograph(S420, 100, 90)
    scratch = np.full(dct.scratch_length(S420, 100, 90) + 1000, 0xFFFFFFFF, np.uint32)
    first = dct.measure((components, PLAIN, S420, 100, 90), scratch)
    assert dct.measure((components, PLAIN, S420, 100, 90), scratch) == first
    assert first == measure(components, PLAIN, S420, 100, 90)


def test_measure_keeps_the_coefficients() -> None:
    """Measuring leaves the coefficients as they are and keeps no reference to them."""
    components = photograph(S444, 50, 50)
    before = [component.copy() for component in components]
    references_before = sys.getrefcount(components[0])
    measure(components, PLAIN, S444, 50, 50)
    references_after = sys.getrefcount(components[0])
    assert references_after == references_before
    assert all(np.array_equal(a, b) for a, b in zip(components, before, strict=True))


@pytest.mark.parametrize(
    "sampling", [(), S444[:2], ((0, 1),), ((5, 1), (1, 1), (1, 1)), ((4, 4), (1, 1), (1, 1))]
)
def test_impossible_samplings_are_refused(sampling: Sampling) -> None:
    """Two components, factors beyond 4 and MCUs of more than ten blocks are no JPEG of ours."""
    with pytest.raises(ValueError):
        dct.scratch_length(sampling, 16, 16)


@pytest.mark.parametrize(("width", "height"), [(0, 8), (8, 0), (-8, 8), (65536, 8)])
def test_impossible_sizes_are_refused(width: int, height: int) -> None:
    """A side is 1 to 65,535 pixels."""
    with pytest.raises(ValueError, match="no size"):
        dct.scratch_length(GRAY, width, height)


def test_measure_refuses_what_does_not_fit_together() -> None:
    """Components, tables and scratch must belong to the sampling and the size."""
    components = photograph(S420, 32, 32)
    scratch = np.empty(dct.scratch_length(S420, 32, 32), np.uint32)
    with pytest.raises(ValueError, match="2 components"):
        dct.measure((components[:2], PLAIN, S420, 32, 32), scratch)
    with pytest.raises(ValueError, match="component 0 is 4 x 4 x 64, not 5 x 4 x 64"):
        dct.measure((components, PLAIN, S420, 32, 33), scratch)
    for tables in ([], PLAIN * 3):
        with pytest.raises(ValueError, match="tables for 3"):
            dct.measure((components, tables, S420, 32, 32), scratch)
    with pytest.raises(ValueError, match="tables for 1"):
        dct.measure((components[:1], PLAIN * 2, GRAY, 32, 32), scratch)
    with pytest.raises(ValueError, match="scratch"):
        dct.measure((components, PLAIN, S420, 32, 32), scratch[:-1])
    with pytest.raises(TypeError, match="component 1 is None"):
        dct.measure(([components[0], None, components[2]], PLAIN, S420, 32, 32), scratch)  # type: ignore[list-item]
