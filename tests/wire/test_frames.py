"""Messages as they were caught on their way: what stands around them is taken off and told."""

from __future__ import annotations

import gzip
import zlib
from functools import partial

import pytest

import transcode
from tests.made.pdus import notification
from transcode.wire.frames import unframed, untransported
from transcode.wire.mm1 import pdu_writer
from transcode.wire.recognition import form_of

NOTIFICATION = pdu_writer.to_bytes(notification(9, "http://m/1", seconds=60, transaction_id="T1"))
PUSH = b"\x01\x06\x01\xbe" + NOTIFICATION
KIND = b"Content-Type: application/vnd.wap.mms-message\r\n"
SOAP = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><TransactionID>T7</TransactionID>'
    b"</e:Header><e:Body><SubmitRsp><MM7Version>6.8.0</MM7Version><Status><StatusCode>1000</StatusCode>"
    b"<StatusText>ok</StatusText></Status><MessageID>m</MessageID></SubmitRsp></e:Body></e:Envelope>"
)
#: Without the time: it is in the ids of cases, and processes that share the tests must find the same ones.
packed = partial(gzip.compress, mtime=0)
POST = b"POST /mm7 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n"


def chunks(octets: bytes, size: int = 50, end: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


@pytest.mark.parametrize(
    "front",
    [
        b"HTTP/1.1 200 OK\r\nServer: x\r\n" + KIND + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\n" + KIND.lower() + b"Content-Length: 9\r\n\r\n",
        KIND + b"\r\n",
        KIND.replace(b"\r\n", b"\n") + b"\n",
    ],
)
def test_a_pdu_behind_headers_of_http(front: bytes) -> None:
    """Headers of a request or an answer, with or without first line, are skipped, in any type of buffer."""
    for kind in (bytes, bytearray, memoryview):
        found = transcode.read(kind(front + NOTIFICATION))
        assert (found.message_type, found.transaction_id) == ("m-notification-ind", "T1")
        assert found.oddities == (f"HTTP headers of {len(front)} octets precede the message",)


@pytest.mark.parametrize("text", [b"see:\nX-Mms-Foo: bar\n", b"see:\r\nX-Mms-Message-Type: x\r\n"])
def test_a_pdu_whose_text_is_like_a_header_of_mail(text: bytes) -> None:
    """What stands in its parts says nothing of its form."""
    sent = transcode.Message(
        message_type="m-retrieve-conf",
        headers=(("Date", 0),),
        content_type="text/plain",
        parts=(transcode.Part("text/plain", text),),
    ).to_mm1()
    found = transcode.read(b"HTTP/1.1 200 OK\r\n" + KIND + b"\r\n" + sent)
    assert [part.data for part in found.parts] == [text]


@pytest.mark.parametrize(
    ("head", "octets", "told"),
    [
        (b"Transfer-Encoding: chunked\r\n", chunks(NOTIFICATION), ["the body has chunks"]),
        (b"content-encoding : GZIP\r\n", packed(NOTIFICATION), ["the body is compressed"]),
        (
            b"Content-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n",
            chunks(zlib.compress(NOTIFICATION)),
            ["the body has chunks", "the body is compressed"],
        ),
        (b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", NOTIFICATION, []),
    ],
)
def test_a_pdu_in_chunks_or_compressed(head: bytes, octets: bytes, told: list[str]) -> None:
    """A PDU is read as SOAP is; one that only says so is read as it is."""
    for front in (b"HTTP/1.1 200 OK\r\n" + KIND + head, b"HTTP/1.1 200 OK\r\n" + head + KIND):
        found = transcode.read(front + b"\r\n" + octets)
        assert found.transaction_id == "T1"
        assert found.oddities == (f"HTTP headers of {len(front) + 2} octets precede the message", *told)


@pytest.mark.parametrize(
    "front",
    [
        b"\x06\x05\x04\x0b\x84\x23\xf0",
        b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x01\x01\x01",
        b"\x0b\x00\x03\x01\x01\x01\x05\x04\x0b\x84\x23\xf0",
    ],
)
def test_a_push_behind_the_header_of_its_short_message(front: bytes) -> None:
    """The header has the port of pushes, and the part number before or after it."""
    found = transcode.read(front + PUSH)
    assert found.transaction_id == "T1"
    assert found.oddities[0] == f"an SMS user data header of {len(front)} octets precedes the message"


@pytest.mark.parametrize("front", ["0b05040b8423f000032a0302", "0c05040b8423f00804002a0302"])
def test_one_of_several_short_messages(front: str) -> None:
    """It is not taken for a broken PDU: the error says which it is, and what joins them."""
    for rest in (PUSH, PUSH[30:]):
        with pytest.raises(
            transcode.PduError, match="short message 2 of the 3 of a push; joined_segments joi"
        ):
            transcode.read(bytes.fromhex(front) + rest)
    # Nothing is said of a header that can't be read, and the PDU is read.
    broken = bytes.fromhex("0b05040b8423f000032a0304")
    assert transcode.read(broken + PUSH).transaction_id == "T1"


def test_what_has_nothing_in_front() -> None:
    """What has nothing in front stays as it is."""
    for octets in (
        PUSH,
        b"X-Own\0v\0" + NOTIFICATION,
        b"\x06\x05\x04\x0b\x84",
        b"Content-Type: text/xml\r\n\r\n",
    ):
        assert unframed(octets) == (octets, ())
    mail = b"X-Mms-Message-Type: MM4_forward.REQ\r\n" + KIND + b"\r\n" + NOTIFICATION
    assert form_of(mail) == "mm4"
    assert form_of(KIND + mail) == "mm4"


@pytest.mark.parametrize("end", [b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b""])
def test_soap_in_chunks(end: bytes) -> None:
    """The body is joined from whole chunks, and from chunks that are cut behind the last."""
    found = transcode.read(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(SOAP, end=end))
    assert found.transaction_id == "T7"
    assert "the body has chunks" in found.oddities
    assert transcode.read(POST + b"Transfer-Encoding: chunked\r\n\r\n" + SOAP).transaction_id == "T7"


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        (b"gzip", packed(SOAP)),
        (b"x-gzip", packed(SOAP)),
        (b"deflate", zlib.compress(SOAP)),
    ],
)
def test_soap_that_is_compressed(name: bytes, octets: bytes) -> None:
    """It is read, in chunks as well; what only says so is read as it is."""
    head = POST + b"Content-Encoding: " + name + b"\r\n"
    assert transcode.read(head + b"\r\n" + octets).transaction_id == "T7"
    assert (
        transcode.read(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(octets)).transaction_id == "T7"
    )
    assert transcode.read(head + b"\r\n" + SOAP).transaction_id == "T7"


