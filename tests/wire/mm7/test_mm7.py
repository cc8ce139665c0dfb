"""MM7: exact octets, the order of the schema, round trips, lengths, answers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.soap import SUBMISSION, as_sent, said
from transcode.errors import MessageError
from transcode.message import location
from transcode.model import HeaderValue, MessageFields, Part
from transcode.wire.mm7 import mm7
from transcode.wire.mm7.schema import (
    ELEMENTS,
    GROUPS,
    NAMESPACE,
    SCHEMAS,
    STATUS_CODES,
)
from transcode.wire.mm7.schema_rules import violations
from transcode.wire.mm7.xml_text import local_name

quick = settings(deadline=None, max_examples=150)

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
def messages(draw: st.DrawFn) -> MessageFields:
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
    message = MessageFields(
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


def test_a_submission_octet_by_octet() -> None:
    """Headers of HTTP come first, SOAP is in the schema's order, and the content is a multipart."""
    assert bytes(mm7.to_http(SUBMISSION)) == FILE


def test_the_submission_is_read_back() -> None:
    """The message is read from the file, from the body with its type, and from the body alone."""
    http = mm7.to_http(SUBMISSION)
    assert mm7.from_bytes(FILE) == SUBMISSION
    assert mm7.from_bytes(http.body, content_type=dict(http.headers)["Content-Type"]) == SUBMISSION
    assert mm7.from_bytes(http.body) == SUBMISSION


@quick
@given(messages())
def test_any_message_comes_back(message: MessageFields) -> None:
    """What is written is read as the same message, and nothing but what is missing is odd."""
    http = mm7.to_http(message, strict=False)
    found = mm7.from_bytes(bytes(http))
    assert as_sent(found) == message
    assert found.oddities == tuple(violations(message))


@quick
@given(messages(), st.randoms(use_true_random=False))
def test_elements_stand_in_the_order_of_the_schema(message: MessageFields, shuffle: random.Random) -> None:
    """Headers in any order give elements in the order of the schema."""
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
def test_the_length_is_known_before_the_media(message: MessageFields, sizes: list[int]) -> None:
    """Empty parts and their sizes give the length of the body with its data."""
    sizes = sizes[: len(message.parts)]
    made = replace(
        message,
        parts=tuple(replace(part, data=bytes(size)) for part, size in zip(message.parts, sizes, strict=True)),
    )
    assert mm7.length(message, sizes) == len(mm7.to_http(made, strict=False).body) == mm7.length(made)


def test_sizes_must_be_as_many_as_parts() -> None:
    """A wrong number of sizes is the caller's mistake."""
    with pytest.raises(ValueError, match="1 sizes are given for 2 parts"):
        mm7.length(SUBMISSION, [1])


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
    with pytest.raises(MessageError, match="MM7 has no answer to"):
        mm7.answer(done)


def test_answers_name_recipients() -> None:
    """Those whom a partial success does not reach, as numbers, in front of other details."""
    partly = mm7.answer(SUBMISSION, 1100, message_id="M", recipients=["+1555/TYPE=PLMN", "a@example.org"])
    assert dict(partly.headers)["Details"] == "+1555, a@example.org"
    told = mm7.answer(SUBMISSION, 1100, details="unknown", message_id="M", recipients=["+1555/type=plmn"])
    assert dict(told.headers)["Details"] == "+1555: unknown"


def test_refused_submissions_need_no_id() -> None:
    """Only a message that was accepted has one."""
    refused = mm7.answer(SUBMISSION, 2000)
    assert mm7.from_bytes(mm7.to_http(refused).body) == refused
    for code in (1000, 1100):
        with pytest.raises(MessageError, match="SubmitRsp: MessageID is missing"):
            mm7.to_http(mm7.answer(SUBMISSION, code))


def test_faults_go_with_their_requests() -> None:
    """An MMSC answers a provider by one, and a provider an MMSC by the other."""
    for message_type in SCHEMAS:
        if not message_type.endswith("-req"):
            with pytest.raises(MessageError, match="MM7 has no answer to"):
                mm7.error(said(message_type))
            continue
        made = mm7.error(said(message_type), 4004, details="no end")
        of_provider = message_type in ("mm7-submit-req", "mm7-cancel-req", "mm7-replace-req")
        assert made.message_type == ("mm7-rs-error-rsp" if of_provider else "mm7-vasp-error-rsp")
        assert made.headers == (
            ("StatusCode", 4004),
            ("StatusText", "Validation error"),
            ("Details", "no end"),
        )
        body = mm7.to_http(made).body
        assert b"<faultcode>env:Client</faultcode>" in body
        assert mm7.from_bytes(body) == made
    assert b"<faultcode>env:Server</faultcode>" in mm7.to_http(mm7.error(SUBMISSION)).body


def test_status_codes_have_names() -> None:
    """Each thousand too, which is what an unknown code counts as."""
    assert {1000, 2000, 3000, 4000} <= STATUS_CODES.keys()
    assert len(set(STATUS_CODES.values())) == len(STATUS_CODES)
