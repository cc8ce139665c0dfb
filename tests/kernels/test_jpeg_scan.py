"""The decoder of plain scans beside libjpeg: the same planes, the same outcome, on every instruction set."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from transcode.kernels import jpeg

pytestmark = pytest.mark.usefixtures("level")

Planes = list[NDArray[np.uint8]]

#: Run and value of each coefficient that is not 0 behind the mean, in zigzag order.
Block = tuple[int, list[tuple[int, int]]]

#: Of the codes of DC, and of AC.
Lengths = tuple[list[int], list[int]]

#: The scales that are decoded here; the others are libjpeg's.
SCALES = (8, 4, 2, 1)


def decoded(
    data: bytes, eighths: int, *, libjpeg: bool = False, threads: int = 1
) -> tuple[Planes, jpeg.Outcome | str]:
    """Planes, and the outcome or the reason why there is none."""
    planes = [np.full((plane.rows, plane.columns), 77, np.uint8) for plane in jpeg.layout(data, eighths)]
    try:
        return planes, jpeg.decode(
            data, eighths, planes, max_scans=20, seconds=30.0, libjpeg=libjpeg, threads=threads
        )
    except jpeg.JpegError as error:
        return planes, error.reason


def same(data: bytes, scales: Sequence[int] = SCALES) -> bool:
    """Compares one thread with two and with libjpeg alone; whether all scales were decoded without it.

    Two threads decode files with restarts.
    """
    plain = []
    for eighths in scales:
        planes, outcome = decoded(data, eighths)
        expected, reference = decoded(data, eighths, libjpeg=True)
        plain.append(not isinstance(outcome, str) and outcome.plain)
        assert isinstance(outcome, str) == isinstance(reference, str)
        assert outcome[:4] == reference[:4]
        if jpeg.header(data).restart_interval:
            halves, of_halves = decoded(data, eighths, threads=2)
            assert of_halves == outcome
            assert isinstance(outcome, str) or all(map(np.array_equal, halves, planes))
        for c, (plane, other) in enumerate(zip(planes, expected, strict=True)):
            if isinstance(outcome, str):
                break
            wrong = np.argwhere(plane != other)
            assert len(wrong) == 0, f"{eighths}/8, component {c}: {len(wrong)} differ, first {wrong[:1]}"
    return all(plain)


def noise(width: int, height: int, seed: int = 3) -> Image.Image:
    """Colours that are smooth in the upper part and noise in the lower, with flat areas between."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 7, 3), dtype=np.uint8))
    pixels = np.array(small.resize((width, height), Image.Resampling.BICUBIC))
    pixels[height // 2 :] = rng.integers(0, 256, pixels[height // 2 :].shape)
    pixels[height // 3 : height // 2, : width // 2] = 90
    return Image.fromarray(pixels)


def save(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_restarts_out_of_turn(rows: int) -> None:
    """Halves that don't meet at a restart of the right number are libjpeg's, as the whole is."""
    data = save(noise(90, 200), quality=90, subsampling="4:2:0", restart_marker_rows=rows)
    markers = [at for at in range(len(data) - 1) if data[at] == 0xFF and 0xD0 <= data[at + 1] <= 0xD7]
    assert same(data)
    for number, at in enumerate(markers):
        swapped = data[: at + 1] + bytes([0xD0 + (number + 3) % 8]) + data[at + 2 :]
        missing = data[:at] + data[at + 2 :]
        twice = data[:at] + data[at : at + 2] + data[at:]
        further = data[: at - 30] + b"\xff\xd0" + data[at - 30 :]
        ended = data[:at] + b"\xff\xd9" + data[at + 2 :]
        for damaged in (swapped, missing, twice, further, ended, data[: at + 1]):
            assert not same(damaged, (8, 2))


# --- Pictures that encoders make ---------------------------------------------------------------------


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "4:4:0", "gray", "cmyk"])
def test_pictures(subsampling: str) -> None:
    """Every sampling decodes at every quality, with odd sizes, restarts, standard and optimised codes."""
    for number, (width, height) in enumerate([(1, 1), (8, 9), (17, 40), (67, 41), (200, 150)]):
        image = noise(width, height)
        options: dict[str, object] = {"subsampling": subsampling}
        if subsampling in ("gray", "cmyk"):
            image = image.convert("L" if subsampling == "gray" else "CMYK")
            options = {}
        for quality in (1, 30, 75, 92, 100):
            options |= {"quality": quality, "optimize": quality % 2 == 0}
            options |= {"restart_marker_blocks": (0, 1, 3, 0, 7)[(number + quality) % 5]}
            if subsampling == "4:4:0":
                options["subsampling"] = "4:2:2"
                data = save(image.transpose(Image.Transpose.TRANSPOSE), **options)
                data = transposed(data)
            else:
                data = save(image, **options)
            assert same(data), (width, height, options)


def transposed(data: bytes) -> bytes:
    """The file with the factors of luma's sampling changed over: another picture of as many MCUs."""
    at = data.index(b"\xff\xc0") + 5
    frame = bytearray(data)
    frame[at : at + 4] = data[at + 2 : at + 4] + data[at : at + 2]
    frame[at + 6] = data[at + 6] >> 4 | (data[at + 6] & 15) << 4
    return bytes(frame)


def test_scales_between_are_libjpegs() -> None:
    """A scale that is not 1, 2, 4 or 8 eighths is not decoded here; progressive files are not either."""
    data = save(noise(60, 50))
    assert not any(same(data, [eighths]) for eighths in (3, 5, 6, 7))
    assert not same(save(noise(60, 50), progressive=True))


def test_long_scan() -> None:
    """A picture of many times the buffer's size decodes with and without restarts."""
    image = noise(900, 700)
    for options in ({}, {"restart_marker_rows": 1}, {"restart_marker_blocks": 5}):
        data = save(image, quality=97, subsampling="4:2:0", **options)
        assert len(data) > 300_000
        assert same(data)


def test_photos(shared: Path, level: str) -> None:
    """Real files of all kinds equal those of libjpeg, and camera files are decoded without it."""
    paths = sorted((shared / "media" / "image").glob("*.jpg"))
    paths = [path for path in paths if path.stat().st_size < (1 << 23 if level != "portable" else 1 << 19)]
    plain = 0
    for path in paths:
        data = path.read_bytes()
        frame = jpeg.header(data)
        if frame.progressive and level == "portable":
            continue
        plain += same(data, SCALES if frame.width * frame.height < 1 << 22 else (4, 1))
    assert plain >= 5


# --- Scans that are put together here ----------------------------------------------------------------


class Bits:
    """Bits to octets, with a zero behind each 0xFF."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def put(self, value: int, length: int) -> None:
        if length:
            self.text.append(f"{value:0{length}b}")

    def octets(self) -> bytes:
        bits = "".join(self.text)
        bits += "1" * (-len(bits) % 8)
        return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:].replace(b"\xff", b"\xff\0")


def codes(counts: Sequence[int], symbols: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Code and length of each symbol (T.81, C.2)."""
    made, code, index = {}, 0, 0
    for length, count in enumerate(counts, 1):
        for _ in range(count):
            made[symbols[index]] = (code, length)
            code, index = code + 1, index + 1
        code *= 2
    return made


def counts_of(lengths: Sequence[int]) -> list[int]:
    return [lengths.count(length) for length in range(1, 17)]


def put_value(bits: Bits, value: int, size: int) -> None:
    bits.put(value if value > 0 else value + (1 << size) - 1, size)


def scan_of(blocks: Sequence[Block], dc: dict[int, tuple[int, int]], ac: dict[int, tuple[int, int]]) -> bytes:
    """The coded data of gray blocks; their means are given as differences."""
    bits = Bits()
    for mean, values in blocks:
        size = abs(mean).bit_length()
        bits.put(*dc[size])
        put_value(bits, mean, size)
        position = 1
        for run, value in values:
            if position + run > 63:
                break
            position += run + 1
            for _ in range(run // 16):
                bits.put(*ac[0xF0])
            size = abs(value).bit_length()
            bits.put(*ac[run % 16 << 4 | size])
            put_value(bits, value, size)
        if position < 64:
            bits.put(*ac[0])
    return bits.octets()


#: All 256 symbols of AC and the 16 of DC that there may be: short codes first, or all of them long ones.
LENGTHS: list[Lengths] = [
    ([3] * 4 + [6] * 12, [2] + [5] * 8 + [8] * 60 + [12] * 100 + [15] * 87),
    ([16] * 16, [9] * 100 + [11] * 56 + [13] * 100),
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 2, 3, 4, 5] + [10] * 20 + [16] * 231),
]


