"""Mails of MM4: exact octets, round trips, refusals, what gateways write, hostile octets."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import bounded
from transcode.errors import MessageError, PduError
from transcode.message import location
from transcode.model import HeaderValue, MessageFields, MessageType, Part
from transcode.wire.mm4 import mm4

quick = settings(deadline=None, max_examples=80)

FORWARDED = MessageFields(
    message_type="mm4-forward-req",
    transaction_id="T1",
    version="6.10.0",
    sender="+15555550100/TYPE=PLMN",
    to=("+15555550101/TYPE=PLMN", "someone@example.org"),
    subject="Grüße",
    headers=(
        ("Date", 1_700_000_000),
        ("X-Mms-Message-ID", "M1"),
        ("X-Mms-Expiry", ("relative", 3600)),
        ("X-Mms-Delivery-Report", True),
        ("X-Mms-Previously-sent-by", (1, "+15555550102/TYPE=PLMN")),
    ),
    content_type="multipart/related",
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(
        Part("application/smil", b"<smil/>", content_id="smil", name="smil.xml"),
        Part("image/jpeg", bytes(60), content_location="a.jpg", disposition="inline", filename="ä.jpg"),
    ),
)
FORWARDED_OCTETS = b"""\
From: +15555550100/TYPE=PLMN
To: +15555550101/TYPE=PLMN,
 someone@example.org
Subject: =?utf-8?B?R3LDvMOfZQ==?=
X-Mms-3GPP-MMS-Version: 6.10.0
X-Mms-Message-Type: MM4_forward.REQ
X-Mms-Transaction-ID: "T1"
Date: Tue, 14 Nov 2023 22:13:20 +0000
X-Mms-Message-ID: "M1"
X-Mms-Expiry: 3600
X-Mms-Delivery-Report: Yes
X-Mms-Previously-sent-by: 1, +15555550102/TYPE=PLMN
MIME-Version: 1.0
Content-Type: multipart/related;
 type="application/smil";
 start="<smil>";
 boundary="=_transcode"

--=_transcode
Content-Type: application/smil;
 name="smil.xml"
Content-Transfer-Encoding: base64
Content-ID: <smil>

PHNtaWwvPg==
--=_transcode
Content-Type: image/jpeg
Content-Transfer-Encoding: base64
Content-Location: a.jpg
Content-Disposition: inline;
 filename*=utf-8''%C3%A4.jpg

AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAA
--=_transcode--
""".replace(b"\n", b"\r\n")


def answer(**changes: Any) -> MessageFields:
    """An answer without a body."""
    plain = MessageFields(
        message_type="mm4-forward-res",
        transaction_id="T1",
        version="6.10.0",
        sender="system@mmsc.example",
        to=("system@other.example",),
        headers=(("X-Mms-Message-ID", "M1"), ("X-Mms-Request-Status-Code", "Ok")),
        content_type=None,
    )
    return replace(plain, **changes)


# Strategies

line = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=60)
token = st.from_regex(r"[a-z0-9]{1,9}", fullmatch=True)
seconds = st.integers(0, 253_402_300_799)
count = st.integers(0, 10**8)
header: st.SearchStrategy[tuple[str, HeaderValue]] = st.one_of(
    st.tuples(st.sampled_from(["X-Mms-Delivery-Report", "X-Mms-Ack-Request"]), st.booleans()),
    st.tuples(st.just("X-Mms-Message-Class"), st.sampled_from(["Personal", "Auto"])),
    st.tuples(st.just("Date"), seconds),
    st.tuples(
        st.just("X-Mms-Expiry"),
        st.tuples(st.just("absolute"), seconds) | st.tuples(st.just("relative"), count),
    ),
    st.tuples(st.sampled_from(["X-Mms-Message-ID", "Message-ID", "X-Mms-Status-Text"]), line),
    st.tuples(st.just("X-Mms-Forward-Counter"), count),
    st.tuples(st.just("X-Mms-Previously-sent-by"), st.tuples(count, line)),
    st.tuples(st.just("X-Mms-Previously-sent-date-and-time"), st.tuples(count, seconds)),
    st.tuples(token.map(lambda name: f"X-Own-{name}"), line),
)
parameter = st.tuples(st.sampled_from(["start", "type", "x-own"]), line)
part = st.builds(
    Part,
    content_type=st.sampled_from(["image/jpeg", "text/plain", "application/smil", "video/3gpp"]),
    data=st.binary(max_size=200),
    content_id=st.none() | line.filter(lambda text: text == text.strip('<>" ')),
    content_location=st.none() | line.map(location.uri),
    name=st.none() | line,
    charset=st.none() | st.sampled_from(["utf-8", "us-ascii", "x-own"]),
    disposition=st.sampled_from(["inline", "attachment", "x-own"]),
    filename=st.none() | line,
    parameters=st.lists(parameter, max_size=2).map(tuple),
    headers=st.lists(st.tuples(token.map(lambda name: f"x-{name}"), line), max_size=2).map(tuple),
)
part = part | part.map(lambda part: replace(part, disposition=None, filename=None))
addresses = st.lists(line.filter(bool), max_size=3).map(tuple)
bodiless = st.builds(
    MessageFields,
    message_type=st.sampled_from(list(mm4.MAIL_TYPES)),
    transaction_id=st.none() | line,
    version=st.sampled_from(["5.5.0", "6.10.0", "x"]),
    sender=st.none() | line.filter(bool),
    to=addresses,
    cc=addresses,
    bcc=addresses,
    subject=st.none() | line,
    headers=st.lists(header, max_size=5, unique_by=lambda pair: pair[0]).map(tuple),
    content_type=st.none(),
)
multipart = st.builds(
    replace,
    bodiless,
    content_type=st.sampled_from(["multipart/related", "multipart/mixed"]),
    parameters=st.lists(parameter, max_size=3).map(tuple),
    parts=st.lists(part, max_size=3).map(tuple),
)


def single(message: MessageFields, part: Part) -> MessageFields:
    """A message whose body is one part."""
    return replace(
        message,
        content_type=part.content_type,
        parameters=(),
        parts=(replace(part, headers=()),),
    )


messages = st.one_of(bodiless, multipart, st.builds(single, multipart, part))


def read(octets: bytes) -> MessageFields:
    return replace(mm4.from_bytes(octets), oddities=())


# Writing and reading


def test_a_mail_octet_by_octet() -> None:
    """What a forwarded message looks like, folded, encoded and ended as mail is."""
    assert mm4.to_bytes(FORWARDED) == FORWARDED_OCTETS


def test_the_mail_is_read_back() -> None:
    """Without an oddity."""
    assert mm4.from_bytes(FORWARDED_OCTETS) == FORWARDED


@quick
@given(messages)
def test_any_message_comes_back(message: MessageFields) -> None:
    """Field for field, and its length was known before."""
    octets = mm4.to_bytes(message, strict=False)
    assert read(octets) == message
    dated = any(name == "Date" for name, _ in message.headers)
    assert mm4.length(message) == len(octets) + (0 if dated else 39)
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert not set(b"\r\n") & set(octets.replace(b"\r\n", b""))


@quick
@given(multipart, st.data())
def test_the_length_is_known_before_the_media(message: MessageFields, draw: st.DataObject) -> None:
    """With sizes in place of data."""
    sizes = [draw.draw(st.integers(0, 500)) for _ in message.parts]
    made = [replace(part, data=bytes(size)) for part, size in zip(message.parts, sizes, strict=True)]
    assert mm4.length(message, sizes) == mm4.length(replace(message, parts=tuple(made)))


@quick
@given(multipart)
def test_the_standard_library_reads_it(message: MessageFields) -> None:
    """The same parts and the same data, by another reader."""
    mail = email.message_from_bytes(mm4.to_bytes(message, strict=False), policy=email.policy.compat32)
    parts = list(mail.walk())[1:] if message.parts else []
    assert [part.get_payload(decode=True) for part in parts] == [part.data for part in message.parts]
    assert [part.get_content_type() for part in parts] == [part.content_type for part in message.parts]


@pytest.mark.parametrize("message_type", mm4.MAIL_TYPES)
def test_nothing_mandatory_can_be_left_out(message_type: MessageType) -> None:
    """Each type is written strictly when it has all, and refused without any one of them."""
    whole = replace(
        FORWARDED,
        message_type=message_type,
        headers=(
            ("Date", 1),
            ("X-Mms-Message-ID", "M"),
            ("X-Mms-Request-Status-Code", "Ok"),
            ("X-Mms-MM-Status-Code", "Retrieved"),
            ("X-Mms-Read-Status", "Read"),
        ),
    )
    assert mm4.from_bytes(mm4.to_bytes(whole)) == whole
    fields: dict[str, dict[str, Any]] = {
        "From": {"sender": None},
        "To": {"to": ()},
        "X-Mms-Transaction-ID": {"transaction_id": None},
    }
    for name in mm4.MAIL_TYPES[message_type].required:
        kept = tuple(pair for pair in whole.headers if pair[0] != name)
        with pytest.raises(MessageError, match=f"{name} is missing"):
            mm4.to_bytes(replace(whole, **fields.get(name, {"headers": kept})))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"to": ()}, "a recipient is missing"),
        ({"version": "1.2"}, "no version such as"),
        ({"content_type": None, "parts": (), "parameters": ()}, "Content-Type is missing"),
        ({"headers": (*FORWARDED.headers, ("Date", 1))}, "Date stands 2 times"),
        ({"headers": (*FORWARDED.headers, ("X-Mms-Priority", "Hgih"))}, "none of Low, Normal, High"),
    ],
)
def test_rules_are_kept_in_writing_and_told_in_reading(change: dict[str, Any], fault: str) -> None:
    """Refused, or written on demand and then an oddity where it was not mended."""
    broken = replace(FORWARDED, **change)
    with pytest.raises(MessageError, match=fault):
        mm4.to_bytes(broken)
    oddities = mm4.from_bytes(mm4.to_bytes(broken, strict=False)).oddities
    assert any(fault in oddity or "a second Date" in oddity for oddity in oddities)


def with_part(**fields: Any) -> MessageFields:
    return replace(FORWARDED, parts=(replace(FORWARDED.parts[0], **fields),))


@pytest.mark.parametrize("bad", ["a\r\nBcc: x", "a\nb", "a\0b", "a\rb", "\ud800"])
@pytest.mark.parametrize(
    "change",
    [
        lambda bad: replace(FORWARDED, subject=bad),
        lambda bad: replace(FORWARDED, sender=bad),
        lambda bad: replace(FORWARDED, to=(bad,)),
        lambda bad: replace(FORWARDED, transaction_id=bad),
        lambda bad: replace(FORWARDED, version=bad),
        lambda bad: replace(FORWARDED, headers=(("X-Own", bad),)),
        lambda bad: replace(FORWARDED, headers=((bad, "x"),)),
        lambda bad: replace(FORWARDED, headers=(("X-Mms-Message-ID", bad),)),
        lambda bad: replace(FORWARDED, headers=(("X-Mms-Previously-sent-by", (1, bad)),)),
        lambda bad: replace(FORWARDED, content_type=f"multipart/{bad}"),
        lambda bad: replace(FORWARDED, parameters=(("start", bad),)),
        lambda bad: replace(FORWARDED, parameters=((bad, "x"),)),
        lambda bad: with_part(content_type=bad),
        lambda bad: with_part(content_id=bad),
        lambda bad: with_part(content_location=bad),
        lambda bad: with_part(name=bad),
        lambda bad: with_part(charset=bad),
        lambda bad: with_part(disposition=bad),
        lambda bad: with_part(disposition="inline", filename=bad),
        lambda bad: with_part(headers=(("x-own", bad),)),
        lambda bad: with_part(headers=((bad, "x"),)),
    ],
)
def test_no_header_can_be_smuggled_in(change: Any, bad: str) -> None:
    """A line end, wherever it stands, is refused."""
    with pytest.raises(MessageError):
        mm4.to_bytes(change(bad), strict=False)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (replace(FORWARDED, message_type="m-send-req"), "message_type"),
        (replace(FORWARDED, content_type="application/vnd.wap.multipart.related"), "is of MM1"),
        (replace(FORWARDED, parameters=(("boundary", "x"),)), "boundary"),
        (replace(FORWARDED, headers=(("Subject", "x"),)), "field of its own"),
        (replace(FORWARDED, headers=(("X-Mms-Read-Report", True),)), "X-Mms-Read-Reply"),
        (replace(FORWARDED, headers=(("X-Own", 1),)), "no text"),
        (replace(FORWARDED, headers=(("X-Mms-Expiry", ("relative", 10**9)),)), "taken for a date"),
        (replace(FORWARDED, headers=(("Date", 10**12),)), "9999"),
        (replace(FORWARDED, headers=(("Date", True),)), "whole number"),
        (replace(FORWARDED, headers=(("X-Mms-Ack-Request", "Yes"),)), "neither True nor False"),
        (replace(FORWARDED, headers=(("X-Mms-Previously-sent-by", "x"),)), "no pair"),
        (replace(FORWARDED, to=("",)), "empty"),
        (replace(FORWARDED, headers=(("X-" + "a" * 1000, "v"),)), "998"),
        (answer(parts=(FORWARDED.parts[0],)), "content_type"),
        (replace(FORWARDED, content_type="image/jpeg", parameters=()), "must be one part"),
        (with_part(filename="a.jpg"), "disposition"),
        (with_part(content_id="<a>"), "without brackets"),
        (with_part(headers=(("Content-Type", "x/y"),)), "not for the caller"),
    ],
)
def test_what_can_not_be_sent_is_refused(message: MessageFields, reason: str) -> None:
    """With an error that names what and why."""
    with pytest.raises(MessageError, match=reason):
        mm4.to_bytes(message, strict=False)


# What others write


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
    """Numbers, dates of any kind, any case, with and without quotes."""
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
    """As Nokia's gateway writes it."""
    found = odd_mail("X-Mms-MMS-Version: 18")
    assert found.version == "1.2"
    assert any("stands for X-Mms-3GPP-MMS-Version" in oddity for oddity in found.oddities)


