"""Which part of a body is SOAP and which the content, and octets that are neither."""

from __future__ import annotations

import base64

import pytest

from tests.made.soap import TO, parted, said, soap
from transcode.errors import PduError
from transcode.wire.mm7 import mm7

SOAP = "Content-Type: text/xml\r\n\r\n" + soap(TO + "<Content href='cid:x'/>").decode()


def test_parts_are_found_whatever_they_are_called() -> None:
    """The content is found by id, by location or as the next; SOAP by start, by type or as the first."""
    plain = "Content-Type: text/plain\r\n{}\r\nhello"
    for named in ("Content-ID: <x>\r\n", "Content-ID: x\r\n", "Content-Location: x\r\n"):
        found = mm7.from_bytes(parted(plain.format(""), SOAP, plain.format(named).replace("hello", "me")))
        assert bytes(found.parts[0].data) == b"me"
        assert found.content_type == "multipart/mixed"
        assert found.oddities == ("parts that Content does not refer to: 1",)
    other = mm7.from_bytes(parted(SOAP, plain.format("Content-ID: <y>\r\n"), start='; start="<z>"'))
    assert other.oddities == (
        "start names 'z', but no part has this Content-ID",
        "Content refers to 'cid:x', but no part has this name; the next part is used",
    )
    assert other.parts[0].text == "hello"


def test_soap_may_be_encoded() -> None:
    """SOAP may be in base64, as mail encodes it."""
    octets = mm7.to_http(said("mm7-cancel-rsp", ("StatusCode", 1000), ("StatusText", "Success"))).body
    coded = (
        "Content-Type: text/xml\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(octets).decode()
    )
    assert mm7.from_bytes(parted(coded)).message_type == "mm7-cancel-rsp"


def test_ill_formed_xml_is_refused_with_its_place() -> None:
    """A provider's manual has element names with two colons and an undeclared prefix."""
    octets = b'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<s:Envelope\nxmlns:ns1="x">\n<s::Header>\n'
    with pytest.raises(PduError, match=r"not well-formed.*line 1, column 0") as caught:
        mm7.from_bytes(octets)
    assert caught.value.offset == octets.index(b"<s:Envelope")
    broken = soap(TO).replace(b"<Recipients>", b"\n<Recipients><")
    with pytest.raises(PduError, match="line 2") as caught:
        mm7.from_bytes(broken)
    assert abs(caught.value.offset - broken.index(b"<Recipients>")) <= 14


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "the SOAP part is not XML"),
        (b"<", "not well-formed"),
        (b"<a/>", "the body of SOAP is empty"),
        (soap(TO).replace(b"SubmitReq", b"Own"), "the body of SOAP is Own"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "SOAP has a document type"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "SOAP has a document type"),
        (b'<?xml version="1.0" encoding="x-none"?><a/>', "SOAP"),
        (soap(TO + " " * (1 << 20)), "the limit is 1,048,576"),
        (parted(), "no part begins with the boundary 'b'"),
        (parted(*["\r\n"] * 1001), "more than 1,000 parts"),
        (b"Content-Type: multipart/related; boundary=b\r\n" + b"a: b\r\n" * 20_000, "headers of more than"),
    ],
)
def test_what_is_no_message_is_refused(octets: bytes, reason: str) -> None:
    """The typed error says what is wrong, and where."""
    with pytest.raises(PduError, match=reason):
        mm7.from_bytes(octets)
