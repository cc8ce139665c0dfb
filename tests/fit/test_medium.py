"""One source for many limits: what each gets is what it would get alone."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import transcode
from tests.made import clips
from tests.made.pictures import photo, save, turned
from tests.made.sounds import container, sine
from transcode.errors import LimitsError, UnsupportedError
from transcode.fit.medium import prepare
from transcode.media.clips.window import read_window
from transcode.media.pictures import jpeg
from transcode.media.sound import audio
from transcode.media.source import probe
from transcode.media.source.inputs import Input

SOURCES = {
    "JPEG": save(photo(420, 300), quality=95),
    "turned JPEG": turned(photo(300, 201), 6, quality=90),
    "PNG": save(photo(200, 150), "PNG"),
    "small JPEG": save(photo(60, 40), quality=80),
}


def alone(source: bytes, limits: transcode.Limits) -> object:
    """What fit gives, as something that can be compared: the rendition, or its error's words."""
    try:
        return transcode.fit(source, limits)
    except (transcode.BudgetError, UnsupportedError) as error:
        return type(error), str(error)


def together(source: bytes, limits: list[transcode.Limits]) -> list[object]:
    """The same of fit_each_limit."""
    return [
        made if isinstance(made, transcode.Rendition) else (type(made), str(made))
        for made in transcode.fit_each_limit(source, limits)
    ]


@settings(deadline=None, max_examples=25)
@given(
    kind=st.sampled_from(sorted(SOURCES)),
    limits=st.lists(
        st.builds(
            transcode.Limits,
            st.integers(150, 40_000),
            st.sampled_from([None, 160, 200, 333]),
            st.sampled_from([None, 120, 200]),
            formats=st.sampled_from([("image/jpeg",), ("image/jpeg", "image/png"), ("image/webp",)]),
        ),
        max_size=5,
    ),
)
def test_each_is_what_it_would_be_alone(kind: str, limits: list[transcode.Limits]) -> None:
    """Any limits in any order: renditions, reports and errors are those of single runs."""
    assert together(SOURCES[kind], limits) == [alone(SOURCES[kind], each) for each in limits]


@pytest.mark.parametrize(
    "name", ["jolla_8mp.jpg", "derived_adobergb_8mp_o3.jpg", "iphone8plus_12mp.heic", "paper_rgba_3mp.png"]
)
def test_real_pictures(shared: Path, name: str) -> None:
    """The same holds for photos of every way into the engine."""
    source = (shared / "media" / "image" / name).read_bytes()
    sizes = ((300_000, 1280, 960), (90_000, 1280, 960), (60_000, 640, 480), (7_000, 1280, 960))
    limits = [transcode.Limits(*numbers) for numbers in sizes]
    assert together(source, limits) == [alone(source, each) for each in limits]