def test_addresses_of_all_kinds() -> None:
    """Lists, folds, names with commas, brackets, encoded words, several headers."""
    found = odd_mail(
        'To: "Doe, J" <+15/TYPE=PLMN>,\n <a@b.c>, =?utf-8?Q?J=C3=BC_=3C12=3E?=\nTo: 1234\nCc:\n'
        "From: <x@y.z>, b"
    )
    assert found.to == ('"Doe, J" <+15/TYPE=PLMN>', "a@b.c", "Jü <12>", "1234")
    assert (found.cc, found.sender) == ((), "x@y.z")
    assert any("From has 2" in oddity for oddity in found.oddities)


def test_octets_beyond_ascii() -> None:
    """Read as UTF-8, else as Latin-1, and told."""
    assert odd_mail("Subject: Grüße").subject == "Grüße"
    latin = mm4.from_bytes(b"X-Mms-Message-Type: MM4_forward.REQ\r\nSubject: Gr\xfc\xdfe\r\n\r\n")
    assert latin.subject == "Grüße"
    assert any("beyond US-ASCII" in oddity for oddity in latin.oddities)


def test_a_line_end_within_an_encoded_word_is_none() -> None:
    """What it holds can't become a header of its own."""
    assert odd_mail("Subject: =?utf-8?Q?a=0D=0ABcc:_x?=").subject == "a  Bcc: x"


