"""Clips under a limit: never over it, in step, exact, and nothing lost in silence."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import transcode
from tests.made import clips
from tests.made.sounds import noise
from transcode.fit.clips.clip_tuning import TUNING
from transcode.fit.clips.sound_plan import sound_of
from transcode.fit.clips.video import fit_frames, frame_shape
from transcode.fit.clips.video_plan import Shape, effort_of, level_of, shape_of
from transcode.media.clips.frames import Frames
from transcode.media.clips.packed import packed_rows
from transcode.media.clips.video_encode import Encoder, Settings, mux
from transcode.media.source.mp4 import fast_start
from transcode.model import FitProgress


def notes_of(rendition: transcode.Rendition) -> dict[str, str]:
    return {note.code: note.text for note in rendition.report.notes}


@pytest.mark.parametrize("max_bytes", [15_000, 40_000])
def test_never_over_the_limit(tmp_path: Path, max_bytes: int) -> None:
    """The file uses what there is, plays to its end, and is what the receiver decodes."""
    source = clips.clip(clips.moving(320, 240), seconds=4, sound=clips.beeping([1, 2], 4.0))
    limits = transcode.Limits(max_bytes, h264_profile="baseline")
    rendition = transcode.fit(bytes(source.data), limits)
    assert len(rendition.data) <= max_bytes
    clips.plays(rendition.data, tmp_path)
    said = clips.probed(rendition.data, tmp_path)
    assert said["video"]["codec_name"] == "h264"
    assert said["video"]["profile"] == "Constrained Baseline"
    assert said["audio"]["codec_name"] == "aac"
    assert (said["video"]["width"], said["video"]["height"]) == (rendition.width, rendition.height)
    assert rendition.content_type == "video/mp4"
    assert rendition.duration == pytest.approx(4, abs=0.05)
    assert notes_of(rendition)["converted"].startswith("h264 re-encoded as h264 baseline, ")


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("start", [0.0, 1.3])
def test_flash_and_beep(uneven: bool, start: float) -> None:
    """Sound and pictures stay within 20 ms of each other, at any rate, cut or not."""
    marks = [2.0, 3.2]
    times = [n / 25 for n in range(100)]
    if uneven:
        times = sorted({*times[::3], *marks, *(mark + 0.12 for mark in marks)})
    source = clips.clip(clips.flashing(marks), times=times, sound=clips.beeping(marks, 4.0))
    rendition = transcode.fit(bytes(source.data), transcode.Limits(60_000), start=start)
    light = [(time, picture.mean()) for time, picture in clips.pictures(rendition.data)]
    assert light[0][0] == 0
    flashes = [b[0] for a, b in itertools.pairwise(light) if a[1] < 100 < b[1]]
    heard = clips.sound_of(rendition.data)
    loud = np.abs(heard.samples[0]) > 0.2
    beeps = [
        at / heard.rate for at in np.flatnonzero(loud) if not loud[max(0, at - heard.rate // 5) : at].any()
    ]
    assert flashes == pytest.approx([mark - start for mark in marks], abs=0.02)
    assert beeps == pytest.approx(flashes, abs=0.02)


def test_what_is_cut_is_said() -> None:
    """The window is as long as asked for, to a frame, and the report has it."""
    source = clips.clip(seconds=3)
    rendition = transcode.fit(bytes(source.data), transcode.Limits(50_000, max_seconds=2.0), start=0.5)
    times = [time for time, _ in clips.pictures(rendition.data)]
    assert len(times) == 51
    assert times[0] == 0
    assert rendition.duration == pytest.approx(2.0)
    assert notes_of(rendition)["trimmed"] == "cut to 2.0 of 3.0 seconds from 0.5 s on"


def test_progress_and_cancel() -> None:
    """Both phases tell how far they are; what the callback raises ends the work."""
    source = bytes(clips.clip(seconds=3).data)
    seen: list[FitProgress] = []
    transcode.fit(source, transcode.Limits(30_000), progress=seen.append)
    assert {entry.phase for entry in seen} == {"decode", "encode"}
    assert all(0 < entry.done <= entry.total for entry in seen)

    def cancel(entry: FitProgress) -> None:
        raise InterruptedError(entry.phase)

    with pytest.raises(InterruptedError):
        transcode.fit(source, transcode.Limits(30_000), progress=cancel)


def test_no_form_and_no_room() -> None:
    """Limits that no clip can keep are told by their own errors."""
    source = bytes(clips.clip(seconds=2).data)
    with pytest.raises(transcode.SourceError, match="the receiver accepts no clips"):
        transcode.fit(source, transcode.Limits(30_000, formats=("image/jpeg",)))
    with pytest.raises(transcode.BudgetError):
        transcode.fit(source, transcode.Limits(700))


def test_no_room_for_aac(tmp_path: Path) -> None:
    """A clip whose sound does not fit as AAC has that of AMR, in 3GP, if the receiver takes it."""
    source = bytes(clips.clip(seconds=12.0, rate=10, sound=noise(12.0, 16_000)).data)
    made = transcode.fit(source, transcode.Limits(18_000))
    assert made.content_type == "video/3gpp"
    assert made.duration == pytest.approx(12.0, abs=0.05)
    assert len(made.data) <= 18_000
    assert [words.split(",")[0] for words in made.report.settings] == ["h264 main", "amr_nb"]
    clips.plays(made.data, tmp_path)
    assert float(clips.probed(made.data, tmp_path)["audio"]["duration"]) == pytest.approx(12.0, abs=0.05)
    for limits in (
        transcode.Limits(18_000, codecs=("h264", "aac")),
        transcode.Limits(18_000, formats=("video/mp4",)),
    ):
        with pytest.raises(transcode.BudgetError):
            transcode.fit(source, limits)
    pictures = [np.full((packed_rows(48), 64), 100 + n, np.uint8) for n in range(60)]
    drawn = fit_frames(pictures, Shape(64, 48, 5.0), transcode.Limits(14_000), sound=noise(12.0, 8000))
    assert drawn.content_type == "video/3gpp"


@pytest.mark.parametrize("max_bytes", [17_000, 23_000, 25_000, 29_000])
def test_what_flat_pictures_leave_is_sound(max_bytes: int) -> None:
    """The sound takes it, but for what the encoder of pictures keeps to: no clip is refused for it."""

    def flat(time: float) -> NDArray[np.uint8]:
        return np.full((64, 96, 3), round(40 + 10 * time), np.uint8)

    source = clips.clip(flat, seconds=12.0, rate=5, sound=noise(12.0, 16_000))
    made = transcode.fit(bytes(source.data), transcode.Limits(max_bytes))
    assert 0.8 * max_bytes < len(made.data) <= max_bytes


def test_a_shape_of_pixels_that_is_an_error() -> None:
    """It is told, and no copy keeps it."""

    def shaped(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(1, 9)

    source = bytes(clips.clip(seconds=0.4, options={"profile": "main"}, setup=shaped).data)
    made = transcode.fit(source, transcode.Limits(10**6))
    notes = {note.code: note.text for note in made.report.notes}
    assert notes["pixel-shape"] == "its pixels are said to be 1:9, which no camera makes: taken for square"
    assert "converted" in notes
    assert (made.width, made.height) == (96, 64)


def test_sound_that_the_receiver_does_not_decode() -> None:
    """The pictures leave alone, with a note."""
    source = clips.clip(seconds=1, sound=clips.beeping([0.5], 1.0))
    rendition = transcode.fit(bytes(source.data), transcode.Limits(30_000, codecs=("h264",)))
    assert "sound-dropped" in notes_of(rendition)
    assert len(rendition.report.settings) == 1


def test_drawn_frames(tmp_path: Path) -> None:
    """Frames and samples become a clip of exactly their length under the limit."""
    limits = transcode.Limits(40_000)
    shape = frame_shape(limits, 2.0, (640, 480), frame_rate=20, sound=True)
    assert shape.width * 3 == pytest.approx(shape.height * 4, abs=8)
    ground = np.random.default_rng(1).integers(16, 235, (packed_rows(shape.height), shape.width), np.uint8)
    drawn = (np.ascontiguousarray(np.roll(ground, n, axis=1)) for n in range(40))
    made = fit_frames(drawn, shape, limits, sound=clips.beeping([0.5], 3.0))
    assert len(made.data) <= 40_000
    assert made.seconds == pytest.approx(2.0)
    clips.plays(made.data, tmp_path)
    said = clips.probed(made.data, tmp_path)
    assert float(said["audio"]["duration"]) == pytest.approx(2.0, abs=0.01)
    with pytest.raises(ValueError, match="no frames"):
        fit_frames([], shape, limits)


def test_shapes_keep_to_box_rate_and_level() -> None:
    """The box turns with the picture where it may; rates are whole parts of the source's."""
    limits = transcode.Limits(
        300_000, max_video_width=176, max_video_height=144, max_frame_rate=15, h264_level="1b"
    )
    wide = shape_of((1920, 1080), 29.97, 1e6, limits)
    assert (wide.width, wide.height) == (176, 98)
    assert wide.frame_rate == pytest.approx(29.97 / 2)
    assert shape_of((1080, 1920), 24.0, 1e6, limits).frame_rate == 12
    assert shape_of((1080, 1920), 30.0, 1e6, limits).height == 176
    for level in ("1", "1.1", "2", "3.1"):
        allowed = level_of(level)
        shape = shape_of((3840, 2160), 60.0, 1e9, transcode.Limits(10**6, h264_level=level))
        blocks = -(-shape.width // 16) * -(-shape.height // 16)
        assert blocks <= allowed.blocks
        assert blocks * shape.frame_rate <= allowed.blocks_per_second


@pytest.mark.parametrize(
    ("source", "bit_rate", "limit", "rate"),
    [
        (30.5, 1e6, None, 30.5),
        (30.6, 1e6, None, 30),
        (31.0, 1e6, None, 30),
        (44.0, 1e6, None, 30),
        (45.0, 1e6, None, 22.5),
        (48.0, 1e6, None, 24),
        (50.0, 1e6, None, 25),
        (59.94, 1e6, None, 29.97),
        (62.0, 1e6, None, 30),
        (120.0, 1e6, None, 30),
        (20.0, 1e6, None, 20),
        (16.0, 40_000, None, 15),
        (24.0, 40_000, None, 12),
        (5.0, 40_000, None, 5),
        (29.97, 1e6, 25.0, 25),
        (25.0, 1e6, 15.0, 12.5),
        (15.5, 1e6, 15.0, 15),
    ],
)
def test_frame_rates(source: float, bit_rate: float, limit: float | None, rate: float) -> None:
    """A little more than the highest rate does not become half of it; nor is the limit exceeded."""
    limits = transcode.Limits(300_000, max_frame_rate=limit)
    assert shape_of((640, 480), source, bit_rate, limits).frame_rate == pytest.approx(rate)


def test_rates_between_keep_each_frame_at_its_time() -> None:
    """Of 40 numbered frames/s, 30 are left, none more than half a period off its time."""
    limits = transcode.Limits(300_000, max_frame_rate=30)
    with Frames(320, 240) as frames:
        for number in range(80):
            packed = np.full((360, 320), 128, np.uint8)
            packed[:240] = 16 + 2 * number
            frames.append(number / 40, packed)
        frames.end = 2.0
        with Encoder(frames) as encoder:
            settings = Settings("h264", 400_000, 40.0)
            encoder.measure(settings)
            source = mux(encoder.encode(settings), None, "video/mp4")
    made = transcode.fit(source, limits).data
    with av.open(io.BytesIO(made), "r") as container:
        found = [(frame.time or 0.0, frame.to_ndarray()[:240].mean()) for frame in container.decode(video=0)]
    assert len(found) == 60
    shown = [round((level - 16) / 2) for _, level in found]
    assert all(
        abs(number / 40 - at) <= 0.5 / 30 + 0.013 for number, (at, _) in zip(shown, found, strict=True)
    )


def test_sound_gets_its_part() -> None:
    """More bits give sound more, never the greater part, and never more channels than there are."""
    for codec in ("aac", "amr_nb"):
        rates = [sound_of(codec, total, 2)[0] for total in (20_000, 60_000, 200_000, 1e6, 1e7)]
        assert rates == sorted(rates)
        assert rates[0] <= 10_000
    assert sound_of("aac", 1e7, 1)[2] == 1
    assert sound_of("aac", 1e7, 2)[2] == 2


@pytest.mark.parametrize(
    ("codec", "box", "size", "level"),
    [
        ("h263", (176, 144), (176, 144), 10),
        ("h263", (352, 288), (352, 288), 20),
        ("mpeg4", (176, 144), (176, 144), 0),
    ],
)
def test_old_devices(
    tmp_path: Path, codec: str, box: tuple[int, int], size: tuple[int, int], level: int
) -> None:
    """H.263 and MPEG-4 of the simple profile stand on their canvases, with AMR-NB, in 3GP."""
    source = clips.clip(clips.moving(320, 240), seconds=3, sound=clips.beeping([1], 3.0))
    limits = transcode.Limits(
        60_000,
        formats=("video/3gpp",),
        codecs=(codec, "amr_nb"),
        max_video_width=box[0],
        max_video_height=box[1],
    )
    rendition = transcode.fit(bytes(source.data), limits)
    assert len(rendition.data) <= 60_000
    clips.plays(rendition.data, tmp_path)
    said = clips.probed(rendition.data, tmp_path)
    assert (said["video"]["codec_name"], said["audio"]["codec_name"]) == (codec, "amr_nb")
    assert (said["video"]["width"], said["video"]["height"]) == size
    assert said["video"]["sample_aspect_ratio"] == "1:1"
    assert said["format"]["tags"]["major_brand"] == "3gp4"
    if codec == "mpeg4":
        assert (said["video"]["profile"], said["video"]["level"]) == ("Simple Profile", level)
    else:
        at = rendition.data.index(b"d263")
        assert rendition.data[at + 9 : at + 11] == bytes([level, 0])
    assert float(said["video"]["duration"]) == pytest.approx(3.0, abs=0.05)


def test_an_easy_source_keeps_its_pixels() -> None:
    """Where the source itself does with few bits, the pictures are not made as small as usual."""
    limits = transcode.Limits(10**6)
    hard = shape_of((1920, 1080), 30.0, 100_000, limits, source_rate=10e6)
    easy = shape_of((1920, 1080), 30.0, 100_000, limits, source_rate=60_000)
    sure = shape_of((1920, 1080), 30.0, 100_000, limits, source_rate=40_000)
    assert easy.width > 1.2 * hard.width
    assert (sure.width, sure.height) == (1280, 720)
    assert effort_of(hard, 40.0) == "faster"
    assert effort_of(hard, 20.0) == "fast"
    assert effort_of(hard, 4.0) == "medium"


def test_a_picture_that_stands_keeps_its_pixels() -> None:
    """A still picture with sound keeps its size: the limit has more bits than the source, at any size."""
    cover = clips.moving(1280, 720)
    source = clips.clip(lambda _: cover(0.0), times=[n / 2 for n in range(60)])
    made = transcode.fit(
        bytes(source.data), transcode.Limits(2 * len(source.data) + 200_000, h264_profile="baseline")
    )
    assert (made.width, made.height) == (1280, 720)


def test_pictures_far_apart_get_more_bits_each() -> None:
    """A quarter of the rate is worth twice as many pixels, not four times as many."""
    often, seldom = (shape_of((1920, 1080), rate, 100_000, transcode.Limits(10**6)) for rate in (24.0, 6.0))
    assert seldom.width * seldom.height == pytest.approx(2 * often.width * often.height, rel=0.05)


def test_quality_floor() -> None:
    """A clip that would be too coarse is told, or refused when that is asked for."""
    rng = np.random.default_rng(4)
    noise = rng.integers(0, 256, (50, 128, 160, 3), np.uint8)
    source = bytes(clips.clip(lambda time: noise[round(time * 25)], seconds=2).data)
    rendition = transcode.fit(source, transcode.Limits(4_000))
    assert "a shorter clip" in notes_of(rendition)["quality-floor"]
    with pytest.raises(transcode.BudgetError, match="a shorter clip"):
        transcode.fit(source, transcode.Limits(4_000), strict=True)


def test_a_source_that_was_cut_off(tmp_path: Path) -> None:
    """What is there is sent, and the report has both lengths."""
    whole = bytes(clips.clip(seconds=4, muxer={"movflags": "frag_keyframe+empty_moov"}, form="mp4").data)
    assert "source-truncated" not in notes_of(transcode.fit(whole, transcode.Limits(60_000)))
    indexed = fast_start(bytes(clips.clip(seconds=4, sound=clips.beeping([1], 4.0)).data))
    rendition = transcode.fit(indexed[: len(indexed) * 2 // 3], transcode.Limits(60_000))
    text = notes_of(rendition)["source-truncated"]
    assert text.endswith("its header says 4.00 s")
    assert rendition.duration is not None
    assert 0.5 < rendition.duration < 3.5
    clips.plays(rendition.data, tmp_path)


def test_more_bits_a_pixel_are_fewer_pixels() -> None:
    """A shape goes by the numbers that it is given."""
    limits = transcode.Limits(10**6)
    usual = shape_of((1920, 1080), 24.0, 100_000, limits)
    fewer = shape_of((1920, 1080), 24.0, 100_000, limits, tuning=replace(TUNING, bits_per_pixel=0.06))
    assert usual.width * usual.height == pytest.approx(2 * fewer.width * fewer.height, rel=0.05)


def test_what_has_no_use_for_more_bits_is_encoded_once() -> None:
    """A picture that stands still fills a small part of the limit; no further pass changes that."""
    limits = transcode.Limits(300_000)
    shape = frame_shape(limits, 3.0, (160, 120))
    picture = np.full((packed_rows(shape.height), shape.width), 128, np.uint8)
    made = fit_frames((picture.copy() for _ in range(90)), shape, limits)
    assert len(made.data) < 60_000
    assert len(made.trials) == 1


def test_a_clip_that_is_not_fine_yet_is_encoded_again() -> None:
    """Noise that stands for a moment in front of black: a pass asks for few bits, and more are used."""
    limits = transcode.Limits(60_000)
    shape = frame_shape(limits, 6.0, (320, 240))
    noise = np.random.default_rng(2).integers(16, 235, (packed_rows(shape.height), shape.width), np.uint8)
    black = np.full_like(noise, 16)
    black[shape.height :] = 128
    made = fit_frames(((noise if number < 3 else black).copy() for number in range(180)), shape, limits)
    assert len(made.trials) > 1
    assert made.quantiser is not None
    assert made.quantiser > 4


@pytest.mark.parametrize("codec", ["h263", "mpeg4"])
def test_a_single_frame_for_old_devices(codec: str) -> None:
    """The level's bit rate is that of a second, not of the moment that a frame lasts."""
    source = bytes(clips.clip(clips.moving(320, 240), seconds=0.04).data)
    made = transcode.fit(source, transcode.Limits(300_000, codecs=(codec, "amr_nb")))
    with av.open(io.BytesIO(made.data), "r") as container:
        assert container.streams.video[0].codec_context.name.startswith(codec)
        assert len(list(container.decode(video=0))) >= 1
