"""Messages with other recipients, subjects and headers; their parts stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import transcode
from tests.made.messages import ATT, limited
from transcode.errors import BudgetError, MessageError, MmsUnavailable, ProfileError
from transcode.messages.message import Message
from transcode.model import MessageType, Part, SendOptions

SENT = Message(
    transaction_id="T1",
    sender="+15555550100/TYPE=PLMN",
    to=("+15555550101/TYPE=PLMN",),
    cc=("a@example.org",),
    subject="Hi",
    headers=(("X-Mms-Priority", "Low"), ("X-Own", "kept")),
    parameters=(("type", "image/jpeg"),),
    parts=(Part("image/jpeg", bytes(5_000), content_id="a", content_location="a.jpg"),),
)


def test_recipients_are_replaced_together() -> None:
    """Whoever got the message before does not get it again unasked; numbers become addresses in wire form."""
    changed = SENT.edited(to=["+1 (555) 555-0199"], bcc=["b@example.org"])
    assert type(changed) is Message
    assert (changed.to, changed.cc, changed.bcc) == (
        ("+15555550199/TYPE=PLMN",),
        (),
        ("b@example.org",),
    )
    assert (changed.subject, changed.headers, changed.sender) == (SENT.subject, SENT.headers, SENT.sender)
    assert all(one is other for one, other in zip(changed.parts, SENT.parts, strict=True))
    assert SENT.edited(subject="Other").to == SENT.to


def test_what_is_empty_is_taken_away() -> None:
    """Empty values take subject, sender and headers away."""
    changed = SENT.edited(sender="", subject="", headers=[("x-mms-PRIORITY", None)])
    assert (changed.sender, changed.subject, changed.headers) == (None, None, (("X-Own", "kept"),))


def test_headers_take_the_place_of_others() -> None:
    """New headers replace those of the same name in any case; the version is the least that has them."""
    changed = SENT.edited(
        options=SendOptions(priority="high", expiry=60.0), headers=[("X-MMS-Applic-ID", "acme")]
    )
    assert changed.headers == (
        ("X-Own", "kept"),
        ("X-Mms-Expiry", ("relative", 60)),
        ("X-Mms-Priority", "High"),
        ("X-MMS-Applic-ID", "acme"),
    )
    assert (SENT.version, changed.version) == ("1.2", "1.3")
    assert transcode.read(changed.to_mm1()).headers[-1] == ("X-Mms-Applic-ID", "acme")


@pytest.mark.parametrize(
    ("message_type", "headers"),
    [
        ("m-retrieve-conf", {"X-Mms-Priority": "High"}),
        ("mm4-forward-req", {"X-Mms-Priority": "High", "X-Mms-Forward-Counter": 2}),
        ("mm7-submit-req", {"Priority": "High", "ServiceCode": "7"}),
        ("mm7-deliver-req", {"Priority": "High"}),
    ],
)
def test_other_forms_spell_headers_in_their_own_way(
    message_type: MessageType, headers: dict[str, Any]
) -> None:
    """A header of MM1 takes the place of what the form calls it; the form's own names are taken, too."""
    own = [(name, value) for name, value in headers.items() if "riority" not in name]
    changed = SENT.converted(message_type).edited(options=SendOptions(priority="high"), headers=own)
    found = [pair for pair in changed.headers if pair[0] in headers]
    assert dict(found) == headers
    assert len(found) == len(headers)
    gone = changed.edited(headers=[("X-Mms-Priority", None)])
    assert not any("riority" in name for name, _ in gone.headers)


def test_ids_follow_from_the_changes() -> None:
    """The same changes give the same bytes; others another id; no change none; a given id stays."""
    changed = SENT.edited(subject="New")
    assert changed == SENT.edited(subject="New")
    assert len({one.transaction_id for one in (SENT, changed, SENT.edited(subject="Newer"))}) == 3
    assert SENT.edited() is SENT
    assert SENT.edited(subject="Hi") == SENT
    assert SENT.edited(subject="New", transaction_id="T9").transaction_id == "T9"
    without = replace(SENT, transaction_id=None)
    other = replace(without, parts=(replace(SENT.parts[0], data=b"\x01" * 5_000),))
    assert without.edited(subject="New").transaction_id != other.edited(subject="New").transaction_id


