"""What peers write in other ways than the standards: read with its meaning, told, and handed on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import transcode
from tests.effort import bounded
from transcode.messages.message import Message
from transcode.model import HeaderValue, Part
from transcode.wire.addresses import with_type
from transcode.wire.mm4 import mm4
from transcode.wire.mm7 import mm7
from transcode.wire.mm7.schema_rules import DEFAULT_VERSION
from transcode.wire.parts import as_presentation
from transcode.wire.times import date_time, duration, mail_date

ONE = "+15555550100/TYPE=PLMN"


@pytest.fixture
def wire(shared: Path) -> Path:
    return shared / "cases" / "wire"


def mail(*lines: str) -> transcode.Message:
    """A forwarded message with these headers."""
    head = ["X-Mms-Message-Type: MM4_forward.REQ", *lines, "", ""]
    return transcode.read("\r\n".join(head).encode())


def told(message: Message, oddity: str) -> bool:
    return sum(oddity in found for found in message.oddities) == 1


# Two names of one header


def test_a_header_and_its_alias(wire: Path) -> None:
    """The header's own name counts, whichever stands first."""
    own, alias = "X-Mms-3GPP-MMS-Version: 5.5.0", "X-Mms-MMS-Version: 1.2"
    assert mail(own, alias).version == mail(alias, own).version == "5.5.0"
    assert mail(alias).version == "1.2"
    assert mail(alias, own, "X-Mms-3GPP-MMS-Version: 6.3.0").version == "5.5.0"
    own, alias = "X-Mms-Read-Reply: Yes", "X-Mms-Read-Report: No"
    for lines in ((own, alias), (alias, own)):
        assert mail(*lines).headers == (("X-Mms-Read-Reply", True),)
    found = transcode.read((wire / "mbuni-mm4-two-versions.eml").read_bytes())
    assert found.version == "5.5.0"
    assert transcode.read(found.to_mm4()).version == "5.5.0"


# Messages that were forwarded before


def test_senders_of_a_message_forwarded_twice(wire: Path) -> None:
    """Each is told with its count, on the way to MM4 and back."""
    found = transcode.read((wire / "forwarded-twice.mms").read_bytes())
    earlier = tuple(header for header in found.headers if header[0].startswith("X-Mms-Previously"))
    assert [value for _, value in earlier] == [
        (1, "+15555550177/TYPE=PLMN"),
        (1, 1_700_000_000),
        (2, "a@b.example"),
    ]
    forwarded = transcode.read(replace(found, sender=ONE).to_mm4(date=0))
    assert [oddity for oddity in forwarded.oddities if "reviously" in oddity] == []
    back = forwarded.converted("m-retrieve-conf")
    assert tuple(header for header in back.headers if header[0].startswith("X-Mms-Prev")) == earlier


def test_senders_of_a_delivery() -> None:
    """The sender of an MM7 delivery reaches a phone as well."""
    listed: tuple[tuple[str, HeaderValue], ...] = (
        ("Previouslysentby", (1, ONE)),
        ("Previouslysentby", (2, "a@b.example")),
        ("Previouslysentdateandtime", (1, 1_700_000_000)),
    )
    delivery = Message("mm7-deliver-req", "T", DEFAULT_VERSION, ONE, headers=listed, content_type=None)
    found = transcode.read(bytes(mm7.to_http(delivery))).converted("m-retrieve-conf")
    assert found.headers == (
        ("X-Mms-Previously-Sent-By", (1, ONE)),
        ("X-Mms-Previously-Sent-By", (2, "a@b.example")),
        ("X-Mms-Previously-Sent-Date", (1, 1_700_000_000)),
    )


# Times


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-29T14:11:47Z", ("absolute", 1_795_961_507)),
        ("2026-11-29t16:11:47+02:00", ("absolute", 1_795_961_507)),
        ("2026-11-29 14:11:47", ("absolute", 1_795_961_507)),
        ("2026-11-29T14:11:47.123456789Z", ("absolute", 1_795_961_507)),
        ("2026-11-29", ("absolute", 1_795_910_400)),
        ("P3D", ("relative", 259_200)),
        ("P1W", ("relative", 604_800)),
        ("PT36H", ("relative", 129_600)),
        ("P1DT1H1M1S", ("relative", 90_061)),
        ("Sun, 29 Nov 2026 14:11:47 GMT", ("absolute", 1_795_961_507)),
        ("259200", ("relative", 259_200)),
    ],
)
def test_times_of_xml_in_mail(text: str, value: HeaderValue) -> None:
    """Times of RFC 3339 and durations of ISO 8601 are read beside those of mail and seconds."""
    assert mail(f"X-Mms-Expiry: {text}").headers == (("X-Mms-Expiry", value),)
    assert mail(f"X-Mms-Delivery-Time: {text}").headers == (("X-Mms-Delivery-Time", value),)


