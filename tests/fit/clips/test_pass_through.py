"""Clips that the receiver plays as they are: their pictures stay, to the octet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import transcode
from tests.made import clips


def notes_of(rendition: transcode.Rendition) -> dict[str, str]:
    return {note.code: note.text for note in rendition.report.notes}


def test_what_keeps_to_the_limits_is_not_re_encoded(tmp_path: Path) -> None:
    """The same packets leave in a file without metadata, its index first."""
    sound = clips.beeping([0.5], 2.0)
    options = {"profile": "main", "crf": "23"}
    source = bytes(clips.clip(seconds=2, sound=sound, options=options).data)
    rendition = transcode.fit(source, transcode.Limits(len(source)))
    assert set(notes_of(rendition)) == {"rewrapped"}
    assert rendition.report.trials == ()
    assert rendition.data.index(b"moov") < rendition.data.index(b"mdat")
    clips.plays(rendition.data, tmp_path)
    before, after = clips.pictures(source), clips.pictures(rendition.data)
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before])
    assert all(np.array_equal(one[1], other[1]) for one, other in zip(before, after, strict=True))
    np.testing.assert_array_equal(clips.sound_of(rendition.data).samples, clips.sound_of(source).samples)


@pytest.mark.parametrize(
    "limits",
    [
        transcode.Limits(10**6, h264_profile="baseline"),
        transcode.Limits(10**6, h264_level="1"),
        transcode.Limits(10**6, max_video_width=80),
        transcode.Limits(10**6, max_frame_rate=20),
        transcode.Limits(10**6, max_seconds=1.0),
    ],
)
def test_one_limit_that_is_not_kept_is_enough(limits: transcode.Limits) -> None:
    """A clip that exceeds one limit is re-encoded."""
    source = bytes(clips.clip(clips.moving(192, 128), seconds=1.2, options={"profile": "main"}).data)
    assert "converted" in notes_of(transcode.fit(source, limits))


def test_what_is_only_too_long_may_be_cut(tmp_path: Path) -> None:
    """A cut is at a key frame, and the report has its range; otherwise the clip is re-encoded."""
    options = {"profile": "main", "crf": "23", "g": "25"}
    source = bytes(clips.clip(seconds=4, sound=clips.beeping([2], 4.0), options=options).data)
    limits = transcode.Limits(len(source), max_seconds=2.0)
    rendition = transcode.fit(source, limits, start=1.2, keyframe_cut=True)
    report = rendition.report
    assert (report.trials, report.source_start) == ((), 1.0)
    assert report.seconds == rendition.duration == pytest.approx(2.0)
    assert notes_of(rendition)["trimmed"] == (
        "cut to 2.00 of 4.0 seconds from the key frame at 1.00 s; the requested start is 1.2 s"
    )
    assert rendition == transcode.fit(source, limits, start=1.2, keyframe_cut=True)
    clips.plays(rendition.data, tmp_path)
    exact = transcode.fit(source, limits, start=1.2)
    assert (bool(exact.report.trials), exact.report.source_start) == (True, 1.2)


def test_sound_alone_is_re_encoded(tmp_path: Path) -> None:
    """Where pictures keep to the limits, they stay as they are beside sound that does not."""
    options = {"profile": "main", "crf": "23"}
    source = clips.clip(seconds=2, sound=clips.beeping([1], 2.0), options=options)
    limits = transcode.Limits(len(source.data), formats=("video/3gpp",), codecs=("h264", "amr_nb"))
    rendition = transcode.fit(bytes(source.data), limits)
    assert rendition.report.trials == ()
    assert notes_of(rendition)["converted"].startswith("aac re-encoded as amr_nb, ")
    clips.plays(rendition.data, tmp_path)
    before, after = clips.pictures(bytes(source.data)), clips.pictures(rendition.data)
    assert all(np.array_equal(one[1], other[1]) for one, other in zip(before, after, strict=True))
    loud = np.flatnonzero(np.abs(clips.sound_of(rendition.data).samples[0]) > 0.2)
    assert loud[0] / 8000 == pytest.approx(1.0, abs=0.02)


def older(codec: str, size: tuple[int, int] = (176, 144), *, sound: bool = True, **options: str) -> bytes:
    """A second of MPEG-4 or H.263 with AAC."""
    heard = clips.beeping([0.5], 1.0, 16_000) if sound else None
    made = clips.clip(
        clips.moving(*size), rate=15, sound=heard, form="3gp", codec=codec, options={"b": "50k", **options}
    )
    return bytes(made.data)


@pytest.mark.parametrize("codec", ["mpeg4", "h263"])
@pytest.mark.parametrize("codecs", [("aac",), ("amr_nb",), (), ("aac", "h264")])
def test_older_video_stays(codec: str, codecs: tuple[str, ...], tmp_path: Path) -> None:
    """Its sound stays, is re-encoded or is left out, as the receiver has it; H.264 would be played too."""
    source = older(codec)
    room = 5_000 if codecs == ("amr_nb",) else 0
    limits = transcode.Limits(len(source) + room, codecs=(codec, *codecs))
    rendition = transcode.fit(source, limits)
    assert (rendition.report.trials, rendition.content_type) == ((), "video/3gpp")
    notes = notes_of(rendition)
    assert ("older-codec" in notes) == ("h264" in codecs)
    assert ("sound-dropped" in notes, "converted" in notes) == (not codecs, codecs == ("amr_nb",))
    clips.plays(rendition.data, tmp_path)
    before, after = clips.pictures(source), clips.pictures(rendition.data)
    assert all(np.array_equal(one[1], other[1]) for one, other in zip(before, after, strict=True))
    if codec == "h263":
        # More than 128 kbit/s.
        assert rendition.data[rendition.data.index(b"d263") + 9] == 30


def test_mpeg4_stays_in_mp4() -> None:
    """Where 3GP is not taken, MP4 keeps it; sound that can't stay is re-encoded."""
    source = older("mpeg4")
    limits = transcode.Limits(len(source), formats=("video/mp4",))
    rendition = transcode.fit(source, limits)
    assert (rendition.report.trials, rendition.content_type) == ((), "video/mp4")
    assert rendition.report.settings == ("mpeg4", "aac")
    assert "converted" in notes_of(transcode.fit(older("h263"), limits))


