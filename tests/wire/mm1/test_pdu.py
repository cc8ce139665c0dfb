"""PDUs: exact octets, round trips, refusals, hostile octets, and another program's reading."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import bounded
from tests.wire import judge
from transcode.errors import MessageError, PduError
from transcode.message import location
from transcode.model import HeaderValue, Message, MessageType, Part
from transcode.wire.mm1 import pdu_reader, pdu_writer, wsp
from transcode.wire.mm1.headers import BY_NAME, BY_NUMBER, HEADERS
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.rules import violations

quick = settings(deadline=None, max_examples=150)
loosely = partial(pdu_writer.to_bytes, strict=False)

SMIL = b"<smil/>"
JPEG = bytes(range(256)) * 3
SENT = Message(
    transaction_id="T1",
    to=("+15555550100/TYPE=PLMN", "someone@example.org"),
    subject="Hi",
    headers=(("X-Mms-Message-Class", "Personal"), ("X-Mms-Delivery-Report", False)),
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(
        Part("application/smil", SMIL, content_id="smil", content_location="smil.xml", name="smil.xml"),
        Part("image/jpeg", JPEG, content_id="image1", content_location="image1.jpg", name="image1.jpg"),
        Part("text/plain", "ä".encode(), content_location="text1.txt", charset="utf-8"),
    ),
)
SENT_OCTETS = b"".join(
    [
        b"\x8c\x80",
        b"\x98T1\0",
        b"\x8d\x92",
        b"\x89\x01\x81",
        b"\x97+15555550100/TYPE=PLMN\0",
        b"\x97someone@example.org\0",
        b"\x96Hi\0",
        b"\x8a\x80",
        b"\x86\x81",
        b"\x84\x1b\xb3\x89application/smil\0\x8a<smil>\0",
        b"\x03",
        b"\x2f\x07",
        b'\x1bapplication/smil\0\x85smil.xml\0\xc0"<smil>\0\x8esmil.xml\0',
        SMIL,
        b"\x25\x86\x00",
        b'\x0d\x9e\x85image1.jpg\0\xc0"<image1>\0\x8eimage1.jpg\0',
        JPEG,
        b"\x0f\x02",
        b"\x03\x83\x81\xea\x8etext1.txt\0",
        b"\xc3\xa4",
    ]
)

# Strategies

CONTROLS = "".join(map(chr, [*range(0x20), 0x7F]))
plain = st.text(st.characters(codec="utf-8", exclude_characters=CONTROLS), max_size=40)
# A byte order mark in front is a mark, not text.
address = plain.filter(lambda text: not text.startswith("\ufeff"))
line = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=60).filter(
    lambda text: not text.startswith("\ufeff")
)
token = st.from_regex(r"[!#$%&'*+.^_`|~0-9a-z-]{1,12}", fullmatch=True)
number = st.one_of(st.integers(0, 300), st.integers(0, 1 << 40))
time_value = st.tuples(st.sampled_from(["absolute", "relative"]), number)
header: st.SearchStrategy[tuple[str, HeaderValue]] = st.one_of(
    st.tuples(
        st.sampled_from(
            ["X-Mms-Delivery-Report", "X-Mms-Read-Report", "X-Mms-Adaptation-Allowed", "X-Mms-DRM-Content"]
        ),
        st.booleans(),
    ),
    st.tuples(st.just("X-Mms-Message-Class"), st.one_of(st.sampled_from(["Personal", "Auto"]), token)),
    st.tuples(st.just("X-Mms-Priority"), st.sampled_from(["Low", "Normal", "High"])),
    st.tuples(st.just("X-Mms-Retrieve-Status"), st.sampled_from(["Ok", "Error-transient-failure", 0xC9])),
    st.tuples(st.sampled_from(["X-Mms-Expiry", "X-Mms-Delivery-Time"]), time_value),
    st.tuples(st.sampled_from(["Date", "X-Mms-Message-Size", "X-Mms-Start"]), number),
    st.tuples(st.sampled_from(["Message-ID", "X-Mms-Content-Location", "X-Mms-Applic-ID"]), plain),
    st.tuples(st.sampled_from(["X-Mms-Retrieve-Text", "X-Mms-Response-Text"]), line),
    st.tuples(st.just("X-Mms-Previously-Sent-By"), st.tuples(number, address)),
    st.tuples(st.just("X-Mms-Previously-Sent-Date"), st.tuples(number, number)),
    st.tuples(st.just("X-Mms-MM-Flags"), st.tuples(st.sampled_from(["add", "filter"]), line)),
    st.tuples(st.just("X-Mms-Attributes"), st.sampled_from(["To", "Content-Type", "x-own"])),
    st.tuples(st.sampled_from(["Content", "Additional-headers"]), st.binary(max_size=40).map(bytes.hex)),
    st.tuples(
        st.just("X-Mms-Element-Descriptor"),
        st.tuples(plain, st.sampled_from(["type", "x-own"]), st.sampled_from(["image/jpeg", "x/y"])),
    ),
    st.tuples(st.just("X-Mms-Mbox-Totals"), st.tuples(st.sampled_from(["messages", "octets"]), number)),
    st.tuples(token.map(lambda name: f"X-Own-{name}"), plain),
)
parameter = st.one_of(
    st.tuples(st.sampled_from(["start", "start-info", "level", "x-own"]), plain),
    st.tuples(st.just("type"), st.sampled_from(["application/smil", "text/html"])),
)
media_type = st.one_of(
    st.sampled_from(["image/jpeg", "application/smil", "text/plain", "audio/amr", "text/x-vcard"]),
    st.from_regex(r"x-[a-z0-9]{1,9}/[a-z0-9.+-]{1,9}", fullmatch=True),
)
data = st.one_of(st.binary(max_size=40), st.sampled_from([127, 128, 16384]).map(bytes))
part = st.builds(
    Part,
    content_type=media_type,
    data=data,
    content_id=st.none() | plain.filter(lambda text: text == text.strip('<>" ')),
    content_location=st.none() | plain.map(location.uri),
    name=st.none() | plain,
    charset=st.none() | st.sampled_from(["utf-8", "utf-16", "us-ascii", "*", "mib-2999", "x-own"]),
    disposition=st.sampled_from(["inline", "attachment", "form-data", "x-own"]),
    filename=st.none() | plain,
    parameters=st.lists(parameter, max_size=2).map(tuple),
    headers=st.lists(st.tuples(token.map(lambda name: f"x-{name}"), plain), max_size=2).map(tuple),
)
part = part | part.map(lambda part: replace(part, disposition=None, filename=None))
addresses = st.lists(address, max_size=2).map(tuple)
bodiless = st.builds(
    Message,
    message_type=st.sampled_from(list(PDU_TYPES)),
    transaction_id=st.none() | plain,
    version=st.sampled_from(["1.0", "1.2", "1.3", "1", "7.14"]),
    sender=st.none() | address,
    to=addresses,
    cc=addresses,
    bcc=addresses,
    subject=st.none() | line,
    headers=st.lists(header, max_size=4).map(tuple),
    content_type=st.none(),
)
multipart = st.builds(
    replace,
    bodiless,
    message_type=st.sampled_from(["m-send-req", "m-retrieve-conf"]),
    content_type=st.sampled_from(
        [
            "application/vnd.wap.multipart.related",
            "application/vnd.wap.multipart.mixed",
            "multipart/mixed",
            "multipart/related",
        ]
    ),
    parameters=st.lists(parameter, max_size=3).map(tuple),
    parts=st.lists(part, max_size=4).map(tuple),
)


def single(message: Message, part: Part) -> Message:
    """A message whose body is one part and no multipart."""
    bare = replace(part, content_id=None, content_location=None, disposition=None, filename=None, headers=())
    return replace(message, content_type=bare.content_type, parameters=(), parts=(bare,))


messages = st.one_of(bodiless, multipart, st.builds(single, multipart, part))


# Writing and reading


def test_a_submission_octet_by_octet() -> None:
    """An M-Send.req as the standard and nearly all phones write it."""
    assert pdu_writer.to_bytes(SENT) == SENT_OCTETS


def test_the_submission_is_read_back() -> None:
    """And the same message again, with nothing odd about it."""
    assert pdu_reader.from_bytes(SENT_OCTETS) == SENT


@pytest.mark.parametrize(
    ("message", "octets"),
    [
        (
            Message(transaction_id="1", version="1.0", content_type=None),
            b"\x8c\x80\x981\0\x8d\x90\x89\x01\x81",
        ),
        (
            Message(
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
            Message(
                message_type="m-notification-ind",
                transaction_id="n",
                sender="+1/TYPE=PLMN",
                headers=(
                    ("X-Mms-Message-Class", "Personal"),
                    ("X-Mms-Message-Size", 0),
                    ("X-Mms-Expiry", ("relative", 259200)),
                    ("X-Mms-Content-Location", "http://m/1"),
                ),
                content_type=None,
            ),
            b"\x8c\x82\x98n\0\x8d\x92\x89\x0e\x80+1/TYPE=PLMN\0\x8a\x80\x8e\1\0\x88\x05\x81\x03\x03\xf4\x80"
            b"\x83http://m/1\0",
        ),
        (
            Message(
                message_type="m-notifyresp-ind",
                transaction_id="n",
                headers=(("X-Mms-Status", "Retrieved"), ("X-Mms-Report-Allowed", True)),
                content_type=None,
            ),
            b"\x8c\x83\x98n\0\x8d\x92\x95\x81\x91\x80",
        ),
        (
            Message(
                message_type="m-retrieve-conf",
                headers=(("Date", 1), ("X-Mms-Retrieve-Status", "Error-permanent-message-not-found")),
                content_type="text/plain",
                parts=(Part("text/plain", b"gone", charset="us-ascii"),),
            ),
            b"\x8c\x84\x8d\x92\x85\1\1\x99\xe2\x84\x03\x83\x81\x83gone",
        ),
        (
            Message(
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
def test_other_messages_octet_by_octet(message: Message, octets: bytes) -> None:
    """Of other types, with every kind of value."""
    assert loosely(message) == octets
    assert replace(pdu_reader.from_bytes(octets), oddities=()) == message


@quick
@given(messages)
def test_any_message_comes_back(message: Message) -> None:
    """What is written is read as the same message, and nothing but missing headers and words is odd."""
    encoded = loosely(message)
    found = pdu_reader.from_bytes(encoded)
    assert replace(found, oddities=()) == message
    told = [oddity.partition(" (at octet")[0] for oddity in found.oddities if "0xC9" not in oddity]
    assert told == list(violations(message))


@quick
@given(messages)
def test_the_length_is_exact(message: Message) -> None:
    """Length and overhead agree with what is written."""
    encoded = loosely(message)
    assert pdu_writer.length(message) == len(encoded)
    assert pdu_writer.overhead(message) == len(encoded) - sum(len(part.data) for part in message.parts)


@quick
@given(multipart, st.data())
def test_the_length_is_known_before_the_media(message: Message, draw: st.DataObject) -> None:
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
    with pytest.raises(ValueError, match="2 sizes for 3 parts"):
        pdu_writer.length(SENT, [1, 2])


def test_limit_reports_and_oddities_are_not_written() -> None:
    """They change no octet."""
    assert pdu_writer.to_bytes(replace(SENT, limit=1, oddities=("odd",))) == SENT_OCTETS


def test_the_table_is_one_to_one() -> None:
    """No name and no number twice, all from 81 to BF, and the versions grow with the numbers."""
    assert len(BY_NAME) == len(BY_NUMBER) == len(HEADERS)
    assert set(BY_NUMBER) == set(range(0x81, 0xC0))
    assert [header.since for header in HEADERS] == sorted(header.since for header in HEADERS)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_part_data_are_views(kind: Callable[[bytes], bytes | bytearray | memoryview]) -> None:
    """Whatever the octets come in, the data of parts are not copied."""
    octets = kind(SENT_OCTETS)
    for found in pdu_reader.from_bytes(octets).parts:
        assert isinstance(found.data, memoryview)
        assert found.data.obj is (octets.obj if isinstance(octets, memoryview) else octets)


# The rules of whole PDUs

ONE = "+15555550100/TYPE=PLMN"
ANOTHER = "+15555550101/TYPE=PLMN"
LOCATION = ("X-Mms-Content-Location", "http://mmsc.example/1")
#: Of two messages, tied together by counts; the text has a charset.
OUTCOMES: tuple[tuple[str, HeaderValue], ...] = (
    ("X-Mms-Content-Location", (1, "http://mmsc.example/1")),
    ("X-Mms-Response-Status", (1, "Ok")),
    ("X-Mms-Content-Location", (200, "http://mmsc.example/2")),
    ("X-Mms-Response-Status", (200, "Error-permanent-message-not-found")),
    ("X-Mms-Response-Text", (200, "weg, für immer")),
)
DESCRIPTION = b"\x8c\x93\x8d\x92\x83http://mmsc.example/1\0\x8bm\0\xa3\x81"
COMPLETE: dict[str, Message] = {
    "m-send-req": SENT,
    "m-send-conf": Message(
        headers=(("X-Mms-Response-Status", "Ok"), ("Message-ID", "m@example.org")),
        content_type=None,
    ),
    "m-notification-ind": Message(
        sender=ONE,
        headers=(
            ("X-Mms-Message-Class", "Personal"),
            ("X-Mms-Message-Size", 300_000),
            ("X-Mms-Expiry", ("relative", 259_200)),
            ("X-Mms-Content-Location", "http://mmsc.example/1"),
        ),
        content_type=None,
    ),
    "m-notifyresp-ind": Message(headers=(("X-Mms-Status", "Deferred"),), content_type=None),
    "m-retrieve-conf": replace(
        SENT, sender=ONE, headers=(("Date", 1306831350), ("Message-ID", "m@example.org"))
    ),
    "m-acknowledge-ind": Message(headers=(("X-Mms-Report-Allowed", True),), content_type=None),
    "m-delivery-ind": Message(
        to=(ONE,),
        headers=(("Message-ID", "m"), ("Date", 1306831350), ("X-Mms-Status", "Retrieved")),
        content_type=None,
    ),
    "m-read-rec-ind": Message(
        to=(ONE,), headers=(("Message-ID", "m"), ("X-Mms-Read-Status", "Read")), content_type=None
    ),
    "m-read-orig-ind": Message(
        sender=ANOTHER,
        to=(ONE,),
        headers=(("Message-ID", "m"), ("Date", 1306831350), ("X-Mms-Read-Status", "Read")),
        content_type=None,
    ),
    "m-forward-req": Message(
        to=(ONE, "a@example.org"),
        cc=(ANOTHER,),
        headers=(
            ("Date", 1306831350),
            ("X-Mms-Expiry", ("absolute", 1306917750)),
            ("X-Mms-Delivery-Report", True),
            ("X-Mms-Content-Location", "http://mmsc.example/1"),
        ),
        content_type=None,
    ),
    "m-forward-conf": Message(
        headers=(
            ("X-Mms-Response-Status", "Error-permanent-message-not-found"),
            ("X-Mms-Response-Text", "weg, für immer"),
        ),
        content_type=None,
    ),
    "m-mbox-store-req": Message(
        headers=(
            LOCATION,
            ("X-Mms-MM-State", "New"),
            ("X-Mms-MM-Flags", ("add", "été")),
            ("X-Mms-MM-Flags", ("remove", "old")),
        ),
        content_type=None,
    ),
    "m-mbox-store-conf": Message(
        headers=(LOCATION, ("X-Mms-Store-Status", "Success"), ("X-Mms-Store-Status-Text", "ça va")),
        content_type=None,
    ),
    "m-mbox-view-req": Message(
        headers=(
            LOCATION,
            ("X-Mms-Content-Location", "http://mmsc.example/2"),
            ("X-Mms-MM-State", "Draft"),
            ("X-Mms-MM-State", "Forwarded"),
            ("X-Mms-MM-Flags", ("filter", "work")),
            ("X-Mms-Start", 1),
            ("X-Mms-Limit", 200),
            ("X-Mms-Attributes", "Subject"),
            ("X-Mms-Attributes", "Content"),
            ("X-Mms-Totals", True),
            ("X-Mms-Quotas", False),
        ),
        content_type=None,
    ),
    "m-mbox-view-conf": Message(
        headers=(
            ("X-Mms-Response-Status", "Ok"),
            LOCATION,
            ("X-Mms-Mbox-Totals", ("messages", 7)),
            ("X-Mms-Mbox-Totals", ("octets", 1_000_000)),
            ("X-Mms-Mbox-Quotas", ("messages", 100)),
            ("X-Mms-Message-Count", 1),
        ),
        content_type="application/vnd.wap.multipart.mixed",
        parts=(Part("application/vnd.wap.mms-message", DESCRIPTION),),
    ),
    "m-mbox-upload-req": replace(
        SENT,
        to=(),
        subject=None,
        headers=(("X-Mms-MM-State", "Draft"), ("X-Mms-MM-Flags", ("add", "x"))),
        content_type="application/vnd.wap.multipart.mixed",
        parameters=(),
        parts=(Part("application/vnd.wap.mms-message", DESCRIPTION), *SENT.parts),
    ),
    "m-mbox-upload-conf": Message(
        headers=(LOCATION, ("X-Mms-Store-Status", "Error-permanent-mmbox-full")), content_type=None
    ),
    "m-mbox-delete-req": Message(headers=(LOCATION, ("X-Mms-Content-Location", "a")), content_type=None),
    "m-mbox-delete-conf": Message(headers=OUTCOMES, content_type=None),
    "m-mbox-descr": replace(
        SENT,
        sender=ONE,
        headers=(
            LOCATION,
            ("Message-ID", "m@example.org"),
            ("X-Mms-MM-State", "Retrieved"),
            ("Date", 1306831350),
            ("X-Mms-Message-Size", 100),
        ),
    ),
    "m-delete-req": Message(headers=(LOCATION,), version="1.3", content_type=None),
    "m-delete-conf": Message(headers=OUTCOMES, version="1.3", content_type=None),
    "m-cancel-req": Message(
        headers=(("X-Mms-Cancel-ID", "m@example.org"),), version="1.3", content_type=None
    ),
    "m-cancel-conf": Message(
        headers=(("X-Mms-Cancel-Status", "Cancel request corrupted"),), version="1.3", content_type=None
    ),
}
NO_TRANSACTION = ("m-delivery-ind", "m-read-rec-ind", "m-read-orig-ind", "m-mbox-descr")
COMPLETE = {
    kind: replace(
        message,
        message_type=kind,  # type: ignore[arg-type]
        transaction_id=None if kind in NO_TRANSACTION else "T1",
    )
    for kind, message in COMPLETE.items()
}


def test_every_type_is_written_strictly_and_comes_back() -> None:
    """A complete PDU of each type breaks no rule, in either direction."""
    assert set(COMPLETE) == set(PDU_TYPES)
    for message in COMPLETE.values():
        assert pdu_reader.from_bytes(pdu_writer.to_bytes(message)) == message


@pytest.mark.parametrize("kind", list(PDU_TYPES))
def test_nothing_mandatory_can_be_left_out(kind: MessageType) -> None:
    """Without any one of the headers that its type demands a PDU is refused, and read with an oddity."""
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
        ("m-delivery-ind", {"transaction_id": "T"}, "which has none"),
        ("m-mbox-descr", {"transaction_id": "T"}, "which has none"),
        ("m-mbox-upload-req", {"content_type": None, "parts": ()}, "Content-Type is missing"),
        ("m-delete-req", {"version": "1.2"}, "M-Delete.req is of MMS 1.3, and the message of 1.2"),
        ("m-mbox-view-req", {"version": "1.1"}, "M-Mbox-View.req is of MMS 1.2"),
        ("m-mbox-store-req", {"headers": (LOCATION, LOCATION)}, "X-Mms-Content-Location stands 2 times"),
        (
            "m-delete-conf",
            {"headers": (("X-Mms-Response-Status", "Ok"),)},
            "X-Mms-Response-Status in M-Delete.conf has no count",
        ),
        ("m-send-req", {"headers": (("Date", 1), ("Date", 2))}, "Date stands 2 times"),
        (
            "m-send-req",
            {"headers": (("X-Mms-Content-Class", "text"),)},
            "is of MMS 1.3, and the message of 1.2",
        ),
        (
            "m-send-req",
            {"headers": (("X-Mms-Message-Class", "Auto"), ("X-Mms-Read-Report", True))},
            "asked for by a message of class Auto",
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
            "is not relative",
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
    message: Message, more: list[tuple[str, HeaderValue]], version: str
) -> None:
    """Strictly written, read as the same message with nothing odd."""
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
        assert "the frame of a WAP Push" in found.oddities[0]
        assert len(found.oddities) == 1
    for other in (b"\x25\x06\x01\x83" + octets, b"\x25\x06\x7f\xbe", b"\x25\x06"):
        with pytest.raises(PduError):
            pdu_reader.from_bytes(other)


# Refusals


def with_part(**fields: object) -> Message:
    """The submission, its second part changed."""
    parts = list(SENT.parts)
    parts[1] = replace(parts[1], **fields)  # type: ignore[arg-type]
    return replace(SENT, parts=tuple(parts))


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
def test_no_header_can_be_smuggled_in(field: str, change: Callable[[str], Message], bad: str) -> None:
    """Line ends and zeros are refused in every text, with the field's name, in one line."""
    with pytest.raises(MessageError) as caught:
        pdu_writer.to_bytes(change(bad))
    assert str(caught.value).startswith(field)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (replace(SENT, subject="\ud800"), "Subject: .*surrogates"),
        (replace(SENT, version="1.15"), "no version"),
        (replace(SENT, version=""), "no version"),
        (replace(SENT, content_type=None), "must be a content type"),
        (replace(SENT, message_type="m-send-conf"), "M-Send.conf has no body"),
        (replace(SENT, message_type="m-mbox-view-req"), "M-Mbox-View.req has no body"),
        (replace(SENT, message_type="mm4-forward-req"), "is none of m-send-req"),
        (replace(SENT, content_type="text/plain"), "there must be one part"),
        (
            Message(content_type="text/plain", parts=(Part("text/plain", b"", content_id="x"),)),
            "only parts of a multipart",
        ),
        (Message(content_type="text/plain", parts=(Part("text/html", b""),)), "must be that of the part"),
        (replace(SENT, headers=(("Subject", "x"),)), "has a field of its own"),
        (replace(SENT, headers=(("content-type", "x"),)), "has a field of its own"),
        (replace(SENT, headers=(("X-Own", 1),)), "its value must be text"),
        (replace(SENT, headers=(("Date", "now"),)), "Date: 'now' is no whole number"),
        (replace(SENT, headers=(("Date", True),)), "Date: True is no whole number"),
        (replace(SENT, headers=(("Date", -1),)), "Date: is no whole number"),
        (replace(SENT, headers=(("Message-ID", 1),)), "Message-ID: 1 is no text"),
        (replace(SENT, headers=(("X-Mms-Priority", "Urgent"),)), "none of Low, Normal, High"),
        (replace(SENT, headers=(("X-Mms-Priority", 5),)), "none of Low, Normal, High"),
        (replace(SENT, headers=(("X-Mms-Priority", ("Low",)),)), "is no word"),
        (replace(SENT, headers=(("X-Mms-Expiry", 3600),)), "is no pair"),
        (replace(SENT, headers=(("X-Mms-Expiry", ("soon", 3600)),)), "none of absolute, relative"),
        (with_part(content_id="<image1>"), r"parts\[1\].content_id: must stand without"),
        (with_part(filename="a.jpg"), r"parts\[1\].filename: belongs to a disposition"),
        (with_part(headers=(("Content-Transfer-Encoding", "base64"),)), "not for the caller"),
    ],
)
def test_what_can_not_be_sent_is_refused(message: Message, reason: str) -> None:
    """Values of the wrong kind, and what would be read as something else."""
    with pytest.raises(MessageError, match=reason):
        pdu_writer.to_bytes(message)


