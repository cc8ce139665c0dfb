"""What a centre sends on: notifications, retrievals, MM4 and MM7, from messages of each form."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from tests.made.mails import FORWARDED
from tests.made.pdus import COMPLETE, SENT
from tests.made.soap import SUBMISSION
from transcode.errors import BudgetError, MessageError
from transcode.model import HeaderValue, MessageFields
from transcode.wire.deliveries import Notifications, delivered, forwarded, notification, retrieval
from transcode.wire.mm1 import pdu_reader, pdu_writer
from transcode.wire.mm1.push import push_segments, wap_push
from transcode.wire.mm4 import mm4
from transcode.wire.mm7 import mm7

SUBMITTED = replace(SENT, sender="+15555550199/TYPE=PLMN")
LOCATION = "http://mmsc.example/m/1"
LONG = "http://mmsc.example/m/" + "a" * 78


def notified(message: MessageFields = SUBMITTED, **changes: object) -> MessageFields:
    given = {"location": LOCATION, "transaction_id": "N1", "expiry": 3600, **changes}
    return notification(message, **given)  # type: ignore[arg-type]


def with_headers(message: MessageFields, *headers: tuple[str, HeaderValue]) -> MessageFields:
    return replace(message, headers=(*message.headers, *headers))


def test_a_notification() -> None:
    """The octets have the sender's header, and the centre's own id, location, expiry and size."""
    octets = pdu_writer.to_bytes(notified())
    assert octets == (
        b"\x8c\x82\x98N1\0\x8d\x92\x89\x18\x80+15555550199/TYPE=PLMN\0\x96Hi\0\x8a\x80"
        b"\x8e\x02\x03\xe8\x88\x04\x81\x02\x0e\x10\x86\x81\x83http://mmsc.example/m/1\0"
    )
    # The size is that of the message as it is retrieved, but for the id and the date of the centre.
    assert len(pdu_writer.to_bytes(retrieval(SUBMITTED), strict=False)) == 0x3E8
    assert pdu_reader.from_bytes(octets) == notified()
    assert dict(notified(size=70_000).headers)["X-Mms-Message-Size"] == 70_000


@pytest.mark.parametrize("message", [SUBMITTED, retrieval(SUBMITTED, date=1), FORWARDED, SUBMISSION])
def test_notifications_of_each_form(message: MessageFields) -> None:
    """The message's own expiry and location give way; the expiry is relative."""
    header: tuple[str, HeaderValue] = ("X-Mms-Expiry", ("absolute", 1_800_000_000))
    if message.message_type.startswith("mm7"):
        header = ("ExpiryDate", header[1])
    other = replace(message, headers=(*(one for one in message.headers if "Expiry" not in one[0]), header))
    for one in (message, other):
        made = notified(one)
        headers = dict(made.headers)
        assert headers["X-Mms-Expiry"] == ("relative", 3600)
        assert headers["X-Mms-Content-Location"] == LOCATION
        assert (made.transaction_id, made.to, made.cc, made.content_type) == ("N1", (), (), None)
        assert pdu_writer.to_bytes(made)


def test_notifications_hide() -> None:
    """Nobody of Bcc, no other recipient, and no sender who hides, is in a notification."""
    hiding = with_headers(
        replace(SUBMITTED, bcc=("secret@example.org",)), ("X-Mms-Sender-Visibility", "Hide")
    )
    octets = pdu_writer.to_bytes(notified(hiding))
    for address in (b"199", b"secret", b"someone"):
        assert address not in octets
    mail = with_headers(FORWARDED, ("X-Mms-Sender-Visibility", "Hide"))
    assert notified(mail).sender is None


