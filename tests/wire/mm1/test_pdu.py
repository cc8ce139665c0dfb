"""PDUs: exact octets, round trips, lengths, and another program's reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.pdu_strategies import (
    messages,
    multipart,
)
from tests.made.pdus import (
    COMPLETE,
    SENT,
    SENT_OCTETS,
    loosely,
    notification,
    with_part,
)
from tests.wire import judge
from transcode.model import MessageFields, Part
from transcode.wire.mm1 import pdu_reader, pdu_writer
from transcode.wire.mm1.headers import BY_NAME, BY_NUMBER, HEADERS
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.rules import violations

quick = settings(deadline=None, max_examples=150)


def test_a_submission_octet_by_octet() -> None:
    """An M-Send.req has the octets that the standard and nearly all phones write."""
    assert pdu_writer.to_bytes(SENT) == SENT_OCTETS


def test_the_submission_is_read_back() -> None:
    """The message that was written is read again, without an oddity."""
    assert pdu_reader.from_bytes(SENT_OCTETS) == SENT


@pytest.mark.parametrize(
    ("message", "octets"),
    [
        (
            MessageFields(transaction_id="1", version="1.0", content_type=None),
            b"\x8c\x80\x981\0\x8d\x90\x89\x01\x81",
        ),
        (
            MessageFields(
                transaction_id="1",
                sender="+1/TYPE=PLMN",
                cc=("a@b",),
                bcc=("ü",),
                content_type="application/vnd.wap.multipart.mixed",
                parts=(Part("image/gif", b"GIF", disposition="attachment", filename="a.gif"),),
            ),
            b"\x8c\x80\x981\0\x8d\x92\x89\x0e\x80+1/TYPE=PLMN\0\x82a@b\0\x81\x05\xea\x7f\xc3\xbc\0"
            b"\x84\xa3\x01\x0b\x03\x9d\xae\x08\x81\x86a.gif\0GIF",
        ),
        (
            notification(0, "http://m/1", transaction_id="n", sender="+1/TYPE=PLMN"),
            b"\x8c\x82\x98n\0\x8d\x92\x89\x0e\x80+1/TYPE=PLMN\0\x8a\x80\x8e\1\0\x88\x05\x81\x03\x03\xf4\x80"
            b"\x83http://m/1\0",
        ),
        (
            MessageFields(
                message_type="m-notifyresp-ind",
                transaction_id="n",
                headers=(("X-Mms-Status", "Retrieved"), ("X-Mms-Report-Allowed", True)),
                content_type=None,
            ),
            b"\x8c\x83\x98n\0\x8d\x92\x95\x81\x91\x80",
        ),
        (
            MessageFields(
                message_type="m-retrieve-conf",
                headers=(("Date", 1), ("X-Mms-Retrieve-Status", "Error-permanent-message-not-found")),
                content_type="text/plain",
                parts=(Part("text/plain", b"gone", charset="us-ascii"),),
            ),
            b"\x8c\x84\x8d\x92\x85\1\1\x99\xe2\x84\x03\x83\x81\x83gone",
        ),
        (
            MessageFields(
                message_type="m-delivery-ind",
                to=("1",),
                headers=(
                    ("Message-ID", "m"),
                    ("Date", 1306831350),
                    ("X-Mms-Status", 0xA0),
                    ("X-Own", "v"),
                    ("X-Mms-Previously-Sent-By", (1, "ab")),
                ),
                content_type=None,
            ),
            b"\x8c\x86\x8d\x92\x971\0\x8bm\0\x85\x04\x4d\xe4\xa9\xf6\x95\xa0X-Own\0v\0\xa0\x04\x81ab\0",
        ),
    ],
    ids=["headers only", "mixed", "notification", "notifyresp", "refusal", "delivery"],
)
def test_other_messages_octet_by_octet(message: MessageFields, octets: bytes) -> None:
    """Messages of other types, with every type of value, have the expected octets."""
    assert loosely(message) == octets
    assert replace(pdu_reader.from_bytes(octets), oddities=()) == message


@quick
@given(messages)
def test_any_message_comes_back(message: MessageFields) -> None:
    """What is written is read as the same message, and nothing but missing headers and words is odd."""
    encoded = loosely(message)
    found = pdu_reader.from_bytes(encoded)
    assert replace(found, oddities=()) == message
    told = [oddity.partition(" (at octet")[0] for oddity in found.oddities if "0xC9" not in oddity]
    assert told == list(violations(message))


@quick
@given(messages)
def test_the_length_is_exact(message: MessageFields) -> None:
    """Length and overhead agree with what is written."""
    encoded = loosely(message)
    assert pdu_writer.length(message) == len(encoded)
    assert pdu_writer.overhead(message) == len(encoded) - sum(len(part.data) for part in message.parts)


@quick
@given(multipart, st.data())
def test_the_length_is_known_before_the_media(message: MessageFields, draw: st.DataObject) -> None:
    """Empty parts and their sizes give the length of the message with its data."""
    planned = replace(message, parts=tuple(replace(part, data=b"") for part in message.parts))
    sizes = [draw.draw(st.sampled_from([0, 1, 127, 128, 16383, 16384, 70000])) for _ in message.parts]
    made = replace(
        message,
        parts=tuple(replace(part, data=bytes(size)) for part, size in zip(message.parts, sizes, strict=True)),
    )
    assert pdu_writer.length(planned, sizes) == len(loosely(made))
    assert pdu_writer.overhead(planned, sizes) == len(loosely(made)) - sum(sizes)


def test_sizes_must_be_as_many_as_parts() -> None:
    """A wrong number of sizes is the caller's mistake."""
    with pytest.raises(ValueError, match="2 sizes are given for 3 parts"):
        pdu_writer.length(SENT, [1, 2])


