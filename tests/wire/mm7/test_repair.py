"""SOAP that is not well-formed: what its writer meant is read, and told; what nobody can mean is refused."""

from __future__ import annotations

import pytest

import transcode
from tests.effort import bounded
from transcode.messages.message import Message
from transcode.model import HeaderValue
from transcode.wire.mm7 import mm7

ONE = "+15555550100/TYPE=PLMN"
HEADERS: tuple[tuple[str, HeaderValue], ...] = (
    ("MMSRelayServerID", "@MMSRelayServerID@"),
    ("VASPID", "@VASPID@"),
    ("LinkedID", "@LinkedID@"),
    ("AuxApplicInfo", "@AuxApplicInfo@"),
    ("ApplicID", "@ApplicID@"),
    ("Priority", "High"),
    ("UACapabilities", ("UAProf", "@UAProf@")),
    ("MessageExtraData", ("@key@", "@value@")),
)
OCTETS = bytes(
    mm7.to_http(
        Message(
            "mm7-deliver-req", "T", "6.8.0", ONE, to=(ONE,), subject="Hi", headers=HEADERS, content_type=None
        )
    )
)
XML = OCTETS[OCTETS.index(b"<?xml") :]
TEXTS = ("Subject", *(str(name) for name, _ in HEADERS[:5]), "key", "value")


def read(old: str, new: str | bytes) -> transcode.Message:
    """The delivery with something else in a place, repaired; all the rest is as it was."""
    assert OCTETS.count(old.encode()) == 1
    found = transcode.read(OCTETS.replace(old.encode(), new.encode() if isinstance(new, str) else new))
    assert sum("SOAP is repaired" in oddity for oddity in found.oddities) == 1
    assert (found.message_type, found.transaction_id, found.sender) == ("mm7-deliver-req", "T", ONE)
    assert [name for name, _ in found.headers] == [
        *("MMSRelayServerID", "VASPID", "LinkedID", "Priority", "ApplicID", "AuxApplicInfo"),
        *("UACapabilities", "MessageExtraData"),
    ]
    return found


def value(message: Message, name: str) -> HeaderValue | None:
    found = dict(message.headers)
    extra = found["MessageExtraData"]
    assert isinstance(extra, tuple)
    return {"Subject": message.subject, "key": extra[0], "value": extra[1]}.get(name, found.get(name))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "text",
    [
        *("a ]]> b", "]]>", "<b", "a<b>c", "</x", "<", "&", "a & b <", "a</b", "<3 </3", "<br/>", "<b>a</b>"),
        *(
            "<![CDATA[a",
            "<!-- x",
            "<?php x",
            "<!DOCTYPE x>",
            "&lt",
            "&#60",
            "&#xZZ;",
            "AT&T; &nbsp;",
            "<Sender>",
        ),
        *("<{}>x", "</{}", "</{}>x", "x</{}>", "</{}></{}>y", "</m:{}>x"),
    ],
)
def test_markup_in_a_text(name: str, text: str) -> None:
    """Half a tag, a whole one, that of the element itself: all of it is text, in every element of text."""
    wanted = text.replace("{}", name)
    place = "Hi" if name == "Subject" else f"@{name}@"
    if text == "x</{}>":
        # What is behind the last closing tag belongs to the element no more.
        wanted = "x</" + name + ">"
    found = value(read(f">{place}<", f">{wanted}<"), name)
    assert found == wanted


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("caf&eacute; &agrave; &nbsp;&euro;5 &amp; &lt;b&gt;", "café à \xa0€5 & <b>"),
        ("&lt;b&gt; &amp;nbsp; &", "<b> &nbsp; &"),
        ("a\x01b\x1b[0m\x00", "a b [0m "),
        ("a\ufffe\uffff", "a  "),
        ("&#1;&#x1F;&#xD800;", "&#1;&#x1F;&#xD800;"),
        ("&#55357;&#56832;", "😀"),
        ("&#xD83D;&#xDE00; &#55357; &#xDE00;", "😀 &#55357; &#xDE00;"),
        (b"\xed\xa0\xbd\xed\xb8\x80", "😀"),
        (b"caf\xe9", "café"),
        ("<![CDATA[a & <b>]]> & ]]>", "a & <b> & ]]>"),
    ],
)
def test_characters(written: str | bytes, text: str) -> None:
    """Names of HTML where no ampersand is bare, halves of characters, what XML does not have."""
    octets = written.encode() if isinstance(written, str) else written
    assert read(">Hi<", b">" + octets + b"<").subject == text


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_declaration_within_a_text(mark: bytes) -> None:
    """It stays; the document's own may lack, or stand behind a byte order mark."""
    text = b"<![CDATA[<?xml version='1.0'?><a> & b]]> & c"
    for front in (mark, mark + XML[: XML.index(b"?>") + 2]):
        octets = front + XML[XML.index(b"?>") + 2 :].lstrip().replace(b">Hi<", b">" + text + b"<")
        assert transcode.read(octets).subject == "<?xml version='1.0'?><a> & b & c"


