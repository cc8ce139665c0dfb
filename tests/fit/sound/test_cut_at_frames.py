"""Recordings that are only too long are cut at their frames: nothing is encoded twice or too long."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import transcode
from tests.made.sounds import amr_frames, amr_in_3gp, container, noise, words
from transcode.media.samples.pcm import Pcm
from transcode.media.sound.audio import decode
from transcode.media.source import adts_file, amr_file, mpeg_file
from transcode.media.source.inputs import Input

#: Content type, muxer, encoder, sample rate, and the samples after which a cut is exact: those that overlap a
#: frame before the cut, and in MPEG audio a silent frame.
KINDS = [
    ("audio/aac", "adts", "aac", 16_000, 1_024),
    ("audio/mp4", "ipod", "aac", 16_000, 0),
    ("audio/mpeg", "mp3", "libmp3lame", 44_100, 1_152 + 576 + 512),
    ("audio/mpeg", "mp3", "libmp3lame", 16_000, 576 + 576 + 512),
]


def recorded(form: str, codec: str, rate: int, seconds: float = 4.0) -> bytes:
    return bytes(container(noise(seconds, rate), rate, form=form, codec=codec).data)


def heard(data: bytes) -> Pcm:
    return decode(Input("made", data)).pcm


def stretch(source: bytes, data: bytes, begin: float, exact: int) -> float:
    """The largest difference of half a second of the sound of a copy, from a sample on, and of the source.

    Files that state no delay play it, so a copy may begin up to 1,700 samples earlier or later.
    """
    whole, part = heard(source), heard(data)
    assert whole.rate == part.rate
    wanted, at = part.samples[0, exact : exact + part.rate // 2], exact + round(begin * whole.rate)
    spread = whole.samples[0, max(0, at - 1_700) : at + 1_700 + wanted.size]
    windows = np.lib.stride_tricks.sliding_window_view(spread, wanted.size)
    return float(min(np.abs(window - wanted).max() for window in windows))


@pytest.mark.parametrize(("content_type", "form", "codec", "rate", "exact"), KINDS)
@pytest.mark.parametrize("start", [0.0, 1.234])
def test_the_sound_is_that_of_the_source(
    content_type: str, form: str, codec: str, rate: int, exact: int, start: float
) -> None:
    """A cut has the same samples, also where frames take data from the frames before the cut."""
    source = recorded(form, codec, rate)
    limits = transcode.Limits(10**6, formats=(content_type,), max_seconds=2.0)
    made = transcode.fit(source, limits, start=start)
    assert (made.report.trials, made.content_type) == ((), content_type)
    notes = {note.code: note.text for note in made.report.notes}
    assert notes["trimmed"].startswith("cut to ")
    begin = made.report.source_start
    assert begin is not None
    assert begin == pytest.approx(start, abs=0.04)
    assert made.duration is not None
    assert 1.87 < made.duration <= 2.0
    assert heard(made.data).seconds <= 2.0 + 1e-9
    assert stretch(source, made.data, begin, exact) < 1e-3
    assert made == transcode.fit(source, limits, start=start)


def test_mpeg_audio_says_how_long_it_is() -> None:
    """A range with several bit rates counts its frames in front, and the encoder's delay stays left out."""
    source = recorded("mp3", "libmp3lame", 44_100)
    limits = transcode.Limits(10**6, formats=("audio/mpeg",), max_seconds=2.0)
    whole, later = (transcode.fit(source, limits, start=start) for start in (0.0, 1.0))
    for made, name in ((whole, b"Info"), (later, b"Xing")):
        assert made.data[: made.data.index(name) + 4].count(b"\xff\xfb") == 1
        at = made.data.index(name) + 8
        (begin, end, count), *others = mpeg_file.runs(made.data)
        assert not others
        assert int.from_bytes(made.data[at : at + 4], "big") == count - 1 == 76
        assert int.from_bytes(made.data[at + 4 : at + 8], "big") == end - begin == len(made.data)
    beginning = heard(source).samples[0, :40_000]
    np.testing.assert_allclose(heard(whole.data).samples[0, :40_000], beginning, atol=1e-6)