def test_notifications_in_few_short_messages() -> None:
    """What has no room goes: first the subject, then the sender, and it is said; with room nothing goes."""
    assert notified(segments=1) == notified()
    some = notified(replace(SUBMITTED, subject="x" * 60), segments=1)
    assert (some.subject, some.sender) == (None, SUBMITTED.sender)
    assert some.oddities[-1:] == ("left out, because 1 short message must hold all: Subject",)
    bare = notified(location=LONG, segments=1)
    assert (bare.subject, bare.sender) == (None, None)
    assert bare.oddities[-1:] == ("left out, because 1 short message must hold all: Subject, From",)
    for made in (some, bare):
        assert len(push_segments(wap_push(pdu_writer.to_bytes(made)), reference=1, most=1)) == 1
    nobody = notified(replace(SUBMITTED, sender=None, subject=None), location=LONG, segments=1)
    assert nobody.oddities == ()
    both = notified(replace(SUBMITTED, subject="x" * 90), location=LONG, segments=2)
    assert (both.subject, both.sender) == ("x" * 90, SUBMITTED.sender)


def test_the_limit_of_short_messages_is_exact() -> None:
    """A notification whose push has 133 octets stays; with one more its subject goes."""
    bare = pdu_writer.length(notified(replace(SUBMITTED, subject="")))
    room = 133 - 6 - bare
    whole = notified(replace(SUBMITTED, subject="x" * room), segments=1)
    assert whole.subject == "x" * room
    assert len(wap_push(pdu_writer.to_bytes(whole))) == 133
    assert notified(replace(SUBMITTED, subject="x" * (room + 1)), segments=1).subject is None


@pytest.mark.parametrize("subject", [None, "Hi", "abc", "Grüße " * 9])
@pytest.mark.parametrize("segments", [1, 2])
def test_notifications_of_many_recipients(subject: str | None, segments: int) -> None:
    """Each has the octets that it has alone: other lengths, values that are the subject's or each other's."""
    message = replace(SUBMITTED, subject=subject)
    together = Notifications(message, size=1000, segments=segments)
    for transaction_id in ("N1", "N2", "abc", "xyz", "N2", '"q', "é", "m/2"):
        for location in (LOCATION, LOCATION[:-1] + "2", LONG, "2", "!", "abc"):
            for expiry in (3600, 3600, 70, *range(1, 20)):
                alone = notified(
                    message,
                    transaction_id=transaction_id,
                    location=location,
                    expiry=expiry,
                    size=1000,
                    segments=segments,
                )
                made = together.pdu(location=location, transaction_id=transaction_id, expiry=expiry)
                assert made == pdu_writer.to_bytes(alone, strict=False)


def test_a_recipient_whose_values_can_not_be_written() -> None:
    """Values of the lengths of those that were written are checked as these were."""
    together = Notifications(SUBMITTED, size=1000, segments=2)
    for location, transaction_id, told in (
        (LOCATION, "N1", ""),
        (LOCATION[:-1] + " ", "N1", "location"),
        (LOCATION, "N\n", "Transaction"),
    ):
        with pytest.raises(MessageError, match=told) if told else contextlib.nullcontext():
            together.pdu(location=location, transaction_id=transaction_id, expiry=9)


