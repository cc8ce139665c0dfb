"""Music for a slideshow: each slide has the stretch that plays while it is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import transcode
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.media.samples.pcm import Pcm
from transcode.media.sound import audio
from transcode.media.source import inputs
from transcode.message.music import with_music
from transcode.model import Note

PICTURE = save(photo(64, 48))


def stretches(slides: list[transcode.Slide]) -> list[Pcm | None]:
    return [None if slide.audio is None else audio.decode(inputs.read(slide.audio)).pcm for slide in slides]


def test_stretches_make_the_whole() -> None:
    """One after the other they are the music, up to its fade; the slides keep their times."""
    music = sine(20.0, 8000)
    slides = [transcode.Slide(PICTURE, duration=3.0), transcode.Slide(PICTURE), transcode.Slide(text="a")]
    made = with_music(slides, bytes(container(music, codec="pcm_s16le").data), 40.0)
    assert [slide.duration for slide in made] == [3.0, 5.0, 5.0]
    whole = np.concatenate([one.samples for one in stretches(made) if one is not None], axis=1)
    assert whole.shape[1] == 13 * 8000
    assert np.abs(whole[:, : 11 * 8000] - music.samples[:, : 11 * 8000]).max() < 1e-3
    assert np.abs(whole[:, -80:]).max() < 0.01


def test_short_music_and_long_shows() -> None:
    """Slides after the end of the music are silent; a show that is too long is shortened evenly."""
    slides = [transcode.Slide(PICTURE, duration=8.0), transcode.Slide(PICTURE, duration=4.0)]
    made = with_music(slides, bytes(container(sine(5.0, 8000)).data), 6.0)
    assert [slide.duration for slide in made] == [4.0, 2.0]
    first, second = stretches(made)
    assert first is not None
    assert second is not None
    assert (round(first.seconds, 3), round(second.seconds, 3)) == (4.0, 1.0)
    made = with_music(slides, bytes(container(sine(5.0, 8000)).data), 40.0)
    assert [slide.audio is None for slide in made] == [False, True]


def test_sound_of_its_own() -> None:
    """A slide with a sound can't have music as well."""
    tone = bytes(container(sine(1.0, 8000)).data)
    with pytest.raises(transcode.MessageError, match="slide 1"):
        with_music([transcode.Slide(PICTURE, audio=tone)], tone, 40.0)


def test_music_that_is_a_picture() -> None:
    """What it is instead of a recording is said."""
    with pytest.raises(transcode.SourceError, match=r"picture.*, not a recording"):
        with_music([transcode.Slide(PICTURE)], PICTURE, 40.0)


def test_composed() -> None:
    """The message has a sound a slide and keeps to its limit and to its time."""
    profile = transcode.find_profile("world")
    tone = bytes(container(sine(60.0, 8000)).data)
    slides = with_music([transcode.Slide(PICTURE)] * 10, tone, profile.max_seconds)
    message = transcode.compose(slides, profile, to=["+15555550100"])
    assert len(message.to_mm1()) <= profile.max_message_bytes
    kinds = [part.content_type.partition("/")[0] for part in message.parts]
    assert kinds.count("audio") == 10
    assert sum(report.seconds or 0 for report in message.reports) <= profile.max_seconds + 10 * 0.13


def test_what_is_missing_of_music() -> None:
    """The end that is not played is told, in a message and in a clip; of what is played whole, nothing."""
    long, short = (bytes(container(sine(seconds, 8000)).data) for seconds in (7.0, 3.0))
    slides = [transcode.Slide(PICTURE, duration=5.0)]
    told: list[Note] = []
    with_music(slides, short, 40.0, report=told.append)
    assert told == []
    with_music(slides, long, 40.0, report=told.append)
    assert [(note.code, note.text) for note in told] == [("trimmed", "cut to 5.0 of 7.0 seconds")]
    small = replace(transcode.find_profile("world"), max_video_width=176, max_video_height=144)
    clip = transcode.slideshow_clip(slides, small, music=long)
    assert "music: cut to 5.0 of 7.0 seconds" in [note.text for note in clip.report.notes]