@pytest.mark.parametrize("several", [None, 1, 10])
@pytest.mark.parametrize("dtx", [False, True])
def test_amr_is_cut_to_the_frame(several: int | None, dtx: bool) -> None:
    """From files and from containers, whose samples may hold several frames; pauses count."""
    frames = amr_frames(words(5.0), mode=0, dtx=dtx)
    source = amr_file.MAGIC["amr_nb"] + frames
    if several is not None:
        source = bytes(amr_in_3gp(frames, several=several).data)
    limits = transcode.Limits(10**6, formats=("audio/amr",), max_seconds=2.0)
    made = transcode.fit(source, limits, start=1.0)
    assert made.report.trials == ()
    assert made.data[6:] in frames
    assert made.report.source_start == pytest.approx(1.0)
    assert made.duration == pytest.approx(2.0)
    assert amr_file.seconds(Input("made", made.data)) == 2.0
    if not dtx:
        assert len(made.data) == 6 + 100 * 13


def test_what_has_no_room_is_re_encoded() -> None:
    """Frames that do not fit are no choice, nor are those of sound that is to be made louder."""
    source = recorded("mp3", "libmp3lame", 44_100)
    for limits, loudness in (
        (transcode.Limits(15_000, max_seconds=2.0), None),
        (transcode.Limits(10**6), -16.0),
    ):
        made = transcode.fit(source, limits, start=1.0, loudness=loudness)
        assert made.report.trials


@pytest.mark.parametrize("seconds", [1.99, 3.0])
def test_frames_with_headers_only_are_no_longer_than_allowed(seconds: float) -> None:
    """ADTS can't state the encoder's delay: the frames end before the limit, and what is missing is told."""
    sound = container(noise(seconds, 8_000), 8_000)
    limits = transcode.Limits(4_000, formats=("audio/aac",), max_seconds=2.0)
    made = transcode.fit(bytes(sound.data), limits)
    lasts = adts_file.seconds(made.data)
    assert lasts is not None
    assert 1.7 < lasts <= 2.0
    assert "trimmed" in {note.code for note in made.report.notes}


def test_lengths_are_counted() -> None:
    """A silent beginning makes frames small; the duration is not guessed from their bit rate."""
    loud = noise(4.0, 16_000)
    quiet = Pcm(np.concatenate([np.zeros((1, 96_000), np.float32), loud.samples], axis=1), 16_000)
    limits = transcode.Limits(10**6, formats=("audio/aac", "audio/mpeg"), max_seconds=2.0)
    bare: Any = {"write_xing": "0", "id3v2_version": "0"}
    for source in (
        bytes(container(quiet, 16_000, form="adts", codec="aac").data),
        bytes(container(quiet, 16_000, form="mp3", codec="libmp3lame", **bare).data),
    ):
        assert transcode.fit(source, limits).report.source_seconds == pytest.approx(10.0, abs=0.2)


def test_chained_ogg_is_heard_to_its_end() -> None:
    """Recordings in one file after each other: each is there."""
    one, other = (
        bytes(container(noise(1.5, 48_000, seed=seed), form="ogg", codec="libopus").data) for seed in (1, 2)
    )
    both = decode(Input("chained.ogg", one + other))
    assert both.pcm.seconds == pytest.approx(3.0, abs=0.1)
    assert [note.code for note in both.notes] == []
    pieces = [heard(data).samples[0] for data in (one, other)]
    at = itertools.accumulate([0, pieces[0].size])
    for begin, piece in zip(at, pieces, strict=True):
        part = both.pcm.samples[0, begin + 4_800 : begin + 48_000]
        assert np.corrcoef(part, piece[4_800:48_000])[0, 1] > 0.5
