"""MM4 mails that tests write and read, and Hypothesis strategies for mails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from transcode.message import location
from transcode.model import HeaderValue, MessageFields, Part
from transcode.wire.mm4 import mm4

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
    """An MM4_forward.RES, or another message without a body, with some fields changed."""
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
    """A message whose body is a single part."""
    return replace(
        message,
        content_type=part.content_type,
        parameters=(),
        parts=(replace(part, headers=()),),
    )


messages = st.one_of(bodiless, multipart, st.builds(single, multipart, part))


def read(octets: bytes) -> MessageFields:
    return replace(mm4.from_bytes(octets), oddities=())
