"""What can not be sent is refused, with the name of the field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.made.pdus import (
    SENT,
    with_part,
)
from transcode.errors import MessageError
from transcode.model import MessageFields, Part
from transcode.wire.mm1 import pdu_writer


@pytest.mark.parametrize("bad", ["a\0b", "a\r\nX-Evil: b", "a\nb"])
@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("X-Mms-Transaction-Id", lambda bad: replace(SENT, transaction_id=bad)),
        ("X-Mms-MMS-Version", lambda bad: replace(SENT, version=bad)),
        ("X-Mms-Message-Class", lambda bad: replace(SENT, headers=(("X-Mms-Message-Class", bad),))),
        ("From", lambda bad: replace(SENT, sender=bad)),
        ("To", lambda bad: replace(SENT, to=(bad,))),
        ("Cc", lambda bad: replace(SENT, cc=(bad,))),
        ("Bcc", lambda bad: replace(SENT, bcc=(bad,))),
        ("Subject", lambda bad: replace(SENT, subject=bad)),
        ("Message-ID", lambda bad: replace(SENT, headers=(("message-id", bad),))),
        ("header 'X-Own'", lambda bad: replace(SENT, headers=(("X-Own", bad),))),
        ("header 'a", lambda bad: replace(SENT, headers=((bad, "x"),))),
        ("content_type", lambda bad: replace(SENT, content_type=f"multipart/{bad}")),
        ("content_type", lambda bad: replace(SENT, parameters=(("start", bad),))),
        ("content_type", lambda bad: replace(SENT, parameters=((bad, "x"),))),
        ("parts[1]: content type", lambda bad: with_part(content_type=bad)),
        ("parts[1]: content type", lambda bad: with_part(name=bad)),
        ("parts[1]: content type", lambda bad: with_part(charset=bad)),
        ("parts[1]: content type", lambda bad: with_part(parameters=(("x", bad),))),
        ("parts[1].content_id", lambda bad: with_part(content_id=bad)),
        ("parts[1].content_location", lambda bad: with_part(content_location=bad)),
        ("parts[1].disposition", lambda bad: with_part(disposition=bad)),
        ("parts[1].filename", lambda bad: with_part(disposition="inline", filename=bad)),
        ("parts[1].headers", lambda bad: with_part(headers=((bad, "x"),))),
        ("parts[1].headers", lambda bad: with_part(headers=(("x", bad),))),
    ],
)
def test_no_header_can_be_smuggled_in(field: str, change: Callable[[str], MessageFields], bad: str) -> None:
    """Line ends and zeros are refused in every text, with the field's name, in one line."""
    with pytest.raises(MessageError) as caught:
        pdu_writer.to_bytes(change(bad))
    assert str(caught.value).startswith(field)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (replace(SENT, subject="\ud800"), "Subject: .*surrogates"),
        (replace(SENT, version="1.15"), "not a version"),
        (replace(SENT, version=""), "not a version"),
        (replace(SENT, content_type=None), "content_type: is None, but there are parts"),
        (replace(SENT, message_type="m-send-conf"), "M-Send.conf has no body"),
        (replace(SENT, message_type="m-mbox-view-req"), "M-Mbox-View.req has no body"),
        (replace(SENT, message_type="mm4-forward-req"), "is not one of m-send-req"),
        (replace(SENT, content_type="text/plain"), "there must be one part"),
        (
            MessageFields(content_type="text/plain", parts=(Part("text/plain", b"", content_id="x"),)),
            "only a part of a multipart",
        ),
        (
            MessageFields(content_type="text/plain", parts=(Part("text/html", b""),)),
            "must equal that of the part",
        ),
        (replace(SENT, headers=(("Subject", "x"),)), "is a field of the message"),
        (replace(SENT, headers=(("content-type", "x"),)), "is a field of the message"),
        (replace(SENT, headers=(("X-Own", 1),)), "its value must be text"),
        (replace(SENT, headers=(("Date", "now"),)), "Date: 'now' is not a whole number"),
        (replace(SENT, headers=(("Date", True),)), "Date: True is not a whole number"),
        (replace(SENT, headers=(("Date", -1),)), "Date: is not a whole number"),
        (replace(SENT, headers=(("Message-ID", 1),)), "Message-ID: 1 is not a text"),
        (replace(SENT, headers=(("X-Mms-Priority", "Urgent"),)), "not one of Low, Normal, High"),
        (replace(SENT, headers=(("X-Mms-Priority", 5),)), "not one of Low, Normal, High"),
        (replace(SENT, headers=(("X-Mms-Priority", ("Low",)),)), "is not a word"),
        (replace(SENT, headers=(("X-Mms-Expiry", 3600),)), "is not a pair"),
        (replace(SENT, headers=(("X-Mms-Expiry", ("soon", 3600)),)), "not one of absolute, relative"),
        (with_part(content_id="<image1>"), r"parts\[1\].content_id: must have no brackets"),
        (with_part(filename="a.jpg"), r"parts\[1\].filename: needs a disposition"),
        (
            with_part(headers=(("Content-Transfer-Encoding", "base64"),)),
            "the writer sets Content-Transfer-Encoding",
        ),
    ],
)
def test_what_can_not_be_sent_is_refused(message: MessageFields, reason: str) -> None:
    """Values of the wrong kind, and what would be read as something else."""
    with pytest.raises(MessageError, match=reason):
        pdu_writer.to_bytes(message)