def symbols_of_ac(symbols: Sequence[int]) -> list[int]:
    """Those that blocks are made of first; the others say the end of the block in other words."""
    first = [symbol for symbol in symbols if symbol & 15 or symbol in (0, 0xF0)]
    return first + [symbol for symbol in symbols if symbol not in first]


def gray_file(
    blocks: Sequence[Block],
    lengths: tuple[list[int], list[int]],
    symbols: Sequence[int],
    steps: Sequence[int],
) -> bytes:
    """Blocks beside each other as a file with 16-bit steps."""
    tables = [counts_of(lengths[0]), counts_of(lengths[1])]
    values = [list(range(16)), symbols_of_ac(symbols)]
    width = 8 * len(blocks)
    data = b"\xff\xd8\xff\xdb\0\x83\x10" + b"".join(step.to_bytes(2, "big") for step in steps)
    data += b"\xff\xc1\0\x0b\x08\0\x08" + width.to_bytes(2, "big") + b"\x01\x01\x11\0"
    for number, (counts, names) in enumerate(zip(tables, values, strict=True)):
        length = 19 + len(names)
        data += b"\xff\xc4" + length.to_bytes(2, "big") + bytes([number << 4, *counts, *names])
    data += b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"
    return data + scan_of(blocks, codes(tables[0], values[0]), codes(tables[1], values[1])) + b"\xff\xd9"


