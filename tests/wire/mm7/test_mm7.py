"""MM7: exact octets, the schema's order, round trips, vectors of others, refusals, hostile octets."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transcode
from transcode.errors import BudgetError, MessageError, PduError
from transcode.message import location
from transcode.model import HeaderValue, Message, MessageType, Part
from transcode.wire.http import HttpMessage
from transcode.wire.mm7 import mm7, mm7_convert
from transcode.wire.mm7.schema import (
    ELEMENTS,
    GROUPS,
    NAMESPACE,
    RELEASES,
    SCHEMAS,
    STATUS_CODES,
    default_release,
    local_name,
)
from transcode.wire.mm7.schema_rules import violations

quick = settings(deadline=None, max_examples=150)

SUBMISSION = Message(
    message_type="mm7-submit-req",
    transaction_id="T1",
    version="6.8.0",
    sender="12345",
    to=("+15555550100/TYPE=PLMN", "someone@example.org"),
    cc=("+15555550101/TYPE=PLMN",),
    subject='<Hi> & "you"',
    headers=(
        ("VASPID", "acme"),
        ("VASID", "promo"),
        ("ExpiryDate", ("relative", 90_000)),
        ("DeliveryReport", True),
        ("displayOnly", "+15555550101/TYPE=PLMN"),
        ("allowAdaptations", False),
    ),
    content_type="multipart/related",
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(
        Part("application/smil", b"<smil/>", content_id="smil", name="smil.xml"),
        Part("image/jpeg", bytes(60), content_location="a.jpg"),
    ),
)
ENVELOPE = (
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header>'
    '<TransactionID xmlns="http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-4"'
    ' env:mustUnderstand="1">T1</TransactionID></env:Header><env:Body>'
    '<SubmitReq xmlns="http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-4">'
    "<MM7Version>6.8.0</MM7Version><SenderIdentification><VASPID>acme</VASPID><VASID>promo</VASID>"
    "<SenderAddress><ShortCode>12345</ShortCode></SenderAddress></SenderIdentification>"
    "<Recipients><To><Number>+15555550100</Number>"
    "<RFC2822Address>someone@example.org</RFC2822Address></To>"
    '<Cc><Number displayOnly="true">+15555550101</Number></Cc></Recipients>'
    "<ExpiryDate>P1DT3600S</ExpiryDate><DeliveryReport>true</DeliveryReport>"
    '<Subject>&lt;Hi&gt; &amp; "you"</Subject>'
    '<Content href="cid:content" allowAdaptations="false"/></SubmitReq></env:Body></env:Envelope>'
)
FILE = (
    (
        'Content-Type: multipart/related; type="text/xml"; start="<soap>"; boundary="=_soap"\n'
        'SOAPAction: ""\n'
        "\n"
        "--=_soap\n"
        'Content-Type: text/xml; charset="utf-8"\n'
        "Content-ID: <soap>\n"
        "\n"
        f'<?xml version="1.0" encoding="utf-8"?>\\n{ENVELOPE}\\n\n'
        "--=_soap\n"
        "Content-ID: <content>\n"
        "Content-Type: multipart/related;\n"
        ' type="application/smil";\n'
        ' start="<smil>";\n'
        ' boundary="=_transcode"\n'
        "\n"
        "--=_transcode\n"
        "Content-Type: application/smil;\n"
        ' name="smil.xml"\n'
        "Content-Transfer-Encoding: base64\n"
        "Content-ID: <smil>\n"
        "\n"
        "PHNtaWwvPg==\n"
        "--=_transcode\n"
        "Content-Type: image/jpeg\n"
        "Content-Transfer-Encoding: base64\n"
        "Content-Location: a.jpg\n"
        "\n"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
        "AAAA\n"
        "--=_transcode--\n"
        "\n"
        "--=_soap--\n"
    )
    .replace("\n", "\r\n")
    .replace("\\n", "\n")
    .encode()
)


def said(message_type: MessageType, *headers: tuple[str, HeaderValue], **fields: Any) -> Message:
    """A message without content."""
    plain = Message(message_type=message_type, transaction_id="T1", version="6.8.0", content_type=None)
    return replace(plain, headers=headers, **fields)


def as_sent(message: Message) -> Message:
    """The message without what is not on the wire."""
    return replace(message, quirks=())


def soap(body: str, *, header: str = "", version: str = "6.8.0") -> bytes:
    """An envelope around a SubmitReq with these elements in it."""
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<e:Header>{header or '<TransactionID>T1</TransactionID>'}</e:Header><e:Body>"
        f'<SubmitReq xmlns="{NAMESPACE}REL-6-MM7-1-4"><MM7Version>{version}</MM7Version>{body}</SubmitReq>'
        "</e:Body></e:Envelope>"
    ).encode()


TO = "<Recipients><To><Number>+1</Number></To></Recipients>"

# Strategies

texts = st.text(
    st.characters(
        codec="utf-8",
        exclude_characters=[chr(n) for n in range(32) if n not in (9, 10, 13)] + ["\ufffe", "\uffff"],
    ),
    max_size=30,
)
token = texts.map(lambda text: text.strip(" \t\r\n"))
line = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=30)
count = st.integers(0, 10**9)
date = st.integers(-62_000_000_000, 253_402_300_799)
time = st.tuples(st.just("absolute"), date) | st.tuples(st.just("relative"), count)
address = st.one_of(
    st.integers(0, 10**14).map(lambda number: f"+{number}/TYPE=PLMN"),
    st.integers(0, 10**5).map(str),
    st.from_regex(r"[a-z0-9.]{1,9}@[a-z0-9.]{1,9}", fullmatch=True),
)
WORDS = {
    "ChargedParty": ["Sender", "ThirdParty"],
    "ContentClass": ["text", "image-basic"],
    "MMStatus": ["Retrieved", "NotSupported"],
    "MMStatusExtension": ["RejectionByOtherRS"],
    "MessageClass": ["Personal", "Auto"],
    "Priority": ["Low", "Normal", "High"],
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.sampled_from(words) for name, words in WORDS.items()},
    **dict.fromkeys(["AuxApplicInfo", "Details", "StatusText"], texts),
    **dict.fromkeys(["DRMContent", "DeliveryReport", "DistributionIndicator", "ReadReply"], st.booleans()),
    **dict.fromkeys(["Date", "TimeStamp"], date),
    **dict.fromkeys(["EarliestDeliveryTime", "ExpiryDate"], time),
    "DeliveryCondition": st.lists(count, min_size=1, max_size=3).map(tuple),
    "MessageExtraData": st.tuples(texts, texts),
    "PreferredChannels": st.lists(token, min_size=1, max_size=2).map(tuple),
    "Previouslysentby": st.tuples(count, address),
    "Previouslysentdateandtime": st.tuples(count, date),
    "ReplyCharging": texts.map(lambda text: ("replyChargingSize", "10", "replyDeadline", text)),
    "StatusCode": st.integers(1000, 9999),
    "ThirdPartyPayer": address,
    "UACapabilities": texts.map(lambda text: ("UAProf", text)),
}
part = st.builds(
    Part,
    content_type=st.sampled_from(["image/jpeg", "text/plain", "application/smil"]),
    data=st.binary(max_size=200),
    content_id=st.none() | line.filter(lambda text: text == text.strip('<>" ')),
    content_location=st.none() | line.map(location.uri),
    name=st.none() | line,
    charset=st.none() | st.sampled_from(["utf-8", "us-ascii"]),
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """A message of any type, its headers in the schema's order."""
    message_type = draw(st.sampled_from(list(SCHEMAS)))
    places = list(SCHEMAS[message_type].places())
    headers: list[tuple[str, HeaderValue]] = []
    if draw(st.booleans()):
        headers.append(("xmlns", draw(token.filter(lambda text: text and "}" not in text))))
    chosen = [name for name in places if name in ELEMENTS and draw(st.booleans())]
    headers += [(name, draw(VALUES.get(name, token))) for name in chosen]
    most = 1 if "Recipient" in places else 3
    to = draw(st.lists(address, max_size=most, unique=True)) if {"To", "Recipient"} & set(places) else []
    more = draw(st.tuples(*(st.lists(address, max_size=2),) * 2)) if "Cc" in places else ([], [])
    shown = list(dict.fromkeys(entry for entry in to if "Cc" in places and draw(st.booleans())))
    headers += [("displayOnly", entry) for entry in shown]
    message = Message(
        message_type=message_type,
        transaction_id=draw(st.none() | token),
        version=draw(st.sampled_from(["5.3.0", "6.8.0"])),
        sender=draw(st.none() | address) if {"Sender", "SenderAddress"} & set(places) else None,
        to=tuple(to),
        cc=tuple(more[0]),
        bcc=tuple(more[1]),
        subject=draw(st.none() | texts) if "Subject" in places else None,
        content_type=None,
    )
    if "Content" in places and draw(st.booleans()):
        headers += [("allowAdaptations", True)] if draw(st.booleans()) else []
        if draw(st.booleans()):
            single = replace(draw(part), content_id=draw(st.from_regex(r"[a-z0-9.]{1,9}", fullmatch=True)))
            message = replace(message, content_type=single.content_type, parts=(single,))
        else:
            parts = tuple(draw(st.lists(part, max_size=3)))
            message = replace(message, content_type="multipart/mixed", parts=parts)
    return replace(message, headers=tuple(headers))


