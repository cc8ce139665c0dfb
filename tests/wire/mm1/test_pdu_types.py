"""The rules of whole PDUs, kept in writing and told in reading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.pdu_strategies import (
    header,
)
from tests.made.pdus import (
    COMPLETE,
    LOCATION,
    loosely,
)
from transcode.errors import MessageError, PduError
from transcode.model import HeaderValue, MessageFields, MessageType
from transcode.wire.mm1 import pdu_reader, pdu_writer, wsp
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.rules import violations

quick = settings(deadline=None, max_examples=150)


def test_every_type_is_written_strictly_and_comes_back() -> None:
    """A complete PDU of each type breaks no rule, in either direction."""
    assert set(COMPLETE) == set(PDU_TYPES)
    for message in COMPLETE.values():
        assert pdu_reader.from_bytes(pdu_writer.to_bytes(message)) == message


@pytest.mark.parametrize("kind", list(PDU_TYPES))
def test_nothing_mandatory_can_be_left_out(kind: MessageType) -> None:
    """A PDU that lacks a mandatory header of its type is not written, and is read with an oddity."""
    message, pdu_type = COMPLETE[kind], PDU_TYPES[kind]
    fields: dict[str, dict[str, Any]] = {
        "X-Mms-Transaction-Id": {"transaction_id": None},
        "From": {"sender": None},
        "To": {"to": ()},
    }
    for name in pdu_type.required:
        kept = tuple(pair for pair in message.headers if pair[0] != name)
        change: dict[str, Any] = fields.get(name, {"headers": kept})
        if name == "From" and pdu_type.by_client:
            # The network inserts it.
            continue
        short = replace(message, **change)
        with pytest.raises(MessageError, match=f"{pdu_type.name}: {name} is missing"):
            pdu_writer.to_bytes(short)
        assert any(
            f"{name} is missing" in oddity for oddity in pdu_reader.from_bytes(loosely(short)).oddities
        )


@pytest.mark.parametrize(
    ("kind", "change", "fault"),
    [
        ("m-send-req", {"to": ()}, "a recipient is missing"),
        ("m-forward-req", {"to": (), "cc": ()}, "a recipient is missing"),
        ("m-send-req", {"content_type": None, "parts": ()}, "Content-Type is missing"),
        ("m-send-conf", {"headers": (("X-Mms-Response-Status", "Ok"),)}, "Message-ID is missing"),
        ("m-delivery-ind", {"transaction_id": "T"}, "is not allowed in M-Delivery.ind"),
        ("m-mbox-descr", {"transaction_id": "T"}, "is not allowed in M-Mbox-Descr"),
        ("m-mbox-upload-req", {"content_type": None, "parts": ()}, "Content-Type is missing"),
        ("m-delete-req", {"version": "1.2"}, "M-Delete.req needs MMS 1.3, and the message has version 1.2"),
        ("m-mbox-view-req", {"version": "1.1"}, "M-Mbox-View.req needs MMS 1.2"),
        ("m-mbox-store-req", {"headers": (LOCATION, LOCATION)}, "X-Mms-Content-Location occurs 2 times"),
        (
            "m-delete-conf",
            {"headers": (("X-Mms-Response-Status", "Ok"),)},
            "X-Mms-Response-Status in M-Delete.conf has no count",
        ),
        ("m-send-req", {"headers": (("Date", 1), ("Date", 2))}, "Date occurs 2 times"),
        (
            "m-send-req",
            {"headers": (("X-Mms-Content-Class", "text"),)},
            "needs MMS 1.3, and the message has version 1.2",
        ),
        (
            "m-send-req",
            {"headers": (("X-Mms-Message-Class", "Auto"), ("X-Mms-Read-Report", True))},
            "requested by a message of class Auto",
        ),
        (
            "m-notification-ind",
            {
                "headers": (
                    ("X-Mms-Expiry", ("absolute", 1)),
                    *COMPLETE["m-notification-ind"].headers[::3],
                    ("X-Mms-Message-Size", 1),
                )
            },
            "must be relative",
        ),
    ],
)
def test_rules_are_kept_in_writing_and_told_in_reading(kind: str, change: dict[str, Any], fault: str) -> None:
    """The writer refuses, unless it is told not to look; the reader notes the same."""
    message = replace(COMPLETE[kind], **change)
    with pytest.raises(MessageError, match=fault):
        pdu_writer.to_bytes(message)
    assert any(fault in oddity for oddity in pdu_reader.from_bytes(loosely(message)).oddities)


def test_octets_of_a_deletion() -> None:
    """A count in front of each value, by the standard; a value without one is read and told."""
    octets = b"\x8c\x95\x98T1\0\x8d\x93\x83\x07\x81m://1\0\x92\x02\x81\xe4\x93\x08\x81\x06\xeax\xc3\xa9!\0"
    found = pdu_reader.from_bytes(octets)
    assert found.oddities == ()
    assert found.headers == (
        ("X-Mms-Content-Location", (1, "m://1")),
        ("X-Mms-Response-Status", (1, "Error-permanent-message-not-found")),
        ("X-Mms-Response-Text", (1, "xé!")),
    )
    assert pdu_writer.to_bytes(found) == octets
    plain = pdu_reader.from_bytes(b"\x8c\x92\x98T1\0\x8d\x92\x83m://1\0\x92\x80")
    assert plain.headers == (("X-Mms-Content-Location", "m://1"), ("X-Mms-Response-Status", "Ok"))
    assert len(plain.oddities) == 2


def test_views_and_descriptions_without_a_body() -> None:
    """A mailbox in which nothing was found, and a description that does not show what it describes."""
    for kind in ("m-mbox-view-conf", "m-mbox-descr"):
        bare = replace(COMPLETE[kind], content_type=None, parameters=(), parts=())
        assert pdu_reader.from_bytes(pdu_writer.to_bytes(bare)) == bare
    (part,) = pdu_reader.from_bytes(pdu_writer.to_bytes(COMPLETE["m-mbox-view-conf"])).parts
    nested = pdu_reader.from_bytes(bytes(part.data))
    assert (nested.message_type, nested.headers) == (
        "m-mbox-descr",
        (LOCATION, ("Message-ID", "m"), ("X-Mms-MM-State", "Sent")),
    )


def test_every_type_of_the_corpus(shared: Path) -> None:
    """Each comes out octet by octet as it came, under its name."""
    paths = sorted((shared / "cases" / "wire" / "types").glob("*.mms"))
    assert len(paths) == 13
    for path in paths:
        found = pdu_reader.from_bytes(path.read_bytes())
        assert found.message_type == path.stem
        assert found.transaction_id == "T1"
        assert loosely(found) == path.read_bytes(), path.stem


@quick
@given(
    st.sampled_from(list(COMPLETE.values())), st.lists(header, max_size=4), st.sampled_from(["1.2", "1.3"])
)
def test_any_sound_message_comes_back_without_an_oddity(
    message: MessageFields, more: list[tuple[str, HeaderValue]], version: str
) -> None:
    """A message that is written strictly is read as the same message, with no oddity."""
    there = {name.lower() for name, _ in message.headers}
    added = {name.lower(): (name, value) for name, value in more if name.lower() not in there}
    made = replace(message, headers=(*message.headers, *added.values()), version=version)
    try:
        encoded = pdu_writer.to_bytes(made)
    except MessageError:
        assert next(violations(made), None) is not None
        return
    found = pdu_reader.from_bytes(encoded)
    assert replace(found, oddities=()) == made
    assert all("0xC9" in oddity for oddity in found.oddities)


def test_the_frame_of_a_push_is_taken_off() -> None:
    """A notification as it comes by SMS, with the frame of WSP in front, which is noted."""
    octets = pdu_writer.to_bytes(COMPLETE["m-notification-ind"])
    for content_type in (b"\xbe", b"application/vnd.wap.mms-message\0"):
        head = content_type + b"\xaf\x84\xb4\x84"
        pushed = b"\x25\x06" + wsp.uintvar(len(head)) + head + octets
        found = pdu_reader.from_bytes(pushed)
        assert replace(found, oddities=()) == COMPLETE["m-notification-ind"]
        assert "a WAP Push frame" in found.oddities[0]
        assert len(found.oddities) == 1
    for other in (b"\x25\x06\x01\x83" + octets, b"\x25\x06\x7f\xbe", b"\x25\x06"):
        with pytest.raises(PduError):
            pdu_reader.from_bytes(other)
