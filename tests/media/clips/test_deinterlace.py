"""Pictures of two times: made of one, near what a camera of single times had seen."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

import transcode
from tests.made import clips
from transcode.media.clips import clip as media_clip
from transcode.media.clips.deinterlace import Deinterlacer
from transcode.media.clips.packed import planes
from transcode.media.clips.video_decode import decode
from transcode.media.clips.video_look import look
from transcode.media.source.container import open_container
from transcode.media.source.inputs import Input

DRAW = clips.moving(192, 128, speed=400)

#: FFmpeg's encoders that write fields, and what they are told.
ENCODERS = {
    "h264": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "8", "-f", "mp4"),
    "mpeg2": ("-c:v", "mpeg2video", "-q:v", "2", "-f", "mpegts"),
}


def interlaced(folder: Path, first: str, codec: str = "h264") -> Input:
    """25 pictures a second of two fields each, from 50; ``first``: the field that is, tff or bff."""
    source, made = folder / "source.mkv", folder / "made"
    source.write_bytes(clips.clip(DRAW, seconds=0.6, rate=50, form="matroska", options={"qp": "4"}).data)
    command = ["ffmpeg", "-v", "error", "-y", "-i", source, "-vf", f"interlace=scan={first}:lowpass=0"]
    command += ["-flags", "+ilme+ildct", *ENCODERS[codec], made]
    subprocess.run([*map(str, command)], check=True)
    return Input(f"made.{codec}", made.read_bytes())


def lumas(content: Input, size: tuple[int, int], rate: float | None = None) -> tuple[list[Any], bool]:
    found = media_clip.probe(content)
    listed = media_clip.scan(content, found, 0.0, 40.0)
    seen = look(content, found, 0.0)
    made = decode(content, found, listed, seen, size, start=0.0, seconds=40.0, rate=rate)
    with made.frames as frames:
        return [planes(packed, *size)[0].astype(int) for packed in frames], made.was_interlaced


@pytest.mark.parametrize("first", ["tff", "bff"])
@pytest.mark.parametrize("codec", ENCODERS)
def test_fields_become_pictures(tmp_path: Path, codec: str, first: str) -> None:
    """In either order and at two sizes, fields come nearer than both fields in one picture."""
    source = interlaced(tmp_path, first, codec)
    for size in ((192, 128), (96, 64)):
        plain, was = lumas(clips.clip(DRAW, seconds=0.6, options={"qp": "4"}), size)
        assert not was
        made, was = lumas(source, size)
        assert (was, len(made)) == (True, 15)
        with patch.object(Deinterlacer, "push", lambda _, frames: frames):
            mixed, _ = lumas(source, size)
        # The picture at either end has a neighbour on one side only.
        errors = [np.square(np.array(some) - np.array(plain))[1:-1].mean() for some in (made, mixed)]
        assert errors[0] < 0.35 * errors[1]


def test_a_lower_rate(tmp_path: Path) -> None:
    """Every second picture is kept, made with those on both sides of it."""
    source = interlaced(tmp_path, "tff")
    whole, _ = lumas(source, (96, 64))
    fewer, was = lumas(source, (96, 64), 12.5)
    assert was
    for one, other in zip(fewer, whole[::2], strict=True):
        np.testing.assert_array_equal(one, other)


def test_pictures_of_one_time_are_not_touched() -> None:
    """The very frames come out, none is held back."""
    content = clips.clip(seconds=0.2)
    with open_container(content) as container:
        frames = list(container.decode(container.streams.video[0]))
    work = Deinterlacer(Fraction(1, 12_000))
    assert [id(frame) for frame in work.push(frames)] == [id(frame) for frame in frames]
    assert not list(work.flush())
    assert not work.has_worked


def test_the_report_says_so(tmp_path: Path) -> None:
    """An interlaced clip within the limits is re-encoded too: phones play progressive frames only."""
    source = interlaced(tmp_path, "tff")
    limits = transcode.Limits(len(source.data), h264_profile="high", h264_level="4.1")
    rendition = transcode.fit(bytes(source.data), limits)
    notes = {note.code: note.text for note in rendition.report.notes}
    assert notes["deinterlaced"].startswith("interlaced fields ")
    assert "converted" in notes
    said = clips.probed(rendition.data, tmp_path)["video"]
    assert said.get("field_order", "progressive") == "progressive"
