"""How media look before and after, for a report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import transcode
from tests.batch.judge import PROFILE
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.batch.looks import NOTHING, looking
from transcode.fit.medium import fit
from transcode.media.pictures.drawing import decode
from transcode.messages.compose import compose
from transcode.model import Part


def test_a_photo_is_not_decoded_again() -> None:
    """What is shown of it before is what was fitted; the result is bytes the same as unwatched."""
    octets = save(photo(900, 600))
    plain = compose(octets, PROFILE)
    with looking() as watcher:
        message = compose(octets, PROFILE)
    assert bytes(message.to_mm1(strict=False)) == bytes(plain.to_mm1(strict=False))
    # A source that can't be opened any more is not missed.
    seen = watcher.looks(b"", message.parts)
    pictures = [decode(seen.before), decode(seen.after)]
    assert [one.shape for one in pictures] == [(107, 160, 3)] * 2
    wanted, *found = (np.asarray(Image.fromarray(one).resize((8, 5))) for one in (decode(octets), *pictures))
    for one in found:
        assert np.abs(one.astype(int) - wanted).mean() < 4
    assert seen.score is not None
    assert 20 < seen.score < 100


def test_more_bytes_look_better() -> None:
    octets = save(photo(900, 600))
    scores = []
    for most in (8_000, 40_000):
        with looking() as watcher:
            made = fit(octets, transcode.Limits(most, 640, 480, formats=("image/jpeg",)))
            scores.append(watcher.looks(octets, [Part(made.content_type, made.data)]).score)
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[0] < scores[1]


def test_what_passed_through_is_opened_again() -> None:
    """It is the same picture, and scores so."""
    octets = save(photo(90, 60))
    with looking() as watcher:
        message = compose(octets, PROFILE)
        seen = watcher.looks(octets, message.parts)
    assert seen.before == seen.after != b""
    assert seen.score == 100


def test_a_clip_shows_its_first_frame() -> None:
    """In the colours of pictures: of a red clip it is red."""
    red = save(Image.new("RGB", (320, 240), (200, 20, 20)), "PNG")
    clip = transcode.slideshow_clip(
        [transcode.Slide(red, duration=1.0)], transcode.find_profile("android-default")
    )
    with looking() as watcher:
        seen = watcher.looks(clip.data, [Part(clip.content_type, clip.data)])
    for one in (seen.before, seen.after):
        assert np.abs(decode(one).astype(int) - (200, 20, 20)).max() < 12
    assert seen.score is None


def test_sound_and_what_is_broken_show_nothing(tmp_path: Path) -> None:
    """No error is raised for media of which nothing can be shown."""
    sound = container(sine(1.0, 8000)).data
    with looking() as watcher:
        assert watcher.looks(sound, [Part("audio/amr", b"#!AMR\n")]) == NOTHING
        gone = watcher.looks(tmp_path / "gone.jpg", [Part("image/jpeg", b"\xff\xd8 and no more")])
    assert gone == NOTHING
