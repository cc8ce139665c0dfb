"""Mails that a server on the way could not hand on, as it says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.made import BEGIN
from tests.relay.test_mm4_mails import BOB, OK, B, C, Door
from transcode.relay.model import Event, State
from transcode.relay.peers import Peer


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    yield made
    made.store.close()


def came_back(
    *,
    recipient: str = f"{BOB}/TYPE=PLMN@mms.b.example",
    action: str = "failed",
    name: str = f"{1:032x}",
    kind: str = "MM4_forward.REQ",
) -> bytes:
    """What a server says of a mail that it could not hand on."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: system@mms.a.example\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 no\r\n such number\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f'X-Mms-Message-Type: {kind}\r\nX-Mms-Message-ID: "{name}"\r\n\r\n--b--\r\n'
    ).encode()


def test_a_mail_that_came_back(door: Door) -> None:
    """Its recipient is refused, with the server's words; the others are not."""
    door.sent(BOB, "+16660004")
    assert door._mails.take(B, ["system@mms.a.example"], came_back()) == OK
    assert door.states() == {BOB: State.REFUSED, "+16660004": State.RELAYED}
    (delivery,) = door.store.deliveries(recipient=BOB)
    assert door.store.trail(delivery.id)[-1].detail == "smtp; 550 no such number"


def test_a_mail_that_came_back_after_the_servers_word(door: Door) -> None:
    """The mail rejects the message where the other centre sends no answers."""
    (delivery,) = door.sent(BOB)
    door.store.apply(delivery.id, Event.PEER_TOOK, at=BEGIN).result()
    door._mails.take(B, ["system@mms.a.example"], came_back())
    assert door.states() == {BOB: State.REJECTED}


def test_a_mail_that_came_back_from_one_of_several(door: Door) -> None:
    """Who shares a server with others: the message says whose it was."""
    door.sent(BOB)
    assert door._mails.returned([C, B], came_back())
    assert door.states() == {BOB: State.REFUSED}
    assert not door._mails.returned([C, B], b"Subject: a\r\n\r\nb")


@pytest.mark.parametrize(
    ("mail", "peer"),
    [
        (came_back(), C),
        (came_back(action="delayed"), B),
        (came_back(name="x"), B),
        (came_back(recipient="+1@mms.b.example"), B),
        (came_back(recipient=""), B),
        (came_back(kind="MM4_delivery_report.REQ"), B),
        (came_back().replace(b"X-Mms-Message-ID", b"X-Other"), B),
        (b'Content-Type: multipart/report; boundary="b"\r\n\r\n' + b"--b\r\n" * 5000, B),
        (b'Content-Type: multipart/report; boundary="b"\r\n\r\n--b\r\n' * 5000, B),
    ],
    ids=range(9),
)
def test_bounces_that_say_nothing(door: Door, mail: bytes, peer: Peer) -> None:
    """A bounce of another peer or message, of a delay or a report, or none at all, changes nothing."""
    door.sent(BOB)
    door._mails.take(peer, ["system@mms.a.example"], mail)
    assert door.states() == {BOB: State.RELAYED}