def test_animations_and_sound() -> None:
    """What is not a still is fitted for each limit, too."""
    frames = [Image.fromarray(photo(90, 60, seed)) for seed in range(4)]
    moving = save(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    for source in (moving, bytes(container(sine(2.0)).data)):
        limits = [transcode.Limits(most) for most in (40_000, 9_000, 300)]
        assert together(source, limits) == [alone(source, each) for each in limits]


def test_decoded_once() -> None:
    """One decode serves any number of limits that need the same scale."""
    limits = [transcode.Limits(most, 400, 300) for most in (30_000, 9_000, 3_000)]
    limits.append(transcode.Limits(20_000, 300, 220))
    with mock.patch.object(jpeg, "decode", side_effect=jpeg.decode) as decode:
        made = transcode.fit_each_limit(SOURCES["JPEG"], limits)
    assert all(isinstance(each, transcode.Rendition) for each in made)
    assert decode.call_count == 1


@pytest.mark.parametrize("kind", ["clip", "recording"])
def test_sound_is_decoded_once(kind: str) -> None:
    """Limits that ask for the same range share one decode, and get what single runs get."""
    made = clips.clip(seconds=2, sound=sine(2.0)) if kind == "clip" else container(sine(2.0))
    source = bytes(made.data)
    limits = [transcode.Limits(most) for most in (12_000, 9_000, 300)]
    limits += [replace(limits[0], codecs=("h264", "amr_nb", "mp3")), replace(limits[0], max_seconds=1.0)]
    with mock.patch.object(audio, "decode", side_effect=audio.decode) as decode:
        found = together(source, limits)
    assert decode.call_count == 2
    assert found == [alone(source, each) for each in limits]


def test_one_limit_costs_the_others_nothing() -> None:
    """A limit that can't be met has its error in its place, the others their renditions."""
    good, bad, other = (transcode.Limits(9_000, 200, 200), transcode.Limits(100), transcode.Limits(5_000))
    wrong = transcode.Limits(9_000, formats=("text/plain",))
    made = transcode.fit_each_limit(SOURCES["PNG"], [good, bad, wrong, other])
    kinds = [transcode.Rendition, transcode.BudgetError, transcode.NotTakenError, transcode.Rendition]
    assert [type(each) for each in made] == kinds
    assert transcode.fit_each_limit(SOURCES["PNG"], []) == []


def test_a_source_that_can_not_be_read_raises() -> None:
    """What is wrong with the source is wrong for all limits; so are limits that are none."""
    with pytest.raises(transcode.SourceError):
        transcode.fit_each_limit(b"\xff\xd8\xff\xd9", [transcode.Limits(9_000)])
    with pytest.raises(LimitsError, match="int"):
        transcode.fit_each_limit(SOURCES["PNG"], [transcode.Limits(9_000), 9_000])  # type: ignore[list-item]


def test_prepared_is_finished_for_any_bytes() -> None:
    """Prepared once, in any order and after release, each number of bytes gives what fit gives."""
    for source in SOURCES.values():
        prepared = prepare(Input("<bytes>", source), transcode.Limits(50_000, 300, 220))
        for max_bytes in (4_000, 50_000, 900, 12_000):
            expected = transcode.fit(io.BytesIO(source), transcode.Limits(max_bytes, 300, 220))
            assert prepared.encode(max_bytes).data == expected.data
            prepared.drop_cache()


def test_no_more_bytes_than_prepared_for() -> None:
    """What was prepared for some bytes is not finished for more, whatever it is."""
    for source in (SOURCES["PNG"], container(sine(1.0)).data):
        prepared = prepare(Input("a", source), transcode.Limits(50_000))
        with pytest.raises(LimitsError, match="50,000"):
            prepared.encode(50_001)


@pytest.mark.parametrize(
    "source",
    [save(photo(64, 48)), save(photo(64, 48), "PNG"), container(sine(0.2)).data, clips.clip().data],
    ids=["jpeg", "png", "sound", "clip"],
)
def test_the_type_of_a_source_is_told_once(source: bytes | memoryview) -> None:
    with mock.patch.object(probe, "content_type", wraps=probe.content_type) as told:
        transcode.fit(source, transcode.Limits(max_bytes=100_000))
    assert told.call_count == 1


def test_a_window_is_read_once_for_limits_of_one_range() -> None:
    source = bytes(clips.clip(seconds=2.0).data)
    asked = [
        transcode.Limits(max_bytes=20_000),
        transcode.Limits(max_bytes=60_000, formats=("video/3gpp",)),
        transcode.Limits(max_bytes=30_000, max_seconds=1.0),
    ]
    with mock.patch("transcode.fit.clips.video.read_window", wraps=read_window) as read:
        made = transcode.fit_each_limit(source, asked)
    assert read.call_count == 2
    assert [one.data for one in made if isinstance(one, transcode.Rendition)] == [
        transcode.fit(source, limits).data for limits in asked
    ]


def test_a_receiver_without_clips_costs_the_others_nothing() -> None:
    source = bytes(clips.clip().data)
    sound, clip = (transcode.Limits(max_bytes=60_000, formats=(kind,)) for kind in ("audio/amr", "video/mp4"))
    for asked in ([sound, clip], [clip, sound]):
        made = dict(zip(asked, transcode.fit_each_limit(source, asked), strict=True))
        assert isinstance(made[sound], UnsupportedError)
        assert isinstance(made[clip], transcode.Rendition)


@pytest.mark.parametrize("box", [(None, None), (160, 120)])
def test_a_limit_without_end(box: tuple[int | None, int | None]) -> None:
    """A limit may be any number: what a picture can need is held, not what it may have."""
    source = save(photo(320, 240), quality=95)
    made, wanted = (transcode.fit(source, transcode.Limits(most, *box)) for most in (10**15, 10**7))
    assert made.data == wanted.data
