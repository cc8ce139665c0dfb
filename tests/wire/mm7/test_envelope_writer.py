"""What MM7 refuses to send, and what follows from the version and the status."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.made.soap import SUBMISSION, said
from transcode.errors import MessageError
from transcode.model import MessageType, Part
from transcode.wire.mm7 import mm7
from transcode.wire.mm7.schema import (
    NAMESPACE,
    RELEASES,
    SCHEMAS,
    default_release,
)


@pytest.mark.parametrize("message_type", SCHEMAS)
def test_every_type_says_what_it_lacks(message_type: MessageType) -> None:
    """The first missing element refuses a message; without strictness it goes out and is told when read."""
    bare = said(message_type, transaction_id=None)
    with pytest.raises(MessageError, match=f"{SCHEMAS[message_type].root}: TransactionID is missing"):
        mm7.to_http(bare)
    found = mm7.from_bytes(bytes(mm7.to_http(bare, strict=False)))
    wanted = [name for name in SCHEMAS[message_type].required if name != "MM7Version"]
    assert list(found.oddities) == [f"{name} is missing" for name in wanted]


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
    """Elements of release 6 are refused in writing."""
    late = said("mm7-submit-req", ("ContentClass", "text"), to=("1",), version="5.3.0")
    with pytest.raises(MessageError, match=r"ContentClass needs release 6, but MM7Version is 5\.3\.0"):
        mm7.to_http(late)


def test_faults_say_whose_they_are() -> None:
    """The SOAP fault follows from the status; words of the sender's own are kept."""
    error = said("mm7-rs-error-rsp", ("StatusCode", 3000), ("StatusText", "Server error"))
    body = mm7.to_http(error).body
    assert b"<faultcode>env:Server</faultcode><faultstring>Server error</faultstring><detail>" in body
    own = replace(error, headers=(("faultcode", "Client"), ("faultstring", "Busy"), *error.headers))
    assert mm7.from_bytes(mm7.to_http(own).body) == own


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"message_type": "m-send-req"}, "'m-send-req' is not one of mm7-submit-req"),
        ({"version": "1"}, "version: '1' is not an MM7Version"),
        ({"transaction_id": " T"}, "transaction_id: ' T' has blanks around it"),
        ({"transaction_id": "\0"}, "transaction_id: XML does not allow U.0000"),
        ({"subject": "\x1b"}, "subject: XML does not allow U.001B"),
        ({"subject": "\ud800"}, "subject: XML does not allow U.D800"),
        ({"sender": "1.2.3.4/TYPE=IPv4"}, "sender: .*only phone numbers, mailboxes and short codes"),
        ({"to": ("",)}, "to: '' is not an address"),
        ({"headers": (("Wrong", "x"),)}, "header 'Wrong': is not an element of MM7"),
        ({"headers": (("MMStatus", "Retrieved"),)}, "header 'MMStatus': is not an element of SubmitReq"),
        ({"headers": (("VASID", "x"), ("VASID", "y"))}, "header 'VASID': occurs 2 times"),
        ({"headers": (("VASID", "x\n"),)}, "header 'VASID': .* has blanks around it"),
        ({"headers": (("VASID", 1),)}, "header 'VASID': 1 is not a text"),
        ({"headers": (("Priority", "Highest"),)}, "'Highest' is not one of Normal, High, Low"),
        ({"headers": (("DeliveryReport", "true"),)}, "'true' is neither True nor False"),
        ({"headers": (("TimeStamp", 10**15),)}, "outside the years 1 to 9999"),
        ({"headers": (("TimeStamp", "now"),)}, "'now' is not a whole number of seconds"),
        ({"headers": (("ExpiryDate", ("relative", -1)),)}, "-1 is not a whole number"),
        ({"headers": (("ExpiryDate", ("soon", 1)),)}, "'soon' is neither"),
        ({"headers": (("ExpiryDate", 1),)}, "1 is not a pair"),
        ({"headers": (("ReplyCharging", ("size", "1")),)}, "is not a tuple of names and texts in turn"),
        ({"headers": (("DeliveryCondition", ()),)}, "is not a tuple of one or more values"),
        ({"headers": (("allowAdaptations", "no"),)}, "'allowAdaptations': must occur once and be True or"),
        ({"headers": (("displayOnly", "1"),)}, "'1' has an attribute, but is no address of the message"),
        ({"headers": (("addressCoding", "1"),)}, "'addressCoding': '1' is not .address, encrypted or"),
        ({"headers": (("xmlns", 1),)}, "'xmlns': must occur once and be text"),
        ({"content_type": "application/vnd.wap.multipart.related"}, "is a type of MM1"),
        ({"content_type": "image/jpeg", "parameters": (), "parts": ()}, "there must be one part"),
        (
            {"content_type": "image/gif", "parameters": (), "parts": (Part("image/gif", b""),)},
            r"parts\[0\].content_id: is missing",
        ),
        (
            {"content_type": None, "parts": (), "headers": (("allowAdaptations", True),)},
            "'allowAdaptations': the message has no content",
        ),
        ({"message_type": "mm7-submit-rsp"}, "is not an element of SubmitRsp"),
        ({"message_type": "mm7-cancel-req", "headers": ()}, "subject: CancelReq has no element for it"),
        (
            {"message_type": "mm7-read-reply-req", "headers": ()},
            "to: ReadReplyReq can have only one recipient",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused(changes: dict[str, Any], reason: str) -> None:
    """The error names the field."""
    with pytest.raises(MessageError, match=reason):
        mm7.to_http(replace(SUBMISSION, **changes), strict=False)
