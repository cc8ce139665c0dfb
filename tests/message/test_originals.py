"""Messages of media as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

import transcode
from tests.made.pictures import photo, save
from transcode.errors import MessageError, UnsupportedError
from transcode.message.compose import Request
from transcode.message.originals import originals
from transcode.message.smil import slides
from transcode.messages.message import Message

PROFILE = replace(transcode.find_profile("world"), max_message_bytes=5_000_000)
CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;b\r\nEND:VCARD\r\n"
PICTURE = save(photo(80, 60), quality=90)
SOUND = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 150


def made(sources: list[bytes], **words: object) -> Message:
    request = Request(("+15550001",), text="Hello", **words)  # type: ignore[arg-type]
    return Message.of(originals(sources, PROFILE, request))


def test_octets_stay() -> None:
    """Octets stay, on the slides that transcode.compose makes, and none is over the limit."""
    message = made([PICTURE, SOUND, PICTURE, CARD], subject="s")
    whole = transcode.compose([PICTURE, SOUND, PICTURE, CARD], PROFILE, to=["+15550001"], text="Hello")
    assert [part.name for part in message.parts] == [part.name for part in whole.parts]
    shown = [part for part in message.parts if part.content_type not in ("application/smil", "text/plain")]
    assert [bytes(part.data) for part in shown] == [PICTURE, SOUND, PICTURE, CARD]
    assert [slide.duration for slide in slides(message)] == pytest.approx([3.0, 5.0], abs=0.1)
    again = transcode.read(message.to_mm1())
    assert (again.subject, again.transaction_id) == ("s", message.transaction_id)
    assert again.transaction_id == made([PICTURE, SOUND, PICTURE, CARD], subject="s").transaction_id


def test_what_conforms_stays_when_it_is_adapted() -> None:
    message = made([PICTURE])
    assert transcode.adapt(message, PROFILE) == replace(message, limit=PROFILE.max_message_bytes)


def test_what_is_no_medium() -> None:
    with pytest.raises(UnsupportedError, match="no picture, clip or recording"):
        made([b"text" * 9])
    with pytest.raises(MessageError, match="nothing to send"):
        originals([], PROFILE, Request(("+15550001",)))