@pytest.mark.parametrize(
    ("codec", "size", "options", "box"),
    [
        ("mpeg4", (176, 144), {"bf": "1"}, None),
        ("mpeg4", (640, 480), {}, None),
        ("mpeg4", (176, 144), {"profile": "0", "level": "5"}, None),
        ("h263", (704, 576), {}, None),
        ("h263", (352, 288), {}, (176, 144)),
    ],
)
def test_older_video_that_old_devices_do_not_play(
    codec: str, size: tuple[int, int], options: dict[str, str], box: tuple[int, int] | None
) -> None:
    """It is re-encoded where profile, level or size is beyond them, by the stream's own words."""
    width, height = box or (None, None)
    limits = transcode.Limits(
        10**6, codecs=(codec,), formats=("video/3gpp",), max_video_width=width, max_video_height=height
    )
    assert "converted" in notes_of(transcode.fit(older(codec, size, sound=False, **options), limits))


def test_older_video_is_cut_at_its_own_key_pictures() -> None:
    """A container that calls all pictures key pictures does not move the cut."""
    source = clips.clip(
        clips.moving(176, 144), seconds=4, rate=15, form="3gp", codec="h263", options={"g": "15"}
    )
    limits = transcode.Limits(10**6, codecs=("h263",), max_seconds=1.5)
    report = transcode.fit(bytes(source.data), limits, start=1.2, keyframe_cut=True).report
    assert (report.trials, report.source_start) == ((), 1.0)
