"""Answers to requests of other centres: to whom they go, and what is copied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.made.mails import FORWARDED
from transcode.errors import MessageError
from transcode.model import HeaderValue, MessageFields, MessageType
from transcode.wire.mm4 import mm4
from transcode.wire.mm4.answers import answer, is_answer_asked

ORIGIN = ("X-Mms-Originator-System", "system@b.example")
SENDER = ("Sender", "other@b.example")
SYSTEM = "system@a.example"


def request(
    *headers: tuple[str, HeaderValue], message_type: MessageType = "mm4-forward-req"
) -> MessageFields:
    return replace(FORWARDED, message_type=message_type, headers=(("X-Mms-Message-ID", "M1"), *headers))


def test_octets() -> None:
    """The whole mail; it is read as it was made."""
    made = answer(
        request(ORIGIN, SENDER),
        "Error-content-not-accepted",
        date=1_700_000_000,
        system=SYSTEM,
        text="too large",
        recipients=["+15555550101/TYPE=PLMN", "someone@example.org"],
    )
    octets = mm4.to_bytes(made)
    assert octets == (
        b"From: system@a.example\r\n"
        b"To: system@b.example\r\n"
        b"X-Mms-3GPP-MMS-Version: 6.10.0\r\n"
        b"X-Mms-Message-Type: MM4_forward.RES\r\n"
        b'X-Mms-Transaction-ID: "T1"\r\n'
        b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
        b"Sender: system@a.example\r\n"
        b'X-Mms-Message-ID: "M1"\r\n'
        b"X-Mms-Request-Status-Code: Error-content-not-accepted\r\n"
        b"X-Mms-Status-Text: too large\r\n"
        b"X-Mms-Request-Recipients: +15555550101/TYPE=PLMN, someone@example.org\r\n"
        b"\r\n"
    )
    assert mm4.from_bytes(octets) == made


@pytest.mark.parametrize(
    ("message_type", "name"),
    [
        ("mm4-forward-req", b"MM4_forward.RES"),
        ("mm4-delivery-report-req", b"MM4_delivery_report.RES"),
        ("mm4-read-reply-report-req", b"MM4_read_reply_report.RES"),
    ],
)
def test_each_request(message_type: MessageType, name: bytes) -> None:
    """Success is Ok; the answer has the ids of the request and no content."""
    asked = request(SENDER, message_type=message_type)
    made = answer(asked, date=1, system=SYSTEM)
    octets = mm4.to_bytes(made)
    assert b"X-Mms-Message-Type: " + name + b"\r\n" in octets
    assert b"X-Mms-Request-Status-Code: Ok\r\n" in octets
    assert mm4.from_bytes(octets) == made
    assert (made.transaction_id, made.content_type, made.parts) == ("T1", None, ())


def test_to_whom_it_goes() -> None:
    """It goes to the system that the request names, else to its Sender; the caller may know better."""
    assert answer(request(SENDER, ORIGIN), date=1, system=SYSTEM).to == ("system@b.example",)
    assert answer(request(("x-mms-originator-SYSTEM", "x@y")), date=1, system=SYSTEM).to == ("x@y",)
    assert answer(request(SENDER), date=1, system=SYSTEM).to == ("other@b.example",)
    assert answer(request(ORIGIN), date=1, system=SYSTEM, to="us@b.example").to == ("us@b.example",)
    assert answer(request(), date=1, system=SYSTEM, to="us@b.example").to == ("us@b.example",)
    with pytest.raises(MessageError, match="to: the request has neither X-Mms-Originator-System nor Sender"):
        answer(request(), date=1, system=SYSTEM)


def test_versions() -> None:
    """That of the request, if it is one; mails of the wrong kind have those of MM1."""
    assert answer(request(ORIGIN), date=1, system=SYSTEM).version == "6.10.0"
    for odd in ("", "1.2", "6.x.0"):
        assert answer(replace(request(ORIGIN), version=odd), date=1, system=SYSTEM).version == mm4.VERSION


def test_whether_an_answer_is_asked() -> None:
    """Only Yes asks."""
    assert is_answer_asked(request(("x-mms-ack-request", True)))
    assert not is_answer_asked(request(("X-Mms-Ack-Request", False)))
    assert not is_answer_asked(request())


def test_what_has_no_answer() -> None:
    """Answers, PDUs, and statuses that only MM1 has."""
    done = answer(request(ORIGIN), date=1, system=SYSTEM)
    for other in (done, MessageFields(), replace(done, message_type="mm7-submit-req")):
        with pytest.raises(MessageError, match="message_type: MM4 has no answer to "):
            answer(other, date=1, system=SYSTEM)
    with pytest.raises(
        MessageError, match="status: 'Error-permanent-failure' is not one of Ok, Error-unspec"
    ):
        answer(request(ORIGIN), "Error-permanent-failure", date=1, system=SYSTEM)
