"""Messages of one form as ones of another over a submission of no form: what comes through, what is told."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from transcode.errors import MessageError
from transcode.messages.message import Message
from transcode.messages.read import read
from transcode.model import MessageFields, MessageType, Part
from transcode.wire.convert import convert, encode
from transcode.wire.forms import form_of_type
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm1.mm1_convert import DEFAULT_EXPIRY
from transcode.wire.submission import LeftOut
from transcode.wire.values import folded

CONTENT: tuple[MessageType, ...] = (
    "m-send-req",
    "m-retrieve-conf",
    "mm4-forward-req",
    "mm7-submit-req",
    "mm7-deliver-req",
)
APPLICATION = {
    "X-Mms-Applic-ID": "com.example.game",
    "X-Mms-Reply-Applic-ID": "com.example.reply",
    "X-Mms-Aux-Applic-Info": "level 3",
}
SENT = Message(
    transaction_id="T1",
    version="1.3",
    sender="+15555550100/TYPE=PLMN",
    to=("+15555550101/TYPE=PLMN", "12345/TYPE=PLMN"),
    subject="Grüße",
    headers=(("Date", 1_700_000_000), ("X-Mms-Priority", "High"), *APPLICATION.items()),
    content_type="application/vnd.wap.multipart.related",
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(Part("application/smil", b"<smil/>", content_id="smil"), Part("image/jpeg", b"\xff\xd8")),
)


def written(message: MessageFields) -> Message:
    """A message as somebody reads it who gets its octets, which break no rule."""
    return read(encode(message, form_of_type(message.message_type)))


def headers(message: MessageFields) -> dict[str, object]:
    return dict(folded(message.headers))


@pytest.mark.parametrize(("source", "target"), list(product(CONTENT, CONTENT)))
def test_what_has_content_becomes_all_that_has(source: MessageType, target: MessageType) -> None:
    """Sender, recipients, subject, date, priority, applications and parts go both ways over the wire."""
    found = written(convert(written(convert(SENT, source)), target))
    assert found.message_type == target
    back = convert(found, "m-retrieve-conf")
    assert (back.sender, back.to, back.subject, back.transaction_id) == (
        SENT.sender,
        SENT.to,
        SENT.subject,
        SENT.transaction_id,
    )
    assert {("X-Mms-Priority", "High"), ("Date", 1_700_000_000), *APPLICATION.items()} <= set(back.headers)
    assert [bytes(part.data) for part in back.parts] == [b"<smil/>", b"\xff\xd8"]
    assert (back.content_type, back.parameters) == (SENT.content_type, SENT.parameters)


@pytest.mark.parametrize("source", CONTENT)
def test_a_notification_tells_of_it(source: MessageType) -> None:
    """It has sender, subject, size, expiry and address, and neither recipients nor content."""
    message = convert(SENT, source)
    found = convert(message, "m-notification-ind")
    size = pdu_writer.length(convert(message, "m-retrieve-conf"))
    assert headers(found) == {
        "x-mms-message-class": "Personal",
        "x-mms-message-size": size,
        "x-mms-expiry": ("relative", DEFAULT_EXPIRY),
        "x-mms-priority": "High",
        **{name.lower(): value for name, value in APPLICATION.items()},
        "x-mms-content-location": "http://mmsc.invalid/T1",
    }
    assert (found.sender, found.subject, found.transaction_id) == (SENT.sender, SENT.subject, "T1")
    assert (found.to, found.cc, found.bcc, found.parts, found.content_type) == ((), (), (), (), None)
    assert any("X-Mms-Content-Location is not stated" in oddity for oddity in found.oddities)
    assert any("X-Mms-Expiry is not stated: 604,800 seconds" in oddity for oddity in found.oddities)
    again = written(found)
    assert replace(again, oddities=found.oddities) == found


def test_a_notification_says_what_is_stated() -> None:
    """The caller's location, class and expiry, the sender's wish to be told."""
    stated = (
        ("X-Mms-Content-Location", "http://mmsc.example/m/1"),
        ("X-Mms-Message-Class", "Advertisement"),
        ("X-Mms-Expiry", ("absolute", 1_800_000_000)),
        ("X-Mms-Delivery-Report", True),
    )
    found = convert(replace(SENT, headers=stated), "m-notification-ind")
    assert set(stated) <= set(found.headers)
    assert found.oddities == ()
    numbered = replace(SENT, transaction_id=None, headers=(*stated[1:], ("Message-ID", "a/b c")))
    found = convert(replace(numbered, message_type="m-retrieve-conf"), "m-notification-ind")
    assert found.transaction_id == "a/b c"
    assert headers(found)["x-mms-content-location"] == "http://mmsc.invalid/a%2Fb%20c"


@pytest.mark.parametrize("target", ["m-retrieve-conf", "m-notification-ind", "mm7-deliver-req"])
def test_recipients_see_what_is_theirs(target: MessageType) -> None:
    """No addresses of Bcc, no sender who hides, nothing that is the centre's; all that is told."""
    asked = (
        ("Date", 5),
        ("X-Mms-Sender-Visibility", "Hide"),
        ("X-Mms-Delivery-Time", ("relative", 60)),
        ("X-Mms-Expiry", ("relative", 3600)),
    )
    hidden = replace(SENT, headers=asked, bcc=("+15555550102/TYPE=PLMN",))
    found = convert(hidden, target)
    assert (found.sender, found.bcc) == (None, ())
    names = headers(found).keys()
    assert not names & {
        "x-mms-sender-visibility",
        "x-mms-delivery-time",
        "earliestdeliverytime",
        "expirydate",
    }
    assert ("x-mms-expiry" in names) == (target == "m-notification-ind")
    assert "the sender is left out, because X-Mms-Sender-Visibility is Hide" in found.oddities
    assert any("X-Mms-Delivery-Time" in oddity for oddity in found.oddities)
    shown = replace(hidden, headers=(("X-Mms-Sender-Visibility", "Show"),))
    assert convert(shown, target).sender is not None
    for values in (("Hide", "Show"), (130,), ("hide",)):
        unclear = tuple(("X-Mms-Sender-Visibility", value) for value in values)
        found = convert(replace(hidden, headers=unclear), target)
        assert found.sender is None
        assert f"the sender is left out, because X-Mms-Sender-Visibility is {values[0]}" in found.oddities


