"""Recordings for networks that take clips and no sound: refused with the source, or sent as clips."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest

import transcode
from tests.made import clips
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.errors import NotTakenError
from transcode.message import smil

NOTE = bytes(container(sine(2.0, 16_000)).data)
OGG = bytes(container(sine(2.0, 48_000), form="ogg", codec="libopus").data)
M4A = bytes(container(sine(2.0, 16_000), form="mp4", codec="aac").data)
PICTURE = save(photo(64, 48))


def network() -> transcode.Profile:
    return transcode.find_profile("us-verizon")


def kinds(message: transcode.Message) -> list[tuple[str | None, str | None, str | None]]:
    """What each slide has: the types of its picture and its sound, and its text."""
    return [
        (
            None if slide.image is None else slide.image.content_type,
            None if slide.audio is None else slide.audio.content_type,
            None if slide.text is None else slide.text.text,
        )
        for slide in smil.slides(message)
    ]


def test_it_is_refused_with_its_source() -> None:
    """The network, the figure, who says so and when, and the remedy; the error survives a pickle."""
    with pytest.raises(NotTakenError) as caught:
        transcode.compose([NOTE], network(), to=["+15555550100"])
    text = str(caught.value)
    assert text.startswith(
        "<bytes>: Verizon Wireless (us-verizon) accepts no sound by itself: audio_attach_ok"
    )
    for words in ("read from code", "2026-01-01", "G26 (Google Messages", "C25 (Android", "as_clip=True"):
        assert words in text
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.kind, again.remedy) == (text, "sound", caught.value.remedy)
    assert isinstance(caught.value.__cause__, NotTakenError)


def test_a_profile_without_a_source() -> None:
    """Where no figure says why, the error names the network alone."""
    pictures = transcode.find_profile(transcode.Limits(60_000, formats=("image/jpeg",)))
    with pytest.raises(NotTakenError, match="accepts no clips") as caught:
        transcode.compose([bytes(clips.clip(seconds=0.4).data)], pictures)
    assert caught.value.kind == "clip"


@pytest.mark.parametrize("note", [NOTE, OGG, M4A], ids=["wav", "ogg", "m4a"])
def test_as_clip(note: bytes, tmp_path: Path) -> None:
    """A voice note leaves as a clip on a slide of its own, whatever file it is, and the message fits."""
    message = transcode.compose([PICTURE, note], network(), to=["+15555550100"], text="Hi", as_clip=True)
    assert kinds(message) == [("image/jpeg", None, "Hi"), ("video/mp4", None, None)]
    assert len(message.to_mm1()) <= network().max_message_bytes
    clip = next(part for part in message.parts if part.content_type == "video/mp4")
    clips.plays(bytes(clip.data), tmp_path)
    assert clips.sound_of(bytes(clip.data)).seconds == pytest.approx(2.0, abs=0.05)
    assert "as-clip" in {note.code for note in message.reports[1].notes}


def test_slides_and_a_picture_of_the_callers() -> None:
    """The sound of a slide with a picture gets a slide behind it; alone it keeps its text and its time."""
    slides = [
        transcode.Slide(PICTURE, "first", NOTE, 4.0),
        transcode.Slide(None, "second", NOTE, 7.0),
    ]
    message = transcode.compose(slides, network(), as_clip=io.BytesIO(PICTURE))
    assert kinds(message) == [
        ("image/jpeg", None, "first"),
        ("video/mp4", None, None),
        ("video/mp4", None, "second"),
    ]
    assert [slide.duration for slide in smil.slides(message)] == [4.0, pytest.approx(2.0, abs=3.1), 7.0]
    shown = [report for report in message.reports if report.width is not None and report.seconds]
    assert [(report.width, report.height) for report in shown] == [(64, 48)] * 2


@pytest.mark.parametrize("note", [NOTE, OGG, M4A], ids=["wav", "ogg", "m4a"])
def test_recordings_go_with_the_picture(note: bytes) -> None:
    """Where sound is taken, a recording belongs to the slide before it, whatever file it is."""
    message = transcode.compose([PICTURE, note], transcode.find_profile("world"))
    ((image, audio, _),) = kinds(message)
    assert image == "image/jpeg"
    assert audio is not None
    assert audio.startswith("audio/")


def test_directory(tmp_path: Path) -> None:
    """A batch makes clips of voice notes where it is asked to, and else says why not."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "note.ogg").write_bytes(OGG)
    (asked,) = transcode.convert_directory(source, tmp_path / "a", network(), jobs=1, as_clip=True)
    assert asked.error is None
    assert asked.width
    (refused,) = transcode.convert_directory(source, tmp_path / "b", network(), jobs=1)
    assert refused.error_type == "NotTakenError"
    assert "us-verizon" in (refused.error or "")
