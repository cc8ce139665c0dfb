"""OMA content classes: the smallest that size, types, pixels and codecs keep to."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

import transcode
from tests.made import sounds
from tests.made.pictures import photo, save
from transcode.message.content_class import CLASSES, content_class
from transcode.messages.message import Message
from transcode.model import Part
from transcode.profile import find_profile

ATT = find_profile("us-att")


def jpeg(width: int, height: int, **options: object) -> Part:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(made, "JPEG", **options)
    return Part("image/jpeg", made.getvalue())


TEXT = Part("text/plain", b"Hi", charset="utf-8")
SMIL = Part("application/smil", b"<smil/>")


@pytest.mark.parametrize(
    ("parts", "size", "found"),
    [
        ((SMIL, TEXT), 30_720, "text"),
        ((SMIL, TEXT), 30_721, "image-rich"),
        ((SMIL, jpeg(160, 120), TEXT), 30_720, "image-basic"),
        ((jpeg(120, 160),), 30_720, "image-rich"),
        ((jpeg(640, 480),), 102_400, "image-rich"),
        ((jpeg(640, 480),), 102_401, "video-rich"),
        ((jpeg(480, 640),), 1_000, "megapixel"),
        ((jpeg(1600, 1200),), 614_400, "megapixel"),
        ((jpeg(1600, 1200),), 614_401, None),
        ((jpeg(1601, 1200),), 1_000, None),
        ((jpeg(160, 120, progressive=True),), 1_000, None),
        ((Part("image/png", save(photo(20, 20), "PNG")),), 1_000, None),
        ((Part("image/jpeg", b"\xff\xd8\xff\xe0none"),), 1_000, None),
        ((Part("text/x-vcard", b"BEGIN:VCARD"), TEXT), 1_000, "image-basic"),
        ((replace(TEXT, charset="koi8-r"),), 1_000, None),
    ],
)
def test_classes(parts: tuple[Part, ...], size: int, found: str | None) -> None:
    """A class ends at its border, to the byte and to the pixel; sides are compared one by one."""
    assert content_class(Message(parts=parts), size) == found


def test_speech_and_music() -> None:
    """AMR is of every class with media, AAC of none."""
    source = bytes(sounds.container(sounds.sine(1.0)).data)
    speech = transcode.Limits(5_000, formats=("audio/amr",), codecs=("amr_nb",))
    made = transcode.fit(source, speech)
    assert content_class(Message(parts=(Part("audio/amr", made.data),)), 5_000) == "image-basic"
    music = transcode.fit(source, transcode.Limits(30_000, formats=("audio/mp4",)))
    assert content_class(Message(parts=(Part("audio/mp4", music.data),)), 30_000) is None


@pytest.mark.parametrize("name", CLASSES[1:])
def test_what_is_composed_for_a_class_is_of_it(name: str) -> None:
    """It is of the class or of a smaller one, as its header says; the limit is kept with the header."""
    profile = find_profile(f"oma-{name}")
    message = transcode.compose(
        save(photo(700, 500), quality=97), profile, to=["+15555550100"], content_class=True
    )
    octets = message.to_mm1()
    assert len(octets) <= profile.max_message_bytes
    stated = dict(transcode.read(octets).headers)["X-Mms-Content-Class"]
    assert isinstance(stated, str)
    assert CLASSES.index(stated) <= CLASSES.index(name)
    assert (message.version, message.content_class()) == ("1.3", stated)


def test_a_message_of_no_class_states_none() -> None:
    """A message without a class keeps the usual version."""
    picture = save(photo(20, 20), "PNG")
    (message,) = transcode.compose_split(picture, ATT, to=["+15555550100"], content_class=True)
    assert (message.headers, message.version, message.content_class()) == ((), "1.2", None)


def test_a_mail_has_a_class_too() -> None:
    """The length of the mail decides its class."""
    message = transcode.compose((), ATT, to=["+15555550100"], sender="+15555550101", text="Hi")
    assert transcode.read(message.to_mm4(date=5)).content_class() == "text"