VALUES = st.one_of(
    st.integers(-3, 3).filter(bool),
    st.integers(-300, 300).filter(bool),
    st.integers(-32767, 32767).filter(bool),
)
BLOCKS = st.tuples(
    st.one_of(st.integers(-40, 40), st.integers(-32767, 32767)),
    st.lists(st.tuples(st.one_of(st.just(0), st.integers(0, 40)), VALUES), max_size=64),
)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(BLOCKS, min_size=1, max_size=12),
    st.sampled_from(LENGTHS),
    st.permutations(range(256)),
    st.sampled_from([1, 7, 255, 4000, 65535]),
)
def test_any_coefficients(blocks: list[Block], lengths: Lengths, symbols: list[int], step: int) -> None:
    """Any coefficients that 15 bits can hold, in any order, under any codes and steps."""
    assert same(gray_file(blocks, lengths, symbols, [step + i if step < 4000 else step for i in range(64)]))


def test_blocks_that_are_full() -> None:
    """A block ends with its last coefficient though the next bits look like the end of a block."""
    for lengths in LENGTHS:
        for value in (1, -1, 5, -120):
            full: Block = (0, [(0, value)] * 63)
            last: Block = (1, [(62, value)])
            empty: Block = (0, [])
            blocks = [full, full, last, last, empty, full, empty, last, full]
            assert same(gray_file(blocks, lengths, range(256), [3] * 64))


# --- What is left to libjpeg ---------------------------------------------------------------------------


def test_odd_ends() -> None:
    """Files that end early, late, or in something else are libjpeg's, and come out as it has them."""
    data = save(noise(120, 90), quality=90, restart_marker_rows=2)
    scan = data.index(b"\xff\xda")
    assert same(data)
    assert same(data + b"what follows the picture")
    for odd in (
        data[:-2],
        data[:-2] + b"\0\0\xff\xd9",
        data[:-2] + b"\x12\x34\x56\xff\xd9",
        data[:-2] + b"\xff\xfe\0\x04ab\xff\xd9",
        data[:-2] + b"\xff\xd0\xff\xd9",
        data[:-2] + b"\xff\xff\xd9",
        data[:-12] + b"\xff\xd9",
        data[: scan + 400],
        data[: scan + 16],
        data[: scan + 14] + b"\xff\xd9",
        data.replace(b"\xff\xd1", b"\xff\xd2"),
        data.replace(b"\xff\xd1", b"\xff\xff\xd1"),
        data.replace(b"\xff\xd1", b"\0\xff\xd1"),
        data[:scan].replace(b"\xff\xdd\0\x04", b"\xff\xfe\0\x04") + data[scan:],
    ):
        assert not same(odd)


def test_odd_codes() -> None:
    """Bits that are no code, and runs out of their block, are libjpeg's."""
    for lengths in LENGTHS:
        data = gray_file([(0, [(0, 1)])] * 8, lengths, range(256), [9] * 64)
        start = data.index(b"\xff\xda") + 10
        assert same(data)
        assert not same(data[:start] + b"\xff\0" * 60 + data[-2:])
        dc, ac = (
            codes(counts_of(lengths[0]), range(16)),
            codes(counts_of(lengths[1]), symbols_of_ac(range(256))),
        )
        for symbols in ([0xF0] * 3 + [0xF1], [0xF0] * 4, [0xF0] * 3 + [0xE1, 0x11]):
            bits = Bits()
            bits.put(*dc[0])
            for symbol in symbols:
                bits.put(*ac[symbol])
                put_value(bits, 1, symbol & 15)
            bits.put(0, 300)
            assert not same(data[:start] + bits.octets() + data[-2:])


ORIGINALS = [
    save(noise(60, 40), quality=85, subsampling="4:2:0"),
    save(noise(60, 40), quality=60, subsampling="4:2:2", restart_marker_blocks=2),
    save(noise(60, 40).convert("L"), quality=95, optimize=True),
]


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(ORIGINALS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4),
    st.floats(0.2, 1),
)
def test_damage(original: bytes, flips: list[tuple[float, int]], length: float) -> None:
    """Any octets of tables and scan changed, and any part of it cut off, end as with libjpeg alone."""
    data = bytearray(original)
    frame = original.index(b"\xff\xc0")
    for place, change in flips:
        at = int(place * len(data))
        # The size stays, for the sake of the tests' own time.
        if not frame + 4 < at < frame + 9:
            data[at] ^= change
    damaged = bytes(data[: max(int(length * len(data)), 4)])
    try:
        jpeg.layout(damaged, 8)
    except jpeg.JpegError:
        return
    same(damaged, (8, 1))