def test_a_delivery_to_a_provider() -> None:
    """Short codes have no type, the id is the LinkedID, a single part can be referred to."""
    mail = read(
        b"From: +15555550100/TYPE=PLMN\nTo: 12345/TYPE=PLMN\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n"
        b"X-Mms-3GPP-MMS-Version: 6.16.0\nX-Mms-Message-Type: MM4_forward.REQ\nX-Mms-Transaction-ID: T\n"
        b"X-Mms-Message-ID: M1\nX-Mms-Ack-Request: Yes\nx-mms-APPLIC-id: a\nX-Own: own\n"
        b"X-Mms-Previously-sent-by: 1, +15555550109/TYPE=PLMN\n\ntext"
    )
    found = mail.converted("mm7-deliver-req")
    assert (found.to, found.sender) == (("12345",), "+15555550100/TYPE=PLMN")
    assert dict(found.headers) == {
        "TimeStamp": 1_700_000_000,
        "LinkedID": "M1",
        "ApplicID": "a",
        "Previouslysentby": (1, "+15555550109/TYPE=PLMN"),
    }
    for name in ("X-Mms-Ack-Request", "X-Own"):
        assert any(oddity.startswith(f"{name} has no place in MM7") for oddity in found.oddities)
    assert found.parts[0].content_id == "content"
    again = read(bytes(found.to_mm7()))
    assert sorted(again.headers) == sorted(found.headers)
    assert again == replace(found, headers=again.headers, oddities=())


def test_a_submission_of_a_provider_is_delivered_to_another() -> None:
    """Who submits is no business of who gets it; the release and what the application says are kept."""
    submission = replace(
        SENT.converted("mm7-submit-req"),
        version="6.3.0",
        headers=(
            ("xmlns", "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-0"),
            ("VASPID", "acme"),
            ("ServiceCode", "gold"),
            ("MessageClass", "Personal"),
            ("APPLICID", "a"),
        ),
    )
    found = submission.converted("mm7-deliver-req")
    assert [name for name, _ in found.headers] == ["xmlns", "ApplicID"]
    assert found.version == "6.3.0"
    told = [oddity.partition(" ")[0] for oddity in found.oddities]
    assert told == ["VASPID", "ServiceCode", "MessageClass"]
    mail = submission.converted("mm4-forward-req")
    assert [name for name, _ in mail.headers] == [
        "X-Mms-Message-Class",
        "X-Mms-Applic-ID",
        "X-Mms-Message-ID",
    ]
    assert [oddity.partition(" ")[0] for oddity in mail.oddities] == ["xmlns", "VASPID", "ServiceCode"]


def test_what_was_retrieved_is_sent_on() -> None:
    """The centre's answer and id are not the client's."""
    answered = (("Message-ID", "M"), ("X-Mms-Retrieve-Status", "Ok"), ("X-Own", "x"), ("Date", 5))
    found = convert(replace(SENT, message_type="m-retrieve-conf", headers=answered), "m-send-req")
    assert found.headers == (("X-Own", "x"), ("Date", 5))
    assert found.oddities == (
        "headers left out because MM1 does not have them: Message-ID",
        "headers left out because M-Send.req does not have them: X-Mms-Retrieve-Status",
    )


def test_kinds_do_not_mix() -> None:
    """A report becomes no message, a notification nothing at all."""
    report = MessageFields(message_type="m-read-rec-ind", content_type=None)
    refused: tuple[tuple[MessageFields, MessageType], ...] = (
        (report, "mm4-forward-req"),
        (report, "m-notification-ind"),
        (SENT, "mm4-read-reply-report-req"),
        (replace(SENT, message_type="m-notification-ind"), "m-retrieve-conf"),
    )
    for message, target in refused:
        with pytest.raises(MessageError, match=f"{message.message_type} can't be converted to {target}"):
            convert(message, target)


def test_a_read_report_reaches_the_sender_within_one_centre() -> None:
    """The report is converted without a mail between."""
    record = MessageFields(
        message_type="m-read-rec-ind",
        sender="+15/TYPE=PLMN",
        to=("+16/TYPE=PLMN",),
        headers=(("Message-ID", "M"), ("Date", 5), ("X-Mms-Read-Status", "Read")),
        content_type=None,
    )
    found = convert(record, "m-read-orig-ind")
    assert written(found).headers == record.headers
    assert (found.sender, found.to) == (record.sender, record.to)


def test_long_lists_of_what_is_left_out_are_shortened() -> None:
    """One sentence names twelve at most; one by one each is told."""
    told: list[str] = []
    left = LeftOut("MM4", told.append, shows_values=False)
    for number in (*range(14), 3):
        left.add(f"X-{number}", number)
    left.tell()
    assert len(told) == 1
    assert told[0].endswith("X-10, X-11 and 2 more")
    each = LeftOut("MM7", told.append, shows_values=True)
    each.add("X-1", 1)
    each.tell()
    assert told[1:] == ["X-1 has no place in MM7, and is left out: 1"]
