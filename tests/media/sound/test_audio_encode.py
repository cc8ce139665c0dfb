"""Encoding of sound: what other programs find in the files, and what comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.made import sounds
from transcode.errors import TranscodeError
from transcode.media.samples.pcm import Pcm
from transcode.media.sound import audio, audio_encode
from transcode.media.sound.audio_encode import AMR_MODES, encode, mux
from transcode.media.source import mp4
from transcode.media.source.inputs import Input
from transcode.model import FitProgress

#: Input type, codec, samples a second, channels, bits a second, and what ffprobe calls the form.
FORMS = [
    ("audio/mp4", "aac", 44_100, 2, 96_000, "mov"),
    ("audio/mp4", "aac", 16_000, 1, 24_000, "mov"),
    ("audio/3gpp", "aac", 22_050, 1, 32_000, "mov"),
    ("audio/3gpp", "amr_nb", 8_000, 1, 12_200, "mov"),
    ("audio/amr", "amr_nb", 8_000, 1, 4_750, "amr"),
    ("audio/aac", "aac", 32_000, 2, 64_000, "aac"),
    ("audio/mpeg", "mp3", 44_100, 2, 128_000, "mp3"),
    ("audio/mpeg", "mp3", 22_050, 1, 33_333, "mp3"),
]


@pytest.mark.parametrize(("content_type", "codec", "rate", "channels", "bit_rate", "form"), FORMS)
def test_forms(
    content_type: str, codec: str, rate: int, channels: int, bit_rate: int, form: str, tmp_path: Path
) -> None:
    """Codec, rate, channels and duration are as asked, and ffmpeg plays it without a warning."""
    made = sounds.noise(2.37, rate, channels=channels)
    encoded = encode(made, codec, bit_rate)
    data = mux(encoded, content_type)
    said = sounds.probed(data, tmp_path)
    assert said["codec_name"] == codec
    assert (int(said["sample_rate"]), said["channels"]) == (rate, channels)
    assert form in said["format_name"].split(",")
    if codec != "mp3":
        # The Xing header has a field for the encoder's name.
        assert not said.get("tags", {}).keys() & {"encoder", "title", "comment"}
    heard = sounds.played(data, tmp_path)
    assert made.length <= heard.shape[1] <= made.length + 2 * 1024
    assert encoded.size <= len(data)
    back = audio.decode(Input("back", data)).pcm
    if content_type in ("audio/mp4", "audio/mpeg") or (content_type, codec) == ("audio/3gpp", "aac"):
        assert back.length == made.length, "to the sample where the container can say so"
        level = float(np.corrcoef(back.samples[0], made.samples[0])[0, 1])
        assert level > 0.85, "in phase"
    else:
        assert abs(back.seconds - made.seconds) < 0.07


@pytest.mark.parametrize(("content_type", "codec", "rate", "channels", "bit_rate", "form"), FORMS)
def test_the_same_bytes_again(
    content_type: str, codec: str, rate: int, channels: int, bit_rate: int, form: str
) -> None:
    """Encoding and muxing depend on nothing but their input; muxing twice is the same as once."""
    made = sounds.noise(0.5, rate, channels=channels)
    encoded = encode(made, codec, bit_rate)
    data = mux(encoded, content_type)
    assert mux(encoded, content_type) == data
    assert mux(encode(made, codec, bit_rate), content_type) == data


@pytest.mark.parametrize(("bit_rate", "octets"), AMR_MODES.items())
def test_amr_modes_have_exact_sizes(bit_rate: int, octets: int) -> None:
    """A file is its magic and one frame of known length for each 20 ms that began, none for the delay."""
    for samples in (8000, 8001, 7999, 8110, 8111):
        made = sounds.sine(2, 8000)
        data = mux(encode(Pcm(made.samples[:, :samples], 8000), "amr_nb", bit_rate), "audio/amr")
        assert data.startswith(b"#!AMR\n")
        assert divmod(len(data) - len(b"#!AMR\n"), octets) == (-(-samples // 160), 0)


@pytest.mark.parametrize("bit_rate", [8_000, 20_000, 48_000, 90_000])
def test_aac_keeps_its_bit_rate(bit_rate: int) -> None:
    """The mean bit rate is within a twelfth of the one asked for."""
    rate = 8000 if bit_rate < 10_000 else 16_000 if bit_rate < 30_000 else 44_100
    made = sounds.noise(8, rate, channels=1 if bit_rate < 64_000 else 2)
    found = encode(made, "aac", bit_rate)
    assert found.size * 8 / found.seconds == pytest.approx(bit_rate, rel=0.08)


@pytest.mark.parametrize("content_type", ["audio/mp4", "audio/3gpp"])
def test_fast_start(content_type: str) -> None:
    """The index stands before the media, and the chunks are where it says."""
    data = mux(encode(sounds.noise(3, 32_000), "aac", 48_000), content_type)
    kinds = [box.kind for box in mp4.boxes(data, 0, len(data), name="made")]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert mp4.fast_start(data) == data


def test_peaks_are_cut_not_wrapped() -> None:
    """Samples beyond full scale come back near it, with their sign."""
    made = sounds.sine(0.5, 8000, hertz=200)
    loud = Pcm(made.samples * np.float32(3), 8000)
    back = audio.decode(Input("loud", mux(encode(loud, "aac", 32_000), "audio/mp4"))).pcm
    assert np.abs(back.samples - np.clip(loud.samples, -1, 1)).max() < 0.5


def test_what_is_not_there() -> None:
    """A codec that this FFmpeg lacks, and one that the container does not take, are typed errors."""
    made = sounds.sine(0.1, 8000)
    assert audio_encode.can_encode("aac")
    assert not audio_encode.can_encode("amr_wb")
    with pytest.raises(TranscodeError, match="no encoder"):
        encode(made, "amr_wb", 12_650)
    with pytest.raises(TranscodeError, match="can't contain"):
        mux(encode(made, "aac", 16_000), "audio/amr")
    with pytest.raises(TranscodeError, match="aac at 1234 Hz"):
        encode(Pcm(made.samples, 1234), "aac", 16_000)


def test_progress_is_told() -> None:
    """Progress rises, in seconds of the sound."""
    told: list[FitProgress] = []
    encode(sounds.sine(3.2, 8000), "amr_nb", 4750, progress=told.append)
    assert [round(entry.done) for entry in told] == [1, 2, 3]
    assert {(entry.phase, entry.total) for entry in told} == {("encode", 3.2)}
