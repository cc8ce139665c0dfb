"""Reports of MM1 and MM4 as reports of MM7 and back: statuses, addresses, and what the other can't hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from transcode.errors import MessageError
from transcode.messages.message import Message
from transcode.messages.read import read
from transcode.model import HeaderValue, MessageType, Part
from transcode.wire.convert import convert, encode
from transcode.wire.forms import form_of_type

PHONE, PROVIDER = "+15555550100/TYPE=PLMN", "12345/TYPE=PLMN"
#: MM7's words for the statuses of a delivery, and those of MM1 and MM4.
SHARED = ("Expired", "Retrieved", "Rejected", "Deferred", "Indeterminate", "Forwarded", "Unreachable")
DELIVERIES = {**dict(zip(SHARED, SHARED, strict=True)), "Unrecognized": "Unrecognised"}
READS = {"Read": "Read", "Deleted": "Deleted without being read"}
EXTENSIONS = {
    "RejectionByMMSRecipient": "Rejection-By-MMS-Recipient",
    "RejectionByOtherRS": "Rejection-By-Other-RS",
}
APPLICATION = (
    ("X-Mms-Applic-ID", "game"),
    ("X-Mms-Reply-Applic-ID", "reply"),
    ("X-Mms-Aux-Applic-Info", "level 3"),
)


def report(message_type: MessageType, *headers: tuple[str, HeaderValue]) -> Message:
    """A report on the message of PROVIDER to PHONE."""
    return Message(
        message_type=message_type,
        transaction_id="T1",
        version="6.16.0" if message_type.startswith("mm4") else "1.3",
        sender=PHONE,
        to=(PROVIDER,),
        headers=headers,
        content_type=None,
    )


def written(message: Message) -> Message:
    """A message as somebody reads it who gets its octets, which break no rule."""
    found = read(encode(message, form_of_type(message.message_type)))
    assert found.oddities == ()
    return found


@pytest.mark.parametrize(("word", "status"), DELIVERIES.items())
def test_a_delivery_report_of_mm4_and_back(word: str, status: str) -> None:
    """Recipient is who got the message, Sender the provider, whose short code has no type in MM7."""
    mail = report(
        "mm4-delivery-report-req",
        ("X-Mms-Message-ID", "M1"),
        ("Date", 1_700_000_000),
        ("X-Mms-MM-Status-Code", status),
        ("X-Mms-Status-Text", "by the phone"),
        *APPLICATION,
    )
    found = written(mail.converted("mm7-delivery-report-req"))
    assert (found.to, found.sender, found.transaction_id, found.version) == ((PHONE,), "12345", "T1", "6.8.0")
    assert dict(found.headers) == {
        "MessageID": "M1",
        "Date": 1_700_000_000,
        "MMStatus": word,
        "StatusText": "by the phone",
        "ApplicID": "game",
        "ReplyApplicID": "reply",
        "AuxApplicInfo": "level 3",
    }
    back = written(found.converted("mm4-delivery-report-req"))
    assert (back.sender, back.to, back.transaction_id) == (mail.sender, mail.to, "T1")
    assert dict(back.headers) == dict(mail.headers)


@pytest.mark.parametrize(("word", "status"), READS.items())
@pytest.mark.parametrize("source", ["m-read-rec-ind", "m-read-orig-ind", "mm4-read-reply-report-req"])
def test_a_read_report_and_back(source: MessageType, word: str, status: str) -> None:
    """Reports come from the phone, from the phone's centre and from another centre."""
    id_name = "X-Mms-Message-ID" if source.startswith("mm4") else "Message-ID"
    headers = ((id_name, "M1"), ("Date", 5), ("X-Mms-Read-Status", status), APPLICATION[0])
    found = written(report(source, *headers).converted("mm7-read-reply-req"))
    assert (found.to, found.sender) == ((PHONE,), "12345")
    assert dict(found.headers) == {"MessageID": "M1", "TimeStamp": 5, "MMStatus": word, "ApplicID": "game"}
    mail = written(found.converted("mm4-read-reply-report-req"))
    assert dict(mail.headers)["X-Mms-Read-Status"] == status
    pdu = written(found.converted("m-read-orig-ind"))
    assert (pdu.sender, pdu.to, pdu.transaction_id) == (PHONE, (PROVIDER,), None)
    assert set(pdu.headers) == {("Message-ID", "M1"), *headers[1:]}