@pytest.mark.parametrize("text", ["P", "PT", "P1", "2026-13-29T14:11:47Z", "2026-11-29T99:11:47Z", "soon"])
def test_what_is_no_time(text: str) -> None:
    """It is left out, and told."""
    found = mail(f"X-Mms-Expiry: {text}")
    assert found.headers == ()
    assert told(found, f"X-Mms-Expiry, left out: {text!r}")


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 13 Jan 2022 02:23:39 +0200",
        "Thu, 13 Jan 2022 02:23:39 +0200 (IST)",
        "Thu Jan 13 2022 02:23:39 GMT+0200 (Israel Standard Time)",
        "Thu Jan 13 2022 02:23:39 GMT+0200",
        "Thu, 13 Jan 2022 02:23:39 GMT+0200 (GMT+02:00)",
        "Thu, 13 Jan 2022 02:23:39 UTC+02:00",
        "Thu, 13 Jan 2022 02:23:39 +02:00",
        "Thu Jan 13 2022 02:23:39.250 GMT+0200 (שעון ישראל (חורף))",
        "Wed, 12 Jan 2022 19:23:39 GMT-0500 (Eastern Standard Time)",
        "2022-01-13T00:23:39.000Z",
        "Thu, 13 Jan 2022 00:23:39 GMT",
        "Thu, 13 Jan 2022 00:23:39",
        "Thu Jan 13 00:23:39 2022",
    ],
)
def test_dates_as_scripts_write_them(text: str) -> None:
    """The zone behind GMT counts: without it the time was some hours off."""
    assert mail(f"Date: {text}").headers == (("Date", 1_642_033_419),)


def test_a_zone_that_is_not_known() -> None:
    """Its time is taken as UTC, and told."""
    found = mail("Date: Thu, 13 Jan 2022 00:23:39 IST")
    assert found.headers == (("Date", 1_642_033_419),)
    assert told(found, "zone")


def test_times_by_themselves() -> None:
    """The functions that both forms use read such times."""
    oddities: list[str] = []
    assert date_time("1970-01-01T00:00:00Z", oddities.append) == 0
    assert date_time("20260101", oddities.append) is None
    assert duration("P1Y1M", oddities.append) == 395 * 86_400
    assert len(oddities) == 1
    with pytest.raises(ValueError, match="before 1970"):
        mail_date("Thu, 13 Jan 1966 00:23:39 GMT", oddities.append)


def test_dates_of_mail_in_soap() -> None:
    """SOAP takes the dates of mail."""
    octets = bytes(mm7.to_http(Message("mm7-deliver-req", "T", "6.8.0", ONE, content_type=None)))
    stamp = b"<TimeStamp>Thu, 13 Jan 2022 02:23:39 +0200</TimeStamp></DeliverReq>"
    found = transcode.read(octets.replace(b"</DeliverReq>", stamp))
    assert found.headers == (("TimeStamp", 1_642_033_419),)


def test_an_expiry_of_a_peer(wire: Path) -> None:
    """It is there, and goes on to MM1."""
    found = transcode.read((wire / "vectorcore-mm4-expiry-rfc3339.eml").read_bytes())
    assert dict(found.headers)["X-Mms-Expiry"] == ("absolute", 1_795_961_507)
    assert dict(found.converted("m-send-req").headers)["X-Mms-Expiry"] == ("absolute", 1_795_961_507)


# Presentations by another type

SHOW = b'<smil><body><par><img src="a.jpg"/></par></body></smil>'


@pytest.mark.parametrize(
    "data",
    [
        SHOW,
        b"\xef\xbb\xbf\r\n" + SHOW,
        b'<?xml version="1.0"?>\n<!-- made here -->\n' + SHOW,
        b'<!DOCTYPE smil PUBLIC "-//W3C//DTD SMIL 2.0//EN" "SMIL20.dtd">'
        + SHOW.replace(b"<smil>", b"<SMIL >"),
    ],
)
@pytest.mark.parametrize(
    "kind", ["application/vnd.wap.hashed-certificate", "text/xml", "application/octet-stream"]
)
def test_smil_is_known_by_its_data(data: bytes, kind: str) -> None:
    """SMIL is recognised under any content type; other XML and other data keep their types."""
    oddities: list[str] = []
    assert as_presentation(Part(kind, data), oddities.append).content_type == "application/smil"
    assert oddities == [f"a part is declared as {kind!r} and is application/smil"]
    for other in (b"<smile/>", b"<html><smil/></html>", b"x" + data, b"", bytes(9999)):
        assert as_presentation(Part(kind, other), oddities.append).content_type == kind


