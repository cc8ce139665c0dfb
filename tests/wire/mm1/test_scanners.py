"""What the scanner takes of a PDU's headers is what the readers of the table give."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transcode
from tests.made.pdus import COMPLETE
from transcode.errors import PduError
from transcode.kernels import fields
from transcode.model import MessageFields, MessageType
from transcode.wire.mm1 import pdu_reader, pdu_writer, scanners
from transcode.wire.mm1.header_values import TEXT
from transcode.wire.mm1.headers import BY_NAME, BY_NUMBER, HEADERS, Header
from transcode.wire.rules import unbroken, violations

NO_SCAN = fields.Scanner(
    bytes((fields.UNKNOWN,)) * fields.NUMBERS, ("",) * fields.NUMBERS, ({},) * fields.NUMBERS, 0
)
KNOWN = [header for header in HEADERS if header.number != 0x84]

NOTIFICATION = transcode.Message.of(
    replace(
        COMPLETE["m-notification-ind"],
        message_type="m-notification-ind",
        transaction_id="T290001",
        subject="Hike \u00e9",
    )
)


def read(octets: bytes) -> MessageFields | tuple[str, int]:
    """The message, or the error with its place."""
    try:
        return pdu_reader.from_bytes(octets)
    except PduError as error:
        return error.reason, error.offset


def compare(octets: bytes) -> None:
    """Read with the scanner and the rules' bits, and without either: the same comes of it."""
    scanned = read(octets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdu_reader, "USUAL", NO_SCAN)
        patch.setattr(pdu_reader, "COUNTED", NO_SCAN)
        patch.setattr(pdu_reader, "unbroken", lambda *_: False)
        assert scanned == read(octets)


#: Values as they may stand behind any header, whole or not.
VALUES = st.one_of(
    st.integers(0x80, 0xFF).map(lambda octet: bytes((octet,))),
    st.text(max_size=6).map(lambda text: text.encode() + b"\0"),
    st.binary(max_size=9).map(lambda octets: bytes((len(octets),)) + octets),
    st.binary(max_size=5).map(lambda octets: bytes((len(octets) + 2, 0xEA)) + octets + b"\0"),
    st.binary(max_size=5).map(lambda octets: bytes((len(octets) + 2, 0x80)) + octets + b"\0"),
    st.builds(
        lambda token, octets: bytes((len(octets) + 2, token, len(octets))) + octets,
        st.sampled_from((0x80, 0x81, 0x82)),
        st.binary(min_size=1, max_size=9),
    ),
    st.sampled_from((b"\x01\x81", b"\x7fa\0", b"=?utf-8?Q?a?=\0", b"\x1f\x03\xeaa\0", b"\x04\x83ab\0")),
    st.binary(max_size=5),
)
LINES = st.tuples(st.sampled_from(KNOWN), VALUES).map(lambda line: bytes((line[0].number,)) + line[1])
TYPES = st.integers(0x80, 0x98).map(lambda octet: bytes((0x8C, octet)))


@settings(max_examples=500, deadline=None, derandomize=True)
@given(TYPES, st.lists(st.one_of(LINES, LINES, TYPES), max_size=9))
def test_any_headers(first: bytes, rest: list[bytes]) -> None:
    compare(first + b"".join(rest))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(LINES, max_size=3), TYPES, st.lists(LINES, max_size=3))
