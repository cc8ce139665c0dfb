"""Mails of MM4: exact octets, round trips, rules, refusals."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.mails import (
    FORWARDED,
    FORWARDED_OCTETS,
    answer,
    messages,
    multipart,
    read,
)
from transcode.errors import MessageError
from transcode.model import MessageFields, MessageType
from transcode.wire.mm4 import mm4

quick = settings(deadline=None, max_examples=80)


def test_a_mail_octet_by_octet() -> None:
    """What a forwarded message looks like, folded, encoded and ended as mail is."""
    assert mm4.to_bytes(FORWARDED) == FORWARDED_OCTETS


def test_the_mail_is_read_back() -> None:
    """The mail that was written is read again, without an oddity."""
    assert mm4.from_bytes(FORWARDED_OCTETS) == FORWARDED


@quick
@given(messages)
def test_any_message_comes_back(message: MessageFields) -> None:
    """Field for field, and its length was known before."""
    octets = mm4.to_bytes(message, strict=False)
    assert read(octets) == message
    dated = any(name == "Date" for name, _ in message.headers)
    assert mm4.length(message) == len(octets) + (0 if dated else 39)
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert not set(b"\r\n") & set(octets.replace(b"\r\n", b""))


@quick
@given(multipart, st.data())
def test_the_length_is_known_before_the_media(message: MessageFields, draw: st.DataObject) -> None:
    """The length from sizes equals that from data."""
    sizes = [draw.draw(st.integers(0, 500)) for _ in message.parts]
    made = [replace(part, data=bytes(size)) for part, size in zip(message.parts, sizes, strict=True)]
    assert mm4.length(message, sizes) == mm4.length(replace(message, parts=tuple(made)))


@quick
@given(multipart)
def test_the_standard_library_reads_it(message: MessageFields) -> None:
    """Python's own reader finds the same parts and the same data."""
    mail = email.message_from_bytes(mm4.to_bytes(message, strict=False), policy=email.policy.compat32)
    parts = list(mail.walk())[1:] if message.parts else []
    assert [part.get_payload(decode=True) for part in parts] == [part.data for part in message.parts]
    assert [part.get_content_type() for part in parts] == [part.content_type for part in message.parts]


@pytest.mark.parametrize("message_type", mm4.MAIL_TYPES)
def test_nothing_mandatory_can_be_left_out(message_type: MessageType) -> None:
    """Each type is written strictly when it has all, and refused without any one of them."""
    whole = replace(
        FORWARDED,
        message_type=message_type,
        headers=(
            ("Date", 1),
            ("X-Mms-Message-ID", "M"),
            ("X-Mms-Request-Status-Code", "Ok"),
            ("X-Mms-MM-Status-Code", "Retrieved"),
            ("X-Mms-Read-Status", "Read"),
        ),
    )
    assert mm4.from_bytes(mm4.to_bytes(whole)) == whole
    fields: dict[str, dict[str, Any]] = {
        "From": {"sender": None},
        "To": {"to": ()},
        "X-Mms-Transaction-ID": {"transaction_id": None},
    }
    for name in mm4.MAIL_TYPES[message_type].required:
        kept = tuple(pair for pair in whole.headers if pair[0] != name)
        with pytest.raises(MessageError, match=f"{name} is missing"):
            mm4.to_bytes(replace(whole, **fields.get(name, {"headers": kept})))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"to": ()}, "a recipient is missing"),
        ({"version": "1.2"}, "not a version such as"),
        ({"content_type": None, "parts": (), "parameters": ()}, "Content-Type is missing"),
        ({"headers": (*FORWARDED.headers, ("Date", 1))}, "Date occurs 2 times"),
        ({"headers": (*FORWARDED.headers, ("X-Mms-Priority", "Hgih"))}, "not one of Low, Normal, High"),
    ],
)
def test_rules_are_kept_in_writing_and_told_in_reading(change: dict[str, Any], fault: str) -> None:
    """Refused, or written on demand and then an oddity where it was not mended."""
    broken = replace(FORWARDED, **change)
    with pytest.raises(MessageError, match=fault):
        mm4.to_bytes(broken)
    oddities = mm4.from_bytes(mm4.to_bytes(broken, strict=False)).oddities
    assert any(fault in oddity or "a second Date" in oddity for oddity in oddities)