# Writing and reading


def test_a_submission_octet_by_octet() -> None:
    """Headers of HTTP, SOAP in the schema's order, and the content as a multipart of its own."""
    assert bytes(mm7.to_http(SUBMISSION)) == FILE


def test_the_submission_is_read_back() -> None:
    """From the file, from the body with its type, and from the body alone."""
    http = mm7.to_http(SUBMISSION)
    assert mm7.from_bytes(FILE) == SUBMISSION
    assert mm7.from_bytes(http.body, content_type=dict(http.headers)["Content-Type"]) == SUBMISSION
    assert mm7.from_bytes(http.body) == SUBMISSION


@quick
@given(messages())
def test_any_message_comes_back(message: Message) -> None:
    """What is written is read as the same message, and nothing but what is missing is odd."""
    http = mm7.to_http(message, strict=False)
    found = mm7.from_bytes(bytes(http))
    assert as_sent(found) == message
    assert found.quirks == tuple(violations(message))


@quick
@given(messages(), st.randoms(use_true_random=False))
def test_elements_stand_in_the_order_of_the_schema(message: Message, shuffle: random.Random) -> None:
    """Whatever the order of the headers."""
    marks = {"xmlns", "displayOnly"}
    headers = [pair for pair in message.headers if pair[0] not in marks]
    shuffle.shuffle(headers)
    body = mm7.to_http(replace(message, headers=tuple(headers)), strict=False).body
    root = ElementTree.fromstring(body[body.index(b"<?xml") : body.index(b"Envelope>\n") + 9])
    schema = SCHEMAS[message.message_type]
    found = next(element for element in root.iter() if local_name(element.tag) == schema.root)
    check_order(found, schema.elements)