@pytest.mark.parametrize(("word", "status"), DELIVERIES.items())
def test_a_delivery_report_of_mm1_and_back(word: str, status: str) -> None:
    """M-Delivery.ind names who got the message; the caller adds what it does not have."""
    headers = (("Message-ID", "M1"), ("Date", 5), ("X-Mms-Status", status))
    pdu = replace(report("m-delivery-ind", *headers), sender=None, to=(PHONE,), transaction_id=None)
    half = pdu.converted("mm7-delivery-report-req")
    assert (half.to, half.sender, half.transaction_id, half.oddities) == ((PHONE,), None, None, ())
    found = written(replace(half, transaction_id="T1", sender="12345"))
    assert dict(found.headers) == {"MessageID": "M1", "Date": 5, "MMStatus": word}
    back = found.converted("m-delivery-ind")
    assert (back.to, back.sender, set(back.headers)) == ((PHONE,), None, set(headers))
    assert back.oddities == (f"M-Delivery.ind does not name the sender of the message: {PROVIDER}",)
    assert written(replace(back, oddities=())) == replace(back, oddities=())


def test_a_delivery_report_of_mm1_as_mail() -> None:
    """Who got the message stands in From; the sender, whom the PDU does not name, stays missing."""
    headers = (("Message-ID", "M1"), ("Date", 5), ("X-Mms-Status", "Retrieved"))
    pdu = replace(report("m-delivery-ind", *headers), to=(PHONE, "+16/TYPE=PLMN"))
    mail = pdu.converted("mm4-delivery-report-req")
    assert (mail.sender, mail.to) == (PHONE, ())
    assert [oddity.partition(",")[0] for oddity in mail.oddities] == [
        "M-Delivery.ind has no From",
        "To has 2 addresses",
    ]


@pytest.mark.parametrize(("word", "reason"), EXTENSIONS.items())
def test_who_rejected(word: str, reason: str) -> None:
    """MM4 and MM7 share the reason, in any case of its letters; MM1 has no place for it."""
    mail = report(
        "mm4-delivery-report-req",
        ("X-Mms-Message-ID", "M1"),
        ("Date", 5),
        ("X-Mms-MM-Status-Code", "Rejected"),
        ("X-Mms-MM-Status-Extension", reason.lower()),
    )
    found = written(mail.converted("mm7-delivery-report-req"))
    assert dict(found.headers)["MMStatusExtension"] == word
    back = found.converted("mm4-delivery-report-req")
    assert dict(back.headers)["X-Mms-MM-Status-Extension"] == reason
    pdu = found.converted("m-delivery-ind")
    assert f"MMStatusExtension has no place in MM1, and is left out: {reason!r}" in pdu.oddities


@pytest.mark.parametrize(("target", "form"), [("m-delivery-ind", "MM1"), ("mm4-delivery-report-req", "MM4")])
@pytest.mark.parametrize("word", ["NotSupported", "Read"])
def test_a_status_that_the_other_does_not_have(target: MessageType, form: str, word: str) -> None:
    """It is left out and named; a strict writer refuses the report without it."""
    found = replace(
        report("mm7-delivery-report-req", ("MessageID", "M1"), ("Date", 5), ("MMStatus", word)),
        version="6.8.0",
        sender="12345",
        to=(PHONE,),
    ).converted(target)
    assert not {"X-Mms-Status", "X-Mms-MM-Status-Code"} & set(dict(found.headers))
    assert f"MMStatus has no place in {form}, and is left out: {word!r}" in found.oddities
    with pytest.raises(MessageError, match=r"Status(-Code)? is missing"):
        encode(found, form_of_type(target))


def test_a_status_that_mm7_does_not_have() -> None:
    """A word of a peer's own, an octet without a word, and a status of the other report are left out."""
    for header in (("X-Mms-Status", "Read"), ("X-Mms-Status", 0x99), ("X-Mms-Read-Status", "Read")):
        found = convert(report("m-delivery-ind", header), "mm7-delivery-report-req")
        assert found.headers == ()
        assert f"{header[0]} has no place in MM7, and is left out: {header[1]!r}" in found.oddities