# Reading what others write

HEAD = b"\x8c\x84\x98T\0\x8d\x92\x85\x01\x01"
MIXED = HEAD + b"\x84\xa3"


def entry(head: bytes, data: bytes) -> bytes:
    """A part of a multipart."""
    return wsp.uintvar(len(head)) + wsp.uintvar(len(data)) + head + data


def read_odd(octets: bytes, oddity: str) -> Message:
    """The message, and one oddity that says this."""
    found = pdu_reader.from_bytes(octets)
    assert len(found.oddities) == 1, found.oddities
    assert oddity in found.oddities[0]
    return found


def test_an_octet_too_many() -> None:
    """A single octet behind the last header, as one phone writes it."""
    octets = b"\x8c\x85\x98T\0\x8d\x91\x91"
    assert read_odd(octets, "0x91 behind the last header").transaction_id == "T"


def test_an_unknown_header_is_skipped_by_its_first_octet() -> None:
    """One octet, a length, a text; the octets are told."""
    head = b"\x8c\x85\x98T\0\x8d\x91"
    for value, told in ((b"\x99", "'25'"), (b"\x02\xab\xcd", "'abcd'"), (b"text\0", "'text'")):
        found = read_odd(head + b"\xc7" + value + b"\x91\x80", told)
        assert found.headers == (("X-Mms-Report-Allowed", True),)


