"""The functions of a message centre as users call them, and what Wireshark reads in their PDUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.made.mails import FORWARDED
from tests.made.pdus import SENT
from tests.made.soap import SUBMISSION
from tests.wire import judge
from transcode.errors import MessageError
from transcode.model import MessageFields

DATE = 1_700_000_000
SYSTEM = "system@a.example"


def public(fields: MessageFields, **changes: Any) -> transcode.Message:
    values = {name: getattr(fields, name) for name in fields.__dataclass_fields__}
    return transcode.Message(**values | changes)


SUBMITTED = public(SENT, sender="+15555550199/TYPE=PLMN")
MAIL = public(FORWARDED, headers=(*FORWARDED.headers, ("X-Mms-Originator-System", "system@b.example")))
SOAP = public(SUBMISSION)


def test_answers_of_each_form() -> None:
    """An answer is a Message of the request's form, and writes itself."""
    taken = transcode.answer(SUBMITTED, message_id="M1")
    assert transcode.read(taken.to_mm1()) == taken
    mail = transcode.answer(MAIL, date=DATE, system=SYSTEM)
    assert transcode.read(mail.to_mm4()) == mail
    assert (mail.message_type, mail.to) == ("mm4-forward-res", ("system@b.example",))
    soap = transcode.answer(SOAP, message_id="M1")
    assert transcode.read(bytes(soap.to_mm7())) == soap
    for made in (taken, mail, soap):
        assert type(made) is transcode.Message
        assert made.transaction_id == "T1"


def test_mails_that_name_no_system() -> None:
    """The caller knows the other centre."""
    bare = public(FORWARDED)
    with pytest.raises(MessageError, match="to: the request has neither X-Mms-Originator-System nor Sender"):
        transcode.answer(bare, date=DATE, system=SYSTEM)
    made = transcode.answer(bare, date=DATE, system=SYSTEM, to="system@c.example")
    assert b"To: system@c.example\r\n" in made.to_mm4()


def test_refusals_of_each_form() -> None:
    """A refusal has the status and its text in the words of the form."""
    assert transcode.answer(SUBMITTED, "Error-permanent-service-denied", text="no").to_mm1() == (
        b"\x8c\x81\x98T1\0\x8d\x92\x92\xe1\x93no\0"
    )
    mail = transcode.answer(
        MAIL, "Error-service-denied", text="no", date=DATE, system=SYSTEM, recipients=["+15555550101"]
    )
    said = {name: value for name, value in mail.headers if name.startswith("X-Mms-")}
    assert said == {
        "X-Mms-Message-ID": "M1",
        "X-Mms-Request-Status-Code": "Error-service-denied",
        "X-Mms-Status-Text": "no",
        "X-Mms-Request-Recipients": "+15555550101",
    }
    refused = transcode.answer(SOAP, 4007)
    assert refused.headers == (("StatusCode", 4007), ("StatusText", "Service denied"))
    assert transcode.read(bytes(refused.to_mm7())).oddities == ()
    partly = transcode.answer(SOAP, 1100, message_id="M", recipients=["+1555/TYPE=PLMN", "a@example.org"])
    assert b"<Details>+1555, a@example.org</Details></Status><MessageID>M<" in partly.to_mm7().body


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: transcode.answer(SENT.to), "request: must be a Message, not tuple"),  # type: ignore[arg-type]
        (lambda: transcode.answer(SUBMITTED, 1000), "status: 1000 is no status of MM1"),
        (lambda: transcode.answer(SOAP, "Ok"), "status: 'Ok' is no status of MM7"),
        (lambda: transcode.answer(SOAP, True), "status: True is no status of MM7"),
        (lambda: transcode.answer(SUBMITTED, date=1), "date: an answer of MM1 has no place for it"),
        (lambda: transcode.answer(SOAP, system="x"), "system: an answer of MM7 has no place for it"),
        (lambda: transcode.answer(SUBMITTED, recipients=["x"]), "recipients: an answer of MM1 has no place"),
        (
            lambda: transcode.answer(SOAP, report_allowed=True),
            "report_allowed: an answer of MM7 has no place",
        ),
        (lambda: transcode.answer(SOAP, to="x"), "to: an answer of MM7 has no place for it"),
        (lambda: transcode.answer(MAIL, message_id="x"), "message_id: an answer of MM4 has no place for it"),
        (lambda: transcode.answer(MAIL, system="x"), "date: an answer of MM4 needs it"),
        (lambda: transcode.answer(MAIL, date=1), "system: an answer of MM4 needs it"),
        (
            lambda: transcode.answer(transcode.answer(MAIL, date=1, system="x"), date=1, system="x"),
            "no answer",
        ),
        (lambda: transcode.retrieval(b"x"), "message: must be a Message, not bytes"),  # type: ignore[arg-type]
        (
            lambda: transcode.notification(None, location="x", transaction_id="x", expiry=1),  # type: ignore[arg-type]
            "message: must be a Message, not NoneType",
        ),
    ],
)
def test_arguments(call: Any, told: str) -> None:
    """What a form has no place for is refused, and what it needs is named."""
    with pytest.raises(MessageError, match=told):
        call()


