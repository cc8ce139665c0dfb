"""Elements that the schema does not have, has elsewhere, or has with other values."""

from __future__ import annotations

import pytest

from tests.made.soap import TO, soap
from transcode.wire.mm7 import mm7


@pytest.mark.parametrize(
    ("octets", "oddity"),
    [
        (soap(TO + "<Subject>a</Subject><Subject>b</Subject>"), "a second Subject is left out"),
        (soap("<Priority>Low</Priority>" + TO), "Recipients is not in the schema's order"),
        (soap(TO + "<Own>x</Own>"), "Own is not allowed here and is left out: 'x'"),
        (soap(TO + "<Priority>Urgent</Priority>"), "Priority is 'Urgent', not one of Normal, High, Low"),
        (soap(TO + "<ReadReply>maybe</ReadReply>"), "ReadReply is 'maybe', not true or false"),
        (soap(TO + "<TimeStamp>today</TimeStamp>"), "TimeStamp is 'today', not a time"),
        (soap(TO + "<ExpiryDate>P</ExpiryDate>"), "ExpiryDate is 'P', not a time"),
        (
            soap(TO + "<TimeStamp>2015-03-16T14:03:51.5Z</TimeStamp>"),
            "the time '2015-03-16T14:03:51.5Z' has a fraction of a second, which is left out",
        ),
        (
            soap(TO + "<TimeStamp>2015-03-16T14:03:51</TimeStamp>"),
            "the time '2015-03-16T14:03:51' has no zone and is read as UTC",
        ),
        (
            soap(TO + "<ExpiryDate>P1Y</ExpiryDate>"),
            "the duration 'P1Y' has years or months: a year counts as 365 days, a month as 30",
        ),
        (soap(TO + "<ReplyCharging own='1'/>"), "the attribute own of ReplyCharging is left out: '1'"),
        (soap(TO + "<Content/>"), "Content refers to '', but there is no part besides SOAP"),
        (
            soap("<Recipients><To><Number>1/TYPE=PLMN</Number></To></Recipients>"),
            "the number '1/TYPE=PLMN' has a /TYPE=",
        ),
        (
            soap("<Recipients><To><Fax>1</Fax><Number>1</Number></To></Recipients>"),
            "an address in the element Fax is left out: '1'",
        ),
        (
            soap("<Recipients><To><Number/><Number>1</Number></To></Recipients>"),
            "an empty Number is left out",
        ),
        (
            soap("<Recipients><To><ShortCode>a@b</ShortCode></To></Recipients>"),
            "the address 'a@b' is in the element ShortCode",
        ),
        (
            soap("<Recipients><To><Number id='x'>1</Number></To></Recipients>"),
            "an attribute of the address '1/TYPE=PLMN' is left out: id='x'",
        ),
        (
            soap(TO, header="<TransactionID>T1</TransactionID><Own/>"),
            "an element of the SOAP header is left out: Own",
        ),
        (
            soap(TO + "<ContentClass>text</ContentClass>", version="5.3.0"),
            "ContentClass needs release 6, but MM7Version is 5.3.0",
        ),
    ],
)
def test_what_is_odd_is_told(octets: bytes, oddity: str) -> None:
    """The oddities tell what is odd, and the rest is read."""
    found = mm7.from_bytes(octets)
    assert oddity in found.oddities
    assert found.to
    assert found.transaction_id == "T1"


def test_durations_are_seconds() -> None:
    """Days, hours, minutes and seconds, whichever are there."""
    found = mm7.from_bytes(soap(TO + "<ExpiryDate>P2DT3H4M5S</ExpiryDate>"))
    assert dict(found.headers)["ExpiryDate"] == ("relative", 2 * 86_400 + 3 * 3600 + 4 * 60 + 5)
    assert dict(mm7.from_bytes(soap(TO + "<ExpiryDate>PT0S</ExpiryDate>")).headers)["ExpiryDate"] == (
        "relative",
        0,
    )


def test_a_fault_of_soap_alone() -> None:
    """A fault without details of MM7 is an error response with the text of the fault."""
    octets = soap(TO)
    start, end = octets.index(b"<SubmitReq"), octets.index(b"</e:Body>")
    fault = b"<e:Fault><faultcode>e:Server</faultcode><faultstring>down</faultstring></e:Fault>"
    found = mm7.from_bytes(octets[:start] + fault + octets[end:])
    assert found.message_type == "mm7-rs-error-rsp"
    assert found.headers == (("faultcode", "Server"), ("faultstring", "down"))
    assert "the detail of the SOAP fault has no MM7 message" in found.oddities