def test_an_unknown_word_keeps_its_octet() -> None:
    """It is given as a number and can be written again."""
    octets = b"\x8c\x83\x98T\0\x8d\x91\x95\x99"
    found = read_odd(octets, "0x99 stands for no word")
    assert found.headers == (("X-Mms-Status", 0x99),)
    assert pdu_writer.to_bytes(found) == octets


def test_words_spelled_out() -> None:
    """A class by name is allowed, a priority is odd, and both are read."""
    found = read_odd(HEAD + b"\x8aauto\0\x8fHIGH\0\x84\x83", "a word is spelled out")
    assert found.headers[1:] == (("X-Mms-Message-Class", "Auto"), ("X-Mms-Priority", "High"))
    found = pdu_reader.from_bytes(HEAD + b"\x8ax-own\0\x84\x83")
    assert found.headers[1:] == (("X-Mms-Message-Class", "x-own"),)


@pytest.mark.parametrize(
    ("octets", "sender", "oddity"),
    [
        (b"\x89+1/TYPE=PLMN\0", "+1/TYPE=PLMN", "neither a length nor a token"),
        (b"\x89\x81", None, "no length"),
        (b"\x89\x80+1\0", "+1", "no length"),
        (b"\x89\x03+1\0", "+1", "no token"),
        (b"\x89\x02\x81\0", None, "1 octets behind"),
    ],
)
def test_from_without_its_frame(octets: bytes, sender: str | None, oddity: str) -> None:
    """From is read where length or token are missing."""
    assert read_odd(HEAD + octets + b"\x84\x83", oddity).sender == sender


