"""Names of headers are the same in any case of their letters, in every form and on the way between forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import transcode
from tests.made.soap import SUBMISSION
from transcode.errors import MessageError
from transcode.messages.message import Message
from transcode.model import HeaderValue, MessageType, Part
from transcode.wire.convert import convert
from transcode.wire.mm7 import mm7, schema_rules
from transcode.wire.mm7.schema import NAMESPACE
from transcode.wire.rules import violations

CASES: tuple[Callable[[str], str], ...] = (str.lower, str.upper, str.swapcase)

SENT = Message(
    transaction_id="T1",
    version="1.3",
    sender="+15555550100/TYPE=PLMN",
    to=("+15555550101/TYPE=PLMN",),
    headers=(
        ("Date", 1_700_000_000),
        ("X-Mms-Message-Class", "Personal"),
        ("X-Mms-Expiry", ("relative", 3600)),
        ("X-Mms-Delivery-Time", ("absolute", 1_700_000_000)),
        ("X-Mms-Priority", "High"),
        ("X-Mms-Delivery-Report", True),
        ("X-Mms-Read-Report", True),
        ("X-Mms-Adaptation-Allowed", True),
        ("X-Mms-Content-Class", "image-basic"),
        ("X-Mms-DRM-Content", False),
        ("X-Mms-Applic-ID", "acme"),
        ("X-Mms-Reply-Applic-ID", "acme.reply"),
        ("X-Mms-Aux-Applic-Info", "more"),
    ),
    content_type="application/vnd.wap.multipart.mixed",
    parts=(Part("text/plain", b"text", charset="utf-8"),),
)
SUBMITTED = replace(
    Message.of(SUBMISSION),
    headers=(
        ("xmlns", f"{NAMESPACE}REL-6-MM7-1-0"),
        ("VASPID", "acme"),
        ("ServiceCode", "gold"),
        ("ReadReply", True),
        ("ApplicID", "acme"),
        ("allowAdaptations", False),
        ("displayOnly", "+15555550101/TYPE=PLMN"),
        ("addressCoding", ("12345", "encrypted")),
        ("MessageExtraData", ("key", "value")),
    ),
)


def cased(message: Message, case: Callable[[str], str]) -> Message:
    """The message with the names of its headers in another case."""
    return replace(message, headers=tuple((case(name), value) for name, value in message.headers))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("target", ["m-send-req", "mm4-forward-req", "mm7-submit-req"])
def test_a_phone_s_headers_go_everywhere(case: Callable[[str], str], target: MessageType) -> None:
    """X-Mms-Applic-ID was lost on the way to MM7 where it was spelled X-MMS-Applic-ID."""
    found, wanted = cased(SENT, case).converted(target), SENT.converted(target)
    assert len(found.oddities) == len(wanted.oddities)
    form = {"m-send-req": Message.to_mm1, "mm4-forward-req": Message.to_mm4}.get(target)
    if form is not None:
        assert form(found) == form(wanted)
    else:
        assert found == wanted
        assert ("ApplicID", "acme") in found.headers
        assert found.to_mm7() == wanted.to_mm7() == cased(SENT, case).to_mm7()


@pytest.mark.parametrize("case", CASES)
def test_a_provider_s_headers_go_everywhere(case: Callable[[str], str]) -> None:
    """Elements of XML have one spelling, headers of a message any."""
    found = cased(SUBMITTED, case)
    assert found.to_mm7() == SUBMITTED.to_mm7()
    assert found.converted("m-send-req").headers == SUBMITTED.converted("m-send-req").headers
    assert ("X-Mms-Applic-ID", "acme") in found.converted("m-send-req").headers
    assert mm7.answer(found) == mm7.answer(SUBMITTED)
    old = replace(found, version="5.3.0")
    plain = replace(SUBMITTED, version="5.3.0")
    assert list(schema_rules.violations(old)) == list(schema_rules.violations(plain))
    lacking = replace(SUBMITTED, message_type="mm7-cancel-req", headers=((case("MessageID"), "1"),))
    assert list(schema_rules.violations(lacking)) == []


@pytest.mark.parametrize("case", CASES)
def test_an_id_is_not_doubled(case: Callable[[str], str]) -> None:
    """A message's id of MM4 keeps the transaction's from being taken for it; a phone's own id is none."""

    def ids(message: Message) -> list[HeaderValue]:
        return [value for name, value in message.headers if name.lower() == "x-mms-message-id"]

    named = ((case("X-Mms-Message-ID"), "M1"),)
    assert ids(replace(SENT, headers=named).converted("mm4-forward-req")) == ["T1"]
    forwarded = replace(SENT.converted("mm4-forward-req"), headers=named)
    assert ids(convert(forwarded, "mm4-forward-req", {"X-Mms-Priority": "Low"})) == ["M1"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("message_type", "headers", "missing"),
    [
        ("m-send-conf", (("X-Mms-Response-Status", "Ok"),), ["Message-ID is missing"]),
        ("m-send-conf", (("X-Mms-Response-Status", "Error-unspecified"),), []),
        ("m-retrieve-conf", (("Date", 1), ("X-Mms-Retrieve-Status", "Error-permanent-failure")), []),
    ],
)
def test_rules_hold_in_any_case(
    case: Callable[[str], str],
    message_type: MessageType,
    headers: tuple[tuple[str, HeaderValue], ...],
    missing: list[str],
) -> None:
    """A status decides what else a message must have."""
    message = Message(message_type, "T", headers=headers, content_type=None)
    assert list(violations(cased(message, case))) == missing


@pytest.mark.parametrize("case", CASES)
def test_a_class_is_stated_once(case: Callable[[str], str]) -> None:
    """The class of the caller counts, or else that of the message itself."""
    profile = transcode.find_profile("us-att")
    header = (case("X-Mms-Content-Class"), "content-basic")
    with pytest.raises(MessageError, match="X-Mms-Content-Class is set by content_class too"):
        transcode.compose((), profile, to=["+15555550100"], text="a", headers=[header], content_class=True)
    made = transcode.compose((), profile, to=["+15555550100"], text="a", headers=[header])
    assert made.headers == (header,)
