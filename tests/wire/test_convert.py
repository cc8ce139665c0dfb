"""Messages of MM1 as mails of MM4 and back: what is kept, renamed, left out and told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.made import mails, messages
from transcode.errors import BudgetError, MessageError
from transcode.messages.message import Message
from transcode.messages.read import read
from transcode.model import MessageType, Part
from transcode.wire.convert import as_form, convert
from transcode.wire.mm1 import pdu_reader, pdu_writer
from transcode.wire.mm4 import mm4

SENT = replace(
    Message.of(messages.SENT),
    version="1.3",
    subject="Hi",
    headers=(
        *messages.SENT.headers,
        ("X-Mms-Message-Class", "Personal"),
        ("X-Mms-Expiry", ("relative", 3600)),
        ("X-Mms-Read-Report", True),
        ("X-Mms-Priority", "High"),
        ("X-Mms-Content-Class", "image-basic"),
        ("X-Mms-DRM-Content", False),
    ),
    content_type="application/vnd.wap.multipart.related",
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(Part("application/smil", b"<smil/>", content_id="smil"), Part("image/jpeg", b"\xff\xd8")),
)


def test_a_submission_goes_to_mm4_and_comes_back() -> None:
    """Every header that both know, under the name that it has there."""
    mail = convert(SENT, "mm4-forward-req")
    assert mail.oddities == ()
    assert (mail.version, mail.content_type) == (mm4.VERSION, "multipart/related")
    names = dict(mail.headers)
    assert (names["X-Mms-Read-Reply"], names["X-Mms-Drm-Content"]) == (True, False)
    assert names["X-Mms-Message-ID"] == "T1"
    back = convert(mm4.from_bytes(mm4.to_bytes(mail)), "m-send-req")
    assert back.oddities == ("headers left out because MM1 does not have them: X-Mms-Message-ID",)
    assert replace(back, oddities=()) == replace(pdu_reader.from_bytes(SENT.to_mm1()), oddities=())


def test_what_mm4_has_no_place_for_is_told() -> None:
    """Headers of the mailbox, and words that MM4 does not have."""
    odd = (("X-Mms-Store", True), ("X-Mms-Priority", 0xF0), ("Date", 1), ("X-Own", "kept"))
    found = convert(replace(SENT, headers=odd), "mm4-forward-req")
    assert [name for name, _ in found.headers] == ["Date", "X-Own", "X-Mms-Message-ID"]
    assert found.oddities == ("headers left out because MM4 does not have them: X-Mms-Store, X-Mms-Priority",)


@pytest.mark.parametrize("form", ["mm4-forward-req", "mm7-submit-req"])
def test_a_recipient_sees_neither_bcc_nor_a_hidden_sender(form: MessageType) -> None:
    """What comes over MM4 and MM7 is retrieved without the addresses of Bcc, and the result says so."""
    hidden = replace(SENT, bcc=("+17/TYPE=PLMN",), headers=(("X-Mms-Sender-Visibility", "Hide"),))
    over = convert(hidden, form)
    assert over.bcc
    found = convert(over, "m-retrieve-conf")
    assert found.bcc == ()
    assert any("Bcc" in oddity for oddity in found.oddities)
    if form == "mm4-forward-req":
        assert found.sender is None
        assert "X-Mms-Sender-Visibility" not in dict(found.headers)


def test_a_forwarded_mail_is_delivered() -> None:
    """M-Retrieve.conf has the id, addresses without the gateway's domain, and the requested version."""
    mail = mm4.from_bytes(
        b"From: 351 <351/TYPE=PLMN@mms.example>\nTo: <+15/TYPE=PLMN@mms.example>, a@b.c\n"
        b"X-Mms-Message-Type: MM4_forward.REQ\nX-Mms-Message-ID: M1\nX-Mms-Applic-ID: app\n"
        b"X-Mms-Adaptation-Allowed: Yes\nX-Mms-Expiry: Wed, 15 Nov 2023 22:13:20 +0000\n"
        b"Date: Tue, 14 Nov 2023 22:13:20 +0000\nX-Mms-Ack-Request: Yes\n\ntext"
    )
    found = convert(mail, "m-retrieve-conf")
    assert (found.sender, found.to) == ("351/TYPE=PLMN", ("+15/TYPE=PLMN", "a@b.c"))
    assert found.version == "1.3"
    assert dict(found.headers)["Message-ID"] == "M1"
    assert not {"X-Mms-Adaptation-Allowed", "X-Mms-Expiry"} & set(dict(found.headers))
    assert any("X-Mms-Adaptation-Allowed, X-Mms-Expiry" in oddity for oddity in found.oddities)
    assert any("X-Mms-Ack-Request" in oddity for oddity in found.oddities)
    assert bytes(pdu_reader.from_bytes(pdu_writer.to_bytes(found)).parts[0].data) == b"text"