def test_parameters_in_pieces() -> None:
    """RFC 2231: numbered, encoded, with a charset; in any order."""
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
    assert any("stand in its place" in oddity for oddity in found.oddities)


@pytest.mark.parametrize(
    ("body", "data", "oddity"),
    [
        ("--a\n\none\n--a\n\ntwo", [b"one", b"two"], "the last boundary is missing"),
        ("--a \n\none\n--a-- \n", [b"one"], ""),
        ("--a\n\none\n--ab\n--a--", [b"one\n--ab"], ""),
        ("text\n--a\n\none\n --a--\n--a--\nbehind", [b"one\n --a--"], "behind the last boundary"),
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
    """Without a boundary, or encoded as a whole."""
    for headers in ("boundary=a\nContent-Transfer-Encoding: base64", "x=y"):
        found = odd_mail(f"Content-Type: multipart/mixed; {headers}", "")
        assert [part.content_type for part in found.parts] == ["multipart/mixed"]
        assert any("it is one part" in oddity for oddity in found.oddities)


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


# Hostile octets


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "none of its headers"),
        (b"Subject: x\r\n\r\n", "none of its headers"),
        (b"X-Mms-Message-Type: MM4_vanish.REQ\r\n\r\n", "not handled"),
        (b"X-Mms-Own: x\r\n" + b"a" * 70_000, "headers of more than"),
        (b"X-Mms-Own: x\r\n" + b"a:\n" * 20_000, "headers of more than 1,000 lines"),
        (
            b"X-Mms-Own: x\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 1002,
            "more than 1,000 parts",
        ),
        (
            b"X-Mms-Own: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n" + b"b" * 20_000,
            "headers of more than 16,384 octets",
        ),
    ],
)
def test_broken_mails_say_what(octets: bytes, reason: str) -> None:
    """With where it is."""
    with pytest.raises(PduError, match=reason) as caught:
        mm4.from_bytes(octets)
    assert 0 <= caught.value.offset <= len(octets)