def check_order(element: ElementTree.Element, names: Sequence[str]) -> None:
    found = [local_name(child.tag) for child in element]
    assert found == [name for name in names if name in found]
    for child in element:
        if local_name(child.tag) in GROUPS:
            check_order(child, GROUPS[local_name(child.tag)])


@quick
@given(messages(), st.lists(st.integers(0, 70_000), min_size=3, max_size=3))
def test_the_length_is_known_before_the_media(message: Message, sizes: list[int]) -> None:
    """Empty parts and their sizes give the length of the body with its data."""
    sizes = sizes[: len(message.parts)]
    made = replace(
        message,
        parts=tuple(replace(part, data=bytes(size)) for part, size in zip(message.parts, sizes, strict=True)),
    )
    assert mm7.length(message, sizes) == len(mm7.to_http(made, strict=False).body) == mm7.length(made)


def test_sizes_must_be_as_many_as_parts() -> None:
    """A wrong number of sizes is the caller's mistake."""
    with pytest.raises(ValueError, match="1 sizes for 2 parts"):
        mm7.length(SUBMISSION, [1])


@pytest.mark.parametrize("message_type", SCHEMAS)
def test_every_type_says_what_it_lacks(message_type: MessageType) -> None:
    """The first missing element refuses a message; without strictness it goes out and is told when read."""
    bare = said(message_type, transaction_id=None)
    with pytest.raises(MessageError, match=f"{SCHEMAS[message_type].root}: TransactionID is missing"):
        mm7.to_http(bare)
    found = mm7.from_bytes(bytes(mm7.to_http(bare, strict=False)))
    wanted = [name for name in SCHEMAS[message_type].required if name != "MM7Version"]
    assert list(found.quirks) == [f"{name} is missing" for name in wanted]


def test_namespaces_follow_the_version() -> None:
    """5.x and 6.x have theirs; another release is named in a header, which comes back."""
    for version in ("5.3.0", "6.3.0", "6.8.0"):
        body = mm7.to_http(replace(SUBMISSION, version=version)).body
        assert f'xmlns="{NAMESPACE}{default_release(version)}"'.encode() in body
    for release in RELEASES:
        named = said("mm7-submit-req", ("xmlns", NAMESPACE + release), to=("1",), version="6.0")
        found = mm7.from_bytes(mm7.to_http(named).body)
        assert dict(found.headers).get("xmlns", NAMESPACE + default_release("6.0")) == NAMESPACE + release


def test_release_5_has_no_elements_of_release_6() -> None:
    """Refused in writing."""
    late = said("mm7-submit-req", ("ContentClass", "text"), to=("1",), version="5.3.0")
    with pytest.raises(MessageError, match=r"ContentClass is of release 6, and the message of 5\.3\.0"):
        mm7.to_http(late)


def test_faults_say_whose_they_are() -> None:
    """The SOAP fault follows from the status; words of the sender's own are kept."""
    error = said("mm7-rs-error-rsp", ("StatusCode", 3000), ("StatusText", "Server error"))
    body = mm7.to_http(error).body
    assert b"<faultcode>env:Server</faultcode><faultstring>Server error</faultstring><detail>" in body
    own = replace(error, headers=(("faultcode", "Client"), ("faultstring", "Busy"), *error.headers))
    assert mm7.from_bytes(mm7.to_http(own).body) == own


