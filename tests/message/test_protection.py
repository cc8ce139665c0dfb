"""Parts that a header locks: their octets are kept or left out, never changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

import transcode
from tests.made.pictures import photo, save
from transcode.messages.message import Message
from transcode.model import Limits, Part
from transcode.profile import Profile

LARGE = save(photo(900, 700), "JPEG", quality=92)


def receiver(max_bytes: int = 100_000, **figures: object) -> Profile:
    made = Profile.from_limits(Limits(max_bytes, 640, 480, formats=("image/jpeg",)))
    return replace(made, **figures)  # type: ignore[arg-type]


def locked(name: str, value: str = "yes", **values: object) -> Part:
    part = Part("image/jpeg", LARGE, content_location="p.jpg", headers=((name, value),))
    return replace(part, **values)  # type: ignore[arg-type]


def adapted(*parts: Part, profile: Profile | None = None, **values: object) -> Message:
    message = replace(Message(parts=parts), **values)  # type: ignore[arg-type]
    return transcode.read(transcode.adapt(message, profile or receiver()).to_mm1(strict=False))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Mms-Forward-Locked", "yes"),
        ("X-MMS-FORWARD-LOCK", "true"),
        ("Forward-Lock", "1"),
        ("X-Oma-Drm-Separate-Delivery", "12"),
    ],
)
@pytest.mark.parametrize("form", ["m-retrieve-conf", "mm4-forward-req", "mm7-deliver-req"])
def test_a_locked_part_is_left_out_where_it_would_change(
    name: str, value: str, form: transcode.MessageType
) -> None:
    """The line and the report name the header."""
    message = Message(parts=(locked(name, value),)).converted(form)
    made = transcode.adapt(message, receiver(max_image_width=640))
    (line,) = made.parts
    assert line.text.startswith(f"[p.jpg: protected by {name}, so it is not changed: 900 x 700 pixels")
    (report,) = made.reports
    assert (report.source, report.notes[0].code) == ("p.jpg", "left-out")
    assert f"protected by {name}" in report.notes[0].text


def test_a_locked_part_that_is_shown_keeps_its_octets() -> None:
    """Others are fitted into the room that it leaves."""
    small = save(photo(300, 200), "JPEG", quality=95)
    lock = locked("X-Mms-Forward-Locked", data=small)
    other = Part("image/jpeg", LARGE, content_location="q.jpg")
    profile = receiver(len(small) + 12_000)
    made = transcode.adapt(Message(parts=(lock, other)), profile)
    assert made.parts[0] == lock
    assert [report.source for report in made.reports] == ["q.jpg"]
    assert len(made.to_mm1(strict=False)) <= profile.max_message_bytes


@pytest.mark.parametrize("value", ["no", "False", "0"])
def test_a_header_may_say_that_a_part_is_free(value: str) -> None:
    (made,) = adapted(locked("X-Mms-Forward-Locked", value)).parts
    assert made.content_type == "image/jpeg"
    assert made.data != LARGE


def test_a_parameter_of_the_type_locks_too() -> None:
    part = Part("image/jpeg", LARGE, content_location="p.jpg", parameters=(("forward-lock", "yes"),))
    (line,) = adapted(part).parts
    assert line.text.startswith("[p.jpg: protected by forward-lock")


def test_a_message_that_says_so_locks_all_media() -> None:
    """No part shows what is protected, so none is changed; texts are."""
    headers = (("X-Mms-DRM-Content", True),)
    words = Part("text/plain", b"words", content_location="t.txt")
    made = adapted(locked("X-Other"), words, headers=headers)
    assert "protected by X-Mms-DRM-Content, so it is not changed: 900 x 700" in made.parts[0].text
    assert dict(made.headers)["X-Mms-DRM-Content"] is False
    # Where a part shows it, the others are free.
    drm = Part("application/vnd.oma.drm.message", b"--x", content_location="a.dm")
    made = adapted(locked("X-Other"), drm, headers=headers)
    assert [part.content_type for part in made.parts] == ["image/jpeg", drm.content_type]
    assert dict(made.headers)["X-Mms-DRM-Content"] is True


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (receiver(charsets=("iso-8859-1",)), "the charset utf-8 is not read"),
        (receiver(max_text_chars=200), "300 characters, at most 200"),
    ],
)
def test_a_locked_text_is_not_cut(profile: Profile, reason: str) -> None:
    part = Part(
        "text/plain",
        "é".encode() * 300,
        content_location="t.txt",
        charset="utf-8",
        headers=(("X-Mms-Forward-Locked", "yes"),),
    )
    (line,) = adapted(part, profile=profile).parts
    assert line.text == f"[t.txt: protected by X-Mms-Forward-Locked, so it is not changed: {reason}]"
    (kept,) = adapted(part).parts
    assert kept.data == part.data


def test_lines_stand_beside_a_locked_text() -> None:
    text = Part("text/plain", b"mine", content_location="t.txt", headers=(("X-Mms-Forward-Locked", "yes"),))
    broken = Part("image/png", b"\x89PNG\r\n\x1a\n broken", content_location="b.png")
    made = adapted(broken, text)
    assert [part.text.partition(":")[0] for part in made.parts] == ["[b.png", "mine"]
