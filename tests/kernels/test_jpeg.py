"""libjpeg-turbo behind numpy arrays: headers, planes at every scale, files from coefficients."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from transcode.kernels import jpeg

Sampling = tuple[tuple[int, int], ...]

GRAY: Sampling = ((1, 1),)
YCC_444: Sampling = ((1, 1),) * 3
YCC_420: Sampling = ((2, 2), (1, 1), (1, 1))
SAMPLINGS: list[Sampling] = [
    GRAY,
    ((2, 2),),
    YCC_444,
    YCC_420,
    ((2, 1), (1, 1), (1, 1)),
    ((1, 2), (1, 1), (1, 1)),
    ((4, 1), (1, 1), (1, 1)),
    ((4, 2), (1, 1), (1, 1)),
    ((3, 1), (1, 1), (1, 1)),
    ((2, 2), (2, 1), (1, 2)),
    ((1, 1), (2, 2), (1, 1)),
]
SIZES = [(1, 1), (1, 37), (50, 1), (8, 8), (16, 16), (17, 33), (67, 41)]

#: Orthonormal bases of the DCT for blocks of n samples (T.81, A.3.3, for any n): rows are samples.
BASES = {
    n: np.array(
        [
            [math.sqrt((2 if u else 1) / n) * math.cos((2 * x + 1) * u * math.pi / (2 * n)) for u in range(n)]
            for x in range(n)
        ]
    )
    for n in range(1, 17)
}


def zigzag() -> list[int]:
    """Where in a block, row by row, each coefficient in zigzag order belongs: along the diagonals."""
    order = sorted(
        ((y, x) for y in range(8) for x in range(8)),
        key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]),
    )
    return [8 * y + x for y, x in order]


ZIGZAG = np.array(zigzag())


def grid(width: int, height: int, sampling: Sampling) -> list[tuple[int, int]]:
    """Rows and columns of blocks of each component (T.81, A.1.1 and A.2.4)."""
    most_h, most_v = max(h for h, _ in sampling), max(v for _, v in sampling)
    columns = [-(-math.ceil(width * h / most_h) // 8) for h, _ in sampling]
    rows = [-(-math.ceil(height * v / most_v) // 8) for _, v in sampling]
    return list(zip(rows, columns, strict=True))


def coefficients(width: int, height: int, sampling: Sampling, seed: int = 1) -> list[NDArray[np.int16]]:
    """Quantised blocks in zigzag order whose samples, at the steps below, stay well inside 0..255."""
    rng = np.random.default_rng(seed)
    blocks = []
    for rows, columns in grid(width, height, sampling):
        made = rng.integers(-3, 4, (rows, columns, 64)).astype(np.int16)
        made[..., 16:] *= rng.integers(0, 2, made[..., 16:].shape, dtype=np.int16)
        made[..., 0] = rng.integers(-60, 61, (rows, columns))
        blocks.append(made)
    return blocks


#: Two tables whose steps all differ from their neighbours, in zigzag order.
TABLES = np.array([1 + np.arange(64) % 5, 3 + np.arange(64) % 3], np.uint16)


def written(
    blocks: Sequence[NDArray[np.int16]],
    sampling: Sampling,
    width: int,
    height: int,
    tables: NDArray[np.uint16] = TABLES,
    *,
    progressive: bool = False,
) -> bytes:
    ids = [min(c, len(tables) - 1) for c in range(len(blocks))]
    return jpeg.write_coefficients(
        blocks, tables, sampling, ids, width=width, height=height, progressive=progressive
    )


def decoded(data: bytes, eighths: int = 8) -> tuple[list[NDArray[np.uint8]], jpeg.Outcome]:
    planes = [np.empty((plane.rows, plane.columns), np.uint8) for plane in jpeg.layout(data, eighths)]
    return planes, jpeg.decode(data, eighths, planes, max_scans=100, seconds=30.0)


def planes_of(data: bytes, eighths: int = 8) -> list[NDArray[np.uint8]]:
    planes, outcome = decoded(data, eighths)
    assert outcome.warnings == 0
    assert outcome.warning == ""
    assert not outcome.damaged
    assert outcome.rows == jpeg.header(data).height
    return planes


def inverse(blocks: NDArray[np.int16], table: NDArray[np.uint16], size: int) -> NDArray[np.float64]:
    """Samples of blocks decoded to size x size each, in floating point.

    libjpeg's transforms of one, two and four samples are means of what eight give; the others
    are transforms of so many points of as many low frequencies.
    """
    natural = np.zeros((*blocks.shape[:2], 64))
    natural[..., ZIGZAG] = blocks.astype(np.float64) * table
    natural = natural.reshape(*blocks.shape[:2], 8, 8)
    points = 8 if size in (1, 2, 4) else size
    used = min(points, 8)
    basis = BASES[points][:, :used] * math.sqrt(points / 8)
    samples = np.einsum("yv,abvu,xu->aybx", basis, natural[..., :used, :used], basis) + 128
    mean = points // size
    rows, columns = blocks.shape[0] * size, blocks.shape[1] * size
    means: NDArray[np.float64] = samples.reshape(rows, mean, columns, mean).mean(axis=(1, 3))
    return means


def save(samples: NDArray[np.uint8] | Image.Image, **options: object) -> bytes:
    image = samples if isinstance(samples, Image.Image) else Image.fromarray(samples)
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)))


def steps(data: bytes) -> NDArray[np.uint16]:
    """The quantisation tables of a file that has table 0, or 0 and 1, in this order."""
    found = [data[start + 5 : end] for code, start, end in segments(data) if code == 0xDB]
    return np.array([list(table) for table in found], np.uint16)


def photo(width: int, height: int) -> NDArray[np.uint8]:
    """RGB samples between 60 and 200, smooth, with a little noise."""
    rng = np.random.default_rng(7)
    small = Image.fromarray(rng.integers(64, 196, (5, 7, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))
    return (smooth + rng.integers(-4, 5, smooth.shape)).astype(np.uint8)


def reference_segments(data: bytes) -> list[tuple[int, int, int]]:
    """Marker segments by one regular expression a step."""
    rows: list[tuple[int, int, int]] = []
    if data[:2] != b"\xff\xd8":
        return rows
    at = 2
    while found := re.compile(rb"\xff([\x02-\xfe])", re.DOTALL).search(data, at):
        code, start = found[1][0], found.start()
        if code in range(0xD0, 0xD8):
            at = found.end()
            continue
        end = found.end()
        if code not in (0xD8, 0xD9):
            length = data[end : end + 2]
            end = end + int.from_bytes(length, "big") if len(length) == 2 else len(data) + 1
        whole = start + 4 <= end <= len(data)
        if code == 0xDA and whole:
            behind = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]", re.DOTALL).search(data, end)
            end = behind.start() if behind else len(data)
        rows.append((code, start, end))
        if not whole:
            break
        at = end
    return rows


def segments(data: bytes, room: int = 64) -> list[tuple[int, int, int]]:
    rows = np.zeros((room, 3), np.int64)
    count = jpeg.segments(data, rows)
    return [(row[0], row[1], row[2]) for row in rows[:count].tolist()]


def without_interleave(
    blocks: Sequence[NDArray[np.int16]], sampling: Sampling, width: int, height: int
) -> bytes:
    """A sequential file with a scan for each component, put together from gray ones."""
    frame = bytes([8, *height.to_bytes(2, "big"), *width.to_bytes(2, "big"), len(blocks)])
    frame += b"".join(bytes([c + 1, h * 16 + v, 0]) for c, (h, v) in enumerate(sampling))
    scans = b""
    for number, component in enumerate(blocks):
        rows, columns = component.shape[:2]
        gray = written([component], GRAY, columns * 8, rows * 8, TABLES[:1])
        for code, start, end in segments(gray):
            if code == 0xDB and number == 0:
                scans += gray[start:end] + b"\xff\xc0" + (len(frame) + 2).to_bytes(2, "big") + frame
            elif code == 0xC4:
                scans += gray[start:end]
            elif code == 0xDA:
                scans += gray[start : start + 5] + bytes([number + 1]) + gray[start + 6 : end]
    return b"\xff\xd8" + scans + b"\xff\xd9"


# --- Planes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
@pytest.mark.parametrize("progressive", [False, True], ids=["sequential", "progressive"])
def test_planes_of_known_coefficients(sampling: Sampling, progressive: bool) -> None:
    """Every scale of every sampling and size is the inverse DCT of what was written, within 1.05 levels."""
    for width, height in SIZES:
        blocks = coefficients(width, height, sampling)
        data = written(blocks, sampling, width, height, progressive=progressive)
        assert jpeg.header(data).progressive is progressive
        for eighths in range(1, 9):
            layout = jpeg.layout(data, eighths)
            for c, plane in enumerate(planes_of(data, eighths)):
                size = layout[c].columns // blocks[c].shape[1]
                expected = inverse(blocks[c], TABLES[min(c, 1)], size)
                assert plane.shape == expected.shape == (layout[c].rows, layout[c].columns)
                worst = np.abs(plane - expected).max()
                assert worst <= 1.05, f"{width} x {height} at {eighths}/8, component {c}: {worst}"


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_extents(sampling: Sampling) -> None:
    """The extent is the picture's size times sampling times scale; padding is less than one block."""
    most_h, most_v = max(h for h, _ in sampling), max(v for _, v in sampling)
    for width, height in SIZES:
        blocks = coefficients(width, height, sampling)
        data = written(blocks, sampling, width, height)
        for eighths in range(1, 9):
            for c, plane in enumerate(jpeg.layout(data, eighths)):
                rows, columns = blocks[c].shape[:2]
                size = plane.columns // columns
                assert (plane.rows, plane.columns) == (size * rows, size * columns)
                assert size % eighths == 0
                assert size <= 16
                assert plane.width == pytest.approx(width * sampling[c][0] / most_h * size / 8)
                assert plane.height == pytest.approx(height * sampling[c][1] / most_v * size / 8)
                assert 0 <= plane.columns - plane.width < size
                assert 0 <= plane.rows - plane.height < size


