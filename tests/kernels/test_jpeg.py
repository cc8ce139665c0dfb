"""libjpeg-turbo behind NumPy arrays: headers, segments, planes at every scale."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tests.made.dct import GRAY, S420, S444, Sampling
from tests.made.jpegs import (
    SAMPLINGS,
    TABLES,
    coefficients,
    inverse,
    photo,
    planes_of,
    save,
    segments,
    without_interleave,
    written,
)
from transcode.kernels import jpeg

SIZES = [(1, 1), (1, 37), (50, 1), (8, 8), (16, 16), (17, 33), (67, 41)]


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
    data = written(coefficients(67, 41, S420), S420, 67, 41)
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


@pytest.mark.parametrize("sampling", [S444, S420, ((3, 1), (1, 1), (1, 1))], ids=str)
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
    for sampling in (GRAY, S420, ((4, 2), (1, 1), (1, 1))):
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
    data = written(coefficients(43, 27, S420), S420, 43, 27)

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


def test_header() -> None:
    """The header's numbers are those that were written."""
    data = written(coefficients(67, 41, S420), S420, 67, 41)
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