@pytest.mark.parametrize("text", ["a\r\nBcc: b@example.org", "a\nb", "a\x00", "\ud800"])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: {"subject": text},
        lambda text: {"sender": text},
        lambda text: {"to": [f"a@example.org{text}"]},
        lambda text: {"transaction_id": text},
        lambda text: {"headers": [("X-Own", text)]},
        lambda text: {"headers": [(f"X-{text}", "a")]},
        lambda text: {"headers": [("X-Mms-Previously-Sent-By", (1, text))]},
    ],
)
def test_no_value_ends_its_header(text: str, change: Callable[[str], dict[str, Any]]) -> None:
    """A line end would begin another header in mail or HTTP."""
    with pytest.raises(MessageError):
        SENT.edited(**change(text))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"to": "+15555550100"}, "to must be a sequence of addresses"),
        ({"to": ["what"], "cc": ["no number!"]}, "'no number!' is not a phone number"),
        ({"subject": 5}, "subject: must be text, not int"),
        ({"sender": b"a"}, "sender: must be text, not bytes"),
        ({"headers": [("To", "a@example.org")]}, "headers: To is a field of the message"),
        ({"headers": [("Content-Type", "a")]}, "headers: Content-Type is a field"),
        ({"headers": ["X-Own"]}, "headers: must be pairs of name and value"),
        ({"headers": 5}, "headers: must be pairs"),
        ({"headers": [("", "a")]}, "headers: '' is not the name"),
        ({"options": {"priority": "high"}}, "options must be SendOptions, not dict"),
        (
            {"options": SendOptions(priority="low"), "headers": [("x-mms-priority", None)]},
            "headers: x-mms-priority is set by options too",
        ),
        ({"limit_form": "mm9"}, "form: 'mm9' is not one of"),
    ],
)
def test_what_can_not_be_sent(change: dict[str, Any], words: str) -> None:
    """The argument is named."""
    with pytest.raises(MessageError, match=words):
        SENT.edited(**change)


def test_a_header_without_a_place_is_refused() -> None:
    """It is not lost in silence."""
    with pytest.raises(MessageError, match="mm7-submit-req has no X-Mms-Store of True"):
        SENT.converted("mm7-submit-req").edited(headers=[("X-Mms-Store", True)])


@pytest.mark.parametrize("form", ["mm1", "mm4", "mm7"])
def test_never_over_the_limit(form: transcode.Form) -> None:
    """An edited message is within the limit to the byte, in the counted form and from any other form."""
    octets = {"mm1": SENT.to_mm1, "mm7": lambda: SENT.to_mm7().body}
    kinds: tuple[MessageType, ...] = ("m-send-req", "mm4-forward-req", "mm7-submit-req")
    for message_type in kinds:
        one = SENT.converted(message_type)
        size = len(octets[form]()) if form in octets and message_type == "m-send-req" else None
        with pytest.raises(BudgetError) as caught:
            replace(one, limit=100, limit_form=form).edited(transaction_id="T1")
        smallest = caught.value.smallest
        assert smallest is not None
        assert size in (None, smallest)
        assert replace(one, limit=smallest, limit_form=form).edited().limit == smallest
        with pytest.raises(BudgetError):
            replace(one, limit=smallest - 1).edited(limit_form=form)


def test_a_profile_limits_the_message() -> None:
    """Its bytes, its recipients and its subject; MMS that is off is told."""
    assert SENT.edited(profile=ATT).limit == ATT.max_message_bytes
    with pytest.raises(BudgetError):
        SENT.edited(profile=limited(2_000))
    with pytest.raises(MessageError, match="2 recipients; us-att allows at most 1"):
        SENT.edited(profile=replace(ATT, max_recipients=1))
    with pytest.raises(MessageError, match="a subject of 9 characters; us-att allows at most 8"):
        SENT.edited(subject="123456789", profile=replace(ATT, max_subject_chars=8))
    with pytest.raises(MmsUnavailable):
        SENT.edited(profile=replace(ATT, mms_enabled=False))
    with pytest.raises(ProfileError, match="profile must be a Profile"):
        SENT.edited(profile="us-att")  # type: ignore[arg-type]
