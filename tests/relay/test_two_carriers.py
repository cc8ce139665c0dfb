"""Two centres exchange messages and reports over MM4, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.relay.carriers import Carrier, carriers
from tests.relay.phone import Phone, until
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.relay.model import Delivery, State


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Carrier, Carrier]]:
    """Two carriers that tests share."""
    with carriers(tmp_path_factory.mktemp("carriers")) as made:
        yield made


def delivery(carrier: Carrier, recipient: str) -> Delivery:
    """The newest delivery to a recipient."""
    return carrier.centre.store.deliveries(recipient=recipient)[0]


def happened(carrier: Carrier, recipient: str, state: State) -> list[str]:
    """What happened until a recipient's newest message is in a state."""
    until(lambda: delivery(carrier, recipient).state is state)
    return [one.event for one in carrier.centre.store.trail(delivery(carrier, recipient).id)]


def read(phone: Phone, retrieved: Message) -> None:
    """Say that a message was read."""
    phone.post(
        Message(
            message_type="m-read-rec-ind",
            sender=phone.number,
            to=(str(retrieved.sender),),
            headers=(("Message-ID", str(said(retrieved, "Message-ID"))), ("X-Mms-Read-Status", "Read")),
            content_type=None,
        )
    )


@pytest.mark.parametrize("way", [(0, 1), (1, 0)])
def test_a_message_and_its_reports(
    both: tuple[Carrier, Carrier], way: tuple[int, int], letter: Message
) -> None:
    """The phone gets the media as they were sent, and the sender hears that they were fetched and read."""
    ours, theirs = both[way[0]], both[way[1]]
    alice, bob = ours.phone(1), theirs.phone(2)
    sent = alice.submit(replace(letter, to=(bob.number,), cc=(ours.phone(9).number,)))
    notification = bob.pushed()
    assert notification.sender == f"{alice.number}/TYPE=PLMN"
    got = bob.fetch(notification)
    assert [part.data for part in got.parts] == [part.data for part in letter.parts]
    assert (got.to, got.cc) == ((f"{bob.number}/TYPE=PLMN",), (f"{ours.phone(9).number}/TYPE=PLMN",))
    bob.respond(notification, "Retrieved")
    told = alice.pushed()
    assert (said(told, "X-Mms-Status"), told.to) == ("Retrieved", (f"{bob.number}/TYPE=PLMN",))
    assert said(told, "Message-ID") == said(sent, "Message-ID")
    read(bob, got)
    told = alice.pushed()
    assert (told.message_type, said(told, "X-Mms-Read-Status")) == ("m-read-orig-ind", "Read")
    assert said(told, "Message-ID") == said(sent, "Message-ID")
    events = happened(ours, bob.number, State.READ)
    assert events[:2] == ["accepted", "routed"]
    assert events[-2:] == ["reported as retrieved", "the recipient read the message"]


def test_numbers_that_nobody_has(both: tuple[Carrier, Carrier], letter: Message) -> None:
    """The other centre says so of them alone, and keeps one message for all others."""
    a, b = both
    alice = a.phone(3)
    recipients = [f"+1666{number:04}" for number in (10, 11)] + ["joe@mms.b.example"]
    alice.submit(replace(letter, to=tuple(recipients)))
    told = alice.pushed()
    assert (said(told, "X-Mms-Status"), told.to) == ("Rejected", ("joe@mms.b.example",))
    for recipient in recipients[:2]:
        assert happened(a, recipient, State.AT_PEER)[-1] == "the other centre took the message"
        assert delivery(b, recipient).message == delivery(b, recipients[0]).message
    trail = a.centre.store.trail(delivery(a, recipients[2]).id)
    assert trail[-1].detail == "Error-sending-address-unresolved these are not served"
    with pytest.raises(IndexError):
        delivery(b, "joe@mms.b.example")