def test_a_header_spelled_out_is_told() -> None:
    """A known header by name is left out, and its text is told."""
    found = read_odd(HEAD + b"Subject\0Hi\0\x84\x83", "'Subject' is spelled out, and left out: 'Hi'")
    assert found.subject is None


def test_a_second_subject_is_told() -> None:
    """The first of two is taken."""
    assert read_odd(HEAD + b"\x96a\0\x96b\0\x84\x83", "a second Subject").subject == "a"


def test_missing_headers_are_told() -> None:
    """What a PDU type must have and has not is odd; nothing is made up for it."""
    found = pdu_reader.from_bytes(b"\x8c\x80\x96Hi\0")
    assert found.transaction_id is None
    assert found.version == ""
    assert found.content_type is None
    told = " ".join(found.oddities)
    for name in ("Content-Type", "X-Mms-MMS-Version", "X-Mms-Transaction-Id", "From", "a recipient"):
        assert f"{name} is missing" in told


def test_a_part_of_every_kind_of_header() -> None:
    """Numbers, names, old and new dispositions, ids with and without marks."""
    head = (
        b"\x83\xc0<a>\0\x8e/tmp/x\0\xc5\x08\x82\x98a.txt\0\x81\x83X-Own\0v\0"
        b"\x8d\x82\x92\x01\x07\xbe\x02\xab\xcd\x8ben\0"
    )
    found = pdu_reader.from_bytes(MIXED + b"\x01" + entry(head, b"hi"))
    assert found.oddities == ()
    assert found.parts == (
        Part(
            "text/plain",
            b"hi",
            content_id="a",
            content_location="/tmp/x",
            disposition="inline",
            filename="a.txt",
            headers=(
                ("Accept-Charset", "us-ascii"),
                ("X-Own", "v"),
                ("Date", "7"),
                ("Content-Range", "abcd"),
                ("Content-Encoding", "en"),
            ),
        ),
    )


