"""Speech told from music, noise, tones and silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.made.sounds import noise, sine
from transcode.media.samples.pcm import Pcm
from transcode.media.sound.audio import decode
from transcode.media.sound.speech import is_speech
from transcode.media.source.inputs import read

SPEECH = (
    "podcast.m4a",
    "sample_nb.amr",
    "sample_wb.amr",
    "speech_14s.ogg",
    "speech_16k.m4a",
    "speech_24bit_stereo.flac",
    "speech_48k.opus",
)
OTHERS = (
    "guitar_80s.mp3",
    "moh_morning_coffee_73s.wav",
    "orchestra_46s.ogg",
    "podcast_chapters_art.m4a",
    "rain_60s.mp3",
    "viper_41s.mp3",
)


@pytest.mark.parametrize("name", SPEECH + OTHERS)
def test_recordings(name: str, shared: Path) -> None:
    """All the recordings of the corpus that are clearly one or the other."""
    sound = decode(read(shared / "media" / "audio" / name), max_seconds=20).pcm
    assert is_speech(sound) == (name in SPEECH)


def test_sounds_made() -> None:
    """Tones, noise and silence are none; nor is what is too short to tell."""
    assert not is_speech(sine(5))
    assert not is_speech(noise(5))
    assert not is_speech(Pcm(np.zeros((2, 80_000), np.float32), 16_000))
    assert not is_speech(sine(0.01))
    assert not is_speech(noise(0.5))