@pytest.mark.parametrize("name", ["Number", "Priority", "MM7Version", "TransactionID"])
def test_values_that_are_no_free_text(name: str) -> None:
    """An address, a word, a version: a bare ampersand in them costs no message."""
    start = OCTETS.index(f"<{name}".encode())
    at = OCTETS.index(b"<", start + 1)
    found = transcode.read(OCTETS[:at] + b" & <x" + OCTETS[at:])
    assert found.subject == "Hi"
    assert sum("SOAP is repaired" in oddity for oddity in found.oddities) == 1
    whole = OCTETS.replace(
        b"<Number>+15555550100</Number></To>", b"<RFC2822Address>Jo <a@b.c></RFC2822Address></To>"
    )
    assert transcode.read(whole).to == ("Jo <a@b.c>",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</Subject>", "</subject>"),
        ("</Subject>", "</mm7:Subject>"),
        ("</Subject>", ""),
        ("<Subject>", "<x:Subject>"),
        ("<DeliverReq", "<mm7:DeliverReq"),
        ("<DeliverReq", '<DeliverReq a="1" a="2" '),
        ("env:mustUnderstand", "soap:mustUnderstand"),
        (' xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"', ""),
        ("</env:Envelope>", "</env:Envelope>\0\r\n0\r\n"),
        ("</env:Envelope>", "</env:Envelope> and more"),
        ('"utf-8"?>', '"UTF8MB4"?>'),
        ('<?xml version="1.0" encoding="utf-8"?>', '<?xml version="1.0"?><?xml version="1.0"?>'),
        ("<VASPID>", "&nbsp;<VASPID>"),
    ],
)
def test_markup_that_is_wrong(old: str, new: str) -> None:
    """Wrong markup is repaired where one reading is left of it."""
    octets = OCTETS.replace(b"</DeliverReq", b"</mm7:DeliverReq") if "mm7:D" in new else OCTETS
    assert octets.count(old.encode()) == 1
    found = transcode.read(octets.replace(old.encode(), new.encode()))
    assert (found.subject, found.transaction_id, found.sender, found.to) == ("Hi", "T", ONE, (ONE,))
    assert value(found, "key") == "@key@"
    assert sum("SOAP is repaired" in oddity for oddity in found.oddities) == 1


@pytest.mark.parametrize(
    ("tag", "reference"),
    [
        ('<Content href="cid:<a@b>"/>', "cid:<a@b>"),
        ("<Content href='cid:a&b'/>", "cid:a&b"),
        ("<Content href=cid:a />", "cid:a"),
        ("<Content href=cid:a/>", "cid:a"),
        ('<Content href="cid:a"allowAdaptations="true"/>', "cid:a"),
        ('<Content href="cid:a">', "cid:a"),
        ("<x:Content x:href='cid:a'></x:Content>", "cid:a"),
    ],
)
def test_attributes(tag: str, reference: str) -> None:
    """What Content refers to is found."""
    found = transcode.read(OCTETS.replace(b"<MessageExtraData>", tag.encode() + b"<MessageExtraData>"))
    assert f"Content refers to {reference!r}, but there is no part besides SOAP" in found.oddities
    assert sum("SOAP is repaired" in oddity for oddity in found.oddities) == 1


@pytest.mark.parametrize("name", ["gb2312", "GBK", "Big5", "Shift_JIS", "euc-kr"])
def test_encodings_of_two_octets(name: str) -> None:
    """Encodings that the parser of XML does not know are read."""
    text = "안녕" if name == "euc-kr" else "中文"
    octets = XML.replace(b"utf-8", name.encode()).replace(b">Hi<", b">" + text.encode(name) + b"<")
    found = transcode.read(octets)
    assert found.subject == text
    assert "SOAP is repaired: multi-byte encodings are not supported" in found.oddities