def survives(octets: bytes) -> None:
    try:
        found = mm4.from_bytes(octets)
    except PduError:
        return
    assert isinstance(found, MessageFields)


@quick
@given(st.binary(max_size=300), st.sampled_from([b"", b"X-Mms-Own: x\n", FORWARDED_OCTETS[:700]]))
def test_any_octets(octets: bytes, head: bytes) -> None:
    """End in a message or a PduError."""
    survives(head + octets)


@quick
@given(messages, st.data())
def test_changed_octets(message: MessageFields, draw: st.DataObject) -> None:
    """A mail with a few octets changed ends in a message or a PduError."""
    octets = bytearray(mm4.to_bytes(message, strict=False))
    for _ in range(draw.draw(st.integers(1, 8))):
        octets[draw.draw(st.integers(0, len(octets) - 1))] = draw.draw(st.integers(0, 255))
    survives(bytes(octets))


def test_every_truncation() -> None:
    """However short it is cut."""
    for end in range(len(FORWARDED_OCTETS)):
        survives(FORWARDED_OCTETS[:end])


def deep(levels: int) -> bytes:
    """A multipart in a multipart in a multipart."""
    octets = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(levels)
    )
    return b"X-Mms-Own: x\n" + octets


@pytest.mark.parametrize(
    "octets",
    [
        deep(3000),
        b"X-Mms-Own: x\n" + b"Content-Type: message/rfc822\n\n" * 20_000,
        b"X-Mms-Own: x\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a" * 300_000,
        b"X-Mms-Own: x\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a" + b" " * 900_000,
        b"X-Mms-Own: x\nSubject: " + b"=?a?q? " * 9_000 + b"\n\n",
        b"X-Mms-Own: x\nTo: " + b'"' * 60_000 + b"\n\n",
        b"X-Mms-Own: x\nContent-Type: a/b" + b";x" * 30_000 + b"\n\n",
        b'X-Mms-Own: x\nContent-Type: a/b;x="' + b"\\" * 60_000 + b"\n\n",
        b"X-Mms-Own: x\nContent-Type: a/b" + b";x*0*=%" * 8_000 + b"\n\n",
        b"X-Mms-Own: x\nX-Mms-Expiry: " + b"1:" * 30_000 + b"\n\n",
        b"X-Mms-Own: x\nDate: " + b"(" * 60_000 + b"\n\n",
        b"X-Mms-Own: x\nContent-Transfer-Encoding: base64\n\n" + b"=" * 900_000,
        b"X-Mms-Own: x\n" + b"\n" * 900_000,
    ],
)
def test_hostile_octets_cost_little(octets: bytes) -> None:
    """Work grows with the octets, not with their square."""
    with bounded():
        survives(octets)
