"""Mails as gateways and other programs write them."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made.mails import (
    read,
)
from transcode.model import HeaderValue, MessageFields
from transcode.wire.mm4 import mm4


def odd_mail(headers: str, body: str = "") -> MessageFields:
    text = f"X-Mms-Message-Type: MM4_forward.REQ\n{headers}\n\n{body}"
    return mm4.from_bytes(text.encode("utf-8"))


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("X-Mms-Priority: 2", "X-Mms-Priority", "High"),
        ("x-mms-priority: HIGH", "X-Mms-Priority", "High"),
        ("X-Mms-Delivery-Report: 0", "X-Mms-Delivery-Report", True),
        ("X-Mms-Read-Report: no", "X-Mms-Read-Reply", False),
        ("X-Mms-Expiry: Sat, 25 Nov 2006 22:00:00 GMT", "X-Mms-Expiry", ("absolute", 1164492000)),
        ("X-Mms-Expiry: 3600", "X-Mms-Expiry", ("relative", 3600)),
        ("X-Mms-Expiry: 1176949814", "X-Mms-Expiry", ("absolute", 1176949814)),
        ("X-Mms-Expiry: RELATIVE: 50", "X-Mms-Expiry", ("relative", 50)),
        ("Date: Sun, 24 Feb 08 13:43:41 CST", "Date", 1203882221),
        ("X-Mms-Message-ID: bare", "X-Mms-Message-ID", "bare"),
        ('X-Mms-Message-ID: "a\\"b"', "X-Mms-Message-ID", 'a"b'),
        ("X-Mms-Message-Class: x-own", "X-Mms-Message-Class", "x-own"),
    ],
)
def test_values_in_other_words(line: str, name: str, value: HeaderValue) -> None:
    """Numbers, dates of any kind, any case, with and without quotes are read."""
    assert odd_mail(line).headers == ((name, value),)


@pytest.mark.parametrize(
    "line",
    [
        "X-Mms-Expiry: soon",
        "Date: 31 Feb 2020 25:00 +0000",
        "Date: Mon, 1 Jan 1900 00:00:00 +0000",
        "X-Mms-Delivery-Report: perhaps",
        "X-Mms-Forward-Counter: one",
    ],
)
def test_values_that_make_no_sense_are_left_out_and_told(line: str) -> None:
    """The rest of the mail is read."""
    found = odd_mail(line)
    assert found.headers == ()
    assert any("left out" in oddity for oddity in found.oddities)


def test_a_version_in_the_octet_of_mm1() -> None:
    """Nokia's gateway writes the version as MM1's octet."""
    found = odd_mail("X-Mms-MMS-Version: 18")
    assert found.version == "1.2"
    assert any("is read as X-Mms-3GPP-MMS-Version" in oddity for oddity in found.oddities)


def test_addresses_of_all_kinds() -> None:
    """Lists, folds, names with commas, brackets, encoded words and several headers are read."""
    found = odd_mail(
        'To: "Doe, J" <+15/TYPE=PLMN>,\n <a@b.c>, =?utf-8?Q?J=C3=BC_=3C12=3E?=\nTo: 1234\nCc:\n'
        "From: <x@y.z>, b"
    )
    assert found.to == ('"Doe, J" <+15/TYPE=PLMN>', "a@b.c", "Jü <12>", "1234")
    assert (found.cc, found.sender) == ((), "x@y.z")
    assert any("From has 2" in oddity for oddity in found.oddities)


def test_octets_beyond_ascii() -> None:
    """They are read as UTF-8, else as Latin-1, and told."""
    assert odd_mail("Subject: Grüße").subject == "Grüße"
    latin = mm4.from_bytes(b"X-Mms-Message-Type: MM4_forward.REQ\r\nSubject: Gr\xfc\xdfe\r\n\r\n")
    assert latin.subject == "Grüße"
    assert any("beyond US-ASCII" in oddity for oddity in latin.oddities)


def test_a_line_end_within_an_encoded_word_is_none() -> None:
    """What it holds can't become a header of its own."""
    assert odd_mail("Subject: =?utf-8?Q?a=0D=0ABcc:_x?=").subject == "a  Bcc: x"


def test_parameters_in_pieces() -> None:
    """Pieces of RFC 2231 are joined: numbered, encoded, with a charset, in any order."""
    found = odd_mail(
        "Content-Type: image/jpeg; name*1*=%FCne.jpg; name*0*=iso-8859-1''d; charset*=junk; x*0=a; x*1=b",
        "data",
    )
    assert found.parts[0].name == "düne.jpg"
    assert found.parts[0].charset == "junk"
    assert found.parts[0].parameters == (("x", "ab"),)