def test_plain_text_about_smil() -> None:
    """It is text, unless its name says otherwise."""
    oddities: list[str] = []
    text = Part("text/plain", memoryview(SHOW), content_location="text1.txt")
    assert as_presentation(text, oddities.append) is text
    for name in ("smil.xml", "show.smi", "0.smil"):
        named = replace(text, content_location=name)
        assert as_presentation(named, oddities.append).content_type == "application/smil"


def test_smil_in_a_part_without_a_type() -> None:
    """SMIL is found in a PDU whose part has no head that can be read."""
    octets = (
        b"\x8c\x80\x98T\0\x8d\x92\x89\x01\x81\x97a@b\0\x84\xa3\x01\x01" + bytes((len(SHOW),)) + b"\x05" + SHOW
    )
    found = transcode.read(octets)
    assert told(found, "has no valid content type")
    assert found.smil is not None
    assert transcode.read(found.to_mm1()).smil == found.smil


def test_a_presentation_by_a_wrong_number(wire: Path) -> None:
    """The slide is shown as it was made, in any form."""
    found = transcode.read((wire / "vectorcore-smil-as-0xB8.mms").read_bytes())
    assert told(found, "is application/smil")
    for kind in ("m-send-req", "mm7-submit-req"):
        again = found.converted(kind)
        assert again.smil is not None
        assert again.smil.content_location == "smil.xml"


# Texts without escapes


def delivery(subject: str) -> bytes:
    octets = bytes(mm7.to_http(Message("mm7-deliver-req", "T", "6.8.0", ONE, subject="@", content_type=None)))
    return octets.replace(b">@<", f">{subject}<".encode())


@pytest.mark.parametrize(
    ("written", "subject", "odd"),
    [
        ("a & b", "a & b", True),
        ("a < b", "a < b", True),
        ("a <b> & c", "a <b> & c", True),
        ("a <b>c</b> d", "a <b>c</b> d", True),
        ("<3", "<3", True),
        ("AT&T; &nbsp; &#0; &#xFFFF; x", "AT&T; &nbsp; &#0; &#xFFFF; x", True),
        ("&lt;b&gt; &amp; < c", "<b> & < c", True),
        ("<![CDATA[a & <b>]]> & c", "a & <b> & c", True),
        ("bell \x07 & c", "bell   & c", True),
        ("a > b ]] \"'", "a > b ]] \"'", False),
        ("&lt;b&gt; &amp; &#8364;", "<b> & €", False),
        ("<![CDATA[a & <b>]]>", "a & <b>", False),
        ("plain", "plain", False),
    ],
)
def test_subjects_without_escapes(written: str, subject: str, odd: bool) -> None:
    """Bare ampersands and angles are text; what is escaped is read as before."""
    found = transcode.read(delivery(written))
    assert found.subject == subject
    assert told(found, "SOAP is repaired") == odd
    assert transcode.read(bytes(found.to_mm7(strict=False))).subject == subject


def test_octets_that_are_no_utf_8() -> None:
    """A subject in iso-8859-1 in a document that says nothing."""
    found = transcode.read(delivery("caf@").replace(b"caf@", b"caf\xe9"))
    assert found.subject == "café"
    assert told(found, "SOAP is repaired")


@pytest.mark.parametrize(
    "broken",
    [
        b"<Subject>a</Subject",
        b"<Subject>" * 20_000,
        b"<x:Subject>&" * 20_000,
        b"<![CDATA[" * 20_000,
        b"&" * 100_000,
        b"</Subject>",
    ],
)
def test_what_can_not_be_repaired(broken: bytes) -> None:
    """The error is that of the document as it came."""
    octets = delivery("a").replace(b"<Subject>", broken + b"<Subject>", 1).replace(b"</env:Body>", b"")
    with pytest.raises(transcode.PduError, match="not well-formed"):
        transcode.read(octets)


def test_a_repair_opens_no_door() -> None:
    """A DTD is refused as before."""
    octets = delivery("a & b").replace(b"<env:Envelope", b'<!DOCTYPE x [<!ENTITY e "x">]><env:Envelope', 1)
    with pytest.raises(transcode.PduError, match="document type"):
        transcode.read(octets)