def test_answers_go_with_their_requests() -> None:
    """Same transaction, version and namespace; the text of a status is the standard's, or its thousand's."""
    request = said("mm7-deliver-req", ("xmlns", NAMESPACE + "REL-6-MM7-1-0"), transaction_id="X")
    done = mm7.answer(request)
    assert (done.message_type, done.transaction_id, done.version) == ("mm7-deliver-rsp", "X", "6.8.0")
    assert done.headers == (request.headers[0], ("StatusCode", 1000), ("StatusText", "Success"))
    failed = mm7.answer(SUBMISSION, 2599, details="no", message_id="M")
    assert failed.headers[1:] == (("StatusText", "Client error"), ("Details", "no"), ("MessageID", "M"))
    for message_type in SCHEMAS:
        if message_type.endswith("-req"):
            assert mm7.to_http(
                mm7.answer(said(message_type), message_id="M" if "submit" in message_type else None)
            ).body
    with pytest.raises(MessageError, match="there is no answer"):
        mm7.answer(done)


def test_status_codes_have_names() -> None:
    """Each thousand too, which is what an unknown code counts as."""
    assert {1000, 2000, 3000, 4000} <= STATUS_CODES.keys()
    assert len(set(STATUS_CODES.values())) == len(STATUS_CODES)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"message_type": "m-send-req"}, "'m-send-req' is none of mm7-submit-req"),
        ({"version": "1"}, "version: '1' is no MM7Version"),
        ({"transaction_id": " T"}, "transaction_id: ' T' has blanks around it"),
        ({"transaction_id": "\0"}, "transaction_id: U.0000 can't stand in XML"),
        ({"subject": "\x1b"}, "subject: U.001B"),
        ({"subject": "\ud800"}, "subject: U.D800"),
        ({"sender": "1.2.3.4/TYPE=IPv4"}, "sender: .*phone numbers, mailboxes and short codes only"),
        ({"to": ("",)}, "to: '' is no address"),
        ({"headers": (("Wrong", "x"),)}, "header 'Wrong': is no element of MM7"),
        ({"headers": (("MMStatus", "Retrieved"),)}, "header 'MMStatus': has no place in SubmitReq"),
        ({"headers": (("VASID", "x"), ("VASID", "y"))}, "header 'VASID': stands 2 times"),
        ({"headers": (("VASID", "x\n"),)}, "header 'VASID': .* has blanks around it"),
        ({"headers": (("VASID", 1),)}, "header 'VASID': 1 is no text"),
        ({"headers": (("Priority", "Highest"),)}, "'Highest' is none of Normal, High, Low"),
        ({"headers": (("DeliveryReport", "true"),)}, "'true' is neither True nor False"),
        ({"headers": (("TimeStamp", 10**15),)}, "out of the calendar"),
        ({"headers": (("TimeStamp", "now"),)}, "'now' is no whole number of seconds"),
        ({"headers": (("ExpiryDate", ("relative", -1)),)}, "-1 is no whole number"),
        ({"headers": (("ExpiryDate", ("soon", 1)),)}, "'soon' is neither"),
        ({"headers": (("ExpiryDate", 1),)}, "1 is no pair"),
        ({"headers": (("ReplyCharging", ("size", "1")),)}, "are no attributes of"),
        ({"headers": (("DeliveryCondition", ()),)}, "is no tuple of one and more"),
        ({"headers": (("allowAdaptations", "no"),)}, "'allowAdaptations': must stand once and be True or"),
        ({"headers": (("displayOnly", "1"),)}, "'1' is marked, and no address of the message"),
        ({"headers": (("addressCoding", "1"),)}, "'addressCoding': '1' is no address and encrypted or"),
        ({"headers": (("xmlns", 1),)}, "'xmlns': must stand once and be text"),
        ({"content_type": "application/vnd.wap.multipart.related"}, "is of MM1"),
        ({"content_type": "image/jpeg", "parameters": (), "parts": ()}, "there must be one part"),
        (
            {"content_type": "image/gif", "parameters": (), "parts": (Part("image/gif", b""),)},
            r"parts\[0\].content_id: is missing",
        ),
        (
            {"content_type": None, "parts": (), "headers": (("allowAdaptations", True),)},
            "'allowAdaptations': there is no content",
        ),
        ({"message_type": "mm7-submit-rsp"}, "has no place in SubmitRsp"),
        ({"message_type": "mm7-cancel-req", "headers": ()}, "subject: has no place in CancelReq"),
        ({"message_type": "mm7-read-reply-req", "headers": ()}, "to: ReadReplyReq has one recipient"),
    ],
)
def test_what_cannot_be_sent_is_refused(changes: dict[str, Any], reason: str) -> None:
    """With an error that names the field."""
    with pytest.raises(MessageError, match=reason):
        mm7.to_http(replace(SUBMISSION, **changes), strict=False)


# Odd things