def test_chroma_keeps_its_samples() -> None:
    """At half size, 4:2:0 chroma is decoded whole, and is as large as luma."""
    data = written(coefficients(67, 41, YCC_420), YCC_420, 67, 41)
    luma, blue, red = jpeg.layout(data, 4)
    assert (luma.width, luma.height) == (33.5, 20.5)
    assert (blue.width, blue.height) == (red.width, red.height) == (33.5, 20.5)
    assert (luma.rows, luma.columns, blue.rows, blue.columns) == (24, 36, 24, 40)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}], ids=str)
def test_luma_is_pillows(subsampling: str, options: dict[str, bool]) -> None:
    """Luma equals Pillow's gray decode of the same file, at the four scales that Pillow has."""
    data = save(photo(123, 77), quality=85, subsampling=subsampling, **options)
    for eighths in (1, 2, 4, 8):
        image = Image.open(io.BytesIO(data))
        image.draft("L", (123 * eighths // 8, 77 * eighths // 8))
        expected = np.asarray(image)
        assert expected.shape == (-(-77 * eighths // 8), -(-123 * eighths // 8))
        luma = planes_of(data, eighths)[0]
        np.testing.assert_array_equal(luma[: expected.shape[0], : expected.shape[1]], expected)


def test_colour_is_pillows() -> None:
    """Planes of a 4:4:4 file, turned to RGB by the JFIF equations, are Pillow's pixels within 1 level."""
    data = save(photo(61, 45), quality=90, subsampling="4:4:4")
    y, cb, cr = (plane[:45, :61].astype(np.float64) for plane in planes_of(data))
    rgb = [y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), y + 1.772 * (cb - 128)]
    difference = np.stack(rgb, axis=-1) - np.asarray(Image.open(io.BytesIO(data)))
    assert np.abs(difference).max() <= 1.01


def test_other_colours() -> None:
    """Gray, RGB and CMYK come as they are stored, and CMYK whose marker says so is YCCK."""
    samples = photo(40, 30)
    gray = save(samples[..., 0])
    assert jpeg.header(gray).colour == "gray"
    np.testing.assert_array_equal(planes_of(gray)[0][:30, :40], np.asarray(Image.open(io.BytesIO(gray))))
    rgb = save(samples, keep_rgb=True, subsampling="4:4:4")
    assert jpeg.header(rgb).colour == "rgb"
    stored = np.stack(planes_of(rgb), axis=-1)[:30, :40]
    np.testing.assert_array_equal(stored, np.asarray(Image.open(io.BytesIO(rgb))))
    cmyk = save(Image.fromarray(samples).convert("CMYK"))
    assert jpeg.header(cmyk)[2:4] == ("cmyk", ((1, 1, 0),) * 4)
    assert jpeg.header(cmyk).adobe
    stored = np.stack(planes_of(cmyk), axis=-1)[:30, :40]
    np.testing.assert_array_equal(255 - stored, np.asarray(Image.open(io.BytesIO(cmyk))))
    at = cmyk.index(b"Adobe") + 11
    ycck = cmyk[:at] + b"\2" + cmyk[at + 1 :]
    assert jpeg.header(ycck).colour == "ycck"
    np.testing.assert_array_equal(np.stack(planes_of(ycck), axis=-1)[:30, :40], stored)


@pytest.mark.parametrize("sampling", [YCC_444, YCC_420, ((3, 1), (1, 1), (1, 1))], ids=str)
def test_scans_without_interleave(sampling: Sampling) -> None:
    """A sequential file with a scan for each component decodes like one with a single scan."""
    blocks = coefficients(67, 41, sampling)
    apart = without_interleave(blocks, sampling, 67, 41)
    together = written(blocks, sampling, 67, 41, TABLES[:1])
    for eighths in (8, 5, 1):
        for one, other in zip(planes_of(apart, eighths), planes_of(together, eighths), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("eighths", range(1, 9))
def test_padded_rows(eighths: int) -> None:
    """Rows may be apart, also backwards; nothing between or around them is written."""
    for sampling in (GRAY, YCC_420, ((4, 2), (1, 1), (1, 1))):
        data = written(coefficients(43, 27, sampling), sampling, 43, 27)
        expected = planes_of(data, eighths)
        for canary in (0, 255):
            around = [np.full((p.shape[0] + 4, p.shape[1] + 37), canary, np.uint8) for p in expected]
            inside = [p[2:-2, 5:-32][::-1] for p in around]
            jpeg.decode(data, eighths, inside, max_scans=1, seconds=30.0)
            for outer, inner, plane in zip(around, inside, expected, strict=True):
                np.testing.assert_array_equal(inner, plane)
                inner[:] = canary
                assert (outer == canary).all()


def test_wrong_planes_are_refused() -> None:
    """Planes of another shape, number, or step are a ValueError, and stay as they were."""
    data = written(coefficients(43, 27, YCC_420), YCC_420, 43, 27)

    def attempt(planes: list[NDArray[np.uint8]], eighths: int = 8) -> None:
        with pytest.raises(ValueError):
            jpeg.decode(data, eighths, planes, max_scans=100, seconds=30.0)
        assert all((plane == 9).all() for plane in planes)

    shapes = [(plane.rows, plane.columns) for plane in jpeg.layout(data, 8)]
    right = [np.full(shape, 9, np.uint8) for shape in shapes]
    attempt(right[:1])
    attempt(right[:2])
    attempt([*right, right[0], right[0]])
    attempt([])
    attempt([right[0], right[1], np.full((shapes[2][0] - 1, shapes[2][1]), 9, np.uint8)])
    attempt([right[0], right[1], np.full((shapes[2][0], shapes[2][1] + 1), 9, np.uint8)])
    attempt([right[0], right[1], np.full((0, 5), 9, np.uint8)])
    attempt([np.full((shapes[0][0], 2 * shapes[0][1]), 9, np.uint8)[:, ::2], *right[1:]])
    attempt(right, 7)
    attempt(right, 0)
    attempt(right, 9)
    with pytest.raises(ValueError):
        jpeg.layout(data, 0)


# --- Damage, and limits ----------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 2}], ids=["plain", "restarts"])
@pytest.mark.parametrize("eighths", [8, 3])
def test_rows_above_the_end_are_good(options: dict[str, int], eighths: int) -> None:
    """A file cut anywhere in its scan reports rows that equal the whole file's, up to the cut's own."""
    data = save(photo(150, 200), quality=90, subsampling="4:2:0", **options)
    whole = planes_of(data, eighths)
    scan = next(start for code, start, _ in segments(data) if code == 0xDA)
    reported = []
    for size in range(scan + 40, len(data) - 40, 97):
        planes, outcome = decoded(data[:size], eighths)
        assert outcome.damaged
        assert outcome.warnings > 0
        assert outcome.warning == "Premature end of JPEG file"
        assert outcome.rows % 16 == 0
        good = outcome.rows * eighths // 8
        for plane, entire, share in zip(planes, whole, jpeg.layout(data, eighths), strict=True):
            rows = int(good * share.height / whole[0].shape[0])
            np.testing.assert_array_equal(plane[:rows], entire[:rows])
        reported.append(outcome.rows)
    assert reported == sorted(reported)
    assert reported[0] == 0
    assert reported[-1] >= 176


def test_only_the_end_marker_is_missing() -> None:
    """A sequential file without its end marker is whole."""
    data = save(photo(150, 200), quality=90)
    _, outcome = decoded(data[:-2])
    assert not outcome.damaged
    assert outcome.rows == 200


def test_progressive_cut_short() -> None:
    """In the first scan only the rows above the cut count; behind it all rows do, though coarse."""
    data = save(photo(150, 200), quality=90, progressive=True)
    scans = [(start, end) for code, start, end in segments(data) if code == 0xDA]
    first = (scans[0][0] + scans[0][1]) // 2
    assert 0 < decoded(data[:first])[1].rows < 200
    for start, end in scans[1:]:
        # Not within the scan's own header, of ten octets for one component.
        planes, outcome = decoded(data[: max(start + 14, (start + end) // 2)])
        assert outcome.damaged
        assert outcome.rows == 200
        difference = planes[0].astype(np.int16) - planes_of(data)[0]
        assert np.abs(difference).mean() < 12


def test_a_component_without_data() -> None:
    """A file whose last component never comes has no good rows, and says so."""
    data = without_interleave(coefficients(67, 41, YCC_420), YCC_420, 67, 41)
    tables_and_scan = [start for code, start, _ in segments(data) if code == 0xC4][-2]
    planes, outcome = decoded(data[:tables_and_scan] + b"\xff\xd9")
    assert outcome == (1, "a component has no data", True, 0, False)
    assert (planes[2] == 128).all()


def test_flipped_bits_are_damage() -> None:
    """A wrong byte amid the scan is noticed, and the rows above it are those of the whole file."""
    data = save(photo(150, 200), quality=90, subsampling="4:2:0", restart_marker_rows=2)
    scan = next(start for code, start, _ in segments(data) if code == 0xDA)
    at = data.index(b"\xff\xd3", scan)
    planes, outcome = decoded(data[:at] + b"\xff\xd6" + data[at + 2 :])
    assert outcome.damaged
    assert outcome.rows in (112, 128)
    np.testing.assert_array_equal(planes[0][: outcome.rows], planes_of(data)[0][: outcome.rows])


def test_too_many_scans() -> None:
    """A progressive file with more scans than allowed is given up, in both directions."""
    data = save(photo(64, 64), progressive=True)
    count = sum(code == 0xDA for code, _, _ in segments(data))
    assert count > 3
    planes = planes_of(data)
    jpeg.decode(data, 8, planes, max_scans=count, seconds=30.0)
    for attempt in (
        lambda: jpeg.decode(data, 8, planes, max_scans=count - 1, seconds=30.0),
        lambda: jpeg.rewrite(data, progressive=False, max_scans=count - 1, seconds=30.0),
    ):
        with pytest.raises(jpeg.JpegError) as caught:
            attempt()
        assert caught.value.kind == "scans"


@pytest.mark.parametrize("progressive", [False, True])
def test_too_slow(progressive: bool) -> None:
    """A decode or rewrite that has no time left is given up."""
    data = save(photo(64, 64), progressive=progressive)
    planes = planes_of(data)
    for attempt in (
        lambda: jpeg.decode(data, 8, planes, max_scans=100, seconds=0.0),
        lambda: jpeg.rewrite(data, progressive=False, max_scans=100, seconds=0.0),
    ):
        with pytest.raises(jpeg.JpegError) as caught:
            attempt()
        assert caught.value.kind == "deadline"


def attempt_all(data: bytes) -> None:
    """Everything that reads a file either works or raises JpegError."""
    for act in (
        lambda: jpeg.header(data),
        lambda: jpeg.layout(data, 3),
        lambda: decoded(data, 8),
        lambda: decoded(data, 3),
        lambda: jpeg.rewrite(data, progressive=True, max_scans=100, seconds=5.0),
    ):
        try:
            act()
        except jpeg.JpegError as error:
            assert error.reason


ORIGINALS = [
    save(photo(40, 24), quality=80, subsampling="4:2:0", restart_marker_rows=1),
    save(photo(40, 24), quality=80, subsampling="4:2:2", progressive=True),
    without_interleave(coefficients(40, 24, YCC_420), YCC_420, 40, 24),
    save(Image.fromarray(photo(20, 12)).convert("CMYK")),
]


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(ORIGINALS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=6),
    st.floats(0, 1),
)
# Another Huffman code: coefficients come out that no code can hold.
@example(ORIGINALS[0], [(0.2890625, 12)], 1.0)
def test_damage_of_any_kind(original: bytes, flips: list[tuple[float, int]], length: float) -> None:
    """Any prefix with any octets changed ends in a result or in JpegError."""
    data = bytearray(original)
    for place, change in flips:
        at = int(place * len(data))
        # The size stays, for the sake of the tests' own time and memory.
        if not any(bytes(data[at - back : at - back + 1]) in (b"\xc0", b"\xc2") for back in range(3, 9)):
            data[at] ^= change
    attempt_all(bytes(data[: int(length * len(data))]))


# --- Headers ---------------------------------------------------------------------------------------


def test_header() -> None:
    """The header's numbers are those that were written."""
    data = written(coefficients(67, 41, YCC_420), YCC_420, 67, 41)
    assert jpeg.header(data) == (
        67,
        41,
        "ycc",
        ((2, 2, 0), (1, 1, 1), (1, 1, 1)),
        False,
        False,
        8,
        0,
        True,
        False,
    )
    assert jpeg.header(save(photo(64, 16), restart_marker_rows=1)).restart_interval == 4
    assert jpeg.header(memoryview(data)) == jpeg.header(data)


@pytest.mark.parametrize(
    ("marker", "offset", "octet", "kind"),
    [
        (b"\xff\xc0", 4, 12, "unsupported"),
        (b"\xff\xc0", 1, 0xC3, "unsupported"),
        (b"\xff\xc0", 1, 0xC5, "unsupported"),
        (b"\xff\xc0", 6, 0, "broken"),
        (b"\xff\xdb", 3, 0, "broken"),
        (b"\xff\xd8", 1, 0xD9, "broken"),
    ],
)
def test_header_errors(marker: bytes, offset: int, octet: int, kind: str) -> None:
    """Other processes and precisions are unsupported, impossible numbers are broken."""
    data = bytearray(written(coefficients(67, 200, GRAY), GRAY, 67, 200, TABLES[:1]))
    data[data.index(marker) + offset] = octet
    if marker == b"\xff\xc0" and octet == 0:
        data[data.index(marker) + offset - 1] = 0
    with pytest.raises(jpeg.JpegError) as caught:
        jpeg.header(bytes(data))
    assert caught.value.kind == kind
    assert caught.value.reason


def test_two_components_are_unsupported() -> None:
    """A number of components that has no colours is refused by everything that reads."""
    blocks = coefficients(16, 16, ((1, 1), (1, 1)))
    data = without_interleave(blocks, ((1, 1), (1, 1)), 16, 16)
    planes = [np.empty((16, 16), np.uint8)] * 2
    for attempt in (
        lambda: jpeg.header(data),
        lambda: jpeg.layout(data, 8),
        lambda: jpeg.decode(data, 8, planes, max_scans=9, seconds=9.0),
        lambda: jpeg.rewrite(data, progressive=False, max_scans=9, seconds=9.0),
    ):
        with pytest.raises(jpeg.JpegError, match="2 components"):
            attempt()


def test_nothing_to_read() -> None:
    """No octets at all are a broken file."""
    for attempt in (lambda: jpeg.header(b""), lambda: jpeg.layout(b"", 8)):
        with pytest.raises(jpeg.JpegError, match="0 bytes"):
            attempt()
    assert jpeg.segments(b"", np.empty((1, 3), np.int64)) == 0


def test_version() -> None:
    """The version is a number with points."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", jpeg.version())


# --- Segments --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=400)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [b"\xff", b"\0", b"\1", b"\xff\xd9", b"\xff\xd8", b"\xff\xd3", b"\0\5abc", b"\0\2"]
            ),
            st.sampled_from([b"\xff\xda", b"\xff\xe1", b"\xff\xc4", b"\xff\xfe"]),
            st.binary(max_size=5),
        ),
        max_size=20,
    )
)
def test_segments_equal_the_plain_walk(pieces: list[bytes]) -> None:
    """The list of segments is that of a plain walk, for any octets."""
    data = b"\xff\xd8" + b"".join(pieces)
    assert segments(data) == reference_segments(data)


def test_segments_of_a_file() -> None:
    """A file's segments meet without gaps, from the start marker to its end; a trailer is not among them."""
    data = save(photo(64, 64), progressive=True, restart_marker_rows=1, comment=b"hello")
    rows = segments(data + b"\xff\xe1trailer")
    assert [start for _, start, _ in rows] == [2, *(end for _, _, end in rows[:-1])]
    assert rows[-1] == (0xD9, len(data) - 2, len(data))
    assert 0xFE in [code for code, _, _ in rows]


def test_segments_without_room() -> None:
    """When there are more segments than rows, the count says so, and nothing is written behind the rows."""
    data = b"\xff\xd8" + b"\xff\xfe\0\2" * 5
    rows = np.full((5, 3), -1, np.int64)
    assert jpeg.segments(data, rows[:4]) == 5
    assert rows[3].tolist() == [0xFE, 14, 18]
    assert (rows[4] == -1).all()
    assert jpeg.segments(data, rows) == 5
    with pytest.raises(ValueError):
        jpeg.segments(data, np.empty((5, 2), np.int64))
    with pytest.raises(ValueError):
        jpeg.segments(data, np.empty((0, 3), np.int64))


# --- Writing ---------------------------------------------------------------------------------------


def forward(plane: NDArray[np.uint8], table: NDArray[np.uint16]) -> NDArray[np.int16]:
    """Coefficients of a plane of whole blocks, quantised, in zigzag order."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    samples = plane.reshape(rows, 8, columns, 8) - 128.0
    natural = np.einsum("yv,aybx,xu->abvu", BASES[8], samples, BASES[8]).reshape(rows, columns, 64)
    return np.ascontiguousarray(np.rint(natural[..., ZIGZAG] / table), np.int16)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "gray"])
@pytest.mark.parametrize("progressive", [False, True], ids=["sequential", "progressive"])
def test_pillows_coefficients(subsampling: str, progressive: bool) -> None:
    """Coefficients found by DCT of Pillow's file, written anew, give the same pixels."""
    samples = photo(75, 53)
    made = (
        save(samples[..., 0]) if subsampling == "gray" else save(samples, quality=60, subsampling=subsampling)
    )
    frame = jpeg.header(made)
    tables = steps(made)
    ids = [table for _, _, table in frame.components]
    planes = planes_of(made)
    blocks = [forward(plane, tables[number]) for plane, number in zip(planes, ids, strict=True)]
    sampling = [(h, v) for h, v, _ in frame.components]
    again = jpeg.write_coefficients(
        blocks, tables, sampling, ids, width=75, height=53, progressive=progressive
    )
    for one, other in zip(planes_of(again), planes, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(pixels(again), pixels(made))


def test_written_file_has_nothing_but_a_picture() -> None:
    """JFIF without thumbnail, tables, frame and scan, in this order; no more."""
    data = written(coefficients(67, 41, YCC_420), YCC_420, 67, 41)
    assert [code for code, _, _ in segments(data)] == [
        *(0xE0, 0xDB, 0xDB, 0xC0),
        *(0xC4, 0xC4, 0xC4, 0xC4, 0xDA, 0xD9),
    ]
    assert data[2:20] == b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    gray = written(coefficients(67, 41, GRAY), GRAY, 67, 41, TABLES[:1])
    assert [code for code, _, _ in segments(gray)] == [0xE0, 0xDB, 0xC0, 0xC4, 0xC4, 0xDA, 0xD9]


def test_extreme_coefficients() -> None:
    """The ends of the range are written and come back; one beyond is refused."""
    blocks = np.zeros((2, 3, 64), np.int16)
    blocks[0, 0, 0], blocks[0, 1, 0], blocks[1, 1, 0] = -1024, 1023, -1024
    blocks[1, 2, 1:] = 1023
    blocks[1, 0, 1:] = -1023
    ones = np.ones((1, 64), np.uint16)
    for progressive in (False, True):
        data = written([blocks], GRAY, 24, 16, ones, progressive=progressive)
        assert planes_of(data)[0][0, 0] == 0
        assert planes_of(data)[0][0, 8] == 255
        assert jpeg.rewrite(data, progressive=progressive, max_scans=50, seconds=9.0) == data
    for place, value in [((0, 0, 0), -1025), ((1, 2, 0), 1024), ((1, 2, 63), 1024), ((0, 1, 1), -1024)]:
        wrong = blocks.copy()
        wrong[place] = value
        with pytest.raises(ValueError, match="coefficient"):
            written([wrong], GRAY, 24, 16, ones)


def test_blocks_may_have_a_row_step() -> None:
    """Rows of blocks may be apart; blocks within a row may not."""
    (blocks,) = coefficients(43, 27, GRAY)
    wide = np.zeros((4, 9, 64), np.int16)
    wide[:, 1:7] = blocks
    assert written([wide[:, 1:7]], GRAY, 43, 27, TABLES[:1]) == written([blocks], GRAY, 43, 27, TABLES[:1])
    with pytest.raises(ValueError, match="follow each other"):
        written([np.repeat(blocks, 2, axis=1)[:, ::2]], GRAY, 43, 27, TABLES[:1])


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"width": 40},
        {"width": 49},
        {"height": 65501},
        {"height": 33},
        {"sampling": [(0, 1)]},
        {"sampling": [(5, 1)]},
        {"sampling": [(1, 1), (1, 1)]},
        {"table_ids": [1]},
        {"table_ids": [-1]},
        {"tables": np.zeros((1, 64), np.uint16)},
        {"tables": np.full((1, 64), 256, np.uint16)},
        {"tables": np.ones((1, 63), np.uint16)},
        {"tables": np.ones((5, 64), np.uint16)},
        {"blocks": []},
        {"blocks": [np.zeros((4, 6, 64), np.int16)] * 2, "sampling": [(1, 1)] * 2, "table_ids": [0, 0]},
        {"blocks": [np.zeros((4, 6, 63), np.int16)]},
        {"blocks": [np.zeros((0, 6, 64), np.int16)]},
    ],
    ids=str,
)
def test_wrong_blocks_are_refused(change: dict[str, object]) -> None:
    """Shapes, steps and numbers that do not go together are a ValueError."""
    right: dict[str, object] = {
        "blocks": [np.zeros((4, 6, 64), np.int16)],
        "tables": np.ones((1, 64), np.uint16),
        "sampling": [(1, 1)],
        "table_ids": [0],
        "width": 43,
        "height": 27,
        "progressive": False,
    }
    jpeg.write_coefficients(**right)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        jpeg.write_coefficients(**{**right, **change})  # type: ignore[arg-type]


def test_too_many_blocks_in_an_mcu() -> None:
    """A sampling that no interleaved scan can hold is refused when it is to be written."""
    sampling = ((4, 4), (1, 1), (1, 1))
    with pytest.raises((ValueError, jpeg.JpegError)):
        written(coefficients(67, 41, sampling), sampling, 67, 41)


# --- Rewriting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_rewrite_is_lossless(sampling: Sampling) -> None:
    """Sequential to progressive and back gives the planes, and in the end the very file."""
    data = written(coefficients(67, 41, sampling), sampling, 67, 41)
    there = jpeg.rewrite(data, progressive=True, max_scans=1, seconds=30.0)
    assert jpeg.header(there).progressive
    for one, other in zip(planes_of(there), planes_of(data), strict=True):
        np.testing.assert_array_equal(one, other)
    assert jpeg.rewrite(there, progressive=False, max_scans=100, seconds=30.0) == data


def test_rewrite_drops_metadata_and_restarts() -> None:
    """Comments, EXIF, profiles and restarts go; the pixels stay, CMYK's too; the file becomes smaller."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    extra = {"exif": exif, "icc_profile": b"p" * 200, "comment": b"c", "restart_marker_rows": 1}
    for image in (Image.fromarray(photo(100, 90)), Image.fromarray(photo(100, 90)).convert("CMYK")):
        data = save(image, quality=80, **extra)
        clean = jpeg.rewrite(data, progressive=False, max_scans=100, seconds=30.0)
        assert len(clean) < len(data)
        assert {code for code, _, _ in segments(clean)} <= {0xE0, 0xEE, 0xDB, 0xC0, 0xC4, 0xDA, 0xD9}
        np.testing.assert_array_equal(pixels(clean), pixels(data))


def test_damaged_files_are_not_rewritten() -> None:
    """A file that is cut short is refused with libjpeg's words for it."""
    for progressive in (False, True):
        data = save(photo(100, 90), progressive=progressive)
        with pytest.raises(jpeg.JpegError, match=r"[Pp]remature end") as caught:
            jpeg.rewrite(data[: len(data) * 2 // 3], progressive=False, max_scans=100, seconds=30.0)
        assert caught.value.kind == "broken"
