"""Notifications of many phones about one message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import pytest

import transcode
from tests.relay.made import BEGIN, delivery, envelope
from transcode.errors import BudgetError, TransportError
from transcode.messages.message import Message
from transcode.relay.accepted import accepted
from transcode.relay.config import Config
from transcode.relay.model import Delivery, Envelope, Event
from transcode.relay.outlets.phones import Phones
from transcode.relay.ports.sms import Sms
from transcode.relay.store import FolderBlobs
from transcode.wire.mm1.push import wap_push


class Told(Sms):
    """A gateway that keeps pushes, and answers as it is told."""

    together = 50

    def __init__(self) -> None:
        self.pushed: list[tuple[str, bytes]] = []
        self.seconds: list[float] = []
        self.errors: dict[str, transcode.TranscodeError] = {}

    def push(self, recipient: str, push: bytes, *, seconds: float = 0.0) -> None:
        self.pushed.append((recipient, push))
        self.seconds.append(seconds)
        if recipient in self.errors:
            raise self.errors[recipient]

    def text(self, recipient: str, text: str, *, sender: str = "", seconds: float = 0.0) -> None:
        raise AssertionError("a notification is no text")

    def close(self) -> None:
        pass


@pytest.fixture
def sms() -> Told:
    return Told()


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    made = FolderBlobs(tmp_path)
    made.write_owner("a store")
    return made


@pytest.fixture
def phones(blobs: FolderBlobs, sms: Told) -> Phones:
    return Phones(Config(), blobs, sms, "http://mmsc.example", lambda: BEGIN)


@pytest.fixture
def waiting(blobs: FolderBlobs, letter: Message) -> Envelope:
    """A message to a thousand phones."""
    many = letter.edited(to=[f"+1555{number:07}" for number in range(1000)], cc=["+15560000"])
    return envelope(blob=blobs.put(many.to_mm1()))


def rows(count: int) -> Sequence[Delivery]:
    return [
        delivery(
            id=number, recipient=f"+1555{number:07}", notification_id=f"n{number}", token=f"{number:022}"
        )
        for number in range(count)
    ]


def test_each_is_that_of_the_whole_message(
    phones: Phones, blobs: FolderBlobs, sms: Told, waiting: Envelope
) -> None:
    """The octets are those of a notification of the message with all its recipients, its size included."""
    outcomes = phones.attempt(rows(3), waiting)
    assert [outcome.event for outcome in outcomes] == [Event.PUSH_ACCEPTED] * 3
    whole = accepted(blobs.get(waiting.blob), waiting)
    for (recipient, push), row in zip(sms.pushed, rows(3), strict=True):
        told = transcode.notification(
            whole,
            location=f"http://mmsc.example/m/{row.token}",
            transaction_id=row.notification_id,
            expiry=int(row.expires_at - BEGIN),
            segments=8,
        )
        assert (recipient, push) == (row.recipient, wap_push(told.to_mm1(), number=row.id))
    assert sms.seconds == [row.expires_at - BEGIN for row in rows(3)]


def test_the_message_is_read_once(phones: Phones, sms: Told, waiting: Envelope) -> None:
    """A thousand recipients are read and written once for all phones, not for each, nor for each attempt."""
    with (
        mock.patch("transcode.read", wraps=transcode.read) as read,
        mock.patch("transcode.retrieval", wraps=transcode.retrieval) as retrieval,
    ):
        for _ in range(2):
            phones.attempt(rows(50), waiting)
    assert len(sms.pushed) == 2 * phones.together == 100
    assert read.call_count == retrieval.call_count == 1


def test_each_phone_has_an_outcome_of_its_own(phones: Phones, sms: Told, waiting: Envelope) -> None:
    """Outcomes are in the order of the deliveries; what passes is tried again, what does not is refused."""
    first, second, third, fourth = rows(4)
    sms.errors = {
        second.recipient: TransportError("SMSC", "full", temporary=True),
        third.recipient: TransportError("SMSC", "no such number"),
        fourth.recipient: BudgetError("push", 1),
    }
    outcomes = phones.attempt((first, second, third, fourth), waiting)
    assert [outcome.event for outcome in outcomes] == [
        Event.PUSH_ACCEPTED,
        Event.ATTEMPT_FAILED,
        Event.ATTEMPT_REFUSED,
        Event.ATTEMPT_REFUSED,
    ]
    assert "full" in outcomes[1].detail


def test_what_can_not_be_written_keeps_nobody_else(phones: Phones, sms: Told, waiting: Envelope) -> None:
    """One address is too long; the others are notified, and their outcomes are not his."""
    first, second, third = rows(3)
    long = delivery(id=9, recipient="+15559", token="t" * 100)
    outcomes = phones.attempt((first, long, second, third), waiting)
    assert [outcome.event is Event.PUSH_ACCEPTED for outcome in outcomes] == [True, False, True, True]
    assert outcomes[1].event is Event.ATTEMPT_REFUSED
    assert [recipient for recipient, _ in sms.pushed] == [one.recipient for one in (first, second, third)]


def test_octets_that_are_gone_or_broken(phones: Phones, blobs: FolderBlobs, sms: Told) -> None:
    """All recipients are refused, and nothing is sent."""
    for blob in ("0" * 64, blobs.put(b"no PDU")):
        outcomes = phones.attempt(rows(2), envelope(blob=blob))
        assert [outcome.event for outcome in outcomes] == [Event.ATTEMPT_REFUSED] * 2
        assert all(outcome.detail for outcome in outcomes)
    assert not sms.pushed


def test_octets_that_go_between_two_attempts(
    phones: Phones, blobs: FolderBlobs, sms: Told, waiting: Envelope
) -> None:
    """No phone is told of a message that it can't fetch, though its notifications were written before."""
    phones.attempt(rows(1), waiting)
    blobs.delete(waiting.blob)
    outcomes = phones.attempt(rows(2), waiting)
    assert [outcome.event for outcome in outcomes] == [Event.ATTEMPT_REFUSED] * 2
    assert len(sms.pushed) == 1