@pytest.mark.parametrize(
    ("octets", "quirk"),
    [
        (soap(TO + "<Subject>a</Subject><Subject>b</Subject>"), "a second Subject, left out"),
        (soap("<Priority>Low</Priority>" + TO), "Recipients is out of the schema's order"),
        (soap(TO + "<Own>x</Own>"), "Own has no place here, and is left out: 'x'"),
        (soap(TO + "<Priority>Urgent</Priority>"), "Priority is 'Urgent', none of Normal, High, Low"),
        (soap(TO + "<ReadReply>maybe</ReadReply>"), "ReadReply is 'maybe', neither true nor false"),
        (soap(TO + "<TimeStamp>today</TimeStamp>"), "TimeStamp is 'today', no time"),
        (soap(TO + "<ExpiryDate>P</ExpiryDate>"), "ExpiryDate is 'P', no time"),
        (
            soap(TO + "<TimeStamp>2015-03-16T14:03:51.5Z</TimeStamp>"),
            "the time '2015-03-16T14:03:51.5Z' has a fraction of a second, which is left out",
        ),
        (
            soap(TO + "<TimeStamp>2015-03-16T14:03:51</TimeStamp>"),
            "the time '2015-03-16T14:03:51' has no zone, and is taken as UTC",
        ),
        (
            soap(TO + "<ExpiryDate>P1Y</ExpiryDate>"),
            "the duration 'P1Y': a year is counted as 365 days, a month as 30",
        ),
        (soap(TO + "<ReplyCharging own='1'/>"), "ReplyCharging has an attribute own, left out: '1'"),
        (soap(TO + "<Content/>"), "Content refers to '', and there is no such part"),
        (
            soap("<Recipients><To><Number>1/TYPE=PLMN</Number></To></Recipients>"),
            "the number '1/TYPE=PLMN' has a type",
        ),
        (
            soap("<Recipients><To><Fax>1</Fax><Number>1</Number></To></Recipients>"),
            "an address is a Fax, left out: '1'",
        ),
        (soap("<Recipients><To><Number/><Number>1</Number></To></Recipients>"), "an empty Number, left out"),
        (
            soap("<Recipients><To><ShortCode>a@b</ShortCode></To></Recipients>"),
            "'a@b' is called ShortCode",
        ),
        (
            soap("<Recipients><To><Number id='x'>1</Number></To></Recipients>"),
            "an attribute of '1/TYPE=PLMN', left out: id='x'",
        ),
        (
            soap(TO, header="<TransactionID>T1</TransactionID><Own/>"),
            "an element of the SOAP header, left out: Own",
        ),
        (
            soap(TO + "<ContentClass>text</ContentClass>", version="5.3.0"),
            "ContentClass is of release 6, and the message of 5.3.0",
        ),
    ],
)
def test_what_is_odd_is_told(octets: bytes, quirk: str) -> None:
    """In the quirks, and the rest is read."""
    found = mm7.from_bytes(octets)
    assert quirk in found.quirks
    assert found.to
    assert found.transaction_id == "T1"


def test_durations_are_seconds() -> None:
    """Days, hours, minutes and seconds, whichever are there."""
    found = mm7.from_bytes(soap(TO + "<ExpiryDate>P2DT3H4M5S</ExpiryDate>"))
    assert dict(found.headers)["ExpiryDate"] == ("relative", 2 * 86_400 + 3 * 3600 + 4 * 60 + 5)
    assert dict(mm7.from_bytes(soap(TO + "<ExpiryDate>PT0S</ExpiryDate>")).headers)["ExpiryDate"] == (
        "relative",
        0,
    )


def parted(*parts: str, start: str = "") -> bytes:
    """A body of these parts with the boundary b."""
    head = f"POST / HTTP/1.1\r\nContent-Type: multipart/related; boundary=b{start}\r\n\r\n"
    return (head + "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n").encode()


SOAP = "Content-Type: text/xml\r\n\r\n" + soap(TO + "<Content href='cid:x'/>").decode()


def test_parts_are_found_whatever_they_are_called() -> None:
    """The content by id, by location, or as the next; SOAP by start, by type, or as the first."""
    plain = "Content-Type: text/plain\r\n{}\r\nhello"
    for named in ("Content-ID: <x>\r\n", "Content-ID: x\r\n", "Content-Location: x\r\n"):
        found = mm7.from_bytes(parted(plain.format(""), SOAP, plain.format(named).replace("hello", "me")))
        assert bytes(found.parts[0].data) == b"me"
        assert found.content_type == "multipart/mixed"
        assert found.quirks == ("1 parts that Content does not refer to",)
    other = mm7.from_bytes(parted(SOAP, plain.format("Content-ID: <y>\r\n"), start='; start="<z>"'))
    assert other.quirks == (
        "no part is called 'z', which start names",
        "Content refers to 'cid:x', and no part is called that; the next is taken",
    )
    assert other.parts[0].text == "hello"


def test_soap_may_be_encoded() -> None:
    """In base64, as mail does."""
    octets = mm7.to_http(said("mm7-cancel-rsp", ("StatusCode", 1000), ("StatusText", "Success"))).body
    coded = (
        "Content-Type: text/xml\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(octets).decode()
    )
    assert mm7.from_bytes(parted(coded)).message_type == "mm7-cancel-rsp"