def test_type_behind_others(front: list[bytes], kind: bytes, rest: list[bytes]) -> None:
    compare(b"".join((*front, kind, *rest)))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_changed_octets(data: st.DataObject) -> None:
    octets = bytearray(NOTIFICATION.to_mm1())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(octets) - 1))
        octets[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    compare(bytes(octets))


@cache
def vectors(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_vectors(shared: Path) -> None:
    """PDUs of others are scanned alike, whole, cut and with changed octets."""
    found = vectors(shared / "vectors" / "pdu")
    assert len(found) >= 50
    for name, octets in found.items():
        dice = random.Random(name)
        compare(octets)
        for _ in range(8):
            changed = bytearray(octets[:600])
            changed[dice.randrange(len(changed))] = dice.choice(
                (0, 0x1F, 0x7F, 0x80, 0x81, 0xEA, dice.randrange(256))
            )
            compare(bytes(changed[: dice.choice((len(changed), dice.randrange(len(changed))))]))


def test_scanned_to_the_end() -> None:
    """A usual notification is scanned whole, and its rules are found kept by bits alone."""
    octets = NOTIFICATION.to_mm1()
    at, seen, twice, found = scanners.USUAL.scan(octets, 0, len(octets), 0)
    message = pdu_reader.from_bytes(octets)
    assert (at, twice, len(found)) == (len(octets), 0, 9)
    assert unbroken(message, seen, twice)
    assert not message.oddities
    assert message == MessageFields(
        **{name: getattr(NOTIFICATION, name) for name in MessageFields.__dataclass_fields__}
    )


#: What stands in a PDU in place of what is asked for, and the rule that it breaks.
BROKEN: list[tuple[MessageType, dict[str, Any], str]] = [
    ("m-notification-ind", {"transaction_id": None}, "X-Mms-Transaction-Id is missing"),
    ("m-notification-ind", {"expiry": ("absolute", 1)}, "X-Mms-Expiry of a notification must be relative"),
    ("m-notification-ind", {"again": True}, "X-Mms-Message-Size occurs 2 times"),
    ("m-notification-ind", {"version": "1.0", "newer": True}, "X-Mms-Applic-ID needs MMS 1.3"),
    ("m-delivery-ind", {}, "X-Mms-Transaction-Id is not allowed in M-Delivery.ind"),
    ("m-mbox-store-req", {"version": "1.1"}, "M-Mbox-Store.req needs MMS 1.2"),
    ("m-send-req", {}, "a recipient is missing"),
    ("m-retrieve-conf", {}, "Content-Type is missing"),
    ("m-read-orig-ind", {"sender": None}, "From is missing"),
    (
        "m-forward-req",
        {"reports": True},
        "X-Mms-Delivery-Report must not be requested by a message of class Auto",
    ),
]


@pytest.mark.parametrize(("kind", "changes", "rule"), BROKEN, ids=lambda value: str(value))
def test_broken_rules(kind: MessageType, changes: dict[str, Any], rule: str) -> None:
    """The bits never hide a broken rule."""
    headers = dict(NOTIFICATION.headers) | {"Date": 1, "Message-ID": "1", "X-Mms-Status": "Retrieved"}
    headers["X-Mms-Expiry"] = changes.get("expiry", ("relative", 1))
    if "reports" in changes:
        headers |= {"X-Mms-Message-Class": "Auto", "X-Mms-Delivery-Report": True}
    if "newer" in changes:
        headers["X-Mms-Applic-ID"] = "a"
    pairs = [*headers.items()] + [("X-Mms-Message-Size", 1)] * ("again" in changes)
    message = MessageFields(
        message_type=kind,
        transaction_id=changes.get("transaction_id", "1"),
        version=changes.get("version", "1.2"),
        sender=changes.get("sender", "+1"),
        to=() if kind == "m-send-req" else ("+2",),
        headers=tuple(pairs),
        content_type=None,
    )
    octets = pdu_writer.to_bytes(message, strict=False)
    assert any(fault.startswith(rule) for fault in violations(message))
    assert any(oddity.startswith(rule) for oddity in pdu_reader.from_bytes(octets).oddities)
    compare(octets)


def test_a_header_above_the_bits_of_the_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header at 0xC0 needs its row alone: the scanner stops there, and the readers continue behind it."""
    new = Header("X-Mms-New", 0xC0, TEXT, "1.2")
    monkeypatch.setitem(BY_NUMBER, new.number, new)
    monkeypatch.setitem(BY_NAME, new.name.lower(), new)
    monkeypatch.setattr(pdu_reader, "USUAL", scanners._scanner(BY_NUMBER))
    headers = (("X-Mms-Priority", "High"), ("X-Mms-New", "a"), ("X-Mms-Store", True), ("X-Mms-New", "b"))
    octets = pdu_writer.to_bytes(replace(COMPLETE["m-send-req"], headers=headers), strict=False)
    assert b"\x8f\x82\xc0a\0\xa2\x80\xc0b\0" in octets
    found = pdu_reader.from_bytes(octets)
    assert found.headers == headers
    assert [text.partition(" (")[0] for text in found.oddities] == ["X-Mms-New occurs 2 times"]
    compare(octets)