def test_part_headers_spelled_out() -> None:
    """Names of headers with a field are known in any spelling."""
    head = (
        b"\x83content-id\0<a>\0CONTENT-LOCATION\0b\0"
        b'Content-Disposition\0Attachment; filename="c d.txt"\0Content-Length\0002\0'
    )
    (found,) = pdu_reader.from_bytes(MIXED + b"\x01" + entry(head, b"hi")).parts
    assert found == Part(
        "text/plain",
        b"hi",
        content_id="a",
        content_location="b",
        disposition="attachment",
        filename="c d.txt",
    )


@pytest.mark.parametrize(
    ("head", "oddity"),
    [
        (b"", "without a content type"),
        (b"\x05\x83", "4 octets too large for the content type"),
        (b"\x05\x1e", "without a content type"),
        (b"\x83\x05", "no header begins with 0x05"),
        (b"\x83\xae\x05\x82", "4 octets too large for a disposition"),
        (b"\x83\xae\x05", "can't be read"),
        (b"\x83\xae\x82", "without a length"),
        (b"\x83\xf0\x80", "part header 0xF0 is not known"),
        (b"\x83\x8d\x84", "Content-Length is '4'"),
        (b'\x83\xc0"<a>\0\xc0"<b>\0', "a second content id, left out: 'b'"),
        (b"\x83\xae\x03\x82\x96\x81", "left out: size='1'"),
        (b"\x83\x91\x9e", "a second Content-Type"),
        (b"\x83Content-Transfer-Encoding\0x-own\0", "'x-own' is not known"),
        (b"\x83Content-Transfer-Encoding\0base64\0", "is called base64 and is not"),
    ],
)
def test_a_broken_part_head_costs_only_the_head(head: bytes, oddity: str) -> None:
    """The data and the next part are read all the same."""
    found = pdu_reader.from_bytes(MIXED + b"\x02" + entry(head, b"h!\0") + entry(b"\x9e", b"jpeg"))
    assert oddity in found.oddities[0]
    assert [part.data for part in found.parts] == [b"h!\0", b"jpeg"]