def test_a_fault_of_soap_alone() -> None:
    """Without details of MM7: an error response with the words of the fault."""
    octets = soap(TO)
    start, end = octets.index(b"<SubmitReq"), octets.index(b"</e:Body>")
    fault = b"<e:Fault><faultcode>e:Server</faultcode><faultstring>down</faultstring></e:Fault>"
    found = mm7.from_bytes(octets[:start] + fault + octets[end:])
    assert found.message_type == "mm7-rs-error-rsp"
    assert found.headers == (("faultcode", "Server"), ("faultstring", "down"))
    assert "a SOAP fault without a message of MM7 in its details" in found.quirks


# Vectors

#: What each holds: type, transaction, sender, recipients, subject, some header, content type and part sizes.
VECTORS: dict[str, tuple[Any, ...]] = {
    "instantcom-mm7/deliver-req1.txt": (
        "mm7-deliver-req",
        "vas00324-dlvr",
        "97254265781@OMMS.com",
        (),
        "Weather Forecast",
        ("TimeStamp", 1018899321),
        ("text/plain", [24]),
    ),
    "instantcom-mm7/deliver-req3.txt": (
        "mm7-deliver-req",
        "4E073C7AQ479306TW26785I371H3M1HA",
        "+3859100010010/TYPE=PLMN",
        ("88888/TYPE=PLMN",),
        "Bomb",
        ("LinkedID", "0402105226100000000000000"),
        ("multipart/related", [386, 4148]),
    ),
    "instantcom-mm7/deliver-req5.txt": (
        "mm7-deliver-req",
        "11398c6a2e9f00000010",
        "+381600001200/TYPE=PLMN",
        ("121399",),
        "(no subject)",
        ("VASID", "xmmc"),
        ("multipart/related", [305, 18060]),
    ),
    "instantcom-mm7/fault.xml": (
        "mm7-rs-error-rsp",
        "123456",
        None,
        (),
        None,
        ("StatusCode", 4002),
        (None, []),
    ),
    "instantcom-mm7/submit-rsp.xml": (
        "mm7-submit-rsp",
        "vas00001-sub",
        None,
        (),
        None,
        ("MessageID", "041502073667"),
        (None, []),
    ),
    "mm7_core/mm7_deliver_res.xml": (
        "mm7-deliver-rsp",
        None,
        None,
        (),
        None,
        ("Details", "Accepted by VASP"),
        (None, []),
    ),
    "mm7_core/mm7_submit_req.xml": (
        "mm7-submit-req",
        None,
        None,
        ("79001234567/TYPE=PLMN",),
        "Daily promo",
        ("ServiceCode", "gold-sp33-im42"),
        (None, []),
    ),
    "savon-multipart/multipart.txt": (
        "mm7-submit-req",
        "2011012713535811111111111",
        "1111",
        ("11111111111/TYPE=PLMN",),
        "Test MMS via Savon",
        ("ExpiryDate", ("absolute", 1296222838)),
        ("multipart/mixed", [467, 1268, 36]),
    ),
    "sinch/deliver_rsp.xml": ("mm7-deliver-rsp", "1000001", None, (), None, ("StatusCode", 1000), (None, [])),
    "sinch/deliver_rsp_full.http": (
        "mm7-deliver-rsp",
        "1000001",
        None,
        (),
        None,
        ("StatusText", "Successfully received MMS"),
        (None, []),
    ),
    "sinch/delivery_report_rsp.xml": (
        "mm7-delivery-report-rsp",
        "1000001",
        None,
        (),
        None,
        ("StatusText", "Successfully Received MMS."),
        (None, []),
    ),
    "sinch/submit_req.xml": (
        "mm7-submit-req",
        "1000001",
        "111122",
        ("16172383232/TYPE=PLMN",),
        "My first MM7 Message",
        ("VASID", "126273"),
        (None, []),
    ),
    "sinch/submit_req_full.http": (
        "mm7-submit-req",
        "555e29f8879be",
        "111122",
        ("16179593069/TYPE=PLMN",),
        "My first MM7 Message",
        ("allowAdaptations", False),
        ("multipart/related", [13, 271]),
    ),
    "sinch/submit_rsp_fault.xml": (
        "mm7-rs-error-rsp",
        "1000001",
        None,
        (),
        None,
        ("Details", "Message format corrupt"),
        (None, []),
    ),
    "vectorcore-mmsc/deliver_rsp.soap": (
        "mm7-deliver-rsp",
        "txn-deliver",
        None,
        (),
        None,
        ("xmlns", NAMESPACE + "REL-5-MM7-1-0"),
        (None, []),
    ),
    "vectorcore-mmsc/read_reply_rsp.soap": (
        "mm7-read-reply-rsp",
        "txn-read",
        None,
        (),
        None,
        ("StatusCode", 1000),
        (None, []),
    ),
}
#: Says multipart/related and is none.
ILL_FORMED = "sinch/delivery_report_req_full.http"