def with_part(**fields: Any) -> MessageFields:
    return replace(FORWARDED, parts=(replace(FORWARDED.parts[0], **fields),))


@pytest.mark.parametrize("bad", ["a\r\nBcc: x", "a\nb", "a\0b", "a\rb", "\ud800"])
@pytest.mark.parametrize(
    "change",
    [
        lambda bad: replace(FORWARDED, subject=bad),
        lambda bad: replace(FORWARDED, sender=bad),
        lambda bad: replace(FORWARDED, to=(bad,)),
        lambda bad: replace(FORWARDED, transaction_id=bad),
        lambda bad: replace(FORWARDED, version=bad),
        lambda bad: replace(FORWARDED, headers=(("X-Own", bad),)),
        lambda bad: replace(FORWARDED, headers=((bad, "x"),)),
        lambda bad: replace(FORWARDED, headers=(("X-Mms-Message-ID", bad),)),
        lambda bad: replace(FORWARDED, headers=(("X-Mms-Previously-sent-by", (1, bad)),)),
        lambda bad: replace(FORWARDED, content_type=f"multipart/{bad}"),
        lambda bad: replace(FORWARDED, parameters=(("start", bad),)),
        lambda bad: replace(FORWARDED, parameters=((bad, "x"),)),
        lambda bad: with_part(content_type=bad),
        lambda bad: with_part(content_id=bad),
        lambda bad: with_part(content_location=bad),
        lambda bad: with_part(name=bad),
        lambda bad: with_part(charset=bad),
        lambda bad: with_part(disposition=bad),
        lambda bad: with_part(disposition="inline", filename=bad),
        lambda bad: with_part(headers=(("x-own", bad),)),
        lambda bad: with_part(headers=((bad, "x"),)),
    ],
)
def test_no_header_can_be_smuggled_in(change: Any, bad: str) -> None:
    """A line end, wherever it stands, is refused."""
    with pytest.raises(MessageError):
        mm4.to_bytes(change(bad), strict=False)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (replace(FORWARDED, message_type="m-send-req"), "message_type"),
        (replace(FORWARDED, content_type="application/vnd.wap.multipart.related"), "is a type of MM1"),
        (replace(FORWARDED, parameters=(("boundary", "x"),)), "boundary"),
        (replace(FORWARDED, headers=(("Subject", "x"),)), "is a field of the message"),
        (replace(FORWARDED, headers=(("X-Mms-Read-Report", True),)), "X-Mms-Read-Reply"),
        (replace(FORWARDED, headers=(("X-Own", 1),)), "not a text"),
        (replace(FORWARDED, headers=(("X-Mms-Expiry", ("relative", 10**9)),)), "from now for a date"),
        (replace(FORWARDED, headers=(("Date", 10**12),)), "9999"),
        (replace(FORWARDED, headers=(("Date", True),)), "whole number"),
        (replace(FORWARDED, headers=(("X-Mms-Ack-Request", "Yes"),)), "neither True nor False"),
        (replace(FORWARDED, headers=(("X-Mms-Previously-sent-by", "x"),)), "not a pair"),
        (replace(FORWARDED, to=("",)), "empty"),
        (replace(FORWARDED, headers=(("X-" + "a" * 1000, "v"),)), "998"),
        (answer(parts=(FORWARDED.parts[0],)), "content_type"),
        (replace(FORWARDED, content_type="image/jpeg", parameters=()), "must be one part"),
        (with_part(filename="a.jpg"), "disposition"),
        (with_part(content_id="<a>"), "must have no brackets"),
        (with_part(headers=(("Content-Type", "x/y"),)), "the writer sets Content-Type"),
    ],
)
def test_what_can_not_be_sent_is_refused(message: MessageFields, reason: str) -> None:
    """The error names the field and the reason."""
    with pytest.raises(MessageError, match=reason):
        mm4.to_bytes(message, strict=False)
