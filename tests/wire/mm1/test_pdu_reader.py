"""PDUs as others write them."""

from __future__ import annotations

import pytest

from tests.made.pdus import (
    HEAD,
    MIXED,
    entry,
)
from transcode.errors import PduError
from transcode.model import MessageFields, Part
from transcode.wire.mm1 import pdu_reader, pdu_writer


def read_odd(octets: bytes, oddity: str) -> MessageFields:
    """The message, and one oddity that says this."""
    found = pdu_reader.from_bytes(octets)
    assert len(found.oddities) == 1, found.oddities
    assert oddity in found.oddities[0]
    return found


def test_an_octet_too_many() -> None:
    """A single octet behind the last header is passed over, as one phone writes it."""
    octets = b"\x8c\x85\x98T\0\x8d\x91\x91"
    assert read_odd(octets, "0x91 follows the last header").transaction_id == "T"


def test_an_unknown_header_is_skipped_by_its_first_octet() -> None:
    """One octet, a length, a text; the octets are told."""
    head = b"\x8c\x85\x98T\0\x8d\x91"
    for value, told in ((b"\x99", "'25'"), (b"\x02\xab\xcd", "'abcd'"), (b"text\0", "'text'")):
        found = read_odd(head + b"\xc7" + value + b"\x91\x80", told)
        assert found.headers == (("X-Mms-Report-Allowed", True),)


def test_an_unknown_word_keeps_its_octet() -> None:
    """It is given as a number and can be written again."""
    octets = b"\x8c\x83\x98T\0\x8d\x91\x95\x99"
    found = read_odd(octets, "0x99 is not the octet of a known word")
    assert found.headers == (("X-Mms-Status", 0x99),)
    assert pdu_writer.to_bytes(found) == octets


def test_words_spelled_out() -> None:
    """A class by name is allowed, a priority is odd, and both are read."""
    found = read_odd(HEAD + b"\x8aauto\0\x8fHIGH\0\x84\x83", "a word is in text form")
    assert found.headers[1:] == (("X-Mms-Message-Class", "Auto"), ("X-Mms-Priority", "High"))
    found = pdu_reader.from_bytes(HEAD + b"\x8ax-own\0\x84\x83")
    assert found.headers[1:] == (("X-Mms-Message-Class", "x-own"),)


@pytest.mark.parametrize(
    ("octets", "sender", "oddity"),
    [
        (b"\x89+1/TYPE=PLMN\0", "+1/TYPE=PLMN", "neither a length nor a token"),
        (b"\x89\x81", None, "no length"),
        (b"\x89\x80+1\0", "+1", "no length"),
        (b"\x89\x03+1\0", "+1", "no token"),
        (b"\x89\x02\x81\0", None, "1 octets behind"),
    ],
)
def test_from_without_its_frame(octets: bytes, sender: str | None, oddity: str) -> None:
    """From is read where length or token are missing."""
    assert read_odd(HEAD + octets + b"\x84\x83", oddity).sender == sender


def test_a_header_spelled_out_is_told() -> None:
    """A known header by name is left out, and its text is told."""
    found = read_odd(
        HEAD + b"Subject\0Hi\0\x84\x83", "'Subject' is in text form, not an octet, left out: 'Hi'"
    )
    assert found.subject is None


def test_a_second_subject_is_told() -> None:
    """The first of two is taken."""
    assert read_odd(HEAD + b"\x96a\0\x96b\0\x84\x83", "a second Subject").subject == "a"


def test_missing_headers_are_told() -> None:
    """What a PDU type must have and has not is odd; nothing is made up for it."""
    found = pdu_reader.from_bytes(b"\x8c\x80\x96Hi\0")
    assert found.transaction_id is None
    assert found.version == ""
    assert found.content_type is None
    told = " ".join(found.oddities)
    for name in ("Content-Type", "X-Mms-MMS-Version", "X-Mms-Transaction-Id", "From", "a recipient"):
        assert f"{name} is missing" in told


