"""Real clips and recordings in the forms of real profiles: what other programs say of each rendition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.made import clips

#: What receivers of three generations take, and the brands of their files.
SMARTPHONE = transcode.Limits(100_000, max_seconds=4.0, h264_profile="baseline", h264_level="1.3")
VIDEO_RICH = transcode.Limits(
    60_000,
    max_seconds=4.0,
    formats=("video/3gpp", "audio/3gpp"),
    codecs=("mpeg4", "amr_nb"),
    max_video_width=352,
    max_video_height=288,
    max_frame_rate=15,
)
VIDEO_BASIC = replace(
    VIDEO_RICH, max_bytes=40_000, codecs=("h263", "amr_nb"), max_video_width=176, max_video_height=144
)
BRANDS = {"video/mp4": "isom", "audio/mp4": "M4A ", "video/3gpp": "3gp4", "audio/3gpp": "3gp4"}

#: Clips of every codec, of uneven times, turned, and with odd sides; and recordings.
FILES = (
    ("video/avc_fragmented.mp4", SMARTPHONE),
    ("video/vp9_odd_161x121.webm", SMARTPHONE),
    ("video/hdr10_av1_portrait.mp4", SMARTPHONE),
    ("video/vfr_270x480.mp4", SMARTPHONE),
    ("video/camera_mjpeg_320.avi", SMARTPHONE),
    ("video/mpeg1_launch.mpg", SMARTPHONE),
    ("video/sprint_mms_real.mov", SMARTPHONE),
    ("video/theora_5s.ogv", VIDEO_RICH),
    ("video/phone_rot180.mp4", VIDEO_RICH),
    ("video/mkv_h264_ac3_srt.mkv", VIDEO_RICH),
    ("video/phone_h263_amr.3gp", VIDEO_BASIC),
    ("video/iphone14pro_dovi_short.mov", VIDEO_BASIC),
    ("video/vp8_vorbis_flower.webm", VIDEO_BASIC),
    ("audio/surround_5_1.opus", SMARTPHONE),
    ("audio/speech_24bit_stereo.flac", VIDEO_RICH),
    ("audio/id3_art_vbr.mp3", VIDEO_BASIC),
)


@pytest.mark.parametrize(("name", "limits"), FILES, ids=[name.partition("/")[2] for name, _ in FILES])
def test_renditions_keep_to_the_profile(
    tmp_path: Path, shared: Path, name: str, limits: transcode.Limits
) -> None:
    """Bytes, seconds, brand, codecs, level, pixels and rates are as asked; it plays without a warning."""
    rendition = transcode.fit(shared / "media" / name, limits)
    assert len(rendition.data) <= limits.max_bytes
    clips.plays(rendition.data, tmp_path)
    said = clips.probed(rendition.data, tmp_path)
    assert rendition.content_type in limits.formats
    assert said["format"]["tags"]["major_brand"] == BRANDS[rendition.content_type]
    assert rendition.duration is not None
    assert float(said["format"]["duration"]) == pytest.approx(rendition.duration, abs=0.05)
    assert rendition.duration <= limits.max_seconds
    assert ("video" in said) == name.startswith("video/")
    if "video" in said:
        _check_pictures(said["video"], rendition, limits)
    if "audio" in said:
        assert said["audio"]["codec_name"] in limits.codecs
        assert said["audio"].get("profile", "LC") in ("LC", "unknown")
        assert int(said["audio"]["sample_rate"]) <= 48_000
        assert said["audio"]["channels"] <= 2


def _check_pictures(said: dict[str, Any], rendition: transcode.Rendition, limits: transcode.Limits) -> None:
    assert said["codec_name"] in limits.codecs
    assert (said["width"], said["height"]) == (rendition.width, rendition.height)
    assert said["sample_aspect_ratio"] == "1:1"
    assert "side_data_list" not in said
    assert float(said["start_time"]) == 0
    profile, level = said.get("profile"), said["level"]
    if said["codec_name"] == "h264":
        assert (profile, level <= 13) == ("Constrained Baseline", True)
    if said["codec_name"] == "mpeg4":
        assert (profile, level in (0, 1, 2, 3, 8)) == ("Simple Profile", True)
    if limits.max_video_width is not None and limits.max_video_height is not None:
        assert said["width"] <= limits.max_video_width
        assert said["height"] <= limits.max_video_height
    if limits.max_frame_rate is not None:
        # The last picture may be shown for a part of its period.
        assert int(said["nb_frames"]) <= float(said["duration"]) * limits.max_frame_rate * 1.01 + 1
