"""How long clips are: as long as their longest track, by the times at which pictures are shown."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import transcode
from tests.made import clips
from tests.made.sounds import container
from transcode.errors import LimitsError
from transcode.media.source.inputs import Input

#: What keeps the pictures of tests/media/clips.py as they are, re-encodes them, and is for old devices.
AS_IT_IS = transcode.Limits(400_000, h264_profile="high", h264_level="4.1")
ANEW = transcode.Limits(60_000, h264_profile="baseline")
OLD = transcode.Limits(
    60_000, formats=("video/3gpp",), codecs=("h263", "amr_nb"), max_video_width=176, max_video_height=144
)
MUTE = transcode.Limits(60_000, codecs=("h264",))

#: Few pixels, where many seconds are coded.
SMALL = replace(ANEW, max_video_width=320, max_video_height=320)

#: What a frame of sound at a low rate, or a picture of a slow clip, may be of more, in seconds.
SLACK = 0.1

#: Pictures that are shown before others they need, in a dense second, and none for the three that follow.
B_FRAMES = {"preset": "veryfast", "crf": "20", "bf": "3", "g": "250", "sc_threshold": "0"}
GAP = [n / 25 for n in range(25)] + [4 + n / 25 for n in range(25)]


def made(source: Input, limits: transcode.Limits, **options: Any) -> transcode.Rendition:
    return transcode.fit(bytes(source.data), limits, **options)


def check(rendition: transcode.Rendition, seconds: float, folder: Path, sound: float | None = None) -> None:
    """A clip lasts so long by its report, by its header and as ffprobe decodes it; its sound too."""
    assert rendition.duration == pytest.approx(seconds, abs=0.05)
    clips.plays(rendition.data, folder)
    said = clips.probed(rendition.data, folder)
    assert float(said["format"]["duration"]) == pytest.approx(seconds, abs=0.05)
    # What is wrapped anew may begin with sound alone, as its source does.
    begin = float(said["video"]["start_time"])
    assert begin + float(said["video"]["duration"]) == pytest.approx(seconds, abs=0.06)
    path = folder / "decoded"
    path.write_bytes(rendition.data)
    found = clips.lengths(path)
    assert found["video"] <= seconds + 0.05
    assert ("audio" in found) == (sound is not None)
    if sound is not None:
        assert found["audio"] == pytest.approx(sound, abs=0.07)


@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts"])
@pytest.mark.parametrize("limits", [AS_IT_IS, ANEW, OLD], ids=["as-it-is", "anew", "old"])
@pytest.mark.parametrize("times", [[0.0], [n / 25 for n in range(25)]], ids=["one", "many"])
def test_sound_outlasts_the_pictures(
    tmp_path: Path, form: str, limits: transcode.Limits, times: list[float]
) -> None:
    """The last picture stands until it ends, re-encoded or not: nothing is cut, so no note says so."""
    source = clips.clip(times=times, sound=clips.beeping([0.5, 3.5], 4.0), form=form)
    rendition = made(source, limits)
    check(rendition, 4.0, tmp_path, sound=4.0)
    heard = clips.sound_of(rendition.data)
    assert np.abs(heard.samples[0, round(3.5 * heard.rate) :]).max() > 0.2
    assert not {"trimmed", "sound-dropped", "source-truncated"} & {
        note.code for note in rendition.report.notes
    }


def test_a_picture_that_stands_is_shown_again_before_the_end() -> None:
    """There are players for which a clip ends with the begin of its last picture; it looks the same."""
    source = clips.clip(times=[0.0, 0.04], sound=clips.beeping([0.5], 6.0))
    shown = clips.pictures(made(source, ANEW).data)
    assert [time for time, _ in shown] == pytest.approx([0, 0.04, 5.96], abs=0.02)
    assert np.abs(shown[1][1].astype(int) - shown[2][1]).mean() < 1


def test_one_picture_keeps_its_pixels() -> None:
    """Bits are not kept for pictures that do not come."""
    source = clips.clip(clips.moving(640, 480), times=[0.0], sound=clips.beeping([0.5], 20.0))
    rendition = made(source, transcode.Limits(60_000))
    assert (rendition.width, rendition.height) == (640, 480)
    assert all(note.code != "quality-floor" for note in rendition.report.notes)


@pytest.mark.parametrize("form", ["mp4", "mpegts"])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(("start", "seconds"), [(0.0, 2.5), (2.0, 1.0), (2.5, 40.0)])
def test_a_window_in_which_a_picture_stands(
    tmp_path: Path, form: str, cut: bool, start: float, seconds: float
) -> None:
    """Where no picture begins, the one that stands leaves, with the sound and a note of the cut."""
    source = clips.clip(times=[n / 25 for n in range(25)], sound=clips.beeping([2.2], 4.0), form=form)
    rendition = made(source, AS_IT_IS, start=start, max_seconds=seconds, keyframe_cut=cut)
    wanted = min(seconds, 4.0 - start)
    check(rendition, wanted, tmp_path, sound=wanted)
    assert "trimmed" in {note.code for note in rendition.report.notes}


@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts", "flv"])
@pytest.mark.parametrize("limits", [AS_IT_IS, ANEW], ids=["as-it-is", "anew"])
def test_variable_rate_with_b_frames(tmp_path: Path, form: str, limits: transcode.Limits) -> None:
    """A packet's duration is the step to the next that is decoded: the clip is no longer for it."""
    source = clips.clip(times=GAP, form=form, options=B_FRAMES)
    rendition = made(source, limits)
    check(rendition, 5.0, tmp_path)
    times = [time for time, _ in clips.pictures(rendition.data)]
    assert times == pytest.approx(GAP, abs=0.02)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(("start", "seconds"), [(0.0, 2.5), (0.0, 4.5), (2.0, 1.0)])
