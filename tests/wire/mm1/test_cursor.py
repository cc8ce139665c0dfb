"""Values whose lengths and charsets are wrong: read as others read them, and told."""

from __future__ import annotations

from pathlib import Path

import pytest

import transcode
from transcode.errors import PduError
from transcode.model import MessageFields
from transcode.wire.mm1 import content_types, pdu_reader, wsp
from transcode.wire.mm1.cursor import Cursor
from transcode.wire.mm1.wsp_numbers import CHARSETS

HEAD = b"\x8c\x82\x98T1\0\x8d\x90"
TAIL = b"\x8a\x80\x8e\x02\x01\xd8\x88\x05\x81\x03\x01\x51\x80\x83http://m/1\0"
ADDRESS = b"+33000000000/TYPE=PLMN\0"


def read(headers: bytes, *oddities: str, tail: bytes = TAIL) -> MessageFields:
    """A notification with these headers, of which the others must be as they are; its length is told."""
    found = pdu_reader.from_bytes(HEAD + headers + tail)
    if tail:
        values = dict(found.headers)
        assert values["X-Mms-Message-Size"] == 472
        assert values["X-Mms-Expiry"] == ("relative", 86400)
        assert values["X-Mms-Content-Location"] == "http://m/1"
    for oddity in oddities:
        assert sum(oddity in told for told in found.oddities) == 1, found.oddities
    return found


def length(value: bytes, more: int = 0) -> bytes:
    return wsp.value_length(len(value) + more) + value


@pytest.mark.parametrize("number", [number for number in CHARSETS if 0 < number < 0x20])
def test_a_charset_octet_that_looks_like_a_length(number: int) -> None:
    """Each charset below 32, in a subject and in From; the letters behind it are text."""
    octet = bytes((number,))
    subject = read(b"\x96" + length(octet + b"Bonjour a tous, 33000\0"), "without the high bit").subject
    assert subject == "Bonjour a tous, 33000"
    sender = read(b"\x89" + length(b"\x80" + length(octet + ADDRESS)), "without the high bit").sender
    assert sender == "+33000000000/TYPE=PLMN"
    to = read(b"\x97" + length(octet + ADDRESS), "without the high bit").to
    assert to == ("+33000000000/TYPE=PLMN",)


def test_letters_of_that_charset() -> None:
    """A subject of iso-8859-1 and one of iso-8859-8, shorter than the octet taken for a length says."""
    assert read(b"\x96" + length(b"\x04\xe9t\xe9\0"), "iso-8859-1").subject == "été"
    assert read(b"\x96" + length(b"\x0b\xf9\xec\0"), "iso-8859-8").subject == "של"


def test_utf_8_without_its_high_bit() -> None:
    """Where a quote or more than US-ASCII follows: else it is the letter j."""
    assert read(b"\x96" + length(b"j\x7f\xc3\xa9!\0"), "utf-8").subject == "é!"
    assert read(b"\x96" + length(b"jcaf\xc3\xa9\0"), "utf-8").subject == "café"
    assert read(b"\x96" + length(b"john\0"), "no charset").subject == "john"


@pytest.mark.parametrize("number", [1000, 1015, 2025, 2101, 2252])
def test_charsets_that_need_two_octets(number: int) -> None:
    """Long integers are still those, known or not."""
    name = CHARSETS[number]
    octets = "中文".encode({"iso-10646-ucs-2": "utf-16-be"}.get(name, name), "replace")
    found = pdu_reader.from_bytes(
        HEAD + b"\x96" + length(b"\x02" + number.to_bytes(2, "big") + octets + b"\0") + TAIL
    )
    assert found.subject in ("中文", "??")
    assert not any("high bit" in oddity for oddity in found.oddities)
    assert read(b"\x96" + length(b"\x02\x0f\xffabc\0"), "'mib-4095' is not known").subject == "abc"


def test_the_charset_of_a_part_without_its_high_bit() -> None:
    """The parameter of a content type may lack the high bit of its charset."""
    for number in (4, 106, 11):
        octet = bytes((number,))
        for value in (b"\x83\x81" + octet, b"\x83\x81" + octet + b"\x85a.txt\0"):
            kind, parameters = content_types.content_type(Cursor(length(value)))
            assert (kind, parameters[0]) == ("text/plain", ("charset", CHARSETS[number]))
            assert [value for name, value in parameters[1:]] == ["a.txt"] * (len(value) > 3)