@pytest.mark.parametrize(
    ("encoding", "data", "decoded"),
    [
        (b"base64", b"aGVsbG8h", b"hello!"),
        (b"Base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"base64", b"aGVsbG8", b"hello"),
        (b"base64", b"", b""),
        (b"quoted-printable", b"h=C3=A9=\r\nllo", "héllo".encode()),
        (b"8bit", b"\xff=", b"\xff="),
        (b"binary", b"aGVs", b"aGVs"),
    ],
)
def test_transfer_encodings_are_undone(encoding: bytes, data: bytes, decoded: bytes) -> None:
    """Data come out as they were before mail; the header goes."""
    head = b"\x83Content-Transfer-Encoding\0" + encoding + b"\0"
    found = pdu_reader.from_bytes(MIXED + b"\x01" + entry(head, data))
    assert found.parts == (Part("text/plain", decoded),)
    assert found.oddities == ()


def test_base64_that_was_cut() -> None:
    """As much as there is."""
    head = b"\x83Content-Transfer-Encoding\0base64\0"
    assert read_odd(MIXED + b"\x01" + entry(head, b"aGVsb"), "within an octet").parts[0].data == b"hel"


def test_a_multipart_within_gives_way_to_its_parts() -> None:
    """They stand in its place, and the first takes over the names it has not."""
    inner = b"\x02" + entry(b'\x83\xc0"<own>\0', b"text") + entry(b"\x9d", b"gif")
    body = entry(b'\x04\xa6\x85n\0\xc0"<outer>\0\x8eloc\0', inner) + entry(b"\x9e", b"jpeg")
    found = read_odd(MIXED + b"\x02" + body, "its 2 parts stand in its place")
    assert found.parts == (
        Part("text/plain", b"text", content_id="own", content_location="loc", name="n"),
        Part("image/gif", b"gif"),
        Part("image/jpeg", b"jpeg"),
    )


@pytest.mark.parametrize(
    ("head", "data"),
    [
        (b"\xa6", b"\x02\x05\x05\x9e"),
        (b"multipart/x\0", b"\x02\x05\x05\x9e"),
        (b"\x0c\x8fboundary\0x\0", b"\x01" + entry(b"\x9e", b"jpeg")),
    ],
    ids=["wap", "text", "mail"],
)
def test_a_multipart_that_is_none_stays_as_it_is(head: bytes, data: bytes) -> None:
    """Octets that can't be read as parts, or have a boundary as in mail, are one part."""
    found = pdu_reader.from_bytes(MIXED + b"\x01" + entry(head, data))
    assert [part.data for part in found.parts] == [data]


def test_multiparts_too_deep_stay_as_they_are() -> None:
    """Nesting has an end."""
    inner = b"\x01" + entry(b"\x83", b"text")
    for _ in range(9):
        inner = b"\x01" + entry(b"\xa6", inner)
    (found,) = pdu_reader.from_bytes(MIXED + inner).parts
    assert found.content_type == "application/vnd.wap.multipart.alternative"


def test_a_wrong_number_of_parts() -> None:
    """More declared than there are, and octets behind the last."""
    assert len(read_odd(MIXED + b"\x05" + entry(b"\x83", b"a"), "5 parts are declared, and 1").parts) == 1
    assert len(read_odd(MIXED + b"\x01" + entry(b"\x83", b"a") + b"xyz", "3 octets behind").parts) == 1


def test_the_body_of_a_refusal() -> None:
    """A multipart that is none is one part in a refusal, an error elsewhere."""
    octets = b"\x84\xa34504:Message not found"
    found = read_odd(HEAD + b"\x99\xe2" + octets, "no multipart")
    assert [part.data for part in found.parts] == [b"4504:Message not found"]
    assert read_odd(HEAD + b"\x99\xe2\x84\xa3", "no body behind").parts == ()
    with pytest.raises(PduError):
        pdu_reader.from_bytes(HEAD + b"\x99\x80" + octets)


@pytest.mark.parametrize(
    ("octets", "reason", "offset"),
    [
        (b"", "Message-Type is missing", 0),
        (b"\x98T\0\x8d\x92", "Message-Type is missing", 0),
        (b"\x8c\x98\x98T\0", "type 0x98, which is not handled", 0),
        (b"\x8cm-own\0\x98T\0", "type 'm-own', which is not handled", 0),
        (b"\x8c\x82\x89\x40", "a text has no end", 3),
        (b"\x8c\x82\x89\x05\x80+1", "5 octets are declared and 3 are left", 4),
        (b"\x8c\x82\x96\x05\xea\xc3", "5 octets are declared and 2 are left", 4),
        (b"\x8c\x82\x88\x03\x85\x01\x01", "none of absolute, relative", 4),
        (b"\x8c\x82\x05\x05", "no header begins with 0x05", 2),
        (b"\x8c\x82\x8f\x05\x05", "0x05 where a word is due", 3),
        (MIXED + b"\x01\x05\x05\x83", "5 octets are declared and 1 are left", 15),
        (MIXED + b"\xff\xff\xff\xff\xff\x7f", "32 bits", 17),
    ],
)
def test_broken_pdus_say_what_and_where(octets: bytes, reason: str, offset: int) -> None:
    """The error has the reason and the place."""
    with pytest.raises(PduError, match=reason) as caught:
        pdu_reader.from_bytes(octets)
    assert caught.value.offset == offset


# Hostile octets


def survives(octets: bytes) -> None:
    """Reading ends in a message or in a PduError within the octets; the message can be measured."""
    try:
        found = pdu_reader.from_bytes(octets)
    except PduError as error:
        assert 0 <= error.offset <= len(octets)
        assert str(error).isprintable()
        return
    assert sum(len(part.data) for part in found.parts) <= len(octets)
    try:
        loosely(found)
    except MessageError as error:
        assert str(error).isprintable()


@settings(deadline=None, max_examples=400)
@given(
    st.binary(max_size=120), st.sampled_from([b"", b"\x8c\x80", HEAD, MIXED, MIXED + b"\x02", HEAD + b"\x84"])
)
def test_any_octets(octets: bytes, head: bytes) -> None:
    """Octets of any kind, at the start of a PDU and at later places."""
    survives(head + octets)


@settings(deadline=None, max_examples=200)
@given(messages, st.data())
def test_changed_octets(message: Message, draw: st.DataObject) -> None:
    """Messages with octets changed, taken out and put in."""
    octets = bytearray(loosely(message))
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(octets) - 1))
        octets[at : at + draw.draw(st.integers(0, 2))] = draw.draw(st.binary(max_size=2))
        if not octets:
            break
    survives(bytes(octets))