def test_a_window_that_ends_where_none_begins(
    tmp_path: Path, cut: bool, start: float, seconds: float
) -> None:
    """The picture before the gap stands until the window's end, or all but what is not whole there."""
    source = clips.clip(times=GAP, options=B_FRAMES)
    rendition = made(source, AS_IT_IS, start=start, max_seconds=seconds, keyframe_cut=cut)
    assert rendition.duration is not None
    assert seconds - 0.1 < rendition.duration < seconds + 0.001
    check(rendition, rendition.duration, tmp_path)


@pytest.mark.parametrize("limits", [AS_IT_IS, ANEW], ids=["as-it-is", "anew"])
@pytest.mark.parametrize("last", [1.0, 3.0])
def test_a_last_picture_behind_a_gap(tmp_path: Path, limits: transcode.Limits, last: float) -> None:
    """Its packet is the last that is decoded or not: header and pictures end at once."""
    times = [n / 25 for n in range(25)] + [last + n / 25 for n in range(1, 3)]
    check(made(clips.clip(times=times, options=B_FRAMES), limits), last + 0.12, tmp_path)


def test_pictures_that_begin_behind_the_window(tmp_path: Path) -> None:
    """The first of them is shown with the sound that was asked for."""
    source = clips.clip(times=[3 + n / 25 for n in range(25)], sound=clips.beeping([0.5], 4.0))
    check(made(source, ANEW), 4.0, tmp_path, sound=4.0)
    rendition = made(source, ANEW, max_seconds=2.0)
    check(rendition, 2.0, tmp_path, sound=2.0)
    assert clips.pictures(rendition.data)[0][1].mean() > 20


@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts", "flv"])
def test_b_frames_within_the_limits_are_not_re_encoded(tmp_path: Path, form: str) -> None:
    """Matroska gives the first of them no time of decoding."""
    source = clips.clip(times=GAP, form=form, options=B_FRAMES, sound=clips.beeping([0.5, 4.5], 5.0))
    rendition = made(source, AS_IT_IS)
    check(rendition, 5.0, tmp_path, sound=5.0)
    assert [note.code for note in rendition.report.notes] == ["rewrapped"]


@pytest.mark.parametrize("form", ["mp4", "matroska", "flv"])
def test_sound_that_ends_before_the_pictures(tmp_path: Path, form: str) -> None:
    """They go on, and nothing is missing: Matroska and FLV tell the length of the whole only."""
    rendition = made(clips.clip(seconds=3, sound=clips.beeping([0.5], 1.0), form=form), ANEW)
    check(rendition, 3.0, tmp_path, sound=1.0)
    assert "source-truncated" not in {note.code for note in rendition.report.notes}


def test_sound_that_does_not_leave(tmp_path: Path) -> None:
    """Does not count: the clip is as long as its pictures, and behind them there is none."""
    source = clips.clip(seconds=1, sound=clips.beeping([0.5], 4.0))
    for limits in (MUTE, replace(MUTE, h264_profile="high", h264_level="4.1")):
        rendition = made(source, limits)
        check(rendition, 1.0, tmp_path)
        assert "sound-dropped" in {note.code for note in rendition.report.notes}
    with pytest.raises(LimitsError, match=r"the pictures of .* end after 1\.00 s"):
        made(source, MUTE, start=2.0)


def test_a_broadcast_is_wrapped_anew_from_zero(tmp_path: Path) -> None:
    """A stream that begins anywhere on its clock begins at zero in the file."""
    source = clips.clip(seconds=2, sound=clips.beeping([0.5], 2.0), form="mpegts", offset=50.0)
    rendition = made(source, AS_IT_IS)
    assert "rewrapped" in {note.code for note in rendition.report.notes}
    check(rendition, 2.05, tmp_path, sound=2.05)


@pytest.mark.parametrize("pictures", [True, False])
def test_a_clock_that_does_not_begin_at_zero(pictures: bool) -> None:
    """What was cut out of something longer ends where it ends: nothing is told of a header that says more."""
    if pictures:
        source = clips.clip(seconds=2, sound=clips.beeping([0.5], 2.0), form="matroska", offset=30.0)
    else:
        source = container(clips.beeping([0.5], 2.0), form="matroska", codec="flac", times={0: 30 * 48_000})
    rendition = made(source, transcode.Limits(40_000))
    assert rendition.duration == pytest.approx(2.0, abs=0.05)
    assert "source-truncated" not in {note.code for note in rendition.report.notes}


