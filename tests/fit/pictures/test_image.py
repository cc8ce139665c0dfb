"""Pictures under a limit: never over, most of it used, upright, clean, and the same every time."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

import transcode
from tests.made.pictures import corners, decoded, photo, save, turned
from transcode.errors import LimitsError, UnsupportedError
from transcode.media.samples.coefficients import Coefficients

#: Octets that no rendition may hold: EXIF, XMP, an ICC profile's signature, a GPS word.
TRACES = (b"Exif\x00", b"http://ns.adobe.com", b"ICC_PROFILE", b"acsp", b"GPS")


@settings(deadline=None, max_examples=60)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    max_bytes=st.integers(600, 60_000),
    box=st.one_of(st.none(), st.tuples(st.integers(1, 320), st.integers(1, 240))),
    kind=st.sampled_from(["JPEG", "PNG"]),
)
def test_never_over_and_never_enlarged(
    width: int, height: int, max_bytes: int, box: tuple[int, int] | None, kind: str
) -> None:
    """A rendition keeps to bytes and box and is no larger than its source, or there is a BudgetError."""
    limits = transcode.Limits(max_bytes, *(box or ()))
    try:
        made = transcode.fit(save(photo(width, height), kind), limits)
    except transcode.BudgetError as error:
        assert error.smallest is not None
        assert error.smallest > max_bytes
        return
    assert len(made.data) <= max_bytes
    image = Image.open(io.BytesIO(made.data))
    image.load()
    assert (made.width, made.height) == image.size
    assert image.width <= width
    assert image.height <= height
    if box is not None:
        most = box[::-1] if height > width else box
        assert image.width <= most[0]
        assert image.height <= most[1]


@pytest.mark.parametrize("max_bytes", [20_000, 60_000, 150_000])
def test_most_of_the_limit_is_used(max_bytes: int) -> None:
    """A source that has enough to give fills 99 % of the limit."""
    source = save(photo(1600, 1200), quality=98)
    made = transcode.fit(source, transcode.Limits(max_bytes, 800, 600))
    assert 0.99 * max_bytes <= len(made.data) <= max_bytes


def test_same_bytes_every_time() -> None:
    """The same source and limits give the same bytes."""
    source = save(photo(640, 480))
    assert len({transcode.fit(source, transcode.Limits(20_000, 320, 240)).data for _ in range(3)}) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(121, 80), (120, 81), (64, 48)], ids=str)
def test_orientations_come_out_upright(orientation: int, kind: str, size: tuple[int, int]) -> None:
    """All eight EXIF orientations, also of odd sizes, show the same picture."""
    upright = corners(*size)
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    made = transcode.fit(turned(upright, orientation, kind, **options), transcode.Limits(50_000))
    found = decoded(made.data)
    assert found.shape == upright.shape
    inner = np.abs(found - upright).max(axis=2)
    # Sharp colour edges bleed over a few pixels in 4:2:0.
    middle_row, middle_column = size[1] // 2, size[0] // 2
    inner[middle_row - 9 : middle_row + 9] = 0
    inner[:, middle_column - 9 : middle_column + 9] = 0
    assert inner.max() <= 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_chroma_stays_in_place_when_turned(orientation: int) -> None:
    """A thin red line in an odd picture is where it was, to half a pixel, after every turn."""
    upright = np.full((81, 121, 3), 128, np.uint8)
    upright[:, 60:62] = (200, 60, 60)
    upright[40:42] = (200, 60, 60)
    data = turned(upright, orientation, quality=100, subsampling=0)
    found = decoded(transcode.fit(data, transcode.Limits(50_000)).data)
    redness = np.maximum(found[..., 0] - found[..., 2], 0).astype(float)
    columns, rows = redness[:30].sum(axis=0), redness[:, :50].sum(axis=1)
    assert abs((columns * np.arange(121)).sum() / columns.sum() - 60.5) < 0.5
    assert abs((rows * np.arange(81)).sum() / rows.sum() - 40.5) < 0.5


def test_all_orientations_of_real_photos(shared: Path) -> None:
    """Eight files of one landscape, stored in eight ways, come out alike."""
    folder = shared / "media" / "image"
    limits = transcode.Limits(60_000, 400, 300)
    found = [decoded(transcode.fit(folder / f"orient_landscape_{n}.jpg", limits).data) for n in range(1, 9)]
    for other in found[1:]:
        assert other.shape == found[0].shape == (300, 400, 3)
        assert np.abs(other - found[0]).mean() < 4


def test_many_threads() -> None:
    """Fits at the same time give the bytes that they give one by one."""
    sources = [save(photo(300 + 7 * n, 200, n), ("JPEG", "PNG", "WEBP")[n % 3]) for n in range(12)]
    limits = transcode.Limits(9_000, 200, 200, formats=("image/jpeg",))
    alone = [transcode.fit(source, limits).data for source in sources]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            together = pool.map(lambda source: transcode.fit(source, limits).data, sources)
            assert list(together) == alone


@pytest.mark.parametrize("size", [(70_000, 1), (1, 70_000), (65_520, 2)])
def test_very_long_sides(size: tuple[int, int]) -> None:
    """A side that no JPEG has is brought to the longest that one has."""
    image = Image.fromarray(np.full((size[1], size[0], 3), 90, np.uint8))
    made = transcode.fit(save(image, "PNG"), transcode.Limits(300_000, formats=("image/jpeg",)))
    assert max(made.width or 0, made.height or 0) == 65_500
    assert min(made.width or 0, made.height or 0) >= 1


def test_boxes_of_any_size() -> None:
    """A box that no number of pixels fills is no box."""
    source = save(photo(40, 30))
    assert transcode.fit(source, transcode.Limits(300_000, 10**400, 10**400)).width == 40


def test_no_traces_leave() -> None:
    """EXIF with a position, XMP and ICC do not leave: neither through the encoder nor past it."""
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (47.0, 25.0, 16.0)}
    exif[0x010F] = "GPS maker"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    formats = ("image/jpeg", "image/png", "image/webp")
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        options = {"xmp": b"<x:xmpmeta http://ns.adobe.com/xap/1.0/>"} if kind in ("JPEG", "WEBP") else {}
        source = save(photo(200, 150), kind, exif=exif.tobytes(), icc_profile=icc, **options)
        for side in (None, 100):
            limits = transcode.Limits(200_000, side, side, formats=formats)
            made = transcode.fit(source, limits)
            assert not [trace for trace in TRACES if trace in made.data]
            assert any(note.code == "metadata-dropped" for note in made.report.notes)


def test_a_source_that_fits_passes_through() -> None:
    """A clean JPEG, PNG, GIF or WebP within the limits leaves byte for byte."""
    formats = ("image/jpeg", "image/png", "image/gif", "image/webp")
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        source = save(photo(100, 80), kind)
        made = transcode.fit(source, transcode.Limits(len(source), 100, 80, formats=formats))
        assert made.data == source
        assert made.report.quality is None
        assert made.report.trials == ()


def test_a_progressive_source_becomes_baseline_without_loss() -> None:
    """What every handset shows is baseline; the pixels stay."""
    source = save(photo(200, 150), progressive=True)
    made = transcode.fit(source, transcode.Limits(100_000))
    assert "progressive" not in Image.open(io.BytesIO(made.data)).info
    assert (decoded(made.data) == decoded(source)).all()


def test_a_progressive_source_stays_so_where_it_is_taken() -> None:
    """A receiver that takes several scans gets the source as it is."""
    source = save(photo(200, 150), progressive=True)
    made = transcode.fit(source, transcode.Limits(len(source), progressive=True))
    assert made.data == source


@pytest.mark.parametrize("max_bytes", [12_000, 40_000])
def test_photos_are_progressive_where_that_is_taken(max_bytes: int) -> None:
    """Several scans keep to the limit and make the picture finer; in 5,000 bytes they would save nothing."""
    source = save(photo(400, 300), quality=98)
    for limit, progressive in ((max_bytes, True), (5_000, False)):
        plain = transcode.fit(source, transcode.Limits(limit))
        made = transcode.fit(source, transcode.Limits(limit, progressive=True))
        assert ("progressive" in Image.open(io.BytesIO(made.data)).info) is progressive
        if progressive:
            assert 0.98 * limit < len(made.data) <= limit
            assert made.report.quality is not None
            assert plain.report.quality is not None
            assert made.report.quality > plain.report.quality
        else:
            assert made.data == plain.data


def test_progressive_files_are_the_same_at_any_number_of_limits() -> None:
    """What was asked for before, in one scan or several, changes nothing."""
    source = save(photo(400, 300), quality=98)
    limits = [transcode.Limits(size, progressive=True) for size in (20_000, 5_000, 20_000)]
    together = transcode.fit_each_limit(source, limits)
    assert together == [transcode.fit(source, one) for one in limits]


def test_few_bytes_and_many_are_the_same_together() -> None:
    """Where many bytes ask for another decode than few, each limit gets what it gets alone, in any order."""
    source = save(photo(400, 300), quality=98)
    limits = [transcode.Limits(size, 140, 105) for size in (2_000, 6_000, 2_000)]
    assert transcode.fit_each_limit(source, limits) == [transcode.fit(source, one) for one in limits]
    assert transcode.fit_each_limit(source, limits[::-1]) == [
        transcode.fit(source, one) for one in limits[::-1]
    ]


def test_turning_does_not_grow_a_file() -> None:
    """A turned JPEG that fits is no larger than it was, although re-encoded; and has as many pixels."""
    for quality in (60, 5):
        source = turned(photo(400, 300), 6, quality=quality)
        made = transcode.fit(source, transcode.Limits(500_000))
        assert (made.width, made.height) == (400, 300)
        if quality == 60:
            assert len(made.data) <= len(source)
            assert any(note.code == "kept-to-source" for note in made.report.notes)


def test_display_p3_photo(shared: Path) -> None:
    """A phone's Display P3 photo agrees with LittleCMS run on the whole picture."""
    path = shared / "media" / "image" / "pixel6pro_ultrahdr_p3_a.jpg"
    image = Image.open(path)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    converted = ImageCms.profileToProfile(image.convert("RGB"), profile, ImageCms.createProfile("sRGB"))
    assert converted is not None
    made = transcode.fit(path, transcode.Limits(400_000, 800, 800))
    expected = np.asarray(converted.resize((made.width or 0, made.height or 0), Image.Resampling.LANCZOS))
    assert np.abs(decoded(made.data) - expected).mean() < 4
    assert any(note.code == "colour-converted" for note in made.report.notes)


