"""Kinds are told by the first bytes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made import clips, sounds
from transcode.media.clips.clip import probe as clip_probe
from transcode.media.sound.audio import decode
from transcode.media.source import probe

#: Words of the corpus's manifest and the content types that they stand for.
KINDS = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "HEIF": "image/heic",
    "AVIF": "image/avif",
}


def test_corpus_pictures(shared: Path) -> None:
    """Every real picture is recognised, whatever its name says."""
    with (shared / "media" / "MANIFEST.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("image/")]
    assert len(rows) > 60
    for row in rows:
        head = (shared / "media" / row["file"]).read_bytes()[:64]
        assert probe.content_type(head) == KINDS[row["format"]], row["file"]


def test_corpus_clips_and_recordings(shared: Path) -> None:
    """No clip or recording is taken for a picture."""
    for folder in ("video", "audio"):
        for path in sorted((shared / "media" / folder).iterdir()):
            kind = probe.content_type(path.read_bytes()[:64])
            assert kind is None or not kind.startswith("image/"), path.name


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "video/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp5\x00\x00\x00\x003gp5isom", "video/3gpp"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1heicmiaf", "image/heic"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        (b"#!AMR\n", "audio/amr"),
        ((b"G" + bytes(187)) * 5, "video/mp2t"),
        (bytes(100) + (b"G" + bytes(187)) * 5, "video/mp2t"),
        ((b"G" + bytes(187)) * 4 + b"H" + bytes(187), None),
        (b"\x1f\x07\x00\xbf", "video/dv"),
        (b"\0\0\0\x01\x67\x42", "video/h264"),
        (b"\0\0\0\x01\x06\x05", "video/h264"),
        (b"\0\0\0\x01\x46\x01", "video/h265"),
        (b"\0\0\0\x01\x4e\x01", "video/h265"),
        (b"G" + bytes(187), None),
        (b"", None),
        (b"hello", None),
    ],
)
def test_magic(data: bytes, expected: str | None) -> None:
    """Brands and magic numbers, and nothing for what has none."""
    assert probe.content_type(data) == expected


@given(st.binary(max_size=80))
def test_any_octets(data: bytes) -> None:
    """Any octets are described without an error."""
    assert probe.describe(probe.content_type(data))


@pytest.mark.parametrize(
    ("form", "codec", "expected"),
    [
        ("aiff", "pcm_s16be", "audio/aiff"),
        ("au", "pcm_s16be", "audio/basic"),
        ("caf", "pcm_s16be", "audio/x-caf"),
        ("w64", "pcm_s16le", "audio/x-w64"),
        ("wv", "wavpack", "audio/x-wavpack"),
        ("tta", "tta", "audio/x-tta"),
        ("voc", "pcm_u8", "audio/x-voc"),
        ("ac3", "ac3", "audio/ac3"),
        ("asf", "pcm_s16le", "video/x-ms-asf"),
    ],
)
def test_recordings_of_many_kinds(form: str, codec: str, expected: str) -> None:
    """Recordings of many formats are recognised and decoded."""
    made = sounds.container(sounds.sine(0.5), form=form, codec=codec)
    assert probe.content_type(made.data) == expected
    assert decode(made).pcm.seconds == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("form", "expected"), [("mpegts", "video/mp2t"), ("nut", "video/x-nut"), ("h264", "video/h264")]
)
def test_clips_of_many_kinds(form: str, expected: str) -> None:
    """Clips of many formats are recognised and decoded, also with packets of 192 bytes."""
    muxers: list[dict[str, str]] = [{}, {"mpegts_m2ts_mode": "1"}] if form == "mpegts" else [{}]
    for muxer in muxers:
        made = clips.clip(seconds=0.4, form=form, muxer=muxer)
        assert probe.content_type(made.data) == expected
        assert clip_probe(made).video.codec == "h264"
