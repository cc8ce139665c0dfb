"""Damaged files, and limits of the decoder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.made.dct import S420
from tests.made.jpegs import (
    coefficients,
    decoded,
    photo,
    planes_of,
    save,
    segments,
    without_interleave,
)
from transcode.kernels import jpeg


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
    """Within the first scan the rows above the cut count; behind it all rows do, though coarse."""
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
    data = without_interleave(coefficients(67, 41, S420), S420, 67, 41)
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
    without_interleave(coefficients(40, 24, S420), S420, 40, 24),
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