def test_no_vector_is_forgotten(shared: Path) -> None:
    """The tables name every file."""
    folder = shared / "vectors" / "mm7"
    files = {str(path.relative_to(folder)) for path in folder.glob("*/*")}
    assert files == VECTORS.keys() | {ILL_FORMED}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_read_and_written_again(shared: Path, name: str) -> None:
    """What others wrote is found in it, and is the same after it was written here, with nothing odd left."""
    found = transcode.read((shared / "vectors" / "mm7" / name).read_bytes())
    message_type, transaction, sender, to, subject, header, (content_type, sizes) = VECTORS[name]
    assert (found.message_type, found.transaction_id, found.sender) == (message_type, transaction, sender)
    assert (found.to, found.subject, found.content_type) == (to, subject, content_type)
    assert header in found.headers
    assert [len(part.data) for part in found.parts] == sizes
    again = transcode.read(bytes(found.to_mm7(strict=False)))
    assert again.quirks == tuple(violations(found))
    assert replace(again, headers=(), quirks=()) == replace(found, headers=(), quirks=())
    assert dict(again.headers) == dict(found.headers)


def test_a_multipart_without_a_boundary_is_refused(shared: Path) -> None:
    """One provider's sample of a delivery report; the place is where the body begins."""
    octets = (shared / "vectors" / "mm7" / ILL_FORMED).read_bytes()
    with pytest.raises(PduError, match=r"multipart/related without a boundary \(at octet 249\)"):
        transcode.read(octets)
    plain = octets.replace(b'multipart/related; type="text/xml";', b"text/xml")
    assert transcode.read(plain).message_type == "mm7-delivery-report-req"


def test_ill_formed_xml_is_refused_with_its_place() -> None:
    """As in a provider's manual, where element names have two colons and a prefix that nobody declared."""
    octets = b'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<s:Envelope\nxmlns:ns1="x">\n<s::Header>\n'
    with pytest.raises(PduError, match=r"not well-formed.*line 1, column 0") as caught:
        mm7.from_bytes(octets)
    assert caught.value.offset == octets.index(b"<s:Envelope")
    broken = soap(TO).replace(b"<Recipients>", b"\n<Recipients><")
    with pytest.raises(PduError, match="line 2") as caught:
        mm7.from_bytes(broken)
    assert abs(caught.value.offset - broken.index(b"<Recipients>")) <= 14


# Hostile octets


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "there is no XML"),
        (b"<", "not well-formed"),
        (b"<a/>", "the body of SOAP is empty"),
        (soap(TO).replace(b"SubmitReq", b"Own"), "the body of SOAP is Own"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "SOAP can't be read"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "SOAP can't be read"),
        (b'<?xml version="1.0" encoding="x-none"?><a/>', "SOAP"),
        (soap(TO + " " * (1 << 20)), "1,048,576 are read"),
        (parted(), "no part begins with the boundary 'b'"),
        (parted(*["\r\n"] * 1001), "more than 1,000 parts"),
        (b"Content-Type: multipart/related; boundary=b\r\n" + b"a: b\r\n" * 20_000, "headers of more than"),
    ],
)
def test_what_is_no_message_is_refused(octets: bytes, reason: str) -> None:
    """With a typed error that says what and where."""
    with pytest.raises(PduError, match=reason):
        mm7.from_bytes(octets)


def survives(octets: bytes) -> None:
    """Reading ends in a message or a PduError with a place, writing in octets or a MessageError."""
    try:
        found = mm7.from_bytes(octets)
    except PduError as error:
        assert 0 <= error.offset <= len(octets)
        return
    try:
        again = mm7.from_bytes(bytes(mm7.to_http(found, strict=False)))
    except MessageError:
        return
    assert replace(as_sent(again), headers=()) == replace(as_sent(found), headers=())
    assert sorted(map(repr, again.headers)) == sorted(map(repr, found.headers))


@quick
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"<a>", b"POST / HTTP/1.1\r\n", FILE[:900], FILE[:1500]])
)
def test_any_octets(octets: bytes, head: bytes) -> None:
    """At the start of a message and at later places."""
    survives(head + octets)


