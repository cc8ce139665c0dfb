"""Reports on messages of each form: from whom, to whom, of what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.made.mails import FORWARDED
from tests.made.pdus import COMPLETE, SENT
from tests.made.soap import SUBMISSION
from transcode.errors import MessageError
from transcode.model import HeaderValue, MessageFields
from transcode.wire.mm1 import pdu_reader, pdu_writer
from transcode.wire.mm1.header_words import STATUS
from transcode.wire.mm4 import mm4
from transcode.wire.mm7 import mm7
from transcode.wire.reports import Details, delivery_report, read_report

SUBMITTED = replace(SENT, sender="+15555550199/TYPE=PLMN")
READER = "+15555550101"
DATE = 1_700_000_000


def test_reports_of_mm1() -> None:
    """Octets have no transaction id; the delivery report names who got it, the read report both."""
    made = delivery_report(SUBMITTED, READER, "Retrieved", Details(DATE, "M1"))
    assert pdu_writer.to_bytes(made) == (
        b"\x8c\x86\x8d\x92\x97+15555550101/TYPE=PLMN\0\x8bM1\0\x85\x04\x65\x53\xf1\x00\x95\x81"
    )
    read = read_report(SUBMITTED, READER, "Read", Details(DATE, "M1", transaction_id="X"))
    assert pdu_writer.to_bytes(read) == (
        b"\x8c\x88\x8d\x92\x89\x18\x80+15555550101/TYPE=PLMN\0\x97+15555550199/TYPE=PLMN\0"
        b"\x8bM1\0\x85\x04\x65\x53\xf1\x00\x9b\x80"
    )
    for one in (made, read):
        assert pdu_reader.from_bytes(pdu_writer.to_bytes(one)) == one
    told = delivery_report(SUBMITTED, READER, "Rejected", Details(DATE, "M1", text="spam"))
    assert (told.version, told.headers[-1]) == ("1.3", ("X-Mms-Status-Text", "spam"))
    assert pdu_writer.to_bytes(told)


def test_reports_of_mm4() -> None:
    """Octets have the message's id, and an id, a sender and a wish of the report's own."""
    made = delivery_report(
        FORWARDED,
        READER,
        "Expired",
        Details(DATE, transaction_id="D1", text="7 days", system="system@a.example", ack_request=True),
    )
    assert mm4.to_bytes(made) == (
        b"From: +15555550101/TYPE=PLMN\r\n"
        b"To: +15555550100/TYPE=PLMN\r\n"
        b"X-Mms-3GPP-MMS-Version: 6.16.0\r\n"
        b"X-Mms-Message-Type: MM4_delivery_report.REQ\r\n"
        b'X-Mms-Transaction-ID: "D1"\r\n'
        b'X-Mms-Message-ID: "M1"\r\n'
        b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
        b"X-Mms-MM-Status-Code: Expired\r\n"
        b"X-Mms-Status-Text: 7 days\r\n"
        b"X-Mms-Ack-Request: Yes\r\n"
        b"X-Mms-Forward-To-Originator-UA: Yes\r\n"
        b"Sender: system@a.example\r\n"
        b"\r\n"
    )
    read = read_report(FORWARDED, READER, "Deleted without being read", Details(DATE, transaction_id="D2"))
    assert mm4.to_bytes(read) == (
        b"From: +15555550101/TYPE=PLMN\r\n"
        b"To: +15555550100/TYPE=PLMN\r\n"
        b"X-Mms-3GPP-MMS-Version: 6.16.0\r\n"
        b"X-Mms-Message-Type: MM4_read_reply_report.REQ\r\n"
        b'X-Mms-Transaction-ID: "D2"\r\n'
        b'X-Mms-Message-ID: "M1"\r\n'
        b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
        b"X-Mms-Read-Status: Deleted without being read\r\n"
        b"\r\n"
    )
    for one in (made, read):
        assert mm4.from_bytes(mm4.to_bytes(one)) == one


def test_reports_that_only_the_other_centre_wants() -> None:
    """They don't go on to the sender's phone, who did not ask."""
    headers: tuple[tuple[str, HeaderValue], ...] = (
        ("X-Mms-Message-ID", "M1"),
        ("X-Mms-Originator-R/S-Delivery-Report", True),
    )
    made = delivery_report(replace(FORWARDED, headers=headers), READER, "Retrieved", Details(DATE))
    assert dict(made.headers)["X-Mms-Forward-To-Originator-UA"] is False


def test_reports_of_mm7() -> None:
    """A report has the version and schema of the submission, the centre's id for it, and its name."""
    xmlns = ("xmlns", "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-5-MM7-1-0")
    asked = replace(SUBMISSION, version="5.3.0", headers=(xmlns, *SUBMISSION.headers))
    made = delivery_report(
        asked, READER, "Unrecognised", Details(DATE, "M7", transaction_id="D1", system="relay")
    )
    body = mm7.to_http(made).body
    assert body.count(b'xmlns="' + xmlns[1].encode() + b'"') == 2
    assert (
        b"<MM7Version>5.3.0</MM7Version><MMSRelayServerID>relay</MMSRelayServerID><MessageID>M7</MessageID>"
        b"<Recipient><Number>+15555550101</Number></Recipient><Sender><ShortCode>12345</ShortCode></Sender>"
        b"<Date>2023-11-14T22:13:20Z</Date><MMStatus>Unrecognized</MMStatus></DeliveryReportReq>"
    ) in body
    read = read_report(SUBMISSION, READER, "Read", Details(DATE, "M7", transaction_id="D2"))
    assert b"<MMStatus>Read</MMStatus></ReadReplyReq>" in mm7.to_http(read).body
    found = mm7.from_bytes(body)
    assert (found.message_type, found.transaction_id, found.oddities) == ("mm7-delivery-report-req", "D1", ())


