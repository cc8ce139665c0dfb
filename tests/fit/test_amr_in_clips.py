"""Clips with AMR sound: pauses, and samples that hold several frames, as phones record them."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import transcode
from tests.media import clips
from tests.media.sounds import amr_frames, amr_in_3gp, amr_split, words
from transcode.media import audio
from transcode.media.pcm import Pcm
from transcode.media.source import Content, read


def packets_of(data: bytes) -> list[bytes]:
    """The packets of a file's sound."""
    with av.open(io.BytesIO(data), "r") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def recorded(frames: bytes, several: int) -> bytes:
    """Three seconds of H.264 with these frames."""
    pictures = clips.clip(seconds=3, options={"profile": "baseline", "crf": "23", "g": "25"})
    return bytes(amr_in_3gp(frames, several=several, pictures=pictures).data)


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
    heard = audio.decode(Content("whole", whole.data))
    np.testing.assert_array_equal(heard.pcm.samples, audio.decode(Content("source", source)).pcm.samples)
    cut = transcode.fit(source, limits, start=1.0, keyframe_cut=True)
    assert cut.report.trials == ()
    assert packets_of(cut.data)[1:] == amr_split(frames)[50:]


def levels(pcm: Pcm, count: int) -> NDArray[np.float32]:
    """The loudness of so many tenths of a second."""
    step = pcm.rate // 10
    return np.asarray(np.sqrt(np.square(pcm.samples[0, : count * step]).reshape(count, step).mean(1)))


@pytest.mark.parametrize("several", [1, 10])
def test_sound_is_coded_anew(several: int) -> None:
    """All of it is heard, from its begin to its end, and nothing is told of damage."""
    frames = amr_frames(words(3.0), dtx=True)
    source = recorded(frames, several)
    made = transcode.fit(source, transcode.Limits(40_000, max_video_width=64))
    assert {note.code for note in made.report.notes}.isdisjoint(
        {"source-damaged", "gap-filled", "sound-dropped"}
    )
    assert made.duration == pytest.approx(3.0, abs=0.05)
    before = audio.decode(Content("source", source)).pcm
    after = clips.sound_of(made.data)
    assert after.seconds == pytest.approx(3.0, abs=0.05)
    assert np.corrcoef(levels(before, 29), levels(after, 29))[0, 1] > 0.95


def test_real_clip_with_pauses(shared: Path) -> None:
    """A clip in the form of a phone's is as long as it is, and nothing is said of damage."""
    source = shared / "cases" / "disc" / "dtxclip.3gp"
    made = transcode.fit(source, transcode.Limits(200_000))
    assert made.duration == pytest.approx(12.0, abs=0.05)
    assert {note.code for note in made.report.notes} == {"converted"}
    before = audio.decode(read(source)).pcm
    assert np.corrcoef(levels(before, 118), levels(clips.sound_of(made.data), 118))[0, 1] > 0.95