def test_transparency_goes_over_white() -> None:
    """Clear pixels become white, not black."""
    rgba = np.zeros((60, 60, 4), np.uint8)
    rgba[:, 30:] = (200, 30, 30, 255)
    made = transcode.fit(
        save(Image.fromarray(rgba), "PNG"), transcode.Limits(5_000, 40, 40, formats=("image/jpeg",))
    )
    found = decoded(made.data)
    assert (found[:, :16] > 245).all()
    assert np.abs(found[:, 26:] - (200, 30, 30)).max() < 12
    assert any(note.code == "flattened" for note in made.report.notes)


def test_sixteen_bit_grey_is_scaled() -> None:
    """16-bit samples are scaled to eight bits, not clipped."""
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    made = transcode.fit(save(Image.fromarray(ramp), "TIFF"), transcode.Limits(20_000))
    assert np.abs(decoded(made.data)[..., 0] - (ramp >> 8)).max() <= 4


def test_an_animation_is_never_dropped_in_silence() -> None:
    """An animated GIF that fits stays one; where none is taken it becomes a still, and the report says so."""
    frames = [Image.fromarray(photo(120, 90, seed)) for seed in range(4)]
    source = save(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    kept = transcode.fit(source, transcode.Limits(len(source)))
    assert kept.data == source
    still = transcode.fit(source, transcode.Limits(4_000, formats=("image/jpeg",)))
    assert still.content_type == "image/jpeg"
    assert any(note.code == "animation-dropped" and "4 frames" in note.text for note in still.report.notes)


def test_fewer_pixels_rather_than_mush() -> None:
    """Where quality would collapse, the picture gets smaller."""
    source = save(photo(1600, 1200), quality=95)
    made = transcode.fit(source, transcode.Limits(5_000))
    assert made.width is not None
    assert made.width < 1600
    assert made.report.quality is not None
    assert made.report.quality > 10
    assert any(note.code == "reduced" for note in made.report.notes)


def test_impossible_limit() -> None:
    """A limit that no JPEG meets says what the smallest would be."""
    with pytest.raises(transcode.BudgetError) as caught:
        transcode.fit(save(photo(100, 100)), transcode.Limits(150))
    assert caught.value.limit == 150
    assert caught.value.smallest is not None
    assert 150 < caught.value.smallest < 2_000


def test_limits_must_be_limits() -> None:
    """A profile, or a number, in their place is told so."""
    for wrong in (300_000, None, "us-att"):
        with pytest.raises(LimitsError, match=type(wrong).__name__):
            transcode.fit(save(photo(10, 10)), wrong)  # type: ignore[arg-type]


def test_formats_are_kept_to() -> None:
    """Nothing is written in a format that the receiver does not show."""
    source = save(photo(100, 100), "PNG")
    assert (
        transcode.fit(source, transcode.Limits(100_000, formats=("image/jpeg",))).content_type == "image/jpeg"
    )
    with pytest.raises(UnsupportedError, match="image/webp"):
        transcode.fit(source, transcode.Limits(100_000, formats=("image/webp",)))


def test_report_callback_hears_every_note() -> None:
    """The callback gets the notes that the report has, in order."""
    heard: list[object] = []
    source = turned(photo(400, 300), 6)
    made = transcode.fit(source, transcode.Limits(9_000, 200, 200), report=heard.append)
    assert tuple(heard) == made.report.notes
    assert {note.code for note in made.report.notes} >= {"turned", "reduced", "metadata-dropped"}


def test_progress_is_what_the_report_says() -> None:
    """Trials name sizes that were measured, and the last that fits is what was written."""
    made = transcode.fit(save(photo(600, 400)), transcode.Limits(15_000, 300, 200))
    assert made.report.trials
    assert len(made.data) in [trial.size for trial in made.report.trials]


#: The number of parts of the corpus, which processes may share.
PARTS = 8

#: Animations of many frames, whose larger limits are those of tests/fit/test_animation.py.
LONG = ("anim_lossy_101f.webp", "pythagoras_201f.gif", "spinfox.apng.png")


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("part", range(PARTS))
def test_corpus(shared: Path, part: int) -> None:
    """Every real picture that is read keeps to the limits of a carrier and of an old phone."""
    pictures = ("image/jpeg", "image/png", "image/gif")
    both = [
        transcode.Limits(300_000, 1600, 1200, formats=pictures),
        transcode.Limits(30_000, 160, 120, turn=False, formats=pictures),
    ]
    for path in sorted((shared / "media" / "image").iterdir())[part::PARTS]:
        try:
            some = both[1:] if path.name in LONG else both
            for limits, made in zip(some, transcode.fit_each_limit(path, some), strict=True):
                assert isinstance(made, transcode.Rendition), path.name
                _check(path.name, made, limits)
        except transcode.SourceError as error:
            # Its picture data were cut to a twentieth by those who published it.
            assert path.name == "pixel4xl_motionphoto_short.jpg"
            assert "of the rows are present" in str(error)


def _check(name: str, made: transcode.Rendition, limits: transcode.Limits) -> None:
    image = Image.open(io.BytesIO(made.data))
    image.load()
    assert len(made.data) <= limits.max_bytes, name
    most = limits.box(portrait=image.height > image.width)
    assert image.width <= (most[0] or 0), name
    assert image.height <= (most[1] or 0), name
    # Three octets happen to stand in the coded pixels of one file in fifty.
    head = made.data[: made.data.index(b"\xff\xda")] if made.data[:2] == b"\xff\xd8" else made.data
    assert not [trace for trace in TRACES if trace in (head if len(trace) < 4 else made.data)], name


def test_full_chroma_is_made_once() -> None:
    """Limits that leave room for 4:4:4 share its coefficients; each file is that of its limit alone."""
    source = save(photo(500, 375), quality=97)
    limits = [transcode.Limits(max_bytes, 320, 240) for max_bytes in (70_000, 60_000)]
    made_whole = Coefficients.with_full_chroma
    with mock.patch.object(Coefficients, "with_full_chroma", autospec=True, side_effect=made_whole) as make:
        together = transcode.fit_each_limit(source, limits)
    assert make.call_count == 1
    for limit, made in zip(limits, together, strict=True):
        assert isinstance(made, transcode.Rendition)
        assert made.data == transcode.fit(source, limit).data
        assert Image.open(io.BytesIO(made.data)).layer[1][1:3] == (1, 1)  # type: ignore[attr-defined]
