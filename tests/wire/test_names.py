"""Names of parts that are not of US-ASCII: written so that every reader takes them, and found again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

import transcode
from tests.made.messages import written
from transcode.message import smil
from transcode.message.location import uri
from transcode.messages.message import Message
from transcode.model import MessageType, Part
from transcode.wire.mm1 import pdu_writer, wsp
from transcode.wire.mm4 import mm4

ONE = "+15555550100/TYPE=PLMN"
NAMES = [
    "תמונה.jpg",
    "été 1.jpg",
    "100%.jpg",
    "{a}|b.jpg",
    "🙂.jpg",
    "=?utf-8?Q?x?=",
    "写真" * 60,
    "a%20b.jpg",
]


def shown(message: Message) -> list[str]:
    """The types of what is shown as a picture, and the texts beside it."""
    return [
        f"{slide.image and slide.image.content_type} {slide.text and slide.text.text}"
        for slide in smil.slides(message)
    ]


def made(name: str, src: str) -> transcode.Message:
    """A message whose presentation, a text first, refers to its picture in some spelling."""
    show = f'<smil><body><par><text src="t.txt"/><img src="{src}"/></par></body></smil>'
    return transcode.Message(
        transaction_id="T1",
        sender=ONE,
        to=(ONE,),
        headers=(("Date", 0), ("Message-ID", "m")),
        parameters=(("type", "application/smil"), ("start", "<smil>")),
        parts=(
            Part("application/smil", show.encode(), content_id="smil", charset="utf-8"),
            Part(
                "image/jpeg",
                b"\xff\xd8\xff",
                content_location=name,
                name=name,
                disposition="attachment",
                filename=name,
            ),
            Part("text/plain", b"Hello", content_location="t.txt"),
        ),
    )


PATHS: list[list[MessageType]] = [
    ["m-send-req"],
    ["m-send-req", "mm4-forward-req", "m-retrieve-conf"],
    ["m-send-req", "mm7-submit-req", "m-retrieve-conf", "mm4-forward-req", "m-send-req"],
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_names_in_every_form(name: str, path: list[MessageType]) -> None:
    """The location is a URI, headers are US-ASCII, and the presentation finds the picture by any spelling."""
    small = re.sub("%..", lambda found: found[0].lower(), uri(name))
    for src in (name, uri(name), quote(name), small):
        message = made(name, src)
        for kind in path:
            octets = written(message.converted(kind))
            assert name.isascii() or name.encode() not in octets.replace(src.encode(), b"")
            found = transcode.read(octets)
            assert found.message_type == kind
            (picture,) = (part for part in found.parts if part.content_type == "image/jpeg")
            assert picture.content_location == uri(name)
            assert (picture.name, picture.filename) == (name, name)
            assert shown(found) == ["image/jpeg Hello"]
            assert written(found) == octets
            message = found


def test_locations_are_uris() -> None:
    """What is one already stays; a second time changes nothing."""
    assert uri("תמונה.jpg") == "%D7%AA%D7%9E%D7%95%D7%A0%D7%94.jpg"
    assert uri("http://a.example/b?c=d&e#f") == "http://a.example/b?c=d&e#f"
    assert uri('a b\\c^`<>"') == "a%20b%5Cc%5E%60%3C%3E%22"
    assert uri("50%") == "50%25"
    control = made("a\x04b", "x")
    assert b"\x8ea%04b\0" in pdu_writer.to_bytes(
        replace(control, parts=(Part("image/gif", b"x", None, "a\x04b"),))
    )
    for name in NAMES:
        assert uri(uri(name)) == uri(name)
        assert uri(name).isascii()


def test_octets_of_a_location() -> None:
    """The octets of a location are kept in a PDU and in a mail."""
    message = made("été.txt", "x")
    octets = pdu_writer.to_bytes(message)
    assert b"\x8e%C3%A9t%C3%A9.txt\0" in octets
    assert b"\x85=?utf-8?B?w6l0w6kudHh0?=\0" in octets
    mail = mm4.to_bytes(message.converted("mm4-forward-req"))
    assert b"\r\nContent-Location: %C3%A9t%C3%A9.txt\r\n" in mail


def test_encoded_words_in_names() -> None:
    """Encoded words are decoded in parameters and locations of mail, where none belong, and of a PDU."""
    word = "=?UTF-8?B?157XqdeU15UuanBn?="
    mail = (
        b"X-Mms-Message-Type: MM4_forward.REQ\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b'Content-Type: image/jpeg; name="=?utf-8?q?=C3=A9t?= =?iso-8859-1?Q?=E9=2Ejpg?="\r\n'
        b"Content-Location: %s\r\nContent-Disposition: attachment; filename=%s\r\n\r\nx\r\n--b--\r\n"
    ) % (word.encode(), word.encode())
    (part,) = transcode.read(mail).parts
    assert (part.name, part.content_location, part.filename) == ("été.jpg", "משהו.jpg", "משהו.jpg")
    kind = wsp.short_integer(0x1E) + b"\x85" + word.encode() + b"\0"
    head = wsp.value_length(len(kind)) + kind + b"\x8e" + word.encode() + b"\0"
    octets = b"\x8c\x80\x98T\0\x8d\x92\x89\x01\x81\x97a@b\0\x84\xa3\x01" + bytes((len(head), 1)) + head + b"x"
    (part,) = transcode.read(octets).parts
    assert (part.name, part.content_location) == ("משהו.jpg", "משהו.jpg")


def test_words_bring_no_line_ends() -> None:
    """A name that would break out of its header when it is written again."""
    mail = (
        b"X-Mms-Message-Type: MM4_forward.REQ\r\nContent-Type: image/jpeg;"
        b' name="=?utf-8?Q?a=0D=0AX-Own:_b=00?="\r\nContent-Location: =?utf-8?Q?a=0Ab?=\r\n\r\nx'
    )
    found = transcode.read(mail)
    (part,) = found.parts
    assert (part.name, part.content_location) == ("a  X-Own: b ", "a b")
    assert b"\nX-Own" not in found.to_mm4(strict=False)


def test_a_message_of_ours(shared: Path) -> None:
    """Raw octets were in it, and it was refused: written again it has none."""
    found = transcode.read((shared / "cases" / "wire" / "ours-nonascii-location.mms").read_bytes())
    octets = found.to_mm1()
    assert octets.isascii() is False
    heads = octets
    for part in found.parts:
        heads = heads.replace(bytes(part.data), b"")
    assert "תמונה".encode() not in heads
    assert b"\x8e%D7%AA%D7%9E%D7%95%D7%A0%D7%94.jpg\0" in heads
    again = transcode.read(octets)
    assert [part.name for part in again.parts] == ["תמונה.jpg", "été.txt"]
    assert again.to_mm1() == octets
    assert replace(again, parts=()) == replace(found, parts=())
