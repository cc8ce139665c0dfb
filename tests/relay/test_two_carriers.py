"""Two centres exchange messages and reports over MM4, both ways."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.peer import drip
from tests.peer import peer as peering
from tests.relay.carriers import Carrier, carriers, config, mm4, own_address, peer
from tests.relay.phone import Gateway, Phone, until
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.relay.model import Delivery, Event, State
from transcode.relay.peers import Peer
from transcode.relay.secrets import hashed
from transcode.relay.server import running


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
        # The answer may come before the server's word is written.
        assert "the other centre took the message" in happened(a, recipient, State.AT_PEER)
        assert delivery(b, recipient).message == delivery(b, recipients[0]).message
    trail = a.centre.store.trail(delivery(a, recipients[2]).id)
    # With the others in one mail, or alone in another one.
    assert any(line.detail.startswith("Error-sending-address-unresolved ") for line in trail)
    with pytest.raises(IndexError):
        delivery(b, "joe@mms.b.example")


def certified(folder: Path, name: str) -> dict[str, str]:
    """Where the mails of a carrier arrive, with a certificate for its address."""
    authority, host = trustme.CA(), own_address()
    authority.cert_pem.write_to_path(str(folder / f"{name}-ca.pem"))
    authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(str(folder / f"{name}.pem"))
    return {"host": host, "certificate": str(folder / f"{name}.pem")}


def test_logins_over_tls(tmp_path: Path, letter: Message) -> None:
    """Each knows the other by its secret, from any address, and answers and reports pass likewise."""
    at_a, at_b = certified(tmp_path, "a"), certified(tmp_path, "b")
    known: dict[str, Any] = {"tls": True, "addresses": ()}
    a_to_b = {"ca": str(tmp_path / "b-ca.pem"), "user": "a", "password": "of a", "user_in": "b"}
    b_to_a = {"ca": str(tmp_path / "a-ca.pem"), "user": "b", "password": "of b", "user_in": "a"}
    with carriers(
        tmp_path,
        a={**at_a, "require_tls": True},
        b=at_b,
        a_to_b={**known, **a_to_b, "secret": hashed("of b")},
        b_to_a={**known, **b_to_a, "secret": hashed("of a"), "answers_reports": True},
    ) as (a, b):
        alice, bob = a.phone(1), b.phone(2)
        alice.submit(replace(letter, to=(bob.number,)))
        bob.respond(bob.pushed(), "Rejected")
        assert said(alice.pushed(), "X-Mms-Status") == "Rejected"
        # A answers, or B would send its report again and give it up.
        store = b.centre.store
        until(lambda: store.select("SELECT due FROM report") == [(None,)])
        assert Event.REPORT_GIVEN_UP not in happened(b, bob.number, State.REJECTED)


def test_an_answer_that_is_lost(tmp_path: Path, letter: Message) -> None:
    """The message is sent three times, with the same ids: the other phone gets it once."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        nobody = line.getsockname()[1]
    with carriers(tmp_path, b_to_a={"host": "127.0.0.1", "port": nobody}) as (a, b):
        bob = b.phone(2)
        a.phone(1).submit(replace(letter, to=(bob.number,)))
        events = happened(a, bob.number, State.AT_PEER)
        assert events.count("mail accepted by the other centre's server") == 3
        assert events[-1] == "no answer from the other centre to any mail"
        bob.pushed()
        assert bob.hears_nothing(0.3)
        assert len(b.centre.store.deliveries()) == 1


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Never answer."""
    over.wait()


def test_a_bad_peer_delays_nobody(tmp_path: Path, letter: Message) -> None:
    """While one peer never answers, and another sends an octet now and then, mails to others go on."""
    at_a, at_b = mm4("a"), mm4("b")
    # The bad peers end first, or the end of the centre would wait for their timeouts.
    with contextlib.ExitStack() as ends, contextlib.ExitStack() as first:
        ports = [first.enter_context(peering(talk)) for talk in (silent, drip(b"2"))]
        bad = tuple(
            Peer(f"bad{port}", f"mms{port}.example", "127.0.0.1", prefixes=(f"+4{place}",), port=port)
            for place, port in enumerate(ports)
        )
        gateways = [ends.enter_context(Gateway().running()) for _ in range(2)]
        theirs = config(tmp_path, gateways[1], "b", at_b, (peer("a", at_a),))
        other = ends.enter_context(running(theirs))
        ours = config(tmp_path, gateways[0], "a", at_a, (*bad, peer("b", at_b)))
        centre = ends.enter_context(running(ours))
        alice = Phone("+15550001", centre.url, gateways[0])
        bob = Phone("+16660002", other.url, gateways[1])
        numbers = [f"+4{place}{number:06}" for place in range(2) for number in range(4)]
        alice.submit(replace(letter, to=tuple(numbers)))
        until(lambda: all(one.state is State.PENDING for one in centre.store.deliveries()))
        for number in range(3):
            alice.submit(replace(letter, to=(bob.number,), transaction_id=f"T{number}"))
            bob.pushed()
        assert all(centre.store.deliveries(recipient=one)[0].state is State.PENDING for one in numbers)


def test_nothing_is_answered_before_it_is_kept(both: tuple[Carrier, Carrier], letter: Message) -> None:
    """At the 250, another process finds the message, its octets and the answer that is owed."""
    _, b = both
    mail = replace(letter, to=(b.phone(5).number,), sender="+15550005").to_mm4(date=1, strict=False)
    mail = mail.replace(b"Subject:", b"X-Old-Subject:").replace(
        b"X-Mms-Message-Type:", b"X-Mms-Ack-Request: Yes\r\nX-Mms-Message-ID: seen\r\nX-Mms-Message-Type:"
    )
    with smtplib.SMTP(b.config.mm4.host, b.centre.mm4_port, "mms.a.example") as client:
        client.sendmail("system@mms.a.example", [f"{b.phone(5).number}@mms.b.example"], mail)
        kept = sqlite3.connect(b.config.store / "relay.sqlite")
        ((blob,),) = kept.execute("SELECT blob FROM message WHERE peer_message_id='seen'").fetchall()
        kept.close()
    assert (b.config.store / "blobs" / blob[:2] / blob[2:4] / blob).read_bytes() == mail
