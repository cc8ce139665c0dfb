"""Who may send what, and how much."""

from __future__ import annotations

from dataclasses import replace

import pytest

import transcode
from transcode.messages.message import Message
from transcode.model import HeaderValue
from transcode.relay.policy import Terms, judged, judged_names, matches
from transcode.relay.refusals import Reason

TERMS = Terms(
    1000,
    3,
    10,
    blocked_senders=("+1900*", "spam@example.org"),
    refused_types=("application/x-*", "text/html"),
)


def message(*types: str) -> Message:
    parts = tuple(transcode.Part(one, b"x") for one in types)
    return Message("m-send-req", "t", content_type="application/vnd.wap.multipart.mixed", parts=parts)


@pytest.mark.parametrize(
    ("addresses", "ids", "told"),
    [
        (("+1", "a" * 256), ("", "b" * 1000), None),
        (("+1", "a" * 257), ("",), "an address has more than 256 octets"),
        (("ä" * 129,), ("",), "an address has more than 256 octets"),
        (("+1",), ("", "b" * 1001), "an id has more than 1000 octets"),
    ],
)
def test_names_that_no_index_takes(
    addresses: tuple[str, ...], ids: tuple[str, ...], told: str | None
) -> None:
    """A database would refuse them, and the sender try for ever."""
    refusal = judged_names(addresses, ids)
    assert (refusal and (refusal.reason, refusal.text)) == (told and (Reason.CORRUPT, told))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (("X-Mms-Reply-Charging", "Requested"), Reason.REPLY_CHARGING),
        (("x-mms-reply-charging", "Requested text only"), Reason.REPLY_CHARGING),
        (("ReplyCharging", ("replyChargingSize", "1000")), Reason.REPLY_CHARGING),
        (("X-Mms-Reply-Charging-ID", "x"), None),
    ],
)
def test_who_would_pay_for_answers(header: tuple[str, HeaderValue], found: Reason | None) -> None:
    """A phone would show that an answer is free; an answer itself is a message like others."""
    asked = replace(message("text/plain"), headers=(header,))
    refusal = judged(asked, 10, "+1", ("+2",), 0, TERMS)
    assert (refusal and refusal.reason) is found


def reason(
    size: int = 10,
    sender: str = "+15550001",
    recipients: tuple[str, ...] = ("+15550002",),
    forwards: int = 0,
    types: tuple[str, ...] = ("image/jpeg", "text/plain"),
) -> Reason | None:
    found = judged(message(*types), size, sender, recipients, forwards, TERMS)
    return None if found is None else found.reason


def test_what_is_taken() -> None:
    assert reason() is None
    assert reason(size=1000, recipients=("a", "b", "c"), forwards=10) is None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"sender": ""}, Reason.DENIED),
        ({"sender": "+19005550001"}, Reason.DENIED),
        ({"sender": "Spam@Example.org"}, Reason.DENIED),
        ({"recipients": ()}, Reason.CORRUPT),
        ({"recipients": ("+1", "")}, Reason.CORRUPT),
        ({"types": ()}, Reason.CORRUPT),
        ({"size": 1001}, Reason.CONTENT),
        ({"recipients": ("a", "b", "c", "d")}, Reason.DENIED),
        ({"forwards": 11}, Reason.DENIED),
        ({"types": ("image/jpeg", "Application/X-Msdownload")}, Reason.CONTENT),
        ({"types": ("text/html;charset=utf-8",)}, Reason.CONTENT),
    ],
)
def test_what_is_refused(values: dict[str, object], found: Reason) -> None:
    assert reason(**values) is found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("+15550001", "+15550001", True),
        ("+15550001", "+1555000", False),
        ("+15550001", "+1555*", True),
        ("+15550001", "*", True),
        ("", "*", True),
        ("", "", True),
        ("a@b", "*@B", True),
        ("a@b.c", "*@*.c", True),
        ("a@b.d", "*@*.c", False),
        # Only the star is a sign.
        ("abc", "a?c", False),
        ("a?c", "a?c", True),
        ("b", "[abc]", False),
        ("[abc]", "[abc]", True),
        ("a+b", "a+b", True),
        ("aab", "a+b", False),
    ],
)
def test_patterns(text: str, pattern: str, found: bool) -> None:
    assert matches(text, ["no", pattern]) is found


def test_a_pattern_of_many_stars_ends() -> None:
    assert not matches("a" * 5000, ["*a" * 30 + "b"])