def test_a_notification_that_fits_into_no_short_message() -> None:
    """The error counts octets of the PDU."""
    with pytest.raises(BudgetError, match="notification in 1 short message") as caught:
        notified(location=LONG, transaction_id="T" * 40, segments=1)
    assert caught.value.limit == 127
    assert caught.value.smallest == pdu_writer.length(
        notified(replace(SUBMITTED, subject=None, sender=None), location=LONG, transaction_id="T" * 40)
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"location": LONG + "a"}, "location: has 101 characters, but clients need take only 100"),
        ({"location": ""}, "location: '' is not a URL"),
        ({"location": "http://a/ä"}, "is not a URL in printable US-ASCII"),
        ({"location": "http://a/ b"}, "without blanks"),
        ({"location": None}, "location: None is not a URL"),
        ({"expiry": 0}, "expiry: 0 is not a whole number from 1 up"),
        ({"expiry": 1.5}, "expiry: 1.5 is not a whole number"),
        ({"size": True}, "size: True is not a whole number from 1 up"),
        ({"segments": 0}, "segments: 0 is not a whole number from 1 to 255"),
        ({"segments": 256}, "segments: 256 is not a whole number"),
        ({"message": COMPLETE["m-delivery-ind"]}, "m-delivery-ind can't be converted to m-notification-ind"),
        ({"message": COMPLETE["m-send-conf"]}, "m-send-conf can't be converted to m-notification-ind"),
    ],
)
def test_what_is_no_notification(changes: dict[str, object], told: str) -> None:
    """The argument is named."""
    with pytest.raises(MessageError, match=told):
        notified(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("message", [SUBMITTED, FORWARDED, SUBMISSION])
def test_retrievals(message: MessageFields) -> None:
    """A retrieval has the centre's id and date; only an acknowledgement asks for a transaction id."""
    made = retrieval(message, message_id="M9", date=1_700_000_001)
    octets = pdu_writer.to_bytes(made)
    headers = dict(made.headers)
    assert (headers["Message-ID"], headers["Date"]) == ("M9", 1_700_000_001)
    assert (made.message_type, made.transaction_id) == ("m-retrieve-conf", None)
    assert [part.data for part in made.parts] == [part.data for part in message.parts]
    assert pdu_reader.from_bytes(octets).transaction_id is None
    deferred = retrieval(message, message_id="M9", date=1_700_000_001, transaction_id="R1")
    assert pdu_writer.to_bytes(deferred).startswith(b"\x8c\x84\x98R1\0\x8d\x92")


def test_retrievals_keep_what_the_message_says() -> None:
    """Its own id and date, where the centre states none; a retrieval of a retrieval is the same."""
    made = retrieval(FORWARDED)
    assert dict(made.headers)["Message-ID"] == "M1"
    assert dict(made.headers)["Date"] == 1_700_000_000
    again = retrieval(made, transaction_id="R1")
    assert again == replace(made, transaction_id="R1")
    assert retrieval(made, message_id="M2").headers != made.headers


def test_answers_that_a_sender_invents() -> None:
    """No phone is told by a sender that the centre has not the message, or has it elsewhere."""
    invented: tuple[tuple[str, HeaderValue], ...] = (
        ("X-Mms-Retrieve-Status", "Error-permanent-message-not-found"),
        ("x-mms-retrieve-text", "call this number"),
        ("X-Mms-Content-Location", "http://elsewhere.example"),
        ("X-Mms-Status", "Rejected"),
        ("X-Mms-Replace-ID", "another message"),
    )
    given = retrieval(with_headers(SUBMITTED, *invented, ("X-Own", "kept")))
    assert given.headers == retrieval(with_headers(SUBMITTED, ("X-Own", "kept"))).headers
    assert notified(with_headers(SUBMITTED, *invented)) == replace(
        notified(), oddities=notified(with_headers(SUBMITTED, *invented)).oddities
    )
    # A centre says so of what it gives.
    refused = with_headers(given, invented[0])
    assert dict(retrieval(refused, date=1).headers)["X-Mms-Retrieve-Status"] == invented[0][1]


@pytest.mark.parametrize(
    "name",
    [
        *("X-Mms-Sender-Address", "X-Mms-To", "x-mms-forward-counter", "X-Mms-Forward-To-Originator-UA"),
        *("MIME-Version", "Content-Transfer-Encoding", "Return-Path", "Reply-To", "Resent-To"),
    ],
)
def test_a_sender_writes_no_headers_of_mails(name: str) -> None:
    """Other centres read recipients and senders of some, and servers may follow others."""
    mail = forwarded(with_headers(SUBMITTED, (name, "+16665550100"), ("X-Own", "kept")), transaction_id="T")
    assert dict(mail.headers)["X-Own"] == "kept"
    assert name.lower() not in {header.lower() for header, _ in mail.headers}
    assert any(name in odd for odd in mail.oddities)
    assert mm4.to_bytes(mail, strict=False)


def test_messages_for_other_centres() -> None:
    """This centre's ids and system are set; a wish for an answer replaces the message's own."""
    asking = with_headers(
        FORWARDED, ("X-Mms-Ack-Request", True), ("X-Mms-Originator-System", "old@b.example")
    )
    made = forwarded(asking, transaction_id="F1", system="system@a.example", ack_request=False)
    headers = [header for header in made.headers if header[0] in ("X-Mms-Ack-Request", "Sender")]
    assert headers == [("X-Mms-Ack-Request", False), ("Sender", "system@a.example")]
    assert dict(made.headers)["X-Mms-Originator-System"] == "system@a.example"
    assert (made.transaction_id, dict(made.headers)["X-Mms-Message-ID"]) == ("F1", "M1")
    assert mm4.from_bytes(mm4.to_bytes(made)) == replace(made, oddities=())
    kept = forwarded(asking, transaction_id="F1", message_id="M2", date=5)
    assert dict(kept.headers)["X-Mms-Ack-Request"] is True
    assert dict(kept.headers)["X-Mms-Originator-System"] == "old@b.example"
    assert (dict(kept.headers)["X-Mms-Message-ID"], dict(kept.headers)["Date"]) == ("M2", 5)
    assert len(kept.headers) == len(asking.headers)
    assert kept.oddities == ()


def test_messages_of_clients_and_providers_for_other_centres() -> None:
    """The sender who hides is named to the other centre, which is told that he hides."""
    hiding = with_headers(SUBMITTED, ("X-Mms-Sender-Visibility", "Hide"))
    made = forwarded(
        hiding, transaction_id="F1", message_id="M1", date=1, system="s@a.example", ack_request=True
    )
    octets = mm4.to_bytes(made)
    for line in (
        b"From: +15555550199/TYPE=PLMN\r\n",
        b"X-Mms-Sender-Visibility: Hide\r\n",
        b"X-Mms-Ack-Request: Yes\r\n",
        b"X-Mms-Originator-System: s@a.example\r\n",
        b"Sender: s@a.example\r\n",
        b'X-Mms-Transaction-ID: "F1"\r\n',
        b'X-Mms-Message-ID: "M1"\r\n',
    ):
        assert line in octets
    assert mm4.to_bytes(forwarded(SUBMISSION, transaction_id="F1", message_id="M1", date=1))


@pytest.mark.parametrize("message", [SUBMITTED, FORWARDED, SUBMISSION])
def test_messages_for_providers(message: MessageFields) -> None:
    """A DeliverReq has the names of centre, provider and service, and the id to answer to."""
    made = delivered(
        message, transaction_id="D1", linked_id="L1", date=1, system="relay", vaspid="acme", vasid="promo"
    )
    body = mm7.to_http(made).body
    head = b"<MMSRelayServerID>relay</MMSRelayServerID><VASPID>acme</VASPID><VASID>promo</VASID>"
    assert head in body.replace(b"<SenderIdentification>", b"").replace(b"</SenderIdentification>", b"")
    assert b"<LinkedID>L1</LinkedID>" in body
    assert b"<TimeStamp>1970-01-01T00:00:01Z</TimeStamp>" in body
    found = mm7.from_bytes(body)
    assert (found.message_type, found.transaction_id) == ("mm7-deliver-req", "D1")
    assert len(found.parts) == len(message.parts)
    assert not [name for name, _ in delivered(message, transaction_id="D1").headers if name == "VASPID"]


def test_reports_are_not_passed_on_as_messages() -> None:
    """A report has no content."""
    for passed in (forwarded, delivered):
        with pytest.raises(MessageError, match="m-delivery-ind can't be converted to "):
            passed(COMPLETE["m-delivery-ind"], transaction_id="X")