def test_a_message_from_phone_to_phone(shared: Path, tmp_path: Path) -> None:
    """All PDUs of its way, in Wireshark's reading: no complaint, no octet unread, the type that was meant."""
    notified = transcode.notification(
        SUBMITTED, location="http://mmsc.example/m/1", transaction_id="N1", expiry=86_400, segments=1
    )
    retrieved = transcode.retrieval(SUBMITTED, message_id="M1", date=DATE, transaction_id="R1")
    reader = "+15555550100"
    messages = [
        transcode.answer(SUBMITTED, message_id="M1"),
        transcode.answer(SUBMITTED, "Error-transient-failure", text="später"),
        notified,
        transcode.answer(notified, "Deferred", report_allowed=False),
        retrieved,
        transcode.retrieval(MAIL),
        transcode.retrieval(SOAP, message_id="M1", date=DATE),
        transcode.refused_retrieval("Error-transient-failure", date=DATE, text="busy"),
        transcode.refused_retrieval("Error-permanent-message-not-found", date=DATE, text="weg, für immer"),
        transcode.answer(retrieved, report_allowed=True),
        transcode.delivery_report(SUBMITTED, reader, "Retrieved", date=DATE, message_id="M1"),
        transcode.read_report(SUBMITTED, reader, date=DATE, message_id="M1"),
    ]
    octets = {f"{place} {one.message_type}": one.to_mm1() for place, one in enumerate(messages)}
    found = judge.examine(shared, octets, tmp_path)
    assert found.keys() == octets.keys()
    for name, finding in found.items():
        assert (finding.problems, finding.unread) == ([], []), name
        assert finding.message_type == name.split()[1]
        assert finding.parts == judge.parts_of(octets[name]), name
        assert transcode.read(octets[name]).oddities == (), name
    status = [value for field, value in found["8 m-retrieve-conf"].fields if field == "mmse.retrieve_status"]
    assert status == ["0xe2"]


def test_reports_of_each_form() -> None:
    """Each is a Message of the form of the message on which it reports, and is read as it was made."""
    for message, write in (
        (SUBMITTED, lambda one: one.to_mm1()),
        (MAIL, lambda one: one.to_mm4()),
        (SOAP, lambda one: bytes(one.to_mm7())),
    ):
        for made in (
            transcode.delivery_report(
                message, "+15555550100", "Deferred", date=DATE, message_id="M1", transaction_id="D1"
            ),
            transcode.read_report(message, "+15555550100", date=DATE, message_id="M1", transaction_id="D1"),
        ):
            assert type(made) is transcode.Message
            assert transcode.read(write(made)) == made
            assert made.converted(made.message_type) is made


def test_a_notification_as_short_messages() -> None:
    """A mail of another centre becomes the octets of short messages, and comes back."""
    made = transcode.notification(
        MAIL, location="http://mmsc.example/m/" + "1" * 60, transaction_id="N1", expiry=60, size=30_000
    )
    segments = transcode.push_segments(transcode.wap_push(made.to_mm1()), reference=200)
    assert len(segments) == 2
    found = transcode.read(transcode.joined_segments(segments[::-1]))
    assert (found.subject, found.sender) == ("Grüße", "+15555550100/TYPE=PLMN")
    assert dict(found.headers)["X-Mms-Message-Size"] == 30_000
