"""A window is read in one opening, and is what probe, scan and look say in three."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import transcode
from tests.made import clips
from transcode.media.clips import clip as media_clip
from transcode.media.clips import cut, rewrap, video_decode, video_look, window
from transcode.media.clips.video_look import look
from transcode.media.clips.window import ClipWindow, read_window
from transcode.media.sound import audio
from transcode.media.source import container
from transcode.media.source.container import open_container, streams_in
from transcode.media.source.inputs import Input

#: Whatever opens the container of a clip.
OPENERS = (audio, media_clip, container, cut, rewrap, video_decode, video_look, window)


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sources that were opened, in order."""
    opened: list[str] = []

    @contextmanager
    def counting(content: Input) -> Iterator[Any]:
        opened.append(content.name)
        with open_container(content) as found:
            yield found

    for module in OPENERS:
        monkeypatch.setattr(module, "open_container", counting)
    return opened


def read(content: Input, start: float, seconds: float) -> ClipWindow:
    with open_container(content) as opened:
        return read_window(streams_in(content, opened), start, seconds)


@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts", "avi"])
@pytest.mark.parametrize("start", [0.0, 1.1])
def test_one_reading_is_three(form: str, start: float, openings: list[str]) -> None:
    """Clip, packets and looks are the same whether the container is opened once or for each of them."""
    codec = "mpeg4" if form == "avi" else "libx264"
    content = clips.clip(seconds=2, form=form, codec=codec, sound=clips.beeping([1], 2.0))
    found = read(content, start, 0.5)
    assert openings == []
    clip = media_clip.probe(content)
    assert found == ClipWindow(clip, media_clip.scan(content, clip, start, 0.5), look(content, clip, start))
    assert found.rate == pytest.approx(25, abs=0.1)


def test_a_frame_that_the_decoder_still_holds(openings: list[str]) -> None:
    """A clip of few pictures gives none before its last packet: its pictures are looked at again."""
    content = clips.clip(seconds=0.04, options={"bf": "2"})
    found = read(content, 0.0, 1.0)
    assert found.look.geometry.shown == (96, 64)
    assert len(openings) <= 1


@pytest.mark.parametrize(
    ("limits", "options", "most"),
    [
        (transcode.Limits(10**6, h264_profile="baseline"), {}, 3),
        (transcode.Limits(10**6), {}, 2),
        (transcode.Limits(10**6, max_seconds=1.0), {"keyframe_cut": True}, 3),
    ],
    ids=["re-encoded", "as it is", "cut"],
)
def test_openings_of_a_fit(
    limits: transcode.Limits, options: dict[str, Any], most: int, openings: list[str]
) -> None:
    """One to see what it is; one each to decode pictures and sound, to wrap them, or to cut and wrap."""
    sound = clips.beeping([0.5], 2.0)
    source = clips.clip(
        clips.moving(192, 128), seconds=2, sound=sound, options={"profile": "main", "g": "10"}
    )
    made = transcode.fit(bytes(source.data), limits, **options)
    assert bool(made.report.trials) == (limits.h264_profile == "baseline")
    assert len(openings) == most
