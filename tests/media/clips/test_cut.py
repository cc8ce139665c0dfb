"""Ranges that are cut at key frames: the same pictures and the same sound, and no others."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from tests.made import clips
from transcode.media.clips.clip import probe, scan
from transcode.media.clips.cut import Range, cut
from transcode.media.source.container import open_container
from transcode.media.source.inputs import Input

#: A key frame a second, with pictures that are shown before others they need.
OPTIONS = {"preset": "veryfast", "crf": "20", "g": "25", "sc_threshold": "0", "bf": "2"}


def made(form: str = "mp4", options: dict[str, str] | None = None) -> Input:
    sound = clips.beeping([0.5, 1.5, 2.5], 4.0)
    return clips.clip(seconds=4.0, sound=sound, form=form, options=OPTIONS | (options or {}))


def range_of(content: Input, start: float, seconds: float, max_bytes: int = 10**6) -> Range | None:
    clip = probe(content)
    found = scan(content, clip, start, seconds)
    return cut(content, clip, found, start, seconds, end=found.end, max_bytes=max_bytes, sound=True)


@pytest.mark.parametrize("form", ["mp4", "mpegts"])
@pytest.mark.parametrize(("start", "begin"), [(0.0, 0.0), (1.2, 1.0), (0.9, 1.0)])
def test_the_same_pictures_and_sound(tmp_path: Path, form: str, start: float, begin: float) -> None:
    """A cut begins at the nearest key frame, is shown from zero, and ends with what is whole."""
    content = made(form)
    piece = range_of(content, start, 1.5)
    assert piece is not None
    # A transport stream begins with the delay of the sound's encoder.
    assert piece.begin == pytest.approx(begin, abs=0.001 if form != "mpegts" else 0.022)
    assert start + 1.0 <= piece.end <= start + 1.501
    assert piece.seconds <= 1.501
    data = piece.mux("video/mp4")
    assert data is not None
    clips.plays(data, tmp_path)
    source, kept = clips.pictures(bytes(content.data)), clips.pictures(data)
    zero = probe(content).begin + piece.begin
    wanted = [
        (time - zero, picture) for time, picture in source if -0.001 < time - zero < piece.seconds - 0.001
    ]
    assert [time for time, _ in kept] == pytest.approx([time for time, _ in wanted], abs=0.001)
    assert all(np.array_equal(one[1], other[1]) for one, other in zip(kept, wanted, strict=True))
    said = clips.probed(data, tmp_path)
    for kind in ("video", "audio"):
        assert float(said[kind]["start_time"]) == 0
        assert float(said[kind]["duration"]) == pytest.approx(piece.seconds, abs=0.025)


def test_sound_is_in_step() -> None:
    """The samples are those of the source, none moved."""
    content = made()
    piece = range_of(content, 1.0, 1.5)
    assert piece is not None
    data = piece.mux("video/mp4")
    assert data is not None
    before, after = clips.sound_of(bytes(content.data)), clips.sound_of(data)
    length = round(piece.seconds * after.rate) - 1024
    np.testing.assert_allclose(after.samples[0, :length], before.samples[0, after.rate :][:length], atol=1e-3)


def test_nothing_near_enough() -> None:
    """No key frame within half a second, or more bytes than there may be: no range."""
    content = made(options={"g": "100"})
    assert range_of(content, 1.5, 1.5) is None
    assert range_of(content, 0.4, 1.5) is not None
    assert range_of(content, 0.4, 1.5, max_bytes=2_000) is None


def test_pictures_that_need_what_was_before() -> None:
    """A key frame of an open group of pictures is followed by such: it is none to begin at."""
    content = made(options={"x264-params": "open-gop=1"})
    assert range_of(content, 1.0, 1.5) is None
    assert range_of(content, 0.0, 1.5) is not None


def test_times_of_decoding_are_not_needed(tmp_path: Path) -> None:
    """Matroska does not have them for the first pictures."""
    content = made("matroska")
    piece = range_of(content, 1.0, 2.0)
    assert piece is not None
    data = piece.mux("video/mp4")
    assert data is not None
    assert data == piece.mux("video/mp4")
    clips.plays(data, tmp_path)
    assert len(clips.pictures(data)) == round(piece.seconds * 25)


@pytest.mark.parametrize(
    ("start", "max_bytes", "opens"), [(1.0, 10**6, 1), (1.5, 10**6, 1), (1.0, 1_000, 0), (0.0, 1_000, 0)]
)
def test_what_can_not_be_cut_is_not_opened(start: float, max_bytes: int, opens: int) -> None:
    content = made()
    with mock.patch("transcode.media.clips.cut.open_container", wraps=open_container) as opened:
        range_of(content, start, 3.0, max_bytes)
    assert opened.call_count == opens


def test_no_key_frame_near_is_told_without_opening() -> None:
    content = made(options={"g": "100"})
    with mock.patch("transcode.media.clips.cut.open_container", wraps=open_container) as opened:
        assert range_of(content, 2.0, 1.5) is None
    assert not opened.called


def test_a_range_that_just_fits_is_found_whatever_the_list_says() -> None:
    content = made()
    piece = range_of(content, 1.0, 2.0)
    assert piece is not None
    again = range_of(content, 1.0, 2.0, piece.size)
    assert again is not None
    assert again.mux("video/mp4") == piece.mux("video/mp4")
    assert range_of(content, 1.0, 2.0, piece.size - 1) is None
