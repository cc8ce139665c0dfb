"""PDUs as submissions over MM7, and submissions and deliveries as PDUs."""

from __future__ import annotations

from dataclasses import replace

import pytest

import transcode
from tests.made.soap import SUBMISSION, as_sent, said
from transcode.errors import BudgetError, MessageError
from transcode.model import Part
from transcode.wire.convert import convert
from transcode.wire.http import HttpMessage

SENT = transcode.Message(
    transaction_id="T1",
    sender="12345/TYPE=PLMN",
    to=("+15555550100/TYPE=PLMN",),
    subject="Hi",
    headers=(
        ("X-Mms-Message-Class", "Personal"),
        ("X-Mms-Expiry", ("relative", 3600)),
        ("X-Mms-Sender-Visibility", "Show"),
        ("X-Mms-Delivery-Report", True),
    ),
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=SUBMISSION.parts,
)


def test_a_pdu_becomes_a_submission_and_back() -> None:
    """What both know comes through; what MM7 does not know is named."""
    http = SENT.to_mm7(vaspid="acme", vasid="promo", service_code="gold")
    assert isinstance(http, HttpMessage)
    found = transcode.read(bytes(http))
    assert found.message_type == "mm7-submit-req"
    assert found.sender == "12345"
    assert found.headers == (
        ("VASPID", "acme"),
        ("VASID", "promo"),
        ("ServiceCode", "gold"),
        ("MessageClass", "Personal"),
        ("ExpiryDate", ("relative", 3600)),
        ("DeliveryReport", True),
    )
    left = "X-Mms-Sender-Visibility has no place in MM7, and is left out: 'Show'"
    assert SENT.converted("mm7-submit-req").oddities == (left,)
    back = found.converted("m-send-req")
    kept = tuple(pair for pair in SENT.headers if pair[0] != "X-Mms-Sender-Visibility")
    assert as_sent(back) == replace(SENT, headers=kept)
    assert back.oddities[0] == "VASPID has no place in MM1, and is left out: 'acme'"
    assert back.to_mm1()


def test_a_delivery_is_what_a_phone_retrieves() -> None:
    """Its time is the date; headers of 1.3 make it a PDU of 1.3; a single part has no headers."""
    delivery = replace(
        SUBMISSION,
        message_type="mm7-deliver-req",
        headers=(("TimeStamp", 5), ("ApplicID", "a")),
        cc=(),
        content_type="text/plain",
        parameters=(),
        parts=(Part("text/plain", b"x", content_id="c"),),
    )
    pdu = convert(delivery, "m-retrieve-conf")
    assert pdu.headers == (("Date", 5), ("X-Mms-Applic-ID", "a"))
    assert (pdu.version, pdu.sender, pdu.parts) == ("1.3", "12345/TYPE=PLMN", (Part("text/plain", b"x"),))
    again = convert(replace(pdu, message_type="m-send-req"), "mm7-submit-req")
    assert again.parts == (Part("text/plain", b"x", content_id="content"),)
    with pytest.raises(MessageError, match="mm7-submit-rsp can't be converted to m-send-req"):
        convert(said("mm7-submit-rsp"), "m-send-req")


def test_the_limit_counts_the_body_where_it_is_stated_for_mm7() -> None:
    """One octet too many is refused; a limit of another form does not count."""
    size = len(SENT.to_mm7().body)
    assert replace(SENT, limit=size, limit_form="mm7").to_mm7()
    with pytest.raises(BudgetError):
        replace(SENT, limit=size - 1, limit_form="mm7").to_mm7()
    assert replace(SENT, limit=1).to_mm7()
