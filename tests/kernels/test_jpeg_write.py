"""Files from coefficients, and rewritten ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.made.dct import GRAY, S420, Sampling
from tests.made.jpegs import (
    BASES,
    SAMPLINGS,
    TABLES,
    ZIGZAG,
    coefficients,
    photo,
    pixels,
    planes_of,
    save,
    segments,
    steps,
    written,
)
from transcode.kernels import jpeg


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
    """A file has JFIF without thumbnail, tables, frame and scan, in this order, and no more."""
    data = written(coefficients(67, 41, S420), S420, 67, 41)
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