def test_a_part_of_every_kind_of_header() -> None:
    """Numbers, names, old and new dispositions, and ids with and without marks are read."""
    head = (
        b"\x83\xc0<a>\0\x8e/tmp/x\0\xc5\x08\x82\x98a.txt\0\x81\x83X-Own\0v\0"
        b"\x8d\x82\x92\x01\x07\xbe\x02\xab\xcd\x8ben\0"
    )
    found = pdu_reader.from_bytes(MIXED + b"\x01" + entry(head, b"hi"))
    assert found.oddities == ()
    assert found.parts == (
        Part(
            "text/plain",
            b"hi",
            content_id="a",
            content_location="/tmp/x",
            disposition="inline",
            filename="a.txt",
            headers=(
                ("Accept-Charset", "us-ascii"),
                ("X-Own", "v"),
                ("Date", "7"),
                ("Content-Range", "abcd"),
                ("Content-Encoding", "en"),
            ),
        ),
    )


def test_part_headers_spelled_out() -> None:
    """Names of headers with a field are known in any spelling."""
    head = (
        b"\x83content-id\0<a>\0CONTENT-LOCATION\0b\0"
        b'Content-Disposition\0Attachment; filename="c d.txt"\0Content-Length\0002\0'
    )
    (found,) = pdu_reader.from_bytes(MIXED + b"\x01" + entry(head, b"hi")).parts
    assert found == Part(
        "text/plain",
        b"hi",
        content_id="a",
        content_location="b",
        disposition="attachment",
        filename="c d.txt",
    )


@pytest.mark.parametrize(
    ("head", "oddity"),
    [
        (b"", "has no valid content type"),
        (b"\x05\x83", "4 octets too large for the content type"),
        (b"\x05\x1e", "has no valid content type"),
        (b"\x83\x05", "0x05 can't begin a header"),
        (b"\x83\xae\x05\x82", "4 octets too large for a disposition"),
        (b"\x83\xae\x05", "can't be read"),
        (b"\x83\xae\x82", "has no length"),
        (b"\x83\xf0\x80", "part header 0xF0 is not known"),
        (b"\x83\x8d\x84", "Content-Length is '4'"),
        (b'\x83\xc0"<a>\0\xc0"<b>\0', "a second content id is left out: 'b'"),
        (b"\x83\xae\x03\x82\x96\x81", "left out: size='1'"),
        (b"\x83\x91\x9e", "a second Content-Type"),
        (b"\x83Content-Transfer-Encoding\0x-own\0", "'x-own' is not known"),
        (b"\x83Content-Transfer-Encoding\0base64\0", "is declared as base64 and is not"),
    ],
)
def test_a_broken_part_head_costs_only_the_head(head: bytes, oddity: str) -> None:
    """The data and the next part are read all the same."""
    found = pdu_reader.from_bytes(MIXED + b"\x02" + entry(head, b"h!\0") + entry(b"\x9e", b"jpeg"))
    assert oddity in found.oddities[0]
    assert [part.data for part in found.parts] == [b"h!\0", b"jpeg"]


