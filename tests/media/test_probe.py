"""Kinds are told by the first bytes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.media import probe

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
    assert probe.describe(probe.content_type(data), data)
