"""Clips with AMR sound: pauses, and samples that hold several frames, as phones record them."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import transcode
from tests.made import clips
from tests.made.sounds import amr_frames, amr_in_3gp, amr_split, retimed, words
from transcode.media.samples.pcm import Pcm
from transcode.media.sound import audio
from transcode.media.source.inputs import Input, read


def packets_of(data: bytes) -> list[bytes]:
    """The packets of a file's sound."""
    with av.open(io.BytesIO(data), "r") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def recorded(frames: bytes, several: int, first: int = 0) -> bytes:
    """Three seconds of H.264 with these frames."""
    pictures = clips.clip(seconds=3, options={"profile": "baseline", "crf": "23", "g": "25"})
    return bytes(amr_in_3gp(frames, several=several, first=first, pictures=pictures).data)


@pytest.mark.parametrize("several", [1, 10])
def test_sound_goes_along_as_it_is(several: int) -> None:
    """Frames leave one by one, pauses too, when a clip is put into a new file, and when it is cut."""
    frames = amr_frames(words(3.0), dtx=True)
    source = recorded(frames, several)
    limits = transcode.Limits(len(source) + 10_000, formats=("video/3gpp",), codecs=("h264", "amr_nb"))
    whole = transcode.fit(source, limits)
    assert whole.report.trials == ()
    assert whole.duration == pytest.approx(3.0, abs=0.01)
    assert packets_of(whole.data) == amr_split(frames)
    heard = audio.decode(Input("whole", whole.data))
    np.testing.assert_array_equal(heard.pcm.samples, audio.decode(Input("source", source)).pcm.samples)
    cut = transcode.fit(source, limits, start=1.0, keyframe_cut=True)
    assert cut.report.trials == ()
    assert packets_of(cut.data)[1:] == amr_split(frames)[50:]


def levels(pcm: Pcm, count: int) -> NDArray[np.float32]:
    """The loudness of each tenth of a second."""
    step = pcm.rate // 10
    return np.asarray(np.sqrt(np.square(pcm.samples[0, : count * step]).reshape(count, step).mean(1)))


@pytest.mark.parametrize("several", [1, 10])
def test_sound_is_re_encoded(several: int) -> None:
    """All of it is heard, from its begin to its end, and nothing is told of damage."""
    frames = amr_frames(words(3.0), dtx=True)
    source = recorded(frames, several)
    made = transcode.fit(source, transcode.Limits(40_000, max_video_width=64))
    assert {note.code for note in made.report.notes}.isdisjoint(
        {"source-damaged", "gap-filled", "sound-dropped"}
    )
    assert made.duration == pytest.approx(3.0, abs=0.05)
    before = audio.decode(Input("source", source)).pcm
    after = clips.sound_of(made.data)
    assert after.seconds == pytest.approx(3.0, abs=0.05)
    assert np.corrcoef(levels(before, 29), levels(after, 29))[0, 1] > 0.95


@pytest.mark.parametrize("clock", [600, 8_000, 90_000])
def test_sound_begins_where_an_edit_list_says(clock: int) -> None:
    """Put into a new file, cut or re-encoded, on any clock of its track: within 6 ms of its place."""
    marks, first = [0.5, 1.3, 2.1], -1_590
    beeps = clips.beeping(marks, 3.2, 8_000).samples[0]
    frames = amr_frames((32_767 * beeps).astype(np.int16))
    source = retimed(recorded(frames, 1, first), clock)
    room = transcode.Limits(len(source) + 10_000, formats=("video/3gpp",), codecs=("h264", "amr_nb"))
    made = [
        transcode.fit(source, room),
        transcode.fit(source, room, start=1.0, keyframe_cut=True),
        transcode.fit(source, transcode.Limits(40_000, max_video_width=64)),
        transcode.fit(source, transcode.Limits(40_000, max_video_width=64), start=1.0),
    ]
    assert [one.report.trials == () for one in made] == [True, True, False, False]
    for one in made:
        heard = audio.decode(Input("made", one.data), origin=0.0).pcm
        loud = np.flatnonzero(np.abs(heard.samples[0]) > 0.15) / heard.rate
        found = [at for at, before in zip(loud, [-1.0, *loud], strict=False) if at - before > 0.2]
        # AMR is 5 ms late.
        wanted = [mark + first / 8_000 + 0.006 - (one.report.source_start or 0.0) for mark in marks]
        np.testing.assert_allclose(found, [at for at in wanted if at > 0], atol=0.006)


def test_real_clip_with_pauses(shared: Path) -> None:
    """A clip in the form of a phone's is as long as it is, and nothing is said of damage."""
    source = shared / "cases" / "disc" / "dtxclip.3gp"
    made = transcode.fit(source, transcode.Limits(200_000, codecs=("h264", "aac")))
    assert made.duration == pytest.approx(12.0, abs=0.05)
    assert {note.code for note in made.report.notes} == {"converted"}
    before = audio.decode(read(source)).pcm
    assert np.corrcoef(levels(before, 118), levels(clips.sound_of(made.data), 118))[0, 1] > 0.95
