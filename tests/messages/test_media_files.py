"""Messages as files and a manifest: safe, short, unique names; texts in the body; nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

import transcode
from tests.made.messages import SENT
from tests.made.pictures import photo, save
from transcode.messages.media_files import MAX_NAME, media_message
from transcode.messages.message import Message
from transcode.model import Part
from transcode.profile import find_profile


def test_a_composed_message() -> None:
    """The media keep their order, the texts are the body, and the presentation is left out."""
    pictures = [save(photo(60, 40)), save(photo(40, 60), "PNG")]
    slides = [transcode.Slide(image=pictures[0], text="One"), transcode.Slide(image=pictures[1], text="Zwö")]
    message = transcode.compose(slides, find_profile("us-att"), to=["+15555550100"], subject="Hi")
    found = message.to_media()
    assert [(file.filename, file.content_type) for file in found.files] == [
        ("image1.jpg", "image/jpeg"),
        ("image2.png", "image/png"),
    ]
    manifest = json.loads(found.to_json())
    media = manifest.pop("media")
    parts = [part for part in message.parts if part.content_type.startswith("image/")]
    people = {"from": None, "to": ["+15555550100"], "cc": [], "bcc": []}
    assert manifest == {**people, "subject": "Hi", "body": "One\nZwö"}
    assert [set(one) for one in media] == 2 * [{"filename", "content_type", "bytes", "sha256"}]
    for number, (one, part) in enumerate(zip(media, parts, strict=True)):
        assert one["filename"] == ("image1.jpg", "image2.png")[number]
        assert (one["content_type"], one["bytes"]) == (part.content_type, len(part.data))
        assert one["sha256"] == hashlib.sha256(part.data).hexdigest()
    assert found.to_json().isascii()


def test_a_message_that_was_read() -> None:
    """Data that are views are copied out; addresses lose their type."""
    card = Part("text/x-vcard", b"BEGIN:VCARD", name="../../etc/passwd")
    sent = replace(Message.of(SENT), cc=("a@b.c",), parts=(card,))
    found = transcode.read(sent.to_mm1()).to_media()
    assert (found.sender, found.to, found.cc) == ("+15555550100", ("+15555550101",), ("a@b.c",))
    (file,) = found.files
    assert (file.filename, file.data) == ("passwd.vcf", b"BEGIN:VCARD")


def test_names() -> None:
    """Names are cut, made safe, numbered where they clash in any case, and end as the type asks."""
    names = ["A.jpeg", "a.jpg", "Grüße aus dem Süden 2024.jpg", "Grüße aus dem Süden 2025.jpg", None, "x.y.z"]
    parts = tuple(Part("image/jpeg", b"", name=name) for name in names)
    odd = (Part("application/x-own", b"", name="data.xyz"), Part("application/x-own", b"", name="none"))
    found = media_message(Message(parts=(*parts, *odd)))
    assert [file.filename for file in found.files] == [
        "A.jpg",
        "a-2.jpg",
        "Gr_e_aus_dem_S_d.jpg",
        "Gr_e_aus_dem_S-2.jpg",
        "media5.jpg",
        "x_y.jpg",
        "data.xyz",
        "none.bin",
    ]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(max_size=30),
            st.sampled_from(["image/jpeg", "video/3gpp", "x/y", "text/html"]),
        ),
        max_size=20,
    )
)
def test_any_names(given: list[tuple[str | None, str]]) -> None:
    """Parts may have any names."""
    message = Message(parts=tuple(Part(kind, b"x", content_location=name) for name, kind in given))
    names = [file.filename for file in media_message(message).files]
    assert len({name.lower() for name in names}) == len(given)
    assert all(
        len(name) <= MAX_NAME and re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9]+", name) for name in names
    )