def test_what_stays_broken() -> None:
    """A second envelope, a body without an end, a DTD whatever else is wrong."""
    for octets, reason in (
        (OCTETS + XML.partition(b"?>")[2], "not well-formed"),
        (OCTETS.replace(b"</env:Body>", b""), "not well-formed"),
        (OCTETS.replace(b"<env:E", b"<!DOCTYPE x [<!ENTITY e 'x'>]><env:E", 1), "has a document type"),
        (
            XML.replace(b"utf-8", b"gbk").replace(b"<env:E", b"<!DOCTYPE x><env:E", 1),
            "has a document type|well-formed",
        ),
    ):
        with pytest.raises(transcode.PduError, match=reason):
            transcode.read(octets)
    broken = OCTETS.replace(b"?>", b"?><!DOCTYPE x [<!ENTITY e 'Hello'>]>", 1).replace(b">Hi<", b">&e; & b<")
    with pytest.raises(transcode.PduError):
        transcode.read(broken)


@pytest.mark.parametrize(
    "text",
    [
        *("<a ", '<a b="', "<a b='x'", "<a b=c ", "<Subject>", "</Subject>", "<key></key", "<key>", "</key>"),
        *(
            "<![CDATA[",
            "]]>",
            "&a;",
            "&#55357;",
            "<Subject",
            "< ",
            "\t",
            '<a b="<a b="c',
            "<Content ",
            "x:y:",
        ),
    ],
)
def test_hostile_texts_cost_little(text: str) -> None:
    """Half a megabyte of each text costs little time."""
    octets = XML.replace(b">Hi<", b">& " + (text * (500_000 // len(text))).encode() + b"<")

    with bounded():
        for broken in (octets, octets.replace(b"</Subject>", b"")):
            try:
                transcode.read(broken)
            except transcode.PduError as error:
                assert 0 <= error.offset <= len(broken)


@pytest.mark.parametrize("stated", ["UTF-8", "utf-16", "utf-16-le", "iso-8859-1"])
@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("subject", ["Grüße", "a &amp; b & c"])
def test_wide_texts_that_state_something_else(name: str, stated: str, subject: str) -> None:
    """The octets count, not what the declaration says, in a part and alone."""
    text = XML.decode().replace("utf-8", stated).replace("UTF-8", stated).replace(">Hi<", f">{subject}<")
    head = b"Content-Type: multipart/related; boundary=b\r\nSOAPAction: x\r\n\r\n"
    head += b"--b\r\nContent-Type: text/xml\r\n\r\n"
    for octets in (text.encode(name), head + text.encode(name) + b"\r\n--b--\r\n"):
        found = transcode.read(octets)
        assert found.subject == subject.replace("&amp;", "&")
        assert (found.message_type, found.sender) == ("mm7-deliver-req", ONE)


@pytest.mark.parametrize(
    "extra",
    [
        "<VendorExt>a < b</VendorExt>",
        "<VendorExt>a <b> & c</VendorExt>",
        '<v:Ext xmlns:v="urn:v" v:a="1">1 <2> 3</v:Ext>',
        "<VendorExt>not closed",
        "<VendorExt><Inner>x < y</Inner></VendorExt>",
    ],
)
def test_elements_that_nobody_knows(extra: str) -> None:
    """Unknown elements hold people's texts too, and lose no message."""
    found = read("<Subject>Hi</Subject>", f"<Subject>Hi & ho</Subject>{extra}")
    assert found.subject == "Hi & ho"
    assert any("Ext is not allowed here" in oddity for oddity in found.oddities)


@pytest.mark.parametrize("behind", ["<x/>", "<br>", "\0\0", "&", "]]>"])
def test_what_is_behind_the_document(behind: str) -> None:
    """It is no more of it."""
    end = XML.decode()[-30:]
    assert read(end, end.rstrip() + behind).subject == "Hi"


@pytest.mark.parametrize("written", ["tel:+15555550100", "+1 555 555 0100", "+1 (555) 555-0100"])
def test_numbers_as_people_write_them(written: str) -> None:
    """Blanks, brackets and ``tel:`` are none of a number; what is no number stays."""
    octets = OCTETS.replace(b"<Number>+15555550100</Number>", f"<Number>{written}</Number>".encode())
    found = transcode.read(octets)
    assert (found.sender, found.to) == (ONE, (ONE,))
    assert sum("is read as +15555550100" in oddity for oddity in found.oddities) == 2
    octets = OCTETS.replace(b"<Number>+15555550100</Number>", b"<Number>anonymous</Number>")
    assert transcode.read(octets).sender == "anonymous/TYPE=PLMN"