def test_every_truncation() -> None:
    """A submission cut at each octet; from the Content-Type on that is an error."""
    body = SENT_OCTETS.index(b"\x84\x1b")
    for end in range(len(SENT_OCTETS)):
        survives(SENT_OCTETS[:end])
    for end in range(body + 30, len(SENT_OCTETS)):
        try:
            found = pdu_reader.from_bytes(SENT_OCTETS[:end])
        except PduError:
            continue
        # Cut between two parts.
        assert "3 parts are declared" in " ".join(found.oddities)


SIZE = 200_000
HOSTILE = {
    "recipients": HEAD + b"\x97\0" * (SIZE // 2),
    "unknown headers": HEAD + b"\xc7\x80" * (SIZE // 2),
    "named headers": HEAD + b"a\0b\0" * (SIZE // 4),
    "no end": HEAD + b"\x96" + b"a" * SIZE,
    "words": HEAD + b"\x96" + b"=?utf-8?q?x?= " * (SIZE // 14) + b"\0\x84\x83",
    "half words": HEAD + b"\x96" + b"=?a?q?" * (SIZE // 6) + b"\0\x84\x83",
    "blanks": HEAD + b"\x96=?a?q?x?=" + b" " * SIZE + b"\0\x84\x83",
    "parameters": HEAD + b"\x84\x1f" + wsp.uintvar(SIZE + 1) + b"\xa3" + b"\x85\0" * (SIZE // 2) + b"\0",
    "spelled parameters": HEAD + b"\x84text/plain" + b';a="' * (SIZE // 4) + b"\0",
    "blank parameters": HEAD + b"\x84text/plain; a" + b" " * SIZE + b"\0",
    "parts": MIXED + b"\x8f\xff\xff\xff\x7f" + b"\x01\0\x83" * (SIZE // 3),
    "nests": MIXED
    + wsp.uintvar(180)
    + b"".join(entry(b"\xa3", b"\x84\x74" + b"\x01\0\x83" * 332 + b"xx") for _ in range(180)),
    "part headers": MIXED + b"\x01" + entry(b"\x83" + b"\xf0\x80" * (SIZE // 2), b""),
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_octets_cost_little(octets: bytes) -> None:
    """Work grows with the octets, not with their square, and oddities stay few."""
    with bounded(), contextlib.suppress(PduError):
        assert len(pdu_reader.from_bytes(octets).oddities) < 110


# Another program's reading


def test_tshark_follows_to_the_last_octet(shared: Path, tmp_path: Path) -> None:
    """Wireshark names every PDU, and leaves no octet unread. Of what came with 1.2 and 1.3 it knows less."""
    written: dict[str, Message] = {
        **{str(kind): COMPLETE[kind] for kind in list(PDU_TYPES)[:11]},
        "submission": SENT,
        "subject of 31 octets": replace(SENT, subject="a" + "é" * 14),
        "cyrillic": replace(SENT, subject="Питер", sender="Имя <a@example.org>"),
        "names": with_part(
            disposition="attachment", filename="ü.jpg", headers=(("X-Own", "1"),), parameters=(("x", "y"),)
        ),
        "long": with_part(name="n" * 40, data=bytes(20_000)),
        "refusal": Message(
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
        "notification": Message(
            message_type="m-notification-ind",
            transaction_id="n",
            headers=(
                ("X-Mms-Message-Class", "x-own"),
                ("X-Mms-Message-Size", 300_000),
                ("X-Mms-Expiry", ("relative", 259200)),
                ("X-Mms-Content-Location", "http://m/1"),
            ),
            content_type=None,
        ),
        "delivery": Message(
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