@pytest.mark.parametrize("more", [1, 2, 7, 12, 20])
def test_a_length_that_is_too_large(more: int) -> None:
    """The text's own end tells, wherever the length points to; the headers behind are all there."""
    told = f"{more} octets too large"
    assert read(b"\x89" + length(b"\x80" + ADDRESS, more), told).sender == "+33000000000/TYPE=PLMN"
    assert read(b"\x96" + length(b"\xeaHi \xc3\xa9\0", more), told).subject == "Hi é"
    assert read(b"\xa0" + length(b"\x81" + ADDRESS, more), told).headers[0] == (
        "X-Mms-Previously-Sent-By",
        (1, "+33000000000/TYPE=PLMN"),
    )
    assert read(b"\x87" + length(b"\x81\x02\x0e\x10", more), told).headers[0] == (
        "X-Mms-Delivery-Time",
        ("relative", 3600),
    )
    nested = b"\x80" + length(b"\xea" + ADDRESS, more)
    assert (
        read(b"\x89" + length(nested), "octets, but only 24 octets are left").sender
        == "+33000000000/TYPE=PLMN"
    )
    wide = b"\x02\x03\xf7" + "été".encode("utf-16-be") + b"\0\0"
    assert read(b"\x96" + length(wide, more), told).subject == "été"


def test_a_length_that_goes_beyond_the_last_octet() -> None:
    """A text in the last header may end before its length; one that does not end is refused."""
    found = read(b"\x89" + length(b"\x80" + ADDRESS, 9), "33 octets, but only", tail=b"")
    assert found.sender == "+33000000000/TYPE=PLMN"
    with pytest.raises(PduError, match="34 octets are declared"):
        read(b"\x89" + length(b"\x80" + ADDRESS, 10)[:-1], tail=b"")


@pytest.mark.parametrize("rest", [b"\0", b"\0\0", b"x", b"\x80", b"\xff\xff", b"\x05\x05"])
def test_octets_behind_a_text_that_are_no_headers(rest: bytes) -> None:
    """Its length is right then, and they are passed over."""
    told = f"{len(rest)} octets behind"
    assert read(b"\x96" + length(b"\xeaHi\0" + rest), told).subject == "Hi"
    assert read(b"\x89" + length(b"\x80" + ADDRESS + rest), told).sender == "+33000000000/TYPE=PLMN"


@pytest.mark.parametrize("less", [1, 2, 5])
def test_a_length_that_is_too_small(less: int) -> None:
    """A text goes on to its zero, an integer has the octets that it says."""
    told = f"{less} octets too small"
    assert read(b"\x96" + length(b"\xeaBonjour\0", -less), told).subject == "Bonjour"
    assert read(b"\x89" + length(b"\x80" + ADDRESS, -less), told).sender == "+33000000000/TYPE=PLMN"
    assert read(b"\x89" + length(b"\x80" + length(b"\xea" + ADDRESS, -less)), told).sender
    assert read(b"\x87" + length(b"\x81\x06\x00\x00\x00\x00\x0e\x10", -less), told).headers[0][1] == (
        "relative",
        3600,
    )


def test_a_text_without_its_zero() -> None:
    """Its length is right where headers follow."""
    assert read(b"\x96" + length(b"\xeaBonjour"), "no final zero").subject == "Bonjour"
    assert read(b"\x89" + length(b"\x80" + ADDRESS[:-1]), "no final zero").sender == "+33000000000/TYPE=PLMN"


def test_pushes_of_operators(shared: Path) -> None:
    """Two that real networks sent: no digit is lost, nor a message."""
    folder = shared / "cases" / "wire"
    found = transcode.read((folder / "from-charset-without-high-bit.push").read_bytes())
    assert found.sender == "33000000000/TYPE=PLMN"
    assert found.subject == "yBO"
    found = transcode.read((folder / "from-length-too-large.push").read_bytes())
    assert found.sender == "+12345/TYPE=PLMN"
    assert found.headers == (
        ("X-Mms-Message-Class", "Personal"),
        ("X-Mms-Message-Size", 472),
        ("X-Mms-Expiry", ("relative", 16777215)),
        ("X-Mms-Content-Location", "http://bad.com/x.php?909090"),
        ("X-Mms-Status", "Expired"),
    )


@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_bare_charset_before_a_length_that_is_too_large(length: int) -> None:
    """The text is judged up to its own end, and a number has no letter in front."""
    for octets, wanted in (
        (b"\x6a" + "été".encode() + b"\0", "été"),
        (b"\x6a+33612345678/TYPE=PLMN\0", "+33612345678/TYPE=PLMN"),
        (b"\x2633612345678/TYPE=PLMN\0", "33612345678/TYPE=PLMN"),
    ):
        data = bytes([len(octets) + length]) + octets + b"\x8c\x82\x98T1\0\x8d\x90"
        assert Cursor(data).encoded_string() == wanted
