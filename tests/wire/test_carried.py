"""What one interface takes and another refuses: a message that was read goes on in every form."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

import transcode
from transcode.model import MessageType
from transcode.wire.addresses import with_type, without_name
from transcode.wire.mm1 import wsp

FROM = b"\x89" + bytes((26,)) + b"\x80\x18\xea+15555550199/TYPE=PLMN\0"
TO = b"\x97+15555550100/TYPE=PLMN\0"
HEAD = b"\x8c\x80\x98T\0\x8d\x92"
RELATED = b"\x84\xb3"
TEXT = b"\x03\x83\x81\xea"


def length(octets: bytes) -> bytes:
    return wsp.value_length(len(octets)) + octets


def part(kind: bytes, headers: bytes = b"", data: bytes = b"Hello") -> bytes:
    head = kind + headers
    return wsp.uintvar(len(head)) + wsp.uintvar(len(data)) + head + data


def sent(
    extra: bytes = b"",
    *,
    head: bytes = HEAD,
    to: bytes = TO,
    kind: bytes = RELATED,
    body: bytes = b"\x01" + part(TEXT),
) -> transcode.Message:
    """A submission as a peer writes it, which every form carries."""
    found = transcode.read(head + FROM + extra + to + kind + body)
    targets: tuple[MessageType, ...] = ("m-send-req", "mm4-forward-req", "mm7-submit-req")
    for target in targets:
        message = found.converted(target)
        if target == "m-send-req":
            octets = message.to_mm1(strict=False)
        elif target == "mm4-forward-req":
            octets = message.to_mm4(strict=False)
        else:
            octets = bytes(message.to_mm7(strict=False))
        again = transcode.read(octets)
        assert (again.subject, again.transaction_id) == (message.subject, message.transaction_id)
        assert again.to == message.to
        for mine, theirs in zip(message.parts, again.parts, strict=True):
            assert replace(mine, content_location=None) == replace(
                theirs, content_location=None, data=mine.data
            )
            assert bytes(mine.data) == bytes(theirs.data)
    return found


def told(message: transcode.Message, oddity: str) -> bool:
    return sum(oddity in found for found in message.oddities) >= 1


@pytest.mark.parametrize(
    ("octets", "subject"),
    [
        (b"a\r\nb\0", "a b"),
        (b"a\nb\0", "a b"),
        (b"\x07\xeaa\xc3\xa9\r\nb\0".replace(b"\x07", b"\x08"), "aé b"),
        (b"bell \x07\0", "bell \x07"),
        (b"\x05\xea\xef\xbf\xbf\0", "\uffff"),
        (b"\0", ""),
    ],
)
def test_characters_of_subjects(octets: bytes, subject: str) -> None:
    """Line ends are none of a subject; what XML has not are blanks there."""
    found = sent(b"\x96" + octets)
    assert found.subject == subject
    assert told(found, "replaced by a blank") == ("\n" in octets.decode("latin-1"))
    soap = found.converted("mm7-submit-req")
    assert soap.subject == subject.replace("\x07", " ").replace("\uffff", " ")
    assert told(soap, "replaced by a blank") == (" b" in subject or soap.subject != subject)


def test_characters_of_other_texts() -> None:
    """Ids, addresses, names and unknown headers keep their characters."""
    found = sent(b"X-Own\0a\r\nb\0", head=b"\x8c\x80\x98T\x01\0\x8d\x92", to=b"\x97a\tb@c.example\0")
    assert (found.transaction_id, found.to, found.headers) == (
        "T ",
        ("a b@c.example",),
        (("X-Own", "a b"),),
    )
    assert found.converted("mm7-submit-req").transaction_id == "T"
    named = length(b"\x83\x85a\r\nb.txt\0")
    found = sent(body=b"\x01" + part(named, b'\x8ea\rb\0X-Own\0v\nw\0\xc0"<i\n>\0'))
    (only,) = found.parts
    assert (only.name, only.content_location, only.headers) == ("a b.txt", "a b", (("X-Own", "v w"),))
    assert told(found, "replaced by a blank")


@pytest.mark.parametrize(
    ("octets", "oddity"),
    [
        (b"X Own\0v\0", "'X Own' is not a header name"),
        (b"X-Own:\0v\0", "'X-Own:' is not a header name"),
        (b"\x8fFoo\0", "X-Mms-Priority has an invalid value, left out"),
        (b"\x86perhaps\0", "X-Mms-Delivery-Report has an invalid value, left out"),
    ],
)
def test_headers_that_no_message_has(octets: bytes, oddity: str) -> None:
    """Names that are no tokens, words that are none: left out and told."""
    found = sent(octets)
    assert found.headers == ()
    assert told(found, oddity)


def test_flags_and_words_that_are_spelled_out() -> None:
    """Flags and words in text form are read as flags and words."""
    found = sent(b"\x86Yes\0\x90no\0\x8fhigh\0\x8ax-own\0\x8aPersonal\0")
    assert found.headers == (
        ("X-Mms-Delivery-Report", True),
        ("X-Mms-Read-Report", False),
        ("X-Mms-Priority", "High"),
        ("X-Mms-Message-Class", "x-own"),
        ("X-Mms-Message-Class", "Personal"),
    )


def test_a_time_without_a_token() -> None:
    """A date, as a header of that kind has it; others of other lengths are refused."""
    found = sent(b"\x88\x04\x65\x00\x00\x00")
    assert found.headers == (("X-Mms-Expiry", ("absolute", 0x65000000)),)
    assert told(found, "a time has no token")
    for octets in (b"\x88\x02\x65\x00", b"\x88\x09\x65" + bytes(8)):
        with pytest.raises(transcode.PduError, match="not one of absolute, relative"):
            sent(octets)


def test_a_submission_without_a_version() -> None:
    """It is written without one too, unless strictly."""
    found = sent(head=b"\x8c\x80\x98T\0")
    assert (found.version, transcode.read(found.to_mm1(strict=False)).version) == ("", "")
    with pytest.raises(transcode.MessageError, match="is not a version"):
        found.to_mm1()


@pytest.mark.parametrize(
    ("kind", "name", "in_mail"),
    [
        (b"junk\0", "junk", "application/octet-stream"),
        (b"image/jpeg/x\0", "image/jpeg/x", "application/octet-stream"),
        (b"image/jp\xe9g\0", "application/octet-stream", "application/octet-stream"),
        (b" IMAGE/JPEG \0", "image/jpeg", "image/jpeg"),
        (length(b"\x83x y\0z\0"), "text/plain", "text/plain"),
        (length(b"\x83a*b\0z\0"), "text/plain", "text/plain"),
        (length(b"\x83boundary\0z\0"), "text/plain", "text/plain"),
    ],
)
def test_types_of_parts(kind: bytes, name: str, in_mail: str) -> None:
    """What is no type of mail is one of unknown data there; parameters that mail has not are left out."""
    found = sent(body=b"\x01" + part(kind))
    assert found.parts[0].content_type == name
    mailed = found.converted("mm4-forward-req")
    assert (mailed.parts[0].content_type, mailed.parts[0].parameters) == (in_mail, ())
    if name == "text/plain" or name != in_mail:
        assert told(mailed, "left out: ") or told(mailed, "not a content type")


def test_types_of_bodies() -> None:
    """Bodies are a multipart with invalid parameters, and one part."""
    found = sent(kind=b"\x84" + length(b"\xb3x y\0z\0boundary\0b\0start\0<s>\0"))
    assert found.converted("mm4-forward-req").parameters == (("start", "<s>"),)
    alone = sent(kind=b"\x84junk\0", body=b"Hello")
    assert (alone.content_type, alone.converted("mm7-submit-req").content_type) == (
        "junk",
        "application/octet-stream",
    )


@pytest.mark.parametrize(
    "kind", ["multipart/mi:ed", "application/vnd.wap.multipart.mi:ed", "application/vnd.wap.multipart."]
)
def test_types_of_multiparts_that_are_none(kind: str) -> None:
    """Mail and SOAP have them as mixed ones, with all their parts, and say so; MM1 keeps the type."""
    found = sent(kind=b"\x84" + kind.encode() + b"\0", body=b"\x01" + part(b"text/plain\0"))
    assert found.content_type == kind
    assert transcode.read(found.to_mm1(strict=False)) == found
    for target, octets in (
        ("mm4-forward-req", found.to_mm4(date=5, strict=False)),
        ("mm7-submit-req", bytes(found.to_mm7(strict=False))),
    ):
        made = found.converted(cast("MessageType", target))
        assert told(made, f"{kind!r} is not a content type, read as multipart/mixed")
        again = transcode.read(octets)
        assert (again.content_type, len(again.parts)) == ("multipart/mixed", len(found.parts))


def test_a_disposition_that_is_none() -> None:
    """It is an attachment."""
    found = sent(body=b"\x01" + part(TEXT, b"\xae" + length(b"x-own thing\0") + b"X Own\0v\0"))
    assert (found.parts[0].disposition, found.parts[0].headers) == ("attachment", ())


@pytest.mark.parametrize(
    ("address", "in_soap"),
    [
        ("Jo <+1555/TYPE=PLMN>", "+1555/TYPE=PLMN"),
        ('"Jo" <+1555/TYPE=PLMN@mms.example>', "+1555/TYPE=PLMN"),
        ("+1555/TYPE=PLMN@mms.example", "+1555/TYPE=PLMN"),
        ("Jo <a@b.example>", "Jo <a@b.example>"),
        ("1.2.3.4/TYPE=IPv4", None),
        ("PIZZA", "PIZZA"),
        ("", None),
    ],
)
def test_addresses_in_soap(address: str, in_soap: str | None) -> None:
    """Numbers without names; what MM7 has no element for is left out and told."""
    message = transcode.Message(transaction_id="T", to=(address, "+16/TYPE=PLMN"), content_type=None)
    made = message.converted("mm7-submit-req")
    assert made.to == (*([] if in_soap is None else [in_soap]), "+16/TYPE=PLMN")
    assert told(made, "left out") == (in_soap is None)
    assert b"+16" in made.to_mm7().body


def test_an_empty_recipient_is_none() -> None:
    """An empty recipient counts as none in mail and in SOAP."""
    found = sent(to=TO + b"\x97\0")
    assert found.converted("mm4-forward-req").to == ("+15555550100/TYPE=PLMN",)


def test_headers_that_stand_twice_go_once() -> None:
    """The first of them goes."""
    found = sent(b"\x8f\x80\x8f\x82")
    assert dict(found.converted("mm7-submit-req").headers)["Priority"] == "Low"
    assert told(found.converted("mm7-submit-req"), "a second X-Mms-Priority is left out")


def test_mails_with_names_and_types_that_are_none() -> None:
    """They are read so that they go on."""
    found = transcode.read(
        b"X-Mms-Message-Type: MM4_forward.REQ\r\nX-Mms-Message-ID: m\r\nX-Mms-Transaction-ID: T\r\n"
        b"From: +15/TYPE=PLMN\r\nTo: +16/TYPE=PLMN\r\nX(Own): v\r\n"
        b"Content-Type: multipart/mixed; boundary=b; x[y=z\r\n\r\n"
        b'--b\r\nContent-Type: junk; a[b=c; name="a\tb"\r\nX(Own): v\r\n\r\nHello\r\n--b--\r\n'
    )
    (only,) = found.parts
    assert (found.parameters, only.content_type, only.parameters, only.headers) == (
        (),
        "application/octet-stream",
        (),
        (),
    )
    assert only.name == "a b"
    for kind in ("m-send-req", "m-retrieve-conf"):
        again = transcode.read(found.converted(kind).to_mm1(strict=False))
        assert bytes(again.parts[0].data) == b"Hello"
    assert transcode.read(found.to_mm4(strict=False)).parts[0].name == "a b"


def test_addresses_by_themselves() -> None:
    """Addresses are read with and without a type, a name and a domain."""
    assert with_type("+1 555") == "+1555/TYPE=PLMN"
    assert with_type("Jo <+15/TYPE=PLMN>") == "Jo <+15/TYPE=PLMN>"
    assert without_name("Jo <+15/TYPE=PLMN>") == "+15/TYPE=PLMN"
    assert without_name("Jo <+15>") == "+15/TYPE=PLMN"


def test_one_part_with_headers_of_its_own() -> None:
    """A body that is no multipart has none in a PDU; in SOAP it is referred to by its Content-ID."""
    mail = (
        b"X-Mms-Message-Type: MM4_forward.REQ\r\nX-Mms-Message-ID: m\r\nX-Mms-Transaction-ID: T\r\n"
        b"From: a@b.example\r\nTo: +16/TYPE=PLMN\r\n"
        b"Content-Type: image/gif; name=a.gif\r\nContent-Location: a.gif\r\n\r\nGIF8"
    )
    found = transcode.read(mail)
    made = found.converted("m-retrieve-conf")
    assert told(made, "left out: a.gif")
    assert bytes(transcode.read(made.to_mm1(strict=False)).parts[0].data) == b"GIF8"
    soap = (
        b"--b\r\nContent-Type: text/xml\r\n\r\n<SubmitReq><MM7Version>6.8.0</MM7Version>"
        b'<Content href="a.gif"/></SubmitReq>'
        b"\r\n--b\r\nContent-Type: image/gif\r\nContent-Location: a.gif\r\nX-Own: v\r\n\r\nGIF8\r\n--b--\r\n"
    )
    found = transcode.read(soap)
    again = transcode.read(bytes(found.to_mm7(strict=False)))
    assert (again.parts[0].content_id, again.parts[0].content_location) == ("content", "a.gif")
    assert told(found, "left out: X-Own")


def test_versions_and_classes_that_are_none() -> None:
    """Of the version a PDU has none then; of a class in a word of its own only a token is kept."""
    found = sent(b"\x8a<s>\0", head=b"\x8c\x80\x98T\0\x8done\0")
    assert (found.version, found.headers) == ("", ())
    assert sent(head=b"\x8c\x80\x98T\0\x8d1.2\0").version == "1.2"
    assert sent(b"\x8ax-s\0").headers == (("X-Mms-Message-Class", "x-s"),)


MAIL = (
    b"From: +15551/TYPE=PLMN\r\nTo: +15552/TYPE=PLMN\r\nX-Mms-3GPP-MMS-Version: 6.10.0\r\n"
    b"X-Mms-Message-Type: MM4_forward.REQ\r\nX-Mms-Transaction-ID: a\r\nX-Mms-Message-ID: b\r\n"
    b"Date: Sun, 29 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
)


def carried(mail: bytes) -> tuple[transcode.Message, list[transcode.Message]]:
    """A mail, and what is read of it again in each form."""
    found = transcode.read(mail)
    written = (
        found.to_mm4(),
        found.converted("m-send-req").to_mm1(),
        bytes(found.converted("m-send-req").converted("mm7-submit-req").to_mm7()),
    )
    return found, [transcode.read(octets) for octets in written]


def test_a_comment_behind_a_content_type_is_none_of_it() -> None:
    """RFC 2045 has comments there, in front of the parameters too: the mail can be written again."""
    found, others = carried(
        MAIL + b"Content-Type: multipart/mixed (of one); boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: (a) text/plain (b) ; charset=utf-8\r\n\r\nHi\r\n--b--\r\n"
    )
    assert (found.content_type, found.parts[0].content_type) == ("multipart/mixed", "text/plain")
    for again in others:
        assert (bytes(again.parts[0].data), again.parts[0].charset) == (b"Hi", "utf-8")


@pytest.mark.parametrize("kind", [b"multipart/mi:ed", b"multipart/", b"multipart/re lated"])
def test_a_multipart_of_no_name_counts_as_mixed(kind: bytes) -> None:
    """It is read as RFC 2046, 5.1.7 says, in SOAP too, and within another multipart."""
    inner = b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b--\r\n"
    kind = b"Content-Type: " + kind + b"; boundary=b"
    found, others = carried(MAIL + kind + inner)
    assert found.content_type == "multipart/mixed"
    assert told(found, "is not a content type, read as multipart/mixed")
    nested, more = carried(
        MAIL + b"Content-Type: multipart/related; boundary=o\r\n\r\n--o\r\n" + kind + inner + b"\r\n--o--\r\n"
    )
    assert nested.content_type == "multipart/related"
    soap = transcode.read(
        b"--o\r\nContent-Type: text/xml\r\n\r\n<SubmitReq><MM7Version>6.8.0</MM7Version>"
        b'<Content href="cid:c"/></SubmitReq>\r\n--o\r\nContent-ID: <c>\r\n' + kind + inner + b"\r\n--o--\r\n"
    )
    again = transcode.read(bytes(soap.to_mm7(strict=False)))
    for message in (*others, *more, soap, again):
        assert [bytes(one.data) for one in message.parts] == [b"Hi"]


@pytest.mark.parametrize(
    ("stated", "taken"),
    [
        (b'"utf-8,"', "utf-8"),
        (b'"utf-8, us-ascii"', "utf-8"),
        (b'"utf-8;"', "utf-8"),
        (b'""', None),
        (b'":,"', None),
        (b"\xfcber", None),
    ],
)
def test_a_charset_that_is_no_name(stated: bytes, taken: str | None) -> None:
    """The first name in it counts, or none: the part goes on in every form."""
    part_type = b"Content-Type: text/plain; charset=" + stated + b"\r\n\r\nHi"
    whole = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part_type + b"\r\n--b--\r\n"
    for mail in (MAIL + part_type, MAIL + whole):
        found, others = carried(mail)
        assert told(found, "is not a name: ")
        for message in (found, *others):
            assert (bytes(message.parts[0].data).strip(), message.parts[0].charset) == (b"Hi", taken)


def test_charsets_of_a_pdu_that_are_no_names() -> None:
    """The same, of a part's second charset too, and of a body that is one part."""
    found = sent(body=b"\x02" + part(length(b"\x83\x81u v\0\x81,w\0")) + part(length(b'\x83\x81"\0')))
    assert [(one.charset, one.parameters) for one in found.parts] == [("u", (("charset", "w"),)), (None, ())]
    assert sent(kind=b"\x84" + length(b"\x83\x81u,\0"), body=b"Hello").parts[0].charset == "u"