@pytest.mark.parametrize("message", [SUBMITTED, FORWARDED, SUBMISSION])
@pytest.mark.parametrize("status", STATUS.values())
def test_each_status(message: MessageFields, status: str) -> None:
    """Each form has a word for each."""
    made = delivery_report(message, READER, status, Details(DATE, "M", transaction_id="D"))
    writers = {"m-d": pdu_writer.to_bytes, "mm4": mm4.to_bytes, "mm7": lambda one: mm7.to_http(one).body}
    assert writers[made.message_type[:3]](made)
    names = {"X-Mms-Status", "X-Mms-MM-Status-Code", "MMStatus"}
    assert [str(value).replace("z", "s") for name, value in made.headers if name in names] == [status]


@pytest.mark.parametrize("message", [SUBMITTED, FORWARDED])
def test_reports_between_applications(message: MessageFields) -> None:
    """They go to the application that sent the message, or to the one that it names for replies."""
    sent: tuple[tuple[str, HeaderValue], ...] = (
        ("X-Mms-Applic-ID", "a.game"),
        ("X-Mms-Aux-Applic-Info", "round 2"),
    )
    first = replace(message, headers=(*message.headers, *sent))
    second = replace(first, headers=(*first.headers, ("X-Mms-Reply-Applic-ID", "a.server")))
    for one, application in ((first, "a.game"), (second, "a.server")):
        for made in (
            delivery_report(one, READER, "Retrieved", Details(DATE, "M")),
            read_report(one, READER, "Read", Details(DATE, "M")),
        ):
            headers = dict(made.headers)
            assert headers["X-Mms-Applic-ID"] == application
            assert headers["X-Mms-Aux-Applic-Info"] == "round 2"
            assert "X-Mms-Reply-Applic-ID" not in headers
    plain = replace(message, headers=(*message.headers, sent[1]))
    headers = dict(delivery_report(plain, READER, "Retrieved", Details(DATE, "M")).headers)
    assert not {"X-Mms-Applic-ID", "X-Mms-Aux-Applic-Info"} & set(headers)


def test_nothing_of_the_message_stays() -> None:
    """No content, subject, other recipient, limit or oddity of the message is in its report."""
    full = replace(SUBMITTED, cc=("cc@example.org",), bcc=("bcc@example.org",), limit=9, oddities=("odd",))
    made = delivery_report(full, READER, "Retrieved", Details(DATE, "M"))
    assert (made.to, made.cc, made.bcc, made.subject) == (("+15555550101/TYPE=PLMN",), (), (), None)
    assert (made.parts, made.content_type, made.parameters) == ((), None, ())
    assert (made.limit, made.oddities) == (None, ())


def test_what_has_no_report() -> None:
    """Reports and answers have none; a status is one of the standard's."""
    for kind in ("m-delivery-ind", "m-send-conf", "m-notification-ind"):
        with pytest.raises(MessageError, match=f"message_type: there is no report on '{kind}'"):
            delivery_report(COMPLETE[kind], READER, "Retrieved", Details(DATE))
    with pytest.raises(MessageError, match="status: 'Read' is not one of Expired, Retrieved, Rejected, Def"):
        delivery_report(SUBMITTED, READER, "Read", Details(DATE))
    with pytest.raises(
        MessageError, match="status: 'Retrieved' is not one of Read, Deleted without being rea"
    ):
        read_report(SUBMITTED, READER, "Retrieved", Details(DATE))
    for nobody in ("", None):
        with pytest.raises(MessageError, match=r"recipient: .* is not an address"):
            read_report(SUBMITTED, nobody, "Read", Details(DATE))  # type: ignore[arg-type]