def test_files_that_are_joined(tmp_path: Path) -> None:
    """The part before a broadcast's clock begins anew leaves, and a note says so; pictures take no turns."""
    first = clips.clip(seconds=2, sound=clips.beeping([0.5], 2.0), form="mpegts")
    second = clips.clip(lambda _: np.full((64, 96, 3), 250, np.uint8), seconds=3, form="mpegts")
    joined = Input("joined.ts", bytes(first.data) + bytes(second.data))
    for limits in (AS_IT_IS, transcode.Limits(20_000)):
        rendition = made(joined, limits)
        check(rendition, 2.05, tmp_path, sound=2.05)
        (told,) = [note.text for note in rendition.report.notes if note.code == "source-truncated"]
        assert told.startswith("its clock restarts after 2.")
        assert max(picture.mean() for _, picture in clips.pictures(rendition.data)) < 150
    sound = bytes(container(clips.beeping([0.5], 2.0), form="mpegts", codec="mp2", sample_format="s16").data)
    rendition = made(Input("joined.ts", sound + sound), transcode.Limits(20_000))
    assert rendition.duration == pytest.approx(2.0, abs=0.1)
    assert "restarts" in str(rendition.report.notes)


CASES = (
    ("cases/onefr.mp4", 20.0),
    ("cases/vfr_endgap.mp4", 10.0),
    ("cases/vfr_midgap.mp4", 10.0),
    ("cases/sample_with_vobsub.mp4", 1.009),
    ("cases/two_video_tracks.mp4", 2.0),
    ("cases/right/vfr_nobf.mp4", 10.0),
    ("cases/right/late_sound.mp4", 8.0),
    ("cases/right/edit_list_positive_shift.mp4", 10.005),
    ("cases/right/sample_edit_list_only_preroll_sync_sample.mp4", 0.533),
    ("cases/right/sample_sef_super_slow_motion.mp4", 14.5),
)


@pytest.mark.parametrize(("name", "seconds"), CASES, ids=[name.rpartition("/")[2] for name, _ in CASES])
@pytest.mark.parametrize("limits", [SMALL, AS_IT_IS], ids=["anew", "as-it-is"])
def test_cases(tmp_path: Path, shared: Path, name: str, seconds: float, limits: transcode.Limits) -> None:
    """Files that came out too short or too long, and those beside them that did not."""
    rendition = transcode.fit(shared / name, limits)
    sound = clips.lengths(shared / name, decode=False).get("audio")
    check(rendition, seconds, tmp_path, sound=sound)


def test_times_in_two_clusters(shared: Path) -> None:
    """They have a period: it was a mean of nothing, which ended the clip."""
    rendition = transcode.fit(shared / "media" / "video" / "phone_h263_amr.3gp", OLD, max_seconds=6.0)
    assert rendition.duration == pytest.approx(6.0, abs=0.05)


#: Containers whose headers or packets tell no length that ffprobe could be asked for.
UNKNOWN = ("mpeg1_launch.mpg",)

#: The number of parts of the corpus, which processes may share.
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_every_clip_of_the_corpus(tmp_path: Path, shared: Path, part: int) -> None:
    """Each clip and its sound last as long as ffprobe says of the longest track, up to the limit."""
    limits = replace(SMALL, max_seconds=3.0)
    wrong = {}
    paths = sorted([*(shared / "media" / "video").iterdir(), *(shared / "cases" / "right").glob("*.mp4")])
    for path in paths[part::PARTS]:
        source = clips.lengths(path, decode=False)
        if "video" not in source or path.name in UNKNOWN:
            continue
        rendition = transcode.fit(path, limits)
        (tmp_path / "made").write_bytes(rendition.data)
        found = clips.lengths(tmp_path / "made")
        wanted = {
            kind: min(limits.max_seconds, seconds)
            for kind, seconds in source.items()
            if kind in ("audio", "video")
        }
        if "audio" not in found and "sound-dropped" in {note.code for note in rendition.report.notes}:
            del wanted["audio"]
        off = {"all": (rendition.duration or 0.0) - max(wanted.values())}
        off["sound"] = found.get("audio", 0.0) - wanted.get("audio", 0.0)
        if (
            any(abs(seconds) > SLACK for seconds in off.values())
            or found["video"] > max(wanted.values()) + SLACK
        ):
            wrong[path.name] = wanted, found, rendition.duration
    assert wrong == {}


def test_sound_gets_what_pictures_have_no_use_for(tmp_path: Path) -> None:
    """One picture that stands takes few bytes: the sound gets more than its part of the limit would be."""
    path = tmp_path / "still.mp4"
    noise = "anoisesrc=c=pink:r=44100:a=0.5:seed=1:d=20"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=0.04", "-f", "lavfi"]
    command += ["-i", noise, "-c:v", "libx264", "-c:a", "aac", "-b:a", "160k", str(path)]
    subprocess.run(command, check=True)
    made = transcode.fit(path, transcode.Limits(300_000, formats=("video/mp4",)))
    assert 0.75 * 300_000 < len(made.data) <= 300_000
    assert made.duration == pytest.approx(20, abs=0.1)