NESTED = """\
--a
Content-Type: multipart/alternative; boundary=b
Content-ID: <outer>

--b
Content-Type: text/plain

one
--b--
--a
Content-Type: text/plain
Content-Transfer-Encoding: quoted-printable

tw=6F=
--a--
"""


def test_a_multipart_within_gives_way_to_its_parts() -> None:
    """The first of them takes its id; transfer encodings are undone."""
    found = odd_mail("Content-Type: multipart/mixed; boundary=a", NESTED)
    assert [bytes(part.data) for part in found.parts] == [b"one", b"two"]
    assert found.parts[0].content_id == "outer"
    assert any("its place" in oddity for oddity in found.oddities)


@pytest.mark.parametrize(
    ("body", "data", "oddity"),
    [
        ("--a\n\none\n--a\n\ntwo", [b"one", b"two"], "the last boundary is missing"),
        ("--a \n\none\n--a-- \n", [b"one"], ""),
        ("--a\n\none\n--ab\n--a--", [b"one\n--ab"], ""),
        ("text\n--a\n\none\n --a--\n--a--\nbehind", [b"one\n --a--"], "text follows the last boundary"),
        ("--a--", [], ""),
        ("--a\n--a\n--a--", [b"", b""], ""),
        ("", [], "the last boundary is missing"),
    ],
)
def test_boundaries(body: str, data: list[bytes], oddity: str) -> None:
    """Only whole lines part anything."""
    found = odd_mail("Content-Type: multipart/mixed; boundary=a", body)
    assert [bytes(part.data) for part in found.parts] == data
    assert any(oddity in entry for entry in found.oddities)


def test_a_multipart_that_can_not_be_taken_apart_is_one_part() -> None:
    """A multipart without a boundary, or encoded as a whole, is one part."""
    for headers in ("boundary=a\nContent-Transfer-Encoding: base64", "x=y"):
        found = odd_mail(f"Content-Type: multipart/mixed; {headers}", "")
        assert [part.content_type for part in found.parts] == ["multipart/mixed"]
        assert any("is read as one part" in oddity for oddity in found.oddities)


def test_part_data_are_views() -> None:
    """What is not encoded is not copied."""
    found = odd_mail("Content-Type: text/plain", "x" * 100)
    assert isinstance(found.parts[0].data, memoryview)


MAILS = {
    "3ireland-mms-01.mail": ("1203776456769", 6),
    "alltel-mms-01.mail": ("1203860605", 5),
    "att-image-01.mail": ("3268915494-0", 1),
    "dobson-image-01.mail": ("AVTD2MlE05dRftqAJ", 3),
    "maroctelecom-france-mms-01.mail": ("1788670913", 5),
    "mms.ae-image-01.mail": (None, 1),
    "mms.mycricket.com-pic.mail": (None, 2),
    "mtn-southafrica-mms.mail": (None, 3),
    "netcom-image-01.mail": ("42-db80104", 3),
    "orange-uk-image-01.mail": ("jMMS--86137296", 3),
    "pics.cingularme.com-image-01.mail": ("E0FE5F627738A9", 1),
    "tmobile-image-01.mail": (None, 7),
    "forward_req.eml": ("txn-1", 1),
    "read_reply_report_req.eml": ("txn-read", 1),
}


def test_mails_of_others(shared: Path) -> None:
    """Each real mail is read, as Python's own reader sees its leaves, and comes back as it was read."""
    paths = [path for path in (shared / "vectors" / "mm4").rglob("*") if path.suffix in (".mail", ".eml")]
    assert {path.name for path in paths} == set(MAILS)
    for path in paths:
        octets = path.read_bytes()
        found = mm4.from_bytes(octets)
        assert (found.transaction_id, len(found.parts)) == MAILS[path.name]
        leaves = [leaf for leaf in email.message_from_bytes(octets).walk() if not leaf.is_multipart()]
        assert [leaf.get_content_type() for leaf in leaves] == [part.content_type for part in found.parts]
        for leaf, part in zip(leaves, found.parts, strict=True):
            payload = leaf.get_payload(decode=True)
            assert isinstance(payload, bytes)
            # Python's reader leaves a line end in front of the boundary at a message's end.
            assert payload.strip() == bytes(part.data).strip()
        assert read(mm4.to_bytes(found, strict=False)) == replace(found, oddities=())
