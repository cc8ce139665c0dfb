"""A slideshow as a clip: every slide for its time, in the limit, with its captions and its sound."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import transcode
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.media.sound import audio
from transcode.media.source.inputs import Input

PROFILE = replace(transcode.find_profile("android-default"), max_message_bytes=120_000)
RED, BLUE = (save(Image.new("RGB", (400, 300), colour)) for colour in ((200, 30, 30), (30, 30, 200)))


def frames(clip: transcode.Rendition) -> list[NDArray[np.uint8]]:
    """The frames of a clip as RGB."""
    file: Any = av.open(io.BytesIO(clip.data))
    with file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def at(clip: transcode.Rendition, second: float) -> list[float]:
    """The mean colour of the upper half of the frame at a time."""
    shown = frames(clip)
    frame = shown[min(len(shown) - 1, int(second * len(shown) / (clip.duration or 1)))]
    return [float(np.mean(frame[: frame.shape[0] // 2, :, band])) for band in range(3)]


def test_slides_follow_one_another() -> None:
    """Each is shown for its time, a fade between; the clip keeps to the limit and plays everywhere."""
    slides = [transcode.Slide(RED, duration=2.0), transcode.Slide(BLUE, duration=3.0)]
    clip = transcode.slideshow_clip(slides, PROFILE)
    assert clip.content_type == "video/mp4"
    assert len(clip.data) <= 120_000 - 1024
    assert clip.duration == pytest.approx(5.0, abs=0.1)
    assert at(clip, 0.5) == pytest.approx([200, 30, 30], abs=25)
    assert at(clip, 4.0) == pytest.approx([30, 30, 200], abs=25)
    middle = at(clip, 2.0)
    assert min(middle[0], middle[2]) > 60
    assert (clip.width, clip.height) == tuple(reversed(frames(clip)[0].shape[:2]))


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [
        ([(300, 400)], 3 / 4),
        ([(90, 160), (160, 90), (90, 160)], 9 / 16),
        ([(200, 200), (300, 200), (400, 400)], 1.0),
        ([(800, 100)], 16 / 9),
        ([(400, 300), (300, 400)], 4 / 3),
    ],
)
def test_the_frame_has_the_shape_of_most_pictures(sizes: list[tuple[int, int]], shape: float) -> None:
    """Portraits, squares and wide pictures fill it; of as many, the first."""
    slides = [transcode.Slide(save(photo(*size)), duration=0.4) for size in sizes]
    clip = transcode.slideshow_clip(slides, PROFILE)
    assert (clip.width or 0) / (clip.height or 1) == pytest.approx(shape, rel=0.01)


def test_captions_are_drawn_and_what_can_not_be_is_said() -> None:
    """Letters are bright on a dark band; a sign that no font has is named."""
    plain, told = (
        transcode.slideshow_clip([transcode.Slide(RED, text, duration=1.0)], PROFILE)
        for text in ("", "HELLO \U0001f9ff")
    )
    bottoms = [frames(clip)[5][-40:].astype(int) for clip in (plain, told)]
    assert bottoms[0].min(axis=2).max() < 100
    assert bottoms[1].min(axis=2).max() > 180
    assert "caption-glyphs" in {note.code for note in told.report.notes}


def test_sounds_stand_at_their_slides() -> None:
    """A slide's sound begins with it; what is longer than its slide is cut."""
    tone = bytes(container(sine(3.0, 44_100)).data)
    slides = [transcode.Slide(RED, duration=2.0), transcode.Slide(BLUE, audio=tone, duration=2.0)]
    clip = transcode.slideshow_clip(slides, PROFILE)
    pcm = audio.decode(Input("clip", clip.data)).pcm
    assert pcm.seconds == pytest.approx(4.0, abs=0.15)
    levels = [np.abs(pcm.samples[:, round(s * pcm.rate) :][:, : pcm.rate // 4]).max() for s in (1.0, 2.5)]
    assert levels[0] < 0.02
    assert levels[1] > 0.2


def test_music_ends_softly() -> None:
    """Music is cut to the show and faded; a slide can't have its own beside it."""
    tone = bytes(container(sine(20.0, 44_100)).data)
    slides = [transcode.Slide(RED, duration=4.0)]
    clip = transcode.slideshow_clip(slides, PROFILE, music=tone)
    pcm = audio.decode(Input("clip", clip.data)).pcm
    middle, last = (
        np.abs(pcm.samples[:, round(s * pcm.rate) :][:, : pcm.rate // 10]).max() for s in (1.0, 3.85)
    )
    assert last < 0.25 * middle
    with pytest.raises(transcode.MessageError, match="music"):
        transcode.slideshow_clip([transcode.Slide(RED, audio=tone)], PROFILE, music=tone)


def test_never_longer_than_a_clip_may_be() -> None:
    """All slides are shortened alike, and the report says so."""
    profile = replace(PROFILE, max_seconds=4.0)
    slides = [transcode.Slide(RED), transcode.Slide(BLUE), transcode.Slide(text="End", duration=10.0)]
    clip = transcode.slideshow_clip(slides, profile)
    assert clip.duration == pytest.approx(4.0, abs=0.1)
    assert "shortened" in {note.code for note in clip.report.notes}
    assert at(clip, 0.4) == pytest.approx([200, 30, 30], abs=30)


def test_same_bytes_every_time() -> None:
    """The same slides give the same clip."""
    made = [
        transcode.slideshow_clip([transcode.Slide(RED, "a", duration=1.0)], PROFILE).data for _ in range(2)
    ]
    assert made[0] == made[1]


def test_what_can_not_be_shown() -> None:
    """Clips, cards alone, and a receiver without clips are refused by name."""
    clip = transcode.slideshow_clip([transcode.Slide(RED, duration=1.0)], PROFILE).data
    with pytest.raises(transcode.SourceError, match="slide 1 is a clip"):
        transcode.slideshow_clip([clip], PROFILE)
    with pytest.raises(transcode.MessageError, match="nothing to show"):
        transcode.slideshow_clip([b"BEGIN:VCARD\r\nVERSION:2.1\r\nEND:VCARD\r\n"], PROFILE)
    with pytest.raises(transcode.SourceError, match="clips"):
        transcode.slideshow_clip([RED], replace(PROFILE, formats=("image/jpeg",)))
    with pytest.raises(transcode.BudgetError):
        transcode.slideshow_clip([RED], PROFILE, max_bytes=500)
