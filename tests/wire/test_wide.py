"""Messages of text in UTF-16 and UTF-32, or in lines that a carriage return ends."""

from __future__ import annotations

import pytest

import transcode
from transcode.wire.recognition import form_of
from transcode.wire.wide import place_in_wide, plain

CODECS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
MAIL = (
    "X-Mms-3GPP-MMS-Version: 6.3.0\r\nX-Mms-Message-Type: MM4_forward.REQ\r\nX-Mms-Transaction-ID: t\r\n"
    "From: +15555550199/TYPE=PLMN\r\nTo: +15555550100/TYPE=PLMN\r\nSubject: Grüße 你好\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nÉté\r\n"
    "--b\r\nContent-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lGOA==\r\n--b--\r\n"
)
SOAP = (
    '<?xml version="1.0" encoding="utf-16"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
    '<env:Header><TransactionID xmlns="x">T7</TransactionID></env:Header><env:Body><SubmitRsp xmlns="x">'
    "<MM7Version>6.8.0</MM7Version><Status><StatusCode>1000</StatusCode><StatusText>你好</StatusText>"
    "</Status><MessageID>m</MessageID></SubmitRsp></env:Body></env:Envelope>"
)
POST = "POST /mm7 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n\r\n"
PARTS = "--b\r\nContent-Type: text/xml\r\n\r\n"


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rest", [b"", b"\n", b"\x0d\x00\x0a"])
def test_a_mail_in_wide_text(codec: str, rest: bytes) -> None:
    """Whole, behind its mark; octets that are no character at its end cost nothing."""
    found = transcode.read(("\ufeff" + MAIL).encode(codec) + rest)
    assert (found.message_type, found.transaction_id, found.sender) == (
        "mm4-forward-req",
        "t",
        "+15555550199/TYPE=PLMN",
    )
    assert found.subject == "Grüße 你好"
    assert [part.text for part in found.parts[:1]] == ["Été"]
    assert bytes(found.parts[1].data) == b"GIF8"
    assert f"the message is written in {codec}" in found.oddities
    assert sum("whatever charset it states" in oddity for oddity in found.oddities) == 1
    assert transcode.read(found.to_mm4(strict=False)).subject == found.subject


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("text", [MAIL, SOAP, POST + SOAP, PARTS + SOAP + "\r\n--b--\r\n", "\r\n" + MAIL])
def test_with_and_without_a_mark(codec: str, mark: str, text: str) -> None:
    """Mail and SOAP are read, alone, behind headers of HTTP and in parts."""
    found = transcode.read((mark + text).encode(codec))
    assert found.transaction_id == ("t" if "MM4" in text else "T7")
    if "MM4" not in text:
        assert dict(found.headers)["StatusText"] == "你好"


def test_lines_that_a_carriage_return_ends() -> None:
    """Mails whose line ends lost their second half, or have the first half twice, are read."""
    found = transcode.read(MAIL.replace("\r\n", "\r").encode())
    assert (found.transaction_id, len(found.parts), found.subject) == ("t", 2, "Grüße 你好")
    assert "the message is written in lines that end with a carriage return" in found.oddities
    twice = transcode.read(MAIL.replace("\r\n", "\r\r\n").encode())
    assert (twice.transaction_id, len(twice.parts), twice.subject) == ("t", 2, "Grüße 你好")
    assert bytes(twice.parts[1].data) == b"GIF8"


def test_what_is_not_wide_stays() -> None:
    """Octets of PDUs, of text and of XML that says itself what it is."""
    for octets in (
        b"",
        b"\x8c\x80\x98T\0",
        MAIL.encode(),
        b"a\0b\0",
        ("\ufeff\n" + SOAP).encode("utf-16-be"),
    ):
        assert plain(octets) == (octets, "")


def test_errors_name_the_place_in_the_octets_that_came() -> None:
    """The place is not one in what was made of them."""
    for codec in CODECS:
        octets = ("\ufeff" + "X-Mms-Own: é\r\n" + "a:\r\n" * 2000 + "\r\n").encode(codec)
        with pytest.raises(transcode.PduError, match="lines") as caught:
            transcode.read(octets)
        assert caught.value.offset == len("\ufeff".encode(codec))
    assert place_in_wide("é\nx".encode(), 3, "utf-16-le") == 6
    assert place_in_wide(b"a\r\nb", 3, "lines that end with a carriage return") == 2


@pytest.mark.parametrize("codec", CODECS)
def test_cut_anywhere(codec: str) -> None:
    """Each beginning ends in a message or an error of ours."""
    octets = ("\ufeff" + MAIL).encode(codec)
    for end in range(0, len(octets), 7):
        form_of(octets[:end])
        try:
            transcode.read(octets[:end])
        except transcode.PduError as error:
            assert 0 <= error.offset <= end
