"""Forms are told apart by structure: whatever the first octet is, and whatever stands in front."""

from __future__ import annotations

from pathlib import Path

import pytest

import transcode
from transcode.messages.message import Message
from transcode.model import Form, Part
from transcode.wire.mm4 import mm4
from transcode.wire.recognition import form_of

NOTIFICATION = (
    b"\x8c\x82\x98T1\0\x8d\x92\x89\x18\x80+15555550199/TYPE=PLMN\0\x96Hi\0\x8a\x80\x8e\x02\x5a\x1d"
    b"\x88\x05\x81\x03\x01\x51\x80\x83http://mmsc.example/x\0"
)
MAIL = mm4.to_bytes(
    Message(
        message_type="mm4-forward-req",
        transaction_id="t",
        version=mm4.VERSION,
        sender="+15555550199/TYPE=PLMN",
        to=("+15555550100/TYPE=PLMN",),
        headers=(("X-Mms-Message-ID", "m"), ("Date", 0)),
        content_type="multipart/mixed",
        parts=(Part("text/plain", b"Hello"),),
    )
)
SOAP = (
    b'<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header>'
    b'<TransactionID xmlns="x">T7</TransactionID></env:Header><env:Body><SubmitRsp xmlns="x">'
    b"<MM7Version>6.8.0</MM7Version><Status><StatusCode>1000</StatusCode><StatusText>ok</StatusText>"
    b"</Status><MessageID>m</MessageID></SubmitRsp></env:Body></env:Envelope>"
)
MARK = b"\xef\xbb\xbf"
LEADS = [b"", MARK, b"\r\n", b"\n\n \t\r\n", MARK + b"\r\n\r\n", b"\n" + MARK, b"\r\n" * 200]


@pytest.mark.parametrize("kind", [b"\x05", b"\x06"])
@pytest.mark.parametrize("content_type", [b"\xbe", b"application/vnd.wap.mms-message\0"])
def test_a_push_with_any_transaction_octet(kind: bytes, content_type: bytes) -> None:
    """All 256 octets are told, those that begin XML, a boundary, a mail and HTTP too."""
    head = content_type + b"\xaf\x84"
    for number in range(256):
        push = bytes((number,)) + kind + bytes((len(head),)) + head + NOTIFICATION
        found = transcode.read(push)
        assert (found.message_type, found.transaction_id) == ("m-notification-ind", "T1"), number
        assert found.sender == "+15555550199/TYPE=PLMN"


def test_a_pdu_whose_type_is_not_first() -> None:
    """A PDU is told whichever header begins it, also one with a name of its own."""
    rest = b"\x8c\x81\x98T1\0\x8d\x92\x92\x80"
    fronts = (
        b"X-Own\0value\0",
        b"--x\0value\0",
        b"From\0x\0",
        b"\x85\x04\x01\x02\x03\x04",
        b"\x85\x05\x01abcd",
    )
    for front in fronts:
        assert transcode.read(front + rest).message_type == "m-send-conf", front


@pytest.mark.parametrize("lead", LEADS)
def test_marks_and_blank_lines_in_front(lead: bytes) -> None:
    """Byte order marks and blank lines may precede a mail, SOAP alone, SOAP in parts, and headers of HTTP."""
    mail = transcode.read(lead + MAIL)
    assert (mail.message_type, mail.transaction_id) == ("mm4-forward-req", "t")
    assert [part.text for part in mail.parts] == ["Hello"]
    assert len(mail.oddities) == bool(lead)
    assert transcode.read(lead + b"From a@b Thu\r\n" + MAIL).transaction_id == "t"
    parts = b"--b\r\nContent-Type: text/xml\r\n\r\n" + SOAP + b"\r\n--b--\r\n"
    framed = b"Content-Type: text/xml\r\nSOAPAction: x\r\n\r\n" + lead + SOAP
    request = b"POST /mm7 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n\r\n" + lead + SOAP
    for octets in (SOAP, b"<?xml version='1.0'?>\n" + SOAP, parts, framed, request):
        found = transcode.read(lead + octets)
        assert (found.message_type, found.transaction_id) == ("mm7-submit-rsp", "T7"), octets[:40]


def test_soap_in_utf_16() -> None:
    """SOAP is told behind a mark, with a line end of two octets at its end."""
    for codec in ("utf-16-le", "utf-16-be"):
        octets = ("\ufeff" + SOAP.decode() + "\n").encode(codec)
        assert transcode.read(octets).message_type == "mm7-submit-rsp", codec


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        (b"Content-Type: text/xml; charset=utf-8", "mm7"),
        (b'Server: x\r\nContent-Type: multipart/related;\r\n boundary=b; type="text/xml"', "mm7"),
        (b"X: " + b"y" * 5000 + b"\r\nsoapaction: x", "mm7"),
        (b"Content-Type: application/soap+xml", "mm7"),
        (b"X-MMS-Message-Type: MM4_forward.REQ\r\nContent-Type: text/xml", "mm4"),
        (b'Content-Type: multipart/related; type="application/smil"; boundary=b', "mm4"),
        (b"Subject: SOAPAction: none", "mm4"),
        (b"HTTP/1.1 200 OK\r\nServer: x", "mm7"),
        (b"PUT /x HTTP/1.0\r\nServer: x", "mm7"),
    ],
)
def test_headers_of_mail_and_of_http(headers: bytes, form: Form) -> None:
    """Those of a mail of MMS say so; those of SOAP name its type or its action."""
    assert form_of(headers + b"\r\n\r\nSOAPAction: in the body") == form


@pytest.mark.parametrize("octets", [b"", b"<", b"\x8c", b"\xef\xbb\xbf", b"<\x06", b"hello", b"\0" * 99])
def test_what_is_no_message(octets: bytes) -> None:
    """It ends in an error of this package."""
    with pytest.raises(transcode.PduError):
        transcode.read(octets)


def test_the_vectors_by_folder(shared: Path) -> None:
    """Every file that others wrote is told apart; a bare header block of HTTP among them."""
    for kind, form in (("mm4", "mm4"), ("mm7", "mm7"), ("pdu", "mm1")):
        paths = [path for path in (shared / "vectors" / kind).glob("*/*") if "__parts__" not in path.name]
        assert len(paths) > 5
        for path in paths:
            assert form_of(memoryview(path.read_bytes())) == form, path