def test_limit_reports_and_oddities_are_not_written() -> None:
    """Limit, reports and oddities change no octet."""
    assert pdu_writer.to_bytes(replace(SENT, limit=1, oddities=("odd",))) == SENT_OCTETS


def test_the_table_is_one_to_one() -> None:
    """Names and numbers are unique, all from 81 to BF, and versions grow with the numbers."""
    assert len(BY_NAME) == len(BY_NUMBER) == len(HEADERS)
    assert set(BY_NUMBER) == set(range(0x81, 0xC0))
    assert [header.since for header in HEADERS] == sorted(header.since for header in HEADERS)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_part_data_are_views(kind: Callable[[bytes], bytes | bytearray | memoryview]) -> None:
    """The data of parts are not copied from any type of buffer."""
    octets = kind(SENT_OCTETS)
    for found in pdu_reader.from_bytes(octets).parts:
        assert isinstance(found.data, memoryview)
        assert found.data.obj is (octets.obj if isinstance(octets, memoryview) else octets)


def test_tshark_follows_to_the_last_octet(shared: Path, tmp_path: Path) -> None:
    """Wireshark names every PDU, and leaves no octet unread. Of what came with 1.2 and 1.3 it knows less."""
    written: dict[str, MessageFields] = {
        **{str(kind): COMPLETE[kind] for kind in list(PDU_TYPES)[:11]},
        "submission": SENT,
        "subject of 31 octets": replace(SENT, subject="a" + "é" * 14),
        "cyrillic": replace(SENT, subject="Питер", sender="Имя <a@example.org>"),
        "names": with_part(
            disposition="attachment", filename="ü.jpg", headers=(("X-Own", "1"),), parameters=(("x", "y"),)
        ),
        "long": with_part(name="n" * 40, data=bytes(20_000)),
        "refusal": MessageFields(
            message_type="m-retrieve-conf",
            headers=(("Date", 1306831350), ("X-Mms-Retrieve-Status", "Error-permanent-message-not-found")),
            content_type="text/plain",
            parts=(Part("text/plain", b"gone", charset="utf-8"),),
        ),
        "retrieval": replace(
            SENT,
            message_type="m-retrieve-conf",
            sender="+1/TYPE=PLMN",
            headers=(
                ("Message-ID", "m@example.org"),
                ("Date", 1306831350),
                ("X-Mms-Expiry", ("absolute", 1306831350)),
                ("X-Mms-Delivery-Time", ("relative", 0)),
                ("X-Mms-Previously-Sent-By", (1, "é")),
                ("X-Own", "v"),
            ),
        ),
        "notification": notification(300_000, "http://m/1", message_class="x-own", transaction_id="n"),
        "delivery": MessageFields(
            message_type="m-delivery-ind",
            to=("+1/TYPE=PLMN",),
            headers=(("Message-ID", "m"), ("Date", 1306831350), ("X-Mms-Status", "Retrieved")),
            content_type=None,
        ),
    }
    octets = {name: pdu_writer.to_bytes(message) for name, message in written.items()}
    found = judge.examine(shared, octets, tmp_path)
    assert found.keys() == octets.keys()
    for name, finding in found.items():
        assert finding.message_type == written[name].message_type, name
        assert (finding.problems, finding.unread) == ([], []), name
        assert finding.parts == judge.parts_of(octets[name]), name
    assert {("mmse.transaction_id", "T1"), ("mmse.subject", "Hi")} <= found["submission"].fields