def test_all_that_mm7_can_not_hold_is_named() -> None:
    """Oddities name a body, a subject, further addresses, headers between centres, and what stands twice."""
    mail = replace(
        report(
            "mm4-read-reply-report-req",
            ("X-Mms-Message-ID", "M1"),
            ("X-Mms-Message-ID", "M2"),
            ("X-Mms-Ack-Request", True),
        ),
        to=(PROVIDER, "+16/TYPE=PLMN"),
        cc=("+17/TYPE=PLMN",),
        subject="Read",
        content_type="text/plain",
        parts=(Part("text/plain", b"It was read."),),
    )
    found = mail.converted("mm7-read-reply-req")
    assert (found.headers, found.sender, found.cc, found.subject, found.parts) == (
        (("MessageID", "M1"),),
        "12345",
        (),
        None,
        (),
    )
    assert found.oddities == (
        "a second X-Mms-Message-ID is left out: 'M2'",
        "X-Mms-Ack-Request has no place in MM7, and is left out: True",
        "Subject has no place in MM7, and is left out: 'Read'",
        "To has no place in MM7, and is left out: ('+16/TYPE=PLMN',)",
        "Cc has no place in MM7, and is left out: ('+17/TYPE=PLMN',)",
        "a report of MM7 has no content: text/plain is left out",
    )
    pdu = mail.converted("m-read-orig-ind")
    assert (pdu.content_type, pdu.parts) == (None, ())
    assert "M-Read-Orig.ind has no body: text/plain is left out" in pdu.oddities


def test_what_only_mm7_has_is_named() -> None:
    """Oddities name the phone's document, the id of the centre, and a second recipient."""
    soap = replace(
        report(
            "mm7-delivery-report-req",
            ("MMSRelayServerID", "centre"),
            ("messageid", "M1"),
            ("UACapabilities", ("UAProf", "phone")),
        ),
        to=(PHONE, "+16/TYPE=PLMN"),
    )
    found = soap.converted("mm4-delivery-report-req")
    assert (found.headers, found.sender) == ((("X-Mms-Message-ID", "M1"),), PHONE)
    assert [oddity.partition(" ")[0] for oddity in found.oddities] == [
        "Recipient",
        "MMSRelayServerID",
        "UACapabilities",
    ]


def test_a_report_of_mm1_writes_itself_as_mm7() -> None:
    """to_mm7 converts as it does for submissions."""
    headers = (("Message-ID", "M1"), ("Date", 5), ("X-Mms-Read-Status", "Read"))
    sources: tuple[MessageType, ...] = ("m-read-rec-ind", "m-read-orig-ind")
    for source in sources:
        assert read(bytes(report(source, *headers).to_mm7())).message_type == "mm7-read-reply-req"
    delivered = report("m-delivery-ind", *headers[:2], ("X-Mms-Status", "Expired"))
    http = delivered.to_mm7(strict=False)
    assert dict(read(bytes(http)).headers)["MMStatus"] == "Expired"


def test_an_id_is_not_made_up() -> None:
    """The id in a report is that of another message, so the transaction's id does not stand for it."""
    record = report("m-read-rec-ind", ("Date", 5), ("X-Mms-Read-Status", "Read"))
    mail = record.converted("mm4-read-reply-report-req")
    assert "X-Mms-Message-ID" not in dict(mail.headers)


@pytest.mark.parametrize(
    ("message_type", "name", "value", "native"),
    [
        ("mm7-delivery-report-req", "X-Mms-Status", "Unrecognised", ("MMStatus", "Unrecognized")),
        ("mm7-read-reply-req", "X-Mms-Read-Status", "Deleted without being read", ("MMStatus", "Deleted")),
        ("mm4-delivery-report-req", "X-Mms-Status", "Expired", ("X-Mms-MM-Status-Code", "Expired")),
        ("mm4-read-reply-report-req", "Message-ID", "M2", ("X-Mms-Message-ID", "M2")),
    ],
)
def test_headers_of_reports_are_edited_by_their_names_in_mm1(
    message_type: MessageType, name: str, value: str, native: tuple[str, str]
) -> None:
    """The report gets the name and the word of its own form, in place of what it had."""
    found = report(message_type, (native[0], "before")).edited(headers=((name, value),))
    assert found.headers == (native,)