def test_reports_go_to_the_one_who_sent() -> None:
    """MM4 says in From who got the message, M-Delivery.ind in To."""
    report = Message.of(
        mails.answer(
            message_type="mm4-delivery-report-req",
            sender="+15/TYPE=PLMN",
            to=("+16/TYPE=PLMN",),
            headers=(("Date", 5), ("X-Mms-Message-ID", "M"), ("X-Mms-MM-Status-Code", "Retrieved")),
        )
    )
    found = convert(report, "m-delivery-ind")
    assert (found.to, found.sender, found.transaction_id) == (("+15/TYPE=PLMN",), None, None)
    assert dict(found.headers) == {"Date": 5, "Message-ID": "M", "X-Mms-Status": "Retrieved"}
    assert replace(pdu_reader.from_bytes(pdu_writer.to_bytes(found)), oddities=()) == replace(
        found, oddities=()
    )


def test_read_reports_both_ways() -> None:
    """A report goes from the reader's phone through MM4 to the sender's phone."""
    record = Message(
        message_type="m-read-rec-ind",
        transaction_id=None,
        sender="+15/TYPE=PLMN",
        to=("+16/TYPE=PLMN",),
        headers=(("Message-ID", "M"), ("Date", 5), ("X-Mms-Read-Status", "Read")),
        content_type=None,
    )
    mail = convert(replace(record, transaction_id="T"), "mm4-read-reply-report-req")
    assert mm4.from_bytes(mm4.to_bytes(mail)) == replace(mail, oddities=())
    found = convert(mail, "m-read-orig-ind")
    assert (found.sender, found.to, found.headers) == (record.sender, record.to, record.headers)


@pytest.mark.parametrize("target", ["m-send-conf", "mm4-forward-res", "mm7-submit-rsp"])
def test_what_can_not_become_the_other_is_refused(target: MessageType) -> None:
    """A submission is no answer."""
    with pytest.raises(MessageError, match="can't be converted"):
        convert(SENT, target)
    assert convert(SENT, "m-send-req") is SENT


def test_a_message_writes_itself_as_mail() -> None:
    """to_mm4 converts, dates, and read tells the forms apart."""
    octets = replace(SENT, headers=()).to_mm4(date=1_700_000_000)
    assert b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n" in octets
    assert read(octets).message_type == "mm4-forward-req"
    assert read(SENT.to_mm1()).message_type == "m-send-req"
    assert read(SENT.to_mm4(date=5)).to_mm4() == SENT.to_mm4()
    with pytest.raises(MessageError, match="Date is missing"):
        replace(SENT, headers=()).to_mm4()
    assert SENT.converted("mm4-forward-req").to_mm4() == SENT.to_mm4()
    assert as_form(SENT, "mm4").message_type == "mm4-forward-req"


def test_the_limit_counts_the_form_that_it_is_stated_for() -> None:
    """A PDU's limit does not bind the mail, and the other way round."""
    size = len(SENT.to_mm1())
    assert len(replace(SENT, limit=size).to_mm4()) > size
    with pytest.raises(BudgetError):
        replace(SENT, limit=size - 1).to_mm1()
    with pytest.raises(BudgetError):
        replace(SENT, limit=size, limit_form="mm4").to_mm4()
    assert len(replace(SENT, limit=size - 1, limit_form="mm4").to_mm1()) == size