@pytest.mark.parametrize(
    ("encoding", "data", "decoded"),
    [
        (b"base64", b"aGVsbG8h", b"hello!"),
        (b"Base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"base64", b"aGVsbG8", b"hello"),
        (b"base64", b"", b""),
        (b"quoted-printable", b"h=C3=A9=\r\nllo", "héllo".encode()),
        (b"8bit", b"\xff=", b"\xff="),
        (b"binary", b"aGVs", b"aGVs"),
    ],
)
def test_transfer_encodings_are_undone(encoding: bytes, data: bytes, decoded: bytes) -> None:
    """Data come out as they were before mail; the header goes."""
    head = b"\x83Content-Transfer-Encoding\0" + encoding + b"\0"
    found = pdu_reader.from_bytes(MIXED + b"\x01" + entry(head, data))
    assert found.parts == (Part("text/plain", decoded),)
    assert found.oddities == ()


def test_base64_that_was_cut() -> None:
    """The octets that are there are read."""
    head = b"\x83Content-Transfer-Encoding\0base64\0"
    assert read_odd(MIXED + b"\x01" + entry(head, b"aGVsb"), "within an octet").parts[0].data == b"hel"


def test_a_multipart_within_gives_way_to_its_parts() -> None:
    """Its parts replace the multipart; the first part takes over the names that it lacks."""
    inner = b"\x02" + entry(b'\x83\xc0"<own>\0', b"text") + entry(b"\x9d", b"gif")
    body = entry(b'\x04\xa6\x85n\0\xc0"<outer>\0\x8eloc\0', inner) + entry(b"\x9e", b"jpeg")
    found = read_odd(MIXED + b"\x02" + body, "its 2 parts take its place")
    assert found.parts == (
        Part("text/plain", b"text", content_id="own", content_location="loc", name="n"),
        Part("image/gif", b"gif"),
        Part("image/jpeg", b"jpeg"),
    )


@pytest.mark.parametrize(
    ("head", "data"),
    [
        (b"\xa6", b"\x02\x05\x05\x9e"),
        (b"multipart/x\0", b"\x02\x05\x05\x9e"),
        (b"\x0c\x8fboundary\0x\0", b"\x01" + entry(b"\x9e", b"jpeg")),
    ],
    ids=["wap", "text", "mail"],
)
def test_a_multipart_that_is_none_stays_as_it_is(head: bytes, data: bytes) -> None:
    """Octets that can't be read as parts, or have a boundary as in mail, are one part."""
    found = pdu_reader.from_bytes(MIXED + b"\x01" + entry(head, data))
    assert [part.data for part in found.parts] == [data]


def test_multiparts_too_deep_stay_as_they_are() -> None:
    """Nesting has an end."""
    inner = b"\x01" + entry(b"\x83", b"text")
    for _ in range(9):
        inner = b"\x01" + entry(b"\xa6", inner)
    (found,) = pdu_reader.from_bytes(MIXED + inner).parts
    assert found.content_type == "application/vnd.wap.multipart.alternative"


def test_a_wrong_number_of_parts() -> None:
    """More declared than there are, and octets behind the last."""
    assert (
        len(
            read_odd(MIXED + b"\x05" + entry(b"\x83", b"a"), "5 parts are declared, but the body has 1").parts
        )
        == 1
    )
    assert len(read_odd(MIXED + b"\x01" + entry(b"\x83", b"a") + b"xyz", "3 octets behind").parts) == 1


def test_the_body_of_a_refusal() -> None:
    """A multipart that is none is one part in a refusal, an error elsewhere."""
    octets = b"\x84\xa34504:Message not found"
    found = read_odd(HEAD + b"\x99\xe2" + octets, "not a multipart")
    assert [part.data for part in found.parts] == [b"4504:Message not found"]
    assert read_odd(HEAD + b"\x99\xe2\x84\xa3", "no body follows").parts == ()
    with pytest.raises(PduError):
        pdu_reader.from_bytes(HEAD + b"\x99\x80" + octets)


@pytest.mark.parametrize(
    ("octets", "reason", "offset"),
    [
        (b"", "Message-Type is missing", 0),
        (b"\x98T\0\x8d\x92", "Message-Type is missing", 0),
        (b"\x8c\x98\x98T\0", "type 0x98, which is not supported", 0),
        (b"\x8cm-own\0\x98T\0", "type 'm-own', which is not supported", 0),
        (b"\x8c\x82\x89\x40", "a text has no end", 3),
        (b"\x8c\x82\x89\x05\x80+1", "5 octets are declared, but only 3 are left", 4),
        (b"\x8c\x82\x96\x05\xea\xc3", "5 octets are declared, but only 2 are left", 4),
        (b"\x8c\x82\x88\x03\x85\x01\x01", "not one of absolute, relative", 4),
        (b"\x8c\x82\x05\x05", "0x05 can't begin a header", 2),
        (b"\x8c\x82\x8f\x05\x05", "0x05 in place of a word", 3),
        (MIXED + b"\x01\x05\x05\x83", "5 octets are declared, but only 1 are left", 15),
        (MIXED + b"\xff\xff\xff\xff\xff\x7f", "32 bits", 17),
    ],
)
def test_broken_pdus_say_what_and_where(octets: bytes, reason: str, offset: int) -> None:
    """The error has the reason and the place."""
    with pytest.raises(PduError, match=reason) as caught:
        pdu_reader.from_bytes(octets)
    assert caught.value.offset == offset
