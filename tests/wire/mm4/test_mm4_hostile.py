"""Broken mails, hostile octets, and what they cost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import bounded
from tests.made.mails import (
    FORWARDED_OCTETS,
    messages,
)
from transcode.errors import PduError
from transcode.model import MessageFields
from transcode.wire.mm4 import mm4

quick = settings(deadline=None, max_examples=80)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "no header begins with X-Mms-"),
        (b"Subject: x\r\n\r\n", "no header begins with X-Mms-"),
        (b"X-Mms-Message-Type: MM4_vanish.REQ\r\n\r\n", "not supported"),
        (b"X-Mms-Own: x\r\n" + b"a" * 70_000, "headers of more than"),
        (b"X-Mms-Own: x\r\n" + b"a:\n" * 20_000, "headers of more than 1,000 lines"),
        (
            b"X-Mms-Own: x\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 1002,
            "more than 1,000 parts",
        ),
        (
            b"X-Mms-Own: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n" + b"b" * 20_000,
            "headers of more than 16,384 octets",
        ),
    ],
)
def test_broken_mails_say_what(octets: bytes, reason: str) -> None:
    """The error says what is wrong, and where."""
    with pytest.raises(PduError, match=reason) as caught:
        mm4.from_bytes(octets)
    assert 0 <= caught.value.offset <= len(octets)


def survives(octets: bytes) -> None:
    try:
        found = mm4.from_bytes(octets)
    except PduError:
        return
    assert isinstance(found, MessageFields)


@quick
@given(st.binary(max_size=300), st.sampled_from([b"", b"X-Mms-Own: x\n", FORWARDED_OCTETS[:700]]))
def test_any_octets(octets: bytes, head: bytes) -> None:
    """Any octets end in a message or a PduError."""
    survives(head + octets)


@quick
@given(messages, st.data())
def test_changed_octets(message: MessageFields, draw: st.DataObject) -> None:
    """A mail with a few octets changed ends in a message or a PduError."""
    octets = bytearray(mm4.to_bytes(message, strict=False))
    for _ in range(draw.draw(st.integers(1, 8))):
        octets[draw.draw(st.integers(0, len(octets) - 1))] = draw.draw(st.integers(0, 255))
    survives(bytes(octets))


def test_every_truncation() -> None:
    """A mail may be cut at any octet."""
    for end in range(len(FORWARDED_OCTETS)):
        survives(FORWARDED_OCTETS[:end])


def deep(levels: int) -> bytes:
    """A multipart in a multipart in a multipart."""
    octets = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(levels)
    )
    return b"X-Mms-Own: x\n" + octets


@pytest.mark.parametrize(
    "octets",
    [
        deep(3000),
        b"X-Mms-Own: x\n" + b"Content-Type: message/rfc822\n\n" * 20_000,
        b"X-Mms-Own: x\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a" * 300_000,
        b"X-Mms-Own: x\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a" + b" " * 900_000,
        b"X-Mms-Own: x\nSubject: " + b"=?a?q? " * 9_000 + b"\n\n",
        b"X-Mms-Own: x\nTo: " + b'"' * 60_000 + b"\n\n",
        b"X-Mms-Own: x\nContent-Type: a/b" + b";x" * 30_000 + b"\n\n",
        b'X-Mms-Own: x\nContent-Type: a/b;x="' + b"\\" * 60_000 + b"\n\n",
        b"X-Mms-Own: x\nContent-Type: a/b" + b";x*0*=%" * 8_000 + b"\n\n",
        b"X-Mms-Own: x\nX-Mms-Expiry: " + b"1:" * 30_000 + b"\n\n",
        b"X-Mms-Own: x\nDate: " + b"(" * 60_000 + b"\n\n",
        b"X-Mms-Own: x\nContent-Transfer-Encoding: base64\n\n" + b"=" * 900_000,
        b"X-Mms-Own: x\n" + b"\n" * 900_000,
    ],
)
def test_hostile_octets_cost_little(octets: bytes) -> None:
    """Work grows with the octets, not with their square."""
    with bounded():
        survives(octets)