def test_a_delivery_of_a_peer(wire: Path) -> None:
    """Every subject that it writes so was lost with its message."""
    found = transcode.read((wire / "mbuni-mm7-subject-unescaped.http").read_bytes())
    assert found.subject == 'quoted" <b> & = ?'
    assert len(found.parts) == 3
    assert transcode.read(found.converted("m-retrieve-conf").to_mm1(strict=False)).subject == found.subject


# Addresses


def test_numbers_without_a_type() -> None:
    """Numbers get their type on the way to MM1, where phones expect it; all other addresses stay."""
    found = mail(
        "From: +447700900123",
        "To: +972500000100, <+972500000101>, 55225, PIZZA, a@b.example, +972500000102/TYPE=PLMN@mms.example",
        "Cc: 972500000103",
        "X-Mms-Previously-sent-by: 1, +972500000104",
        "Content-Type: text/plain",
    )
    for kind in ("m-send-req", "m-retrieve-conf"):
        made = found.converted(kind)
        assert made.sender == "+447700900123/TYPE=PLMN"
        assert made.to == (
            "+972500000100/TYPE=PLMN",
            "+972500000101/TYPE=PLMN",
            "55225/TYPE=PLMN",
            "PIZZA",
            "a@b.example",
            "+972500000102/TYPE=PLMN",
        )
        assert made.cc == ("972500000103/TYPE=PLMN",)
        assert made.headers == (("X-Mms-Previously-Sent-By", (1, "+972500000104/TYPE=PLMN")),)


def test_a_message_to_a_name() -> None:
    """A short code of letters is a recipient in every form."""
    profile = transcode.find_profile("us-att")
    made = transcode.compose([], profile, to=["PIZZA", "+15555550100"], sender="ACME", text="Hello")
    assert made.to == ("PIZZA", ONE)
    assert transcode.read(made.to_mm1()).to == ("PIZZA", ONE)
    assert b"<ShortCode>PIZZA</ShortCode>" in made.to_mm7().body
    assert transcode.read(made.to_mm4(date=0)).to == ("PIZZA", ONE)
    assert mm4.from_bytes(made.to_mm4(date=0)).sender == "ACME"


def test_multiparts_within_multiparts() -> None:
    """At any depth nothing is lost: from the fifth level on they stay one part, and the oddities tell."""
    body = b"Content-Type: text/plain\r\n\r\nHello"
    for depth in range(1, 50):
        mark = b"b%d" % depth
        body = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n%s\r\n--%s--" % (
            mark,
            mark,
            body,
            mark,
        )
        found = transcode.read(b"X-Mms-Message-Type: MM4_forward.REQ\r\n" + body)
        (part,) = found.parts
        assert b"Hello" in bytes(part.data)
        assert told(found, "nest more than 4 deep") == (depth > 5)


@pytest.mark.parametrize(
    "written",
    [
        "+972 50-123-4567",
        '"+972501234567"',
        "tel:+972501234567",
        "Foo Bar <+972501234567>",
        "+972 (50) 123.4567",
        "<tel:+972501234567>",
        " Tel: +972501234567 ",
        "Foo < tel:  +972501234567 >",
    ],
)
def test_numbers_as_people_write_them(written: str) -> None:
    """Numbers with blanks, hyphens and brackets become plain numbers on the way to MM1."""
    message = transcode.Message(
        message_type="mm4-forward-req", to=(written,), headers=(("X-Mms-Message-ID", "1"),), content_type=None
    )
    assert message.converted("m-retrieve-conf").to == ("+972501234567/TYPE=PLMN",)


@pytest.mark.parametrize("address", ["a@b.c", "Foo <a@b.c>", "Erotik", "12 Monkeys", "+1/TYPE=PLMN"])
def test_addresses_that_are_no_numbers(address: str) -> None:
    """Stay as they are."""
    message = transcode.Message(
        message_type="mm4-forward-req", to=(address,), headers=(("X-Mms-Message-ID", "1"),), content_type=None
    )
    assert message.converted("m-retrieve-conf").to == (address,)


def test_blanks_in_front_of_no_number_cost_little() -> None:
    """Any number of blanks costs little time."""
    address = " " * 200_000 + "x"
    with bounded():
        assert with_type(address) == address


def test_zones_of_dates() -> None:
    """An offset counts behind any name; a name alone that is not known is told."""
    oddities: list[str] = []
    assert mail_date("Sun, 29 Nov 2026 10:20:30 MSK+0300", oddities.append) == 1_795_936_830
    assert not oddities
    assert mail_date("Sun Nov 29 10:20:30 XYZ 2026", oddities.append) == 1_795_947_630
    assert "zone" in oddities[0]
    assert date_time("20261129T102030Z", oddities.append) == 1_795_947_630
    assert duration("p1d", oddities.append) == 86_400
