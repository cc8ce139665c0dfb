"""Frames as H.264 in MP4: in step, the same bytes each time, and nothing besides the media."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.made import clips
from tests.made.sounds import sine
from transcode.errors import TranscodeError
from transcode.media.clips import video_encode
from transcode.media.clips.frames import Frames
from transcode.media.clips.packed import packed_rows
from transcode.media.clips.video_encode import EncodedVideo, Encoder, Settings, mux
from transcode.media.sound import audio_encode
from transcode.media.source.mp4 import boxes


def frames(count: int = 25, width: int = 96, height: int = 64) -> Frames:
    made = Frames(width, height)
    ground = np.random.default_rng(5).integers(40, 200, (packed_rows(height), width), np.uint8)
    for number in range(count):
        made.append(number / 25, np.ascontiguousarray(np.roll(ground, number, axis=1)))
    made.end = count / 25
    return made


def coded(encoder: Encoder, bit_rate: int, **settings: str) -> EncodedVideo:
    wanted = Settings("h264", bit_rate, 25.0, **settings)  # type: ignore[arg-type]
    encoder.measure(wanted)
    return encoder.encode(wanted)


def test_two_passes_come_near_the_rate(tmp_path: Path) -> None:
    """The file plays, has its index first, and no text of the encoder."""
    with frames(100) as made, Encoder(made) as encoder:
        found = coded(encoder, 200_000)
        assert found.size == pytest.approx(200_000 * 4 / 8, rel=0.1)
        data = mux(found, None, "video/mp4")
    assert b"x264" not in data
    assert b"Lavf" not in data
    kinds = [box.kind for box in boxes(data, 0, len(data), name="made")]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    clips.plays(data, tmp_path)
    said = clips.probed(data, tmp_path)
    assert (said["video"]["profile"], said["video"]["nb_frames"]) == ("Main", "100")
    assert float(said["video"]["duration"]) == pytest.approx(4.0)


def test_large_pictures_are_measured_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second pass is of whole ones, near the rate, and the quantiser is about that of them."""
    ground = np.zeros((packed_rows(336), 480), np.uint8)
    ground[:336] = (128 + 60 * np.sin(np.mgrid[:336, :480].prod(axis=0) / 900)).astype(np.uint8)
    ground[336:] = 128
    noise = np.random.default_rng(7).integers(0, 5, (8, *ground.shape), np.uint8)
    with Frames(480, 336) as made:
        for number in range(50):
            made.append(number / 25, np.roll(ground, 2 * number, axis=1) + noise[number % 8])
        made.end = 2.0
        wanted = Settings("h264", 150_000, 25.0)
        with Encoder(made) as encoder:
            small = encoder.measure(wanted)
            found = encoder.encode(wanted)
            clips.plays(mux(found, None, "video/mp4"), tmp_path)
        monkeypatch.setattr(video_encode, "_LARGE", 10**9)
        with Encoder(made) as encoder:
            whole = encoder.measure(wanted)
    assert (found.width, found.height) == (480, 336)
    assert found.size == pytest.approx(150_000 * 2 / 8, rel=0.5)
    assert small != whole
    assert small == pytest.approx(whole, abs=3)


@pytest.mark.parametrize(("profile", "name"), [("baseline", "Constrained Baseline"), ("high", "High")])
def test_profiles(tmp_path: Path, profile: str, name: str) -> None:
    """What is asked for is what ffprobe reads."""
    with frames() as made, Encoder(made) as encoder:
        data = mux(coded(encoder, 150_000, profile=profile), None, "video/mp4")
    assert clips.probed(data, tmp_path)["video"]["profile"] == name


def test_the_same_bytes_each_time() -> None:
    """Both containers, with sound, have the same bytes in each run."""
    sound = audio_encode.encode(sine(1.0, 16_000), "aac", 24_000)
    for content_type, brand in (("video/mp4", b"isom"), ("video/3gpp", b"3gp")):
        made: list[bytes] = []
        for _ in range(2):
            with frames() as some, Encoder(some) as encoder:
                made.append(mux(coded(encoder, 150_000), sound, content_type))
        assert made[0] == made[1]
        assert made[0][8:12].startswith(brand)


def test_settings_that_the_encoder_refuses() -> None:
    """Settings that no encoder takes end in an error of this package."""
    with (
        frames() as made,
        Encoder(made) as encoder,
        pytest.raises(TranscodeError, match="libx264 at 96 x 64"),
    ):
        encoder.measure(Settings("h264", 100_000, 25.0, effort="none such"))
