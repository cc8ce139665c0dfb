"""Answers to PDUs, octet for octet: what is copied, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.made.pdus import COMPLETE
from transcode.errors import MessageError
from transcode.model import MessageFields
from transcode.wire.mm1 import pdu_reader, pdu_writer
from transcode.wire.mm1.answers import Reaction, answer, reaction, refused_retrieval
from transcode.wire.mm1.header_words import RESPONSE_STATUS, RETRIEVE_STATUS

SUBMITTED = COMPLETE["m-send-req"]
NOTIFIED = COMPLETE["m-notification-ind"]
RETRIEVED = COMPLETE["m-retrieve-conf"]


def written(message: MessageFields) -> bytes:
    """The PDU, which is read as the message without an oddity."""
    octets = pdu_writer.to_bytes(message)
    assert pdu_reader.from_bytes(octets) == message
    return octets


def test_submissions() -> None:
    """A submission is accepted with an id, or refused with or without a text."""
    assert written(answer(SUBMITTED, message_id="M1@a.example")) == (
        b"\x8c\x81\x98T1\0\x8d\x92\x92\x80\x8bM1@a.example\0"
    )
    assert written(
        answer(SUBMITTED, "Error-permanent-sending-address-unresolved", text="no such number")
    ) == (b"\x8c\x81\x98T1\0\x8d\x92\x92\xe3\x93no such number\0")
    assert written(answer(SUBMITTED, "Error-transient-failure")) == b"\x8c\x81\x98T1\0\x8d\x92\x92\xc0"
    partly = answer(SUBMITTED, "Error-transient-partial-success", message_id="M")
    assert written(partly) == b"\x8c\x81\x98T1\0\x8d\x92\x92\xc4\x8bM\0"
    for octet, word in RESPONSE_STATUS.items():
        assert written(answer(SUBMITTED, word, message_id="M"))[9] == octet
    with pytest.raises(MessageError, match="Message-ID is missing"):
        written(answer(SUBMITTED))


def test_reactions_of_clients() -> None:
    """Clients answer notifications and retrievals; a header forbids reports, and its absence allows them."""
    assert written(answer(NOTIFIED, "Deferred")) == b"\x8c\x83\x98T1\0\x8d\x92\x95\x83"
    assert written(answer(NOTIFIED, "Retrieved", report_allowed=False)) == (
        b"\x8c\x83\x98T1\0\x8d\x92\x95\x81\x91\x81"
    )
    assert written(answer(RETRIEVED)) == b"\x8c\x85\x98T1\0\x8d\x92"
    assert written(answer(RETRIEVED, report_allowed=True)) == b"\x8c\x85\x98T1\0\x8d\x92\x91\x80"


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("1.0", "1.0"),
        ("1.1", "1.1"),
        ("1.3", "1.3"),
        ("1.4", "1.2"),
        ("2.0", "1.2"),
        ("1", "1.2"),
        ("", "1.2"),
    ],
)
def test_versions(version: str, wanted: str) -> None:
    """That of the request where the answer can have it."""
    made = answer(replace(SUBMITTED, version=version), message_id="M")
    assert made.version == wanted
    assert written(made)
    assert answer(replace(COMPLETE["m-delete-req"], version="1.0")).version == "1.3"


def test_mailboxes() -> None:
    """Stored, viewed, cancelled; a deletion is answered location by location."""
    stored = answer(COMPLETE["m-mbox-store-req"], "Error-permanent-mmbox-full", text="full")
    assert written(stored) == b"\x8c\x8c\x98T1\0\x8d\x92\xa5\xe4\xa6full\0"
    assert written(answer(COMPLETE["m-mbox-upload-req"])) == b"\x8c\x90\x98T1\0\x8d\x92\xa5\x80"
    assert written(answer(COMPLETE["m-mbox-view-req"])) == b"\x8c\x8e\x98T1\0\x8d\x92\x92\x80"
    assert written(answer(COMPLETE["m-cancel-req"])) == b"\x8c\x97\x98T1\0\x8d\x93\xbf\x80"
    refused = answer(COMPLETE["m-mbox-delete-req"], "Error-permanent-service-denied", text="no")
    assert refused.headers == (
        ("X-Mms-Content-Location", (1, "http://mmsc.example/1")),
        ("X-Mms-Response-Status", (1, "Error-permanent-service-denied")),
        ("X-Mms-Response-Text", (1, "no")),
        ("X-Mms-Content-Location", (2, "a")),
        ("X-Mms-Response-Status", (2, "Error-permanent-service-denied")),
        ("X-Mms-Response-Text", (2, "no")),
    )
    assert written(refused)


ANSWERED = {
    "m-send-req",
    "m-forward-req",
    "m-mbox-store-req",
    "m-mbox-upload-req",
    "m-mbox-view-req",
    "m-mbox-delete-req",
    "m-delete-req",
    "m-cancel-req",
    "m-notification-ind",
    "m-retrieve-conf",
}


@pytest.mark.parametrize("kind", sorted(COMPLETE))
def test_each_type(kind: str) -> None:
    """Requests have an answer of their name, and answers and reports have none."""
    request = COMPLETE[kind]
    if kind not in ANSWERED:
        with pytest.raises(MessageError, match=f"message_type: MM1 has no answer to '{kind}'"):
            answer(request)
        return
    status = "Rejected" if kind == "m-notification-ind" else None
    made = answer(request, status, message_id="M" if kind in ("m-send-req", "m-forward-req") else None)
    assert written(made)
    assert made.transaction_id == request.transaction_id
    if kind.endswith("-req"):
        assert made.message_type == kind.removesuffix("req") + "conf"


@pytest.mark.parametrize(
    ("request_", "status", "fields", "told"),
    [
        (SUBMITTED, "Refused", {}, "status: 'Refused' is not one of those of M-Send.conf: Ok, Error-unsp"),
        (SUBMITTED, "Retrieved", {}, "status: 'Retrieved' is not one of those of M-Send.conf"),
        (
            NOTIFIED,
            None,
            {},
            "status: None is not one of those of M-NotifyResp.ind: Retrieved, Rejected, Def",
        ),
        (NOTIFIED, "Expired", {}, "status: 'Expired' is not one of those of M-NotifyResp.ind"),
        (RETRIEVED, "Retrieved", {}, "status: 'Retrieved' is not one of those of M-Acknowledge.ind: none"),
        (SUBMITTED, None, {"report_allowed": True}, "report_allowed: M-Send.conf has no header for it"),
        (NOTIFIED, "Deferred", {"text": "x"}, "text: M-NotifyResp.ind has no header for it"),
        (NOTIFIED, "Deferred", {"message_id": "x"}, "message_id: M-NotifyResp.ind has no header for it"),
        (COMPLETE["m-cancel-req"], None, {"text": "x"}, "text: M-Cancel.conf has no header for it"),
    ],
)
def test_what_an_answer_does_not_have(
    request_: MessageFields, status: str | None, fields: dict[str, object], told: str
) -> None:
    """A status of another answer, and an argument without a header, are refused."""
    with pytest.raises(MessageError, match=told):
        answer(request_, status, **fields)  # type: ignore[arg-type]


def test_reactions_are_read() -> None:
    """What a client answers, with its status as it is; only No forbids the report."""
    for status in ("Retrieved", "Rejected", "Deferred", "Unrecognised"):
        assert reaction(answer(NOTIFIED, status)) == Reaction("T1", status, report_allowed=True)
    assert reaction(answer(NOTIFIED, "Rejected", report_allowed=False)).report_allowed is False
    assert reaction(answer(RETRIEVED)) == Reaction("T1", "Retrieved", report_allowed=True)
    assert reaction(answer(RETRIEVED, report_allowed=False)) == ("T1", "Retrieved", False)
    shouted = replace(answer(NOTIFIED, "Deferred"), headers=(("x-mms-STATUS", "Deferred"),))
    assert reaction(shouted).status == "Deferred"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (SUBMITTED, "message_type: 'm-send-req' is no reaction of a client"),
        (replace(SUBMITTED, message_type="mm4-forward-res"), "'mm4-forward-res' is no reaction"),
        (
            replace(answer(RETRIEVED), transaction_id=None),
            "M-Acknowledge.ind: X-Mms-Transaction-Id is missing",
        ),
        (
            replace(answer(NOTIFIED, "Deferred"), transaction_id=""),
            "M-NotifyResp.ind: X-Mms-Transaction-Id is",
        ),
        (
            replace(answer(NOTIFIED, "Deferred"), headers=()),
            "M-NotifyResp.ind: X-Mms-Status is None, not one",
        ),
        (
            replace(answer(NOTIFIED, "Deferred"), headers=(("X-Mms-Status", "Indeterminate"),)),
            "X-Mms-Status is 'Indeterminate', not one of Retrieved, Rejected, Deferred, Unrecognised",
        ),
    ],
)
def test_what_is_no_reaction(message: MessageFields, told: str) -> None:
    """No status is guessed: a message that was not retrieved must not count as retrieved."""
    with pytest.raises(MessageError, match=told):
        reaction(message)


def test_refused_retrievals() -> None:
    """A passing failure has no content; one for good has the text, or the status, as a message."""
    passing = refused_retrieval("Error-transient-failure", date=1_700_000_000, transaction_id="R1")
    assert written(passing) == b"\x8c\x84\x98R1\0\x8d\x92\x85\x04\x65\x53\xf1\x00\x99\xc0"
    later = refused_retrieval("Error-transient-network-problem", date=1, text="später", version="1.1")
    assert written(later) == b"\x8c\x84\x8d\x91\x85\x01\x01\x99\xc2\x9a\x09\xeasp\xc3\xa4ter\0"
    gone = refused_retrieval("Error-permanent-message-not-found", date=1, text="weg")
    assert written(gone) == (
        b"\x8c\x84\x8d\x92\x85\x01\x01\x99\xe2\x9aweg\0\x84\xa3\x01\x0f\x03\x03\x83\x81\x83\x8etext1.txt\0weg"
    )
    assert [part.text for part in gone.parts] == ["weg"]
    foreign = refused_retrieval("Error-permanent-failure", date=1, text="für immer")
    assert [(part.text, part.charset) for part in foreign.parts] == [("für immer", "utf-8")]
    for word in RETRIEVE_STATUS.values():
        if word != "Ok":
            made = refused_retrieval(word, date=1)
            assert written(made)
            assert [part.text for part in made.parts] == [word] * word.startswith("Error-permanent")
    for word in ("Ok", "Error-permanent-service-denie", "Retrieved"):
        with pytest.raises(MessageError, match=f"status: '{word}' is not one of Error-transient-failure, "):
            refused_retrieval(word, date=1)