def undone(octets: bytes, coding: str) -> tuple[bytes, list[str]]:
    oddities: list[str] = []
    return untransported(octets, {"content-encoding": coding}, oddities.append), oddities


@pytest.mark.parametrize(
    ("coding", "octets", "wanted", "oddity"),
    [
        ("deflate", zlib.compress(SOAP)[2:-4], SOAP, ""),
        ("gzip", packed(SOAP[:50]) + packed(b"") + packed(SOAP[50:]), SOAP, ""),
        ("gzip", packed(b"a") * 900, b"a" * 900, ""),
        ("gzip", packed(SOAP) + bytes(512), SOAP, ""),
        ("gzip", packed(SOAP)[:-9], SOAP, "the compressed body is truncated: its end is missing"),
        (
            "deflate",
            zlib.compress(SOAP, 0)[2:-6],
            SOAP[:-2],
            "the compressed body is truncated: its end is missing",
        ),
        ("gzip", packed(SOAP) + b"more", SOAP, "4 octets behind the compressed body are left out"),
        (
            "gzip",
            packed(SOAP) + b"\x1f\x8bmore",
            SOAP,
            f"the compressed body has a damaged member at octet {len(packed(SOAP))}; all octets"
            " from there on are left out",
        ),
        (
            "gzip",
            packed(bytes(range(256)) * 40, 0)[:9000] + bytes(9000),
            (bytes(range(256)) * 40)[:8177],
            "the compressed body is damaged: only the 8,177 octets before the damage are kept",
        ),
    ],
)
def test_compressed_bodies_of_other_kinds(coding: str, octets: bytes, wanted: bytes, oddity: str) -> None:
    """Bodies without zlib's frame, of several members, cut, damaged, or with more behind are undone."""
    found, oddities = undone(octets, coding)
    assert oddities == ["the body is compressed", *([oddity] if oddity else [])]
    assert found == wanted


@pytest.mark.parametrize(
    ("octets", "wanted", "oddity"),
    [
        (chunks(SOAP, end=b""), SOAP, "the final chunk is missing"),
        (chunks(SOAP, end=b"9\r\nab"), SOAP + b"ab", "the last chunk is truncated: it has 2 of 9 octets"),
        (
            chunks(SOAP[:50], end=b"x9\r\nabcdefghi\r\n0\r\n\r\n"),
            SOAP[:50],
            "the chunk at octet 60 has no valid size: 20 octets are left out",
        ),
    ],
)
def test_chunks_that_are_not_whole(octets: bytes, wanted: bytes, oddity: str) -> None:
    """What is there is read, and what is not is told."""
    oddities: list[str] = []
    assert untransported(octets, {"transfer-encoding": "chunked"}, oddities.append) == wanted
    assert oddities == ["the body has chunks", oddity]


def test_what_is_unpacked_is_bounded() -> None:
    """The unpacked octets are bounded for any input; a body of exactly the bound is whole."""
    for size, more in ((100 << 20, True), (64 << 20, False)):
        found, oddities = undone(zlib.compress(bytes(size)), "deflate")
        assert len(found) == 64 << 20
        told = "the compressed body has more than 67,108,864 octets when decompressed; the rest is left out"
        assert (told in oddities) is more


@pytest.mark.parametrize(
    "octets",
    [
        SOAP.replace(b"e:Body", b"e:body")
        .replace(b"e:Header", b"e:header")
        .replace(b"Envelope", b"envelope"),
        SOAP.replace(b"SubmitRsp", b"submitRsp"),
        SOAP.replace(b"<SubmitRsp>", b"<n><SubmitRsp>").replace(b"</SubmitRsp>", b"</SubmitRsp></n>"),
        SOAP.replace(b"</e:Body>", b"</e:Body><e:Body/>"),
    ],
)
def test_envelopes_of_peers(octets: bytes) -> None:
    """Names in another case, an element around the message, and a second body are read."""
    found = transcode.read(octets)
    assert (found.message_type, found.transaction_id) == ("mm7-submit-rsp", "T7")
    assert dict(found.headers)["StatusCode"] == 1000