anything = st.sampled_from(
    [*ELEMENTS, *GROUPS, "To", "Cc", "Sender", "Recipient", "Subject", "Number", "Own"]
)
words = st.sampled_from(
    ["", "1", "true", "P1D", "2015-03-16T14:03:51Z", "a@b", "Low", "Read", " x ", "1/TYPE=IPv4"]
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    """Elements of MM7 wherever, with attributes and texts of others."""
    name, text = draw(anything), draw(words)
    mark = draw(st.sampled_from(["", " displayOnly='true'", " UAProf='x'", " sequence='2'", " href='cid:1'"]))
    inner = "".join(draw(st.lists(elements(depth - 1), max_size=3))) if depth else ""
    return f"<{name}{mark}>{text}{inner}</{name}>"


@settings(deadline=None, max_examples=200)
@given(st.sampled_from([schema.root for schema in SCHEMAS.values()]), st.lists(elements(), max_size=6))
def test_any_elements(root: str, inner: list[str]) -> None:
    """Whatever stands where: what was read can be written, or is refused by name."""
    survives(soap("".join(inner)).replace(b"SubmitReq", root.encode()))


def test_elements_nested_without_end_are_left_out() -> None:
    """Groups do not hold themselves."""
    found = mm7.from_bytes(soap(TO + "<Recipients>" * 20_000 + "</Recipients>" * 20_000))
    assert "Recipients has no place here, and is left out: ''" in found.quirks


def test_recipients_and_extras_without_end_are_bounded() -> None:
    """More recipients than any message has; what they say twice is kept once."""
    many = "<Number displayOnly='true'>1</Number>" * 11_000
    extra = "<element/>" * 11_000
    octets = soap(f"<Recipients><To>{many}</To></Recipients><MessageExtraData>{extra}</MessageExtraData>")
    found = mm7.from_bytes(octets)
    assert len(found.to) == 10_000
    assert found.headers.count(("displayOnly", "1/TYPE=PLMN")) == 1


def test_changed_octets_end_in_a_message_or_a_pdu_error(shared: Path) -> None:
    """Vectors with octets changed, cut out and doubled, the same on every run."""
    chance = random.Random(7)
    folder = shared / "vectors" / "mm7"
    for name in sorted(VECTORS):
        octets = (folder / name).read_bytes()[:6000]
        for _ in range(25):
            changed = bytearray(octets)
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(changed))
                match chance.randrange(3):
                    case 0:
                        changed[at] = chance.randrange(256)
                    case 1:
                        del changed[at : at + chance.randint(1, 80)]
                    case _:
                        changed[at:at] = changed[at : at + chance.randint(1, 80)]
            survives(bytes(changed))


# The form among the others


SENT = transcode.Message(
    transaction_id="T1",
    sender="12345/TYPE=PLMN",
    to=("+15555550100/TYPE=PLMN",),
    subject="Hi",
    headers=(
        ("X-Mms-Message-Class", "Personal"),
        ("X-Mms-Expiry", ("relative", 3600)),
        ("X-Mms-Sender-Visibility", "Show"),
        ("X-Mms-Delivery-Report", True),
    ),
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=SUBMISSION.parts,
)


def test_a_pdu_becomes_a_submission_and_back() -> None:
    """What both know comes through; what MM7 does not know is named."""
    http = SENT.to_mm7(vaspid="acme", vasid="promo", service_code="gold")
    assert isinstance(http, HttpMessage)
    found = transcode.read(bytes(http))
    assert found.message_type == "mm7-submit-req"
    assert found.sender == "12345"
    assert found.headers == (
        ("VASPID", "acme"),
        ("VASID", "promo"),
        ("ServiceCode", "gold"),
        ("MessageClass", "Personal"),
        ("ExpiryDate", ("relative", 3600)),
        ("DeliveryReport", True),
    )
    left = "X-Mms-Sender-Visibility has no place in MM7, and is left out: 'Show'"
    assert mm7_convert.from_mm1(SENT).quirks == (left,)
    back = found.converted("m-send-req")
    kept = tuple(pair for pair in SENT.headers if pair[0] != "X-Mms-Sender-Visibility")
    assert as_sent(back) == replace(SENT, headers=kept)
    assert back.quirks[0] == "VASPID has no place in MM1, and is left out: 'acme'"
    assert back.to_mm1()


def test_a_delivery_is_what_a_phone_retrieves() -> None:
    """Its time is the date; headers of 1.3 make it a PDU of 1.3; a single part has no headers."""
    delivery = replace(
        SUBMISSION,
        message_type="mm7-deliver-req",
        headers=(("TimeStamp", 5), ("ApplicID", "a")),
        cc=(),
        content_type="text/plain",
        parameters=(),
        parts=(Part("text/plain", b"x", content_id="c"),),
    )
    pdu = mm7_convert.to_mm1(delivery, "m-retrieve-conf")
    assert pdu.headers == (("Date", 5), ("X-Mms-Applic-ID", "a"))
    assert (pdu.version, pdu.sender, pdu.parts) == ("1.3", "12345/TYPE=PLMN", (Part("text/plain", b"x"),))
    again = mm7_convert.from_mm1(replace(pdu, message_type="m-send-req"))
    assert again.parts == (Part("text/plain", b"x", content_id="content"),)
    with pytest.raises(MessageError, match="no content to submit or deliver"):
        mm7_convert.to_mm1(said("mm7-submit-rsp"), "m-send-req")
    with pytest.raises(MessageError, match="is no 'm-send-req'"):
        mm7_convert.from_mm1(delivery)


def test_the_limit_counts_the_body_where_it_is_stated_for_mm7() -> None:
    """One octet too many is refused; a limit of another form does not count."""
    size = len(SENT.to_mm7().body)
    assert replace(SENT, limit=size, limit_form="mm7").to_mm7()
    with pytest.raises(BudgetError):
        replace(SENT, limit=size - 1, limit_form="mm7").to_mm7()
    assert replace(SENT, limit=1).to_mm7()
